//! `chatham keys passphrase`: the store asks for it from then on, and from nobody else does it open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::programs::Home;

struct Sealed {
    home: Home,
    phrase: String,
    other: String,
}

impl Sealed {
    fn new() -> Self {
        let home = Home::new();
        let phrase = home.put("phrase", "tell nobody\nand not this line\n");
        let other = home.put("other", "tell nobody else\r\n");
        Self {
            phrase: phrase.to_str().unwrap().to_owned(),
            other: other.to_str().unwrap().to_owned(),
            home,
        }
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path("data")).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "chatham.lock")
            .collect();
        names.sort();
        names
    }
}

#[test]
fn set_change_remove() {
    let it = Sealed::new();
    let (home, phrase, other) = (&it.home, it.phrase.as_str(), it.other.as_str());
    home.json(&["generate"]);
    let own = home.own();
    assert_eq!(it.files(), ["chatham.keys.v4", "otr.private_key"]);
    home.json(&["passphrase", "set", "--new-passphrase-file", phrase]);
    assert_eq!(it.files(), ["chatham.sealed"]);

    // Without a terminal nobody is asked, and nothing hangs.
    let complaint = home.refused(&["list"]);
    assert!(complaint.contains("--passphrase-file"), "{complaint}");
    let complaint = home.refused(&["list", "--passphrase-file", other]);
    assert!(complaint.contains("pass phrase is wrong"), "{complaint}");
    let list = home.json(&["list", "--passphrase-file", phrase]);
    assert_eq!(list["own"][0]["fingerprint"], own[0].1);
    let complaint = home.refused(&["passphrase", "set", "--passphrase-file", phrase]);
    assert!(complaint.contains("passphrase change"), "{complaint}");

    home.json(&[
        "passphrase",
        "change",
        "--passphrase-file",
        phrase,
        "--new-passphrase-file",
        other,
    ]);
    home.refused(&["list", "--passphrase-file", phrase]);
    let complaint = home.refused(&["passphrase", "remove", "--passphrase-file", other]);
    assert!(complaint.contains("--yes"), "{complaint}");
    home.json(&["passphrase", "remove", "--yes", "--passphrase-file", other]);
    assert_eq!(it.files(), ["chatham.keys.v4", "otr.private_key"]);
    assert_eq!(home.own(), own);
    let complaint = home.refused(&["passphrase", "remove", "--yes"]);
    assert!(complaint.contains("has no pass phrase"), "{complaint}");
}

#[test]
fn an_empty_or_unreadable_phrase_changes_nothing() {
    let it = Sealed::new();
    it.home.json(&["generate"]);
    let empty = it.home.put("empty", "\nsecond line\n");
    let long = it.home.put("long", "x".repeat(5000));
    for (file, words) in [
        (empty, "protects nothing"),
        (long, "longer"),
        (it.home.path("none"), "cannot be read"),
    ] {
        let complaint = it.home.refused(&[
            "passphrase",
            "set",
            "--new-passphrase-file",
            file.to_str().unwrap(),
        ]);
        assert!(complaint.contains(words), "{complaint}");
    }
    it.home.chmod("phrase", 0o644);
    let complaint = it
        .home
        .refused(&["passphrase", "set", "--new-passphrase-file", &it.phrase]);
    assert!(complaint.contains("chmod 600"), "{complaint}");
    assert_eq!(it.files(), ["chatham.keys.v4", "otr.private_key"]);
}

#[test]
fn a_sealed_store_imports_and_exports_too() {
    let it = Sealed::new();
    let home = &it.home;
    home.json(&["generate"]);
    home.json(&["passphrase", "set", "--new-passphrase-file", &it.phrase]);
    let out = home.path("out");
    home.json(&[
        "export",
        out.to_str().unwrap(),
        "--to",
        "irssi",
        "--account",
        "net",
        "--passphrase-file",
        &it.phrase,
    ]);
    let report = home.json(&[
        "import",
        out.to_str().unwrap(),
        "--profile",
        "second",
        "--passphrase-file",
        &it.phrase,
    ]);
    assert_eq!(report["keys"][0]["fate"], "key");
    assert_eq!(it.files(), ["chatham.sealed"]);
}
