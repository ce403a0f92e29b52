//! How far each text of the person has come.

use std::collections::BTreeMap;

use otr::outbox::{Losses, Sent};
use otr::{Ssid, Traffic};

use crate::engine::Effect;
use crate::engine::correspondent::Correspondent;
use crate::engine::notice::{Delivery, LineId, What};

/// What was told last about the latest texts, so that only changes are told.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    told: BTreeMap<LineId, Delivery>,
    /// The first message of each text that is under way, as it was given out: whoever gives it back unsent has sent
    /// nothing of the text.
    first_messages: BTreeMap<LineId, Vec<u8>>,
}

impl Deliveries {
    /// Notes what holds now. Whether it is news: what was read once stays so, until the text is sent again.
    fn turn(&mut self, line: LineId, delivery: Delivery) -> bool {
        if matches!(delivery, Delivery::Readable | Delivery::Lost) {
            self.first_messages.remove(&line);
        }
        let before = self.told.insert(line, delivery);
        if before == Some(Delivery::Readable) && delivery != Delivery::Sent {
            self.told.insert(line, Delivery::Readable);
            return false;
        }
        self.forget_the_oldest();
        before != Some(delivery)
    }

    fn forget_the_oldest(&mut self) {
        while self.told.len() > MOST_TOLD {
            self.told.pop_first();
        }
        while self.first_messages.len() > MOST_UNDER_WAY {
            self.first_messages.pop_first();
        }
    }

    /// A text went out, beginning with this message.
    pub(super) fn begun(&mut self, line: LineId, first_message: Vec<u8>) {
        self.told.insert(line, Delivery::Sent);
        self.first_messages.insert(line, first_message);
        self.forget_the_oldest();
    }

    /// The text that began with this message.
    pub(super) fn line_of(&self, first_message: &[u8]) -> Option<LineId> {
        let mut lines = self.first_messages.iter();
        lines
            .find(|(_, message)| *message == first_message)
            .map(|(line, _)| *line)
    }

    /// What is known about the texts to somebody who is the same person under another spelling, or had the name before.
    pub(super) fn take_over(&mut self, other: Self) {
        self.told.extend(other.told);
        self.first_messages.extend(other.first_messages);
        self.forget_the_oldest();
    }

    pub(super) fn is(&self, line: LineId, delivery: Delivery) -> bool {
        self.told.get(&line) == Some(&delivery)
    }
}

impl Correspondent {
    /// Tells of a text if something about it is new.
    pub(super) fn turn(&mut self, line: LineId, delivery: Delivery, effects: &mut Vec<Effect>) {
        if self.deliveries.turn(line, delivery) {
            self.show(What::Delivery { line, delivery }, effects);
        }
    }

    /// Looks at what the other side has proved to have read since the last look.
    pub(super) fn look_for_proofs(&mut self, effects: &mut Vec<Effect>) {
        let proofs: Vec<(Ssid, Traffic)> = self
            .conversation
            .sessions()
            .filter_map(otr::Session::traffic)
            .collect();
        for (ssid, traffic) in proofs {
            for sent in self.outbox.read(ssid, traffic.read) {
                if sent.number == traffic.certain {
                    self.turn(LineId(sent.id), Delivery::Readable, effects);
                }
            }
        }
    }

    /// They report that they could not read something.
    pub(super) fn unreadable_there(&mut self, now: otr::Timestamp, effects: &mut Vec<Effect>) {
        let losses = self.outbox.possibly_lost(now);
        self.tell_losses(&losses, effects);
    }

    /// Nobody will tell what became of these texts.
    pub(super) fn left_open(&mut self, lost: impl Fn(&Sent) -> bool, effects: &mut Vec<Effect>) {
        let deliveries = &self.deliveries;
        let losses = self
            .outbox
            .left_open(|sent| lost(sent) && !deliveries.is(LineId(sent.id), Delivery::Held));
        self.tell_losses(&losses, effects);
    }

    fn tell_losses(&mut self, losses: &Losses, effects: &mut Vec<Effect>) {
        let unread = |lines: &[u64], deliveries: &Deliveries| {
            let lines = lines.iter().map(|line| LineId(*line));
            lines
                .filter(|line| !deliveries.is(*line, Delivery::Readable))
                .count()
        };
        let again = unread(&losses.waiting, &self.deliveries);
        let left = unread(&losses.left, &self.deliveries);
        if again + left > 0 {
            self.show(What::PossiblyLost { again, left }, effects);
        }
        for line in &losses.waiting {
            self.turn(LineId(*line), Delivery::Held, effects);
        }
        for line in &losses.left {
            self.turn(LineId(*line), Delivery::Lost, effects);
        }
    }
}

/// So many texts are remembered by their number alone.
const MOST_TOLD: usize = 1024;
/// As many as the outbox knows of.
const MOST_UNDER_WAY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_texts_is_bounded_whether_they_are_read_or_not() {
        let mut deliveries = Deliveries::default();
        for line in 0..10_000 {
            deliveries.begun(LineId(line), vec![0; 4]);
        }
        assert_eq!(deliveries.told.len(), MOST_TOLD);
        assert_eq!(deliveries.first_messages.len(), MOST_UNDER_WAY);
        let mut other = Deliveries::default();
        (20_000..22_000).for_each(|line| other.begun(LineId(line), vec![0; 4]));
        deliveries.take_over(other);
        assert_eq!(deliveries.told.len(), MOST_TOLD);
        assert!(deliveries.is(LineId(21_999), Delivery::Sent));
    }
}
