//! One directory with everything that outlives a session.

mod accounts;
mod people;

use std::path::Path;

use zeroize::Zeroizing;

use crate::atomic_file::Directory;
use crate::file_set::{FileSet, Part};
use crate::known_keys::KnownKeys;
use crate::libotr::instance_tags::{AccountTag, InstanceTags};
use crate::libotr::lines::LineNotice;
use crate::lock::Lock;
use crate::names::AccountId;
use crate::peers::Peers;
use crate::sealed::{Cost, Passphrase};
use crate::store_error::{Notice, StoreError};
use crate::v4::keys::AccountV4Keys;
use crate::v4::profiles::Profiles;

pub(crate) use accounts::key_parts;
use accounts::{Account, read_keys, read_v4_keys};

/// A directory's keys, fingerprints, instance tags and memories, owned by this process alone.
///
/// Every change is on the disk when its method returns, and if it returns an error nothing has
/// changed, here or there.
#[derive(Debug)]
pub struct Store {
    files: FileSet,
    keys: Vec<Account>,
    v4_keys: Vec<AccountV4Keys>,
    profiles: Profiles,
    known: KnownKeys,
    instance_tags: InstanceTags,
    peers: Peers,
    _lock: Lock,
}

impl Store {
    /// Takes the lock on a directory and reads what it holds; a missing directory is made, and
    /// missing files are empty. Nothing is written before something changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if another process has it or any file cannot be read as a whole; nothing
    /// was changed then. [`StoreError::PassphraseNeeded`] asks for [`Self::open_with`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_files(path, None)
    }

    /// Opens a store that is under a pass phrase. This takes the time and memory of the store's
    /// [`Cost`], on the caller's thread.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; [`StoreError::Sealed`] if the pass phrase is wrong, and
    /// [`StoreError::NotSealed`] if there is none to be given.
    pub fn open_with(path: &Path, passphrase: &Passphrase) -> Result<Self, StoreError> {
        Self::open_files(path, Some(passphrase))
    }

    fn open_files(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, StoreError> {
        let directory = Directory::open(path)?;
        let lock = Lock::take(&directory)?;
        directory.remove_leftovers()?;
        let (files, contents) = FileSet::open(directory, passphrase)?;
        let [keys, known, instance_tags, peers, v4_keys, profiles, v4_known] = contents.each_ref();
        let [known, v4_known] = [known, v4_known].map(|file| file.as_ref().map(|file| file.as_slice()));
        let read = |file: &Zeroizing<Vec<u8>>| read_keys(files.directory(), file);
        let keys = keys.as_ref().map(read).transpose()?.unwrap_or_default();
        let read = |file: &Zeroizing<Vec<u8>>| read_v4_keys(files.directory(), file);
        let v4_keys = v4_keys.as_ref().map(read).transpose()?.unwrap_or_default();
        let read = |file: &Zeroizing<Vec<u8>>| read_peers(files.directory(), file);
        let peers = peers.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(Self {
            keys,
            v4_keys,
            profiles: profiles
                .as_deref()
                .map_or_else(Profiles::default, |file| Profiles::read(file)),
            known: KnownKeys::read(known, v4_known),
            instance_tags: instance_tags
                .as_deref()
                .map_or_else(InstanceTags::new, |file| InstanceTags::read(file)),
            peers,
            files,
            _lock: lock,
        })
    }

    /// Whether the store is under a pass phrase.
    pub const fn is_sealed(&self) -> bool {
        self.files.is_sealed()
    }

    /// Puts the store under a pass phrase, or under another one in place of the present. libotr's
    /// files are replaced by one that nobody reads without it. Takes the time and memory of
    /// `cost`, on the caller's thread.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sealed`], [`StoreError::File`].
    pub fn set_passphrase(&mut self, passphrase: &Passphrase, cost: Cost) -> Result<(), StoreError> {
        self.files.seal(passphrase, cost)
    }

    /// Takes the store out from under its pass phrase: libotr's files are there again, in clear.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotSealed`], [`StoreError::File`].
    pub fn remove_passphrase(&mut self) -> Result<(), StoreError> {
        self.files.unseal()
    }

    /// Where the store is, without links.
    pub fn path(&self) -> &Path {
        self.files.directory().path()
    }

    /// The user number that the store's files belong to.
    pub(crate) const fn owner(&self) -> u32 {
        self.files.directory().owner()
    }

    /// What was odd about the files when they were read.
    pub fn notices(&self) -> Vec<Notice> {
        let of = |name: &str, lines: &[LineNotice]| {
            let path = self.files.directory().path().join(name);
            lines
                .iter()
                .map(|line| Notice {
                    path: path.clone(),
                    line: *line,
                })
                .collect::<Vec<_>>()
        };
        let mut notices = of(Part::Fingerprints.name(), self.known.classic.notices());
        notices.extend(of(Part::InstanceTags.name(), self.instance_tags.notices()));
        notices.extend(of(Part::FingerprintsV4.name(), self.known.v4.notices()));
        notices.extend(of(Part::ProfilesV4.name(), self.profiles.notices()));
        notices
    }

    /// The instance tag of one of our accounts, at least 0x100.
    pub fn instance_tag(&self, account: &AccountId) -> Option<u32> {
        self.instance_tags.tag(account)
    }

    /// All instance tags, in the order of the file; not every account needs to have a key.
    pub fn instance_tags(&self) -> impl Iterator<Item = &AccountTag> {
        self.instance_tags.iter()
    }

    /// Stores an account's instance tag, in place of any it had.
    ///
    /// # Errors
    ///
    /// [`StoreError::Tag`], [`StoreError::File`].
    pub fn set_instance_tag(&mut self, account: &AccountId, tag: u32) -> Result<(), StoreError> {
        let mut changed = self.instance_tags.clone();
        changed.set(account, tag)?;
        self.save_instance_tags(changed)
    }

    fn save_instance_tags(&mut self, changed: InstanceTags) -> Result<(), StoreError> {
        self.files.save(Part::InstanceTags, &changed.write())?;
        self.instance_tags = changed;
        Ok(())
    }
}

fn read_peers(directory: &Directory, file: &[u8]) -> Result<Peers, StoreError> {
    Peers::read(file).map_err(|fault| StoreError::PeerFile {
        path: directory.path().join(Part::Peers.name()),
        fault,
    })
}
