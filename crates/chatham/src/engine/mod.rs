//! The one owner of an account's conversations, waiting texts and trust.
//!
//! Bytes from the network and words of the person go in; a list of [`Effect`]s comes back: lines to send, things to
//! show, facts to store. There are no sockets, no files and no clock inside.

mod carrier;
mod clear_lines;
mod commands;
mod correspondent;
mod cut_line;
mod delivery;
mod events;
mod guesses;
mod nicks;
pub mod notice;
mod speak;
mod standing;
pub mod trust;

use std::collections::BTreeMap;

use im::irc::services::is_service;
use im::irc::{CaseMapping, Kind, Nick, Said, Source, ctcp};
use im::xmpp::BareJid;
use otr::{Account, Env, Fingerprint, InstanceTag, Policy, Timestamp, Version};
use rand_core::CryptoRng;

use crate::engine::correspondent::Correspondent;
use crate::engine::notice::{How, Notice, What, Words};
use crate::engine::trust::Trust;

pub(crate) use crate::engine::clear_lines::split;

/// One thing for the caller to do, in order.
#[derive(Debug)]
#[must_use]
pub enum Effect {
    /// Send this text in one message.
    Send {
        /// To whom.
        to: Nick,
        /// The text; it fits the room that was told.
        text: Vec<u8>,
    },
    /// Tell in the clear what the person does (`/me`).
    Deed {
        /// To whom.
        to: Nick,
        /// What is done.
        deed: Vec<u8>,
    },
    /// Show this to the person.
    Show(Notice),
    /// Store this.
    Remember(Memory),
}

/// Something that outlives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// A key was seen, or the person decided about it.
    Key {
        /// Whose.
        nick: Nick,
        /// The key.
        fingerprint: Fingerprint,
        /// What is known about it now.
        trust: Trust,
    },
    /// A comparison of secrets failed.
    ComparisonFailed {
        /// With whom.
        nick: Nick,
        /// When.
        at: Timestamp,
    },
    /// No session below this version from now on.
    Version {
        /// With whom.
        nick: Nick,
        /// The version.
        version: Version,
    },
}

/// All conversations of one account on one network.
pub struct Engine {
    account: Account,
    rng: Box<dyn CryptoRng + Send>,
    policy: Policy,
    /// What holds with single people instead, whoever has the nick at the moment.
    exceptions: BTreeMap<Nick, Policy>,
    people: BTreeMap<Nick, Correspondent>,
    mapping: CaseMapping,
    /// Our own nick, which exchanges of version 4 sign.
    me: Option<Nick>,
    /// Messages that a broken connection gave back.
    unsent: Vec<(Nick, Vec<u8>)>,
    /// Whether the connection is gone.
    away: bool,
    /// How many texts the person has said.
    lines: u64,
    #[cfg(feature = "deliberate-leak")]
    leak: bool,
}

impl Engine {
    /// An engine with nobody in it. The policy holds for everybody who is a person.
    pub fn new(account: Account, policy: Policy, rng: Box<dyn CryptoRng + Send>) -> Self {
        Self {
            account,
            rng,
            policy,
            exceptions: BTreeMap::new(),
            people: BTreeMap::new(),
            mapping: CaseMapping::default(),
            me: None,
            unsent: Vec::new(),
            away: false,
            lines: 0,
            #[cfg(feature = "deliberate-leak")]
            leak: false,
        }
    }

    /// Makes the next private text go out in the clear as well. It exists to show that the checks notice.
    #[cfg(feature = "deliberate-leak")]
    pub fn leak_once(&mut self) {
        self.leak = true;
    }

    /// Renews our client profile of version 4 if its time is nearly over. Whether it did: it is to be stored then.
    pub fn renew_profile(&mut self, now: Timestamp) -> bool {
        self.account.renew_profile(&mut *self.rng, now)
    }

