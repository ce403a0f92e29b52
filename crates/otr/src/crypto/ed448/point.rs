//! Points of the curve that are multiples of the base point.

use core::fmt;
use std::sync::OnceLock;

use crrl::ed448;
use subtle::Choice;
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::{BadPoint, SIZE, Scalar};

/// A multiple of the base point G. Wiped on drop and never printed, as some of them are secret.
///
/// One that came from a peer is checked, and is not the neutral element. One that was computed may be any multiple,
/// even the neutral one: where that would matter, the protocol asks.
#[derive(Clone)]
pub struct Point(Zeroizing<Raw>);

#[derive(Clone, Copy)]
struct Raw {
    point: ed448::Point,
    /// The encoding of a point that is sent or was received: making it takes an inversion.
    encoded: Option<[u8; SIZE]>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            point: ed448::Point::NEUTRAL,
            encoded: None,
        }
    }
}

impl DefaultIsZeroes for Raw {}

impl Point {
    /// Checks a POINT that a peer sent ("Verifying that a point is on the curve").
    ///
    /// # Errors
    /// [`BadPoint`] unless the bytes are the one encoding of a point of the curve (the coordinate below p, no unused
    /// bit set, no sign without a number), which is not the neutral element and whose q-th multiple is.
    pub fn decode(bytes: &[u8; SIZE]) -> Result<Self, BadPoint> {
        let point = ed448::Point::decode(bytes).ok_or(BadPoint)?;
        if point.isneutral() != 0 || point.is_in_subgroup() == 0 {
            return Err(BadPoint);
        }
        // There is one encoding of each point.
        Ok(Self(Zeroizing::new(Raw {
            point,
            encoded: Some(*bytes),
        })))
    }

    /// A POINT: 57 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SIZE] {
        self.0.encoded.unwrap_or_else(|| self.raw().encode())
    }

    /// The same point, which is going to be encoded more than once.
    #[must_use]
    pub(super) fn with_encoding(mut self) -> Self {
        self.0.encoded = Some(self.encode());
        self
    }

    /// The base point.
    #[must_use]
    pub fn base() -> Self {
        static BASE: OnceLock<[u8; SIZE]> = OnceLock::new();
        let point = ed448::Point::BASE;
        Self(Zeroizing::new(Raw {
            point,
            encoded: Some(*BASE.get_or_init(|| point.encode())),
        }))
    }

    /// `scalar` times G.
    #[must_use]
    pub fn base_mul(scalar: &Scalar) -> Self {
        Self::new(ed448::Point::mulgen(scalar.raw()))
    }

    /// `scalar` times this point.
    #[must_use]
    pub fn mul(&self, scalar: &Scalar) -> Self {
        Self::new(self.raw() * scalar.raw())
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

    /// `base` times G, plus `scalar` times this point.
    #[must_use]
    pub fn base_mul_add_mul(&self, base: &Scalar, scalar: &Scalar) -> Self {
        Self::base_mul(base).add(&self.mul(scalar))
    }

    /// The same in less time, which tells about both scalars: for numbers that everybody may know.
    #[must_use]
    pub fn base_mul_add_mul_vartime(&self, base: &Scalar, scalar: &Scalar) -> Self {
        Self::new(self.raw().mul_add_mulgen_vartime(scalar.raw(), base.raw()))
    }

    /// `yes` or `no`, without telling by time which.
    #[must_use]
    pub fn select(no: &Self, yes: &Self, choice: Choice) -> Self {
        Self::new(ed448::Point::select(
            no.raw(),
            yes.raw(),
            super::scalar::mask(choice),
        ))
    }

    /// Whether both are the same point, in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.raw().equals(*other.raw()) != 0
    }

    /// Whether it is the neutral element.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        self.raw().isneutral() != 0
    }

    fn raw(&self) -> &ed448::Point {
        &self.0.point
    }

    fn new(point: ed448::Point) -> Self {
        Self(Zeroizing::new(Raw { point, encoded: None }))
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroize;

    #[test]
    fn wiping_leaves_the_neutral_element() {
        let mut raw = *Point::base().0;
        assert_eq!(raw.point.isneutral(), 0);
        raw.zeroize();
        assert_ne!(raw.point.isneutral(), 0);
        assert_eq!(raw.encoded, None);
    }
}
