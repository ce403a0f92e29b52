//! Other programs' keys and trust: where they keep them, read without changing anything, and
//! written for them.
//!
//! Most programs use libotr and so its formats, under file names and with account names of their
//! own; those on potr keep one binary key a file. What is read here keeps the names that the other
//! program gave; what becomes of them is the caller's to decide.

mod adium;
mod format;
mod potr;
mod reading;
mod search;
mod writing;

use std::path::PathBuf;

use otr::crypto::dsa::{BadPrivateKey, PrivateKey};

pub use format::{Format, Network};
pub use reading::read;
pub use writing::{Export, write};

use crate::file_error::{FileError, shown};
use crate::libotr::fingerprints::KnownKey;
use crate::libotr::private_keys::KeyFileError;
use crate::names::{AccountId, BadName};

/// What another program's files hold.
#[derive(Debug)]
pub struct Found {
    /// Whose layout it is.
    pub format: Format,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// The keys of accounts; every one was checked as a whole.
    pub keys: Vec<FoundKey>,
    /// Keys that others have shown, in the order of the files.
    pub known: Vec<KnownKey>,
    /// What was not taken, and why.
    pub left: Vec<Left>,
}

/// The key of one account.
#[derive(Debug)]
pub struct FoundKey {
    /// The account, by the other program's names.
    pub account: AccountId,
    /// Its key.
    pub key: PrivateKey,
}

/// Something that was not taken, or not as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The file it is in.
    pub path: PathBuf,
    /// What it is.
    pub what: String,
    /// Why it stays there.
    pub why: String,
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", shown(&self.path), self.what, self.why)
    }
}

/// Why another program's files cannot be read or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing that is known stands there.
    #[error(
        "no keys or fingerprints of {} are in {}; name the file, or the directory that holds it", 
        .format.map_or("any known program", Format::title), shown(.path)
    )]
    Nothing {
        /// Where was looked.
        path: PathBuf,
        /// For what.
        format: Option<Format>,
    },
    /// Files of several programs stand there.
    #[error("{} holds files of {first} and of {second}; say which with --from", shown(.path))]
    Several {
        /// Where was looked.
        path: PathBuf,
        /// One of them.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// A key file is damaged.
    #[error("{}: {fault}", shown(.path))]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        fault: KeyFileError,
    },
    /// A key file in potr's form is damaged.
    #[error("{}: {fault}", shown(.path))]
    PotrKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: PotrFault,
    },
    /// Adium's list of accounts cannot be used.
    #[error("{}: {what}", shown(.path))]
    Accounts {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what mends it.
        what: &'static str,
    },
    /// More keys of others than a person knows.
    #[error("{} holds more than {limit} fingerprints, which no genuine file does", shown(.path))]
    TooMany {
        /// The file.
        path: PathBuf,
        /// How many are read.
        limit: usize,
    },
    /// A file to be written is there already.
    #[error("{} is there already, and nothing is ever overwritten; name an empty directory", shown(.path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A name that the other program's files cannot hold.
    #[error("{name}: {fault}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        fault: BadName,
    },
    /// The files of this program are named after the account, and no file can have this name.
    #[error("no file can be named after {0}; name another with --stem")]
    Stem(String),
}

/// What is wrong with a key in potr's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PotrFault {
    /// Not a DSA key.
    #[error("the key is of a kind other than DSA, or the file is none of potr's keys")]
    Kind,
    /// A number is missing or cut short, or something follows the last one.
    #[error("the file does not hold exactly the five numbers of a key; it may have been cut short")]
    Length,
    /// The numbers do not belong together.
    #[error("the key is not sound: {0}")]
    Key(BadPrivateKey),
}