    /// A policy as far as our account can follow it.
    fn fitting(&self, policy: Policy) -> Policy {
        match self.account.v4() {
            None if policy.discovery => policy.with_v4(false),
            // Without any version a strict mode would be no rule at all, and text would go in the clear.
            _ => policy,
        }
    }

    /// Our own account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// How many people are kept in mind.
    pub fn correspondents(&self) -> usize {
        self.people.len()
    }

    /// The person knows somebody, and wants to be found by them.
    pub fn acquaint(&mut self, nick: &Nick) {
        self.person(nick).conversation.acquaint();
    }

    /// What the store knows about a key of somebody.
    pub fn learn(&mut self, nick: &Nick, fingerprint: Fingerprint, trust: Trust) {
        self.person(nick).learn(fingerprint, trust);
    }

    /// Another policy for one nick, whoever has it. A version that was remembered stays the lowest.
    pub fn set_policy(&mut self, nick: &Nick, policy: Policy) {
        let policy = self.fitting(policy);
        self.exceptions.insert(nick.clone(), policy.clone());
        if let Some(person) = self.people.get_mut(nick)
            && is_person(nick, self.mapping)
        {
            adopt(person, policy);
        }
    }

    /// The policy for this nick.
    pub fn policy(&self, nick: &Nick) -> &Policy {
        let known = self.people.get(nick).map(|person| &person.policy);
        known
            .or_else(|| self.exceptions.get(nick))
            .unwrap_or(&self.policy)
    }

    /// What the store knows about a comparison of secrets that failed.
    pub fn learn_failure(&mut self, nick: &Nick, at: Timestamp) {
        self.person(nick).learn_failure(at);
    }

    /// What the store knows about the versions that somebody spoke.
    pub fn learn_version(&mut self, nick: &Nick, version: Version) {
        let person = self.person(nick);
        person.policy.minimum_version = person.policy.minimum_version.max(Some(version));
        person.spoken = person.spoken.max(Some(version));
        person.tighten();
    }

    /// How many bytes of text fit one message to this person; to be told before each call that may send.
    pub fn set_room(&mut self, nick: &Nick, room: usize) {
        let person = self.person(nick);
        person.room = Some(room);
        if person.conversation.set_carrier_limit(Some(room)).is_err() {
            // A line so short carries nothing private: leave the cutting to whoever finds it too long.
            person.room = None;
        }
    }

    /// Takes something that was said on the network. Everything but one person speaking to us alone is left as
    /// it is (user need N11).
    pub fn receive(&mut self, said: &Said, now: Timestamp) -> Vec<Effect> {
        let nick = &said.from.nick;
        // Old words are shown and never answered: whoever said them has gone on, and so have the keys.
        if said.history && matches!(said.kind, Kind::Person | Kind::Action) {
            return vec![earlier(said)];
        }
        match said.kind {
            Kind::Person => self.with(nick, now, |person, env, effects| {
                for line in person.cut_line.join(&said.text, now) {
                    person.read(env, &line, effects);
                }
            }),
            Kind::Action => self.with(nick, now, |person, _, effects| {
                let words = Words::done(ctcp::neutralise(&said.text));
                let alarming = !person.expects_clear();
                let device = InstanceTag::ZERO;
                person.show(
                    What::Heard {
                        words,
                        how: How::Clear,
                        alarming,
                        device,
                    },
                    effects,
                );
            }),
            // A program that answers by NOTICE shall not be offered anything.
            Kind::Notice => {
                if let Some(person) = self.people.get_mut(nick)
                    && person.keys.is_empty()
                {
                    person.policy.send_tag = false;
                    person.conversation.set_policy(person.policy.clone());
                    person.tighten();
                }
                vec![aside(said)]
            }
            Kind::Own => Vec::new(),
            Kind::Channel | Kind::Ctcp | Kind::Service | Kind::Server => vec![aside(said)],
        }
    }

