//! Keys and trust out of other programs, from files that the programs themselves have written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::programs::{Home, golden, shown, word};
use serde_json::Value;

/// The fingerprint of a made-up key in the fixture of Pidgin.
fn made(number: u8) -> String {
    format!("{number:02X}").repeat(20)
}

fn fates(report: &Value, what: &str) -> Vec<String> {
    let items = report[what].as_array().unwrap().iter();
    items.map(|item| word(&item["fate"])).collect()
}

#[test]
fn every_program_s_key_has_the_fingerprint_that_the_program_showed() {
    for (program, protocol) in [
        ("irssi", "IRC"),
        ("hexchat", "IRC"),
        ("weechat", "irc"),
        ("profanity", "xmpp"),
        ("mcabber", "jabber"),
        ("bitlbee", "jabber"),
    ] {
        let home = Home::new();
        let files = home.with(program);
        let report = home.json(&["import", files.to_str().unwrap(), "--from", program]);
        assert_eq!(report["format"], program);
        assert_eq!(report["verified-format"], true);
        assert_eq!(report["keys"][0]["protocol"], protocol);
        assert_eq!(
            home.own(),
            [("default".to_owned(), shown(program)[0].clone())],
            "{program}"
        );
        // Whose layout it is tells the place; only HexChat's and Gajim's folders have to be named so.
        let again = home.json(&["import", files.to_str().unwrap()]);
        assert_eq!(again["format"], program);
        assert_eq!(fates(&again, "keys"), ["there"]);
    }
}

#[test]
fn trust_comes_along_as_each_program_words_it() {
    let key = |program: &str| shown(program)[0].clone();
    for (program, expected) in [
        (
            "irssi",
            vec![
                ("hex", key("hexchat"), "verified"),
                ("wes", key("weechat"), "verified"),
            ],
        ),
        // HexChat said that it trusts the key, and had not written so yet.
        ("hexchat", vec![("irma", key("irssi"), "none")]),
        ("weechat", vec![("irma", key("irssi"), "verified")]),
        (
            "profanity",
            vec![
                ("bit@localhost", key("bitlbee"), "verified"),
                ("mab@localhost", key("mcabber"), "verified"),
            ],
        ),
        ("mcabber", vec![("pro@localhost", key("profanity"), "none")]),
        ("bitlbee", vec![("pro@localhost", key("profanity"), "verified")]),
    ] {
        let home = Home::new();
        let files = home.with(program);
        let report = home.json(&["import", files.to_str().unwrap()]);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(nick, key, trust)| (nick.to_owned(), key, trust.to_owned()))
            .collect();
        assert_eq!(home.known(), expected, "{program}");
        assert_eq!(report["known"].as_array().unwrap().len(), expected.len());
        // Instance tags stay where they are, and the report says so.
        if program != "profanity" && program != "weechat" {
            assert!(report["left"].to_string().contains("instance tags"), "{program}");
        }
    }
}

#[test]
fn pidgin_s_accounts_are_chosen_by_name_or_all_of_them_for_trust_alone() {
    let home = Home::new();
    let files = home.with("pidgin");
    let path = files.to_str().unwrap();
    let complaint = home.refused(&["import", path]);
    assert!(
        complaint.contains("alice@irc.example.org (prpl-irc), alice@example.org/Home (prpl-jabber)"),
        "{complaint}"
    );
    let complaint = home.refused(&["import", path, "--account", "bob"]);
    assert!(
        complaint.contains("no account bob; there are: alice@example.org/Home"),
        "{complaint}"
    );
    assert!(home.own().is_empty() && home.known().is_empty());

    home.json(&["import", path, "--account", "alice@irc.example.org (prpl-irc)"]);
    home.json(&[
        "import",
        path,
        "--account",
        "alice@example.org/Home",
        "--profile",
        "home",
    ]);
    let [irc, jabber] = shown("pidgin").try_into().unwrap();
    assert_eq!(
        home.own(),
        [("default".to_owned(), irc), ("home".to_owned(), jabber)]
    );
    let known = |nick: &str, number, trust: &str| (nick.to_owned(), made(number), trust.to_owned());
    let everybody = [
        known("bob", 1, "verified"),
        // Two devices of one person, one of them trusted.
        known("bob@example.org", 4, "verified"),
        known("carol", 2, "none"),
        known("carol", 3, "smp"),
    ];
    assert_eq!(home.known(), everybody);

    let home = Home::new();
    let files = home.with("pidgin");
    let report = home.json(&["import", files.to_str().unwrap(), "--trust-only"]);
    assert_eq!(fates(&report, "keys"), ["left", "left"]);
    assert!(home.own().is_empty());
    assert_eq!(home.known(), everybody);
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let home = Home::new();
    let files = home.with("irssi");
    let path = files.to_str().unwrap();
    let dry = home.json(&["import", path, "--dry-run"]);
    assert!(home.own().is_empty() && home.known().is_empty());
    let (_, said, _) = home.keys(&["import", path, "--dry-run"]);
    assert!(said.contains("nothing was changed") && said.contains("becomes the key of the profile default"));
    let wet = home.json(&["import", path]);
    assert_eq!((&dry["keys"], &dry["known"]), (&wet["keys"], &wet["known"]));
    // The other program's files are as they were, and nothing was put beside them.
    let names = fs::read_dir(&files).unwrap().count();
    assert_eq!(names, fs::read_dir(golden("irssi")).unwrap().count() - 1);
}

