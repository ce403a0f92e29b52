//! What is inside a data message: text, and behind a NUL the records.

use crate::wire::search::position_of;
use crate::wire::tlv::Tlv;
use crate::wire::{DecodeError, Reader, Writer};

/// A decrypted message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plaintext {
    /// Text for the person: UTF-8 by agreement, without NUL.
    pub text: Vec<u8>,
    /// The records.
    pub tlvs: Vec<Tlv>,
}

impl Plaintext {
    /// Takes apart any bytes: they are authenticated already. A record that is cut off is dropped, as is
    /// everything behind it.
    pub fn decode(mut bytes: Vec<u8>) -> Self {
        let Some(end) = position_of(0, &bytes) else {
            return Self { text: bytes, tlvs: Vec::new() };
        };
        let mut reader = Reader::new(bytes.get(end + 1..).unwrap_or_default());
        let mut tlvs = Vec::new();
        while let Ok(record) = record(&mut reader) {
            tlvs.push(record);
        }
        bytes.truncate(end);
        Self { text: bytes, tlvs }
    }
}

/// `text`, and if there are records a NUL and `type (SHORT) ‖ length (SHORT) ‖ value` for each. Borrows, so
/// that a long text is copied once.
pub fn encode(text: &[u8], tlvs: &[Tlv]) -> Vec<u8> {
    let records: usize = tlvs.iter().map(|record| 4 + record.value().len()).sum();
    let mut writer = Writer::with_capacity(text.len() + 1 + records);
    writer.bytes(text);
    if !tlvs.is_empty() {
        writer.u8(0);
    }
    for record in tlvs {
        writer.u16(record.kind());
        writer.u16(u16::try_from(record.value().len()).unwrap_or(u16::MAX));
        writer.bytes(record.value());
    }
    writer.into_bytes()
}

fn record(reader: &mut Reader<'_>) -> Result<Tlv, DecodeError> {
    let kind = reader.u16()?;
    let length = reader.u16()?;
    let value = reader.bytes(usize::from(length))?.to_vec();
    Tlv::new(kind, value).ok_or(DecodeError::BadLength)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_text() {
        let decoded = Plaintext::decode(b"hi\0\x00\x01\x00\x00\x00\x00\x00\x05\x68\x65\x6c\x6c\x6f".to_vec());
        let records = [Tlv::new(1, Vec::new()).unwrap(), Tlv::new(0, b"hello".to_vec()).unwrap()];
        assert_eq!(decoded, Plaintext { text: b"hi".to_vec(), tlvs: records.to_vec() });
        assert_eq!(Plaintext::decode(encode(&decoded.text, &decoded.tlvs)), decoded);
    }

    #[test]
    fn a_record_that_is_cut_off_is_dropped() {
        for cut in [&b"x\0"[..], b"x\0\x00", b"x\0\x00\x01\x00", b"x\0\x00\x01\x00\x02a"] {
            let decoded = Plaintext::decode(cut.to_vec());
            assert_eq!((decoded.text.as_slice(), decoded.tlvs.len()), (&b"x"[..], 0), "{cut:?}");
        }
    }
}
