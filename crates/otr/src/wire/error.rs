//! Why bytes are not a message.

use std::fmt;

/// The first thing that was wrong with some bytes. Nothing of the rejected bytes is kept in it except a version or
/// type number, so it may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A field reaches past the end of the message.
    UnexpectedEnd,
    /// The message goes on after its last field.
    TrailingBytes,
    /// A multi-precision integer starts with a zero byte.
    NonMinimalInteger,
    /// A multi-precision integer is longer than [`MAX_MPI`](super::reader::MAX_MPI).
    IntegerTooLong,
    /// A field that has one legal length has another, or a message exceeds the size limit.
    BadLength,
    /// A protocol version this crate does not speak.
    UnknownVersion(u16),
    /// A type byte that the version does not define.
    UnknownType(u8),
    /// The armour holds something other than padded, canonical base64 and white space.
    BadBase64,
    /// The armour does not end in a full stop.
    MissingTerminator,
    /// A piece of a cut message whose frame is not legal.
    BadPiece,
    /// An instance tag in the reserved range below 0x100.
    BadInstanceTag,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("message ends inside a field"),
            Self::TrailingBytes => f.write_str("bytes left over after the last field"),
            Self::NonMinimalInteger => f.write_str("integer with a leading zero byte"),
            Self::IntegerTooLong => f.write_str("integer too long"),
            Self::BadLength => f.write_str("field or message of an illegal length"),
            Self::UnknownVersion(version) => write!(f, "unknown protocol version {version}"),
            Self::UnknownType(kind) => write!(f, "unknown type 0x{kind:02x}"),
            Self::BadBase64 => f.write_str("armour is not base64"),
            Self::MissingTerminator => f.write_str("armour without its final full stop"),
            Self::BadPiece => f.write_str("malformed piece of a cut message"),
            Self::BadInstanceTag => f.write_str("instance tag in the reserved range"),
        }
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_is_different() {
        let all = [
            DecodeError::UnexpectedEnd,
            DecodeError::TrailingBytes,
            DecodeError::NonMinimalInteger,
            DecodeError::IntegerTooLong,
            DecodeError::BadLength,
            DecodeError::UnknownVersion(4),
            DecodeError::UnknownType(4),
            DecodeError::BadBase64,
            DecodeError::MissingTerminator,
            DecodeError::BadPiece,
            DecodeError::BadInstanceTag,
        ];
        let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
    }
}
