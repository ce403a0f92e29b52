//! Version 4's side of an account: keys that stay, and a profile that is made anew whenever it has to be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use chatham::randomness;
use chatham::vault::Vault;
use otr::Timestamp;
use otr::identity::V4Account;
use otr_store::Store;

const DAY: u64 = 24 * 60 * 60;

fn day(number: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).plus(Duration::from_secs(number * DAY))
}

fn vault(folder: &Path) -> Vault {
    Vault::open(folder, "default", "alice").unwrap()
}

fn account(folder: &Path, at: Timestamp) -> V4Account {
    vault(folder).v4_account(&mut *randomness(), at).unwrap()
}

fn profile(account: &V4Account) -> Vec<u8> {
    account.profile().raw().as_bytes().to_vec()
}

#[test]
fn what_is_missing_is_made_once_and_stored_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let first = account(folder.path(), day(0));
    let store = Store::open(folder.path()).unwrap();
    let id = chatham::vault::account_id("default");
    assert_eq!(store.profile(&id), Some(&profile(&first)[..]));
    assert_eq!(store.instance_tag(&id), Some(first.profile().owner().raw()));
    let stored = store.v4_keys(&id).unwrap().fingerprint();
    assert_eq!(stored.as_bytes(), &first.fingerprint().as_bytes()[..]);
    assert!(
        first.forging_key().seed().is_none(),
        "nobody knows the forging secret"
    );
    drop(store);

    let again = account(folder.path(), day(1));
    assert_eq!(profile(&again), profile(&first), "a profile that lasts is kept");
    let mut vault = vault(folder.path());
    let classic = vault.account(&mut *randomness()).unwrap();
    assert_eq!(
        classic.instance_tag(),
        first.profile().owner(),
        "one device, one tag"
    );
}

#[test]
fn a_profile_that_ends_has_a_successor_of_the_same_keys() {
    let folder = tempfile::tempdir().unwrap();
    let first = account(folder.path(), day(0));
    // The last day, long after, and with a clock that was set back by years.
    for at in [day(6), day(400), Timestamp::from_millis(0)] {
        let next = account(folder.path(), at);
        assert_ne!(profile(&next), profile(&first));
        assert!(next.profile().is_current(at) && !next.profile().is_to_be_renewed(at));
        assert_eq!(next.fingerprint(), first.fingerprint());
        assert_eq!(
            profile(&account(folder.path(), at)),
            profile(&next),
            "it is stored"
        );
    }
}

#[test]
fn a_damaged_profile_is_made_anew_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let first = account(folder.path(), day(0));
    let id = chatham::vault::account_id("default");
    let good = profile(&first);
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bad in [
        &b""[..],
        &good[..good.len() - 1],
        &[&good[..], b"\0"].concat(),
        &flipped,
        &[0xff; 4096],
    ] {
        let mut store = Store::open(folder.path()).unwrap();
        store.set_profile(&id, bad).unwrap();
        drop(store);
        let next = account(folder.path(), day(1));
        assert_eq!(next.fingerprint(), first.fingerprint());
        assert!(next.profile().is_current(day(1)));
    }
    fs::write(folder.path().join("chatham.profiles.v4"), b"\0 not a profile").unwrap();
    assert_eq!(account(folder.path(), day(1)).fingerprint(), first.fingerprint());
}

#[test]
fn a_profile_of_other_keys_or_another_device_is_not_used() {
    let [ours, theirs] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let first = account(ours.path(), day(0));
    let other = account(theirs.path(), day(0));
    let id = chatham::vault::account_id("default");
    // Another's profile with our tag, so that only the keys differ.
    let mut store = Store::open(ours.path()).unwrap();
    store.set_profile(&id, &profile(&other)).unwrap();
    store
        .set_instance_tag(&id, other.profile().owner().raw())
        .unwrap();
    drop(store);
    let next = account(ours.path(), day(0));
    assert_eq!(next.fingerprint(), first.fingerprint());
    assert_eq!(next.profile().owner(), other.profile().owner());
    // A copied file on another device, which has a tag of its own.
    let mut store = Store::open(ours.path()).unwrap();
    store.set_instance_tag(&id, 0x1234_5678).unwrap();
    drop(store);
    let next = account(ours.path(), day(0));
    assert_eq!(
        (next.profile().owner().raw(), next.fingerprint()),
        (0x1234_5678, first.fingerprint())
    );
}
