//! S-56: version 4's files under a pass phrase: nothing in clear, whole at any moment, back byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use otr_store::lock::LockError;
use otr_store::{Cost, FileError, Passphrase, Store, StoreError, Trust};
use v4::{FINGERPRINTS, KEYS, PROFILES, alice, bob, files, keys_with_secret, put, same};

const SEALED: &str = "chatham.sealed";
const NEW: [u8; 56] = [0xcd; 56];

fn phrase() -> Passphrase {
    Passphrase::new("tell nobody")
}

/// A store with all that version 4 adds, and one key of the other kind.
fn plain() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.remember(&bob(), [1; 20]).unwrap();
    store.add_v4_keys(alice(), keys_with_secret(1)).unwrap();
    store.set_profile(&alice(), b"a profile as it travels").unwrap();
    store.remember(&bob(), NEW).unwrap();
    store.set_trust(&bob(), NEW, &Trust::Verified).unwrap();
    folder
}

fn sealed() -> tempfile::TempDir {
    let folder = plain();
    let mut store = Store::open(folder.path()).unwrap();
    store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

fn assert_whole(store: &Store) {
    assert!(same(store.v4_keys(&alice()).unwrap(), &keys_with_secret(1)));
    assert_eq!(store.profile(&alice()), Some(&b"a profile as it travels"[..]));
    assert_eq!(store.trust(&bob(), NEW), Some(&Trust::Verified));
    assert_eq!(store.trust(&bob(), [1; 20]), Some(&Trust::Undecided));
}

#[test]
fn set_change_and_remove_lose_nothing() {
    let folder = plain();
    let before = files(folder.path());
    assert_eq!(
        names(folder.path()),
        [FINGERPRINTS, KEYS, PROFILES, "otr.fingerprints"]
    );
    let mut store = Store::open(folder.path()).unwrap();
    store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
    assert_eq!(names(folder.path()), [SEALED]);
    assert_whole(&store);
    let other = Passphrase::new("tell nobody else");
    store.set_passphrase(&other, Cost::LEAST).unwrap();
    drop(store);
    assert!(Store::open_with(folder.path(), &phrase()).is_err());

    let mut store = Store::open_with(folder.path(), &other).unwrap();
    assert_whole(&store);
    store.remove_passphrase().unwrap();
    assert_eq!(files(folder.path()), before);
}

#[test]
fn changes_go_into_the_sealed_file_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
    store.add_v4_keys(alice(), keys_with_secret(1)).unwrap();
    store.set_profile(&alice(), b"a profile").unwrap();
    store.remember(&bob(), NEW).unwrap();
    assert_eq!(names(folder.path()), [SEALED]);
    drop(store);
    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    assert!(same(store.v4_keys(&alice()).unwrap(), &keys_with_secret(1)));
    assert_eq!(store.profile(&alice()), Some(&b"a profile"[..]));
    assert!(store.forget_key(&alice()).unwrap());
    assert!(store.forget(&bob(), NEW).unwrap());
    drop(store);
    let store = Store::open_with(folder.path(), &phrase()).unwrap();
    assert!(store.v4_keys(&alice()).is_none() && store.profile(&alice()).is_none());
    assert_eq!(store.known_keys().count(), 0);
}

#[test]
fn nothing_is_in_clear() {
    let folder = sealed();
    let keys = keys_with_secret(1);
    let seeds = [keys.long_term().seed(), keys.forging().seed().unwrap()];
    let mut words: Vec<Vec<u8>> = vec![
        b"alice".to_vec(),
        b"v4 keys".to_vec(),
        b"cdcdcd".to_vec(),
        NEW.to_vec(),
    ];
    for seed in seeds {
        words.push(seed.expose().to_vec());
        let hex: String = seed.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        words.push(hex.into_bytes());
    }
    let bytes = &files(folder.path())[SEALED];
    for word in words {
        assert!(!bytes.windows(word.len()).any(|window| window == word));
    }
}

#[test]
fn s56_a_switch_that_was_interrupted_is_finished_or_taken_back() {
    let clear = files(plain().path());
    for some in [&[KEYS, PROFILES, FINGERPRINTS][..], &[KEYS], &[FINGERPRINTS]] {
        let folder = sealed();
        for name in some {
            put(folder.path(), name, &clear[*name]);
        }
        let store = Store::open_with(folder.path(), &phrase()).unwrap();
        assert_whole(&store);
        assert_eq!(names(folder.path()), [SEALED]);
    }
}

#[test]
fn files_that_say_something_else_are_never_removed() {
    for name in [KEYS, PROFILES, FINGERPRINTS] {
        let folder = sealed();
        put(folder.path(), name, b"something else");
        let before = files(folder.path());
        let error = Store::open_with(folder.path(), &phrase()).unwrap_err();
        assert!(
            matches!(&error, StoreError::BesideSealed { path } if path.ends_with(name)),
            "{error}"
        );
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn s56_a_change_before_the_switch_stops_it() {
    for name in [KEYS, PROFILES, FINGERPRINTS] {
        let folder = plain();
        let mut store = Store::open(folder.path()).unwrap();
        put(folder.path(), name, b"something else");
        let error = store.set_passphrase(&phrase(), Cost::LEAST).unwrap_err();
        assert!(
            matches!(error, StoreError::File(FileError::Changed { .. })),
            "{error}"
        );
        assert!(!folder.path().join(SEALED).exists() && !store.is_sealed());
    }
}

const CHILD: &str = "CHATHAM_TEST_V4_SWITCH";

#[test]
fn s56_killed_at_any_moment_of_a_switch() {
    if let Some(path) = std::env::var_os(CHILD) {
        return switch_for_ever(Path::new(&path));
    }
    let folder = plain();
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "s56_killed_at_any_moment_of_a_switch", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("switching")));
        // Two processes: the second is told of the first, and harms nothing.
        let error = Store::open(folder.path()).unwrap_err();
        assert!(
            matches!(error, StoreError::Lock(LockError::Taken { .. })),
            "{error}"
        );
        std::thread::sleep(Duration::from_micros(round * 1237));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(folder.path()).or_else(|_| Store::open_with(folder.path(), &phrase()));
        let store = store.unwrap();
        assert_whole(&store);
        let expected = if store.is_sealed() { 1 } else { 4 };
        assert_eq!(names(folder.path()).len(), expected);
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(!left.any(|name| name.ends_with(".tmp")));
    }
}

fn switch_for_ever(path: &Path) {
    let mut store = Store::open(path)
        .or_else(|_| Store::open_with(path, &phrase()))
        .unwrap();
    println!("switching");
    loop {
        if store.is_sealed() {
            store.remove_passphrase().unwrap();
        } else {
            store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
        }
    }
}
