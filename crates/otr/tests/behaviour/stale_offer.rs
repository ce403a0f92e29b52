//! An offer or an exchange that has grown old answers nobody.

use otr::Timestamp;

use crate::common::{Person, deliver};

#[test]
fn an_old_offer_answers_nobody() {
    for version in [2, 3] {
        let (mut alice, mut bob) = (Person::alice(&[version]), Person::bob(&[version]));
        alice.start();
        bob.receive(&alice.only_message());
        alice.receive(&bob.only_message());
        let late_key = alice.only_message();
        bob.pass(61_000).receive(&late_key);
        assert!(bob.take_outgoing().is_empty(), "version {version}");
        // Asking again works at once.
        alice.pass(61_000).start();
        deliver(&mut alice, &mut bob);
        assert!(alice.is_private() && bob.is_private());
    }
}

#[test]
fn an_offer_taken_back_answers_nobody() {
    let (mut alice, mut bob) = (Person::alice(&[3]), Person::bob(&[3]));
    alice.start();
    bob.receive(&alice.only_message());
    alice.receive(&bob.only_message());
    bob.conversation.withdraw_offer();
    bob.receive(&alice.only_message());
    assert!(bob.take_outgoing().is_empty());
    alice.start();
    deliver(&mut alice, &mut bob);
    assert!(alice.is_private() && bob.is_private());
}

#[test]
fn the_next_deadline_is_that_of_the_oldest_thing() {
    let mut alice = Person::alice(&[3]);
    assert_eq!(alice.conversation.next_deadline(), None);
    alice.receive(b"?OTRv3?");
    let deadline = alice.conversation.next_deadline().unwrap();
    assert_eq!(deadline, Timestamp::from_millis(alice.now.as_millis() + 60_000));
    alice.pass(60_001).act(|conversation, env| conversation.tick(env));
    assert_eq!(alice.conversation.next_deadline(), None);
}

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    let mut alice = Person::alice(&[3]);
    alice.receive(b"?OTRv3?");
    let deadline = alice.conversation.next_deadline();
    alice.now = Timestamp::from_millis(5);
    alice.act(|conversation, env| conversation.tick(env));
    assert_eq!(alice.conversation.next_deadline(), deadline);
}

#[test]
fn an_offer_that_was_answered_is_not_taken_up_again_by_the_same_device() {
    // Bob's offer has led to a private conversation and is still open for other devices of Alice. Whatever the
    // hashes say, a new D-H Commit of Alice is no tie with it: Bob answers with a D-H Key.
    for seed in 0..8 {
        let (mut alice, mut bob) = crate::common::private_pair(&[3]);
        alice.rng = <chacha20::ChaCha20Rng as rand_core::SeedableRng>::from_seed([seed; 32]);
        alice.act(|conversation, env| {
            conversation
                .start(env, otr::Start::Interactive(otr::Version::V3))
                .unwrap()
        });
        bob.receive(&alice.only_message());
        let answer = crate::common::forge::open(&bob.only_message()).1;
        assert!(matches!(answer, otr::wire::Message::DhKey(_)), "{answer:?}");
    }
}
