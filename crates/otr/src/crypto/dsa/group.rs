//! The numbers of a key modulo p, at one of two widths.

use super::power::{power_secret, product_of_powers};
use super::public::BadPublicKey;
use super::scalar::Order;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U192, U1024, U3072, Uint};

/// p, g and y of a key.
///
/// Every key in use has a p of 1024 bits; the wide form is for those which somebody may have made
/// larger. Smaller ones cost as much as 1024 bits.
#[derive(Clone)]
pub(super) enum Group {
    Usual(Box<Elements<{ U1024::LIMBS }>>),
    Wide(Box<Elements<{ U3072::LIMBS }>>),
}

/// g and y, each carrying p. As wide as `L` limbs.
#[derive(Clone)]
pub(super) struct Elements<const L: usize> {
    generator: FixedMontyForm<L>,
    value: FixedMontyForm<L>,
}

impl Group {
    /// Makes the checks of [`PublicKey::from_parts`](super::PublicKey::from_parts) on integers
    /// without leading zeros.
    pub(super) fn checked(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Result<(Self, Order), BadPublicKey> {
        if p.len() <= U1024::BYTES {
            let (elements, order) = Elements::checked(p, q, g, y)?;
            Ok((Self::Usual(Box::new(elements)), order))
        } else {
            let (elements, order) = Elements::checked(p, q, g, y)?;
            Ok((Self::Wide(Box::new(elements)), order))
        }
    }

    /// g^exponent mod p mod q for a secret exponent.
    pub(super) fn generator_power(&self, exponent: &U192, order: &Order) -> U192 {
        match self {
            Self::Usual(elements) => elements.generator_power(exponent, order),
            Self::Wide(elements) => elements.generator_power(exponent, order),
        }
    }

    /// g^a · y^b mod p mod q for public exponents.
    pub(super) fn product(&self, a: &U192, b: &U192, order: &Order) -> U192 {
        match self {
            Self::Usual(elements) => elements.product(a, b, order),
            Self::Wide(elements) => elements.product(a, b, order),
        }
    }

    /// Whether y is g^secret.
    pub(super) fn belongs_to(&self, secret: &U192) -> bool {
        match self {
            Self::Usual(elements) => elements.belongs_to(secret),
            Self::Wide(elements) => elements.belongs_to(secret),
        }
    }
}

impl<const L: usize> Elements<L> {
    pub(super) fn new(generator: FixedMontyForm<L>, value: FixedMontyForm<L>) -> Self {
        Self { generator, value }
    }

    fn checked(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Result<(Self, Order), BadPublicKey> {
        let p = number(p).filter(|p| p.bits_vartime() >= MIN_MODULUS_BITS);
        let p = p
            .and_then(|p| Odd::new(p).into_option())
            .ok_or(BadPublicKey::Modulus)?;
        let order = Order::from_be_bytes(q)
            .filter(|q| p.as_ref().rem_vartime(q.as_nonzero()) == U192::ONE)
            .ok_or(BadPublicKey::Order)?;
        let in_range = |bytes| number(bytes).filter(|n| n.bits_vartime() > 1 && n < p.as_ref());
        let g = in_range(g).ok_or(BadPublicKey::Generator)?;
        let y = in_range(y).ok_or(BadPublicKey::Value)?;
        let modulus = FixedMontyParams::new_vartime(p);
        let in_subgroup = |element: &FixedMontyForm<L>| {
            product_of_powers(&modulus, [(element, order.as_uint())]) == FixedMontyForm::one(&modulus)
        };
        let generator = Some(FixedMontyForm::new(&g, &modulus)).filter(in_subgroup);
        let generator = generator.ok_or(BadPublicKey::Generator)?;
        let value = Some(FixedMontyForm::new(&y, &modulus)).filter(in_subgroup);
        let value = value.ok_or(BadPublicKey::Value)?;
        Ok((Self { generator, value }, order))
    }

    fn generator_power(&self, exponent: &U192, order: &Order) -> U192 {
        // The power can be computed from the signature by anybody: the division may take its time.
        power_secret(&self.generator, exponent)
            .retrieve()
            .rem_vartime(order.as_nonzero())
    }

    fn product(&self, a: &U192, b: &U192, order: &Order) -> U192 {
        product_of_powers(self.generator.params(), [(&self.generator, a), (&self.value, b)])
            .retrieve()
            .rem_vartime(order.as_nonzero())
    }

    fn belongs_to(&self, secret: &U192) -> bool {
        power_secret(&self.generator, secret) == self.value
    }
}

/// A big-endian integer without leading zeros, if it fits.
fn number<const L: usize>(bytes: &[u8]) -> Option<Uint<L>> {
    (bytes.len() <= Uint::<L>::BYTES).then(|| Uint::from_be_slice_truncated(bytes, Uint::<L>::BITS))
}

const MIN_MODULUS_BITS: u32 = 512;
