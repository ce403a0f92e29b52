//! Accounts with version-4 keys, and the files they stand in.
#![allow(dead_code, reason = "not every test file uses everything")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otr::crypto::ed448::SigningKey;
use otr::identity::ForgingKey;
use otr_store::{AccountId, Correspondent, V4Keys};

pub(crate) const KEYS: &str = "chatham.keys.v4";
pub(crate) const PROFILES: &str = "chatham.profiles.v4";
pub(crate) const FINGERPRINTS: &str = "chatham.fingerprints.v4";

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub(crate) fn alice() -> AccountId {
    AccountId::new("alice", "IRC")
}

pub(crate) fn bob() -> Correspondent {
    Correspondent::new("bob", alice())
}

/// Keys whose forging secret nobody knows.
pub(crate) fn keys(seed: u8) -> V4Keys {
    let mut rng = rng(seed);
    let long_term = SigningKey::generate(&mut rng);
    V4Keys::new(long_term, ForgingKey::generate(&mut rng)).unwrap()
}

/// Keys of somebody who wants to be able to forge.
pub(crate) fn keys_with_secret(seed: u8) -> V4Keys {
    let mut rng = rng(seed);
    let long_term = SigningKey::generate(&mut rng);
    V4Keys::new(long_term, ForgingKey::generate_with_secret(&mut rng)).unwrap()
}

pub(crate) fn same(left: &V4Keys, right: &V4Keys) -> bool {
    let seeds = |keys: &V4Keys| keys.forging().seed().map(|seed| *seed.expose());
    left.long_term().seed().expose() == right.long_term().seed().expose()
        && left.forging().public().ct_eq(right.forging().public())
        && seeds(left) == seeds(right)
}

pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
    entries
        .filter(|entry| entry.file_name() != "chatham.lock")
        .map(|entry| (name(&entry), fs::read(entry.path()).unwrap()))
        .collect()
}
