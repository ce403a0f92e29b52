//! Numbers and frames of pieces, as strict as the text and not as lax as `scanf` (S-41, S-43).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::wire::{DecodeError, Incoming, InstanceTag, Piece, classify, fragment};

type Tags = Option<(u32, u32)>;

fn piece(tags: Tags, index: u16, total: u16, body: &str) -> Piece<'_> {
    let tags =
        tags.map(|(sender, receiver)| (InstanceTag::from_raw(sender), InstanceTag::from_raw(receiver)));
    Piece {
        identifier: None,
        tags,
        index,
        total,
        body: body.as_bytes(),
    }
}

fn assert_piece(message: &str, expected: Piece<'_>) {
    assert_eq!(fragment::parse(message.as_bytes()), Ok(expected), "{message}");
    assert_eq!(
        classify(message.as_bytes()),
        Incoming::Piece(expected),
        "{message}"
    );
}

fn assert_bad(message: &str) {
    assert_eq!(
        fragment::parse(message.as_bytes()),
        Err(DecodeError::BadPiece),
        "{message}"
    );
    assert_eq!(classify(message.as_bytes()), Incoming::BadPiece, "{message}");
}

/// The same index, total and body in both forms.
fn frames(index: &str, total: &str, body: &str) -> [(String, Tags); 2] {
    [
        (format!("?OTR,{index},{total},{body}"), None),
        (
            format!("?OTR|5a73a599|27e31597,{index},{total},{body}"),
            Some((0x5a73_a599, 0x27e3_1597)),
        ),
    ]
}

#[test]
fn s41_numbers_at_their_edges() {
    let zeros = "0".repeat(20);
    let table: [(&str, &str, u16, u16); 10] = [
        ("1", "1", 1, 1),
        ("1", "2", 1, 2),
        ("2", "2", 2, 2),
        ("00001", "00003", 1, 3),
        ("1", "65535", 1, 65535),
        ("65535", "65535", 65535, 65535),
        ("65534", "65535", 65534, 65535),
        ("0000065535", "65535", 65535, 65535),
        (&format!("{zeros}1"), &format!("{zeros}9"), 1, 9),
        (&format!("{zeros}{zeros}65535"), "65535", 65535, 65535),
    ];
    for (index, total, k, n) in table {
        for (message, tags) in frames(index, total, "abc,") {
            assert_piece(&message, piece(tags, k, n, "abc"));
        }
    }
}

#[test]
fn s41_numbers_that_are_none() {
    let bad = [
        "0",
        "00000",
        "-1",
        "+1",
        " 1",
        "1 ",
        "\t1",
        "65536",
        "65537",
        "131073",
        "4294967297",
        "18446744073709551617",
        "0x1",
        "1x",
        "a",
        "ff",
        "1e0",
        "1.0",
        "",
        " ",
        "\u{661}",
        "1\0",
    ];
    for number in bad {
        for (message, _) in frames(number, "65535", "abc,")
            .into_iter()
            .chain(frames("1", number, "abc,"))
        {
            assert_bad(&message);
        }
    }
}

#[test]
fn s41_index_beyond_total() {
    for (index, total) in [("2", "1"), ("65535", "65534"), ("3", "2"), ("10", "9")] {
        for (message, _) in frames(index, total, "abc,") {
            assert_bad(&message);
        }
    }
}

#[test]
fn s41_bodies() {
    // Commas inside as well: the words of libotr's own query have some, and it cuts that too.
    let bodies = [
        "x",
        "?OTR:AAMD",
        "AA==.",
        " ",
        "?OTR|x",
        "\n",
        "é",
        "a|b",
        ",",
        "abc,def",
        ",abc",
        "abc,",
        "?OTR,1,2,abc,",
    ];
    for body in bodies {
        for (message, tags) in frames("1", "2", &format!("{body},")) {
            assert_piece(&message, piece(tags, 1, 2, body));
        }
    }
    // Peers end a message by an empty piece; one that begins with it would be no message.
    for (message, tags) in frames("2", "2", ",") {
        assert_piece(&message, piece(tags, 2, 2, ""));
    }
    for body in ["", ",", "abc", "abc,d", "abc,."] {
        for (message, _) in frames("1", "2", body) {
            assert_bad(&message);
        }
    }
}

