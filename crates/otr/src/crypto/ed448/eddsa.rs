//! Signatures of RFC 8032, section 5.2: Ed448, pure, with an empty context. Version 4 signs its profiles with them.
//!
//! ```text
//! signature = R (POINT) ‖ S (SCALAR)       R = r·G     S = r + k·secret
//! r = SHAKE-256(dom ‖ prefix ‖ message, 114)     k = SHAKE-256(dom ‖ R ‖ public ‖ message, 114)
//! ```

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{KeyPair, Point, SIZE, Scalar};
use crate::crypto::kdf;
use crate::secret::Secret;

/// A long-term secret: 57 random bytes, from which the scalar and the prefix of its signatures follow. Wiped on drop.
pub struct SigningKey {
    seed: Secret<SIZE>,
    prefix: Secret<SIZE>,
    pair: KeyPair,
}

impl SigningKey {
    /// A fresh key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::from_seed(Secret::random(rng))
    }

    /// The key with this seed, which RFC 8032 calls the private key and the text `sym_h`.
    #[must_use]
    pub fn from_seed(seed: Secret<SIZE>) -> Self {
        let mut hashed = Zeroizing::new([0; 2 * SIZE]);
        kdf::shake256(&[seed.expose()], hashed.as_mut_slice());
        Self {
            prefix: Secret::fill_with(|prefix| prefix.copy_from_slice(&hashed[SIZE..])),
            pair: KeyPair::from_seed(&seed),
            seed,
        }
    }

    /// The seed, for whoever stores the key.
    #[must_use]
    pub fn seed(&self) -> &Secret<SIZE> {
        &self.seed
    }

    /// The scalar and the point, with which the key signs in a ring.
    #[must_use]
    pub fn pair(&self) -> &KeyPair {
        &self.pair
    }

    /// The public point.
    #[must_use]
    pub fn public(&self) -> &Point {
        self.pair.public()
    }

    /// Signs. The same message gives the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_SIZE] {
        let mut hashed = Zeroizing::new([0; 2 * SIZE]);
        kdf::shake256(&[DOM, self.prefix.expose(), message], hashed.as_mut_slice());
        let r = Scalar::from_le_bytes_reduced(hashed.as_slice());
        let commitment = Point::base_mul(&r).encode();
        let k = challenge(&commitment, self.public(), message);
        let response = r.add(&k.mul(self.pair.secret()));
        let mut signature = [0; SIGNATURE_SIZE];
        signature[..SIZE].copy_from_slice(&commitment);
        signature[SIZE..].copy_from_slice(&response.to_le_bytes());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// Checks a signature. Variable time: everything in it is public.
///
/// Of the two equations that RFC 8032 allows, this is the one without the cofactor, and R has to be encoded as we
/// would encode it: one message and key have as many valid signatures as there are honest ones.
///
/// # Errors
/// [`BadSignature`], also for an S that is not below q.
pub fn verify(public: &Point, message: &[u8], signature: &[u8; SIGNATURE_SIZE]) -> Result<(), BadSignature> {
    let (commitment, response) = signature.split_first_chunk::<SIZE>().ok_or(BadSignature)?;
    let response = response.first_chunk::<SIZE>().ok_or(BadSignature)?;
    let response = Scalar::from_le_bytes(response).ok_or(BadSignature)?;
    let k = challenge(commitment, public, message);
    let expected = public.base_mul_add_mul_vartime(&response, &k.neg());
    if expected.encode() == *commitment {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

/// An EdDSA signature does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match")
    }
}

impl std::error::Error for BadSignature {}

fn challenge(commitment: &[u8; SIZE], public: &Point, message: &[u8]) -> Scalar {
    let mut hashed = [0; 2 * SIZE];
    kdf::shake256(&[DOM, commitment, &public.encode(), message], &mut hashed);
    Scalar::from_le_bytes_reduced(&hashed)
}

/// Bytes of a signature.
pub const SIGNATURE_SIZE: usize = 2 * SIZE;
/// "dom4" for the pure variant with an empty context.
const DOM: &[u8] = b"SigEd448\0\0";
