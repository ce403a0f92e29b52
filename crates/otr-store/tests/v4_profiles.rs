//! Client profiles: stored as they travel; what is damaged is left out, told, and never an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4;

use otr_store::v4::profiles::{MAX_FILE, MAX_PROFILE, Profiles};
use otr_store::{AccountId, Store, StoreError};
use v4::{PROFILES, alice, put};

#[test]
fn what_is_stored_is_there_again_and_the_newest_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.profile(&alice()), None);
    let longest: Vec<u8> = (0..=255).cycle().take(MAX_PROFILE).collect();
    store.set_profile(&alice(), b"first").unwrap();
    store.set_profile(&alice(), &longest).unwrap();
    let second = AccountId::new("", "");
    store.set_profile(&second, b"").unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.profile(&alice()), Some(&longest[..]));
    assert_eq!(store.profile(&second), Some(&b""[..]));
    assert_eq!(store.notices(), []);
    assert_eq!(store.accounts().count(), 0, "a profile alone makes no account");
}

#[test]
fn what_cannot_be_stored_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.set_profile(&alice(), b"first").unwrap();
    for (account, profile) in [
        (alice(), vec![0; MAX_PROFILE + 1]),
        (AccountId::new("a\tb", "IRC"), vec![0]),
        (AccountId::new("a\n", "IRC"), vec![0]),
        (AccountId::new("a".repeat(1000), "IRC"), vec![0]),
    ] {
        let error = store.set_profile(&account, &profile).unwrap_err();
        assert!(matches!(error, StoreError::Profile(_)), "{error}");
    }
    assert_eq!(store.profile(&alice()), Some(&b"first"[..]));
}

#[test]
fn a_file_too_long_to_be_read_again_is_not_written() {
    let line = 100 + 5 + MAX_PROFILE.div_ceil(3) * 4 + 1;
    let mut all = Profiles::default();
    for number in 0..MAX_FILE / line {
        let id = AccountId::new(format!("{number:0>100}"), "IRC");
        all.set(&id, &[7; MAX_PROFILE]).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = all.write();
    assert!(whole.len() <= MAX_FILE);
    put(folder.path(), PROFILES, &whole);
    let mut store = Store::open(folder.path()).unwrap();
    let error = store
        .set_profile(&alice(), &[7; MAX_PROFILE])
        .and_then(|()| store.set_profile(&AccountId::new("bob", "IRC"), &[7; MAX_PROFILE]))
        .unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    drop(store);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_damaged_file_is_read_as_far_as_it_goes() {
    let mut profiles = Profiles::default();
    let second = AccountId::new("second", "IRC");
    profiles.set(&alice(), b"a profile of alice").unwrap();
    profiles.set(&second, b"a profile of the second").unwrap();
    let whole = profiles.write();
    for length in 0..whole.len() {
        let found = Profiles::read(&whole[..length]);
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(found.profile(&alice()).is_some(), lines > 1, "{length}");
        assert_eq!(found.profile(&second), None, "{length}");
    }
    for bit in 0..whole.len() * 8 {
        let mut bad = whole.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let found = Profiles::read(&bad);
        // Whatever it is, it can be written and is read as the same.
        let again = Profiles::read(&found.write());
        assert_eq!(again.notices(), [], "bit {bit}");
        assert_eq!(again.write(), found.write(), "bit {bit}");
    }
}

#[test]
fn a_bad_line_is_told_and_gone_when_a_profile_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let bad: [&[u8]; 7] = [
        b"alice\tIRC\t!!!!",
        b"alice\tIRC\tAAA",
        b"alice\tIRC\tAAAA AAAA",
        b"alice\tIRC",
        b"alice\tIRC\tAAAA\t",
        b"",
        b"ali\0ce\tIRC\tAAAA",
    ];
    for line in bad {
        let file = [b"# chatham v4 profiles 1\n", line, b"\nbob\tIRC\tAAAA\n"].concat();
        put(folder.path(), PROFILES, &file);
        let mut store = Store::open(folder.path()).unwrap();
        let notice = &store.notices()[0];
        assert!(notice.path.ends_with(PROFILES));
        assert!(notice.to_string().contains("line 2: not understood"), "{notice}");
        assert_eq!(store.profile(&alice()), None);
        assert_eq!(store.profile(&AccountId::new("bob", "IRC")), Some(&[0; 3][..]));
        store.set_profile(&alice(), b"new").unwrap();
        drop(store);
        assert_eq!(Store::open(folder.path()).unwrap().notices(), []);
    }
    // Of another form nothing is known.
    for file in [&b""[..], b"# chatham v4 profiles 2\nbob\tIRC\tAAAA\n", b"\0\0\0"] {
        put(folder.path(), PROFILES, file);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.profile(&AccountId::new("bob", "IRC")), None);
        assert_eq!(store.notices().len(), usize::from(!file.is_empty()));
    }
}
