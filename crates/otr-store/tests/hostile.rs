//! S-56: damaged and hostile files. Whatever is refused is refused with its line, and stays as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use otr_store::libotr::fingerprints::Fingerprints;
use otr_store::libotr::instance_tags::InstanceTags;
use otr_store::libotr::lines::{LineFault, LineNotice};
use otr_store::libotr::private_keys::{self, AccountKey, KeyFileError};
use otr_store::{AccountId, Correspondent, Store, StoreError, Trust};

const KEYS: &[u8] = include_bytes!("golden/otr.private_key");
const HEX: &str = "00112233445566778899aabbccddeeff01234567";

#[test]
fn s56_a_damaged_key_file_is_refused_with_its_line_and_stays() {
    let one = String::from_utf8(one_account()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(one.contains(from), "{from}");
        one.replacen(from, to, 1).into_bytes()
    };
    let huge = "41".repeat(500_000);
    for (what, file, line, says) in [
        ("empty", Vec::new(), 1, "the file is empty"),
        (
            "zeros, as after a power cut",
            vec![0; 4096],
            1,
            "unexpected byte 0x00",
        ),
        (
            "byte order mark",
            [b"\xef\xbb\xbf", one.as_bytes()].concat(),
            1,
            "byte order mark",
        ),
        ("parentheses", vec![b'('; 1_000_000], 1, "lists inside each other"),
        (
            "huge hex",
            with("#01#", &format!("#{huge}#")),
            11,
            "longer than 4096 bytes",
        ),
        (
            "endless hex",
            with("#01#", &format!("#{huge}")),
            16,
            "ends inside the value that starts at line 11",
        ),
        ("odd hex", with("#01#", "#012#"), 11, "odd number"),
        ("not hex", with("#01#", "#0g#"), 11, "unexpected byte 0x67"),
        ("zero", with("#01#", "#00#"), 11, "a number of the key is zero"),
        (
            "NUL in a name",
            with("one", "#6F006E#"),
            3,
            "zero byte inside a name",
        ),
        (
            "NUL between",
            with("(protocol", "\0(protocol"),
            4,
            "unexpected byte 0x00",
        ),
        ("no name", with("(name one)", ""), 2, "no name"),
        (
            "two names",
            with("(name one)", "(name one)(name two)"),
            3,
            "second name",
        ),
        (
            "two words",
            with("(name one)", "(name one two)"),
            3,
            "exactly one value",
        ),
        (
            "list for a name",
            with("(name one)", "(name (one))"),
            3,
            "exactly one value",
        ),
        ("no protocol", with("(protocol secrets)", ""), 2, "no protocol"),
        (
            "no key",
            with("(private-key", "(public-key"),
            5,
            "only name, protocol and private-key",
        ),
        (
            "other kind of key",
            with("(dsa", "(rsa"),
            6,
            "kind other than DSA",
        ),
        ("number missing", with("(x #01#)", ""), 6, "is missing"),
        (
            "number twice",
            with("(x #01#)", "(x #01#)(x #01#)"),
            11,
            "stands twice",
        ),
        (
            "other number",
            with("(x #01#)", "(z #01#)"),
            11,
            "only p, q, g, y and x",
        ),
        (
            "second file behind",
            [one.as_bytes(), b"\n", one.as_bytes()].concat(),
            17,
            "behind the end",
        ),
        (
            "other file",
            b"(fingerprints)".to_vec(),
            1,
            "should start with (privkeys",
        ),
        ("text", b"\n\nhello".to_vec(), 3, "should start with (privkeys"),
        (
            "stray word",
            with(" (account", " stray (account"),
            2,
            "only (account",
        ),
    ] {
        let error = refused(&file);
        assert!(matches!(error, StoreError::KeyFile { .. }), "{what}: {error}");
        let text = error.to_string();
        assert!(text.contains("otr.private_key: line "), "{what}: {text}");
        assert!(text.contains(&format!("key: line {line}, ")), "{what}: {text}");
        assert!(text.contains(says), "{what}: {text}");
        assert!(text.contains("Nothing was changed"), "{what}: {text}");
        assert!(text.len() < 500, "{what}: {text}");
    }
}

