//! Bob's side of the interactive exchange: he has sent an Identity message, and waits for Auth-R.

use rand_core::CryptoRng;

use crate::crypto::ed448::KeyPair;
use crate::identity::{ClientProfile, Half, Ssid};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::auth;
use crate::v4::channel::Established;
use crate::v4::dake::{Names, Proven, check_addresses};
use crate::v4::ephemeral::{Ephemeral, EphemeralPublic, duplicate};
use crate::v4::ratchet::Side;
use crate::v4::transcript::Party;
use crate::wire::header::Header;
use crate::wire::v4::{AuthI, AuthR, Identity};

/// What we must remember after an Identity message.
pub struct WaitingAuthR {
    /// The profile that was sent: ours may have been renewed since.
    profile: Box<ClientProfile>,
    keys: Box<Ephemeral>,
}

impl WaitingAuthR {
    /// Makes the keys of an exchange.
    pub fn start(profile: &ClientProfile, rng: &mut dyn CryptoRng) -> (Self, Identity) {
        let state = Self {
            profile: Box::new(profile.clone()),
            keys: Box::new(Ephemeral::generate(rng)),
        };
        let identity = state.identity();
        (state, identity)
    }

    /// The message that was sent.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let (y, b, first_ecdh, first_dh) = self.public().fields();
        Identity {
            profile: self.profile.raw().clone(),
            y,
            b,
            first_ecdh,
            first_dh,
        }
    }

    /// The keys in it.
    #[must_use]
    pub fn public(&self) -> EphemeralPublic {
        self.keys.public()
    }

    /// A second copy of this state, for one more device that answers the same offer.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            profile: self.profile.clone(),
            keys: Box::new(self.keys.duplicate()),
        }
    }

    /// Auth-R received: check everything, answer with Auth-I. `key` signs for us: our long-term key.
    ///
    /// # Errors
    /// The first check that failed; the state is still the caller's. [`Reject::Unexpected`] if `key` is none that could
    /// sign for the profile that was sent.
    pub fn on_auth_r(
        &self,
        header: &Header,
        message: &AuthR,
        key: &KeyPair,
        names: Names<'_>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Proven, AuthI), Reject> {
        check_addresses(header, self.profile.owner(), false)?;
        let profile = ClientProfile::validate(&message.profile, header.sender, now)?;
        let theirs = EphemeralPublic::check(&message.x, &message.a, &message.first_ecdh, &message.first_dh)?;
        if theirs.shares_a_key(&self.public()) {
            return Err(Reject::Reflected);
        }
        let alice = Party {
            profile,
            name: names.theirs.to_vec(),
            keys: theirs,
        };
        let bob = Party {
            profile: (*self.profile).clone(),
            name: names.ours.to_vec(),
            keys: self.public(),
        };
        auth::verify_auth_r(&bob, &alice, &message.sigma)?;
        let exchanged = self.keys.agree(&alice.keys)?;
        let sigma = auth::sign_auth_i(key, &bob, &alice, rng).map_err(|_| Reject::Unexpected)?;
        let established = Established {
            side: Side::Bob,
            ssid: Ssid::short(exchanged.ssid(), Half::Second),
            exchanged,
            ours: duplicate(&self.keys.first),
            theirs: alice.keys.first,
            peer: alice.profile.fingerprint(),
        };
        let proven = Proven {
            established,
            profile: alice.profile,
        };
        Ok((proven, AuthI { sigma }))
    }
}

#[cfg(feature = "hazmat")]
impl WaitingAuthR {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        use crate::wire::Wire;
        field(bytes, &self.identity().to_bytes());
        field(bytes, self.profile.raw().as_bytes());
        for ecdh in [&self.keys.ecdh, &self.keys.first.ecdh] {
            field(bytes, &ecdh.secret().to_le_bytes());
        }
        for dh in [&self.keys.dh, &self.keys.first.dh] {
            field(bytes, dh.expose());
        }
    }
}
