//! The store, as the engine sees it: our profile, what is known about people, and memories to write down.

mod v4;

use std::fmt;
use std::path::{Path, PathBuf};

use im::irc::{CaseMapping, Nick};
use otr::{Account, Fingerprint, FingerprintV4, InstanceTag, PrivateKey, Version};
use otr_store::{AccountId, Correspondent, KeyName, Store, StoreError};
use rand_core::CryptoRng;

use crate::engine::trust::Trust;
use crate::engine::{Engine, Memory};
use crate::sanitize;
use crate::seat::now;

pub use v4::new_v4_keys;

/// One profile in one store. The store is ours alone until this is dropped.
pub struct Vault {
    store: Store,
    id: AccountId,
    identity: Identity,
}

/// Whose key a vault has found, which a person should be told unless it is [`Identity::Profile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The profile's own.
    Profile,
    /// The profile has none, but the nick has: a store of the time when keys belonged to nicks.
    Nick {
        /// The profile, which goes without a key of its own.
        profile: String,
        /// The nick whose key is used.
        nick: String,
    },
    /// Neither has one: [`Vault::account`] makes it.
    New {
        /// The profile that the key will belong to.
        profile: String,
        /// Other accounts of this store that have a key. A person may have meant one of them.
        others: Vec<String>,
    },
}

impl fmt::Display for Identity {
    /// A sentence for a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile => f.write_str("the key of the profile is used"),
            Self::Nick { profile, nick } => write!(
                f,
                "the profile {profile} has no key of its own; the key of {nick}, which is there from an earlier \
                 version, is used"
            ),
            Self::New { profile, others } if others.is_empty() => {
                write!(f, "making a key for the profile {profile}; this happens once")
            }
            Self::New { profile, others } => write!(
                f,
                "making a new key for the profile {profile}, although there are keys of {}; to use one of those, \
                 name its profile",
                others.join(", ")
            ),
        }
    }
}

impl Vault {
    /// Opens the store in this directory for one profile, and the nick that it uses on its network.
    ///
    /// # Errors
    /// What the store says; nothing was changed.
    pub fn open(path: &Path, profile: &str, nick: &str) -> Result<Self, StoreError> {
        Ok(Self::new(Store::open(path)?, profile, nick))
    }

    /// The same in a store that is open already, as one under a pass phrase is by
    /// [`passphrase::open`](crate::keys::passphrase::open).
    pub fn new(store: Store, profile: &str, nick: &str) -> Self {
        let (ours, earlier) = (account_id(profile), account_id(nick));
        let shown = |name: &str| sanitize::nick(name.as_bytes());
        let (id, identity) = if store.key(&ours).is_some() {
            (ours, Identity::Profile)
        } else if store.key(&earlier).is_some() {
            let (profile, nick) = (shown(profile), shown(nick));
            (earlier, Identity::Nick { profile, nick })
        } else {
            let others = store.accounts().map(|id| sanitize::nick(id.name())).collect();
            let profile = shown(profile);
            (ours, Identity::New { profile, others })
        };
        Self { store, id, identity }
    }

    /// Whose key was found.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store, to be changed.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The store, for another profile of it.
    pub fn into_store(self) -> Store {
        self.store
    }

    /// The account's name in the store's files.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Whether the account has a key already.
    pub fn has_key(&self) -> bool {
        self.store.key(&self.id).is_some()
    }

    /// Our account. A key and an instance tag that are missing are made, and stored before they are used.
    ///
    /// # Errors
    /// If they cannot be stored.
    pub fn account(&mut self, rng: &mut dyn CryptoRng) -> Result<Account, VaultError> {
        if !self.has_key() {
            self.store.add_key(self.id.clone(), PrivateKey::generate(rng))?;
        }
        let tag = self.instance_tag(rng)?;
        let key = self.store.key(&self.id).and_then(copy).ok_or(VaultError::Key)?;
        let v4 = self.v4_account(rng, now())?;
        Ok(Account::new(key, tag, rng).with_v4(v4))
    }

