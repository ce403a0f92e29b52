//! The Socialist Millionaires' Protocol against a peer who breaks the rules (S-14, S-30 to S-32), and against the
//! equations of the specification written once more with another big-number library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod smp_people;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use num_bigint::BigUint;
use otr::crypto::legacy::sha256;
use otr::crypto::modp::Exponent;
use otr::smp::group::{Field, Group};
use otr::smp::modp::Modp;
use otr::smp::proofs::{CoordinatesProof, Generators, SameExponentProof};
use otr::smp::{Outcome, Progress, Smp};
use otr::wire::tlv::{self, Tlv};
use smp_people::{Person, abort, alice_after, asked, bob_after, compared, messages, up_to};

/// What a field is, for choosing how to spoil it.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Element,
    Challenge,
    Response,
}
use Kind::{Challenge as C, Element as E, Response as R};

/// The fields of the messages 1 to 4, from the specification.
const FIELDS: [&[Kind]; 4] = [
    &[E, C, R, E, C, R],
    &[E, C, R, E, C, R, E, E, C, R, R],
    &[E, E, C, R, R, E, C, R],
    &[E, C, R],
];

/// Bob's state before messages 1 and 3, Alice's before 2 and 4, and the message.
fn receiver_of(step: u8) -> (Person, Tlv) {
    let person = if step % 2 == 1 {
        bob_after(step - 1)
    } else {
        alice_after(step - 1)
    };
    (person, messages()[usize::from(step) - 1].clone())
}

fn refused(person: &mut Person, kind: u16, value: &[u8], why: &str) {
    let outcome = person.smp.receive(kind, value, &mut person.rng);
    assert_eq!(outcome, Outcome::Cheated(abort()), "{why}");
    assert_eq!(person.smp.progress(), Progress::Idle, "{why}");
    assert!(person.answer(7).is_err(), "{why}");
}

/// The MPIs of a message.
fn split(value: &[u8]) -> Vec<Vec<u8>> {
    let (count, mut rest) = value.split_first_chunk::<4>().unwrap();
    let mut mpis = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (mpi, after) = after.split_at(u32::from_be_bytes(*length).try_into().unwrap());
        mpis.push(mpi.to_vec());
        rest = after;
    }
    assert!(rest.is_empty());
    assert_eq!(u32::from_be_bytes(*count), u32::try_from(mpis.len()).unwrap());
    mpis
}

/// A message of these MPIs that claims to have `count` of them.
fn join_claiming(count: u32, mpis: &[Vec<u8>]) -> Vec<u8> {
    let mut value = count.to_be_bytes().to_vec();
    for mpi in mpis {
        value.extend(u32::try_from(mpi.len()).unwrap().to_be_bytes());
        value.extend(mpi);
    }
    value
}

fn join(mpis: &[Vec<u8>]) -> Vec<u8> {
    join_claiming(u32::try_from(mpis.len()).unwrap(), mpis)
}

