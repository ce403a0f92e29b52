//! MAC keys are revealed once, only after use, in the first message after a turn, and at the end all that are left
//! (version 4, "Revealing MAC Keys").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use std::time::Duration;

use otr::crypto::kdf::{self, Usage};
use otr::v4::Channel;
use otr::v4::ratchet::MAX_WAITING;
use otr::v4::skipped_keys::{MAX_AGE, MAX_SKIPPED};
use otr::wire::Writer;
use otr::wire::v4::Data;
use v4_people::{Letter, NOW, Person, exchange, people, to_and_fro};

/// The keys in a message's field.
fn revealed(data: &Data) -> Vec<[u8; 64]> {
    let (keys, rest) = data.revealed_mac_keys.as_chunks();
    assert!(rest.is_empty());
    keys.to_vec()
}

/// Whether the key is the MAC key of the message: what anybody can do who has recorded it.
fn belongs(key: &[u8; 64], letter: &Letter) -> bool {
    let mut covered = Writer::new();
    covered.bytes(&letter.data.authenticated_prefix(&letter.header));
    covered.bytes(&letter.data.ciphertext);
    let mac: [u8; 64] = kdf::bytes(Usage::AUTHENTICATOR, &[key, covered.as_slice()]);
    mac == letter.data.mac
}

/// Asserts that these keys are those of these messages, in any order.
fn assert_reveals(keys: &[[u8; 64]], letters: &[Letter]) {
    assert_eq!(keys.len(), letters.len());
    for letter in letters {
        assert_eq!(keys.iter().filter(|key| belongs(key, letter)).count(), 1);
    }
}

fn read_all(person: &mut Person, letters: &[Letter]) {
    for letter in letters {
        person.read(letter).unwrap();
    }
}

fn last_words(person: Person) -> Data {
    let Person {
        channel,
        mut rng,
        header,
        now,
        ..
    } = person;
    channel.seal_last(&header, Vec::new(), 1, &mut rng, now).unwrap()
}

#[test]
fn keys_of_read_messages_are_revealed_in_the_first_message_after_a_turn() {
    let mut both = people(1);
    to_and_fro(&mut both, 4);
    let [mut alice, mut bob] = both;
    for _ in 0..4 {
        let letters: Vec<_> = (0..5).map(|_| alice.say("x")).collect();
        let (unread, read) = letters.split_at(2);
        assert_eq!(
            letters
                .iter()
                .map(|letter| revealed(&letter.data).len())
                .collect::<Vec<_>>(),
            // Alice has read one message of Bob's each time.
            [1, 0, 0, 0, 0]
        );
        read_all(&mut bob, read);
        let first = bob.say("x");
        let keys = revealed(&first.data);
        assert_reveals(&keys, read);
        assert!(
            unread
                .iter()
                .all(|letter| !keys.iter().any(|key| belongs(key, letter)))
        );
        let second = bob.say("x");
        assert!(revealed(&second.data).is_empty());
        // Late ones are revealed one turn later.
        read_all(&mut bob, unread);
        assert!(revealed(&bob.say("x").data).is_empty());
        read_all(&mut alice, &[first]);
        let letter = alice.say("x");
        read_all(&mut bob, std::slice::from_ref(&letter));
        let next = bob.say("x");
        assert_reveals(&revealed(&next.data), &[unread, &[letter]].concat());
        read_all(&mut alice, &[next]);
    }
}

#[test]
fn a_chain_that_was_there_from_the_start_reveals_at_the_first_turn() {
    let [mut alice, mut bob] = people(2);
    let letters: Vec<_> = (0..3).map(|_| alice.say("x")).collect();
    assert!(revealed(&bob.say("x").data).is_empty());
    read_all(&mut bob, &letters[..1]);
    // Bob has read: his next message turns the ratchet.
    let answer = bob.say("x");
    assert_eq!(
        answer.data.message_id, 1,
        "he is still in the chain that he began with"
    );
    assert!(revealed(&answer.data).is_empty());
    read_all(&mut alice, &[answer]);
    let turned = alice.say("x");
    assert_eq!((turned.data.ratchet_id, turned.data.message_id), (1, 0));
    assert_eq!(revealed(&turned.data).len(), 1);
}

#[test]
fn nothing_is_revealed_twice_and_every_ratchet_reveals_something() {
    let mut both = people(3);
    let mut seen = std::collections::BTreeSet::new();
    for turn in 0..40 {
        let (from, to) = (turn % 2, 1 - turn % 2);
        for number in 0..3 {
            let letter = both[from].say("x");
            let keys = revealed(&letter.data);
            // What otrr and otr4j insist on.
            if letter.data.ratchet_id > 0 && letter.data.message_id == 0 {
                assert!(!keys.is_empty());
            } else {
                assert!(keys.is_empty(), "{turn} {number}");
            }
            for key in keys {
                assert!(seen.insert(key));
            }
            both[to].read(&letter).unwrap();
        }
    }
    // All but those of the last turn.
    assert_eq!(seen.len(), 39 * 3);
}