    /// The tag of this device, which both kinds of accounts share.
    fn instance_tag(&mut self, rng: &mut dyn CryptoRng) -> Result<InstanceTag, VaultError> {
        if let Some(tag) = self.store.instance_tag(&self.id).and_then(InstanceTag::new) {
            return Ok(tag);
        }
        let tag = InstanceTag::random(rng);
        self.store.set_instance_tag(&self.id, tag.raw())?;
        Ok(tag)
    }

    /// Tells the engine what is known about the people of this account.
    pub fn teach(&self, engine: &mut Engine) {
        for known in self
            .store
            .known_keys()
            .filter(|known| *known.correspondent.account() == self.id)
        {
            let Some(fingerprint) = fingerprint_of(&known.fingerprint) else {
                continue;
            };
            let nick = engine.fold(known.correspondent.user());
            engine.learn(&nick, fingerprint, trust_of(&known.trust));
        }
        for (correspondent, peer) in self.store.peers().filter(|(peer, _)| *peer.account() == self.id) {
            for at in self.store.failed_comparisons(correspondent) {
                engine.learn_failure(&engine.fold(correspondent.user()), *at);
            }
            if let Some(version) = peer.minimum_version.and_then(version_of) {
                engine.learn_version(&engine.fold(correspondent.user()), version);
            }
        }
    }

    /// Writes something down. It is on the disk when this returns.
    ///
    /// # Errors
    /// What the store says; nothing was changed.
    pub fn remember(&mut self, memory: &Memory) -> Result<(), StoreError> {
        match memory {
            Memory::Key {
                nick,
                fingerprint,
                trust,
            } => {
                let correspondent = self.correspondent(nick);
                let Some(key) = key_name(fingerprint) else {
                    return Ok(());
                };
                self.store.remember(&correspondent, key)?;
                let known = self.store.trust(&correspondent, key).cloned().unwrap_or_default();
                // A word of another program that means the same is left as it is.
                if trust_of(&known).is_verified() != trust.is_verified() || *trust > trust_of(&known) {
                    self.store.set_trust(&correspondent, key, &word_of(*trust))?;
                }
                Ok(())
            }
            Memory::ComparisonFailed { nick, at } => {
                let correspondent = self.correspondent(nick);
                self.store.record_failed_comparison(&correspondent, *at)
            }
            Memory::Version { nick, version } => {
                let correspondent = self.correspondent(nick);
                self.store.raise_minimum_version(&correspondent, version.number())
            }
        }
    }

    /// The person as the files name them: as they stand there already, in any spelling, or folded.
    fn correspondent(&self, nick: &Nick) -> Correspondent {
        let known = self.store.known_keys().map(|known| &known.correspondent);
        let same = |user: &[u8]| Nick::new(user, CaseMapping::Rfc1459).folded() == nick.folded();
        let mut ours = known.filter(|known| *known.account() == self.id);
        match ours.find(|known| same(known.user())) {
            Some(known) => known.clone(),
            None => Correspondent::new(nick.folded(), self.id.clone()),
        }
    }
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key that was just read or made is not one.
    #[error("the key in the store is not sound")]
    Key,
}

/// The name of a profile in the files, folded, so that letter case makes no second key. In older stores the nick
/// stood in its place.
pub fn account_id(profile: &str) -> AccountId {
    AccountId::new(CaseMapping::Rfc1459.fold(profile.as_bytes()), PROTOCOL)
}

/// The store's name for a key.
fn key_name(fingerprint: &Fingerprint) -> Option<KeyName> {
    KeyName::try_from(fingerprint.as_bytes()).ok()
}

/// What the engine calls a key that the store names.
pub(crate) fn fingerprint_of(name: &KeyName) -> Option<Fingerprint> {
    Some(match name {
        KeyName::Classic(bytes) => Fingerprint::from_bytes(*bytes),
        KeyName::V4(bytes) => FingerprintV4::from_bytes(*bytes).into(),
    })
}

