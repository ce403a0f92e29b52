//! Extra symmetric keys: the same on both sides, one for each use (version 4, "Extra Symmetric Key").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use std::collections::BTreeSet;

use otr::Tlv;
use otr::crypto::kdf::shake256;
use otr::v4::extra_keys::{MAX_ANNOUNCED, announced};
use otr::wire::Plaintext;
use otr::wire::tlv::{EXTRA_KEY_V4, PADDING};
use v4_people::people;

fn record(value: &[u8]) -> Tlv {
    Tlv::new(EXTRA_KEY_V4, value.to_vec()).unwrap()
}

fn padding() -> Tlv {
    Tlv::new(PADDING, vec![0; 3]).unwrap()
}

#[test]
fn both_sides_hold_the_same_keys() {
    let [mut alice, mut bob] = people(1);
    let records = vec![
        record(b"filename.png"),
        padding(),
        record(b"\0\0\0\x01"),
        padding(),
    ];
    let (letter, base) = alice.seal("", records.clone());
    let base = base.unwrap();
    let opened = bob.open(&letter).unwrap();
    let same = opened.extra_key.unwrap();
    assert_eq!(same.expose(), base.expose());
    let arrived = Plaintext::decode(opened.plaintext).tlvs;
    assert_eq!(arrived, records);
    let (ours, theirs) = (announced(&base, &records), announced(&same, &arrived));
    assert_eq!((ours.len(), theirs.len()), (2, 2));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours.key.expose(), theirs.key.expose());
        assert_eq!((ours.context, &ours.data), (theirs.context, &theirs.data));
    }
    assert_eq!((&ours[0].context, &ours[0].data[..]), (b"file", &b"name.png"[..]));
    assert_eq!((&ours[1].context, &ours[1].data[..]), (b"\0\0\0\x01", &b""[..]));

    // As the decision says: the place in the whole list, the context, the key before.
    let mut expected = [0; 64];
    shake256(&[b"OTRv4", &[0], b"file", base.expose()], &mut expected);
    assert_eq!(ours[0].key.expose(), &expected);
    let first = expected;
    shake256(&[b"OTRv4", &[2], b"\0\0\0\x01", &first], &mut expected);
    assert_eq!(ours[1].key.expose(), &expected);
}

#[test]
fn every_message_has_a_key_of_its_own_even_a_late_one() {
    let [mut alice, mut bob] = people(2);
    let mut seen = BTreeSet::new();
    let mut letters: Vec<_> = (0..5).map(|_| alice.seal("x", vec![record(b"same")])).collect();
    letters.reverse();
    for (letter, base) in letters {
        let (base, opened) = (base.unwrap(), bob.open(&letter).unwrap());
        assert_eq!(opened.extra_key.unwrap().expose(), base.expose());
        assert!(seen.insert(*base.expose()));
        assert!(seen.insert(*announced(&base, &[record(b"same")])[0].key.expose()));
    }
}

#[test]
fn records_that_are_too_short_or_too_many_announce_nothing() {
    let [mut alice, _] = people(3);
    let base = alice.seal("", vec![record(b"base")]).1.unwrap();
    for length in 0..4 {
        assert!(announced(&base, &[record(&vec![1; length])]).is_empty());
    }
    let short_first = announced(&base, &[record(b"abc"), record(b"abcd")]);
    let mut expected = [0; 64];
    shake256(&[b"OTRv4", &[1], b"abcd", base.expose()], &mut expected);
    assert_eq!(short_first[0].key.expose(), &expected);

    let many = vec![record(b"many"); 300];
    let keys = announced(&base, &many);
    assert_eq!(keys.len(), MAX_ANNOUNCED);
    let distinct: BTreeSet<_> = keys.iter().map(|announced| *announced.key.expose()).collect();
    assert_eq!(distinct.len(), MAX_ANNOUNCED);
    // Beyond the 256th record the place has no byte.
    let far = [vec![padding(); 256], vec![record(b"far ")]].concat();
    assert!(announced(&base, &far).is_empty());
    let last = [vec![padding(); 255], vec![record(b"last")]].concat();
    assert_eq!(announced(&base, &last).len(), 1);
}

#[test]
fn version_3_announces_with_another_type() {
    let [mut alice, _] = people(4);
    let base = alice.seal("", vec![record(b"base")]).1.unwrap();
    let of_three = Tlv::new(otr::wire::tlv::EXTRA_KEY, b"\0\0\0\x01".to_vec()).unwrap();
    assert!(announced(&base, &[of_three]).is_empty());
}

#[test]
fn a_message_gives_its_key_only_if_a_record_announces_it() {
    let [mut alice, mut bob] = people(5);
    let far = [vec![padding(); 20], vec![record(b"far ")]].concat();
    let table: [(&str, Vec<Tlv>, bool); 7] = [
        ("text", vec![], false),
        ("", vec![], false),
        ("text", vec![padding()], false),
        ("text", vec![record(b"use!")], true),
        ("", vec![padding(), record(b"")], true),
        ("text", far, true),
        // The words themselves announce nothing.
        ("\u{0}\u{7}\u{0}\u{0}", vec![padding()], false),
    ];
    for (text, records, expected) in table {
        let (letter, key) = alice.seal(text, records);
        assert_eq!(key.is_some(), expected, "{text}");
        assert_eq!(bob.open(&letter).unwrap().extra_key.is_some(), expected);
    }
    // A record that ends too early announces nothing, and what stands before it counts.
    for (plaintext, expected) in [
        (&b"\0\0\x07"[..], false),
        (b"\0\0\x07\0", false),
        (b"\0\0\x07\0\x01", false),
        (b"\0\0\x07\0\0\0", true),
    ] {
        let sealed = alice
            .channel
            .seal(&alice.header, plaintext.to_vec(), 0, &mut alice.rng, alice.now);
        let (data, key) = sealed.unwrap();
        assert_eq!(key.is_some(), expected, "{plaintext:?}");
        let opened = bob.channel.open(&alice.header, data, bob.now).unwrap();
        assert_eq!(opened.extra_key.is_some(), expected);
    }
}
