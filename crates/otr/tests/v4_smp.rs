//! The Socialist Millionaires' Protocol of version 4: the values of the plain reference byte for byte, both roles, and a
//! peer who breaks the rules (S-14, S-31, S-32; D-02, D-19, D-22).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_vectors;

use std::sync::OnceLock;

use chacha20::ChaCha20Rng;
use otr::Tlv;
use otr::secret::Secret;
use otr::smp::ed448::{Ed448, compared_secret};
use otr::smp::group::Group;
use otr::smp::{Outcome, Progress, Smp};
use otr::wire::tlv;
use rand_core::{CryptoRng, SeedableRng};
use v4_vectors::{SeedRng, array, hex};

struct Person<R> {
    smp: Smp<Ed448>,
    rng: R,
}

impl Person<ChaCha20Rng> {
    fn new(seed: u8) -> Self {
        Self {
            smp: Smp::new(),
            rng: ChaCha20Rng::from_seed([seed; 32]),
        }
    }
}

impl<R: CryptoRng> Person<R> {
    fn ask(&mut self, secret: &Secret<57>, question: Option<&[u8]>) -> Tlv {
        let [smp1] = self
            .smp
            .start(secret, question, &mut self.rng)
            .try_into()
            .unwrap();
        smp1
    }

    fn answer(&mut self, secret: &Secret<57>) -> Tlv {
        self.smp.answer(secret, &mut self.rng).unwrap()
    }

    fn receive(&mut self, record: &Tlv) -> Outcome {
        self.smp.receive(record.kind(), record.value(), &mut self.rng)
    }

    fn reply(&mut self, record: &Tlv) -> Tlv {
        match self.receive(record) {
            Outcome::Reply(reply) => reply,
            other => panic!("no reply but {other:?}"),
        }
    }
}

/// What the two compare if they know these words: Alice, whose fingerprint is ones, asks Bob, whose is twos.
fn secret(words: &str) -> Secret<57> {
    compared_secret(&[1; 56], &[2; 56], &[3; 8], words.as_bytes())
}

fn abort() -> Tlv {
    Tlv::new(tlv::SMP_ABORT, Vec::new()).unwrap()
}

fn record(kind: u16, value: &[u8]) -> Tlv {
    Tlv::new(kind, value.to_vec()).unwrap()
}

/// Alice and Bob after the messages before the `step`-th, and that message.
fn up_to(step: usize) -> (Person<ChaCha20Rng>, Person<ChaCha20Rng>, Tlv) {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let mut message = alice.ask(&secret("sesame"), None);
    for number in 1..step {
        message = match number {
            1 => {
                assert_eq!(bob.receive(&message), Outcome::Asked { question: None });
                bob.answer(&secret("sesame"))
            }
            2 => alice.reply(&message),
            _ => match bob.receive(&message) {
                Outcome::Done {
                    matched: true,
                    reply: Some(reply),
                } => reply,
                other => panic!("{other:?}"),
            },
        };
    }
    (alice, bob, message)
}

/// The four messages of that run.
fn messages() -> &'static [Tlv; 4] {
    static MESSAGES: OnceLock<[Tlv; 4]> = OnceLock::new();
    MESSAGES.get_or_init(|| [1, 2, 3, 4].map(|step| up_to(step).2))
}

/// A message, and for whom it is: Bob reads the first and the third. Only that side of the run is computed.
fn receiver(step: usize) -> (Person<ChaCha20Rng>, Tlv) {
    let message = messages()[step - 1].clone();
    let mut person = Person::new(if step % 2 == 1 { 2 } else { 1 });
    match step {
        1 => {}
        2 => drop(person.ask(&secret("sesame"), None)),
        3 => {
            person.receive(&messages()[0]);
            person.answer(&secret("sesame"));
        }
        _ => {
            person.ask(&secret("sesame"), None);
            person.reply(&messages()[1]);
        }
    }
    (person, message)
}

