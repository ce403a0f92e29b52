//! The kernel for x86-64 processors without AVX-512 IFMA: plain 64-bit arithmetic in safe Rust.
//!
//! Montgomery's method, product first and reduction afterwards, so that a square needs half of the products only.
//! With p ≡ -1 modulo 2^64, as the primes of RFC 3526 are, the quotient of each step is the lowest limb itself, and the
//! lowest limb of quotient times p needs no multiplication: q (2^64 - 1) + q = q 2^64.
//!
//! # Bounds
//!
//! Write R = 2^(64 L). [`Portable::reduce`] takes T = low + high R with low < R and high < p. Each of its L steps adds
//! a multiple of p that makes the lowest limb zero, and drops that limb. All in all it returns (T + Q p) / R with
//! Q < R, which is below (R + (p - 1) R + R p) / R = 2 p: one conditional subtraction gives the number below p.
//!
//! A step works on L limbs and a carry of one more: before step i the running number is below
//! low / 2^(64 i) + p + 1 < 2 R, and only then is limb i of `high` added at the top. That carry is `top`, 0 or 1: the running number never
//! reaches 2 R, as it is at most (T mod R 2^(64 i)) / 2^(64 i) + p < R + p. [`multiply_add`] itself cannot overflow.
//!
//! A product of a < R and b < p is below R p, so that its high half is below p.

use zeroize::Zeroize;

use crate::kernel::Kernel;
use crate::limbs::{bits_vartime, choose, mask, size, split, subtract};

/// An odd modulus of at most 64 `L` bits.
#[derive(Clone)]
pub(crate) struct Portable<const L: usize> {
    modulus: [u64; L],
    /// -1 / p modulo 2^64.
    quotient_factor: u64,
    /// R modulo p: the number 1.
    one: [u64; L],
    /// R^2 modulo p: what brings a number into Montgomery form.
    enter: [u64; L],
}

impl<const L: usize> Portable<L> {
    /// `None` unless the modulus is odd and at least 3. Variable time: a modulus is public.
    pub(crate) fn new(modulus: &[u64; L]) -> Option<Self> {
        let bits = bits_vartime(modulus);
        if bits < 2 || modulus.first()? & 1 == 0 {
            return None;
        }
        let mut kernel = Self {
            modulus: *modulus,
            quotient_factor: inverse(*modulus.first()?).wrapping_neg(),
            one: [0; L],
            enter: [0; L],
        };
        // From the largest power of two below p to R by doubling.
        let top = bits - 1;
        *kernel.one.get_mut((top / 64) as usize)? = 1 << (top % 64);
        for _ in top..size::<L>() {
            kernel.one = kernel.double(&kernel.one);
        }
        kernel.enter = kernel.power_of_two_vartime(size::<L>());
        Some(kernel)
    }

    pub(crate) fn modulus(&self) -> &[u64; L] {
        &self.modulus
    }

    /// R 2^`exponent` modulo p. Variable time.
    pub(crate) fn power_of_two_vartime(&self, exponent: u32) -> [u64; L] {
        // Doubling is quick: the first bits of the exponent by that.
        let rest = (32 - exponent.leading_zeros()).saturating_sub(6);
        let mut power = self.one;
        for _ in 0..exponent >> rest {
            power = self.double(&power);
        }
        for position in (0..rest).rev() {
            self.square(&mut power, 1);
            if exponent >> position & 1 == 1 {
                power = self.double(&power);
            }
        }
        power
    }

    /// Twice the number.
    fn double(&self, number: &[u64; L]) -> [u64; L] {
        let mut twice = [0; L];
        let mut carry = 0;
        for (twice, &limb) in twice.iter_mut().zip(number) {
            *twice = limb << 1 | carry;
            carry = limb >> 63;
        }
        reduce_once(carry, &twice, &self.modulus)
    }

    /// (low + high R) / R modulo p, for high < p. See the bounds above.
    #[inline(always)]
    pub(crate) fn reduce(&self, low: &[u64; L], high: &[u64; L]) -> [u64; L] {
        if self.quotient_factor == 1 {
            self.reduce_by::<true>(low, high)
        } else {
            self.reduce_by::<false>(low, high)
        }
    }

