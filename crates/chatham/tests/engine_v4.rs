//! People who speak version 4: with each other, with older programs, and with those who pretend.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::config::{Mode, Rules};
use chatham::engine::Memory;
use chatham::engine::notice::{Delivery, How, Lower, Standing, What};
use chatham::engine::trust::Trust;
use chatham::present::plain;
use otr::{Policy, Strangers, Version};

use crate::people::{Someone, carry, meet, nick, verify};

fn version(of: &Someone, with: &str) -> Option<Version> {
    let comparison = of.engine.comparison(&nick(with))?;
    Some(if comparison.their_key.v4().is_some() {
        Version::V4
    } else {
        Version::V3
    })
}

fn newest_pair() -> (Someone, Someone) {
    let (mut alice, mut bob) = (Someone::newest("alice", 1), Someone::newest("bob", 2));
    meet(&mut alice, &mut bob);
    (alice, bob)
}

#[test]
fn two_of_us_talk_version_4_without_a_choice_and_older_programs_version_3() {
    let (alice, _) = newest_pair();
    assert_eq!(version(&alice, "bob"), Some(Version::V4));
    let (mut carol, mut dave) = (Someone::newest("carol", 3), Someone::new("dave", 4));
    meet(&mut carol, &mut dave);
    assert_eq!(version(&carol, "dave"), Some(Version::V3));
}

#[test]
fn two_in_a_strict_mode_talk_and_say_nothing_in_the_clear_to_anybody() {
    for mode in [Mode::Standalone, Mode::InteractiveOnly] {
        let (mut alice, mut bob) = (Someone::newest("alice", 1), Someone::newest("bob", 2));
        for (someone, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            let answers = Policy {
                strangers: Strangers::Answer,
                ..Policy::opportunistic()
            };
            let policy = Rules::with_mode(answers, mode);
            someone.engine.set_policy(&nick(other), policy);
        }
        alice.say("bob", "hello");
        assert!(!alice.outgoing.is_empty());
        for (_, said) in &alice.outgoing {
            assert!(
                said.starts_with(b"?OTR|"),
                "pieces of an Identity message: {}",
                String::from_utf8_lossy(said)
            );
        }
        carry(&mut alice, &mut bob);
        assert_eq!(version(&bob, "alice"), Some(Version::V4));
        assert_eq!(bob.heard(), [("hello".to_owned(), How::Unverified)]);
        let mut mallory = Someone::new("bob", 9);
        let mut carol = Someone::newest("carol", 3);
        carol
            .engine
            .set_policy(&nick("bob"), Rules::with_mode(Policy::default(), mode));
        carol.say("bob", "not for older programs");
        carry(&mut carol, &mut mallory);
        assert!(mallory.heard().is_empty());
        // Who has no key of version 4 has nothing to speak with, and that is no reason to speak in the clear.
        mallory
            .engine
            .set_policy(&nick("carol"), Rules::with_mode(Policy::default(), mode));
        mallory.say("carol", "not in the clear");
        assert!(mallory.outgoing.is_empty());
    }
}

#[test]
fn both_verify_each_other_and_the_version_is_remembered() {
    let (mut alice, mut bob) = newest_pair();
    verify(&mut alice, &mut bob);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::Verified);
    let remembered = |memory: &Memory| {
        matches!(
            memory,
            Memory::Version {
                version: Version::V4,
                ..
            }
        )
    };
    assert!(alice.memories.iter().any(remembered), "{:?}", alice.memories);
    let compared = alice.engine.comparison(&nick("bob")).unwrap();
    let theirs = bob.engine.comparison(&nick("alice")).unwrap();
    assert_eq!(
        (compared.our_key, compared.their_key),
        (theirs.their_key, theirs.our_key)
    );
    assert_eq!(compared.their_key.as_bytes().len(), 56);
}

#[test]
fn s11_whoever_offers_less_than_a_verified_person_spoke_gets_nothing() {
    let (mut alice, mut bob) = newest_pair();
    verify(&mut alice, &mut bob);
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    carry(&mut alice, &mut bob);
    let mut mallory = Someone::with_policy("bob", 9, Policy::opportunistic());
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut mallory);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::NotPrivate);
    assert!(
        alice.shows(|what| is_lower(what, Lower::Refused)),
        "{:?}",
        alice.shown
    );
}

fn is_lower(what: &What, wanted: Lower) -> bool {
    matches!(what, What::LowerVersion { spoken: Version::V4, outcome, .. } if *outcome == wanted)
}

/// Somebody whose keys for both versions are known, from the store of an earlier run; nobody has compared them.
fn known_in_both(policy: Policy) -> (Someone, Someone) {
    let (mut alice, mut bob) = (Someone::newest("alice", 1), Someone::newest("bob", 2));
    let account = bob.engine.account();
    let both = [Version::V3, Version::V4].map(|version| account.fingerprint_in(version).unwrap());
    for key in both {
        alice.engine.learn(&nick("bob"), key, Trust::Seen);
    }
    alice.engine.set_policy(&nick("bob"), policy.with_v4(true));
    let bobs = Policy::opportunistic();
    bob.engine.set_policy(&nick("alice"), bobs);
    (alice, bob)
}

