//! Our side of every conversation of one account.

use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::dsa::PrivateKey;
use crate::identity::{Fingerprint, V4Account, long_term_keys};
use crate::time::Timestamp;
use crate::wire::header::{InstanceTag, Version};

/// Our long-term key and instance tag.
///
/// One account per chat account and device: the key may be shared between accounts, the instance tag
/// is what tells two devices apart and should be kept across restarts.
pub struct Account {
    key: PrivateKey,
    fingerprint: Fingerprint,
    instance_tag: InstanceTag,
    v4: Option<V4Account>,
}

impl Account {
    /// An account from a stored key and instance tag. A zero tag is replaced by a random one.
    pub fn new(key: PrivateKey, instance_tag: InstanceTag, rng: &mut dyn CryptoRng) -> Self {
        let instance_tag = if instance_tag.is_zero() {
            InstanceTag::random(rng)
        } else {
            instance_tag
        };
        Self {
            fingerprint: long_term_keys::fingerprint(key.public()),
            key,
            instance_tag,
            v4: None,
        }
    }

    /// A new account: a fresh DSA-1024 key (tens of milliseconds of work) and a random instance tag.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let key = PrivateKey::generate(rng);
        Self::new(key, InstanceTag::ZERO, rng)
    }

    /// The same account with what it needs for version 4. A profile of another device is left out: its messages would be
    /// refused everywhere.
    #[must_use]
    pub fn with_v4(mut self, v4: V4Account) -> Self {
        self.v4 = Some(v4).filter(|v4| v4.profile().owner() == self.instance_tag);
        self
    }

    /// What version 4 needs, if there is any.
    pub fn v4(&self) -> Option<&V4Account> {
        self.v4.as_ref()
    }

    /// Makes a successor for a client profile that ends within a day, and says whether it did: it is to be stored then.
    pub fn renew_profile(&mut self, rng: &mut dyn CryptoRng, now: Timestamp) -> bool {
        self.v4.as_mut().is_some_and(|v4| v4.renew(None, rng, now))
    }

    /// Our long-term key of versions 1 to 3.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The fingerprint that the other person should see in versions 1 to 3.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The fingerprint that the other person should see in this version; `None` if we do not speak it.
    pub fn fingerprint_in(&self, version: Version) -> Option<Fingerprint> {
        match version {
            Version::V1 | Version::V2 | Version::V3 => Some(self.fingerprint),
            Version::V4 => self.v4.as_ref().map(|v4| v4.fingerprint().into()),
        }
    }

    /// The tag of this device.
    pub fn instance_tag(&self) -> InstanceTag {
        self.instance_tag
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("fingerprint", &self.fingerprint)
            .field("instance_tag", &self.instance_tag)
            .finish_non_exhaustive()
    }
}
