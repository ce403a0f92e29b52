//! The messages of a finished key exchange, played again, never bring its keys back.

use otr::wire::Message;
use otr::wire::header::InstanceTag;
use otr::{Event, Recipient};

use crate::common::forge::{change, open};
use crate::common::{Person, deliver};

/// Alice answers Bob's query; what Bob sent during the exchange is recorded: D-H Key and Signature.
fn recorded_exchange() -> (Person, Person, Vec<Vec<u8>>) {
    let (mut alice, mut bob) = (Person::alice(&[3]), Person::bob(&[3]));
    bob.start();
    let mut recorded = Vec::new();
    loop {
        for message in bob.take_outgoing() {
            alice.receive(&message);
            recorded.push(message);
        }
        let answers = alice.take_outgoing();
        if answers.is_empty() {
            break;
        }
        for answer in answers {
            bob.receive(&answer);
        }
    }
    assert!(alice.is_private() && bob.is_private());
    recorded.remove(0);
    (alice, bob, recorded)
}

fn ciphertext(message: &[u8]) -> Vec<u8> {
    match open(message).1 {
        Message::Data(data) => data.ciphertext,
        other => panic!("not a data message: {other:?}"),
    }
}

#[test]
fn a_replayed_exchange_does_not_start_the_key_stream_again() {
    let (mut alice, mut bob, recorded) = recorded_exchange();
    alice.say("the same words");
    let first = alice.only_message();
    bob.receive(&first);
    alice.take_events();
    for message in &recorded {
        alice.receive(message);
    }
    assert!(
        !alice
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::Renewed { .. } | Event::Established { .. })),
        "a copy is no exchange"
    );
    alice.take_outgoing();
    alice.say("the same words");
    let second = alice.only_message();
    assert_ne!(ciphertext(&first), ciphertext(&second));
    bob.receive(&second);
    assert_eq!(bob.read(), ["the same words", "the same words"]);
}

#[test]
fn a_replayed_exchange_does_not_bring_read_messages_back() {
    let (mut alice, mut bob, recorded) = recorded_exchange();
    bob.say("yes, kill the process");
    let words = bob.only_message();
    alice.receive(&words);
    assert_eq!(alice.read().len(), 1);
    // Alice answers twice, so that the MAC key of the message is public by now.
    for _ in 0..2 {
        alice.say("a");
        deliver(&mut alice, &mut bob);
        bob.say("b");
        deliver(&mut alice, &mut bob);
    }
    alice.read();
    for message in &recorded {
        alice.receive(message);
    }
    alice.receive(&words);
    assert_eq!(alice.read(), Vec::<String>::new());
    alice.take_outgoing();
    alice.say("still here");
    deliver(&mut alice, &mut bob);
    assert!(bob.read().contains(&"still here".to_owned()));
}

#[test]
fn a_replayed_exchange_makes_no_twin_under_another_tag() {
    let (mut alice, bob, recorded) = recorded_exchange();
    let twin = InstanceTag::from_raw(bob.account.instance_tag().raw() ^ 1);
    for message in &recorded {
        alice.receive(&change(message, |header, _| header.sender = twin));
    }
    let session = alice.conversation.session(Recipient::Tag(twin));
    assert!(session.is_none_or(|session| !session.is_private()));
}

#[test]
fn of_two_tags_with_one_exchange_only_the_first_is_private() {
    let (mut alice, mut bob) = (Person::alice(&[3]), Person::bob(&[3]));
    bob.start();
    alice.receive(&bob.only_message());
    bob.receive(&alice.only_message());
    let key = bob.only_message();
    let twin = InstanceTag::from_raw(bob.account.instance_tag().raw() ^ 1);
    let under_twin = |message: &[u8]| change(message, |header, _| header.sender = twin);
    alice.receive(&under_twin(&key));
    alice.take_outgoing();
    alice.receive(&key);
    bob.receive(&alice.only_message());
    let signature = bob.only_message();
    alice.receive(&signature).receive(&under_twin(&signature));
    let private: Vec<_> = alice
        .conversation
        .sessions()
        .filter(|session| session.is_private())
        .map(otr::Session::tag)
        .collect();
    assert_eq!(private, [bob.account.instance_tag()]);
}

#[test]
fn an_ended_conversation_is_not_opened_again_by_copies() {
    let (mut alice, _bob, recorded) = recorded_exchange();
    alice.act(|conversation, env| conversation.end(env, Recipient::Best));
    for message in &recorded {
        alice.receive(message);
    }
    assert!(!alice.is_private());
}
