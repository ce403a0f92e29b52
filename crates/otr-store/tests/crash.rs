//! S-56: a process killed at any moment leaves whole files and no trace of what it was writing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use otr_store::{AccountId, Correspondent, Store};

const CHILD: &str = "CHATHAM_TEST_WRITE";

#[test]
fn s56_killed_at_any_moment() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut known = 0;
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "s56_killed_at_any_moment", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let first = lines
            .find_map(|line| line.strip_prefix("stored ").map(str::to_owned))
            .unwrap();
        std::thread::sleep(Duration::from_micros(round * 137));
        child.kill().unwrap();
        child.wait().unwrap();
        // What the child saw stored when it died.
        let last = lines
            .filter_map(|line| line.strip_prefix("stored ").map(str::to_owned))
            .last()
            .unwrap_or(first);
        let promised: usize = last.trim().parse().unwrap();

        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.notices(), []);
        let stored = store.known_keys().count();
        assert!(
            stored == promised || stored == promised + 1,
            "{stored} of {promised}"
        );
        assert!(stored > known);
        known = stored;
        // Opening has cleaned up.
        let names = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names.filter(|name| name.ends_with(".tmp")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn write_for_ever(path: &Path) {
    let mut store = Store::open(path).unwrap();
    let bob = Correspondent::new("bob", AccountId::new("alice", "IRC"));
    loop {
        let count = u32::try_from(store.known_keys().count()).unwrap();
        let mut fingerprint = [0; 20];
        fingerprint[..4].copy_from_slice(&count.to_be_bytes());
        assert!(store.remember(&bob, fingerprint).unwrap());
        println!("stored {}", count + 1);
    }
}
