//! What only the holder of the right key can do.

use otr::hazmat::state;
use otr::wire::Message;
use otr::{Event, Recipient, Start, Version};

use crate::common::forge::{change, open};
use crate::common::{Person, deliver, open_policy, private_pair};

#[test]
fn plaintext_only_after_authentication() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("pay 100");
    let forged = change(&alice.only_message(), |_, message| {
        if let Message::Data(data) = message {
            data.ciphertext[4] ^= 1; // malleable encryption: without a MAC this would read "pay 000"
        }
    });
    bob.receive(&forged);
    assert_eq!(bob.read(), Vec::<String>::new());
}

#[test]
fn stranger_cannot_end_a_channel() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    let mut mallory = Person::new("mallory", 2, 9, open_policy(&[2, 3]));
    // A private conversation of two other people, and its end.
    let mut other = Person::new("other", 3, 0x31, open_policy(&[2, 3]));
    let mut friend = Person::new("friend", 2, 0x32, open_policy(&[2, 3]));
    other.start();
    deliver(&mut other, &mut friend);
    other.act(|conversation, env| conversation.end(env, Recipient::Best));
    let foreign_end = other.only_message();
    let readdressed = change(&foreign_end, |header, _| {
        header.sender = alice.account.instance_tag();
        header.receiver = bob.account.instance_tag();
    });
    mallory.start();
    let query = mallory.only_message();
    for message in [
        &foreign_end[..],
        &readdressed,
        &query,
        b"?OTR Error: go away",
        b"plain words",
    ] {
        bob.pass(20_000).receive(message);
        assert!(bob.is_private(), "{:?}", String::from_utf8_lossy(message));
    }
    bob.take_outgoing();
    bob.take_events();
    alice.say("here");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["here"]);
}

#[test]
fn version_never_falls_inside_a_session() {
    let (mut alice, mut bob) = private_pair(&[1, 2, 3]);
    let before = state(&bob.conversation);
    for version in [Version::V1, Version::V2] {
        let mut fresh = Person::new("alice", 0, 0x77, open_policy(&[1, 2, 3]));
        fresh.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        bob.receive(&fresh.only_message());
        assert_eq!(bob.take_outgoing(), Vec::<Vec<u8>>::new(), "{version:?}");
        assert_eq!(state(&bob.conversation), before);
    }
    bob.receive(b"?OTRv2?").receive(b"?OTR?");
    assert_eq!(bob.take_outgoing(), Vec::<Vec<u8>>::new());
    alice.say("three");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["three"]);
}

#[test]
fn version_never_falls_below_the_remembered_one() {
    let mut alice = Person::alice(&[2, 3]);
    let policy = otr::Policy {
        minimum_version: Some(Version::V3),
        ..open_policy(&[2, 3])
    };
    alice.conversation.set_policy(policy);
    alice.receive(b"?OTRv2?");
    assert_eq!(alice.take_outgoing(), Vec::<Vec<u8>>::new());
    let mut bob = Person::bob(&[2]);
    bob.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V2)).unwrap());
    alice.receive(&bob.only_message());
    assert_eq!(alice.take_outgoing(), Vec::<Vec<u8>>::new());
    assert!(
        alice
            .events
            .iter()
            .all(|event| matches!(event, Event::Refused { .. }))
    );
}

/// S-10: Mallory passes Alice's exchange on and signs it with her own key. Versions 2 and 3 must not end in
/// two people who disagree about who they talk to.
#[test]
fn s10_nobody_can_sign_for_somebody_else() {
    for version in [2, 3] {
        let mut alice = Person::alice(&[version]);
        let mut bob = Person::bob(&[version]);
        let mut mallory = Person::new("mallory", 2, 5, open_policy(&[version]));
        // A signature block of Mallory's, made in an exchange of her own with Bob.
        mallory.start();
        bob.receive(&mallory.only_message());
        mallory.receive(&bob.only_message());
        bob.receive(&mallory.only_message());
        mallory.receive(&bob.only_message());
        let mallorys_signature = mallory.only_message();
        // Bob and Alice, with that block put in place of Alice's.
        let mut bob = Person::bob(&[version]);
        alice.start();
        bob.receive(&alice.only_message());
        alice.receive(&bob.only_message());
        bob.receive(&alice.only_message());
        alice.receive(&bob.only_message());
        let true_signature = alice.only_message();
        let (_, Message::Signature(stolen)) = open(&mallorys_signature) else {
            panic!()
        };
        for keep_mac in [false, true] {
            let forged = change(&true_signature, |_, message| {
                if let Message::Signature(signature) = message {
                    signature.encrypted_signature = stolen.encrypted_signature.clone();
                    if !keep_mac {
                        signature.mac = stolen.mac;
                    }
                }
            });
            bob.receive(&forged);
            assert!(!bob.is_private());
        }
        bob.receive(&true_signature);
        assert_eq!(
            bob.conversation.session(Recipient::Best).unwrap().fingerprint(),
            Some(alice.account.fingerprint())
        );
    }
}
