//! Bytes to values and back: no keys, no mathematics, no state.

pub mod armor;
pub mod classic;
pub mod discovery;
pub mod error;
pub mod fragment;
pub mod header;
pub mod mpi;
pub mod plaintext;
pub mod reader;
mod search;
pub mod tlv;
pub mod v1;
pub mod writer;

use std::borrow::Cow;

pub use error::DecodeError;
pub use mpi::Mpi;
pub use reader::Reader;
pub use writer::Writer;

use classic::{Data, DhCommit, DhKey, RevealSignature, Signature};
use fragment::Piece;
use header::{
    Header, TYPE_DATA, TYPE_DH_COMMIT, TYPE_DH_KEY, TYPE_REVEAL_SIGNATURE, TYPE_SIGNATURE, Version, Versions,
};
use v1::KeyExchange;

/// A value with one encoding.
pub trait Wire: Sized {
    /// Appends the value's bytes.
    fn encode(&self, writer: &mut Writer);

    /// Takes the value's bytes.
    ///
    /// # Errors
    /// If there is no such value.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The value's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.encode(&mut writer);
        writer.into_bytes()
    }

    /// The value that these bytes, and no byte more, are.
    ///
    /// # Errors
    /// If there is no such value, or anything is left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// An encoded message of any version. Numbers are as received: raw and unchecked.
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

/// What a message from the carrier is.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Text in the clear, without the white-space tags it may have had; beside it what the tags offered.
    Plaintext(Cow<'a, [u8]>, Option<Versions>),
    /// A query message, and the versions it names.
    Query(Versions),
    /// An error message's words.
    Error(&'a [u8]),
    /// A piece.
    Piece(Piece<'a>),
    /// Begins like a piece, and is none.
    BadPiece,
    /// The base64 text of an encoded message.
    Armored(&'a [u8]),
    /// Begins like an encoded message, and has no end.
    BadArmor,
}

/// Tells what a message is. The markers count only at its start, behind white space and opening HTML tags
/// that a client may have put there: anywhere else they are text that somebody wrote (S-22, S-23). What
/// follows the end of an encoded message is ignored.
pub fn classify(message: &[u8]) -> Incoming<'_> {
    let marked = skip_markup(message);
    let Some(rest) = marked.strip_prefix(b"?OTR") else {
        return plaintext(message);
    };
    match rest.first() {
        Some(b'|' | b',') => Piece::parse(marked).map_or(Incoming::BadPiece, Incoming::Piece),
        Some(b':') => {
            let text = rest.get(1..).unwrap_or_default();
            match search::position_of(b'.', text) {
                Some(end) => Incoming::Armored(text.get(..end).unwrap_or_default()),
                None => Incoming::BadArmor,
            }
        }
        Some(b' ') => match rest.strip_prefix(b" Error:") {
            Some(words) => Incoming::Error(words.strip_prefix(b" ").unwrap_or(words)),
            None => plaintext(message),
        },
        _ => discovery::parse_query(rest).map_or_else(|| plaintext(message), Incoming::Query),
    }
}

/// Decodes an encoded message.
///
/// # Errors
/// If the bytes are no message of a version we know, to the last byte.
pub fn decode_message(bytes: &[u8]) -> Result<(Header, Message), DecodeError> {
    let mut reader = Reader::new(bytes);
    let (header, kind) = Header::decode(&mut reader)?;
    let message = match (kind, header.version) {
        (TYPE_DATA, _) => Message::Data(Data::decode(&header, &mut reader)?),
        (TYPE_DH_KEY, Version::V1) => Message::KeyExchange(KeyExchange::decode(&mut reader)?),
        (kind, Version::V1) => return Err(DecodeError::UnknownType(kind)),
        (TYPE_DH_COMMIT, _) => Message::DhCommit(DhCommit::decode(&mut reader)?),
        (TYPE_DH_KEY, _) => Message::DhKey(DhKey::decode(&mut reader)?),
        (TYPE_REVEAL_SIGNATURE, _) => Message::RevealSignature(RevealSignature::decode(&mut reader)?),
        (TYPE_SIGNATURE, _) => Message::Signature(Signature::decode(&mut reader)?),
        (kind, _) => return Err(DecodeError::UnknownType(kind)),
    };
    reader.finish()?;
    Ok((header, message))
}

/// Encodes a message.
pub fn encode_message(header: &Header, message: &Message) -> Vec<u8> {
    let capacity = match message {
        Message::Data(data) => 512 + data.ciphertext.len() + data.revealed_mac_keys.len(),
        _ => 1024,
    };
    let mut writer = Writer::with_capacity(capacity);
    header.encode(message.kind(), &mut writer);
    match message {
        Message::KeyExchange(message) => message.encode(&mut writer),
        Message::DhCommit(message) => message.encode(&mut writer),
        Message::DhKey(message) => message.encode(&mut writer),
        Message::RevealSignature(message) => message.encode(&mut writer),
        Message::Signature(message) => message.encode(&mut writer),
        Message::Data(message) => message.encode(header, &mut writer),
    }
    writer.into_bytes()
}

impl Message {
    /// The type byte of the header.
    pub fn kind(&self) -> u8 {
        match self {
            Self::DhCommit(_) => TYPE_DH_COMMIT,
            Self::Data(_) => TYPE_DATA,
            Self::DhKey(_) | Self::KeyExchange(_) => TYPE_DH_KEY,
            Self::RevealSignature(_) => TYPE_REVEAL_SIGNATURE,
            Self::Signature(_) => TYPE_SIGNATURE,
        }
    }
}

fn plaintext(message: &[u8]) -> Incoming<'_> {
    let (text, versions) = discovery::strip_tags(message);
    Incoming::Plaintext(text, versions)
}

/// What is left behind white space and opening HTML tags, of which only so much is looked at.
fn skip_markup(message: &[u8]) -> &[u8] {
    let mut rest = message;
    loop {
        rest = rest.trim_ascii_start();
        let skipped = message.len() - rest.len();
        let opens_tag = matches!(rest, [b'<', letter, ..] if letter.is_ascii_alphabetic());
        let end = rest.iter().take(MAX_MARKUP).position(|byte| *byte == b'>');
        match end {
            Some(end) if opens_tag && skipped + end < MAX_MARKUP => {
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            _ => return rest,
        }
    }
}

const MAX_MARKUP: usize = 256;
