//! Two people on one device each, who exchange keys with the machine alone.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use core::time::Duration;

use chacha20::ChaCha20Rng;
use otr::crypto::ed448::SigningKey;
use otr::hazmat::dake_state;
use otr::identity::client_profile::Draft;
use otr::identity::{ClientProfile, ForgingKey, V4Account};
use otr::reject::Reject;
use otr::v4::dake::{Dake, Names, Progress, Proven, Step};
use otr::wire::Header;
use otr::wire::v4::{Identity, Message};
use otr::{InstanceTag, Timestamp, Version};
use rand_core::{CryptoRng, Rng, SeedableRng};

use super::v4_vectors::SeedRng;

pub const DAY: u64 = 24 * 60 * 60;
/// Three days before the recorded profiles expire.
pub const NOW: Timestamp = Timestamp::from_millis((0x7fff_ffff - 3 * DAY) * 1000);

#[derive(Clone, Debug)]
pub struct Letter {
    pub header: Header,
    pub message: Message,
}

pub struct Person {
    pub name: &'static str,
    pub peer: &'static str,
    pub account: V4Account,
    pub rng: Box<dyn CryptoRng>,
    pub now: Timestamp,
    /// Whether so much time has passed that an Identity message may have got lost.
    pub may_be_lost: bool,
    pub dake: Dake,
    pub proven: Option<Proven>,
}

/// Alice and Bob, who know each other's names.
pub fn meet() -> [Person; 2] {
    [
        Person::new("alice", "bob", 0x1111, 1),
        Person::new("bob", "alice", 0x2222, 2),
    ]
}

/// Brings an exchange to its end, from Bob's Identity message on.
pub fn finished(alice: &mut Person, bob: &mut Person, identity: Letter) {
    let reply = alice.receive(&identity).unwrap();
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
    assert!(bob.proven.is_some());
}

pub fn identity_of(letter: &Letter) -> &Identity {
    match &letter.message {
        Message::Identity(message) => message,
        _ => panic!("no Identity message"),
    }
}

impl Person {
    pub fn new(name: &'static str, peer: &'static str, tag: u32, seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let account = V4Account::generate(InstanceTag::from_raw(tag), &mut rng, NOW);
        Self::with(name, peer, account, Box::new(rng))
    }

    /// A person of the reference, with the randomness that is left after the keys were made.
    pub fn recorded(name: &'static str, peer: &'static str) -> Self {
        let mut rng = SeedRng::new(&format!("vector-{name}"));
        let long_term = SigningKey::generate(&mut rng);
        let forging = ForgingKey::generate_with_secret(&mut rng);
        let mut tag = [0; 4];
        rng.fill_bytes(&mut tag[1..]);
        let draft = Draft {
            owner: InstanceTag::from_raw(0x100 + u32::from_be_bytes(tag)),
            forging: forging.public(),
            expires: Timestamp::from_millis(0x7fff_ffff * 1000),
            transitional: None,
        };
        let profile = ClientProfile::sign(&draft, &long_term, &mut rng);
        let account = V4Account::with_profile(long_term, forging, profile).unwrap();
        let full = |name| match name {
            "alice" => "alice@example",
            _ => "bob@example",
        };
        Self::with(full(name), full(peer), account, Box::new(rng))
    }

    fn with(name: &'static str, peer: &'static str, account: V4Account, rng: Box<dyn CryptoRng>) -> Self {
        Self {
            name,
            peer,
            account,
            rng,
            now: NOW,
            may_be_lost: true,
            dake: Dake::default(),
            proven: None,
        }
    }

    /// Somebody with the same keys who is asked in this person's place, so that this person's state stays.
    pub fn clone_of(&self, letter: &Letter) -> Self {
        let seed = |secret: &otr::secret::Secret<57>| {
            otr::secret::Secret::fill_with(|bytes| *bytes = *secret.expose())
        };
        let long_term = SigningKey::from_seed(seed(self.account.long_term_key().seed()));
        let forging = ForgingKey::from_public(&self.account.forging_key().public().encode()).unwrap();
        let profile = self.account.profile().clone();
        let account = V4Account::with_profile(long_term, forging, profile).unwrap();
        let mut copy = Self::with(
            self.name,
            self.peer,
            account,
            Box::new(ChaCha20Rng::from_seed([99; 32])),
        );
        if matches!(letter.message, Message::AuthR(_)) {
            copy.dake
                .begin(self.dake.begun().expect("an offer is out").fork());
        }
        copy
    }

