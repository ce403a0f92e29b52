//! Offers to speak OTR in every legal and every bizarre form, and what only looks like one (S-23).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::borrow::Cow;

use otr::wire::discovery::{parse_query, query, strip_tags, tag};
use otr::wire::{Incoming, Version, Versions, classify};
use proptest::prelude::*;

const V1: Versions = Versions::V1;
const V2: Versions = Versions::V2;
const V3: Versions = Versions::V3;
const V4: Versions = Versions::V4;
const NONE: Versions = Versions::NONE;
const OTHER: Versions = Versions::OTHER;

/// The tags of the specifications, written out.
const BASE: &[u8; 16] = b" \t  \t\t\t\t \t \t \t  ";
const TAG_1: &[u8; 8] = b" \t \t  \t ";
const TAG_2: &[u8; 8] = b"  \t\t  \t ";
const TAG_3: &[u8; 8] = b"  \t\t  \t\t";
const TAG_4: &[u8; 8] = b"  \t\t \t  ";

#[test]
fn s23_queries_of_the_specification() {
    let table: [(&str, Versions); 11] = [
        ("?OTRv4?", V4),
        ("?OTRv34?", V3 | V4),
        ("?OTRv43?", V3 | V4),
        ("?OTR?", V1),
        ("?OTRv2?", V2),
        ("?OTRv23?", V2 | V3),
        ("?OTR?v2?", V1 | V2),
        ("?OTRv24x?", V2 | V4 | OTHER),
        ("?OTR?v24x?", V1 | V2 | V4 | OTHER),
        ("?OTR?v?", V1),
        ("?OTRv?", NONE),
    ];
    for (text, versions) in table {
        assert_eq!(classify(text.as_bytes()), Incoming::Query(versions), "{text}");
        for words in ["\nPlease install OTR.", " v2?", "?OTRv3?", "<b>", "\0"] {
            // What follows the query is words, whatever it looks like.
            let message = format!("{text}{words}");
            assert_eq!(
                classify(message.as_bytes()),
                Incoming::Query(versions),
                "{message}"
            );
        }
    }
}

#[test]
fn s23_bizarre_queries() {
    let table: [(&str, Versions); 15] = [
        ("?OTRv32?", V2 | V3),
        ("?OTRv3?", V3),
        ("?OTRv22222?", V2),
        ("?OTRv99?", OTHER),
        ("?OTRv1?", OTHER),
        ("?OTRvV2?", V2 | OTHER),
        ("?OTR?v2", V1),
        ("?OTR?v", V1),
        ("?OTR??", V1),
        ("?OTR?v2 v3?", V1),
        ("?OTR? v2?", V1),
        ("?OTR?v2-3?", V1),
        ("?OTR?x2?", V1),
        ("?OTR?2?", V1),
        ("?OTR?OTRv23?", V1),
    ];
    for (text, versions) in table {
        assert_eq!(parse_query(text.as_bytes()), Some(versions), "{text}");
        assert_eq!(classify(text.as_bytes()), Incoming::Query(versions), "{text}");
    }
}

#[test]
fn s23_not_a_query() {
    let table = [
        "",
        "?",
        "?O",
        "?OT",
        "?OTR",
        "?OTR ",
        "?OTRv",
        "?OTRv2",
        "?OTRv23",
        "?OTRv2 ?",
        "?OTRv2,3?",
        "?OTRv2\n?",
        "?OTRv\0?",
        "?OTRvé?",
        "?OTR2?",
        "?OTRx?",
        "?OTRV2?",
        "?otrv2?",
        "?OTR v2?",
        "OTRv2?",
        "? OTRv2?",
        "?OTR.",
        "?OTR!",
        "?OTR/v2?",
    ];
    for text in table {
        assert_eq!(parse_query(text.as_bytes()), None, "{text}");
        assert_eq!(
            classify(text.as_bytes()),
            Incoming::Plaintext(Cow::Borrowed(text.as_bytes()), None),
            "{text}"
        );
    }
}

