//! Records that travel unseen behind the words of a data message.

use std::fmt;

use super::Wire;
use super::error::DecodeError;
use super::reader::Reader;
use super::writer::Writer;
use crate::text::Text;

/// A type-length-value record, wiped when dropped:
///
/// ```text
/// SHORT type | SHORT length | value
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Tlv {
    kind: u16,
    value: Text,
}

impl Tlv {
    /// A record; `None` if the value is longer than 65535 bytes.
    pub fn new(kind: u16, value: Vec<u8>) -> Option<Self> {
        u16::try_from(value.len()).ok()?;
        let value = value.into();
        Some(Self { kind, value })
    }

    /// The type, one of the constants of this module or an unknown one.
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// The value, at most 65535 bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value, by value.
    pub fn into_value(self) -> Vec<u8> {
        self.value.into_bytes()
    }

    /// Bytes on the wire.
    pub fn encoded_len(&self) -> usize {
        4 + self.value.len()
    }
}

impl Wire for Tlv {
    fn encode(&self, w: &mut Writer) {
        w.u16(self.kind);
        // `new` admits no longer value.
        w.u16(u16::try_from(self.value.len()).unwrap_or(u16::MAX));
        w.bytes(&self.value);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = r.u16()?;
        let length = r.u16()?;
        Ok(Self {
            kind,
            value: r.bytes(length.into())?.into(),
        })
    }
}

/// Shows type and length only: values come out of encrypted messages.
impl fmt::Debug for Tlv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tlv({}, {} bytes)", self.kind, self.value.len())
    }
}

/// Bytes to be ignored; hides the length of the words.
pub const PADDING: u16 = 0;
/// The sender has closed the session.
pub const DISCONNECTED: u16 = 1;
/// First SMP message, without a question.
pub const SMP1: u16 = 2;
/// Second SMP message.
pub const SMP2: u16 = 3;
/// Third SMP message.
pub const SMP3: u16 = 4;
/// Fourth SMP message.
pub const SMP4: u16 = 5;
/// The sender has given up the running SMP.
pub const SMP_ABORT: u16 = 6;
/// First SMP message, with a question in front.
pub const SMP1Q: u16 = 7;
/// The sender is about to use the extra symmetric key.
pub const EXTRA_KEY: u16 = 8;
/// The same in version 4, where the first SMP message always has a question and needs no second type.
pub const EXTRA_KEY_V4: u16 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_at_the_edge() {
        for length in [0, 1, 65535] {
            let tlv = Tlv::new(PADDING, vec![7; length]).unwrap();
            assert_eq!(tlv.encoded_len(), tlv.to_bytes().len());
            assert_eq!(Tlv::from_bytes(&tlv.to_bytes()), Ok(tlv));
        }
        assert_eq!(Tlv::new(PADDING, vec![7; 65536]), None);
    }

    #[test]
    fn the_examples_of_the_version_1_text() {
        assert_eq!(
            Tlv::from_bytes(b"\0\x01\0\0"),
            Ok(Tlv::new(DISCONNECTED, vec![]).unwrap())
        );
        assert_eq!(
            Tlv::from_bytes(b"\0\0\0\x05hello"),
            Ok(Tlv::new(PADDING, b"hello".to_vec()).unwrap())
        );
        assert_eq!(
            Tlv::from_bytes(b"\0\0\0\x05hell"),
            Err(DecodeError::UnexpectedEnd)
        );
        assert_eq!(
            Tlv::from_bytes(b"\0\0\0\x05hello!"),
            Err(DecodeError::TrailingBytes)
        );
    }

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(
            format!("{:?}", Tlv::new(SMP1Q, b"pet".to_vec()).unwrap()),
            "Tlv(7, 3 bytes)"
        );
    }
}
