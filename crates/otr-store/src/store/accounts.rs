//! Our own accounts in a store: keys of both kinds, and profiles.

use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use super::Store;
use crate::atomic_file::Directory;
use crate::file_set::Part;
use crate::libotr::private_keys::{self, PrivateKeyParts};
use crate::names::AccountId;
use crate::store_error::StoreError;
use crate::v4::keys::{self, AccountV4Keys, V4Keys};

impl Store {
    /// Our accounts that have a key of either kind, in the order of the files, libotr's first.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        let v4 = self.v4_keys.iter().map(|known| &known.account);
        let classic = self.keys.iter().map(|account| &account.id);
        classic.chain(v4.filter(|id| self.key(id).is_none()))
    }

    /// The key of one of our accounts for versions 1 to 3.
    pub fn key(&self, account: &AccountId) -> Option<&PrivateKey> {
        self.keys
            .iter()
            .find(|known| known.id == *account)
            .map(|known| &known.key)
    }

    /// The keys of one of our accounts for version 4.
    pub fn v4_keys(&self, account: &AccountId) -> Option<&V4Keys> {
        self.v4_keys
            .iter()
            .find(|known| known.account == *account)
            .map(|known| &known.keys)
    }

    /// The client profile that an account last had, as it travels. It may have expired, belong to other
    /// keys or be no profile at all: then a new one takes its place, and nobody has to hear of it.
    pub fn profile(&self, account: &AccountId) -> Option<&[u8]> {
        self.profiles.profile(account)
    }

    /// Stores the first key of an account for versions 1 to 3.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyExists`] if there is one, [`StoreError::Name`], [`StoreError::File`].
    pub fn add_key(&mut self, account: AccountId, key: PrivateKey) -> Result<(), StoreError> {
        if self.key(&account).is_some() {
            return Err(StoreError::KeyExists(Box::new(account)));
        }
        private_keys::check_names(&account)?;
        let added = Account { id: account, key };
        let file = write_keys(self.keys.iter().chain([&added]));
        self.files.save(Part::Keys, &file)?;
        self.keys.push(added);
        Ok(())
    }

    /// Stores the first keys of an account for version 4.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyExists`] if there are any, [`StoreError::Name`], [`StoreError::File`].
    pub fn add_v4_keys(&mut self, account: AccountId, keys: V4Keys) -> Result<(), StoreError> {
        if self.v4_keys(&account).is_some() {
            return Err(StoreError::KeyExists(Box::new(account)));
        }
        keys::check_names(&account)?;
        let added = AccountV4Keys { account, keys };
        let file = write_v4_keys(self.v4_keys.iter().chain([&added]));
        self.files.save(Part::KeysV4, &file)?;
        self.v4_keys.push(added);
        Ok(())
    }

    /// Stores the client profile of an account, in place of any it had.
    ///
    /// # Errors
    ///
    /// [`StoreError::Profile`], [`StoreError::File`].
    pub fn set_profile(&mut self, account: &AccountId, profile: &[u8]) -> Result<(), StoreError> {
        let mut changed = self.profiles.clone();
        changed.set(account, profile)?;
        self.files.save(Part::ProfilesV4, &changed.write())?;
        self.profiles = changed;
        Ok(())
    }

    /// Destroys the keys of an account, of both kinds, and its profile; `false` if it had none.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`]. What was destroyed before the error stays so: libotr's file is the last, and
    /// while the account stands there it can be tried again.
    pub fn forget_key(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        let mut profiles = self.profiles.clone();
        let had_profile = profiles.forget(account);
        if had_profile {
            self.files.save(Part::ProfilesV4, &profiles.write())?;
            self.profiles = profiles;
        }
        let had_v4 = self.v4_keys(account).is_some();
        if had_v4 {
            let file = write_v4_keys(self.v4_keys.iter().filter(|known| known.account != *account));
            self.files.save(Part::KeysV4, &file)?;
            self.v4_keys.retain(|known| known.account != *account);
        }
        let had_key = self.key(account).is_some();
        if had_key {
            let file = write_keys(self.keys.iter().filter(|known| known.id != *account));
            self.files.save(Part::Keys, &file)?;
            self.keys.retain(|known| known.id != *account);
        }
        Ok(had_v4 || had_key)
    }
}

/// One of our accounts that has a key.
#[derive(Debug)]
pub(super) struct Account {
    id: AccountId,
    key: PrivateKey,
}

pub(super) fn read_keys(directory: &Directory, file: &[u8]) -> Result<Vec<Account>, StoreError> {
    let path = || directory.path().join(Part::Keys.name());
    let accounts = private_keys::read(file).map_err(|fault| StoreError::KeyFile { path: path(), fault })?;
    let checked = accounts.into_iter().map(|found| {
        let parts = found.parts;
        match PrivateKey::from_parts(&parts.p, &parts.q, &parts.g, &parts.y, &parts.x) {
            Ok(key) => Ok(Account {
                id: found.account,
                key,
            }),
            Err(fault) => Err(StoreError::Key {
                path: path(),
                at: found.at,
                account: Box::new(found.account),
                fault,
            }),
        }
    });
    checked.collect()
}

pub(super) fn read_v4_keys(directory: &Directory, file: &[u8]) -> Result<Vec<AccountV4Keys>, StoreError> {
    keys::read(file).map_err(|fault| StoreError::V4KeyFile {
        path: directory.path().join(Part::KeysV4.name()),
        fault,
    })
}

fn write_v4_keys<'a>(accounts: impl Iterator<Item = &'a AccountV4Keys>) -> Zeroizing<Vec<u8>> {
    keys::write(accounts.map(|known| (&known.account, &known.keys)))
}

fn write_keys<'a>(accounts: impl Iterator<Item = &'a Account>) -> Zeroizing<Vec<u8>> {
    let all: Vec<_> = accounts
        .map(|account| (&account.id, key_parts(&account.key)))
        .collect();
    private_keys::write(all.iter().map(|(id, parts)| (*id, parts)))
}

/// The numbers of a key, for the files.
pub(crate) fn key_parts(key: &PrivateKey) -> PrivateKeyParts {
    let [p, q, g, y] = key.public().parts().map(<[u8]>::to_vec);
    let x = key.x();
    let zeros = x.iter().take_while(|byte| **byte == 0).count();
    PrivateKeyParts {
        p,
        q,
        g,
        y,
        x: Zeroizing::new(x.get(zeros..).unwrap_or_default().to_vec()),
    }
}
