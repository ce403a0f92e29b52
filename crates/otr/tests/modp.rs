//! The 1536-bit group against an independent big-number library, and at the edges of its ranges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use num_bigint::BigUint;
use otr::crypto::modp::{BadExponent, BadGroupElement, DhPublic, DhSecret, Element, Exponent};

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// The prime from the formula of RFC 3526, which shares no typing error with the constant in the code:
/// 2^1536 - 2^1472 - 1 + 2^64 * (floor(2^1406 pi) + 741804). Here pi is by Machin's formula.
fn p() -> BigUint {
    let guard = 64;
    let one = BigUint::from(1u8) << (1406 + guard);
    let arctan_inverse = |x: u32| {
        let mut power: BigUint = &one / x;
        let (mut plus, mut minus) = (power.clone(), BigUint::from(0u8));
        let mut n = 1u32;
        while power > BigUint::from(0u8) {
            power /= x * x;
            n += 2;
            if n % 4 == 1 {
                plus += &power / n
            } else {
                minus += &power / n
            }
        }
        plus - minus
    };
    let pi = (arctan_inverse(5) * 16u8 - arctan_inverse(239) * 4u8) >> guard;
    (BigUint::from(1u8) << 1536) - (BigUint::from(1u8) << 1472) - 1u8 + ((pi + 741_804u32) << 64)
}

fn q() -> BigUint {
    (p() - 1u8) / 2u8
}

