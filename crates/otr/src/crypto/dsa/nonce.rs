//! The per-signature secret k.

use super::scalar::{ORDER_LEN, Order, narrow};
use crypto_bigint::U192;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Candidates for k after RFC 6979 section 3.2 with HMAC-SHA256, each in 1..q.
///
/// They are a function of the private key, of what is signed and of the additional data of
/// section 3.6. So k is unpredictable even with a broken source of randomness, k for two different
/// messages is different, and with a good source two signatures over one message differ as well.
pub(super) struct Nonces<'a> {
    order: &'a Order,
    /// K of the RFC.
    key: [u8; 32],
    /// V of the RFC.
    value: [u8; 32],
}

impl<'a> Nonces<'a> {
    /// `secret` is the private key x, `hash` the message as an integer modulo q.
    pub(super) fn new(order: &'a Order, secret: &U192, hash: &U192, additional: &[u8]) -> Self {
        let secret = Zeroizing::new(narrow(secret));
        let hash = Zeroizing::new(narrow(hash));
        let mut nonces = Self {
            order,
            key: [0; 32],
            value: [1; 32],
        };
        for separator in [0, 1] {
            nonces.rekey(&[&[separator], &secret[..], &hash[..], additional]);
        }
        nonces
    }

    /// The next candidate.
    pub(super) fn draw(&mut self) -> Zeroizing<U192> {
        loop {
            self.value = mac(&self.key, &[&self.value]);
            let mut leftmost = Zeroizing::new([0; ORDER_LEN]);
            leftmost.copy_from_slice(&self.value[..ORDER_LEN]);
            let candidate = self.order.checked(&leftmost).map(Zeroizing::new);
            // Wanted or not: if another one is asked for, it must not depend on a used one.
            self.rekey(&[&[0]]);
            if let Some(candidate) = candidate {
                return candidate;
            }
        }
    }

    fn rekey(&mut self, parts: &[&[u8]]) {
        let mut input: Vec<&[u8]> = vec![&self.value];
        input.extend_from_slice(parts);
        self.key = mac(&self.key, &input);
        self.value = mac(&self.key, &[&self.value]);
    }
}

impl Drop for Nonces<'_> {
    fn drop(&mut self) {
        self.key.zeroize();
        self.value.zeroize();
    }
}

impl ZeroizeOnDrop for Nonces<'_> {}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key padded with zeros to the block length is the same key, and its length cannot be wrong.
    let mut block = Zeroizing::new([0; 64]);
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6979, A.2.1: the order, the private key and (message hash, k) for SHA-256. The RFC
    /// truncates the hash before it reduces it; these are its first 20 bytes.
    const Q: &str = "00000000996F967F6C8E388D9E28D01E205FBA957A5698B1";
    const X: &str = "00000000411602CB19A6CCC34494D79D98EF1E7ED5AF25F7";

    fn order() -> Order {
        Order::from_be_bytes(&narrow(&U192::from_be_hex(Q))).unwrap()
    }

    fn first(hash: &[u8], additional: &[u8]) -> U192 {
        let order = order();
        let hash = order.reduce(hash).retrieve();
        *Nonces::new(&order, &U192::from_be_hex(X), &hash, additional).draw()
    }

    #[test]
    fn without_additional_data_k_is_that_of_the_rfc() {
        use sha2::Digest;
        for (message, k) in [
            ("sample", "00000000519BA0546D0C39202A7D34D7DFA5E760B318BCFB"),
            ("test", "000000005A67592E8128E03A417B0484410FB72C0B630E1A"),
        ] {
            assert_eq!(
                first(&Sha256::digest(message)[..20], &[]),
                U192::from_be_hex(k),
                "{message}"
            );
        }
    }

    #[test]
    fn the_message_the_additional_data_and_the_draw_all_count() {
        let order = order();
        let hash = order.reduce(&[7; 32]).retrieve();
        let mut nonces = Nonces::new(&order, &U192::from_be_hex(X), &hash, &[9; 32]);
        let drawn: Vec<U192> = (0..50).map(|_| *nonces.draw()).collect();
        assert_eq!(drawn[0], first(&[7; 32], &[9; 32]));
        for (i, k) in drawn.iter().enumerate() {
            assert!(!drawn[..i].contains(k));
            assert!(order.checked(&narrow(k)).is_some());
        }
        assert_ne!(drawn[0], first(&[8; 32], &[9; 32]));
        assert_ne!(drawn[0], first(&[7; 32], &[8; 32]));
    }
}