#[test]
fn nothing_that_is_here_is_overwritten() {
    let home = Home::new();
    let made_here = word(&home.json(&["generate"])["fingerprint"]);
    let files = home.with("irssi");
    let path = files.to_str().unwrap();
    let complaint = home.refused(&["import", path]);
    assert!(
        complaint.contains("another key already") && complaint.contains("--profile"),
        "{complaint}"
    );
    let complaint = home.refused(&["import", path, "--profile", "default"]);
    assert!(complaint.contains("name another one"), "{complaint}");
    assert_eq!(home.own(), [("default".to_owned(), made_here.clone())]);
    assert!(home.known().is_empty());

    // Trust that was decided here stays, whatever the other program says, and the report tells.
    let wes = shown("weechat")[0].to_lowercase();
    let hex = shown("hexchat")[0].to_lowercase();
    let here = format!("WES\tdefault\tIRC\t{wes}\tsmp\nhex\tdefault\tIRC\t{hex}\t\n");
    home.put("data/otr.fingerprints", here);
    let report = home.json(&["import", path, "--trust-only"]);
    let mut fates = fates(&report, "known");
    fates.sort();
    assert_eq!(fates, ["conflict", "trust"]);
    let known = home.known();
    assert_eq!(known[0].0, "WES");
    assert_eq!(known[0].2, "smp");
    assert_eq!((known[1].0.as_str(), known[1].2.as_str()), ("hex", "verified"));
    assert_eq!(known.len(), 2);

    home.json(&["import", path, "--profile", "irssi"]);
    assert_eq!(
        home.own(),
        [
            ("default".to_owned(), made_here),
            ("irssi".to_owned(), shown("irssi")[0].clone())
        ]
    );
}

#[test]
fn people_of_one_name_on_two_networks_are_left_to_the_person() {
    let home = Home::new();
    let line = |account: &str, number: u8| format!("bob\t{account}\tprpl-irc\t{}\tverified\n", made(number));
    let text = [
        line("a@one.net", 1),
        line("a@two.net", 2),
        line("a@one.net", 1).replace("bob", "eve"),
    ]
    .concat();
    let path = home.put("purple/otr.fingerprints", text);
    let path = path.to_str().unwrap();
    let report = home.json(&["import", path]);
    assert_eq!(fates(&report, "known"), ["left", "left", "trust"]);
    assert_eq!(home.known().len(), 1);
    home.json(&["import", path, "--account", "a@two.net"]);
    assert_eq!(
        home.known()[0],
        ("bob".to_owned(), made(2), "verified".to_owned())
    );
}

#[test]
fn odd_lines_are_taken_or_left_with_their_reason() {
    let home = Home::new();
    let lines = [
        format!("\u{feff}bob/Home\ta\txmpp\t{}\tverified\r\n", made(1)),
        format!("Carol\ta\tIRC\t{}\tsmp\r\n", made(2).to_lowercase()),
        format!("da\0ve\ta\tIRC\t{}\tverified\n", made(3)),
        "erin\ta\tIRC\t0102\tverified\n".to_owned(),
        "frank\n".to_owned(),
        format!("gr[ce\ta b\tprpl-irc\t{}\tmaybe\n", made(4)),
        format!("hal\ta\tIRC\t{}", made(5)),
    ];
    let path = home.put("otr.fingerprints", lines.concat());
    let report = home.json(&["import", path.to_str().unwrap()]);
    let known = |nick: &str, number, trust: &str| (nick.to_owned(), made(number), trust.to_owned());
    assert_eq!(
        home.known(),
        [
            known("bob", 1, "verified"),
            known("carol", 2, "smp"),
            // A word that nobody is known to write for trust is none.
            known("gr{ce", 4, "none"),
            known("hal", 5, "none"),
        ]
    );
    let left = report["left"].as_array().unwrap();
    for what in ["a byte order mark", "line 3", "line 4", "line 5", "line 7"] {
        assert!(left.iter().any(|item| item["what"] == what), "{what}: {left:?}");
    }
    // The word is kept as it is.
    let file = fs::read_to_string(home.path("data/otr.fingerprints")).unwrap();
    assert!(file.contains("\tmaybe\n"), "{file}");
}

