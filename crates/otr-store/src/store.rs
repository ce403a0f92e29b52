//! One directory with everything that outlives a session.

use std::path::Path;

use otr::Timestamp;
use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use crate::atomic_file::{Contents, Directory, Stamp};
use crate::file_error::FileError;
use crate::libotr::fingerprints::{self, Fingerprint, Fingerprints, KnownKey};
use crate::libotr::instance_tags::{self, AccountTag, InstanceTags};
use crate::libotr::lines::LineNotice;
use crate::libotr::private_keys::{self, PrivateKeyParts};
use crate::lock::Lock;
use crate::names::{AccountId, Correspondent};
use crate::peers::{self, Peer, Peers};
use crate::store_error::{Notice, StoreError};
use crate::trust::Trust;

/// A directory's keys, fingerprints, instance tags and memories, owned by this process alone.
///
/// Every change is on the disk when its method returns, and if it returns an error nothing has
/// changed, here or there.
#[derive(Debug)]
pub struct Store {
    directory: Directory,
    keys: Held<Vec<Account>>,
    fingerprints: Held<Fingerprints>,
    instance_tags: Held<InstanceTags>,
    peers: Held<Peers>,
    _lock: Lock,
}

impl Store {
    /// Takes the lock on a directory and reads what it holds; a missing directory is made, and
    /// missing files are empty. Nothing is written before something changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`], if another process has it or any file cannot be read as a whole; nothing
    /// was changed then.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let directory = Directory::open(path)?;
        let lock = Lock::take(&directory)?;
        directory.remove_leftovers()?;
        let [keys, fingerprints, instance_tags, peers] = read_all(&directory)?;
        Ok(Self {
            keys: Held::new(keys, |bytes| read_keys(&directory, bytes), Vec::new)?,
            fingerprints: Held::new(
                fingerprints,
                |file| Ok(Fingerprints::read(file)),
                Fingerprints::default,
            )?,
            instance_tags: Held::new(
                instance_tags,
                |file| Ok(InstanceTags::read(file)),
                InstanceTags::new,
            )?,
            peers: Held::new(peers, |file| read_peers(&directory, file), Peers::default)?,
            directory,
            _lock: lock,
        })
    }

    /// Where the store is, without links.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The user number that the store's files belong to.
    pub(crate) const fn owner(&self) -> u32 {
        self.directory.owner()
    }

    /// What was odd about the files when they were read.
    pub fn notices(&self) -> Vec<Notice> {
        let of = |name: &str, lines: &[LineNotice]| {
            let path = self.directory.path().join(name);
            lines
                .iter()
                .map(|line| Notice {
                    path: path.clone(),
                    line: *line,
                })
                .collect::<Vec<_>>()
        };
        let mut notices = of(FINGERPRINTS, self.fingerprints.value.notices());
        notices.extend(of(INSTANCE_TAGS, self.instance_tags.value.notices()));
        notices
    }

    /// Our accounts that have a key, in the order of the file.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.keys.value.iter().map(|account| &account.id)
    }

    /// The key of one of our accounts.
    pub fn key(&self, account: &AccountId) -> Option<&PrivateKey> {
        self.keys
            .value
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
        let file = write_keys(self.keys.value.iter().chain([&added]));
        self.keys.save(&self.directory, KEYS, &file)?;
        self.keys.value.push(added);
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
        let file = write_keys(self.keys.value.iter().filter(|known| known.id != *account));
        self.keys.save(&self.directory, KEYS, &file)?;
        self.keys.value.retain(|known| known.id != *account);
        Ok(true)
    }

    /// The instance tag of one of our accounts, at least 0x100.
    pub fn instance_tag(&self, account: &AccountId) -> Option<u32> {
        self.instance_tags.value.tag(account)
    }

    /// All instance tags, in the order of the file; not every account needs to have a key.
    pub fn instance_tags(&self) -> impl Iterator<Item = &AccountTag> {
        self.instance_tags.value.iter()
    }

    /// Stores an account's instance tag, in place of any it had.
    ///
    /// # Errors
    ///
    /// [`StoreError::Tag`], [`StoreError::File`].
    pub fn set_instance_tag(&mut self, account: &AccountId, tag: u32) -> Result<(), StoreError> {
        let mut changed = self.instance_tags.value.clone();
        changed.set(account, tag)?;
        self.instance_tags
            .replace(&self.directory, INSTANCE_TAGS, changed, InstanceTags::write)
    }

    /// All keys that correspondents have shown, in the order of the file.
    pub fn known_keys(&self) -> impl Iterator<Item = &KnownKey> {
        self.fingerprints.value.iter()
    }

    /// What the user decided about this key of this correspondent; `None` if they never showed it.
    pub fn trust(&self, correspondent: &Correspondent, fingerprint: &Fingerprint) -> Option<&Trust> {
        self.fingerprints.value.trust(correspondent, fingerprint)
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
        let mut changed = self.fingerprints.value.clone();
        let new = changed.remember(correspondent, fingerprint)?;
        if new {
            self.fingerprints
                .replace(&self.directory, FINGERPRINTS, changed, Fingerprints::write)?;
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
        let mut changed = self.fingerprints.value.clone();
        if !changed.set_trust(correspondent, fingerprint, trust)? {
            return Err(StoreError::UnknownFingerprint(Box::new(correspondent.clone())));
        }
        self.fingerprints
            .replace(&self.directory, FINGERPRINTS, changed, Fingerprints::write)
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
        let mut changed = self.fingerprints.value.clone();
        for key in known {
            changed.remember(&key.correspondent, &key.fingerprint)?;
            changed.set_trust(&key.correspondent, &key.fingerprint, &key.trust)?;
        }
        self.fingerprints
            .replace(&self.directory, FINGERPRINTS, changed, Fingerprints::write)
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
        let mut changed = self.fingerprints.value.clone();
        let found = changed.forget(correspondent, fingerprint);
        if found {
            self.fingerprints
                .replace(&self.directory, FINGERPRINTS, changed, Fingerprints::write)?;
        }
        Ok(found)
    }

    /// What is remembered about a correspondent beyond keys.
    pub fn peer(&self, correspondent: &Correspondent) -> Peer {
        self.peers.value.peer(correspondent)
    }

    /// Everybody that something is remembered about.
    pub fn peers(&self) -> impl Iterator<Item = (&Correspondent, &Peer)> {
        self.peers.value.iter()
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
    /// guesses can be counted over restarts. Only the latest [`peers::MAX_FAILURES`] are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn record_failed_comparison(
        &mut self,
        correspondent: &Correspondent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut changed = self.peers.value.clone();
        changed.add_failure(correspondent, at)?;
        self.peers.replace(&self.directory, PEERS, changed, Peers::write)
    }

    /// When comparisons with a correspondent failed, in the order of time.
    pub fn failed_comparisons(&self, correspondent: &Correspondent) -> &[Timestamp] {
        self.peers.value.failures(correspondent)
    }

    /// Forgets the failed comparisons with a correspondent.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget_failed_comparisons(&mut self, correspondent: &Correspondent) -> Result<(), StoreError> {
        let mut changed = self.peers.value.clone();
        if changed.clear_failures(correspondent) {
            self.peers
                .replace(&self.directory, PEERS, changed, Peers::write)?;
        }
        Ok(())
    }

    /// Replaces version and policy of a correspondent; [`Peer::default`] forgets them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn set_peer(&mut self, correspondent: &Correspondent, peer: Peer) -> Result<(), StoreError> {
        let mut changed = self.peers.value.clone();
        changed.set(correspondent, peer)?;
        self.peers.replace(&self.directory, PEERS, changed, Peers::write)
    }
}

