//! S-14: a signature or a key with a number outside its range is never accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use dsa::{BoxedUint, Components, Signature, SigningKey, VerifyingKey};
use num_bigint::BigUint;
use otr::crypto::dsa::{BadPrivateKey, BadPublicKey, BadSignature, PrivateKey, PublicKey};

fn key() -> PrivateKey {
    PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(14))
}

fn big(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

/// p, q, g, y.
fn numbers(key: &PublicKey) -> [BigUint; 4] {
    key.parts().map(big)
}

fn public(parts: &[BigUint; 4]) -> Result<PublicKey, BadPublicKey> {
    let [p, q, g, y] = parts.each_ref().map(BigUint::to_bytes_be);
    PublicKey::from_parts(&p, &q, &g, &y)
}

fn private(parts: &[BigUint; 4], x: &BigUint) -> Result<PrivateKey, BadPrivateKey> {
    let [p, q, g, y] = parts.each_ref().map(BigUint::to_bytes_be);
    PrivateKey::from_parts(&p, &q, &g, &y, &x.to_bytes_be())
}

fn fixed(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; 20 - bytes.len()], bytes].concat()
}

fn signature(r: &BigUint, s: &BigUint) -> [u8; 40] {
    [fixed(r), fixed(s)].concat().try_into().unwrap()
}

fn split(signature: &[u8; 40]) -> (BigUint, BigUint) {
    (big(&signature[..20]), big(&signature[20..]))
}

fn messages(rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = [0, 1, 19, 20, 21, 32, 64, 300]
        .map(|len| vec![0xff; len])
        .to_vec();
    for _ in 0..20 {
        let mut message = vec![0; 32];
        rng.fill_bytes(&mut message);
        messages.push(message);
    }
    messages
}

/// The other implementation cuts what it signs to 20 bytes, so it gets the number already reduced.
struct Oracle {
    signing: SigningKey,
    q: BigUint,
}

impl Oracle {
    fn new(key: &PrivateKey) -> Self {
        let number = |bytes: &[u8], bits| BoxedUint::from_be_slice(bytes, bits).unwrap();
        let [p, q, g, y] = key.public().parts();
        let components =
            Components::from_components(number(p, 1024), number(q, 160), number(g, 1024)).unwrap();
        let verifying = VerifyingKey::from_components(components, number(y, 1024)).unwrap();
        let signing = SigningKey::from_components(verifying, number(&key.x()[..], 160)).unwrap();
        Self { signing, q: big(q) }
    }

    fn accepts(&self, message: &[u8], signature: &[u8; 40]) -> bool {
        let number = |bytes| BoxedUint::from_be_slice(bytes, 160).unwrap();
        let signature =
            Signature::from_components(number(&signature[..20]), number(&signature[20..])).unwrap();
        let hash = fixed(&(big(message) % &self.q));
        self.signing
            .verifying_key()
            .verify_prehash(&hash, &signature)
            .is_ok()
    }

    fn sign(&self, message: &[u8]) -> [u8; 40] {
        let signature: Signature = self
            .signing
            .sign_prehash(&fixed(&(big(message) % &self.q)))
            .unwrap();
        let bytes = |number: &BoxedUint| big(&number.to_be_bytes());
        self::signature(&bytes(signature.r()), &bytes(signature.s()))
    }
}

#[test]
fn an_independent_implementation_accepts_our_signatures_and_we_its() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = key();
    let oracle = Oracle::new(&key);
    for message in messages(&mut rng) {
        let ours = key.sign(&message, &mut rng);
        assert!(oracle.accepts(&message, &ours));
        assert_eq!(key.public().verify(&message, &ours), Ok(()));
        assert_eq!(key.public().verify(&message, &oracle.sign(&message)), Ok(()));
    }
}

#[test]
fn one_thousand_signatures_verify() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let key = key();
    for i in 0..1000_u32 {
        let message = [i.to_be_bytes(); 8].concat();
        let signature = key.sign(&message, &mut rng);
        assert_eq!(key.public().verify(&message, &signature), Ok(()), "{i}");
    }
}

#[test]
fn numbers_of_a_signature_with_leading_zeros_keep_their_places() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let key = key();
    let oracle = Oracle::new(&key);
    let (mut short_r, mut short_s) = (0, 0);
    for i in 0..20_000_u32 {
        let message = [i.to_be_bytes(); 8].concat();
        let signature = key.sign(&message, &mut rng);
        let short = (signature[0] == 0, signature[20] == 0);
        if short.0 || short.1 {
            assert_eq!(key.public().verify(&message, &signature), Ok(()));
            assert!(oracle.accepts(&message, &signature));
            short_r += u32::from(short.0);
            short_s += u32::from(short.1);
        }
        if short_r >= 2 && short_s >= 2 {
            return;
        }
    }
    panic!("no signature with a short r and a short s");
}

