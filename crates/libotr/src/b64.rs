//! `b64.h`: base64, alone and between `?OTR:` and the full stop.

use core::ffi::{c_char, c_int, c_uchar};

use crate::boundary::{block, give, guarded, text};
use crate::mem::{malloc_bytes, malloc_text};

/// Writes the base64 of a block without a NUL; returns its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_base64_encode(
    base64: *mut c_char,
    data: *const c_uchar,
    length: usize,
) -> usize {
    guarded(0, || {
        // SAFETY: the caller gives `length` readable bytes, and room for four characters for each three.
        unsafe {
            let encoded = encode(block(data, length));
            if !base64.is_null() {
                core::ptr::copy_nonoverlapping(encoded.as_ptr(), base64.cast::<u8>(), encoded.len());
            }
            encoded.len()
        }
    })
}

/// Writes what base64 stands for; returns its length. Other characters are skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_base64_decode(
    data: *mut c_uchar,
    base64: *const c_char,
    length: usize,
) -> usize {
    guarded(0, || {
        // SAFETY: the caller gives `length` readable characters, and room for three bytes for each four.
        unsafe {
            let decoded = decode(block(base64.cast(), length));
            if !data.is_null() {
                core::ptr::copy_nonoverlapping(decoded.as_ptr(), data, decoded.len());
            }
            decoded.len()
        }
    })
}

/// `?OTR:`, base64 and a full stop, from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_base64_otr_encode(data: *const c_uchar, length: usize) -> *mut c_char {
    guarded(core::ptr::null_mut(), || {
        // SAFETY: the caller gives `length` readable bytes.
        let encoded = encode(unsafe { block(data, length) });
        malloc_text(&[b"?OTR:", &encoded[..], b"."].concat())
    })
}

/// The block between `?OTR:` and its full stop, from `malloc`. -1 without memory, -2 without such a block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_base64_otr_decode(
    message: *const c_char,
    data: *mut *mut c_uchar,
    length: *mut usize,
) -> c_int {
    guarded(-2, || {
        // SAFETY: the caller gives a C string and two places for the result.
        unsafe {
            let Some(bytes) = text(message).and_then(otr_decode) else {
                return -2;
            };
            let memory = malloc_bytes(&bytes);
            if memory.is_null() {
                return -1;
            }
            give(data, memory);
            give(length, bytes.len());
            0
        }
    })
}

/// The block between the first `?OTR:` and the full stop behind it.
pub fn otr_decode(message: &[u8]) -> Option<Vec<u8>> {
    let start = find(message, b"?OTR:")? + 5;
    let body = message.get(start..)?;
    let end = position(body, b'.')?;
    Some(decode(&body[..end]))
}

/// Where `part` stands first. Every text is looked through, and a long one more than once.
pub fn find(message: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    loop {
        let at = from + position(message.get(from..)?, first)?;
        if message[at..].starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where a byte stands first.
pub fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: the block may be read from its beginning to its end.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), i32::from(byte), bytes.len()) };
    (!found.is_null()).then(|| found as usize - bytes.as_ptr() as usize)
}

fn encode(data: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(data.len().div_ceil(3) * 4);
    for group in data.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            encoded.push(if place > group.len() {
                b'='
            } else {
                ALPHABET[((bits >> (18 - 6 * place)) & 0x3f) as usize]
            });
        }
    }
    encoded
}

/// Whole groups of four only, as in libotr: what is left over at the end counts for nothing.
fn decode(base64: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = base64
        .iter()
        .copied()
        .filter(|&character| value(character).is_some() || character == b'=')
        .collect();
    let mut data = Vec::with_capacity(digits.len() / 4 * 3);
    for group in digits.chunks_exact(4) {
        let padding = group.iter().rev().take_while(|&&digit| digit == b'=').count();
        let bits = group.iter().fold(0_u32, |bits, &digit| {
            (bits << 6) | u32::from(value(digit).unwrap_or(0))
        });
        let [_, bytes @ ..] = bits.to_be_bytes();
        data.extend_from_slice(&bytes[..3_usize.saturating_sub(padding)]);
    }
    data
}

const fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_part_is_found_where_it_first_stands() {
        for (message, part, at) in [
            (&b""[..], &b"?OTR"[..], None),
            (b"?OT", b"?OTR", None),
            (b"?OTR", b"?OTR", Some(0)),
            (b"??OT?OTR?OTR", b"?OTR", Some(4)),
            (b"??OTR", b"?OTR", Some(1)),
            (b"words ?OT", b"?OTR", None),
            (b"words\0?OTR", b"?OTR", Some(6)),
            (b"  \t ", b" \t ", Some(1)),
            (b"words", b"", None),
        ] {
            assert_eq!(find(message, part), at, "{message:?}");
        }
    }
}
