//! How things stand with people: answers to questions of the person and of the screen.

use im::irc::Nick;
use otr::outbox::{Held, Why};
use otr::{Fingerprint, SessionState, Timestamp};

use crate::engine::correspondent::Correspondent;
use crate::engine::notice::{
    Comparison, Delivery, How, LineId, Notice, PersonSummary, Standing, WaitingText, What,
};
use crate::engine::speak::unwrap_deed;
use crate::engine::trust::Trust;
use crate::engine::{Effect, Engine};

impl Engine {
    /// Everybody who is kept in mind, by nick.
    pub fn people(&self) -> impl Iterator<Item = PersonSummary> {
        self.people.iter().map(|(nick, person)| summary(nick, person))
    }

    /// The same of one person, if they are kept in mind.
    pub fn summary(&self, nick: &Nick) -> Option<PersonSummary> {
        self.people.get(nick).map(|person| summary(nick, person))
    }

    /// How we stand with somebody.
    pub fn standing(&self, nick: &Nick) -> Standing {
        self.people
            .get(nick)
            .map_or(Standing::NotPrivate, Correspondent::standing)
    }

    /// Whether somebody was asked for a private conversation just now, and may be about to answer.
    pub fn is_asking(&self, nick: &Nick, now: Timestamp) -> bool {
        self.people.get(nick).is_some_and(|person| person.is_asking(now))
    }

    /// How the next text to somebody would go; `None` if it would not.
    pub fn next_way(&self, nick: &Nick) -> Option<How> {
        let policy = self.policy(nick);
        let stranger = || (!policy.require_encryption || !policy.is_on()).then_some(How::Clear);
        self.people
            .get(nick)
            .map_or_else(stranger, Correspondent::next_way)
    }

    /// What is to be compared with somebody, while a private conversation stands. Whoever shows it to the person confirms
    /// exactly this key, see [`Self::confirm_comparison`].
    pub fn comparison(&self, nick: &Nick) -> Option<Comparison> {
        let session = self.people.get(nick)?.facing()?;
        Some(Comparison {
            ssid: session.ssid()?,
            our_key: match session.state() {
                SessionState::Encrypted(version) => self.account.fingerprint_in(version)?,
                _ => return None,
            },
            their_key: session.fingerprint()?,
            device: session.tag(),
        })
    }

    /// Shows what is to be compared.
    pub fn compare(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        let comparison = self.comparison(nick);
        self.with(nick, now, |person, _, effects| match comparison {
            Some(comparison) => {
                person.shown = Some(comparison.their_key);
                person.compared = Some(comparison);
                person.show(What::Compare(comparison), effects);
            }
            None => person.mistake(
                "there is nothing to compare before a private conversation stands",
                effects,
            ),
        })
    }

    /// The person has compared what [`Self::comparison`] gave, and it is the same on the other side. It is about this
    /// key, and only if the conversation is still the one that was compared (S-33).
    pub fn confirm_comparison(&mut self, nick: &Nick, compared: &Comparison, now: Timestamp) -> Vec<Effect> {
        let current = self.comparison(nick);
        self.with(nick, now, |person, env, effects| {
            if current.as_ref() != Some(compared) {
                return person.mistake(
                    "the private conversation is not the one that was compared: compare again",
                    effects,
                );
            }
            let fingerprint = compared.their_key;
            person.set_trust(fingerprint, Trust::Compared, effects);
            person.show(
                What::Trust {
                    fingerprint,
                    trust: Trust::Compared,
                },
                effects,
            );
            person.send_held(env, effects);
        })
    }

    /// The same, for what was shown last by [`Self::compare`].
    pub fn confirm_shown(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        match self.people.get(nick).and_then(|person| person.compared) {
            Some(compared) => self.confirm_comparison(nick, &compared, now),
            None => self.with(nick, now, |person, _, effects| {
                person.mistake("nothing was compared yet: /verify compare", effects);
            }),
        }
    }

    /// The texts that wait.
    pub fn held(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            let texts = person.outbox.waiting().map(waiting).collect();
            person.show(What::Waiting(texts), effects);
        })
    }

    /// Under which other names a key is known.
    pub(super) fn names_of(&self, fingerprint: Fingerprint, besides: &Nick) -> Vec<(Nick, Trust)> {
        let others = self.people.iter().filter(|(nick, _)| *nick != besides);
        others
            .filter_map(|(nick, person)| {
                let known = person.keys.iter().find(|(key, _)| *key == fingerprint);
                known.map(|(_, trust)| (nick.clone(), trust))
            })
            .collect()
    }

    /// Where a key appears, says who else was seen with it.
    pub(super) fn recognise(&self, effects: &mut Vec<Effect>) {
        let mut at = 0;
        while let Some(effect) = effects.get(at) {
            at += 1;
            if let Effect::Show(Notice {
                with,
                what:
                    What::Private {
                        fingerprint,
                        renewed: false,
                        ..
                    },
            }) = effect
            {
                let (with, fingerprint) = (with.clone(), *fingerprint);
                let names = self.names_of(fingerprint, &with);
                if !names.is_empty() {
                    let what = What::AlsoKnownAs { fingerprint, names };
                    effects.insert(at, Effect::Show(Notice { with, what }));
                }
            }
        }
    }
}

fn summary(nick: &Nick, person: &Correspondent) -> PersonSummary {
    PersonSummary {
        nick: nick.clone(),
        standing: person.standing(),
        waiting: person.outbox.waiting().count(),
        lost: person.outbox.waiting().filter(|held| !goes_alone(held)).count(),
        acquainted: person.conversation.is_acquainted() || !person.keys.is_empty(),
    }
}

/// Whether a text goes out by itself as soon as it may.
fn goes_alone(held: &Held) -> bool {
    held.why() == Why::AwaitingPrivacy || !held.needs_a_word()
}

fn waiting(held: &Held) -> WaitingText {
    WaitingText {
        line: LineId(held.id()),
        words: unwrap_deed(held.text()),
        delivery: if goes_alone(held) {
            Delivery::Held
        } else {
            Delivery::Lost
        },
    }
}
