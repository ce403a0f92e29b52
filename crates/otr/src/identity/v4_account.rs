//! Our side of every version-4 conversation of one device: keys and the profile that names them.

use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::dsa;
use crate::crypto::ed448::SigningKey;
use crate::identity::client_profile::{ClientProfile, Draft, LIFETIME};
use crate::identity::{FingerprintV4, ForgingKey};
use crate::time::Timestamp;
use crate::wire::header::InstanceTag;

/// Our long-term key, our forging key, and the current client profile.
///
/// A profile belongs to one device, and every message carries the tag that stands in it: the tag must be that of the
/// [`Account`](crate::Account) beside this.
pub struct V4Account {
    long_term: SigningKey,
    forging: ForgingKey,
    profile: ClientProfile,
}

impl V4Account {
    /// From stored keys; the profile is made anew, and lasts a week. `transitional` is a key of versions 1 to 3 that the
    /// profile is to name (see [`Draft::transitional`]).
    pub fn new(
        long_term: SigningKey,
        forging: ForgingKey,
        owner: InstanceTag,
        transitional: Option<&dsa::PrivateKey>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Self {
        let draft = Draft {
            owner,
            forging: forging.public(),
            expires: now.plus(LIFETIME),
            transitional,
        };
        Self {
            profile: ClientProfile::sign(&draft, &long_term, rng),
            long_term,
            forging,
        }
    }

    /// With a profile that is there already: a stored one, or one that lasts another time.
    ///
    /// `None` if the profile does not name these keys.
    #[must_use]
    pub fn with_profile(long_term: SigningKey, forging: ForgingKey, profile: ClientProfile) -> Option<Self> {
        let fits = profile.long_term_key().ct_eq(long_term.public())
            && profile.forging_key().ct_eq(forging.public());
        fits.then_some(Self {
            long_term,
            forging,
            profile,
        })
    }

    /// New keys, whose forging secret nobody knows.
    pub fn generate(owner: InstanceTag, rng: &mut dyn CryptoRng, now: Timestamp) -> Self {
        let (long_term, forging) = (SigningKey::generate(rng), ForgingKey::generate(rng));
        Self::new(long_term, forging, owner, None, rng, now)
    }

    /// H with its secret.
    pub fn long_term_key(&self) -> &SigningKey {
        &self.long_term
    }

    /// F, with its secret if that was kept.
    pub fn forging_key(&self) -> &ForgingKey {
        &self.forging
    }

    /// The profile that exchanges carry. To be renewed before it expires.
    pub fn profile(&self) -> &ClientProfile {
        &self.profile
    }

    /// What the other person should see.
    #[must_use]
    pub fn fingerprint(&self) -> FingerprintV4 {
        self.profile.fingerprint()
    }

    /// Makes a successor for a profile that ends within a day, and says whether it did. An exchange that is under way goes
    /// on with the profile that it began with.
    pub fn renew(
        &mut self,
        transitional: Option<&dsa::PrivateKey>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> bool {
        let due = self.profile.is_to_be_renewed(now);
        if due {
            let draft = Draft {
                owner: self.profile.owner(),
                forging: self.forging.public(),
                expires: now.plus(LIFETIME),
                transitional,
            };
            self.profile = ClientProfile::sign(&draft, &self.long_term, rng);
        }
        due
    }
}

impl fmt::Debug for V4Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V4Account")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
