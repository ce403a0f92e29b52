//! Does the time of an operation tell anything about its secret? A statistical look, run by hand, output under
//! `docs/evidence`:
//!
//! ```sh
//! cargo run --release -p chatham-otr --example timing            # 10^6 products and comparisons, 10^5 powers
//! cargo run --release -p chatham-otr --example timing 10000 1000 # fewer
//! cargo run --release -p chatham-otr --example timing 1000 100000 v4  # version 4 alone
//! ```
//!
//! Each line compares two kinds of secrets (after "Dude, is my code constant time?", Reparaz, Balasch and Verbauwhede): one
//! fixed value, chosen to be extreme, and random ones, in random order, all prepared beforehand and lying in memory
//! alike. t is Welch's, for all samples and for those below some percentiles; |t| above 4.5 is suspicious, above 10 a
//! leak. The last lines are controls that do leak, to show that a leak would be seen.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use otr::PrivateKey;
use otr::crypto::dh3072;
use otr::crypto::ed448::{KeyPair, Point, Scalar};
use otr::crypto::legacy::ct_eq;
use otr::crypto::modp::{DhPublic, DhSecret};
use otr::crypto::ring_signature;
use otr_arith::{Modulus, Modulus1024, Modulus1536, Term, group_1536, uses_ifma};

fn main() {
    let mut counts = std::env::args().skip(1).map(|count| count.parse().unwrap());
    let many: usize = counts.next().unwrap_or(1_000_000);
    let few: usize = counts.next().unwrap_or(100_000);
    println!(
        "AVX-512 IFMA: {}; |t| for all, 99, 90, 50 and 20 percent of the samples",
        uses_ifma()
    );
    if std::env::args().nth(3).as_deref() == Some("v4") {
        version_four(few);
        return controls(few);
    }
    let p = group_1536().modulus().value();
    if uses_ifma() {
        kernel("IFMA, 1536 bits", &Modulus1536::new(p).unwrap(), 320, many, few);
        kernel(
            "IFMA, 1024 bits",
            &Modulus1024::new(&odd()).unwrap(),
            160,
            many,
            few,
        );
    }
    kernel(
        "portable, 1536 bits",
        &Modulus1536::portable(p).unwrap(),
        320,
        many,
        few,
    );
    kernel(
        "portable, 1024 bits",
        &Modulus1024::portable(&odd()).unwrap(),
        160,
        many,
        few,
    );
    protocol(many, few);
    version_four(few);
    controls(few);
}

fn kernel<const L: usize, const V: usize>(
    name: &str,
    modulus: &Modulus<L, V>,
    bits: u32,
    many: usize,
    few: usize,
) {
    let other = [0x9e37_79b9_7f4a_7c15; L];
    let (one, mut small) = ([1], [0; L]);
    small[0] = 1;
    // Both a factor that is nothing but zeros and ones, and one that is nothing but ones.
    for (what, extreme) in [("1", small), ("all ones", [u64::MAX; L])] {
        compare(
            &format!("{name}: product, factor {what}"),
            many,
            extreme,
            limbs,
            |factor| {
                let term = |base| Term {
                    base,
                    exponent: &one,
                    bits: 1,
                };
                modulus.power_product_vartime(&[term(factor), term(&other)])[0]
            },
        );
    }
    for (what, extreme) in [("sparse", small), ("dense", [u64::MAX; L])] {
        compare(
            &format!("{name}: power, exponent {what}"),
            few,
            extreme,
            limbs,
            |exponent| modulus.power(&other, exponent, bits)[0],
        );
        compare(
            &format!("{name}: power, base {what}"),
            few,
            extreme,
            limbs,
            |base| modulus.power(base, &other, bits)[0],
        );
    }
    let base = modulus.fixed_base(&other, bits, 4);
    compare(
        &format!("{name}: fixed base, exponent sparse"),
        few,
        small,
        limbs,
        |exponent| modulus.fixed_power(&base, exponent)[0],
    );
}

fn protocol(many: usize, few: usize) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let secret = [0x5a; 20];
    // Equal but for the last byte against random: an early end would show.
    let mut near = secret;
    near[19] ^= 1;
    compare(
        "comparison of authenticators, nearly equal",
        many,
        near,
        bytes,
        |given| u64::from(ct_eq(&secret, given)),
    );
    let theirs = DhSecret::generate(&mut rng).public();
    let mut one = [0; 40];
    one[39] = 1;
    compare("D-H secret, exponent 1", few, one, bytes, |exponent| {
        agree(exponent, &theirs)
    });
    // Not 1, whose power 2 is short: the length of a public key shows, as it goes over the wire.
    let mut top = [0; 40];
    top[0] = 0x80;
    compare("D-H public key, exponent 2^319", few, top, bytes, |exponent| {
        u64::from(DhSecret::from_bytes(exponent).unwrap().public().to_be_bytes()[5])
    });
    let key = PrivateKey::generate(&mut rng);
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    compare("signature, message of zeros", few, [0; 32], bytes, |message| {
        u64::from(key.sign(message, &mut rng)[0])
    });
}

