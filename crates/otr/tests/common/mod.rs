//! A simulated world: people with seeded randomness, one clock, and a link that can lose, keep, copy,
//! reorder or alter what passes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

pub mod forge;

use std::collections::VecDeque;
use std::sync::OnceLock;

use chacha20::ChaCha20Rng;
use otr::{
    Account, Conversation, Env, Event, InstanceTag, Output, Policy, PrivateKey, Recipient, SendError, Start,
    Strangers, Timestamp, V4Account, Version, Versions,
};
use rand_core::SeedableRng;

/// The first two keys of these tests. Generating a key takes a while, so they are made once.
pub fn key(index: usize) -> PrivateKey {
    static KEYS: OnceLock<Vec<[Vec<u8>; 5]>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        (0..4)
            .map(|seed| {
                let key = PrivateKey::generate(&mut ChaCha20Rng::from_seed([seed + 1; 32]));
                let [p, q, g, y] = key.public().parts().map(|part| part.to_vec());
                [p, q, g, y, key.x().to_vec()]
            })
            .collect()
    });
    let [p, q, g, y, x] = &keys[index];
    PrivateKey::from_parts(p, q, g, y, x).unwrap()
}

/// One person on one device.
pub struct Person {
    pub name: &'static str,
    pub account: Account,
    pub rng: ChaCha20Rng,
    pub conversation: Conversation,
    /// What this person's carrier was given and has not delivered yet.
    pub outgoing: VecDeque<Vec<u8>>,
    pub events: Vec<Event>,
    pub now: Timestamp,
}

/// Versions from their numbers.
pub fn versions(numbers: &[u16]) -> Versions {
    let all = Version::ALL;
    let chosen = all
        .into_iter()
        .filter(|version| numbers.contains(&version.number()));
    chosen.fold(Versions::NONE, Versions::with)
}

/// A policy that answers strangers and speaks these versions.
pub fn open_policy(numbers: &[u16]) -> Policy {
    Policy {
        versions: versions(numbers),
        strangers: Strangers::Answer,
        tag_starts: true,
        ..Policy::manual()
    }
}

impl Person {
    pub fn new(name: &'static str, key_index: usize, seed: u8, policy: Policy) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let tag = InstanceTag::random(&mut rng);
        let account = Account::new(key(key_index), tag, &mut rng);
        let now = Timestamp::from_millis(1_000_000);
        // With randomness of its own, so that a scenario of older versions runs as it did before there was this one.
        let mut own = ChaCha20Rng::from_seed([seed ^ 0x44; 32]);
        let account = account.with_v4(V4Account::generate(tag, &mut own, now));
        Self {
            name,
            account,
            rng,
            conversation: Conversation::new(policy),
            outgoing: VecDeque::new(),
            events: Vec::new(),
            now,
        }
    }

    pub fn alice(numbers: &[u16]) -> Self {
        Self::new("alice", 0, 0xa1, open_policy(numbers))
    }

    pub fn bob(numbers: &[u16]) -> Self {
        Self::new("bob", 1, 0xb0, open_policy(numbers))
    }

    /// Runs one call of the core and files its outputs.
    pub fn act(&mut self, call: impl FnOnce(&mut Conversation, &mut Env<'_>) -> Vec<Output>) -> &mut Self {
        let mut env = Env {
            account: &self.account,
            rng: &mut self.rng,
            now: self.now,
        };
        let outputs = call(&mut self.conversation, &mut env);
        for output in outputs {
            match output {
                Output::Send(bytes) => self.outgoing.push_back(bytes),
                Output::ReplyError(code) => self.outgoing.push_back(otr::error_message(code.words())),
                Output::Event(event) => self.events.push(event),
            }
        }
        self
    }

    pub fn receive(&mut self, bytes: &[u8]) -> &mut Self {
        self.act(|conversation, env| conversation.receive(env, bytes))
    }

    pub fn try_say(&mut self, text: &str) -> Result<(), SendError> {
        self.try_send(Recipient::Best, text.as_bytes())
    }

    pub fn try_send(&mut self, to: Recipient, text: &[u8]) -> Result<(), SendError> {
        let mut env = Env {
            account: &self.account,
            rng: &mut self.rng,
            now: self.now,
        };
        let outputs = self.conversation.send(&mut env, to, text, &[])?;
        for output in outputs {
            match output {
                Output::Send(bytes) => self.outgoing.push_back(bytes),
                other => panic!("sending gave {other:?}"),
            }
        }
        Ok(())
    }

    pub fn say(&mut self, text: &str) -> &mut Self {
        self.try_say(text)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        self
    }

    pub fn start(&mut self) -> &mut Self {
        self.act(|conversation, env| conversation.start(env, Start::Query).unwrap())
    }

    /// The private texts read so far, taken.
    pub fn read(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        self.events.retain(|event| match event {
            Event::Text { text, .. } => {
                texts.push(text.as_str().unwrap().to_owned());
                false
            }
            _ => true,
        });
        texts
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        self.outgoing.drain(..).collect()
    }

    /// The one message that waits to be carried.
    pub fn only_message(&mut self) -> Vec<u8> {
        let mut messages = self.take_outgoing();
        assert_eq!(
            messages.len(),
            1,
            "{} has {} messages to send",
            self.name,
            messages.len()
        );
        messages.remove(0)
    }

    pub fn is_private(&self) -> bool {
        self.conversation.is_private()
    }

    pub fn pass(&mut self, millis: u64) -> &mut Self {
        self.now = Timestamp::from_millis(self.now.as_millis() + millis);
        self
    }
}

/// Delivers everything in both directions until nobody has anything to say.
pub fn deliver(left: &mut Person, right: &mut Person) {
    for _ in 0..10_000 {
        let from_left = left.outgoing.pop_front();
        if let Some(bytes) = &from_left {
            right.receive(bytes);
        }
        let from_right = right.outgoing.pop_front();
        if let Some(bytes) = &from_right {
            left.receive(bytes);
        }
        if from_left.is_none() && from_right.is_none() {
            return;
        }
    }
    panic!("{} and {} never fall silent", left.name, right.name);
}

/// Alice and Bob in a private conversation of the highest of these versions, with nothing left to say.
pub fn private_pair(numbers: &[u16]) -> (Person, Person) {
    let (mut alice, mut bob) = (Person::alice(numbers), Person::bob(numbers));
    alice.start();
    deliver(&mut alice, &mut bob);
    assert!(
        alice.is_private() && bob.is_private(),
        "{:?} / {:?}",
        alice.events,
        bob.events
    );
    alice.take_events();
    bob.take_events();
    (alice, bob)
}
