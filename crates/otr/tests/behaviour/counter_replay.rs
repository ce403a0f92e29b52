//! S-17: a message is read once.

use otr::Reject;
use otr::hazmat::state;
use otr::wire::Message;
use otr::{Event, error_message};

use crate::common::forge::change;
use crate::common::private_pair;

#[test]
fn a_copy_is_dropped_quietly() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("once");
    let message = alice.only_message();
    bob.receive(&message);
    let before = state(&bob.conversation);
    for _ in 0..5 {
        bob.receive(&message);
    }
    assert_eq!(bob.read(), ["once"]);
    assert_eq!(
        (bob.take_events(), bob.take_outgoing()),
        (vec![], vec![]),
        "no alarm and no reply"
    );
    assert_eq!(state(&bob.conversation), before);
}

#[test]
fn a_copy_after_the_keys_have_changed_cannot_be_read() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("old");
    let old = alice.only_message();
    bob.receive(&old).read();
    for _ in 0..3 {
        bob.say("x");
        alice.receive(&bob.only_message()).say("y");
        bob.receive(&alice.only_message());
    }
    bob.read();
    bob.receive(&old);
    assert_eq!(bob.read(), Vec::<String>::new());
    assert_eq!(
        bob.take_events(),
        [Event::Unreadable {
            reason: Reject::UnknownKey
        }]
    );
}

#[test]
fn counters_and_key_ids_at_their_limits_are_refused() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("true");
    let message = alice.only_message();
    let before = state(&bob.conversation);
    for counter in [0, u64::MAX] {
        bob.receive(&change(&message, |_, message| {
            if let Message::Data(data) = message {
                data.counter = counter.to_be_bytes();
            }
        }));
    }
    for id in [0, 2, 3, u32::MAX] {
        bob.receive(&change(&message, |_, message| {
            if let Message::Data(data) = message {
                data.sender_key_id = id;
            }
        }));
        bob.receive(&change(&message, |_, message| {
            if let Message::Data(data) = message {
                data.recipient_key_id = id;
            }
        }));
    }
    assert_eq!(bob.read(), Vec::<String>::new());
    assert_eq!(state(&bob.conversation), before);
    let told = error_message(otr::ErrorCode::Unreadable.words());
    assert!(bob.take_outgoing().iter().all(|reply| *reply == told));
    bob.receive(&message);
    assert_eq!(bob.read(), ["true"]);
}

/// No two messages of a conversation share a key and a counter.
#[test]
fn the_key_stream_is_never_used_twice() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let mut used = std::collections::BTreeSet::new();
    for turn in 0..60 {
        for _ in 0..turn % 4 {
            alice.say("a");
            let message = alice.only_message();
            if let Message::Data(data) = crate::common::forge::open(&message).1 {
                assert!(used.insert((data.sender_key_id, data.recipient_key_id, data.counter)));
            }
            bob.receive(&message);
        }
        bob.say("b");
        alice.receive(&bob.only_message());
    }
    assert!(used.len() > 80);
}
