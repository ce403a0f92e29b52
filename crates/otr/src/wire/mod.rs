//! Bytes and values: the messages of all versions as the network carries them. No keys, no mathematics, no state.
//!
//! ```text
//! classify -> Incoming::{Plaintext, Query, Error}              for people and policies
//!          -> Incoming::Piece                                  collected above, then classified again
//!          -> Incoming::Armored -> armor::decode -> decode_message -> (Header, Message)
//! ```
//!
//! Decoding is strict where the specification defines one form, total otherwise, and allocates no more than it was
//! given. Values keep raw numbers, so that bad messages can be shown; whether numbers are good is judged above.

// Foreign bytes decide every offset here.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod armor;
pub mod classic;
mod classify;
pub mod client_profile;
pub mod discovery;
pub mod error;
pub mod fragment;
pub mod header;
mod markup;
mod message;
pub mod mpi;
pub mod plaintext;
pub mod raw_profile;
pub mod reader;
mod search;
pub mod tlv;
pub mod v1;
pub mod v4;
pub mod writer;

pub use classic::{Data, DhCommit, DhKey, PublicKey, RevealSignature, Signature, SignedIdentity};
pub use classify::{Incoming, classify};
pub use error::DecodeError;
pub use fragment::{CutError, Piece};
pub use header::{Header, InstanceTag, Version, Versions};
pub use message::{Message, decode_message, encode_message, take_message};
pub use mpi::Mpi;
pub use plaintext::Plaintext;
pub use reader::Reader;
pub use tlv::Tlv;
pub use v1::KeyExchange;
pub use writer::Writer;

/// A value with one encoding: `decode` accepts nothing that `encode` would not write.
pub trait Wire: Sized {
    /// Appends the value.
    fn encode(&self, w: &mut Writer);

    /// Takes a value off the front.
    ///
    /// # Errors
    /// The first fault found. What the reader has left is then unspecified.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The value alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.encode(&mut w);
        w.into_bytes()
    }

    /// The value that is all of `bytes`.
    ///
    /// # Errors
    /// Those of [`Wire::decode`]; [`DecodeError::TrailingBytes`] if bytes are left.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let value = Self::decode(&mut r)?;
        r.finish()?;
        Ok(value)
    }
}
