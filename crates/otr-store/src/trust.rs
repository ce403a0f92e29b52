//! What the user decided about a fingerprint.
//!
//! The decision lives in the last column of libotr's fingerprint file, as one word. libotr itself
//! asks only whether the column is empty; its clients write different words, and one of them writes
//! `no`. So a word counts as trust here only if it is known to mean it, and any other is carried
//! along unchanged.

use std::fmt;

use crate::names::printable;

/// What the user decided about one fingerprint of one correspondent.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub enum Trust {
    /// Nothing: the key was seen, and that is all. An empty column.
    #[default]
    Undecided,
    /// Compared by hand. The word `verified`.
    Verified,
    /// A shared secret matched (Socialist Millionaires). The word `smp`.
    Smp,
    /// Another program's word, kept as it was found.
    Word(TrustWord),
}

impl Trust {
    /// Whether the user vouched for the key.
    ///
    /// Of the foreign words, `manual`, `affirmed`, `trusted` and `yes` do; every other does not.
    pub fn is_trusted(&self) -> bool {
        match self {
            Self::Undecided => false,
            Self::Verified | Self::Smp => true,
            Self::Word(word) => FOREIGN_TRUST.contains(&word.as_bytes()),
        }
    }

    /// The word in libotr's column.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Undecided => b"",
            Self::Verified => b"verified",
            Self::Smp => b"smp",
            Self::Word(word) => word.as_bytes(),
        }
    }

    /// The trust that a column holds; `None` if it holds what no column can.
    pub fn from_bytes(column: &[u8]) -> Option<Self> {
        match column {
            b"" => Some(Self::Undecided),
            b"verified" => Some(Self::Verified),
            b"smp" => Some(Self::Smp),
            other => TrustWord::new(other).map(Self::Word),
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({})", printable(self.as_bytes()))
    }
}

/// A foreign word in the trust column: not empty, not one of ours, without line breaks or zero bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TrustWord(Vec<u8>);

impl TrustWord {
    /// The bytes of the word.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(word: &[u8]) -> Option<Self> {
        let fits = !word.iter().any(|b| matches!(b, b'\n' | b'\r' | 0));
        fits.then(|| Self(word.to_vec()))
    }
}

impl fmt::Debug for TrustWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustWord({})", printable(&self.0))
    }
}

/// irssi, bitlbee, Profanity and centerim in this order.
const FOREIGN_TRUST: [&[u8]; 4] = [b"manual", b"affirmed", b"trusted", b"yes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_known_to_mean_trust_are_trust() {
        for (word, trusted) in [
            ("", false),
            ("verified", true),
            ("smp", true),
            ("manual", true),
            ("affirmed", true),
            ("trusted", true),
            ("yes", true),
            ("no", false),
            ("verifie", false),
            ("Verified", false),
            ("smp ", false),
        ] {
            let trust = Trust::from_bytes(word.as_bytes()).unwrap();
            assert_eq!(trust.is_trusted(), trusted, "{word:?}");
            assert_eq!(trust.as_bytes(), word.as_bytes());
        }
    }

    #[test]
    fn a_column_cannot_hold_line_breaks() {
        assert_eq!(Trust::from_bytes(b"a\nb"), None);
        assert_eq!(Trust::from_bytes(b"a\rb"), None);
        assert_eq!(Trust::from_bytes(b"a\0b"), None);
    }
}
