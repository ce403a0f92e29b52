//! One module a behaviour, named after what people would notice or after the attack it answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod counter_replay;
mod discovery;
mod error_replies;
mod extra_key;
mod gaps;
mod injected_message;
mod instance_tags;
mod key_rotation;
mod outbox;
mod pieces;
mod policy;
mod powers;
mod read_proof;
mod records;
mod reflected_message;
mod replayed_exchange;
mod several_devices;
mod simultaneous_start;
mod smp;
mod stale_offer;
mod takeover;
mod v1;
