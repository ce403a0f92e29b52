//! Versions 1, 2 and 3: one family with one kind of channel.
//!
//! Where they differ is small and stands in one table:
//!
//! | | version 1 | version 2 | version 3 |
//! |---|---|---|---|
//! | key exchange | two signed messages ([`v1`]) | four messages ([`ake`]) | the same |
//! | instance tags in header and pieces | no | no | yes |
//! | flags byte in data messages | no | yes | yes |
//! | session id | 20 bytes | 8 bytes | 8 bytes |
//! | socialist millionaires' protocol | no | yes | yes |
//! | extra symmetric key | no | no | yes |
//!
//! The first four rows are matters of the wire format and of the exchange; the last two are
//! [`Channel::has_smp`] and [`Channel::has_extra_key`].

pub mod ake;
pub mod ake_keys;
pub mod channel;
pub mod key_rotation;
pub mod pair_keys;
pub mod signed_identity;
pub mod v1;

pub use channel::{Channel, Established, Opened};
