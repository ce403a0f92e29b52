//! Our accounts' version-4 keys: stored whole, refused if anything is wrong, gone when forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use otr::crypto::dsa::PrivateKey;
use otr_store::v4::keys::{self, V4KeyFault};
use otr_store::{AccountId, FileError, Store, StoreError};
use v4::{KEYS, alice, files, put, rng, same};

fn written(secret: bool) -> Vec<u8> {
    let keys = if secret {
        v4::keys_with_secret(1)
    } else {
        v4::keys(1)
    };
    keys::write([(&alice(), &keys)].into_iter()).to_vec()
}

#[test]
fn what_is_stored_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let second = AccountId::new("# bob \"q\"", *b"p:_./\xff");
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.v4_keys(&alice()).is_none());
    store.add_v4_keys(alice(), v4::keys(1)).unwrap();
    store
        .add_v4_keys(second.clone(), v4::keys_with_secret(2))
        .unwrap();
    assert_eq!(store.accounts().collect::<Vec<_>>(), [&alice(), &second]);
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    assert!(same(store.v4_keys(&alice()).unwrap(), &v4::keys(1)));
    let other = store.v4_keys(&second).unwrap();
    assert!(same(other, &v4::keys_with_secret(2)));
    assert!(same(&other.copy().unwrap(), other));
    assert!(other.fingerprint().is_v4() && other.fingerprint() != v4::keys(1).fingerprint());
    let mode = fs::metadata(folder.path().join(KEYS)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), [KEYS]);
}

#[test]
fn keys_are_never_overwritten_and_forgotten_with_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.add_key(alice(), PrivateKey::generate(&mut rng(3))).unwrap();
    store.add_v4_keys(alice(), v4::keys(1)).unwrap();
    store.set_profile(&alice(), b"a profile").unwrap();
    let error = store.add_v4_keys(alice(), v4::keys(2)).unwrap_err();
    assert!(matches!(error, StoreError::KeyExists(_)), "{error}");
    assert_eq!(store.accounts().count(), 1, "one account with both kinds");

    assert!(store.forget_key(&alice()).unwrap());
    assert!(!store.forget_key(&alice()).unwrap());
    assert!(store.key(&alice()).is_none() && store.v4_keys(&alice()).is_none());
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.accounts().count(), 0);
    assert!(store.v4_keys(&alice()).is_none() && store.profile(&alice()).is_none());
    let file = &files(folder.path())[KEYS];
    assert_eq!(file, b"# chatham v4 keys 1\n", "nothing is left of the secret");
}

#[test]
fn no_secret_is_ever_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.add_v4_keys(alice(), v4::keys_with_secret(1)).unwrap();
    let keys = store.v4_keys(&alice()).unwrap();
    assert_eq!(format!("{keys:?} {keys:#?}"), "V4Keys(..) V4Keys(..)");
    let shown = format!("{store:?}");
    for seed in [keys.long_term().seed(), keys.forging().seed().unwrap()] {
        let hex: String = seed.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = format!("{:?}", &seed.expose()[..4]);
        assert!(!shown.contains(&hex[..16]) && !shown.contains(bytes.trim_matches(['[', ']'])));
    }
}

#[test]
fn a_name_that_no_line_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    for name in ["a\tb", "a\nb", "a\rb", "a\0b", &"a".repeat(999)] {
        let error = store
            .add_v4_keys(AccountId::new(name, "IRC"), v4::keys(1))
            .unwrap_err();
        assert!(matches!(error, StoreError::Name(_)), "{error}");
    }
    assert!(files(folder.path()).is_empty());
    let longest = AccountId::new("a".repeat(998 - 459 - 3), "IRC");
    store
        .add_v4_keys(longest.clone(), v4::keys_with_secret(1))
        .unwrap();
    drop(store);
    assert!(Store::open(folder.path()).unwrap().v4_keys(&longest).is_some());
}

#[test]
fn s56_a_file_cut_anywhere_is_refused_and_stays() {
    for secret in [false, true] {
        let whole = written(secret);
        assert_eq!(keys::read(&whole).unwrap().len(), 1);
        let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in 0..whole.len() {
            let found = keys::read(&whole[..length]);
            if length == header {
                assert!(found.unwrap().is_empty(), "a file with no account is one");
            } else {
                let error = found.unwrap_err();
                let line = if length < header { 1 } else { 2 };
                assert_eq!(error.line, line, "{length}: {error}");
            }
        }
    }
}

#[test]
fn s56_no_flipped_bit_makes_another_key() {
    for secret in [false, true] {
        let whole = written(secret);
        let true_keys = keys::read(&whole).unwrap().remove(0).keys;
        for bit in 0..whole.len() * 8 {
            let mut bad = whole.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // A name may read differently, or a digit be a capital one; the keys may not.
            for found in keys::read(&bad).unwrap_or_default() {
                assert!(same(&found.keys, &true_keys), "bit {bit}");
            }
        }
    }
}

