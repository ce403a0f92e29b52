//! One turn of the ratchet: the keys of both sides, and what is derived from them ("Rotating ECDH Keys and Brace Key",
//! "Deriving Double Ratchet Keys").

use crate::crypto::dh3072::{DhKeyPair, DhPublic};
use crate::crypto::ed448::{KeyPair, Point};
use crate::reject::Reject;
use crate::v4::message_keys::ChainKey;
use crate::v4::mixed_secret::{BraceKey, MixedSecret, RootKey};
use crate::wire::Mpi;

/// Our half of the keys that the ratchet turns on.
pub struct OurKeys {
    /// `our_ecdh`.
    pub ecdh: KeyPair,
    /// `our_dh`.
    pub dh: DhKeyPair,
}

/// The other side's half.
#[derive(Clone)]
pub struct TheirKeys {
    /// `their_ecdh`.
    pub ecdh: Point,
    /// `their_dh`.
    pub dh: DhPublic,
}

/// What a turn of the ratchet derives.
pub struct Turned {
    /// The root key of the next turn.
    pub root: RootKey,
    /// The brace key of this turn.
    pub brace: BraceKey,
    /// The first chain key of the ratchet that it makes.
    pub chain: ChainKey,
}

impl Turned {
    /// A turn from `root`, with these keys.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] if their point contributes nothing.
    pub fn derive(root: &RootKey, brace: BraceKey, ours: &KeyPair, theirs: &Point) -> Result<Self, Reject> {
        let k_ecdh = ours.agree(theirs).map_err(|_| Reject::BadGroupElement)?;
        let (root, chain) = root.turn(&MixedSecret::mix(&k_ecdh, &brace));
        Ok(Self { root, brace, chain })
    }
}

/// Whether a turn, or the ratchet it makes, has a new DH key. The turn that is counted `i` makes the ratchet `i`, as
/// ratchets are counted on the wire.
pub const fn is_third(count: u32) -> bool {
    count.is_multiple_of(3)
}

/// A DH key as it is sent.
pub fn number(public: &DhPublic) -> Mpi {
    Mpi::from_be_bytes(&public.to_be_bytes())
}
