//! Every value has one encoding and every encoding one value; what is damaged is refused without harm (S-02, S-07,
//! S-08).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::wire::{
    Data, DecodeError, DhCommit, DhKey, Header, Incoming, InstanceTag, KeyExchange, Message, Mpi, Plaintext,
    PublicKey, RevealSignature, Signature, SignedIdentity, Tlv, Version, Wire, armor, classify,
    decode_message, encode_message,
};
use proptest::prelude::*;

/// A message laid out by hand from the tables of the specification, so that the encoder has a judge.
#[derive(Default)]
struct Layout {
    bytes: Vec<u8>,
    /// Where the 32-bit lengths stand.
    lengths: Vec<usize>,
}

impl Layout {
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn int(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    fn data(mut self, content: &[u8]) -> Self {
        self.lengths.push(self.bytes.len());
        let length = u32::try_from(content.len()).unwrap();
        self.int(length).raw(content)
    }

    fn header(version: Version, kind: u8) -> Self {
        let layout = Self::default().raw(&version.number().to_be_bytes()).raw(&[kind]);
        if version == Version::V3 {
            layout.int(0x5a73_a599).int(0x27e3_1597)
        } else {
            layout
        }
    }
}

fn header(version: Version) -> Header {
    match version {
        Version::V3 => Header {
            version,
            sender: InstanceTag::from_raw(0x5a73_a599),
            receiver: InstanceTag::from_raw(0x27e3_1597),
        },
        _ => Header {
            version,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        },
    }
}

fn filled(byte: u8, length: usize) -> Vec<u8> {
    vec![byte; length]
}

fn number(byte: u8, length: usize) -> Mpi {
    Mpi::from_be_bytes(&filled(byte, length))
}

/// One message of every kind and version, as a value and as bytes.
fn examples() -> Vec<(Header, Message, Layout)> {
    let mut all = vec![(
        header(Version::V1),
        Message::KeyExchange(KeyExchange {
            reply: true,
            p: number(0x91, 128),
            q: number(0x92, 20),
            g: number(0x93, 128),
            e: number(0x94, 127),
            key_id: 1,
            dh_y: number(0x95, 192),
            signature: [0x96; 40],
        }),
        Layout::header(Version::V1, 0x0a)
            .raw(&[1])
            .data(&filled(0x91, 128))
            .data(&filled(0x92, 20))
            .data(&filled(0x93, 128))
            .data(&filled(0x94, 127))
            .int(1)
            .data(&filled(0x95, 192))
            .raw(&[0x96; 40]),
    )];
    for version in Version::CLASSIC {
        let layout = Layout::header(version, 0x03);
        let with_flags = version != Version::V1;
        let layout = if with_flags { layout.raw(&[1]) } else { layout };
        let data = Data {
            flags: with_flags.into(),
            sender_key_id: 2,
            recipient_key_id: 0xfedc_ba98,
            next_dh: number(0xa1, 192),
            counter: [0, 0, 0, 0, 0, 0, 0, 9],
            ciphertext: filled(0xa2, 37),
            mac: [0xa3; 20],
            revealed_mac_keys: filled(0xa4, 40),
        };
        let layout = layout
            .int(2)
            .int(0xfedc_ba98)
            .data(&filled(0xa1, 192))
            .raw(&[0, 0, 0, 0, 0, 0, 0, 9])
            .data(&filled(0xa2, 37))
            .raw(&[0xa3; 20])
            .data(&filled(0xa4, 40));
        all.push((header(version), Message::Data(data), layout));
    }
    for version in [Version::V2, Version::V3] {
        all.push((
            header(version),
            Message::DhCommit(DhCommit {
                encrypted_gx: filled(0xb1, 196),
                hashed_gx: [0xb2; 32],
            }),
            Layout::header(version, 0x02)
                .data(&filled(0xb1, 196))
                .data(&[0xb2; 32]),
        ));
        all.push((
            header(version),
            Message::DhKey(DhKey {
                gy: number(0xb3, 192),
            }),
            Layout::header(version, 0x0a).data(&filled(0xb3, 192)),
        ));
        all.push((
            header(version),
            Message::RevealSignature(RevealSignature {
                revealed_key: [0xb4; 16],
                encrypted_signature: filled(0xb5, 450),
                mac: [0xb6; 20],
            }),
            Layout::header(version, 0x11)
                .data(&[0xb4; 16])
                .data(&filled(0xb5, 450))
                .raw(&[0xb6; 20]),
        ));
        all.push((
            header(version),
            Message::Signature(Signature {
                encrypted_signature: filled(0xb7, 450),
                mac: [0xb8; 20],
            }),
            Layout::header(version, 0x12)
                .data(&filled(0xb7, 450))
                .raw(&[0xb8; 20]),
        ));
    }
    all
}

/// The path of a message from the network: `None` if it is refused anywhere on it.
fn receive(text: &[u8]) -> Option<(Header, Message)> {
    let Incoming::Armored(body) = classify(text) else {
        return None;
    };
    decode_message(&armor::decode(body).ok()?).ok()
}

/// Whatever is accepted must be what it was made from, to the last byte.
fn assert_refused_or_exact(bytes: &[u8]) -> bool {
    match decode_message(bytes) {
        Ok((header, message)) => {
            assert_eq!(encode_message(&header, &message), bytes);
            true
        }
        Err(_) => false,
    }
}

#[test]
fn every_kind_has_the_layout_of_the_specification() {
    let all = examples();
    assert_eq!(all.len(), 12);
    for (header, message, layout) in all {
        assert_eq!(encode_message(&header, &message), layout.bytes, "{header:?}");
        assert_eq!(decode_message(&layout.bytes), Ok((header, message.clone())));
        assert_eq!(receive(&armor::encode(&layout.bytes)), Some((header, message)));
    }
}

#[test]
fn s07_every_truncation_is_refused() {
    for (header, _, Layout { bytes, .. }) in examples() {
        for end in 0..bytes.len() {
            assert_eq!(
                decode_message(&bytes[..end]),
                Err(DecodeError::UnexpectedEnd),
                "{header:?} cut at {end}"
            );
        }
        let text = armor::encode(&bytes);
        for end in 0..text.len() {
            assert_eq!(receive(&text[..end]), None);
        }
    }
}

#[test]
fn s07_every_extension_is_refused() {
    for (_, _, Layout { mut bytes, .. }) in examples() {
        bytes.push(0);
        assert_eq!(decode_message(&bytes), Err(DecodeError::TrailingBytes));
    }
}

#[test]
fn s07_every_flipped_bit_is_refused_or_read_exactly() {
    for (_, _, Layout { bytes, .. }) in examples() {
        let mut accepted = 0;
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 0x80 >> (place % 8);
            accepted += u32::from(assert_refused_or_exact(&flipped));
        }
        // Flips inside opaque fields are for a MAC to find, so the loop must have seen acceptances too.
        assert!(accepted > 0);
        let text = armor::encode(&bytes);
        for place in 0..text.len() * 8 {
            let mut flipped = text.clone();
            flipped[place / 8] ^= 0x80 >> (place % 8);
            if let Some((header, message)) = receive(&flipped) {
                let again = armor::encode(&encode_message(&header, &message));
                // A flip may make a letter of the base64 text white space, but then the padding is wrong; so the text
                // is read as it stands, or is cut at a full stop that the flip made.
                assert!(flipped.starts_with(&again));
            }
        }
    }
}

