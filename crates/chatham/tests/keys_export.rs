//! Keys and trust for other programs: the same key comes back, in every program's own layout.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::programs::{Home, golden, shown};

/// Alice, who knows two people.
fn alice() -> Home {
    let home = Home::new();
    home.json(&["generate"]);
    home.put(
        "data/otr.fingerprints",
        format!(
            "bob\tdefault\tIRC\t{}\tverified\nCarol\tdefault\tIRC\t{}\t\nbob\tother\tIRC\t{}\tsmp\n",
            "01".repeat(20),
            "02".repeat(20),
            "03".repeat(20)
        ),
    );
    home
}

#[test]
fn what_goes_out_comes_back_in_every_layout() {
    for (program, account, files) in [
        (
            "pidgin",
            "alice@irc.example.org",
            ["otr.private_key", "otr.fingerprints"],
        ),
        ("irssi", "example", ["otr.key", "otr.fp"]),
        ("hexchat", "alice@example", ["otr.key", "otr.fp"]),
        ("profanity", "alice@example.org", ["keys.txt", "fingerprints.txt"]),
        (
            "mcabber",
            "alice@example.org",
            ["alice@example.org.key", "alice@example.org.fpr"],
        ),
        ("bitlbee", "a", ["a.otr_keys", "a.otr_fprints"]),
        (
            "weechat",
            "alice@example",
            ["alice@example.key3", "alice@example.fpr"],
        ),
        ("gajim", "home", ["home.key3", "home.fpr"]),
        ("adium", "1", ["otr.private_key", "otr.fingerprints"]),
    ] {
        let home = alice();
        let out = home.path(program);
        let path = out.to_str().unwrap();
        let report = home.json(&["export", path, "--to", program, "--account", account]);
        let mut names: Vec<_> = fs::read_dir(&out)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut expected = files.map(str::to_owned);
        expected.sort();
        assert_eq!(names, expected, "{program}");
        for name in files {
            assert_eq!(
                fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(report["fingerprint"].as_str().unwrap(), home.own()[0].1);
        assert_eq!(report["verified-format"], !matches!(program, "gajim" | "adium"));

        let back = Home::new();
        back.json(&["import", path, "--from", program]);
        assert_eq!(back.own(), home.own(), "{program}");
        let known = back.known();
        assert_eq!(known.len(), 2, "only whom this profile knows: {known:?}");
        assert_eq!((known[0].0.as_str(), known[0].2.as_str()), ("bob", "verified"));
        assert_eq!((known[1].0.as_str(), known[1].2.as_str()), ("carol", "none"));
    }
}

#[test]
fn a_key_that_came_from_a_program_goes_back_byte_for_byte() {
    for (program, account, keys) in [
        ("irssi", "loop", "otr.key"),
        ("hexchat", "hex@loop", "otr.key"),
        ("profanity", "pro@localhost", "keys.txt"),
        ("mcabber", "mab@localhost", "mab@localhost.key"),
        ("weechat", "wes@loop", "wes@loop.key3"),
    ] {
        let home = Home::new();
        let files = home.with(program);
        home.json(&["import", files.to_str().unwrap()]);
        let out = home.path("out");
        home.json(&[
            "export",
            out.to_str().unwrap(),
            "--to",
            program,
            "--account",
            account,
        ]);
        assert_eq!(
            fs::read(out.join(keys)).unwrap(),
            fs::read(golden(program).join(keys)).unwrap(),
            "{program}"
        );
    }
    let home = Home::new();
    let files = home.with("bitlbee");
    home.json(&["import", files.to_str().unwrap()]);
    let out = home.path("out");
    let arguments = [
        "export",
        out.to_str().unwrap(),
        "--to",
        "bitlbee",
        "--account",
        "bit@localhost",
    ];
    home.json(&[&arguments[..], &["--stem", "bitty"]].concat());
    for name in ["bitty.otr_keys", "bitty.otr_fprints"] {
        let (ours, theirs) = (out.join(name), golden("bitlbee").join(name));
        assert_eq!(fs::read(ours).unwrap(), fs::read(theirs).unwrap(), "{name}");
    }
    assert_eq!(home.own()[0].1, shown("bitlbee")[0]);
}

#[test]
fn weechat_s_people_carry_their_server() {
    let home = alice();
    let out = home.path("out");
    let path = out.to_str().unwrap();
    home.json(&["export", path, "--to", "weechat", "--account", "alice@oftc"]);
    let text = fs::read_to_string(out.join("alice@oftc.fpr")).unwrap();
    assert!(text.starts_with("bob@oftc\talice@oftc\tirc\t0101"), "{text}");
}

#[test]
fn nothing_is_overwritten_and_trust_may_go_alone() {
    let home = alice();
    let out = home.path("out");
    let path = out.to_str().unwrap();
    home.put("out/otr.fingerprints", "theirs");
    home.chmod("out", 0o700);
    let complaint = home.refused(&["export", path, "--to", "pidgin", "--account", "a"]);
    assert!(complaint.contains("is there already"), "{complaint}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "not one file was written");
    assert_eq!(fs::read(out.join("otr.fingerprints")).unwrap(), b"theirs");

    let out = home.path("trust");
    let path = out.to_str().unwrap();
    home.json(&[
        "export",
        path,
        "--to",
        "irssi",
        "--account",
        "net",
        "--trust-only",
    ]);
    let names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["otr.fp"]);
}

#[test]
fn names_that_cannot_be_written_are_refused() {
    let home = alice();
    let out = home.path("out");
    let path = out.to_str().unwrap();
    for (program, account) in [
        ("mcabber", "a/b"),
        ("mcabber", ""),
        ("weechat", ".hidden"),
        ("gajim", "../up"),
    ] {
        let complaint = home.refused(&["export", path, "--to", program, "--account", account]);
        assert!(complaint.contains("no file can be named"), "{complaint}");
    }
    let complaint = home.refused(&["export", path, "--to", "pidgin", "--account", "tab\there"]);
    assert!(complaint.contains("tab"), "{complaint}");
    assert!(!out.exists());
    let home = Home::new();
    let complaint = home.refused(&["export", path, "--to", "pidgin", "--account", "a"]);
    assert!(complaint.contains("no key yet"), "{complaint}");
}
