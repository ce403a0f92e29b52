//! The name of a key that somebody has shown: what people compare, of either kind.

use std::fmt;

/// The fingerprint of a long-term key.
///
/// One person has one of each kind, and nothing in the names says that they belong together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    /// Of versions 1 to 3: the SHA-1 of a DSA key.
    Classic([u8; 20]),
    /// Of version 4: a hash of a long-term key and a forging key.
    V4([u8; 56]),
}

impl KeyName {
    /// The 20 or 56 bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Classic(bytes) => bytes,
            Self::V4(bytes) => bytes,
        }
    }

    /// The bytes, if it is a name of versions 1 to 3: all that other programs know.
    pub const fn classic(&self) -> Option<&[u8; 20]> {
        match self {
            Self::Classic(bytes) => Some(bytes),
            Self::V4(_) => None,
        }
    }

    /// Whether it belongs to version 4.
    pub const fn is_v4(&self) -> bool {
        matches!(self, Self::V4(_))
    }

    /// Reads 40 or 112 hexadecimal digits of either case; white space between digits is allowed, so
    /// that a name can be pasted as it is shown.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut digits = [0; 2 * V4_SIZE];
        let mut count = 0;
        for c in text.chars().filter(|c| !c.is_ascii_whitespace()) {
            *digits.get_mut(count)? = u8::try_from(c.to_digit(16)?).ok()?;
            count += 1;
        }
        let mut bytes = [0; V4_SIZE];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |high, low| high << 4 | low);
        }
        if count % 2 == 1 {
            return None;
        }
        Self::try_from(bytes.get(..count / 2)?).ok()
    }
}

/// Bytes that are no name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 20 bytes, or 56 in version 4, and not {0}")]
pub struct BadKeyName(pub usize);

impl From<[u8; 20]> for KeyName {
    fn from(bytes: [u8; 20]) -> Self {
        Self::Classic(bytes)
    }
}

impl From<&[u8; 20]> for KeyName {
    fn from(bytes: &[u8; 20]) -> Self {
        Self::Classic(*bytes)
    }
}

impl From<[u8; V4_SIZE]> for KeyName {
    fn from(bytes: [u8; V4_SIZE]) -> Self {
        Self::V4(bytes)
    }
}

impl From<&[u8; V4_SIZE]> for KeyName {
    fn from(bytes: &[u8; V4_SIZE]) -> Self {
        Self::V4(*bytes)
    }
}

impl From<&Self> for KeyName {
    fn from(name: &Self) -> Self {
        *name
    }
}

impl TryFrom<&[u8]> for KeyName {
    type Error = BadKeyName;

    fn try_from(bytes: &[u8]) -> Result<Self, BadKeyName> {
        let classic = bytes.try_into().map(Self::Classic);
        classic
            .or_else(|_| bytes.try_into().map(Self::V4))
            .map_err(|_| BadKeyName(bytes.len()))
    }
}

/// The form people read aloud: groups of eight upper-case digits, five or fourteen of them.
impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, group) in self.as_bytes().chunks(4).enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            for byte in group {
                write!(f, "{byte:02X}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({self})")
    }
}

const V4_SIZE: usize = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read_as_they_are_shown() {
        let long: [u8; 56] = std::array::from_fn(|i| u8::try_from(i * 4 + 3).unwrap());
        for name in [KeyName::from([0xa5; 20]), KeyName::from(long)] {
            let shown = name.to_string();
            assert_eq!(KeyName::from_hex(&shown), Some(name));
            assert_eq!(
                KeyName::from_hex(&shown.to_lowercase().replace(' ', "\n")),
                Some(name)
            );
            assert_eq!(KeyName::try_from(name.as_bytes()), Ok(name));
        }
        assert!(KeyName::from(long).is_v4() && KeyName::from(long).classic().is_none());
    }

    #[test]
    fn other_lengths_are_no_names() {
        for length in (0..300).filter(|length| ![40, 112].contains(length)) {
            assert_eq!(KeyName::from_hex(&"a".repeat(length)), None, "{length}");
        }
        assert_eq!(KeyName::from_hex(&"g".repeat(40)), None);
        assert_eq!(KeyName::from_hex(&format!("+{}", "a".repeat(39))), None);
        for length in (0..80).filter(|length| ![20, 56].contains(length)) {
            assert_eq!(KeyName::try_from(&vec![1; length][..]), Err(BadKeyName(length)));
        }
    }
}
