//! Random changes to every message of version 4 as a conversation meets it, to pieces of them, and to the records that only
//! the other side of a private conversation can send; among the seeds is what made other programs fall over (D-22, D-45).
//!
//! Nothing panics; whatever is refused changes nothing, and the true message is read afterwards. A few hundred rounds in a
//! test run; by hand `CHATHAM_HAVOC=5000 cargo test --release -p chatham-otr --test v4_havoc`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use chacha20::ChaCha20Rng;
use common::forge::{binary, change, open};
use common::{Person, deliver, open_policy, private_pair};
use otr::hazmat::state;
use otr::wire::v4::{Message as V4, NonInteractiveAuth};
use otr::wire::{Message, Wire, armor};
use otr::{Event, Limits, Recipient, SmpAction, Start, Tlv, Version};
use rand_core::{Rng, SeedableRng};

fn rounds() -> usize {
    std::env::var("CHATHAM_HAVOC").map_or(200, |number| number.parse().unwrap())
}

/// Never out of budget: the reason has to be the message.
fn patient(person: &mut Person) {
    let mut policy = person.conversation.policy().clone();
    let plenty = (u32::MAX, Duration::from_secs(1));
    policy.limits = Limits {
        handshakes: plenty,
        errors: plenty,
        queries: plenty,
        ..policy.limits
    };
    person.conversation.set_policy(policy);
}

fn begin(person: &mut Person) -> Vec<u8> {
    person.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
    person.only_message()
}

/// Somebody, and the true message that they wait for.
type Situation = (Person, Vec<u8>);

