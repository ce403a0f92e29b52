//! Who is it? Keys, names, and what may be said to whom (user needs N6, N10; S-33, S-36, S-67).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::engine::Memory;
use chatham::engine::notice::{Obstacle, Standing, What};
use chatham::engine::trust::Trust;
use im::irc::Kind;
use otr::Timestamp;

use crate::people::{Someone, carry, meet, nick, private_pair, verify};

fn standing(of: &Someone, with: &str) -> Standing {
    of.engine.standing(&nick(with))
}

#[test]
fn s67_who_takes_a_nick_gets_no_private_text_of_its_owner() {
    let (mut alice, _bob) = private_pair();
    // Nobody has compared anything: Bob's key was seen, and that is all.
    let gone = alice.engine.gone(&nick("bob"), Timestamp::from_millis(alice.now));
    alice.file(gone);
    let mut mallory = Someone::new("bob", 66);
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut mallory);
    let change = |what: &What| {
        matches!(
            what,
            What::Private {
                changed: true,
                blocked: true,
                ..
            }
        )
    };
    assert!(alice.shows(change), "{:?}", alice.shown);
    assert_eq!(standing(&alice, "bob"), Standing::KeyChanged);
    let remembered = |memory: &Memory| matches!(memory, Memory::Key { fingerprint, .. } if *fingerprint == mallory.fingerprint());
    assert!(
        !alice.memories.iter().any(remembered),
        "it would look familiar next time"
    );
    alice.say("bob", "the secret place");
    carry(&mut alice, &mut mallory);
    assert!(mallory.heard().is_empty());
    assert!(alice.shows(|what| matches!(what, What::NotSent { held: true, .. })));

    // Only the person can decide otherwise.
    alice.act("bob", |engine, bob, now| engine.accept(bob, None, now));
    assert_eq!(standing(&alice, "bob"), Standing::Unverified);
    carry(&mut alice, &mut mallory);
    assert_eq!(
        mallory.heard().len(),
        1,
        "accepting it was the word that the text waited for"
    );
}

#[test]
fn a_key_under_another_name_is_recognised() {
    let (mut alice, mut bob) = private_pair();
    verify(&mut alice, &mut bob);
    bob.nick = nick("robert");
    alice.shown.clear();
    alice.act("robert", |engine, robert, now| engine.start(robert, now));
    carry(&mut alice, &mut bob);
    let known = |what: &What| {
        matches!(what, What::AlsoKnownAs { fingerprint, names }
            if *fingerprint == bob.fingerprint() && names[..] == [(nick("bob"), Trust::Secret)])
    };
    assert!(alice.shows(known), "{:?}", alice.shown);
    assert_eq!(
        standing(&alice, "robert"),
        Standing::Unverified,
        "a name is trusted by a person, not by likeness"
    );
}

#[test]
fn two_people_who_swap_nicks_keep_their_own_conversations() {
    let (mut alice, mut bob) = private_pair();
    let mut carol = Someone::new("carol", 3);
    meet(&mut alice, &mut carol);
    verify(&mut alice, &mut bob);
    for (from, to) in [("bob", "x"), ("carol", "bob"), ("x", "carol")] {
        let effects = alice.engine.renamed(&nick(from), &nick(to));
        alice.file(effects);
    }
    (bob.nick, carol.nick) = (nick("carol"), nick("bob"));
    // Each name has a key, and it is the other one's that is there now: also Bob's, whom Alice has verified, is no word
    // for Carol.
    for name in ["bob", "carol"] {
        assert_eq!(standing(&alice, name), Standing::KeyChanged);
        alice.say(name, "for whom is this?");
    }
    assert!(alice.outgoing.is_empty());
    let known = |what: &What| {
        matches!(what, What::AlsoKnownAs { fingerprint, names }
            if *fingerprint == bob.fingerprint() && names.contains(&(nick("bob"), Trust::Secret)))
    };
    assert!(alice.shows(known), "{:?}", alice.shown);
    let stored = |memory: &Memory| {
        matches!(memory, Memory::Key { nick: name, fingerprint, .. }
            if *name == nick("carol") && *fingerprint == bob.fingerprint())
    };
    assert!(
        !alice.memories.iter().any(stored),
        "it would look familiar next time"
    );

    alice.act("carol", |engine, carol, now| engine.accept(carol, None, now));
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard().len(), 1, "the same session, with the same key");
    assert_eq!(standing(&alice, "carol"), Standing::Unverified);
    // And home again.
    for (from, to) in [("carol", "y"), ("bob", "carol"), ("y", "bob")] {
        let effects = alice.engine.renamed(&nick(from), &nick(to));
        alice.file(effects);
    }
    assert_eq!(standing(&alice, "bob"), Standing::Verified);
    assert_eq!(standing(&alice, "carol"), Standing::Unverified);
}