#[test]
fn the_last_message_reveals_what_is_left() {
    let mut both = people(4);
    to_and_fro(&mut both, 4);
    let [mut alice, mut bob] = both;
    let letters: Vec<_> = (0..6).map(|_| alice.say("x")).collect();
    let (unread, read) = letters[..5].split_at(2);
    let (never_seen, waiting) = letters.split_last().map(|(last, _)| (last, unread)).unwrap();
    read_all(&mut bob, read);
    // Bob ends without a turn in between: keys of what he read, and of what he still waited for.
    let keys = revealed(&last_words(bob));
    assert_reveals(&keys, &[read, waiting].concat());
    assert!(!keys.iter().any(|key| belongs(key, never_seen)));
}

#[test]
fn the_last_message_right_after_a_turn_reveals_each_key_once() {
    let [mut alice, mut bob] = people(5);
    let letters: Vec<_> = (0..4).map(|_| alice.say("x")).collect();
    read_all(&mut bob, &letters[2..3]);
    let answer = bob.say("x");
    assert_eq!(revealed(&answer.data).len(), 0);
    read_all(&mut bob, &letters[3..]);
    assert_reveals(&revealed(&last_words(bob)), &letters);
}

#[test]
fn a_channel_that_ends_in_silence_leaves_its_keys_to_the_next() {
    let [mut alice, mut bob] = people(6);
    let letters: Vec<_> = (0..3).map(|_| alice.say("x")).collect();
    read_all(&mut bob, &letters[1..2]);
    let left = bob.channel.retire();
    assert_eq!(left.len(), 2);

    let [of_alice, of_bob] = exchange([1; 64], &mut alice.rng, &mut bob.rng);
    alice.channel = Channel::start(of_alice, NOW).unwrap();
    bob.channel = Channel::start(of_bob, NOW).unwrap();
    bob.channel.inherit(left);
    let hello = bob.say("x");
    assert!(revealed(&hello.data).is_empty());
    read_all(&mut alice, &[hello]);
    let new = alice.say("x");
    read_all(&mut bob, std::slice::from_ref(&new));
    assert_reveals(&revealed(&bob.say("x").data), &[&letters[..2], &[new]].concat());
}

/// Whoever renews a conversation again and again, with a gap each time, makes nothing grow.
#[test]
fn s75_what_renewed_channels_leave_is_bounded() {
    let mut left = Vec::new();
    for round in 0..4 {
        let [mut alice, mut bob] = people(round);
        bob.channel.inherit(left);
        let letters: Vec<_> = (0..MAX_WAITING).map(|_| alice.say("x")).collect();
        read_all(&mut bob, &letters[MAX_WAITING - 1..]);
        left = bob.channel.retire();
        assert!(left.len() < 2 * MAX_WAITING, "{}", left.len());
    }
}

#[test]
fn s75_keys_that_wait_are_bounded() {
    let mut both = people(9);
    to_and_fro(&mut both, 3);
    let [bob, alice] = &mut both;
    let letters: Vec<_> = (0..MAX_WAITING + 50).map(|_| alice.say("x")).collect();
    read_all(bob, &letters);
    let answer = bob.say("x");
    let keys = revealed(&answer.data);
    assert_eq!(keys.len(), MAX_WAITING);
    assert!(belongs(&keys[0], &letters[0]));
    read_all(alice, &[answer]);
}

#[test]
fn s75_keys_that_were_never_kept_are_not_revealed() {
    let mut both = people(10);
    to_and_fro(&mut both, 3);
    let [bob, alice] = &mut both;
    (0..MAX_SKIPPED + 500).for_each(|_| drop(alice.say("lost")));
    let letter = alice.say("x");
    read_all(bob, std::slice::from_ref(&letter));
    assert_eq!(bob.channel.awaited(), MAX_SKIPPED);
    assert_reveals(&revealed(&bob.say("x").data), &[letter]);
}

#[test]
fn s75_keys_that_gave_way_are_revealed() {
    // Too old.
    let mut both = people(7);
    to_and_fro(&mut both, 3);
    let [bob, alice] = &mut both;
    let letters: Vec<_> = (0..3).map(|_| alice.say("x")).collect();
    read_all(bob, &letters[2..]);
    bob.now = bob.now.plus(MAX_AGE + Duration::from_secs(1));
    assert_reveals(&revealed(&bob.say("x").data), &letters);
    assert_eq!(bob.channel.awaited(), 0);

    // Too many.
    let mut both = people(8);
    to_and_fro(&mut both, 3);
    let [bob, alice] = &mut both;
    let letters: Vec<_> = (0..MAX_SKIPPED + 1).map(|_| alice.say("x")).collect();
    read_all(bob, &letters[MAX_SKIPPED..]);
    let answer = bob.say("x");
    assert_reveals(&revealed(&answer.data), &letters[MAX_SKIPPED..]);
    read_all(alice, &[answer]);
    let more: Vec<_> = (0..4).map(|_| alice.say("x")).collect();
    read_all(bob, &more[3..]);
    assert_eq!(bob.channel.awaited(), MAX_SKIPPED);
    let keys = revealed(&bob.say("x").data);
    assert_reveals(&keys, &[&letters[..3], &more[3..]].concat());
}
