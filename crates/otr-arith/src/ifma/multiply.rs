//! The product modulo p in vectors of 52-bit digits.
//!
//! # How
//!
//! Montgomery's method, a group of `V` digits at a time. Write B = 2^(52 `V`) for the weight of a group and S = B^8. The
//! factor b is taken group by group: a b = Σ a b_g B^g. Where Montgomery's method in its usual form multiplies each lowest
//! digit by -1/p to learn which multiple of p makes it zero, here multiples are added that are known to be ≡ -1 modulo a
//! power of 2, so that the lowest digits are themselves the factor. With M_1 = 1/B modulo p, for one group Q of lowest digits,
//!
//! ```text
//! Q + Q (M_1 B - 1) = Q M_1 B,      and M_1 B - 1 is a multiple of p:
//! ```
//!
//! dropping the lowest group and adding Q M_1 one group up changes nothing modulo p. It is as right to add Q M_2 two groups
//! up for M_2 = 1/B^2 modulo p. That is what the first six groups do: the next group's Q does not have to wait for it
//! (but for a small carry), which hides the latency of the multiplier. The seventh uses M_1. The last uses M_1 if `T` is
//! `V`; else it goes in two steps of `T` = `V` / 2 digits by M_3 = 2^(-52 `T`) modulo p, which keeps the result smaller.
//!
//! # Bounds
//!
//! *Congruence.* Every step replaces the number by one that is congruent: the result is ≡ a b / S modulo p. It needs
//! only that the M are what they are said to be.
//!
//! *Size.* All M are below p. The result is the sum of
//! a b / S; Q_g M_2 B^(g+2) / S for g < 6, together below 2 p (the largest, g = 5, is Q M_2 B^7 / B^8 < M_2 < p, and each before
//! it is at most 1/B of that); Q_6 M_1 B^7 / S < p; and of the last group: Q_7 M_1 B^8 / S < B p for `T` = `V`, else
//! q M_3 2^(52 T) B^7 / S < p and then q' M_3 B^8 / S < 2^(52 T) p.
//! With p < 2^(64 L) and factors below 2^(52 T + 1) p (or any numbers of 64 L bits, which are less than that for p near 2^(64 L)
//! and are multiplied by a number below p in any case) the first term stays below p:
//!
//! | `V` | 64 L | S | `T` | result below | (largest factor)^2 / S |
//! |---|---|---|---|---|---|
//! | 3 | 1024 | 2^1248 | 3 | 2^156 p + 4 p < 2^1181 | 2^(2362 - 1248) = 2^1114 |
//! | 4 | 1536 | 2^1664 | 2 | 2^104 p + 5 p < 2^1641 | 2^(3282 - 1664) = 2^1618 |
//! | 8 | 3072 | 2^3328 | 4 | 2^208 p + 5 p < 2^3281 | 2^(6562 - 3328) = 2^3234 |
//!
//! where a smaller p makes everything smaller in proportion: a b / S < 2^(104 T + 2) p^2 / S, and
//! 2^(104 T + 2) p / S < 2^(104 T + 2 + 64 L) / S is 2^90, 2^82 and 2^162: below 2^(52 T - 1) in each case, so that it adds less
//! than half of a 2^(52 T) p, and the result is below 2^(52 T + 1) p: products can be factors again, for ever. All of it
//! is below S, and so no digit beyond the last group is ever other than zero: nothing is lost where a vector is moved.
//!
//! *Sums.* A digit of the running number gets at most 2 products' halves for each digit of b and for each digit of all Q, each
//! below 2^52: 4 · 8 `V` · 2^52 ≤ 2^60 for `V` ≤ 8. Carries of the dropped groups are below 2^12. So no sum reaches 2^61,
//! and no 64-bit addition can overflow. What is given to the multiplier is always below 2^52: a, b and M by the promise of
//! [`Digits`], Q by a mask.
//!
//! *Carries* of the result: see [`propagate`].

