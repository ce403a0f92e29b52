//! Deniability of data messages, shown by doing it: what is forged passes the very checks that honest messages pass
//! (S-80; version 4, "Forging").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_exchange;
mod v4_people;
mod v4_vectors;

use otr::Reject;
use otr::secret::Secret;
use otr::v4::Channel;
use otr::v4::forge::{self, Puppet};
use otr::v4::forge_data::{authenticate_again, modify, read, read_with_chain, transcript, write_with_chain};
use otr::v4::message_keys::{ChainKey, MacKey, RevealedMacKey};
use otr::v4::ratchet::Side;
use otr::wire::v4::{Data, Message as V4};
use otr::wire::{Header, Incoming, Message, armor, classify, decode_message};
use rand_core::SeedableRng;
use v4_people::{Letter, people};
use v4_vectors::{array, run, run_text};

/// The first data message of the recorded run.
fn recorded() -> (Header, Data) {
    let Incoming::Armored(body) = classify(run_text("alice.data0").as_bytes()) else {
        panic!("an encoded message")
    };
    let (header, message) = decode_message(&armor::decode(body).unwrap()).unwrap();
    match message {
        Message::V4(message) => match *message {
            V4::Data(data) => (header, data),
            _ => panic!("a data message"),
        },
        _ => panic!("version 4"),
    }
}

#[test]
fn s80_a_published_mac_key_lets_anybody_change_what_was_said() {
    // Two Bobs in the same state: one reads the true message and publishes its key, the other is shown the forged one.
    let [[mut alice, mut bob], [mut same_alice, mut judge]] = [people(1), people(1)];
    for [alice, bob] in [[&mut alice, &mut bob], [&mut same_alice, &mut judge]] {
        for _ in 0..2 {
            let letter = alice.say("x");
            bob.read(&letter).unwrap();
            let letter = bob.say("x");
            alice.read(&letter).unwrap();
        }
    }
    let letter = alice.say("I owe you 100");
    bob.read(&letter).unwrap();
    let answer = bob.say("thanks");
    let keys = answer.data.revealed_mac_keys.as_chunks::<64>().0;
    let forged = keys
        .iter()
        .map(|key| RevealedMacKey::from_bytes(*key))
        .map(|key| {
            let data = modify(&key, &letter.header, &letter.data, 10, b"100", b"999").unwrap();
            let header = letter.header;
            judge.read(&Letter { header, data })
        });
    let read: Vec<_> = forged.filter_map(Result::ok).collect();
    assert_eq!(read, ["I owe you 999"]);
    // Bob himself is not deceived: to him it is a copy.
    bob.assert_refused(&letter, Reject::Replayed);

    let key = RevealedMacKey::from_bytes([1; 64]);
    for (offset, old, new) in [(11, "100", "999"), (usize::MAX, "100", "999"), (0, "1", "99")] {
        let data = modify(
            &key,
            &letter.header,
            &letter.data,
            offset,
            old.as_bytes(),
            new.as_bytes(),
        );
        assert_eq!(data, None);
    }
}

#[test]
fn a_message_key_reads_its_message_and_gives_its_mac_key() {
    let (header, data) = recorded();
    let encryption = Secret::fill_with(|key| *key = array(&run("alice.mkenc")));
    assert_eq!(read(&encryption, &data), b"hello");
    assert_eq!(
        MacKey::of(&encryption).reveal().as_bytes().as_slice(),
        run("alice.mkmac")
    );
    let mut again = data.clone();
    again.mac = [0; 64];
    authenticate_again(&MacKey::of(&encryption), &header, &mut again);
    assert_eq!(again, data);
}

#[test]
fn a_chain_key_reads_and_writes_its_message_and_those_after_it() {
    let (header, data) = recorded();
    let chain = ChainKey::fill_with(|key| *key = array(&run("alice.chain_s")));
    assert_eq!(read_with_chain(&chain, 0, &data), b"hello");
    assert_ne!(read_with_chain(&chain, 1, &data), b"hello");
    assert_eq!(write_with_chain(&chain, 0, &header, &data, b"hello"), data);
    let forged = write_with_chain(&chain, 0, &header, &data, b"good bye, and longer");
    let encryption = Secret::fill_with(|key| *key = array(&run("alice.mkenc")));
    assert!(MacKey::of(&encryption).verifies(
        [&forged.authenticated_prefix(&header), &forged.ciphertext],
        &forged.mac
    ));
    assert_eq!(read(&encryption, &forged), b"good bye, and longer");
}

#[test]
fn s80_a_whole_conversation_is_written_from_two_profiles() {
    let [alice, bob] = v4_exchange::meet();
    let puppet = |person: &v4_exchange::Person| (person.account.profile().clone(), person.name.as_bytes());
    let (of_alice, of_bob) = (puppet(&alice), puppet(&bob));
    let [bob_puppet, alice_puppet] = [&of_bob, &of_alice].map(|(profile, name)| Puppet {
        profile,
        name,
        key: None,
    });
    let mut rng = chacha20::ChaCha20Rng::from_seed([5; 32]);
    let headers = [alice.header_to(&bob), bob.header_to(&alice)];
    let lines: [(Side, &[u8]); 5] = [
        (Side::Alice, b"did you get the documents?"),
        (Side::Bob, b"yes"),
        (Side::Bob, b"all of them"),
        (Side::Alice, b"burn them"),
        (Side::Bob, b"done"),
    ];
    // The same exchange twice: what is written of one is read by the people of the other.
    let [written, judges] = [(); 2].map(|()| {
        let mut rng = chacha20::ChaCha20Rng::from_seed([6; 32]);
        forge::exchange(&bob_puppet, &alice_puppet, &mut rng).unwrap()
    });
    let mut judge_of_bob = Channel::start(judges.alice.established, v4_exchange::NOW).unwrap();
    let written = transcript(written, headers, &lines, &mut rng, v4_exchange::NOW).unwrap();
    assert_eq!(written.len(), lines.len());
    // Alice's channel draws nothing at its start, so it is the one that took part in the forged conversation.
    for ((side, text), (header, data)) in lines.iter().zip(written).take(3) {
        if *side == Side::Bob {
            let opened = judge_of_bob.open(&header, data, v4_exchange::NOW).unwrap();
            assert_eq!(opened.plaintext, *text);
        }
    }
}
