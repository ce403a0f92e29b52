//! S-51: the secret k of a signature is never repeated, biased or left to the random source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{SeedableRng, TryCryptoRng, TryRng};
use num_bigint::BigUint;
use otr::crypto::dsa::PrivateKey;
use rand_core::CryptoRng;
use std::collections::HashSet;
use std::convert::Infallible;

/// A source of randomness that is stuck.
struct Stuck(u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

fn key() -> PrivateKey {
    PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(51))
}

fn big(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

fn message(i: u32) -> [u8; 32] {
    let mut message = [0x5a; 32];
    message[..4].copy_from_slice(&i.to_be_bytes());
    message
}

/// k, from a signature and the private key.
fn nonce(key: &PrivateKey, message: &[u8], signature: &[u8; 40]) -> BigUint {
    let q = big(key.public().parts()[1]);
    let (r, s) = (big(&signature[..20]), big(&signature[20..]));
    (big(message) + big(&key.x()[..]) * r) * s.modinv(&q).unwrap() % q
}

fn all_different(key: &PrivateKey, rng: &mut dyn CryptoRng) {
    let mut seen = HashSet::new();
    for i in 0..2000 {
        let signature = key.sign(&message(i), rng);
        assert!(
            seen.insert(signature[..20].to_vec()),
            "r of message {i} was there before"
        );
    }
}

#[test]
fn no_two_messages_share_a_nonce_even_with_a_stuck_source() {
    let key = key();
    all_different(&key, &mut Stuck(0));
    all_different(&key, &mut Stuck(0xff));
    all_different(&key, &mut ChaCha20Rng::seed_from_u64(1));
}

#[test]
fn a_stuck_source_makes_signatures_a_function_of_key_and_message() {
    let (key, other) = (key(), PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(52)));
    let signature = key.sign(&message(1), &mut Stuck(0));
    assert_eq!(key.sign(&message(1), &mut Stuck(0)), signature);
    assert_ne!(key.sign(&message(1), &mut Stuck(1)), signature);
    let theirs = other.sign(&message(1), &mut Stuck(0));
    assert_ne!(
        nonce(&other, &message(1), &theirs),
        nonce(&key, &message(1), &signature)
    );
}

#[test]
fn a_good_source_makes_every_signature_of_one_message_different() {
    let key = key();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let signatures: HashSet<[u8; 40]> = (0..200).map(|_| key.sign(&message(1), &mut rng)).collect();
    assert_eq!(signatures.len(), 200);
}

#[test]
fn the_bits_of_a_nonce_are_even() {
    let key = key();
    let q = big(key.public().parts()[1]);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let nonces: Vec<BigUint> = (0..2000)
        .map(|i| {
            let signature = key.sign(&message(i), &mut rng);
            nonce(&key, &message(i), &signature)
        })
        .collect();
    assert!(nonces.iter().all(|k| *k < q && *k > BigUint::ZERO));
    // Modulo q the uppermost bits follow q; those below are even to 6 standard deviations.
    for bit in 0..156 {
        let set = nonces.iter().filter(|k| k.bit(bit)).count();
        assert!((866..=1134).contains(&set), "bit {bit} is set in {set} of 2000");
    }
    // The uppermost ones by place: each quarter of 1..q holds a quarter of the nonces.
    for quarter in 0..4_u8 {
        let inside = |k: &&BigUint| **k >= &q * quarter / 4_u8 && **k < &q * (quarter + 1) / 4_u8;
        let count = nonces.iter().filter(inside).count();
        assert!(
            (384..=616).contains(&count),
            "quarter {quarter} holds {count} of 2000"
        );
    }
}
