//! The primitives of version 4 against constants that others have computed: RFCs, OpenSSL, Python's hashlib, and the
//! plain reference of the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_vectors;

use num_bigint::BigUint;
use otr::crypto::chacha::chacha20;
use otr::crypto::dh3072::{DhPublic, DhSecret};
use otr::crypto::ed448::{BadSignature, KeyPair, Point, Scalar, SigningKey, verify};
use otr::crypto::kdf::{self, Usage};
use otr::crypto::modp::BadGroupElement;
use otr::crypto::ring_signature::{self, BadRingSignature, NotInRing};
use otr::secret::Secret;
use v4_vectors::{SeedRng, array, cut, hex, primitive};

fn sample() -> Vec<u8> {
    (0..1000u32).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

fn seed(bytes: &[u8]) -> Secret<57> {
    Secret::fill_with(|place| place.copy_from_slice(bytes))
}

#[test]
fn shake_256_matches_two_implementations() {
    let sample = sample();
    for name in ["shake256.hashlib", "shake256.openssl"] {
        let mut out = [0; 300];
        kdf::shake256(
            &[&sample[..135], &[], &sample[135..137], &sample[137..]],
            &mut out,
        );
        assert_eq!(out.as_slice(), primitive(name));
    }
    // NIST's example for the empty message.
    let mut out = [0; 32];
    kdf::shake256(&[], &mut out);
    assert_eq!(
        out.as_slice(),
        hex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f")
    );
}

/// S-83: every key has one purpose. The numbers are those of the text, and no two of them are equal.
#[test]
fn s83_every_usage_has_its_own_number() {
    let usages = [
        Usage::FINGERPRINT,
        Usage::THIRD_BRACE_KEY,
        Usage::BRACE_KEY,
        Usage::SHARED_SECRET,
        Usage::SSID,
        Usage::AUTH_R_BOB_CLIENT_PROFILE,
        Usage::AUTH_R_ALICE_CLIENT_PROFILE,
        Usage::AUTH_R_PHI,
        Usage::AUTH_I_BOB_CLIENT_PROFILE,
        Usage::AUTH_I_ALICE_CLIENT_PROFILE,
        Usage::AUTH_I_PHI,
        Usage::FIRST_ROOT_KEY,
        Usage::TMP_KEY,
        Usage::AUTH_MAC_KEY,
        Usage::NON_INT_AUTH_BOB_CLIENT_PROFILE,
        Usage::NON_INT_AUTH_ALICE_CLIENT_PROFILE,
        Usage::NON_INT_AUTH_PHI,
        Usage::AUTH_MAC,
        Usage::ROOT_KEY,
        Usage::CHAIN_KEY,
        Usage::NEXT_CHAIN_KEY,
        Usage::MESSAGE_KEY,
        Usage::MAC_KEY,
        Usage::EXTRA_SYMMETRIC_KEY,
        Usage::AUTHENTICATOR,
        Usage::SMP_SECRET,
        Usage::RING_SIGNATURE,
    ];
    let sample = sample();
    for (number, usage) in (0..).zip(usages) {
        assert_eq!(usage.byte(), number);
        let expected = primitive(&format!("kdf.{number:02x}"));
        assert_eq!(
            kdf::bytes::<64>(usage, &[&sample[..50], &sample[50..100]]).as_slice(),
            expected
        );
        assert!(kdf::secret::<64>(usage, &[&sample[..100]]).ct_eq(&expected));
        // The beginning of a longer output.
        assert_eq!(kdf::bytes::<8>(usage, &[&sample[..100]]), expected[..8]);
    }
    assert_eq!(Usage::smp_proof(8).byte(), 8);
}

#[test]
fn chacha20_matches_the_rfc_and_two_implementations() {
    // RFC 8439, appendix A.1, test vector 1.
    let mut stream = [0; 64];
    chacha20(&[0; 32], &mut stream);
    assert_eq!(
        stream.as_slice(),
        hex("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7
             da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586")
    );
    let key: [u8; 32] = core::array::from_fn(|i| u8::try_from(i).unwrap());
    for name in ["chacha20.openssl", "chacha20.reference"] {
        let mut data = sample();
        chacha20(&key, &mut data);
        assert_eq!(data, primitive(name));
        chacha20(&key, &mut data);
        assert_eq!(data, sample());
    }
}

#[test]
fn eddsa_matches_rfc_8032() {
    // Section 7.4: the two vectors without a context whose messages are short.
    let vectors = [
        (
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            "",
            "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd39
             80ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e65
             2600",
        ),
        (
            "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
            "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
            "03",
            "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779
             805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c0
             3a00",
        ),
    ];
    for (secret, public, message, signature) in vectors {
        let key = SigningKey::from_seed(seed(&hex(secret)));
        assert_eq!(key.public().encode().as_slice(), hex(public));
        assert_eq!(key.sign(&hex(message)).as_slice(), hex(signature));
    }
}

#[test]
fn eddsa_matches_openssl() {
    for size in [0, 1, 135, 136, 137, 1000] {
        let parts = cut(&primitive(&format!("eddsa.{size}")), [57, 57, 114]);
        let [secret, public, signature] = parts;
        let key = SigningKey::from_seed(seed(&secret));
        let message = &sample()[..size];
        assert_eq!(key.public().encode().as_slice(), public);
        assert_eq!(key.sign(message).as_slice(), signature);
        let public = Point::decode(&array(&public)).unwrap();
        assert_eq!(verify(&public, message, &array(&signature)), Ok(()));
    }
}

#[test]
fn any_changed_bit_spoils_an_eddsa_signature() {
    let key = SigningKey::from_seed(seed(&[7; 57]));
    let signature = key.sign(b"message");
    assert_eq!(verify(key.public(), b"message", &signature), Ok(()));
    assert_eq!(verify(key.public(), b"messagf", &signature), Err(BadSignature));
    let other = SigningKey::from_seed(seed(&[8; 57]));
    assert_eq!(verify(other.public(), b"message", &signature), Err(BadSignature));
    for bit in 0..signature.len() * 8 {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            verify(key.public(), b"message", &changed),
            Err(BadSignature),
            "bit {bit}"
        );
    }
    // The same S, once more around: S + q still has 57 bytes.
    let sum = BigUint::from_bytes_le(&signature[57..]) + order();
    let mut changed = signature;
    changed[57..].fill(0);
    let bytes = sum.to_bytes_le();
    changed[57..57 + bytes.len()].copy_from_slice(&bytes);
    assert_eq!(verify(key.public(), b"message", &changed), Err(BadSignature));
}

/// The shared point against the reference; and, on the curve that is isogenous to ours, against OpenSSL's X448, whose
/// secrets are pruned alike. The isogeny maps (x, y) to u = y²/x² (RFC 7748, section 4.2).
#[test]
fn ecdh_matches_the_reference_and_x448() {
    for n in 0..4 {
        let [seed_a, seed_b, public_a, public_b, shared] = cut(&primitive(&format!("ecdh.{n}")), [57; 5]);
        let [a, b] = [seed_a, seed_b].map(|bytes| KeyPair::from_seed(&seed(&bytes)));
        assert_eq!(a.public().encode().as_slice(), public_a);
        assert_eq!(b.public().encode().as_slice(), public_b);
        let theirs = Point::decode(&array(&public_b)).unwrap();
        assert!(a.agree(&theirs).unwrap().ct_eq(&shared));
        assert!(b.agree(a.public()).unwrap().ct_eq(&shared));

        let [u_a, u_b, u_shared] = cut(&primitive(&format!("x448.{n}")), [56; 3]);
        for (point, u) in [(public_a, u_a), (public_b, u_b), (shared, u_shared)] {
            assert_eq!(montgomery_u(&point), BigUint::from_bytes_le(&u));
        }
    }
}

/// RFC 7748, section 6.2: the secrets are scalars as they are, not seeds.
#[test]
fn ecdh_matches_rfc_7748() {
    let pair = |text: &str| {
        let mut bytes = hex(text);
        bytes[0] &= 0xfc;
        bytes[55] |= 0x80;
        KeyPair::from_scalar(Scalar::from_le_bytes_reduced(&bytes))
    };
    let alice = pair(
        "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
    );
    let bob = pair(
        "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
    );
    let shared = *alice.agree(bob.public()).unwrap().expose();
    let expected = [
        (
            alice.public().encode(),
            "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
        ),
        (
            bob.public().encode(),
            "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
        ),
        (
            shared,
            "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
        ),
    ];
    for (point, u) in expected {
        assert_eq!(montgomery_u(&point), BigUint::from_bytes_le(&hex(u)));
    }
}

#[test]
fn dh_3072_matches_openssl_and_an_independent_power() {
    for n in 0..2 {
        let [a, b, public_a, public_b, shared] =
            cut(&primitive(&format!("dh3072.{n}")), [80, 80, 384, 384, 384]);
        let [secret_a, secret_b] = [&a, &b].map(|bytes| DhSecret::from_bytes(&array(bytes)).unwrap());
        assert_eq!(secret_a.public().to_be_bytes(), public_a);
        assert_eq!(secret_b.public().to_be_bytes(), public_b);
        let theirs = DhPublic::from_be_bytes(&public_b).unwrap();
        let expected = BigUint::from_bytes_be(&shared).to_bytes_be();
        assert_eq!(secret_a.agree(&theirs).as_bytes(), expected);
        assert_eq!(secret_b.agree(&secret_a.public()).as_bytes(), expected);

        let power = BigUint::from_bytes_be(&public_b).modpow(&BigUint::from_bytes_be(&a), &dh_prime());
        assert_eq!(power.to_bytes_be(), expected);
    }
}

/// S-09: k_dh is hashed without leading zeros. One shared secret in 256 has some; the first such is looked for.
#[test]
fn s09_the_shared_number_has_minimal_length() {
    let theirs = DhSecret::from_bytes(&[9; 80]).unwrap().public();
    let short = (1..=u16::MAX)
        .map(|n| {
            let mut bytes = [0; 80];
            bytes[78..].copy_from_slice(&n.to_be_bytes());
            (n, DhSecret::from_bytes(&bytes).unwrap().agree(&theirs))
        })
        .find(|(_, shared)| shared.as_bytes().len() < 384)
        .expect("one in 256");
    let public = BigUint::from_bytes_be(&theirs.to_be_bytes());
    let expected = public.modpow(&BigUint::from(short.0), &dh_prime()).to_bytes_be();
    assert_eq!(expected.len(), 383);
    assert_eq!(short.1.as_bytes(), expected);
}

#[test]
fn s14_numbers_outside_the_3072_bit_group_are_refused() {
    let p = dh_prime();
    let two = BigUint::from(2u8);
    let refused = [
        BigUint::from(0u8),
        BigUint::from(1u8),
        &p - 1u8,
        p.clone(),
        &p + 2u8,
        // Not a square: p is 7 modulo 8, so -1 is none and 2 is one.
        &p - 2u8,
        &p - 4u8,
        BigUint::from(1u8) << 3072,
        BigUint::from(1u8) << 4000,
    ];
    for number in refused {
        let read = DhPublic::from_be_bytes(&number.to_bytes_be());
        assert_eq!(read, Err(BadGroupElement), "{number}");
    }
    assert_eq!(DhPublic::from_be_bytes(&[]), Err(BadGroupElement));
    for number in [two.clone(), &two + 2u8, BigUint::from(9u8)] {
        let mut padded = vec![0; 500];
        padded.extend(number.to_bytes_be());
        assert_eq!(
            DhPublic::from_be_bytes(&padded).unwrap().to_be_bytes(),
            number.to_bytes_be()
        );
    }
    // The symbol agrees with the power that the text asks for.
    let q = (&p - 1u8) / 2u8;
    for n in 2..60u32 {
        let number = BigUint::from(n);
        let in_group = number.modpow(&q, &p) == BigUint::from(1u8);
        assert_eq!(
            DhPublic::from_be_bytes(&number.to_bytes_be()).is_ok(),
            in_group,
            "{n}"
        );
    }
    assert!(DhSecret::from_bytes(&[0; 80]).is_err());
}

#[test]
fn points_are_decoded_strictly() {
    let p = prime();
    let encode = |y: &BigUint, sign: u8| {
        let mut bytes = [0; 57];
        let digits = y.to_bytes_le();
        bytes[..digits.len()].copy_from_slice(&digits);
        bytes[56] |= sign << 7;
        bytes
    };
    let zero = BigUint::from(0u8);
    let one = BigUint::from(1u8);
    let refused = [
        ("the neutral element", encode(&one, 0)),
        ("the neutral element with a sign", encode(&one, 1)),
        ("order two", encode(&(&p - 1u8), 0)),
        ("order two with a sign", encode(&(&p - 1u8), 1)),
        ("order four", encode(&zero, 0)),
        ("order four, the other one", encode(&zero, 1)),
        ("order four, not reduced", encode(&p, 0)),
        ("the neutral element, not reduced", encode(&(&p + 1u8), 0)),
        ("all bits", [0xff; 57]),
        ("no curve point", encode(&BigUint::from(2u8), 0)),
    ];
    for (what, bytes) in refused {
        assert!(Point::decode(&bytes).is_err(), "{what}");
    }
    let good = Point::base().encode();
    assert_eq!(
        good.as_slice(),
        hex(
            "14fa30f25b790898adc8d74e2c13bdfdc4397ce61cffd33ad7c2a0051e9c78874098a36c7373ea4b62c7c9563720768824bcb66e71463f6900"
        )
    );
    assert!(Point::decode(&good).is_ok());
    for bit in 0..7 {
        let mut changed = good;
        changed[56] |= 1 << bit;
        assert!(Point::decode(&changed).is_err(), "unused bit {bit}");
    }
    // P plus a point of order 2 or 4 is on the curve, and of no use: (-x, -y), (y, -x), (-y, x).
    for n in 1..20u32 {
        let point = Point::base_mul(&Scalar::from_le_bytes_reduced(&n.to_le_bytes()));
        let (x, y) = coordinates(&point.encode());
        for (x, y) in [(&p - &x, &p - &y), (y.clone(), &p - &x), (&p - &y, x.clone())] {
            let sign = u8::from(x.bit(0));
            assert!(is_on_curve(&x, &y));
            assert!(Point::decode(&encode(&y, sign)).is_err(), "{n} plus torsion");
        }
        assert!(Point::decode(&point.encode()).unwrap().ct_eq(&point));
    }
}

/// The group laws against plain affine formulas.
#[test]
fn the_arithmetic_agrees_with_plain_formulas() {
    let mut rng = SeedRng::new("arithmetic");
    let q = order();
    for _ in 0..8 {
        let [a, b] = [(); 2].map(|()| Scalar::random(&mut rng));
        let [m, n] = [&a, &b].map(|scalar| BigUint::from_bytes_le(&scalar.to_le_bytes()));
        let number = |scalar: &Scalar| BigUint::from_bytes_le(&scalar.to_le_bytes());
        assert_eq!(number(&a.add(&b)), (&m + &n) % &q);
        assert_eq!(number(&a.sub(&b)), (&m + &q - &n) % &q);
        assert_eq!(number(&a.mul(&b)), (&m * &n) % &q);
        assert_eq!(number(&a.neg()), &q - &m);
        assert_eq!(number(&a.sub_mul(&b, &b)), (&m + &q * &q - &n * &n) % &q);

        let [left, right] = [&a, &b].map(Point::base_mul);
        let base = coordinates(&Point::base().encode());
        assert_eq!(coordinates(&left.encode()), multiply(&m, &base));
        assert_eq!(
            coordinates(&left.mul(&b).encode()),
            multiply(&n, &multiply(&m, &base))
        );
        let sum = add(&coordinates(&left.encode()), &coordinates(&right.encode()));
        assert_eq!(coordinates(&left.add(&right).encode()), sum);
        assert!(left.add(&right).sub(&right).ct_eq(&left));
        let both = left.base_mul_add_mul(&a, &b);
        assert!(both.ct_eq(&Point::base_mul(&a).add(&left.mul(&b))));
        assert!(both.ct_eq(&left.base_mul_add_mul_vartime(&a, &b)));
        assert!(left.sub(&left).is_neutral() && !left.is_neutral());
    }
    let zero = Scalar::from_le_bytes_reduced(&[]);
    assert!(zero.is_zero() && Point::base_mul(&zero).is_neutral());
    assert!(Point::base().base_mul_add_mul_vartime(&zero, &zero).is_neutral());
    let order_bytes = order().to_bytes_le();
    assert!(Scalar::from_le_bytes_reduced(&order_bytes).is_zero());
    let mut padded = [0; 57];
    padded[..order_bytes.len()].copy_from_slice(&order_bytes);
    assert!(Scalar::from_le_bytes(&padded).is_none());
    padded[0] -= 1;
    assert!(Scalar::from_le_bytes(&padded).is_some());
    padded[56] = 1;
    assert!(Scalar::from_le_bytes(&padded).is_none());
}

/// A pair whose secret is zero modulo q contributes nothing: its owner notices.
#[test]
fn s78_an_agreement_that_is_neutral_is_refused() {
    let nobody = KeyPair::from_scalar(Scalar::from_le_bytes_reduced(&order().to_bytes_le()));
    assert!(nobody.agree(&Point::base()).is_err());
}

#[test]
fn ring_signatures_match_the_reference_at_every_place() {
    for place in 0..3 {
        let [a, b, c, signature] = cut(&primitive(&format!("ring.{place}")), [57, 57, 57, 342]);
        let keys = [a, b, c].map(|bytes| SigningKey::from_seed(seed(&bytes)));
        let ring = [&keys[0], &keys[1], &keys[2]].map(SigningKey::public);
        let message = &sample()[..100 * place];
        let mut rng = SeedRng::new(&format!("ring {place}"));
        let ours = ring_signature::sign(keys[place].pair(), ring, message, &mut rng).unwrap();
        assert_eq!(ours.as_slice(), signature);
        assert_eq!(ring_signature::verify(ring, message, &ours), Ok(()));
    }
}

#[test]
fn a_ring_signature_binds_message_ring_and_order() {
    let mut rng = SeedRng::new("ring");
    let keys = [(); 4].map(|()| KeyPair::generate(&mut rng));
    let [a, b, c, d] = [0, 1, 2, 3].map(|n: usize| keys[n].public());
    let signature = ring_signature::sign(&keys[1], [a, b, c], b"message", &mut rng).unwrap();
    assert_eq!(ring_signature::verify([a, b, c], b"message", &signature), Ok(()));
    for (ring, message) in [
        ([a, b, c], &b"messagf"[..]),
        ([a, b, c], b"message\0"),
        ([b, a, c], b"message"),
        ([a, b, d], b"message"),
    ] {
        assert_eq!(
            ring_signature::verify(ring, message, &signature),
            Err(BadRingSignature)
        );
    }
    for bit in (0..signature.len() * 8).step_by(37) {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            ring_signature::verify([a, b, c], b"message", &changed),
            Err(BadRingSignature),
            "bit {bit}"
        );
    }
    // Zero scalars, all or some of them, are an ordinary refusal (D-22).
    assert_eq!(
        ring_signature::verify([a, b, c], b"message", &[0; 342]),
        Err(BadRingSignature)
    );
    for scalar in 0..6 {
        let mut changed = signature;
        changed[57 * scalar..][..57].fill(0);
        assert_eq!(
            ring_signature::verify([a, b, c], b"message", &changed),
            Err(BadRingSignature)
        );
    }
    assert_eq!(
        ring_signature::sign(&keys[3], [a, b, c], b"message", &mut rng),
        Err(NotInRing)
    );
    assert_eq!(
        ring_signature::sign(&keys[0], [a, a, c], b"message", &mut rng),
        Err(NotInRing)
    );
}

