//! Mistakes of the caller: nothing was sent, nothing changed.

use core::fmt;

/// Why a text was not sent. The text is still the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendError {
    /// Privacy is required, or is there with another device, and this text would have gone out in the
    /// clear.
    NotPrivate,
    /// The other side has ended the private conversation; end ours, or start anew.
    PeerEnded,
    /// The private conversation has another key than the one that text went to, and nobody trusts it. The person
    /// decides first ([`Conversation::prefer`](crate::Conversation::prefer)).
    KeyChanged,
    /// No session with that device.
    NoSuchInstance,
    /// A text cannot contain a NUL byte: what follows it would not be text to the other side.
    ContainsNul,
    /// Longer than the policy's limit, or than the carrier's limit allows in 65535 pieces.
    TooLong,
    /// In the clear it would be taken for a message of the protocol.
    ProtocolText,
    /// The key counters are used up; start again.
    KeysExhausted,
}

/// Why a private conversation was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartError {
    /// The policy allows no version.
    SwitchedOff,
    /// The policy does not allow this version.
    VersionNotAllowed,
    /// Nobody knocked.
    NothingToAccept,
    /// The carrier's limit is too small for the first message.
    TooLong,
}

/// Why the socialist millionaires' protocol or the extra key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrivateError {
    /// There is no private conversation with that device.
    NotPrivate,
    /// The protocol version of the conversation does not have it.
    NotInThisVersion,
    /// The other side has not asked.
    NotAsked,
    /// A question or data field is longer than a record can hold.
    TooLong,
    /// A question cannot contain a NUL byte.
    ContainsNul,
    /// The key counters are used up; start again.
    KeysExhausted,
}

/// A carrier limit that no piece fits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitTooSmall {
    /// The smallest limit that works, in bytes.
    pub minimum: usize,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPrivate => "not sent: it would have gone out unencrypted",
            Self::PeerEnded => "not sent: the other side has ended the private conversation",
            Self::KeyChanged => {
                "not sent: the key is another one than before, and nobody has decided about it"
            }
            Self::NoSuchInstance => "not sent: there is no such device of this person",
            Self::ContainsNul => "not sent: a text cannot contain a NUL byte",
            Self::TooLong => "not sent: the text is too long",
            Self::ProtocolText => "not sent: it would be taken for a message of the protocol",
            Self::KeysExhausted => "not sent: the keys are used up, start a new private conversation",
        })
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SwitchedOff => "off-the-record messaging is switched off for this person",
            Self::VersionNotAllowed => "the policy does not allow this protocol version",
            Self::NothingToAccept => "this person has not asked for a private conversation",
            Self::TooLong => "the carrier's limit is too small to start",
        })
    }
}

impl fmt::Display for PrivateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPrivate => "there is no private conversation",
            Self::NotInThisVersion => "the protocol version of this conversation cannot do it",
            Self::NotAsked => "the other side has not asked for a secret",
            Self::TooLong => "the question or data is too long",
            Self::ContainsNul => "a question cannot contain a NUL byte",
            Self::KeysExhausted => "the keys are used up, start a new private conversation",
        })
    }
}

impl fmt::Display for LimitTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a carrier message must hold at least {} bytes", self.minimum)
    }
}

impl core::error::Error for SendError {}
impl core::error::Error for StartError {}
impl core::error::Error for PrivateError {}
impl core::error::Error for LimitTooSmall {}
