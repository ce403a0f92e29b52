//! The forging key ("Ed448 public forging key"): the second point of an identity, which makes conversations deniable.
//!
//! Who knows its secret can take part in an exchange in anybody's name towards its owner. That is what it is for: a
//! transcript proves nothing to a third person. In a conversation nothing ever uses the secret.

use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::ed448::{BadPoint, KeyPair, Point, SIZE};
use crate::secret::Secret;

/// A forging key of ours, with its secret if somebody wanted to keep it.
pub struct ForgingKey {
    public: Point,
    kept: Option<Secret<SIZE>>,
}

impl ForgingKey {
    /// A point whose secret nobody knows, nor has ever known: random bytes until they are a good point. Better than a
    /// secret that is forgotten, as nobody has to believe in the forgetting.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let mut bytes = [0; SIZE];
            rng.fill_bytes(&mut bytes);
            // These bits have to be zero: no use in waiting for it.
            bytes[SIZE - 1] &= 0x80;
            if let Ok(public) = Point::decode(&bytes) {
                return Self { public, kept: None };
            }
        }
    }

    /// A key pair whose secret is kept, for somebody who wants to be able to forge.
    pub fn generate_with_secret(rng: &mut dyn CryptoRng) -> Self {
        Self::from_seed(Secret::random(rng))
    }

    /// The key pair that is made of this seed, as it was stored.
    #[must_use]
    pub fn from_seed(seed: Secret<SIZE>) -> Self {
        Self {
            public: KeyPair::from_seed(&seed).public().clone(),
            kept: Some(seed),
        }
    }

    /// A key without its secret, as it was stored.
    ///
    /// # Errors
    /// [`BadPoint`] if the bytes are no point of the prime-order group.
    pub fn from_public(bytes: &[u8; SIZE]) -> Result<Self, BadPoint> {
        Ok(Self {
            public: Point::decode(bytes)?,
            kept: None,
        })
    }

    /// The public point.
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The seed of the secret, if it was kept: for whoever stores the key, and for forging.
    pub fn seed(&self) -> Option<&Secret<SIZE>> {
        self.kept.as_ref()
    }

    /// Forgets the secret.
    pub fn forget_secret(&mut self) {
        self.kept = None;
    }
}

impl fmt::Debug for ForgingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForgingKey(..)")
    }
}
