//! Encoded messages as text: `?OTR:`, base64, `.`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::wire::DecodeError;

/// The text of a message.
pub fn encode(message: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(MARKER.len() + message.len().div_ceil(3) * 4 + 1);
    text.push_str(MARKER);
    STANDARD.encode_string(message, &mut text);
    text.push('.');
    text.into_bytes()
}

/// The message in the base64 text between `?OTR:` and `.`; line breaks that a carrier put in are allowed.
///
/// # Errors
/// [`DecodeError::BadBase64`].
pub fn decode(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    if text.len() > MAX_ARMORED {
        return Err(DecodeError::BadLength);
    }
    // Line breaks are rare, and looking for them first would take as long as decoding.
    STANDARD.decode(text).or_else(|_| {
        let compact: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(compact).map_err(|_| DecodeError::BadBase64)
    })
}

const MARKER: &str = "?OTR:";
/// The longest text that is decoded.
pub const MAX_ARMORED: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for length in 0..20 {
            let message: Vec<u8> = (0..length).collect();
            let text = encode(&message);
            assert!(text.starts_with(b"?OTR:") && text.ends_with(b"."));
            assert_eq!(decode(&text[5..text.len() - 1]), Ok(message));
        }
    }

    #[test]
    fn line_breaks_are_allowed_and_nothing_else() {
        assert_eq!(decode(b"AA\r\nAC"), Ok(vec![0, 0, 2]));
        for text in [&b"A"[..], b"AA", b"===", b"AA=A", b"AAA-", b"AAAA=", b"A\0AA"] {
            assert_eq!(decode(text), Err(DecodeError::BadBase64), "{text:?}");
        }
    }
}
