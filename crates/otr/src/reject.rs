//! Why a message was not accepted.

use core::fmt;

/// A received message was refused; the state is as it was before. Fieldless, so that no secret and no
/// text of anybody can appear in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reject {
    /// The bytes are no message of the format they claim.
    Malformed,
    /// Nothing in the present state waits for this message.
    Unexpected,
    /// There is no private conversation that could read it.
    NotPrivate,
    /// Its version is switched off, or below what this person spoke before.
    VersionRefused,
    /// A MAC or a committed hash does not match.
    BadAuthenticator,
    /// A signature does not match.
    BadSignature,
    /// A long-term public key is not one.
    BadPublicKey,
    /// A Diffie-Hellman value lies outside 2..=p-2, or is no point or number of the group.
    BadGroupElement,
    /// A client profile lacks something, or says what none may say.
    BadProfile,
    /// A client profile has expired, or lies too far in the future.
    Expired,
    /// It belongs to another device of one of the two.
    WrongInstance,
    /// The key ids name keys that are not, or no longer, there.
    UnknownKey,
    /// The counter is not above the last one: a copy of a message already read.
    Replayed,
    /// It is our own message, sent back.
    Reflected,
    /// It proves another key than the trusted one that holds this conversation.
    KeyChanged,
    /// A bound on work or memory for this correspondent is reached.
    LimitReached,
}

/// The four errors that libotr tells the other side about; the words are the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Our side could not encrypt.
    EncryptionError,
    /// A private message came while we are not in a private conversation.
    NotInPrivate,
    /// A private message could not be read.
    Unreadable,
    /// A message was malformed.
    Malformed,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 4] = [
        Self::EncryptionError,
        Self::NotInPrivate,
        Self::Unreadable,
        Self::Malformed,
    ];

    /// The number that version 4 gives it.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Unreadable => 1,
            Self::NotInPrivate => 2,
            Self::EncryptionError | Self::Malformed => 3,
        }
    }

    /// Plain English words for the code, for applications that have none of their own.
    pub fn words(self) -> &'static str {
        match self {
            Self::EncryptionError => "The message could not be encrypted.",
            Self::NotInPrivate => "You sent encrypted text, but no private conversation is open here.",
            Self::Unreadable => "You sent encrypted text that could not be read here.",
            Self::Malformed => "You sent a malformed off-the-record message.",
        }
    }
}

/// The whole OTR error message for the carrier: the marker and the application's words. Line ends and
/// NUL in the words become spaces.
pub fn error_message(words: &str) -> Vec<u8> {
    let mut message = b"?OTR Error: ".to_vec();
    message.extend(words.bytes().map(|byte| {
        if matches!(byte, b'\r' | b'\n' | 0) {
            b' '
        } else {
            byte
        }
    }));
    message
}

impl Reject {
    /// Every reason.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Unexpected,
        Self::NotPrivate,
        Self::VersionRefused,
        Self::BadAuthenticator,
        Self::BadSignature,
        Self::BadPublicKey,
        Self::BadGroupElement,
        Self::BadProfile,
        Self::Expired,
        Self::WrongInstance,
        Self::UnknownKey,
        Self::Replayed,
        Self::Reflected,
        Self::KeyChanged,
        Self::LimitReached,
    ];

    /// What the other side is told: the only way from a reason to the wire.
    pub fn reply(self) -> Option<ErrorCode> {
        match self {
            Self::Malformed => Some(ErrorCode::Malformed),
            Self::NotPrivate => Some(ErrorCode::NotInPrivate),
            Self::BadAuthenticator | Self::UnknownKey => Some(ErrorCode::Unreadable),
            Self::Unexpected
            | Self::VersionRefused
            | Self::BadSignature
            | Self::BadPublicKey
            | Self::BadGroupElement
            | Self::BadProfile
            | Self::Expired
            | Self::WrongInstance
            | Self::Replayed
            | Self::Reflected
            | Self::KeyChanged
            | Self::LimitReached => None,
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the message is malformed",
            Self::Unexpected => "nothing waits for such a message now",
            Self::NotPrivate => "there is no private conversation to read it with",
            Self::VersionRefused => "its protocol version is refused",
            Self::BadAuthenticator => "its authenticator does not match",
            Self::BadSignature => "its signature does not match",
            Self::BadPublicKey => "its public key is not valid",
            Self::BadGroupElement => "its Diffie-Hellman value is not valid",
            Self::BadProfile => "its client profile is not acceptable",
            Self::Expired => "its client profile has expired, or lies too far in the future",
            Self::WrongInstance => "it belongs to another device",
            Self::UnknownKey => "it names keys that are not here",
            Self::Replayed => "it is a copy of a message already read",
            Self::Reflected => "it is our own message sent back",
            Self::KeyChanged => "it proves another key than the trusted one of this conversation",
            Self::LimitReached => "a limit for this correspondent is reached",
        })
    }
}

impl core::error::Error for Reject {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_distinct() {
        let mut texts: Vec<_> = Reject::ALL.iter().map(ToString::to_string).collect();
        texts.extend(ErrorCode::ALL.iter().map(|code| code.words().to_string()));
        texts.sort();
        let count = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn an_error_message_is_one_line() {
        assert_eq!(error_message("a\r\nb\0c"), b"?OTR Error: a  b c");
    }
}
