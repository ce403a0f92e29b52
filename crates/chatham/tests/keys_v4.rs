//! `chatham keys` with version 4: both kinds of keys, both kinds of fingerprints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::programs::{Home, word};
use serde_json::Value;

/// What bob has shown to the default profile: a key of each kind.
const CLASSIC: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

fn v4_fingerprint() -> String {
    "0123456789ABCDEF".repeat(7)
}

fn with_bob() -> Home {
    let home = Home::new();
    home.json(&["generate"]);
    let line = |key: &str| format!("Bob\tdefault\tIRC\t{}\t\n", key.to_lowercase());
    home.put("data/otr.fingerprints", line(CLASSIC));
    home.put("data/chatham.fingerprints.v4", line(&v4_fingerprint()));
    home
}

fn known(home: &Home) -> Vec<(String, String)> {
    let known = home.known().into_iter();
    known.map(|(_, key, trust)| (key, trust)).collect()
}

fn grouped(digits: &str) -> String {
    let groups: Vec<_> = digits.as_bytes().chunks(8).collect();
    groups
        .iter()
        .map(|group| str::from_utf8(group).unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn both_kinds_are_made_listed_and_shown() {
    let home = Home::new();
    let made = home.json(&["generate", "Alice"]);
    let [classic, v4] = ["fingerprint", "fingerprint-v4"].map(|name| word(&made[name]));
    assert_eq!((classic.len(), v4.len()), (40, 112));
    let shown = home.json(&["fingerprint"]);
    assert_eq!(
        (&shown["fingerprint"], &shown["fingerprint-v4"]),
        (&made["fingerprint"], &made["fingerprint-v4"])
    );
    let list = home.json(&["list"]);
    assert_eq!(list["own"].as_array().unwrap().len(), 1);
    assert_eq!(list["own"][0]["fingerprint"], classic.as_str());
    assert_eq!(list["own"][0]["fingerprint-v4"], v4.as_str());

    let (_, said, _) = home.keys(&["fingerprint"]);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [grouped(&classic), grouped(&v4)]
    );
    let (_, said, _) = home.keys(&["list"]);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            format!("yours   {}  alice on IRC (versions 1 to 3)", grouped(&classic)),
            format!("yours   {}  alice on IRC (version 4)", grouped(&v4)),
        ]
    );
    let (_, said, _) = home.keys(&["generate", "second"]);
    assert!(
        said.contains("(versions 1 to 3)") && said.contains("(version 4)"),
        "{said}"
    );
    let complaint = home.refused(&["generate", "alice"]);
    assert!(complaint.contains("never overwritten"), "{complaint}");
}

#[test]
fn a_profile_of_earlier_days_gets_what_it_lacks() {
    let home = Home::new();
    let made = home.json(&["generate"]);
    let file = home.path("data/chatham.keys.v4");
    fs::remove_file(&file).unwrap();
    assert_eq!(home.json(&["fingerprint"])["fingerprint-v4"], Value::Null);
    let (code, said, _) = home.keys(&["generate"]);
    assert_eq!((code, said.lines().count()), (0, 1));
    assert!(said.contains("(version 4)"), "{said}");
    let now = home.json(&["fingerprint"]);
    assert_eq!(
        now["fingerprint"], made["fingerprint"],
        "the key that was there stays"
    );
    assert_ne!(now["fingerprint-v4"], made["fingerprint-v4"]);

    fs::remove_file(home.path("data/otr.private_key")).unwrap();
    let shown = home.json(&["fingerprint"]);
    assert_eq!(
        shown["fingerprint"],
        Value::Null,
        "version 4 alone is a profile too"
    );
    assert_eq!(shown["fingerprint-v4"], now["fingerprint-v4"]);
    home.json(&["generate"]);
    let again = home.json(&["fingerprint"]);
    assert_eq!(again["fingerprint-v4"], now["fingerprint-v4"]);
    assert_ne!(again["fingerprint"], made["fingerprint"]);
}

