//! Secret bytes: owned in one place, compared in constant time, wiped when dropped, never printed.

use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// `N` secret bytes on the heap.
///
/// They live behind a pointer so that moving a `Secret` moves the pointer and leaves no copy of the bytes on the
/// stack. They are wiped on drop. There is no `Clone` and no `==`: copying is spelled out by the caller, and
/// comparing is [`ct_eq`](Self::ct_eq).
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Lets `fill` write the bytes in place; they are all zero before.
    pub fn fill_with(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0);
        secret
    }

    /// `N` bytes from the generator.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::fill_with(|bytes| rng.fill_bytes(bytes))
    }

    /// The bytes themselves. Every call is a place where a secret could get away: keep the borrow short.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Whether the bytes equal `other`, in time that depends on the lengths alone. `false` for another length.
    #[must_use]
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        self.0.as_slice().ct_eq(other).into()
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

/// Declares a newtype over [`Secret`] with the same methods, so that secrets of one length cannot be confused.
///
/// `secret_type!(MacKey, 20, "What it is, for rustdoc.");` Its `Debug` prints `MacKey(..)`.
#[allow(unused_macros, reason = "the floors above use it")]
macro_rules! secret_type {
    ($name:ident, $length:expr, $doc:expr) => {
        #[doc = $doc]
        #[allow(
            unreachable_pub,
            reason = "the module that declares it decides how far it reaches"
        )]
        pub struct $name($crate::secret::Secret<{ $length }>);

        #[allow(
            dead_code,
            unreachable_pub,
            reason = "not every secret needs every method"
        )]
        impl $name {
            /// Lets `fill` write the bytes in place; they are all zero before.
            pub fn fill_with(fill: impl FnOnce(&mut [u8; $length])) -> Self {
                Self($crate::secret::Secret::fill_with(fill))
            }

            /// Fresh bytes from the generator.
            pub fn random(rng: &mut dyn ::rand_core::CryptoRng) -> Self {
                Self($crate::secret::Secret::random(rng))
            }

            /// The bytes themselves; keep the borrow short.
            #[must_use]
            pub fn expose(&self) -> &[u8; $length] {
                self.0.expose()
            }

            /// Whether the bytes equal `other`, in constant time. `false` for another length.
            #[must_use]
            pub fn ct_eq(&self, other: &[u8]) -> bool {
                self.0.ct_eq(other)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

#[allow(unused_imports, reason = "the floors above use it")]
pub(crate) use secret_type;

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::{ChaCha20Rng, rand_core::SeedableRng};

    secret_type!(Sample, 4, "Only for this test.");

    #[test]
    fn debug_never_shows_the_bytes() {
        let secret = Secret::<16>::fill_with(|bytes| bytes.fill(0xab));
        assert_eq!(format!("{secret:?}"), "Secret<16>(..)");
        assert_eq!(format!("{secret:#?}"), "Secret<16>(..)");
        let sample = Sample::fill_with(|bytes| bytes.fill(0xab));
        assert_eq!(format!("{sample:?}"), "Sample(..)");
    }

    #[test]
    fn equality_looks_at_every_byte_and_at_the_length() {
        let secret = Secret::<3>::fill_with(|bytes| *bytes = [1, 2, 3]);
        assert!(secret.ct_eq(&[1, 2, 3]));
        assert!(!secret.ct_eq(&[0, 2, 3]));
        assert!(!secret.ct_eq(&[1, 2, 0]));
        assert!(!secret.ct_eq(&[1, 2]));
        assert!(!secret.ct_eq(&[1, 2, 3, 0]));
    }

    #[test]
    fn random_draws_from_the_generator_given() {
        let first = Sample::random(&mut ChaCha20Rng::from_seed([1; 32]));
        let again = Sample::random(&mut ChaCha20Rng::from_seed([1; 32]));
        let other = Sample::random(&mut ChaCha20Rng::from_seed([2; 32]));
        assert!(first.ct_eq(again.expose()));
        assert!(!first.ct_eq(other.expose()));
    }
}