fn assert_refused(step: usize, value: &[u8], why: &str) {
    let (mut person, message) = receiver(step);
    let outcome = person.receive(&record(message.kind(), value));
    assert_eq!(outcome, Outcome::Cheated(abort()), "message {step}: {why}");
    assert_eq!(person.smp.progress(), Progress::Idle);
}

/// The points (P) and the scalars (challenges C, responses R) of the four messages.
const FIELDS: [&str; 4] = ["PCRPCR", "PCRPCRPPCRR", "PPCRRPCR", "PCR"];

/// Where the fields of a message begin: behind the question in the first.
fn start(step: usize) -> usize {
    if step == 1 { 4 } else { 0 }
}

#[test]
fn the_recorded_comparison() {
    let file = include_str!("vectors/v4_smp.txt");
    let value = |name: &str| {
        let mut lines = file.lines().filter_map(|line| line.split_once(" = "));
        lines.find(|(known, _)| *known == name).unwrap().1
    };
    let message = |name: &str| {
        let (kind, body) = value(name).split_once(' ').unwrap();
        record(kind.parse().unwrap(), &hex(body))
    };
    let (alice_is, bob_is) = (array(&hex(value("alice"))), array(&hex(value("bob"))));
    let words = value("words").as_bytes();
    let compared = compared_secret(&alice_is, &bob_is, &hex(value("ssid")), words);
    assert_eq!(
        Ed448::secret_scalar(&compared).to_le_bytes().as_slice(),
        hex(value("secret"))
    );

    let mut alice = Person {
        smp: Smp::new(),
        rng: SeedRng::new("smp-alice"),
    };
    let mut bob = Person {
        smp: Smp::new(),
        rng: SeedRng::new("smp-bob"),
    };
    let question = value("question").as_bytes();
    let smp1 = alice.ask(&compared, Some(question));
    assert_eq!(smp1, message("smp1"));
    let question = Some(question.to_vec());
    assert_eq!(
        bob.receive(&smp1),
        Outcome::Asked {
            question: question.map(otr::Text::from)
        }
    );
    let smp2 = bob.answer(&compared);
    assert_eq!(smp2, message("smp2"));
    let smp3 = alice.reply(&smp2);
    assert_eq!(smp3, message("smp3"));
    let reply = Some(message("smp4"));
    assert_eq!(bob.receive(&smp3), Outcome::Done { matched: true, reply });
    let done = Outcome::Done {
        matched: true,
        reply: None,
    };
    assert_eq!(alice.receive(&message("smp4")), done);
}

#[test]
fn equal_secrets_match_and_others_do_not_in_both_roles() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    for (alice_knows, bob_knows) in [
        ("sesame", "sesame"),
        ("sesame", "Sesame"),
        ("sesame", "sesam"),
        ("", ""),
        ("", "x"),
        ("ä", "ä"),
    ] {
        for swap in [false, true] {
            let (first, second) = if swap {
                (&mut bob, &mut alice)
            } else {
                (&mut alice, &mut bob)
            };
            let smp1 = first.ask(&secret(alice_knows), Some(b"what?"));
            let question = Some(b"what?".to_vec());
            assert_eq!(
                second.receive(&smp1),
                Outcome::Asked {
                    question: question.map(otr::Text::from)
                }
            );
            let smp2 = second.answer(&secret(bob_knows));
            let smp3 = first.reply(&smp2);
            let Outcome::Done {
                matched,
                reply: Some(smp4),
            } = second.receive(&smp3)
            else {
                panic!("the second is not done")
            };
            assert_eq!(matched, alice_knows == bob_knows);
            let done = Outcome::Done { matched, reply: None };
            assert_eq!(first.receive(&smp4), done);
            assert_eq!(first.smp.progress(), Progress::Idle);
            assert_eq!(second.smp.progress(), Progress::Idle);
        }
    }
}

