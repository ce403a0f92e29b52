//! One directory with everything that outlives a session.

use std::path::Path;

use otr::Timestamp;
use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use crate::atomic_file::Directory;
use crate::file_set::{FileSet, Part};
use crate::libotr::fingerprints::{Fingerprint, Fingerprints, KnownKey};
use crate::libotr::instance_tags::{AccountTag, InstanceTags};
use crate::libotr::lines::LineNotice;
use crate::libotr::private_keys::{self, PrivateKeyParts};
use crate::lock::Lock;
use crate::names::{AccountId, Correspondent};
use crate::peers::{Peer, Peers};
use crate::sealed::{Cost, Passphrase};
use crate::store_error::{Notice, StoreError};
use crate::trust::Trust;

/// A directory's keys, fingerprints, instance tags and memories, owned by this process alone.
///
/// Every change is on the disk when its method returns, and if it returns an error nothing has
/// changed, here or there.
#[derive(Debug)]
pub struct Store {
    files: FileSet,
    keys: Vec<Account>,
    fingerprints: Fingerprints,
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
        let [keys, fingerprints, instance_tags, peers] = &contents;
        let read = |file: &[u8]| read_keys(files.directory(), file);
        let keys = keys
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), |file| read(file))?;
        let read = |file: &[u8]| read_peers(files.directory(), file);
        let peers = peers
            .as_deref()
            .map_or_else(|| Ok(Peers::default()), |file| read(file))?;
        Ok(Self {
            keys,
            fingerprints: fingerprints
                .as_deref()
                .map_or_else(Fingerprints::default, |file| Fingerprints::read(file)),
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
        let mut notices = of(Part::Fingerprints.name(), self.fingerprints.notices());
        notices.extend(of(Part::InstanceTags.name(), self.instance_tags.notices()));
        notices
    }

    /// Our accounts that have a key, in the order of the file.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.keys.iter().map(|account| &account.id)
    }

    /// The key of one of our accounts.
    pub fn key(&self, account: &AccountId) -> Option<&PrivateKey> {
        self.keys
            .iter()
            .find(|known| known.id == *account)
            .map(|known| &known.key)
    }

    /// Stores the first key of an account.
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

    /// Destroys the key of an account; `false` if it had none.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget_key(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        if self.key(account).is_none() {
            return Ok(false);
        }
        let file = write_keys(self.keys.iter().filter(|known| known.id != *account));
        self.files.save(Part::Keys, &file)?;
        self.keys.retain(|known| known.id != *account);
        Ok(true)
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

    /// All keys that correspondents have shown, in the order of the file.
    pub fn known_keys(&self) -> impl Iterator<Item = &KnownKey> {
        self.fingerprints.iter()
    }

    /// What the user decided about this key of this correspondent; `None` if they never showed it.
    pub fn trust(&self, correspondent: &Correspondent, fingerprint: &Fingerprint) -> Option<&Trust> {
        self.fingerprints.trust(correspondent, fingerprint)
    }

    /// Notes that a correspondent has shown a key; `false` if it was known, which changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Name`], [`StoreError::File`].
    pub fn remember(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: &Fingerprint,
    ) -> Result<bool, StoreError> {
        let mut changed = self.fingerprints.clone();
        let new = changed.remember(correspondent, fingerprint)?;
        if new {
            self.save_fingerprints(changed)?;
        }
        Ok(new)
    }

    /// Stores the user's decision about exactly this key: the one that was shown to the user or
    /// that the comparison was started with, whatever the correspondent uses by now (S-33).
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownFingerprint`] if the correspondent never showed it,
    /// [`StoreError::Name`], [`StoreError::File`].
    pub fn set_trust(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: &Fingerprint,
        trust: &Trust,
    ) -> Result<(), StoreError> {
        let mut changed = self.fingerprints.clone();
        if !changed.set_trust(correspondent, fingerprint, trust)? {
            return Err(StoreError::UnknownFingerprint(Box::new(correspondent.clone())));
        }
        self.save_fingerprints(changed)
    }

    /// Notes many keys at once, each with its trust: all of them, or none if there is an error. A key that is
    /// known already gets the trust that it comes with.
    ///
    /// # Errors
    ///
    /// [`StoreError::Name`], [`StoreError::File`].
    pub fn adopt(&mut self, known: &[KnownKey]) -> Result<(), StoreError> {
        if known.is_empty() {
            return Ok(());
        }
        let mut changed = self.fingerprints.clone();
        for key in known {
            changed.remember(&key.correspondent, &key.fingerprint)?;
            changed.set_trust(&key.correspondent, &key.fingerprint, &key.trust)?;
        }
        self.save_fingerprints(changed)
    }

    /// Forgets that a correspondent has shown a key, and the trust in it; `false` if it was not
    /// known.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: &Fingerprint,
    ) -> Result<bool, StoreError> {
        let mut changed = self.fingerprints.clone();
        let found = changed.forget(correspondent, fingerprint);
        if found {
            self.save_fingerprints(changed)?;
        }
        Ok(found)
    }

    /// What is remembered about a correspondent beyond keys.
    pub fn peer(&self, correspondent: &Correspondent) -> Peer {
        self.peers.peer(correspondent)
    }

    /// Everybody that something is remembered about.
    pub fn peers(&self) -> impl Iterator<Item = (&Correspondent, &Peer)> {
        self.peers.iter()
    }

    /// Remembers that a correspondent speaks `version`: from now on nothing lower is accepted from
    /// them. Never lowers what is remembered; for that, the user's word goes to [`Self::set_peer`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn raise_minimum_version(
        &mut self,
        correspondent: &Correspondent,
        version: u16,
    ) -> Result<(), StoreError> {
        let known = self.peer(correspondent);
        if known.minimum_version.is_some_and(|minimum| minimum >= version) {
            return Ok(());
        }
        self.set_peer(
            correspondent,
            Peer {
                minimum_version: Some(version),
                ..known
            },
        )
    }

    /// Notes that a comparison with a correspondent failed (a wrong secret, words that differ), so that
    /// guesses can be counted over restarts. Only the latest [`MAX_FAILURES`](crate::peers::MAX_FAILURES) are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn record_failed_comparison(
        &mut self,
        correspondent: &Correspondent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        changed.add_failure(correspondent, at)?;
        self.save_peers(changed)
    }

    /// When comparisons with a correspondent failed, in the order of time.
    pub fn failed_comparisons(&self, correspondent: &Correspondent) -> &[Timestamp] {
        self.peers.failures(correspondent)
    }

    /// Forgets the failed comparisons with a correspondent.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget_failed_comparisons(&mut self, correspondent: &Correspondent) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        if changed.clear_failures(correspondent) {
            self.save_peers(changed)?;
        }
        Ok(())
    }

    /// Replaces version and policy of a correspondent; [`Peer::default`] forgets them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn set_peer(&mut self, correspondent: &Correspondent, peer: Peer) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        changed.set(correspondent, peer)?;
        self.save_peers(changed)
    }

    fn save_fingerprints(&mut self, changed: Fingerprints) -> Result<(), StoreError> {
        self.files.save(Part::Fingerprints, &changed.write())?;
        self.fingerprints = changed;
        Ok(())
    }

    fn save_instance_tags(&mut self, changed: InstanceTags) -> Result<(), StoreError> {
        self.files.save(Part::InstanceTags, &changed.write())?;
        self.instance_tags = changed;
        Ok(())
    }

    fn save_peers(&mut self, changed: Peers) -> Result<(), StoreError> {
        self.files.save(Part::Peers, &changed.write())?;
        self.peers = changed;
        Ok(())
    }
}

/// One of our accounts that has a key.
#[derive(Debug)]
struct Account {
    id: AccountId,
    key: PrivateKey,
}

fn read_keys(directory: &Directory, file: &[u8]) -> Result<Vec<Account>, StoreError> {
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

fn read_peers(directory: &Directory, file: &[u8]) -> Result<Peers, StoreError> {
    Peers::read(file).map_err(|fault| StoreError::PeerFile {
        path: directory.path().join(Part::Peers.name()),
        fault,
    })
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
