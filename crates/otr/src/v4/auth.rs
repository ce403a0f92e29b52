//! Making and checking what authenticates the two sides of an interactive exchange ("Auth-R Message", "Auth-I
//! Message").
//!
//! Pure functions of explicit keys: whoever knows the secret of any key of a ring may call them, and a third person
//! cannot tell who did. That is the deniability of the protocol, and why a forger calls this very code.
//!
//! | message | ring | signed by | also by |
//! |---|---|---|---|
//! | Auth-R | F of Bob, H of Alice, Y | Alice, with H | Bob, with y; who knows Bob's forging secret |
//! | Auth-I | H of Bob, F of Alice, X | Bob, with H | Alice, with x; who knows Alice's forging secret |

use rand_core::CryptoRng;

use crate::crypto::ed448::{KeyPair, Point};
use crate::crypto::ring_signature::{self, NotInRing, RingSignature};
use crate::identity::BadProfile;
use crate::reject::Reject;
use crate::v4::transcript::{self, Party};

/// The signature of an Auth-R message.
///
/// # Errors
/// [`NotInRing`] unless `key` is one of the three.
pub fn sign_auth_r(
    key: &KeyPair,
    bob: &Party,
    alice: &Party,
    rng: &mut dyn CryptoRng,
) -> Result<RingSignature, NotInRing> {
    ring_signature::sign(key, auth_r_ring(bob, alice), &transcript::auth_r(bob, alice), rng)
}

/// Checks the signature of an Auth-R message.
///
/// # Errors
/// [`Reject::BadGroupElement`] if two keys of the ring are the same, [`Reject::BadSignature`] if it does not match.
pub fn verify_auth_r(bob: &Party, alice: &Party, sigma: &RingSignature) -> Result<(), Reject> {
    verify(auth_r_ring(bob, alice), &transcript::auth_r(bob, alice), sigma)
}

/// The signature of an Auth-I message.
///
/// # Errors
/// [`NotInRing`] unless `key` is one of the three.
pub fn sign_auth_i(
    key: &KeyPair,
    bob: &Party,
    alice: &Party,
    rng: &mut dyn CryptoRng,
) -> Result<RingSignature, NotInRing> {
    ring_signature::sign(key, auth_i_ring(bob, alice), &transcript::auth_i(bob, alice), rng)
}

/// Checks the signature of an Auth-I message.
///
/// # Errors
/// [`Reject::BadGroupElement`] if two keys of the ring are the same, [`Reject::BadSignature`] if it does not match.
pub fn verify_auth_i(bob: &Party, alice: &Party, sigma: &RingSignature) -> Result<(), Reject> {
    verify(auth_i_ring(bob, alice), &transcript::auth_i(bob, alice), sigma)
}

fn auth_r_ring<'a>(bob: &'a Party, alice: &'a Party) -> [&'a Point; 3] {
    [
        bob.profile.forging_key(),
        alice.profile.long_term_key(),
        &bob.keys.ecdh,
    ]
}

fn auth_i_ring<'a>(bob: &'a Party, alice: &'a Party) -> [&'a Point; 3] {
    [
        bob.profile.long_term_key(),
        alice.profile.forging_key(),
        &alice.keys.ecdh,
    ]
}

fn verify(ring: [&Point; 3], message: &[u8], sigma: &RingSignature) -> Result<(), Reject> {
    let [first, second, third] = ring;
    // An honest signer does not find himself twice. Asked before anything is computed.
    if first.ct_eq(second) || first.ct_eq(third) || second.ct_eq(third) {
        return Err(Reject::BadGroupElement);
    }
    ring_signature::verify(ring, message, sigma).map_err(|_| Reject::BadSignature)
}

impl From<BadProfile> for Reject {
    fn from(reason: BadProfile) -> Self {
        match reason {
            BadProfile::Expired | BadProfile::TooLong => Self::Expired,
            BadProfile::OtherInstance => Self::WrongInstance,
            BadProfile::Key | BadProfile::EqualKeys => Self::BadPublicKey,
            BadProfile::Signature => Self::BadSignature,
            BadProfile::Malformed | BadProfile::Order | BadProfile::Incomplete | BadProfile::Versions => {
                Self::BadProfile
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_profile_has_its_reason() {
        let table = [
            (BadProfile::Malformed, Reject::BadProfile),
            (BadProfile::Order, Reject::BadProfile),
            (BadProfile::Incomplete, Reject::BadProfile),
            (BadProfile::Versions, Reject::BadProfile),
            (BadProfile::OtherInstance, Reject::WrongInstance),
            (BadProfile::Expired, Reject::Expired),
            (BadProfile::TooLong, Reject::Expired),
            (BadProfile::Key, Reject::BadPublicKey),
            (BadProfile::EqualKeys, Reject::BadPublicKey),
            (BadProfile::Signature, Reject::BadSignature),
        ];
        let mut texts: Vec<String> = table.iter().map(|(fault, _)| fault.to_string()).collect();
        for (fault, reason) in table {
            assert_eq!(Reject::from(fault), reason);
            // What a stranger sent gets no answer that tells how far it came.
            assert_eq!(reason.reply(), None);
        }
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), table.len());
    }
}
