//! Alice's side of the interactive exchange: she has answered an Identity message with Auth-R, and waits for Auth-I.

use rand_core::CryptoRng;

use crate::identity::{ClientProfile, Half, Ssid};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::auth;
use crate::v4::channel::Established;
use crate::v4::dake::{Proven, Signer, check_addresses};
use crate::v4::ephemeral::{Ephemeral, EphemeralPublic, duplicate};
use crate::v4::mixed_secret::MixedSecret;
use crate::v4::ratchet::Side;
use crate::v4::transcript::Party;
use crate::v4::turn::OurKeys;
use crate::wire::header::{Header, InstanceTag};
use crate::wire::v4::{AuthI, AuthR, Identity};

/// What we must remember after an Auth-R message: what the other side has to sign, and the secret that it will prove.
///
/// The keys that authenticated have served already, and are gone.
pub struct Answer {
    question: Identity,
    reply: AuthR,
    bob: Party,
    alice: Party,
    exchanged: MixedSecret,
    first: OurKeys,
}

/// Checks an Identity message, all of it, before anything is computed for its sender. Nothing in it is proved: anybody may
/// send anybody's profile.
///
/// # Errors
/// The first check that failed.
pub fn check_identity(
    header: &Header,
    message: &Identity,
    ours: InstanceTag,
    now: Timestamp,
) -> Result<(ClientProfile, EphemeralPublic), Reject> {
    check_addresses(header, ours, true)?;
    let profile = ClientProfile::validate(&message.profile, header.sender, now)?;
    let keys = EphemeralPublic::check(&message.y, &message.b, &message.first_ecdh, &message.first_dh)?;
    // Y stands in a ring with our key and their forging key, and has to be another one.
    if keys.ecdh.ct_eq(profile.forging_key()) || keys.ecdh.ct_eq(profile.long_term_key()) {
        return Err(Reject::BadGroupElement);
    }
    Ok((profile, keys))
}

impl Answer {
    /// Answers a checked Identity message with keys of our own. `theirs` is what [`check_identity`] found in `message`.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] if their point contributes nothing; [`Reject::Unexpected`] if the signer's key is none
    /// that could sign.
    pub fn new(
        message: &Identity,
        theirs: (ClientProfile, EphemeralPublic),
        signer: &Signer<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Reject> {
        let keys = Ephemeral::generate(rng);
        let bob = Party {
            profile: theirs.0,
            name: signer.names.theirs.to_vec(),
            keys: theirs.1,
        };
        let alice = Party {
            profile: signer.profile.clone(),
            name: signer.names.ours.to_vec(),
            keys: keys.public(),
        };
        let sigma = auth::sign_auth_r(signer.key, &bob, &alice, rng).map_err(|_| Reject::Unexpected)?;
        let exchanged = keys.agree(&bob.keys)?;
        let (x, a, first_ecdh, first_dh) = alice.keys.fields();
        let reply = AuthR {
            profile: signer.profile.raw().clone(),
            x,
            a,
            sigma,
            first_ecdh,
            first_dh,
        };
        Ok(Self {
            question: message.clone(),
            reply,
            bob,
            alice,
            exchanged,
            first: keys.first,
        })
    }

    /// The Auth-R message.
    pub fn reply(&self) -> &AuthR {
        &self.reply
    }

    /// Whether this is the answer to that very message. A second copy of it gets a second copy of the answer: new keys
    /// would cost as much as for a new message, and one lost letter less would be made good.
    #[must_use]
    pub fn is_to(&self, header: &Header, message: &Identity) -> bool {
        header.sender == self.bob.profile.owner() && *message == self.question
    }

    /// Auth-I received: check it, and the exchange is done.
    ///
    /// # Errors
    /// The first check that failed; the state is still the caller's.
    pub fn on_auth_i(&self, header: &Header, message: &AuthI) -> Result<Proven, Reject> {
        check_addresses(header, self.alice.profile.owner(), false)?;
        if header.sender != self.bob.profile.owner() {
            return Err(Reject::WrongInstance);
        }
        auth::verify_auth_i(&self.bob, &self.alice, &message.sigma)?;
        let established = Established {
            side: Side::Alice,
            ssid: Ssid::short(self.exchanged.ssid(), Half::First),
            exchanged: MixedSecret::fill_with(|key| key.copy_from_slice(self.exchanged.expose())),
            ours: duplicate(&self.first),
            theirs: self.bob.keys.first.clone(),
            peer: self.bob.profile.fingerprint(),
        };
        Ok(Proven {
            established,
            profile: self.bob.profile.clone(),
        })
    }
}

#[cfg(feature = "hazmat")]
impl Answer {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        use crate::v4::transcript;
        use crate::wire::Wire;
        field(bytes, &self.question.to_bytes());
        field(bytes, &self.reply.to_bytes());
        field(bytes, &transcript::auth_i(&self.bob, &self.alice));
        field(bytes, self.exchanged.expose());
        field(bytes, &self.first.ecdh.secret().to_le_bytes());
        field(bytes, self.first.dh.expose());
    }
}
