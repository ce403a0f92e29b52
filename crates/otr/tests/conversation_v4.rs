//! Whole conversations of version 4, and of people some of whom speak older versions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use common::{Person, deliver, open_policy, private_pair};
use otr::{
    Conversation, Event, Fingerprint, Policy, Recipient, Reject, SendError, SessionState, SmpAction,
    SmpEvent, Start, Version, Versions,
};

fn version(of: &Person) -> Option<Version> {
    match of.conversation.session(Recipient::Best)?.state() {
        SessionState::Encrypted(version) => Some(version),
        _ => None,
    }
}

fn talk(alice: &mut Person, bob: &mut Person) {
    for round in 0..8 {
        alice.say(&format!("to bob {round}"));
        deliver(alice, bob);
        assert_eq!(bob.read(), [format!("to bob {round}")]);
        bob.say(&format!("to alice {round}"));
        bob.say("and more");
        deliver(alice, bob);
        assert_eq!(alice.read(), [format!("to alice {round}"), "and more".to_owned()]);
    }
}

#[test]
fn the_highest_common_version_is_spoken_whoever_asks() {
    for (alices, bobs, common) in [
        (&[4][..], &[4][..], Version::V4),
        (&[2, 3, 4], &[3, 4], Version::V4),
        (&[2, 3, 4], &[2, 3], Version::V3),
        (&[3], &[3, 4], Version::V3),
        (&[2, 4], &[2, 3], Version::V2),
    ] {
        for bob_asks in [false, true] {
            let (mut alice, mut bob) = (Person::alice(alices), Person::bob(bobs));
            if bob_asks { &mut bob } else { &mut alice }.start();
            deliver(&mut alice, &mut bob);
            assert_eq!(
                version(&alice),
                Some(common),
                "{alices:?} {bobs:?}: {:?}",
                alice.events
            );
            assert_eq!(version(&bob), Some(common));
            talk(&mut alice, &mut bob);
        }
    }
}

#[test]
fn a_tag_in_clear_text_begins_version_4() {
    let (mut alice, mut bob) = (Person::alice(&[3, 4]), Person::bob(&[3, 4]));
    let policy = Policy {
        send_tag: true,
        ..open_policy(&[3, 4])
    };
    alice.conversation.set_policy(policy);
    alice.say("hello");
    deliver(&mut alice, &mut bob);
    assert_eq!(version(&alice), Some(Version::V4));
    talk(&mut alice, &mut bob);
}

#[test]
fn an_account_without_the_keys_of_version_4_speaks_another() {
    let (mut alice, mut bob) = (Person::alice(&[3, 4]), Person::bob(&[3, 4]));
    bob.account = otr::Account::new(common::key(1), bob.account.instance_tag(), &mut bob.rng);
    alice.start();
    deliver(&mut alice, &mut bob);
    assert_eq!(version(&alice), Some(Version::V3), "{:?}", alice.events);
    talk(&mut alice, &mut bob);
}

#[test]
fn both_see_the_same_session_and_each_others_fingerprints() {
    let (alice, bob) = private_pair(&[4]);
    let at = |person: &Person| {
        let session = person.conversation.session(Recipient::Best).unwrap();
        (session.ssid().unwrap(), session.fingerprint().unwrap())
    };
    let ((alices, of_bob), (bobs, of_alice)) = (at(&alice), at(&bob));
    assert_eq!(alices.as_bytes(), bobs.as_bytes());
    assert_ne!(alices.half(), bobs.half(), "each reads another half");
    assert_eq!(Some(of_bob), bob.account.fingerprint_in(Version::V4));
    assert_eq!(Some(of_alice), alice.account.fingerprint_in(Version::V4));
    assert_eq!(of_bob.as_bytes().len(), 56);
}

#[test]
fn both_ask_at_once() {
    for turn in 0..4_u8 {
        let (mut alice, mut bob) = (
            Person::new("alice", 0, 0xa1 + turn, open_policy(&[4])),
            Person::new("bob", 1, 0xb0 + turn, open_policy(&[4])),
        );
        for person in [&mut alice, &mut bob] {
            person.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        }
        deliver(&mut alice, &mut bob);
        assert_eq!(version(&alice), Some(Version::V4), "{:?}", alice.events);
        talk(&mut alice, &mut bob);
    }
}

