//! What the other side is told, and how often; what their errors do.

use otr::{ErrorCode, Event, Policy, Recipient, Reject, error_message};

use crate::common::{Person, deliver, open_policy, private_pair};

#[test]
fn each_reason_has_its_code() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("for Bob");
    let message = alice.only_message();

    let mut fresh = Person::bob(&[2, 3]);
    fresh.receive(&message);
    assert_eq!(
        fresh.take_events(),
        [Event::Unreadable {
            reason: Reject::NotPrivate
        }]
    );
    assert_eq!(
        fresh.only_message(),
        error_message(ErrorCode::NotInPrivate.words())
    );

    bob.receive(&crate::common::forge::change(&message, |_, message| {
        if let otr::wire::Message::Data(data) = message {
            data.mac[3] ^= 1;
        }
    }));
    assert_eq!(
        bob.take_events(),
        [Event::Unreadable {
            reason: Reject::BadAuthenticator
        }]
    );
    assert_eq!(bob.only_message(), error_message(ErrorCode::Unreadable.words()));

    bob.receive(b"?OTR:AAMD.");
    assert_eq!(
        bob.take_events(),
        [Event::Unreadable {
            reason: Reject::Malformed
        }]
    );
    assert_eq!(bob.only_message(), error_message(ErrorCode::Malformed.words()));
}

#[test]
fn what_asks_to_be_ignored_is_ignored() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.act(|conversation, env| conversation.heartbeat(env, Recipient::Best).unwrap());
    let heartbeat = alice.only_message();
    let mut fresh = Person::bob(&[2, 3]);
    fresh.receive(&heartbeat);
    let broken = crate::common::forge::change(&heartbeat, |_, message| {
        if let otr::wire::Message::Data(data) = message {
            data.mac[3] ^= 1;
        }
    });
    bob.receive(&broken);
    for person in [&mut fresh, &mut bob] {
        assert_eq!((person.take_events(), person.take_outgoing()), (vec![], vec![]));
    }
}

#[test]
fn s22_errors_are_rationed_in_both_directions() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("x");
    let message = alice.only_message();
    let mut fresh = Person::bob(&[2, 3]);
    for _ in 0..10_000 {
        fresh.receive(&message);
    }
    assert_eq!(
        fresh.take_outgoing().len(),
        4,
        "a burst, and no more in the same moment"
    );
    bob.conversation.set_policy(Policy {
        error_starts: true,
        ..open_policy(&[2, 3])
    });
    for _ in 0..10_000 {
        bob.receive(b"?OTR Error: visit evil.example");
    }
    assert!(bob.take_outgoing().len() <= 16);
    assert!(bob.is_private(), "an error takes nothing away");
}

#[test]
fn an_error_heals_by_one_new_exchange() {
    let (mut alice, _) = private_pair(&[2, 3]);
    alice.conversation.set_policy(Policy {
        error_starts: true,
        ..open_policy(&[2, 3])
    });
    // Bob's program was restarted: same key and device, nothing else.
    let mut bob = Person::bob(&[2, 3]);
    alice.say("are you there?");
    deliver(&mut alice, &mut bob);
    assert!(alice.is_private() && bob.is_private());
    assert!(
        alice
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::Renewed { .. }))
    );
    alice.say("now?");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["now?"]);
}
