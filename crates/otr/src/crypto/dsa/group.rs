//! The numbers of a key modulo p, at one of two widths.

use std::sync::{Arc, OnceLock};

use super::public::BadPublicKey;
use super::scalar::{ORDER_BITS, Order, limbs_of};
use crypto_bigint::U192;
use otr_arith::{FixedBase, Modulus, Term};

/// p, g and y of a key.
///
/// Every key in use has a p of 1024 bits; the wide form is for those which somebody may have made
/// larger. Smaller ones cost as much as 1024 bits.
#[derive(Clone)]
pub(super) enum Group {
    Usual(Box<Elements<16, 3>>),
    Wide(Box<Elements<48, 8>>),
}

/// p, g and y as numbers of `L` limbs.
#[derive(Clone)]
pub(super) struct Elements<const L: usize, const V: usize> {
    modulus: Modulus<L, V>,
    generator: [u64; L],
    value: [u64; L],
    /// For powers of g: made for the first signature, so that only keys of our own have it.
    signing: OnceLock<Arc<FixedBase<L, V>>>,
}

impl Group {
    /// Makes the checks of [`PublicKey::from_parts`](super::PublicKey::from_parts) on integers
    /// without leading zeros.
    pub(super) fn checked(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Result<(Self, Order), BadPublicKey> {
        if p.len() <= USUAL_LEN {
            let (elements, order) = Elements::checked(p, q, g, y)?;
            Ok((Self::Usual(Box::new(elements)), order))
        } else {
            let (elements, order) = Elements::checked(p, q, g, y)?;
            Ok((Self::Wide(Box::new(elements)), order))
        }
    }

    /// g^exponent mod p mod q for a secret exponent.
    pub(super) fn generator_power(&self, exponent: &U192, order: &Order) -> U192 {
        match self {
            Self::Usual(elements) => elements.generator_power(exponent, order),
            Self::Wide(elements) => elements.generator_power(exponent, order),
        }
    }

    /// g^a · y^b mod p mod q for public exponents.
    pub(super) fn product(&self, a: &U192, b: &U192, order: &Order) -> U192 {
        match self {
            Self::Usual(elements) => elements.product(a, b, order),
            Self::Wide(elements) => elements.product(a, b, order),
        }
    }

    /// Whether y is g^secret.
    pub(super) fn belongs_to(&self, secret: &U192) -> bool {
        match self {
            Self::Usual(elements) => elements.belongs_to(secret),
            Self::Wide(elements) => elements.belongs_to(secret),
        }
    }
}

impl<const L: usize, const V: usize> Elements<L, V> {
    pub(super) fn new(modulus: Modulus<L, V>, generator: [u64; L], value: [u64; L]) -> Self {
        Self {
            modulus,
            generator,
            value,
            signing: OnceLock::new(),
        }
    }

    fn checked(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Result<(Self, Order), BadPublicKey> {
        let long_enough = p.len() > MIN_MODULUS_LEN || p.len() == MIN_MODULUS_LEN && p[0] >> 7 == 1;
        let odd = p.last().is_some_and(|last| last & 1 == 1);
        let modulus = number::<L>(p).filter(|_| long_enough && odd);
        let modulus = modulus.ok_or(BadPublicKey::Modulus)?;
        let order = Order::from_be_bytes(q)
            .filter(|q| q.reduce(p).retrieve() == U192::ONE)
            .ok_or(BadPublicKey::Order)?;
        let in_range = |bytes| number(bytes).filter(|n| exceeds_one(n) && is_below(n, &modulus));
        let generator = in_range(g).ok_or(BadPublicKey::Generator)?;
        let value = in_range(y).ok_or(BadPublicKey::Value)?;
        let modulus = Modulus::new(&modulus).ok_or(BadPublicKey::Modulus)?;
        let exponent = limbs_of(order.as_uint());
        let in_subgroup = |base: &[u64; L]| is_one(&modulus.power_product_vartime(&[term(base, &exponent)]));
        if !in_subgroup(&generator) {
            return Err(BadPublicKey::Generator);
        }
        if !in_subgroup(&value) {
            return Err(BadPublicKey::Value);
        }
        Ok((Self::new(modulus, generator, value), order))
    }

    fn generator_power(&self, exponent: &U192, order: &Order) -> U192 {
        let base = self.signing.get_or_init(|| {
            let base = self
                .modulus
                .fixed_base(&self.generator, ORDER_BITS, SIGNING_TABLES);
            Arc::new(base)
        });
        let power = self.modulus.fixed_power(base, limbs_of(exponent).as_slice());
        order.reduce(&be_bytes(&power)).retrieve()
    }

    fn product(&self, a: &U192, b: &U192, order: &Order) -> U192 {
        let exponents = [limbs_of(a), limbs_of(b)];
        let terms = [
            term(&self.generator, &exponents[0]),
            term(&self.value, &exponents[1]),
        ];
        let product = self.modulus.power_product_vartime(&terms);
        order.reduce(&be_bytes(&product)).retrieve()
    }

    fn belongs_to(&self, secret: &U192) -> bool {
        let exponent = limbs_of(secret);
        *self
            .modulus
            .power(&self.generator, exponent.as_slice(), ORDER_BITS)
            == self.value
    }
}

/// A power of a public number with an exponent of the length of q.
fn term<'a, const L: usize>(base: &'a [u64; L], exponent: &'a [u64; 3]) -> Term<'a, L> {
    Term {
        base,
        exponent,
        bits: ORDER_BITS,
    }
}

/// A big-endian integer without leading zeros, if it fits.
fn number<const L: usize>(bytes: &[u8]) -> Option<[u64; L]> {
    let mut limbs = [0; L];
    if bytes.len() > 8 * L {
        return None;
    }
    for (limb, bytes) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = bytes.iter().fold(0, |limb, &byte| limb << 8 | u64::from(byte));
    }
    Some(limbs)
}

/// The number as a big-endian integer of fixed length.
pub(super) fn be_bytes<const L: usize>(limbs: &[u64; L]) -> Vec<u8> {
    limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

pub(super) fn is_one<const L: usize>(number: &[u64; L]) -> bool {
    number[0] == 1 && number[1..].iter().all(|&limb| limb == 0)
}

fn exceeds_one<const L: usize>(number: &[u64; L]) -> bool {
    number[0] > 1 || number[1..].iter().any(|&limb| limb != 0)
}

fn is_below<const L: usize>(number: &[u64; L], bound: &[u64; L]) -> bool {
    number.iter().rev().lt(bound.iter().rev())
}

/// Bytes in the p of every key in use.
const USUAL_LEN: usize = 128;
/// 512 bits.
const MIN_MODULUS_LEN: usize = 64;
/// Tables for powers of g: 16 columns each, and 12 KiB together.
const SIGNING_TABLES: u32 = 2;
