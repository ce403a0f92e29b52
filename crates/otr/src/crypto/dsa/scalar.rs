//! Integers modulo the 160-bit group order.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{CtLt, Odd, U192};
use zeroize::Zeroizing;

/// An integer modulo q, in Montgomery form.
pub(super) type Scalar = FixedMontyForm<{ U192::LIMBS }>;

/// The group order q: odd and of exactly [`ORDER_BITS`] bits.
#[derive(Clone)]
pub(super) struct Order(FixedMontyParams<{ U192::LIMBS }>);

impl Order {
    /// Takes a big-endian integer without leading zeros. `None` if it is even or has another size.
    pub(super) fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let value = widen(bytes.try_into().ok()?);
        (value.bits_vartime() == ORDER_BITS).then_some(())?;
        Odd::new(value).into_option().map(Self::new)
    }

    /// The caller promises that `q` has exactly [`ORDER_BITS`] bits.
    pub(super) fn new(q: Odd<U192>) -> Self {
        Self(FixedMontyParams::new_vartime(q))
    }

    pub(super) fn as_uint(&self) -> &U192 {
        self.0.modulus().as_ref()
    }

    pub(super) fn scalar(&self, value: &U192) -> Scalar {
        Scalar::new(value, &self.0)
    }

    /// The integer written in `bytes`, if it lies in 1..q. The time depends on the answer only.
    pub(super) fn checked(&self, bytes: &[u8; ORDER_LEN]) -> Option<U192> {
        let value = widen(bytes);
        bool::from(value.is_nonzero() & value.ct_lt(self.as_uint())).then_some(value)
    }

    /// The whole of `bytes`, a big-endian integer of any length, modulo q.
    ///
    /// The time depends on the length only: what is signed in a handshake is not public.
    pub(super) fn reduce(&self, bytes: &[u8]) -> Scalar {
        let shift = self.scalar(&U192::ONE.shl_vartime(CHUNK_BITS));
        let (head, chunks) = bytes.as_rchunks::<CHUNK_LEN>();
        let mut sum = Zeroizing::new(self.chunk(head));
        for chunk in chunks {
            *sum = *sum * shift + self.chunk(chunk);
        }
        *sum
    }

    /// At most [`CHUNK_LEN`] bytes, hence a value below q.
    fn chunk(&self, bytes: &[u8]) -> Scalar {
        let mut padded = Zeroizing::new([0; ORDER_LEN]);
        for (to, from) in padded.iter_mut().rev().zip(bytes.iter().rev()) {
            *to = *from;
        }
        self.scalar(&widen(&padded))
    }
}

/// The big-endian integer in `bytes`.
pub(super) fn widen(bytes: &[u8; ORDER_LEN]) -> U192 {
    let mut padded = Zeroizing::new([0; U192::BYTES]);
    padded[U192::BYTES - ORDER_LEN..].copy_from_slice(bytes);
    U192::from_be_slice(&*padded)
}

/// Fixed-length big-endian bytes of a value below 2^160.
pub(super) fn narrow(value: &U192) -> [u8; ORDER_LEN] {
    let mut bytes = [0; ORDER_LEN];
    bytes.copy_from_slice(&value.to_be_bytes().as_slice()[U192::BYTES - ORDER_LEN..]);
    bytes
}

/// The limbs of a value, whatever the word of this processor.
pub(super) fn limbs_of(value: &U192) -> Zeroizing<[u64; 3]> {
    let bytes = Zeroizing::new(value.to_le_bytes());
    let mut limbs = Zeroizing::new([0; 3]);
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_slice().as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

/// Size of q in bits.
pub(super) const ORDER_BITS: u32 = 160;
/// Size of q in bytes.
pub(super) const ORDER_LEN: usize = 20;
const CHUNK_LEN: usize = 16;
const CHUNK_BITS: u32 = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    fn order() -> Order {
        let mut q = [0xa5; ORDER_LEN];
        q[19] = 0x3d;
        Order::from_be_bytes(&q).unwrap()
    }

    #[test]
    fn reduction_takes_every_byte_of_every_length() {
        let order = order();
        let q = BigUint::from_bytes_be(&narrow(order.as_uint()));
        for len in 0..=100_u8 {
            for fill in [|i: u8| i.wrapping_mul(31) ^ 0xc3, |_| 0xff_u8] {
                let bytes: Vec<u8> = (0..len).map(fill).collect();
                let ours = narrow(&order.reduce(&bytes).retrieve());
                assert_eq!(
                    BigUint::from_bytes_be(&ours),
                    BigUint::from_bytes_be(&bytes) % &q,
                    "{len} bytes"
                );
            }
        }
    }

    #[test]
    fn only_one_to_q_less_one_is_in_range() {
        let order = order();
        let q = *order.as_uint();
        for (value, fits) in [
            (U192::ZERO, false),
            (U192::ONE, true),
            (q.wrapping_sub(&U192::ONE), true),
            (q, false),
            (q.wrapping_add(&U192::ONE), false),
        ] {
            assert_eq!(order.checked(&narrow(&value)).is_some(), fits, "{value}");
        }
    }

    #[test]
    fn an_order_is_odd_and_has_160_bits() {
        assert!(Order::from_be_bytes(&[0x81; 20]).is_some());
        assert!(Order::from_be_bytes(&[0x7f; 20]).is_none());
        assert!(Order::from_be_bytes(&[0x82; 20]).is_none());
        assert!(Order::from_be_bytes(&[0x81; 19]).is_none());
        assert!(Order::from_be_bytes(&[0x81; 21]).is_none());
        assert!(Order::from_be_bytes(&[]).is_none());
    }
}
