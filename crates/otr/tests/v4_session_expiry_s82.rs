//! When a session is too old, and how its end is sealed (S-82; version 4, "Session Expiration").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use std::time::Duration;

use otr::v4::channel::{DEFAULT_EXPIRY, padded};
use otr::wire::Plaintext;
use otr::wire::tlv::DISCONNECTED;
use otr::{Timestamp, Tlv};
use v4_people::{NOW, people, to_and_fro};

#[test]
fn s82_only_a_new_key_of_ours_renews_a_session() {
    let [mut alice, mut bob] = people(1);
    let hour = Duration::from_secs(3600);
    assert_eq!(alice.channel.expires(DEFAULT_EXPIRY), NOW.plus(DEFAULT_EXPIRY));
    assert_eq!(bob.channel.expires(DEFAULT_EXPIRY), NOW.plus(DEFAULT_EXPIRY));

    // What one side says without an answer does not.
    alice.now = NOW.plus(hour);
    let letter = alice.say("x");
    assert_eq!(alice.channel.expires(hour), NOW.plus(hour));
    // Nor does what is read.
    bob.now = NOW.plus(hour);
    bob.read(&letter).unwrap();
    assert_eq!(bob.channel.expires(hour), NOW.plus(hour));
    let letter = bob.say("x");
    assert_eq!(bob.channel.expires(hour), NOW.plus(hour));
    alice.read(&letter).unwrap();
    assert_eq!(alice.channel.expires(hour), NOW.plus(hour));
    // A turn does, for the side that turns.
    let letter = alice.say("x");
    assert_eq!(alice.channel.expires(hour), NOW.plus(2 * hour));
    bob.read(&letter).unwrap();
    assert_eq!(bob.channel.expires(hour), NOW.plus(hour));
    bob.say("x");
    assert_eq!(bob.channel.expires(hour), NOW.plus(2 * hour));
}

#[test]
fn s82_clocks_at_their_ends_do_no_harm() {
    for time in [0, u64::MAX] {
        let mut both = people(2);
        for person in &mut both {
            person.now = Timestamp::from_millis(time);
            person.channel.tick(person.now);
        }
        to_and_fro(&mut both, 4);
        for person in &mut both {
            assert!(person.channel.expires(DEFAULT_EXPIRY) >= person.now);
        }
    }
}

#[test]
fn the_last_message_is_read_as_any_other() {
    let [alice, mut bob] = people(3);
    let records = vec![Tlv::new(DISCONNECTED, Vec::new()).unwrap()];
    let (header, mut rng) = (alice.header, alice.rng);
    let plaintext = padded(b"", records.clone(), 256);
    assert_eq!(plaintext.len(), 256);
    let data = alice
        .channel
        .seal_last(&header, plaintext, 1, &mut rng, NOW)
        .unwrap();
    let opened = bob.channel.open(&header, data, NOW).unwrap();
    assert_eq!(Plaintext::decode(opened.plaintext).tlvs[..1], records);
}

#[test]
fn d26_the_nul_stands_only_before_records() {
    let record = || Tlv::new(DISCONNECTED, Vec::new()).unwrap();
    type Row<'a> = (&'a [u8], Vec<Tlv>, u16, &'a [u8]);
    let table: [Row<'_>; 7] = [
        (b"", vec![], 0, b""),
        (b"hi", vec![], 0, b"hi"),
        (b"hi", vec![record()], 0, b"hi\0\0\x01\0\0"),
        (b"", vec![record()], 0, b"\0\0\x01\0\0"),
        // A NUL of the person's own would make records of what follows.
        (b"h\0i\0", vec![], 0, b"hi"),
        (b"h\0\0\x01\0\0i", vec![record()], 0, b"h\x01i\0\0\x01\0\0"),
        (b"hi", vec![], 8, b"hi\0\0\0\0\x01\0"),
    ];
    for (text, records, bucket, expected) in table {
        assert_eq!(padded(text, records, bucket), expected, "{text:?}");
    }
    for length in 0..=200 {
        assert_eq!(padded(&vec![b'x'; length], vec![], 256).len(), 256, "{length}");
        assert_eq!(
            padded(&vec![0; length], vec![record()], 256).len(),
            256,
            "{length}"
        );
    }
    // Both forms are read.
    for sent in [&b"hi"[..], b"hi\0"] {
        assert_eq!(*Plaintext::decode(sent.to_vec()).text, *b"hi");
    }
}

#[test]
fn what_is_known_of_the_fate_of_our_messages() {
    let [mut alice, mut bob] = people(4);
    let traffic = |person: &v4_people::Person| {
        let traffic = person.channel.traffic();
        (traffic.sealed, traffic.read, traffic.certain)
    };
    let (first, second) = (alice.say("1"), alice.say("2"));
    let hello = bob.say("hello");
    // Bob's first turn happens in any case.
    alice.read(&hello).unwrap();
    assert_eq!(traffic(&alice), (2, 0, 0));
    bob.read(&second).unwrap();
    // Alice's first chain says nothing of Bob's messages either.
    assert_eq!(traffic(&bob), (1, 0, 0));
    let third = alice.say("3");
    bob.read(&third).unwrap();
    // To turn the ratchet she must have read his only message.
    assert_eq!(traffic(&bob), (1, 1, 1));
    let answer = bob.say("answer");
    alice.read(&answer).unwrap();
    assert_eq!(traffic(&alice), (3, 3, 3));
    bob.read(&first).unwrap();
    // Several messages with one key: one of them was read, and nobody knows which.
    let several = [alice.say("4"), alice.say("5")];
    bob.read(&several[1]).unwrap();
    let answer = bob.say("answer");
    alice.read(&answer).unwrap();
    assert_eq!(traffic(&alice), (5, 4, 3));
}

#[test]
fn a_channel_is_small_and_may_go_to_another_thread() {
    const fn may_go<T: Send + 'static>() {}
    may_go::<otr::v4::Channel>();
    let mut both = people(5);
    to_and_fro(&mut both, 40);
    for person in &both {
        let held = size_of::<otr::v4::Channel>() + otr::hazmat::channel_state(&person.channel).len();
        assert!(held < 8 * 1024, "{held}");
    }
}