#[test]
fn s32_what_is_compared_is_bound_to_the_conversation() {
    let all = [
        compared_secret(&[1; 56], &[2; 56], &[3; 8], b"words"),
        // The other way round, another person, another session, words that reach into the length.
        compared_secret(&[2; 56], &[1; 56], &[3; 8], b"words"),
        compared_secret(&[1; 56], &[1; 56], &[3; 8], b"words"),
        compared_secret(&[1; 56], &[2; 56], &[4; 8], b"words"),
        compared_secret(&[1; 56], &[2; 56], &[3; 8], b"words\0"),
        compared_secret(&[1; 56], &[2; 56], &[3; 8], b""),
    ];
    for (place, left) in all.iter().enumerate() {
        for right in &all[place + 1..] {
            assert!(!left.ct_eq(right.expose()));
        }
    }
}

#[test]
fn questions_travel_with_the_first_message() {
    for (asked, arrives) in [
        (None, None),
        (Some(&b""[..]), None),
        (Some(b"pet?"), Some(b"pet?".to_vec())),
        (Some(b"a\0b"), Some(b"a\0b".to_vec())),
    ] {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let smp1 = alice.ask(&secret("x"), asked);
        assert_eq!(smp1.kind(), tlv::SMP1);
        assert_eq!(
            bob.receive(&smp1),
            Outcome::Asked {
                question: arrives.map(otr::Text::from)
            }
        );
    }
    // One that fills the record is cut, so that the message still fits behind it.
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let smp1 = alice.ask(&secret("x"), Some(&[b'q'; 70_000]));
    assert_eq!(smp1.value().len(), 65_535);
    let question = Some(vec![b'q'; 65_535 - 4 - 6 * 57]);
    assert_eq!(
        bob.receive(&smp1),
        Outcome::Asked {
            question: question.map(otr::Text::from)
        }
    );
}

#[test]
fn d19_an_abort_is_not_answered() {
    for step in 1..=4 {
        let (mut person, _) = receiver(step);
        // Bob before the first message has nothing to give up.
        let expected = if step == 1 {
            Outcome::Ignored
        } else {
            Outcome::AbortedByPeer
        };
        assert_eq!(person.receive(&abort()), expected);
        assert_eq!(person.smp.progress(), Progress::Idle);
        assert_eq!(person.receive(&abort()), Outcome::Ignored);
    }
    // Either side gives up, and both can begin again.
    for step in 1..=4 {
        let (mut alice, mut bob, _) = up_to(step);
        assert_eq!(alice.smp.abort(), abort());
        bob.receive(&abort());
        let smp1 = bob.ask(&secret("x"), None);
        assert_eq!(alice.receive(&smp1), Outcome::Asked { question: None });
    }
}

#[test]
fn messages_out_of_order_end_the_run() {
    for step in 1..=4 {
        for (other, message) in (1..).zip(messages()) {
            if other == step {
                continue;
            }
            let (mut person, _) = receiver(step);
            // Before the first message Bob is idle, and so is whoever has answered the last.
            let outcome = person.receive(message);
            assert_eq!(outcome, Outcome::OutOfOrder(abort()), "{other} instead of {step}");
            assert_eq!(person.smp.progress(), Progress::Idle);
        }
    }
}

#[test]
fn the_record_of_the_extra_key_is_none_of_this_protocol() {
    let (mut person, message) = receiver(2);
    // Version 3's first message with a question has that number.
    assert_eq!(tlv::EXTRA_KEY_V4, tlv::SMP1Q);
    let extra = record(tlv::EXTRA_KEY_V4, b"\0\0\0\x01name");
    assert_eq!(person.receive(&extra), Outcome::Ignored);
    assert_eq!(person.receive(&record(tlv::EXTRA_KEY, b"")), Outcome::Ignored);
    assert!(matches!(person.receive(&message), Outcome::Reply(_)));
}

