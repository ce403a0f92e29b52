//! What a data message says once it is open: words for people, then records for programs.

use super::Wire;
use super::reader::Reader;
use super::search::position_of;
use super::tlv::Tlv;
use super::writer::Writer;
use crate::text::Text;

/// The content of a data message:
///
/// ```text
/// words | NUL | TLV | TLV | …
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plaintext {
    /// Words for people, in whatever encoding the network uses. Free of NUL after decoding.
    pub text: Text,
    /// Records for programs.
    pub tlvs: Vec<Tlv>,
}

impl Plaintext {
    /// The bytes to be encrypted. The NUL is always written. Text after a NUL of its own is left out: the other side
    /// would read it as records, which must not come from words that somebody typed or pasted.
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.text, &self.tlvs)
    }

    /// Reads what was decrypted. Never fails: the bytes are authentic, so the words before the first NUL are shown
    /// whatever follows, and the records are those that are whole; the first broken one and all after it are dropped.
    pub fn decode(bytes: Vec<u8>) -> Self {
        let mut text = Text::from(bytes);
        let mut tlvs = Vec::new();
        if let Some(end) = position_of(0, &text) {
            let mut reader = Reader::new(text.get(end + 1..).unwrap_or_default());
            while let Ok(tlv) = Tlv::decode(&mut reader) {
                tlvs.push(tlv);
            }
            text.truncate(end);
        }
        Self { text, tlvs }
    }
}

/// The records of a decrypted message, still encoded; nothing if it has none.
pub fn records(plaintext: &[u8]) -> &[u8] {
    position_of(0, plaintext)
        .and_then(|end| plaintext.get(end + 1..))
        .unwrap_or_default()
}

/// [`Plaintext::encode`] of borrowed parts: a long text is copied once, to the place where it will be encrypted.
pub fn encode(text: &[u8], tlvs: &[Tlv]) -> Vec<u8> {
    let words = position_of(0, text)
        .and_then(|end| text.get(..end))
        .unwrap_or(text);
    let records: usize = tlvs.iter().map(Tlv::encoded_len).sum();
    let mut w = Writer::with_capacity(words.len().saturating_add(records).saturating_add(1));
    w.bytes(words);
    w.u8(0);
    tlvs.iter().for_each(|tlv| tlv.encode(&mut w));
    w.into_bytes()
}

/// The same for version 4, whose text knows the NUL only in front of records: there is none without them. NULs in the
/// words are taken out.
pub fn encode_v4(text: &[u8], tlvs: &[Tlv]) -> Vec<u8> {
    let records: usize = tlvs.iter().map(Tlv::encoded_len).sum();
    let mut w = Writer::with_capacity(text.len().saturating_add(records).saturating_add(1));
    text.split(|&byte| byte == 0).for_each(|words| w.bytes(words));
    if !tlvs.is_empty() {
        w.u8(0);
        tlvs.iter().for_each(|tlv| tlv.encode(&mut w));
    }
    w.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tlv::{DISCONNECTED, PADDING};

    fn tlv(kind: u16, value: &[u8]) -> Tlv {
        Tlv::new(kind, value.to_vec()).unwrap()
    }

    #[test]
    fn words_end_at_the_first_nul() {
        let table: [(&[u8], &[u8], Vec<Tlv>); 9] = [
            (b"", b"", vec![]),
            (b"hi", b"hi", vec![]),
            (b"hi\0", b"hi", vec![]),
            (b"\0\0\x01\0\0", b"", vec![tlv(DISCONNECTED, b"")]),
            (
                b"hi\0\0\0\0\x02ab\0\x01\0\0",
                b"hi",
                vec![tlv(PADDING, b"ab"), tlv(DISCONNECTED, b"")],
            ),
            (b"hi\0\0\x01\0\0\0\0\0\x02a", b"hi", vec![tlv(DISCONNECTED, b"")]),
            (b"hi\0\0\x01\0", b"hi", vec![]),
            (b"hi\0\xff\xff\xff\xff", b"hi", vec![]),
            (
                b"hi\0\0\0\0\0\0\0\0\0",
                b"hi",
                vec![tlv(PADDING, b""), tlv(PADDING, b"")],
            ),
        ];
        for (bytes, text, tlvs) in table {
            assert_eq!(
                Plaintext::decode(bytes.to_vec()),
                Plaintext {
                    text: text.into(),
                    tlvs
                },
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn typed_words_never_become_records() {
        let pasted = Plaintext {
            text: "hi\0\0\x01\0\0".into(),
            tlvs: vec![tlv(PADDING, b"")],
        };
        assert_eq!(pasted.encode(), b"hi\0\0\0\0\0");
        let plain = Plaintext {
            text: "hi".into(),
            tlvs: vec![],
        };
        assert_eq!(plain.encode(), b"hi\0");
    }

    #[test]
    fn debug_hides_the_words() {
        let secret = Plaintext {
            text: "attack".into(),
            tlvs: vec![tlv(PADDING, b"dawn")],
        };
        assert_eq!(
            format!("{secret:?}"),
            "Plaintext { text: Text(6 bytes), tlvs: [Tlv(0, 4 bytes)] }"
        );
    }
}
