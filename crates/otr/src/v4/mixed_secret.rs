//! Two Diffie-Hellman results into one secret, and that into a root key and a chain key ("Shared Secrets", "Deriving
//! Double Ratchet Keys").
//!
//! The curve gives `K_ecdh` at every turn of the ratchet; the 3072-bit group gives the brace key at every third, and
//! between those turns the brace key is only hashed on. Whoever breaks the curve one day still lacks the brace key.

use crate::crypto::dh3072::DhShared;
use crate::crypto::ed448::SIZE;
use crate::crypto::kdf::{self, Usage};
use crate::secret::{Secret, secret_type};
use crate::v4::message_keys::ChainKey;

secret_type!(
    BraceKey,
    32,
    "`brace_key`: what the 3072-bit group adds to every shared secret."
);
secret_type!(MixedSecret, 64, "`K`: both Diffie-Hellman results in one.");
secret_type!(
    RootKey,
    64,
    "`root_key`: what the next turn of the ratchet is derived from."
);

impl BraceKey {
    /// The brace key of a third turn, from `k_dh`.
    #[must_use]
    pub fn third(shared: &DhShared) -> Self {
        Self::fill_with(|key| kdf::fill(Usage::THIRD_BRACE_KEY, &[shared.as_bytes()], key))
    }

    /// The brace key of the turn after this one, if that is no third.
    #[must_use]
    pub fn next(&self) -> Self {
        Self::fill_with(|key| kdf::fill(Usage::BRACE_KEY, &[self.expose()], key))
    }
}

impl MixedSecret {
    /// `K = KDF(usage_shared_secret ‖ K_ecdh ‖ brace_key)`.
    #[must_use]
    pub fn mix(k_ecdh: &Secret<SIZE>, brace: &BraceKey) -> Self {
        Self::fill_with(|key| kdf::fill(Usage::SHARED_SECRET, &[k_ecdh.expose(), brace.expose()], key))
    }

    /// `SSID`: the secure session id.
    #[must_use]
    pub fn ssid(&self) -> [u8; 8] {
        kdf::bytes(Usage::SSID, &[self.expose()])
    }

    /// The root key that an interactive exchange leaves.
    #[must_use]
    pub fn first_root(&self) -> RootKey {
        RootKey::fill_with(|key| kdf::fill(Usage::FIRST_ROOT_KEY, &[self.expose()], key))
    }
}

impl RootKey {
    /// The root key after a turn with the secret `mixed`, and the chain key of that turn: both from the root key
    /// before it.
    #[must_use]
    pub fn turn(&self, mixed: &MixedSecret) -> (Self, ChainKey) {
        let parts: [&[u8]; 2] = [self.expose(), mixed.expose()];
        (
            Self::fill_with(|key| kdf::fill(Usage::ROOT_KEY, &parts, key)),
            ChainKey::fill_with(|key| kdf::fill(Usage::CHAIN_KEY, &parts, key)),
        )
    }
}