/// Law: nothing secret is printed, whole or in part.
#[test]
fn no_secret_in_debug() {
    let key = SigningKey::from_seed(seed(&[0xab; 57]));
    let scalar = key.pair().secret().to_le_bytes();
    let dh = DhSecret::from_bytes(&[0xab; 80]).unwrap();
    let shared = dh.agree(&dh.public());
    let shown = [
        format!("{key:?} {key:#?}"),
        format!("{:?} {:#?}", key.pair(), key.pair()),
        format!("{:?} {:#?}", key.pair().secret(), key.public()),
        format!("{dh:?} {dh:#?} {shared:?} {shared:#?}"),
    ]
    .concat()
    .to_lowercase();
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for secret in [
        &[0xab; 4][..],
        &scalar[..4],
        &shared.as_bytes()[..4],
        &key.public().encode()[..4],
    ] {
        assert!(!shown.contains(&hexadecimal(secret)), "{shown}");
        let decimal = secret.iter().map(u8::to_string).collect::<Vec<_>>();
        assert!(
            !shown.contains(&decimal.join(", ")) && !shown.contains(&decimal.join(",\n")),
            "{shown}"
        );
    }
    assert!(
        shown.contains("signingkey(..)") && shown.contains("scalar(..)") && shown.contains("dhshared(..)")
    );
}

