//! Two or three engines and no network: what goes where, and what does not.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use std::collections::VecDeque;

use chacha20::ChaCha20Rng;
use chatham::engine::notice::{Delivery, How, LineId, Notice, What, Words};
use chatham::engine::{Effect, Engine, Memory};
use im::irc::{CaseMapping, Kind, Nick, Person, Said};
use otr::{Account, Policy, Timestamp};
use rand_core::SeedableRng;

/// Somebody with an engine; what it wants sent waits in a queue.
pub struct Someone {
    pub nick: Nick,
    pub engine: Engine,
    pub outgoing: VecDeque<(Nick, Vec<u8>)>,
    pub shown: Vec<What>,
    pub memories: Vec<Memory>,
    pub now: u64,
}

pub fn nick(name: &str) -> Nick {
    Nick::new(name, CaseMapping::Rfc1459)
}

pub fn said(from: &Nick, text: &[u8], kind: Kind) -> Said {
    Said {
        from: Person {
            nick: from.clone(),
            user: None,
            host: None,
        },
        target: b"you".to_vec(),
        text: text.to_vec(),
        kind,
        notice: kind == Kind::Notice,
        history: false,
        time: None,
        account: None,
    }
}

impl Someone {
    pub fn new(name: &str, seed: u8) -> Self {
        Self::with_policy(name, seed, Policy::opportunistic())
    }

    pub fn with_policy(name: &str, seed: u8, policy: Policy) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let account = Account::generate(&mut rng);
        Self {
            nick: nick(name),
            engine: Engine::new(account, policy, Box::new(rng)),
            outgoing: VecDeque::new(),
            shown: Vec::new(),
            memories: Vec::new(),
            now: 1_000_000,
        }
    }

    pub fn act(
        &mut self,
        with: &str,
        act: impl FnOnce(&mut Engine, &Nick, Timestamp) -> Vec<Effect>,
    ) -> &mut Self {
        self.now += 1;
        self.engine.set_room(&nick(with), 400);
        let effects = act(&mut self.engine, &nick(with), Timestamp::from_millis(self.now));
        self.file(effects);
        self
    }

    pub fn file(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, text } => self.outgoing.push_back((to, text)),
                Effect::Deed { to, deed } => self.outgoing.push_back((to, im::irc::ctcp::action(&deed))),
                Effect::Show(Notice { what, .. }) => self.shown.push(what),
                Effect::Remember(memory) => self.memories.push(memory),
            }
        }
    }

    pub fn receive(&mut self, from: &Nick, text: &[u8], kind: Kind) {
        self.now += 1;
        let effects = self
            .engine
            .receive(&said(from, text, kind), Timestamp::from_millis(self.now));
        self.file(effects);
    }

    pub fn say(&mut self, to: &str, text: &str) -> &mut Self {
        self.act(to, |engine, to, now| engine.say(to, Words::said(text), now))
    }

    pub fn heard(&mut self) -> Vec<(String, How)> {
        let mut heard = Vec::new();
        self.shown.retain(|what| match what {
            What::Heard { words, how, .. } => {
                heard.push((String::from_utf8(words.text.to_vec()).unwrap(), *how));
                false
            }
            _ => true,
        });
        heard
    }

    pub fn shows(&self, wanted: impl Fn(&What) -> bool) -> bool {
        self.shown.iter().any(wanted)
    }

    /// The number of the text that was said last.
    pub fn last_line(&self) -> LineId {
        let said = self.shown.iter().rev().find_map(|what| match what {
            What::Sent { line, .. } | What::NotSent { line, .. } => Some(*line),
            _ => None,
        });
        said.unwrap()
    }

    /// What was told last of a text.
    pub fn delivery(&self, line: LineId) -> Option<Delivery> {
        self.shown.iter().rev().find_map(|what| match what {
            What::Delivery { line: told, delivery } if *told == line => Some(*delivery),
            What::Sent { line: told, .. } if *told == line => Some(Delivery::Sent),
            _ => None,
        })
    }

    pub fn fingerprint(&self) -> otr::Fingerprint {
        self.engine.account().fingerprint()
    }
}

/// Carries everything until nobody has anything to say.
pub fn carry(left: &mut Someone, right: &mut Someone) {
    for _ in 0..10_000 {
        let (one, other) = (left.outgoing.pop_front(), right.outgoing.pop_front());
        if let Some((_, text)) = &one {
            right.receive(&left.nick, text, Kind::Person);
        }
        if let Some((_, text)) = &other {
            left.receive(&right.nick, text, Kind::Person);
        }
        if one.is_none() && other.is_none() {
            return;
        }
    }
    panic!("they never fall silent");
}

/// Alice and Bob, private; not verified.
pub fn private_pair() -> (Someone, Someone) {
    let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
    meet(&mut alice, &mut bob);
    (alice, bob)
}

pub fn meet(alice: &mut Someone, bob: &mut Someone) {
    let (alices, bobs) = (alice.nick.to_string(), bob.nick.to_string());
    bob.say(&alices, "hello");
    carry(alice, bob);
    alice.say(&bobs, "hello to you");
    carry(alice, bob);
    assert!(
        alice.shows(|what| matches!(what, What::Private { .. })),
        "{:?}",
        alice.shown
    );
    for someone in [alice, bob] {
        someone.shown.clear();
    }
}

pub fn verify(alice: &mut Someone, bob: &mut Someone) {
    alice.act("bob", |engine, bob, now| {
        engine.verify(bob, b"owl", None, None, now)
    });
    carry(alice, bob);
    bob.act("alice", |engine, alice, now| {
        engine.answer(alice, b"owl", None, now)
    });
    carry(alice, bob);
    assert!(
        alice.shows(|what| matches!(what, What::Same { vouched: true, .. })),
        "{:?}",
        alice.shown
    );
    alice.shown.clear();
    bob.shown.clear();
}