#[test]
fn s56_a_second_key_for_an_account_is_refused_with_both_lines() {
    let one = one_account();
    let inside = &one[b"(privkeys\n".len()..one.len() - 2];
    let error = refused(&[b"(privkeys\n", inside, inside, b")\n"].concat()).to_string();
    assert!(
        error.contains("line 15, column 2: a second key for one (secrets), whose first is at line 2"),
        "{error}"
    );
}

#[test]
fn s56_numbers_that_do_not_belong_together_are_refused_with_their_account() {
    let keys = private_keys::read(KEYS).unwrap();
    for (name, bad) in [("y", 3), ("x", 4), ("p", 0), ("q", 1), ("g", 2)] {
        let mut key = keys[1].clone();
        let parts = &mut key.parts;
        let number = [
            &mut parts.p,
            &mut parts.q,
            &mut parts.g,
            &mut parts.y,
            &mut parts.x,
        ]
        .into_iter()
        .nth(bad);
        *number.unwrap().last_mut().unwrap() ^= 2;
        let error = refused(&written(&[keys[0].clone(), key]));
        assert!(matches!(error, StoreError::Key { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(
            text.contains("otr.private_key: line 15, column 2: the key of short (secrets)"),
            "{name}: {text}"
        );
        assert!(text.contains("Nothing was changed"), "{name}: {text}");
    }
}

#[test]
fn s56_a_key_file_cut_at_any_byte_is_refused() {
    let keys = private_keys::read(KEYS).unwrap();
    // Names with escapes, and secrets that are printed as text.
    let chosen: Vec<_> = keys
        .into_iter()
        .filter(|key| key.parts.x.len() < 10 || key.account.name().contains(&9))
        .collect();
    assert_eq!(chosen.len(), 3);
    let file = written(&chosen);
    // Only the last line break can be missed.
    for length in 0..file.len() - 1 {
        let error = private_keys::read(&file[..length]).unwrap_err();
        let KeyFileError::Syntax(error) = error else {
            panic!("{length}: {error}")
        };
        let lines = file[..length].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(error.at.line, lines + 1, "{length}: {error}");
        if length % 701 == 0 {
            refused(&file[..length]);
        }
    }
    assert!(private_keys::read(&file[..file.len() - 1]).is_ok());
}

#[test]
fn s56_no_flipped_bit_changes_a_number_unnoticed() {
    let file = one_account();
    let [sound] = private_keys::read(&file).unwrap().try_into().unwrap();
    let (mut refusals, mut taken) = (0, 0);
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "otr.private_key", &damaged);
        match Store::open(folder.path()) {
            Err(_) => refusals += 1,
            Ok(store) => {
                taken += 1;
                let [account] = store.accounts().collect::<Vec<_>>().try_into().unwrap();
                let key = store.key(account).unwrap();
                assert_eq!(
                    key.public().parts(),
                    [&sound.parts.p, &sound.parts.q, &sound.parts.g, &sound.parts.y].map(|n| &n[..]),
                    "{at}"
                );
                assert_eq!(key.x().last(), sound.parts.x.last(), "{at}");
            }
        }
        assert_eq!(fs::read(folder.path().join("otr.private_key")).unwrap(), damaged);
    }
    // Letters of a name, the case of a hex digit, kinds of white space.
    assert!(taken > 10 && refusals > 500, "{taken} {refusals}");
}

#[test]
fn n7_other_programs_spellings_of_the_same_key_file_are_read() {
    let one = String::from_utf8(one_account()).unwrap();
    let [sound] = private_keys::read(one.as_bytes()).unwrap().try_into().unwrap();
    let lower: String = one
        .split('#')
        .enumerate()
        .map(|(i, t)| if i % 2 == 1 { t.to_lowercase() } else { t.into() })
        .collect::<Vec<_>>()
        .join("#");
    for (what, file) in [
        ("CRLF", one.replace('\n', "\r\n")),
        ("one line", one.replace('\n', " ")),
        ("no last line break", one.trim_end().to_owned()),
        (
            "strings for words",
            one.replace("account\n", "\"account\"\n")
                .replace("dsa", "\"dsa\""),
        ),
        ("a string for a name", one.replace("(name one)", "(name \"one\")")),
        (
            "base64",
            one.replace("(name one)", "(name |b25l|)")
                .replace("#01#", "|AQ==|"),
        ),
        ("canonical", one.replace("(name one)", "(4:name3:one)")),
        ("lower case", lower),
        (
            "more zeros in front",
            one.replace("#00", "#000000").replace("#01#", "#000001#"),
        ),
        (
            "other order",
            one.replace("(name one)\n(protocol secrets)", "(protocol secrets)\n(name one)"),
        ),
    ] {
        let [read] = private_keys::read(file.as_bytes())
            .unwrap_or_else(|e| panic!("{what}: {e}"))
            .try_into()
            .unwrap();
        assert_eq!(
            (&read.account, &read.parts),
            (&sound.account, &sound.parts),
            "{what}"
        );
    }
    for (name, expected) in [("12345", "12345"), ("a@example.org/home", "a@example.org/home")] {
        let [read] = private_keys::read(one.replace("(name one)", &format!("(name {name})")).as_bytes())
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(read.account.name(), expected.as_bytes());
    }
}

#[test]
fn s56_odd_fingerprint_lines_are_kept_and_reported_and_never_trusted() {
    let long = "v".repeat(998 - 47 + 1);
    for (what, line, fault) in [
        ("words", "hello".to_owned(), LineFault::Columns),
        ("three columns", "b\ta\tp".to_owned(), LineFault::Columns),
        (
            "short",
            format!("b\ta\tp\t{}\tverified", &HEX[1..]),
            LineFault::Fingerprint { digits: 40 },
        ),
        (
            "long",
            format!("b\ta\tp\t{HEX}0\tverified"),
            LineFault::Fingerprint { digits: 40 },
        ),
        (
            "not hex",
            format!("b\ta\tp\t{}\tverified", HEX.replace("00", "zz")),
            LineFault::Fingerprint { digits: 40 },
        ),
        (
            "signs",
            format!("b\ta\tp\t{}\tverified", HEX.replace("00", "+0")),
            LineFault::Fingerprint { digits: 40 },
        ),
        (
            "space behind",
            format!("b\ta\tp\t{HEX} \tverified"),
            LineFault::Fingerprint { digits: 40 },
        ),
        ("NUL", format!("b\ta\tp\t{HEX}\tverified\0x"), LineFault::BadByte),
        (
            "stray CR",
            format!("b\ta\tp\t{HEX}\tverified\rx"),
            LineFault::BadByte,
        ),
        ("too long", format!("b\ta\tp\t{HEX}\t{long}"), LineFault::TooLong),
    ] {
        for end in ["", "\n", "\r\n"] {
            let file = format!("{line}{end}");
            let read = Fingerprints::read(file.as_bytes());
            let expected = match (what, end) {
                ("too long", "\r\n") => LineFault::TooLong,
                _ => fault,
            };
            assert_eq!(
                read.notices(),
                [LineNotice {
                    line: 1,
                    fault: expected
                }],
                "{what}"
            );
            assert_eq!(read.iter().count(), 0, "{what}");
            let kept = format!("{}\n", file.strip_suffix('\n').unwrap_or(&file));
            assert_eq!(read.write(), kept.as_bytes(), "{what}");
        }
    }
    // The longest that libotr reads.
    let read = Fingerprints::read(format!("b\ta\tp\t{HEX}\t{}\n", &long[1..]).as_bytes());
    assert_eq!((read.notices(), read.iter().count()), (&[][..], 1));
}

#[test]
fn fingerprints_are_read_as_leniently_as_libotr_does() {
    let bob = Correspondent::new("b", AccountId::new("a", "p"));
    for (line, trust) in [
        (format!("b\ta\tp\t{HEX}\n"), Trust::Undecided),
        (format!("b\ta\tp\t{HEX}\t\n"), Trust::Undecided),
        (format!("b\ta\tp\t{HEX}\r\n"), Trust::Undecided),
        (format!("b\ta\tp\t{HEX}\tverified\r\n"), Trust::Verified),
        (format!("b\ta\tp\t{}\tsmp\n", HEX.to_uppercase()), Trust::Smp),
        (
            format!("\n\n# a comment\nb\ta\tp\t{HEX}\tverified\n"),
            Trust::Verified,
        ),
    ] {
        let read = Fingerprints::read(line.as_bytes());
        assert_eq!(read.notices(), [], "{line:?}");
        assert_eq!(
            read.iter()
                .map(|key| (&key.correspondent, &key.trust))
                .collect::<Vec<_>>(),
            [(&bob, &trust)],
            "{line:?}"
        );
    }
    let named_like_a_comment = Fingerprints::read(format!("#b\ta\tp\t{HEX}\n").as_bytes());
    assert_eq!(
        named_like_a_comment.iter().next().unwrap().correspondent.user(),
        b"#b"
    );
}

#[test]
fn of_two_lines_about_one_key_the_later_counts_and_both_follow_a_decision() {
    let file = format!("b\ta\tp\t{HEX}\tverified\nc\ta\tp\t{HEX}\tsmp\nb\ta\tp\t{HEX}\t\n");
    let mut read = Fingerprints::read(file.as_bytes());
    assert_eq!(
        read.notices(),
        [LineNotice {
            line: 1,
            fault: LineFault::Repeated { by: 3 }
        }]
    );
    let key = read.iter().next().unwrap().clone();
    let trust = |read: &Fingerprints| {
        read.trust(&key.correspondent, key.fingerprint.classic().unwrap())
            .cloned()
    };
    assert_eq!(trust(&read), Some(Trust::Undecided));
    assert_eq!(read.write(), file.as_bytes());
    assert!(
        read.set_trust(
            &key.correspondent,
            key.fingerprint.classic().unwrap(),
            &Trust::Smp
        )
        .unwrap()
    );
    assert_eq!(
        read.write(),
        file.replace("verified", "smp")
            .replace("\t\n", "\tsmp\n")
            .as_bytes()
    );
    assert!(read.forget(&key.correspondent, key.fingerprint.classic().unwrap()));
    assert_eq!(trust(&read), None);
    assert_eq!(read.write(), format!("c\ta\tp\t{HEX}\tsmp\n").as_bytes());
}

#[test]
fn s56_a_fingerprint_file_cut_at_any_byte_gives_nobody_more_trust() {
    let file = include_bytes!("golden/otr.fingerprints");
    let whole = Fingerprints::read(file);
    for length in 0..file.len() {
        let cut = Fingerprints::read(&file[..length]);
        for key in cut.iter().filter(|key| key.trust.is_trusted()) {
            assert_eq!(
                whole.trust(&key.correspondent, key.fingerprint.classic().unwrap()),
                Some(&key.trust),
                "{length}"
            );
        }
        let in_a_line = length > 0 && file[length - 1] != b'\n';
        assert_eq!(
            !cut.notices().is_empty(),
            in_a_line,
            "{length}: {:?}",
            cut.notices()
        );
        assert!(cut.write().starts_with(&file[..length]), "{length}");
    }
}

#[test]
fn s56_odd_instance_tag_lines_are_kept_and_reported() {
    for (line, fault) in [
        ("a\tp", LineFault::Columns),
        ("a\tp\t12345678\t", LineFault::Columns),
        ("a\tp\t1234567", LineFault::InstanceTag),
        ("a\tp\t123456789", LineFault::InstanceTag),
        ("a\tp\t0x123456", LineFault::InstanceTag),
        ("a\tp\t-1234567", LineFault::InstanceTag),
        ("a\tp\t    1234", LineFault::InstanceTag),
        ("a\tp\t000000ff", LineFault::ReservedInstanceTag),
        ("a\tp\t00000000", LineFault::ReservedInstanceTag),
        ("a\0\tp\t12345678", LineFault::BadByte),
    ] {
        let file = format!("{line}\r\nb\tp\t00000100\n");
        let read = InstanceTags::read(file.as_bytes());
        assert_eq!(read.notices(), [LineNotice { line: 1, fault }], "{line:?}");
        assert_eq!(read.tag(&AccountId::new("b", "p")), Some(0x100), "{line:?}");
        assert_eq!(read.iter().count(), 1, "{line:?}");
        assert_eq!(read.write(), file.as_bytes(), "{line:?}");
    }
    let twice = InstanceTags::read(b"a\tp\tABCDEF01\na\tp\tabcdef02\n");
    assert_eq!(
        twice.notices(),
        [LineNotice {
            line: 1,
            fault: LineFault::Repeated { by: 2 }
        }]
    );
    assert_eq!(twice.tag(&AccountId::new("a", "p")), Some(0xabcd_ef02));
}

#[test]
fn s56_a_byte_order_mark_in_front_of_lines_is_part_of_the_first_name_as_for_libotr() {
    let marked = [LineNotice {
        line: 1,
        fault: LineFault::ByteOrderMark,
    }];
    let file = format!("\u{feff}b\ta\tp\t{HEX}\tverified\n");
    let read = Fingerprints::read(file.as_bytes());
    assert_eq!(read.notices(), marked);
    assert_eq!(
        read.iter().next().unwrap().correspondent.user(),
        "\u{feff}b".as_bytes()
    );
    assert_eq!(read.write(), file.as_bytes());

    let read = InstanceTags::read(b"\xef\xbb\xbf# comment\na\tp\t12345678\n");
    assert_eq!(read.notices(), marked);
    assert_eq!(read.tag(&AccountId::new("a", "p")), Some(0x1234_5678));
    assert_eq!(read.write(), b"\xef\xbb\xbf# comment\na\tp\t12345678\n");
}

#[test]
fn a_damaged_peer_file_is_refused_with_its_line_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "chatham.peers",
        b"# chatham peers 2\nb\ta\tp\t3\talways\t-\nb\ta\n",
    );
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("chatham.peers: line 3: there should be six columns"),
        "{error}"
    );
    assert_eq!(
        fs::read(folder.path().join("chatham.peers")).unwrap(),
        b"# chatham peers 2\nb\ta\tp\t3\talways\t-\nb\ta\n"
    );
}

#[test]
fn files_of_absurd_length_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "otr.private_key", b"");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("otr.private_key"))
        .unwrap();
    // A hole of a tebibyte takes no room on the disk.
    file.set_len(1 << 40).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("otr.private_key is longer than 1048576 bytes"),
        "{error}"
    );
}

/// The account whose secret is 1, alone.
fn one_account() -> Vec<u8> {
    let keys = private_keys::read(KEYS).unwrap();
    written(&keys[..1])
}

fn written(keys: &[AccountKey]) -> Vec<u8> {
    private_keys::write(keys.iter().map(|key| (&key.account, &key.parts))).to_vec()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Opens a store with this key file, sees that it fails, and that the file and its neighbours stay.
fn refused(file: &[u8]) -> StoreError {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "otr.private_key", file);
    put(folder.path(), "otr.fingerprints", b"odd\n");
    let error = Store::open(folder.path()).expect_err("the file should be refused");
    assert_eq!(fs::read(folder.path().join("otr.private_key")).unwrap(), file);
    assert_eq!(
        fs::read(folder.path().join("otr.fingerprints")).unwrap(),
        b"odd\n"
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "only the lock is new"
    );
    error
}
