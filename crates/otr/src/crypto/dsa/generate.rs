//! New group parameters and a new key.

use super::group::is_one;
use super::public::PublicKey;
use super::scalar::{ORDER_BITS, Order, limbs_of};
use crypto_bigint::{CheckedAdd, NonZero, Odd, U192, U256, U1024};
use crypto_primes::{Flavor, is_prime, random_prime};
use otr_arith::{Modulus1024, Term};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// p of 1024 bits, q of 160 bits, a generator of the subgroup, and a key in it.
pub(super) fn generate(rng: &mut dyn CryptoRng) -> (PublicKey, Box<Zeroizing<U192>>) {
    loop {
        if let Some(pair) = attempt(rng) {
            return pair;
        }
    }
}

fn attempt(rng: &mut dyn CryptoRng) -> Option<(PublicKey, Box<Zeroizing<U192>>)> {
    let q = Odd::new(random_prime::<U192, _>(rng, Flavor::Any, ORDER_BITS)).into_option()?;
    let p = modulus(&q, rng)?;
    let modulus = Modulus1024::new(&limbs(p.as_ref()))?;
    let generator = generator(&modulus, &p, &q);
    let secret = secret(&q, rng)?;
    let value = modulus.power(&generator, limbs_of(&secret).as_slice(), ORDER_BITS);
    let public = PublicKey::assemble(Order::new(q), modulus, generator, *value);
    Some((public, secret))
}

/// The first prime 1 + i·2q above a random place between 2^1023 and 2^1024. `None` in the rare case
/// that there is none before 2^1024 or within reason.
fn modulus(q: &Odd<U192>, rng: &mut dyn CryptoRng) -> Option<Odd<U1024>> {
    let mut bytes = [0; U1024::BYTES];
    rng.fill_bytes(&mut bytes);
    bytes[0] |= 0x80;
    let place = U1024::from_be_slice(&bytes);
    let step: U1024 = q.as_ref().resize::<{ U1024::LIMBS }>().wrapping_shl_vartime(1);
    let past = place.rem_vartime(&NonZero::new(step).into_option()?);
    let mut candidate = place.wrapping_sub(&past).wrapping_add(&U1024::ONE);
    let mut sieve = Sieve::new(&candidate, &step);
    for _ in 0..MAX_CANDIDATES {
        candidate = candidate.checked_add(&step).into_option()?;
        if sieve.advance() {
            continue;
        }
        let odd = Odd::new(candidate).into_option()?;
        if passes_fermat(&odd) && is_prime(Flavor::Any, &candidate) {
            return Some(odd);
        }
    }
    None
}

/// Remainders of an arithmetic progression by small primes.
struct Sieve {
    primes: Vec<u32>,
    remainders: Vec<u32>,
    steps: Vec<u32>,
}

impl Sieve {
    fn new(start: &U1024, step: &U1024) -> Self {
        let primes = small_primes();
        Self {
            remainders: remainders(start, &primes),
            steps: remainders(step, &primes),
            primes,
        }
    }

    /// Takes one step. True if the number there has a small factor.
    fn advance(&mut self) -> bool {
        let mut divisible = false;
        for ((remainder, step), prime) in self.remainders.iter_mut().zip(&self.steps).zip(&self.primes) {
            // Two remainders below 2^16: no overflow, and without a check for it this is vector code.
            let sum = remainder.wrapping_add(*step);
            *remainder = sum.min(sum.wrapping_sub(*prime));
            divisible |= *remainder == 0;
        }
        divisible
    }
}

/// `number` modulo each of `primes`, which are below 2^16.
#[expect(clippy::cast_possible_truncation, reason = "a remainder by a u32 fits one")]
fn remainders(number: &U1024, primes: &[u32]) -> Vec<u32> {
    let bytes = number.to_be_bytes();
    let (words, _) = bytes.as_slice().as_chunks::<4>();
    let mut remainders = Vec::with_capacity(primes.len());
    // Two primes share one long division.
    for pair in primes.chunks(2) {
        let product = pair.iter().map(|&prime| u64::from(prime)).product::<u64>();
        let rest = words.iter().fold(0, |rest, word| {
            (rest << 32 | u64::from(u32::from_be_bytes(*word))) % product
        });
        remainders.extend(pair.iter().map(|&prime| (rest % u64::from(prime)) as u32));
    }
    remainders
}

/// The odd primes below [`SIEVE_BOUND`].
fn small_primes() -> Vec<u32> {
    let mut composite = vec![false; SIEVE_BOUND as usize];
    let mut primes = Vec::new();
    for number in (3..SIEVE_BOUND).step_by(2) {
        if !composite[number as usize] {
            primes.push(number);
            composite
                .iter_mut()
                .step_by(number as usize)
                .for_each(|mark| *mark = true);
        }
    }
    primes
}

