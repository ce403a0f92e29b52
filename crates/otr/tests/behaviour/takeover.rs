//! A stranger who can put messages into the carrier, under any instance tag, against a conversation that
//! is private (S-25, S-26, S-43).

use otr::wire::header::InstanceTag;
use otr::{Event, Limits, Recipient, Reject, SessionState, Start, Version};

use crate::common::forge::change;
use crate::common::{Person, deliver, open_policy, private_pair};

/// Mallory runs a whole key exchange with Alice under Bob's tag, and ends up with what Alice said last.
fn impersonate(alice: &mut Person, mallory: &mut Person, tag: InstanceTag, version: Version) {
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
