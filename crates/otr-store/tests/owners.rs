//! S-56: who may open the files, and one owner at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use otr_store::lock::LockError;
use otr_store::{AccountId, Correspondent, FileError, Peer, PeerPolicy, Store, StoreError, Trust};

const FILES: [&str; 4] = [
    "otr.private_key",
    "otr.fingerprints",
    "otr.instance_tags",
    "chatham.peers",
];

#[test]
fn s56_new_files_are_ours_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/store");
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.path(), path.canonicalize().unwrap());
    fill(&mut store);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    let mut names: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "chatham.lock",
            "chatham.peers",
            "otr.fingerprints",
            "otr.instance_tags"
        ]
    );
    for name in names {
        assert_eq!(
            fs::metadata(path.join(&name)).unwrap().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
}

#[test]
fn s56_links_are_refused_even_to_our_own_files() {
    for name in FILES {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        put(&elsewhere, b"");
        let path = folder.path().join("store");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        for target in [elsewhere.as_path(), Path::new("nowhere")] {
            symlink(target, path.join(name)).unwrap();
            let error = Store::open(&path).unwrap_err();
            assert!(
                matches!(error, StoreError::File(FileError::Link { .. })),
                "{name}: {error}"
            );
            assert!(
                error.to_string().contains(&format!("{name} is a symbolic link")),
                "{error}"
            );
            fs::remove_file(path.join(name)).unwrap();
        }
    }
}

#[test]
fn s56_a_link_put_there_later_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("precious");
    put(&target, b"precious");
    let path = folder.path().join("store");
    let mut store = Store::open(&path).unwrap();
    symlink(&target, path.join("otr.fingerprints")).unwrap();
    let error = store.remember(&bob(), [1; 20]).unwrap_err();
    assert!(
        matches!(error, StoreError::File(FileError::Link { .. })),
        "{error}"
    );
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert_eq!(
        store.known_keys().count(),
        0,
        "what is not on the disk is not in memory"
    );
}

#[test]
fn s56_pipes_sockets_and_directories_are_refused_without_waiting() {
    for name in FILES {
        for kind in ["named pipe", "socket", "directory"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_owned();
            match kind {
                "named pipe" => assert!(
                    Command::new("mkfifo")
                        .arg(path.join(name))
                        .status()
                        .unwrap()
                        .success()
                ),
                "socket" => drop(UnixListener::bind(path.join(name)).unwrap()),
                _ => fs::create_dir(path.join(name)).unwrap(),
            }
            // In a thread of its own, so that waiting for a writer fails the test.
            let (sender, receiver) = mpsc::channel();
            std::thread::spawn(move || sender.send(Store::open(&path).unwrap_err().to_string()));
            let error = receiver.recv_timeout(Duration::from_secs(60)).unwrap();
            assert!(error.contains(&format!("{name} is a {kind}")), "{error}");
        }
    }
}

#[test]
fn s56_loose_modes_are_refused_with_one_command_that_mends_them_all() {
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("a b");
        let mut store = Store::open(&path).unwrap();
        fill(&mut store);
        drop(store);
        for name in ["otr.fingerprints", "chatham.peers"] {
            fs::set_permissions(path.join(name), Permissions::from_mode(mode)).unwrap();
        }
        let error = Store::open(&path).unwrap_err();
        assert!(
            matches!(&error, StoreError::File(FileError::LooseMode { paths, .. }) if paths.len() == 2),
            "{error}"
        );
        let text = error.to_string();
        let hint = format!(
            "chmod 600 '{0}/otr.fingerprints' '{0}/chatham.peers'",
            path.display()
        );
        assert!(text.ends_with(&hint), "{text}");
        assert!(Command::new("sh").arg("-c").arg(hint).status().unwrap().success());
        let store = Store::open(&path).unwrap();
        assert_eq!(store.trust(&bob(), [1; 20]), Some(&Trust::Verified));
    }
}

#[test]
fn s56_a_directory_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, fine) in [
        (0o770, false),
        (0o707, false),
        (0o1777, false),
        (0o755, true),
        (0o700, true),
    ] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        match Store::open(folder.path()) {
            Ok(_) => assert!(fine, "{mode:o}"),
            Err(error) => {
                assert!(
                    !fine && error.to_string().contains("chmod 700 "),
                    "{mode:o}: {error}"
                );
            }
        }
    }
    let file = folder.path().join("file");
    put(&file, b"");
    for path in [file.clone(), file.join("below")] {
        let error = Store::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("is not a directory") || error.contains("Not a directory"),
            "{error}"
        );
    }
}

#[test]
fn s56_the_lock_cannot_be_a_link_either() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("precious");
    put(&target, b"precious");
    symlink(&target, folder.path().join("chatham.lock")).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Lock(LockError::File(FileError::Link { .. }))),
        "{error}"
    );
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

#[test]
fn s56_two_owners_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    let us = std::process::id();
    assert!(
        matches!(error, StoreError::Lock(LockError::Taken { pid: Some(pid), .. }) if pid == us),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("is in use by process {us}")),
        "{error}"
    );
    drop(first);
    Store::open(folder.path()).unwrap();
}

