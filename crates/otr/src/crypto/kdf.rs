//! The hash, the key derivation and the MAC of version 4, which are one function ("Key Derivation Functions"):
//!
//! ```text
//! KDF(usage, values, size) = HWC = HCMAC = SHAKE-256("OTRv4" ‖ usage (BYTE) ‖ values), size bytes
//! ```
//!
//! * [`fill`] writes the result where it is to stay, [`secret`] and [`bytes`] give it as a secret or a public value.
//!   For a type made by `secret_type!`: `RootKey::fill_with(|key| kdf::fill(Usage::ROOT_KEY, &[..], key))`.
//! * [`shake256`] is the bare function, without "OTRv4".
//!
//! Values come in parts, so that no caller joins buffers that hold secrets. The parts are hashed one after the other
//! without lengths: what delimits them is the layout that the text gives for each usage.

use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::ZeroizeOnDrop;

use crate::secret::Secret;

/// What a value is derived for. One byte, another one for each purpose, so that no value can serve two.
///
/// The proofs of the Socialist Millionaires' Protocol have numbers of their own that begin again at 1: the text has it
/// so, and their inputs are of other lengths than those of the keys with the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage(u8);

#[allow(missing_docs, reason = "the text's own names, in its order")]
impl Usage {
    pub const FINGERPRINT: Self = Self(0x00);
    pub const THIRD_BRACE_KEY: Self = Self(0x01);
    pub const BRACE_KEY: Self = Self(0x02);
    pub const SHARED_SECRET: Self = Self(0x03);
    pub const SSID: Self = Self(0x04);
    pub const AUTH_R_BOB_CLIENT_PROFILE: Self = Self(0x05);
    pub const AUTH_R_ALICE_CLIENT_PROFILE: Self = Self(0x06);
    pub const AUTH_R_PHI: Self = Self(0x07);
    pub const AUTH_I_BOB_CLIENT_PROFILE: Self = Self(0x08);
    pub const AUTH_I_ALICE_CLIENT_PROFILE: Self = Self(0x09);
    pub const AUTH_I_PHI: Self = Self(0x0a);
    pub const FIRST_ROOT_KEY: Self = Self(0x0b);
    pub const TMP_KEY: Self = Self(0x0c);
    pub const AUTH_MAC_KEY: Self = Self(0x0d);
    pub const NON_INT_AUTH_BOB_CLIENT_PROFILE: Self = Self(0x0e);
    pub const NON_INT_AUTH_ALICE_CLIENT_PROFILE: Self = Self(0x0f);
    pub const NON_INT_AUTH_PHI: Self = Self(0x10);
    pub const AUTH_MAC: Self = Self(0x11);
    pub const ROOT_KEY: Self = Self(0x12);
    pub const CHAIN_KEY: Self = Self(0x13);
    pub const NEXT_CHAIN_KEY: Self = Self(0x14);
    pub const MESSAGE_KEY: Self = Self(0x15);
    pub const MAC_KEY: Self = Self(0x16);
    pub const EXTRA_SYMMETRIC_KEY: Self = Self(0x17);
    pub const AUTHENTICATOR: Self = Self(0x18);
    pub const SMP_SECRET: Self = Self(0x19);
    pub const RING_SIGNATURE: Self = Self(0x1a);

    /// The hash of the `ordinal`-th proof, 1 to 8, of the Socialist Millionaires' Protocol.
    #[must_use]
    pub const fn smp_proof(ordinal: u8) -> Self {
        Self(ordinal)
    }

    /// The byte that is hashed.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }
}

/// Fills `out` with as many bytes as it holds. A shorter output is the beginning of a longer one.
pub fn fill(usage: Usage, parts: &[&[u8]], out: &mut [u8]) {
    let mut hash = Shake256::default();
    hash.update(DOMAIN);
    hash.update(&[usage.0]);
    squeeze(hash, parts, out);
}

/// `N` bytes that are a secret.
#[must_use]
pub fn secret<const N: usize>(usage: Usage, parts: &[&[u8]]) -> Secret<N> {
    Secret::fill_with(|out| fill(usage, parts, out))
}

/// `N` bytes that everybody may know: fingerprints, hashes of profiles, authenticators.
#[must_use]
pub fn bytes<const N: usize>(usage: Usage, parts: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    fill(usage, parts, &mut out);
    out
}

/// SHAKE-256 of the parts one after the other (FIPS 202), as many bytes as `out` holds.
pub fn shake256(parts: &[&[u8]], out: &mut [u8]) {
    squeeze(Shake256::default(), parts, out);
}

/// Both halves of the hash wipe themselves when they are dropped.
fn squeeze(mut hash: Shake256, parts: &[&[u8]], out: &mut [u8]) {
    for part in parts {
        hash.update(part);
    }
    hash.finalize_xof().read(out);
}

const _: fn() = || {
    fn wipes<T: ZeroizeOnDrop>() {}
    wipes::<Shake256>();
};

/// The five bytes in front of everything: no hash of another protocol is one of ours.
const DOMAIN: &[u8] = b"OTRv4";