fn version_four(few: usize) {
    let mut scalar_one = [0; 57];
    scalar_one[0] = 1;
    let point = Point::base_mul(&Scalar::random(&mut ChaCha20Rng::from_seed([3; 32])));
    compare("Ed448, base point, scalar 1", few, scalar_one, bytes, |scalar| {
        u64::from(Point::base_mul(&Scalar::from_le_bytes_reduced(scalar)).encode()[7])
    });
    compare(
        "Ed448, another point, scalar 1",
        few,
        scalar_one,
        bytes,
        |scalar| u64::from(point.mul(&Scalar::from_le_bytes_reduced(scalar)).encode()[7]),
    );
    let theirs = dh3072::DhSecret::from_bytes(&[3; 80]).unwrap().public();
    let mut one = [0; 80];
    one[79] = 1;
    compare("3072-bit D-H secret, exponent 1", few, one, bytes, |exponent| {
        let secret = dh3072::DhSecret::from_bytes(exponent).unwrap();
        u64::from(secret.agree(&theirs).as_bytes()[7])
    });
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let keys = [(); 3].map(|()| KeyPair::generate(&mut rng));
    let ring = keys.each_ref().map(KeyPair::public);
    let place = |rng: &mut ChaCha20Rng| (rng.next_u32() % 3) as usize;
    compare("ring signature, in the first place", few, 0, place, |&place| {
        let signature = ring_signature::sign(&keys[place], ring, b"message", &mut rng);
        u64::from(signature.unwrap()[7])
    });
    let sparse = Scalar::from_le_bytes_reduced(&[1]);
    compare(
        "CONTROL: Ed448 in variable time, scalar 1",
        few / 10,
        scalar_one,
        bytes,
        |scalar| {
            let scalar = Scalar::from_le_bytes_reduced(scalar);
            u64::from(point.base_mul_add_mul_vartime(&sparse, &scalar).encode()[7])
        },
    );
}

fn agree(exponent: &[u8; 40], theirs: &DhPublic) -> u64 {
    u64::from(DhSecret::from_bytes(exponent).unwrap().agree(theirs).secbytes()[7])
}

/// What a leak looks like here.
fn controls(few: usize) {
    let p = group_1536().modulus();
    let mut small = [0; 24];
    small[0] = 1;
    compare(
        "CONTROL: variable time, exponent sparse",
        few / 10,
        small,
        limbs,
        |exponent| {
            let term = Term {
                base: &[3; 24],
                exponent,
                bits: 320,
            };
            p.power_product_vartime(&[term])[0]
        },
    );
    let secret = [0x5a; 2000];
    compare("CONTROL: == on 2000 bytes, equal", few, secret, bytes, |given| {
        u64::from(
            black_box(given)
                .iter()
                .zip(&secret)
                .all(|(left, right)| left == right),
        )
    });
}

/// Takes samples of both kinds and prints t.
fn compare<T: Copy>(
    name: &str,
    samples: usize,
    fixed: T,
    random: impl Fn(&mut ChaCha20Rng) -> T,
    mut work: impl FnMut(&T) -> u64,
) {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let mut times: [Vec<f64>; 2] = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    let mut left = samples + WARM_UP;
    while left > 0 {
        // Prepared beforehand, and written in either case.
        let batch: Vec<(usize, T)> = (0..BATCH.min(left))
            .map(|_| {
                let (fresh, kind) = (random(&mut rng), (rng.next_u32() & 1) as usize);
                (kind, if kind == 0 { fixed } else { fresh })
            })
            .collect();
        for (kind, input) in &batch {
            let start = Instant::now();
            black_box(work(black_box(input)));
            let time = start.elapsed().as_nanos() as f64;
            if left <= samples {
                times[*kind].push(time);
            }
            left -= 1;
        }
    }
    let mut sorted = times.concat();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let t: Vec<String> = [1.0, 0.99, 0.9, 0.5, 0.2]
        .map(|share| sorted[((sorted.len() - 1) as f64 * share) as usize])
        .map(|most| format!("{:6.2}", welch(&times, most).abs()))
        .to_vec();
    println!(
        "{name:<50} {samples:>8} samples, median {median:>8.0} ns, |t| {}",
        t.join(" ")
    );
}

/// Welch's t of the samples that are at most `most`.
fn welch(times: &[Vec<f64>; 2], most: f64) -> f64 {
    let moments = times.each_ref().map(|times| {
        let kept: Vec<f64> = times.iter().copied().filter(|&time| time <= most).collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    let [(mean, error), (other_mean, other_error)] = moments;
    (mean - other_mean) / (error + other_error).max(f64::MIN_POSITIVE).sqrt()
}

fn limbs<const L: usize>(rng: &mut ChaCha20Rng) -> [u64; L] {
    std::array::from_fn(|_| rng.next_u64())
}

fn bytes<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn odd() -> [u64; 16] {
    let mut odd = [0xf0e1_d2c3_b4a5_9687; 16];
    odd[0] |= 1;
    odd
}

const BATCH: usize = 1000;
const WARM_UP: usize = 1000;