#[test]
fn s02_every_length_at_its_boundaries() {
    let mut seen = 0;
    for (header, message, Layout { bytes, lengths }) in examples() {
        for at in lengths {
            seen += 1;
            let field = at..at + 4;
            let length = u32::from_be_bytes(bytes[field.clone()].try_into().unwrap());
            let values = [
                0,
                1,
                length - 1,
                length,
                length + 1,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_fffe,
                0xffff_ffff,
            ];
            for value in values {
                let mut changed = bytes.clone();
                changed[field.clone()].copy_from_slice(&value.to_be_bytes());
                let got = decode_message(&changed);
                if value == length {
                    assert_eq!(got, Ok((header, message.clone())));
                } else {
                    assert!(got.is_err(), "{header:?} length at {at} set to {value}");
                }
            }
        }
    }
    assert_eq!(seen, 5 + 3 * 3 + 2 * (2 + 1 + 2 + 1));
}

#[test]
fn s08_revealed_keys_of_every_length_come_through() {
    for length in 0..=41 {
        let (header, message, _) = examples().swap_remove(2);
        let Message::Data(data) = message else {
            panic!("the third example is a data message")
        };
        let message = Message::Data(Data {
            revealed_mac_keys: filled(7, length),
            ..data
        });
        assert_eq!(
            decode_message(&encode_message(&header, &message)),
            Ok((header, message))
        );
    }
}

