//! From a chain key to the keys of one message ("Deriving ... keys" of the double ratchet, "Calculating Encryption and
//! MAC Keys").
//!
//! ```text
//! chain key -> MKenc -> MKmac       one message
//!           -> extra symmetric key
//!           -> next chain key       the following messages
//! ```

use core::fmt;

use crate::crypto::chacha::chacha20;
use crate::crypto::kdf::{self, Usage};
use crate::secret::{Secret, secret_type};
use crate::v4::extra_keys::announces;
use crate::wire::v4::MAC_SIZE;

secret_type!(
    ChainKey,
    64,
    "`chain_key_s` or `chain_key_r`: what all messages of a ratchet from one on are encrypted with. Replaced by its \
     successor as soon as its message is sealed or accepted."
);

impl ChainKey {
    /// The chain key of the following message.
    #[must_use]
    pub fn next(&self) -> Self {
        Self::fill_with(|key| kdf::fill(Usage::NEXT_CHAIN_KEY, &[self.expose()], key))
    }

    /// The keys of this message, to be kept: nothing of the chain key is left in them.
    #[must_use]
    pub fn message_keys(&self) -> MessageKeys {
        MessageKeys {
            encryption: self.encryption(),
            extra: Extra::Derived(self.extra_key()),
        }
    }

    /// The keys of this message, to be used at once: the chain key lives as long as they do.
    pub(super) fn into_message_keys(self) -> MessageKeys {
        MessageKeys {
            encryption: self.encryption(),
            extra: Extra::Underived(self),
        }
    }

    /// A second copy, spelled out: a chain is walked on the side before a message is accepted.
    pub(super) fn duplicate(&self) -> Self {
        Self::fill_with(|key| *key = *self.expose())
    }

    fn encryption(&self) -> Secret<64> {
        kdf::secret(Usage::MESSAGE_KEY, &[self.expose()])
    }

    fn extra_key(&self) -> ExtraKey {
        ExtraKey(kdf::secret(Usage::EXTRA_SYMMETRIC_KEY, &[&[0xff], self.expose()]))
    }
}

/// `MKenc` and the extra symmetric key: what belongs to one message and no other.
pub struct MessageKeys {
    encryption: Secret<64>,
    extra: Extra,
}

/// Few messages announce a use of their extra key, and each derivation is a sixth of the work on a short message.
enum Extra {
    Derived(ExtraKey),
    Underived(ChainKey),
}

impl Extra {
    fn derive(self) -> ExtraKey {
        match self {
            Self::Derived(key) => key,
            Self::Underived(chain) => chain.extra_key(),
        }
    }

    fn duplicate(&self) -> Self {
        match self {
            Self::Derived(key) => Self::Derived(ExtraKey(Secret::fill_with(|copy| *copy = *key.expose()))),
            Self::Underived(chain) => Self::Underived(chain.duplicate()),
        }
    }
}

impl MessageKeys {
    /// `MKmac`.
    #[must_use]
    pub fn mac_key(&self) -> MacKey {
        MacKey::of(&self.encryption)
    }

    /// Encrypts the message in place, and gives the extra key if a record announces its use. The keys are used up by it:
    /// two texts under one of them would give both away.
    pub fn encrypt(self, text: &mut [u8]) -> Option<ExtraKey> {
        let announced = announces(text);
        crypt(&self.encryption, text);
        announced.then(|| self.extra.derive())
    }

    /// Decrypts the message in place, and gives the extra key if a record announces its use.
    pub fn decrypt(self, text: &mut [u8]) -> Option<ExtraKey> {
        crypt(&self.encryption, text);
        announces(text).then(|| self.extra.derive())
    }

    /// The extra key, whatever the message says.
    #[must_use]
    pub fn extra_key(self) -> ExtraKey {
        self.extra.derive()
    }

    pub(super) fn duplicate(&self) -> Self {
        Self {
            encryption: Secret::fill_with(|key| *key = *self.encryption.expose()),
            extra: self.extra.duplicate(),
        }
    }

    #[cfg(feature = "hazmat")]
    pub(super) fn absorb(&self, bytes: &mut Vec<u8>) {
        crate::hazmat::field(bytes, self.encryption.expose());
        crate::hazmat::field(bytes, self.extra.duplicate().derive().expose());
    }
}

impl fmt::Debug for MessageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKeys(..)")
    }
}

/// Encrypts or decrypts with the first half of `MKenc`.
pub(super) fn crypt(encryption: &Secret<64>, text: &mut [u8]) {
    if let Some((key, _)) = encryption.expose().split_first_chunk() {
        chacha20(key, text);
    }
}

/// `MKmac` while it is secret.
pub struct MacKey(Secret<MAC_SIZE>);

impl MacKey {
    /// `MKmac` of the message with this `MKenc`.
    #[must_use]
    pub fn of(encryption: &Secret<64>) -> Self {
        Self(kdf::secret(Usage::MAC_KEY, &[encryption.expose()]))
    }

    /// The authenticator over these parts of a message.
    #[must_use]
    pub fn authenticate(&self, parts: [&[u8]; 2]) -> [u8; MAC_SIZE] {
        kdf::bytes(Usage::AUTHENTICATOR, &[self.0.expose(), parts[0], parts[1]])
    }

    /// Whether the authenticator fits the parts, in constant time.
    #[must_use]
    pub fn verifies(&self, parts: [&[u8]; 2], authenticator: &[u8; MAC_SIZE]) -> bool {
        let expected: Secret<MAC_SIZE> =
            kdf::secret(Usage::AUTHENTICATOR, &[self.0.expose(), parts[0], parts[1]]);
        expected.ct_eq(authenticator)
    }

    /// The only way from a secret to a revealed MAC key.
    #[must_use]
    pub fn reveal(self) -> RevealedMacKey {
        RevealedMacKey(*self.0.expose())
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// A MAC key that is, or is about to be, public. Made only from a [`MacKey`] that nothing will be verified with again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevealedMacKey([u8; MAC_SIZE]);

impl RevealedMacKey {
    /// A key as somebody has published it.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn from_bytes(bytes: [u8; MAC_SIZE]) -> Self {
        Self(bytes)
    }

    /// The key in use again: what publishing it is for.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn as_mac_key(&self) -> MacKey {
        MacKey(Secret::fill_with(|key| *key = self.0))
    }

    /// The bytes as they are published.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; MAC_SIZE] {
        &self.0
    }
}

/// The extra symmetric key of one message: for uses outside the conversation, a file transfer say ("Extra Symmetric
/// Key"). No use gets it as it is: [`extra_keys`](super::extra_keys) derives one key for each.
pub struct ExtraKey(Secret<64>);

impl ExtraKey {
    /// The 64 bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        self.0.expose()
    }
}

impl fmt::Debug for ExtraKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtraKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_bytes() {
        let chain = ChainKey::fill_with(|key| key.fill(0xab));
        let keys = chain.message_keys();
        assert_eq!(format!("{chain:?}"), "ChainKey(..)");
        assert_eq!(format!("{keys:?}"), "MessageKeys(..)");
        assert_eq!(format!("{:?}", keys.mac_key()), "MacKey(..)");
        assert_eq!(format!("{:?}", keys.extra_key()), "ExtraKey(..)");
    }
}