#[test]
fn s11_version_3_with_somebody_of_version_4_is_shown_loudly_under_the_lax_policy() {
    let (mut alice, mut bob) = known_in_both(Policy::opportunistic());
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(version(&alice, "bob"), Some(Version::V3), "{:?}", alice.shown);
    let told = alice.shown.iter().filter(|what| is_lower(what, Lower::Spoken));
    let told: Vec<&What> = told.collect();
    assert_eq!(told.len(), 1, "{:?}", alice.shown);
    let words = plain::status(told[0]);
    assert!(
        words.contains("ONLY OTR version 3") && words.contains("version 4 before"),
        "{words}"
    );
    // The words go on, and nothing is blocked.
    alice.say("bob", "hello");
    carry(&mut alice, &mut bob);
    assert!(bob.heard().contains(&("hello".to_owned(), How::Unverified)));
}

#[test]
fn s11_version_3_with_somebody_of_version_4_is_refused_under_the_strict_policy() {
    let (mut alice, mut bob) = known_in_both(Policy::always());
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::NotPrivate);
    assert!(
        alice.shows(|what| is_lower(what, Lower::Refused)),
        "{:?}",
        alice.shown
    );
    alice.say("bob", "not in version 3");
    carry(&mut alice, &mut bob);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::NotPrivate);
    assert!(bob.heard().is_empty(), "{:?}", bob.shown);
    // And in version 4 they meet.
    bob.engine
        .set_policy(&nick("alice"), Policy::opportunistic().with_v4(true));
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(version(&alice, "bob"), Some(Version::V4), "{:?}", alice.shown);
    assert!(
        bob.heard()
            .contains(&("not in version 3".to_owned(), How::Unverified))
    );
}

#[test]
fn s11_whoever_takes_version_4_out_of_an_offer_is_noticed() {
    let (mut alice, mut bob) = newest_pair();
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    let (_, query) = bob.outgoing.pop_front().unwrap();
    let query = String::from_utf8(query).unwrap();
    assert!(query.starts_with("?OTRv") && query.contains('4'), "{query}");
    let stripped = query.replacen('4', "", 1);
    alice.receive(&nick("bob"), stripped.as_bytes(), im::irc::Kind::Person);
    assert!(
        alice.shows(|what| is_lower(what, Lower::Offered)),
        "{:?}",
        alice.shown
    );
}

#[test]
fn s11_another_version_is_no_way_around_a_changed_key() {
    let (mut alice, bob) = newest_pair();
    drop(bob);
    // Known, though not verified: the key of version 4. Somebody comes with one of version 3.
    let mut mallory = Someone::new("bob", 9);
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    alice.outgoing.clear();
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut mallory);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::KeyChanged);
    alice.say("bob", "for bob alone");
    carry(&mut alice, &mut mallory);
    assert!(mallory.heard().iter().all(|(text, _)| text != "for bob alone"));
}

#[test]
fn late_texts_are_read_and_answers_show_what_was_read() {
    let (mut alice, mut bob) = newest_pair();
    alice.say("bob", "one");
    let line = alice.last_line();
    alice.say("bob", "two");
    let mut letters: Vec<_> = alice.outgoing.drain(..).collect();
    letters.reverse();
    alice.outgoing.extend(letters);
    carry(&mut alice, &mut bob);
    let mut heard = bob.heard();
    heard.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        heard,
        [
            ("one".to_owned(), How::Unverified),
            ("two".to_owned(), How::Unverified)
        ]
    );
    assert_eq!(alice.delivery(line), Some(Delivery::Sent));
    bob.say("alice", "aye");
    carry(&mut alice, &mut bob);
    alice.say("bob", "three");
    let line = alice.last_line();
    carry(&mut alice, &mut bob);
    bob.say("alice", "aye aye");
    carry(&mut alice, &mut bob);
    assert_eq!(alice.delivery(line), Some(Delivery::Readable));
}

#[test]
fn a_nick_is_signed_as_the_network_folds_it() {
    let (mut alice, mut bob) = (Someone::newest("Alice", 1), Someone::newest("b[b", 2));
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    alice.act("B{B", |engine, bob, now| {
        engine.say(bob, chatham::engine::notice::Words::said("hi"), now)
    });
    carry(&mut alice, &mut bob);
    assert_eq!(version(&alice, "b{b"), Some(Version::V4), "{:?}", alice.shown);
    bob.say("ALICE", "hello");
    carry(&mut alice, &mut bob);
    assert!(alice.heard().contains(&("hello".to_owned(), How::Unverified)));
}
