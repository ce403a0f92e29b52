//! What the engine does with texts, keys and other people's programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::engine::Memory;
use chatham::engine::notice::{How, Obstacle, What, Words};
use im::irc::Kind;
use otr::{Policy, Version};

use crate::people::{Someone, carry, meet, nick, private_pair, verify};

#[test]
fn a_stranger_gets_silence_and_an_acquaintance_an_answer() {
    let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert!(alice.shows(|what| matches!(what, What::Knock)));
    assert!(!bob.shows(|what| matches!(what, What::Private { .. })));
    alice.act("bob", |engine, bob, now| engine.accept(bob, None, now));
    carry(&mut alice, &mut bob);
    assert!(bob.shows(|what| matches!(what, What::Private { .. })));
}

#[test]
fn a_deed_is_encrypted_and_comes_out_as_a_deed() {
    let (mut alice, mut bob) = private_pair();
    alice.act("bob", |engine, bob, now| {
        engine.say(bob, Words::done("waves"), now)
    });
    assert!(alice.outgoing.iter().all(|(_, text)| text.starts_with(b"?OTR")));
    carry(&mut alice, &mut bob);
    assert!(bob.shows(|what| matches!(what, What::Heard { words, .. } if *words == Words::done("waves"))));
}

#[test]
fn s21_what_may_be_lost_goes_again_to_the_same_key_and_to_no_other() {
    let (mut alice, mut bob) = private_pair();
    alice.say("bob", "for bob alone");
    alice.outgoing.clear();
    // Mallory takes Bob's place, reports an error, and answers the query with a key of her own.
    let mut mallory = Someone::new("bob", 7);
    mallory.act("alice", |engine, alice, now| {
        engine.say(alice, Words::said("hi"), now)
    });
    mallory.outgoing.clear();
    alice.receive(&nick("bob"), b"?OTR Error: what?", Kind::Person);
    assert!(alice.shows(|what| matches!(what, What::PossiblyLost { again: 1, left: 0 })));
    carry(&mut alice, &mut mallory);
    assert!(
        mallory.shows(|what| matches!(what, What::Private { .. })),
        "{:?}",
        mallory.shown
    );
    assert_eq!(mallory.heard(), [], "not sent to her");
    assert!(alice.shows(|what| matches!(what, What::Private { changed: true, .. })));
    // When Bob is there again, he gets it.
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("for bob alone".to_owned(), How::Unverified)]);
}

#[test]
fn a_changed_key_of_somebody_verified_blocks_until_it_is_accepted() {
    let (mut alice, mut bob) = private_pair();
    verify(&mut alice, &mut bob);
    bob.act("alice", |engine, alice, now| engine.end(alice, now));
    carry(&mut alice, &mut bob);
    alice.shown.clear();
    let mut new_bob = Someone::new("bob", 7);
    new_bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut new_bob);
    // The verified device has ended; the new one is not silently put in its place.
    assert!(
        alice.shows(|what| matches!(what, What::Private { blocked: true, .. })),
        "{:?}",
        alice.shown
    );
    alice.say("bob", "secret");
    assert!(alice.outgoing.is_empty());
    assert!(alice.shows(|what| matches!(what, What::NotSent { held: true, .. })));
    assert_eq!(new_bob.heard(), []);
    // The person's word opens the way, and what was held back for that reason alone goes out.
    alice.act("bob", |engine, bob, now| engine.accept(bob, None, now));
    assert!(
        alice.shows(|what| matches!(what, What::KeyAccepted(_))),
        "{:?}",
        alice.shown
    );
    carry(&mut alice, &mut new_bob);
    assert_eq!(new_bob.heard(), [("secret".to_owned(), How::Unverified)]);
    alice.shown.clear();
    alice.say("bob", "more");
    assert!(
        alice.shows(|what| matches!(
            what,
            What::Sent {
                how: How::Unverified,
                ..
            }
        )),
        "accepted, not verified"
    );
}

#[test]
fn a_verified_person_is_never_written_to_in_the_clear_without_a_word() {
    let (mut alice, mut bob) = private_pair();
    verify(&mut alice, &mut bob);
    let memories = alice.memories.clone();
    assert!(
        memories.contains(&Memory::Version {
            nick: nick("bob"),
            version: Version::V3
        }),
        "no way back to 2"
    );
    // Alice's program starts anew, with what it has stored.
    let mut alice = Someone::new("alice", 1);
    for memory in memories {
        match memory {
            Memory::Key {
                nick,
                fingerprint,
                trust,
            } => alice.engine.learn(&nick, fingerprint, trust),
            Memory::Version { nick, version } => alice.engine.learn_version(&nick, version),
            Memory::ComparisonFailed { nick, at } => alice.engine.learn_failure(&nick, at),
        }
    }
    alice.say("bob", "are you there");
    assert!(alice.shows(|what| matches!(
        what,
        What::NotSent {
            why: Obstacle::AwaitingPrivacy,
            held: true,
            ..
        }
    )));
    let [(_, query)] = alice.outgoing.make_contiguous() else {
        panic!("one line")
    };
    assert!(query.starts_with(b"?OTRv"), "it asks instead");
    bob.shown.clear();
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("are you there".to_owned(), How::Verified)]);
    // Ending is the person's word for clear text.
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    carry(&mut alice, &mut bob);
    alice.say("bob", "in the clear");
    assert!(alice.outgoing[0].1.starts_with(b"in the clear"));
}

