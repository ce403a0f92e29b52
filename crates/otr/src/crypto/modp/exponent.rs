//! Exponents of the Socialist Millionaires' Protocol: integers modulo q.

use core::fmt;

use crypto_bigint::U1536;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{SIZE, arithmetic, minimal_bytes, read_integer};

/// An integer modulo q = (p - 1) / 2. Wiped on drop, compared in constant time, never printed.
pub struct Exponent {
    /// On the heap, so that moving the exponent leaves no copy behind.
    value: Box<Zeroizing<U1536>>,
    /// How many low bits of the value may be set. Depends on where the value came from, never on the value.
    bits: u32,
}

impl Exponent {
    /// A fresh exponent, uniform in 1..q: 1535-bit candidates are drawn until one fits.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; SIZE]);
        loop {
            rng.fill_bytes(bytes.as_mut_slice());
            // q has 1535 bits. Reducing 1536 bits modulo q instead would make some values likelier than others.
            bytes[0] &= 0x7f;
            let value = Box::new(Zeroizing::new(U1536::from_be_slice(bytes.as_slice())));
            if arithmetic::is_exponent(&value) {
                return Self {
                    value,
                    bits: U1536::BITS,
                };
            }
        }
    }

    /// The big-endian integer `bytes`, of any length, modulo q. May be zero.
    ///
    /// Powers cost less with the result of few bytes; the number of bytes is therefore no secret.
    #[must_use]
    pub fn from_be_bytes_reduced(bytes: &[u8]) -> Self {
        let mut value = Box::new(Zeroizing::new(U1536::ZERO));
        let mut digits = Zeroizing::new([0; SIZE]);
        let (first, rest) = bytes.split_at(bytes.len() % SIZE);
        for chunk in core::iter::once(first).chain(rest.chunks(SIZE)) {
            digits[..SIZE - chunk.len()].fill(0);
            digits[SIZE - chunk.len()..].copy_from_slice(chunk);
            let low = Zeroizing::new(U1536::from_be_slice(digits.as_slice()));
            *value = arithmetic::reduce_wide(&value, &low);
        }
        let bits = u32::try_from(bytes.len() * 8)
            .unwrap_or(U1536::BITS)
            .min(U1536::BITS);
        Self { value, bits }
    }

    /// Checks an exponent that a peer sent, big-endian.
    ///
    /// # Errors
    /// [`BadExponent`] unless 1 <= value < q.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, BadExponent> {
        let value = read_integer(bytes)
            .filter(arithmetic::is_exponent)
            .ok_or(BadExponent)?;
        Ok(Self {
            value: Box::new(Zeroizing::new(value)),
            bits: U1536::BITS,
        })
    }

    /// The shortest big-endian form: 0 to 192 bytes, nothing for zero.
    #[must_use]
    pub fn to_be_bytes(&self) -> Vec<u8> {
        minimal_bytes(&self.value)
    }

    /// `self` - `a` times `c` modulo q: the answer to the challenge `c` about the secret `a`, blinded by `self`.
    #[must_use]
    pub fn sub_mul(&self, a: &Self, c: &Self) -> Self {
        let value = arithmetic::subtract_product(&self.value, &a.value, &c.value);
        Self {
            value: Box::new(value),
            bits: U1536::BITS,
        }
    }

    /// Whether both have the same value, in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        crypto_bigint::CtEq::ct_eq(&**self.value, &**other.value).into()
    }

    /// The value, and how many of its low bits a power has to look at.
    pub(super) fn value(&self) -> (&U1536, u32) {
        (&self.value, self.bits)
    }
}

impl fmt::Debug for Exponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exponent(..)")
    }
}

/// A number that a peer sent is no exponent modulo q.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadExponent;

impl fmt::Display for BadExponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the exponent is out of range")
    }
}

impl std::error::Error for BadExponent {}
