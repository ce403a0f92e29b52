//! Extra symmetric keys for uses outside the conversation ("Extra Symmetric Key", record type 7).
//!
//! A message has one extra key. Each record of type 7 in it announces the use of a key that is derived from that one and
//! from the keys announced before (decision 0095):
//!
//! ```text
//! SHORT 7 | SHORT length | context (4 bytes) | free data
//! key = SHAKE-256("OTRv4" ‖ place of the record in the list (BYTE) ‖ context ‖ the key before, 64)
//! ```

use crate::crypto::kdf::shake256;
use crate::secret::secret_type;
use crate::v4::message_keys::ExtraKey;
use crate::wire::tlv::{self, Tlv};
use crate::wire::{Reader, plaintext};

secret_type!(
    AnnouncedKey,
    64,
    "A key for one use, which both sides hold once the record that announces it has arrived."
);

/// One announced use.
pub struct Announced {
    /// What the key is for, as the two programs agree.
    pub context: [u8; 4],
    /// What else the use needs: a file name, say.
    pub data: Vec<u8>,
    /// The key.
    pub key: AnnouncedKey,
}

/// The keys that the records of one message announce, for the sender and the receiver of it alike. `base` is the extra
/// key of that message; `records` are all of its records, as they stand in it. A record that is too short, or beyond
/// the tenth, announces nothing.
#[must_use]
pub fn announced(base: &ExtraKey, records: &[Tlv]) -> Vec<Announced> {
    let mut all: Vec<Announced> = Vec::new();
    for (place, record) in (0..=u8::MAX).zip(records) {
        if record.kind() != tlv::EXTRA_KEY_V4 || all.len() >= MAX_ANNOUNCED {
            continue;
        }
        let Some((context, data)) = record.value().split_first_chunk::<4>() else {
            continue;
        };
        let before = all.last().map_or_else(|| base.expose(), |last| last.key.expose());
        let key = AnnouncedKey::fill_with(|key| shake256(&[b"OTRv4", &[place], context, before], key));
        all.push(Announced {
            context: *context,
            data: data.to_vec(),
            key,
        });
    }
    all
}

/// Whether a message, decrypted, has a record that announces a use.
pub(super) fn announces(plaintext: &[u8]) -> bool {
    let mut reader = Reader::new(plaintext::records(plaintext));
    loop {
        let (Ok(kind), Ok(length)) = (reader.u16(), reader.u16()) else {
            return false;
        };
        if reader.bytes(length.into()).is_err() {
            return false;
        }
        if kind == tlv::EXTRA_KEY_V4 {
            return true;
        }
    }
}

impl PartialEq for AnnouncedKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.expose())
    }
}

impl Eq for AnnouncedKey {}

/// Uses that one message may announce.
pub const MAX_ANNOUNCED: usize = 10;