#![expect(
    clippy::needless_range_loop,
    reason = "indices are places of digits here, and sums of them"
)]

use core::arch::x86_64::{
    __m512i, _mm_cvtsi128_si64, _mm512_add_epi64, _mm512_castsi512_si128, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_maskz_set1_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
};

use super::carry::{next_group, previous_group, propagate};
use super::digits::{DIGIT_BITS, DIGIT_MASK, Digits};
use super::memory::{load, store};

/// The multiples that stand for powers of 1/2.
#[derive(Clone)]
pub(super) struct Reducers<const V: usize> {
    /// M_1 = 2^(-52 V) modulo p.
    pub(super) one_group: Digits<V>,
    /// M_2 = 2^(-104 V) modulo p.
    pub(super) two_groups: Digits<V>,
    /// M_3 = 2^(-52 T) modulo p.
    pub(super) last: Digits<V>,
}

/// The digits that the last group of `V` is reduced by at a time.
pub(super) const fn last_step(vectors: usize) -> usize {
    if vectors.is_multiple_of(2) {
        vectors / 2
    } else {
        vectors
    }
}

/// `number` becomes `number` `factor` / S modulo p; its square without a factor.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply<const V: usize>(
    number: &mut Digits<V>,
    factor: Option<&Digits<V>>,
    reducers: &Reducers<V>,
) {
    let b = factor.unwrap_or(number);
    let zero = _mm512_setzero_si512();
    let a = load_all(number);
    // The running number from the current group on, and what was added to it one group higher.
    let mut low = [zero; V];
    let mut pending = [[zero; V]; 2];
    let mut carry = 0;
    for group in 0..6 {
        let [mut high, next] = pending;
        add_row(&mut low, &mut high, &a, b, group);
        let quotient = drop_digits::<V, V>(&low, 0, &mut carry);
        for vector in 0..V {
            low[vector] = _mm512_add_epi64(previous_group(low[vector]), high[vector]);
        }
        pending = [next, [zero; V]];
        let [first, second] = &mut pending;
        add_multiple(first, second, 0, &quotient, &load_all(&reducers.two_groups));
    }
    let [mut high, mut next] = pending;
    add_row(&mut low, &mut high, &a, b, 6);
    let quotient = drop_digits::<V, V>(&low, 0, &mut carry);
    for vector in 0..V {
        low[vector] = _mm512_add_epi64(previous_group(low[vector]), high[vector]);
    }
    add_multiple(&mut low, &mut next, 0, &quotient, &load_all(&reducers.one_group));
    let mut high = next;
    add_row(&mut low, &mut high, &a, b, 7);
    last_group(&mut low, &mut high, carry, &load_all(&reducers.last));
    propagate(&mut low);
    store_all(number, &low);
}

/// The last group: the running number becomes the result, with carries still to be propagated.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn last_group<const V: usize>(
    low: &mut [__m512i; V],
    high: &mut [__m512i; V],
    mut carry: u64,
    last: &[__m512i; V],
) {
    const { assert!(V == 3 || V == 4 || V == 8, "the bounds are proven for these") };
    let mut over = [_mm512_setzero_si512(); V];
    match V {
        3 => {
            let quotient = drop_digits::<V, 3>(low, 0, &mut carry);
            shift(low, high);
            add_multiple(low, &mut over, 0, &quotient, last);
        }
        4 => {
            let quotient = drop_digits::<V, 2>(low, 0, &mut carry);
            add_multiple(low, high, 2, &quotient, last);
            let quotient = drop_digits::<V, 2>(low, 2, &mut carry);
            shift(low, high);
            add_multiple(low, &mut over, 0, &quotient, last);
        }
        _ => {
            let quotient = drop_digits::<V, 4>(low, 0, &mut carry);
            add_multiple(low, high, 4, &quotient, last);
            let quotient = drop_digits::<V, 4>(low, 4, &mut carry);
            shift(low, high);
            add_multiple(low, &mut over, 0, &quotient, last);
        }
    }
    for vector in 0..V {
        low[vector] = _mm512_add_epi64(low[vector], next_group(over[vector]));
    }
    low[0] = _mm512_add_epi64(low[0], _mm512_maskz_set1_epi64(1, carry as i64));
}

