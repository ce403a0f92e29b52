//! Numbers as digits of 52 bits, spread over vectors.

use zeroize::Zeroize;

use crate::limbs::split;

/// 8 `V` digits of 52 bits. Digit `V` q + r is number q of vector r, so that the `V` lowest digits are the first ones
/// of all vectors, and moving every vector by one place divides by 2^(52 `V`).
///
/// Every digit is below 2^52: what makes digits keeps that.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Digits<const V: usize>(pub(super) [[u64; LANES]; V]);

impl<const V: usize> Digits<V> {
    pub(super) const ZERO: Self = Self([[0; LANES]; V]);

    /// The digits of a number that has no more than 416 `V` bits.
    pub(super) fn from_limbs(limbs: &[u64]) -> Self {
        let mut digits = Self::ZERO;
        let (mut rest, mut held) = (0_u128, 0);
        let mut limbs = limbs.iter();
        for index in 0..LANES * V {
            if held < DIGIT_BITS {
                rest |= u128::from(limbs.next().copied().unwrap_or(0)) << held;
                held += 64;
            }
            digits.0[index % V][index / V] = split(rest).0 & DIGIT_MASK;
            rest >>= DIGIT_BITS;
            held -= DIGIT_BITS;
        }
        digits
    }

    /// The number as limbs, of which `out` must have enough.
    pub(super) fn write_limbs(&self, out: &mut [u64]) {
        let (mut rest, mut held) = (0_u128, 0);
        let mut next = 0;
        for limb in out {
            while held < 64 {
                let digit = if next < LANES * V {
                    self.0[next % V][next / V]
                } else {
                    0
                };
                rest |= u128::from(digit) << held;
                held += DIGIT_BITS;
                next += 1;
            }
            *limb = split(rest).0;
            rest >>= 64;
            held -= 64;
        }
    }
}

impl<const V: usize> Zeroize for Digits<V> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Digits in a vector.
pub(super) const LANES: usize = 8;
/// Bits in a digit: what the multiplier of the processor takes.
pub(super) const DIGIT_BITS: u32 = 52;
/// The largest digit.
pub(super) const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limbs_come_back_as_they_were() {
        let mut limbs = [0; 26];
        for (index, limb) in (1_u64..).zip(&mut limbs) {
            *limb = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        let digits = Digits::<4>::from_limbs(&limbs);
        assert!(digits.0.as_flattened().iter().all(|&digit| digit <= DIGIT_MASK));
        assert_eq!(digits.0[0][0], limbs[0] & DIGIT_MASK);
        assert_eq!(digits.0[1][0], (limbs[0] >> 52 | limbs[1] << 12) & DIGIT_MASK);
        let mut back = [0; 26];
        digits.write_limbs(&mut back);
        assert_eq!(back, limbs);
        let mut longer = [7; 30];
        digits.write_limbs(&mut longer);
        assert_eq!((&longer[..26], &longer[26..]), (&limbs[..], &[0; 4][..]));
    }
}
