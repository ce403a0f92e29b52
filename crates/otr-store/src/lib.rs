//! Everything of Off-the-Record Messaging that outlives a session: our keys, the keys that others
//! have shown and what we think of them, instance tags, and remembered minimum versions.
//!
//! The files are libotr's own, byte for byte, so that Pidgin, irssi and others can use the same
//! ones. What libotr knows nothing of stands in files of our own beside them. A [`Store`] is one directory of them with one owner at a time:
//!
//! ```
//! use otr_store::{AccountId, Correspondent, Store, Trust};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path();
//! let mut store = Store::open(path)?;
//! let me = AccountId::new("alice@example.org", "xmpp");
//! let bob = Correspondent::new("bob@example.org", me);
//! let shown = [0x17; 20];
//! store.remember(&bob, &shown)?;
//! store.set_trust(&bob, &shown, &Trust::Verified)?;
//! store.raise_minimum_version(&bob, 3)?;
//!
//! assert!(Store::open(path).is_err(), "one owner at a time");
//! drop(store);
//! assert_eq!(Store::open(path)?.trust(&bob, &shown), Some(&Trust::Verified));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`libotr`]: the three formats as bytes in and bytes out, for importers and the C interface.
//! * [`atomic_file`] and [`lock`]: private files, replaced whole or not at all, by one at a time.
//! * [`Passphrase`]: all of it in one encrypted file instead, if the person wants that.
//! * [`foreign`]: other programs' keys and trust, in and out.
//! * [`v4`]: our own files of version 4's keys, profiles and fingerprints.
//! * [`peers`]: our own file of what else is remembered.

pub mod atomic_file;
mod file_error;
mod file_set;
pub mod foreign;
mod key_name;
mod known_keys;
pub mod libotr;
pub mod lock;
mod names;
pub mod peers;
mod sealed;
mod store;
mod store_error;
mod trust;
pub mod v4;

pub use file_error::FileError;
pub use key_name::{BadKeyName, KeyName};
pub use libotr::fingerprints::KnownKey;
pub use names::{AccountId, BadName, Correspondent};
pub use peers::{Peer, PeerPolicy};
pub use sealed::{Cost, Passphrase, SealError};
pub use store::Store;
pub use store_error::{Notice, StoreError};
pub use trust::{Trust, TrustWord};
pub use v4::keys::V4Keys;
