//! What we are willing to do with one correspondent.

use core::time::Duration;

use crate::wire::header::{Version, Versions};

/// The flags of version 3's "Policies", the remembered minimum version, and limits. Plain data: start
/// from a preset and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Versions we speak. Empty switches OTR off for this person.
    pub versions: Versions,
    /// No session below this version, whatever the other side offers: what was spoken before is
    /// remembered here by the application, so that an attacker cannot roll back (S-11).
    pub minimum_version: Option<Version>,
    /// Refuse to send unencrypted text (REQUIRE_ENCRYPTION).
    pub require_encryption: bool,
    /// Advertise OTR by the white-space tag until the other side answers without OTR
    /// (SEND_WHITESPACE_TAG).
    pub send_tag: bool,
    /// Start the key exchange on a white-space tag (WHITESPACE_START_AKE).
    pub tag_starts: bool,
    /// Find each other by query messages and white-space tags. Without it queries are neither sent nor answered: whoever
    /// asks begins with the first message of an exchange.
    pub discovery: bool,
    /// Ask for a new key exchange after an OTR error (ERROR_START_AKE).
    pub error_starts: bool,
    /// Whether somebody we do not know learns that we are here (S-24).
    pub strangers: Strangers,
    /// Private texts are padded to a multiple of this many bytes; 0 switches padding off.
    pub padding_bucket: u16,
    /// Tell the application of every record that comes in a private message, beside acting on those the
    /// core knows ([`Event::Records`](crate::Event::Records)).
    pub tell_records: bool,
    /// Words behind the query marker, for people whose client does not know OTR. Short, neutral, no
    /// account name.
    pub query_words: &'static str,
    /// Bounds on what one correspondent may cost us.
    pub limits: Limits,
}

/// What somebody who is no acquaintance gets for an offer, a query or a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Nothing on the wire; the application is told and may accept.
    Silence,
    /// The same as an acquaintance.
    Answer,
}

/// Bounds on memory, work and answers that one correspondent can cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one piece.
    pub piece_bytes: usize,
    /// Bytes of one reassembled message.
    pub message_bytes: usize,
    /// Incomplete messages kept at once.
    pub incomplete_messages: usize,
    /// Incomplete messages and offers older than this are dropped.
    pub incomplete_age: Duration,
    /// An offer or an unfinished handshake older than this answers nobody.
    pub handshake_age: Duration,
    /// Devices of one correspondent kept at once; one of the places is for key exchanges.
    pub sessions: usize,
    /// Queries, tags and errors answered in a burst, and the time in which one more becomes available. Anybody
    /// can send these; each answer is a step for the other side, so that there should be fewer of them.
    pub queries: (u32, Duration),
    /// Messages of key exchanges looked at in a burst, and the time in which one more becomes available.
    pub handshakes: (u32, Duration),
    /// Error replies in a burst, and the time in which one more becomes available.
    pub errors: (u32, Duration),
    /// A heartbeat answers a message if we have sent nothing for this long.
    pub heartbeat: Duration,
    /// A conversation of version 4 that had no new key of ours for so long is over.
    pub expiry: Duration,
    /// Bytes of one text to be sent.
    pub text_bytes: usize,
}

impl Policy {
    /// OTR is off: texts pass untouched in both directions.
    pub fn never() -> Self {
        Self {
            versions: Versions::NONE,
            ..Self::manual()
        }
    }

    /// Only on request, ours or the other side's.
    pub fn manual() -> Self {
        Self {
            versions: Versions::NONE.with(Version::V2).with(Version::V3),
            minimum_version: None,
            require_encryption: false,
            send_tag: false,
            tag_starts: false,
            discovery: true,
            error_starts: false,
            strangers: Strangers::Silence,
            padding_bucket: 256,
            tell_records: false,
            query_words: QUERY_WORDS,
            limits: Limits::default(),
        }
    }

    /// Whenever both sides can: the default of the programs. Tag out, start on a tag, heal after errors.
    pub fn opportunistic() -> Self {
        Self {
            send_tag: true,
            tag_starts: true,
            error_starts: true,
            ..Self::manual()
        }
    }

    /// Private or not at all.
    pub fn always() -> Self {
        Self {
            require_encryption: true,
            tag_starts: true,
            error_starts: true,
            ..Self::manual()
        }
    }

    /// Version 4's "standalone mode": nothing but version 4, no clear text, no queries and no tags. (The presets above,
    /// [with version 4](Self::with_v4), are its "OTRv3-compatible mode".)
    pub fn standalone() -> Self {
        Self {
            versions: Versions::NONE.with(Version::V4),
            minimum_version: Some(Version::V4),
            require_encryption: true,
            discovery: false,
            ..Self::manual()
        }
    }

    /// Version 4's "interactive-only mode": the same without exchanges with somebody who is not there, of which nothing is
    /// written yet.
    pub fn interactive_only() -> Self {
        Self::standalone()
    }

    /// The versions that may be negotiated now: the allowed ones, not below the minimum.
    pub fn negotiable(&self) -> Versions {
        let mut versions = Versions::NONE;
        for version in self.versions.iter() {
            if self.minimum_version.is_none_or(|minimum| version >= minimum) {
                versions = versions.with(version);
            }
        }
        versions
    }

    /// The same policy with version 4 beside the others, or without it. The account has to have what it needs
    /// ([`Account::with_v4`](crate::Account::with_v4)).
    #[must_use]
    pub fn with_v4(mut self, wanted: bool) -> Self {
        self.versions = match wanted {
            true => self.versions.with(Version::V4),
            false => self.versions.without(Version::V4),
        };
        self
    }

    /// Whether OTR is on at all.
    pub fn is_on(&self) -> bool {
        !self.versions.is_empty()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::opportunistic()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            piece_bytes: 64 * 1024,
            message_bytes: 1024 * 1024,
            incomplete_messages: 4,
            incomplete_age: Duration::from_secs(60),
            handshake_age: Duration::from_secs(60),
            sessions: 16,
            queries: (4, Duration::from_secs(2)),
            handshakes: (16, Duration::from_secs(1)),
            errors: (4, Duration::from_secs(10)),
            heartbeat: Duration::from_secs(60),
            expiry: Duration::from_secs(7 * 24 * 60 * 60),
            text_bytes: 256 * 1024,
        }
    }
}

const QUERY_WORDS: &str = "Off-the-record conversation requested.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_one_is_off_in_every_preset() {
        for policy in [
            Policy::never(),
            Policy::manual(),
            Policy::opportunistic(),
            Policy::always(),
            Policy::standalone(),
            Policy::interactive_only(),
        ] {
            assert!(!policy.versions.contains(Version::V1));
            assert_eq!(policy.strangers, Strangers::Silence);
        }
    }

    #[test]
    fn the_remembered_minimum_removes_lower_versions() {
        let policy = Policy {
            minimum_version: Some(Version::V3),
            ..Policy::default()
        };
        assert!(policy.negotiable().contains(Version::V3));
        assert!(!policy.negotiable().contains(Version::V2));
    }
}
