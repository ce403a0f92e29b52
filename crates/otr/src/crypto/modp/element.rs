//! Group elements with the algebra that the Socialist Millionaires' Protocol needs.

use core::fmt;

use crypto_bigint::{CtEq, U1536};
use zeroize::Zeroizing;

use super::{BadGroupElement, Exponent, arithmetic, minimal_bytes, read_integer};

/// A number modulo p, never zero. Wiped on drop and never printed, as intermediate values say something about the
/// secret.
///
/// One that came from a peer is checked. One that was computed may be any power of 2, even 1: where that would
/// matter, the protocol compares.
#[derive(Clone)]
pub struct Element(Zeroizing<U1536>);

impl Element {
    /// Checks a big-endian integer as a peer sent it. Leading zero bytes do not matter here.
    ///
    /// Beyond the range that the text asks for, the number must be a power of the generator, as every honestly made
    /// one is. With -2, for one, in the place of a generator the product g1^r g2^y would tell whether y is even.
    ///
    /// # Errors
    /// [`BadGroupElement`] unless 2 <= value <= p - 2 and the value is a square modulo p.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, BadGroupElement> {
        read_integer(bytes)
            .filter(|value| arithmetic::in_range(value) && arithmetic::is_square(value))
            .map(|value| Self(Zeroizing::new(value)))
            .ok_or(BadGroupElement)
    }

    /// The shortest big-endian form: 1 to 192 bytes, the first not zero.
    #[must_use]
    pub fn to_be_bytes(&self) -> Vec<u8> {
        minimal_bytes(&self.0)
    }

    /// The generator 2 to the `exponent`.
    #[must_use]
    pub fn base_pow(exponent: &Exponent) -> Self {
        let (value, bits) = exponent.value();
        Self(arithmetic::power_of_two(value, bits))
    }

    /// `self` to the `exponent`.
    #[must_use]
    pub fn pow(&self, exponent: &Exponent) -> Self {
        let (value, bits) = exponent.value();
        Self(arithmetic::power(&self.0, value, bits))
    }

    /// `self` to both exponents, cheaper than one after the other unless they are short.
    #[must_use]
    pub fn two_pows(&self, exponents: [&Exponent; 2]) -> [Self; 2] {
        arithmetic::two_powers(&self.0, exponents.map(|exponent| exponent.value().0)).map(Self)
    }

    /// `self` to the `exponent` times `other` to the `other_exponent`, cheaper than both powers apart.
    #[must_use]
    pub fn pow_mul_pow(&self, exponent: &Exponent, other: &Self, other_exponent: &Exponent) -> Self {
        let ((value, bits), (other_value, other_bits)) = (exponent.value(), other_exponent.value());
        Self(arithmetic::power_product(&[
            (&self.0, value, bits),
            (&other.0, other_value, other_bits),
        ]))
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        Self(arithmetic::product(&self.0, &other.0))
    }

    /// The quotient: `self` times the inverse of `other`.
    #[must_use]
    pub fn div(&self, other: &Self) -> Self {
        Self(arithmetic::quotient(&self.0, &other.0))
    }

    /// Whether both are the same element, in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        CtEq::ct_eq(&*self.0, &*other.0).into()
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Element(..)")
    }
}
