//! What can go wrong with a store, said so that a person can mend it.

use std::path::PathBuf;

use otr::crypto::dsa::BadPrivateKey;

use crate::file_error::{FileError, shown};
use crate::libotr::instance_tags::BadTag;
use crate::libotr::lines::LineNotice;
use crate::libotr::private_keys::KeyFileError;
use crate::libotr::sexp::Position;
use crate::lock::LockError;
use crate::names::{AccountId, BadName, Correspondent};
use crate::peers::{BadPeer, PeerFileError};
use crate::sealed::SealError;
use crate::v4::keys::V4KeyFileError;
use crate::v4::profiles::BadStoredProfile;

/// Something odd in a file, which did not keep it from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which file.
    pub path: PathBuf,
    /// Which line, and what about it.
    pub line: LineNotice,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", shown(&self.path), self.line)
    }
}

/// Why the store cannot be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process has the store.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The key file is damaged.
    #[error("{}: {fault}. Nothing was changed; put back a sound copy, or move the file away to start anew", shown(.path))]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        fault: KeyFileError,
    },
    /// The numbers of a key do not belong together.
    #[error("{}: {at}: the key of {account} is not sound: {fault}. Nothing was changed; put back a sound copy", shown(.path))]
    Key {
        /// The file.
        path: PathBuf,
        /// Where the account stands.
        at: Position,
        /// Whose key it is.
        account: Box<AccountId>,
        /// What is wrong.
        fault: BadPrivateKey,
    },
    /// The file of version-4 keys is damaged.
    #[error("{}: {fault}. Nothing was changed; put back a sound copy, or move the file away to start anew", shown(.path))]
    V4KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        fault: V4KeyFileError,
    },
    /// The file of remembered versions and policies is damaged.
    #[error("{}: {fault}. Nothing was changed; mend the line, or put back a sound copy", shown(.path))]
    PeerFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        fault: PeerFileError,
    },
    /// The store is under a pass phrase, and none was given.
    #[error("{} is under a pass phrase; give it", shown(.path))]
    PassphraseNeeded {
        /// The sealed file.
        path: PathBuf,
    },
    /// A pass phrase was given for a store that has none, and so protects nothing.
    #[error("{} has no pass phrase, so whatever is in it is readable; set one first", shown(.path))]
    NotSealed {
        /// The store.
        path: PathBuf,
    },
    /// The sealed file cannot be opened or written.
    #[error("{}: {fault}", shown(.path))]
    Sealed {
        /// The sealed file.
        path: PathBuf,
        /// What is wrong.
        fault: SealError,
    },
    /// A file in clear stands beside the sealed one, and says something else.
    #[error(
        "{} stands beside the sealed store and says something else; nothing was changed. Move it away, and \
         import it if you want what is in it", shown(.path))]
    BesideSealed {
        /// The file in clear.
        path: PathBuf,
    },
    /// A key would be overwritten.
    #[error("{0} has a key already, which is never overwritten; forget it first")]
    KeyExists(Box<AccountId>),
    /// A name that a file cannot hold.
    #[error(transparent)]
    Name(#[from] BadName),
    /// An instance tag that cannot be stored.
    #[error(transparent)]
    Tag(#[from] BadTag),
    /// A client profile that cannot be stored.
    #[error(transparent)]
    Profile(#[from] BadStoredProfile),
    /// Something about a correspondent that cannot be stored.
    #[error(transparent)]
    Peer(#[from] BadPeer),
    /// Trust in a key that the correspondent has never shown.
    #[error("{0} has never shown a key with this fingerprint; nothing was changed")]
    UnknownFingerprint(Box<Correspondent>),
}
