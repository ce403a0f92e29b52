//! A stranger who can put messages into the carrier, under any instance tag, against a conversation that
//! is private (S-25, S-26, S-43).

use otr::wire::header::InstanceTag;
use otr::{Event, Limits, Recipient, Reject, SendError, SessionState, Start, Version};

use crate::common::forge::change;
use crate::common::{Person, deliver, open_policy, private_pair};

/// Mallory runs a whole key exchange with Alice under Bob's tag, and ends up with what Alice said last.
fn impersonate(alice: &mut Person, mallory: &mut Person, tag: InstanceTag, version: Version) {
    // Never out of budget.
    alice.pass(10_000);
    mallory.pass(10_000);
    mallory.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
    for _ in 0..4 {
        for message in mallory.take_outgoing() {
            alice.receive(&change(&message, |header, _| {
                if header.version == Version::V3 {
                    header.sender = tag;
                }
            }));
        }
        for message in alice.take_outgoing() {
            mallory.receive(&change(&message, |header, _| {
                if header.version == Version::V3 {
                    header.receiver = mallory_tag(header.receiver, tag);
                }
            }));
        }
    }

    fn mallory_tag(receiver: InstanceTag, posed: InstanceTag) -> InstanceTag {
        assert_eq!(receiver, posed);
        MALLORY
    }
}

const MALLORY: InstanceTag = InstanceTag::from_raw(0x0066_6666);

fn mallory(numbers: &[u16]) -> Person {
    let mut mallory = Person::new("mallory", 2, 0x66, open_policy(numbers));
    mallory.account = otr::Account::new(crate::common::key(2), MALLORY, &mut mallory.rng);
    mallory
}

#[test]
fn s25_a_stranger_does_not_take_over_the_session_of_a_trusted_key() {
    for (number, version) in [(1, Version::V1), (2, Version::V2), (3, Version::V3)] {
        let (mut alice, mut bob) = private_pair(&[number]);
        let bobs_key = bob.account.fingerprint();
        alice.conversation.set_trusted(bobs_key, true);
        let tag = alice.conversation.session(Recipient::Best).unwrap().tag();
        impersonate(&mut alice, &mut mallory(&[number]), tag, version);
        let session = alice.conversation.session(Recipient::Tag(tag)).unwrap();
        assert_eq!(session.fingerprint(), Some(bobs_key), "version {number}");
        assert!(
            alice.take_events().contains(&Event::Refused {
                reason: Reject::KeyChanged
            }),
            "version {number}: the person hears of it"
        );
        alice.say("only for Bob");
        deliver(&mut alice, &mut bob);
        assert_eq!(bob.read(), ["only for Bob"], "version {number}");
    }
}

#[test]
fn after_the_person_has_ended_it_another_key_may_come() {
    let (mut alice, bob) = private_pair(&[3]);
    alice.conversation.set_trusted(bob.account.fingerprint(), true);
    let tag = bob.account.instance_tag();
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    alice.take_outgoing();
    let mut newcomer = mallory(&[3]);
    impersonate(&mut alice, &mut newcomer, tag, Version::V3);
    let session = alice.conversation.session(Recipient::Tag(tag)).unwrap();
    assert_eq!(session.fingerprint(), Some(newcomer.account.fingerprint()));
}

#[test]
fn an_untrusted_key_is_still_replaced_and_the_change_told() {
    let (mut alice, bob) = private_pair(&[3]);
    impersonate(
        &mut alice,
        &mut mallory(&[3]),
        bob.account.instance_tag(),
        Version::V3,
    );
    assert!(alice.take_events().iter().any(|event| matches!(
        event,
        Event::Established { changed_from: Some(key), .. } if *key == bob.account.fingerprint()
    )));
}

#[test]
fn a_new_device_never_makes_room_for_clear_text() {
    let (mut alice, _bob) = private_pair(&[3]);
    let mut policy = alice.conversation.policy().clone();
    policy.limits = Limits {
        sessions: 1,
        ..policy.limits
    };
    alice.conversation.set_policy(policy);
    let mut mallory = mallory(&[3]);
    mallory.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
    alice.receive(&mallory.only_message());
    alice.take_outgoing();
    assert_eq!(
        alice.conversation.session(Recipient::Best).unwrap().state(),
        SessionState::Encrypted(Version::V3)
    );
    alice.say("private");
    let sent = alice.only_message();
    assert!(sent.starts_with(b"?OTR:"), "{:?}", String::from_utf8_lossy(&sent));
}

#[test]
fn s43_no_number_of_key_exchanges_pushes_out_a_private_conversation() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let mut stranger = mallory(&[3]);
    for tag in 0x1000..0x1028 {
        impersonate(&mut alice, &mut stranger, InstanceTag::from_raw(tag), Version::V3);
        assert!(alice.conversation.sessions().count() <= alice.conversation.policy().limits.sessions);
    }
    bob.now = alice.now;
    bob.say("still here");
    deliver(&mut alice, &mut bob);
    assert_eq!(alice.read(), ["still here"]);
    alice.say("and so am I");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["and so am I"]);
}

