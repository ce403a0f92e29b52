//! The chains of a ratchet: each message takes a key from one and moves it on.

use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::message_keys::{ChainKey, MacKey, MessageKeys};
use crate::v4::skipped_keys::{MAX_SKIPPED, SkippedKeys};
use crate::wire::v4::EncodedPoint;

/// The chain that we are sending with.
pub struct SendingChain {
    /// For the next message.
    pub key: ChainKey,
    /// `j`: the number of the next message.
    pub sent: u32,
    /// `pn`: how many messages the chain before had.
    pub previous_sent: u32,
}

/// The chain that we are receiving.
pub struct ReceivingChain {
    /// For the next message.
    pub key: ChainKey,
    /// `k`: the number of the next message.
    pub received: u32,
    /// Its number on the wire.
    pub ratchet_id: u32,
    /// The ECDH key that it came with.
    pub ecdh: EncodedPoint,
}

impl SendingChain {
    /// Takes the number and the keys of the next message. `None` when the numbers are used up.
    pub fn take(&mut self) -> Option<(u32, MessageKeys)> {
        let message_id = self.sent;
        self.sent = message_id.checked_add(1)?;
        let following = self.key.next();
        let keys = core::mem::replace(&mut self.key, following).into_message_keys();
        Some((message_id, keys))
    }
}

impl ReceivingChain {
    /// The chain that begins with `key`.
    pub fn begin(key: ChainKey, ratchet_id: u32, ecdh: EncodedPoint) -> Self {
        Self {
            key,
            received: 0,
            ratchet_id,
            ecdh,
        }
    }

    /// The keys of a message of this chain, derived on the side.
    ///
    /// # Errors
    /// [`Reject::Replayed`] if the chain is past it; [`Reject::LimitReached`] if it is too far ahead.
    pub fn keys_of(&self, message_id: u32) -> Result<MessageKeys, Reject> {
        let gap = message_id.checked_sub(self.received).ok_or(Reject::Replayed)?;
        if gap > MAX_GAP || message_id == u32::MAX {
            return Err(Reject::LimitReached);
        }
        let mut key = self.key.duplicate();
        for _ in 0..gap {
            key = key.next();
        }
        Ok(key.into_message_keys())
    }

    /// How many messages there are before the message `until`.
    #[must_use]
    pub fn left_before(&self, until: u32) -> u32 {
        until.saturating_sub(self.received)
    }

    /// Goes up to the message `until`, and keeps the keys on the way: the newest, as many as can be kept at all. The
    /// MAC keys of older ones that had to give way are added to `evicted`.
    pub fn skip(&mut self, until: u32, kept: &mut SkippedKeys, now: Timestamp, evicted: &mut Vec<MacKey>) {
        while self.received < until {
            let left = usize::try_from(until - self.received).unwrap_or(usize::MAX);
            if left <= MAX_SKIPPED {
                let keys = self.key.message_keys();
                evicted.extend(kept.add(self.ecdh, self.received, keys, now));
            }
            self.pass();
        }
    }

    /// Goes past one message.
    pub fn pass(&mut self) {
        self.key = self.key.next();
        self.received = self.received.saturating_add(1);
    }
}

/// How many messages in a row may be missing before one that is read. Each costs a hash before anything is proven.
pub const MAX_GAP: u32 = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The last number is not given out, as none would be left to go on with: reading it twice would be the end of the
    /// promise that a copy is refused.
    #[test]
    fn the_last_number_is_refused() {
        let mut chain = ReceivingChain::begin(ChainKey::fill_with(|_| ()), 0, EncodedPoint([0; 57]));
        chain.received = u32::MAX - 1;
        assert!(chain.keys_of(u32::MAX - 1).is_ok());
        assert_eq!(chain.keys_of(u32::MAX).err(), Some(Reject::LimitReached));
        assert_eq!(chain.keys_of(u32::MAX - 2).err(), Some(Reject::Replayed));

        let mut chain = SendingChain {
            key: ChainKey::fill_with(|_| ()),
            sent: u32::MAX - 1,
            previous_sent: 0,
        };
        assert!(chain.take().is_some_and(|(number, _)| number == u32::MAX - 1));
        assert!(chain.take().is_none());
    }
}
