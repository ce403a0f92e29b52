//! The main road: two people, a key exchange, texts to and fro, the end; in every version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Person, deliver, private_pair};
use otr::{Event, Recipient, SessionState, Version};

const EVERY_VERSION: [(&[u16], Version); 3] = [
    (&[1], Version::V1),
    (&[1, 2], Version::V2),
    (&[1, 2, 3], Version::V3),
];

#[test]
fn both_ends_agree_on_everything_after_the_key_exchange() {
    for (numbers, version) in EVERY_VERSION {
        let (alice, bob) = private_pair(numbers);
        let left = alice.conversation.session(Recipient::Best).unwrap();
        let right = bob.conversation.session(Recipient::Best).unwrap();
        assert_eq!(left.state(), SessionState::Encrypted(version));
        assert_eq!(right.state(), SessionState::Encrypted(version));
        assert_eq!(left.fingerprint(), Some(bob.account.fingerprint()));
        assert_eq!(right.fingerprint(), Some(alice.account.fingerprint()));
        let (left, right) = (left.ssid().unwrap(), right.ssid().unwrap());
        assert_eq!(left.as_bytes(), right.as_bytes());
        assert_ne!(
            left.half(),
            right.half(),
            "one reads the first half, the other the second"
        );
    }
}

#[test]
fn texts_pass_both_ways_while_keys_change() {
    for (numbers, _) in EVERY_VERSION {
        let (mut alice, mut bob) = private_pair(numbers);
        for round in 0..20 {
            // Bursts of different length on both sides, so that every pair of key ids occurs.
            for number in 0..=round % 3 {
                alice.say(&format!("a{round}.{number} ünï"));
            }
            if round % 4 == 0 {
                bob.say("crossing");
            }
            deliver(&mut alice, &mut bob);
            for number in 0..=round % 2 {
                bob.say(&format!("b{round}.{number}"));
            }
            deliver(&mut alice, &mut bob);
            let heard: Vec<_> = (0..=round % 3)
                .map(|number| format!("a{round}.{number} ünï"))
                .collect();
            assert_eq!(bob.read(), heard);
            assert_eq!(alice.read().last(), Some(&format!("b{round}.{}", round % 2)));
        }
        assert_eq!(alice.take_events(), []);
        assert_eq!(bob.take_events(), []);
    }
}

#[test]
fn no_text_is_on_the_wire() {
    for (numbers, _) in EVERY_VERSION {
        let (mut alice, _) = private_pair(numbers);
        alice.say("attack at dawn");
        let wire = common::forge::binary(&alice.only_message());
        assert!(
            !wire
                .windows(4)
                .any(|window| b"attack at dawn".windows(4).any(|piece| piece == window))
        );
    }
}

#[test]
fn the_end_is_told_and_blocks_until_it_is_acknowledged() {
    for (numbers, _) in EVERY_VERSION {
        let (mut alice, mut bob) = private_pair(numbers);
        alice.act(|conversation, env| conversation.end(env, Recipient::Best));
        assert!(!alice.is_private());
        deliver(&mut alice, &mut bob);
        assert!(matches!(bob.take_events()[..], [Event::PeerEnded { .. }]));
        assert_eq!(bob.try_say("too late"), Err(otr::SendError::PeerEnded));
        assert_eq!(bob.outgoing.len(), 0);
        bob.act(|conversation, env| conversation.end(env, Recipient::Best));
        bob.say("in the clear, knowingly");
        assert_eq!(bob.only_message(), b"in the clear, knowingly");
    }
}

#[test]
fn a_tag_hidden_in_the_first_text_starts_the_exchange() {
    let mut alice = Person::alice(&[2, 3]);
    let mut bob = Person::bob(&[2, 3]);
    alice.conversation.set_policy(otr::Policy {
        send_tag: true,
        ..common::open_policy(&[2, 3])
    });
    alice.say("hello");
    assert!(alice.outgoing[0].len() > 5, "the tag follows the text");
    deliver(&mut alice, &mut bob);
    assert!(alice.is_private() && bob.is_private());
    let first = bob.take_events().remove(0);
    assert_eq!(
        first,
        Event::ClearText {
            text: "hello".into(),
            expected: true
        }
    );
}
