//! Padding and heartbeats of version 4 (S-74): lengths tell little, and who only listens lets the keys move on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::open;
use common::{Person, deliver, private_pair};
use otr::wire::v4::{Data, Message as V4};
use otr::wire::{Message, classic::IGNORE_UNREADABLE};
use otr::{Event, Recipient};

fn data(letter: &[u8]) -> Data {
    let Message::V4(message) = open(letter).1 else {
        panic!("of another version")
    };
    let V4::Data(data) = *message else {
        panic!("no data message")
    };
    data
}

fn minute(of: &mut Person) -> &mut Person {
    let heartbeat = of.conversation.policy().limits.heartbeat;
    of.pass(u64::try_from(heartbeat.as_millis()).unwrap())
}

#[test]
fn s74_short_texts_heartbeats_and_ends_have_one_length() {
    let (mut alice, mut bob) = private_pair(&[4]);
    let mut lengths = Vec::new();
    for length in (1..=200).step_by(7) {
        alice.say(&"x".repeat(length));
        let letter = alice.only_message();
        lengths.push(data(&letter).ciphertext.len());
        bob.receive(&letter);
    }
    alice.act(|conversation, env| conversation.heartbeat(env, Recipient::Best).unwrap());
    let heartbeat = alice.only_message();
    lengths.push(data(&heartbeat).ciphertext.len());
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    lengths.push(data(&alice.only_message()).ciphertext.len());
    lengths.dedup();
    assert_eq!(lengths, [256]);
    assert_eq!(bob.read().len(), 29);
}

#[test]
fn s74_a_text_after_a_minute_of_silence_is_answered_without_words() {
    let (mut alice, mut bob) = private_pair(&[4]);
    // Not before.
    bob.say("soon");
    deliver(&mut alice, &mut bob);
    assert!(alice.outgoing.is_empty() && alice.read() == ["soon"]);
    minute(&mut alice);
    bob.say("later");
    alice.receive(&bob.only_message());
    assert_eq!(alice.read(), ["later"]);
    let heartbeat = alice.only_message();
    let sent = data(&heartbeat);
    assert_eq!(sent.flags, IGNORE_UNREADABLE);
    // It turns the ratchet, and publishes the MAC keys of what was read.
    assert!(!sent.revealed_mac_keys.is_empty());
    minute(&mut bob).receive(&heartbeat);
    let told = bob.take_events();
    assert!(matches!(&told[..], [Event::Heartbeat { .. }]), "{told:?}");
    assert!(bob.outgoing.is_empty(), "no heartbeat answers a heartbeat");
    // Neither is one that cannot be read answered by an error.
    bob.receive(&heartbeat);
    assert!(bob.take_events().is_empty() && bob.outgoing.is_empty());
    bob.say("and on");
    deliver(&mut alice, &mut bob);
    assert_eq!(alice.read(), ["and on"]);
}
