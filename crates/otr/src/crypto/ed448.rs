//! The curve of version 4: Ed448-Goldilocks of RFC 8032, with its base point G of the prime order q.
//!
//! What is here is all that the floors above see of it; the arithmetic is that of the crate `crrl`, whose numbers and
//! points are wrapped so that they are wiped, never printed, and never used unchecked (decision 0080).
//!
//! * [`Scalar`] is an integer modulo q: [`Scalar::random`], [`Scalar::from_le_bytes_reduced`] for a SCALAR that came
//!   over the wire, [`hash_to_scalar`] for a challenge, `add`, `sub`, `mul`, and [`Scalar::sub_mul`] for responses.
//! * [`Point`] is a point of order q: [`Point::decode`] is the only way from bytes to a point, and checks everything.
//!   [`Point::base_mul`], `mul`, `add`, `sub`, [`Point::base_mul_add_mul`] (and its fast sister for public numbers).
//! * [`KeyPair`] is a secret scalar with its point: [`KeyPair::generate`], [`KeyPair::public`], [`KeyPair::agree`]. It
//!   serves as ephemeral ECDH key, as forging key, and to sign in a ring.
//! * [`SigningKey`] is a long-term key: a key pair that also makes EdDSA signatures; [`verify`] checks them.

mod eddsa;
mod key_pair;
mod point;
mod scalar;

use core::fmt;

pub use eddsa::{BadSignature, SIGNATURE_SIZE, SigningKey, verify};
pub use key_pair::KeyPair;
pub use point::Point;
pub use scalar::{Scalar, hash_to_scalar};

/// Bytes that a peer sent are not a point of order q.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPoint;

impl fmt::Display for BadPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are no point of the prime-order group")
    }
}

impl std::error::Error for BadPoint {}

/// Bytes of a POINT and of a SCALAR.
pub const SIZE: usize = 57;
