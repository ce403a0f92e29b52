//! Diffie-Hellman with exponents of 320 bits, as the key exchange and the data messages use it.

use core::cmp::Ordering;
use core::fmt;

use crypto_bigint::{U320, U1536};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::{BadGroupElement, arithmetic, minimal_bytes, read_integer};
use crate::secret::Secret;

/// A secret exponent x of 320 bits, never zero. Wiped on drop.
pub struct DhSecret(Secret<EXPONENT_SIZE>);

impl DhSecret {
    /// A fresh exponent: all of its 320 bits come from the generator.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let exponent = Secret::random(rng);
            if !exponent.ct_eq(&[0; EXPONENT_SIZE]) {
                return Self(exponent);
            }
        }
    }

    /// The exponent with this big-endian value: for test vectors and forged transcripts.
    ///
    /// # Errors
    /// [`BadGroupElement`] for zero, whose public key would be the number 1.
    pub fn from_bytes(bytes: &[u8; EXPONENT_SIZE]) -> Result<Self, BadGroupElement> {
        let exponent = Secret::fill_with(|place| place.copy_from_slice(bytes));
        if exponent.ct_eq(&[0; EXPONENT_SIZE]) {
            Err(BadGroupElement)
        } else {
            Ok(Self(exponent))
        }
    }

    /// g^x. One exponentiation with the fixed base: call it once and keep the result.
    #[must_use]
    pub fn public(&self) -> DhPublic {
        DhPublic(*arithmetic::power_of_two(&self.exponent(), U320::BITS))
    }

    /// `theirs`^x, the secret shared with the owner of `theirs`. One exponentiation.
    #[must_use]
    pub fn agree(&self, theirs: &DhPublic) -> DhShared {
        let shared = arithmetic::power(&theirs.0, &self.exponent(), U320::BITS);
        // The length of what is hashed later follows the value, so that no padding hides it: the protocol has it so.
        let mut value = minimal_bytes(&shared);
        // Room for everything at once: growing would leave a copy behind.
        let mut secbytes = Zeroizing::new(Vec::with_capacity(LENGTH_SIZE + value.len()));
        secbytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        secbytes.extend_from_slice(&value);
        value.zeroize();
        DhShared { secbytes }
    }

    /// A second copy, spelled out: two devices may answer one offer, and a state is replaced only once the
    /// next one is proven.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(Secret::fill_with(|place| place.copy_from_slice(self.0.expose())))
    }

    /// The exponent, big-endian.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn expose(&self) -> &[u8; EXPONENT_SIZE] {
        self.0.expose()
    }

    fn exponent(&self) -> Zeroizing<U320> {
        Zeroizing::new(U320::from_be_slice(self.0.expose()))
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhSecret(..)")
    }
}

/// A public key g^x, checked to lie in 2..=p-2. Ordered by value.
#[derive(Clone, PartialEq, Eq)]
pub struct DhPublic(U1536);

impl DhPublic {
    /// Checks a big-endian integer as a peer sent it. Leading zero bytes do not matter here.
    ///
    /// # Errors
    /// [`BadGroupElement`] unless 2 <= value <= p - 2.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, BadGroupElement> {
        read_integer(bytes)
            .filter(arithmetic::in_range)
            .map(Self)
            .ok_or(BadGroupElement)
    }

    /// The shortest big-endian form: 1 to 192 bytes, the first not zero.
    #[must_use]
    pub fn to_be_bytes(&self) -> Vec<u8> {
        minimal_bytes(&self.0)
    }
}

impl Ord for DhPublic {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_vartime(&other.0)
    }
}

impl PartialOrd for DhPublic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for DhPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhPublic({:x})", self.0)
    }
}

/// The secret s that two people share. Wiped on drop.
pub struct DhShared {
    secbytes: Zeroizing<Vec<u8>>,
}

impl DhShared {
    /// A second copy, spelled out.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            secbytes: self.secbytes.clone(),
        }
    }

    /// s as every key derivation hashes it: four bytes of length, then the shortest big-endian form.
    #[must_use]
    pub fn secbytes(&self) -> &[u8] {
        &self.secbytes
    }
}

impl fmt::Debug for DhShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhShared(..)")
    }
}

/// Bytes in an exponent: the texts ask for at least 320 bits.
const EXPONENT_SIZE: usize = 40;
/// Bytes of the length in front of an MPI.
const LENGTH_SIZE: usize = 4;
