//! Carries: from sums in vectors to digits below 2^52.

#![expect(
    clippy::cast_possible_wrap,
    reason = "the instructions take unsigned numbers as signed ones"
)]

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_cmpeq_epu64_mask,
    _mm512_cmpgt_epu64_mask, _mm512_mask_add_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_srli_epi64,
};

use super::digits::{DIGIT_BITS, DIGIT_MASK};

/// Propagates all carries of a number below 2^(416 `V`), whose `V` vectors have sums below 2^63.
///
/// # Why it is exact
///
/// Call the digits of one place in all vectors a group; `vectors[0]` has the lowest digit of each.
///
/// 1. One pass through the vectors, and from the last one into the first of the next group. Afterwards every digit is at
///    most 2^52 - 1, but for the lowest of a group, to which less than 2^12 was added (a sum below 2^63 and a carry
///    below 2^12 give a carry below 2^12).
/// 2. The lowest digits pass on what they have too much, 0 or 1. When that happens the lowest digit itself is below 2^12
///    afterwards. Now only digit 1 of a group can be 2^52, and all others are at most 2^52 - 1.
/// 3. So a group overflows on its own (*generates*) exactly if digit 1 is 2^52 and all above it in the group are
///    2^52 - 1. It overflows because of a carry into it (*propagates*) exactly if all its digits are 2^52 - 1: for a
///    carry to reach digit 1, the lowest digit must be 2^52 - 1, and if digit 1 is 2^52 then step 2 has left a lowest
///    digit below 2^12, which stops it. No group does both. The sum `2 generate + propagate` of 8-bit numbers then carries as the
///    groups do, and where it differs from `propagate` a carry comes in.
/// 4. Those come into the lowest digits, and one more pass inside the groups settles everything: what leaves a group there
///    has been counted in step 3 already and is cut off. Nothing leaves the last group, as the number fits.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn propagate<const V: usize>(vectors: &mut [__m512i; V]) {
    let mask = _mm512_set1_epi64(DIGIT_MASK as i64);
    // 1.
    for vector in 1..V {
        let carry = _mm512_srli_epi64::<DIGIT_BITS>(vectors[vector - 1]);
        vectors[vector - 1] = _mm512_and_si512(vectors[vector - 1], mask);
        vectors[vector] = _mm512_add_epi64(vectors[vector], carry);
    }
    let carry = _mm512_srli_epi64::<DIGIT_BITS>(vectors[V - 1]);
    vectors[V - 1] = _mm512_and_si512(vectors[V - 1], mask);
    vectors[0] = _mm512_add_epi64(vectors[0], next_group(carry));
    // 2.
    let carry = _mm512_srli_epi64::<DIGIT_BITS>(vectors[0]);
    vectors[0] = _mm512_and_si512(vectors[0], mask);
    vectors[1] = _mm512_add_epi64(vectors[1], carry);
    // 3.
    let mut generate = _mm512_cmpgt_epu64_mask(vectors[1], mask);
    let mut propagate = _mm512_cmpeq_epu64_mask(vectors[0], mask) & _mm512_cmpeq_epu64_mask(vectors[1], mask);
    for vector in &vectors[2..] {
        let full = _mm512_cmpeq_epu64_mask(*vector, mask);
        generate &= full;
        propagate &= full;
    }
    let carries = (generate << 1).wrapping_add(propagate) ^ propagate;
    // 4.
    vectors[0] = _mm512_mask_add_epi64(vectors[0], carries, vectors[0], _mm512_set1_epi64(1));
    for vector in 1..V {
        let carry = _mm512_srli_epi64::<DIGIT_BITS>(vectors[vector - 1]);
        vectors[vector - 1] = _mm512_and_si512(vectors[vector - 1], mask);
        vectors[vector] = _mm512_add_epi64(vectors[vector], carry);
    }
    vectors[V - 1] = _mm512_and_si512(vectors[V - 1], mask);
}

/// Every entry one place up, a zero at the bottom. What leaves at the top must be zero.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn next_group(vector: __m512i) -> __m512i {
    _mm512_alignr_epi64::<7>(vector, _mm512_setzero_si512())
}

/// Every entry one place down, a zero at the top.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn previous_group(vector: __m512i) -> __m512i {
    _mm512_alignr_epi64::<1>(_mm512_setzero_si512(), vector)
}
