//! Pieces of version 4 to whole messages ("Receiving Fragmented Messages"): in any order, several messages at once,
//! bounded in bytes, count and age.
//!
//! Nobody vouches for a piece. A stranger who hits the identifier of a message can spoil that message and no other, and
//! nothing here ends a conversation.

use std::collections::BTreeMap;

use crate::identity::Limits;
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::wire::fragment::Piece;
use crate::wire::header::InstanceTag;

/// The messages in the making of one correspondent.
#[derive(Default)]
pub struct AnyOrder {
    incomplete: Vec<Incomplete>,
}

struct Incomplete {
    /// Who sends it, and what they call it.
    name: (InstanceTag, u32),
    total: u16,
    /// The pieces in the order in which they came: nothing is set aside for those that did not.
    text: Vec<u8>,
    /// Where in the text each piece stands, by its index.
    places: BTreeMap<u16, (usize, usize)>,
    touched: Timestamp,
}

impl AnyOrder {
    /// Adds a piece; returns the message when it is whole. A second piece of one index is dropped; with another total
    /// than the first the whole message is.
    ///
    /// # Errors
    /// [`Reject::LimitReached`] for a piece or message beyond the limits: what was there of it is forgotten.
    pub fn add(
        &mut self,
        name: (InstanceTag, u32),
        piece: &Piece<'_>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, Reject> {
        let known = self.incomplete.iter().position(|message| message.name == name);
        let held = known.map_or(0, |position| self.incomplete[position].cost());
        let cost = held.saturating_add(piece.body.len()).saturating_add(PLACE_COST);
        if piece.body.len() > limits.piece_bytes || cost > limits.message_bytes {
            if let Some(position) = known {
                self.incomplete.swap_remove(position);
            }
            return Err(Reject::LimitReached);
        }
        if known.is_none() && piece.total == 1 {
            return Ok(Some(piece.body.to_vec()));
        }
        let position = match known {
            Some(position) => position,
            None => self.begin(name, piece.total, now, limits)?,
        };
        let message = &mut self.incomplete[position];
        if piece.total != message.total {
            self.incomplete.swap_remove(position);
            return Ok(None);
        }
        if message.places.contains_key(&piece.index) {
            return Ok(None);
        }
        let start = message.text.len();
        message.text.extend_from_slice(piece.body);
        message.places.insert(piece.index, (start, message.text.len()));
        message.touched = now;
        if message.places.len() < usize::from(message.total) {
            return Ok(None);
        }
        Ok(Some(self.incomplete.swap_remove(position).in_order()))
    }

    /// Forgets what is too old.
    pub fn expire(&mut self, now: Timestamp, limits: &Limits) {
        self.incomplete
            .retain(|message| now.since(message.touched) <= limits.incomplete_age);
    }

    /// When the next incomplete message becomes too old.
    pub fn next_deadline(&self, limits: &Limits) -> Option<Timestamp> {
        self.incomplete
            .iter()
            .map(|message| message.touched.plus(limits.incomplete_age))
            .min()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.incomplete
            .iter()
            .map(|message| message.text.capacity() + message.places.len() * PLACE_COST)
            .sum()
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        for message in &self.incomplete {
            let place = (message.name, message.total, &message.places, message.touched);
            crate::hazmat::field(bytes, format!("{place:?}").as_bytes());
            crate::hazmat::field(bytes, &message.text);
        }
    }

    fn begin(
        &mut self,
        name: (InstanceTag, u32),
        total: u16,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<usize, Reject> {
        if limits.incomplete_messages == 0 {
            return Err(Reject::LimitReached);
        }
        while self.incomplete.len() >= limits.incomplete_messages {
            let oldest = self.incomplete.iter().enumerate();
            let Some((position, _)) = oldest.min_by_key(|(_, message)| message.touched) else {
                break;
            };
            self.incomplete.swap_remove(position);
        }
        self.incomplete.push(Incomplete {
            name,
            total,
            text: Vec::new(),
            places: BTreeMap::new(),
            touched: now,
        });
        Ok(self.incomplete.len() - 1)
    }
}

impl Incomplete {
    /// What it takes of the limit: its bytes, and the bookkeeping, which many small pieces would make the larger part.
    fn cost(&self) -> usize {
        self.text.len() + self.places.len() * PLACE_COST
    }

    /// The whole text, if no piece is missing.
    fn in_order(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.text.len());
        for &(start, end) in self.places.values() {
            whole.extend_from_slice(&self.text[start..end]);
        }
        whole
    }
}

/// What is charged for remembering where a piece stands.
const PLACE_COST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn add(messages: &mut AnyOrder, name: u32, index: u16, total: u16, body: &[u8]) -> Option<Vec<u8>> {
        let piece = Piece {
            identifier: Some(name),
            tags: None,
            index,
            total,
            body,
        };
        let now = Timestamp::default();
        messages
            .add((InstanceTag::ZERO, name), &piece, now, &Limits::default())
            .unwrap()
    }

    #[test]
    fn every_order_makes_the_message() {
        for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
            let mut messages = AnyOrder::default();
            let bodies = [&b"one"[..], b"two,", b"three"];
            let mut whole = None;
            for index in order {
                assert_eq!(whole, None);
                let body = bodies[usize::from(index) - 1];
                add(&mut messages, 8, index, 3, b"another message");
                whole = add(&mut messages, 7, index, 3, body);
            }
            assert_eq!(whole, Some(b"onetwo,three".to_vec()), "{order:?}");
            assert_eq!(messages.bytes(), 0);
        }
    }

    #[test]
    fn a_copy_is_dropped_and_another_total_drops_the_message() {
        let mut messages = AnyOrder::default();
        add(&mut messages, 7, 2, 2, b"b");
        add(&mut messages, 7, 2, 2, b"x");
        assert_eq!(add(&mut messages, 7, 1, 2, b"a"), Some(b"ab".to_vec()));
        add(&mut messages, 7, 2, 2, b"b");
        assert_eq!(add(&mut messages, 7, 1, 1, b"a"), None);
        assert_eq!(messages.bytes(), 0);
        assert_eq!(add(&mut messages, 7, 1, 1, b"a"), Some(b"a".to_vec()));
    }

    #[test]
    fn many_small_pieces_are_bounded_too() {
        let mut messages = AnyOrder::default();
        let limits = Limits::default();
        let refused = (1..=u16::MAX).find(|&index| {
            let piece = Piece {
                identifier: Some(1),
                tags: None,
                index,
                total: u16::MAX,
                body: b"x",
            };
            let name = (InstanceTag::ZERO, 1);
            messages.add(name, &piece, Timestamp::default(), &limits).is_err()
        });
        let allowed = limits.message_bytes / (1 + PLACE_COST);
        assert_eq!(refused.map(usize::from), Some(allowed + 1));
        assert_eq!(messages.bytes(), 0);
    }
}
