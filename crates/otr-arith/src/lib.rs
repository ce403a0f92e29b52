//! Powers and products modulo large odd numbers, in constant time.
//!
//! Off-the-record messaging spends nearly all of its time on powers modulo a prime of 1536 bits, the prime of a DSA
//! key (1024 bits) or, in version 4, one of 3072 bits. This crate computes them and knows nothing of the protocol.
//!
//! ```text
//! modulus.rs      Modulus: what the outside calls; chooses the kernel
//! groups.rs       the primes of RFC 3526 with the base 2
//! kernel.rs       what a kernel has to offer
//! ifma/           the kernel for x86-64 with AVX-512 IFMA
//! portable.rs     the kernel for every other x86-64, in safe Rust
//! audited.rs      the kernel for everything else, of crypto-bigint: ours has not been measured there
//! window.rs       powers of any base, products of powers     comb.rs  powers of a base known beforehand
//! jacobi.rs       squares and others                          limbs.rs plain numbers
//! ```
//!
//! Numbers are little-endian arrays of `L` limbs of 64 bits. `V` is the number of vectors that the other kernel needs
//! for them: use the aliases [`Modulus1024`], [`Modulus1536`] and [`Modulus3072`].
//!
//! # Constant time
//!
//! No function without `vartime` in its name branches on, or looks up memory by, the value of a number or an exponent.
//! What may show is the modulus, the number of exponent bits that the caller says to look at, and which functions are
//! called. Functions with `vartime` in their name are for exponents that everybody may know; their *bases* still take
//! constant time.
//!
//! # Wiping
//!
//! Results come as `Zeroizing`; tables and intermediate values are overwritten before their memory is given back.
//! Copies that the compiler keeps in registers or spills to the stack are beyond the reach of Rust.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod audited;
mod comb;
mod groups;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod jacobi;
mod kernel;
mod limbs;
mod modulus;
#[cfg(target_arch = "x86_64")]
mod portable;
mod window;

#[cfg(not(target_arch = "x86_64"))]
use audited::Audited as Portable;
#[cfg(target_arch = "x86_64")]
use portable::Portable;

pub use comb::FixedBase;
pub use groups::{Group, group_1536, group_3072};
pub use modulus::{Modulus, Term};

/// Any odd modulus of at most 1024 bits.
pub type Modulus1024 = Modulus<16, 3>;
/// Any odd modulus of at most 1536 bits.
pub type Modulus1536 = Modulus<24, 4>;
/// Any odd modulus of at most 3072 bits.
pub type Modulus3072 = Modulus<48, 8>;

/// Whether moduli made from now on use AVX-512 IFMA.
#[must_use]
pub fn uses_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return ifma::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Makes every modulus that is made from now on use the portable kernel, in the whole process. To be called before
/// anything else here: what exists already stays as it is.
#[cfg(feature = "force-portable")]
pub fn force_portable() {
    #[cfg(target_arch = "x86_64")]
    ifma::forbid();
}