#[test]
fn s23_a_query_in_the_middle_is_plaintext() {
    let long = " ".repeat(300);
    for before in [
        "a",
        "he wrote: ",
        "> ",
        "\"",
        "</b>",
        "&lt;b&gt;",
        "<b",
        "<3",
        "\u{a0}",
        "\0",
        &long,
    ] {
        let text = format!("{before}?OTRv23?");
        assert_eq!(
            classify(text.as_bytes()),
            Incoming::Plaintext(Cow::Borrowed(text.as_bytes()), None),
            "{text:?}"
        );
    }
    for before in [
        " ",
        "\r\n\t ",
        "<html>",
        "<html>\n<body bgcolor=\"#fff\">",
        &long[..256],
    ] {
        let text = format!("{before}?OTRv23?");
        assert_eq!(classify(text.as_bytes()), Incoming::Query(V2 | V3), "{text:?}");
    }
}

#[test]
fn s23_a_hundred_thousand_digits() {
    let digits = "0123456789".repeat(10_000);
    assert_eq!(
        classify(format!("?OTRv{digits}?").as_bytes()),
        Incoming::Query(V2 | V3 | V4 | OTHER)
    );
    assert_eq!(
        classify(format!("?OTR?v{digits}").as_bytes()),
        Incoming::Query(V1)
    );
    let open = format!("?OTRv{digits}");
    assert_eq!(
        classify(open.as_bytes()),
        Incoming::Plaintext(Cow::Borrowed(open.as_bytes()), None)
    );
}

#[test]
fn written_queries_are_read_back() {
    for bits in 0..8 {
        let versions = Versions::from_bits(bits);
        for words in [&b""[..], b"v23?", b"Bob wants to speak privately."] {
            assert_eq!(classify(&query(versions, words)), Incoming::Query(versions));
            assert_eq!(
                classify(&query(versions | OTHER, words)),
                Incoming::Query(versions)
            );
        }
    }
}

#[test]
fn s23_tags_of_every_version_in_every_order() {
    let table: [(&[&[u8; 8]], Versions); 10] = [
        (&[], NONE),
        (&[TAG_1], V1),
        (&[TAG_2], V2),
        (&[TAG_3], V3),
        (&[TAG_4], V4),
        (&[TAG_1, TAG_2, TAG_3], V1 | V2 | V3),
        (&[TAG_3, TAG_2, TAG_1], V1 | V2 | V3),
        (&[TAG_2, TAG_4, TAG_3], V2 | V3 | V4),
        (&[TAG_2, TAG_2], V2),
        (&[TAG_4, TAG_4, TAG_4, TAG_3], V3 | V4),
    ];
    for (groups, versions) in table {
        let groups: Vec<u8> = groups.iter().flat_map(|group| group.iter().copied()).collect();
        let tag = [&BASE[..], &groups].concat();
        for (before, after) in [
            ("", ""),
            ("hi", ""),
            ("", "hi"),
            ("hi ", "there"),
            ("\t", "x "),
            ("\"", "\""),
        ] {
            let text = [before.as_bytes(), &tag, after.as_bytes()].concat();
            let bare = [before, after].concat().into_bytes();
            assert_eq!(
                classify(&text),
                Incoming::Plaintext(Cow::Owned(bare), Some(versions)),
                "{text:?}"
            );
        }
    }
}

#[test]
fn s23_what_only_looks_like_a_tag() {
    let (first, second) = BASE.split_at(8);
    let swapped = [second, first, TAG_2].concat();
    let split = [first, b"x", second, TAG_2].concat();
    let short = [&BASE[..15], b"x", TAG_2].concat();
    let late = [&BASE[1..], b"", TAG_2].concat();
    let folded = [first, b"\n", second, TAG_2].concat();
    for text in [
        swapped,
        split,
        short,
        late,
        folded,
        TAG_2.to_vec(),
        vec![b' '; 1000],
        vec![b'\t'; 1000],
    ] {
        assert_eq!(strip_tags(&text), (Cow::Borrowed(&text[..]), None), "{text:?}");
        assert!(matches!(strip_tags(&text).0, Cow::Borrowed(_)));
    }
}

#[test]
fn s23_versions_end_where_blanks_stop_spelling_them() {
    let table: [(&[u8], &[u8], Versions); 6] = [
        (b"x", b"x", NONE),
        (&TAG_2[..7], &TAG_2[..7], NONE),
        // A person's indentation behind a tag is theirs.
        (b"        code", b"        code", NONE),
        (b"\t\t\t\t\t\t\t\tcode", b"\t\t\t\t\t\t\t\tcode", NONE),
        (b"  \t\t  \t         code", b"        code", V2),
        (b"  \t\t x\t ", b"  \t\t x\t ", NONE),
    ];
    for (after, left, versions) in table {
        let text = [BASE, after].concat();
        assert_eq!(
            strip_tags(&text),
            (Cow::Owned(left.to_vec()), Some(versions)),
            "{after:?}"
        );
    }
}

