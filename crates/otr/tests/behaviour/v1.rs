//! Version 1: history, and off unless it is switched on.

use otr::wire::Message;
use otr::{Event, Half, Policy, Recipient, Version};

use crate::common::forge::{change, open};
use crate::common::{Person, deliver, private_pair, versions};

#[test]
fn no_preset_negotiates_it() {
    for policy in [Policy::manual(), Policy::opportunistic(), Policy::always()] {
        let policy = Policy {
            strangers: otr::Strangers::Answer,
            ..policy
        };
        let mut alice = Person::new("alice", 0, 1, policy);
        let mut bob = Person::bob(&[1]);
        alice.receive(b"?OTR?");
        bob.act(|conversation, env| {
            conversation
                .start(env, otr::Start::Interactive(Version::V1))
                .unwrap()
        });
        alice.receive(&bob.only_message());
        assert!(alice.take_outgoing().is_empty());
        assert!(!alice.is_private());
    }
}

#[test]
fn it_is_told_so_that_somebody_can_warn() {
    let mut alice = Person::alice(&[1]);
    let mut bob = Person::bob(&[1]);
    alice.start();
    deliver(&mut alice, &mut bob);
    assert!(alice.events.iter().any(|e| matches!(
        e,
        Event::Established {
            version: Version::V1,
            ..
        }
    )));
}

#[test]
fn the_low_end_reads_the_first_half() {
    let (alice, bob) = private_pair(&[1]);
    let ssid = |person: &Person| {
        person
            .conversation
            .session(Recipient::Best)
            .unwrap()
            .ssid()
            .unwrap()
    };
    assert_eq!(ssid(&alice).as_bytes().len(), 20);
    let halves = [ssid(&alice).half(), ssid(&bob).half()];
    assert!(halves.contains(&Half::First) && halves.contains(&Half::Second));
}

#[test]
fn the_fingerprint_is_the_same_in_every_version() {
    let seen: Vec<_> = [1, 2, 3]
        .iter()
        .map(|version| {
            let (alice, _) = private_pair(&[*version]);
            alice
                .conversation
                .session(Recipient::Best)
                .unwrap()
                .fingerprint()
                .unwrap()
        })
        .collect();
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

/// S-10, the flaw that ended version 1: the attack has to succeed here, and does. Versions 2 and 3 are
/// tested against it among the laws.
#[test]
fn s10_identity_misbinding_works_against_version_one() {
    let mut alice = Person::alice(&[1]);
    let mut bob = Person::bob(&[1]);
    let mallory = Person::new("mallory", 2, 3, crate::common::open_policy(&[1]));
    bob.conversation.set_policy(Policy {
        versions: versions(&[1]),
        ..crate::common::open_policy(&[1])
    });
    alice.start();
    bob.receive(&alice.only_message());
    let bobs = bob.only_message();
    alice.receive(&bobs);
    let alices = alice.only_message();
    let misbound = change(&alices, |_, message| {
        if let Message::KeyExchange(message) = message {
            let mut rng = <chacha20::ChaCha20Rng as rand_core::SeedableRng>::from_seed([1; 32]);
            let key = mallory.account.key();
            let [p, q, g, y] = key.public().parts().map(otr::wire::Mpi::from_be_bytes);
            (message.p, message.q, message.g, message.e) = (p, q, g, y);
            let hash = otr::crypto::legacy::sha1(&[&message.signed_bytes()]);
            message.signature = key.sign(&hash, &mut rng);
        }
    });
    assert!(matches!(open(&misbound).1, Message::KeyExchange(_)));
    bob.receive(&misbound);
    let bobs_view = bob
        .conversation
        .session(Recipient::Best)
        .unwrap()
        .fingerprint()
        .unwrap();
    assert_eq!(
        bobs_view,
        mallory.account.fingerprint(),
        "Bob believes that he talks to Mallory"
    );
    alice.say("I am Alice");
    bob.receive(&alice.only_message());
    assert_eq!(bob.read(), ["I am Alice"]);
}
