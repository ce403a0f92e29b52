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
use super::writer::Writer;

/// Every encoded message of versions 1 to 3.
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
    /// Every version.
    Data(Data),
}

impl Message {
    /// The type byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::KeyExchange(_) => TYPE_KEY_EXCHANGE,
            Self::DhCommit(_) => TYPE_DH_COMMIT,
            Self::DhKey(_) => TYPE_DH_KEY,
            Self::RevealSignature(_) => TYPE_REVEAL_SIGNATURE,
            Self::Signature(_) => TYPE_SIGNATURE,
            Self::Data(_) => TYPE_DATA,
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

/// Writes a binary message. The caller pairs header and message as the [`Message`] variants say; another pairing gives
/// bytes that [`decode_message`] refuses or reads as something else.
pub fn encode_message(header: &Header, message: &Message) -> Vec<u8> {
    let capacity = match message {
        Message::Data(data) => data.encoded_len(),
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
    }
    w.into_bytes()
}

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
    fn trailing_bytes_are_refused() {
        assert_eq!(
            decode_message(&[0, 2, 0x0a, 0, 0, 0, 1, 9, 0]),
            Err(DecodeError::TrailingBytes)
        );
        assert_eq!(decode_message(&[]), Err(DecodeError::UnexpectedEnd));
    }
}