#[test]
fn s56_files_that_others_can_reach_are_refused_with_the_command_that_mends_it() {
    let home = Home::new();
    let files = home.with("irssi");
    let path = files.to_str().unwrap();
    home.chmod("irssi/otr.key", 0o640);
    let complaint = home.refused(&["import", path]);
    assert!(
        complaint.contains("chmod 600") && complaint.contains("otr.key"),
        "{complaint}"
    );
    home.chmod("irssi/otr.key", 0o600);
    // Fingerprints may be read by others, as irssi and Profanity leave them, and not be written.
    home.chmod("irssi/otr.fp", 0o666);
    let complaint = home.refused(&["import", path]);
    assert!(
        complaint.contains("chmod 600") && complaint.contains("otr.fp"),
        "{complaint}"
    );
    home.chmod("irssi/otr.fp", 0o644);
    home.chmod("irssi", 0o770);
    let complaint = home.refused(&["import", path]);
    assert!(complaint.contains("chmod 700"), "{complaint}");
    home.chmod("irssi", 0o755);
    assert!(home.own().is_empty());

    fs::rename(home.path("irssi/otr.key"), home.path("real.key")).unwrap();
    symlink(home.path("real.key"), home.path("irssi/otr.key")).unwrap();
    let complaint = home.refused(&["import", path]);
    assert!(complaint.contains("symbolic link"), "{complaint}");
    let complaint = home.refused(&["import", home.path("irssi/otr.key").to_str().unwrap()]);
    assert!(complaint.contains("symbolic link"), "{complaint}");
    fs::remove_file(home.path("irssi/otr.key")).unwrap();
    fs::rename(home.path("real.key"), home.path("irssi/otr.key")).unwrap();
    home.json(&["import", path]);
}

#[test]
fn s56_damaged_keys_are_named_and_never_taken() {
    let home = Home::new();
    let sound = fs::read_to_string(golden("irssi").join("otr.key")).unwrap();
    let path = home.put("otr.key", &sound[..sound.len() / 2]);
    let path = path.to_str().unwrap();
    let complaint = home.refused(&["import", path]);
    assert!(complaint.contains("otr.key: line"), "{complaint}");

    // One digit of y, then of q, then of p: each time the numbers do not fit.
    for number in ["(y #00", "(q #00", "(p #00", "(x #"] {
        let at = sound.find(number).unwrap() + number.len() + 8;
        let digit = if sound.as_bytes()[at] == b'1' { "2" } else { "1" };
        let mut changed = sound.clone();
        changed.replace_range(at..=at, digit);
        home.put("otr.key", changed);
        let report = home.json(&["import", path]);
        let left = report["left"].to_string();
        assert!(left.contains("not sound"), "{number}: {left}");
        assert!(home.own().is_empty());
    }

    // Everything fits but that p is no prime.
    home.put("otr.key", fs::read(golden("odd").join("composite.key")).unwrap());
    let report = home.json(&["import", path]);
    let left = report["left"].to_string();
    assert!(left.contains("p is not a prime number"), "{left}");
    assert!(home.own().is_empty());

    let potr = fs::read(golden("weechat").join("wes@loop.key3")).unwrap();
    let path = home.path("wes@loop.key3");
    for length in (0..potr.len()).step_by(37) {
        home.put("wes@loop.key3", &potr[..length]);
        home.refused(&["import", path.to_str().unwrap()]);
    }
    home.put("wes@loop.key3", [&potr[..], b"\0"].concat());
    let complaint = home.refused(&["import", path.to_str().unwrap()]);
    assert!(complaint.contains("exactly the five numbers"), "{complaint}");
    let mut bomb = potr.clone();
    bomb[2..6].fill(0xff);
    home.put("wes@loop.key3", bomb);
    home.refused(&["import", path.to_str().unwrap()]);
    assert!(home.own().is_empty());
}

