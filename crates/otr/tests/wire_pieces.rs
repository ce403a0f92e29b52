//! Cutting a message for a network with short lines: every legal limit, both forms, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::wire::fragment::{self, CutError, FRAME, FRAME_WITH_TAGS};
use otr::wire::{Incoming, InstanceTag, armor, classify, decode_message};
use proptest::prelude::*;

type Tags = Option<(InstanceTag, InstanceTag)>;

const TAGS: Tags = Some((
    InstanceTag::from_raw(0x0000_0100),
    InstanceTag::from_raw(0xffff_ffff),
));

/// What the other side makes of the parts, if they arrive in order.
fn joined(parts: &[Vec<u8>], tags: Tags) -> Vec<u8> {
    let total = u16::try_from(parts.len()).unwrap();
    let mut whole = Vec::new();
    for (part, index) in parts.iter().zip(1..) {
        let Incoming::Piece(piece) = classify(part) else {
            panic!("not a piece: {}", part.escape_ascii())
        };
        assert_eq!((piece.tags, piece.index, piece.total), (tags, index, total));
        whole.extend(piece.body);
    }
    whole
}

#[test]
fn every_limit_gives_the_same_message() {
    let message = armor::encode(&[0x5a; 300]);
    for (tags, frame) in [(None, FRAME), (TAGS, FRAME_WITH_TAGS)] {
        for limit in 0..message.len() + 2 {
            let parts = fragment::cut(&message, limit, tags);
            if limit >= message.len() {
                assert_eq!(parts, Ok(vec![message.clone()]));
            } else if limit <= frame {
                assert_eq!(parts, Err(CutError::LimitTooSmall));
            } else {
                let parts = parts.unwrap();
                assert!(parts.iter().all(|part| part.len() <= limit));
                // Full parts, so that the count is the least possible.
                assert!(parts.iter().rev().skip(1).all(|part| part.len() == limit));
                assert_eq!(joined(&parts, tags), message);
            }
        }
    }
}

#[test]
fn the_frames_of_the_specification() {
    let message = [b"?OTR:", &[b'A'; 100][..], b"."].concat();
    let parts = fragment::cut(&message, 60, None).unwrap();
    let first = String::from_utf8(parts[0].clone()).unwrap();
    assert_eq!(first, format!("?OTR,00001,00003,?OTR:{},", "A".repeat(37)));
    let parts = fragment::cut(&message, 90, TAGS).unwrap();
    let last = String::from_utf8(parts[1].clone()).unwrap();
    assert_eq!(
        last,
        format!("?OTR|00000100|ffffffff,00002,00002,{}.,", "A".repeat(51))
    );
}

#[test]
fn the_example_of_the_specification() {
    let parts = [
        "?OTR|5a73a599|27e31597,00001,00003,?OTR:AAMDJ+MVmSfjFZcAAAAA\
         AQAAAAIAAADA1g5IjD1ZGLDVQEyCgCyn9hbrL3KAbGDdzE2ZkMyTKl7XfkSx\
         h8YJnudstiB74i4BzT0W2haClg6dMary/jo9sMudwmUdlnKpIGEKXWdvJKT+\
         hQ26h9nzMgEditLB8v,",
        "?OTR|5a73a599|27e31597,00002,00003,jPEWAJ6gBXvZrY6ZQrx3gb4v0\
         UaSMOMiR5sB7Eaulb2Yc6RmRnnlxgUUC2alosg4WIeFN951PLjScajVba6dq\
         lDi+q1H5tPvI5SWMN7PCBWIJ41+WvF+5IAZzQZYgNaVLbAAAAAAAAAAEAAAA\
         HwNiIi5Ms+4PsY/L2i,",
        "?OTR|5a73a599|27e31597,00003,00003,pkTtquknfx6HodLvk3RAAAAAA\
         ==.,",
    ]
    .map(|part| part.as_bytes().to_vec());
    let tags = Some((
        InstanceTag::from_raw(0x5a73_a599),
        InstanceTag::from_raw(0x27e3_1597),
    ));
    let whole = joined(&parts, tags);
    let Incoming::Armored(body) = classify(&whole) else {
        panic!("armour expected")
    };
    let (header, _) = decode_message(&armor::decode(body).unwrap()).unwrap();
    // The frames of the example name another sender than the message inside does.
    assert_eq!(
        (header.sender.raw(), header.receiver.raw()),
        (0x27e3_1599, 0x27e3_1597)
    );
}

#[test]
fn the_limits_of_an_irc_line() {
    // 64 KiB in pieces of 64, 200 and 400 bytes.
    let message = armor::encode(&vec![0xc3; 64 * 1024]);
    for limit in [64, 200, 400] {
        for (tags, frame) in [(None, FRAME), (TAGS, FRAME_WITH_TAGS)] {
            let parts = fragment::cut(&message, limit, tags).unwrap();
            assert_eq!(parts.len(), message.len().div_ceil(limit - frame));
            assert_eq!(joined(&parts, tags), message);
        }
    }
}

#[test]
fn no_more_pieces_than_their_number_can_count() {
    let message = vec![b'A'; 65535 * 3];
    for (tags, frame) in [(None, FRAME), (TAGS, FRAME_WITH_TAGS)] {
        assert_eq!(
            fragment::cut(&message, frame + 3, tags).map(|parts| parts.len()),
            Ok(65535)
        );
        assert_eq!(
            fragment::cut(&message, frame + 2, tags),
            Err(CutError::TooManyPieces)
        );
    }
}

#[test]
fn reasons_differ_in_words() {
    assert_ne!(
        CutError::LimitTooSmall.to_string(),
        CutError::TooManyPieces.to_string()
    );
}

proptest! {
    #[test]
    fn any_message_any_limit(
        binary in prop::collection::vec(any::<u8>(), 0..2000),
        limit in 0..500_usize,
        with_tags in any::<bool>(),
    ) {
        let message = armor::encode(&binary);
        let tags = if with_tags { TAGS } else { None };
        match fragment::cut(&message, limit, tags) {
            Ok(parts) if parts.len() == 1 => prop_assert_eq!(&parts[0], &message),
            Ok(parts) => {
                prop_assert!(parts.iter().all(|part| part.len() <= limit));
                prop_assert_eq!(joined(&parts, tags), message);
            }
            Err(error) => {
                prop_assert_eq!(error, CutError::LimitTooSmall);
                let frame = if with_tags { FRAME_WITH_TAGS } else { FRAME };
                prop_assert!(limit <= frame);
            }
        }
    }
}
