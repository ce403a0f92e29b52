//! Signatures in a ring of three keys ("Ring Signature Authentication"): somebody who knows one of three secrets has
//! signed, and nobody can say which of them, not even the other two.
//!
//! ```text
//! T_i = t·G                     for the key that is known       T_j = r_j·G + c_j·A_j    for the others
//! c   = HashToScalar(1A, G ‖ q ‖ A1 ‖ A2 ‖ A3 ‖ T1 ‖ T2 ‖ T3 ‖ DATA(message))
//! c_i = c - the other c_j       r_i = t - c_i·a_i
//! signature = c1 ‖ r1 ‖ c2 ‖ r2 ‖ c3 ‖ r3                       six SCALARs, 342 bytes
//! ```
//!
//! The text hashes the bare message; both living implementations put its length in front, and so do we (decision 0081).
//! [`sign`] and [`verify`] take explicit keys and keep nothing, so that a forger calls the very same code.

use core::fmt;

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};

use super::ed448::{KeyPair, Point, SIZE, Scalar, hash_to_scalar};
use super::kdf::Usage;

/// A ring signature as it travels.
pub type RingSignature = [u8; SIGNATURE_SIZE];

/// "RSig": signs with the key pair that stands at one place of the ring. What is computed, and the time that it takes,
/// is the same at every place.
///
/// # Errors
/// [`NotInRing`] unless the key stands at one place exactly.
pub fn sign(
    key: &KeyPair,
    ring: [&Point; 3],
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<RingSignature, NotInRing> {
    let ours = places(key.public(), &ring)?;
    // For the place of our key these are drawn too, and not used.
    let t = Scalar::random(rng);
    let simulated_c = [(); 3].map(|()| Scalar::random(rng));
    let simulated_r = [(); 3].map(|()| Scalar::random(rng));
    let commitment = Point::base_mul(&t);
    // Of the two other places the first is 0, or 1 if ours is 0; the last is 2, or 1 if ours is 2.
    let [at_0, _, at_2] = ours;
    let first_c = Scalar::select(&simulated_c[0], &simulated_c[1], at_0);
    let first_r = Scalar::select(&simulated_r[0], &simulated_r[1], at_0);
    let first = Point::select(ring[0], ring[1], at_0).base_mul_add_mul(&first_r, &first_c);
    let last_c = Scalar::select(&simulated_c[2], &simulated_c[1], at_2);
    let last_r = Scalar::select(&simulated_r[2], &simulated_r[1], at_2);
    let last = Point::select(ring[2], ring[1], at_2).base_mul_add_mul(&last_r, &last_c);
    let middle = Point::select(&Point::select(&commitment, &first, at_0), &last, at_2);
    let commitments = [
        Point::select(&first, &commitment, at_0),
        middle,
        Point::select(&last, &commitment, at_2),
    ]
    .map(|point| point.encode());
    let others = first_c.add(&last_c);
    let our_c = challenge(&ring, &commitments, message).sub(&others);
    let our_r = t.sub_mul(key.secret(), &our_c);
    let mut signature = [0; SIGNATURE_SIZE];
    for (place, bytes) in signature.as_chunks_mut::<{ 2 * SIZE }>().0.iter_mut().enumerate() {
        let c = Scalar::select(&simulated_c[place], &our_c, ours[place]);
        let r = Scalar::select(&simulated_r[place], &our_r, ours[place]);
        bytes[..SIZE].copy_from_slice(&c.to_le_bytes());
        bytes[SIZE..].copy_from_slice(&r.to_le_bytes());
    }
    Ok(signature)
}

/// "RVrf": checks a signature. Variable time: everything in it is public. Any six SCALARs may be asked about.
///
/// # Errors
/// [`BadRingSignature`] if nobody who knows the secret of one of the three keys has signed this message.
pub fn verify(ring: [&Point; 3], message: &[u8], signature: &RingSignature) -> Result<(), BadRingSignature> {
    let mut commitments = [[0; SIZE]; 3];
    let mut sum = Scalar::from_le_bytes_reduced(&[]);
    let halves = signature.as_chunks::<{ 2 * SIZE }>().0;
    for ((commitment, bytes), key) in commitments.iter_mut().zip(halves).zip(ring) {
        let (c, r) = bytes.split_at(SIZE);
        let (c, r) = (Scalar::from_le_bytes_reduced(c), Scalar::from_le_bytes_reduced(r));
        *commitment = key.base_mul_add_mul_vartime(&r, &c).encode();
        sum = sum.add(&c);
    }
    if challenge(&ring, &commitments, message).ct_eq(&sum) {
        Ok(())
    } else {
        Err(BadRingSignature)
    }
}

/// Where in the ring the key stands.
fn places(key: &Point, ring: &[&Point; 3]) -> Result<[Choice; 3], NotInRing> {
    let key = key.encode();
    let ours = ring.map(|point| point.encode().as_slice().ct_eq(&key));
    let count: u8 = ours.iter().map(Choice::unwrap_u8).sum();
    if count == 1 { Ok(ours) } else { Err(NotInRing) }
}

fn challenge(ring: &[&Point; 3], commitments: &[[u8; SIZE]; 3], message: &[u8]) -> Scalar {
    let keys = ring.map(Point::encode);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    hash_to_scalar(
        Usage::RING_SIGNATURE,
        &[
            &Point::base().encode(),
            &ORDER,
            keys.as_flattened(),
            commitments.as_flattened(),
            &length,
            message,
        ],
    )
}

/// The key that is to sign does not stand in the ring, or more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInRing;

impl fmt::Display for NotInRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signer's key does not stand at one place of the ring")
    }
}

impl std::error::Error for NotInRing {}

/// A ring signature does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRingSignature;

impl fmt::Display for BadRingSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring signature does not match")
    }
}

impl std::error::Error for BadRingSignature {}

/// Bytes of a ring signature.
pub const SIGNATURE_SIZE: usize = 6 * SIZE;
/// The order q as 57 bytes, little-endian. Not a SCALAR, which would be zero.
const ORDER: [u8; SIZE] = [
    0xf3, 0x44, 0x58, 0xab, 0x92, 0xc2, 0x78, 0x23, 0x55, 0x8f, 0xc5, 0x8d, 0x72, 0xc2, 0x6c, 0x21, 0x90,
    0x36, 0xd6, 0xae, 0x49, 0xdb, 0x4e, 0xc4, 0xe9, 0x23, 0xca, 0x7c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0x3f, 0x00,
];
