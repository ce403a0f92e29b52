//! Doors to the inside, for tests and forging tools. Everything here can break the promises of this crate.

use crate::conversation::Conversation;
pub use crate::crypto::modp::tally::{Powers, take as take_powers};

/// All protocol state of a conversation as bytes, secrets included: two conversations behave alike if, and
/// only if, these are equal. Left out are the clock and what a correspondent has used up of their budgets,
/// which a refused message is allowed to change.
pub fn state(conversation: &Conversation) -> Vec<u8> {
    // A vector that grows leaves copies of secrets behind.
    let mut bytes = Vec::with_capacity(1 << 20);
    conversation.absorb(&mut bytes);
    bytes
}

/// All protocol state of a channel of version 4 as bytes, secrets included.
pub fn channel_state(channel: &crate::v4::Channel) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.absorb(&mut bytes);
    bytes
}

/// All state of an exchange of version 4 as bytes, secrets included.
pub fn dake_state(dake: &crate::v4::Dake) -> Vec<u8> {
    let mut bytes = Vec::new();
    dake.absorb(&mut bytes);
    bytes
}

/// Appends a field with its length, so that two states never share their bytes by accident.
pub(crate) fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend_from_slice(&value.len().to_be_bytes());
    bytes.extend_from_slice(value);
}
