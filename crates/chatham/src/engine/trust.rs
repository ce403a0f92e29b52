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
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring {
    known: BTreeMap<Fingerprint, Trust>,
    /// Keys without trust that the person accepts for this run, in place of one that is trusted.
    accepted: BTreeSet<Fingerprint>,
    /// Keys that came when another one was known: nothing goes to them until the person decides.
    doubted: BTreeSet<Fingerprint>,
    /// Those of them that the person has decided against.
    rejected: BTreeSet<Fingerprint>,
}

impl Keyring {
    pub(super) fn learn(&mut self, key: Fingerprint, trust: Trust) {
        self.known.insert(key, trust);
        if trust.is_verified() {
            // Who vouches for a key has decided about it.
            self.doubted.remove(&key);
            self.rejected.remove(&key);
        }
    }

    /// The keys of somebody who comes to a name that these other keys belong to: whatever is not among them is another
    /// key of that name, whoever it was trusted under. To a name without keys one brings one's own.
    pub(super) fn come_to(&mut self, name: &Self) {
        if name.is_empty() {
            return;
        }
        let brought = std::mem::replace(self, name.clone());
        for key in brought.known.into_keys() {
            self.see(key);
        }
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

    /// The keys of what turns out to be the same name. Those that nobody vouched for are another key beside ours.
    pub(super) fn join(&mut self, other: &Self) {
        for (key, trust) in other.iter() {
            if trust.is_verified() && !other.doubted.contains(&key) {
                self.learn(key, trust);
            } else {
                self.see(key);
            }
        }
    }

    pub(super) fn accept(&mut self, key: Fingerprint) {
        self.accepted.insert(key);
        self.doubted.remove(&key);
        self.rejected.remove(&key);
    }

    /// The person does not want this key: nothing goes to it before another decision, even if it is the only one known.
    pub(super) fn reject(&mut self, key: Fingerprint) {
        self.accepted.remove(&key);
        self.doubted.insert(key);
        self.rejected.insert(key);
    }

    /// Whether the person has decided against this key.
    pub(super) fn is_rejected(&self, key: Fingerprint) -> bool {
        self.rejected.contains(&key)
    }

    /// Whether a decision about this key is still to be made.
    pub(super) fn is_doubted(&self, key: Fingerprint) -> bool {
        self.doubted.contains(&key)
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
        let verified =
            |(key, trust): (&Fingerprint, &Trust)| trust.is_verified() && !self.doubted.contains(key);
        self.known.iter().any(verified)
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
    fn whoever_comes_to_a_name_is_measured_by_its_keys() {
        let (mut bob, mut carol) = (Keyring::default(), Keyring::default());
        bob.learn(ONE, Trust::Compared);
        carol.learn(TWO, Trust::Seen);
        let mut nobody = bob.clone();
        nobody.come_to(&Keyring::default());
        assert_eq!(nobody.trust(ONE), Trust::Compared, "nobody else had the name");
        let mut at_carols = bob.clone();
        at_carols.come_to(&carol);
        assert!(!at_carols.admits(ONE) && at_carols.admits(TWO) && !at_carols.has_verified());
        assert_eq!(at_carols.for_waiting(), [TWO]);
        at_carols.come_to(&bob);
        assert!(
            at_carols.admits(ONE) && at_carols.trust(ONE) == Trust::Compared,
            "home again"
        );
    }

    #[test]
    fn vouching_for_a_key_ends_the_doubt() {
        let mut keys = Keyring::default();
        keys.see(ONE);
        assert!(keys.see(TWO));
        keys.learn(TWO, Trust::Secret);
        assert!(!keys.see(TWO) && keys.admits(TWO));
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
