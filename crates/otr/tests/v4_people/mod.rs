//! Two people with a channel of version 4 each, as an exchange leaves them.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use chacha20::ChaCha20Rng;
use otr::crypto::dh3072::DhKeyPair;
use otr::crypto::ed448::KeyPair;
use otr::hazmat::channel_state;
use otr::identity::FingerprintV4;
use otr::v4::channel::padded;
use otr::v4::message_keys::ExtraKey;
use otr::v4::mixed_secret::MixedSecret;
use otr::v4::ratchet::{DoubleRatchet, Side};
use otr::v4::turn::{OurKeys, TheirKeys};
use otr::v4::{Channel, Established, Opened};
use otr::wire::v4::{Data, EncodedPoint};
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
    /// What the other side's first ECDH key of the ratchet was.
    pub first_key_of_the_peer: EncodedPoint,
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
            dh: DhKeyPair::generate(rng),
        }
    };
    let (alice, bob) = (draw(alice), draw(bob));
    let public = |keys: &OurKeys| TheirKeys {
        ecdh: keys.ecdh.public().clone(),
        dh: keys.dh.public().clone(),
    };
    let (of_alice, of_bob) = (public(&alice), public(&bob));
    let established = |side, ours, theirs| Established {
        side,
        exchanged: MixedSecret::fill_with(|key| *key = exchanged),
        ours,
        theirs,
        peer: FingerprintV4::from_bytes([7; 56]),
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
        .map(|((established, header), rng)| Person {
            first_key_of_the_peer: EncodedPoint(established.theirs.ecdh.encode()),
            channel: Channel::start(established, NOW).unwrap(),
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

    pub fn seal(&mut self, text: &str, records: Vec<Tlv>) -> (Letter, Option<ExtraKey>) {
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
            .map(|opened| String::from_utf8(Plaintext::decode(opened.plaintext).text.into_bytes()).unwrap())
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

/// Somebody who keeps to the mathematics and to nothing else: writes any field, with an authenticator that holds.
pub struct Forger {
    pub ratchet: DoubleRatchet,
    pub rng: ChaCha20Rng,
    pub header: Header,
}

/// Alice as a forger, and Bob as he is; or the other way round.
pub fn forger(seed: u8, side: Side) -> (Forger, Person) {
    let [alice, bob] = people(seed);
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut other = ChaCha20Rng::from_seed([seed ^ 0xff; 32]);
    let [of_alice, of_bob] = exchange([9; 64], &mut rng, &mut other);
    let (established, person, header, rng) = match side {
        Side::Alice => (of_alice, bob, alice.header, rng),
        Side::Bob => (of_bob, alice, bob.header, other),
    };
    let ratchet = DoubleRatchet::start(
        established.side,
        &established.exchanged,
        established.ours,
        established.theirs,
        NOW,
    );
    let ratchet = ratchet.unwrap();
    (Forger { ratchet, rng, header }, person)
}

impl Forger {
    /// The next message, with its fields changed by `change` before it is authenticated.
    pub fn forge(&mut self, text: &str, change: impl FnOnce(&mut Data)) -> Letter {
        let sealing = self.ratchet.sealing(&mut self.rng, NOW).unwrap();
        let mac_key = sealing.keys.mac_key();
        let mut ciphertext = text.as_bytes().to_vec();
        sealing.keys.encrypt(&mut ciphertext);
        let mut data = Data {
            flags: 0,
            previous_sent: sealing.previous_sent,
            ratchet_id: sealing.ratchet_id,
            message_id: sealing.message_id,
            ecdh: sealing.ecdh,
            dh: sealing.dh,
            ciphertext,
            mac: [0; 64],
            revealed_mac_keys: if sealing.turned { vec![0; 64] } else { Vec::new() },
        };
        change(&mut data);
        data.mac = mac_key.authenticate([&data.authenticated_prefix(&self.header), &data.ciphertext]);
        let header = self.header;
        Letter { header, data }
    }

    /// Moves on as after reading this.
    pub fn read(&mut self, letter: &Letter) {
        let opening = self.ratchet.opening(&letter.data, NOW).unwrap();
        let mac_key = opening.mac_key();
        self.ratchet.accept(opening, mac_key, &letter.data, NOW);
    }
}