/// What is known about a key, from the store's word.
pub fn trust_of(word: &otr_store::Trust) -> Trust {
    match word {
        otr_store::Trust::Smp => Trust::Secret,
        word if word.is_trusted() => Trust::Compared,
        _ => Trust::Seen,
    }
}

/// The store's word for what is known about a key.
pub fn word_of(trust: Trust) -> otr_store::Trust {
    match trust {
        Trust::Seen => otr_store::Trust::Undecided,
        Trust::Secret => otr_store::Trust::Smp,
        Trust::Compared => otr_store::Trust::Verified,
    }
}

/// Where the store is, if nobody says otherwise: `$CHATHAM_DATA`, else `$XDG_DATA_HOME/chatham`, else
/// `~/.local/share/chatham`. `None` if there is no home.
pub fn default_directory() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("CHATHAM_DATA")
        .or_else(|| absolute("XDG_DATA_HOME").map(|data| data.join("chatham")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share/chatham")))
}

fn version_of(number: u16) -> Option<Version> {
    Version::ALL
        .into_iter()
        .find(|version| version.number() == number)
}

/// The store keeps its key; the account gets its own.
fn copy(key: &PrivateKey) -> Option<PrivateKey> {
    let [p, q, g, y] = key.public().parts();
    PrivateKey::from_parts(p, q, g, y, key.x().as_slice()).ok()
}

/// The profile of whoever does not care for profiles.
pub const DEFAULT_PROFILE: &str = "default";

const PROTOCOL: &str = "IRC";

#[cfg(test)]
mod tests {
    use otr_store::Trust as Word;

    use super::*;
    use crate::randomness;

    fn with_keys(folder: &Path, names: &[&str]) {
        let mut store = Store::open(folder).unwrap();
        for name in names {
            let key = PrivateKey::generate(&mut *randomness());
            store.add_key(account_id(name), key).unwrap();
        }
    }

    #[test]
    fn the_key_of_the_profile_comes_first_then_that_of_the_nick() {
        let folder = tempfile::tempdir().unwrap();
        with_keys(folder.path(), &["Alice"]);
        let vault = Vault::open(folder.path(), "default", "aLICE").unwrap();
        let expected = Identity::Nick {
            profile: "default".into(),
            nick: "aLICE".into(),
        };
        assert_eq!((vault.identity(), vault.id()), (&expected, &account_id("alice")));
        assert!(vault.has_key());
        drop(vault);

        with_keys(folder.path(), &["default"]);
        let vault = Vault::open(folder.path(), "default", "alice").unwrap();
        assert_eq!(
            (vault.identity(), vault.id()),
            (&Identity::Profile, &account_id("default"))
        );
    }

    #[test]
    fn a_second_key_is_never_made_silently() {
        let folder = tempfile::tempdir().unwrap();
        with_keys(folder.path(), &["alice"]);
        let mut vault = Vault::open(folder.path(), "work", "alice_").unwrap();
        assert!(!vault.has_key());
        let words = vault.identity().to_string();
        assert!(
            words.contains("work") && words.contains("keys of alice"),
            "{words}"
        );
        vault.account(&mut *randomness()).unwrap();
        drop(vault);
        let vault = Vault::open(folder.path(), "WORK", "alice_").unwrap();
        assert_eq!(vault.identity(), &Identity::Profile);
        assert_eq!(vault.store().accounts().count(), 2);
    }

    #[test]
    fn what_is_remembered_belongs_to_the_account_whose_key_is_used() {
        let folder = tempfile::tempdir().unwrap();
        with_keys(folder.path(), &["alice"]);
        let mut vault = Vault::open(folder.path(), "default", "alice").unwrap();
        let bob = Correspondent::new("bob", vault.id().clone());
        vault.store_mut().remember(&bob, [7; 20]).unwrap();
        vault
            .store_mut()
            .set_trust(&bob, [7; 20], &Word::Verified)
            .unwrap();
        let known = vault.store().known_keys().next().unwrap();
        assert_eq!(known.correspondent.account(), &account_id("alice"));
    }
}
