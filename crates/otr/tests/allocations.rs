//! Nothing is allocated from a received length: what a message makes us allocate is bounded by its own size, whatever
//! it says about sizes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::alloc::System;

use otr::wire::tlv::{self, Tlv};
use otr::wire::{Plaintext, armor, decode_message};
use otr::{Recipient, Start, Timestamp, Version};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::common::forge::{binary, change};
use crate::common::{Person, private_pair};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Every length field is set to these in turn.
const CLAIMED: [u32; 3] = [64 << 20, i32::MAX as u32, u32::MAX];
/// What may be allocated in all for a message, freed or not: a key exchange takes a good part of it, and none of the
/// claimed lengths fits.
const ALLOWED: usize = 1 << 20;

/// Bytes allocated while this runs, also those that are freed meanwhile. One test alone is in this program, so that
/// nothing else counts.
fn allocated(run: impl FnOnce()) -> usize {
    let region = Region::new(COUNTED);
    run();
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated.max(0)).unwrap()
}

/// Everybody who waits for a message, and that message.
fn waiting(version: Version) -> Vec<(Person, Vec<u8>)> {
    let numbers = [version.number()];
    let mut cases = Vec::new();
    let steps = if version == Version::V1 { 1 } else { 4 };
    for wanted in 0..steps {
        let (mut alice, mut bob) = (Person::alice(&numbers), Person::bob(&numbers));
        alice.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        let (mut from, mut to) = (&mut alice, &mut bob);
        for _ in 0..wanted {
            to.receive(&from.only_message());
            (from, to) = (to, from);
        }
        let message = from.only_message();
        let receiver = if wanted % 2 == 0 { bob } else { alice };
        cases.push((receiver, message));
    }
    let (mut alice, bob) = private_pair(&numbers);
    alice.say("hello");
    cases.push((bob, alice.only_message()));
    cases
}

#[test]
fn no_received_length_is_believed() {
    assert!(
        allocated(|| drop(Vec::<u8>::with_capacity(3 << 20))) >= 3 << 20,
        "it counts"
    );
    for version in [Version::V1, Version::V2, Version::V3] {
        for (mut receiver, message) in waiting(version) {
            let bytes = binary(&message);
            let fields = 0..bytes.len().saturating_sub(4);
            for (position, claimed) in fields.flat_map(|at| CLAIMED.map(|claimed| (at, claimed))) {
                let mut altered = bytes.clone();
                altered[position..position + 4].copy_from_slice(&claimed.to_be_bytes());
                let took = allocated(|| drop(decode_message(&altered)));
                assert!(
                    took <= ALLOWED,
                    "{version:?}: decoding {claimed:#x} at {position}: {took}"
                );
                if position % 16 == 0 || claimed == CLAIMED[0] && position < 64 {
                    let armored = armor::encode(&altered);
                    // Never out of budget.
                    receiver.now = Timestamp::from_millis(receiver.now.as_millis() + 1_000);
                    let took = allocated(|| {
                        receiver.receive(&armored);
                    });
                    assert!(took <= ALLOWED, "{version:?}: {claimed:#x} at {position}: {took}");
                }
            }
        }
    }
    pieces_that_announce_many();
    records_and_numbers_that_claim_much();
}

/// A piece says of how many it is the first.
fn pieces_that_announce_many() {
    let mut alice = Person::alice(&[2, 3]);
    let ours = alice.account.instance_tag().raw();
    for piece in [
        "?OTR,1,65535,x,".to_owned(),
        format!("?OTR|100|{ours:x},1,65535,x,"),
        "?OTR,4294967295,4294967295,x,".to_owned(),
    ] {
        let took = allocated(|| {
            alice.receive(piece.as_bytes());
        });
        assert!(took <= 16 << 10, "{piece}: {took}");
    }
}

/// Records of 16-bit lengths, and in those of the comparison a count and lengths of numbers.
fn records_and_numbers_that_claim_much() {
    let took = allocated(|| drop(Plaintext::decode(b"hi\0\0\x07\xff\xff".to_vec())));
    assert!(took <= 4 << 10, "{took}");
    let (mut alice, mut bob) = private_pair(&[3]);
    for claimed in CLAIMED {
        for value in [
            claimed.to_be_bytes().to_vec(),
            [6, claimed].map(u32::to_be_bytes).concat(),
        ] {
            for kind in tlv::SMP1..=tlv::EXTRA_KEY {
                let record = Tlv::new(kind, value.clone()).unwrap();
                let mut env = otr::Env {
                    account: &alice.account,
                    rng: &mut alice.rng,
                    now: alice.now,
                };
                let sent = alice
                    .conversation
                    .send(&mut env, Recipient::Best, b"", &[record])
                    .unwrap();
                for output in sent {
                    let otr::Output::Send(message) = output else {
                        panic!("{output:?}")
                    };
                    let took = allocated(|| {
                        bob.receive(&message);
                    });
                    assert!(took <= ALLOWED, "record {kind} with {claimed:#x}: {took}");
                }
            }
        }
    }
    // The same in the part of a data message that nobody authenticates.
    alice.say("x");
    let message = change(&alice.only_message(), |_, message| {
        if let otr::wire::Message::Data(data) = message {
            data.revealed_mac_keys = vec![0; 20];
        }
    });
    let mut bytes = binary(&message);
    let at = bytes.len() - 24;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let took = allocated(|| {
        bob.receive(&armor::encode(&bytes));
    });
    assert!(took <= ALLOWED, "{took}");
}
