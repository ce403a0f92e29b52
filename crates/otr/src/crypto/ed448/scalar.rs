//! Integers modulo the order q of the base point.

use core::fmt;

use crrl::ed448;
use rand_core::CryptoRng;
use subtle::Choice;
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::SIZE;
use crate::crypto::kdf::{self, Usage};
use crate::secret::Secret;

/// An integer modulo q. Wiped on drop, compared in constant time, never printed.
pub struct Scalar(
    /// On the heap, so that moving it leaves no copy behind.
    Box<Zeroizing<Raw>>,
);

/// `zeroize` has to know the foreign type for what it is: plain numbers, all zero for the number zero.
#[derive(Clone, Copy)]
struct Raw(ed448::Scalar);

impl Default for Raw {
    fn default() -> Self {
        Self(ed448::Scalar::ZERO)
    }
}

impl DefaultIsZeroes for Raw {}

impl Scalar {
    /// A random scalar, made as the text makes its key pairs: 57 bytes from the generator, hashed and pruned.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let drawn = Secret::<SIZE>::random(rng);
        let mut hashed = Zeroizing::new([0; SIZE]);
        kdf::shake256(&[drawn.expose()], hashed.as_mut_slice());
        Self::pruned(&mut hashed)
    }

    /// The little-endian integer `bytes`, of any length, modulo q. May be zero. How a SCALAR is read.
    #[must_use]
    pub fn from_le_bytes_reduced(bytes: &[u8]) -> Self {
        Self::new(ed448::Scalar::decode_reduce(bytes))
    }

    /// The little-endian integer `bytes`, if it is below q.
    #[must_use]
    pub fn from_le_bytes(bytes: &[u8; SIZE]) -> Option<Self> {
        let (&last, digits) = bytes.split_last()?;
        let value = ed448::Scalar::decode(digits)?;
        (last == 0).then(|| Self::new(value))
    }

    /// A pruned integer, as RFC 8032 makes its secrets (section 5.2.5): a multiple of four with its 447th bit set.
    /// Reducing it modulo q loses both properties, which is harmless for points of order q.
    pub(super) fn pruned(bytes: &mut [u8; SIZE]) -> Self {
        bytes[0] &= 0xfc;
        bytes[SIZE - 2] |= 0x80;
        bytes[SIZE - 1] = 0;
        Self::from_le_bytes_reduced(bytes.as_slice())
    }

    /// A SCALAR: little-endian, below q.
    #[must_use]
    pub fn to_le_bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..SIZE - 1].copy_from_slice(&self.raw().encode());
        bytes
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        Self::new(self.raw() + other.raw())
    }

    /// The difference.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        Self::new(self.raw() - other.raw())
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        Self::new(self.raw() * other.raw())
    }

    /// `self` - `a` times `c`: the answer to the challenge `c` about the secret `a`, blinded by `self`.
    #[must_use]
    pub fn sub_mul(&self, a: &Self, c: &Self) -> Self {
        let product = Zeroizing::new(Raw(a.raw() * c.raw()));
        Self::new(self.raw() - product.0)
    }

    /// The same number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        Self::new(-self.raw())
    }

    /// `yes` or `no`, without telling by time which.
    #[must_use]
    pub fn select(no: &Self, yes: &Self, choice: Choice) -> Self {
        Self::new(ed448::Scalar::select(no.raw(), yes.raw(), mask(choice)))
    }

    /// Whether both are the same number, in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.raw().equals(*other.raw()) != 0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.raw().iszero() != 0
    }

    /// A second copy, spelled out.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(*self.raw())
    }

    pub(super) fn raw(&self) -> &ed448::Scalar {
        &self.0.0
    }

    fn new(value: ed448::Scalar) -> Self {
        Self(Box::new(Zeroizing::new(Raw(value))))
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scalar(..)")
    }
}

/// "HashToScalar": 57 bytes of the KDF as a little-endian integer, modulo q.
#[must_use]
pub fn hash_to_scalar(usage: Usage, parts: &[&[u8]]) -> Scalar {
    let mut hashed = Zeroizing::new([0; SIZE]);
    kdf::fill(usage, parts, hashed.as_mut_slice());
    Scalar::from_le_bytes_reduced(hashed.as_slice())
}

/// All bits set for yes, none for no: what `crrl` takes for a choice.
pub(super) fn mask(choice: Choice) -> u32 {
    u32::from(choice.unwrap_u8()).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroize;

    #[test]
    fn wiping_leaves_the_number_zero() {
        let mut raw = Raw(*Scalar::from_le_bytes_reduced(&[7; 57]).raw());
        assert_eq!(raw.0.iszero(), 0);
        raw.zeroize();
        assert_ne!(raw.0.iszero(), 0);
    }
}
