//! Two people with a channel of version 4 each, as an exchange leaves them.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use chacha20::ChaCha20Rng;
use otr::crypto::dh3072::DhSecret;
use otr::crypto::ed448::KeyPair;
use otr::hazmat::channel_state;
use otr::v4::channel::padded;
use otr::v4::message_keys::ExtraKey;
use otr::v4::mixed_secret::MixedSecret;
use otr::v4::ratchet::Side;
use otr::v4::turn::{OurKeys, TheirKeys};
use otr::v4::{Channel, Established, Opened};
use otr::wire::v4::Data;
use otr::wire::{Header, Plaintext};
use otr::{Half, InstanceTag, Reject, Ssid, Timestamp, Tlv, Version};
use rand_core::{CryptoRng, Rng, SeedableRng};

pub const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

/// One person.
pub struct Person {
    pub channel: Channel,
    pub rng: ChaCha20Rng,
    /// Of the messages this person sends.
    pub header: Header,
    pub now: Timestamp,
}

/// A message under way.
#[derive(Clone, Debug)]
pub struct Letter {
    pub header: Header,
    pub data: Data,
}

/// An exchange that took place: what each of the two got out of it, Alice first.
pub fn exchange(exchanged: [u8; 64], alice: &mut dyn CryptoRng, bob: &mut dyn CryptoRng) -> [Established; 2] {
    let draw = |rng: &mut dyn CryptoRng| {
        let ecdh = KeyPair::generate(rng);
        OurKeys {
            ecdh,
            dh: DhSecret::generate(rng),
        }
    };
    let (alice, bob) = (draw(alice), draw(bob));
    let public = |keys: &OurKeys| TheirKeys {
        ecdh: keys.ecdh.public().clone(),
        dh: keys.dh.public(),
    };
    let (of_alice, of_bob) = (public(&alice), public(&bob));
    let established = |side, ours, theirs| Established {
        side,
        exchanged: MixedSecret::fill_with(|key| *key = exchanged),
        ours,
        theirs,
        peer: [7; 56],
        ssid: Ssid::short([8; 8], Half::First),
    };
    [
        established(Side::Alice, alice, of_bob),
        established(Side::Bob, bob, of_alice),
    ]
}

/// Alice and Bob after an exchange.
pub fn people(seed: u8) -> [Person; 2] {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut other = ChaCha20Rng::from_seed([seed ^ 0xff; 32]);
    let both = exchange([9; 64], &mut rng, &mut other);
    let tags = [0x0011_1111, 0x0022_2222].map(InstanceTag::from_raw);
    let headers = [(tags[0], tags[1]), (tags[1], tags[0])].map(|(sender, receiver)| Header {
        version: Version::V4,
        sender,
        receiver,
    });
    let rngs = [rng, other];
    let mut all = both
        .into_iter()
        .zip(headers)
        .zip(rngs)
        .map(|((established, header), mut rng)| Person {
            channel: Channel::start(established, Vec::new(), &mut rng, NOW).unwrap(),
            rng,
            header,
            now: NOW,
        });
    [all.next().unwrap(), all.next().unwrap()]
}

impl Person {
    pub fn say(&mut self, text: &str) -> Letter {
        self.seal(text, Vec::new()).0
    }

    pub fn seal(&mut self, text: &str, records: Vec<Tlv>) -> (Letter, ExtraKey) {
        let plaintext = padded(text.as_bytes(), records, 0);
        let (data, key) = self
            .channel
            .seal(&self.header, plaintext, 0, &mut self.rng, self.now)
            .unwrap();
        let header = self.header;
        (Letter { header, data }, key)
    }

    pub fn open(&mut self, letter: &Letter) -> Result<Opened, Reject> {
        self.channel.open(&letter.header, letter.data.clone(), self.now)
    }

    pub fn read(&mut self, letter: &Letter) -> Result<String, Reject> {
        self.open(letter)
            .map(|opened| String::from_utf8(Plaintext::decode(opened.plaintext).text).unwrap())
    }

    /// A message that is refused for this reason and leaves no trace.
    pub fn assert_refused(&mut self, letter: &Letter, reason: Reject) {
        let before = channel_state(&self.channel);
        assert_eq!(self.read(letter), Err(reason), "{letter:?}");
        assert!(before == channel_state(&self.channel), "{reason:?} left a trace");
    }
}

/// Turns the ratchet `turns` times by messages to and fro.
pub fn to_and_fro(people: &mut [Person; 2], turns: usize) {
    for turn in 0..turns {
        let letter = people[turn % 2].say("ping");
        assert_eq!(people[1 - turn % 2].read(&letter), Ok("ping".into()));
    }
}

/// A number below `bound`.
pub fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    rng.next_u32() as usize % bound
}

pub fn shuffle<T>(items: &mut [T], rng: &mut ChaCha20Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}
