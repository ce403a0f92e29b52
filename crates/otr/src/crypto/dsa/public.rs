//! The public key: its checks, and verification.

use super::SIGNATURE_LEN;
use super::group::{Elements, Group, be_bytes};
use super::scalar::{ORDER_LEN, Order};
use otr_arith::Modulus1024;
use std::fmt;

/// A DSA public key with its group parameters.
#[derive(Clone)]
pub struct PublicKey {
    pub(super) group: Group,
    pub(super) order: Order,
    /// p, q, g, y; minimal big-endian.
    parts: [Vec<u8>; 4],
}

impl PublicKey {
    /// Builds a key from big-endian integers. Leading zeros are ignored.
    ///
    /// Checked, in this order and before anything costs more than reading it:
    /// p is odd and of 512 to 3072 bits; q is odd, of exactly 160 bits and divides p - 1;
    /// g and y lie in 2..p; g^q = 1 and y^q = 1 modulo p.
    ///
    /// Not checked: that p and q are prime, how they were made, and that g and y generate the whole
    /// subgroup. Somebody who chose them badly lets others sign in his own name, which he could also
    /// do by giving away his private key; nobody else is harmed. The two last checks cost one
    /// exponentiation with a 160-bit exponent each: whoever meets the same key again had better
    /// compare [`parts`](Self::parts) and keep the old object.
    ///
    /// # Errors
    /// [`BadPublicKey`] names the first number that is wrong.
    pub fn from_parts(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Result<Self, BadPublicKey> {
        let [p, q, g, y] = [p, q, g, y].map(minimal);
        let (group, order) = Group::checked(p, q, g, y)?;
        Ok(Self {
            group,
            order,
            parts: [p, q, g, y].map(<[u8]>::to_vec),
        })
    }

    /// Puts numbers together that are known to be right.
    pub(super) fn assemble(
        order: Order,
        modulus: Modulus1024,
        generator: [u64; 16],
        value: [u64; 16],
    ) -> Self {
        let [p, g, y] = [modulus.value(), &generator, &value].map(be_bytes);
        let q = order.as_uint().to_be_bytes();
        let parts = [p.as_slice(), q.as_slice(), g.as_slice(), y.as_slice()];
        let parts = parts.map(|part| minimal(part).to_vec());
        Self {
            group: Group::Usual(Box::new(Elements::new(modulus, generator, value))),
            order,
            parts,
        }
    }

    /// p, q, g and y, each as a big-endian integer without leading zeros.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 4] {
        self.parts.each_ref().map(Vec::as_slice)
    }

    /// Checks `signature` over `message`, a big-endian integer of any length which counts whole.
    ///
    /// The time depends on the signature.
    ///
    /// # Errors
    /// [`BadSignature`] if r or s is outside 1..q or if the signature does not belong to this
    /// message and this key.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature> {
        let ([r, s], []) = signature.as_chunks::<ORDER_LEN>() else {
            return Err(BadSignature);
        };
        let r = self.order.checked(r).ok_or(BadSignature)?;
        let s = self.order.checked(s).ok_or(BadSignature)?;
        let inverse = self
            .order
            .scalar(&s)
            .invert_vartime()
            .into_option()
            .ok_or(BadSignature)?;
        let for_generator = (inverse * self.order.reduce(message)).retrieve();
        let for_value = (inverse * self.order.scalar(&r)).retrieve();
        let product = self.group.product(&for_generator, &for_value, &self.order);
        if product == r { Ok(()) } else { Err(BadSignature) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bytes)", self.parts[0].len())
    }
}

/// The number that makes a public key unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPublicKey {
    /// p is even or has fewer than 512 or more than 3072 bits.
    Modulus,
    /// q is even, does not have 160 bits or does not divide p - 1.
    Order,
    /// g is outside 2..p or g^q is not 1.
    Generator,
    /// y is outside 2..p or y^q is not 1.
    Value,
}

impl fmt::Display for BadPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modulus => "the modulus p of the public key is even or has an unsupported size",
            Self::Order => "the order q of the public key does not have 160 bits or does not fit its modulus",
            Self::Generator => "the generator g of the public key is not in its subgroup",
            Self::Value => "the value y of the public key is not in its subgroup",
        })
    }
}

impl std::error::Error for BadPublicKey {}

/// A signature that does not belong to the message and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not belong to this message and key")
    }
}

impl std::error::Error for BadSignature {}

/// The same integer without leading zeros.
pub(super) fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}
