//! Whole encoded messages: a header and what it announces.

use super::Wire;
use super::classic::{Data, DhCommit, DhKey, RevealSignature, Signature};
use super::error::DecodeError;
use super::header::{
    Header, TYPE_DATA, TYPE_DH_COMMIT, TYPE_DH_KEY, TYPE_KEY_EXCHANGE, TYPE_REVEAL_SIGNATURE, TYPE_SIGNATURE,
    Version,
};
use super::reader::Reader;
use super::v1::KeyExchange;
use super::v4;
use super::writer::Writer;

/// Every encoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Version 1 only.
    KeyExchange(KeyExchange),
    /// Versions 2 and 3.
    DhCommit(DhCommit),
    /// Versions 2 and 3.
    DhKey(DhKey),
    /// Versions 2 and 3.
    RevealSignature(RevealSignature),
    /// Versions 2 and 3.
    Signature(Signature),
    /// Versions 1 to 3.
    Data(Data),
    /// Version 4, all kinds.
    V4(Box<v4::Message>),
}

impl Message {
    /// The type byte.
    pub fn kind(&self) -> u8 {
        match self {
            Self::KeyExchange(_) => TYPE_KEY_EXCHANGE,
            Self::DhCommit(_) => TYPE_DH_COMMIT,
            Self::DhKey(_) => TYPE_DH_KEY,
            Self::RevealSignature(_) => TYPE_REVEAL_SIGNATURE,
            Self::Signature(_) => TYPE_SIGNATURE,
            Self::Data(_) => TYPE_DATA,
            Self::V4(message) => message.kind(),
        }
    }
}

/// Reads a binary message, as [`armor::decode`](super::armor::decode) gives it. There is one encoding of every message:
/// what is accepted comes out of [`encode_message`] unchanged.
///
/// # Errors
/// The first fault found, [`DecodeError::TrailingBytes`] last.
pub fn decode_message(bytes: &[u8]) -> Result<(Header, Message), DecodeError> {
    let mut r = Reader::new(bytes);
    let (header, kind) = Header::decode(&mut r)?;
    let message = match (header.version, kind) {
        (Version::V1, TYPE_KEY_EXCHANGE) => Message::KeyExchange(KeyExchange::decode(&mut r)?),
        (Version::V4, kind) => Message::V4(Box::new(v4::Message::decode(kind, &mut r)?)),
        (_, TYPE_DATA) => Message::Data(Data::decode(header.version, &mut r)?),
        (_, TYPE_DH_COMMIT) => Message::DhCommit(DhCommit::decode(&mut r)?),
        (_, TYPE_DH_KEY) => Message::DhKey(DhKey::decode(&mut r)?),
        (_, TYPE_REVEAL_SIGNATURE) => Message::RevealSignature(RevealSignature::decode(&mut r)?),
        (_, TYPE_SIGNATURE) => Message::Signature(Signature::decode(&mut r)?),
        (_, other) => return Err(DecodeError::UnknownType(other)),
    };
    r.finish()?;
    Ok((header, message))
}

/// [`decode_message`] of bytes that nobody else needs: a long ciphertext stays in their buffer.
///
/// # Errors
/// Those of [`decode_message`].
pub fn take_message(mut bytes: Vec<u8>) -> Result<(Header, Message), DecodeError> {
    let mut r = Reader::new(&bytes);
    let (header, kind) = Header::decode(&mut r)?;
    if kind != TYPE_DATA {
        return decode_message(&bytes);
    }
    if header.version == Version::V4 {
        let (data, ciphertext) = v4::Data::decode_around(&mut r)?;
        r.finish()?;
        let behind = data.mac.len() + MAC_KEYS_LENGTH + data.revealed_mac_keys.len();
        let length = ciphertext.len();
        keep_ciphertext(&mut bytes, length, behind);
        let message = v4::Message::Data(v4::Data {
            ciphertext: bytes,
            ..data
        });
        return Ok((header, Message::V4(Box::new(message))));
    }
    let (data, ciphertext) = Data::decode_around(header.version, &mut r)?;
    r.finish()?;
    let behind = data.mac.len() + MAC_KEYS_LENGTH + data.revealed_mac_keys.len();
    let length = ciphertext.len();
    keep_ciphertext(&mut bytes, length, behind);
    let message = Message::Data(Data {
        ciphertext: bytes,
        ..data
    });
    Ok((header, message))
}

