//! Nanoseconds of the kernels: least and median of 31 samples. For somebody who changes a kernel; says nothing about
//! the protocol.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use otr_arith::{Modulus, Term, group_1536, group_3072};

fn main() {
    for (name, p) in [("IFMA", false), ("portable", true)] {
        if !p && !otr_arith::uses_ifma() {
            continue;
        }
        let make = |value: &[u64; 24]| {
            if p {
                Modulus::<24, 4>::portable(value)
            } else {
                Modulus::new(value)
            }
        };
        rows(
            &format!("{name} 1536"),
            &make(group_1536().modulus().value()).unwrap(),
            320,
        );
        let mut odd = [0x9e37_79b9_7f4a_7c15; 16];
        odd[15] |= 1 << 63;
        let make = |value: &[u64; 16]| {
            if p {
                Modulus::<16, 3>::portable(value)
            } else {
                Modulus::new(value)
            }
        };
        rows(&format!("{name} 1024"), &make(&odd).unwrap(), 160);
        measure(&format!("{name} 1024 new modulus"), || {
            black_box(make(black_box(&odd)));
        });
        let make = |value: &[u64; 48]| {
            if p {
                Modulus::<48, 8>::portable(value)
            } else {
                Modulus::new(value)
            }
        };
        rows(
            &format!("{name} 3072"),
            &make(group_3072().modulus().value()).unwrap(),
            640,
        );
    }
}

fn rows<const L: usize, const V: usize>(name: &str, modulus: &Modulus<L, V>, bits: u32) {
    let (a, b, e) = (
        [0x1234_5678_9abc_def1; L],
        [0x0fed_cba9_8765_4321; L],
        [0xa5a5_5a5a_c3c3_3c3c; L],
    );
    let full = u32::try_from(64 * L).unwrap();
    measure(&format!("{name} square or not"), || {
        black_box(modulus.is_square_vartime(black_box(&a)));
    });
    measure(&format!("{name} product"), || {
        black_box(modulus.product(black_box(&a), &b));
    });
    measure(&format!("{name} power, {bits} bits"), || {
        black_box(modulus.power(black_box(&a), &e, bits));
    });
    measure(&format!("{name} power, {full} bits"), || {
        black_box(modulus.power(black_box(&a), &e, full));
    });
    let terms = [
        Term {
            base: &a,
            exponent: &e,
            bits,
        },
        Term {
            base: &b,
            exponent: &e,
            bits,
        },
    ];
    measure(&format!("{name} product of two powers, {bits} bits"), || {
        black_box(modulus.power_product(black_box(&terms)));
    });
    measure(&format!("{name} the same, variable time"), || {
        black_box(modulus.power_product_vartime(black_box(&terms)));
    });
    for (bits, blocks) in [(bits, 2), (bits, 4), (full, 4)] {
        let base = modulus.fixed_base(&a, bits, blocks);
        measure(
            &format!("{name} fixed base, {bits} bits, {blocks} tables"),
            || {
                black_box(modulus.fixed_power(&base, black_box(&e)));
            },
        );
    }
}

fn measure(name: &str, mut work: impl FnMut()) {
    let start = Instant::now();
    work();
    let times = (2_000_000 / start.elapsed().as_nanos().max(1)).clamp(1, 10_000);
    let mut samples: Vec<f64> = (0..31)
        .map(|_| {
            let start = Instant::now();
            (0..times).for_each(|_| work());
            start.elapsed().as_secs_f64() * 1e9 / times as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    println!("{name:<52} {:>12.0} ns  least {:>12.0}", samples[15], samples[0]);
}