/// One of our accounts that has a key.
#[derive(Debug)]
struct Account {
    id: AccountId,
    key: PrivateKey,
}

/// A file's content and which state of the file it was.
#[derive(Debug)]
struct Held<T> {
    value: T,
    stamp: Option<Stamp>,
}

impl<T> Held<T> {
    fn new(
        found: Option<Contents>,
        read: impl FnOnce(&[u8]) -> Result<T, StoreError>,
        missing: impl FnOnce() -> T,
    ) -> Result<Self, StoreError> {
        Ok(match found {
            Some(contents) => Self {
                value: read(&contents.bytes)?,
                stamp: Some(contents.stamp),
            },
            None => Self {
                value: missing(),
                stamp: None,
            },
        })
    }

    fn save(&mut self, directory: &Directory, name: &str, file: &[u8]) -> Result<(), StoreError> {
        self.stamp = Some(directory.replace(name, file, self.stamp.as_ref())?);
        Ok(())
    }

    fn replace(
        &mut self,
        directory: &Directory,
        name: &str,
        value: T,
        write: impl FnOnce(&T) -> Vec<u8>,
    ) -> Result<(), StoreError> {
        self.save(directory, name, &write(&value))?;
        self.value = value;
        Ok(())
    }
}

/// Reads the four files. Loose modes are collected, so that one command mends them all.
fn read_all(directory: &Directory) -> Result<[Option<Contents>; 4], FileError> {
    let mut loose = Vec::new();
    let mut read = |name, limit| match directory.read(name, limit) {
        Err(FileError::LooseMode { paths, .. }) => {
            loose.extend(paths);
            Ok(None)
        }
        other => other,
    };
    let found = [
        read(KEYS, private_keys::MAX_FILE)?,
        read(FINGERPRINTS, fingerprints::MAX_FILE)?,
        read(INSTANCE_TAGS, instance_tags::MAX_FILE)?,
        read(PEERS, peers::MAX_FILE)?,
    ];
    if loose.is_empty() {
        Ok(found)
    } else {
        Err(FileError::LooseMode {
            paths: loose,
            to: "600",
        })
    }
}

fn read_keys(directory: &Directory, file: &[u8]) -> Result<Vec<Account>, StoreError> {
    let path = || directory.path().join(KEYS);
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
        path: directory.path().join(PEERS),
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

const KEYS: &str = "otr.private_key";
const FINGERPRINTS: &str = "otr.fingerprints";
const INSTANCE_TAGS: &str = "otr.instance_tags";
const PEERS: &str = "chatham.peers";
