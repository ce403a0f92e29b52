//! S-56: the store under a pass phrase: nothing in clear, whole at any moment, one owner.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use otr_store::lock::LockError;
use otr_store::{AccountId, Correspondent, Cost, FileError, Passphrase, SealError, Store, StoreError, Trust};

const KEYS: &[u8] = include_bytes!("golden/otr.private_key");
const FINGERPRINTS: &[u8] = include_bytes!("golden/otr.fingerprints");
const INSTANCE_TAGS: &[u8] = include_bytes!("golden/otr.instance_tags");

fn phrase() -> Passphrase {
    Passphrase::new("tell nobody")
}

fn bob() -> Correspondent {
    Correspondent::new("bob", AccountId::new("alice", "IRC"))
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A store with libotr's files and a memory of ours.
fn plain() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "otr.private_key", KEYS);
    put(folder.path(), "otr.fingerprints", FINGERPRINTS);
    put(folder.path(), "otr.instance_tags", INSTANCE_TAGS);
    let mut store = Store::open(folder.path()).unwrap();
    store.raise_minimum_version(&bob(), 3).unwrap();
    folder
}

fn sealed() -> tempfile::TempDir {
    let folder = plain();
    let mut store = Store::open(folder.path()).unwrap();
    store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
    folder
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_name() != "chatham.lock")
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_switch_there_and_back_gives_every_byte_back() {
    let folder = plain();
    let before = files(folder.path());
    let mut store = Store::open(folder.path()).unwrap();
    assert!(!store.is_sealed());
    store.set_passphrase(&phrase(), Cost::LEAST).unwrap();
    assert!(store.is_sealed());
    assert_eq!(
        files(folder.path()).into_keys().collect::<Vec<_>>(),
        ["chatham.sealed"]
    );
    drop(store);

    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    assert_eq!(store.accounts().count(), 17);
    assert_eq!(store.peer(&bob()).minimum_version, Some(3));
    store.remove_passphrase().unwrap();
    assert_eq!(files(folder.path()), before);
    drop(store);
    Store::open(folder.path()).unwrap();
}

#[test]
fn changes_go_into_the_sealed_file_and_stay_there() {
    let folder = sealed();
    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    let first = files(folder.path());
    store.remember(&bob(), [7; 20]).unwrap();
    store.set_trust(&bob(), [7; 20], &Trust::Smp).unwrap();
    store.set_instance_tag(bob().account(), 0x4711).unwrap();
    let second = files(folder.path());
    assert_eq!(second.len(), 1);
    // All behind the salt is new: the nonce and everything under it.
    let (old, new) = (&first["chatham.sealed"], &second["chatham.sealed"]);
    assert_eq!(old[..45], new[..45]);
    assert_ne!(old[45..69], new[45..69]);
    drop(store);
    let store = Store::open_with(folder.path(), &phrase()).unwrap();
    assert_eq!(store.trust(&bob(), [7; 20]), Some(&Trust::Smp));
    assert_eq!(store.instance_tag(bob().account()), Some(0x4711));
}

#[test]
fn a_backup_holds_nothing_in_clear() {
    let folder = sealed();
    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    store.remember(&bob(), [0xab; 20]).unwrap();
    drop(store);
    let mut words: Vec<&[u8]> = vec![b"bob", b"alice", b"smith", b"prpl", b"verified", b"privkeys"];
    words.extend([&b"printable secret"[..], b"tell nobody", &[0xab; 20], b"abababab"]);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for word in &words {
            let found = bytes.windows(word.len()).any(|window| window == *word);
            assert!(!found, "{} in {}", word.escape_ascii(), path.display());
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_phrase_is_needed_and_only_the_right_one_opens() {
    let folder = sealed();
    let before = files(folder.path());
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::PassphraseNeeded { .. }), "{error}");
    let error = Store::open_with(folder.path(), &Passphrase::new("tell somebody")).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::Sealed {
                fault: SealError::Wrong,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("pass phrase is wrong"), "{error}");
    assert_eq!(files(folder.path()), before);

    // A phrase for a store that has none would let somebody believe in a protection that is not there.
    let folder = plain();
    let error = Store::open_with(folder.path(), &phrase()).unwrap_err();
    assert!(error.to_string().contains("has no pass phrase"), "{error}");
    let mut store = Store::open(folder.path()).unwrap();
    assert!(matches!(
        store.remove_passphrase(),
        Err(StoreError::NotSealed { .. })
    ));
}

