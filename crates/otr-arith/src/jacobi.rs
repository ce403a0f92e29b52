//! The Jacobi symbol: for a prime modulus it says whether a number is a square. Variable time.

use crate::limbs::{bits_vartime, split, subtract};

/// The Jacobi symbol of `value` over the odd `modulus`: 1, -1, or 0 if they have a common factor.
///
/// The binary method: twos are taken out of the upper number, the smaller one is put below, and subtracted. All the
/// rules for the sign look at the three lowest bits only. While both are long, many steps are made at once.
pub(crate) fn symbol_vartime<const L: usize>(value: &[u64; L], modulus: &[u64; L]) -> i8 {
    let (mut upper, mut lower) = (*value, *modulus);
    let mut negative = false;
    let mut length = L;
    // Each step takes a bit away from one of the two; nothing but the time depends on whether that is enough.
    for _ in 0..2 * 64 * L / STEPS {
        while length > 1 && upper[length - 1] | lower[length - 1] == 0 {
            length -= 1;
        }
        if length == 1 {
            break;
        }
        negative ^= many_steps(&mut upper[..length], &mut lower[..length]);
    }
    one_by_one(upper, lower, negative)
}

/// The symbol of `upper` over `lower`, or the negative of it, a step at a time.
fn one_by_one<const L: usize>(mut upper: [u64; L], mut lower: [u64; L], mut negative: bool) -> i8 {
    let mut length = L;
    loop {
        while length > 1 && upper[length - 1] | lower[length - 1] == 0 {
            length -= 1;
        }
        let zeros = make_odd(&mut upper[..length]);
        let Some(zeros) = zeros else {
            return match (bits_vartime(&lower), negative) {
                (1, false) => 1,
                (1, true) => -1,
                _ => 0,
            };
        };
        // (2 / n) = -1 for n = 3 or 5 modulo 8.
        negative ^= zeros & 1 == 1 && matches!(lower[0] & 7, 3 | 5);
        if upper[..length].iter().rev().lt(lower[..length].iter().rev()) {
            core::mem::swap(&mut upper, &mut lower);
            // Reciprocity: the sign changes if both are 3 modulo 4.
            negative ^= upper[0] & lower[0] & 2 == 2;
        }
        let mut borrow = 0;
        for (upper, &lower) in upper[..length].iter_mut().zip(&lower) {
            (*upper, borrow) = subtract(*upper, lower, borrow);
        }
    }
}

/// Makes [`STEPS`] steps, and says whether the sign of the symbol has changed. The highest limbs are not both zero, and
/// there are two of them at least.
///
/// The steps are made with one word for each number, that has its 33 highest bits (counted from the longer one's top) and
/// its 31 lowest, and with the factors by which the whole numbers follow (Pornin, "Optimized Binary GCD for Modular
/// Inversion", 2020).
///
/// # Why it is right
///
/// Step i sees 31 - i exact low bits of both numbers, and asks for three: so 29 steps take the right turns, but for the
/// comparison, which the high bits may get wrong. Then the smaller number is put below or not, which both is allowed, but
/// for one thing: a difference can become negative. From there on the symbol is that of `upper` over the absolute value of
/// `lower`. Both are never negative, as a difference is so only if what is subtracted is not; and for such numbers the law
/// of reciprocity is the same, as are the rules for subtracting and for taking out twos, with the residues modulo 4 and 8
/// of the numbers with their signs. At the end the signs are taken away, by the rule for -1.
fn many_steps(upper: &mut [u64], lower: &mut [u64]) -> bool {
    let (mut a, mut n) = approximations(upper, lower);
    let mut of_a = [1_i64, 0];
    let mut of_n = [0_i64, 1];
    let mut sign = 0;
    for _ in 0..STEPS {
        let odd = a & 1;
        let swap = odd & u64::from(a < n);
        sign ^= swap & (a & n) >> 1;
        if swap == 1 {
            core::mem::swap(&mut a, &mut n);
            core::mem::swap(&mut of_a, &mut of_n);
        }
        let (mask, signed) = (odd.wrapping_neg(), odd.cast_signed().wrapping_neg());
        a = a.wrapping_sub(n & mask) >> 1;
        of_a = [
            of_a[0].wrapping_sub(of_n[0] & signed),
            of_a[1].wrapping_sub(of_n[1] & signed),
        ];
        of_n = of_n.map(|factor| factor << 1);
        sign ^= (n >> 1 ^ n >> 2) & 1;
    }
    let [upper_is_negative, _] = combine(upper, lower, [of_a, of_n]);
    if upper_is_negative {
        sign ^= lower[0] >> 1;
    }
    sign & 1 == 1
}

