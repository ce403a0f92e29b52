//! Any content survives writing and reading, and any file survives reading and writing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr_store::libotr::fingerprints::Fingerprints;
use otr_store::libotr::instance_tags::InstanceTags;
use otr_store::libotr::lines::LineFault;
use otr_store::libotr::private_keys::{self, PrivateKeyParts};
use otr_store::libotr::sexp;
use otr_store::{AccountId, Correspondent, Trust};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// A number, often one that looks like text.
fn number() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 1..40),
        vec(0x20_u8..0x7f, 1..40),
        vec(prop_oneof![Just(0), Just(b'a')], 1..9)
    ];
    bytes.prop_filter("no zero in front", |bytes| bytes[0] != 0)
}

fn parts() -> impl Strategy<Value = PrivateKeyParts> {
    [number(), number(), number(), number(), number()].prop_map(|[p, q, g, y, x]| PrivateKeyParts {
        p,
        q,
        g,
        y,
        x: Zeroizing::new(x),
    })
}

fn key_name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(1_u8.., 0..20), "[ -~]{0,20}".prop_map(String::into_bytes)]
}

fn column() -> impl Strategy<Value = Vec<u8>> {
    key_name().prop_map(|mut name| {
        name.retain(|byte| !b"\t\r\n".contains(byte));
        name
    })
}

/// Pieces of the formats in any order, more often near to a file than mere bytes are.
fn near_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "(privkeys",
        "(account",
        "(name ",
        "(dsa",
        ")",
        "(",
        "\"",
        "\\",
        "\\x4",
        "#",
        "|",
        "3:",
        "AA",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "a\tp\t",
        "00112233445566778899aabbccddeeff01234567",
        "00000100",
        "verified",
        "\u{feff}",
        "# ",
    ];
    let piece = prop_oneof![9 => proptest::sample::select(pieces.to_vec()).prop_map(|p| p.as_bytes().to_vec()), 1 => vec(any::<u8>(), 1..4)];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_survive(accounts in hash_map((key_name(), key_name()), parts(), 0..4)) {
        let accounts: Vec<_> = accounts.into_iter().map(|((name, protocol), parts)| (AccountId::new(name, protocol), parts)).collect();
        let file = private_keys::write(accounts.iter().map(|(account, parts)| (account, parts)));
        let read = private_keys::read(&file).unwrap();
        let read: Vec<_> = read.into_iter().map(|key| (key.account, key.parts)).collect();
        prop_assert_eq!(read, accounts);
    }

    #[test]
    fn s09_numbers_survive_with_zeros_in_front(number in number(), zeros in 1_usize..9) {
        let hex: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = format!("{}{hex}", "00".repeat(zeros));
        let file = format!("(privkeys(account(name a)(protocol b)(private-key(dsa(p #{hex}#)(q #{hex}#)(g #{hex}#)(y #{hex}#)(x #{hex}#)))))");
        let read = private_keys::read(file.as_bytes()).unwrap();
        prop_assert_eq!(&*read[0].parts.x, &number);
        prop_assert_eq!(&read[0].parts.p, &number);
    }

    #[test]
    fn fingerprints_survive(entries in hash_map((column(), column(), column(), any::<[u8; 20]>()), 0_usize..4, 0..6)) {
        let words = [Trust::Undecided, Trust::Verified, Trust::Smp, Trust::from_bytes(b"other").unwrap()];
        let mut file = Fingerprints::default();
        for ((user, account, protocol, fingerprint), trust) in &entries {
            let person = Correspondent::new(&user[..], AccountId::new(&account[..], &protocol[..]));
            prop_assert!(file.remember(&person, fingerprint).unwrap());
            prop_assert!(file.set_trust(&person, fingerprint, &words[*trust]).unwrap());
        }
        let read = Fingerprints::read(&file.write());
        prop_assert!(read.notices().iter().all(|notice| notice.fault == LineFault::ByteOrderMark));
        prop_assert!(read.iter().eq(file.iter()));
    }

    #[test]
    fn no_line_is_ever_lost(file in near_file()) {
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() + usize::from(bytes.last().is_some_and(|last| *last != b'\n'));
        for written in [Fingerprints::read(&file).write(), InstanceTags::read(&file).write()] {
            prop_assert_eq!(count(&written), count(&file));
        }
        // Once written, it stays as it is.
        let once = Fingerprints::read(&file).write();
        prop_assert_eq!(&Fingerprints::read(&once).write(), &once);
        let once = InstanceTags::read(&file).write();
        prop_assert_eq!(&InstanceTags::read(&once).write(), &once);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(file in near_file()) {
        let lines = file.iter().filter(|byte| **byte == b'\n').count() + 1;
        if let Err(error) = sexp::parse(&file) {
            prop_assert!((1..=lines).contains(&error.at.line));
        }
        let _ = private_keys::read(&file);
    }
}
