//! Armour that once overran buffers elsewhere: every odd one is refused, none does harm (S-01, S-07).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::wire::{
    DecodeError, DhKey, Header, Incoming, Message, Mpi, Version, armor, classify, decode_message,
};
use proptest::prelude::*;

/// Why a message is refused; `Ok` if it is not.
fn judge(message: &[u8]) -> Result<(Header, Message), &'static str> {
    match classify(message) {
        Incoming::Armored(body) => match armor::decode(body) {
            Ok(bytes) => decode_message(&bytes).map_err(|_| "message"),
            Err(_) => Err("base64"),
        },
        Incoming::BadArmor => Err("frame"),
        _ => Err("no armour"),
    }
}

#[test]
fn s01_the_corpus() {
    let table: [(&[u8], &str); 24] = [
        (b"?OTR:===.", "base64"),
        (b"?OTR:.", "message"),
        (b"?OTR:=.", "base64"),
        (b"?OTR:==.", "base64"),
        (b"?OTR:====.", "base64"),
        (b"?OTR:A.", "base64"),
        (b"?OTR:AA.", "base64"),
        (b"?OTR:AAA.", "base64"),
        (b"?OTR:A===.", "base64"),
        (b"?OTR:AA==.", "message"),
        (b"?OTR:AAA=.", "message"),
        (b"?OTR:=AAA.", "base64"),
        (b"?OTR:AA=A.", "base64"),
        (b"?OTR:AAMD", "frame"),
        (b"?OTR:", "frame"),
        (b"?OTR:..", "message"),
        (b"?OTR:.AAMD.", "message"),
        (b"?OTR:AA\0D.", "base64"),
        (b"?OTR:\0.", "base64"),
        (b"?OTR:\0", "frame"),
        (b"?OTR:\r\n.", "message"),
        (b"?OTR: . ", "message"),
        (b"?OTR:AA\xff\xff.", "base64"),
        (b"?OTR:?OTR:AAMD.", "base64"),
    ];
    for (message, reason) in table {
        assert_eq!(judge(message), Err(reason), "{}", message.escape_ascii());
    }
}

#[test]
fn s01_every_length_of_signs_and_letters() {
    for letters in 0..=16 {
        for signs in 0..=16 {
            for end in [".", "", "..", "\0.", "\r\n.", ".\r\n", "= ."] {
                for (first, second) in [("A", "="), ("=", "A"), ("/", "="), ("-", "_")] {
                    let message = format!("?OTR:{}{}{end}", first.repeat(letters), second.repeat(signs));
                    assert!(judge(message.as_bytes()).is_err(), "{message:?}");
                }
            }
        }
    }
}

#[test]
fn s07_a_key_message_with_an_empty_number() {
    // Well-formed on this floor, as zero has an encoding; that it is no group element is judged above.
    let (header, message) = judge(b"?OTR:AAIKAAAAAA==.").unwrap();
    assert_eq!(header.version, Version::V2);
    assert_eq!(message, Message::DhKey(DhKey { gy: Mpi::default() }));
    for shorter in [
        "?OTR:AAIKAAAA.",
        "?OTR:AAIK.",
        "?OTR:AAI=.",
        "?OTR:AAIKAAAAAAA=.",
        "?OTR:AAIKAAAAAQ==.",
    ] {
        assert_eq!(judge(shorter.as_bytes()), Err("message"), "{shorter}");
    }
}

#[test]
fn white_space_inside_is_skipped_wherever_it_falls() {
    let whole = b"AAIKAAAAAA==";
    for at in 0..=whole.len() {
        for blanks in [&b" "[..], b"\r\n", b"\t", b" \n \x0c"] {
            let (head, tail) = whole.split_at(at);
            let message = [b"?OTR:", head, blanks, tail, b"."].concat();
            assert_eq!(judge(&message), judge(b"?OTR:AAIKAAAAAA==."));
            assert!(judge(&message).is_ok());
        }
    }
    // No-break space, vertical tab and zero-width space are not ASCII white space.
    for odd in ["\u{a0}", "\x0b", "\u{200b}"] {
        assert_eq!(
            judge(format!("?OTR:AAIK{odd}AAAAAA==.").as_bytes()),
            Err("base64")
        );
    }
}