    #[inline(always)]
    fn reduce_by<const UNIT: bool>(&self, low: &[u64; L], high: &[u64; L]) -> [u64; L] {
        let (mut number, p) = (*low, &self.modulus);
        let mut top = 0;
        for &next in high {
            let (quotient, mut carry) = if UNIT {
                (number[0], number[0])
            } else {
                let quotient = number[0].wrapping_mul(self.quotient_factor);
                (quotient, multiply_add(quotient, p[0], number[0], 0).1)
            };
            for limb in 1..L {
                (number[limb - 1], carry) = multiply_add(p[limb], quotient, number[limb], carry);
            }
            (number[L - 1], carry) = add(carry, next, top);
            top = carry;
        }
        reduce_once(top, &number, p)
    }
}

impl<const L: usize> Kernel<L> for Portable<L> {
    type Number = [u64; L];

    fn enter(&self, value: &[u64; L]) -> [u64; L] {
        let mut number = *value;
        self.multiply(&mut number, &self.enter);
        number
    }

    fn leave(&self, number: &[u64; L]) -> [u64; L] {
        self.reduce(number, &[0; L])
    }

    fn one(&self) -> [u64; L] {
        self.one
    }

    fn multiply(&self, number: &mut [u64; L], factor: &[u64; L]) {
        let (low, high) = product(number, factor);
        *number = self.reduce(&low, &high);
    }

    fn square(&self, number: &mut [u64; L], times: u32) {
        for _ in 0..times {
            let [low, high] = square(number);
            *number = self.reduce(&low, &high);
        }
    }

    fn select(&self, found: &mut [u64; L], table: &[[u64; L]], index: u64) {
        choose(found, table, index);
    }
}

/// Low and high half of the product.
#[inline(always)]
fn product<const L: usize>(left: &[u64; L], right: &[u64; L]) -> ([u64; L], [u64; L]) {
    let (mut low, mut high) = ([0; L], [0; L]);
    for (low, &factor) in low.iter_mut().zip(right) {
        let mut carry;
        (*low, carry) = multiply_add(left[0], factor, high[0], 0);
        for limb in 1..L {
            (high[limb - 1], carry) = multiply_add(left[limb], factor, high[limb], carry);
        }
        high[L - 1] = carry;
    }
    (low, high)
}

/// Low and high half of the square.
#[inline(always)]
fn square<const L: usize>(number: &[u64; L]) -> [[u64; L]; 2] {
    let mut halves = [[0; L]; 2];
    let square = halves.as_flattened_mut();
    // Each product of two different limbs once; row i ends at limb i + L, which nothing has reached before.
    for (row, &factor) in number.iter().enumerate() {
        let (others, mut carry) = (&number[row + 1..], 0);
        let place = &mut square[2 * row + 1..];
        for (limb, &other) in place.iter_mut().zip(others) {
            (*limb, carry) = multiply_add(other, factor, *limb, carry);
        }
        place[others.len()] = carry;
    }
    // Twice that, and the squares of the limbs.
    let (mut shifted, mut carry) = (0, 0);
    for (pair, &limb) in square.as_chunks_mut::<2>().0.iter_mut().zip(number) {
        let (low, high) = split(u128::from(limb).wrapping_mul(u128::from(limb)));
        let twice = [pair[0] << 1 | shifted, pair[1] << 1 | pair[0] >> 63];
        shifted = pair[1] >> 63;
        (pair[0], carry) = add(twice[0], low, carry);
        (pair[1], carry) = add(twice[1], high, carry);
    }
    halves
}

/// `left` * `right` + `add` + `carry`, low and high half. It cannot overflow: (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
#[inline(always)]
fn multiply_add(left: u64, right: u64, add: u64, carry: u64) -> (u64, u64) {
    split(
        u128::from(left)
            .wrapping_mul(u128::from(right))
            .wrapping_add(u128::from(add))
            .wrapping_add(u128::from(carry)),
    )
}

