//! Forging exchanges ("Forging", the toolkit that the text asks for), on the functions of the honest code.
//!
//! | secret | lets somebody |
//! |---|---|
//! | none | write down a whole exchange between two people who never met ([`exchange`]) |
//! | Bob's forging key, or y | be anybody towards Bob ([`impersonate_responder`]) |
//! | Alice's forging key, or x | be anybody towards Alice ([`impersonate_initiator`]) |
//! | a long-term key | be its owner: that is what it is for |
//!
//! So a transcript shows a third person nothing, whoever gives away whatever secrets of their own.

use rand_core::CryptoRng;

use crate::crypto::ed448::KeyPair;
use crate::identity::{ClientProfile, Half, Ssid};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::answer::{Answer, check_identity};
use crate::v4::auth;
use crate::v4::channel::Established;
use crate::v4::dake::{Proven, Signer};
use crate::v4::ephemeral::Ephemeral;
use crate::v4::offered::WaitingAuthR;
use crate::v4::ratchet::Side;
use crate::v4::transcript::Party;
use crate::wire::header::Header;
use crate::wire::v4::{AuthI, AuthR, Identity};

/// An exchange that never took place.
pub struct Forged {
    /// Bob's first message.
    pub identity: Identity,
    /// Alice's answer.
    pub auth_r: AuthR,
    /// Bob's last message.
    pub auth_i: AuthI,
    /// What Bob would have got out of it: for the forged conversation that follows.
    pub bob: Proven,
    /// What Alice would have got out of it.
    pub alice: Proven,
}

/// One of the two in a forged exchange.
pub struct Puppet<'a> {
    /// A profile of theirs: they are public.
    pub profile: &'a ClientProfile,
    /// The account in the network.
    pub name: &'a [u8],
    /// A key that may stand in for theirs where they sign: their long-term key, or the other's forging key. Without one the
    /// ephemeral key of the other puppet signs, which the forger has made.
    pub key: Option<&'a KeyPair>,
}

/// Writes an exchange between two people from their profiles.
///
/// # Errors
/// [`Reject::Unexpected`] if a key is none that could have signed.
pub fn exchange(bob: &Puppet<'_>, alice: &Puppet<'_>, rng: &mut dyn CryptoRng) -> Result<Forged, Reject> {
    let (bob_keys, alice_keys) = (Ephemeral::generate(rng), Ephemeral::generate(rng));
    let party = |puppet: &Puppet<'_>, keys: &Ephemeral| Party {
        profile: puppet.profile.clone(),
        name: puppet.name.to_vec(),
        keys: keys.public(),
    };
    let (bob_party, alice_party) = (party(bob, &bob_keys), party(alice, &alice_keys));
    let sigma_r = auth::sign_auth_r(alice.key.unwrap_or(&bob_keys.ecdh), &bob_party, &alice_party, rng);
    let sigma_i = auth::sign_auth_i(bob.key.unwrap_or(&alice_keys.ecdh), &bob_party, &alice_party, rng);
    let exchanged = [
        bob_keys.agree(&alice_keys.public())?,
        alice_keys.agree(&bob_keys.public())?,
    ];
    let (y, b, first_ecdh, first_dh) = bob_keys.public().fields();
    let identity = Identity {
        profile: bob.profile.raw().clone(),
        y,
        b,
        first_ecdh,
        first_dh,
    };
    let (x, a, first_ecdh, first_dh) = alice_keys.public().fields();
    let auth_r = AuthR {
        profile: alice.profile.raw().clone(),
        x,
        a,
        sigma: sigma_r.map_err(|_| Reject::Unexpected)?,
        first_ecdh,
        first_dh,
    };
    let auth_i = AuthI {
        sigma: sigma_i.map_err(|_| Reject::Unexpected)?,
    };
    let proven = |side, half, exchanged: crate::v4::mixed_secret::MixedSecret, ours, theirs: &Party| Proven {
        established: Established {
            side,
            ssid: Ssid::short(exchanged.ssid(), half),
            exchanged,
            ours,
            theirs: theirs.keys.first.clone(),
            peer: theirs.profile.fingerprint(),
        },
        profile: theirs.profile.clone(),
    };
    let [bob_secret, alice_secret] = exchanged;
    Ok(Forged {
        identity,
        auth_r,
        auth_i,
        bob: proven(Side::Bob, Half::Second, bob_secret, bob_keys.first, &alice_party),
        alice: proven(
            Side::Alice,
            Half::First,
            alice_secret,
            alice_keys.first,
            &bob_party,
        ),
    })
}

/// Begins an exchange as the owner of `profile`. It is finished by [`WaitingAuthR::on_auth_r`] with the forging key of the
/// person who answers.
pub fn impersonate_initiator(profile: &ClientProfile, rng: &mut dyn CryptoRng) -> (WaitingAuthR, Identity) {
    WaitingAuthR::start(profile, rng)
}

/// Answers an Identity message as the owner of the signer's profile; the signer's key is the forging key of the person who
/// sent it. It is finished by [`Answer::on_auth_i`].
///
/// # Errors
/// Those of an honest answer.
pub fn impersonate_responder(
    header: &Header,
    identity: &Identity,
    signer: &Signer<'_>,
    rng: &mut dyn CryptoRng,
    now: Timestamp,
) -> Result<Answer, Reject> {
    let theirs = check_identity(header, identity, signer.profile.owner(), now)?;
    Answer::new(identity, theirs, signer, rng)
}
