//! What the client expects to hear of its own words, where the server sends them back.

use std::collections::VecDeque;

use im::irc::Nick;
use zeroize::Zeroizing;

/// The messages that went up in the place of others, until the server has sent them back.
#[derive(Default)]
pub(super) struct Echoes {
    awaited: VecDeque<Echo>,
    /// What clients have said to services.
    to_services: VecDeque<(Zeroizing<Vec<u8>>, u64)>,
}

struct Echo {
    to: Nick,
    sent: Vec<u8>,
    /// What the client had said, as it said it; nothing for what was ours alone.
    said: Option<Zeroizing<Vec<u8>>>,
}

/// What a message that came back stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Echoed {
    /// These words of the client.
    Words(Zeroizing<Vec<u8>>),
    /// Nothing that the client knows of.
    Ours,
    /// It is as the client said it, or said by another client of the same person.
    Unknown,
}

impl Echoes {
    /// This was sent to somebody, in the place of these words.
    pub(super) fn sent(&mut self, to: &Nick, sent: &[u8], said: Option<&[u8]>) {
        if self.awaited.len() >= MOST {
            self.awaited.pop_front();
        }
        self.awaited.push_back(Echo {
            to: to.clone(),
            sent: sent.to_vec(),
            said: said.map(|said| Zeroizing::new(said.to_vec())),
        });
    }

    /// This was said to a service, by one client: it may be a password.
    pub(super) fn sent_to_a_service(&mut self, text: &[u8], by: u64) {
        if self.to_services.len() >= MOST {
            self.to_services.pop_front();
        }
        self.to_services.push_back((Zeroizing::new(text.to_vec()), by));
    }

    /// This came back of what was said to a service; by which client, if by one of these.
    pub(super) fn heard_to_a_service(&mut self, text: &[u8]) -> Option<u64> {
        let found = self.to_services.iter().position(|(sent, _)| **sent == text);
        let (_, by) = self.to_services.remove(found?)?;
        Some(by)
    }

    /// This came back.
    pub(super) fn heard(&mut self, to: &Nick, text: &[u8]) -> Echoed {
        let same = |echo: &Echo| echo.to == *to && echo.sent == text;
        let found = self.awaited.iter().position(same);
        match found.and_then(|at| self.awaited.remove(at)) {
            Some(echo) => echo.said.map_or(Echoed::Ours, Echoed::Words),
            // The ciphertext of another client of this person is noise to every other one.
            None if text.starts_with(b"?OTR") => Echoed::Ours,
            None => Echoed::Unknown,
        }
    }
}

/// A server that sends nothing back costs no more than this.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use im::irc::CaseMapping;

    use super::*;

    #[test]
    fn words_come_back_once_and_ciphertext_never() {
        let bob = Nick::new("bob", CaseMapping::Rfc1459);
        let carol = Nick::new("carol", CaseMapping::Rfc1459);
        let mut echoes = Echoes::default();
        echoes.sent(&bob, b"?OTR:1.", Some(b"hello"));
        echoes.sent(&bob, b"?OTR:2.", None);
        assert_eq!(echoes.heard(&carol, b"?OTR:1."), Echoed::Ours);
        assert_eq!(echoes.heard(&bob, b"?OTR:2."), Echoed::Ours);
        assert_eq!(
            echoes.heard(&bob, b"?OTR:1."),
            Echoed::Words(b"hello".to_vec().into())
        );
        assert_eq!(echoes.heard(&bob, b"?OTR:1."), Echoed::Ours);
        assert_eq!(echoes.heard(&bob, b"hello"), Echoed::Unknown);
        (0..1000).for_each(|_| echoes.sent(&bob, b"x", None));
        assert_eq!(echoes.awaited.len(), MOST);
        (0..1000).for_each(|by| echoes.sent_to_a_service(b"x", by));
        assert_eq!(echoes.to_services.len(), MOST);
    }
}
