//! Between memory and vectors, and the choice of a table's entry.

#![expect(
    clippy::cast_possible_wrap,
    reason = "the instructions take unsigned numbers as signed ones"
)]

use core::arch::x86_64::{
    __m512i, _mm512_cmpeq_epi64_mask, _mm512_loadu_si512, _mm512_mask_mov_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_storeu_si512,
};

use super::digits::{Digits, LANES};

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "the instruction takes a pointer")]
pub(super) fn load(from: &[u64; LANES]) -> __m512i {
    // SAFETY: the reference is valid for reading 64 bytes, and the instruction asks for no alignment.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "the instruction takes a pointer")]
pub(super) fn store(to: &mut [u64; LANES], vector: __m512i) {
    // SAFETY: the reference is valid for writing 64 bytes, and the instruction asks for no alignment.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), vector) }
}

/// `number` becomes the entry at `index`. Every entry is read; a mask decides which one is kept.
#[target_feature(enable = "avx512f")]
pub(super) fn select<const V: usize>(number: &mut Digits<V>, table: &[Digits<V>], index: u64) {
    let mut found = [_mm512_setzero_si512(); V];
    let wanted = _mm512_set1_epi64(index as i64);
    for (entry, place) in table.iter().zip(0..) {
        let mask = _mm512_cmpeq_epi64_mask(wanted, _mm512_set1_epi64(place));
        for (found, vector) in found.iter_mut().zip(&entry.0) {
            *found = _mm512_mask_mov_epi64(*found, mask, load(vector));
        }
    }
    for (place, found) in number.0.iter_mut().zip(found) {
        store(place, found);
    }
}
