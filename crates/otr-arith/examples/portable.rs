//! One operation of the portable kernel, for `bench/instructions` to count: `portable [power|full|base|product|dsa|nothing]`.
#![allow(missing_docs)]

use std::hint::black_box;
use std::process::ExitCode;

use otr_arith::{Modulus1024, Modulus1536, Term, group_1536};

fn main() -> ExitCode {
    let mut odd = [0x9e37_79b9_7f4a_7c15; 16];
    odd[15] |= 1 << 63;
    otr_arith::force_portable();
    let p = group_1536();
    let (Some(dsa), Some(modulus)) = (
        Modulus1024::portable(&odd),
        Modulus1536::portable(p.modulus().value()),
    ) else {
        return ExitCode::FAILURE;
    };
    let number = black_box([0xa5a5_5a5a_c3c3_3c3c; 24]);
    let short = black_box([0x1234_5678_9abc_def1; 16]);
    let base = modulus.fixed_base(&number, 320, 4);
    match std::env::args().nth(1).as_deref() {
        Some("power") => drop(black_box(modulus.power(&number, &number, 320))),
        Some("full") => drop(black_box(modulus.power(&number, &number, 1536))),
        Some("base") => drop(black_box(modulus.fixed_power(&base, &number))),
        Some("product") => drop(black_box(modulus.product(&number, &number))),
        Some("dsa") => {
            let term = Term {
                base: &short,
                exponent: &short,
                bits: 160,
            };
            drop(black_box(dsa.power_product_vartime(&[term, term])));
        }
        Some("nothing") => {}
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}
