//! MAC keys: revealed once, only after use, and never while they could still fool us (S-15, S-16).

use std::collections::BTreeSet;

use otr::Recipient;
use otr::wire::Message;
use otr::wire::classic::Data;

use crate::common::forge::open;
use crate::common::{Person, private_pair};

fn data(message: &[u8]) -> Data {
    match open(message).1 {
        Message::Data(data) => data,
        other => panic!("not a data message: {other:?}"),
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    otr::crypto::legacy::hmac_sha1(key, parts)
}

/// Whether a revealed key authenticates this message.
fn authenticates(key: &[u8], message: &[u8]) -> bool {
    let (header, Message::Data(data)) = open(message) else {
        return false;
    };
    hmac(key, &[&data.authenticated_prefix(&header), &data.ciphertext]) == data.mac
}

#[test]
fn mac_key_revealed_once_and_only_after_use() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, mut bob) = private_pair(numbers);
        let mut revealed = BTreeSet::new();
        let mut carried: Vec<Vec<u8>> = Vec::new();
        let mut unread: Vec<(bool, Vec<u8>)> = Vec::new();
        // A conversation in which messages are delayed by up to two turns.
        for turn in 0..60u32 {
            let to_bob = (turn * 7) % 3 != 1;
            let sender = if to_bob { &mut alice } else { &mut bob };
            sender.say(&format!("turn {turn}"));
            let message = sender.only_message();
            for key in data(&message).revealed_mac_keys.chunks(20) {
                assert_eq!(key.len(), 20);
                assert!(revealed.insert(key.to_vec()), "a key was revealed twice");
                assert!(
                    carried.iter().any(|old| authenticates(key, old)),
                    "a key that never verified anything"
                );
                for (for_bob, late) in &unread {
                    // The receiver of a late message is the one who must not accept forgeries any more.
                    let revealed_by_receiver = *for_bob != to_bob;
                    assert!(
                        !(revealed_by_receiver
                            && authenticates(key, late)
                            && would_accept(*for_bob, late, &mut alice, &mut bob))
                    );
                }
            }
            carried.push(message.clone());
            unread.push((to_bob, message));
            while unread.len() > (turn % 3) as usize {
                let (for_bob, message) = unread.remove(0);
                let receiver = if for_bob { &mut bob } else { &mut alice };
                receiver.receive(&message);
            }
        }
        assert!(
            revealed.len() > 10,
            "keys are revealed at all: {}",
            revealed.len()
        );
    }
}

/// Only called for a message whose key has just been revealed by its receiver; delivering it must fail.
fn would_accept(for_bob: bool, message: &[u8], alice: &mut Person, bob: &mut Person) -> bool {
    let receiver = if for_bob { bob } else { alice };
    receiver.read();
    receiver.receive(message);
    !receiver.read().is_empty()
}

#[test]
fn s16_the_last_message_reveals_what_is_left() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, mut bob) = private_pair(numbers);
        alice.say("the last words");
        let last = alice.only_message();
        bob.receive(&last);
        bob.act(|conversation, env| conversation.end(env, Recipient::Best));
        let end = data(&bob.only_message());
        let outsider = end
            .revealed_mac_keys
            .chunks(20)
            .any(|key| authenticates(key, &last));
        assert!(
            outsider,
            "anybody can forge the last message now, so nobody can prove it"
        );
    }
}

#[test]
fn a_renewed_conversation_reveals_the_keys_of_the_old_one() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.say("before");
    let before = alice.only_message();
    bob.receive(&before);
    bob.start();
    crate::common::deliver(&mut alice, &mut bob);
    bob.say("after");
    let after = data(&bob.only_message());
    assert!(
        after
            .revealed_mac_keys
            .chunks(20)
            .any(|key| authenticates(key, &before))
    );
}

#[test]
fn s16_keys_of_an_ended_conversation_are_revealed_by_the_next_one() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, mut bob) = private_pair(numbers);
        alice.say("before the end");
        let before = alice.only_message();
        bob.receive(&before);
        // Alice ends it, and Bob acknowledges: no message of his is left to publish anything in.
        alice.act(|conversation, env| conversation.end(env, Recipient::Best));
        bob.receive(&alice.only_message());
        bob.act(|conversation, env| conversation.end(env, Recipient::Best));
        assert!(bob.take_outgoing().is_empty() && !bob.is_private());
        alice.start();
        crate::common::deliver(&mut alice, &mut bob);
        bob.say("after");
        let after = bob.only_message();
        let published = |message: &[u8]| {
            let keys = data(message).revealed_mac_keys;
            keys.chunks(20).filter(|key| authenticates(key, &before)).count()
        };
        assert_eq!(published(&after), 1, "{numbers:?}");
        bob.say("once");
        assert_eq!(published(&bob.only_message()), 0);
    }
}

#[test]
fn mac_keys_of_many_ended_conversations_do_not_pile_up() {
    let (mut alice, mut bob) = private_pair(&[3]);
    for _ in 0..80 {
        alice.say("x");
        alice.act(|conversation, env| conversation.end(env, Recipient::Best));
        crate::common::deliver(&mut alice, &mut bob);
        bob.act(|conversation, env| conversation.end(env, Recipient::Best));
        alice.pass(10_000).start();
        crate::common::deliver(&mut alice, bob.pass(10_000));
        assert!(bob.is_private());
    }
    bob.say("now");
    let keys = data(&bob.only_message()).revealed_mac_keys.len() / 20;
    assert!((2..=64).contains(&keys), "{keys} keys in one message");
}
