//! The numbers themselves: powers, products and quotients modulo p, and the little that is needed modulo q.
//!
//! Everything takes and gives plain integers; powers and products are computed by `otr_arith`. Unless a function says otherwise
//! its time depends on no value, only on the number of exponent bits that it was told to look at.

use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams};
use crypto_bigint::{U1536, Uint, const_monty_params};
use otr_arith::{Group, Term, group_1536};
use zeroize::{Zeroize, Zeroizing};

// The parameters of both moduli are worked out by the compiler.
const_monty_params!(
    P,
    U1536,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
     ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
     83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff",
    "The prime p of RFC 3526, section 2: 1536 bits."
);
const_monty_params!(
    Q,
    U1536,
    "7fffffffffffffffe487ed5110b4611a62633145c06e0e68948127044533e63a0105df531d89cd9128a5043cc71a026e\
     f7ca8cd9e69d218d98158536f92f8a1ba7f09ab6b6a8e122f242dabb312f3f637a262174d31bf6b585ffae5b7a035bf6\
     f71c35fdad44cfd2d74f9208be258ff324943328f6722d9ee1003e5c50b1df82cc6d241b0e2ae9cd348b1fd47e9267af\
     c1b2ae91ee51d6cb0e3179ab1042a95dcf6a9483b84b4b36b3861aa7255e4c0278ba36046511b993ffffffffffffffff",
    "The order q = (p - 1) / 2 of the subgroup that 2 generates; a prime too."
);

type ModP = ConstMontyForm<P, { U1536::LIMBS }>;
type ModQ = ConstMontyForm<Q, { U1536::LIMBS }>;

/// Whether 2 <= `value` <= p - 2. Variable time: for numbers that came over the wire.
pub(super) fn in_range(value: &U1536) -> bool {
    value.cmp_vartime(&U1536::ONE).is_gt() && value.cmp_vartime(&P_LESS_ONE).is_lt()
}

/// Whether 0 < `value` < p is a square, which is to be one of the q powers of 2. Variable time.
pub(super) fn is_square(value: &U1536) -> bool {
    group().modulus().is_square_vartime(&limbs(value))
}

/// 2 to the `exponent`, of which the `bits` lowest bits are looked at.
pub(super) fn power_of_two<const LIMBS: usize>(exponent: &Uint<LIMBS>, bits: u32) -> Zeroizing<U1536> {
    #[cfg(feature = "hazmat")]
    super::tally::count(|powers| powers.of_two += 1);
    number(&group().power_of_two(limbs(exponent).as_slice(), bits))
}

/// `base` to the `exponent`, of which the `bits` lowest bits are looked at.
pub(super) fn power<const LIMBS: usize>(base: &U1536, exponent: &Uint<LIMBS>, bits: u32) -> Zeroizing<U1536> {
    #[cfg(feature = "hazmat")]
    super::tally::count(|powers| powers.of_any += 1);
    let (base, exponent) = (limbs(base), limbs(exponent));
    number(&group().modulus().power(&base, exponent.as_slice(), bits))
}

/// The product of two powers, each a base, an exponent and the bits of it that are looked at; for little more than the
/// price of one, as the squarings are shared.
pub(super) fn power_product(factors: &[(&U1536, &U1536, u32); 2]) -> Zeroizing<U1536> {
    #[cfg(feature = "hazmat")]
    super::tally::count(|powers| powers.products += 1);
    let numbers = factors.map(|(base, exponent, _)| (limbs(base), limbs(exponent)));
    let term = |index: usize| Term {
        base: &numbers[index].0,
        exponent: numbers[index].1.as_slice(),
        bits: factors[index].2,
    };
    number(&group().modulus().power_product(&[term(0), term(1)]))
}

/// Two powers of one base with full-size exponents, cheaper than one after the other.
pub(super) fn two_powers(base: &U1536, exponents: [&U1536; 2]) -> [Zeroizing<U1536>; 2] {
    #[cfg(feature = "hazmat")]
    super::tally::count(|powers| powers.pairs += 1);
    let modulus = group().modulus();
    let prepared = modulus.fixed_base(&limbs(base), U1536::BITS, 4);
    exponents.map(|exponent| number(&modulus.fixed_power(&prepared, limbs(exponent).as_slice())))
}

/// `left` times `right`.
pub(super) fn product(left: &U1536, right: &U1536) -> Zeroizing<U1536> {
    number(&group().modulus().product(&limbs(left), &limbs(right)))
}

/// `left` times the inverse of `right`, which must not be zero modulo p; zero if it is.
pub(super) fn quotient(left: &U1536, right: &U1536) -> Zeroizing<U1536> {
    let inverse = ModP::new(right).invert().unwrap_or(ModP::ZERO);
    Zeroizing::new(ModP::new(left).mul(&inverse).retrieve())
}

/// Whether 1 <= `value` < q.
pub(super) fn is_exponent(value: &U1536) -> bool {
    bool::from(value.is_nonzero()) && value < Q::PARAMS.modulus().as_ref()
}

/// `high` times 2^1536 plus `low`, modulo q. `high` must be below q; `low` may be anything.
pub(super) fn reduce_wide(high: &U1536, low: &U1536) -> Zeroizing<U1536> {
    // 2^1536 = (2^1536 - 1) + 1
    let shift = ModQ::new(&U1536::MAX).add(&ModQ::ONE);
    Zeroizing::new(ModQ::new(high).mul(&shift).add(&ModQ::new(low)).retrieve())
}

/// `r` - `a` times `c`, modulo q.
pub(super) fn subtract_product(r: &U1536, a: &U1536, c: &U1536) -> Zeroizing<U1536> {
    let product = Zeroizing::new(ModQ::new(a).mul(&ModQ::new(c)));
    Zeroizing::new(ModQ::new(r).sub(&product).retrieve())
}

fn group() -> &'static Group<LIMBS, VECTORS> {
    group_1536()
}

/// The number as limbs of 64 bits, whatever the word of this processor.
fn limbs<const WORDS: usize>(number: &Uint<WORDS>) -> Zeroizing<[u64; LIMBS]> {
    let mut bytes = number.to_le_bytes();
    let mut limbs = Zeroizing::new([0; LIMBS]);
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_slice().as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    bytes.as_mut_slice().zeroize();
    limbs
}

fn number(limbs: &[u64; LIMBS]) -> Zeroizing<U1536> {
    let mut bytes = Zeroizing::new([0; U1536::BYTES]);
    for (bytes, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(limbs) {
        *bytes = limb.to_le_bytes();
    }
    Zeroizing::new(U1536::from_le_slice(bytes.as_slice()))
}

/// Once for all: every message announces a number that has to be below it.
const P_LESS_ONE: U1536 = P::PARAMS.modulus().as_ref().wrapping_sub(&U1536::ONE);
/// Limbs of a number modulo p.
const LIMBS: usize = 24;
/// Vectors of such a number, where there are vectors.
const VECTORS: usize = 4;
