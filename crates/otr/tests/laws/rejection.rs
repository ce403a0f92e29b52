//! A rejected message changes nothing, and no bytes make the core panic.

use otr::hazmat::state;
use otr::wire::armor;
use std::time::Duration;

use otr::{Event, Limits, Recipient};

use crate::common::forge::binary;
use crate::common::{Person, deliver, private_pair};

/// Every kind of message, with somebody in the state that waits for it: the receiver, and the true message.
fn everybody_waiting(numbers: &[u16]) -> Vec<(&'static str, Person, Vec<u8>)> {
    let mut cases = Vec::new();
    let fresh = || (Person::alice(numbers), Person::bob(numbers));
    let newest = *numbers.iter().max().unwrap();
    if newest == 1 {
        let (mut alice, mut bob) = fresh();
        alice.start();
        bob.receive(&alice.only_message());
        cases.push(("Key Exchange", alice, bob.only_message()));
    } else {
        for (steps, name) in ["D-H Commit", "D-H Key", "Reveal Signature", "Signature"]
            .into_iter()
            .enumerate()
        {
            let (mut alice, mut bob) = fresh();
            alice.start();
            bob.receive(&alice.only_message());
            for step in 0..steps {
                if step % 2 == 0 {
                    alice.receive(&bob.only_message());
                } else {
                    bob.receive(&alice.only_message());
                }
            }
            if steps % 2 == 0 {
                let message = bob.only_message();
                cases.push((name, alice, message));
            } else {
                let message = alice.only_message();
                cases.push((name, bob, message));
            }
        }
    }
    let (mut alice, mut bob) = private_pair(numbers);
    alice.say("one");
    bob.receive(&alice.only_message()).say("two");
    alice.receive(&bob.only_message()).say("three");
    cases.push(("Data", bob, alice.only_message()));
    for (_, person, _) in &mut cases {
        // Never out of budget: the reason has to be the message.
        let mut policy = person.conversation.policy().clone();
        let plenty = (u32::MAX, Duration::from_secs(1));
        policy.limits = Limits {
            handshakes: plenty,
            errors: plenty,
            ..policy.limits
        };
        person.conversation.set_policy(policy);
    }
    cases
}

#[test]
fn rejected_message_changes_nothing() {
    for numbers in [&[1][..], &[1, 2], &[1, 2, 3]] {
        for (name, mut person, message) in everybody_waiting(numbers) {
            let before = state(&person.conversation);
            let bytes = binary(&message);
            let mut refused = 0;
            let mut feed = |person: &mut Person, altered: &[u8], what: &str| {
                person.take_events();
                person.receive(&armor::encode(altered));
                let unchanged = state(&person.conversation) == before;
                if !unchanged {
                    return false;
                }
                let told = person.take_events();
                let with_reason = told.iter().any(|event| {
                    matches!(
                        event,
                        Event::Unreadable { .. }
                            | Event::Refused { .. }
                            | Event::ForOtherDevice
                            | Event::Reflected
                            | Event::Knock { .. }
                    )
                });
                refused += usize::from(with_reason);
                // A copy and a message flagged as ignorable are the two that get no reason.
                assert!(
                    with_reason || name == "Data",
                    "{name} {what}: no reason in {told:?}"
                );
                true
            };
            for length in 0..bytes.len() {
                assert!(
                    feed(&mut person, &bytes[..length], "cut"),
                    "{name} cut to {length} bytes changed the state"
                );
            }
            // Every bit of the first 64 and the last 64 bytes, and every seventh bit between.
            let bits = bytes.len() * 8;
            let positions = (0..bits).filter(|bit| *bit < 512 || *bit >= bits - 512 || bit % 7 == 0);
            for bit in positions {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                if !may_be_altered(name, &bytes, bit / 8) {
                    assert!(
                        feed(&mut person, &altered, "flipped"),
                        "{name}, version {}, with bit {bit} flipped changed the state",
                        numbers.last().unwrap()
                    );
                }
            }
            assert!(refused >= bytes.len(), "{name}: alterations have a reason");
            // And the true message is still welcome.
            person.take_events();
            person.receive(&message);
            assert_ne!(
                state(&person.conversation),
                before,
                "{name}: the true message was not accepted"
            );
        }
    }
}

/// Fields that nobody can check when they arrive: the commitment itself, the receiver tag of a D-H Commit
/// (zero and ours are both right) and version; a D-H key that is another valid number; the revealed MAC
/// keys, which stand outside the MAC.
fn may_be_altered(name: &str, bytes: &[u8], position: usize) -> bool {
    match name {
        "D-H Commit" | "D-H Key" => true,
        "Data" => {
            let keys = bytes.len() - revealed_length(bytes);
            // Flags, too, are authenticated: only the revealed keys are not.
            position >= keys
        }
        _ => false,
    }
}

fn revealed_length(bytes: &[u8]) -> usize {
    let armored = armor::encode(bytes);
    match crate::common::forge::open(&armored).1 {
        otr::wire::Message::Data(data) => data.revealed_mac_keys.len(),
        _ => 0,
    }
}

#[test]
fn a_forged_first_message_never_disturbs_a_private_conversation() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    let mut mallory = Person::new("mallory", 2, 7, crate::common::open_policy(&[2, 3]));
    mallory.act(|conversation, env| {
        conversation
            .start(env, otr::Start::Interactive(otr::Version::V3))
            .unwrap()
    });
    let commit = mallory.only_message();
    for _ in 0..50 {
        alice.receive(&commit);
    }
    alice.take_outgoing();
    alice.say("still private");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["still private"]);
    assert_eq!(
        alice.conversation.session(Recipient::Best).unwrap().fingerprint(),
        Some(bob.account.fingerprint())
    );
}

#[test]
fn no_panic_on_any_bytes() {
    // Lengths at their boundaries in every 32-bit length field, in every message, in every state.
    for numbers in [&[1][..], &[2], &[3]] {
        for (name, mut person, message) in everybody_waiting(numbers) {
            let bytes = binary(&message);
            let before = state(&person.conversation);
            for position in 0..bytes.len().saturating_sub(4) {
                for value in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX] {
                    let mut altered = bytes.clone();
                    altered[position..position + 4].copy_from_slice(&u32::to_be_bytes(value));
                    if altered == bytes {
                        continue;
                    }
                    person.receive(&armor::encode(&altered));
                    let free = (0..4).any(|offset| may_be_altered(name, &bytes, position + offset));
                    if !free {
                        assert_eq!(
                            state(&person.conversation),
                            before,
                            "{name} at {position}: {value:#x}"
                        );
                    }
                }
            }
        }
    }
    // Whatever begins like a marker.
    let mut person = Person::alice(&[1, 2, 3]);
    for start in [
        "?OTR",
        "?OTR:",
        "?OTR|",
        "?OTR,",
        "?OTR?",
        "?OTRv",
        "?OTR Error:",
        "<b>?OTR",
    ] {
        for byte in 0..=255u8 {
            for repeat in [1, 2, 7, 40] {
                let mut message = start.as_bytes().to_vec();
                message.extend(std::iter::repeat_n(byte, repeat));
                person.receive(&message);
            }
        }
    }
}
