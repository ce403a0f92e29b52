//! Plain numbers: little-endian arrays of 64-bit limbs.

use core::hint::black_box;

/// `left` - `right` - `borrow`, and the new borrow, 0 or 1.
#[inline(always)]
pub(crate) fn subtract(left: u64, right: u64, borrow: u64) -> (u64, u64) {
    let (low, high) = split(
        u128::from(left)
            .wrapping_sub(u128::from(right))
            .wrapping_sub(u128::from(borrow)),
    );
    (low, high & 1)
}

/// The two halves of a product or sum.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
pub(crate) fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// All ones if `bit` is 1 and all zeros if it is 0. The compiler is kept from knowing that there are but two cases,
/// of which it might make a branch.
#[inline(always)]
pub(crate) fn mask(bit: u64) -> u64 {
    black_box(bit).wrapping_neg()
}

/// All ones if both are equal, else all zeros.
#[inline(always)]
pub(crate) fn equal_mask(left: u64, right: u64) -> u64 {
    let difference = left ^ right;
    // The top bit of d | -d says that d is not zero.
    mask(((difference | difference.wrapping_neg()) >> 63) ^ 1)
}

/// `found` becomes the entry at `index`; all of them are read.
#[inline(always)]
pub(crate) fn choose<const L: usize>(found: &mut [u64; L], table: &[[u64; L]], index: u64) {
    *found = [0; L];
    for (entry, place) in table.iter().zip(0..) {
        let mask = equal_mask(place, index);
        for (found, limb) in found.iter_mut().zip(entry) {
            *found |= limb & mask;
        }
    }
}

/// Bits that `L` limbs have.
#[expect(clippy::cast_possible_truncation, reason = "the line before checks it")]
pub(crate) const fn size<const L: usize>() -> u32 {
    const { assert!(L >= 2 && L <= 64, "sizes in use have 16 to 48 limbs") };
    64 * L as u32
}

/// Bits in `number`. Variable time.
pub(crate) fn bits_vartime(number: &[u64]) -> u32 {
    let mut bits = 0;
    for &limb in number.iter().rev() {
        bits = if bits == 0 {
            64 - limb.leading_zeros()
        } else {
            bits + 64
        };
    }
    bits
}

/// Bit `position` of `number`, 0 or 1; 0 beyond its end. The time depends on the position.
#[inline(always)]
pub(crate) fn bit(number: &[u64], position: u32) -> u64 {
    let limb = number.get((position / 64) as usize).copied().unwrap_or(0);
    (limb >> (position % 64)) & 1
}

/// A limb whose `count` lowest bits are ones; all of them from 64 on.
pub(crate) fn low_bits(count: u32) -> u64 {
    1_u64.checked_shl(count).map_or(u64::MAX, |power| power - 1)
}

/// `count` bits of `number` from `position` on, at most 16; zeros beyond its end.
#[inline(always)]
pub(crate) fn bits(number: &[u64], position: u32, count: u32) -> u64 {
    let index = (position / 64) as usize;
    let low = number.get(index).copied().unwrap_or(0);
    let high = number.get(index + 1).copied().unwrap_or(0);
    let both = (u128::from(high) << 64 | u128::from(low)) >> (position % 64);
    split(both).0 & low_bits(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_and_picked_across_limbs() {
        assert_eq!(bits_vartime(&[0, 0]), 0);
        assert_eq!(bits_vartime(&[1, 0]), 1);
        assert_eq!(bits_vartime(&[0, 1]), 65);
        assert_eq!(bits_vartime(&[u64::MAX, u64::MAX]), 128);
        let number = [0x8000_0000_0000_0001, 0b101];
        assert_eq!(bits(&number, 62, 5), 0b10110);
        assert_eq!(bits(&number, 126, 5), 0);
        assert_eq!((bit(&number, 63), bit(&number, 65), bit(&number, 128)), (1, 0, 0));
    }

    #[test]
    fn masks_have_two_values() {
        assert_eq!((mask(0), mask(1)), (0, u64::MAX));
        assert_eq!((equal_mask(7, 7), equal_mask(0, u64::MAX)), (u64::MAX, 0));
        assert_eq!(equal_mask(1 << 63, 0), 0);
    }
}
