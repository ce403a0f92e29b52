//! The public key: its checks, and verification.

use super::SIGNATURE_LEN;
use super::power::product_of_powers;
use super::scalar::{ORDER_LEN, Order};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, U192};
use std::fmt;

/// A DSA public key with its group parameters.
#[derive(Clone)]
pub struct PublicKey {
    pub(super) modulus: BoxedMontyParams,
    pub(super) order: Order,
    pub(super) generator: BoxedMontyForm,
    value: BoxedMontyForm,
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
        let modulus = modulus(p).ok_or(BadPublicKey::Modulus)?;
        let order = Order::from_be_bytes(q)
            .filter(|q| modulus.as_ref().rem_vartime(q.as_nonzero()) == U192::ONE)
            .ok_or(BadPublicKey::Order)?;
        let generator = element(g, &modulus).ok_or(BadPublicKey::Generator)?;
        let value = element(y, &modulus).ok_or(BadPublicKey::Value)?;
        let key = Self::assemble(modulus, order, generator, value);
        if !key.in_subgroup(&key.generator) {
            return Err(BadPublicKey::Generator);
        }
        if !key.in_subgroup(&key.value) {
            return Err(BadPublicKey::Value);
        }
        Ok(key)
    }

    /// Puts numbers together that are known to be right. All but `order` have the same precision.
    pub(super) fn assemble(p: Odd<BoxedUint>, order: Order, g: BoxedUint, y: BoxedUint) -> Self {
        let bytes = |number: &BoxedUint| minimal(&number.to_be_bytes()).to_vec();
        let q = minimal(order.as_uint().to_be_bytes().as_slice()).to_vec();
        let parts = [bytes(p.as_ref()), q, bytes(&g), bytes(&y)];
        let modulus = BoxedMontyParams::new_vartime(p);
        let generator = BoxedMontyForm::new(g, &modulus);
        let value = BoxedMontyForm::new(y, &modulus);
        Self {
            modulus,
            order,
            generator,
            value,
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
        let product = product_of_powers(
            &self.modulus,
            [(&self.generator, &for_generator), (&self.value, &for_value)],
        );
        if product.retrieve().rem_vartime(self.order.as_nonzero()) == r {
            Ok(())
        } else {
            Err(BadSignature)
        }
    }

    fn in_subgroup(&self, element: &BoxedMontyForm) -> bool {
        product_of_powers(&self.modulus, [(element, self.order.as_uint())])
            == BoxedMontyForm::one(&self.modulus)
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
        write!(f, "PublicKey({} bits)", self.modulus.modulus().bits_vartime())
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

/// An odd p of a supported size.
fn modulus(bytes: &[u8]) -> Option<Odd<BoxedUint>> {
    // The length first: a number without bound is not worth copying.
    (bytes.len() <= MAX_MODULUS_LEN).then_some(())?;
    let p = BoxedUint::from_be_slice_vartime(bytes);
    (p.bits_vartime() >= MIN_MODULUS_BITS).then_some(())?;
    Odd::new(p).into_option()
}

/// An integer in 2..p, as wide as p.
fn element(bytes: &[u8], p: &Odd<BoxedUint>) -> Option<BoxedUint> {
    let number = BoxedUint::from_be_slice(bytes, p.bits_precision()).ok()?;
    (number.bits_vartime() > 1 && number < *p.as_ref()).then_some(number)
}

const MIN_MODULUS_BITS: u32 = 512;
const MAX_MODULUS_LEN: usize = 3072 / 8;
