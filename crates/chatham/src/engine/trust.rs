//! What is known about the keys of one correspondent.

use std::collections::{BTreeMap, BTreeSet};

use otr::Fingerprint;

/// What the person decided about a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// The key was seen, and that is all.
    #[default]
    Seen,
    /// A shared secret matched.
    Secret,
    /// The fingerprints were compared.
    Compared,
}

impl Trust {
    /// Whether the person vouched for the key.
    pub fn is_verified(self) -> bool {
        self != Self::Seen
    }

    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "unverified",
            Self::Secret => "verified by a shared secret",
            Self::Compared => "verified by comparing fingerprints",
        }
    }
}

/// The keys of one correspondent.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    known: BTreeMap<Fingerprint, Trust>,
    /// Keys without trust that the person accepts for this run, in place of one that is trusted.
    accepted: BTreeSet<Fingerprint>,
    /// Keys that came when another one was known: nothing goes to them until the person decides.
    doubted: BTreeSet<Fingerprint>,
}

impl Keyring {
    pub(super) fn learn(&mut self, key: Fingerprint, trust: Trust) {
        self.known.insert(key, trust);
    }

    /// Notes that a key was seen. Whether it is another one than those that were known.
    pub(super) fn see(&mut self, key: Fingerprint) -> bool {
        if self.known.contains_key(&key) {
            return self.doubted.contains(&key);
        }
        let another = !self.known.is_empty();
        if another {
            self.doubted.insert(key);
        }
        self.known.insert(key, Trust::Seen);
        another
    }

    pub(super) fn accept(&mut self, key: Fingerprint) {
        self.accepted.insert(key);
        self.doubted.remove(&key);
    }

    pub(super) fn trust(&self, key: Fingerprint) -> Trust {
        self.known.get(&key).copied().unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Fingerprint, Trust)> {
        self.known.iter().map(|(key, trust)| (*key, *trust))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn has_verified(&self) -> bool {
        self.known.values().any(|trust| trust.is_verified())
    }

    /// The keys that a text may wait for: the verified ones, else all.
    pub(super) fn for_waiting(&self) -> Vec<Fingerprint> {
        let verified = self.has_verified();
        self.iter()
            .filter(|(key, trust)| trust.is_verified() || !verified && !self.doubted.contains(key))
            .map(|(key, _)| key)
            .collect()
    }

    /// Whether a text may go to this key: it is verified, or accepted, or the only kind of key that was ever known.
    pub(super) fn admits(&self, key: Fingerprint) -> bool {
        let first = !self.has_verified() && !self.doubted.contains(&key);
        self.trust(key).is_verified() || self.accepted.contains(&key) || first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Fingerprint = Fingerprint::from_bytes([1; 20]);
    const TWO: Fingerprint = Fingerprint::from_bytes([2; 20]);

    #[test]
    fn another_key_is_blocked_until_accepted() {
        let mut keys = Keyring::default();
        assert!(keys.admits(ONE) && !keys.see(ONE) && !keys.see(ONE));
        assert!(keys.see(TWO) && keys.see(TWO), "nobody has decided yet");
        assert!(keys.admits(ONE) && !keys.admits(TWO));
        assert_eq!(keys.for_waiting(), [ONE]);
        keys.accept(TWO);
        assert!(!keys.see(TWO) && keys.admits(TWO) && !keys.trust(TWO).is_verified());
    }

    #[test]
    fn beside_a_verified_key_every_other_one_is_blocked() {
        let mut keys = Keyring::default();
        keys.learn(TWO, Trust::Seen);
        keys.learn(ONE, Trust::Secret);
        assert!(keys.admits(ONE) && !keys.admits(TWO));
        assert_eq!(keys.for_waiting(), [ONE]);
        keys.accept(TWO);
        assert!(keys.admits(TWO));
        keys.learn(ONE, Trust::Seen);
        assert_eq!(keys.for_waiting(), [ONE, TWO]);
    }
}
