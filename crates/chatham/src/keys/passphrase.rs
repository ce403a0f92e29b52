//! Pass phrases: where they are read from, and what becomes of a store with them.

use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use otr_store::{Cost, Passphrase, Store, StoreError};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Keys, KeysError, Report};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file with the pass phrase cannot be read.
    #[error("the pass phrase cannot be read from {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others can read the file with the pass phrase.
    #[error("others can open {}; to mend it: chmod 600 {}", .path.display(), .path.display())]
    LooseMode {
        /// The file.
        path: PathBuf,
    },
    /// A pass phrase is needed, and nobody is there to type it.
    #[error(
        "the store is under a pass phrase, and there is no terminal to ask at; name a file with --passphrase-file"
    )]
    NoTerminal,
    /// The terminal cannot be read.
    #[error("the pass phrase cannot be read from the terminal: {0}")]
    Terminal(io::Error),
    /// Nothing was typed.
    #[error("an empty pass phrase protects nothing; nothing was done")]
    Empty,
    /// Two different ones were typed.
    #[error("the two differ; nothing was done")]
    Differ,
}

/// Opens the store in a directory, which is made if it is missing. A store under a pass phrase
/// takes it from `file`, else asks for it at the terminal without showing it; trying it takes a
/// fifth of a second and 64 MiB.
///
/// # Errors
/// What the store says, and what keeps the pass phrase from being read.
pub fn open(directory: &Path, file: Option<&Path>) -> Result<Store, UnlockError> {
    match Store::open(directory) {
        Err(StoreError::PassphraseNeeded { .. }) => {
            let passphrase = match file {
                Some(file) => from_file(file)?,
                None => ask("Pass phrase of the store: ")?,
            };
            Ok(Store::open_with(directory, &passphrase)?)
        }
        other => Ok(other?),
    }
}

/// A new pass phrase: from a file, or typed twice.
///
/// # Errors
/// What keeps it from being read, or an empty one.
pub fn new(file: Option<&Path>) -> Result<Passphrase, UnlockError> {
    let first = match file {
        Some(file) => from_file(file)?,
        None => {
            let first = ask("New pass phrase: ")?;
            let second = ask("The same again: ")?;
            if first != second {
                return Err(UnlockError::Differ);
            }
            first
        }
    };
    if first.is_empty() {
        return Err(UnlockError::Empty);
    }
    Ok(first)
}

/// The first line of a file.
fn from_file(path: &Path) -> Result<Passphrase, UnlockError> {
    let error = |source| UnlockError::File {
        path: path.into(),
        source,
    };
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE + 1));
    let file = std::fs::File::open(path).map_err(error)?;
    let found = file.metadata().map_err(error)?;
    // A pipe, as shells make them, belongs to two processes only.
    if found.is_file() && found.mode() & 0o077 != 0 {
        return Err(UnlockError::LooseMode { path: path.into() });
    }
    file.take(MAX_PASSPHRASE as u64 + 1)
        .read_to_end(&mut text)
        .map_err(error)?;
    if text.len() > MAX_PASSPHRASE {
        return Err(error(io::Error::other("it is longer than a pass phrase can be")));
    }
    let line = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    Ok(Passphrase::new(line))
}

fn ask(question: &str) -> Result<Passphrase, UnlockError> {
    if !io::stdin().is_terminal() {
        return Err(UnlockError::NoTerminal);
    }
    let typed = rpassword::prompt_password(question).map_err(UnlockError::Terminal)?;
    // The string's own memory becomes that of the pass phrase, and is wiped with it.
    Ok(Passphrase::new(typed.into_bytes()))
}

impl Keys {
    /// Puts the store under a pass phrase, or under another one.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_passphrase(&mut self, passphrase: &Passphrase) -> Result<Report, KeysError> {
        let changed = self.store.is_sealed();
        self.store.set_passphrase(passphrase, Cost::USUAL)?;
        let mut lines = vec![if changed {
            "the store has another pass phrase now".to_owned()
        } else {
            "keys, fingerprints and trust are under a pass phrase now, in one file, chatham.sealed".to_owned()
        }];
        lines.push("whoever forgets it loses the keys: there is no other way in".to_owned());
        if !changed {
            lines.push(
                "copies that were made before, and what the disk has kept of the files, are still in clear"
                    .to_owned(),
            );
        }
        Ok(Report {
            lines,
            value: json!({ "sealed": true, "changed": changed }),
        })
    }

    /// Takes the store out from under its pass phrase.
    ///
    /// # Errors
    /// What the store says.
    pub fn remove_passphrase(&mut self) -> Result<Report, KeysError> {
        self.store.remove_passphrase()?;
        Ok(Report {
            lines: vec![
                "the store has no pass phrase any more; libotr's files are there in clear".to_owned(),
            ],
            value: json!({ "sealed": false }),
        })
    }

    /// Whether the store is under a pass phrase.
    pub fn is_sealed(&self) -> bool {
        self.store.is_sealed()
    }
}

/// In bytes.
const MAX_PASSPHRASE: usize = 4096;