#[test]
fn trust_is_in_one_key_of_one_kind() {
    let home = with_bob();
    let v4 = v4_fingerprint();
    let both = |classic: &str, v4_trust: &str| {
        [
            (CLASSIC.to_owned(), classic.to_owned()),
            (v4.clone(), v4_trust.to_owned()),
        ]
    };
    assert_eq!(known(&home), both("none", "none"));
    let complaint = home.refused(&["trust", "bob", &v4]);
    assert!(complaint.contains("--yes"), "{complaint}");
    home.json(&["trust", "bob", &grouped(&v4.to_lowercase()), "--yes"]);
    assert_eq!(known(&home), both("none", "verified"));
    home.json(&["trust", "bob", CLASSIC, "--yes"]);
    let told = home.json(&["distrust", "BOB", &v4]);
    assert_eq!(
        (&told["fingerprint"], &told["trust"]),
        (&v4.as_str().into(), &"none".into())
    );
    assert_eq!(known(&home), both("verified", "none"));

    let other = v4.replace('0', "F");
    let complaint = home.refused(&["trust", "bob", &other, "--yes"]);
    assert!(
        complaint.contains("has never shown the key F1234567"),
        "{complaint}"
    );
    for bad in [&v4[1..], &format!("{v4}0"), &v4[..56], &v4.replace('0', "x")] {
        let (code, _, complaint) = home.keys(&["trust", "bob", bad, "--yes"]);
        assert_eq!(code, 2);
        assert!(complaint.contains("or 112 in version 4"), "{complaint}");
    }
}

#[test]
fn one_key_is_forgotten_or_all() {
    let home = with_bob();
    let v4 = v4_fingerprint();
    assert_eq!(
        home.json(&["forget", "bob", &v4, "--yes"])["forgotten"],
        serde_json::json!([v4])
    );
    assert_eq!(known(&home), [(CLASSIC.to_owned(), "none".to_owned())]);
    let home = with_bob();
    let forgotten = home.json(&["forget", "bob", "--yes"]);
    assert_eq!(forgotten["forgotten"], serde_json::json!([CLASSIC, v4]));
    assert_eq!(known(&home), []);
}

#[test]
fn a_profile_is_destroyed_with_both_kinds() {
    let home = Home::new();
    home.json(&["generate"]);
    home.json(&["forget", "default", "--own", "--yes"]);
    assert_eq!(home.own(), []);
    let file = fs::read_to_string(home.path("data/chatham.keys.v4")).unwrap();
    assert_eq!(file.lines().count(), 1, "only the form's name is left");
    let complaint = home.refused(&["forget", "default", "--own", "--yes"]);
    assert!(complaint.contains("no key for default"), "{complaint}");
}

#[test]
fn a_damaged_file_is_named_with_its_line_and_left_alone() {
    let home = Home::new();
    home.json(&["generate"]);
    let file = home.path("data/chatham.keys.v4");
    let whole = fs::read_to_string(&file).unwrap();
    let cut = &whole[..whole.len() - 9];
    home.put("data/chatham.keys.v4", cut);
    for arguments in [
        &["list"][..],
        &["generate", "new"],
        &["forget", "default", "--own", "--yes"],
    ] {
        let complaint = home.refused(arguments);
        assert!(complaint.contains("chatham.keys.v4: line 2"), "{complaint}");
        let secret = whole.split('\t').nth(3).unwrap();
        assert!(!complaint.contains(&secret[..8]), "{complaint}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), cut);
}

#[test]
fn other_programs_get_what_they_know() {
    let home = with_bob();
    home.json(&["trust", "bob", &v4_fingerprint(), "--yes"]);
    home.json(&["trust", "bob", CLASSIC, "--yes"]);
    let out = home.path("out");
    let order = [
        "export",
        out.to_str().unwrap(),
        "--to",
        "irssi",
        "--account",
        "net",
    ];
    let report = home.json(&order);
    assert_eq!((&report["known"], &report["left"]), (&1.into(), &1.into()));
    let file = fs::read_to_string(out.join("otr.fp")).unwrap();
    assert!(
        file.contains(&CLASSIC.to_lowercase()) && file.lines().count() == 1,
        "{file}"
    );

    // Of somebody who has only shown a key of version 4 there is nothing to tell.
    let home = with_bob();
    home.json(&["forget", "bob", CLASSIC, "--yes"]);
    let out = home.path("out");
    let order = [
        "export",
        out.to_str().unwrap(),
        "--to",
        "irssi",
        "--account",
        "net",
    ];
    let (_, said, _) = home.keys(&order);
    assert!(
        said.contains("fingerprints of version 4, which stay here: 1"),
        "{said}"
    );
    assert!(!out.join("otr.fp").exists());
}
