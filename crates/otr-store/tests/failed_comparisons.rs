//! Failed comparisons are counted over restarts, whatever else happens to the correspondent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::Timestamp;
use otr_store::{AccountId, Correspondent, Peer, Store};

#[test]
fn failed_comparisons_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let bob = Correspondent::new("bob", AccountId::new("default", "IRC"));
    let carol = Correspondent::new("carol", AccountId::new("default", "IRC"));
    let moments = [1_790_000_000_000, 1_790_000_060_000].map(Timestamp::from_millis);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.failed_comparisons(&bob), []);
    for at in moments {
        store.record_failed_comparison(&bob, at).unwrap();
    }
    store.raise_minimum_version(&bob, 3).unwrap();
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.failed_comparisons(&bob), moments);
    assert_eq!(store.failed_comparisons(&carol), []);
    assert_eq!(store.peer(&bob).minimum_version, Some(3));
    store.set_peer(&bob, Peer::default()).unwrap();
    assert_eq!(store.failed_comparisons(&bob), moments);
    store.forget_failed_comparisons(&bob).unwrap();
    drop(store);
    assert_eq!(Store::open(folder.path()).unwrap().failed_comparisons(&bob), []);
}
