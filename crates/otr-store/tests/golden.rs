//! Files written by the genuine libotr: we understand them as it does, and write them as it did.
//! `interop/store-fixtures` made them; `interop/store-check` judges the other direction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use otr_store::libotr::{fingerprints::Fingerprints, instance_tags::InstanceTags, private_keys};
use otr_store::{AccountId, Store, Trust};

const KEYS: &[u8] = include_bytes!("golden/otr.private_key");
const FINGERPRINTS: &[u8] = include_bytes!("golden/otr.fingerprints");
const INSTANCE_TAGS: &[u8] = include_bytes!("golden/otr.instance_tags");
/// What libotr says that it found in these files.
const DUMP: &str = include_str!("golden/dump.txt");

#[test]
fn keys_are_read_and_written_as_libotr_does() {
    let keys = private_keys::read(KEYS).unwrap();
    let written = private_keys::write(keys.iter().map(|key| (&key.account, &key.parts)));
    assert_eq!(
        written.escape_ascii().to_string(),
        KEYS.escape_ascii().to_string()
    );

    let ours = keys.iter().map(|key| {
        let p = &key.parts;
        let numbers = [&p.p, &p.q, &p.g, &p.y, &*p.x].map(|n| hex(n)).join(" ");
        format!(
            "{} {} {numbers}",
            hex(key.account.name()),
            hex(key.account.protocol())
        )
    });
    // The dump has the fingerprint as its third column, which is not this crate's to compute.
    let theirs = dumped("key ").into_iter().map(|line| {
        let mut columns: Vec<_> = line.split(' ').collect();
        columns.remove(2);
        columns.join(" ")
    });
    assert_eq!(ours.collect::<BTreeSet<_>>(), theirs.collect::<BTreeSet<_>>());
    assert_eq!(keys.len(), 17);
}

#[test]
fn s09_numbers_that_look_like_text_are_in_the_fixture() {
    for x in [
        &b"(x \"printable secret #1!\")"[..],
        b"(x token/like-exponent.)",
        b"\\r\\n\")",
        b"(x short-one)",
        b"(x #01#)",
    ] {
        assert!(
            KEYS.windows(x.len()).any(|window| window == x),
            "{}",
            x.escape_ascii()
        );
    }
}

#[test]
fn fingerprints_are_read_and_written_as_libotr_does() {
    let file = Fingerprints::read(FINGERPRINTS);
    assert!(file.notices().is_empty());
    assert_eq!(file.write(), FINGERPRINTS);
    let ours = file.iter().map(|key| {
        let account = key.correspondent.account();
        [
            key.correspondent.user(),
            account.name(),
            account.protocol(),
            key.fingerprint.as_bytes(),
            key.trust.as_bytes(),
        ]
        .map(hex)
        .join(" ")
    });
    assert_eq!(ours.collect::<BTreeSet<_>>(), dumped("fingerprint "));
    let words: Vec<_> = file.iter().map(|key| key.trust.is_trusted()).collect();
    assert_eq!(words.iter().filter(|trusted| **trusted).count(), 4);
    assert_eq!(file.iter().filter(|key| key.trust == Trust::Smp).count(), 1);
}

#[test]
fn instance_tags_are_read_and_written_as_libotr_does() {
    let file = InstanceTags::read(INSTANCE_TAGS);
    assert!(file.notices().is_empty());
    assert_eq!(file.write(), INSTANCE_TAGS);
    let ours = file.iter().map(|entry| {
        format!(
            "{} {} {:08x}",
            hex(entry.account.name()),
            hex(entry.account.protocol()),
            entry.tag
        )
    });
    assert_eq!(ours.collect::<BTreeSet<_>>(), dumped("tag "));
}

#[test]
fn a_store_opens_them_and_keeps_every_byte_that_it_does_not_change() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("otr.private_key", KEYS),
        ("otr.fingerprints", FINGERPRINTS),
        ("otr.instance_tags", INSTANCE_TAGS),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.notices(), []);
    assert_eq!(store.accounts().count(), 17);
    assert_eq!(
        [read("otr.private_key"), read("otr.fingerprints")],
        [KEYS, FINGERPRINTS]
    );

    // There and back again: the files are libotr's once more.
    let keys = private_keys::read(KEYS).unwrap();
    let last = keys.last().unwrap();
    let p = &last.parts;
    let key = otr::crypto::dsa::PrivateKey::from_parts(&p.p, &p.q, &p.g, &p.y, &p.x).unwrap();
    assert!(store.forget_key(&last.account).unwrap());
    assert!(read("otr.private_key").len() < KEYS.len());
    store.add_key(last.account.clone(), key).unwrap();
    assert_eq!(read("otr.private_key"), KEYS);

    let account = AccountId::new("bob smith", "IRC");
    let tag = store.instance_tag(&account).unwrap();
    store.set_instance_tag(&account, 0x100).unwrap();
    assert_ne!(read("otr.instance_tags"), INSTANCE_TAGS);
    store.set_instance_tag(&account, tag).unwrap();
    assert_eq!(read("otr.instance_tags"), INSTANCE_TAGS);

    let known = store.known_keys().next().unwrap().clone();
    store
        .set_trust(&known.correspondent, known.fingerprint, &Trust::Smp)
        .unwrap();
    assert_ne!(read("otr.fingerprints"), FINGERPRINTS);
    store
        .set_trust(&known.correspondent, known.fingerprint, &known.trust)
        .unwrap();
    assert_eq!(read("otr.fingerprints"), FINGERPRINTS);
}

fn dumped(kind: &str) -> BTreeSet<String> {
    DUMP.lines()
        .filter_map(|line| line.strip_prefix(kind))
        .map(str::to_owned)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".into();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
