//! What people say: wiped when dropped, and never printed by accident.

use core::fmt;
use core::ops::Deref;

use zeroize::Zeroize;

/// Words, or other bytes that belong to a person, as they came: UTF-8 by agreement, which nobody enforces.
///
/// It reads like a slice of bytes. It is wiped when it is dropped, and its `Debug` shows its length alone; a copy is
/// the owner's to wipe.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// The words, if they are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    /// The bytes, which from here on somebody else has to wipe.
    pub fn into_bytes(mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }

    /// Cuts it to this many bytes, and wipes the others.
    pub fn truncate(&mut self, length: usize) {
        self.0.get_mut(length..).unwrap_or_default().zeroize();
        self.0.truncate(length);
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self(words.into())
    }
}

impl PartialEq<[u8]> for Text {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

impl PartialEq<&[u8]> for Text {
    fn eq(&self, other: &&[u8]) -> bool {
        self.0 == *other
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_alone() {
        assert_eq!(format!("{:?}", Text::from("attack")), "Text(6 bytes)");
        assert_eq!(format!("{:#?}", Text::from("attack")), "Text(6 bytes)");
    }

    #[test]
    fn it_reads_like_bytes() {
        let text = Text::from("dawn");
        assert!(text == "dawn" && text == b"dawn"[..] && text.len() == 4 && text.as_str() == Some("dawn"));
        assert_eq!(Text::from(vec![0xff]).as_str(), None);
        assert_eq!(text.into_bytes(), b"dawn");
    }

    #[test]
    fn cutting_keeps_the_front() {
        for (length, left) in [(0, ""), (2, "da"), (4, "dawn"), (9, "dawn")] {
            let mut text = Text::from("dawn");
            text.truncate(length);
            assert_eq!(text, left);
        }
    }
}
