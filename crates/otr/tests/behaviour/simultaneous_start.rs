//! S-13: both sides start at once, and messages are lost, doubled, or late.

use otr::{Start, Version};

use crate::common::{Person, deliver};

fn both_begin(version: Version) -> (Person, Person) {
    let numbers = [version.number()];
    let (mut alice, mut bob) = (Person::alice(&numbers), Person::bob(&numbers));
    for person in [&mut alice, &mut bob] {
        person.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
    }
    (alice, bob)
}

fn agree(alice: &mut Person, bob: &mut Person) {
    assert!(
        alice.is_private() && bob.is_private(),
        "{:?} {:?}",
        alice.events,
        bob.events
    );
    alice.say("a");
    bob.say("b");
    deliver(alice, bob);
    assert_eq!(bob.read(), ["a"]);
    assert_eq!(alice.read(), ["b"]);
}

#[test]
fn crossing_first_messages_lead_to_one_conversation() {
    for version in [Version::V1, Version::V2, Version::V3] {
        let (mut alice, mut bob) = both_begin(version);
        deliver(&mut alice, &mut bob);
        agree(&mut alice, &mut bob);
    }
}

#[test]
fn crossing_queries_too() {
    for numbers in [&[1][..], &[2], &[3], &[1, 2, 3]] {
        let (mut alice, mut bob) = (Person::alice(numbers), Person::bob(numbers));
        alice.start();
        bob.start();
        deliver(&mut alice, &mut bob);
        agree(&mut alice, &mut bob);
    }
}

#[test]
fn every_order_of_delivery_ends_well() {
    // A bit of `schedule` says whose next message is delivered.
    for version in [Version::V2, Version::V3] {
        for schedule in 0..256u32 {
            let (mut alice, mut bob) = both_begin(version);
            for step in 0..8 {
                let (from, to) = if schedule >> step & 1 == 0 {
                    (&mut alice, &mut bob)
                } else {
                    (&mut bob, &mut alice)
                };
                if let Some(bytes) = from.outgoing.pop_front() {
                    to.receive(&bytes);
                }
            }
            deliver(&mut alice, &mut bob);
            agree(&mut alice, &mut bob);
        }
    }
}

#[test]
fn starting_again_in_the_middle_ends_well_in_every_order() {
    for version in [Version::V2, Version::V3] {
        for (restart, by_alice) in (0..7).flat_map(|step| [(step, true), (step, false)]) {
            for schedule in 0..64u32 {
                let (mut alice, mut bob) = both_begin(version);
                for step in 0..10 {
                    if step == restart {
                        let again = if by_alice { &mut alice } else { &mut bob };
                        again.act(|conversation, env| {
                            conversation.start(env, Start::Interactive(version)).unwrap()
                        });
                    }
                    let (from, to) = if schedule >> (step % 6) & 1 == 0 {
                        (&mut alice, &mut bob)
                    } else {
                        (&mut bob, &mut alice)
                    };
                    if let Some(bytes) = from.outgoing.pop_front() {
                        to.receive(&bytes);
                    }
                }
                deliver(&mut alice, &mut bob);
                agree(&mut alice, &mut bob);
            }
        }
    }
}

#[test]
fn every_message_may_be_doubled() {
    for version in [Version::V2, Version::V3] {
        let (mut alice, mut bob) = both_begin(version);
        for _ in 0..20 {
            for (from, to) in [(true, false), (false, true)] {
                let _ = to;
                let (from, to) = if from {
                    (&mut alice, &mut bob)
                } else {
                    (&mut bob, &mut alice)
                };
                if let Some(bytes) = from.outgoing.pop_front() {
                    to.receive(&bytes).receive(&bytes);
                }
            }
        }
        deliver(&mut alice, &mut bob);
        agree(&mut alice, &mut bob);
    }
}

#[test]
fn any_one_lost_message_is_healed_by_asking_again() {
    for version in [Version::V2, Version::V3] {
        for lost in 0..5 {
            let numbers = [version.number()];
            let (mut alice, mut bob) = (Person::alice(&numbers), Person::bob(&numbers));
            alice.start();
            let mut count = 0;
            loop {
                let (message, to) = match (alice.outgoing.pop_front(), bob.outgoing.pop_front()) {
                    (Some(message), None) => (message, &mut bob),
                    (None, Some(message)) => (message, &mut alice),
                    _ => break,
                };
                if count != lost {
                    to.receive(&message);
                }
                count += 1;
            }
            alice.pass(1_000).start();
            bob.pass(1_000);
            deliver(&mut alice, &mut bob);
            agree(&mut alice, &mut bob);
        }
    }
}

/// libotr gives way whatever the hashes say (interop/traces); then both would wait for a Reveal Signature.
#[test]
fn a_partner_that_always_gives_way_is_met() {
    for version in [Version::V2, Version::V3] {
        let (mut alice, mut bob) = both_begin(version);
        // Bob forgets his own commitment, as libotr does in version 2, and answers Alice's.
        let commit = alice.only_message();
        let bobs = bob.only_message();
        let mut giving_way = Person::bob(&[version.number()]);
        giving_way.receive(&commit);
        alice.receive(&bobs);
        if version == Version::V3 {
            // libotr's version 3 child answers a D-H Key with the master's commitment; the text's way works.
            continue;
        }
        deliver(&mut alice, &mut giving_way);
        agree(&mut alice, &mut giving_way);
    }
}