#[test]
fn s09_numbers_with_leading_zeros_are_refused() {
    for zeros in [1, 2, 8] {
        let padded = [filled(0, zeros), filled(0xb3, 192 - zeros)].concat();
        let message = Layout::header(Version::V3, 0x0a).data(&padded).bytes;
        assert_eq!(decode_message(&message), Err(DecodeError::NonMinimalInteger));
        let minimal = encode_message(
            &header(Version::V3),
            &Message::DhKey(DhKey {
                gy: Mpi::from_be_bytes(&padded),
            }),
        );
        assert_eq!(minimal.len(), message.len() - zeros);
        assert!(assert_refused_or_exact(&minimal));
    }
}

#[test]
fn versions_do_not_share_their_messages() {
    // A version 3 message under another number has its tags read as fields, and must fall.
    for (header, _, Layout { mut bytes, .. }) in examples() {
        for number in (0..=5).chain([0x0300, 0xffff]) {
            bytes[..2].copy_from_slice(&u16::to_be_bytes(number));
            let accepted = assert_refused_or_exact(&bytes);
            assert_eq!(
                accepted,
                number == header.version.number(),
                "{header:?} as {number}"
            );
        }
    }
}

fn mpi() -> impl Strategy<Value = Mpi> {
    prop::collection::vec(any::<u8>(), 0..220).prop_map(|bytes| Mpi::from_be_bytes(&bytes))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..500)
}

fn array<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    prop::collection::vec(any::<u8>(), N).prop_map(|bytes| bytes.try_into().unwrap())
}

fn any_header(version: Version) -> impl Strategy<Value = Header> {
    let receiver = prop_oneof![Just(0), 0x100..=u32::MAX];
    (0x100..=u32::MAX, receiver).prop_map(move |(sender, receiver)| match version {
        Version::V3 => Header {
            version,
            sender: InstanceTag::from_raw(sender),
            receiver: InstanceTag::from_raw(receiver),
        },
        _ => Header {
            version,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        },
    })
}

fn any_data() -> impl Strategy<Value = Data> {
    let numbers = (any::<u8>(), any::<u32>(), any::<u32>(), mpi());
    (numbers, array(), bytes(), array(), bytes()).prop_map(
        |(numbers, counter, ciphertext, mac, revealed_mac_keys)| {
            let (flags, sender_key_id, recipient_key_id, next_dh) = numbers;
            Data {
                flags,
                sender_key_id,
                recipient_key_id,
                next_dh,
                counter,
                ciphertext,
                mac,
                revealed_mac_keys,
            }
        },
    )
}

fn any_key_exchange() -> impl Strategy<Value = KeyExchange> {
    (
        any::<bool>(),
        [mpi(), mpi(), mpi(), mpi()],
        any::<u32>(),
        mpi(),
        array(),
    )
        .prop_map(|(reply, [p, q, g, e], key_id, dh_y, signature)| KeyExchange {
            reply,
            p,
            q,
            g,
            e,
            key_id,
            dh_y,
            signature,
        })
}

fn any_message() -> impl Strategy<Value = (Header, Message)> {
    let v1 = prop_oneof![
        any_key_exchange().prop_map(Message::KeyExchange),
        any_data().prop_map(|data| Message::Data(Data { flags: 0, ..data })),
    ];
    let later = prop_oneof![
        (bytes(), array()).prop_map(|(encrypted_gx, hashed_gx)| Message::DhCommit(DhCommit {
            encrypted_gx,
            hashed_gx
        })),
        mpi().prop_map(|gy| Message::DhKey(DhKey { gy })),
        (array(), bytes(), array()).prop_map(|(revealed_key, encrypted_signature, mac)| {
            Message::RevealSignature(RevealSignature {
                revealed_key,
                encrypted_signature,
                mac,
            })
        }),
        (bytes(), array()).prop_map(|(encrypted_signature, mac)| {
            Message::Signature(Signature {
                encrypted_signature,
                mac,
            })
        }),
        any_data().prop_map(Message::Data),
    ];
    let later_version = prop_oneof![Just(Version::V2), Just(Version::V3)];
    prop_oneof![
        (any_header(Version::V1), v1),
        (later_version.prop_flat_map(any_header), later),
    ]
}