fn prime() -> BigUint {
    (BigUint::from(1u8) << 448) - (BigUint::from(1u8) << 224) - 1u8
}

fn order() -> BigUint {
    let less: BigUint = "13818066809895115352007386748515426880336692474882178609894547503885"
        .parse()
        .unwrap();
    (BigUint::from(1u8) << 446) - less
}

/// From the formula of RFC 3526: 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 pi) + 1690314), pi by Machin's formula.
fn dh_prime() -> BigUint {
    let guard = 64;
    let one = BigUint::from(1u8) << (2942 + guard);
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
    (BigUint::from(1u8) << 3072) - (BigUint::from(1u8) << 3008) - 1u8 + ((pi + 1_690_314u32) << 64)
}

fn invert(number: &BigUint) -> BigUint {
    number.modpow(&(prime() - 2u8), &prime())
}

/// d = -39081.
fn d() -> BigUint {
    prime() - 39081u32
}

fn is_on_curve(x: &BigUint, y: &BigUint) -> bool {
    let p = prime();
    let (x2, y2) = (x * x % &p, y * y % &p);
    (&x2 + &y2) % &p == (d() * x2 * y2 + 1u8) % &p
}

/// x and y of an encoded point: p is 3 modulo 4, so a root is a power.
fn coordinates(encoded: &[u8]) -> (BigUint, BigUint) {
    let p = prime();
    let y = BigUint::from_bytes_le(&encoded[..56]);
    let y2 = &y * &y % &p;
    let x2 = (&y2 + &p - 1u8) * invert(&((d() * &y2 + &p - 1u8) % &p)) % &p;
    let root = x2.modpow(&((&p + 1u8) / 4u8), &p);
    let x = if root.bit(0) == (encoded[56] >> 7 == 1) {
        root
    } else {
        &p - root
    };
    assert!(is_on_curve(&x, &y));
    (x, y)
}

fn add((x1, y1): &(BigUint, BigUint), (x2, y2): &(BigUint, BigUint)) -> (BigUint, BigUint) {
    let p = prime();
    let product = d() * x1 * x2 % &p * y1 % &p * y2 % &p;
    let x = (x1 * y2 + y1 * x2) * invert(&((&product + 1u8) % &p)) % &p;
    let y = (y1 * y2 + (&p - x1) * x2) * invert(&((&p + 1u8 - product) % &p)) % &p;
    (x, y)
}

fn multiply(number: &BigUint, point: &(BigUint, BigUint)) -> (BigUint, BigUint) {
    let mut sum = (BigUint::from(0u8), BigUint::from(1u8));
    for bit in (0..number.bits()).rev() {
        sum = add(&sum, &sum);
        if number.bit(bit) {
            sum = add(&sum, point);
        }
    }
    sum
}

fn montgomery_u(encoded: &[u8]) -> BigUint {
    let p = prime();
    let (x, y) = coordinates(encoded);
    let ratio = y * invert(&x) % &p;
    &ratio * &ratio % &p
}
