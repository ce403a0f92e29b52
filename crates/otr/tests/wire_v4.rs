//! The messages of version 4: one encoding a value, one value an encoding; what is damaged is refused without harm
//! (S-02, S-07, S-08, S-83).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::wire::raw_profile::RawProfile;
use otr::wire::v4::{AuthI, AuthR, Data, EncodedPoint, Identity, Message, NonInteractiveAuth};
use otr::wire::{
    DecodeError, Header, Incoming, InstanceTag, Message as AnyMessage, Mpi, Version, Wire, armor, classify,
    decode_message, encode_message, take_message,
};
use proptest::prelude::*;

/// A message laid out by hand from the tables of the specification, so that the encoder has a judge.
struct Layout {
    bytes: Vec<u8>,
    /// Where the 32-bit lengths stand.
    lengths: Vec<usize>,
}

impl Layout {
    fn header(kind: u8) -> Self {
        Self {
            bytes: vec![0, 4, kind, 0x5a, 0x73, 0xa5, 0x99, 0x27, 0xe3, 0x15, 0x97],
            lengths: Vec::new(),
        }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn int(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    fn data(mut self, content: &[u8]) -> Self {
        self.lengths.push(self.bytes.len());
        self.int(u32::try_from(content.len()).unwrap()).raw(content)
    }
}

const HEADER: Header = Header {
    version: Version::V4,
    sender: InstanceTag::from_raw(0x5a73_a599),
    receiver: InstanceTag::from_raw(0x27e3_1597),
};

/// Fields 1 to 5, as everybody sends them.
fn profile() -> Vec<u8> {
    [
        &[0, 0, 0, 5][..],
        &[0, 1, 0x5a, 0x73, 0xa5, 0x99],
        &[0, 2, 0x10, 0],
        &[0x22; 57],
        &[0, 3, 0x12, 0],
        &[0x33; 57],
        &[0, 4, 0, 0, 0, 1, b'4'],
        &[0, 5, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
        &[0x99; 114],
    ]
    .concat()
}

fn number(byte: u8) -> Mpi {
    Mpi::from_be_bytes(&[byte; 384])
}

/// One message of every kind, as a value and as bytes.
fn examples() -> Vec<(Message, Layout)> {
    let raw = profile();
    assert_eq!(raw.len(), 263, "the smallest profile of the text");
    let profile = RawProfile::from_bytes(&raw).unwrap();
    let data = Data {
        flags: 1,
        previous_sent: 2,
        ratchet_id: 3,
        message_id: 0xfedc_ba98,
        ecdh: EncodedPoint([0xa1; 57]),
        dh: number(0xa2),
        ciphertext: vec![0xa3; 37],
        mac: [0xa4; 64],
        revealed_mac_keys: vec![0xa5; 128],
    };
    let start = |dh: &[u8]| {
        Layout::header(0x03)
            .raw(&[1])
            .int(2)
            .int(3)
            .int(0xfedc_ba98)
            .raw(&[0xa1; 57])
            .data(dh)
    };
    let end = |layout: Layout| layout.data(&[0xa3; 37]).raw(&[0xa4; 64]).data(&[0xa5; 128]);
    vec![
        (
            Message::Identity(Identity {
                profile: profile.clone(),
                y: EncodedPoint([0xb1; 57]),
                b: number(0xb2),
                first_ecdh: EncodedPoint([0xb3; 57]),
                first_dh: number(0xb4),
            }),
            Layout::header(0x35)
                .raw(&raw)
                .raw(&[0xb1; 57])
                .data(&[0xb2; 384])
                .raw(&[0xb3; 57])
                .data(&[0xb4; 384]),
        ),
        (
            Message::AuthR(AuthR {
                profile: profile.clone(),
                x: EncodedPoint([0xc1; 57]),
                a: number(0xc2),
                sigma: [0xc3; 342],
                first_ecdh: EncodedPoint([0xc4; 57]),
                first_dh: number(0xc5),
            }),
            Layout::header(0x36)
                .raw(&raw)
                .raw(&[0xc1; 57])
                .data(&[0xc2; 384])
                .raw(&[0xc3; 342])
                .raw(&[0xc4; 57])
                .data(&[0xc5; 384]),
        ),
        (
            Message::AuthI(AuthI { sigma: [0xd1; 342] }),
            Layout::header(0x37).raw(&[0xd1; 342]),
        ),
        (
            Message::NonInteractiveAuth(NonInteractiveAuth {
                profile,
                x: EncodedPoint([0xe1; 57]),
                a: number(0xe2),
                sigma: [0xe3; 342],
                prekey_id: 0xe4e5_e6e7,
                mac: [0xe8; 64],
                first_ecdh: EncodedPoint([0xe9; 57]),
                first_dh: number(0xea),
            }),
            Layout::header(0x0d)
                .raw(&raw)
                .raw(&[0xe1; 57])
                .data(&[0xe2; 384])
                .raw(&[0xe3; 342])
                .int(0xe4e5_e6e7)
                .raw(&[0xe8; 64])
                .raw(&[0xe9; 57])
                .data(&[0xea; 384]),
        ),
        (Message::Data(data.clone()), end(start(&[0xa2; 384]))),
        (
            Message::Data(Data {
                dh: Mpi::default(),
                ..data
            }),
            end(start(&[])),
        ),
    ]
}

/// The path of a message from the network: `None` if it is refused anywhere on it.
fn receive(text: &[u8]) -> Option<(Header, AnyMessage)> {
    let Incoming::Armored(body) = classify(text) else {
        return None;
    };
    decode_message(&armor::decode(body).ok()?).ok()
}

/// Whatever is accepted must be what it was made from, to the last byte.
fn assert_refused_or_exact(bytes: &[u8]) -> bool {
    let decoded = decode_message(bytes);
    assert_eq!(take_message(bytes.to_vec()), decoded);
    match decoded {
        Ok((header, message)) => {
            assert_eq!(encode_message(&header, &message), bytes);
            true
        }
        Err(_) => false,
    }
}

#[test]
fn every_kind_has_the_layout_of_the_specification() {
    for (message, layout) in examples() {
        let message = AnyMessage::V4(Box::new(message));
        assert_eq!(encode_message(&HEADER, &message), layout.bytes);
        assert_eq!(decode_message(&layout.bytes), Ok((HEADER, message.clone())));
        assert_eq!(receive(&armor::encode(&layout.bytes)), Some((HEADER, message)));
    }
}

#[test]
fn the_first_characters_tell_the_kind() {
    let starts = [
        "?OTR:AAQ1",
        "?OTR:AAQ2",
        "?OTR:AAQ3",
        "?OTR:AAQN",
        "?OTR:AAQD",
        "?OTR:AAQD",
    ];
    for ((_, layout), start) in examples().into_iter().zip(starts) {
        assert!(
            armor::encode(&layout.bytes).starts_with(start.as_bytes()),
            "{start}"
        );
    }
}

#[test]
fn s07_every_truncation_and_extension_is_refused() {
    for (message, Layout { mut bytes, .. }) in examples() {
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert_eq!(
                decode_message(cut),
                Err(DecodeError::UnexpectedEnd),
                "{message:?} {end}"
            );
            assert_eq!(take_message(cut.to_vec()), Err(DecodeError::UnexpectedEnd));
        }
        bytes.push(0);
        assert_eq!(decode_message(&bytes), Err(DecodeError::TrailingBytes));
        assert_eq!(take_message(bytes), Err(DecodeError::TrailingBytes));
    }
}

#[test]
fn s07_every_flipped_bit_is_refused_or_read_exactly() {
    for (_, Layout { bytes, .. }) in examples() {
        let mut accepted = 0;
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 0x80 >> (place % 8);
            accepted += u32::from(assert_refused_or_exact(&flipped));
        }
        // Most bits are opaque here, so the loop must have seen acceptances too.
        assert!(accepted > 0);
    }
}

#[test]
fn s02_every_length_at_its_boundaries() {
    let mut seen = 0;
    for (message, Layout { bytes, lengths }) in examples() {
        for at in lengths {
            seen += 1;
            let field = at..at + 4;
            let length = u32::from_be_bytes(bytes[field.clone()].try_into().unwrap());
            for value in [
                0,
                1,
                length.wrapping_sub(1),
                length,
                length + 1,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_fffe,
                0xffff_ffff,
            ] {
                let mut changed = bytes.clone();
                changed[field.clone()].copy_from_slice(&value.to_be_bytes());
                assert_eq!(
                    assert_refused_or_exact(&changed),
                    value == length,
                    "{message:?} {at}"
                );
            }
        }
    }
    assert_eq!(seen, 2 + 2 + 2 + 3 + 3);
}

#[test]
fn s81_a_profile_of_any_announced_size_costs_nothing() {
    let raw = profile();
    for (at, values) in [
        // The number of fields, and the length of the versions.
        (11, [0, 6, 7, 8, 0x7fff_ffff, 0x8000_0000, u32::MAX]),
        (
            11 + 4 + 6 + 61 + 61 + 2,
            [0, 2, 7, 8, 0x7fff_ffff, 0x8000_0000, u32::MAX],
        ),
    ] {
        let mut message = Layout::header(0x37).raw(&raw).raw(&[0xd1; 342]).bytes;
        message[2] = 0x35;
        for value in values {
            message[at..at + 4].copy_from_slice(&value.to_be_bytes());
            assert!(decode_message(&message).is_err(), "{value} at {at}");
        }
        // Nor is anything reserved when the message ends there.
        message.truncate(at + 4);
        assert!(decode_message(&message).is_err());
    }
}

#[test]
fn s08_revealed_keys_of_every_length_come_through() {
    let (Message::Data(data), _) = examples().swap_remove(4) else {
        panic!("the fifth example is a data message")
    };
    for length in 0..=130 {
        let message = AnyMessage::V4(Box::new(Message::Data(Data {
            revealed_mac_keys: vec![7; length],
            ..data.clone()
        })));
        let bytes = encode_message(&HEADER, &message);
        assert_eq!(decode_message(&bytes), Ok((HEADER, message.clone())));
        assert_eq!(take_message(bytes), Ok((HEADER, message)));
    }
}

#[test]
fn s83_versions_do_not_share_their_messages() {
    for (_, Layout { mut bytes, .. }) in examples() {
        for number in (0..=5).chain([0x0400, 0xffff]) {
            bytes[..2].copy_from_slice(&u16::to_be_bytes(number));
            assert_eq!(
                assert_refused_or_exact(&bytes),
                number == 4,
                "as version {number}"
            );
        }
    }
}

#[test]
fn s09_numbers_with_leading_zeros_are_refused() {
    let padded = [&[0][..], &[0xb2; 383]].concat();
    let message = Layout::header(0x35)
        .raw(&profile())
        .raw(&[0xb1; 57])
        .data(&padded)
        .raw(&[0xb3; 57])
        .data(&[0xb4; 384]);
    assert_eq!(
        decode_message(&message.bytes),
        Err(DecodeError::NonMinimalInteger)
    );
    let long = Layout::header(0x03).raw(&[0; 13]).raw(&[0; 57]).data(&[1; 1025]);
    assert_eq!(decode_message(&long.bytes), Err(DecodeError::IntegerTooLong));
}

/// Some edits: replace, insert or delete a byte at a place that wraps around.
fn edited(mut bytes: Vec<u8>, edits: &[(u8, usize, u8)]) -> Vec<u8> {
    for &(how, place, byte) in edits {
        let place = place % bytes.len().max(1);
        match how {
            0 if !bytes.is_empty() => bytes[place] = byte,
            1 if !bytes.is_empty() => drop(bytes.remove(place)),
            _ => bytes.insert(place, byte),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn edited_messages_are_refused_or_read_exactly(
        which in 0..6_usize,
        edits in prop::collection::vec((0..3_u8, any::<usize>(), any::<u8>()), 1..5),
    ) {
        let (_, layout) = examples().swap_remove(which);
        assert_refused_or_exact(&edited(layout.bytes, &edits));
    }

    #[test]
    fn any_bytes_behind_a_header_are_refused_or_read_exactly(
        kind in prop::sample::select(vec![0x03, 0x0d, 0x35, 0x36, 0x37]),
        body in prop::collection::vec(any::<u8>(), 0..900),
    ) {
        assert_refused_or_exact(&Layout::header(kind).raw(&body).bytes);
    }
}