    pub fn tag(&self) -> InstanceTag {
        self.account.profile().owner()
    }

    pub fn header_to(&self, other: &Self) -> Header {
        self.header(other.tag())
    }

    fn header(&self, receiver: InstanceTag) -> Header {
        Header {
            version: Version::V4,
            sender: self.tag(),
            receiver,
        }
    }

    pub fn start(&mut self) -> Letter {
        let identity = self.dake.start(&self.account, &mut *self.rng);
        Letter {
            header: self.header(InstanceTag::ZERO),
            message: Message::Identity(identity),
        }
    }

    pub fn receive_any(&mut self, letter: &Letter) -> Result<Progress, Reject> {
        self.step(letter, &mut |_| Ok(()))
    }

    /// Takes a message that is to be answered.
    pub fn receive(&mut self, letter: &Letter) -> Result<Letter, Reject> {
        let progress = self.receive_any(letter)?;
        if progress.proven.is_some() {
            self.proven = progress.proven;
        }
        Ok(Letter {
            header: self.header(letter.header.sender),
            message: progress.reply.unwrap(),
        })
    }

    /// Takes a message that ends the exchange.
    pub fn receive_last(&mut self, letter: &Letter) -> Result<(), Reject> {
        let progress = self.receive_any(letter)?;
        assert!(progress.reply.is_none());
        self.proven = Some(progress.proven.unwrap());
        Ok(())
    }

    /// Refuses a message for this reason, and is as before.
    pub fn refuses(&mut self, letter: &Letter, reason: Reject) {
        let before = self.state();
        let result = self.receive_any(letter).map(drop);
        assert_eq!(result, Err(reason), "{letter:?}");
        assert_eq!(self.state(), before, "{letter:?}");
    }

    pub fn refuses_to_admit(&mut self, letter: &Letter) {
        let before = self.state();
        let mut asked = 0;
        let result = self.step(letter, &mut |_| {
            asked += 1;
            Err(Reject::KeyChanged)
        });
        assert_eq!(result.map(drop), Err(Reject::KeyChanged));
        assert_eq!((asked, self.state()), (1, before));
    }

    /// Wrong addresses for a message to this person, with the reasons for which they are refused.
    pub fn bad_headers(&self, good: Header, any: bool) -> Vec<(Reject, Header)> {
        let tag = InstanceTag::from_raw;
        let mut bad = vec![
            (
                Reject::WrongInstance,
                Header {
                    receiver: tag(0x9999),
                    ..good
                },
            ),
            (
                Reject::WrongInstance,
                Header {
                    receiver: tag(1),
                    ..good
                },
            ),
            (
                Reject::WrongInstance,
                Header {
                    receiver: self.tag(),
                    sender: tag(0x9999),
                    ..good
                },
            ),
            (
                Reject::WrongInstance,
                Header {
                    receiver: self.tag(),
                    sender: tag(0),
                    ..good
                },
            ),
            (
                Reject::Reflected,
                Header {
                    receiver: self.tag(),
                    sender: self.tag(),
                    ..good
                },
            ),
        ];
        if !any {
            bad.push((
                Reject::WrongInstance,
                Header {
                    receiver: tag(0),
                    ..good
                },
            ));
        }
        bad
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.dake.begun().is_none() && self.dake.answered().is_none()
    }

    /// Everything that decides what this person does next.
    pub fn state(&self) -> Vec<u8> {
        dake_state(&self.dake)
    }

    pub fn later(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    fn step(
        &mut self,
        letter: &Letter,
        admit: &mut dyn FnMut(&Proven) -> Result<(), Reject>,
    ) -> Result<Progress, Reject> {
        let mut step = Step {
            account: &self.account,
            names: Names {
                ours: self.name.as_bytes(),
                theirs: self.peer.as_bytes(),
            },
            rng: &mut *self.rng,
            now: self.now,
            may_be_lost: self.may_be_lost,
            admit,
        };
        self.dake.receive(&letter.header, &letter.message, &mut step)
    }
}