/// Who has the higher hash waits for the answer to the message that is under way, and says it again when it must be lost.
#[test]
fn a_message_that_crossed_is_said_again_only_when_it_may_be_lost() {
    for lost in [false, true] {
        let (mut alice, mut bob) = (
            Person::new("alice", 0, 0xa1, open_policy(&[4])),
            Person::new("bob", 1, 0xb0, open_policy(&[4])),
        );
        let [mine, theirs] = [&mut alice, &mut bob].map(|person| {
            person.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
            person.take_outgoing()
        });
        if lost {
            alice.now = otr::Timestamp::from_millis(alice.now.as_millis() + 11_000);
            bob.now = alice.now;
        }
        for letter in &mine {
            bob.receive(letter);
        }
        for letter in &theirs {
            alice.receive(letter);
        }
        let said = [alice.outgoing.len(), bob.outgoing.len()];
        // One of them answers the other; who is higher says nothing, or the same again.
        assert_eq!(said.iter().sum::<usize>(), if lost { 2 } else { 1 }, "{said:?}");
        deliver(&mut alice, &mut bob);
        talk(&mut alice, &mut bob);
    }
}

/// Bob was asked while Alice was a stranger to him, and answered nobody; a little later he asks by himself.
#[test]
fn a_message_that_crossed_one_which_nobody_answered_is_said_again_by_the_clock() {
    let mut waited = 0;
    for turn in 0..8_u8 {
        let (mut alice, mut bob) = (
            Person::new("alice", 0, 0xa1 + turn, open_policy(&[4])),
            Person::new("bob", 1, 0xc0 + turn, open_policy(&[4])),
        );
        alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        alice.outgoing.clear();
        let began = alice.now;
        alice.now = began.plus(Duration::from_secs(5));
        bob.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        deliver(&mut alice, &mut bob);
        if version(&alice).is_none() {
            waited += 1;
            alice.now = began.plus(Duration::from_millis(9_999));
            alice.act(Conversation::tick);
            assert!(alice.outgoing.is_empty(), "the answer may be under way");
            let due = alice.conversation.next_deadline().unwrap();
            assert_eq!(due, began.plus(Duration::from_secs(10)));
            alice.now = due;
            alice.act(Conversation::tick);
            deliver(&mut alice, &mut bob);
            alice.act(Conversation::tick);
            assert!(alice.outgoing.is_empty(), "once");
        }
        talk(&mut alice, &mut bob);
    }
    assert!((1..8).contains(&waited), "{waited}: half of them, about");
}

#[test]
fn a_second_exchange_renews_the_conversation() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    talk(&mut alice, &mut bob);
    bob.start();
    deliver(&mut alice, &mut bob);
    for person in [&mut alice, &mut bob] {
        let renewed = |event: &Event| {
            matches!(
                event,
                Event::Renewed {
                    version: Version::V4,
                    ..
                }
            )
        };
        assert_eq!(
            person.take_events().iter().filter(|event| renewed(event)).count(),
            1
        );
    }
    talk(&mut alice, &mut bob);
}

#[test]
fn s11_version_3_does_not_take_the_place_of_version_4() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    let mut lower = Policy {
        versions: Versions::V3,
        ..open_policy(&[3])
    };
    lower.send_tag = false;
    bob.conversation.set_policy(lower);
    bob.act(|conversation, env| conversation.start(env, Start::Query).unwrap());
    deliver(&mut alice, &mut bob);
    assert_eq!(version(&alice), Some(Version::V4), "{:?}", alice.events);
    assert!(
        alice.events.contains(&Event::Refused {
            reason: Reject::VersionRefused
        }),
        "{:?}",
        alice.events
    );
}

/// Whoever can hold messages back would otherwise wait for the end.
#[test]
fn s11_nor_does_it_follow_an_ended_conversation_of_version_4_by_itself() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    bob.act(|conversation, env| conversation.end(env, Recipient::Best));
    deliver(&mut alice, &mut bob);
    bob.conversation.set_policy(open_policy(&[3]));
    for how in [Start::Query, Start::Interactive(Version::V3)] {
        alice.take_events();
        bob.act(|conversation, env| conversation.start(env, how).unwrap());
        deliver(&mut alice, &mut bob);
        let refused = Event::Refused {
            reason: Reject::VersionRefused,
        };
        assert!(alice.events.contains(&refused), "{how:?}: {:?}", alice.events);
        assert!(!alice.is_private() && !bob.is_private());
    }
    // The person says that it is over; then it may.
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    bob.start();
    deliver(&mut alice, &mut bob);
    assert_eq!(version(&alice), Some(Version::V3), "{:?}", alice.events);
}