    /// Lets old offers and pieces expire. Call it at [`Self::next_deadline`], or whenever.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self
            .people
            .iter()
            .filter(|(_, person)| person.next_deadline().is_some_and(|deadline| deadline <= now));
        let nicks: Vec<Nick> = due.map(|(nick, _)| nick.clone()).collect();
        let away = self.away;
        let tick = |engine: &mut Self, nick: &Nick| {
            engine.with(nick, now, |person, env, effects| {
                if let Some(line) = person.cut_line.overdue(now) {
                    person.read(env, &line, effects);
                }
                let outputs = person.conversation.tick(env);
                person.carry_out(env, outputs, effects);
                person.heal(env, effects);
                person.remind(env, away, effects);
            })
        };
        nicks.iter().flat_map(|nick| tick(self, nick)).collect()
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.people
            .values()
            .filter_map(Correspondent::next_deadline)
            .min()
    }

    fn person(&mut self, nick: &Nick) -> &mut Correspondent {
        if self.people.len() >= MOST_PEOPLE && !self.people.contains_key(nick) {
            self.forget_strangers();
        }
        let policy = if is_person(nick, self.mapping) {
            self.exceptions.get(nick).unwrap_or(&self.policy).clone()
        } else {
            Policy::never()
        };
        let policy = self.fitting(policy);
        let me = self.me.as_ref().map(Nick::folded).unwrap_or_default();
        self.people.entry(nick.clone()).or_insert_with(|| {
            let mut person = Correspondent::new(nick.clone(), policy);
            person.conversation.set_names(me, nick.folded());
            person
        })
    }

    /// A network full of strangers who say one word each must not cost memory without end.
    fn forget_strangers(&mut self) {
        self.people.retain(|_, person| !person.is_dispensable());
    }

    fn with(
        &mut self,
        nick: &Nick,
        now: Timestamp,
        act: impl FnOnce(&mut Correspondent, &mut Env<'_>, &mut Vec<Effect>),
    ) -> Vec<Effect> {
        self.person(nick);
        let mut effects = Vec::new();
        if let Some(person) = self.people.get_mut(nick) {
            let mut env = Env {
                account: &self.account,
                rng: &mut *self.rng,
                now,
            };
            act(person, &mut env, &mut effects);
        }
        self.recognise(&mut effects);
        effects
    }
}

/// Another policy for somebody who is known; what was remembered of their versions stays.
fn adopt(person: &mut Correspondent, policy: Policy) {
    let lowest = person.policy.minimum_version.max(policy.minimum_version);
    person.policy = Policy {
        minimum_version: lowest,
        ..policy
    };
    person.conversation.set_policy(person.policy.clone());
    person.tighten();
}

/// Whether a name is a person's: not a channel's, not a service's.
fn is_person(nick: &Nick, mapping: CaseMapping) -> bool {
    let name = nick.as_bytes();
    if mapping == CaseMapping::Jid {
        // Whoever has an account has it at a server; servers and their services have none. One client of somebody is
        // nobody else.
        let address = std::str::from_utf8(name).ok();
        let address = address.and_then(|name| BareJid::new(name).ok());
        return address.is_some_and(|address| address.node().is_some());
    }
    !name.first().is_some_and(|first| b"#&+!".contains(first)) && !is_service(&Source::parse(name))
}

fn aside(said: &Said) -> Effect {
    let what = What::Aside {
        target: said.target.clone(),
        text: ctcp::neutralise(&said.text),
    };
    Effect::Show(Notice {
        with: said.from.nick.clone(),
        what,
    })
}

/// What was said before we were here. What is encrypted can no longer be read, and nobody wants to see it.
fn earlier(said: &Said) -> Effect {
    let text = ctcp::neutralise(&said.text);
    let words = match said.kind {
        Kind::Action => Some(Words::done(text)),
        _ if said.text.starts_with(b"?OTR") => None,
        _ => Some(Words::said(text)),
    };
    Effect::Show(Notice {
        with: said.from.nick.clone(),
        what: What::Earlier { words },
    })
}

/// So many correspondents are kept before strangers are forgotten.
const MOST_PEOPLE: usize = 1000;