#[test]
fn the_example_of_the_specification() {
    let folded = b"?OTR:AAMDJ+MVmSfjFZcAAAAAAQAAAAIAAADA1g5IjD1ZGLDVQEyCgCyn9hb\n\
        rL3KAbGDdzE2ZkMyTKl7XfkSxh8YJnudstiB74i4BzT0W2haClg6dMary/jo\n\
        9sMudwmUdlnKpIGEKXWdvJKT+hQ26h9nzMgEditLB8vjPEWAJ6gBXvZrY6ZQ\n\
        rx3gb4v0UaSMOMiR5sB7Eaulb2Yc6RmRnnlxgUUC2alosg4WIeFN951PLjSc\n\
        ajVba6dqlDi+q1H5tPvI5SWMN7PCBWIJ41+WvF+5IAZzQZYgNaVLbAAAAAAA\n\
        AAAEAAAAHwNiIi5Ms+4PsY/L2ipkTtquknfx6HodLvk3RAAAAAA==.\n";
    let (header, message) = judge(folded).unwrap();
    assert_eq!(
        (header.version, header.sender.raw(), header.receiver.raw()),
        (Version::V3, 0x27e3_1599, 0x27e3_1597)
    );
    let Message::Data(data) = message else {
        panic!("the example is a data message")
    };
    assert_eq!(
        (data.sender_key_id, data.recipient_key_id, data.counter),
        (1, 2, [0, 0, 0, 0, 0, 0, 0, 1])
    );
    assert_eq!(
        (
            data.next_dh.as_bytes().len(),
            data.ciphertext.len(),
            data.revealed_mac_keys.len()
        ),
        (192, 7, 0)
    );
}

#[test]
fn what_follows_the_full_stop_is_no_part_of_the_message() {
    for tail in [
        "",
        "\r\n",
        "</body></html>",
        " sent from my telephone",
        ".",
        "?OTRv2?",
    ] {
        let message = format!("<html><body>?OTR:AAIKAAAAAA==.{tail}");
        assert!(judge(message.as_bytes()).is_ok(), "{message}");
    }
}

#[test]
fn a_large_message_is_read_without_loss() {
    let binary: Vec<u8> = (0..=255_u8).cycle().take(64 * 1024).collect();
    let text = armor::encode(&binary);
    let Incoming::Armored(body) = classify(&text) else {
        panic!("armour expected")
    };
    // The body is a part of the message, not a copy.
    assert!(std::ptr::eq(body, &raw const text[5..text.len() - 1]));
    assert_eq!(armor::decode(body).as_ref(), Ok(&binary));
    let folded: Vec<u8> = body
        .chunks(60)
        .flat_map(|line| [line, b"\r\n"].concat())
        .collect();
    assert_eq!(armor::decode(&folded), Ok(binary));
}

proptest! {
    #[test]
    fn armour_has_one_form(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = armor::encode(&bytes);
        prop_assert!(text.starts_with(b"?OTR:") && text.ends_with(b"."));
        prop_assert_eq!(classify(&text), Incoming::Armored(&text[5..text.len() - 1]));
        prop_assert_eq!(armor::decode(&text[5..text.len() - 1]), Ok(bytes));
    }

    #[test]
    fn whatever_is_accepted_is_what_would_be_written(text in "[A-Da-d0-3+/=]{0,24}") {
        match armor::decode(text.as_bytes()) {
            Ok(bytes) => prop_assert_eq!(armor::encode(&bytes), format!("?OTR:{text}.").into_bytes()),
            Err(error) => prop_assert_eq!(error, DecodeError::BadBase64),
        }
    }
}
