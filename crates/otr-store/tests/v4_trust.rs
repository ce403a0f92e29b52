//! Trust in fingerprints of both kinds: each in its file, neither vouching for the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4;

use otr_store::libotr::fingerprints::Fingerprints;
use otr_store::libotr::lines::LineFault;
use otr_store::v4::fingerprints::FingerprintsV4;
use otr_store::{KeyName, KnownKey, Store, StoreError, Trust};
use v4::{FINGERPRINTS, bob, files, put};

const CLASSIC: [u8; 20] = [0xab; 20];
const NEW: [u8; 56] = [0xab; 56];

#[test]
fn each_kind_stands_in_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.remember(&bob(), NEW).unwrap());
    assert!(!store.remember(&bob(), NEW).unwrap());
    let line = format!("bob\talice\tIRC\t{}\t\n", "ab".repeat(56));
    assert_eq!(files(folder.path())[FINGERPRINTS], line.as_bytes());
    assert_eq!(files(folder.path()).len(), 1, "libotr never sees it");

    let error = store.set_trust(&bob(), CLASSIC, &Trust::Verified).unwrap_err();
    assert!(matches!(error, StoreError::UnknownFingerprint(_)), "{error}");
    assert!(store.remember(&bob(), CLASSIC).unwrap());
    store.set_trust(&bob(), KeyName::V4(NEW), &Trust::Smp).unwrap();
    assert_eq!(store.trust(&bob(), CLASSIC), Some(&Trust::Undecided));
    assert_eq!(store.trust(&bob(), NEW), Some(&Trust::Smp));
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    let names: Vec<_> = store.known_keys().map(|known| known.fingerprint).collect();
    assert_eq!(names, [KeyName::Classic(CLASSIC), KeyName::V4(NEW)]);
    assert_eq!(store.trust(&bob(), NEW), Some(&Trust::Smp));
    let classic = files(folder.path())["otr.fingerprints"].clone();
    let line = format!("bob\talice\tIRC\t{}\t\n", "ab".repeat(20));
    assert_eq!(classic, line.as_bytes());
    assert!(store.forget(&bob(), NEW).unwrap());
    assert!(!store.forget(&bob(), NEW).unwrap());
    assert_eq!(files(folder.path())["otr.fingerprints"], classic);
    assert_eq!(store.known_keys().count(), 1);
}

#[test]
fn trust_in_one_key_is_none_in_the_next_one_of_the_person() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    // They differ in the last byte only.
    let mut newer = NEW;
    newer[55] ^= 1;
    store.remember(&bob(), NEW).unwrap();
    store.set_trust(&bob(), NEW, &Trust::Verified).unwrap();
    assert_eq!(store.trust(&bob(), newer), None);
    assert!(store.set_trust(&bob(), newer, &Trust::Smp).is_err());
    assert!(store.remember(&bob(), newer).unwrap());
    assert_eq!(store.trust(&bob(), newer), Some(&Trust::Undecided));
    assert!(store.forget(&bob(), newer).unwrap());
    assert_eq!(store.trust(&bob(), NEW), Some(&Trust::Verified));
}

#[test]
fn many_at_once_of_both_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.adopt(&[]).unwrap();
    assert!(files(folder.path()).is_empty());
    let known = |fingerprint, trust| KnownKey {
        correspondent: bob(),
        fingerprint,
        trust,
    };
    store
        .adopt(&[
            known(KeyName::V4(NEW), Trust::Verified),
            known(KeyName::Classic(CLASSIC), Trust::Undecided),
        ])
        .unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.trust(&bob(), NEW), Some(&Trust::Verified));
    assert_eq!(store.trust(&bob(), CLASSIC), Some(&Trust::Undecided));
}

#[test]
fn s56_odd_lines_are_kept_and_told() {
    let digits = "0123456789abcdef".repeat(7);
    let file = [
        "# a comment".to_owned(),
        format!("bob\talice\tIRC\t{digits}\tverified"),
        format!("eve\talice\tIRC\t{}\tverified", &digits[..40]),
        format!("eve\talice\tIRC\t{}\tverified", &digits[1..]),
        format!("eve\talice\tIRC\t{digits}0\tverified"),
        format!("eve\talice\tIRC\t{}g\tverified", &digits[1..]),
        format!("eve\talice\t{digits}"),
    ]
    .join("\n")
        + "\n";
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), FINGERPRINTS, file.as_bytes());
    let mut store = Store::open(folder.path()).unwrap();
    let notices: Vec<_> = store
        .notices()
        .iter()
        .map(|n| (n.line.line, n.line.fault))
        .collect();
    let bad = LineFault::Fingerprint { digits: 112 };
    assert_eq!(
        notices,
        [(3, bad), (4, bad), (5, bad), (6, bad), (7, LineFault::Columns)]
    );
    assert!(store.notices()[0].to_string().contains("112 hex digits"));
    assert_eq!(store.known_keys().count(), 1);
    store.remember(&bob(), NEW).unwrap();
    let now = files(folder.path())[FINGERPRINTS].clone();
    assert!(now.starts_with(file.as_bytes()), "nothing is lost");
}

#[test]
fn s56_a_file_cut_or_flipped_anywhere_is_some_file() {
    let mut file = FingerprintsV4::default();
    file.remember(&bob(), &NEW).unwrap();
    file.set_trust(&bob(), &NEW, &Trust::Verified).unwrap();
    let whole = file.write();
    for length in 0..whole.len() {
        let cut = FingerprintsV4::read(&whole[..length]);
        let trusted = cut.trust(&bob(), &NEW).is_some_and(Trust::is_trusted);
        assert_eq!(trusted, length == whole.len() - 1, "{length}");
    }
    for bit in 0..whole.len() * 8 {
        let mut bad = whole.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let read = FingerprintsV4::read(&bad);
        assert_eq!(
            FingerprintsV4::read(&read.write()).iter().count(),
            read.iter().count()
        );
    }
}

#[test]
fn a_line_of_one_kind_is_none_of_the_other() {
    let mut new = FingerprintsV4::default();
    new.remember(&bob(), &NEW).unwrap();
    let mut classic = Fingerprints::default();
    classic.remember(&bob(), &CLASSIC).unwrap();
    assert_eq!(Fingerprints::read(&new.write()).iter().count(), 0);
    assert_eq!(FingerprintsV4::read(&classic.write()).iter().count(), 0);
}

#[test]
fn version_4_once_spoken_is_the_least() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.raise_minimum_version(&bob(), 3).unwrap();
    store.raise_minimum_version(&bob(), 4).unwrap();
    store.raise_minimum_version(&bob(), 3).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.peer(&bob()).minimum_version, Some(4));
    assert!(store.raise_minimum_version(&bob(), 5).is_err());
}