#[test]
fn s11_what_was_spoken_before_is_not_talked_down() {
    let (mut alice, mut bob) = (Person::alice(&[3, 4]), Person::bob(&[3]));
    let policy = Policy {
        minimum_version: Some(Version::V4),
        ..open_policy(&[3, 4])
    };
    alice.conversation.set_policy(policy);
    bob.start();
    deliver(&mut alice, &mut bob);
    assert!(!alice.is_private() && !bob.is_private());
}

#[test]
fn messages_arrive_in_reverse_and_one_is_lost() {
    let (mut alice, mut bob) = private_pair(&[4]);
    talk(&mut alice, &mut bob);
    for number in 0..20 {
        alice.say(&number.to_string());
    }
    let mut letters = alice.take_outgoing();
    assert_eq!(letters.len(), 20);
    letters.remove(7);
    for letter in letters.iter().rev() {
        bob.receive(letter);
    }
    let mut expected: Vec<String> = (0..20).rev().map(|number| number.to_string()).collect();
    expected.retain(|number| number != "7");
    assert_eq!(bob.read(), expected);
    // Copies are read by nobody.
    for letter in &letters {
        bob.receive(letter);
    }
    assert!(bob.read().is_empty());
    deliver(&mut alice, &mut bob);
    talk(&mut alice, &mut bob);
}

#[test]
fn pieces_arrive_in_any_order_and_among_each_other() {
    let (mut alice, mut bob) = private_pair(&[4]);
    alice.conversation.set_carrier_limit(Some(120)).unwrap();
    alice.say("one of many pieces");
    alice.say("another one of many pieces");
    let mut pieces = alice.take_outgoing();
    assert!(pieces.len() > 4 && pieces.iter().all(|piece| piece.len() <= 120));
    pieces.sort();
    pieces.reverse();
    for piece in &pieces {
        bob.receive(piece);
    }
    let mut read = bob.read();
    read.sort();
    assert_eq!(read, ["another one of many pieces", "one of many pieces"]);
}

#[test]
fn secrets_are_compared_both_ways() {
    for (answer, expected) in [("owl", SmpEvent::Succeeded), ("eel", SmpEvent::Failed)] {
        for question in [None, Some(&b"which bird?"[..])] {
            let (mut alice, mut bob) = private_pair(&[4]);
            alice.act(|conversation, env| {
                let action = SmpAction::Start {
                    secret: b"owl",
                    question,
                };
                conversation.smp(env, Recipient::Best, action).unwrap()
            });
            deliver(&mut alice, &mut bob);
            let asked = |event: &Event| match event {
                Event::Smp {
                    event: SmpEvent::Asked { question: told },
                    ..
                } => told.as_deref() == question,
                _ => false,
            };
            assert!(bob.take_events().iter().any(asked));
            bob.act(|conversation, env| {
                let action = SmpAction::Answer {
                    secret: answer.as_bytes(),
                };
                conversation.smp(env, Recipient::Best, action).unwrap()
            });
            deliver(&mut alice, &mut bob);
            let whom = |person: &Person| person.account.fingerprint_in(Version::V4).unwrap();
            let result = |peer: Fingerprint| {
                let expected = expected.clone();
                move |event: &Event| matches!(event, Event::Smp { event, fingerprint, .. } if *event == expected && *fingerprint == peer)
            };
            assert!(alice.events.iter().any(result(whom(&bob))), "{:?}", alice.events);
            assert!(bob.events.iter().any(result(whom(&alice))), "{:?}", bob.events);
        }
    }
}

#[test]
fn an_extra_key_is_the_same_on_both_sides() {
    let (mut alice, mut bob) = private_pair(&[4]);
    let mut ours = None;
    alice.act(|conversation, env| {
        let (outputs, key) = conversation
            .use_extra_key(env, Recipient::Best, 7, b"file")
            .unwrap();
        ours = Some(key);
        outputs
    });
    deliver(&mut alice, &mut bob);
    let told = bob.take_events();
    let [
        Event::ExtraKey {
            usage: 7, data, key, ..
        },
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(&**data, b"file");
    assert_eq!(Some(key), ours.as_ref());
    assert_eq!(key.expose().len(), 64);
}

#[test]
fn the_end_is_told_and_nothing_goes_out_in_the_clear_after_it() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    deliver(&mut alice, &mut bob);
    assert!(
        bob.take_events()
            .iter()
            .any(|event| matches!(event, Event::PeerEnded { .. }))
    );
    assert_eq!(bob.try_say("secret"), Err(SendError::PeerEnded));
    bob.start();
    deliver(&mut alice, &mut bob);
    assert_eq!(version(&bob), Some(Version::V4));
    talk(&mut alice, &mut bob);
}

