//! The name of a public key that people compare.

use core::fmt;

use crate::crypto::ed448::Point;
use crate::crypto::kdf::{self, Usage};

/// The name of a person's key, as people compare it: in versions 1 to 3 the SHA-1 of a DSA public key without its type,
/// 20 bytes (version 3, "Public keys, signatures, and fingerprints"); in version 4 a [`FingerprintV4`], 56 bytes. One
/// person has one of each, and they have nothing to do with each other.
///
/// Both are public, and comparing them may tell by its time where they differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Behind the length there are zeros.
    bytes: [u8; 56],
    length: u8,
}

impl Fingerprint {
    /// A fingerprint of versions 1 to 3 from its 20 bytes.
    pub const fn from_bytes(short: [u8; 20]) -> Self {
        let mut bytes = [0; 56];
        let mut at = 0;
        while at < short.len() {
            bytes[at] = short[at];
            at += 1;
        }
        Self { bytes, length: 20 }
    }

    /// The 20 or 56 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The 20 bytes of a fingerprint of versions 1 to 3.
    pub fn classic(&self) -> Option<&[u8; 20]> {
        self.as_bytes().try_into().ok()
    }

    /// The fingerprint of version 4, if it is one.
    pub fn v4(&self) -> Option<FingerprintV4> {
        (usize::from(self.length) == self.bytes.len()).then_some(FingerprintV4(self.bytes))
    }

    /// Reads 40 or 112 hexadecimal digits of either case; white space between digits is allowed, so that a
    /// fingerprint can be pasted as it is shown.
    pub fn from_hex(text: &str) -> Option<Self> {
        let classic = || read_hex(text).map(Self::from_bytes);
        classic().or_else(|| FingerprintV4::from_hex(text).map(Self::from))
    }
}

impl From<FingerprintV4> for Fingerprint {
    fn from(long: FingerprintV4) -> Self {
        Self {
            bytes: long.0,
            length: 56,
        }
    }
}

impl Ord for Fingerprint {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.length, self.bytes).cmp(&(other.length, other.bytes))
    }
}

impl PartialOrd for Fingerprint {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The name of a person in version 4 ("Public keys and fingerprints"): 56 bytes of the hash of the long-term key and the
/// forging key, without their types.
///
/// The forging key is in it so that nobody can be made to use another one unnoticed (S-79). It has nothing to do with the
/// same person's fingerprint of versions 1 to 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FingerprintV4([u8; 56]);

impl FingerprintV4 {
    /// The fingerprint of these two keys.
    #[must_use]
    pub fn of(long_term: &Point, forging: &Point) -> Self {
        Self(kdf::bytes(
            Usage::FINGERPRINT,
            &[&long_term.encode(), &forging.encode()],
        ))
    }

    /// A fingerprint from its 56 bytes.
    pub const fn from_bytes(bytes: [u8; 56]) -> Self {
        Self(bytes)
    }

    /// The 56 bytes.
    pub const fn as_bytes(&self) -> &[u8; 56] {
        &self.0
    }

    /// Reads 112 hexadecimal digits of either case; white space between digits is allowed.
    pub fn from_hex(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }
}

/// The form people read aloud: fourteen groups of eight upper-case digits.
impl fmt::Display for FingerprintV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_groups(&self.0, f)
    }
}

impl fmt::Debug for FingerprintV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintV4({self})")
    }
}

/// The form people read aloud: five or fourteen groups of eight upper-case digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_groups(self.as_bytes(), f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut digits = text.chars().filter(|c| !c.is_ascii_whitespace());
    for byte in &mut bytes {
        let high = digits.next()?.to_digit(16)?;
        let low = digits.next()?.to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    digits.next().is_none().then_some(bytes)
}

fn write_groups(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, word) in bytes.chunks(4).enumerate() {
        if position > 0 {
            f.write_str(" ")?;
        }
        for byte in word {
            write!(f, "{byte:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_reads_the_human_form() {
        let mut bytes = [0; 20];
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(position * 13).unwrap();
        }
        let fingerprint = Fingerprint::from_bytes(bytes);
        let shown = fingerprint.to_string();
        assert_eq!(shown, "000D1A27 34414E5B 6875828F 9CA9B6C3 D0DDEAF7");
        assert_eq!(Fingerprint::from_hex(&shown), Some(fingerprint));
        assert_eq!(
            Fingerprint::from_hex(&shown.to_lowercase().replace(' ', "")),
            Some(fingerprint)
        );
    }

    #[test]
    fn both_kinds_are_read_and_never_mistaken_for_each_other() {
        let long = Fingerprint::from(FingerprintV4::from_bytes([7; 56]));
        assert_eq!(Fingerprint::from_hex(&long.to_string()), Some(long));
        assert_eq!(long.as_bytes(), [7; 56]);
        assert!(long.classic().is_none() && long.v4().is_some());
        let mut bytes = [0; 56];
        bytes[..20].fill(9);
        let padded = Fingerprint::from(FingerprintV4::from_bytes(bytes));
        let short = Fingerprint::from_bytes([9; 20]);
        assert_ne!(short, padded);
        assert_ne!(short.cmp(&padded), core::cmp::Ordering::Equal);
        assert!(short.v4().is_none() && short.classic() == Some(&[9; 20]));
    }

    #[test]
    fn refuses_what_is_neither_forty_nor_a_hundred_and_twelve_digits() {
        for text in [
            "",
            "00",
            &"0".repeat(39),
            &"0".repeat(41),
            &"g".repeat(40),
            &"0".repeat(111),
        ] {
            assert_eq!(Fingerprint::from_hex(text), None, "{text}");
        }
    }
}
