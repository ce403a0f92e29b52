//! Keys that no honest person sends: off the curve, of low order, out of the group, or not new (S-14, S-78).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use num_bigint::BigUint;
use otr::Reject;
use otr::crypto::dh3072::DhSecret;
use otr::wire::Mpi;
use otr::wire::v4::EncodedPoint;
use v4_people::{Letter, Person, people, to_and_fro};

/// Bob, and a message of Alice's that turns the ratchet with an ECDH key and a DH key; with the one before it.
fn third_turn() -> (Person, Letter, Letter) {
    let mut both = people(1);
    to_and_fro(&mut both, 2);
    let [mut alice, mut bob] = both;
    let before = alice.say("x");
    bob.read(&before).unwrap();
    let letter = bob.say("x");
    alice.read(&letter).unwrap();
    let letter = alice.say("with both keys");
    assert_eq!(letter.data.ratchet_id, 3);
    (bob, before, letter)
}

/// The field's prime.
fn p() -> BigUint {
    (BigUint::from(1_u8) << 448) - (BigUint::from(1_u8) << 224) - 1_u8
}

fn point(y: &BigUint, sign: u8) -> EncodedPoint {
    let mut bytes = [0; 57];
    let digits = y.to_bytes_le();
    bytes[..digits.len()].copy_from_slice(&digits);
    bytes[56] |= sign << 7;
    EncodedPoint(bytes)
}

#[test]
fn s78_points_that_are_not_of_the_prime_order() {
    let (mut bob, _, letter) = third_turn();
    let true_y = BigUint::from_bytes_le(&letter.data.ecdh.as_bytes()[..56]);
    let bad = [
        // The neutral element, and points of order 2 and 4.
        point(&BigUint::from(1_u8), 0),
        point(&(p() - 1_u8), 0),
        point(&BigUint::from(0_u8), 0),
        point(&BigUint::from(0_u8), 1),
        // Other spellings of those.
        point(&BigUint::from(1_u8), 1),
        point(&(p() - 1_u8), 1),
        point(&p(), 0),
        point(&(p() + 1_u8), 0),
        // A good point, spelled with bits that mean nothing, or above the prime.
        EncodedPoint({
            let mut bytes = *letter.data.ecdh.as_bytes();
            bytes[56] |= 1;
            bytes
        }),
        point(&(p() + 5_u8), 0),
        EncodedPoint([0xff; 57]),
        // A good point and one of order 2 together.
        point(&(p() - true_y), 0),
    ];
    for ecdh in bad {
        let mut changed = letter.clone();
        changed.data.ecdh = ecdh;
        bob.assert_refused(&changed, Reject::BadGroupElement);
    }
    // Half of all numbers are no point at all.
    let mut off_the_curve = 0;
    for y in 2..40_u8 {
        let mut changed = letter.clone();
        changed.data.ecdh = point(&BigUint::from(y), 0);
        match bob.open(&changed).err() {
            Some(Reject::BadGroupElement) => off_the_curve += 1,
            Some(Reject::BadAuthenticator) => {}
            other => panic!("{y}: {other:?}"),
        }
    }
    assert!(off_the_curve > 20, "{off_the_curve}");
    assert_eq!(bob.read(&letter), Ok("with both keys".into()));
}

#[test]
fn s14_numbers_outside_the_group() {
    let (mut bob, _, letter) = third_turn();
    let limbs = otr_arith::group_3072().modulus().value();
    let p = limbs
        .iter()
        .rev()
        .fold(BigUint::from(0_u8), |number, limb| (number << 64) + *limb);
    let one = BigUint::from(1_u8);
    for number in [
        one.clone(),
        &p - &one,
        p.clone(),
        &p + &one,
        &p + 2_u8,
        &p + 4_u8,
        // Not a square: minus a square.
        &p - 4_u8,
        BigUint::from_bytes_be(&[0xff; 384]),
        BigUint::from_bytes_be(&[0xff; 385]),
    ] {
        let mut changed = letter.clone();
        changed.data.dh = Mpi::from_be_bytes(&number.to_bytes_be());
        bob.assert_refused(&changed, Reject::BadGroupElement);
    }
    assert_eq!(bob.read(&letter), Ok("with both keys".into()));
}

#[test]
fn s78_keys_have_to_be_new() {
    let (mut bob, before, letter) = third_turn();
    let ours = bob.say("of ours");
    let with = |change: &dyn Fn(&mut Letter)| {
        let mut copy = letter.clone();
        change(&mut copy);
        copy
    };
    // Our own key, sent back.
    bob.assert_refused(&with(&|l| l.data.ecdh = ours.data.ecdh), Reject::BadGroupElement);
    // Theirs of the ratchet that is received now: nothing of that one has the number 3.
    bob.assert_refused(&with(&|l| l.data.ecdh = before.data.ecdh), Reject::UnknownKey);

    // Theirs from before that: the first keys of the exchange, and of the first chain.
    let oldest = bob.first_key_of_the_peer;
    bob.assert_refused(&with(&|l| l.data.ecdh = oldest), Reject::Replayed);

    // The DH keys that are in use: both people's last ones.
    let mut both = people(1);
    let first = both[0].say("x");
    both[1].read(&first).unwrap();
    let second = both[1].say("x");
    assert_eq!((first.data.ratchet_id, second.data.ratchet_id), (0, 0));
    for dh in [&first.data.dh, &second.data.dh] {
        assert!(!dh.is_zero());
        bob.assert_refused(&with(&|l| l.data.dh = dh.clone()), Reject::BadGroupElement);
    }
    // Any other is as good as the true one, until the authenticator is checked.
    let other = DhSecret::generate(&mut bob.rng).public();
    bob.assert_refused(
        &with(&|l| l.data.dh = Mpi::from_be_bytes(&other.to_be_bytes())),
        Reject::BadAuthenticator,
    );
    assert_eq!(bob.read(&letter), Ok("with both keys".into()));
}

#[test]
fn s78_a_key_of_the_exchange_is_no_key_of_a_ratchet() {
    // Bob turns the ratchet before he sends anything; a first message with the key of the exchange itself is none of his.
    let [mut alice, mut bob] = people(2);
    let letter = bob.say("x");
    let first_key = alice.first_key_of_the_peer;
    let mut changed = letter.clone();
    changed.data.ecdh = first_key;
    alice.assert_refused(&changed, Reject::BadGroupElement);
    assert_eq!(alice.read(&letter), Ok("x".into()));
}

#[test]
fn s78_a_message_sent_back_is_refused() {
    let mut both = people(3);
    to_and_fro(&mut both, 3);
    for person in &mut both {
        for _ in 0..2 {
            let letter = person.say("x");
            let before = otr::hazmat::channel_state(&person.channel);
            assert!(person.open(&letter).is_err());
            let mut turned = letter.clone();
            core::mem::swap(&mut turned.header.sender, &mut turned.header.receiver);
            assert!(person.open(&turned).is_err());
            assert!(before == otr::hazmat::channel_state(&person.channel));
        }
    }
}
