//! S-21: a text that waits goes to the right person or to nobody.

use core::time::Duration;

use otr::outbox::{Losses, Outbox, OutboxLimits, Sent, Why};
use otr::{Fingerprint, Half, InstanceTag, Ssid, Timestamp, Version};

const BOB: Fingerprint = Fingerprint::from_bytes([1; 20]);
const MALLORY: Fingerprint = Fingerprint::from_bytes([9; 20]);

fn texts(released: &[otr::outbox::Released]) -> Vec<(String, bool)> {
    released
        .iter()
        .map(|one| (String::from_utf8(one.text.to_vec()).unwrap(), one.again))
        .collect()
}

/// The text of this number, sent to Bob as the message of the same number.
fn to_bob(id: u64) -> Sent {
    Sent {
        id,
        to: BOB,
        version: Version::V3,
        session: InstanceTag::ZERO,
        ssid: Ssid::short([1; 8], Half::First),
        number: id,
        again: false,
    }
}

fn waiting(ids: &[u64]) -> Losses {
    Losses {
        waiting: ids.to_vec(),
        left: Vec::new(),
    }
}

fn left(ids: &[u64]) -> Losses {
    Losses {
        waiting: Vec::new(),
        left: ids.to_vec(),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn s21_resend_requires_same_fingerprint() {
    let mut outbox = Outbox::default();
    outbox.sent(b"the plan", to_bob(7), at(100));
    // An unsigned error, and then a key exchange with somebody else.
    assert_eq!(outbox.possibly_lost(at(101)), waiting(&[7]));
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
    outbox.sent(b"x", to_bob(1), at(0));
    assert_eq!(outbox.possibly_lost(at(1)), waiting(&[1]));
    assert_eq!(outbox.established(BOB, Version::V2), []);
    assert_eq!(outbox.established(BOB, Version::V3).len(), 1);
}

#[test]
fn a_held_text_goes_to_the_first_contact_if_no_key_was_known() {
    let mut outbox = Outbox::default();
    outbox.hold(1, b"hello".to_vec(), &[], None).unwrap();
    assert_eq!(
        texts(&outbox.established(MALLORY, Version::V3)),
        [("hello".into(), false)]
    );
}

#[test]
fn a_held_text_goes_to_a_known_key_only() {
    let mut outbox = Outbox::default();
    outbox.hold(5, b"hello".to_vec(), &[BOB], None).unwrap();
    assert_eq!(outbox.established(MALLORY, Version::V3), []);
    let waiting: Vec<_> = outbox.waiting().map(|held| (held.id(), held.why())).collect();
    assert_eq!(waiting, [(5, Why::AwaitingPrivacy)]);
    // The person may decide otherwise.
    assert_eq!(outbox.take(5).unwrap().as_slice(), b"hello");
    assert_eq!(outbox.established(BOB, Version::V3), []);
}

#[test]
fn the_first_contact_happens_once() {
    let mut outbox = Outbox::default();
    outbox.hold(1, b"hello".to_vec(), &[], Some(Version::V3)).unwrap();
    assert_eq!(outbox.established(MALLORY, Version::V2), [], "below the minimum");
    assert_eq!(
        outbox.established(BOB, Version::V3),
        [],
        "no longer the first contact: a person decides"
    );
    assert_eq!(outbox.waiting().count(), 1);
}

#[test]
fn what_was_read_is_not_lost_and_what_is_old_is_for_a_person() {
    let mut outbox = Outbox::default();
    outbox.sent(b"read", to_bob(1), at(0));
    outbox.sent(b"old", to_bob(2), at(1));
    let other = Ssid::short([2; 8], Half::First);
    assert_eq!(outbox.read(other, 9), [], "another conversation proves nothing");
    assert_eq!(outbox.read(to_bob(1).ssid, 1), [to_bob(1)]);
    outbox.sent(b"fresh", to_bob(3), at(100));
    let expected = Losses {
        waiting: vec![3],
        left: vec![2],
    };
    assert_eq!(outbox.possibly_lost(at(120)), expected);
    assert_eq!(
        texts(&outbox.established(BOB, Version::V3)),
        [("fresh".into(), true)]
    );
    let kept: Vec<_> = outbox
        .waiting()
        .map(|held| (held.id(), held.needs_a_word()))
        .collect();
    assert_eq!(kept, [(2, true)]);
}

#[test]
fn what_may_have_been_read_does_not_go_again_by_itself() {
    let mut outbox = Outbox::default();
    outbox.sent(b"followed by an answer", to_bob(1), at(0));
    outbox.heard(MALLORY);
    outbox.heard(BOB);
    outbox.sent(b"unanswered", to_bob(2), at(11));
    let expected = Losses {
        waiting: vec![2],
        left: vec![1],
    };
    assert_eq!(outbox.possibly_lost(at(12)), expected);
}

#[test]
fn a_text_goes_again_by_itself_once() {
    let mut outbox = Outbox::default();
    outbox.sent(b"x", to_bob(1), at(0));
    assert_eq!(outbox.possibly_lost(at(1)), waiting(&[1]));
    assert_eq!(outbox.established(BOB, Version::V3).len(), 1);
    let again = Sent {
        again: true,
        ..to_bob(1)
    };
    outbox.sent(b"x", again, at(2));
    assert_eq!(outbox.possibly_lost(at(3)), left(&[1]));
    assert_eq!(outbox.established(BOB, Version::V3), []);
    assert_eq!(outbox.take(1).unwrap().as_slice(), b"x");
}

#[test]
fn what_nobody_will_tell_waits_for_a_word() {
    let mut outbox = Outbox::default();
    for id in 1..=3 {
        outbox.sent(b"x", to_bob(id), at(0));
    }
    assert_eq!(outbox.left_open(|sent| sent.number != 2), left(&[1, 3]));
    assert_eq!(outbox.established(BOB, Version::V3), []);
    assert_eq!(
        outbox.read(to_bob(2).ssid, 9),
        [to_bob(2)],
        "the lost ones are not read later"
    );
}

#[test]
fn a_text_to_two_devices_is_lost_once() {
    let mut outbox = Outbox::default();
    outbox.sent(b"x", to_bob(1), at(0));
    outbox.sent(b"x", to_bob(1), at(0));
    assert_eq!(outbox.possibly_lost(at(1)), waiting(&[1]));
    assert_eq!(outbox.waiting().count(), 1);
}

#[test]
fn it_is_bounded_and_gives_back_what_it_cannot_hold() {
    let limits = OutboxLimits {
        texts: 3,
        text_bytes: 10,
        resend_window: Duration::from_secs(60),
    };
    let mut outbox = Outbox::new(limits);
    assert_eq!(outbox.hold(0, vec![b'x'; 11], &[], None), Err(vec![b'x'; 11]));
    for id in 0..3 {
        outbox.hold(id, b"ok".to_vec(), &[], None).unwrap();
    }
    assert_eq!(outbox.hold(3, b"full".to_vec(), &[], None), Err(b"full".to_vec()));
    for id in 4..104 {
        outbox.sent(b"s", to_bob(id), at(0));
    }
    let told: Vec<u64> = (56..104).collect();
    assert_eq!(
        outbox.possibly_lost(at(0)),
        left(&told),
        "told, and nothing is pushed out by it"
    );
    assert_eq!(outbox.established(BOB, Version::V3).len(), 3);
}

#[test]
fn more_texts_than_are_kept_are_told_as_lost_all_the_same() {
    let mut outbox = Outbox::default();
    for id in 0..100 {
        outbox.sent(b"x", to_bob(id), at(0));
    }
    outbox.sent(&vec![b'x'; 300 * 1024], to_bob(100), at(0));
    let Losses { waiting, left } = outbox.possibly_lost(at(1));
    assert_eq!((waiting.len(), left.len()), (64, 37));
    assert!(left.contains(&0) && left.contains(&100) && waiting.contains(&99));
    assert_eq!(
        outbox.waiting().count(),
        64,
        "what is not kept has to be typed again"
    );
}

#[test]
fn nothing_is_dropped_when_two_become_one() {
    let (mut one, mut other) = (Outbox::default(), Outbox::default());
    one.hold(1, b"one".to_vec(), &[BOB], None).unwrap();
    other.sent(b"two", to_bob(2), at(0));
    other.hold(3, b"three".to_vec(), &[MALLORY], None).unwrap();
    other.hold(0, b"zero".to_vec(), &[BOB], None).unwrap();
    one.take_over(other);
    assert_eq!(one.left_open(|_| true), left(&[2]));
    assert_eq!(
        texts(&one.established(BOB, Version::V3)),
        [("zero".into(), false), ("one".into(), false)],
        "in the order in which they were written, and to the keys they were meant for"
    );
    assert_eq!(one.waiting().count(), 2);
}
