//! DSA with a 160-bit subgroup: the long-term signature of versions 1 to 3.
//!
//! What is signed is one big-endian integer of any length, taken whole and modulo q. It is not
//! hashed here and it is not truncated: versions 2 and 3 sign the 32-byte M, version 1 a SHA-1.
//!
//! ```text
//! public.rs    PublicKey: checks, verification
//! private.rs   PrivateKey: signing
//! generate.rs  new parameters and a new key
//! nonce.rs     the per-signature secret k (RFC 6979 with added randomness)
//! group.rs     p, g and y, and their powers
//! scalar.rs    integers modulo q
//! ```

mod generate;
mod group;
mod nonce;
mod private;
mod public;
mod scalar;

pub use private::{BadPrivateKey, PrivateKey};
pub use public::{BadPublicKey, BadSignature, PublicKey};

#[cfg(test)]
mod test_key;

/// Length in bytes of a signature: r and s, each a fixed-length big-endian integer of 20 bytes.
pub const SIGNATURE_LEN: usize = 40;
