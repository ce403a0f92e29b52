//! Both kernels against two other libraries, far more often than a test should: run by hand, output under
//! `docs/evidence`.
//!
//! ```sh
//! cargo run --release -p chatham-arith --example differential            # 10^7 products, 10^5 powers of each size
//! cargo run --release -p chatham-arith --example differential 1000 100   # fewer
//! ```
//!
//! A product is computed as that of two powers with the exponent 1, so that it goes through the kernel in question. Half
//! of the numbers are random, the others have long runs of zeros and ones. Any difference ends the program.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/oracle/mod.rs"]
mod oracle;

use oracle::{Oracle, numbers, odd_modulus};
use otr_arith::{Modulus, Term, group_1536, group_3072, uses_ifma};

fn main() {
    let mut counts = std::env::args().skip(1).map(|count| count.parse().unwrap());
    let products: u32 = counts.next().unwrap_or(10_000_000);
    let powers: u32 = counts.next().unwrap_or(100_000);
    println!("IFMA: {}", uses_ifma());
    let changing = |round: u32| odd_modulus::<16>(u8::try_from(round % 251).unwrap(), 1024);
    check::<16, 3>("1024, 251 moduli", products, powers, 160, changing);
    check::<24, 4>("1536", products, powers, 320, |_| *group_1536().modulus().value());
    check::<48, 8>("3072", products, powers, 96, |_| *group_3072().modulus().value());
    println!("no difference");
}

/// Products and powers with exponents of `bits` bits, a new modulus now and then.
fn check<const L: usize, const V: usize>(
    name: &str,
    products: u32,
    powers: u32,
    bits: u32,
    modulus: impl Fn(u32) -> [u64; L],
) {
    let mut random = numbers::<L>(1);
    let one = [1];
    let rounds = 251;
    for round in 0..rounds {
        let p = modulus(round);
        let oracle = Oracle::new(&p);
        let kernels = [
            Modulus::<L, V>::new(&p).unwrap(),
            Modulus::<L, V>::portable(&p).unwrap(),
        ];
        for _ in 0..products.div_ceil(rounds) {
            let (a, b) = (random(), random());
            let expected = oracle.product(&a, &b);
            let term = |base| Term {
                base,
                exponent: &one,
                bits: 1,
            };
            for kernel in &kernels {
                let product = kernel.power_product_vartime(&[term(&a), term(&b)]);
                assert_eq!(*product, expected, "{a:x?} {b:x?} modulo {p:x?}");
            }
        }
        for _ in 0..powers.div_ceil(rounds) {
            let (base, exponent) = (random(), random());
            let expected = oracle.power(&base, &exponent, bits);
            for kernel in &kernels {
                let power = kernel.power(&base, &exponent, bits);
                assert_eq!(*power, expected, "{base:x?} {exponent:x?} modulo {p:x?}");
            }
        }
    }
    println!(
        "{name}: {} products and {} powers of {bits} bits with each kernel",
        products.div_ceil(rounds) * rounds,
        powers.div_ceil(rounds) * rounds
    );
}
