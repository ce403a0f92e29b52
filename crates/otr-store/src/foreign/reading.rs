//! Reading another program's files without changing anything, not even making a file beside them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crypto_bigint::BoxedUint;
use crypto_primes::{Flavor, is_prime};
use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use super::search::{Candidate, Role, search};
use super::{ForeignError, Format, Found, FoundKey, Left, PotrFault, adium, potr};
use crate::atomic_file::{PRIVATE, read_file};
use crate::file_error::FileError;
use crate::libotr::fingerprints::{self, Fingerprints};
use crate::libotr::private_keys;
use crate::names::AccountId;
use crate::store::Store;

/// Reads what a program keeps in `path`, one of its files or the directory with them. Whose it is
/// is told by the names of the files if `format` does not say it. `store` stands for the user that
/// the files have to belong to, and is not looked at otherwise.
///
/// # Errors
///
/// [`ForeignError`]. A single key that is not sound, and a single line that says nothing, are no
/// error: they are in [`Found::left`].
pub fn read(path: &Path, format: Option<Format>, store: &Store) -> Result<Found, ForeignError> {
    let (format, candidates) = search(path, format)?;
    let mut reader = Reader {
        us: store.owner(),
        names: BTreeMap::new(),
        found: Found {
            format,
            files: Vec::new(),
            keys: Vec::new(),
            known: Vec::new(),
            left: Vec::new(),
        },
    };
    // The names of the accounts come first, whatever their file is called.
    let (names, others): (Vec<_>, Vec<_>) = candidates
        .iter()
        .partition(|candidate| candidate.role == Role::Accounts);
    for candidate in names.into_iter().chain(others) {
        reader.take(candidate)?;
    }
    Ok(reader.found)
}

struct Reader {
    us: u32,
    /// Adium's names of accounts by number.
    names: BTreeMap<Vec<u8>, Vec<u8>>,
    found: Found,
}

impl Reader {
    fn take(&mut self, candidate: &Candidate) -> Result<(), ForeignError> {
        let path = candidate.path.as_path();
        if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return Ok(());
        }
        match candidate.role {
            Role::Keys => self.keys(path),
            Role::PotrKey => self.potr_key(path),
            Role::Trust => self.trust(path),
            Role::Tags => {
                self.leave(path, "the instance tags", "every program needs its own");
                Ok(())
            }
            Role::Accounts => {
                let file = self.open(path, adium::MAX_FILE, WRITABLE)?;
                self.names = adium::names(&file).map_err(|what| ForeignError::Accounts {
                    path: path.into(),
                    what,
                })?;
                Ok(())
            }
        }
    }

    fn keys(&mut self, path: &Path) -> Result<(), ForeignError> {
        let file = self.open(path, private_keys::MAX_FILE, PRIVATE)?;
        let file = self.without_mark(path, &file);
        let accounts = private_keys::read(file).map_err(|fault| ForeignError::KeyFile {
            path: path.into(),
            fault,
        })?;
        for account in accounts {
            let p = &account.parts;
            let id = self.named(&account.account);
            match PrivateKey::from_parts(&p.p, &p.q, &p.g, &p.y, &p.x) {
                Ok(key) => self.keep(path, id, key),
                Err(fault) => {
                    let why = format!("it is not sound: {fault}");
                    self.leave(path, &format!("the key of {id}"), &why);
                }
            }
        }
        Ok(())
    }

    fn potr_key(&mut self, path: &Path) -> Result<(), ForeignError> {
        let file = self.open(path, potr::MAX_FILE, PRIVATE)?;
        let name = path.file_stem().map(OsStr::as_bytes).unwrap_or_default();
        let id = AccountId::new(name, self.found.format.usual_protocol());
        match potr::read(&file) {
            Ok(key) => self.keep(path, id, key),
            Err(PotrFault::Key(fault)) => {
                let why = format!("it is not sound: {fault}");
                self.leave(path, &format!("the key of {id}"), &why);
            }
            Err(fault) => {
                return Err(ForeignError::PotrKey {
                    path: path.into(),
                    fault,
                });
            }
        }
        Ok(())
    }

    /// Takes a key whose numbers fit each other. That p is prime is not needed for that, and told
    /// by nothing else.
    fn keep(&mut self, path: &Path, account: AccountId, key: PrivateKey) {
        let [p, ..] = key.public().parts();
        if is_prime(Flavor::Any, &BoxedUint::from_be_slice_vartime(p)) {
            self.found.keys.push(FoundKey { account, key });
        } else {
            let what = format!("the key of {account}");
            self.leave(path, &what, "it is not sound: p is not a prime number");
        }
    }

    fn trust(&mut self, path: &Path) -> Result<(), ForeignError> {
        let file = self.open(path, fingerprints::MAX_FILE, WRITABLE)?;
        let file = self.without_mark(path, &file);
        let read = Fingerprints::read(file);
        for notice in read.notices() {
            let (what, why) = (format!("line {}", notice.line), notice.fault.to_string());
            self.leave(path, &what, &why);
        }
        for known in read.iter() {
            if self.found.known.len() == MAX_KNOWN {
                return Err(ForeignError::TooMany {
                    path: path.into(),
                    limit: MAX_KNOWN,
                });
            }
            let account = self.named(known.correspondent.account());
            let mut known = known.clone();
            known.correspondent = crate::Correspondent::new(known.correspondent.user(), account);
            self.found.known.push(known);
        }
        Ok(())
    }

    fn named(&self, account: &AccountId) -> AccountId {
        match self.names.get(account.name()) {
            Some(name) => AccountId::new(name.clone(), account.protocol()),
            None => account.clone(),
        }
    }

    fn open(&mut self, path: &Path, limit: usize, loose: u32) -> Result<Zeroizing<Vec<u8>>, ForeignError> {
        check_folder(path)?;
        let contents = read_file(path, limit, self.us, loose)?;
        self.found.files.push(path.into());
        Ok(contents.map(|contents| contents.bytes).unwrap_or_default())
    }

    /// The file without a byte order mark, which only an editor can have put there.
    fn without_mark<'a>(&mut self, path: &Path, file: &'a [u8]) -> &'a [u8] {
        match file.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => {
                self.leave(path, "a byte order mark", "it says nothing");
                rest
            }
            None => file,
        }
    }

    fn leave(&mut self, path: &Path, what: &str, why: &str) {
        self.found.left.push(Left {
            path: path.into(),
            what: what.into(),
            why: why.into(),
        });
    }
}

/// Whoever can write into the directory can put another file in the place of this one.
fn check_folder(path: &Path) -> Result<(), FileError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let found = folder.metadata().map_err(FileError::io("look at", folder))?;
    if found.mode() & WRITABLE != 0 && found.mode() & STICKY == 0 {
        return Err(FileError::LooseMode {
            paths: vec![folder.into()],
            to: "700",
        });
    }
    Ok(())
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Trust is no secret to everybody, but nobody else may change it.
const WRITABLE: u32 = 0o022;

const STICKY: u32 = 0o1000;

/// Fingerprints in all files together.
const MAX_KNOWN: usize = 10_000;