#[test]
fn s23_several_tags_are_all_taken_out() {
    let (two, three) = (tag(V2), tag(V3));
    let text = [b"a", &two[..], b"b", &three, &two, b"c", BASE].concat();
    assert_eq!(strip_tags(&text), (Cow::Owned(b"abc".to_vec()), Some(V2 | V3)));
    // One inside the base of another: taking it out must not leave a tag for whoever the text is quoted to.
    for at in 0..=16 {
        let nested = [&BASE[..at], &two, &BASE[at..], TAG_3, b"x"].concat();
        let (left, versions) = strip_tags(&nested);
        assert_eq!(strip_tags(&left).1, None, "nested at {at}");
        // At 12 and 15 the two beginnings together spell a base already, and the rest is out of step.
        assert_eq!(
            versions.unwrap().contains(Version::V2),
            ![12, 15].contains(&at),
            "nested at {at}"
        );
    }
    let deep = [&BASE[..8].repeat(1000)[..], &BASE[8..].repeat(1000)].concat();
    let (left, versions) = strip_tags(&deep);
    assert!(left.is_empty() || strip_tags(&left).1.is_none());
    assert!(versions.is_some());
}

#[test]
fn a_query_wins_over_a_tag() {
    let text = [b"?OTRv2?", &tag(V3)[..]].concat();
    assert_eq!(classify(&text), Incoming::Query(V2));
}

/// Texts full of things that nearly are tags.
fn blank_soup() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        2 => Just(BASE.to_vec()),
        2 => (1..16_usize).prop_map(|at| BASE[..at].to_vec()),
        2 => (1..16_usize).prop_map(|at| BASE[at..].to_vec()),
        1 => prop::sample::select(vec![TAG_1, TAG_2, TAG_3, TAG_4]).prop_map(|group| group.to_vec()),
        1 => prop::collection::vec(prop::sample::select(b" \tx".to_vec()), 0..9),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn stripping_leaves_no_tag(text in blank_soup()) {
        let (left, versions) = strip_tags(&text);
        let has_base = text.windows(16).any(|window| window == BASE);
        prop_assert_eq!(versions.is_some(), has_base);
        prop_assert!(!left.windows(16).any(|window| window == BASE));
        if !has_base {
            prop_assert_eq!(&left[..], &text[..]);
        }
        // Only blanks are ever taken, and nothing is moved.
        let ink = |text: &[u8]| text.iter().copied().filter(|byte| *byte == b'x').collect::<Vec<_>>();
        prop_assert_eq!(ink(&left), ink(&text));
    }

    #[test]
    fn a_tag_anywhere_is_found_and_the_text_is_whole_again(
        before in "([a-z?<>]{1,9}[ \t\n]?){0,9}",
        after in "([ \t\n]?[a-z?<>]{1,9}){0,9}",
        bits in 1..16_u8,
    ) {
        let versions = Versions::from_bits(bits);
        let text = [before.as_bytes(), &tag(versions), after.as_bytes()].concat();
        let (left, offer) = strip_tags(&text);
        let bare = [before, after].concat();
        prop_assert_eq!(&left[..], bare.as_bytes());
        prop_assert_eq!(offer, Some(versions));
    }

    #[test]
    fn sorting_is_total_and_keeps_plain_words(
        marker in prop::sample::select(vec!["", " ", "<b>", "?OTR", "?OTRv", "?OTR?", "?OTR:", "?OTR|", "?OTR,", "?OTR Error:"]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"?OTRv23:|,. <>=\t".to_vec())], 0..80),
    ) {
        let message = [marker.as_bytes(), &rest].concat();
        match classify(&message) {
            Incoming::Plaintext(text, None) => prop_assert_eq!(&text[..], &message[..]),
            Incoming::Plaintext(text, Some(_)) => prop_assert!(text.len() < message.len()),
            Incoming::Piece(piece) => prop_assert!(!piece.body.is_empty() && !piece.body.contains(&b',')),
            Incoming::Armored(body) => prop_assert!(!body.contains(&b'.')),
            Incoming::Query(_) | Incoming::Error(_) | Incoming::BadPiece | Incoming::BadArmor => {}
        }
    }
}
