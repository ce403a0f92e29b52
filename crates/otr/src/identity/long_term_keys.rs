//! Between the DSA key as mathematics and the public key as bytes.

use crate::crypto::dsa::{BadPublicKey, PublicKey};
use crate::crypto::legacy::sha1;
use crate::identity::Fingerprint;
use crate::wire::classic::PublicKey as WireKey;
use crate::wire::{Mpi, Wire};

/// The key as a PUBKEY value of the wire format.
pub fn to_wire(key: &PublicKey) -> WireKey {
    let [p, q, g, y] = key.parts();
    WireKey {
        p: Mpi::from_be_bytes(p),
        q: Mpi::from_be_bytes(q),
        g: Mpi::from_be_bytes(g),
        y: Mpi::from_be_bytes(y),
    }
}

/// Checks a received PUBKEY value.
///
/// # Errors
/// [`BadPublicKey`] if the numbers are no DSA key of OTR's size.
pub fn from_wire(key: &WireKey) -> Result<PublicKey, BadPublicKey> {
    PublicKey::from_parts(
        key.p.as_bytes(),
        key.q.as_bytes(),
        key.g.as_bytes(),
        key.y.as_bytes(),
    )
}

/// The fingerprint of a key: the same value in versions 1, 2 and 3, because the type bytes are left out.
pub fn fingerprint(key: &PublicKey) -> Fingerprint {
    let encoded = to_wire(key).to_bytes();
    Fingerprint::from_bytes(sha1(&[encoded.get(2..).unwrap_or_default()]))
}
