//! The four keys that each side makes for one exchange: two that authenticate (Y and B, X and A), and two with which the
//! ratchet begins.

use rand_core::CryptoRng;

use crate::crypto::dh3072::{DhKeyPair, DhPublic};
use crate::crypto::ed448::{KeyPair, Point};
use crate::reject::Reject;
use crate::v4::mixed_secret::{BraceKey, MixedSecret};
use crate::v4::turn::{OurKeys, TheirKeys, number};
use crate::wire::Mpi;
use crate::wire::v4::EncodedPoint;

/// Ours.
pub struct Ephemeral {
    /// y or x.
    pub ecdh: KeyPair,
    /// b or a.
    pub dh: DhKeyPair,
    /// The first keys of the ratchet.
    pub first: OurKeys,
}

/// What is sent of them, or what the other side has sent.
#[derive(Clone)]
pub struct EphemeralPublic {
    /// Y or X.
    pub ecdh: Point,
    /// B or A.
    pub dh: DhPublic,
    /// The first keys of the ratchet.
    pub first: TheirKeys,
}

impl Ephemeral {
    /// Fresh keys.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let (ecdh, dh) = (KeyPair::generate(rng), DhKeyPair::generate(rng));
        let first_ecdh = KeyPair::generate(rng);
        let first = OurKeys {
            ecdh: first_ecdh,
            dh: DhKeyPair::generate(rng),
        };
        Self { ecdh, dh, first }
    }

    /// What is sent of them.
    #[must_use]
    pub fn public(&self) -> EphemeralPublic {
        EphemeralPublic {
            ecdh: self.ecdh.public().clone(),
            dh: self.dh.public().clone(),
            first: TheirKeys {
                ecdh: self.first.ecdh.public().clone(),
                dh: self.first.dh.public().clone(),
            },
        }
    }

    /// `K`, the secret shared with the sender of `theirs`.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] if their point contributes nothing.
    pub fn agree(&self, theirs: &EphemeralPublic) -> Result<MixedSecret, Reject> {
        let k_ecdh = self
            .ecdh
            .agree(&theirs.ecdh)
            .map_err(|_| Reject::BadGroupElement)?;
        let brace = BraceKey::third(&self.dh.agree(&theirs.dh));
        Ok(MixedSecret::mix(&k_ecdh, &brace))
    }

    /// A second copy, spelled out: one offer may be answered by several devices.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            ecdh: self.ecdh.duplicate(),
            dh: self.dh.duplicate(),
            first: duplicate(&self.first),
        }
    }
}

impl EphemeralPublic {
    /// Checks the four fields of a message.
    ///
    /// The first keys have to differ from the others (S-78): otherwise the ratchet would begin with the secret that the
    /// exchange has used up.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] unless all of them are in their groups, and all different.
    pub fn check(
        ecdh: &EncodedPoint,
        dh: &Mpi,
        first_ecdh: &EncodedPoint,
        first_dh: &Mpi,
    ) -> Result<Self, Reject> {
        if ecdh == first_ecdh || dh == first_dh {
            return Err(Reject::BadGroupElement);
        }
        let point =
            |bytes: &EncodedPoint| Point::decode(bytes.as_bytes()).map_err(|_| Reject::BadGroupElement);
        let element =
            |number: &Mpi| DhPublic::from_be_bytes(number.as_bytes()).map_err(|_| Reject::BadGroupElement);
        Ok(Self {
            ecdh: point(ecdh)?,
            dh: element(dh)?,
            first: TheirKeys {
                ecdh: point(first_ecdh)?,
                dh: element(first_dh)?,
            },
        })
    }

    /// The fields of a message: the two keys that authenticate, then the two with which the ratchet begins.
    #[must_use]
    pub fn fields(&self) -> (EncodedPoint, Mpi, EncodedPoint, Mpi) {
        (
            EncodedPoint(self.ecdh.encode()),
            number(&self.dh),
            EncodedPoint(self.first.ecdh.encode()),
            number(&self.first.dh),
        )
    }

    /// Whether any key of the one is a key of the other. Nobody draws a key that somebody else has drawn: it was copied.
    #[must_use]
    pub fn shares_a_key(&self, other: &Self) -> bool {
        let points = |keys: &Self| [keys.ecdh.encode(), keys.first.ecdh.encode()];
        let numbers = |keys: &Self| [keys.dh.clone(), keys.first.dh.clone()];
        let theirs = (points(other), numbers(other));
        points(self).iter().any(|point| theirs.0.contains(point))
            || numbers(self).iter().any(|number| theirs.1.contains(number))
    }
}

/// A second copy of first keys, spelled out.
#[must_use]
pub fn duplicate(keys: &OurKeys) -> OurKeys {
    OurKeys {
        ecdh: keys.ecdh.duplicate(),
        dh: keys.dh.duplicate(),
    }
}
