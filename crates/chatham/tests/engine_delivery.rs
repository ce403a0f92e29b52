//! How far each text has come, and what becomes of those that nobody can tell about (user needs N1, N14; S-21).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::engine::notice::{Delivery, How, What, Words};
use im::irc::Kind;
use otr::Timestamp;

use crate::people::{Someone, carry, nick, private_pair};

#[test]
fn an_answer_shows_that_a_text_was_read() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "one");
    let line = alice.last_line();
    carry(&mut alice, &mut bob);
    assert_eq!(
        alice.delivery(line),
        Some(Delivery::Sent),
        "nobody has answered yet"
    );
    bob.say("alice", "aye");
    carry(&mut alice, &mut bob);
    assert_eq!(alice.delivery(line), Some(Delivery::Readable));
}

#[test]
fn an_answer_that_crossed_shows_nothing() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "one");
    let line = alice.last_line();
    bob.say("alice", "meanwhile");
    carry(&mut alice, &mut bob);
    assert_eq!(alice.delivery(line), Some(Delivery::Sent));
}

#[test]
fn of_several_texts_nobody_can_tell_which_was_read() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "one");
    let one = alice.last_line();
    alice.say("bob", "two");
    let two = alice.last_line();
    carry(&mut alice, &mut bob);
    bob.say("alice", "aye");
    carry(&mut alice, &mut bob);
    assert_eq!(
        [alice.delivery(one), alice.delivery(two)],
        [Some(Delivery::Sent); 2]
    );
}

#[test]
fn what_was_on_its_way_when_they_ended_it_waits_for_a_word() {
    let (mut alice, mut bob) = private_pair();
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    alice.say("bob", "too late");
    let line = alice.last_line();
    carry(&mut alice, &mut bob);
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
    assert!(alice.shows(|what| matches!(what, What::PossiblyLost { again: 0, left: 1 })));
    assert!(bob.heard().iter().all(|(text, _)| text != "too late"));
}

#[test]
fn who_says_good_bye_has_read_what_came_before() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "good night");
    let line = alice.last_line();
    carry(&mut alice, &mut bob);
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(alice.delivery(line), Some(Delivery::Readable));
    assert!(!alice.shows(|what| matches!(what, What::PossiblyLost { .. })));
}

#[test]
fn a_break_leaves_unanswered_texts_open_and_brings_new_keys() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "was it read?");
    let line = alice.last_line();
    alice.outgoing.clear(); // It went into a connection that breaks.
    let broken = alice.engine.connection_lost(Timestamp::from_millis(alice.now));
    alice.file(broken);
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
    let restored = alice
        .engine
        .connection_restored(Timestamp::from_millis(alice.now));
    alice.file(restored);
    carry(&mut alice, &mut bob);
    assert!(alice.shows(|what| matches!(what, What::Private { renewed: true, .. })));
    assert!(bob.heard().is_empty(), "it does not go again by itself");

    alice.act("bob", |engine, bob, now| engine.send_again(bob, line, now));
    assert!(alice.shows(|what| matches!(what, What::Sent { again: true, .. })));
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("was it read?".into(), How::Unverified)]);
    alice.act("bob", |engine, bob, now| engine.send_again(bob, line, now));
    assert!(
        alice.shows(|what| matches!(what, What::Mistake(words) if words.contains("lost"))),
        "only once"
    );
}

#[test]
fn what_was_certainly_not_sent_goes_out_when_the_connection_stands_again() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "still here");
    let line = alice.last_line();
    for (to, text) in std::mem::take(&mut alice.outgoing) {
        let effects = alice
            .engine
            .not_sent(&to, &text, Timestamp::from_millis(alice.now));
        alice.file(effects);
    }
    let lost = alice.engine.connection_lost(Timestamp::from_millis(alice.now));
    alice.file(lost);
    assert_eq!(alice.delivery(line), Some(Delivery::Held));
    let restored = alice
        .engine
        .connection_restored(Timestamp::from_millis(alice.now));
    alice.file(restored);
    assert_eq!(alice.delivery(line), Some(Delivery::Sent));
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("still here".into(), How::Unverified)]);
}

#[test]
fn a_lost_text_never_becomes_clear() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "for you alone");
    let line = alice.last_line();
    alice.outgoing.clear();
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    carry(&mut alice, &mut bob);
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    alice.outgoing.clear();
    alice.act("bob", |engine, bob, now| engine.send_again(bob, line, now));
    assert!(
        alice
            .outgoing
            .iter()
            .all(|(_, text)| !String::from_utf8_lossy(text).contains("alone")),
        "ended means clear text for what is said anew, not for what was private"
    );
    assert!(alice.shows(|what| matches!(what, What::NotSent { held: true, .. })));
}

#[test]
fn texts_that_wait_can_be_looked_at_and_dropped_one_by_one() {
    let (mut alice, mut bob) = private_pair();
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    carry(&mut alice, &mut bob);
    alice.say("bob", "one").say("bob", "two");
    let two = alice.last_line();
    alice.act("bob", |engine, bob, now| engine.drop_held(bob, Some(two), now));
    alice.shown.clear();
    alice.act("bob", |engine, bob, now| engine.held(bob, now));
    let waiting = alice.shown.iter().find_map(|what| match what {
        What::Waiting(texts) => Some(texts.clone()),
        _ => None,
    });
    let waiting = waiting.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (&waiting[0].words, waiting[0].delivery),
        (&Words::said("one"), Delivery::Held)
    );
}

#[test]
fn play_back_is_shown_and_never_answered() {
    let mut alice = Someone::new("alice", 1);
    let mut said = people::said(&nick("bob"), b"?OTR:AAIDxxxx.", Kind::Person);
    said.history = true;
    let effects = alice.engine.receive(&said, Timestamp::from_millis(1));
    alice.file(effects);
    said.text = b"words of yesterday ?OTRv23?".to_vec();
    let effects = alice.engine.receive(&said, Timestamp::from_millis(2));
    alice.file(effects);
    assert!(alice.outgoing.is_empty());
    let earlier = |what: &What| match what {
        What::Earlier { words } => Some(words.is_some()),
        _ => None,
    };
    let told: Vec<bool> = alice.shown.iter().filter_map(earlier).collect();
    assert_eq!(told, [false, true]);
}
