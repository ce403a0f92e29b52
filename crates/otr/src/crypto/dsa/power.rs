//! Powers modulo p with 160-bit exponents: one way for secret exponents, one for public ones.

use super::scalar::ORDER_BITS;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{MontyForm, MontyMultiplier, U192};

/// `base`^`exponent` for a secret exponent below 2^160: the time depends on neither of them.
pub(super) fn power_secret<const L: usize>(base: &FixedMontyForm<L>, exponent: &U192) -> FixedMontyForm<L> {
    base.pow_bounded_exp(exponent, ORDER_BITS)
}

/// The product of all base^exponent, for public bases modulo `modulus` and public exponents below
/// 2^160. One chain of squarings serves every base.
pub(super) fn product_of_powers<const L: usize, const N: usize>(
    modulus: &FixedMontyParams<L>,
    terms: [(&FixedMontyForm<L>, &U192); N],
) -> FixedMontyForm<L> {
    let mut multiplier = Multiplier::from(modulus);
    let mut product = FixedMontyForm::one(modulus);
    let mut started = false;
    let terms = terms.map(|(base, exponent)| (odd_powers(&mut multiplier, base), windows(exponent)));
    for position in (0..POSITIONS).rev() {
        if started {
            multiplier.square_assign(&mut product);
        }
        for (powers, windows) in &terms {
            if let Some(power) = windows[position].and_then(|index| powers.get(index)) {
                multiplier.mul_assign(&mut product, power);
                started = true;
            }
        }
    }
    product
}

type Multiplier<'a, const L: usize> = <FixedMontyForm<L> as MontyForm>::Multiplier<'a>;

/// base^1, base^3, base^5, … up to base^(2^WINDOW - 1).
fn odd_powers<const L: usize>(
    multiplier: &mut Multiplier<'_, L>,
    base: &FixedMontyForm<L>,
) -> [FixedMontyForm<L>; 1 << (WINDOW - 1)] {
    let mut square = *base;
    multiplier.square_assign(&mut square);
    let mut powers = [*base; 1 << (WINDOW - 1)];
    let mut power = *base;
    for place in powers.iter_mut().skip(1) {
        multiplier.mul_assign(&mut power, &square);
        *place = power;
    }
    powers
}

/// Writes the exponent as a sum of d·2^i with few odd d below 2^WINDOW: at place i stands (d-1)/2.
fn windows(exponent: &U192) -> [Option<usize>; POSITIONS] {
    let bit = |position: u32| usize::from(exponent.bit_vartime(position));
    let mut windows = [None; POSITIONS];
    let mut position = 0;
    while position < ORDER_BITS {
        if bit(position) == 0 {
            position += 1;
            continue;
        }
        // Bits at and above 160 are zero, so the last window needs no care.
        let index = (1..WINDOW)
            .map(|above| bit(position + above) << (above - 1))
            .sum();
        windows[position as usize] = Some(index);
        position += WINDOW;
    }
    windows
}

const WINDOW: u32 = 4;
const POSITIONS: usize = ORDER_BITS as usize;

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_bigint::{Odd, U512};
    use num_bigint::BigUint;

    const P: [u8; 64] = {
        let mut p = [0xd7; 64];
        p[63] = 0x0b;
        p
    };

    fn modulus() -> FixedMontyParams<{ U512::LIMBS }> {
        FixedMontyParams::new_vartime(Odd::new(U512::from_be_slice(&P)).unwrap())
    }

    fn element(fill: u8) -> (FixedMontyForm<{ U512::LIMBS }>, BigUint) {
        let bytes = [fill; 64];
        (
            FixedMontyForm::new(&U512::from_be_slice(&bytes), &modulus()),
            BigUint::from_bytes_be(&bytes),
        )
    }

    fn big(number: &FixedMontyForm<{ U512::LIMBS }>) -> BigUint {
        BigUint::from_bytes_be(number.retrieve().to_be_bytes().as_slice())
    }

    fn exponents() -> Vec<U192> {
        let top = U192::ONE.shl_vartime(159);
        let all = U192::ONE.shl_vartime(160).wrapping_sub(&U192::ONE);
        let mixed = U192::from_be_hex("00000000c0ffee0123456789abcdeffedcba98765432100f");
        vec![
            U192::ZERO,
            U192::ONE,
            U192::from(2_u8),
            U192::from(16_u8),
            top,
            all,
            mixed,
        ]
    }

    #[test]
    fn both_ways_agree_with_plain_arithmetic() {
        let modulus = modulus();
        let p = BigUint::from_bytes_be(&P);
        let ((a, a_plain), (b, b_plain)) = (element(0x3c), element(0x91));
        for e in exponents() {
            let e_plain = BigUint::from_bytes_be(e.to_be_bytes().as_slice());
            let expected = a_plain.modpow(&e_plain, &p);
            assert_eq!(big(&power_secret(&a, &e)), expected, "{e}");
            assert_eq!(big(&product_of_powers(&modulus, [(&a, &e)])), expected, "{e}");
            for f in exponents() {
                let f_plain = BigUint::from_bytes_be(f.to_be_bytes().as_slice());
                let expected = &expected * b_plain.modpow(&f_plain, &p) % &p;
                let ours = product_of_powers(&modulus, [(&a, &e), (&b, &f)]);
                assert_eq!(big(&ours), expected, "{e} {f}");
            }
        }
    }
}