#[target_feature(enable = "avx512f")]
#[inline]
fn shift<const V: usize>(low: &mut [__m512i; V], high: &[__m512i; V]) {
    for vector in 0..V {
        low[vector] = _mm512_add_epi64(previous_group(low[vector]), high[vector]);
    }
}

/// Adds `a` times group `group` of `b`; what lies beyond `V` vectors goes to `high`, which counts one group higher.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn add_row<const V: usize>(
    low: &mut [__m512i; V],
    high: &mut [__m512i; V],
    a: &[__m512i; V],
    b: &Digits<V>,
    group: usize,
) {
    let mut digits = [0; V];
    for digit in 0..V {
        digits[digit] = b.0[digit][group];
    }
    add_multiple(low, high, 0, &digits, a);
}

/// Adds `multiple` times the digits, starting `from` digits up; `high` as in [`add_row`].
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn add_multiple<const V: usize, const N: usize>(
    low: &mut [__m512i; V],
    high: &mut [__m512i; V],
    from: usize,
    digits: &[u64; N],
    multiple: &[__m512i; V],
) {
    let mut factors = [_mm512_setzero_si512(); N];
    for digit in 0..N {
        factors[digit] = _mm512_set1_epi64(digits[digit] as i64);
    }
    // A place at a time, so that its sum stays in a register; written out, so that it can.
    macro_rules! add_to {
        ($($place:literal)*) => { $(
            if $place < V + N {
                let place = from + $place;
                let sum = if place < V { &mut low[place] } else { &mut high[place - V] };
                *sum = column::<V, N, $place>(*sum, multiple, &factors);
            }
        )* };
    }
    add_to!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// What the product of `a` and `b` has at one place: the lower halves of the products that belong there, and the upper
/// halves of those one place lower.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn column<const V: usize, const N: usize, const PLACE: usize>(
    mut lower: __m512i,
    a: &[__m512i; V],
    b: &[__m512i; N],
) -> __m512i {
    // Apart, so that additions do not wait for each other.
    let mut upper = _mm512_setzero_si512();
    for digit in 0..N {
        if digit <= PLACE && PLACE - digit < V {
            lower = _mm512_madd52lo_epu64(lower, a[PLACE - digit], b[digit]);
        }
        if digit < PLACE && PLACE - digit - 1 < V {
            upper = _mm512_madd52hi_epu64(upper, a[PLACE - digit - 1], b[digit]);
        }
    }
    _mm512_add_epi64(lower, upper)
}

/// The lowest digits of `N` vectors from `from` on with their carries settled; `carry` is what comes from below and what
/// goes above.
#[target_feature(enable = "avx512f")]
#[inline]
fn drop_digits<const V: usize, const N: usize>(low: &[__m512i; V], from: usize, carry: &mut u64) -> [u64; N] {
    let mut digits = [0; N];
    for digit in 0..N {
        let sum = lowest(low[from + digit]).wrapping_add(*carry);
        digits[digit] = sum & DIGIT_MASK;
        *carry = sum >> DIGIT_BITS;
    }
    digits
}

#[target_feature(enable = "avx512f")]
#[inline]
fn lowest(vector: __m512i) -> u64 {
    _mm_cvtsi128_si64(_mm512_castsi512_si128(vector)) as u64
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_all<const V: usize>(digits: &Digits<V>) -> [__m512i; V] {
    let mut vectors = [_mm512_setzero_si512(); V];
    for vector in 0..V {
        vectors[vector] = load(&digits.0[vector]);
    }
    vectors
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_all<const V: usize>(digits: &mut Digits<V>, vectors: &[__m512i; V]) {
    for vector in 0..V {
        store(&mut digits.0[vector], vectors[vector]);
    }
}
