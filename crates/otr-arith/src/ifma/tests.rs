//! The kernel on the inside: carries that no random number ever meets, and the exact result of every step.
//!
//! Where the processor lacks the instructions nothing is run: there is nothing to be wrong then.

#![expect(
    unsafe_code,
    reason = "the functions need instructions that not every processor has"
)]

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use core::arch::x86_64::_mm512_setzero_si512;
use num_bigint::BigUint;

use super::carry::propagate;
use super::digits::{DIGIT_MASK, Digits, LANES};
use super::memory::{load, select, store};
use super::multiply::{Reducers, last_step, multiply};
use super::processor_has_it;

/// The number that sums of digits spell.
fn value<const V: usize>(sums: &[[u64; LANES]; V]) -> BigUint {
    let mut value = BigUint::from(0_u8);
    for index in (0..LANES * V).rev() {
        value = (value << 52) + sums[index % V][index / V];
    }
    value
}

fn digits<const V: usize>(number: &BigUint) -> Digits<V> {
    assert!(number.bits() <= 416 * V as u64, "{} bits", number.bits());
    let digits = Digits::from_limbs(&number.to_u64_digits());
    assert_eq!(value(&digits.0), *number);
    digits
}

fn power_of_two(exponent: usize) -> BigUint {
    BigUint::from(1_u8) << exponent
}

fn ones(bits: usize) -> BigUint {
    power_of_two(bits) - 1_u8
}

/// Runs the propagation alone.
#[target_feature(enable = "avx512f")]
fn propagated<const V: usize>(sums: &[[u64; LANES]; V]) -> [[u64; LANES]; V] {
    let mut vectors = [_mm512_setzero_si512(); V];
    for (vector, sums) in vectors.iter_mut().zip(sums) {
        *vector = load(sums);
    }
    propagate(&mut vectors);
    let mut out = [[0; LANES]; V];
    for (out, vector) in out.iter_mut().zip(vectors) {
        store(out, vector);
    }
    out
}

fn check_propagation<const V: usize>(sums: &[[u64; LANES]; V]) {
    if !processor_has_it() || value(sums) >= power_of_two(416 * V) {
        return;
    }
    // SAFETY: the processor has the instructions.
    let out = unsafe { propagated(sums) };
    assert!(
        out.as_flattened().iter().all(|&digit| digit <= DIGIT_MASK),
        "{sums:x?}"
    );
    assert_eq!(value(&out), value(sums), "{sums:x?}");
}

/// Every way for a carry to begin, to pass and to stop, at every place.
fn carries<const V: usize>() {
    let full = [[DIGIT_MASK; LANES]; V];
    let count = LANES * V;
    for begin in 0..count {
        for end in begin..count {
            // Full digits between two places, and something that starts a carry below them.
            for start in [1, 2, 1 << 8, (1 << 52) - 1, 1 << 52, 1 << 60, (1 << 62) + 1] {
                let mut sums = [[0; LANES]; V];
                for index in begin..end {
                    sums[index % V][index / V] = DIGIT_MASK;
                }
                sums[begin % V][begin / V] += start;
                check_propagation(&sums);
            }
            // All full but one digit, and a carry from the bottom that has to stop there.
            let mut sums = full;
            sums[end % V][end / V] -= 1;
            sums[begin % V][begin / V] += 1;
            check_propagation(&sums);
        }
    }
    // Step 3 of the proof: digit 1 of a group is 2^52 after step 2, in some groups, others pass on.
    for groups in 0..1_u32 << (LANES - 1) {
        for kind in 0..4 {
            let mut sums = full;
            for lane in 0..LANES {
                if lane == LANES - 1 {
                    sums.iter_mut().for_each(|vector| vector[lane] = 0);
                } else if groups >> lane & 1 == 1 {
                    match kind {
                        // Generates, by a lowest digit that passes one on to a full digit 1.
                        0 => sums[0][lane] = (1 << 52) + 5,
                        // The same, by what comes around from the group below.
                        1 => sums[V - 1][lane] = (1 << 52) + DIGIT_MASK,
                        // Digit 1 becomes 2^52, but the highest digit is not full.
                        2 => (sums[0][lane], sums[V - 1][lane]) = (1 << 52, DIGIT_MASK - 1),
                        // Neither.
                        _ => sums[1][lane] = 3,
                    }
                }
            }
            check_propagation(&sums);
            sums[0][0] += 1;
            check_propagation(&sums);
        }
    }
    // Anything, mostly near the edges.
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    for _ in 0..20_000 {
        let mut sums = [[0; LANES]; V];
        for sum in sums.as_flattened_mut() {
            *sum = match rng.next_u32() % 8 {
                0 => 0,
                1 => DIGIT_MASK - 1,
                2 => 1 << 52,
                3 => (1 << 52) + u64::from(rng.next_u32() % 5),
                4 => rng.next_u64() >> 3,
                _ => DIGIT_MASK,
            };
        }
        sums.iter_mut().for_each(|vector| vector[LANES - 1] >>= 12);
        check_propagation(&sums);
    }
}

