//! Powers modulo p with 160-bit exponents: one way for secret exponents, one for public ones.

use super::scalar::ORDER_BITS;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, MontyForm, MontyMultiplier, U192};
use zeroize::Zeroizing;

/// `base`^`exponent` for a secret exponent below 2^160: the time depends on the modulus only.
///
/// The result is meant to become public; the powers of the base that pass through memory on the
/// way are freed without being wiped.
pub(super) fn power_secret(base: &BoxedMontyForm, exponent: &U192) -> BoxedUint {
    let exponent = Zeroizing::new(BoxedUint::from(exponent));
    base.pow_bounded_exp(&exponent, ORDER_BITS).retrieve()
}

/// The product of all base^exponent, for public bases and public exponents below 2^160.
///
/// One chain of squarings serves every base. All bases belong to `modulus`.
pub(super) fn product_of_powers<const N: usize>(
    modulus: &BoxedMontyParams,
    terms: [(&BoxedMontyForm, &U192); N],
) -> BoxedMontyForm {
    let mut multiplier = Multiplier::from(modulus);
    let terms = terms.map(|(base, exponent)| (odd_powers(&mut multiplier, base), windows(exponent)));
    let mut product: Option<BoxedMontyForm> = None;
    for position in (0..POSITIONS).rev() {
        if let Some(product) = &mut product {
            multiplier.square_assign(product);
        }
        for (powers, windows) in &terms {
            let Some(power) = windows[position].and_then(|index| powers.get(index)) else {
                continue;
            };
            match &mut product {
                Some(product) => multiplier.mul_assign(product, power),
                None => product = Some(power.clone()),
            }
        }
    }
    product.unwrap_or_else(|| BoxedMontyForm::one(modulus))
}

type Multiplier<'a> = <BoxedMontyForm as MontyForm>::Multiplier<'a>;

/// base^1, base^3, base^5, … up to base^(2^WINDOW - 1).
fn odd_powers(multiplier: &mut Multiplier<'_>, base: &BoxedMontyForm) -> Vec<BoxedMontyForm> {
    let mut square = base.clone();
    multiplier.square_assign(&mut square);
    let mut power = base.clone();
    let mut powers = vec![base.clone()];
    for _ in 1..1 << (WINDOW - 1) {
        multiplier.mul_assign(&mut power, &square);
        powers.push(power.clone());
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
    use crypto_bigint::Odd;
    use num_bigint::BigUint;

    const P: [u8; 64] = {
        let mut p = [0xd7; 64];
        p[63] = 0x0b;
        p
    };

    fn modulus() -> BoxedMontyParams {
        BoxedMontyParams::new_vartime(Odd::new(BoxedUint::from_be_slice(&P, 512).unwrap()).unwrap())
    }

    fn element(modulus: &BoxedMontyParams, fill: u8) -> (BoxedMontyForm, BigUint) {
        let number = BoxedUint::from_be_slice(&[fill; 64], 512).unwrap();
        (
            BoxedMontyForm::new(number, modulus),
            BigUint::from_bytes_be(&[fill; 64]),
        )
    }

    fn big(number: &BoxedUint) -> BigUint {
        BigUint::from_bytes_be(&number.to_be_bytes())
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
        let ((a, a_plain), (b, b_plain)) = (element(&modulus, 0x3c), element(&modulus, 0x91));
        for e in exponents() {
            let e_plain = BigUint::from_bytes_be(e.to_be_bytes().as_slice());
            let expected = a_plain.modpow(&e_plain, &p);
            assert_eq!(big(&power_secret(&a, &e)), expected, "{e}");
            assert_eq!(
                big(&product_of_powers(&modulus, [(&a, &e)]).retrieve()),
                expected,
                "{e}"
            );
            for f in exponents() {
                let f_plain = BigUint::from_bytes_be(f.to_be_bytes().as_slice());
                let expected = &expected * b_plain.modpow(&f_plain, &p) % &p;
                let ours = product_of_powers(&modulus, [(&a, &e), (&b, &f)]).retrieve();
                assert_eq!(big(&ours), expected, "{e} {f}");
            }
        }
    }
}
