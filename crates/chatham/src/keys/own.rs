//! Keys of our own, of both kinds.

use otr::PrivateKey;
use otr_store::{AccountId, KeyName, StoreError, V4Keys};
use serde_json::{Value, json};

use super::{Keys, KeysError, Report, name};
use crate::present::words::key_versions;
use crate::randomness;
use crate::vault::{account_id, new_v4_keys};

impl Keys {
    /// Makes the keys of an account: one for versions 1 to 3, and those of version 4. What is there already
    /// is never overwritten; an account with a key of one kind gets the other.
    ///
    /// # Errors
    /// [`StoreError::KeyExists`] and what else the store says.
    pub fn generate(&mut self, nick: &str) -> Result<Report, KeysError> {
        let id = account_id(nick);
        let (had_key, had_v4) = (self.store.key(&id).is_some(), self.store.v4_keys(&id).is_some());
        if had_key && had_v4 {
            return Err(StoreError::KeyExists(Box::new(id)).into());
        }
        if !had_key {
            let key = PrivateKey::generate(&mut *randomness());
            self.store.add_key(id.clone(), key)?;
        }
        if !had_v4 {
            let keys = new_v4_keys(&mut *randomness())?;
            self.store.add_v4_keys(id.clone(), keys)?;
        }
        let own = self.own(&id);
        let made = [(had_key, own.classic), (had_v4, own.v4)];
        let lines = made
            .into_iter()
            .filter(|(had, _)| !had)
            .filter_map(|(_, key)| {
                key.map(|key| {
                    format!(
                        "new key of {}: {key}  ({})",
                        name(&id),
                        key_versions(key.as_bytes())
                    )
                })
            })
            .collect();
        Ok(Report {
            lines,
            value: own.value(&id),
        })
    }

    /// The fingerprints of our keys: first that of versions 1 to 3, then that of version 4. They have different
    /// lengths.
    ///
    /// # Errors
    /// If there is no such key, or it is not clear which is meant.
    pub fn fingerprint(&self, account: Option<&str>) -> Result<Report, KeysError> {
        let id = self.account(account)?;
        let own = self.own(&id);
        let lines: Vec<_> = own.iter().map(|key| key.to_string()).collect();
        if lines.is_empty() {
            return Err(KeysError::NoKey(name(&id)));
        }
        Ok(Report {
            lines,
            value: own.value(&id),
        })
    }

    /// What we show as ours.
    pub(super) fn own(&self, id: &AccountId) -> Own {
        let classic = self.store.key(id);
        Own {
            classic: classic.map(fingerprint_of),
            v4: self.store.v4_keys(id).map(V4Keys::fingerprint),
        }
    }
}

/// The fingerprints of an account of ours. One kind is missing in a store of earlier days, or after an import.
pub(super) struct Own {
    classic: Option<KeyName>,
    v4: Option<KeyName>,
}

impl Own {
    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyName> {
        self.classic.iter().chain(&self.v4)
    }

    pub(super) fn value(&self, id: &AccountId) -> Value {
        let [classic, v4] = [self.classic, self.v4].map(|key| key.as_ref().map(hex));
        json!({ "account": name(id), "fingerprint": classic, "fingerprint-v4": v4 })
    }
}

/// A fingerprint as 40 or 112 upper-case hexadecimal digits.
pub(super) fn hex(key: &KeyName) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The name of one of our keys for versions 1 to 3, as the store has it.
pub(super) fn fingerprint_of(key: &PrivateKey) -> KeyName {
    let fingerprint = otr::identity::long_term_keys::fingerprint(key.public());
    let mut name = [0; 20];
    name.iter_mut()
        .zip(fingerprint.as_bytes())
        .for_each(|(to, from)| *to = *from);
    KeyName::Classic(name)
}
