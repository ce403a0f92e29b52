//! From the shared secret of the key exchange to its seven values (version 3, "Computing AES keys, MAC
//! keys, and the secure session id").

use zeroize::Zeroizing;

use crate::crypto::legacy::sha256;
use crate::crypto::modp::DhShared;
use crate::secret::Secret;

/// The keys that protect one side's signed identity.
pub struct SideKeys {
    /// `c` or `c'`: encrypts the signed identity.
    pub cipher: Secret<16>,
    /// `m1` or `m1'`: keys the MAC that is signed.
    pub signed_mac: Secret<32>,
    /// `m2` or `m2'`: keys the MAC over the ciphertext.
    pub outer_mac: Secret<32>,
}

/// All that the key exchange derives from the shared secret.
pub struct AkeKeys {
    /// The first 64 bits of `h2(0x00)`.
    pub ssid: [u8; 8],
    /// `c`, `m1`, `m2`: for the Reveal Signature message.
    pub reveal: SideKeys,
    /// `c'`, `m1'`, `m2'`: for the Signature message.
    pub signature: SideKeys,
}

impl AkeKeys {
    /// Derives `h2(b) = SHA-256(b ‖ secbytes)` for b = 0…5.
    pub fn derive(shared: &DhShared) -> Self {
        let h2 = |byte: u8| Zeroizing::new(sha256(&[&[byte], shared.secbytes()]));
        let id = h2(0);
        let mut ssid = [0; 8];
        ssid.copy_from_slice(&id[..8]);
        let ciphers = h2(1);
        let secret32 = |byte: u8| {
            let value = h2(byte);
            Secret::fill_with(|bytes: &mut [u8; 32]| bytes.copy_from_slice(&*value))
        };
        let half = |part: &[u8]| Secret::fill_with(|bytes: &mut [u8; 16]| bytes.copy_from_slice(part));
        Self {
            ssid,
            reveal: SideKeys {
                cipher: half(&ciphers[..16]),
                signed_mac: secret32(2),
                outer_mac: secret32(3),
            },
            signature: SideKeys {
                cipher: half(&ciphers[16..]),
                signed_mac: secret32(4),
                outer_mac: secret32(5),
            },
        }
    }
}
