//! The kernel for processors on which ours has not been measured: the Montgomery arithmetic of `crypto-bigint`.
//!
//! Its results are below p wherever one factor is: a product of a < R and b < p, reduced by Montgomery, is below 2 p, and
//! `crypto-bigint` takes p off once.

use crypto_bigint::Uint;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};

use crate::kernel::Kernel;
use crate::limbs::{bits_vartime, choose};

/// An odd modulus of at most 64 `L` bits.
#[derive(Clone)]
pub(crate) struct Audited<const L: usize> {
    modulus: [u64; L],
    params: FixedMontyParams<L>,
}

impl<const L: usize> Audited<L> {
    /// `None` unless the modulus is odd and at least 3. Variable time: a modulus is public.
    pub(crate) fn new(modulus: &[u64; L]) -> Option<Self> {
        if bits_vartime(modulus) < 2 {
            return None;
        }
        let odd = Uint::from_words(*modulus).to_odd().into_option()?;
        Some(Self {
            modulus: *modulus,
            params: FixedMontyParams::new_vartime(odd),
        })
    }

    pub(crate) fn modulus(&self) -> &[u64; L] {
        &self.modulus
    }

    fn form(&self, number: &[u64; L]) -> FixedMontyForm<L> {
        FixedMontyForm::from_montgomery(Uint::from_words(*number), &self.params)
    }
}

impl<const L: usize> Kernel<L> for Audited<L> {
    type Number = [u64; L];

    fn enter(&self, value: &[u64; L]) -> [u64; L] {
        FixedMontyForm::new(&Uint::from_words(*value), &self.params)
            .as_montgomery()
            .to_words()
    }

    fn leave(&self, number: &[u64; L]) -> [u64; L] {
        self.form(number).retrieve().to_words()
    }

    fn one(&self) -> [u64; L] {
        self.params.one().to_words()
    }

    fn multiply(&self, number: &mut [u64; L], factor: &[u64; L]) {
        let product = self.form(number).mul(&self.form(factor));
        *number = product.as_montgomery().to_words();
    }

    fn square(&self, number: &mut [u64; L], times: u32) {
        let power = self.form(number).square_repeat_vartime(times);
        *number = power.as_montgomery().to_words();
    }

    fn select(&self, found: &mut [u64; L], table: &[[u64; L]], index: u64) {
        choose(found, table, index);
    }
}

// On x86-64 this kernel is compiled for nothing but these. Elsewhere it is what `tests/powers.rs` tests.
#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::Audited;
    use crate::comb::Shape;
    use crate::kernel::Kernel;
    use crate::portable::Portable;
    use crate::window::{Factor, product, product_vartime};

    const EDGES: [u64; 5] = [0, 1, u64::MAX, 1 << 63, u64::MAX - 1];

    /// Numbers of every combination of edges in the lowest, the middle and the highest limb.
    fn numbers() -> Vec<[u64; 16]> {
        let mut found = Vec::new();
        for choice in 0..125_usize {
            let mut number = [0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(choice as u64); 16];
            number[0] = EDGES[choice % 5];
            number[8] = EDGES[choice / 5 % 5];
            number[15] = EDGES[choice / 25];
            found.push(number);
        }
        found
    }

    fn odd_numbers() -> impl Iterator<Item = [u64; 16]> {
        numbers().into_iter().skip(1).map(|mut number| {
            number[0] |= 1;
            number
        })
    }

    #[test]
    fn both_plain_kernels_say_the_same() {
        for p in odd_numbers().step_by(4) {
            let (ours, theirs) = (Portable::new(&p).unwrap(), Audited::new(&p).unwrap());
            assert_eq!(theirs.modulus(), &p);
            assert_eq!(ours.one(), theirs.one());
            for left in numbers() {
                let entered = theirs.enter(&left);
                assert_eq!(ours.enter(&left), entered, "{left:x?} modulo {p:x?}");
                assert_eq!(ours.leave(&entered), theirs.leave(&entered));
                for right in numbers().iter().step_by(7) {
                    // One factor may be any number, as where plain numbers are multiplied.
                    let (mut a, mut b) = (entered, entered);
                    ours.multiply(&mut a, right);
                    theirs.multiply(&mut b, right);
                    assert_eq!(a, b, "{left:x?} times {right:x?} modulo {p:x?}");
                }
                let (mut a, mut b) = (entered, entered);
                ours.square(&mut a, 3);
                theirs.square(&mut b, 3);
                assert_eq!(a, b);
            }
        }
    }

    #[test]
    fn powers_are_the_same_by_either() {
        let (p, numbers) = ([0x7fff_ffff_ffff_fff1; 16], numbers());
        let (ours, theirs) = (Portable::new(&p).unwrap(), Audited::new(&p).unwrap());
        for (base, exponent) in numbers.iter().zip(numbers.iter().rev()) {
            let bits = 160;
            let factors = || {
                [
                    Factor { base, exponent, bits },
                    Factor {
                        base: exponent,
                        exponent: base,
                        bits: 77,
                    },
                ]
            };
            let expected = product(&ours, &factors());
            assert_eq!(product(&theirs, &factors()), expected);
            assert_eq!(product_vartime(&theirs, &factors()), expected);
            let shape = Shape::new(bits, 2);
            let power = shape.power(&theirs, &shape.tables(&theirs, base), exponent);
            assert_eq!(power, shape.power(&ours, &shape.tables(&ours, base), exponent));
        }
    }

    #[test]
    fn a_modulus_is_odd_and_at_least_three() {
        for bad in [[0; 16], [2; 16], {
            let mut one = [0; 16];
            one[0] = 1;
            one
        }] {
            assert!(Audited::new(&bad).is_none());
        }
    }
}