#[test]
fn a_device_gives_way_to_the_same_key_alone_and_that_is_told() {
    // Bob's program comes back fifteen times under another tag, and once more.
    let (mut alice, _) = private_pair(&[3]);
    let first = alice.conversation.session(Recipient::Best).unwrap().tag();
    for seed in 0..16 {
        let mut bob = Person::new("bob", 1, 0xc0 + seed, open_policy(&[3]));
        bob.start();
        deliver(alice.pass(10_000), &mut bob);
        assert!(bob.is_private(), "{seed}: {:?}", alice.events);
        bob.say("I am back");
        deliver(&mut alice, &mut bob);
        assert_eq!(alice.read(), ["I am back"]);
    }
    let dropped = |event: &Event| matches!(event, Event::Dropped { session, .. } if *session == first);
    assert!(alice.take_events().iter().any(dropped));
    // A stranger finds no room, and hears nothing.
    let mut stranger = mallory(&[3]);
    impersonate(
        &mut alice,
        &mut stranger,
        InstanceTag::from_raw(0x1000),
        Version::V3,
    );
    assert!(!stranger.is_private());
    assert!(alice.take_events().contains(&Event::Refused {
        reason: Reject::LimitReached
    }));
    // A trusted one finds room only where one that nobody trusts gives way; here text goes to all the others.
    alice
        .conversation
        .set_trusted(stranger.account.fingerprint(), true);
    impersonate(
        &mut alice,
        &mut stranger,
        InstanceTag::from_raw(0x1001),
        Version::V3,
    );
    assert!(!stranger.is_private());
}

#[test]
fn a_trusted_key_finds_room_among_strangers() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let mut stranger = mallory(&[3]);
    for tag in 0x1000..0x1010 {
        impersonate(&mut alice, &mut stranger, InstanceTag::from_raw(tag), Version::V3);
    }
    let mut carol = Person::new("carol", 3, 0xca, open_policy(&[3]));
    alice.conversation.set_trusted(carol.account.fingerprint(), true);
    alice.take_events();
    carol.start();
    deliver(alice.pass(10_000), &mut carol);
    assert!(carol.is_private(), "{:?}", alice.events);
    let strange = stranger.account.fingerprint();
    let dropped =
        |event: &Event| matches!(event, Event::Dropped { fingerprint, .. } if *fingerprint == strange);
    assert!(alice.take_events().iter().any(dropped));
    bob.now = alice.now;
    bob.say("still here");
    deliver(&mut alice, &mut bob);
    assert_eq!(alice.read(), ["still here"]);
}

#[test]
fn s25_a_key_that_replaces_the_one_in_use_gets_no_text_before_the_person_decides() {
    for (number, version) in [(1, Version::V1), (2, Version::V2), (3, Version::V3)] {
        let (mut alice, bob) = private_pair(&[number]);
        let tag = alice.conversation.session(Recipient::Best).unwrap().tag();
        let mut stranger = mallory(&[number]);
        impersonate(&mut alice, &mut stranger, tag, version);
        let (bobs, theirs) = (bob.account.fingerprint(), stranger.account.fingerprint());
        let told = |event: &Event| {
            matches!(event, Event::AnotherKey { fingerprint, in_use, .. }
                if *fingerprint == theirs && *in_use == bobs)
        };
        assert!(alice.take_events().iter().any(told));
        alice.take_outgoing();
        assert_eq!(
            alice.try_say("only for Bob"),
            Err(SendError::KeyChanged),
            "version {number}"
        );
        assert!(alice.take_outgoing().is_empty());
        // Somebody who has lost their key is met when the person says so.
        alice.conversation.prefer(theirs);
        alice.say("so you have a new key");
        alice.act(|conversation, env| conversation.end_all(env));
        alice.say("in the clear");
    }
}

#[test]
fn s25_ending_something_else_is_no_decision_about_a_key() {
    let (mut alice, bob) = private_pair(&[3]);
    let tag = bob.account.instance_tag();
    let mut carol = Person::new("carol", 3, 0xca, open_policy(&[3]));
    carol.start();
    deliver(&mut alice, &mut carol);
    let third = Recipient::Tag(carol.account.instance_tag());
    impersonate(&mut alice, &mut mallory(&[3]), tag, Version::V3);
    alice.act(|conversation, env| conversation.end(env, third));
    assert_eq!(alice.try_say("only for Bob"), Err(SendError::KeyChanged));
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    alice.take_outgoing();
    alice.say("in the clear");
    assert_eq!(alice.only_message(), b"in the clear");
}

#[test]
fn s25_the_true_key_under_its_tag_again_is_the_one_in_use() {
    let (mut alice, mut bob) = private_pair(&[3]);
    impersonate(
        &mut alice,
        &mut mallory(&[3]),
        bob.account.instance_tag(),
        Version::V3,
    );
    alice.take_outgoing();
    bob.pass(100_000).start();
    deliver(&mut alice, &mut bob);
    alice.say("only for Bob");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["only for Bob"]);
}