fn any_tlv() -> impl Strategy<Value = Tlv> {
    (any::<u16>(), bytes()).prop_map(|(kind, value)| Tlv::new(kind, value).unwrap())
}

fn any_identity() -> impl Strategy<Value = SignedIdentity> {
    ([mpi(), mpi(), mpi(), mpi()], any::<u32>(), array()).prop_map(|([p, q, g, y], key_id, signature)| {
        SignedIdentity {
            public_key: PublicKey { p, q, g, y },
            key_id,
            signature,
        }
    })
}

/// Some edits: replace, insert or delete a byte at a place that wraps around.
fn edits() -> impl Strategy<Value = Vec<(u8, usize, u8)>> {
    prop::collection::vec((0..3_u8, any::<usize>(), any::<u8>()), 1..4)
}

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
    fn messages_survive_the_network((header, message) in any_message()) {
        let bytes = encode_message(&header, &message);
        prop_assert_eq!(receive(&armor::encode(&bytes)), Some((header, message)));
    }

    #[test]
    fn the_authenticated_prefix_is_what_was_received(header in any_header(Version::V3), data in any_data()) {
        let whole = encode_message(&header, &Message::Data(data.clone()));
        let covered = [data.authenticated_prefix(&header), data.ciphertext.clone()].concat();
        prop_assert!(whole.starts_with(&covered));
        prop_assert_eq!(&whole[covered.len()..covered.len() + 20], &data.mac);
    }

    #[test]
    fn a_version_1_signature_is_about_what_was_received(message in any_key_exchange()) {
        let (signed, signature) = (message.signed_bytes(), message.signature);
        let whole = encode_message(&header(Version::V1), &Message::KeyExchange(message));
        prop_assert_eq!(whole, [&signed[..], &signature].concat());
    }

    #[test]
    fn edited_messages_are_refused_or_read_exactly((header, message) in any_message(), edits in edits()) {
        assert_refused_or_exact(&edited(encode_message(&header, &message), &edits));
    }

    #[test]
    fn random_bytes_are_refused_or_read_exactly(
        version in 0..5_u8,
        kind in prop::sample::select(vec![0x02, 0x03, 0x0a, 0x11, 0x12, 0x13]),
        rest in prop::collection::vec(prop_oneof![3 => Just(0), 1 => 0..40_u8], 0..200),
    ) {
        assert_refused_or_exact(&[&[0, version, kind], &rest[..]].concat());
    }

    #[test]
    fn identities_have_one_form(identity in any_identity(), edits in edits()) {
        let bytes = identity.to_bytes();
        prop_assert_eq!(SignedIdentity::from_bytes(&bytes), Ok(identity));
        let damaged = edited(bytes, &edits);
        if let Ok(read) = SignedIdentity::from_bytes(&damaged) {
            prop_assert_eq!(read.to_bytes(), damaged);
        }
    }

    #[test]
    fn records_have_one_form(tlv in any_tlv(), edits in edits()) {
        let bytes = tlv.to_bytes();
        prop_assert_eq!(Tlv::from_bytes(&bytes), Ok(tlv));
        let damaged = edited(bytes, &edits);
        if let Ok(read) = Tlv::from_bytes(&damaged) {
            prop_assert_eq!(read.to_bytes(), damaged);
        }
    }

    #[test]
    fn words_and_records_survive(
        text in prop::collection::vec(1..=u8::MAX, 0..300),
        tlvs in prop::collection::vec(any_tlv(), 0..4),
    ) {
        let plaintext = Plaintext { text: text.into(), tlvs };
        prop_assert_eq!(Plaintext::decode(plaintext.encode()), plaintext);
    }

    #[test]
    fn decrypted_bytes_never_gain_anything(bytes in prop::collection::vec(0..4_u8, 0..60)) {
        let read = Plaintext::decode(bytes.clone());
        let written = read.encode();
        let terminated = [&bytes[..], &[0]].concat();
        prop_assert!(terminated.starts_with(&written));
        prop_assert!(!read.text.contains(&0));
    }
}