/// Leaves of a message the `length` bytes that `behind` bytes follow.
fn keep_ciphertext(bytes: &mut Vec<u8>, length: usize, behind: usize) {
    let end = bytes.len().saturating_sub(behind);
    bytes.truncate(end);
    bytes.drain(..end.saturating_sub(length));
}

/// Writes a binary message. The caller pairs header and message as the [`Message`] variants say; another pairing gives
/// bytes that [`decode_message`] refuses or reads as something else.
pub fn encode_message(header: &Header, message: &Message) -> Vec<u8> {
    let capacity = match message {
        Message::Data(data) => data.encoded_len(),
        Message::V4(message) => message.encoded_len(),
        _ => 0,
    };
    let mut w = Writer::with_capacity(capacity.saturating_add(HEADER_ROOM));
    header.encode(message.kind(), &mut w);
    match message {
        Message::KeyExchange(body) => body.encode(&mut w),
        Message::DhCommit(body) => body.encode(&mut w),
        Message::DhKey(body) => body.encode(&mut w),
        Message::RevealSignature(body) => body.encode(&mut w),
        Message::Signature(body) => body.encode(&mut w),
        Message::Data(body) => body.encode(header.version, &mut w),
        Message::V4(body) => body.encode(&mut w),
    }
    w.into_bytes()
}

/// Bytes of the length in front of revealed MAC keys.
const MAC_KEYS_LENGTH: usize = 4;
/// Bytes of the longest header.
const HEADER_ROOM: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::InstanceTag;
    use crate::wire::mpi::Mpi;

    #[test]
    fn type_0a_means_what_the_version_says() {
        let dh_key = Message::DhKey(DhKey {
            gy: Mpi::from_be_bytes(&[9]),
        });
        let v2 = Header {
            version: Version::V2,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        };
        let mut bytes = encode_message(&v2, &dh_key);
        assert_eq!(bytes, [0, 2, 0x0a, 0, 0, 0, 1, 9]);
        assert_eq!(decode_message(&bytes), Ok((v2, dh_key)));
        bytes[1] = 1;
        assert_eq!(decode_message(&bytes), Err(DecodeError::UnexpectedEnd));
    }

    #[test]
    fn a_message_taken_is_the_message_decoded() {
        for (ciphertext, revealed) in [(0, 0), (1, 20), (5000, 0), (77, 60)] {
            for version in Version::CLASSIC {
                let header = Header {
                    version,
                    sender: InstanceTag::ZERO,
                    receiver: InstanceTag::ZERO,
                };
                let data = Message::Data(Data {
                    flags: 0,
                    sender_key_id: 2,
                    recipient_key_id: 3,
                    next_dh: Mpi::from_be_bytes(&[4, 5]),
                    counter: [6; 8],
                    ciphertext: (0..ciphertext).map(|place: u16| place.to_be_bytes()[1]).collect(),
                    mac: [10; 20],
                    revealed_mac_keys: vec![11; revealed],
                });
                let bytes = encode_message(&header, &data);
                for length in 0..bytes.len() {
                    let cut = &bytes[..length];
                    assert_eq!(take_message(cut.to_vec()), decode_message(cut));
                }
                assert_eq!(take_message(bytes.clone()), decode_message(&bytes));
                let longer = [bytes, vec![0]].concat();
                assert_eq!(take_message(longer.clone()), decode_message(&longer));
            }
        }
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert_eq!(
            decode_message(&[0, 2, 0x0a, 0, 0, 0, 1, 9, 0]),
            Err(DecodeError::TrailingBytes)
        );
        assert_eq!(decode_message(&[]), Err(DecodeError::UnexpectedEnd));
    }
}
