//! The Jacobi symbol: for a prime modulus it says whether a number is a square. Variable time.

use crate::limbs::{bits_vartime, subtract};

/// The Jacobi symbol of `value` over the odd `modulus`: 1, -1, or 0 if they have a common factor.
///
/// The binary method: twos are taken out of the upper number, the smaller one is put below, and subtracted. All the
/// rules for the sign look at the three lowest bits only.
pub(crate) fn symbol_vartime<const L: usize>(value: &[u64; L], modulus: &[u64; L]) -> i8 {
    let (mut upper, mut lower) = (*value, *modulus);
    let mut negative = false;
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
}
