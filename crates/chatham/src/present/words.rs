//! What states are called, the same in every window and in every line.

use otr::{InstanceTag, Version};

use crate::engine::notice::{Delivery, LineId, Standing};

/// An instance tag as people see it.
pub fn tag(tag: InstanceTag) -> String {
    format!("{:08x}", tag.raw())
}

/// A version's name, with a warning where one is due.
pub fn version_words(version: Version) -> String {
    match version {
        Version::V1 => "OTR version 1, which is WEAK".into(),
        version => format!("OTR version {}", version.number()),
    }
}

/// For which versions a key with this fingerprint is.
pub const fn key_versions(fingerprint: &[u8]) -> &'static str {
    match fingerprint.len() {
        20 => "versions 1 to 3",
        _ => "version 4",
    }
}

/// What the version of a private conversation means for people, in one sentence.
pub fn version_meaning(version: Version) -> &'static str {
    match version {
        Version::V1 => "Version 1 is broken: take it for clear text.",
        Version::V2 | Version::V3 => {
            "Afterwards nobody can prove what was said, unless they took part as it was said; texts have to arrive in order."
        }
        Version::V4 => {
            "Nobody can prove what was said, not even with the help of one of you; texts that arrive late or in another \
             order are read."
        }
    }
}

/// How far a text has come, as words that do not say more than is known.
pub fn delivery_words(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Held => "waits here",
        Delivery::Sent => "on its way",
        Delivery::Readable => "could be read by them",
        Delivery::Lost => "may not have been heard; /held shows whether it can be sent again",
    }
}

/// What becomes of a text that waits.
pub fn waiting_words(delivery: Delivery, line: LineId) -> String {
    match delivery {
        Delivery::Lost => format!("may be lost: /send-again {0} or /drop {0}", line.0),
        _ => "goes by itself when it may".to_owned(),
    }
}

/// How we stand with somebody, in words.
pub fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::NotPrivate => "not private",
        Standing::Unverified => "private, unverified",
        Standing::Verified => "private, verified",
        Standing::Finished => "they have ended the private conversation",
        Standing::KeyChanged => "THE KEY HAS CHANGED; nothing is sent",
        Standing::Distrusted => "you do not trust their key; nothing is sent",
    }
}

/// The commands of the plain client that notices speak of.
pub const COMMANDS: [&str; 13] = [
    "verify",
    "confirm",
    "answer",
    "abort",
    "trust",
    "distrust",
    "fingerprints",
    "status",
    "devices",
    "held",
    "drop",
    "send-again",
    "policy",
];
