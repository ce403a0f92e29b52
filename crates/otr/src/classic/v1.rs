//! The key exchange of version 1: one signed message each way.
//!
//! It is here for history and for proof. It lets an active attacker pass off Alice's words as his own
//! (identity misbinding, S-10), shows both public keys to everybody, and is off in every preset.

use rand_core::CryptoRng;

use crate::classic::ake::FIRST_KEY_ID;
use crate::classic::channel::Established;
use crate::crypto::dsa::PublicKey;
use crate::crypto::legacy::sha1;
use crate::crypto::modp::{DhPublic, DhSecret};
use crate::identity::{Account, Half, Ssid, long_term_keys};
use crate::reject::Reject;
use crate::wire::Mpi;
use crate::wire::v1::KeyExchange;

/// AUTHSTATE_V1_SETUP: we sent a Key Exchange message and wait for the other one.
pub struct Setup {
    secret: DhSecret,
    public: DhPublic,
}

impl Setup {
    /// Makes a D-H key.
    pub fn new(rng: &mut dyn CryptoRng) -> Self {
        let secret = DhSecret::generate(rng);
        Self {
            public: secret.public(),
            secret,
        }
    }

    /// Our signed Key Exchange message; `reply` says that it answers one.
    pub fn message(&self, account: &Account, reply: bool, rng: &mut dyn CryptoRng) -> KeyExchange {
        let key = long_term_keys::to_wire(account.key().public());
        let mut message = KeyExchange {
            reply,
            p: key.p,
            q: key.q,
            g: key.g,
            e: key.y,
            key_id: FIRST_KEY_ID,
            dh_y: Mpi::from_be_bytes(&self.public.to_be_bytes()),
            signature: [0; 40],
        };
        message.signature = account.key().sign(&sha1(&[&message.signed_bytes()]), rng);
        message
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        crate::hazmat::field(bytes, self.secret.expose());
    }

    /// Verifies the other side's message and computes the shared secret.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn finish(&self, message: &KeyExchange) -> Result<Established, Reject> {
        let peer = verified_sender(message)?;
        let theirs = DhPublic::from_be_bytes(message.dh_y.as_bytes()).map_err(|_| Reject::BadGroupElement)?;
        if theirs == self.public {
            return Err(Reject::Reflected);
        }
        let shared = self.secret.agree(&theirs);
        // The low end reads the first half aloud.
        let half = if self.public > theirs {
            Half::Second
        } else {
            Half::First
        };
        let ssid = Ssid::long(sha1(&[&[0], shared.secbytes()]), half);
        Ok(Established {
            our_key_id: FIRST_KEY_ID,
            our_secret: self.secret.duplicate(),
            our_public: self.public.clone(),
            their_key_id: message.key_id,
            their_public: theirs,
            shared,
            peer: long_term_keys::fingerprint(&peer),
            ssid,
        })
    }
}

fn verified_sender(message: &KeyExchange) -> Result<PublicKey, Reject> {
    if message.key_id == 0 {
        return Err(Reject::UnknownKey);
    }
    let key = PublicKey::from_parts(
        message.p.as_bytes(),
        message.q.as_bytes(),
        message.g.as_bytes(),
        message.e.as_bytes(),
    )
    .map_err(|_| Reject::BadPublicKey)?;
    key.verify(&sha1(&[&message.signed_bytes()]), &message.signature)
        .map_err(|_| Reject::BadSignature)?;
    Ok(key)
}
