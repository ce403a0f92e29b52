//! The encrypted signature block of the key exchange: build, open, verify.
//!
//! Pure functions of explicit keys, so that a forging tool calls the very same code.
//!
//! ```text
//! M = HMAC-SHA-256(m1, signer's D-H (MPI) ‖ verifier's D-H (MPI) ‖ public key ‖ key id (INT))
//! X = public key ‖ key id (INT) ‖ DSA signature of M (40 bytes)
//! sent: AES-CTR(c, X) as DATA, then the first 20 bytes of HMAC-SHA-256(m2, that DATA field)
//! ```

use rand_core::CryptoRng;

use crate::classic::ake_keys::SideKeys;
use crate::crypto::dsa::{PrivateKey, PublicKey};
use crate::crypto::legacy::{aes128_ctr, ct_eq, hmac_sha256};
use crate::crypto::modp::DhPublic;
use crate::identity::long_term_keys;
use crate::reject::Reject;
use crate::wire::classic::SignedIdentity;
use crate::wire::{Mpi, Wire, Writer};

/// A signed identity as it travels.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// AES-CTR(c, X).
    pub encrypted: Vec<u8>,
    /// The outer MAC, 20 bytes.
    pub mac: [u8; 20],
}

/// What a verified block proves: this key signed this exchange under this key id.
pub struct Verified {
    /// The signer's long-term key.
    pub public_key: PublicKey,
    /// The serial number that the signer gave the D-H key of the exchange.
    pub key_id: u32,
}

/// Signs and encrypts our identity.
pub fn seal(
    keys: &SideKeys,
    key: &PrivateKey,
    ours: &DhPublic,
    theirs: &DhPublic,
    key_id: u32,
    rng: &mut dyn CryptoRng,
) -> Sealed {
    let public_key = long_term_keys::to_wire(key.public());
    let signed = signed_value(keys, ours, theirs, &public_key.to_bytes(), key_id);
    let signature = key.sign(&signed, rng);
    let mut encrypted = SignedIdentity {
        public_key,
        key_id,
        signature,
    }
    .to_bytes();
    aes128_ctr(keys.cipher.expose(), &ZERO_COUNTER, &mut encrypted);
    let mac = outer_mac(keys, &encrypted);
    Sealed { encrypted, mac }
}

/// Checks the outer MAC, decrypts, and checks the signature.
///
/// # Errors
/// Says which check failed. Nothing of the content is reachable before all of them passed.
pub fn open(
    keys: &SideKeys,
    sealed: &Sealed,
    theirs: &DhPublic,
    ours: &DhPublic,
) -> Result<Verified, Reject> {
    if !ct_eq(&outer_mac(keys, &sealed.encrypted), &sealed.mac) {
        return Err(Reject::BadAuthenticator);
    }
    let mut block = sealed.encrypted.clone();
    aes128_ctr(keys.cipher.expose(), &ZERO_COUNTER, &mut block);
    let identity = SignedIdentity::from_bytes(&block).map_err(|_| Reject::Malformed)?;
    if identity.key_id == 0 {
        return Err(Reject::UnknownKey);
    }
    let public_key = long_term_keys::from_wire(&identity.public_key).map_err(|_| Reject::BadPublicKey)?;
    let signed = signed_value(
        keys,
        theirs,
        ours,
        &identity.public_key.to_bytes(),
        identity.key_id,
    );
    public_key
        .verify(&signed, &identity.signature)
        .map_err(|_| Reject::BadSignature)?;
    Ok(Verified {
        public_key,
        key_id: identity.key_id,
    })
}

fn signed_value(
    keys: &SideKeys,
    signer: &DhPublic,
    verifier: &DhPublic,
    public_key: &[u8],
    key_id: u32,
) -> [u8; 32] {
    let mut fields = Writer::new();
    fields.mpi(&Mpi::from_be_bytes(&signer.to_be_bytes()));
    fields.mpi(&Mpi::from_be_bytes(&verifier.to_be_bytes()));
    fields.bytes(public_key);
    fields.u32(key_id);
    hmac_sha256(keys.signed_mac.expose(), &[fields.as_slice()])
}

fn outer_mac(keys: &SideKeys, encrypted: &[u8]) -> [u8; 20] {
    let mut field = Writer::with_capacity(encrypted.len() + 4);
    field.data(encrypted);
    let full = hmac_sha256(keys.outer_mac.expose(), &[field.as_slice()]);
    let mut mac = [0; 20];
    mac.copy_from_slice(&full[..20]);
    mac
}

const ZERO_COUNTER: [u8; 8] = [0; 8];
