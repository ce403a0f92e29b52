//! The keys of one pair of D-H keys, ours and theirs (version 3, "Computing AES keys, MAC keys, and the
//! secure session id"), with the counters that belong to them.

use core::fmt;

use zeroize::Zeroizing;

use crate::crypto::legacy::{Aes128Ctr, HmacSha1, ct_eq, sha1, sha256};
use crate::crypto::modp::{DhPublic, DhShared};
use crate::secret::Secret;

/// Keys and counters for messages between our key `our_id` and their key `their_id`.
pub struct PairKeys {
    /// Serial number of our D-H key.
    pub our_id: u32,
    /// Serial number of theirs.
    pub their_id: u32,
    /// For messages from us.
    pub sending: SendingKeys,
    /// For messages to us.
    pub receiving: ReceivingKeys,
    extra: Secret<32>,
}

/// The "sending AES key" and "sending MAC key".
pub struct SendingKeys {
    cipher: Aes128Ctr,
    mac: HmacSha1,
    #[cfg(feature = "hazmat")]
    mac_key: Secret<20>,
    counter: u64,
}

/// The "receiving AES key" and "receiving MAC key".
pub struct ReceivingKeys {
    cipher: Aes128Ctr,
    mac: HmacSha1,
    /// To be revealed one day.
    mac_key: MacKey,
    counter: u64,
}

/// A receiving MAC key while it is secret.
pub struct MacKey(Secret<20>);

/// A MAC key that is, or is about to be, public. Made only from a [`MacKey`] that has retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevealedMacKey([u8; 20]);

/// The extra symmetric key, `h2(0xFF)`, 32 bytes: for uses outside the conversation, a file transfer
/// say (version 3, "Extra symmetric key").
pub struct ExtraKey(Secret<32>);

impl PairKeys {
    /// Derives everything from the shared secret; who is the high end follows from the public keys.
    pub fn derive(our_id: u32, ours: &DhPublic, their_id: u32, theirs: &DhPublic, shared: &DhShared) -> Self {
        let high = ours > theirs;
        let (send, receive) = if high { (1, 2) } else { (2, 1) };
        let extra = Zeroizing::new(sha256(&[&[0xff], shared.secbytes()]));
        Self {
            our_id,
            their_id,
            sending: SendingKeys::derive(send, shared),
            receiving: ReceivingKeys::derive(receive, shared),
            extra: Secret::fill_with(|bytes: &mut [u8; 32]| bytes.copy_from_slice(&*extra)),
        }
    }

    /// Whether any message went or came under these keys; before that they say nothing that the D-H keys
    /// do not say.
    #[cfg(feature = "hazmat")]
    pub(crate) fn is_in_use(&self) -> bool {
        self.sending.counter > 0 || self.receiving.counter > 0
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        let numbers = (
            self.our_id,
            self.their_id,
            self.sending.counter,
            self.receiving.counter,
        );
        field(bytes, format!("{numbers:?}").as_bytes());
        field(bytes, self.sending.mac_key.expose());
        field(bytes, self.receiving.mac_key.0.expose());
    }

    /// The extra symmetric key of this pair.
    pub fn extra_key(&self) -> ExtraKey {
        ExtraKey(Secret::fill_with(|bytes| {
            bytes.copy_from_slice(self.extra.expose())
        }))
    }
}

impl SendingKeys {
    fn derive(byte: u8, shared: &DhShared) -> Self {
        let (cipher, mac_key) = cipher_and_mac(byte, shared);
        Self {
            cipher,
            mac: HmacSha1::new(mac_key.expose()),
            #[cfg(feature = "hazmat")]
            mac_key,
            counter: 0,
        }
    }

    /// Encrypts `text` in place under the next counter and returns that counter's top half; nothing is
    /// done when the counters are used up.
    pub fn encrypt(&mut self, text: &mut [u8]) -> Option<[u8; 8]> {
        self.counter = self.counter.checked_add(1)?;
        let top = self.counter.to_be_bytes();
        self.cipher.apply(&top, text);
        Some(top)
    }

    /// The authenticator over the two parts, prefix and ciphertext.
    pub fn authenticate(&self, parts: &[&[u8]]) -> [u8; 20] {
        self.mac.of(parts)
    }
}

impl ReceivingKeys {
    fn derive(byte: u8, shared: &DhShared) -> Self {
        let (cipher, mac_key) = cipher_and_mac(byte, shared);
        Self {
            cipher,
            mac: HmacSha1::new(mac_key.expose()),
            mac_key: MacKey(mac_key),
            counter: 0,
        }
    }

    /// Whether the authenticator fits the parts; constant time in the key and the value.
    pub fn verifies(&self, parts: &[&[u8]], authenticator: &[u8; 20]) -> bool {
        ct_eq(&self.mac.of(parts), authenticator)
    }

    /// How many counters lie between the last accepted message and this one; `None` if it is not above
    /// the last one. Peers count by one, so a gap is a number of messages that did not arrive.
    pub fn gap(&self, counter: [u8; 8]) -> Option<u64> {
        u64::from_be_bytes(counter)
            .checked_sub(self.counter)?
            .checked_sub(1)
    }

    /// Decrypts an authenticated message in place and takes its counter as the last one seen.
    pub fn decrypt(&mut self, counter: [u8; 8], text: &mut [u8]) {
        self.counter = u64::from_be_bytes(counter);
        self.cipher.apply(&counter, text);
    }

    /// Retires the keys. The MAC key becomes public if it has verified a message, and is forgotten if not.
    pub fn retire(self) -> Option<RevealedMacKey> {
        // Counters start at 1, so a counter above zero says that a message was accepted.
        (self.counter > 0).then(|| self.mac_key.reveal())
    }
}

impl MacKey {
    /// The only way from a secret to a revealed MAC key.
    fn reveal(self) -> RevealedMacKey {
        RevealedMacKey(*self.0.expose())
    }
}

impl RevealedMacKey {
    /// The 20 bytes as they are published.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl ExtraKey {
    /// The 32 bytes.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl fmt::Debug for ExtraKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtraKey(..)")
    }
}

impl PartialEq for ExtraKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.expose())
    }
}

impl Eq for ExtraKey {}

/// `h1(byte)` cut to 16 bytes as a key of AES, and the SHA-1 of those bytes.
fn cipher_and_mac(byte: u8, shared: &DhShared) -> (Aes128Ctr, Secret<20>) {
    let h1 = Zeroizing::new(sha1(&[&[byte], shared.secbytes()]));
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(&h1[..16]);
    let mac = Zeroizing::new(sha1(&[key.as_slice()]));
    (
        Aes128Ctr::new(&key),
        Secret::fill_with(|bytes: &mut [u8; 20]| bytes.copy_from_slice(&*mac)),
    )
}
