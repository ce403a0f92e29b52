//! A secret scalar with its public point.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{BadPoint, Point, SIZE, Scalar};
use crate::crypto::kdf;
use crate::secret::Secret;

/// A secret scalar and the public point that belongs to it: an ephemeral key, a forging key, half of a long-term key.
pub struct KeyPair {
    secret: Scalar,
    public: Point,
}

impl KeyPair {
    /// A fresh pair. One multiplication with the fixed base.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::from_seed(&Secret::random(rng))
    }

    /// The pair that the text makes of 57 random bytes ("generateECDH()"): their SHAKE-256, of which the first 57 bytes
    /// are pruned.
    #[must_use]
    pub fn from_seed(seed: &Secret<SIZE>) -> Self {
        let mut hashed = Zeroizing::new([0; SIZE]);
        kdf::shake256(&[seed.expose()], hashed.as_mut_slice());
        Self::from_scalar(Scalar::pruned(&mut hashed))
    }

    /// The pair of a scalar that is known already: for forged transcripts, whose secrets come from elsewhere.
    #[must_use]
    pub fn from_scalar(secret: Scalar) -> Self {
        Self {
            public: Point::base_mul(&secret).with_encoding(),
            secret,
        }
    }

    /// The public point.
    #[must_use]
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The secret scalar.
    #[must_use]
    pub fn secret(&self) -> &Scalar {
        &self.secret
    }

    /// `K_ecdh`: the point shared with the owner of `theirs`, encoded.
    ///
    /// # Errors
    /// [`BadPoint`] if it is the neutral element: then they have contributed nothing. The text asks for bytes that are
    /// not all zero, which no encoding of a point is.
    pub fn agree(&self, theirs: &Point) -> Result<Secret<SIZE>, BadPoint> {
        let shared = theirs.mul(&self.secret);
        if shared.is_neutral() {
            return Err(BadPoint);
        }
        let encoded = Zeroizing::new(shared.encode());
        Ok(Secret::fill_with(|bytes| *bytes = *encoded))
    }

    /// A second copy, spelled out: a state is replaced only once the next one is proven.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            secret: self.secret.duplicate(),
            public: self.public.clone(),
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}
