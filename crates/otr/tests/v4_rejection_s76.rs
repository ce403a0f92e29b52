//! No message that is refused changes anything, whatever was done to it; and afterwards the true one is read (S-76).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use otr::Reject;
use otr::hazmat::channel_state;
use otr::wire::v4::{EncodedPoint, Message as V4};
use otr::wire::{InstanceTag, Message, Mpi, decode_message, encode_message};
use v4_people::{Letter, Person, people, to_and_fro};

/// A message that Bob has not read, in every situation that the ratchet knows.
fn situations() -> Vec<(&'static str, Person, Letter)> {
    let mut all = Vec::new();
    {
        let [mut alice, bob] = people(1);
        let letter = alice.say("first of the first chain");
        all.push(("first chain", bob, letter));
    }
    {
        let [mut alice, mut bob] = people(2);
        let late = alice.say("late");
        let letter = alice.say("x");
        bob.read(&letter).unwrap();
        all.push(("late", bob, late));
    }
    {
        let [mut alice, mut bob] = people(3);
        (0..3).for_each(|_| drop(alice.say("lost")));
        let letter = alice.say("x");
        bob.read(&letter).unwrap();
        (0..3).for_each(|_| drop(alice.say("lost")));
        let letter = alice.say("after a gap");
        all.push(("same chain", bob, letter));
    }
    // Bob's first answer is of ratchet 0; then Alice's are of 1, 3, 5 …: with the DH key of a third and without.
    for (name, turns, ratchet_id) in [("turn", 2, 1), ("third turn", 4, 3)] {
        let mut both = people(4);
        to_and_fro(&mut both, turns);
        let [mut alice, bob] = both;
        (0..2).for_each(|_| drop(alice.say("lost")));
        let letter = alice.say("after a turn");
        assert_eq!(letter.data.ratchet_id, ratchet_id);
        all.push((name, bob, letter));
    }
    all
}

fn encoded(letter: &Letter) -> Vec<u8> {
    let message = Message::V4(Box::new(V4::Data(letter.data.clone())));
    encode_message(&letter.header, &message)
}

