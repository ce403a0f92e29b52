//! The one store of the proxy, shared by all of its doors.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use otr::Account;
use otr_store::{AccountId, Store};
use rand_core::CryptoRng;

use crate::chat::arrival;
use crate::config::Resolved;
use crate::engine::{Engine, Memory};
use crate::keys::Keys;
use crate::vault::{Identity, Vault};

/// The store, which is ours alone as long as the proxy runs.
pub(crate) struct Archive {
    /// Taken out only while it is worked with.
    store: Mutex<Option<Store>>,
}

/// One profile of the store.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) profile: String,
    pub(crate) nick: String,
}

impl Archive {
    /// Over this store.
    pub(super) fn new(store: Store) -> Self {
        Self {
            store: Mutex::new(Some(store)),
        }
    }

    /// What the store wants a person to know.
    pub(super) fn notices(&self) -> Vec<String> {
        let store = self.lock();
        let notices = store.iter().flat_map(Store::notices);
        notices.map(|notice| notice.to_string()).collect()
    }

    /// Whose key a profile has.
    pub(super) fn identity(&self, shelf: &Shelf) -> io::Result<Identity> {
        self.with(shelf, |vault| vault.identity().clone())
    }

    /// An engine with the key, the rules and the memories of a profile. A key that is missing is made.
    pub(super) fn engine(
        &self,
        shelf: &Shelf,
        resolved: &Resolved,
        rng: &mut dyn CryptoRng,
    ) -> io::Result<Engine> {
        self.with(shelf, |vault| {
            let account: Account = vault.account(rng).map_err(io::Error::other)?;
            Ok(arrival::engine(resolved, account, vault))
        })?
    }

    /// Writes something down. It is on the disk when this returns.
    pub(super) fn remember(&self, shelf: &Shelf, memory: &Memory) -> io::Result<()> {
        self.with(shelf, |vault| vault.remember(memory).map_err(io::Error::other))?
    }

    /// Lets somebody look at the keys, or change what is known of them.
    pub(crate) fn keys<T>(&self, work: impl FnOnce(&mut Keys) -> T) -> io::Result<T> {
        let mut place = self.lock();
        let Some(store) = place.take() else {
            return Err(io::Error::other("the store is gone"));
        };
        let mut keys = Keys::new(store);
        let done = work(&mut keys);
        *place = Some(keys.into_store());
        Ok(done)
    }

    /// The name of a profile's account in the store.
    pub(crate) fn account(&self, shelf: &Shelf) -> io::Result<AccountId> {
        self.with(shelf, |vault| vault.id().clone())
    }

    fn with<T>(&self, shelf: &Shelf, work: impl FnOnce(&mut Vault) -> T) -> io::Result<T> {
        let mut place = self.lock();
        let Some(store) = place.take() else {
            return Err(io::Error::other("the store is gone"));
        };
        let mut vault = Vault::new(store, &shelf.profile, &shelf.nick);
        let done = work(&mut vault);
        *place = Some(vault.into_store());
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