#[test]
fn numbers_of_a_signature_outside_their_range_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let key = key();
    let [_, q, _, _] = numbers(key.public());
    let (zero, one, limit) = (BigUint::ZERO, BigUint::from(1_u8), BigUint::from(1_u8) << 160);
    let (mut wrapped_r, mut wrapped_s) = (false, false);
    let mut i = 0_u32;
    while !(wrapped_r && wrapped_s) {
        let message = [i.to_be_bytes(); 8].concat();
        let (r, s) = split(&key.sign(&message, &mut rng));
        let refused = |r: &BigUint, s: &BigUint| {
            assert_eq!(
                key.public().verify(&message, &signature(r, s)),
                Err(BadSignature),
                "{r:x} {s:x}"
            );
        };
        for wrong in [&zero, &q, &(&q + &one), &(&limit - &one)] {
            refused(wrong, &s);
            refused(&r, wrong);
            refused(wrong, wrong);
            refused(&one, wrong);
            refused(wrong, &one);
        }
        // The same number modulo q: right but for the range.
        if &r + &q < limit {
            refused(&(&r + &q), &s);
            wrapped_r = true;
        }
        if &s + &q < limit {
            refused(&r, &(&s + &q));
            wrapped_s = true;
        }
        i += 1;
        assert!(i < 1000);
    }
}

#[test]
fn any_changed_bit_is_noticed() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let key = key();
    let message: Vec<u8> = (0..32).collect();
    let good = key.sign(&message, &mut rng);
    for bit in 0..320 {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            key.public().verify(&message, &bad),
            Err(BadSignature),
            "bit {bit} of the signature"
        );
    }
    for bit in 0..256 {
        let mut bad = message.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            key.public().verify(&bad, &good),
            Err(BadSignature),
            "bit {bit} of the message"
        );
    }
    assert_eq!(key.public().verify(&message[..20], &good), Err(BadSignature));
    assert_eq!(
        key.public().verify(&[&message[..], &[0]].concat(), &good),
        Err(BadSignature)
    );
    let other = PrivateKey::generate(&mut rng);
    assert_eq!(other.public().verify(&message, &good), Err(BadSignature));
    assert_eq!(key.public().verify(&message, &good), Ok(()));
}

#[test]
fn numbers_of_a_public_key_outside_their_range_are_refused() {
    let key = key();
    let good = numbers(key.public());
    assert_eq!(public(&good).as_ref(), Ok(key.public()));
    let [p, q, g, _] = &good;
    let one = BigUint::from(1_u8);
    // Twice and half the order fit p - 1 less well than they look: one is too long, one too short.
    let wrong_orders = [
        BigUint::ZERO,
        one.clone(),
        q + 2_u8,
        q - 1_u8,
        q >> 1,
        q << 1,
        q >> 8,
        (&one << 160) - 1_u8,
        p - 1_u8,
    ];
    let elements = [
        BigUint::ZERO,
        one.clone(),
        p - 1_u8,
        p.clone(),
        p + 1_u8,
        p + g,
        BigUint::from(2_u8),
    ];
    let moduli = [
        BigUint::ZERO,
        one.clone(),
        BigUint::from(0xfb_u8),
        p - 1_u8,
        p + 1_u8,
        (&one << 510) + 1_u8,
        (&one << 3072) + 1_u8,
        (&one << 16383) + 1_u8,
    ];
    for (place, wrong, reason) in [
        (0, &moduli[..], BadPublicKey::Modulus),
        (1, &wrong_orders[..], BadPublicKey::Order),
        (2, &elements[..], BadPublicKey::Generator),
        (3, &elements[..], BadPublicKey::Value),
    ] {
        for number in wrong {
            let mut parts = good.clone();
            parts[place] = number.clone();
            assert_eq!(public(&parts), Err(reason), "{place}: {number:x}");
        }
    }
    // An odd modulus of the right size that q does not fit.
    let mut parts = good.clone();
    parts[0] += 2_u8;
    assert_eq!(public(&parts), Err(BadPublicKey::Order));
}

