//! Keys kept for messages that come late ("Storing ... skipped message keys", `skipped_MKenc`): bounded in number over
//! all ratchets, and in age.
//!
//! They are found by the ECDH key of the sender and the number of the message, not by the number of the ratchet: that
//! occurs once in each direction (decision 0091).

use core::time::Duration;
use std::collections::VecDeque;

use crate::time::Timestamp;
use crate::v4::message_keys::{MacKey, MessageKeys};
use crate::wire::v4::EncodedPoint;

/// The keys, oldest first.
#[derive(Default)]
pub struct SkippedKeys {
    keys: VecDeque<Skipped>,
}

struct Skipped {
    ecdh: EncodedPoint,
    message_id: u32,
    keys: MessageKeys,
    since: Timestamp,
}

impl SkippedKeys {
    /// Keeps the keys of one message. The MAC key of the oldest message that had to give way for it, if one had, is
    /// to be revealed.
    #[must_use]
    pub fn add(
        &mut self,
        ecdh: EncodedPoint,
        message_id: u32,
        keys: MessageKeys,
        now: Timestamp,
    ) -> Option<MacKey> {
        let evicted = if self.keys.len() >= MAX_SKIPPED {
            self.keys.pop_front()
        } else {
            None
        };
        self.keys.push_back(Skipped {
            ecdh,
            message_id,
            keys,
            since: now,
        });
        evicted.map(|skipped| skipped.keys.mac_key())
    }

    /// The keys of this message, if they are kept and not too old, and their place for [`take`](Self::take).
    #[must_use]
    pub fn find(
        &self,
        ecdh: &EncodedPoint,
        message_id: u32,
        now: Timestamp,
    ) -> Option<(usize, &MessageKeys)> {
        let mut places = self.keys.iter().enumerate();
        let (place, skipped) =
            places.find(|(_, skipped)| skipped.message_id == message_id && skipped.ecdh == *ecdh)?;
        (now.since(skipped.since) <= MAX_AGE).then_some((place, &skipped.keys))
    }

    /// Takes the keys at a place out for good.
    pub fn take(&mut self, place: usize) {
        self.keys.remove(place);
    }

    /// Forgets what was kept for too long. The MAC keys are to be revealed.
    #[must_use]
    pub fn expire(&mut self, now: Timestamp) -> Vec<MacKey> {
        let fresh = self
            .keys
            .iter()
            .position(|skipped| now.since(skipped.since) <= MAX_AGE)
            .unwrap_or(self.keys.len());
        self.keys
            .drain(..fresh)
            .map(|skipped| skipped.keys.mac_key())
            .collect()
    }

    /// When the next key is too old.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.keys.front().map(|skipped| skipped.since.plus(MAX_AGE))
    }

    /// Forgets everything. The MAC keys are to be revealed.
    #[must_use]
    pub fn retire(&mut self) -> Vec<MacKey> {
        self.keys
            .drain(..)
            .map(|skipped| skipped.keys.mac_key())
            .collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    #[cfg(feature = "hazmat")]
    pub(super) fn absorb(&self, bytes: &mut Vec<u8>) {
        for skipped in &self.keys {
            let place = (skipped.ecdh, skipped.message_id, skipped.since);
            crate::hazmat::field(bytes, format!("{place:?}").as_bytes());
            skipped.keys.absorb(bytes);
        }
    }
}

/// Keys kept at once, over all ratchets.
pub const MAX_SKIPPED: usize = 1000;
/// How long a key waits for its message.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