#[test]
fn s33_what_was_compared_is_what_is_confirmed() {
    let (mut alice, mut bob) = private_pair();
    let compared = alice.engine.comparison(&nick("bob")).unwrap();
    let theirs = bob.engine.comparison(&nick("alice")).unwrap();
    assert_eq!(compared.ssid.as_bytes(), theirs.ssid.as_bytes());
    assert_ne!(compared.ssid.half(), theirs.ssid.half());
    assert_eq!(
        (compared.our_key, compared.their_key),
        (theirs.their_key, theirs.our_key)
    );
    // New keys while the person reads: what they hold in their hands is stale.
    bob.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut bob);
    alice.act("bob", |engine, bob, now| {
        engine.confirm_comparison(bob, &compared, now)
    });
    assert!(alice.shows(|what| matches!(what, What::Mistake(words) if words.contains("compare again"))));
    assert_eq!(standing(&alice, "bob"), Standing::Unverified);

    alice.act("bob", |engine, bob, now| engine.confirm_shown(bob, now));
    assert_eq!(
        standing(&alice, "bob"),
        Standing::Unverified,
        "nothing was shown yet"
    );
    alice.act("bob", |engine, bob, now| engine.compare(bob, now));
    alice.act("bob", |engine, bob, now| engine.confirm_shown(bob, now));
    assert_eq!(standing(&alice, "bob"), Standing::Verified);
    assert_eq!(
        standing(&bob, "alice"),
        Standing::Unverified,
        "each person confirms for themselves"
    );
}

/// One comparison with different secrets.
fn fail(alice: &mut Someone, bob: &mut Someone) {
    alice.act("bob", |engine, bob, now| {
        engine.verify(bob, b"owl", None, None, now)
    });
    carry(alice, bob);
    bob.act("alice", |engine, alice, now| {
        engine.answer(alice, b"eel", None, now)
    });
    carry(alice, bob);
}

#[test]
fn three_failed_comparisons_a_day_are_the_most() {
    let (mut alice, mut bob) = private_pair();
    for _ in 0..3 {
        fail(&mut alice, &mut bob);
    }
    assert!(!alice.shows(|what| matches!(what, What::VerifyLocked { .. })));
    fail(&mut alice, &mut bob);
    assert!(alice.shows(|what| matches!(what, What::VerifyLocked { .. })));
    // Neither side can begin one, and what the other begins is not asked about.
    let mut bob_again = bob;
    bob_again.shown.clear();
    bob_again.act("alice", |engine, alice, now| {
        engine.verify(alice, b"x", None, None, now)
    });
    assert!(bob_again.shows(|what| matches!(what, What::VerifyLocked { .. })));

    let failures: Vec<_> = alice
        .memories
        .iter()
        .filter(|memory| matches!(memory, Memory::ComparisonFailed { .. }))
        .collect();
    assert_eq!(failures.len(), 3);
    // A day later they may try again.
    for someone in [&mut alice, &mut bob_again] {
        someone.now += 24 * 60 * 60 * 1000;
        someone.shown.clear();
    }
    fail(&mut alice, &mut bob_again);
    assert!(alice.shows(|what| matches!(what, What::Different(_))));
}

#[test]
fn the_lock_outlives_the_program_and_holds_against_their_runs() {
    let (mut alice, mut bob) = private_pair();
    let now = alice.now;
    for at in [now - 3000, now - 2000, now - 1000] {
        alice
            .engine
            .learn_failure(&nick("bob"), Timestamp::from_millis(at));
    }
    bob.act("alice", |engine, alice, now| {
        engine.verify(alice, b"guess", None, None, now)
    });
    carry(&mut alice, &mut bob);
    assert!(
        !alice.shows(|what| matches!(what, What::Asked { .. })),
        "{:?}",
        alice.shown
    );
    assert!(alice.shows(|what| matches!(what, What::VerifyLocked { .. })));
    assert!(
        bob.shows(|what| matches!(what, What::ComparisonEnded)),
        "they are told that it is over"
    );
    alice.receive(&nick("bob"), b"plain", Kind::Person);
}

