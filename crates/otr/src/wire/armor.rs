//! The printable form of an encoded message: `?OTR:`, base64, a full stop ("Encoded messages").

use std::sync::LazyLock;

use base64::Engine as _;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::GeneralPurpose as Base64;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::Simd as Base64;
use base64::engine::general_purpose::PAD;

use super::error::DecodeError;
use super::search::position_of;

/// Wraps a binary message for a network that carries text.
pub fn encode(message: &[u8]) -> Vec<u8> {
    let digits = message.len().div_ceil(3).saturating_mul(4);
    let mut text = vec![b'.'; digits.saturating_add(MARKER.len() + 1)];
    let (marker, rest) = text.split_at_mut(MARKER.len());
    marker.copy_from_slice(MARKER.as_bytes());
    // There is room for all digits, and the full stop stands behind them already.
    let written = STANDARD.encode_slice(message, rest);
    debug_assert_eq!(written, Ok(digits));
    text
}

/// The binary message in `text`, which is what stands between the marker and the full stop. ASCII white space inside is
/// skipped, since networks fold lines; everything else must be canonical, padded base64.
///
/// # Errors
/// [`DecodeError::BadBase64`]; [`DecodeError::BadLength`] above [`MAX_ARMORED`].
pub fn decode(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    if text.len() > MAX_ARMORED {
        return Err(DecodeError::BadLength);
    }
    // Few networks fold lines, and looking for white space first would take as long as decoding.
    STANDARD.decode(text).or_else(|_| {
        let digits: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        STANDARD.decode(digits).map_err(|_| DecodeError::BadBase64)
    })
}

/// The base64 text of a message that follows the marker: up to the first full stop. What comes after the full stop is
/// no part of the message (networks wrap it in markup) and is ignored.
///
/// # Errors
/// [`DecodeError::MissingTerminator`] without a full stop; [`DecodeError::BadLength`] above [`MAX_ARMORED`].
pub(super) fn body(after_marker: &[u8]) -> Result<&[u8], DecodeError> {
    let end = position_of(b'.', after_marker).ok_or(DecodeError::MissingTerminator)?;
    let text = after_marker.get(..end).unwrap_or_default();
    if text.len() <= MAX_ARMORED {
        Ok(text)
    } else {
        Err(DecodeError::BadLength)
    }
}

/// With vector instructions where the processor has them.
static STANDARD: LazyLock<Base64> = LazyLock::new(|| {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return Base64::standard(PAD);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Base64::new(&base64::alphabet::STANDARD, PAD);
});

/// Longest base64 text that is looked at, in bytes: 16 MiB.
pub const MAX_ARMORED: usize = 16 * 1024 * 1024;

/// What an armoured message starts with.
pub(super) const MARKER: &str = "?OTR:";

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'a> = Result<&'a [u8], DecodeError>;

    #[test]
    fn padding_of_every_length() {
        let table: [(&[u8], &[u8]); 4] = [
            (b"", b"?OTR:."),
            (b"\0", b"?OTR:AA==."),
            (b"\0\x03", b"?OTR:AAM=."),
            (b"\0\x03\x02", b"?OTR:AAMC."),
        ];
        for (binary, armored) in table {
            assert_eq!(encode(binary), armored);
            assert_eq!(body(&armored[5..]).and_then(decode).as_deref(), Ok(binary));
        }
    }

    #[test]
    fn only_canonical_base64_with_folded_lines() {
        let table: [(&[u8], Read<'_>); 11] = [
            (b"AA MC\r\n", Ok(b"\0\x03\x02")),
            (b" \t\x0c", Ok(b"")),
            (b"AA=", Err(DecodeError::BadBase64)),
            (b"AA", Err(DecodeError::BadBase64)),
            (b"AB==", Err(DecodeError::BadBase64)),
            (b"AAMC=", Err(DecodeError::BadBase64)),
            (b"AA==AA==", Err(DecodeError::BadBase64)),
            (b"AA-_", Err(DecodeError::BadBase64)),
            (b"AA\0C", Err(DecodeError::BadBase64)),
            (b"AA \0MC", Err(DecodeError::BadBase64)),
            (b"AA \x0bMC", Err(DecodeError::BadBase64)),
        ];
        for (text, expected) in table {
            assert_eq!(decode(text).as_deref().map_err(|e| *e), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_full_stop_ends_the_text() {
        assert_eq!(body(b"AAMC.</body>."), Ok(&b"AAMC"[..]));
        assert_eq!(body(b"."), Ok(&b""[..]));
        assert_eq!(body(b"AAMC"), Err(DecodeError::MissingTerminator));
        assert_eq!(body(b""), Err(DecodeError::MissingTerminator));
    }

    #[test]
    fn size_is_bounded() {
        let mut text = vec![b'A'; MAX_ARMORED];
        assert_eq!(decode(&text).map(|bytes| bytes.len()), Ok(MAX_ARMORED / 4 * 3));
        text.extend(b"AAAA");
        assert_eq!(decode(&text), Err(DecodeError::BadLength));
        text.push(b'.');
        assert_eq!(body(&text), Err(DecodeError::BadLength));
    }
}
