//! The mathematics and the primitives: no messages, no states, and no knowledge of the wire.
//!
//! ```text
//! versions 1 to 3   modp    the 1536-bit group     dsa     signatures      legacy   hashes, MACs, AES
//! version 4         ed448   the curve, EdDSA       dh3072  brace keys      kdf, chacha20
//!                   ring_signature    one of three keys signed, and nobody can say which
//! ```

pub mod chacha;
pub mod dh3072;
pub mod dsa;
pub mod ed448;
pub mod kdf;
pub mod legacy;
pub mod modp;
pub mod ring_signature;
