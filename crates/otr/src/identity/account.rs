//! Our side of every conversation of one account.

use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::dsa::PrivateKey;
use crate::identity::{Fingerprint, long_term_keys};
use crate::wire::header::InstanceTag;

/// Our long-term key and instance tag.
///
/// One account per chat account and device: the key may be shared between accounts, the instance tag
/// is what tells two devices apart and should be kept across restarts.
pub struct Account {
    key: PrivateKey,
    fingerprint: Fingerprint,
    instance_tag: InstanceTag,
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
        }
    }

    /// A new account: a fresh DSA-1024 key (tens of milliseconds of work) and a random instance tag.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let key = PrivateKey::generate(rng);
        Self::new(key, InstanceTag::ZERO, rng)
    }

    /// Our long-term key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The fingerprint that the other person should see.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
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