#[test]
fn d22_zero_scalars_are_an_ordinary_error() {
    let order = q();
    for step in 1..=4 {
        let (_, message) = receiver(step);
        for (place, kind) in FIELDS[step - 1].bytes().enumerate() {
            if kind == b'P' {
                continue;
            }
            let at = start(step) + 57 * place;
            for bad in [[0; 57], order] {
                let mut value = message.value().to_vec();
                value[at..at + 57].copy_from_slice(&bad);
                assert_refused(step, &value, "zero");
            }
        }
    }
}

#[test]
fn s14_points_that_are_not_of_the_prime_order() {
    let mut order_two = [0xff; 57];
    // p - 1, little-endian, and points of order 1, 2, 4, 4.
    order_two[0] = 0xfe;
    order_two[28] = 0xfe;
    order_two[56] = 0;
    let mut neutral = [0; 57];
    neutral[0] = 1;
    let order_four = [0; 57];
    let mut other_sign = [0; 57];
    other_sign[56] = 0x80;
    for step in 1..=4 {
        let (_, message) = receiver(step);
        for (place, kind) in FIELDS[step - 1].bytes().enumerate() {
            if kind != b'P' {
                continue;
            }
            let at = start(step) + 57 * place;
            for bad in [neutral, order_two, order_four, other_sign, [0xff; 57]] {
                let mut value = message.value().to_vec();
                value[at..at + 57].copy_from_slice(&bad);
                assert_refused(step, &value, "bad point");
            }
        }
    }
}

#[test]
fn s31_any_changed_field_is_refused() {
    for step in 1..=4 {
        let (_, message) = receiver(step);
        for place in 0..FIELDS[step - 1].len() {
            for byte in [0, 55] {
                let mut value = message.value().to_vec();
                value[start(step) + 57 * place + byte] ^= 1;
                assert_refused(step, &value, "changed");
            }
        }
    }
}

#[test]
fn s31_coordinates_of_ours_sent_back_are_refused() {
    // Bob's P and Q in the place of Alice's would compare one with one.
    let (_, mut bob, smp3) = up_to(3);
    let (_, _, smp2) = up_to(2);
    let mut value = smp3.value().to_vec();
    value[..57 * 5].copy_from_slice(&smp2.value()[57 * 6..]);
    assert_eq!(bob.receive(&record(tlv::SMP3, &value)), Outcome::Cheated(abort()));
}

#[test]
fn s07_every_length_is_checked() {
    for step in 1..=4 {
        let (_, message) = receiver(step);
        let value = message.value();
        for end in 0..value.len() {
            // The later messages take a while to get to: the ends of their fields will do.
            if step <= 2 || [0, 1, 56].contains(&(end % 57)) {
                assert_refused(step, &value[..end], "cut");
            }
        }
        assert_refused(step, &[value, &[0]].concat(), "longer");
        assert_refused(step, &[value, &[0; 57]].concat(), "one field more");
    }
    let (_, message) = receiver(1);
    for length in [1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX] {
        let mut value = message.value().to_vec();
        value[..4].copy_from_slice(&length.to_be_bytes());
        assert_refused(1, &value, "announced question");
    }
}

#[test]
fn challenges_that_were_not_reduced_are_accepted() {
    // The text hashes without reducing, and otrr and otr4j reduce: both are the same number to us.
    let (mut bob, message) = receiver(1);
    let mut value = message.value().to_vec();
    let at = 4 + 57;
    let mut carry = 0;
    for (place, digit) in q().into_iter().enumerate() {
        let sum = u16::from(value[at + place]) + u16::from(digit) + carry;
        value[at + place] = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_ne!(value, message.value());
    assert_eq!(
        bob.receive(&record(tlv::SMP1, &value)),
        Outcome::Asked { question: None }
    );
}

/// The order of the base point as a SCALAR: zero in another spelling.
fn q() -> [u8; 57] {
    array(
        &[
            &hex("f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7c")[..],
            &[0xff; 27],
            &[0x3f, 0],
        ]
        .concat(),
    )
}
