//! The group of versions 1 to 3: integers modulo the 1536-bit prime of RFC 3526, with generator 2.
//!
//! What is here is all that the floors above see of it. How a power is computed is private to `arithmetic`, so that
//! a faster kernel can take its place without a change elsewhere.
//!
//! * [`DhSecret`], [`DhPublic`] and [`DhShared`] are the Diffie-Hellman half: exponents of 320 bits.
//! * [`Exponent`] and [`Element`] are what the Socialist Millionaires' Protocol needs: full-size exponents modulo
//!   q = (p - 1) / 2, and elements that can be multiplied and divided.

mod arithmetic;
mod dh;
mod element;
mod exponent;
#[cfg(feature = "hazmat")]
pub mod tally;

use core::fmt;

use crypto_bigint::U1536;

pub use dh::{DhPublic, DhSecret, DhShared};
pub use element::Element;
pub use exponent::{BadExponent, Exponent};

/// A number that a peer sent is not a usable element of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadGroupElement;

impl fmt::Display for BadGroupElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number is not in the group")
    }
}

impl std::error::Error for BadGroupElement {}

/// Reads a big-endian integer of any length; `None` if its value needs more than 1536 bits.
fn read_integer(bytes: &[u8]) -> Option<U1536> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let digits = bytes.get(zeros..)?;
    let mut padded = [0; SIZE];
    let start = SIZE.checked_sub(digits.len())?;
    padded.get_mut(start..)?.copy_from_slice(digits);
    Some(U1536::from_be_slice(&padded))
}

/// The shortest big-endian form of `value`: no leading zero byte, and nothing at all for zero.
fn minimal_bytes(value: &U1536) -> Vec<u8> {
    let bytes = zeroize::Zeroizing::new(value.to_be_bytes());
    let bytes = bytes.as_slice();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}

/// Bytes in a group element.
const SIZE: usize = 192;