/// `left` + `right` + `carry`, and the new carry.
#[inline(always)]
fn add(left: u64, right: u64, carry: u64) -> (u64, u64) {
    split(
        u128::from(left)
            .wrapping_add(u128::from(right))
            .wrapping_add(u128::from(carry)),
    )
}

/// `top` * 2^(64 L) + `number`, less `modulus` if it is not below it. `top` is 0 or 1.
#[inline(always)]
fn reduce_once<const L: usize>(top: u64, number: &[u64; L], modulus: &[u64; L]) -> [u64; L] {
    let mut less = [0; L];
    let mut borrow = 0;
    for ((less, &limb), &modulus) in less.iter_mut().zip(number).zip(modulus) {
        (*less, borrow) = subtract(limb, modulus, borrow);
    }
    // Only without a top limb does a borrow mean that the number was below the modulus.
    let keep = mask(borrow & !top & 1);
    for (less, &limb) in less.iter_mut().zip(number) {
        *less = (limb & keep) | (*less & !keep);
    }
    less
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: 3 bits are right at first and twice as many each time.
fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse
}

// A modulus is public; only the numbers, which are plain arrays, are wiped.
const _: fn() = || {
    fn wipes<T: Zeroize>() {}
    wipes::<<Portable<24> as Kernel<24>>::Number>();
};

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    fn number(limbs: &[u64]) -> BigUint {
        limbs
            .iter()
            .rev()
            .fold(BigUint::from(0_u8), |number, &limb| (number << 64) + limb)
    }

    /// Numbers at the edges of limbs, and runs of full and empty ones.
    fn edges() -> Vec<[u64; 4]> {
        const KINDS: [u64; 5] = [0, 1, u64::MAX, 1 << 63, u64::MAX - 1];
        let mut found = Vec::new();
        for choice in 0..5_usize.pow(4) {
            found.push([1, 5, 25, 125].map(|place| KINDS[choice / place % 5]));
        }
        found
    }

    #[test]
    fn products_and_squares_are_exact() {
        for left in edges() {
            for right in edges() {
                let (low, high) = product(&left, &right);
                assert_eq!(number(&[low, high].concat()), number(&left) * number(&right));
            }
            let halves = square(&left);
            assert_eq!(number(halves.as_flattened()), number(&left) * number(&left));
        }
    }

    #[test]
    fn every_carry_of_a_reduction_is_taken() {
        for modulus in [
            [u64::MAX; 4],
            [1, 0, 0, 1 << 63],
            [u64::MAX, 0, 0, u64::MAX],
            [3, 0, 0, 0],
            [0x1235, 7, u64::MAX, 0],
        ] {
            let kernel = Portable::new(&modulus).unwrap();
            let p = number(&modulus);
            let inverse = (BigUint::from(1_u8) << 256_u32).modinv(&p).unwrap();
            let high = edges().into_iter().filter(|high| number(high) < p);
            let mut less_one = modulus;
            less_one[0] -= 1;
            for high in high.step_by(7).chain([less_one]) {
                for low in edges() {
                    let expected = number(&[low, high].concat()) * &inverse % &p;
                    assert_eq!(
                        number(&kernel.reduce(&low, &high)),
                        expected,
                        "{low:x?} {high:x?}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_modulus_is_taken_off_where_it_fits() {
        let modulus = [u64::MAX, 5];
        for (top, number, expected) in [
            (0, [u64::MAX - 1, 5], [u64::MAX - 1, 5]),
            (0, [u64::MAX, 5], [0, 0]),
            (0, [0, 6], [1, 0]),
            (1, [0, 0], [1, u64::MAX - 5]),
        ] {
            assert_eq!(reduce_once(top, &number, &modulus), expected, "{top} {number:?}");
        }
    }

    #[test]
    fn inverses_modulo_the_word() {
        for odd in [1, 3, u64::MAX, 0x9e37_79b9_7f4a_7c15] {
            assert_eq!(odd.wrapping_mul(inverse(odd)), 1);
        }
    }
}
