//! The one owner of an account's conversations, waiting texts and trust.
//!
//! Bytes from the network and words of the person go in; a list of [`Effect`]s comes back: lines to send, things to
//! show, facts to store. There are no sockets, no files and no clock inside.

mod correspondent;
pub mod notice;
mod speak;
pub mod trust;

use std::collections::BTreeMap;

use im::irc::services::is_service;
use im::irc::{CaseMapping, Kind, Nick, Said, Source, ctcp};
use otr::{
    Account, Env, Fingerprint, InstanceTag, Policy, PrivateError, Recipient, SmpAction, StartError,
    Timestamp, Version,
};
use rand_core::CryptoRng;

use crate::engine::correspondent::{Correspondent, Run};
use crate::engine::notice::{How, Notice, What, Words};
use crate::engine::trust::Trust;

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
    people: BTreeMap<Nick, Correspondent>,
    mapping: CaseMapping,
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
            people: BTreeMap::new(),
            mapping: CaseMapping::default(),
            #[cfg(feature = "deliberate-leak")]
            leak: false,
        }
    }

    /// Makes the next private text go out in the clear as well. It exists to show that the checks notice.
    #[cfg(feature = "deliberate-leak")]
    pub fn leak_once(&mut self) {
        self.leak = true;
    }

    /// Our own account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What the store knows about a key of somebody.
    pub fn learn(&mut self, nick: &Nick, fingerprint: Fingerprint, trust: Trust) {
        self.person(nick).learn(fingerprint, trust);
    }

    /// What the store knows about the versions that somebody spoke.
    pub fn learn_version(&mut self, nick: &Nick, version: Version) {
        let person = self.person(nick);
        person.policy.minimum_version = person.policy.minimum_version.max(Some(version));
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
        match said.kind {
            Kind::Person => self.with(nick, now, |person, env, effects| {
                let outputs = person.conversation.receive(env, &said.text);
                person.carry_out(env, outputs, effects);
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

    /// Says something to somebody, or to a channel or service, which nothing is ever encrypted to or hidden in.
    pub fn say(&mut self, nick: &Nick, words: Words, now: Timestamp) -> Vec<Effect> {
        #[cfg(feature = "deliberate-leak")]
        if self.leak
            && self
                .people
                .get(nick)
                .is_some_and(|person| person.conversation.is_private())
        {
            self.leak = false;
            self.person(nick).leak = true;
        }
        self.with(nick, now, |person, env, effects| person.say(env, words, effects))
    }

    /// Asks somebody for a private conversation, or for new keys if there is one.
    pub fn start(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| person.ask(env, effects))
    }

    /// Ends the private conversation with all devices of somebody. From then on text to them is clear: this is
    /// the person's word for it.
    pub fn end(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let ended = person
                .devices()
                .iter()
                .filter(|device| device.state != PLAIN)
                .count();
            let outputs = person.conversation.end_all(env);
            person.runs.clear();
            person.clear_agreed = true;
            person.tighten();
            person.carry_out(env, outputs, effects);
            person.show(What::Ended(ended), effects);
        })
    }

    /// Ends all private conversations, as before the program ends.
    pub fn end_all(&mut self, now: Timestamp) -> Vec<Effect> {
        let private = self
            .people
            .iter()
            .filter(|(_, person)| person.conversation.is_private());
        let nicks: Vec<Nick> = private.map(|(nick, _)| nick.clone()).collect();
        nicks.iter().flat_map(|nick| self.end(nick, now)).collect()
    }

    /// The person's yes: to a stranger who asked for a private conversation, and to a key that is not the one
    /// they had verified. The key is only accepted, not verified.
    pub fn accept(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let best = person
                .conversation
                .session(Recipient::Best)
                .filter(|best| best.is_private());
            let key = best.and_then(|best| best.fingerprint());
            if let Some(key) = key.filter(|key| !person.keys.admits(*key)) {
                if person.shown != Some(key) {
                    person.shown = Some(key);
                    return person.mistake(
                        format!("the key has changed again, to {key}: look again"),
                        effects,
                    );
                }
                person.keys.accept(key);
                person.show(What::KeyAccepted(key), effects);
                return person.send_held(env, effects);
            }
            match person.conversation.accept(env) {
                Ok(outputs) => person.carry_out(env, outputs, effects),
                Err(StartError::NothingToAccept) => person.mistake("there is nothing to accept", effects),
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Wants to compare a secret with somebody, exactly as it was written; a question makes it one-sided.
    pub fn verify(
        &mut self,
        nick: &Nick,
        secret: &[u8],
        question: Option<&[u8]>,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let device = person
                .conversation
                .session(Recipient::Best)
                .map(|session| session.tag());
            let whom = device.map_or(Recipient::Best, Recipient::Tag);
            match person
                .conversation
                .smp(env, whom, SmpAction::Start { secret, question })
            {
                Ok(outputs) => {
                    person.runs.extend(device.map(|device| (device, Run::Ours)));
                    person.show(What::Comparing, effects);
                    person.carry_out(env, outputs, effects);
                }
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Answers somebody's wish to compare a secret.
    pub fn answer(&mut self, nick: &Nick, secret: &[u8], now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let asked = person
                .runs
                .iter()
                .find(|(_, run)| matches!(run, Run::Theirs { .. }));
            let Some(device) = asked.map(|(device, _)| *device) else {
                return person.mistake(PrivateError::NotAsked, effects);
            };
            match person
                .conversation
                .smp(env, Recipient::Tag(device), SmpAction::Answer { secret })
            {
                Ok(outputs) => person.carry_out(env, outputs, effects),
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Gives up comparing secrets.
    pub fn abort(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let devices: Vec<InstanceTag> = person.runs.keys().copied().collect();
            if devices.is_empty() {
                return person.mistake("no secret is being compared", effects);
            }
            for device in devices {
                person.runs.remove(&device);
                match person
                    .conversation
                    .smp(env, Recipient::Tag(device), SmpAction::Abort)
                {
                    Ok(outputs) => person.carry_out(env, outputs, effects),
                    Err(error) => person.mistake(error, effects),
                }
            }
            person.show(What::ComparisonEnded, effects);
        })
    }

    /// Vouches for a key of somebody, or takes it back. Without a fingerprint it is the key that the person was
    /// shown last, and only if it is still the one in use (S-33).
    pub fn set_trust(
        &mut self,
        nick: &Nick,
        fingerprint: Option<Fingerprint>,
        trusted: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            let best = person
                .conversation
                .session(Recipient::Best)
                .and_then(|best| best.fingerprint());
            let Some(key) = fingerprint.or(best) else {
                return person.mistake("no key of this person is in use: name the fingerprint", effects);
            };
            if fingerprint.is_none() && person.shown != Some(key) {
                person.shown = Some(key);
                return person.mistake(format!("the key has changed to {key}: look again"), effects);
            }
            if !person.keys.iter().any(|(known, _)| known == key) {
                return person.mistake("no such key of this person was ever seen", effects);
            }
            let trust = if trusted { Trust::Compared } else { Trust::Seen };
            person.set_trust(key, trust, effects);
            person.show(
                What::Trust {
                    fingerprint: key,
                    trust,
                },
                effects,
            );
        })
    }

    /// Devices, keys, waiting texts.
    pub fn status(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            person.shown = person
                .conversation
                .session(Recipient::Best)
                .and_then(|best| best.fingerprint());
            let status = What::Status {
                devices: person.devices(),
                keys: person.keys.iter().collect(),
                waiting: person.outbox.waiting().count(),
                next: person.next_way(),
            };
            person.show(status, effects);
        })
    }

    /// Somebody has another nick. The conversation goes on under it (user need N10); what is known about the keys
    /// of either name stays with the name, so that whoever takes a nick over does not take its trust along.
    pub fn renamed(&mut self, from: &Nick, to: &Nick) -> Vec<Effect> {
        let Some(mut person) = self.people.remove(from) else {
            return Vec::new();
        };
        let mut effects = vec![Effect::Show(Notice {
            with: from.clone(),
            what: What::Renamed(to.clone()),
        })];
        let keys: Vec<_> = person.keys.iter().collect();
        if !keys.is_empty() && from != to {
            keys.iter()
                .for_each(|(key, trust)| self.person(from).learn(*key, *trust));
        }
        person.nick = to.clone();
        if let Some(before) = self.people.remove(to) {
            before
                .keys
                .iter()
                .for_each(|(key, trust)| person.learn(key, trust));
        }
        let proven = person
            .private_sessions()
            .filter_map(|session| session.fingerprint());
        for fingerprint in proven {
            let trust = person.keys.trust(fingerprint);
            effects.push(Effect::Remember(Memory::Key {
                nick: to.clone(),
                fingerprint,
                trust,
            }));
        }
        self.people.insert(to.clone(), person);
        effects
    }

    /// The network folds names in another way from now on.
    pub fn set_case_mapping(&mut self, mapping: CaseMapping) {
        self.mapping = mapping;
        for (nick, mut person) in std::mem::take(&mut self.people) {
            let nick = nick.refold(mapping);
            person.nick = nick.clone();
            if let Some(twin) = self.people.remove(&nick) {
                // Two spellings of one name: what is known about either holds for both.
                twin.keys.iter().for_each(|(key, trust)| person.learn(key, trust));
            }
            self.people.insert(nick, person);
        }
    }

    /// A nick as this network folds it.
    pub fn fold(&self, nick: &[u8]) -> Nick {
        Nick::new(nick, self.mapping)
    }

    /// Shows something about somebody whom the engine need not know: they left, or are not there.
    pub fn remark(&self, nick: &Nick, what: What) -> Vec<Effect> {
        if self.people.contains_key(nick) {
            vec![Effect::Show(Notice {
                with: nick.clone(),
                what,
            })]
        } else {
            Vec::new()
        }
    }

    /// Lets old offers and pieces expire. Call it at [`Self::next_deadline`], or whenever.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self.people.iter().filter(|(_, person)| {
            person
                .conversation
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
        });
        let nicks: Vec<Nick> = due.map(|(nick, _)| nick.clone()).collect();
        let tick = |engine: &mut Self, nick: &Nick| {
            engine.with(nick, now, |person, env, effects| {
                let outputs = person.conversation.tick(env);
                person.carry_out(env, outputs, effects);
            })
        };
        nicks.iter().flat_map(|nick| tick(self, nick)).collect()
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.people
            .values()
            .filter_map(|person| person.conversation.next_deadline())
            .min()
    }

    fn person(&mut self, nick: &Nick) -> &mut Correspondent {
        if self.people.len() >= MOST_PEOPLE && !self.people.contains_key(nick) {
            self.forget_strangers();
        }
        let policy = if is_person(nick) {
            self.policy.clone()
        } else {
            Policy::never()
        };
        self.people
            .entry(nick.clone())
            .or_insert_with(|| Correspondent::new(nick.clone(), policy))
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
        effects
    }
}

/// Whether a name is a person's: not a channel's, not a service's.
fn is_person(nick: &Nick) -> bool {
    let name = nick.as_bytes();
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

/// So many correspondents are kept before strangers are forgotten.
const MOST_PEOPLE: usize = 1000;
const PLAIN: otr::SessionState = otr::SessionState::Plaintext;