#[test]
fn s34_who_stays_away_with_the_result_has_made_a_guess() {
    let (mut alice, mut bob) = private_pair();
    for round in 0..3 {
        alice.act("bob", |engine, bob, now| {
            engine.verify(bob, b"owl", None, None, now)
        });
        carry(&mut alice, &mut bob);
        bob.act("alice", |engine, alice, now| {
            engine.answer(alice, b"guess", None, now)
        });
        for (_, text) in std::mem::take(&mut bob.outgoing) {
            alice.receive(&nick("bob"), &text, Kind::Person);
        }
        // Alice's third message tells Bob. He does not send the fourth, and gives up, or asks for new keys, or waits
        // until Alice begins anew.
        alice.outgoing.clear();
        match round {
            0 => bob.act("alice", |engine, alice, now| engine.abort(alice, now)),
            1 => bob.act("alice", |engine, alice, now| engine.start(alice, now)),
            _ => &mut bob,
        };
        carry(&mut alice, &mut bob);
    }
    alice.act("bob", |engine, bob, now| {
        engine.verify(bob, b"owl", None, None, now)
    });
    assert!(
        alice.shows(|what| matches!(what, What::VerifyLocked { .. })),
        "{:?}",
        alice.shown
    );
}

#[test]
fn a_lock_is_not_escaped_by_another_nick() {
    let (mut alice, mut bob) = private_pair();
    for _ in 0..3 {
        fail(&mut alice, &mut bob);
    }
    let effects = alice.engine.renamed(&nick("bob"), &nick("x"));
    alice.file(effects);
    for name in ["x", "bob"] {
        alice.shown.clear();
        alice.act(name, |engine, whom, now| {
            engine.verify(whom, b"owl", None, None, now)
        });
        assert!(
            alice.shows(|what| matches!(what, What::VerifyLocked { .. })),
            "{name}"
        );
    }
}

#[test]
fn both_begin_to_compare_at_once_and_neither_hangs() {
    let (mut alice, mut bob) = private_pair();
    alice.act("bob", |engine, bob, now| {
        engine.verify(bob, b"owl", None, None, now)
    });
    bob.act("alice", |engine, alice, now| {
        engine.verify(alice, b"owl", None, None, now)
    });
    carry(&mut alice, &mut bob);
    for someone in [&alice, &bob] {
        assert!(
            someone.shows(|what| matches!(what, What::ComparisonEnded | What::Asked { .. })),
            "{:?}",
            someone.shown
        );
    }
    verify(&mut alice, &mut bob);
    assert_eq!(standing(&alice, "bob"), Standing::Verified);
    assert_eq!(standing(&bob, "alice"), Standing::Verified);
}

#[test]
fn s67_a_blocked_key_does_not_become_familiar_by_leaving_and_coming_back() {
    let (mut alice, _bob) = private_pair();
    let mut mallory = Someone::new("bob", 66);
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut mallory);
    assert_eq!(standing(&alice, "bob"), Standing::KeyChanged);
    let effects = alice.engine.renamed(&nick("bob"), &nick("x"));
    alice.file(effects);
    let mut again = Someone::new("bob", 66);
    again.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut again);
    assert_eq!(standing(&alice, "bob"), Standing::KeyChanged);
    let remembered = |memory: &Memory| matches!(memory, Memory::Key { fingerprint, .. } if *fingerprint == again.fingerprint());
    assert!(!alice.memories.iter().any(remembered));
}

#[test]
fn a_key_that_was_found_wrong_is_not_remembered_and_loses_its_acceptance() {
    let (mut alice, _bob) = private_pair();
    let mut mallory = Someone::new("bob", 66);
    mallory.act("alice", |engine, alice, now| engine.start(alice, now));
    carry(&mut alice, &mut mallory);
    let key = mallory.fingerprint();
    alice.act("bob", |engine, bob, now| {
        engine.set_trust(bob, Some(key), false, now)
    });
    let remembered =
        |memory: &Memory| matches!(memory, Memory::Key { fingerprint, .. } if *fingerprint == key);
    assert!(!alice.memories.iter().any(remembered));
    alice.act("bob", |engine, bob, now| engine.accept(bob, None, now));
    assert_eq!(standing(&alice, "bob"), Standing::Unverified);
    alice.act("bob", |engine, bob, now| {
        engine.set_trust(bob, Some(key), false, now)
    });
    assert_eq!(standing(&alice, "bob"), Standing::Distrusted);
    alice.say("bob", "hush");
    let held = |what: &What| matches!(what, What::NotSent { why: Obstacle::Distrusted(of), held: true, .. } if *of == key);
    assert!(alice.shows(held), "it did not change: it lost its trust");
}
