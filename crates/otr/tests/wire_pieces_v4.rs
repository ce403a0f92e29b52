//! Pieces with identifiers: cutting, reading, and putting together in any order (S-40, S-41; D-29g, D-29h).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chacha20::ChaCha20Rng;
use otr::conversation::any_order::AnyOrder;
use otr::wire::fragment::{self, CutError, FRAME_WITH_IDENTIFIER};
use otr::wire::{DecodeError, Incoming, InstanceTag, classify};
use otr::{Limits, Timestamp};
use rand_core::{Rng, SeedableRng};

const SENDER: InstanceTag = InstanceTag::from_raw(0x1_1234);
const RECEIVER: InstanceTag = InstanceTag::from_raw(0x2_5678);
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn cut(message: &[u8], limit: usize, identifier: u32) -> Vec<Vec<u8>> {
    fragment::cut_identified(message, limit, identifier, SENDER, RECEIVER).unwrap()
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha20Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.next_u32() as usize % (last + 1));
    }
}

/// Gives a piece as it comes off the network.
fn give(messages: &mut AnyOrder, piece: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let Incoming::Piece(piece) = classify(piece) else {
        panic!("no piece: {}", String::from_utf8_lossy(piece))
    };
    assert_eq!(piece.tags, Some((SENDER, RECEIVER)));
    let name = (SENDER, piece.identifier.unwrap());
    messages.add(name, &piece, now, &Limits::default()).unwrap()
}

#[test]
fn the_frame_is_eight_digits_and_five() {
    let message = b"?OTR:AAQDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.";
    let parts = cut(message, FRAME_WITH_IDENTIFIER + 20, 0xc0ffee);
    let text: Vec<_> = parts.iter().map(|part| String::from_utf8_lossy(part)).collect();
    assert_eq!(
        text,
        [
            "?OTR|00c0ffee|00011234|00025678,00001,00004,?OTR:AAQDAAAAAAAAAAA,",
            "?OTR|00c0ffee|00011234|00025678,00002,00004,AAAAAAAAAAAAAAAAAAAA,",
            "?OTR|00c0ffee|00011234|00025678,00003,00004,AAAAAAAAAAAAAAAAAAAA,",
            "?OTR|00c0ffee|00011234|00025678,00004,00004,AAAAA.,",
        ]
    );
    assert_eq!(FRAME_WITH_IDENTIFIER, 45);
}

#[test]
fn limits_of_cutting() {
    let cut = |message: &[u8], limit| fragment::cut_identified(message, limit, 1, SENDER, RECEIVER);
    assert_eq!(cut(&[b'A'; 46], 45), Err(CutError::LimitTooSmall));
    assert_eq!(cut(&[b'A'; 45], 45), Ok(vec![vec![b'A'; 45]]));
    assert_eq!(cut(&[b'A'; 65535], 46).map(|parts| parts.len()), Ok(65535));
    assert_eq!(cut(&[b'A'; 65536], 46), Err(CutError::TooManyPieces));
}

#[test]
fn several_messages_in_any_order_with_copies() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    for round in 0..200 {
        let lengths = [1, 100, 1000].map(|n| 70 + (rng.next_u32() % n) as usize);
        let whole: Vec<Vec<u8>> = lengths
            .iter()
            .map(|&length| (0..length).map(|_| b'a' + (rng.next_u32() % 26) as u8).collect())
            .collect();
        let mut pieces: Vec<(usize, Vec<u8>)> = Vec::new();
        for (number, message) in (0..).zip(&whole) {
            let limit = FRAME_WITH_IDENTIFIER + 1 + (rng.next_u32() % 20) as usize;
            let limit = limit.min(message.len() - 1);
            let parts = cut(message, limit, round * 3 + number);
            pieces.extend(parts.into_iter().map(|part| (number as usize, part)));
        }
        // Some pieces come twice.
        let copies: Vec<_> = pieces
            .iter()
            .filter(|_| rng.next_u32() % 4 == 0)
            .cloned()
            .collect();
        shuffle(&mut pieces, &mut rng);
        let mut messages = AnyOrder::default();
        let mut done = vec![None; whole.len()];
        for (number, piece) in &pieces {
            let got = give(&mut messages, piece, NOW);
            if got.is_none() && copies.iter().any(|(_, copy)| copy == piece) {
                assert_eq!(give(&mut messages, piece, NOW), None);
            }
            if let Some(message) = got {
                assert_eq!(done[*number].replace(message), None);
            }
        }
        let done: Vec<_> = done.into_iter().map(Option::unwrap).collect();
        assert_eq!(done, whole);
        assert_eq!(messages.bytes(), 0);
    }
}