fn approximations(upper: &[u64], lower: &[u64]) -> (u64, u64) {
    let top = upper.len() - 1;
    let shift = (upper[top] | lower[top]).leading_zeros();
    let of = |number: &[u64]| {
        let high = number[top] << shift | number[top - 1] >> 1 >> (63 - shift);
        high & !LOW | number[0] & LOW
    };
    (of(upper), of(lower))
}

/// `upper` and `lower` become the absolute values of their sums with these factors, divided by 2^[`STEPS`]. Whether
/// they were negative.
///
/// The factors of a sum are at most 2^29 together, so that it is at most 2^29 times the greater number, and fits.
fn combine(upper: &mut [u64], lower: &mut [u64], factors: [[i64; 2]; 2]) -> [bool; 2] {
    let mut carries = [0_i128; 2];
    let mut previous = [0; 2];
    let length = upper.len();
    for limb in 0..=length {
        let (x, y) = if limb < length {
            (i128::from(upper[limb]), i128::from(lower[limb]))
        } else {
            (0, 0)
        };
        for (number, [of_upper, of_lower]) in factors.into_iter().enumerate() {
            carries[number] += i128::from(of_upper) * x + i128::from(of_lower) * y;
            let (low, _) = split(carries[number].cast_unsigned());
            carries[number] >>= 64;
            if limb > 0 {
                let whole = low << (64 - STEPS) | previous[number] >> STEPS;
                let place = if number == 0 { &mut *upper } else { &mut *lower };
                place[limb - 1] = whole;
            }
            previous[number] = low;
        }
    }
    let negative = carries.map(|carry| carry < 0);
    for (number, negative) in [upper, lower].into_iter().zip(negative) {
        if negative {
            let mut borrow = 0;
            for limb in number {
                (*limb, borrow) = subtract(0, *limb, borrow);
            }
        }
    }
    negative
}

/// Steps made at once.
const STEPS: usize = 29;
/// The 31 lowest bits.
const LOW: u64 = (1 << 31) - 1;

/// Shifts out the zeros at the bottom, and says how many there were; `None` for the number zero.
fn make_odd(number: &mut [u64]) -> Option<u32> {
    let mut zeros = 0;
    while number[0] == 0 {
        if number.iter().all(|&limb| limb == 0) {
            return None;
        }
        number.rotate_left(1);
        zeros += 64;
    }
    let shift = number[0].trailing_zeros();
    if shift > 0 {
        let mut above = 0;
        for limb in number.iter_mut().rev() {
            (*limb, above) = (*limb >> shift | above, *limb << (64 - shift));
        }
    }
    Some(zeros + shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Euler's criterion, for every residue of small primes, and by multiplicativity for a composite.
    #[test]
    fn small_numbers() {
        let euler = |a: u64, p: u64| (0..(p - 1) / 2).fold(1, |power, _| power * a % p);
        for p in [3, 5, 7, 11, 13, 17, 19, 257, 65537] {
            for a in 0..p.min(300) {
                let expected = match euler(a, p) {
                    0 => 0,
                    1 => 1,
                    _ => -1,
                };
                assert_eq!(symbol_vartime(&[a, 0], &[p, 0]), expected, "{a} over {p}");
            }
        }
        for a in 0..100 {
            let expected = symbol_vartime(&[a], &[7]) * symbol_vartime(&[a], &[13]);
            assert_eq!(symbol_vartime(&[a], &[91]), expected, "{a} over 91");
        }
    }
    /// Numbers that end or begin alike, that differ much in length, with common factors, and any.
    #[test]
    fn many_steps_are_so_many_single_ones() {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        for round in 0..20_000_u32 {
            let mut upper: [u64; 5] = core::array::from_fn(|_| next());
            let mut lower: [u64; 5] = core::array::from_fn(|_| next());
            match round % 10 {
                0 => upper[4] = lower[4],
                1 => upper[2..].copy_from_slice(&lower[2..]),
                2 => upper[..4].copy_from_slice(&lower[..4]),
                3 => upper[1..].fill(0),
                4 => lower[2..].fill(0),
                5 => upper[..3].fill(0),
                6 => (upper[4], lower[4]) = (u64::MAX, u64::MAX),
                7 => upper.fill(u64::MAX >> (round % 64)),
                8 => {
                    // Both are multiples of one number.
                    (upper, lower) = ([0; 5], [0; 5]);
                    let common = next() | 1;
                    for number in [&mut upper, &mut lower] {
                        let mut carry = 0;
                        for limb in &mut number[..4] {
                            let (low, high) =
                                split(u128::from(next()) * u128::from(common) + u128::from(carry));
                            (*limb, carry) = (low, high);
                        }
                        number[4] = carry;
                    }
                }
                _ => {}
            }
            lower[0] |= 1;
            let expected = one_by_one(upper, lower, false);
            assert_eq!(
                symbol_vartime(&upper, &lower),
                expected,
                "{upper:x?} over {lower:x?}"
            );
        }
    }
}
