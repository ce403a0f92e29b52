//! What the other side has proved to have read: it used a key that a message of ours announced.

use otr::Traffic;

use crate::common::{Person, private_pair};

/// How many messages were sealed, up to which of them all were read in an orderly world, and which one certainly was.
fn traffic(person: &Person) -> (u64, u64, u64) {
    let Traffic {
        sealed,
        read,
        certain,
        ..
    } = person
        .conversation
        .sessions()
        .find_map(|session| session.traffic())
        .unwrap()
        .1;
    (sealed, read, certain)
}

#[test]
fn an_answer_proves_a_message_that_stood_alone() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, mut bob) = private_pair(numbers);
        assert_eq!(traffic(&alice), (0, 0, 0));
        alice.say("one").say("two");
        // Bob's words were on their way before he read anything.
        bob.say("meanwhile");
        let crossing = bob.take_outgoing();
        alice.receive(&crossing[0]);
        assert_eq!(
            traffic(&alice),
            (2, 0, 0),
            "an answer that is none proves nothing"
        );

        for message in alice.take_outgoing() {
            bob.receive(&message);
        }
        bob.say("answer");
        let answer = bob.take_outgoing();
        alice.receive(&answer[0]);
        assert_eq!(traffic(&alice), (2, 1, 0), "it may have been either of the two");

        alice.say("three");
        let message = alice.take_outgoing();
        bob.receive(&message[0]);
        bob.say("again");
        let answer = bob.take_outgoing();
        alice.receive(&answer[0]);
        assert_eq!(traffic(&alice), (3, 3, 3));
        // The same message once more is refused, and proves nothing.
        alice.receive(&answer[0]);
        assert_eq!(traffic(&alice), (3, 3, 3));
    }
}

#[test]
fn the_end_of_a_conversation_proves_something_too() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.say("good bye");
    let message = alice.take_outgoing();
    bob.receive(&message[0]);
    bob.act(|conversation, env| conversation.end_all(env));
    for message in bob.take_outgoing() {
        alice.receive(&message);
    }
    assert!(!alice.is_private());
    assert_eq!(traffic(&alice), (1, 1, 1));
}
