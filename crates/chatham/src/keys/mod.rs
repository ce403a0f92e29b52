//! What can be done with keys without talking to anybody.

mod export;
mod import;
mod own;
pub mod passphrase;
mod plan;

use std::path::Path;

use im::irc::{CaseMapping, Nick};
use otr_store::foreign::ForeignError;
use otr_store::{AccountId, Correspondent, KeyName, KnownKey, Store, StoreError, Trust};
use serde_json::{Value, json};

use crate::present::json::trust as trust_word;
use crate::present::words::key_versions;
use crate::sanitize;
use crate::vault::{DEFAULT_PROFILE, VaultError, account_id, trust_of};

use own::{fingerprint_of, hex};

pub use export::Order;
pub use plan::Wish;

/// What was done, in lines for people and as a value for programs.
#[derive(Debug)]
pub struct Report {
    /// The lines.
    pub lines: Vec<String>,
    /// The value.
    pub value: Value,
}

/// The keys in one directory.
pub struct Keys {
    store: Store,
}

/// Why it was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// New keys could not be made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Another program's files.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// The other program has no such account.
    #[error("there is no account {wanted}; there are: {there}")]
    NoSuchAccount {
        /// What was named.
        wanted: String,
        /// What there is.
        there: String,
    },
    /// Several accounts of the other program have keys of their own.
    #[error(
        "a profile has one key, and there are several: {0}; name one with --account, or say --trust-only"
    )]
    SeveralKeys(String),
    /// The default profile has another key.
    #[error(
        "the profile {profile} has another key already, which is never overwritten; name a new profile with --profile, \
         or say --trust-only"
    )]
    DefaultHasKey {
        /// The profile.
        profile: String,
    },
    /// The named profile has another key.
    #[error(
        "the profile {profile} has another key already, which is never overwritten; name another one, or say \
         --trust-only"
    )]
    ProfileHasKey {
        /// The profile.
        profile: String,
    },
    /// The store could not be opened, or no pass phrase was to be had.
    #[error(transparent)]
    Unlock(#[from] passphrase::UnlockError),
    /// The store is under a pass phrase already, or under none.
    #[error("{0}")]
    Passphrase(&'static str),
    /// No account of this name has a key.
    #[error("there is no key for {0}; make one with `chatham keys generate {0}`")]
    NoKey(String),
    /// No account at all has a key.
    #[error("there is no key yet; make one with `chatham keys generate`")]
    NoKeys,
    /// It has to be said which account is meant.
    #[error("there are several accounts ({0}); name one with --account")]
    WhichAccount(String),
    /// The person has never shown this key.
    #[error("{nick} has never shown the key {key} to {account}; `chatham keys list` shows what is known")]
    UnknownKey {
        /// The person.
        nick: String,
        /// The key.
        key: String,
        /// Our account.
        account: String,
    },
    /// No key of the person is known.
    #[error("no key of {nick} is known to {account}")]
    UnknownPerson {
        /// The person.
        nick: String,
        /// Our account.
        account: String,
    },
}

impl Keys {
    /// Opens the store in a directory, which is made if it is missing.
    ///
    /// # Errors
    /// What the store says.
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        Ok(Self::new(Store::open(path)?))
    }

    /// The keys in a store that is open already.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The store, which is ours no longer.
    pub(crate) fn into_store(self) -> Store {
        self.store
    }

    /// Our own keys, and those that others have shown.
    pub fn list(&self) -> Report {
        let mut lines = Vec::new();
        let mut own_values = Vec::new();
        for id in self.store.accounts() {
            let own = self.own(id);
            for key in own.iter() {
                lines.push(format!(
                    "yours   {key}  {} ({})",
                    shown_account(id),
                    key_versions(key.as_bytes())
                ));
            }
            let mut value = own.value(id);
            if let Value::Object(value) = &mut value {
                value.insert("protocol".to_owned(), json!(text(id.protocol())));
            }
            own_values.push(value);
        }
        let mut known_values = Vec::new();
        for known in self.store.known_keys() {
            let key = known.fingerprint;
            let trust = trust_of(&known.trust);
            let account = shown_account(known.correspondent.account());
            let user = sanitize::nick(known.correspondent.user());
            lines.push(format!(
                "theirs  {key}  {user}, known to {account} ({}, {})",
                trust.word(),
                key_versions(key.as_bytes())
            ));
            let minimum = self.store.peer(&known.correspondent).minimum_version;
            known_values.push(json!({
                "nick": text(known.correspondent.user()), "account": name(known.correspondent.account()),
                "protocol": text(known.correspondent.account().protocol()), "fingerprint": hex(&key),
                "trust": trust_word(trust), "minimum-version": minimum,
            }));
        }
        if lines.is_empty() {
            lines.push("no keys yet; `chatham keys generate` makes one".to_owned());
        }
        Report {
            lines,
            value: json!({ "own": own_values, "known": known_values }),
        }
    }

    /// Vouches for exactly this key of somebody, or takes it back.
    ///
    /// # Errors
    /// If they have never shown it, or it cannot be stored.
    pub fn set_trust(
        &mut self,
        account: Option<&str>,
        nick: &str,
        key: KeyName,
        trusted: bool,
    ) -> Result<Report, KeysError> {
        let id = self.account(account)?;
        let correspondent = self.known(&id, nick, Some(key))?;
        let trust = if trusted {
            Trust::Verified
        } else {
            Trust::Undecided
        };
        self.store.set_trust(&correspondent, key, &trust)?;
        let trust = trust_of(&trust);
        Ok(Report {
            lines: vec![format!(
                "the key {key} of {} is {}",
                sanitize::nick(nick.as_bytes()),
                trust.word()
            )],
            value: json!({ "nick": nick, "fingerprint": hex(&key), "trust": trust_word(trust) }),
        })
    }

    /// Forgets one key of somebody, or all of them, with the trust in them.
    ///
    /// # Errors
    /// If none is known, or the store cannot be written.
    pub fn forget(
        &mut self,
        account: Option<&str>,
        nick: &str,
        key: Option<KeyName>,
    ) -> Result<Report, KeysError> {
        let id = self.account(account)?;
        self.known(&id, nick, key)?;
        let forgotten: Vec<KnownKey> = self.keys_of(&id, nick, key).cloned().collect();
        for known in &forgotten {
            self.store.forget(&known.correspondent, known.fingerprint)?;
        }
        let keys: Vec<_> = forgotten.iter().map(|known| hex(&known.fingerprint)).collect();
        let line = match keys.len() {
            1 => format!("one key of {} is forgotten", sanitize::nick(nick.as_bytes())),
            count => format!(
                "{count} keys of {} are forgotten",
                sanitize::nick(nick.as_bytes())
            ),
        };
        Ok(Report {
            lines: vec![line],
            value: json!({ "nick": nick, "forgotten": keys }),
        })
    }

    /// Destroys the keys of one of our accounts, of both kinds.
    ///
    /// # Errors
    /// If there is none, or the store cannot be written.
    pub fn forget_own(&mut self, nick: &str) -> Result<Report, KeysError> {
        let id = account_id(nick);
        if !self.store.forget_key(&id)? {
            return Err(KeysError::NoKey(name(&id)));
        }
        Ok(Report {
            lines: vec![format!("the key of {} is destroyed", name(&id))],
            value: json!({ "account": name(&id), "destroyed": true }),
        })
    }

    /// The account that is meant: by its name, else the default profile, else the only one.
    pub(crate) fn account(&self, nick: Option<&str>) -> Result<AccountId, KeysError> {
        if let Some(nick) = nick {
            let id = account_id(nick);
            let found = self
                .store
                .accounts()
                .find(|known| **known == id || text(known.name()) == nick);
            return found.cloned().ok_or_else(|| KeysError::NoKey(name(&id)));
        }
        let default = account_id(DEFAULT_PROFILE);
        if self.store.accounts().any(|known| *known == default) {
            return Ok(default);
        }
        let mut accounts = self.store.accounts();
        match (accounts.next(), accounts.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Err(KeysError::NoKeys),
            (Some(_), Some(_)) => {
                let names: Vec<_> = self.store.accounts().map(name).collect();
                Err(KeysError::WhichAccount(names.join(", ")))
            }
        }
    }

    pub(crate) fn known(
        &self,
        id: &AccountId,
        nick: &str,
        key: Option<KeyName>,
    ) -> Result<Correspondent, KeysError> {
        let found = self
            .keys_of(id, nick, key)
            .next()
            .map(|known| known.correspondent.clone());
        let (person, account) = (sanitize::nick(nick.as_bytes()), name(id));
        found.ok_or_else(|| match key {
            Some(key) => KeysError::UnknownKey {
                nick: person,
                key: key.to_string(),
                account,
            },
            None => KeysError::UnknownPerson {
                nick: person,
                account,
            },
        })
    }

    /// The keys of somebody in any spelling of the name.
    fn keys_of<'a>(
        &'a self,
        id: &'a AccountId,
        nick: &str,
        key: Option<KeyName>,
    ) -> impl Iterator<Item = &'a KnownKey> {
        let folded = Nick::new(nick, CaseMapping::Rfc1459);
        self.store.known_keys().filter(move |known| {
            *known.correspondent.account() == *id
                && Nick::new(known.correspondent.user(), CaseMapping::Rfc1459) == folded
                && key.is_none_or(|key| known.fingerprint == key)
        })
    }
}

fn name(id: &AccountId) -> String {
    sanitize::nick(id.name())
}

fn shown_account(id: &AccountId) -> String {
    format!("{} on {}", name(id), sanitize::nick(id.protocol()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