fn integer(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

fn minimal(value: &BigUint) -> Vec<u8> {
    if *value == BigUint::ZERO {
        Vec::new()
    } else {
        value.to_bytes_be()
    }
}

fn p() -> BigUint {
    // Twice the largest exponent that is accepted, plus three: checked against RFC 3526 in tests/modp.rs.
    let mut below: BigUint = BigUint::from(1u8) << 1534;
    for bit in (0..1534).rev() {
        let candidate: BigUint = &below + (BigUint::from(1u8) << bit);
        if Exponent::from_be_bytes(&candidate.to_bytes_be()).is_ok() {
            below = candidate;
        }
    }
    below * 2u8 + 3u8
}

#[test]
fn messages_have_the_fields_of_the_specification() {
    for (step, fields) in (1..).zip(FIELDS) {
        let (_, message) = receiver_of(step);
        assert_eq!(message.kind(), u16::from(step) + 1);
        let mpis = split(message.value());
        assert_eq!(mpis.len(), fields.len());
        for (mpi, kind) in mpis.iter().zip(fields) {
            assert!(mpi.len() <= if *kind == C { 32 } else { 192 });
        }
    }
}

/// S-31: every number of every message matters, in its lowest bit, its highest bit and as a whole.
#[test]
fn s31_any_changed_number_is_refused() {
    for (step, fields) in (1..).zip(FIELDS) {
        for index in 0..fields.len() {
            for change in 0..3 {
                let (mut person, message) = receiver_of(step);
                let mut mpis = split(message.value());
                let mpi = &mut mpis[index];
                match change {
                    0 => *mpi.last_mut().unwrap() ^= 1,
                    1 => mpi[1] ^= 0x80,
                    _ => *mpi = minimal(&(integer(mpi) + 1u8)),
                }
                refused(
                    &mut person,
                    message.kind(),
                    &join(&mpis),
                    &format!("SMP{step}, {index}, {change}"),
                );
            }
        }
    }
}

/// S-14, S-30: numbers at the edges of the group and of the exponents, in every place.
#[test]
fn s14_numbers_out_of_range_are_refused() {
    let p = p();
    let q = (&p - 1u8) / 2u8;
    let long: BigUint = BigUint::from(1u8) << 1600;
    for (step, fields) in (1..).zip(FIELDS) {
        let (mut person, message) = receiver_of(step);
        let mpis = split(message.value());
        let mut tried = 0;
        for (index, kind) in fields.iter().enumerate() {
            let edges = match kind {
                // 2 itself and its powers are in range, but no proof holds for them.
                E => vec![
                    0u8.into(),
                    1u8.into(),
                    2u8.into(),
                    &p - 2u8,
                    &p - 1u8,
                    p.clone(),
                    &p + 1u8,
                    long.clone(),
                ],
                R => vec![
                    0u8.into(),
                    &q - 1u8,
                    q.clone(),
                    &q + integer(&mpis[index]),
                    p.clone(),
                    long.clone(),
                ],
                // Congruent to the right challenge, but no hash.
                C => vec![
                    0u8.into(),
                    &q + integer(&mpis[index]),
                    BigUint::from(1u8) << 256,
                    long.clone(),
                ],
            };
            for edge in edges {
                if tried > 0 {
                    person = receiver_of(step).0;
                }
                tried += 1;
                let mut spoiled = mpis.clone();
                spoiled[index] = minimal(&edge);
                refused(
                    &mut person,
                    message.kind(),
                    &join(&spoiled),
                    &format!("SMP{step}, {index}: {edge:x}"),
                );
            }
        }
    }
}

/// A leading zero byte makes a second spelling of a good number: refused, whichever number it is.
#[test]
fn s09_numbers_have_one_spelling() {
    for (step, fields) in (1..).zip(FIELDS) {
        for index in 0..fields.len() {
            let (mut person, message) = receiver_of(step);
            let mut mpis = split(message.value());
            mpis[index].insert(0, 0);
            refused(
                &mut person,
                message.kind(),
                &join(&mpis),
                &format!("SMP{step}, {index}"),
            );
        }
    }
}

/// A claimed count decides nothing but whether the message is looked at. The largest is answered at once, with
/// nothing allocated from it.
#[test]
fn s30_other_counts_are_refused() {
    for (step, fields) in (1u8..).zip(FIELDS) {
        let right = u32::try_from(fields.len()).unwrap();
        let message = &messages()[usize::from(step) - 1];
        let mpis = split(message.value());
        for count in [0, 1, 5, 7, right - 1, right + 1, 0x8000_0000, u32::MAX] {
            let mut person = receiver_of(step).0;
            refused(
                &mut person,
                message.kind(),
                &join_claiming(count, &mpis),
                &format!("SMP{step}, {count}"),
            );
            // With as many numbers as claimed, or as fit.
            let padded: Vec<_> = mpis
                .iter()
                .cycle()
                .take(count.min(200).try_into().unwrap())
                .cloned()
                .collect();
            let mut person = receiver_of(step).0;
            refused(
                &mut person,
                message.kind(),
                &join_claiming(count, &padded),
                &format!("SMP{step}, {count}"),
            );
        }
    }
}

#[test]
fn truncated_and_lengthened_messages_are_refused() {
    for step in 1..=4 {
        let (mut person, message) = receiver_of(step);
        let value = message.value();
        refused(
            &mut person,
            message.kind(),
            &[value, &[0]].concat(),
            "a byte too many",
        );
        // Idle again, the first message may be tried at every length; the others at a few.
        let stride = if step == 1 { 1 } else { value.len() / 7 };
        for length in (0..value.len()).step_by(stride) {
            if step > 1 {
                person = receiver_of(step).0;
            }
            refused(
                &mut person,
                message.kind(),
                &value[..length],
                &format!("SMP{step} cut to {length}"),
            );
        }
        let mut huge = value.to_vec();
        huge[4..8].fill(0xff);
        refused(&mut receiver_of(step).0, message.kind(), &huge, "an MPI of 4 GiB");
    }
}

/// S-32: our own numbers, sent back to us in the place of the peer's, prove nothing.
#[test]
fn s32_own_messages_sent_back_fail() {
    // As they are: the initiator expects no first message, the responder no second.
    let (mut alice, _, smp1) = up_to(1);
    assert_eq!(alice.receive(&smp1), Outcome::OutOfOrder(abort()));
    let (_, mut bob, smp2) = up_to(2);
    assert_eq!(bob.receive(&smp2), Outcome::OutOfOrder(abort()));
    let (mut alice, _, smp3) = up_to(3);
    assert_eq!(alice.receive(&smp3), Outcome::OutOfOrder(abort()));

    // Under another type.
    let (mut alice, _, smp1) = up_to(1);
    refused(&mut alice, tlv::SMP2, smp1.value(), "SMP1 as SMP2");
    let (_, mut bob, smp2) = up_to(2);
    refused(&mut bob, tlv::SMP3, smp2.value(), "SMP2 as SMP3");
    let (mut alice, _, smp3) = up_to(3);
    refused(&mut alice, tlv::SMP4, smp3.value(), "SMP3 as SMP4");

    // Their parts, put together so that the fields fit. Only the ordinals in the hashes tell them apart.
    let [smp1, smp2, smp3, _] = messages();
    let mut alice = alice_after(1);
    let halves_of_alice = split(smp1.value());
    let coordinates_of_bob = split(smp2.value())[6..].to_vec();
    refused(
        &mut alice,
        tlv::SMP2,
        &join(&[halves_of_alice, coordinates_of_bob.clone()].concat()),
        "Alice's halves in SMP2",
    );

    let mut bob = bob_after(2);
    let comparison_of_alice = split(smp3.value())[5..].to_vec();
    refused(
        &mut bob,
        tlv::SMP3,
        &join(&[coordinates_of_bob, comparison_of_alice.clone()].concat()),
        "Bob's coordinates in SMP3",
    );
    let mut alice = alice_after(3);
    refused(
        &mut alice,
        tlv::SMP4,
        &join(&comparison_of_alice),
        "Alice's comparison in SMP4",
    );
}

/// S-32: Mallory runs the protocol between two conversations by passing all messages on. The floors above hash the
/// session and the fingerprints into what is compared, so the secrets differ, and both sides see it.
#[test]
fn s32_relayed_messages_do_not_match() {
    let hashed = |session: &[u8]| {
        let digest = sha256(&[session, b"the same words"]);
        otr::secret::Secret::fill_with(|bytes| *bytes = digest)
    };
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let smp1 = alice
        .smp
        .start(&hashed(b"Alice and Mallory"), None, &mut alice.rng)
        .remove(0);
    bob.receive(&smp1);
    let smp2 = bob.smp.answer(&hashed(b"Mallory and Bob"), &mut bob.rng).unwrap();
    let smp3 = alice.reply(&smp2);
    let Outcome::Done {
        matched: false,
        reply: Some(smp4),
    } = bob.receive(&smp3)
    else {
        panic!("matched")
    };
    assert_eq!(
        alice.receive(&smp4),
        Outcome::Done {
            matched: false,
            reply: None
        }
    );
}

/// A second run has nothing of the first: messages of one are refused in another.
#[test]
fn messages_of_another_run_are_refused() {
    for step in 2..=4 {
        let old = &messages()[step - 1];
        let (mut alice, mut bob) = (Person::new(11), Person::new(12));
        let smp1 = alice.ask(7);
        assert_eq!(bob.receive(&smp1), asked());
        let smp2 = bob.answer(7).unwrap();
        if step == 2 {
            // The halves in it stand for themselves; its coordinates are bound to the generators of its run.
            refused(&mut alice, old.kind(), old.value(), "an old SMP2");
            continue;
        }
        let smp3 = alice.reply(&smp2);
        if step == 3 {
            refused(&mut bob, old.kind(), old.value(), "an old SMP3");
        } else {
            assert!(matches!(bob.receive(&smp3), Outcome::Done { matched: true, .. }));
            refused(&mut alice, old.kind(), old.value(), "an old SMP4");
        }
    }
}

/// A generator that writes down what it gives, and first gives what it was told.
struct Scripted {
    first: Vec<Vec<u8>>,
    then: ChaCha20Rng,
    given: Vec<Vec<u8>>,
}

impl Scripted {
    fn new(seed: u8, first: &[&[u8]]) -> Self {
        Self {
            first: first.iter().rev().map(|draw| draw.to_vec()).collect(),
            then: ChaCha20Rng::from_seed([seed; 32]),
            given: Vec::new(),
        }
    }

    /// The scalar of one draw, as the group takes it.
    fn scalar(&self, index: usize) -> Exponent {
        Exponent::from_be_bytes(&self.given[index]).unwrap()
    }
}

impl rand_core::TryRng for Scripted {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("scalars are drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("scalars are drawn as bytes")
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Self::Error> {
        match self.first.pop() {
            Some(draw) => {
                place.fill(0);
                let start = place.len() - draw.len();
                place[start..].copy_from_slice(&draw);
            }
            None => self.then.fill_bytes(place),
        }
        place[0] &= 0x7f;
        self.given.push(place.to_vec());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Scripted {}

/// A run up to Bob's answer, in which all scalars are known.
struct OpenRun {
    alice: Smp<Modp>,
    alice_rng: Scripted,
    bob: Smp<Modp>,
    bob_rng: Scripted,
    smp2: Tlv,
}

impl OpenRun {
    fn new(alice_knows: u8, bob_knows: u8) -> Self {
        let (mut alice, mut bob) = (Smp::new(), Smp::new());
        let (mut alice_rng, mut bob_rng) = (Scripted::new(1, &[]), Scripted::new(2, &[]));
        let smp1 = alice
            .start(&compared(alice_knows), None, &mut alice_rng)
            .remove(0);
        assert_eq!(bob.receive(smp1.kind(), smp1.value(), &mut bob_rng), asked());
        let smp2 = bob.answer(&compared(bob_knows), &mut bob_rng).unwrap();
        Self {
            alice,
            alice_rng,
            bob,
            bob_rng,
            smp2,
        }
    }

    /// a2 b2, the exponent of g2.
    fn exponent_of_g2(&self) -> Exponent {
        let zero = Exponent::from_be_bytes_reduced(&[]);
        let one = Exponent::from_be_bytes_reduced(&[1]);
        let product = zero.sub_mul(&self.alice_rng.scalar(0), &self.bob_rng.scalar(0));
        zero.sub_mul(&product, &one)
    }

    fn generators(&self) -> Generators<Modp> {
        let half = |index| Modp::base_power(&self.bob_rng.scalar(index));
        Generators {
            g2: Modp::power(&half(0), &self.alice_rng.scalar(0)),
            g3: Modp::power(&half(1), &self.alice_rng.scalar(1)),
        }
    }

    /// Bob's r4: after both halves and the blinds of their proofs.
    fn bobs_r4(&self) -> Exponent {
        self.bob_rng.scalar(4)
    }
}

/// S-31: Alice does not go on when one of her coordinates is Bob's.
#[test]
fn s31_the_initiator_refuses_coordinates_equal_to_its_own() {
    // Without tricks the run goes on.
    let mut run = OpenRun::new(7, 8);
    let outcome = run.alice.receive(tlv::SMP2, run.smp2.value(), &mut run.alice_rng);
    assert!(matches!(outcome, Outcome::Reply(_)));

    // The same r4 gives the same P.
    let mut run = OpenRun::new(7, 8);
    let mut rng = Scripted::new(3, &[&run.bobs_r4().to_be_bytes()]);
    let outcome = run.alice.receive(tlv::SMP2, run.smp2.value(), &mut rng);
    assert_eq!(outcome, Outcome::Cheated(abort()));
    assert_eq!(run.alice.progress(), Progress::Idle);

    // r4 + a2 b2 (y - x) gives the same Q.
    let mut run = OpenRun::new(7, 8);
    let one = Exponent::from_be_bytes_reduced(&[1]);
    let secret = |value: u8| Modp::secret_scalar(&compared(value));
    let difference = secret(7).sub_mul(&secret(8), &one);
    let r4 = run.bobs_r4().sub_mul(&run.exponent_of_g2(), &difference);
    let mut rng = Scripted::new(3, &[&r4.to_be_bytes()]);
    let outcome = run.alice.receive(tlv::SMP2, run.smp2.value(), &mut rng);
    assert_eq!(outcome, Outcome::Cheated(abort()));
}

/// SMP3 with the given r4, every proof in it good.
fn handmade_smp3(run: &OpenRun, alice_knows: u8, r4: &Exponent) -> Vec<u8> {
    let mut rng = Scripted::new(4, &[&r4.to_be_bytes()]);
    let generators = run.generators();
    let (ours, proof) = CoordinatesProof::prove(
        6,
        &generators,
        &Modp::secret_scalar(&compared(alice_knows)),
        &mut rng,
    );
    let q_of_bob = otr::crypto::modp::Element::from_be_bytes(&split(run.smp2.value())[7]).unwrap();
    let base = ours.q.div(&q_of_bob);
    let (ra, same) = SameExponentProof::prove(7, &base, &run.alice_rng.scalar(1), &mut rng);
    let mut fields = vec![Field::Element(&ours.p), Field::Element(&ours.q)];
    fields.extend(proof.fields());
    fields.push(Field::Element(&ra));
    fields.extend(same.fields());
    Modp::encode(&fields)
}

/// S-31: nor does Bob.
#[test]
fn s31_the_responder_refuses_coordinates_equal_to_its_own() {
    let mut run = OpenRun::new(7, 7);
    let fair = handmade_smp3(&run, 7, &Exponent::from_be_bytes(&[5]).unwrap());
    let outcome = run.bob.receive(tlv::SMP3, &fair, &mut run.bob_rng);
    assert!(matches!(outcome, Outcome::Done { matched: true, .. }));

    let mut run = OpenRun::new(7, 8);
    let same_p = handmade_smp3(&run, 7, &run.bobs_r4());
    let outcome = run.bob.receive(tlv::SMP3, &same_p, &mut run.bob_rng);
    assert_eq!(outcome, Outcome::Cheated(abort()));
}

/// S-14: minus a power of the generator is in range, and the proof about it can even be made to hold by trying until
/// the challenge is even. It would tell the sender one bit of the answer's secret, so it is refused as an element.
#[test]
fn s14_elements_outside_the_subgroup_are_refused() {
    let p = p();
    let (mut bob, message) = receiver_of(1);
    let mut mpis = split(message.value());
    let (two, q) = (BigUint::from(2u8), (&p - 1u8) / 2u8);
    let a2 = integer(&[0x77; 100]);
    let g2a = &p - two.modpow(&a2, &p);
    let (c2, d2) = (1u32..)
        .find_map(|r| {
            let r = BigUint::from(r);
            let c = hash(1, &[&two.modpow(&r, &p)]);
            // g1^D g2a^c = g1^r (-1)^c
            (!c.bit(0)).then(|| (c.clone(), (&r + &q * &q - &a2 * &c) % &q))
        })
        .unwrap();
    let commitment = two.modpow(&d2, &p) * g2a.modpow(&c2, &p) % &p;
    assert_eq!(hash(1, &[&commitment]), c2, "the forged proof does hold");
    mpis[0] = minimal(&g2a);
    mpis[1] = minimal(&c2);
    mpis[2] = minimal(&d2);
    refused(&mut bob, message.kind(), &join(&mpis), "minus a power of g1");
}

/// The specification's hash, with nothing of ours but SHA-256.
fn hash(ordinal: u8, values: &[&BigUint]) -> BigUint {
    let mut input = vec![ordinal];
    for value in values {
        let bytes = value.to_bytes_be();
        input.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        input.extend(bytes);
    }
    integer(&sha256(&[&input]))
}

/// Every equation of the specification, in its own order and letters, over what really was sent. Two machines that
/// made the same mistake would agree with each other; they do not pass this.
#[test]
fn messages_satisfy_the_equations_of_the_specification() {
    let p = p();
    let g1 = BigUint::from(2u8);
    let pow = |base: &BigUint, exponent: &BigUint| base.modpow(exponent, &p);
    let mul = |left: BigUint, right: BigUint| left * right % &p;
    let divide = |left: &BigUint, right: &BigUint| left * right.modinv(&p).unwrap() % &p;
    let numbers = |tlv: &Tlv| {
        split(tlv.value())
            .iter()
            .map(|mpi| integer(mpi))
            .collect::<Vec<_>>()
    };

    let secret = BigUint::from_bytes_be(&[7; 32]);
    let mut run = OpenRun::new(7, 7);
    let (a2, a3) = (integer(&run.alice_rng.given[0]), integer(&run.alice_rng.given[1]));
    let smp2 = numbers(&run.smp2);
    let Outcome::Reply(smp3) = run.alice.receive(tlv::SMP2, run.smp2.value(), &mut run.alice_rng) else {
        panic!("no reply")
    };
    let Outcome::Done {
        matched: true,
        reply: Some(smp4),
    } = run.bob.receive(tlv::SMP3, smp3.value(), &mut run.bob_rng)
    else {
        panic!("not done")
    };
    let smp1 = {
        let mut rng = Scripted::new(1, &[]);
        numbers(&Smp::<Modp>::new().start(&compared(7), None, &mut rng)[0])
    };
    let (smp3, smp4) = (numbers(&smp3), numbers(&smp4));

    let [g2a, c2, d2, g3a, c3, d3] = smp1.try_into().unwrap();
    assert_eq!((&g2a, &g3a), (&pow(&g1, &a2), &pow(&g1, &a3)));
    assert_eq!(c2, hash(1, &[&mul(pow(&g1, &d2), pow(&g2a, &c2))]));
    assert_eq!(c3, hash(2, &[&mul(pow(&g1, &d3), pow(&g3a, &c3))]));

    let [g2b, c2, d2, g3b, c3, d3, pb, qb, cp, d5, d6] = smp2.try_into().unwrap();
    let (g2, g3) = (pow(&g2b, &a2), pow(&g3b, &a3));
    assert_eq!(c2, hash(3, &[&mul(pow(&g1, &d2), pow(&g2b, &c2))]));
    assert_eq!(c3, hash(4, &[&mul(pow(&g1, &d3), pow(&g3b, &c3))]));
    let for_p = mul(pow(&g3, &d5), pow(&pb, &cp));
    let for_q = mul(mul(pow(&g1, &d5), pow(&g2, &d6)), pow(&qb, &cp));
    assert_eq!(cp, hash(5, &[&for_p, &for_q]));
    let r4 = integer(&run.bobs_r4().to_be_bytes());
    assert_eq!(
        (&pb, &qb),
        (&pow(&g3, &r4), &mul(pow(&g1, &r4), pow(&g2, &secret)))
    );

    let [pa, qa, cp, d5, d6, ra, cr, d7] = smp3.try_into().unwrap();
    let for_p = mul(pow(&g3, &d5), pow(&pa, &cp));
    let for_q = mul(mul(pow(&g1, &d5), pow(&g2, &d6)), pow(&qa, &cp));
    assert_eq!(cp, hash(6, &[&for_p, &for_q]));
    let base = divide(&qa, &qb);
    assert_eq!(ra, pow(&base, &a3));
    let under_g1 = mul(pow(&g1, &d7), pow(&g3a, &cr));
    assert_eq!(cr, hash(7, &[&under_g1, &mul(pow(&base, &d7), pow(&ra, &cr))]));

    let [rb, cr, d7] = smp4.try_into().unwrap();
    let under_g1 = mul(pow(&g1, &d7), pow(&g3b, &cr));
    assert_eq!(cr, hash(8, &[&under_g1, &mul(pow(&base, &d7), pow(&rb, &cr))]));
    assert_eq!(divide(&pa, &pb), pow(&rb, &a3));
}

/// S-09: runs in which some number is shorter than usual end as the others do.
#[test]
fn s09_short_numbers_are_as_good_as_long_ones() {
    let mut short = 0;
    for seed in 0..12 {
        let (mut alice, mut bob) = (Person::new(100 + seed), Person::new(200 + seed));
        let smp1 = alice.ask(7);
        bob.receive(&smp1);
        let smp2 = bob.answer(7).unwrap();
        let smp3 = alice.reply(&smp2);
        let Outcome::Done {
            matched: true,
            reply: Some(smp4),
        } = bob.receive(&smp3)
        else {
            panic!("no match")
        };
        assert_eq!(
            alice.receive(&smp4),
            Outcome::Done {
                matched: true,
                reply: None
            }
        );
        for (message, fields) in [smp1, smp2, smp3, smp4].iter().zip(FIELDS) {
            for (mpi, kind) in split(message.value()).iter().zip(fields) {
                short += usize::from(mpi.len() < if *kind == C { 32 } else { 192 });
            }
        }
    }
    assert!(short > 0, "try other seeds");
}
