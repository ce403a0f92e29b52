//! What version 4 adds: files of our own beside libotr's, which no other program reads.

pub mod fingerprints;
pub mod keys;
pub mod profiles;