#[test]
fn s56_what_is_not_understood_is_refused_with_its_line() {
    let whole = String::from_utf8(written(true)).unwrap();
    let (header, line) = whole.split_once('\n').unwrap();
    let line = line.trim_end();
    let columns: Vec<&str> = line.split('\t').collect();
    let with = |at: usize, value: &str| {
        let mut changed = columns.clone();
        changed[at] = value;
        format!("{header}\n{}\n", changed.join("\t"))
    };
    let other = String::from_utf8(keys::write([(&alice(), &v4::keys_with_secret(2))].into_iter()).to_vec());
    let other = other.unwrap();
    let others: Vec<&str> = other.trim_end().split('\t').collect();
    let neutral = format!("01{}", "00".repeat(56));
    for (what, text, at, fault) in [
        ("empty", String::new(), 1, V4KeyFault::Header),
        ("zeros", "\0".repeat(4096), 1, V4KeyFault::Header),
        (
            "a later form",
            whole.replace("keys 1", "keys 2"),
            1,
            V4KeyFault::Header,
        ),
        (
            "a byte order mark",
            format!("\u{feff}{whole}"),
            1,
            V4KeyFault::Header,
        ),
        ("an empty line", format!("{header}\n\n"), 2, V4KeyFault::Columns),
        ("a comment", format!("{header}\n# mine\n"), 2, V4KeyFault::Columns),
        (
            "a column more",
            whole.replace(line, &format!("{line}\t")),
            2,
            V4KeyFault::Columns,
        ),
        (
            "tabs",
            format!("{header}\n{}\n", "\t".repeat(900)),
            2,
            V4KeyFault::Columns,
        ),
        ("a zero byte", with(0, "a\0"), 2, V4KeyFault::BadLine),
        ("a long line", with(0, &"a".repeat(1000)), 2, V4KeyFault::BadLine),
        (
            "a short name",
            with(2, &columns[2][2..]),
            2,
            V4KeyFault::Fingerprint,
        ),
        ("no digits", with(3, &"g".repeat(114)), 2, V4KeyFault::Seed),
        (
            "a sign",
            with(3, &format!("+{}", &columns[3][1..])),
            2,
            V4KeyFault::Seed,
        ),
        ("no seed", with(3, "-"), 2, V4KeyFault::Seed),
        ("no point", with(4, "-"), 2, V4KeyFault::ForgingKey),
        (
            "off the curve",
            with(4, &"02".repeat(57)),
            2,
            V4KeyFault::ForgingKey,
        ),
        ("the neutral point", with(4, &neutral), 2, V4KeyFault::ForgingKey),
        (
            "half a seed",
            with(5, &columns[5][2..]),
            2,
            V4KeyFault::ForgingSeed,
        ),
        (
            "another's forging seed",
            with(5, others[5]),
            2,
            V4KeyFault::OtherForgingKey,
        ),
        (
            "another's seed",
            with(3, others[3]),
            2,
            V4KeyFault::OtherFingerprint,
        ),
        (
            "another's name",
            with(2, others[2]),
            2,
            V4KeyFault::OtherFingerprint,
        ),
        (
            "one key twice",
            with(5, columns[3]),
            2,
            V4KeyFault::OtherForgingKey,
        ),
        (
            "an account twice",
            format!("{whole}{line}\n"),
            3,
            V4KeyFault::Duplicate,
        ),
    ] {
        let error = keys::read(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.fault), (at, fault), "{what}");
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), KEYS, text.as_bytes());
        let error = Store::open(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains(KEYS) && error.contains(&format!("line {at}")),
            "{error}"
        );
        assert!(!error.contains(&columns[3][..8]), "no secret in a message");
        assert_eq!(files(folder.path())[KEYS], text.as_bytes(), "nothing is lost");
    }
}

#[test]
fn s56_one_point_for_both_keys_is_refused() {
    let keys = v4::keys(1);
    let seed = otr::secret::Secret::fill_with(|bytes| *bytes = *keys.long_term().seed().expose());
    let copied = keys.copy().unwrap();
    let forging = otr::identity::ForgingKey::from_seed(seed);
    assert!(
        forging.public().ct_eq(copied.long_term().public()),
        "both are made of a seed in one way"
    );
    let long_term = otr::crypto::ed448::SigningKey::from_seed(otr::secret::Secret::fill_with(|bytes| {
        *bytes = *keys.long_term().seed().expose();
    }));
    assert!(otr_store::V4Keys::new(long_term, forging).is_none());
}

#[test]
fn s56_huge_loose_and_linked_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEYS);
    put(folder.path(), KEYS, &vec![b'#'; keys::MAX_FILE + 1]);
    let error = Store::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::File(FileError::TooLarge { .. })),
        "{error}"
    );

    put(folder.path(), KEYS, &written(false));
    for name in [v4::PROFILES, v4::FINGERPRINTS] {
        put(folder.path(), name, b"");
    }
    for name in [KEYS, v4::PROFILES, v4::FINGERPRINTS] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    let error = Store::open(folder.path()).unwrap_err().to_string();
    for name in [KEYS, v4::PROFILES, v4::FINGERPRINTS] {
        assert!(error.contains("chmod 600") && error.contains(name), "{error}");
    }

    fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
    assert!(Store::open(folder.path()).is_err());
}

#[test]
fn s56_a_change_by_somebody_else_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.add_v4_keys(alice(), v4::keys(1)).unwrap();
    put(folder.path(), KEYS, b"restored from elsewhere");
    let second = AccountId::new("second", "IRC");
    let error = store.add_v4_keys(second.clone(), v4::keys(2)).unwrap_err();
    assert!(
        matches!(error, StoreError::File(FileError::Changed { .. })),
        "{error}"
    );
    assert!(store.v4_keys(&second).is_none());
    assert!(store.forget_key(&alice()).is_err());
    assert!(store.v4_keys(&alice()).is_some());
    assert_eq!(files(folder.path())[KEYS], b"restored from elsewhere");
}
