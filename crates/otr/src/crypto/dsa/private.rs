//! The private key: signing.

use super::SIGNATURE_LEN;
use super::generate::generate;
use super::nonce::Nonces;
use super::public::{BadPublicKey, PublicKey, minimal};
use super::scalar::{ORDER_LEN, Scalar, narrow};
use crypto_bigint::U192;
use crypto_primes::{Flavor, is_prime};
use rand_core::CryptoRng;
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A DSA private key with its public half.
///
/// The secret is kept at one place on the heap and wiped on drop; it never shows in `Debug`.
pub struct PrivateKey {
    public: PublicKey,
    secret: Box<Zeroizing<U192>>,
}

impl PrivateKey {
    /// Makes new group parameters (p of 1024 bits, q of 160) and a key in them.
    ///
    /// This takes tens of milliseconds, now and then several times that: not on a thread that
    /// somebody waits for.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let (public, secret) = generate(rng);
        Self { public, secret }
    }

    /// Builds a key from big-endian integers. Leading zeros are ignored.
    ///
    /// Beyond the checks of [`PublicKey::from_parts`] q has to be prime, because signing divides by
    /// numbers modulo q, and y has to be g^x.
    ///
    /// # Errors
    /// [`BadPrivateKey`] names what is wrong.
    pub fn from_parts(p: &[u8], q: &[u8], g: &[u8], y: &[u8], x: &[u8]) -> Result<Self, BadPrivateKey> {
        let public = PublicKey::from_parts(p, q, g, y).map_err(BadPrivateKey::Public)?;
        if !is_prime(Flavor::Any, public.order.as_uint()) {
            return Err(BadPrivateKey::CompositeOrder);
        }
        let x = minimal(x);
        let mut padded = Zeroizing::new([0; ORDER_LEN]);
        padded
            .len()
            .checked_sub(x.len())
            .and_then(|zeros| padded.get_mut(zeros..))
            .ok_or(BadPrivateKey::Secret)?
            .copy_from_slice(x);
        let secret = public.order.checked(&padded).map(|x| Box::new(Zeroizing::new(x)));
        let secret = secret.ok_or(BadPrivateKey::Secret)?;
        if !public.group.belongs_to(&secret) {
            return Err(BadPrivateKey::Mismatch);
        }
        Ok(Self { public, secret })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The secret x for a key store: big-endian, 20 bytes whatever its value.
    #[must_use]
    pub fn x(&self) -> Zeroizing<[u8; ORDER_LEN]> {
        Zeroizing::new(narrow(&self.secret))
    }

    /// Signs `message`, a big-endian integer of any length which counts whole.
    ///
    /// 32 bytes of `rng` go into the nonce, but its safety does not hang on them: see RFC 6979,
    /// sections 3.2 and 3.6. The time does not depend on the key, the nonce or the value of the
    /// message.
    #[must_use]
    pub fn sign(&self, message: &[u8], rng: &mut dyn CryptoRng) -> [u8; SIGNATURE_LEN] {
        let mut added = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *added);
        self.sign_with(message, &*added)
    }

    /// Signs with the given additional data; none at all makes it plain RFC 6979.
    fn sign_with(&self, message: &[u8], additional: &[u8]) -> [u8; SIGNATURE_LEN] {
        let hash = Zeroizing::new(self.public.order.reduce(message));
        let mut nonces = Nonces::new(&self.public.order, &self.secret, &hash.retrieve(), additional);
        loop {
            // A nonce that gives r = 0 or s = 0 is as rare as guessing the key.
            if let Some(signature) = self.sign_once(&hash, &nonces.draw()) {
                return signature;
            }
        }
    }

    /// The equations of DSA: r = (g^k mod p) mod q, s = (h + x·r) / k mod q.
    fn sign_once(&self, hash: &Scalar, nonce: &U192) -> Option<[u8; SIGNATURE_LEN]> {
        let order = &self.public.order;
        let r = self.public.group.generator_power(nonce, order);
        let inverse = Zeroizing::new(order.scalar(nonce).invert().into_option()?);
        let secret = Zeroizing::new(order.scalar(&self.secret));
        let sum = Zeroizing::new(*hash + *secret * order.scalar(&r));
        let s = (*inverse * *sum).retrieve();
        if bool::from(r.is_zero() | s.is_zero()) {
            return None;
        }
        let mut signature = [0; SIGNATURE_LEN];
        signature[..ORDER_LEN].copy_from_slice(&narrow(&r));
        signature[ORDER_LEN..].copy_from_slice(&narrow(&s));
        Some(signature)
    }
}

// `secret` wipes itself.
impl ZeroizeOnDrop for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// What makes a private key unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPrivateKey {
    /// The public half is not usable.
    Public(BadPublicKey),
    /// q is not prime.
    CompositeOrder,
    /// x is outside 1..q.
    Secret,
    /// y is not g^x.
    Mismatch,
}

impl fmt::Display for BadPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(reason) => reason.fmt(f),
            Self::CompositeOrder => f.write_str("the order q of the private key is not prime"),
            Self::Secret => f.write_str("the secret x of the private key is not in its range"),
            Self::Mismatch => f.write_str("the private key does not belong to its public key"),
        }
    }
}

impl std::error::Error for BadPrivateKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::dsa::test_key::{example, hex};

    fn wiped_on_drop<T: ZeroizeOnDrop>(_: &T) {}

    #[test]
    fn without_added_entropy_signatures_are_those_of_the_rfc() {
        use sha2::Digest;
        let key = example();
        for (message, r, s) in [
            (
                "sample",
                "81F2F5850BE5BC123C43F71A3033E9384611C545",
                "4CDD914B65EB6C66A8AAAD27299BEE6B035F5E89",
            ),
            (
                "test",
                "22518C127299B0F6FDC9872B282B9E70D0790812",
                "6837EC18F150D55DE95B5E29BE7AF5D01E4FE160",
            ),
        ] {
            // The RFC truncates: to q's length here, so that nothing is left to cut.
            let hash = &sha2::Sha256::digest(message)[..ORDER_LEN];
            let signature = key.sign_with(hash, &[]);
            assert_eq!(signature.to_vec(), [hex(r), hex(s)].concat(), "{message}");
            assert_eq!(key.public().verify(hash, &signature), Ok(()));
        }
    }

    #[test]
    fn a_nonce_that_cannot_be_used_is_refused() {
        let key = example();
        let hash = key.public.order.reduce(b"m");
        assert!(key.sign_once(&hash, &U192::ZERO).is_none());
        // With h = -x·r the sum is zero and so is s.
        let k = U192::from(5_u8);
        let order = &key.public.order;
        let r = key.public.group.generator_power(&k, order);
        let hash = -(order.scalar(&key.secret) * order.scalar(&r));
        assert!(key.sign_once(&hash, &k).is_none());
    }

    #[test]
    fn the_secret_is_wiped_and_never_printed() {
        let key = example();
        wiped_on_drop(&key);
        wiped_on_drop(&*key.secret);
        let shown = format!("{key:?} {key:#?}").to_lowercase();
        let x: String = key.x().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!shown.contains(&x) && !shown.contains(&x[..8]), "{shown}");
        assert!(shown.contains("privatekey"));
    }
}