/// Its name, and how it comes about: the same every time.
type Scene = (&'static str, fn() -> Situation);

const SITUATIONS: [Scene; 6] = [
    ("Identity", || {
        let (alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
        let identity = begin(&mut bob);
        (alice, identity)
    }),
    ("Identity in a conversation", || {
        let (alice, mut bob) = private_pair(&[4]);
        let identity = begin(&mut bob);
        (alice, identity)
    }),
    ("Auth-R", || {
        let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
        let identity = begin(&mut bob);
        let auth_r = alice.receive(&identity).only_message();
        (bob, auth_r)
    }),
    ("Auth-I", || {
        let (mut alice, mut bob) = (Person::alice(&[4]), Person::bob(&[4]));
        let identity = begin(&mut bob);
        let auth_r = alice.receive(&identity).only_message();
        let auth_i = bob.receive(&auth_r).only_message();
        (alice, auth_i)
    }),
    ("Data", || {
        let (mut alice, mut bob) = private_pair(&[4]);
        for _ in 0..3 {
            bob.say("ping");
            deliver(&mut alice, &mut bob);
            alice.say("pong");
            deliver(&mut alice, &mut bob);
        }
        alice.read();
        bob.say("lost");
        bob.take_outgoing();
        bob.say("the true one");
        let data = bob.only_message();
        (alice, data)
    }),
    ("Data with a DH key", || {
        let (alice, mut bob) = private_pair(&[4]);
        bob.say("the true one");
        let data = bob.only_message();
        (alice, data)
    }),
];

fn havoc(bytes: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut draw = |below: usize| rng.next_u32() as usize % below.max(1);
    for _ in 0..=draw(3) {
        let place = draw(bytes.len());
        let length = draw(8).min(bytes.len() - place);
        match draw(10) {
            0..=2 if !bytes.is_empty() => bytes[place] ^= 1 << draw(8),
            3 => bytes[place..place + length].fill([0, 0xff][draw(2)]),
            4 => {
                let from = draw(bytes.len() - length);
                bytes.copy_within(from..from + length, place);
            }
            5 => drop(bytes.drain(place..place + length)),
            6 => bytes.truncate(place),
            // Where a length or a count stands, it is at an edge now.
            7 | 8 if place + 4 <= bytes.len() => {
                let old = u32::from_be_bytes(bytes[place..place + 4].try_into().unwrap());
                let edges = [
                    0,
                    1,
                    old.wrapping_sub(1),
                    old.wrapping_add(1),
                    1 << 31,
                    u32::MAX - 1,
                    u32::MAX,
                ];
                bytes[place..place + 4].copy_from_slice(&edges[draw(edges.len())].to_be_bytes());
            }
            _ => {
                let piece = bytes[place..place + length].to_vec();
                bytes.splice(place..place, piece);
            }
        }
    }
    bytes
}

/// Whether somebody was told of it, or told the other side.
fn has_a_reason(person: &mut Person) -> bool {
    person.take_outgoing();
    let told = person.take_events();
    told.iter().any(|event| {
        matches!(
            event,
            Event::Unreadable { .. } | Event::Refused { .. } | Event::ForOtherDevice | Event::Reflected
        )
    })
}

/// Only an Identity message may be changed and still be a good one: its keys are signed by nobody, its profile is.
fn is_another_good_identity(bytes: &[u8], true_one: &[u8]) -> bool {
    let identity = |bytes: &[u8]| match otr::wire::decode_message(bytes).ok()?.1 {
        Message::V4(message) => match *message {
            V4::Identity(identity) => Some(identity.profile),
            _ => None,
        },
        _ => None,
    };
    identity(bytes).is_some_and(|profile| Some(profile) == identity(true_one))
}

#[test]
fn s76_havoc_with_every_message_changes_nothing() {
    let mut rng = ChaCha20Rng::from_seed([0x76; 32]);
    for (name, situation) in SITUATIONS {
        let (mut person, letter) = situation();
        patient(&mut person);
        let bytes = binary(&letter);
        let (mut before, mut refused) = (state(&person.conversation), 0);
        for round in 0..rounds() {
            let changed = havoc(&bytes, &mut rng);
            if changed == bytes {
                continue;
            }
            person.receive(&armor::encode(&changed));
            if state(&person.conversation) == before {
                refused += usize::from(has_a_reason(&mut person));
                continue;
            }
            let revealed_only = name.starts_with("Data") && person.read() == ["the true one"];
            assert!(
                revealed_only || is_another_good_identity(&changed, &bytes),
                "{name}, round {round}: {:?}",
                person.events
            );
            (person, _) = situation();
            patient(&mut person);
            before = state(&person.conversation);
        }
        assert!(refused * 2 > rounds(), "{name}: {refused} have a reason");
        person.take_events();
        person.receive(&letter);
        match name {
            "Auth-R" | "Auth-I" => assert!(person.is_private(), "{name}"),
            "Data" | "Data with a DH key" => assert_eq!(person.read(), ["the true one"], "{name}"),
            _ => assert_eq!(person.take_outgoing().len(), 1, "{name}: an answer"),
        }
    }
}

#[test]
fn s76_havoc_with_pieces_disturbs_no_other_message() {
    let mut rng = ChaCha20Rng::from_seed([0x94; 32]);
    let (mut alice, mut bob) = private_pair(&[4]);
    patient(&mut bob);
    alice.conversation.set_carrier_limit(Some(150)).unwrap();
    let seeds = [
        // What made otrr fall over: numbers that need seventeen bits.
        "?OTR|00c0ffee|00011234|00000000,65536,65536,x,",
        "?OTR|00c0ffee|00011234|00000000,00001,99999,x,",
        "?OTR|00c0ffee|00011234|00000000,99999,99999,x,",
    ];
    for round in 0..rounds() {
        alice.say("in pieces");
        let pieces = alice.take_outgoing();
        assert!(pieces.len() > 2);
        let place = rng.next_u32() as usize % pieces.len();
        for (number, piece) in pieces.iter().enumerate() {
            if number == place {
                let seed = seeds[round % seeds.len()].as_bytes();
                bob.receive(&havoc(seed, &mut rng)).receive(seed);
                // Of another message: whoever knows the identifier can spoil that one, and no other.
                let strange = havoc(&[&b"?OTR|00c0ffee"[..], &piece[13..]].concat(), &mut rng);
                if !strange.starts_with(&piece[..13]) {
                    bob.receive(&strange);
                }
            }
            bob.receive(piece);
        }
        assert_eq!(bob.read(), ["in pieces"], "round {round}");
        bob.take_events();
        bob.take_outgoing();
        assert!(bob.conversation.incomplete_bytes() < 1 << 20);
    }
}

/// What made other programs fall over, as whole messages: a reason, no trace, and the true message afterwards.
#[test]
fn what_made_peers_fall_over_has_a_reason_here() {
    for (name, situation) in SITUATIONS {
        let (mut person, letter) = situation();
        patient(&mut person);
        let before = state(&person.conversation);
        let (_, message) = open(&letter);
        let mut bad: Vec<(&str, Vec<u8>)> = Vec::new();
        // otrr asked for as much memory as this count announces; the message is 35 bytes long.
        let mut announced = binary(&letter)[..11].to_vec();
        announced.extend([0xff; 4]);
        announced.resize(35, 0);
        announced[2] = 0x35;
        bad.push(("a profile of 2^32-1 fields", armor::encode(&announced)));
        // otrr's scalars must not be zero.
        let zeroed = |at: usize| {
            change(&letter, |_, message| {
                if let Message::V4(message) = message {
                    match &mut **message {
                        V4::AuthR(auth) => auth.sigma[57 * at..][..57].fill(0),
                        V4::AuthI(auth) => auth.sigma[57 * at..][..57].fill(0),
                        _ => {}
                    }
                }
            })
        };
        if name.starts_with("Auth") {
            bad.extend((0..6).map(|at| ("a zero scalar", zeroed(at))));
        }
        // libotr-ng went on without a transcript when the signature of such a message did not hold (D-45); whoever sends
        // one here talks to somebody who has published nothing.
        if let Message::V4(message) = &message
            && let V4::AuthR(auth) = &**message
        {
            let auth = auth.clone();
            let other = change(&letter, |_, message| {
                *message = Message::V4(Box::new(V4::NonInteractiveAuth(NonInteractiveAuth {
                    profile: auth.profile.clone(),
                    x: auth.x,
                    a: auth.a.clone(),
                    sigma: [0; 342],
                    prekey_id: 1,
                    mac: [0; 64],
                    first_ecdh: auth.first_ecdh,
                    first_dh: auth.first_dh.clone(),
                })));
            });
            bad.push(("an exchange that nothing waits for", other));
        }
        // otr4j and otrr let bytes after the last field pass.
        let mut longer = binary(&letter);
        longer.push(0);
        bad.push(("a byte too many", armor::encode(&longer)));
        for (what, bytes) in bad {
            person.take_events();
            person.receive(&bytes);
            assert!(has_a_reason(&mut person), "{name}: {what}");
            assert!(
                state(&person.conversation) == before,
                "{name}: {what} left a trace"
            );
        }
        person.receive(&letter);
        assert!(
            state(&person.conversation) != before,
            "{name}: the true one counts"
        );
    }
}

/// The records of true conversations: comparing secrets to the end, extra keys, padding.
fn true_records() -> Vec<Tlv> {
    let (mut alice, mut bob) = private_pair(&[4]);
    for person in [&mut alice, &mut bob] {
        let mut policy = open_policy(&[4]);
        policy.tell_records = true;
        person.conversation.set_policy(policy);
    }
    alice.act(|conversation, env| {
        let action = SmpAction::Start {
            secret: b"owl",
            question: Some(b"which bird?"),
        };
        conversation.smp(env, Recipient::Best, action).unwrap()
    });
    deliver(&mut alice, &mut bob);
    bob.act(|conversation, env| {
        let action = SmpAction::Answer { secret: b"owl" };
        conversation.smp(env, Recipient::Best, action).unwrap()
    });
    deliver(&mut alice, &mut bob);
    alice.act(|conversation, env| {
        let (outputs, _) = conversation.use_extra_key(env, Recipient::Best, 1, b"x").unwrap();
        outputs
    });
    deliver(&mut alice, &mut bob);
    let events = alice.take_events().into_iter().chain(bob.take_events());
    let records = events.filter_map(|event| match event {
        Event::Records { records, .. } => Some(records),
        _ => None,
    });
    records.flatten().collect()
}

/// The other side is who they proved to be, and malicious.
#[test]
fn havoc_with_the_records_of_a_private_conversation() {
    let mut rng = ChaCha20Rng::from_seed([0x15; 32]);
    let seeds = true_records();
    let kinds: std::collections::BTreeSet<u16> = seeds.iter().map(Tlv::kind).collect();
    assert_eq!(Vec::from_iter(kinds), [0, 2, 3, 4, 5, 7]);
    let (mut alice, mut bob) = private_pair(&[4]);
    for round in 0..rounds() {
        let mut records = Vec::new();
        for _ in 0..=rng.next_u32() % 3 {
            let seed = &seeds[rng.next_u32() as usize % seeds.len()];
            let kind = match rng.next_u32() % 4 {
                // Every kind but the end of the conversation.
                0 => [0, 2, 3, 4, 5, 6, 7, 8, 0xffff][rng.next_u32() as usize % 9],
                _ => seed.kind(),
            };
            let value = match rng.next_u32() % 4 {
                0 => seed.value().to_vec(),
                _ => havoc(seed.value(), &mut rng),
            };
            records.extend(Tlv::new(kind, value));
        }
        if rng.next_u32().is_multiple_of(8) {
            // Somebody answers what may have been asked, so that all steps are met.
            bob.act(|conversation, env| {
                let action = SmpAction::Answer { secret: b"owl" };
                conversation.smp(env, Recipient::Best, action).unwrap_or_default()
            });
        }
        alice.act(|conversation, env| conversation.send(env, Recipient::Best, b"", &records).unwrap());
        for letter in alice.take_outgoing() {
            bob.receive(&letter);
        }
        assert!(bob.outgoing.len() <= 6, "round {round}: {}", bob.outgoing.len());
        deliver(&mut alice, &mut bob);
        assert!(alice.is_private() && bob.is_private(), "round {round}");
        alice.say("still here");
        deliver(&mut alice, &mut bob);
        assert_eq!(bob.read(), ["still here"], "round {round}");
        alice.take_events();
        bob.take_events();
    }
}

/// A profile alone, in every way that bytes can be wrong.
#[test]
fn havoc_with_profiles() {
    let mut rng = ChaCha20Rng::from_seed([0x81; 32]);
    let mut bob = Person::bob(&[4]);
    let profile = bob.account.v4().unwrap().profile().clone();
    let (now, tag) = (bob.now, profile.owner());
    let bytes = profile.raw().as_bytes().to_vec();
    for round in 0..rounds() * 10 {
        let changed = havoc(&bytes, &mut rng);
        let read = otr::wire::raw_profile::RawProfile::from_bytes(&changed);
        let valid = read.is_ok_and(|raw| otr::identity::ClientProfile::validate(&raw, tag, now).is_ok());
        assert_eq!(valid, changed == bytes, "round {round}");
    }
    assert!(!begin(&mut bob).is_empty());
}