#[test]
fn one_lost_piece_never_yields_a_message() {
    let parts = cut(&[b'x'; 300], 60, 9);
    for lost in 0..parts.len() {
        let mut messages = AnyOrder::default();
        for (position, part) in parts.iter().enumerate().rev() {
            if position != lost {
                assert_eq!(give(&mut messages, part, NOW), None);
            }
        }
        assert!(messages.bytes() > 0);
        let limits = Limits::default();
        let late = NOW.plus(limits.incomplete_age + core::time::Duration::from_millis(1));
        assert!(messages.next_deadline(&limits).unwrap() < late);
        messages.expire(late, &limits);
        assert_eq!(messages.bytes(), 0);
    }
}

#[test]
fn s40_a_flood_of_identifiers_is_bounded() {
    let limits = Limits::default();
    let mut messages = AnyOrder::default();
    let body = vec![b'x'; limits.piece_bytes];
    for identifier in 0..200 {
        for index in 1..=20_u16 {
            let piece = otr::wire::Piece {
                identifier: Some(identifier),
                tags: Some((SENDER, RECEIVER)),
                index,
                total: 65535,
                body: &body,
            };
            let name = (SENDER, identifier);
            let got = messages.add(name, &piece, NOW, &limits);
            assert!(got.is_err() || got == Ok(None));
        }
    }
    // A growing buffer may hold twice its content.
    assert!(messages.bytes() <= 2 * limits.incomplete_messages * limits.message_bytes);
}

#[test]
fn s41_illegal_frames() {
    for good in [
        "?OTR|00c0ffee|00011234|00025678,00001,00003,x,",
        "?OTR|0|11234|25678,1,3,x,",
        "?OTR|ffffffff|00011234|00000000,65535,65535,a,b,,",
        "?OTR|C0FFEE|00011234|00025678,00001,00003,x,</body>",
    ] {
        assert!(fragment::parse(good.as_bytes()).is_ok(), "{good}");
        assert!(matches!(classify(good.as_bytes()), Incoming::Piece(_)));
    }
    for bad in [
        // Index and total.
        "?OTR|00c0ffee|00011234|00025678,0,3,x,",
        "?OTR|00c0ffee|00011234|00025678,00000,00000,x,",
        "?OTR|00c0ffee|00011234|00025678,4,3,x,",
        "?OTR|00c0ffee|00011234|00025678,65536,65536,x,",
        "?OTR|00c0ffee|00011234|00025678,65535,65536,x,",
        "?OTR|00c0ffee|00011234|00025678,1,99999,x,",
        "?OTR|00c0ffee|00011234|00025678,99999,99999,x,",
        "?OTR|00c0ffee|00011234|00025678,1,4294967297,x,",
        "?OTR|00c0ffee|00011234|00025678,4294967297,4294967297,x,",
        "?OTR|00c0ffee|00011234|00025678,-1,3,x,",
        "?OTR|00c0ffee|00011234|00025678,1,+3,x,",
        // No piece may be empty.
        "?OTR|00c0ffee|00011234|00025678,1,3,,",
        "?OTR|00c0ffee|00011234|00025678,3,3,,",
        // Identifiers.
        "?OTR||00011234|00025678,1,3,x,",
        "?OTR|000c0ffee|00011234|00025678,1,3,x,",
        "?OTR|100000000|00011234|00025678,1,3,x,",
        "?OTR|-0c0ffee|00011234|00025678,1,3,x,",
        "?OTR|0x0c0ffe|00011234|00025678,1,3,x,",
        "?OTR|00c0ffeg|00011234|00025678,1,3,x,",
        "?OTR|00c0ffee|00c0ffee|00011234|00025678,1,3,x,",
        "?OTR|00c0ffee|00011234|,1,3,x,",
        "?OTR|00c0ffee||00025678,1,3,x,",
        "?OTR|00c0ffee|100011234|00025678,1,3,x,",
        // Ends.
        "?OTR|00c0ffee|00011234|00025678,1,3,x",
        "?OTR|00c0ffee|00011234|00025678,1,3,x,y",
        "?OTR|00c0ffee|00011234|00025678,1,3",
        "?OTR|00c0ffee|00011234|00025678",
    ] {
        assert_eq!(
            fragment::parse(bad.as_bytes()),
            Err(DecodeError::BadPiece),
            "{bad}"
        );
        assert_eq!(classify(bad.as_bytes()), Incoming::BadPiece, "{bad}");
    }
    for tags in [
        "000000ff|00025678",
        "00000000|00025678",
        "00011234|000000ff",
        "00011234|00000001",
    ] {
        let message = format!("?OTR|00c0ffee|{tags},1,3,x,");
        assert_eq!(
            fragment::parse(message.as_bytes()),
            Err(DecodeError::BadInstanceTag)
        );
    }
}