#[test]
fn s82_a_conversation_without_new_keys_for_a_week_is_over_and_not_in_the_clear() {
    let (mut alice, mut bob) = private_pair(&[4]);
    talk(&mut alice, &mut bob);
    let week = 7 * 24 * 60 * 60 * 1000;
    assert!(alice.conversation.next_deadline().is_some());
    alice
        .pass(week + 1)
        .act(|conversation, env| conversation.tick(env));
    assert!(
        alice
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::Expired { .. }))
    );
    assert_eq!(alice.try_say("secret"), Err(SendError::PeerEnded));
    deliver(&mut alice, &mut bob);
    assert!(
        bob.take_events()
            .iter()
            .any(|event| matches!(event, Event::PeerEnded { .. }))
    );
}

#[test]
fn a_profile_whose_time_is_over_begins_nothing() {
    let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
    alice.pass(8 * 24 * 60 * 60 * 1000);
    bob.now = alice.now;
    bob.start();
    deliver(&mut alice, &mut bob);
    let expired = Event::Refused {
        reason: Reject::Expired,
    };
    assert!(alice.events.contains(&expired), "{:?}", alice.events);
    let now = alice.now;
    for person in [&mut alice, &mut bob] {
        assert!(person.account.renew_profile(&mut person.rng, now));
        assert!(!person.account.renew_profile(&mut person.rng, now));
    }
    bob.start();
    deliver(&mut alice, &mut bob);
    talk(&mut alice, &mut bob);
}

#[test]
fn a_rejected_message_changes_nothing_and_the_true_one_is_read_afterwards() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    alice.say("the true one");
    let letter = alice.only_message();
    let before = otr::hazmat::state(&bob.conversation);
    for at in 0..letter.len() {
        let mut broken = letter.clone();
        broken[at] ^= 1;
        // A broken marker makes it a clear text, which is another matter.
        if !broken.starts_with(b"?OTR:") {
            continue;
        }
        bob.receive(&broken);
        bob.receive(&letter[..at]);
        assert_eq!(otr::hazmat::state(&bob.conversation), before, "at {at}");
    }
    bob.take_events();
    bob.receive(&letter);
    assert_eq!(bob.read(), ["the true one"]);
}

/// S-26: first messages of any number of strangers' devices, each good in itself, while a conversation goes on.
#[test]
fn s26_a_flood_of_identity_messages_takes_nothing_away_and_stays_within_bounds() {
    let (mut alice, mut bob) = private_pair(&[4]);
    let most = bob.conversation.policy().limits.sessions;
    for seed in 0..64 {
        let mut mallory = Person::new("mallory", 2, seed, open_policy(&[4]));
        mallory.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        let identity = mallory.only_message();
        for _ in 0..3 {
            bob.pass(700).receive(&identity);
        }
        assert!(bob.conversation.sessions().count() <= most);
        alice.now = bob.now;
    }
    bob.take_outgoing();
    assert!(bob.conversation.sessions().count() > most / 2);
    talk(&mut alice, &mut bob);
    bob.pass(120_000).act(|conversation, env| conversation.tick(env));
    let negotiating = bob
        .conversation
        .sessions()
        .filter(|session| session.is_negotiating());
    assert_eq!(negotiating.count(), 0, "what was begun is forgotten");
}

#[test]
fn s76_an_identity_message_of_anybody_disturbs_nothing() {
    let (mut alice, mut bob) = private_pair(&[4]);
    let mut mallory = Person::new("mallory", 2, 0xee, open_policy(&[4]));
    for _ in 0..3 {
        mallory.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        let identity = mallory.only_message();
        bob.receive(&identity);
    }
    bob.take_outgoing();
    talk(&mut alice, &mut bob);
    assert_eq!(version(&bob), Some(Version::V4));
}
