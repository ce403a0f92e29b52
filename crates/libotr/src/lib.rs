//! libotr's C interface, version 4.1, on the memory-safe core: a library that programs built for `libotr.so.5` run on
//! unchanged.
//!
//! The core decides; the C structs are a mirror of it, and callbacks are replayed from its outputs. Files are named
//! after libotr's headers, and besides:
//!
//! * `boundary`: panics end there, C pointers become values; `errors`: libgpg-error's numbers; `layout`: the structs;
//! * `mirror`: between the core's conversations and the structs; `replay`: calling the application;
//! * `sending`, `receiving`, `secured`, `reading`, `smp`: what `message.h` does, step by step.
//!
//! # Safety
//! Every function takes what libotr's headers say: C strings, live objects of this library, and one thread at a time
//! for one user state. NULL is answered with an error wherever libotr defines one.

mod auth;
mod b64;
mod boundary;
mod choice;
mod context;
mod dh;
mod errors;
mod fingerprints;
mod fragment;
mod gcrypt;
mod instag;
mod key_files;
pub mod layout;
mod list;
mod mem;
mod message;
mod mirror;
mod private_actions;
mod privkey;
mod proto;
mod reading;
mod receiving;
mod replay;
mod secured;
mod sending;
mod sm;
mod smp;
mod stdio;
mod tlv;
mod userstate;
mod wire_data;

pub use auth::*;
pub use b64::*;
pub use choice::*;
pub use context::*;
pub use dh::*;
pub use fingerprints::*;
pub use fragment::*;
pub use instag::*;
pub use key_files::*;
pub use mem::*;
pub use message::*;
pub use mirror::{otrl_context_priv_force_finished, otrl_context_priv_new};
pub use private_actions::*;
pub use privkey::*;
pub use proto::*;
pub use sm::*;
pub use tlv::*;
pub use userstate::{otrl_userstate_create, otrl_userstate_free};
pub use wire_data::*;
