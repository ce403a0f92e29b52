//! Our side of version 4: keys that stay, and the client profile that is made of them again and again.

use otr::Timestamp;
use otr::crypto::ed448::SigningKey;
use otr::identity::{ClientProfile, ForgingKey, V4Account};
use otr::wire::Wire as _;
use otr::wire::raw_profile::RawProfile;
use otr_store::{StoreError, V4Keys};
use rand_core::CryptoRng;

use super::{Vault, VaultError};
use crate::engine::Engine;

impl Vault {
    /// Our side of version 4 for the same device. Keys, an instance tag and a profile that are missing are made, and
    /// stored before they are used.
    ///
    /// A stored profile that is damaged, expired, of other keys or of another device is no error: another one is made
    /// from the keys, as it is for one that ends within a day. The keys are never made anew while the store has them.
    ///
    /// # Errors
    /// If they cannot be stored.
    pub fn v4_account(&mut self, rng: &mut dyn CryptoRng, now: Timestamp) -> Result<V4Account, VaultError> {
        let owner = self.instance_tag(rng)?;
        if self.store.v4_keys(&self.id).is_none() {
            self.store.add_v4_keys(self.id.clone(), new_v4_keys(rng)?)?;
        }
        let stored = self.store.profile(&self.id).and_then(|bytes| {
            let raw = RawProfile::from_bytes(bytes).ok()?;
            ClientProfile::validate(&raw, owner, now).ok()
        });
        let with_stored = stored.and_then(|profile| {
            let (long_term, forging) = self.v4_pair()?;
            V4Account::with_profile(long_term, forging, profile)
        });
        let (account, changed) = match with_stored {
            Some(mut account) => {
                let renewed = account.renew(None, rng, now);
                (account, renewed)
            }
            None => {
                let (long_term, forging) = self.v4_pair().ok_or(VaultError::Key)?;
                (V4Account::new(long_term, forging, owner, None, rng, now), true)
            }
        };
        if changed {
            self.remember_profile(account.profile())?;
        }
        Ok(account)
    }

    /// Lets the engine renew its profile if the time of that is nearly over, and stores the new one.
    ///
    /// # Errors
    /// What the store says; the profile is in use all the same.
    pub fn renew_profile(&mut self, engine: &mut Engine, now: Timestamp) -> Result<(), StoreError> {
        if !engine.renew_profile(now) {
            return Ok(());
        }
        match engine.account().v4() {
            Some(v4) => self.remember_profile(v4.profile()),
            None => Ok(()),
        }
    }

    /// Stores the current profile, as it has to be whenever one was renewed.
    ///
    /// # Errors
    /// What the store says; nothing was changed.
    pub fn remember_profile(&mut self, profile: &ClientProfile) -> Result<(), StoreError> {
        self.store.set_profile(&self.id, profile.raw().as_bytes())
    }

    /// The store keeps its keys; the account gets its own.
    fn v4_pair(&self) -> Option<(SigningKey, ForgingKey)> {
        Some(self.store.v4_keys(&self.id)?.copy()?.into_parts())
    }
}

/// New keys for version 4. The secret of the forging key is nobody's.
///
/// # Errors
/// [`VaultError::Key`], should both keys be the same, which does not happen.
pub fn new_v4_keys(rng: &mut dyn CryptoRng) -> Result<V4Keys, VaultError> {
    V4Keys::new(SigningKey::generate(rng), ForgingKey::generate(rng)).ok_or(VaultError::Key)
}
