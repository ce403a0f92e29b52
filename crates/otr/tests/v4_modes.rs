//! The three modes of version 4: compatible with version 3, standalone, interactive only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::forge::change;
use common::{Person, deliver, open_policy, versions};
use otr::wire::v4::{Message as V4, NonInteractiveAuth};
use otr::wire::{Message, discovery};
use otr::{Event, Policy, Recipient, Reject, SendError, SessionState, Start, Strangers, Version};

fn compatible() -> Policy {
    Policy {
        strangers: Strangers::Answer,
        ..Policy::opportunistic().with_v4(true)
    }
}

/// Both modes in which there is nothing but version 4.
fn strict() -> [Policy; 2] {
    [Policy::standalone(), Policy::interactive_only()].map(|policy| Policy {
        strangers: Strangers::Answer,
        ..policy
    })
}

fn alice(policy: Policy) -> Person {
    Person::new("alice", 0, 0xa1, policy)
}

fn refused(reason: Reject) -> Event {
    Event::Refused { reason }
}

fn is_private_in(person: &Person, version: Version) -> bool {
    let session = person.conversation.session(Recipient::Best);
    session.is_some_and(|session| session.state() == SessionState::Encrypted(version))
}

#[test]
fn clear_text_queries_tags_and_version_3_in_the_compatible_mode() {
    for (bobs, common) in [(&[3][..], Version::V3), (&[3, 4], Version::V4)] {
        let (mut alice, mut bob) = (alice(compatible()), Person::bob(bobs));
        assert_eq!(alice.try_say("in the clear"), Ok(()));
        deliver(&mut alice, &mut bob);
        assert!(is_private_in(&alice, common), "the tag has begun it");
        let mut alice = Person::new("alice", 0, 0xa2, compatible());
        let mut bob = Person::bob(bobs);
        bob.start();
        deliver(&mut alice, &mut bob);
        assert!(is_private_in(&alice, common));
    }
}

#[test]
fn two_of_a_strict_mode_talk_without_a_word_in_the_clear() {
    for policy in strict() {
        let (mut alice, mut bob) = (alice(policy.clone()), Person::new("bob", 1, 0xb0, policy));
        assert_eq!(alice.try_say("secret"), Err(SendError::NotPrivate));
        alice.act(|conversation, env| conversation.start(env, Start::Query).unwrap());
        let first = alice.outgoing.front().unwrap();
        assert!(
            first.starts_with(b"?OTR:AAQ1"),
            "an Identity message, and no query"
        );
        deliver(&mut alice, &mut bob);
        assert!(is_private_in(&alice, Version::V4));
        alice.say("secret");
        deliver(&mut alice, &mut bob);
        assert_eq!(bob.read(), ["secret"]);
    }
}

#[test]
fn a_strict_mode_answers_no_query_no_tag_and_no_version_3() {
    for policy in strict() {
        let mut alice = alice(policy);
        for query in ["?OTRv34?", "?OTRv4?", "?OTR?v3?"] {
            alice.receive(query.as_bytes());
            assert_eq!(alice.take_events(), [refused(Reject::Unexpected)], "{query}");
        }
        let mut tagged = b"hello".to_vec();
        tagged.extend(discovery::tag(versions(&[3, 4])));
        alice.receive(&tagged);
        let [
            Event::ClearText {
                text,
                expected: false,
            },
        ] = &alice.take_events()[..]
        else {
            panic!("clear text is shown, with a warning");
        };
        assert_eq!(&**text, b"hello");
        let mut bob = Person::bob(&[3]);
        bob.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
        alice.receive(&bob.only_message());
        assert_eq!(alice.take_events(), [refused(Reject::VersionRefused)]);
        assert!(alice.take_outgoing().is_empty());
        alice.conversation.acquaint();
        alice.receive(b"?OTR Error: something");
        assert!(alice.take_outgoing().is_empty(), "and an error brings no query");
    }
}

#[test]
fn an_exchange_with_somebody_who_is_not_there_is_refused_in_every_mode() {
    for policy in [compatible(), Policy::standalone(), Policy::interactive_only()] {
        let mut alice = alice(policy);
        alice.conversation.acquaint();
        let mut bob = Person::new("bob", 1, 0xb0, open_policy(&[4]));
        bob.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
        let tag = alice.account.instance_tag();
        let message = change(&bob.only_message(), |header, message| {
            header.receiver = tag;
            let Message::V4(inner) = &*message else { panic!() };
            let V4::Identity(identity) = &**inner else {
                panic!()
            };
            let identity = identity.clone();
            *message = Message::V4(Box::new(V4::NonInteractiveAuth(NonInteractiveAuth {
                profile: identity.profile,
                x: identity.y,
                a: identity.b,
                sigma: [1; 342],
                prekey_id: 7,
                mac: [1; 64],
                first_ecdh: identity.first_ecdh,
                first_dh: identity.first_dh,
            })));
        });
        let before = otr::hazmat::state(&alice.conversation);
        alice.receive(&message);
        assert_eq!(alice.take_events(), [refused(Reject::Unexpected)]);
        assert!(alice.take_outgoing().is_empty());
        assert!(otr::hazmat::state(&alice.conversation) == before);
    }
}

/// The strict modes ask for it; ours names nothing else in any mode (decision 0083).
#[test]
fn our_profile_names_version_4_alone_and_no_older_key() {
    let alice = alice(compatible());
    let profile = alice.account.v4().unwrap().profile();
    assert_eq!(profile.versions(), versions(&[4]));
    assert_eq!(profile.claimed_classic_fingerprint(), None);
}
