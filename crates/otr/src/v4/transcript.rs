//! What the ring signatures of the interactive exchange sign ("Auth-R Message", "Auth-I Message", "Interactive DAKE
//! Overview").
//!
//! ```text
//! phi = INT tag_S ‖ INT tag_R ‖ first ECDH_S ‖ MPI first DH_S ‖ first ECDH_R ‖ MPI first DH_R ‖ DATA id_S ‖ DATA id_R
//!
//! t = 00 ‖ KDF(05, profile_B) ‖ KDF(06, profile_A) ‖ Y ‖ X ‖ MPI B ‖ MPI A ‖ KDF(07, phi)      for Auth-R
//! t = 01 ‖ KDF(08, profile_B) ‖ KDF(09, profile_A) ‖ Y ‖ X ‖ MPI B ‖ MPI A ‖ KDF(0A, phi)      for Auth-I
//! ```
//!
//! B is Bob, who sent Identity; A is Alice, who answers. S is the sender of the message that is being signed, R its
//! receiver: the text wants both sorted, the living implementations do not sort, and so do we not (decision 0081).

use crate::crypto::kdf::{self, Usage};
use crate::identity::ClientProfile;
use crate::v4::ephemeral::EphemeralPublic;
use crate::v4::turn::number;
use crate::wire::Writer;

/// What one of the two puts into an exchange.
#[derive(Clone)]
pub struct Party {
    /// Who they say they are, and on which device.
    pub profile: ClientProfile,
    /// The identifier of their account in the network, as both sides write it: `id`.
    pub name: Vec<u8>,
    /// The keys that they made for this exchange.
    pub keys: EphemeralPublic,
}

/// `t` of the Auth-R message.
#[must_use]
pub fn auth_r(bob: &Party, alice: &Party) -> Vec<u8> {
    let usages = [
        Usage::AUTH_R_BOB_CLIENT_PROFILE,
        Usage::AUTH_R_ALICE_CLIENT_PROFILE,
        Usage::AUTH_R_PHI,
    ];
    transcript(0x00, usages, bob, alice, &phi(alice, bob))
}

/// `t` of the Auth-I message.
#[must_use]
pub fn auth_i(bob: &Party, alice: &Party) -> Vec<u8> {
    let usages = [
        Usage::AUTH_I_BOB_CLIENT_PROFILE,
        Usage::AUTH_I_ALICE_CLIENT_PROFILE,
        Usage::AUTH_I_PHI,
    ];
    transcript(0x01, usages, bob, alice, &phi(bob, alice))
}

/// The state that both sides have to share beyond the exchange itself.
fn phi(sender: &Party, receiver: &Party) -> Vec<u8> {
    let mut w = Writer::new();
    w.u32(sender.profile.owner().raw());
    w.u32(receiver.profile.owner().raw());
    for party in [sender, receiver] {
        w.bytes(&party.keys.first.ecdh.encode());
        w.mpi(&number(&party.keys.first.dh));
    }
    w.data(&sender.name);
    w.data(&receiver.name);
    w.into_bytes()
}

fn transcript(kind: u8, usages: [Usage; 3], bob: &Party, alice: &Party, phi: &[u8]) -> Vec<u8> {
    let [of_bob, of_alice, of_phi] = usages;
    let hashed = |usage, bytes: &[u8]| kdf::bytes::<HASH_SIZE>(usage, &[bytes]);
    let mut w = Writer::new();
    w.u8(kind);
    w.bytes(&hashed(of_bob, bob.profile.raw().as_bytes()));
    w.bytes(&hashed(of_alice, alice.profile.raw().as_bytes()));
    w.bytes(&bob.keys.ecdh.encode());
    w.bytes(&alice.keys.ecdh.encode());
    w.mpi(&number(&bob.keys.dh));
    w.mpi(&number(&alice.keys.dh));
    w.bytes(&hashed(of_phi, phi));
    w.into_bytes()
}

/// Bytes of every hash in a transcript.
const HASH_SIZE: usize = 64;