fn decoded(bytes: &[u8]) -> Option<Letter> {
    let (header, message) = decode_message(bytes).ok()?;
    match message {
        Message::V4(message) => match *message {
            V4::Data(data) => Some(Letter { header, data }),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn s76_every_changed_byte_is_refused_without_a_trace() {
    for (name, mut bob, letter) in situations() {
        let before = channel_state(&bob.channel);
        let bytes = encoded(&letter);
        // What is revealed is not authenticated: anybody may change it, and it means nothing to us.
        let revealed = letter.data.revealed_mac_keys.len();
        let mut tried = 0;
        for place in 0..bytes.len() - revealed {
            for bit in [1 << (place % 8), 0xff] {
                let mut changed = bytes.clone();
                changed[place] ^= bit;
                let Some(changed) = decoded(&changed) else {
                    continue;
                };
                tried += 1;
                assert!(bob.open(&changed).is_err(), "{name}: byte {place}");
                assert!(
                    before == channel_state(&bob.channel),
                    "{name}: byte {place} left a trace"
                );
            }
        }
        assert!(tried > 300, "{name}: {tried}");
        for end in 0..bytes.len() {
            assert!(decoded(&bytes[..end]).is_none(), "{name}: cut at {end}");
        }
        assert!(bob.read(&letter).is_ok(), "{name}");
    }
}

#[test]
fn s76_every_field_at_its_edges_is_refused_without_a_trace() {
    let edges = [0, 1, 2, 3, 999, 1000, 2000, 2001, 1 << 31, u32::MAX - 1, u32::MAX];
    for (name, mut bob, letter) in situations() {
        let true_one = &letter.data;
        let mut changed = Vec::new();
        let mut with = |change: &dyn Fn(&mut Letter)| {
            let mut copy = letter.clone();
            change(&mut copy);
            changed.push(copy);
        };
        for value in edges {
            with(&|letter| letter.data.message_id = value);
            with(&|letter| letter.data.ratchet_id = value);
            with(&|letter| letter.data.previous_sent = value);
            with(&|letter| {
                letter.data.ratchet_id = value;
                letter.data.dh = Mpi::from_be_bytes(&[4]);
            });
        }
        for flags in 0..=u8::MAX {
            with(&|letter| letter.data.flags = flags);
        }
        for tag in [0x100, 0x0011_1112, u32::MAX] {
            with(&|letter| letter.header.sender = InstanceTag::from_raw(tag));
            with(&|letter| letter.header.receiver = InstanceTag::from_raw(tag));
        }
        with(&|letter| core::mem::swap(&mut letter.header.sender, &mut letter.header.receiver));
        with(&|letter| letter.data.ciphertext.clear());
        with(&|letter| letter.data.ciphertext.push(0));
        with(&|letter| letter.data.mac = [0; 64]);
        with(&|letter| letter.data.ecdh = EncodedPoint([0; 57]));
        with(&|letter| letter.data.dh = Mpi::from_be_bytes(&[1; 384]));
        with(&|letter| letter.data.dh = Mpi::default());
        for length in [1, 20, 63, 65, 127] {
            with(&|letter| letter.data.revealed_mac_keys = vec![1; length]);
        }
        let before = channel_state(&bob.channel);
        let mut tried = 0;
        for changed in changed {
            if changed.data == *true_one && changed.header == letter.header {
                continue;
            }
            tried += 1;
            assert!(bob.open(&changed).is_err(), "{name}: {changed:?}");
            assert!(
                before == channel_state(&bob.channel),
                "{name}: {changed:?} left a trace"
            );
        }
        assert!(tried > 290, "{tried}");
        assert!(bob.read(&letter).is_ok(), "{name}");
    }
}

#[test]
fn s76_a_refused_message_has_its_reason() {
    let mut both = people(5);
    to_and_fro(&mut both, 4);
    let [mut alice, mut bob] = both;
    let letter = alice.say("x");
    assert_eq!(letter.data.ratchet_id, 3);
    let with = |change: &dyn Fn(&mut Letter)| {
        let mut copy = letter.clone();
        change(&mut copy);
        copy
    };
    bob.assert_refused(&with(&|l| l.data.mac[63] ^= 0x80), Reject::BadAuthenticator);
    bob.assert_refused(&with(&|l| l.data.flags = 2), Reject::Malformed);
    bob.assert_refused(&with(&|l| l.data.flags = 0x80), Reject::Malformed);
    bob.assert_refused(
        &with(&|l| l.data.revealed_mac_keys.truncate(63)),
        Reject::Malformed,
    );
    // A third ratchet without a DH key, and another one with one.
    bob.assert_refused(&with(&|l| l.data.dh = Mpi::default()), Reject::Malformed);
    bob.assert_refused(&with(&|l| l.data.ratchet_id = 4), Reject::Malformed);
    // Ratchets that are no more, and that cannot be yet.
    bob.assert_refused(&with(&|l| l.data.ratchet_id = 0), Reject::UnknownKey);
    bob.assert_refused(&with(&|l| l.data.ratchet_id = 6), Reject::UnknownKey);
    assert_eq!(bob.read(&letter), Ok("x".into()));
    // Now it is Bob's turn: the next ratchet cannot be theirs.
    let mut early = alice.say("x");
    early.data.ratchet_id = 4;
    early.data.dh = Mpi::default();
    early.data.ecdh = EncodedPoint(otr::crypto::ed448::Point::base().encode());
    bob.assert_refused(&early, Reject::UnknownKey);
    bob.assert_refused(&letter, Reject::Replayed);
}

#[test]
fn copies_are_told_from_messages_of_other_sessions() {
    let mut both = people(7);
    let mut letters = Vec::new();
    for _ in 0..20 {
        for person in 0..2 {
            let letter = both[person].say("x");
            both[1 - person].read(&letter).unwrap();
            if person == 0 {
                letters.push(letter);
            }
        }
    }
    let [alice, mut bob] = both;
    for (turns_ago, letter) in letters.iter().rev().enumerate() {
        // The last one and sixteen more.
        let expected = if turns_ago <= 16 {
            Reject::Replayed
        } else {
            Reject::UnknownKey
        };
        bob.assert_refused(letter, expected);
    }
    drop(alice);
    // Another session's messages, first and later ones.
    let mut others = people(8);
    let [first, _] = [others[0].say("x"), others[0].say("x")];
    bob.assert_refused(&first, Reject::UnknownKey);
    to_and_fro(&mut others, 3);
    let later = others[0].say("x");
    bob.assert_refused(&later, Reject::UnknownKey);
}

#[test]
fn revealing_nothing_where_peers_want_something_is_read() {
    // otrr and otr4j refuse this; the field is not authenticated, so to refuse it would protect nothing.
    let mut both = people(6);
    to_and_fro(&mut both, 2);
    let [mut alice, mut bob] = both;
    let mut letter = alice.say("x");
    assert!(letter.data.ratchet_id > 0 && letter.data.message_id == 0);
    assert!(!letter.data.revealed_mac_keys.is_empty());
    letter.data.revealed_mac_keys.clear();
    assert_eq!(bob.read(&letter), Ok("x".into()));
}