#[test]
fn networks_may_wrap_a_piece() {
    for (message, tags) in frames("1", "2", "abc,") {
        for (before, after) in [
            ("", "\r\n"),
            ("<html><body>", "</body></html>"),
            (" <p>", " <br/> "),
        ] {
            let wrapped = format!("{before}{message}{after}");
            assert_eq!(
                classify(wrapped.as_bytes()),
                Incoming::Piece(piece(tags, 1, 2, "abc"))
            );
        }
    }
}

#[test]
fn s41_forms_are_not_mixed() {
    let bad = [
        "?OTR|",
        "?OTR,",
        "?OTR,,,,",
        "?OTR|,,,,",
        "?OTR||,1,2,abc,",
        "?OTR|1,2,abc,",
        "?OTR|100,1,2,abc,",
        "?OTR|100|100|1,2,abc,",
        "?OTR|100|100,1,2",
        "?OTR|100|100,1,2,",
        "?OTR|100|100,abc,",
        "?OTR|100,100,1,2,abc,",
        "?OTR,100|100,1,2,abc,",
        "?OTR,1",
        "?OTR,1,",
        "?OTR,1,2",
        "?OTR,1|2|abc,",
        "?OTR|100|100,1,2|abc,",
        "?OTR,1;2;abc,",
    ];
    bad.into_iter().for_each(assert_bad);
}

#[test]
fn s41_tags_are_32_bit_hexadecimal() {
    let table = [
        ("100", 0x100),
        ("00000100", 0x100),
        ("00000000000000000000000100", 0x100),
        ("5A73a599", 0x5a73_a599),
        ("7fffffff", 0x7fff_ffff),
        ("80000000", 0x8000_0000),
        ("11111112", 0x1111_1112),
        ("ffffffff", 0xffff_ffff),
        ("0FFFFFFFF", 0xffff_ffff),
    ];
    for (digits, tag) in table {
        let message = format!("?OTR|{digits}|{digits},1,2,abc,");
        assert_piece(&message, piece(Some((tag, tag)), 1, 2, "abc"));
    }
    for digits in [
        "",
        "0x100",
        "-100",
        "+100",
        " 100",
        "100 ",
        "100000000",
        "1ffffffff",
        "g00",
        "1 00",
        "fffffffff",
    ] {
        assert_bad(&format!("?OTR|{digits}|100,1,2,abc,"));
        assert_bad(&format!("?OTR|100|{digits},1,2,abc,"));
    }
}

#[test]
fn s43_tags_in_the_reserved_range() {
    for (sender, receiver, legal) in [
        (0x100, 0, true),
        (0x100, 0x100, true),
        (0xffff_ffff, 0, true),
        (0, 0, false),
        (0, 0x100, false),
        (1, 0x100, false),
        (0xff, 0x100, false),
        (0x100, 1, false),
        (0x100, 0xff, false),
    ] {
        let message = format!("?OTR|{sender:x}|{receiver:x},1,2,abc,");
        if legal {
            assert_piece(&message, piece(Some((sender, receiver)), 1, 2, "abc"));
        } else {
            assert_eq!(
                fragment::parse(message.as_bytes()),
                Err(DecodeError::BadInstanceTag)
            );
            assert_eq!(classify(message.as_bytes()), Incoming::BadPiece);
        }
    }
}

#[test]
fn a_hundred_thousand_digits_and_commas() {
    assert_bad(&format!("?OTR,{},2,abc,", "1".repeat(100_000)));
    assert_bad(&format!("?OTR|{}|100,1,2,abc,", "f".repeat(100_000)));
    let commas = ",".repeat(100_000);
    assert_piece(&format!("?OTR,1,2,{commas},"), piece(None, 1, 2, &commas));
    assert_bad(&format!("?OTR{commas}"));
    let zeros = "0".repeat(100_000);
    assert_piece(&format!("?OTR,{zeros}1,{zeros}2,abc,"), piece(None, 1, 2, "abc"));
}

#[test]
fn s07_every_truncation_and_every_flipped_bit() {
    for (message, _) in frames("00001", "00003", "?OTR:AAMD,") {
        let message = message.into_bytes();
        for end in 0..message.len() {
            assert!(fragment::parse(&message[..end]).is_err());
            assert!(!matches!(classify(&message[..end]), Incoming::Piece(_)));
        }
        for place in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[place / 8] ^= 0x80 >> (place % 8);
            if let Ok(piece) = fragment::parse(&flipped) {
                assert!(1 <= piece.index && piece.index <= piece.total);
                assert!(!piece.body.is_empty() && !piece.body.contains(&b','));
            }
        }
    }
}
