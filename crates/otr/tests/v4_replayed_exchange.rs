//! A finished exchange of version 4 is over, whatever is left of the offer that began it: what was recorded of it and is
//! played again, from whatever session of ours, changes nothing and brings no keys back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Person, deliver, open_policy};
use otr::{Event, Policy, Recipient, Reject, Start, Version};

fn identity(of: &mut Person) -> Vec<u8> {
    of.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
    of.only_message()
}

/// Bob has few places for devices, and an open offer that Alice has answered.
struct Recorded {
    alice: Person,
    bob: Person,
    auth_r: Vec<u8>,
    auth_i: Vec<u8>,
    letter: Vec<u8>,
}

fn recorded() -> Recorded {
    let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
    let mut policy = open_policy(&[4]);
    policy.limits.sessions = 2;
    bob.conversation.set_policy(policy);
    let offer = identity(&mut bob);
    let auth_r = alice.receive(&offer).only_message();
    let auth_i = bob.receive(&auth_r).only_message();
    alice.receive(&auth_i);
    assert!(alice.is_private() && bob.is_private());
    alice.say("once");
    let letter = alice.only_message();
    bob.receive(&letter);
    assert_eq!(bob.read(), ["once"]);
    Recorded {
        alice,
        bob,
        auth_r,
        auth_i,
        letter,
    }
}

/// The MAC keys are public after the end; without a memory of the session id, whoever plays the answer again would
/// make us read, in Alice's name, whatever they write with those keys.
#[test]
fn s83_the_answer_to_an_open_offer_counts_once_even_if_its_session_is_forgotten() {
    let Recorded {
        alice,
        mut bob,
        auth_r,
        letter,
        ..
    } = recorded();
    bob.act(|conversation, env| conversation.end(env, Recipient::Best));
    // Other devices take the place of the session that stands for nothing any more.
    for seed in 0xe0..0xe4 {
        let mut mallory = Person::new("mallory", 2, seed, open_policy(&[4]));
        bob.receive(&identity(&mut mallory));
    }
    let tag = alice.account.instance_tag();
    assert!(bob.conversation.session(Recipient::Tag(tag)).is_none());
    bob.take_outgoing();
    bob.take_events();
    let before = otr::hazmat::state(&bob.conversation);
    bob.receive(&auth_r);
    assert!(!bob.is_private(), "{:?}", bob.events);
    assert_eq!(
        bob.take_events(),
        [Event::Refused {
            reason: Reject::Replayed
        }]
    );
    assert!(bob.take_outgoing().is_empty());
    assert!(otr::hazmat::state(&bob.conversation) == before);
    bob.receive(&letter);
    assert!(bob.read().is_empty());
}

#[test]
fn s83_recorded_messages_change_nothing_while_the_conversation_goes_on() {
    let Recorded {
        mut alice,
        mut bob,
        auth_r,
        auth_i,
        ..
    } = recorded();
    let before = [&alice, &bob].map(|person| otr::hazmat::state(&person.conversation));
    bob.receive(&auth_r);
    alice.receive(&auth_i);
    for person in [&mut alice, &mut bob] {
        let events = person.take_events();
        assert!(
            matches!(&events[..], [.., Event::Refused { .. }]),
            "{}: {events:?}",
            person.name
        );
        assert!(person.take_outgoing().is_empty());
    }
    let after = [&alice, &bob].map(|person| otr::hazmat::state(&person.conversation));
    assert!(before == after);
    alice.say("still here");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["still here"]);
}

/// A copy of an Identity message gets a copy of the answer, but the keys in that live no longer for it.
#[test]
fn copies_of_an_identity_message_do_not_keep_our_keys_alive() {
    let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
    let age = u64::try_from(Policy::manual().limits.handshake_age.as_millis()).unwrap();
    let offer = identity(&mut bob);
    let auth_r = alice.receive(&offer).only_message();
    for _ in 0..3 {
        alice.pass(age / 2 - 1).receive(&offer);
        let copies = alice.take_outgoing();
        if alice.now.as_millis() < 1_000_000 + age {
            assert_eq!(copies, std::slice::from_ref(&auth_r));
        } else {
            assert_ne!(
                copies,
                std::slice::from_ref(&auth_r),
                "an answer that is too old is made anew"
            );
        }
    }
    let auth_i = bob.receive(&auth_r).only_message();
    alice.receive(&auth_i);
    assert!(!alice.is_private(), "{:?}", alice.events);
}
