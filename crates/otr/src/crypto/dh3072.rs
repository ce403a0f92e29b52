//! Diffie-Hellman in the 3072-bit group of RFC 3526 with generator 2, from which version 4 makes its brace keys
//! ("3072-bit Diffie-Hellman Parameters"). `otr_arith` computes the powers.
//!
//! * [`DhSecret::generate`], [`DhSecret::public`], [`DhSecret::agree`]: 80 bytes of exponent, one power each.
//! * [`DhKeyPair`] is an exponent with its public key, which is computed once.
//! * [`DhPublic::from_be_bytes`] checks what a peer sent: in range, and of the order (p - 1) / 2.
//! * [`DhShared::as_bytes`] is `k_dh` as every implementation hashes it: without leading zeros.

use core::fmt;

use otr_arith::{Group, group_3072};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::modp::BadGroupElement;
use crate::secret::Secret;

/// A secret exponent of 640 bits, never zero. Wiped on drop.
pub struct DhSecret(Secret<EXPONENT_SIZE>);

impl DhSecret {
    /// A fresh exponent: all of its 640 bits come from the generator.
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

    /// 2 to this exponent. One power with the fixed base: call it once and keep the result.
    #[must_use]
    pub fn public(&self) -> DhPublic {
        DhPublic(*group().power_of_two(self.limbs().as_slice(), EXPONENT_BITS))
    }

    /// The secret shared with the owner of `theirs`. One power.
    #[must_use]
    pub fn agree(&self, theirs: &DhPublic) -> DhShared {
        let shared = group()
            .modulus()
            .power(&theirs.0, self.limbs().as_slice(), EXPONENT_BITS);
        let bytes = Zeroizing::new(be_bytes(&shared));
        // Its length follows the value, so that no padding hides it: the protocol has it so.
        DhShared(Zeroizing::new(without_zeros(bytes.as_slice()).to_vec()))
    }

    /// A second copy, spelled out: a state is replaced only once the next one is proven.
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

    fn limbs(&self) -> Zeroizing<[u64; EXPONENT_SIZE / 8]> {
        let mut limbs = Zeroizing::new([0; EXPONENT_SIZE / 8]);
        for (limb, bytes) in limbs.iter_mut().zip(self.0.expose().as_rchunks().1.iter().rev()) {
            *limb = u64::from_be_bytes(*bytes);
        }
        limbs
    }
}

/// A secret exponent and the public key that belongs to it.
pub struct DhKeyPair {
    secret: DhSecret,
    public: DhPublic,
}

impl DhKeyPair {
    /// A fresh pair. One power with the fixed base.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        DhSecret::generate(rng).into()
    }

    /// 2 to the exponent.
    #[must_use]
    pub fn public(&self) -> &DhPublic {
        &self.public
    }

    /// The secret shared with the owner of `theirs`. One power.
    #[must_use]
    pub fn agree(&self, theirs: &DhPublic) -> DhShared {
        self.secret.agree(theirs)
    }

    /// A second copy, spelled out.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            secret: self.secret.duplicate(),
            public: self.public.clone(),
        }
    }

    /// The exponent, big-endian.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn expose(&self) -> &[u8; EXPONENT_SIZE] {
        self.secret.expose()
    }
}

impl From<DhSecret> for DhKeyPair {
    fn from(secret: DhSecret) -> Self {
        let public = secret.public();
        Self { secret, public }
    }
}

impl fmt::Debug for DhKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhKeyPair(..)")
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhSecret(..)")
    }
}

/// A public key, checked to be a power of 2 other than 1.
#[derive(Clone, PartialEq, Eq)]
pub struct DhPublic([u64; LIMBS]);

impl DhPublic {
    /// Checks a big-endian integer as a peer sent it. Leading zero bytes do not matter here.
    ///
    /// The text asks for x^((p-1)/2) = 1. For a prime p = 2q + 1 that is so for the squares and for no other number, and
    /// the Jacobi symbol tells them apart for a small part of the price of a power.
    ///
    /// # Errors
    /// [`BadGroupElement`] unless 2 <= value <= p - 2 and the value is a square modulo p.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, BadGroupElement> {
        let value = read_integer(bytes).ok_or(BadGroupElement)?;
        let modulus = group().modulus();
        if is_in_range(&value, modulus.value()) && modulus.is_square_vartime(&value) {
            Ok(Self(value))
        } else {
            Err(BadGroupElement)
        }
    }

    /// The shortest big-endian form: 1 to 384 bytes, the first not zero.
    #[must_use]
    pub fn to_be_bytes(&self) -> Vec<u8> {
        without_zeros(&be_bytes(&self.0)).to_vec()
    }
}

impl fmt::Debug for DhPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhPublic(0x")?;
        self.to_be_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// `k_dh`, the secret that two people share. Wiped on drop.
pub struct DhShared(Zeroizing<Vec<u8>>);

impl DhShared {
    /// The number as the key derivation hashes it: big-endian, without leading zero bytes and without a length.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DhShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhShared(..)")
    }
}

/// Reads a big-endian integer of any length; `None` if its value needs more than 3072 bits.
fn read_integer(bytes: &[u8]) -> Option<[u64; LIMBS]> {
    let digits = without_zeros(bytes);
    let mut padded = [0; SIZE];
    let start = SIZE.checked_sub(digits.len())?;
    padded.get_mut(start..)?.copy_from_slice(digits);
    let mut limbs = [0; LIMBS];
    for (limb, bytes) in limbs.iter_mut().zip(padded.as_rchunks().1.iter().rev()) {
        *limb = u64::from_be_bytes(*bytes);
    }
    Some(limbs)
}

fn be_bytes(limbs: &[u64; LIMBS]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (bytes, limb) in bytes.as_chunks_mut().0.iter_mut().zip(limbs.iter().rev()) {
        *bytes = limb.to_be_bytes();
    }
    bytes
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Whether 2 <= `value` <= `modulus` - 2. Variable time: for numbers that came over the wire.
fn is_in_range(value: &[u64; LIMBS], modulus: &[u64; LIMBS]) -> bool {
    let mut largest = *modulus;
    // The modulus is odd and does not end in 1: no borrow.
    largest[0] -= 2;
    let at_least_two = value[0] >= 2 || value[1..].iter().any(|&limb| limb != 0);
    at_least_two && value.iter().rev().le(largest.iter().rev())
}

fn group() -> &'static Group<LIMBS, 8> {
    group_3072()
}

/// Bytes in an exponent.
const EXPONENT_SIZE: usize = 80;
const EXPONENT_BITS: u32 = 640;
/// Bytes in a group element.
const SIZE: usize = 384;
const LIMBS: usize = SIZE / 8;