/// Fermat's test to base 2, for a candidate of 1024 bits: nearly every composite fails it.
fn passes_fermat(candidate: &Odd<U1024>) -> bool {
    let exponent = candidate.as_ref().wrapping_sub(&U1024::ONE);
    Modulus1024::new(&limbs(candidate.as_ref()))
        .is_some_and(|modulus| is_one(&public_power(&modulus, 2, &limbs(&exponent))))
}

/// h^((p-1)/q) for the first h that does not give 1: an element of order q.
fn generator(modulus: &Modulus1024, p: &Odd<U1024>, q: &Odd<U192>) -> [u64; 16] {
    let exponent = limbs(&p.as_ref().wrapping_div_vartime(q.as_nz_ref()));
    let mut base = 2;
    loop {
        let power = public_power(modulus, base, &exponent);
        if !is_one(&power) {
            return power;
        }
        base += 1;
    }
}

/// The power of a small base, where nothing is secret.
fn public_power(modulus: &Modulus1024, base: u64, exponent: &[u64; 16]) -> [u64; 16] {
    let mut number = [0; 16];
    number[0] = base;
    let term = Term {
        base: &number,
        exponent,
        bits: U1024::BITS,
    };
    *modulus.power_product_vartime(&[term])
}

/// The limbs of a public number, whatever the word of this processor.
fn limbs(number: &U1024) -> [u64; 16] {
    let bytes = number.to_le_bytes();
    let mut limbs = [0; 16];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_slice().as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

/// Uniform in 1..q up to a bias of 2^-96, in a time that does not depend on the outcome. Never
/// `None`, as q - 1 is not zero.
fn secret(q: &Odd<U192>, rng: &mut dyn CryptoRng) -> Option<Box<Zeroizing<U192>>> {
    let mut bytes = Zeroizing::new([0; U256::BYTES]);
    rng.fill_bytes(&mut *bytes);
    let wide = Zeroizing::new(U256::from_be_slice(&*bytes));
    let count = NonZero::new(q.as_ref().wrapping_sub(&U192::ONE)).into_option()?;
    Some(Box::new(Zeroizing::new(
        wide.rem(&count).wrapping_add(&U192::ONE),
    )))
}

/// Primes beyond this cost more than the tests they save.
const SIEVE_BOUND: u32 = 1 << 16;
/// One candidate in 355 is prime, so that this many are all composite once in e^46.
const MAX_CANDIDATES: u32 = 1 << 14;

#[cfg(test)]
mod tests {
    use super::super::PrivateKey;
    use super::super::scalar::narrow;
    use super::*;
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;

    #[test]
    fn the_sieve_hits_exactly_the_numbers_with_a_small_factor() {
        let mut start = U1024::from(1_000_000_007_u64)
            .wrapping_shl_vartime(900)
            .wrapping_add(&U1024::ONE);
        let step = U1024::from(6_700_417_u64 * 2);
        let mut sieve = Sieve::new(&start, &step);
        for _ in 0..300 {
            start = start.wrapping_add(&step);
            let small = small_primes().into_iter().any(|prime| {
                let prime = NonZero::new(U1024::from(prime)).unwrap();
                start.rem_vartime(&prime) == U1024::ZERO
            });
            assert_eq!(sieve.advance(), small);
        }
    }

    #[test]
    fn the_small_primes_are_all_there() {
        let primes = small_primes();
        assert_eq!(primes.len(), 6541);
        assert_eq!(primes[..5], [3, 5, 7, 11, 13]);
        assert_eq!(primes.last(), Some(&65521));
    }

    #[test]
    fn parameters_are_what_dsa_asks_for() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..3 {
            let (key, x) = generate(&mut rng);
            let [p, q, g, _] = key.parts();
            assert_eq!((p.len(), p[0] >> 7), (128, 1));
            assert_eq!((q.len(), q[0] >> 7), (20, 1));
            assert!(is_prime(Flavor::Any, &U1024::from_be_slice(p)));
            assert!(is_prime(Flavor::Any, key.order.as_uint()));
            assert!(g.len() > 100);
            let (x, [p, q, g, y]) = (narrow(&x), key.parts());
            assert_eq!(PrivateKey::from_parts(p, q, g, y, &x).unwrap().public(), &key);
        }
    }

    #[test]
    fn fermat_tells_a_prime_from_its_neighbour() {
        // 2^1024 - 105 is the largest prime of 1024 bits.
        let prime = U1024::MAX.wrapping_sub(&U1024::from(104_u8));
        assert!(passes_fermat(&Odd::new(prime).unwrap()));
        assert!(!passes_fermat(
            &Odd::new(prime.wrapping_add(&U1024::from(2_u8))).unwrap()
        ));
    }
}