#[test]
fn after_a_question_only_the_asker_has_learned_something() {
    let (mut alice, mut bob) = private_pair();
    alice.act("bob", |engine, bob, now| {
        engine.verify(bob, b"owl", Some(b"which bird?"), None, now)
    });
    carry(&mut alice, &mut bob);
    assert!(bob.shows(
        |what| matches!(what, What::Asked { question: Some(question), .. } if question == b"which bird?")
    ));
    bob.act("alice", |engine, alice, now| {
        engine.answer(alice, b"owl", None, now)
    });
    carry(&mut alice, &mut bob);
    assert!(alice.shows(|what| matches!(what, What::Same { vouched: true, .. })));
    assert!(bob.shows(|what| matches!(what, What::Same { vouched: false, .. })));
    alice.say("bob", "x");
    bob.say("alice", "y");
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("x".to_owned(), How::Unverified)]);
    assert_eq!(alice.heard(), [("y".to_owned(), How::Verified)]);
}

#[test]
fn a_conversation_follows_the_nick_and_trust_does_not() {
    let (mut alice, mut bob) = private_pair();
    verify(&mut alice, &mut bob);
    let effects = alice.engine.renamed(&nick("bob"), &nick("robert"));
    alice.file(effects);
    bob.nick = nick("robert");
    alice.say("robert", "same session");
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("same session".to_owned(), How::Verified)]);
    // Whoever takes Bob's old nick is measured by Bob's key.
    let mut mallory = Someone::new("mallory", 7);
    meet(&mut alice, &mut mallory);
    let effects = alice.engine.renamed(&nick("mallory"), &nick("bob"));
    alice.file(effects);
    alice.say("bob", "secret");
    assert!(alice.outgoing.is_empty());
    assert!(
        alice.shows(|what| matches!(
            what,
            What::NotSent {
                why: Obstacle::KeyChanged(_),
                ..
            }
        )),
        "{:?}",
        alice.shown
    );
}

#[test]
fn clear_text_in_a_private_conversation_raises_an_alarm() {
    let (mut alice, _) = private_pair();
    alice.receive(&nick("BOB"), b"trust me", Kind::Person);
    alice.receive(&nick("bob"), b"nods", Kind::Action);
    let alarms = alice.shown.iter().filter(|what| {
        matches!(
            what,
            What::Heard {
                how: How::Clear,
                alarming: true,
                ..
            }
        )
    });
    assert_eq!(alarms.count(), 2);
}

#[test]
fn channels_services_and_bots_are_offered_nothing() {
    let mut alice = Someone::new("alice", 1);
    for name in ["#channel", "NickServ", "*status"] {
        alice.say(name, "identify");
        assert_eq!(alice.outgoing.pop_front().unwrap().1, b"identify", "{name}");
    }
    alice.say("robot", "help");
    assert!(
        alice.outgoing.pop_front().unwrap().1.len() > b"help".len(),
        "the first word carries the offer"
    );
    alice.receive(&nick("robot"), b"I am a robot", Kind::Notice);
    alice.say("robot", "help");
    assert_eq!(alice.outgoing.pop_front().unwrap().1, b"help");
    for kind in [
        Kind::Channel,
        Kind::Notice,
        Kind::Service,
        Kind::Server,
        Kind::Ctcp,
        Kind::Own,
    ] {
        alice.receive(&nick("x"), b"?OTRv23?", kind);
        assert!(alice.outgoing.is_empty(), "{kind:?}");
    }
}

#[test]
fn required_privacy_holds_the_text_and_asks() {
    let mut alice = Someone::with_policy("alice", 1, Policy::always());
    let mut bob = Someone::new("bob", 2);
    bob.say("alice", "hello");
    bob.outgoing.clear();
    alice.say("bob", "one").say("bob", "two");
    let lines: Vec<_> = alice.outgoing.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with(b"?OTRv"));
    carry(&mut alice, &mut bob);
    let texts: Vec<_> = bob.heard().into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn a_burst_of_errors_is_one_line() {
    let (mut alice, _) = private_pair();
    for _ in 0..50 {
        alice.receive(&nick("bob"), b"?OTR Error: what?", Kind::Person);
        alice.receive(&nick("bob"), b"?OTR:AAMD", Kind::Person);
    }
    let remarks = alice
        .shown
        .iter()
        .filter(|what| matches!(what, What::PeerReports(_) | What::Unreadable(_)));
    assert_eq!(remarks.count(), 2);
    assert!(
        alice.outgoing.len() < 40,
        "{} answers to 100 lines",
        alice.outgoing.len()
    );
}

#[test]
fn s33_trust_goes_to_the_key_that_was_shown() {
    let (mut alice, mut bob) = private_pair();
    alice.act("bob", |engine, bob, now| engine.status(bob, now));
    let bobs = bob.fingerprint();
    // Another key comes between looking and deciding: its arrival is shown, so the next decision is about it; a
    // fingerprint named outright stays what it is.
    alice.act("bob", |engine, bob, now| {
        engine.set_trust(bob, Some(bobs), true, now)
    });
    assert!(alice.shows(|what| matches!(what, What::Trust { fingerprint, .. } if *fingerprint == bobs)));
    let mut mallory = Someone::new("bob", 7);
    let unseen = mallory.fingerprint();
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    alice.act("bob", |engine, bob, now| {
        engine.set_trust(bob, Some(unseen), true, now)
    });
    assert!(
        alice.shows(|what| matches!(what, What::Mistake(_))),
        "a key nobody has shown cannot be trusted"
    );
    bob.say("alice", "still me");
    carry(&mut alice, &mut bob);
    assert_eq!(alice.heard(), [("still me".to_owned(), How::Verified)]);
}

#[test]
fn strangers_without_number_cost_no_memory_without_end() {
    let mut alice = Someone::new("alice", 1);
    for number in 0..5000 {
        alice.receive(&nick(&format!("x{number}")), b"hi", Kind::Person);
        alice.shown.clear();
    }
    assert!(alice.engine.correspondents() <= 1001);
}
