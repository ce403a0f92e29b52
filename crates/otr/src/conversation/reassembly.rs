//! Pieces to whole messages (versions 2 and 3, "Receiving Fragments"), bounded in bytes, count and age. Those of
//! version 4 are put together in [`any_order`](super::any_order).
//!
//! Each sending device has one message in the making; pieces without instance tags share one. Pieces have
//! to come in order, as the texts say. A plain message forgets the pieces without tags, a whole message
//! of one device forgets the pieces of that device: the texts forget everything, which with several
//! devices would lose messages for no gain (decision 0017).

use crate::conversation::any_order::AnyOrder;
use crate::identity::Limits;
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::wire::fragment::Piece;
use crate::wire::header::InstanceTag;

/// The messages in the making of one correspondent.
#[derive(Default)]
pub struct Reassembly {
    incomplete: Vec<Incomplete>,
    any_order: AnyOrder,
}

struct Incomplete {
    sender: InstanceTag,
    index: u16,
    total: u16,
    text: Vec<u8>,
    touched: Timestamp,
}

impl Reassembly {
    /// Adds a piece; returns the message when it is whole.
    ///
    /// # Errors
    /// [`Reject::LimitReached`] for a piece or message beyond the limits: what was there of it is
    /// forgotten.
    pub fn add(
        &mut self,
        sender: InstanceTag,
        piece: &Piece<'_>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, Reject> {
        self.expire(now, limits);
        if let Some(identifier) = piece.identifier {
            return self.any_order.add((sender, identifier), piece, now, limits);
        }
        let position = self
            .incomplete
            .iter()
            .position(|message| message.sender == sender);
        if piece.body.len() > limits.piece_bytes {
            self.forget(sender);
            return Err(Reject::LimitReached);
        }
        if piece.index == 1 {
            self.forget(sender);
            if piece.total == 1 {
                return Ok(Some(piece.body.to_vec()));
            }
            if limits.incomplete_messages == 0 {
                return Err(Reject::LimitReached);
            }
            while self.incomplete.len() >= limits.incomplete_messages {
                self.forget_least_recent();
            }
            self.incomplete.push(Incomplete {
                sender,
                index: 1,
                total: piece.total,
                text: piece.body.to_vec(),
                touched: now,
            });
            return Ok(None);
        }
        let Some(position) = position else {
            return Ok(None);
        };
        let message = &mut self.incomplete[position];
        if piece.total != message.total || Some(piece.index) != message.index.checked_add(1) {
            self.incomplete.swap_remove(position);
            return Ok(None);
        }
        if message.text.len() + piece.body.len() > limits.message_bytes {
            self.incomplete.swap_remove(position);
            return Err(Reject::LimitReached);
        }
        message.text.extend_from_slice(piece.body);
        message.index = piece.index;
        message.touched = now;
        if message.index < message.total {
            return Ok(None);
        }
        Ok(Some(self.incomplete.swap_remove(position).text))
    }

    /// Forgets what this device has begun, in the forms without identifiers: those with one are no worse for a whole
    /// message among them.
    pub fn forget(&mut self, sender: InstanceTag) {
        self.incomplete.retain(|message| message.sender != sender);
    }

    /// Forgets what is too old.
    pub fn expire(&mut self, now: Timestamp, limits: &Limits) {
        self.incomplete
            .retain(|message| now.since(message.touched) <= limits.incomplete_age);
        self.any_order.expire(now, limits);
    }

    /// When the next incomplete message becomes too old.
    pub fn next_deadline(&self, limits: &Limits) -> Option<Timestamp> {
        self.incomplete
            .iter()
            .map(|message| message.touched.plus(limits.incomplete_age))
            .chain(self.any_order.next_deadline(limits))
            .min()
    }

    /// Bytes held, with the bookkeeping left out.
    pub fn bytes(&self) -> usize {
        self.incomplete
            .iter()
            .map(|message| message.text.capacity())
            .sum::<usize>()
            .saturating_add(self.any_order.bytes())
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        for message in &self.incomplete {
            let place = (message.sender, message.index, message.total, message.touched);
            crate::hazmat::field(bytes, format!("{place:?}").as_bytes());
            crate::hazmat::field(bytes, &message.text);
        }
        self.any_order.absorb(bytes);
    }

    fn forget_least_recent(&mut self) {
        let oldest = self
            .incomplete
            .iter()
            .enumerate()
            .min_by_key(|(_, message)| message.touched);
        if let Some((position, _)) = oldest {
            self.incomplete.swap_remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(reassembly: &mut Reassembly, index: u16, total: u16, body: &[u8]) -> Option<Vec<u8>> {
        let piece = Piece {
            identifier: None,
            tags: None,
            index,
            total,
            body,
        };
        reassembly
            .add(
                InstanceTag::ZERO,
                &piece,
                Timestamp::default(),
                &Limits::default(),
            )
            .unwrap()
    }

    #[test]
    fn pieces_in_order_make_a_message() {
        let mut reassembly = Reassembly::default();
        assert_eq!(add(&mut reassembly, 1, 3, b"a"), None);
        assert_eq!(add(&mut reassembly, 2, 3, b"b"), None);
        assert_eq!(add(&mut reassembly, 3, 3, b"c"), Some(b"abc".to_vec()));
        assert_eq!(add(&mut reassembly, 1, 1, b"x"), Some(b"x".to_vec()));
    }

    #[test]
    fn a_gap_a_copy_or_another_total_forgets_the_message() {
        for (index, total) in [(3, 4), (1 + 1, 5)] {
            let mut reassembly = Reassembly::default();
            add(&mut reassembly, 1, 4, b"a");
            add(&mut reassembly, index, total, b"b");
            assert_eq!(reassembly.bytes(), 0, "{index}/{total}");
        }
    }

    #[test]
    fn a_message_beyond_the_limit_is_forgotten() {
        let limits = Limits {
            message_bytes: 5,
            ..Limits::default()
        };
        let mut reassembly = Reassembly::default();
        let piece = |index, body| Piece {
            identifier: None,
            tags: None,
            index,
            total: 3,
            body,
        };
        let now = Timestamp::default();
        reassembly
            .add(InstanceTag::ZERO, &piece(1, b"abc"), now, &limits)
            .unwrap();
        let refused = reassembly.add(InstanceTag::ZERO, &piece(2, b"def"), now, &limits);
        assert_eq!(refused, Err(Reject::LimitReached));
        assert_eq!(reassembly.bytes(), 0);
    }
}