fn integer(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

/// Minimal bytes as the code defines them; num-bigint writes zero as one byte.
fn minimal(value: &BigUint) -> Vec<u8> {
    if *value == BigUint::from(0u8) {
        Vec::new()
    } else {
        value.to_bytes_be()
    }
}

fn secret(rng: &mut ChaCha20Rng) -> ([u8; 40], DhSecret) {
    let mut bytes = [0; 40];
    rng.fill_bytes(&mut bytes);
    (bytes, DhSecret::from_bytes(&bytes).unwrap())
}

#[test]
fn public_keys_and_shared_secrets_match_num_bigint() {
    let (p, mut rng) = (p(), rng(1));
    for _ in 0..20 {
        let (x, mine) = secret(&mut rng);
        let (y, theirs) = secret(&mut rng);
        let gx = BigUint::from(2u8).modpow(&integer(&x), &p);
        assert_eq!(mine.public().to_be_bytes(), gx.to_bytes_be());
        let shared = gx.modpow(&integer(&y), &p).to_bytes_be();
        let mut expected = u32::try_from(shared.len()).unwrap().to_be_bytes().to_vec();
        expected.extend(shared);
        assert_eq!(theirs.agree(&mine.public()).secbytes(), expected);
        assert_eq!(mine.agree(&theirs.public()).secbytes(), expected);
    }
}

#[test]
fn extreme_exponents_match_num_bigint() {
    let p = p();
    let mut one = [0; 40];
    one[39] = 1;
    let mut top = [0; 40];
    top[0] = 0x80;
    let base = DhPublic::from_be_bytes(&(&p - 3u8).to_bytes_be()).unwrap();
    for bytes in [one, top, [0xff; 40], [0x11; 40]] {
        let secret = DhSecret::from_bytes(&bytes).unwrap();
        let gx = BigUint::from(2u8).modpow(&integer(&bytes), &p);
        assert_eq!(secret.public().to_be_bytes(), gx.to_bytes_be());
        let shared = (&p - 3u8).modpow(&integer(&bytes), &p);
        assert_eq!(&secret.agree(&base).secbytes()[4..], shared.to_bytes_be());
    }
    assert_eq!(DhSecret::from_bytes(&[0; 40]).unwrap_err(), BadGroupElement);
}

/// Every bit of the generator's bytes is kept; the one exponent that gives no key is drawn again.
#[test]
fn generated_exponents_are_the_bytes_of_the_generator() {
    for bytes in [[0xff; 40], [0x80; 40], [0x01; 40]] {
        let mut scripted = Scripted {
            draws: vec![vec![0; 40], bytes.to_vec()].into_iter(),
        };
        let generated = DhSecret::generate(&mut scripted);
        assert_eq!(generated.public(), DhSecret::from_bytes(&bytes).unwrap().public());
        assert!(scripted.draws.next().is_none());
    }
}

/// S-14: the edges of the range.
#[test]
fn s14_dh_keys_lie_between_2_and_p_minus_2() {
    let p = p();
    for good in [BigUint::from(2u8), BigUint::from(3u8), &p - 3u8, &p - 2u8] {
        let key = DhPublic::from_be_bytes(&good.to_bytes_be()).unwrap();
        assert_eq!(key.to_be_bytes(), good.to_bytes_be());
    }
    let long = (BigUint::from(1u8) << 1536) + 2u8;
    for bad in [
        BigUint::from(0u8),
        BigUint::from(1u8),
        &p - 1u8,
        p.clone(),
        &p + 1u8,
        &p + 2u8,
        long,
    ] {
        assert_eq!(
            DhPublic::from_be_bytes(&bad.to_bytes_be()),
            Err(BadGroupElement),
            "{bad:x}"
        );
    }
    assert_eq!(DhPublic::from_be_bytes(&[]), Err(BadGroupElement));
    assert_eq!(DhPublic::from_be_bytes(&[0xff; 192]), Err(BadGroupElement));
    assert_eq!(DhPublic::from_be_bytes(&[0xff; 2000]), Err(BadGroupElement));
    assert_eq!(DhPublic::from_be_bytes(&[0; 2000]), Err(BadGroupElement));
}

#[test]
fn s14_smp_elements_are_powers_of_the_generator() {
    let (p, q) = (p(), q());
    for bad in [
        BigUint::from(0u8),
        BigUint::from(1u8),
        &p - 1u8,
        p.clone(),
        &p + 1u8,
        &p + 2u8,
    ] {
        assert_eq!(
            Element::from_be_bytes(&minimal(&bad)).unwrap_err(),
            BadGroupElement,
            "{bad:x}"
        );
    }
    // 2 generates the subgroup; p - 2 is -2, and -1 is no square.
    assert_eq!(Element::from_be_bytes(&[2]).unwrap().to_be_bytes(), [2]);
    assert_eq!(
        Element::from_be_bytes(&(&p - 2u8).to_bytes_be()).unwrap_err(),
        BadGroupElement
    );
    let mut counts = [0, 0];
    for small in 2..200u32 {
        let value = BigUint::from(small);
        let is_power = value.modpow(&q, &p) == BigUint::from(1u8);
        assert_eq!(
            Element::from_be_bytes(&value.to_bytes_be()).is_ok(),
            is_power,
            "{small}"
        );
        counts[usize::from(is_power)] += 1;
        if small < 20 {
            let negative = &p - small;
            assert_eq!(
                Element::from_be_bytes(&negative.to_bytes_be()).is_ok(),
                !is_power,
                "-{small}"
            );
        }
    }
    assert!(counts[0] > 20 && counts[1] > 20);
}

#[test]
fn s14_exponents_from_a_peer_lie_between_1_and_q_minus_1() {
    let q = q();
    for good in [BigUint::from(1u8), BigUint::from(2u8), &q - 1u8] {
        assert_eq!(
            Exponent::from_be_bytes(&good.to_bytes_be())
                .unwrap()
                .to_be_bytes(),
            good.to_bytes_be()
        );
    }
    for bad in [
        BigUint::from(0u8),
        q.clone(),
        &q + 1u8,
        p(),
        (BigUint::from(1u8) << 1536) + 1u8,
    ] {
        assert_eq!(
            Exponent::from_be_bytes(&minimal(&bad)).unwrap_err(),
            BadExponent,
            "{bad:x}"
        );
    }
}

/// S-09: the hash input has the shortest form, whatever the number of leading zeros.
#[test]
fn s09_shared_secrets_have_minimal_length() {
    let (p, mut rng) = (p(), rng(9));
    // A value v that starts with zero bytes has a preimage under raising to the exponent x: v to the 1/x modulo p-1.
    let order = &p - 1u8;
    for zeros in [1, 2, 8, 100, 191] {
        let (x, mine) = loop {
            let (x, mine) = secret(&mut rng);
            if integer(&x).modinv(&order).is_some() {
                break (x, mine);
            }
        };
        let mut wanted = vec![0; 192 - zeros];
        rng.fill_bytes(&mut wanted);
        wanted[0] |= 2;
        let theirs = integer(&wanted).modpow(&integer(&x).modinv(&order).unwrap(), &p);
        let shared = mine.agree(&DhPublic::from_be_bytes(&theirs.to_bytes_be()).unwrap());
        let mut expected = u32::try_from(wanted.len()).unwrap().to_be_bytes().to_vec();
        expected.extend(wanted);
        assert_eq!(shared.secbytes(), expected);
    }
}

/// S-09 once more, with nothing constructed: seeds whose honest exchange happens to give a short secret or key.
#[test]
fn s09_honest_exchanges_with_leading_zeros() {
    let p = p();
    let (mut short_keys, mut short_secrets) = (0, 0);
    let peer = DhSecret::from_bytes(&[0x5a; 40]).unwrap();
    let peer_public = peer.public();
    let mut rng = rng(10);
    for _ in 0..500 {
        let (bytes, mine) = secret(&mut rng);
        let shared = mine.agree(&peer_public);
        if shared.secbytes().len() < 196 {
            short_secrets += 1;
            let expected = integer(&peer_public.to_be_bytes()).modpow(&integer(&bytes), &p);
            assert_eq!(shared.secbytes()[4..], expected.to_bytes_be());
            assert_eq!(
                shared.secbytes()[..4],
                u32::try_from(expected.to_bytes_be().len()).unwrap().to_be_bytes()
            );
            assert_eq!(peer.agree(&mine.public()).secbytes(), shared.secbytes());
        }
        let public = mine.public().to_be_bytes();
        if public.len() < 192 {
            short_keys += 1;
            assert_ne!(public[0], 0);
            assert_eq!(
                public,
                BigUint::from(2u8).modpow(&integer(&bytes), &p).to_bytes_be()
            );
            // The same number with its zeros put back is the same key.
            let padded = [vec![0; 192 - public.len()], public].concat();
            assert_eq!(DhPublic::from_be_bytes(&padded).unwrap(), mine.public());
        }
    }
    assert!(
        short_keys > 0 && short_secrets > 0,
        "{short_keys} {short_secrets}"
    );
}

#[test]
fn public_keys_are_ordered_by_value() {
    let numbers: [&[u8]; 4] = [&[2], &[0xff], &[1, 0], &[1, 0, 0]];
    let keys: Vec<_> = numbers
        .iter()
        .map(|bytes| DhPublic::from_be_bytes(bytes).unwrap())
        .collect();
    assert!(keys.is_sorted());
    assert!(
        keys.windows(2)
            .all(|pair| pair[0] < pair[1] && pair[0] != pair[1])
    );
}

#[test]
fn element_algebra_matches_num_bigint() {
    let (p, q, mut rng) = (p(), q(), rng(3));
    for _ in 0..5 {
        let (a, b) = (Exponent::random(&mut rng), Exponent::random(&mut rng));
        let (big_a, big_b) = (integer(&a.to_be_bytes()), integer(&b.to_be_bytes()));
        let ga = Element::base_pow(&a);
        let big_ga = BigUint::from(2u8).modpow(&big_a, &p);
        assert_eq!(ga.to_be_bytes(), big_ga.to_bytes_be());
        let gab = ga.pow(&b);
        let big_gab = big_ga.modpow(&big_b, &p);
        assert_eq!(gab.to_be_bytes(), big_gab.to_bytes_be());
        assert_eq!(
            ga.mul(&gab).to_be_bytes(),
            (&big_ga * &big_gab % &p).to_bytes_be()
        );
        let quotient = &big_ga * big_gab.modinv(&p).unwrap() % &p;
        assert_eq!(ga.div(&gab).to_be_bytes(), quotient.to_bytes_be());
        assert!(ga.div(&gab).mul(&gab).ct_eq(&ga));
        assert!(!ga.ct_eq(&gab));
        assert_eq!(ga.div(&ga).to_be_bytes(), [1]);

        let [first, second] = ga.two_pows([&a, &b]);
        assert_eq!(first.to_be_bytes(), big_ga.modpow(&big_a, &p).to_bytes_be());
        assert!(second.ct_eq(&gab));

        // Both widths of exponents in the joint power.
        let both = big_gab.modpow(&big_b, &p) * big_ga.modpow(&big_a, &p) % &p;
        assert_eq!(gab.pow_mul_pow(&b, &ga, &a).to_be_bytes(), both.to_bytes_be());
        let short = Exponent::from_be_bytes_reduced(&[0xc3; 32]);
        let mixed = big_gab.modpow(&big_b, &p) * big_ga.modpow(&integer(&[0xc3; 32]), &p) % &p;
        assert_eq!(
            gab.pow_mul_pow(&b, &ga, &short).to_be_bytes(),
            mixed.to_bytes_be()
        );
        assert_eq!(
            ga.pow_mul_pow(&short, &gab, &b).to_be_bytes(),
            mixed.to_bytes_be()
        );

        let c = Exponent::from_be_bytes_reduced(&[0xff; 32]);
        let response = (&big_a + &q * &q - &big_b * integer(&[0xff; 32])) % &q;
        assert_eq!(a.sub_mul(&b, &c).to_be_bytes(), minimal(&response));
        assert!(
            a.sub_mul(&b, &c)
                .ct_eq(&Exponent::from_be_bytes(&response.to_bytes_be()).unwrap())
        );
        assert!(!a.ct_eq(&b));
    }
}

#[test]
fn reduction_takes_integers_of_any_length() {
    let (p, q, mut rng) = (p(), q(), rng(4));
    for length in [0, 1, 31, 32, 33, 191, 192, 193, 384, 500] {
        let mut bytes = vec![0xff; length];
        let exponent = Exponent::from_be_bytes_reduced(&bytes);
        assert_eq!(
            exponent.to_be_bytes(),
            minimal(&(integer(&bytes) % &q)),
            "{length}"
        );
        rng.fill_bytes(&mut bytes);
        let exponent = Exponent::from_be_bytes_reduced(&bytes);
        assert_eq!(
            exponent.to_be_bytes(),
            minimal(&(integer(&bytes) % &q)),
            "{length}"
        );
        let power = BigUint::from(2u8).modpow(&(integer(&bytes) % &q), &p);
        assert_eq!(
            Element::base_pow(&exponent).to_be_bytes(),
            power.to_bytes_be(),
            "{length}"
        );
        let three = Element::from_be_bytes(&[3]).unwrap();
        let power = BigUint::from(3u8).modpow(&(integer(&bytes) % &q), &p);
        assert_eq!(
            three.pow(&exponent).to_be_bytes(),
            power.to_bytes_be(),
            "{length}"
        );
    }
    for edge in [q.clone(), &q - 1u8, &q + 1u8, p] {
        let exponent = Exponent::from_be_bytes_reduced(&edge.to_bytes_be());
        assert_eq!(exponent.to_be_bytes(), minimal(&(&edge % &q)));
    }
}

/// S-35: exponents are uniform in 1..q. q starts with 0, then 64 ones: every bit below the top one is fair.
#[test]
fn s35_random_exponents_are_uniform() {
    let (q, mut rng) = (q(), rng(35));
    let count = 2000;
    let mut set = [0; 1536];
    for _ in 0..count {
        let value = integer(&Exponent::random(&mut rng).to_be_bytes());
        assert!(value > BigUint::from(0u8) && value < q);
        for bit in 0..1536u64 {
            set[usize::try_from(bit).unwrap()] += i32::from(value.bit(bit));
        }
    }
    assert_eq!(set[1535], 0);
    // 2000 throws of a fair coin: standard deviation 22.4, so 135 is six of them.
    for (bit, &ones) in set[..1535].iter().enumerate() {
        assert!(
            (ones - count / 2).abs() < 135,
            "bit {bit} was set {ones} times of {count}"
        );
    }
}

/// Candidates of q and above, and zero, are thrown away and not reduced.
#[test]
fn s35_candidates_out_of_range_are_drawn_again() {
    let mut scripted = Scripted {
        draws: vec![vec![0xff; 192], vec![0; 192], padded(&q()), padded(&(q() - 1u8))].into_iter(),
    };
    assert_eq!(integer(&Exponent::random(&mut scripted).to_be_bytes()), q() - 1u8);
    assert!(scripted.draws.next().is_none());
}

#[test]
fn debug_shows_no_secret() {
    let mut rng = rng(5);
    let secret = DhSecret::generate(&mut rng);
    let exponent = Exponent::random(&mut rng);
    assert_eq!(format!("{secret:?}"), "DhSecret(..)");
    assert_eq!(format!("{:#?}", secret.agree(&secret.public())), "DhShared(..)");
    assert_eq!(format!("{exponent:?}"), "Exponent(..)");
    assert_eq!(format!("{:#?}", Element::base_pow(&exponent)), "Element(..)");
    assert!(format!("{:?}", DhPublic::from_be_bytes(&[0xab, 0xcd]).unwrap()).contains("abcd"));
}

fn padded(value: &BigUint) -> Vec<u8> {
    let bytes = value.to_bytes_be();
    [vec![0; 192 - bytes.len()], bytes].concat()
}

/// A generator that gives out what the test wrote down.
struct Scripted {
    draws: std::vec::IntoIter<Vec<u8>>,
}

impl rand_core::TryRng for Scripted {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("only whole candidates are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("only whole candidates are drawn")
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Self::Error> {
        place.copy_from_slice(&self.draws.next().expect("the script is long enough"));
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Scripted {}
