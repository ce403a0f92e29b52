//! What happens to clear text when something is in its way: nothing silently.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::engine::notice::{Delivery, How, Obstacle, Standing, What};
use otr::{Policy, Timestamp};

use crate::people::{Someone, carry, nick, private_pair};

fn now(of: &Someone) -> Timestamp {
    Timestamp::from_millis(of.now)
}

fn lose(of: &mut Someone) {
    let effects = of.engine.connection_lost(now(of));
    of.file(effects);
}

fn restore(of: &mut Someone) {
    let effects = of.engine.connection_restored(now(of));
    of.file(effects);
}

#[test]
fn what_is_said_without_a_connection_goes_in_the_clear_only_if_it_still_may() {
    for private_only in [false, true] {
        let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
        lose(&mut alice);
        alice.say("bob", "hello");
        let line = alice.last_line();
        assert!(alice.outgoing.is_empty());
        let away = |what: &What| {
            matches!(
                what,
                What::NotSent {
                    why: Obstacle::Away,
                    held: true,
                    ..
                }
            )
        };
        assert!(alice.shows(away), "{:?}", alice.shown);
        if private_only {
            let policy = Policy {
                require_encryption: true,
                ..Policy::opportunistic()
            };
            alice.engine.set_policy(&nick("bob"), policy);
        }
        restore(&mut alice);
        let clear = alice.outgoing.iter().any(|(_, text)| text.starts_with(b"hello"));
        assert_eq!(clear, !private_only);
        let expected = if private_only {
            Delivery::Held
        } else {
            Delivery::Sent
        };
        assert_eq!(alice.delivery(line), Some(expected));
        carry(&mut alice, &mut bob);
        let how = if private_only { How::Unverified } else { How::Clear };
        bob.act("alice", |engine, alice, now| engine.start(alice, now));
        carry(&mut alice, &mut bob);
        assert_eq!(bob.heard(), [("hello".to_owned(), how)], "once, and no other way");
    }
}

#[test]
fn what_was_said_to_nobody_is_not_called_sent() {
    let mut alice = Someone::new("alice", 1);
    alice.say("bob", "are you there?");
    let line = alice.last_line();
    assert_eq!(alice.delivery(line), Some(Delivery::Sent));
    let effects = alice.engine.absent(&nick("bob"), now(&alice));
    alice.file(effects);
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
}

#[test]
fn who_has_ended_it_stays_in_the_clear_until_somebody_asks() {
    let (mut alice, mut bob) = private_pair();
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    carry(&mut alice, &mut bob);
    for text in ["one", "two", "three"] {
        alice.say("bob", text);
        carry(&mut alice, &mut bob);
        bob.say("alice", text);
        carry(&mut alice, &mut bob);
    }
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::NotPrivate);
    assert!(bob.heard().iter().all(|(_, how)| *how == How::Clear));
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::Unverified);
}

#[test]
fn what_is_said_after_asking_for_privacy_waits_for_it() {
    let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
    // Strangers get no answer.
    bob.say("alice", "hello");
    bob.outgoing.clear();
    alice.act("bob", |engine, bob, now| engine.start(bob, now));
    alice.say("bob", "for you alone");
    let line = alice.last_line();
    assert_eq!(alice.delivery(line), Some(Delivery::Held));
    assert_eq!(alice.engine.next_way(&nick("bob")), None);
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("for you alone".to_owned(), How::Unverified)]);
}

#[test]
fn who_gives_up_on_privacy_says_so_before_anything_goes_in_the_clear() {
    let mut alice = Someone::new("alice", 1);
    alice.act("bob", |engine, bob, now| engine.start(bob, now));
    let clear = |alice: &Someone, text: &[u8]| alice.outgoing.iter().any(|(_, sent)| sent.starts_with(text));
    // Nobody answers, for however long.
    for text in ["one", "two"] {
        alice.say("bob", text);
        alice.now += 600_000;
        let effects = alice.engine.tick(now(&alice));
        alice.file(effects);
        assert!(!clear(&alice, text.as_bytes()));
    }
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    alice.say("bob", "three");
    assert!(clear(&alice, b"three"));
    assert!(
        !clear(&alice, b"one") && !clear(&alice, b"two"),
        "that was said for nobody else"
    );
}

#[test]
fn nothing_goes_to_a_key_that_was_taken_back_even_if_it_is_the_only_one() {
    let (mut alice, mut bob) = private_pair();
    let theirs = bob.fingerprint();
    alice.act("bob", |engine, bob, now| {
        engine.set_trust(bob, Some(theirs), false, now)
    });
    alice.say("bob", "secret");
    carry(&mut alice, &mut bob);
    assert!(bob.heard().is_empty());
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::Distrusted);
    alice.act("bob", |engine, bob, now| engine.accept(bob, Some(theirs), now));
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("secret".to_owned(), How::Unverified)]);
}

#[test]
fn more_than_can_be_kept_is_told_as_lost() {
    let (mut alice, _bob) = private_pair();
    for _ in 0..16_384 {
        let effects = alice.engine.not_sent(&nick("bob"), b"older", now(&alice));
        alice.file(effects);
    }
    alice.say("bob", "one too many");
    let line = alice.last_line();
    let (to, message) = alice.outgoing.pop_front().unwrap();
    let effects = alice.engine.not_sent(&to, &message, now(&alice));
    alice.file(effects);
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
}
