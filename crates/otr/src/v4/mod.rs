//! Version 4.
//!
//! ```text
//! dake            the interactive exchange: which messages move it on, and who gives way
//!   offered         Bob: an Identity message is out
//!   answer          Alice: an Auth-R message is out
//!     ephemeral       the four keys that each of them makes
//!     auth            the ring signatures, made and checked
//!     transcript      what they sign
//! channel         sealing and opening data messages, with the MAC keys that are revealed
//!   ratchet         the double ratchet: whose turn it is, and what a message would make of it
//!     turn            one turn: the keys of both sides, and what is derived from them
//!     mixed_secret    two Diffie-Hellman results into a root key and a chain key
//!     chains          the keys of one ratchet, one after the other
//!     message_keys    a chain key into the keys of one message
//!     skipped_keys    keys kept for messages that come late
//! extra_keys      the extra symmetric keys that a message announces
//! ```
//!
//! With the feature `hazmat`, `forge` writes exchanges that never took place, and `forge_data` what was said in them.

pub mod answer;
pub mod auth;
pub mod chains;
pub mod channel;
pub mod dake;
pub mod ephemeral;
pub mod extra_keys;
#[cfg(feature = "hazmat")]
pub mod forge;
#[cfg(feature = "hazmat")]
pub mod forge_data;
pub mod message_keys;
pub mod mixed_secret;
pub mod offered;
pub mod ratchet;
pub mod skipped_keys;
pub mod transcript;
pub mod turn;

pub use channel::{Channel, Established, Opened};
pub use dake::{Dake, Names, Progress, Proven, Step};
