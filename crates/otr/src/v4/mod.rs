//! Version 4.
//!
//! ```text
//! channel         sealing and opening data messages, with the MAC keys that are revealed
//!   ratchet         the double ratchet: whose turn it is, and what a message would make of it
//!     turn            one turn: the keys of both sides, and what is derived from them
//!     mixed_secret    two Diffie-Hellman results into a root key and a chain key
//!     chains          the keys of one ratchet, one after the other
//!     message_keys    a chain key into the keys of one message
//!     skipped_keys    keys kept for messages that come late
//! extra_keys      the extra symmetric keys that a message announces
//! ```

pub mod chains;
pub mod channel;
pub mod extra_keys;
pub mod message_keys;
pub mod mixed_secret;
pub mod ratchet;
pub mod skipped_keys;
pub mod turn;

pub use channel::{Channel, Established, Opened};
