//! Why bytes are not what they claim to be.

use core::fmt;

/// The bytes do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// A field reaches beyond the end.
    UnexpectedEnd,
    /// There are bytes after the last field.
    TrailingBytes,
    /// A number has a leading zero byte.
    NonMinimalInteger,
    /// A number is longer than any the protocol has.
    IntegerTooLong,
    /// A field of fixed length has another length.
    BadLength,
    /// A protocol version we do not know.
    UnknownVersion(u16),
    /// A message or key type we do not know.
    UnknownType(u8),
    /// Not base64.
    BadBase64,
    /// The end marker of a message is missing.
    MissingTerminator,
    /// A piece whose header makes no sense.
    BadPiece,
    /// An instance tag below 0x100.
    BadInstanceTag,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("a field reaches beyond the end"),
            Self::TrailingBytes => f.write_str("there are bytes after the last field"),
            Self::NonMinimalInteger => f.write_str("a number has a leading zero byte"),
            Self::IntegerTooLong => f.write_str("a number is too long"),
            Self::BadLength => f.write_str("a field has a wrong length"),
            Self::UnknownVersion(version) => write!(f, "protocol version {version} is not known"),
            Self::UnknownType(kind) => write!(f, "type {kind:#04x} is not known"),
            Self::BadBase64 => f.write_str("the text is not base64"),
            Self::MissingTerminator => f.write_str("the end marker is missing"),
            Self::BadPiece => f.write_str("the header of a piece makes no sense"),
            Self::BadInstanceTag => f.write_str("an instance tag is below 0x100"),
        }
    }
}

impl core::error::Error for DecodeError {}
