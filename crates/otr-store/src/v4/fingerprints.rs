//! `chatham.fingerprints.v4`: the version-4 keys that our correspondents have shown, and what the user
//! thinks of them.
//!
//! ```text
//! user TAB account TAB protocol TAB 112 hex digits TAB trust LF
//! ```
//!
//! The lines are those of `otr.fingerprints` with longer names, read as leniently. They stand in a file
//! of their own, because libotr would take such a line for one of its own with a part of the digits.

use crate::libotr::fingerprints::KeyLines;

/// The whole file, in its order.
pub type FingerprintsV4 = KeyLines<56>;
