//! The two other libraries, asked the same question, and numbers to ask about.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use num_bigint::BigUint;

/// A modulus as the two libraries see it. Every answer is that of both, or the test ends.
pub(crate) struct Oracle<const L: usize> {
    num: BigUint,
    params: BoxedMontyParams,
    bits: u32,
}

impl<const L: usize> Oracle<L> {
    pub(crate) fn new(modulus: &[u64; L]) -> Self {
        let boxed = boxed(modulus);
        Self {
            bits: boxed.bits_precision(),
            params: BoxedMontyParams::new_vartime(Odd::new(boxed).unwrap()),
            num: number(modulus),
        }
    }

    pub(crate) fn product(&self, left: &[u64; L], right: &[u64; L]) -> [u64; L] {
        let num = number(left) * number(right) % &self.num;
        let product = self.form(left).mul(&self.form(right)).retrieve();
        self.agreed(&num, &product)
    }

    pub(crate) fn power(&self, base: &[u64; L], exponent: &[u64; L], bits: u32) -> [u64; L] {
        let exponent = number(exponent) % (BigUint::from(1_u8) << bits);
        let num = number(base).modpow(&exponent, &self.num);
        let exponent = BoxedUint::from_be_slice(&padded(&exponent, 8 * L), self.bits).unwrap();
        let power = self.form(base).pow_bounded_exp(&exponent, bits).retrieve();
        self.agreed(&num, &power)
    }

    fn form(&self, value: &[u64; L]) -> BoxedMontyForm {
        let reduced = number(value) % &self.num;
        let value = BoxedUint::from_be_slice(&padded(&reduced, 8 * L), self.bits).unwrap();
        BoxedMontyForm::new(value, &self.params)
    }

    fn agreed(&self, num: &BigUint, other: &BoxedUint) -> [u64; L] {
        let bytes = other.to_be_bytes();
        assert_eq!(num, &BigUint::from_bytes_be(&bytes), "the two libraries disagree");
        let mut limbs = [0; L];
        for (limb, digit) in limbs.iter_mut().zip(num.iter_u64_digits()) {
            *limb = digit;
        }
        limbs
    }
}

/// Numbers without end, the same for the same seed. Some have long runs of zeros or ones.
pub(crate) fn numbers<const L: usize>(seed: u8) -> impl FnMut() -> [u64; L] {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    move || {
        let mut limbs = [0; L];
        let kind = rng.next_u32() % 4;
        for limb in &mut limbs {
            *limb = match (kind, rng.next_u32() % 3) {
                (0, 0) => u64::MAX,
                (0, 1) => 0,
                _ => rng.next_u64(),
            };
        }
        limbs
    }
}

/// An odd number of exactly so many bits.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn odd_modulus<const L: usize>(seed: u8, bits: u32) -> [u64; L] {
    let mut random = numbers::<L>(seed);
    let modulus = random().map(|limb| limb ^ 0x5a5a_0123_4567_89ab);
    let top = BigUint::from(1_u8) << (bits - 1);
    let modulus = ((number(&modulus) % &top) + &top) | BigUint::from(1_u8);
    let mut limbs = [0; L];
    for (limb, digit) in limbs.iter_mut().zip(modulus.iter_u64_digits()) {
        *limb = digit;
    }
    limbs
}

fn number(limbs: &[u64]) -> BigUint {
    let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

fn boxed<const L: usize>(limbs: &[u64; L]) -> BoxedUint {
    let bytes: Vec<u8> = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    BoxedUint::from_be_slice(&bytes, u32::try_from(64 * L).unwrap()).unwrap()
}

fn padded(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut padded = vec![0; length - bytes.len().min(length)];
    padded.extend(bytes);
    padded
}
