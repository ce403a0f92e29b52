//! Which names are the same name (`CASEMAPPING`).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use jid::BareJid;

/// How a network folds letter case in nicks and channel names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseMapping {
    /// A to Z only.
    Ascii,
    /// A to Z, and `{}|^` are the small forms of `[]\~`; what a network uses that says nothing.
    #[default]
    Rfc1459,
    /// A to Z, and `{}|` are the small forms of `[]\`.
    StrictRfc1459,
    /// Not IRC's: bare addresses of XMPP, as RFC 7622 prepares them.
    Jid,
}

impl CaseMapping {
    /// The mapping with this name in `RPL_ISUPPORT`. An unknown name is taken as ASCII: telling two spellings
    /// apart that the network thinks equal costs a new session; the reverse would mix up two people.
    #[must_use]
    pub fn from_token(token: &[u8]) -> Self {
        if token.eq_ignore_ascii_case(b"rfc1459") {
            Self::Rfc1459
        } else if token.eq_ignore_ascii_case(b"strict-rfc1459") {
            Self::StrictRfc1459
        } else {
            Self::Ascii
        }
    }

    /// The form of `name` that all its spellings share.
    #[must_use]
    pub fn fold(self, name: &[u8]) -> Vec<u8> {
        if self == Self::Jid
            && let Ok(name) = std::str::from_utf8(name)
            && let Ok(jid) = BareJid::new(name)
        {
            return jid.as_str().as_bytes().to_vec();
        }
        name.iter().map(|&byte| self.fold_byte(byte)).collect()
    }

    /// Whether two spellings are one name.
    #[must_use]
    pub fn same(self, one: &[u8], other: &[u8]) -> bool {
        if self == Self::Jid {
            return self.fold(one) == self.fold(other);
        }
        one.len() == other.len()
            && one
                .iter()
                .zip(other)
                .all(|(&one, &other)| self.fold_byte(one) == self.fold_byte(other))
    }

    fn fold_byte(self, byte: u8) -> u8 {
        match (self, byte) {
            (Self::Rfc1459, b'~') => b'^',
            (Self::Rfc1459 | Self::StrictRfc1459, b'[' | b']' | b'\\') => byte + 0x20,
            _ => byte.to_ascii_lowercase(),
        }
    }
}

/// A nick that remembers its spelling and compares by its folded form: a key for maps. Nicks folded under two
/// different mappings must not be mixed; [`refold`](Self::refold) carries one over.
#[derive(Clone)]
pub struct Nick {
    shown: Vec<u8>,
    folded: Vec<u8>,
}

impl Nick {
    /// A nick as the network spells it.
    #[must_use]
    pub fn new(shown: impl Into<Vec<u8>>, mapping: CaseMapping) -> Self {
        let shown = shown.into();
        Self {
            folded: mapping.fold(&shown),
            shown,
        }
    }

    /// The nick as it was spelled.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.shown
    }

    /// The form that all spellings share.
    #[must_use]
    pub fn folded(&self) -> &[u8] {
        &self.folded
    }

    /// The same spelling under another mapping.
    #[must_use]
    pub fn refold(self, mapping: CaseMapping) -> Self {
        Self::new(self.shown, mapping)
    }
}

impl PartialEq for Nick {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Nick {}

impl Hash for Nick {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl PartialOrd for Nick {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Nick {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

/// The spelling, with bytes that are not UTF-8 replaced. Control characters stay as they are: whoever writes to a
/// terminal makes them harmless.
impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.shown))
    }
}

impl fmt::Debug for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nick({:?})", String::from_utf8_lossy(&self.shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_as_the_network_says() {
        let name = b"AZaz[]\\~{}|^_`@\xc4";
        assert_eq!(CaseMapping::Ascii.fold(name), b"azaz[]\\~{}|^_`@\xc4");
        assert_eq!(CaseMapping::Rfc1459.fold(name), b"azaz{}|^{}|^_`@\xc4");
        assert_eq!(CaseMapping::StrictRfc1459.fold(name), b"azaz{}|~{}|^_`@\xc4");
    }

    #[test]
    fn knows_the_names_of_the_mappings() {
        assert_eq!(CaseMapping::from_token(b"rfc1459"), CaseMapping::Rfc1459);
        assert_eq!(
            CaseMapping::from_token(b"Strict-RFC1459"),
            CaseMapping::StrictRfc1459
        );
        assert_eq!(CaseMapping::from_token(b"ascii"), CaseMapping::Ascii);
        assert_eq!(CaseMapping::from_token(b"rfc7613"), CaseMapping::Ascii);
    }

    #[test]
    fn addresses_are_folded_beyond_ascii() {
        let one = Nick::new("B\u{d6}b[~]@Example.ORG", CaseMapping::Jid);
        assert_eq!(one.folded(), "b\u{f6}b[~]@example.org".as_bytes());
        assert_eq!(one.to_string(), "B\u{d6}b[~]@Example.ORG");
        // What is no bare address is nobody's, and is not cut down to somebody's.
        assert_ne!(
            Nick::new("bob@example.org/phone", CaseMapping::Jid),
            Nick::new("bob@example.org", CaseMapping::Jid)
        );
    }

    #[test]
    fn nicks_compare_folded_and_keep_their_spelling() {
        let one = Nick::new("Foo[m]", CaseMapping::Rfc1459);
        let other = Nick::new("fOO{M}", CaseMapping::Rfc1459);
        assert_eq!(one, other);
        assert_eq!(other.to_string(), "fOO{M}");
        assert_ne!(one.refold(CaseMapping::Ascii), other.refold(CaseMapping::Ascii));
    }
}
