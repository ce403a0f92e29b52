//! The store, as the engine sees it: our account, what is known about people, and memories to write down.

use std::path::{Path, PathBuf};

use im::irc::{CaseMapping, Nick};
use otr::{Account, Fingerprint, InstanceTag, PrivateKey, Version};
use otr_store::{AccountId, Correspondent, Store, StoreError};
use rand_core::CryptoRng;

use crate::engine::trust::Trust;
use crate::engine::{Engine, Memory};

/// One account in one store. The store is ours alone until this is dropped.
pub struct Vault {
    store: Store,
    id: AccountId,
}

impl Vault {
    /// Opens the store in this directory for one account.
    ///
    /// # Errors
    /// What the store says; nothing was changed.
    pub fn open(path: &Path, nick: &str) -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::open(path)?,
            id: account_id(nick),
        })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store, to be changed.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
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
        let tag = match self.store.instance_tag(&self.id).and_then(InstanceTag::new) {
            Some(tag) => tag,
            None => {
                let tag = InstanceTag::random(rng);
                self.store.set_instance_tag(&self.id, tag.raw())?;
                tag
            }
        };
        let key = self.store.key(&self.id).and_then(copy).ok_or(VaultError::Key)?;
        Ok(Account::new(key, tag, rng))
    }

    /// Tells the engine what is known about the people of this account.
    pub fn teach(&self, engine: &mut Engine) {
        for known in self
            .store
            .known_keys()
            .filter(|known| *known.correspondent.account() == self.id)
        {
            let nick = engine.fold(known.correspondent.user());
            let fingerprint = Fingerprint::from_bytes(known.fingerprint);
            engine.learn(&nick, fingerprint, trust_of(&known.trust));
        }
        for (correspondent, peer) in self.store.peers().filter(|(peer, _)| *peer.account() == self.id) {
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
                let key = fingerprint.as_bytes();
                self.store.remember(&correspondent, key)?;
                let known = self.store.trust(&correspondent, key).cloned().unwrap_or_default();
                // A word of another program that means the same is left as it is.
                if trust_of(&known).is_verified() != trust.is_verified() || *trust > trust_of(&known) {
                    self.store.set_trust(&correspondent, key, &word_of(*trust))?;
                }
                Ok(())
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

/// The name of an account in the files: the nick, folded, so that letter case makes no second key.
pub fn account_id(nick: &str) -> AccountId {
    AccountId::new(CaseMapping::Rfc1459.fold(nick.as_bytes()), PROTOCOL)
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
    [Version::V1, Version::V2, Version::V3]
        .into_iter()
        .find(|version| version.number() == number)
}

/// The store keeps its key; the account gets its own.
fn copy(key: &PrivateKey) -> Option<PrivateKey> {
    let [p, q, g, y] = key.public().parts();
    PrivateKey::from_parts(p, q, g, y, key.x().as_slice()).ok()
}

const PROTOCOL: &str = "IRC";
