//! What one authenticated peer can make us keep, or do, for one message of theirs.

use otr::classic::ake::AwaitingRevealSig;
use otr::classic::channel::Established;
use otr::classic::pair_keys::PairKeys;
use otr::crypto::modp::{DhPublic, DhSecret};
use otr::wire::header::{Header, InstanceTag};
use otr::wire::tlv::{PADDING, SMP_ABORT, SMP1, SMP1Q, Tlv};
use otr::wire::{Data, Message, Mpi};
use otr::{Account, Recipient, Start, Version};

use crate::common::forge::{close, open};
use crate::common::{Person, deliver, open_policy, private_pair};

/// A peer who follows the text but for one thing: each message of theirs uses a new key of theirs.
struct Turner {
    header: Header,
    our_id: u32,
    ours: (DhSecret, DhPublic),
    theirs: DhPublic,
}

impl Turner {
    fn meet(alice: &mut Person) -> Self {
        let mut person = Person::new("turner", 2, 0x77, open_policy(&[3]));
        let account = Account::new(crate::common::key(2), InstanceTag::ZERO, &mut person.rng);
        alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
        let header = Header {
            version: Version::V3,
            sender: account.instance_tag(),
            receiver: alice.account.instance_tag(),
        };
        let Message::DhCommit(commit) = open(&alice.only_message()).1 else {
            panic!("no commit")
        };
        let (state, key) = AwaitingRevealSig::start(commit, &mut person.rng);
        alice.receive(&close(&header, &Message::DhKey(key)));
        let Message::RevealSignature(reveal) = open(&alice.only_message()).1 else {
            panic!("no reveal signature")
        };
        let (established, signature) = state
            .on_reveal_signature(&reveal, &account, &mut person.rng)
            .unwrap();
        alice.receive(&close(&header, &Message::Signature(signature)));
        assert!(alice.is_private());
        let Established {
            our_key_id,
            our_secret,
            our_public,
            their_public,
            ..
        } = established;
        Self {
            header,
            our_id: our_key_id,
            ours: (our_secret, our_public),
            theirs: their_public,
        }
    }

    fn message(&mut self, rng: &mut dyn rand_core::CryptoRng) -> Vec<u8> {
        let secret = DhSecret::generate(rng);
        let next = (secret.duplicate(), secret.public());
        let shared = self.ours.0.agree(&self.theirs);
        let mut pair = PairKeys::derive(self.our_id, &self.ours.1, 1, &self.theirs, &shared);
        let mut ciphertext = vec![0];
        let counter = pair.sending.encrypt(&mut ciphertext).unwrap();
        let mut data = Data {
            flags: 1,
            sender_key_id: self.our_id,
            recipient_key_id: 1,
            next_dh: Mpi::from_be_bytes(&next.1.to_be_bytes()),
            counter,
            ciphertext,
            mac: [0; 20],
            revealed_mac_keys: Vec::new(),
        };
        data.mac = pair
            .sending
            .authenticate(&[&data.authenticated_prefix(&self.header), &data.ciphertext]);
        self.our_id += 1;
        self.ours = next;
        close(&self.header, &Message::Data(data))
    }
}

#[test]
fn mac_keys_to_be_revealed_do_not_pile_up() {
    let mut alice = Person::alice(&[3]);
    let mut turner = Turner::meet(&mut alice);
    let mut rng = <chacha20::ChaCha20Rng as rand_core::SeedableRng>::from_seed([7; 32]);
    for round in 0..200 {
        let message = turner.message(&mut rng);
        alice.take_events();
        alice.receive(&message);
        assert!(
            matches!(alice.events[..], [otr::Event::Heartbeat { .. }]),
            "round {round}: {:?}",
            alice.events
        );
    }
    alice.say("hello");
    let Message::Data(data) = open(&alice.only_message()).1 else {
        panic!("no data message")
    };
    let keys = data.revealed_mac_keys.len() / 20;
    assert!((1..=64).contains(&keys), "{keys} keys in one message");
}

#[test]
fn one_message_asks_for_a_secret_only_so_often() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let records: Vec<Tlv> = (0..900)
        .map(|number| {
            let kind = [SMP1, SMP1Q, SMP_ABORT][number % 3];
            Tlv::new(kind, vec![0, 0, 0, 6]).unwrap()
        })
        .chain(Tlv::new(PADDING, Vec::new()))
        .collect();
    let mut env = otr::Env {
        account: &bob.account,
        rng: &mut bob.rng,
        now: bob.now,
    };
    let outputs = bob
        .conversation
        .send(&mut env, Recipient::Best, b"hello", &records)
        .unwrap();
    for output in outputs {
        if let otr::Output::Send(bytes) = output {
            alice.receive(&bytes);
        }
    }
    assert_eq!(alice.read(), ["hello"]);
    assert!(alice.take_events().len() <= 4);
    assert!(alice.outgoing.len() <= 4);
    deliver(&mut alice, &mut bob);
    bob.say("and on");
    deliver(&mut alice, &mut bob);
    assert_eq!(alice.read(), ["and on"]);
}
