//! ChaCha20 as version 4 encrypts its data messages: no Poly1305, the authenticator is a MAC of its own.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

/// ChaCha20 (RFC 8439, section 2.4) over `data` in place, with a nonce of zeros and a block counter that starts at 0.
/// Encrypting and decrypting are the same.
///
/// A key must serve for one message only. `key` is the first half of the 64-byte encryption key. The counter has 32
/// bits: `data` must be shorter than 2^38 bytes, which no message is.
pub fn chacha20(key: &[u8; 32], data: &mut [u8]) {
    // Wiped by its own drop.
    let mut cipher = ChaCha20::new(key.into(), (&[0; 12]).into());
    cipher.apply_keystream(data);
}

const _: fn() = || {
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<ChaCha20>();
};