#[test]
fn another_phrase_replaces_the_first() {
    let folder = sealed();
    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    let before = files(folder.path());
    let newer = Passphrase::new("another");
    store.set_passphrase(&newer, Cost::LEAST).unwrap();
    let after = files(folder.path());
    assert_ne!(
        before["chatham.sealed"][29..45],
        after["chatham.sealed"][29..45],
        "a salt of its own"
    );
    drop(store);
    assert!(Store::open_with(folder.path(), &phrase()).is_err());
    assert_eq!(
        Store::open_with(folder.path(), &newer)
            .unwrap()
            .accounts()
            .count(),
        17
    );
}

#[test]
fn s56_a_switch_that_was_interrupted_is_finished_or_taken_back() {
    // Sealing got as far as the sealed file; unsealing as far as some of the plain ones.
    for plain_files in [
        &["otr.private_key", "otr.fingerprints", "otr.instance_tags"][..],
        &["otr.private_key"],
    ] {
        let folder = sealed();
        for name in plain_files {
            let bytes = match *name {
                "otr.private_key" => KEYS,
                "otr.fingerprints" => FINGERPRINTS,
                _ => INSTANCE_TAGS,
            };
            put(folder.path(), name, bytes);
        }
        let store = Store::open_with(folder.path(), &phrase()).unwrap();
        assert_eq!(store.accounts().count(), 17);
        assert_eq!(
            files(folder.path()).into_keys().collect::<Vec<_>>(),
            ["chatham.sealed"]
        );
    }
}

#[test]
fn files_that_say_something_else_are_never_removed() {
    let folder = sealed();
    put(folder.path(), "otr.fingerprints", FINGERPRINTS);
    put(folder.path(), "otr.private_key", b"(privkeys\n)\n");
    let before = files(folder.path());
    let error = Store::open_with(folder.path(), &phrase()).unwrap_err();
    assert!(
        matches!(&error, StoreError::BesideSealed { path } if path.ends_with("otr.private_key")),
        "{error}"
    );
    assert_eq!(files(folder.path()), before);
}

#[test]
fn s56_a_damaged_or_hostile_file_is_an_error_and_stays() {
    let folder = sealed();
    let good = files(folder.path())["chatham.sealed"].clone();
    let mut cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "cut short"),
        (good[..40].to_vec(), "cut short"),
        (good[..good.len() - 1].to_vec(), "wrong, or the file is damaged"),
        (b"(privkeys)".to_vec(), "no sealed store"),
    ];
    let mut bomb = good.clone();
    bomb[17..21].fill(0xff);
    cases.push((bomb, "asks for a cost"));
    let mut weaker = good.clone();
    weaker[17..21].copy_from_slice(&1024_u32.to_be_bytes());
    cases.push((weaker, "asks for a cost"));
    for (bytes, words) in cases {
        put(folder.path(), "chatham.sealed", &bytes);
        let error = Store::open_with(folder.path(), &phrase())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(words) && error.contains("chatham.sealed"),
            "{error}"
        );
        assert_eq!(files(folder.path())["chatham.sealed"], bytes);
    }
}

#[test]
fn s56_a_change_by_somebody_else_is_not_overwritten() {
    let folder = sealed();
    let mut store = Store::open_with(folder.path(), &phrase()).unwrap();
    put(folder.path(), "chatham.sealed", b"restored from elsewhere");
    let error = store.remember(&bob(), [1; 20]).unwrap_err();
    assert!(
        matches!(error, StoreError::File(FileError::Changed { .. })),
        "{error}"
    );
    assert_eq!(store.trust(&bob(), [1; 20]), None);
    assert_eq!(files(folder.path())["chatham.sealed"], b"restored from elsewhere");
    // The same for a switch.
    let folder = plain();
    let mut store = Store::open(folder.path()).unwrap();
    put(folder.path(), "otr.fingerprints", b"");
    assert!(store.set_passphrase(&phrase(), Cost::LEAST).is_err());
    assert!(!folder.path().join("chatham.sealed").exists());
    assert!(!store.is_sealed());
}

#[test]
fn s56_one_owner_at_a_time() {
    let folder = sealed();
    let _first = Store::open_with(folder.path(), &phrase()).unwrap();
    let error = Store::open_with(folder.path(), &phrase()).unwrap_err();
    assert!(
        matches!(error, StoreError::Lock(LockError::Taken { .. })),
        "{error}"
    );
}

const CHILD: &str = "CHATHAM_TEST_SWITCH";

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
        std::thread::sleep(Duration::from_micros(round * 1237));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(folder.path()).or_else(|_| Store::open_with(folder.path(), &phrase()));
        let store = store.unwrap();
        assert_eq!(store.accounts().count(), 17);
        assert_eq!(store.known_keys().count(), 8);
        assert_eq!(store.peer(&bob()).minimum_version, Some(3));
        let expected = if store.is_sealed() { 1 } else { 4 };
        assert_eq!(files(folder.path()).len(), expected);
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
