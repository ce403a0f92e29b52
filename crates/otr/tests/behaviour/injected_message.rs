//! A few messages that somebody puts into a key exchange under way do not end it: the true one is finished.

use otr::wire::Message;
use otr::wire::header::Header;
use otr::{Event, Start, Version};

use crate::common::forge::{change, open};
use crate::common::{Person, deliver, open_policy};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// Bob has committed, in answer to Alice's query; what he sent.
fn bob_has_committed(version: Version) -> (Person, Person, Vec<u8>) {
    let numbers = [version.number()];
    let (mut alice, mut bob) = (Person::alice(&numbers), Person::bob(&numbers));
    alice.start();
    bob.receive(&alice.only_message());
    let commit = bob.only_message();
    (alice, bob, commit)
}

/// Somebody else's commitment, and somebody else's answer to this one, under the tags of these headers.
fn foreign_commit(seed: u8, version: Version, like: &Header) -> Vec<u8> {
    let mut mallory = Person::new("mallory", 2, seed, open_policy(&[version.number()]));
    mallory.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
    change(&mallory.only_message(), |header, _| *header = *like)
}

fn foreign_key(seed: u8, commit: &[u8], like: &Header) -> Vec<u8> {
    let mut mallory = Person::new("mallory", 2, seed, open_policy(&[2, 3]));
    mallory.receive(commit);
    change(&mallory.only_message(), |header, _| *header = *like)
}

fn finish(mut alice: Person, mut bob: Person, what: &str) {
    deliver(&mut alice, &mut bob);
    for person in [&alice, &bob] {
        assert!(
            person.is_private(),
            "{what}: {}: {:?}",
            person.name,
            person.events
        );
        let negotiating = person.conversation.sessions().any(otr::Session::is_negotiating);
        assert!(!negotiating, "{what}: {}: nothing is left", person.name);
    }
    alice.say("a");
    bob.say("b");
    deliver(&mut alice, &mut bob);
    assert_eq!((bob.read(), alice.read()), (vec!["a".into()], vec!["b".into()]));
}

#[test]
fn a_key_before_the_true_one_does_not_end_the_exchange() {
    for version in VERSIONS {
        for (before, after) in [(1, 0), (3, 3), (0, 6), (6, 0)] {
            let (mut alice, mut bob, commit) = bob_has_committed(version);
            alice.receive(&commit);
            let key = alice.only_message();
            let header = open(&key).0;
            let forged = |seed| foreign_key(seed, &commit, &header);
            (0..before).for_each(|seed| {
                bob.receive(&forged(seed));
            });
            bob.take_outgoing();
            bob.receive(&key);
            let reveal = bob.only_message();
            (0..after).for_each(|seed| {
                bob.receive(&forged(100 + seed));
            });
            bob.take_outgoing();
            alice.receive(&reveal);
            finish(
                alice,
                bob,
                &format!("{version:?}, {before} before, {after} after"),
            );
        }
    }
}

#[test]
fn the_same_key_again_gets_the_same_reveal_signature() {
    for version in VERSIONS {
        let (mut alice, mut bob, commit) = bob_has_committed(version);
        alice.receive(&commit);
        let key = alice.only_message();
        let forged = foreign_key(7, &commit, &open(&key).0);
        let mut answers = Vec::new();
        for key in [&forged, &key, &forged, &key] {
            bob.receive(key);
            answers.push(bob.only_message());
        }
        assert!(answers[0] == answers[2] && answers[1] == answers[3] && answers[0] != answers[1]);
    }
}

#[test]
fn a_commitment_while_a_signature_is_awaited_does_not_end_the_exchange() {
    for version in VERSIONS {
        let (mut alice, mut bob, commit) = bob_has_committed(version);
        alice.receive(&commit);
        let key = alice.only_message();
        let header = open(&key).0;
        bob.receive(&key);
        alice.receive(&bob.only_message());
        for seed in 0..5 {
            bob.receive(&foreign_commit(seed, version, &header));
            let answer = open(&bob.only_message()).1;
            assert!(matches!(answer, Message::DhKey(_)), "somebody may begin anew");
        }
        finish(alice, bob, &format!("{version:?}"));
    }
}

#[test]
fn a_commitment_while_a_reveal_signature_is_awaited_does_not_end_the_exchange() {
    for version in VERSIONS {
        for (before, after) in [(1, 0), (0, 1), (3, 3), (0, 6), (6, 0)] {
            let (mut alice, mut bob, commit) = bob_has_committed(version);
            let header = open(&commit).0;
            (0..before).for_each(|seed| {
                alice.receive(&foreign_commit(seed, version, &header));
            });
            alice.take_outgoing();
            alice.receive(&commit);
            bob.receive(&alice.only_message());
            (0..after).for_each(|seed| {
                alice.receive(&foreign_commit(100 + seed, version, &header));
            });
            alice.take_outgoing();
            finish(
                alice,
                bob,
                &format!("{version:?}, {before} before, {after} after"),
            );
        }
    }
}

#[test]
fn a_higher_commitment_does_not_end_the_exchange() {
    for version in VERSIONS {
        let mut gave_way = 0;
        for seed in 0..8 {
            let (mut alice, mut bob, commit) = bob_has_committed(version);
            alice.receive(&commit);
            let key = alice.only_message();
            bob.receive(&foreign_commit(seed, version, &open(&key).0));
            let answer = open(&bob.only_message()).1;
            gave_way += u32::from(matches!(answer, Message::DhKey(_)));
            bob.receive(&key);
            finish(alice, bob, &format!("{version:?}, {seed}"));
        }
        assert!(gave_way > 0, "{version:?}: both cases are met");
    }
}

#[test]
fn whoever_finishes_is_the_one_and_what_was_left_open_is_forgotten() {
    for version in VERSIONS {
        let (mut alice, mut bob, commit) = bob_has_committed(version);
        alice.receive(&commit);
        let key = alice.only_message();
        bob.receive(&foreign_key(7, &commit, &open(&key).0));
        bob.take_outgoing();
        bob.receive(&key);
        alice.receive(&bob.only_message());
        let signature = alice.only_message();
        bob.receive(&signature);
        assert!(bob.is_private());
        bob.take_events();
        bob.receive(&signature);
        assert!(matches!(bob.take_events()[..], [Event::Refused { .. }]));
    }
}