#[test]
fn s56_two_owners_in_two_processes_and_a_killed_one_leaves_no_lock() {
    if let Some(path) = std::env::var_os("CHATHAM_TEST_HOLD") {
        let _store = Store::open(Path::new(&path)).unwrap();
        println!("holding");
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "s56_two_owners_in_two_processes_and_a_killed_one_leaves_no_lock",
            "--nocapture",
        ])
        .env("CHATHAM_TEST_HOLD", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("holding")));
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&format!("is in use by process {}", child.id())),
        "{error}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_change_by_another_program_is_not_overwritten() {
    type Change = fn(&mut Store) -> Result<(), StoreError>;
    let changes: [(&str, Change); 3] = [
        ("otr.fingerprints", |store| {
            store.set_trust(&bob(), [1; 20], &Trust::Smp)
        }),
        ("otr.instance_tags", |store| {
            store.set_instance_tag(bob().account(), 0x200)
        }),
        ("chatham.peers", |store| store.raise_minimum_version(&bob(), 4)),
    ];
    for (name, change) in changes {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        fill(&mut store);
        let path = folder.path().join(name);
        let ours = fs::read(&path).unwrap();
        // As libotr does it, in place.
        let theirs = [&ours[..], b"#\n"].concat();
        fs::write(&path, &theirs).unwrap();
        let before = format!("{store:?}");
        let error = change(&mut store).unwrap_err();
        assert!(
            matches!(error, StoreError::File(FileError::Changed { .. })),
            "{error}"
        );
        assert!(error.to_string().contains("nothing was overwritten"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), theirs);
        assert_eq!(
            format!("{store:?}"),
            before,
            "what is not on the disk is not in memory"
        );

        fs::remove_file(&path).unwrap();
        assert!(
            matches!(
                change(&mut store),
                Err(StoreError::File(FileError::Changed { .. }))
            ),
            "{name}"
        );
        assert!(!path.exists());
    }
}

#[test]
fn s33_trust_is_for_the_named_key_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let (shown, newer) = ([1; 20], [2; 20]);
    assert!(store.remember(&bob(), shown).unwrap());
    assert!(!store.remember(&bob(), shown).unwrap());
    // The other side changes keys while the question is on the screen.
    assert!(store.remember(&bob(), newer).unwrap());
    store.set_trust(&bob(), shown, &Trust::Verified).unwrap();
    assert_eq!(store.trust(&bob(), shown), Some(&Trust::Verified));
    assert_eq!(store.trust(&bob(), newer), Some(&Trust::Undecided));
    // Neither another person nor another account of ours gains anything.
    let carol = Correspondent::new("carol", bob().account().clone());
    let elsewhere = Correspondent::new("bob", AccountId::new("alice", "xmpp"));
    for other in [&carol, &elsewhere] {
        assert_eq!(store.trust(other, shown), None);
        let error = store.set_trust(other, shown, &Trust::Verified).unwrap_err();
        assert!(matches!(error, StoreError::UnknownFingerprint(_)), "{error}");
    }
    assert!(store.forget(&bob(), newer).unwrap());
    assert!(!store.forget(&bob(), newer).unwrap());
    let error = store.set_trust(&bob(), newer, &Trust::Smp).unwrap_err();
    assert!(matches!(error, StoreError::UnknownFingerprint(_)), "{error}");
    assert_eq!(store.known_keys().count(), 1);
}

#[test]
fn a_remembered_version_only_rises_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store
        .set_peer(
            &bob(),
            Peer {
                minimum_version: None,
                policy: Some(PeerPolicy::Always),
            },
        )
        .unwrap();
    for (version, expected) in [(2, 2), (3, 3), (2, 3), (1, 3), (3, 3)] {
        store.raise_minimum_version(&bob(), version).unwrap();
        assert_eq!(
            store.peer(&bob()),
            Peer {
                minimum_version: Some(expected),
                policy: Some(PeerPolicy::Always)
            }
        );
    }
    assert!(matches!(
        store.raise_minimum_version(&bob(), 5),
        Err(StoreError::Peer(_))
    ));
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.peer(&bob()).minimum_version, Some(3));
    store
        .set_peer(
            &bob(),
            Peer {
                minimum_version: Some(2),
                policy: None,
            },
        )
        .unwrap();
    assert_eq!(
        store.peer(&bob()),
        Peer {
            minimum_version: Some(2),
            policy: None
        }
    );
}

#[test]
fn names_that_a_file_cannot_hold_are_refused_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let long = "x".repeat(1000);
    for name in ["a\tb", "a\nb", "a\rb", "a\0b", &long] {
        let account = AccountId::new(name, "p");
        let person = Correspondent::new(name, AccountId::new("a", "p"));
        assert!(
            matches!(store.remember(&person, [1; 20]), Err(StoreError::Name(_))),
            "{name:?}"
        );
        assert!(
            matches!(store.set_instance_tag(&account, 0x100), Err(StoreError::Tag(_))),
            "{name:?}"
        );
        assert!(
            matches!(store.raise_minimum_version(&person, 3), Err(StoreError::Peer(_))),
            "{name:?}"
        );
    }
    assert!(matches!(
        store.set_instance_tag(&AccountId::new("a", "p"), 0xff),
        Err(StoreError::Tag(_))
    ));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock");
}

fn bob() -> Correspondent {
    Correspondent::new("bob", AccountId::new("alice", "IRC"))
}

/// One entry in every file but the keys.
fn fill(store: &mut Store) {
    store.remember(&bob(), [1; 20]).unwrap();
    store.set_trust(&bob(), [1; 20], &Trust::Verified).unwrap();
    store.set_instance_tag(bob().account(), 0x100).unwrap();
    store.raise_minimum_version(&bob(), 3).unwrap();
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn s56_a_folder_that_others_can_put_another_in_the_place_of_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let above = home.path().join("above");
    let data = above.join("data");
    fs::create_dir_all(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    for (mode, good) in [(0o777, false), (0o757, false), (0o1777, true), (0o755, true)] {
        fs::set_permissions(&above, Permissions::from_mode(mode)).unwrap();
        match Store::open(&data) {
            Ok(_) => assert!(good, "{mode:o}"),
            Err(fault) => assert!(
                !good && fault.to_string().contains("chmod 755"),
                "{mode:o}: {fault}"
            ),
        }
    }
}