#[test]
fn leading_zeros_make_no_other_key() {
    let key = key();
    let [p, q, g, y] = key.public().parts().map(|part| [&[0; 500], part].concat());
    let same = PublicKey::from_parts(&p, &q, &g, &y).unwrap();
    assert_eq!(&same, key.public());
    assert_eq!(same.parts(), key.public().parts());
    assert_ne!(
        PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(15)).public(),
        key.public()
    );
}

/// Group parameters with the given q and a modulus of the given size. The modulus is composite,
/// which a public key may have, as it is not asked: g is 1 modulo all of its factors but the first.
fn parameters(q: &BigUint, bits: u64) -> [BigUint; 3] {
    let first = (2_u32..)
        .map(|i| q * i + 1_u8)
        .find(|n| crypto_primes::is_prime(crypto_primes::Flavor::Any, &boxed(n)))
        .unwrap();
    let root = (2_u8..)
        .map(|h| BigUint::from(h).modpow(&((&first - 1_u8) / q), &first))
        .find(|root| *root > BigUint::from(1_u8))
        .unwrap();
    let step = q * 2_u8;
    let second = (BigUint::from(3_u8) << (bits - 2)) / &first / &step * &step + 1_u8;
    let p: BigUint = &first * &second;
    assert_eq!(p.bits(), bits);
    let g = (&root - 1_u8) * second.modinv(&first).unwrap() % &first * &second + 1_u8;
    [p, q.clone(), g]
}

fn boxed(number: &BigUint) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(&number.to_bytes_be())
}

#[test]
fn moduli_from_512_to_3072_bits_work() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let [_, q, _, _] = numbers(key().public());
    for bits in [512, 513, 768, 1000, 1023, 1024, 1025, 1536, 2048, 3071, 3072] {
        let [p, q, g] = parameters(&q, bits);
        let x = &q >> 1;
        let key = private(&[p.clone(), q, g.clone(), g.modpow(&x, &p)], &x).unwrap();
        let signature = key.sign(&[0xee; 32], &mut rng);
        assert_eq!(
            key.public().verify(&[0xee; 32], &signature),
            Ok(()),
            "{bits} bits"
        );
        assert_eq!(
            key.public().verify(&[0xef; 32], &signature),
            Err(BadSignature),
            "{bits} bits"
        );
    }
    for bits in [511, 3073] {
        let [p, q, g] = parameters(&q, bits);
        assert_eq!(
            public(&[p, q, g.clone(), g]),
            Err(BadPublicKey::Modulus),
            "{bits} bits"
        );
    }
}

#[test]
fn a_private_key_fits_its_public_half() {
    let key = key();
    let parts = numbers(key.public());
    let (q, x) = (&parts[1], big(&key.x()[..]));
    assert_eq!(private(&parts, &x).unwrap().public(), key.public());
    for wrong in [
        BigUint::ZERO,
        q.clone(),
        q + 1_u8,
        &x + q,
        &x << 160,
        (BigUint::from(1_u8) << 4000) + &x,
    ] {
        assert_eq!(
            private(&parts, &wrong).err(),
            Some(BadPrivateKey::Secret),
            "{wrong:x}"
        );
    }
    for wrong in [&x + 1_u8, &x - 1_u8, q - &x, BigUint::from(1_u8)] {
        assert_eq!(
            private(&parts, &wrong).err(),
            Some(BadPrivateKey::Mismatch),
            "{wrong:x}"
        );
    }
    let mut other = parts.clone();
    other[3] = parts[2].clone();
    assert_eq!(private(&other, &x).err(), Some(BadPrivateKey::Mismatch));
    other[3] = BigUint::ZERO;
    assert_eq!(
        private(&other, &x).err(),
        Some(BadPrivateKey::Public(BadPublicKey::Value))
    );
}

#[test]
fn a_private_key_with_a_composite_order_is_refused() {
    // Two factors of 80 bits each.
    let q = ((BigUint::from(1_u8) << 80) - 65_u8) * ((BigUint::from(1_u8) << 80) - 143_u8);
    let [p, q, g] = parameters(&q, 600);
    let x = BigUint::from(12345_u32);
    let parts = [p.clone(), q, g.clone(), g.modpow(&x, &p)];
    assert!(public(&parts).is_ok());
    assert_eq!(private(&parts, &x).err(), Some(BadPrivateKey::CompositeOrder));
}

#[test]
fn nothing_secret_is_printed() {
    let key = key();
    let shown = format!("{key:?}{key:#?}").to_lowercase();
    let x = format!("{:x}", big(&key.x()[..]));
    assert!(!shown.contains(&x[..6]), "{shown}");
    assert!(shown.contains("128 bytes"), "{shown}");
}
