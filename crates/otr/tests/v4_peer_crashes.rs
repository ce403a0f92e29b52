//! The messages at which another implementation of version 4 panics, or is ended by the system (`interop/faults.py`), in the
//! three situations of a conversation: refused without a trace, and what is genuine is taken after them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Person, deliver, private_pair};
use otr::hazmat;
use otr::wire::armor;

/// By name; as if Bob had sent them to Alice.
fn inputs(alice: &Person, bob: &Person) -> Vec<(&'static str, Vec<u8>)> {
    let [from, to] = [bob, alice].map(|person| person.account.instance_tag().raw());
    let encoded = |kind: u8, to: u32, body: &[u8]| {
        let head = [&[0, 4, kind][..], &from.to_be_bytes(), &to.to_be_bytes()].concat();
        armor::encode(&[&head, body].concat())
    };
    let piece = |numbers: &str| format!("?OTR|00000001|{from:08x}|{to:08x},{numbers},abc,").into_bytes();
    // Too short for its fields, and announces as many as there can be.
    let profile = [[0xff; 4].to_vec(), vec![0; 20]].concat();
    vec![
        ("piece 65536", piece("65536,65537")),
        ("piece 99999", piece("99999,99999")),
        ("piece 1 of 65536", piece("00001,65536")),
        ("Auth-I of zeros", encoded(0x37, to, &[0; 342])),
        (
            "Identity with a profile of 2^32-1 fields",
            encoded(0x35, 0, &profile),
        ),
        (
            "Auth-R with a profile of 2^32-1 fields",
            encoded(0x36, to, &profile),
        ),
    ]
}

fn assert_refused(alice: &mut Person, bob: &Person, situation: &str) {
    for (name, input) in inputs(alice, bob) {
        // So that no budget refuses what the message itself should be refused for.
        alice.pass(5_000);
        let before = hazmat::state(&alice.conversation);
        alice.receive(&input);
        assert!(
            before == hazmat::state(&alice.conversation),
            "{situation}: {name} left a trace"
        );
        // If anything is said to it, then that it cannot be read.
        let answers = alice.take_outgoing();
        assert!(
            answers.iter().all(|answer| answer.starts_with(b"?OTR Error:")),
            "{situation}: {name} was answered"
        );
    }
}

#[test]
fn s76_a_conversation_that_has_not_begun() {
    let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
    assert_refused(&mut alice, &bob, "before");
    bob.start();
    deliver(&mut alice, &mut bob);
    assert!(alice.is_private() && bob.is_private());
}

#[test]
fn s76_an_exchange_before_its_last_step() {
    for asked in [false, true] {
        let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
        if asked {
            // Alice waits for Auth-R.
            bob.start();
            alice.receive(&bob.only_message());
            let identity = alice.only_message();
            assert_refused(&mut alice, &bob, "WAITING_AUTH_R");
            bob.receive(&identity);
        } else {
            // Alice waits for Auth-I.
            alice.start();
            bob.receive(&alice.only_message());
            alice.receive(&bob.only_message());
            let auth_r = alice.only_message();
            assert_refused(&mut alice, &bob, "WAITING_AUTH_I");
            bob.receive(&auth_r);
        }
        deliver(&mut alice, &mut bob);
        assert!(alice.is_private() && bob.is_private(), "{:?}", alice.events);
    }
}

#[test]
fn s76_a_private_conversation() {
    let (mut alice, mut bob) = private_pair(&[4]);
    bob.say("under way");
    let message = bob.only_message();
    assert_refused(&mut alice, &bob, "private");
    alice.receive(&message);
    assert_eq!(alice.read(), ["under way"]);
    alice.say("and back");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["and back"]);
}