#[test]
fn names_may_stand_as_words_or_in_quotes() {
    let sound = fs::read_to_string(golden("bitlbee").join("bitty.otr_keys")).unwrap();
    for (name, there) in [
        ("\"bit@localhost\"", "bit@localhost"),
        ("bit", "bit"),
        ("\"bit and bob\"", "bit and bob"),
        ("bit@localhost", "bit@localhost"),
        ("#626974#", "bit"),
    ] {
        let home = Home::new();
        let text = sound.replace("\"bit@localhost\"", name).replace("\n", "\r\n");
        let path = home.put("bitty.otr_keys", [b"\xef\xbb\xbf", text.as_bytes()].concat());
        let report = home.json(&["import", path.to_str().unwrap(), "--account", there]);
        assert_eq!(report["keys"][0]["account"], there, "{name}");
        assert_eq!(home.own()[0].1, shown("bitlbee")[0]);
    }
}

#[test]
fn places_without_keys_or_with_several_programs_are_explained() {
    let home = Home::new();
    home.put("place/readme.txt", "");
    let place = home.path("place");
    let place = place.to_str().unwrap();
    let complaint = home.refused(&["import", place]);
    assert!(
        complaint.contains("no keys or fingerprints of any known program"),
        "{complaint}"
    );
    home.put("place/otr.fp", "");
    let complaint = home.refused(&["import", place, "--from", "weechat"]);
    assert!(
        complaint.contains("no keys or fingerprints of WeeChat"),
        "{complaint}"
    );
    home.put("place/fingerprints.txt", "");
    let complaint = home.refused(&["import", place]);
    assert!(complaint.contains("--from"), "{complaint}");
    let complaint = home.refused(&["import", home.path("nowhere").to_str().unwrap()]);
    assert!(complaint.contains("nowhere"), "{complaint}");
    let (code, _, complaint) = home.keys(&["import", place, "--from", "outlook"]);
    assert_eq!(code, 2);
    assert!(complaint.contains("pidgin, irssi"), "{complaint}");
    // The program's own folder will do, one level up.
    let files = home.with("profanity");
    fs::create_dir_all(home.path("share/otr")).unwrap();
    fs::rename(files, home.path("share/otr/pro_at_localhost")).unwrap();
    let report = home.json(&["import", home.path("share").to_str().unwrap()]);
    assert_eq!(report["format"], "profanity");
}

#[test]
fn adium_s_numbers_get_their_names_and_the_report_says_unverified() {
    let home = Home::new();
    home.with("pidgin");
    let keys = fs::read_to_string(golden("pidgin").join("otr.private_key")).unwrap();
    let keys = keys
        .replace("\"alice@irc.example.org\"", "\"1\"")
        .replace("prpl-irc", "libpurple-IRC");
    let keys = keys.replace("\"alice@example.org/Home\"", "\"2\"");
    home.put("adium/otr.private_key", keys);
    home.put(
        "adium/otr.fingerprints",
        format!("bob@example.org/x\t2\tlibpurple-Jabber\t{}\tverified\n", made(9)),
    );
    home.put(
        "adium/Accounts.plist",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict><key>Accounts</key><array>\
         <dict><key>ObjectID</key><string>1</string><key>UID</key><string>alice</string></dict>\
         <dict><key>ObjectID</key><integer>2</integer><key>UID</key><string>alice@example.org</string></dict>\
         </array></dict></plist>",
    );
    let path = home.path("adium");
    let report = home.json(&["import", path.to_str().unwrap(), "--account", "alice@example.org"]);
    assert_eq!(
        (&report["format"], &report["verified-format"]),
        (&"adium".into(), &false.into())
    );
    assert_eq!(home.own()[0].1, shown("pidgin")[1]);
    assert_eq!(home.known()[0].0, "bob@example.org");
    let (_, said, _) = home.keys(&["import", path.to_str().unwrap(), "--trust-only"]);
    assert!(said.contains("unverified"), "{said}");
}

#[test]
fn s58_names_from_the_files_cannot_touch_the_terminal() {
    let home = Home::new();
    let text = format!("b\x1b[2Jb\ta\u{202e}\tIRC\t{}\tverified\n", made(1));
    let path = home.put("otr.fingerprints", text);
    let (code, said, _) = home.keys(&["import", path.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(!said.contains('\x1b') && !said.contains('\u{202e}'), "{said}");
}
