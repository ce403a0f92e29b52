//! How a client wants a text to go: with its own identifier, and with what may stand beside it, such as the request for a
//! receipt. A text that waits takes that with it: docs/decisions/0155-what-a-waiting-text-takes-with-it.md.

use std::collections::BTreeMap;

use im::xmpp::Element;

use crate::engine::Effect;
use crate::engine::notice::{Notice, What};
use crate::proxy::resident::Resident;
use crate::proxy::xmpp::payload;

/// What a message has beside its text. There is nothing secret in it.
#[derive(Clone, Debug, Default)]
pub(in crate::proxy) struct Wish {
    pub(super) id: Option<String>,
    /// Whether it is no chat.
    pub(super) normal: bool,
    /// The resource that it is for; what waits finds the device by itself.
    pub(super) to: Option<String>,
    /// Harmless elements: without hints about storing, as beside ciphertext, which has its own, and with them.
    pub(super) beside: [String; 2],
}

impl Wish {
    fn of(message: &Element) -> Self {
        Self {
            id: message.attr("id").map(str::to_owned),
            normal: message.attr("type") == Some("normal"),
            to: message.attr("to").map(str::to_owned),
            beside: [false, true].map(|hints| payload::harmless(message, hints)),
        }
    }

    /// The same, for a text that waits, and may wait for long.
    fn waiting(self) -> Self {
        let short = self.beside.iter().all(|beside| beside.len() <= LONGEST);
        Self {
            id: self.id.filter(|id| id.len() <= LONGEST),
            normal: self.normal,
            to: None,
            beside: if short { self.beside } else { Default::default() },
        }
    }
}

/// Which of these effects go out as a client wishes that has said this message, or had said earlier what waited until now.
pub(super) fn wishes(
    resident: &mut Resident,
    effects: &[Effect],
    said: Option<&Element>,
) -> BTreeMap<usize, Wish> {
    let mut wishes = BTreeMap::new();
    let mut said = said.map(Wish::of);
    let is_sent =
        |effect: &Effect| matches!(effect, Effect::Show(notice) if matches!(notice.what, What::Sent { .. }));
    // What was said now goes behind all that waited. A question may go before it, which is ours.
    let last = effects.iter().rposition(is_sent);
    for (at, effect) in effects.iter().enumerate() {
        let Effect::Show(Notice { with, what }) = effect else {
            continue;
        };
        match what {
            // What goes out instead is a question of our own: a receipt for that is none for the text.
            What::NotSent { line, held, .. } => {
                if let Some(wish) = said.take().filter(|_| *held) {
                    resident.wishes.insert(line.0, wish.waiting());
                    if resident.wishes.len() > MOST {
                        resident.wishes.pop_first();
                    }
                }
            }
            What::Sent { line, lines, .. } => {
                let sends = effects.iter().enumerate().take(at).rev();
                let sends = sends.filter(|(_, effect)| match effect {
                    Effect::Send { to, .. } | Effect::Deed { to, .. } => to == with,
                    Effect::Show(_) | Effect::Remember(_) => false,
                });
                let waited = resident.wishes.remove(&line.0);
                if let Some(wish) = waited.or_else(|| said.take_if(|_| last == Some(at)))
                    && let Some((first, _)) = sends.take(*lines).last()
                {
                    wishes.insert(first, wish);
                }
            }
            _ => {}
        }
    }
    let first = effects
        .iter()
        .position(|effect| matches!(effect, Effect::Send { .. } | Effect::Deed { .. }));
    if let (Some(first), Some(wish), None) = (first, said, last) {
        wishes.entry(first).or_insert(wish);
    }
    wishes
}

/// More than the outboxes of a few hundred people keep.
const MOST: usize = 4096;
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use im::irc::{CaseMapping, Nick};
    use otr::{Account, Policy};
    use rand_core::SeedableRng;

    use super::*;
    use crate::engine::Engine;
    use crate::engine::notice::{How, LineId, Words};

    #[test]
    fn a_question_that_goes_before_a_text_takes_nothing_of_it() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let account = Account::generate(&mut rng);
        let mut resident = Resident::new(Engine::new(account, Policy::opportunistic(), Box::new(rng)));
        let bob = Nick::new(b"bob@example.org", CaseMapping::Jid);
        let message = "<message xmlns='jabber:client' id='m' to='bob@example.org'><body>x</body></message>";
        let message: Element = message.parse().unwrap();
        let send = |text: &[u8]| Effect::Send {
            to: bob.clone(),
            text: text.to_vec(),
        };
        let sent = Effect::Show(Notice {
            with: bob.clone(),
            what: What::Sent {
                line: LineId(1),
                words: Words::said(b"x"),
                how: How::Unverified,
                lines: 1,
                devices: 1,
                again: false,
            },
        });
        let effects = [send(b"?OTRv34?"), send(b"?OTR:AAMD."), sent];
        let wishes = wishes(&mut resident, &effects, Some(&message));
        assert_eq!(wishes.keys().collect::<Vec<_>>(), [&1]);
        assert_eq!(wishes[&1].id.as_deref(), Some("m"));
    }
}