#[test]
fn no_carry_is_missed() {
    carries::<3>();
    carries::<4>();
    carries::<8>();
}

/// What the product has to give, digit by digit of the method but with whole numbers.
fn model<const V: usize>(a: &BigUint, b: &BigUint, [one, two, last]: &[BigUint; 3]) -> BigUint {
    let (group, step) = (52 * V, 52 * last_step(V));
    let mut running = BigUint::from(0_u8);
    for row in 0..8 {
        running += a * ((b >> (group * row)) & ones(group));
        let quotient = &running & ones(group);
        match row {
            0..6 => running = (running >> group) + quotient * two * power_of_two(group),
            6 => running = (running >> group) + quotient * one,
            _ => {
                for _ in 0..V / last_step(V) {
                    let quotient = &running & ones(step);
                    running = (running >> step) + quotient * last;
                }
            }
        }
    }
    running
}

fn check_product<const V: usize>(a: &BigUint, b: &BigUint, reducers: &[BigUint; 3]) {
    let expected = model::<V>(a, b, reducers);
    if !processor_has_it() || expected >= power_of_two(416 * V) {
        return;
    }
    let [one_group, two_groups, last] = reducers.each_ref().map(digits);
    let prepared = Reducers {
        one_group,
        two_groups,
        last,
    };
    let mut number = digits::<V>(a);
    // SAFETY: the processor has the instructions.
    unsafe { multiply(&mut number, Some(&digits(b)), &prepared) };
    assert!(number.0.as_flattened().iter().all(|&digit| digit <= DIGIT_MASK));
    assert_eq!(value(&number.0), expected, "{a:x} {b:x}");
    if a == b {
        let mut number = digits::<V>(a);
        // SAFETY: as above.
        unsafe { multiply(&mut number, None, &prepared) };
        assert_eq!(value(&number.0), expected, "the square of {a:x}");
    }
}

/// Products whose digits are full, empty, or between; with reducers of any kind, as the steps do not ask what they mean.
fn products<const V: usize>(limbs: usize) {
    let bits = 64 * limbs;
    // As large as the bounds let a factor be, for the largest p.
    let most = bits + 52 * last_step(V) + 1;
    let mut factors = vec![BigUint::from(0_u8), BigUint::from(1_u8), ones(bits), ones(most)];
    for size in [52, 104, 52 * V, 104 * V, 208 * V, 208 * V + 26, bits - 1, bits] {
        factors.extend([power_of_two(size), ones(size), power_of_two(size) + 1_u8]);
    }
    // Alternating full and empty digits.
    let comb = (0..most / 104).fold(BigUint::from(0_u8), |sum, tooth| {
        sum + (ones(52) << (104 * tooth))
    });
    factors.extend([comb.clone(), comb << 52]);
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    let mut bytes = vec![0; bits / 8];
    rng.fill_bytes(&mut bytes);
    let random = BigUint::from_bytes_be(&bytes);
    let sets = [
        // Nothing is reduced: the upper half of the plain product, as (2^n - 1)(2^n + 1) is all ones.
        [0_u8, 0, 0].map(BigUint::from),
        [ones(bits), ones(bits), ones(bits)],
        [power_of_two(bits - 1), ones(52), BigUint::from(1_u8)],
        [&random >> 1, &random >> 2, &random >> 3].map(BigUint::from),
    ];
    for reducers in &sets {
        for a in &factors {
            for b in &factors {
                check_product::<V>(a, b, reducers);
            }
        }
    }
}

#[test]
fn products_are_exact_for_three_vectors() {
    products::<3>(16);
}

#[test]
fn products_are_exact_for_four_vectors() {
    products::<4>(24);
}

#[test]
fn products_are_exact_for_eight_vectors() {
    products::<8>(48);
}

#[test]
fn the_chosen_entry_is_the_one_asked_for() {
    if !processor_has_it() {
        return;
    }
    let table: Vec<Digits<4>> = (0..32).map(|entry| Digits([[entry; LANES]; 4])).collect();
    for index in 0..32 {
        let mut found = Digits([[77; LANES]; 4]);
        // SAFETY: the processor has the instructions.
        unsafe { select(&mut found, &table, index) };
        assert_eq!(found.0, table[usize::try_from(index).unwrap()].0);
    }
}
