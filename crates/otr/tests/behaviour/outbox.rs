//! S-21: a text that waits goes to the right person or to nobody.

use core::time::Duration;

use otr::outbox::{Outbox, OutboxLimits, Why};
use otr::{Fingerprint, Timestamp, Version};

const BOB: Fingerprint = Fingerprint::from_bytes([1; 20]);
const MALLORY: Fingerprint = Fingerprint::from_bytes([9; 20]);

fn texts(released: &[otr::outbox::Released]) -> Vec<(String, bool)> {
    released
        .iter()
        .map(|one| (String::from_utf8(one.text.to_vec()).unwrap(), one.again))
        .collect()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn s21_resend_requires_same_fingerprint() {
    let mut outbox = Outbox::default();
    outbox.sent(b"the plan", BOB, Version::V3, at(100));
    // An unsigned error, and then a key exchange with somebody else.
    assert_eq!(outbox.possibly_lost(at(101)), 1);
    assert_eq!(outbox.established(MALLORY, Version::V3), []);
    assert_eq!(outbox.waiting().count(), 1, "it waits for a person's word");
    assert_eq!(
        texts(&outbox.established(BOB, Version::V3)),
        [("the plan".into(), true)]
    );
    assert_eq!(outbox.established(BOB, Version::V3), [], "and goes once");
}

#[test]
fn never_in_a_lower_version_than_it_was_sent_in() {
    let mut outbox = Outbox::default();
    outbox.sent(b"x", BOB, Version::V3, at(0));
    outbox.possibly_lost(at(1));
    assert_eq!(outbox.established(BOB, Version::V2), []);
    assert_eq!(outbox.established(BOB, Version::V3).len(), 1);
}

#[test]
fn a_held_text_goes_to_the_first_contact_if_no_key_was_known() {
    let mut outbox = Outbox::default();
    outbox.hold(b"hello".to_vec(), &[], None).unwrap();
    assert_eq!(
        texts(&outbox.established(MALLORY, Version::V3)),
        [("hello".into(), false)]
    );
}

#[test]
fn a_held_text_goes_to_a_known_key_only() {
    let mut outbox = Outbox::default();
    let id = outbox.hold(b"hello".to_vec(), &[BOB], None).unwrap();
    assert_eq!(outbox.established(MALLORY, Version::V3), []);
    let waiting: Vec<_> = outbox.waiting().map(|held| (held.id(), held.why())).collect();
    assert_eq!(waiting, [(id, Why::AwaitingPrivacy)]);
    // The person may decide otherwise.
    assert_eq!(outbox.take(id).unwrap().as_slice(), b"hello");
    assert_eq!(outbox.established(BOB, Version::V3), []);
}

#[test]
fn the_first_contact_happens_once() {
    let mut outbox = Outbox::default();
    outbox.hold(b"hello".to_vec(), &[], Some(Version::V3)).unwrap();
    assert_eq!(outbox.established(MALLORY, Version::V2), [], "below the minimum");
    assert_eq!(
        outbox.established(BOB, Version::V3),
        [],
        "no longer the first contact: a person decides"
    );
    assert_eq!(outbox.waiting().count(), 1);
}

#[test]
fn what_was_answered_or_is_old_is_not_lost() {
    let mut outbox = Outbox::default();
    outbox.sent(b"answered", BOB, Version::V3, at(0));
    outbox.heard(BOB);
    outbox.sent(b"old", BOB, Version::V3, at(1));
    outbox.sent(b"fresh", BOB, Version::V3, at(100));
    assert_eq!(outbox.possibly_lost(at(120)), 1);
    assert_eq!(
        texts(&outbox.established(BOB, Version::V3)),
        [("fresh".into(), true)]
    );
}

#[test]
fn it_is_bounded_and_gives_back_what_it_cannot_hold() {
    let limits = OutboxLimits {
        texts: 3,
        text_bytes: 10,
        resend_window: Duration::from_secs(60),
    };
    let mut outbox = Outbox::new(limits);
    assert_eq!(outbox.hold(vec![b'x'; 11], &[], None), Err(vec![b'x'; 11]));
    for _ in 0..3 {
        outbox.hold(b"ok".to_vec(), &[], None).unwrap();
    }
    assert_eq!(outbox.hold(b"full".to_vec(), &[], None), Err(b"full".to_vec()));
    for _ in 0..100 {
        outbox.sent(b"s", BOB, Version::V3, at(0));
    }
    assert_eq!(outbox.possibly_lost(at(0)), 0, "nothing is pushed out by it");
    assert_eq!(outbox.established(BOB, Version::V3).len(), 3);
}
