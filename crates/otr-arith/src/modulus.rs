//! A modulus with what is known about it beforehand, and the operations on plain numbers.

use core::fmt;

use zeroize::Zeroizing;

use crate::Portable;
use crate::comb::{FixedBase, Shape};
#[cfg(target_arch = "x86_64")]
use crate::ifma::{self, Digits, Vectors};
use crate::jacobi;
use crate::kernel::Kernel;
use crate::window::{self, Factor, Table};

/// An odd modulus of at most 64 `L` bits.
pub struct Modulus<const L: usize, const V: usize> {
    portable: Portable<L>,
    /// Only where the processor can.
    #[cfg(target_arch = "x86_64")]
    vectors: Option<Box<Vectors<L, V>>>,
}

/// One power of a product.
#[derive(Clone, Copy)]
pub struct Term<'a, const L: usize> {
    /// The base: any number of `L` limbs.
    pub base: &'a [u64; L],
    /// The exponent, little-endian.
    pub exponent: &'a [u64],
    /// How many low bits of the exponent count; others are not looked at.
    pub bits: u32,
}

/// The tables of a comb, in the form that the kernel wants.
pub(crate) enum Stored<const L: usize, const V: usize> {
    Portable(Table<[u64; L]>),
    #[cfg(target_arch = "x86_64")]
    Vectors(Table<Digits<V>>),
}

/// Runs the same code with the kernel that this modulus uses.
macro_rules! with_kernel {
    ($modulus:expr, $kernel:ident => $work:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some($kernel) = $modulus.vectors.as_deref() {
            return $work;
        }
        let $kernel = &$modulus.portable;
        $work
    }};
}

impl<const L: usize, const V: usize> Modulus<L, V> {
    /// `None` unless the modulus is odd and at least 3. Variable time: a modulus is public.
    #[must_use]
    pub fn new(modulus: &[u64; L]) -> Option<Self> {
        let portable = Portable::new(modulus)?;
        Some(Self {
            #[cfg(target_arch = "x86_64")]
            vectors: ifma::is_available()
                .then(|| Vectors::new(&portable))
                .flatten()
                .map(Box::new),
            portable,
        })
    }

    /// The same without AVX-512 IFMA on every processor.
    #[must_use]
    pub fn portable(modulus: &[u64; L]) -> Option<Self> {
        Some(Self {
            portable: Portable::new(modulus)?,
            #[cfg(target_arch = "x86_64")]
            vectors: None,
        })
    }

    /// The modulus itself.
    #[must_use]
    pub fn value(&self) -> &[u64; L] {
        self.portable.modulus()
    }

    /// `left` times `right`.
    #[must_use]
    pub fn product(&self, left: &[u64; L], right: &[u64; L]) -> Zeroizing<[u64; L]> {
        // Three conversions would eat up what vectors gain.
        let kernel = &self.portable;
        let mut product = Zeroizing::new(kernel.enter(left));
        // Montgomery form times plain form: the plain product.
        kernel.multiply(&mut product, right);
        product
    }

    /// `base` to the `exponent`, of which the `bits` lowest bits count.
    #[must_use]
    pub fn power(&self, base: &[u64; L], exponent: &[u64], bits: u32) -> Zeroizing<[u64; L]> {
        self.power_product(&[Term { base, exponent, bits }])
    }

    /// The product of several powers, for one chain of squarings.
    #[must_use]
    pub fn power_product(&self, terms: &[Term<'_, L>]) -> Zeroizing<[u64; L]> {
        let factors = factors(terms);
        with_kernel!(self, kernel => {
            let product = Zeroizing::new(window::product(kernel, &factors));
            Zeroizing::new(kernel.leave(&product))
        })
    }

    /// The same for exponents that everybody may know.
    #[must_use]
    pub fn power_product_vartime(&self, terms: &[Term<'_, L>]) -> Zeroizing<[u64; L]> {
        let factors = factors(terms);
        with_kernel!(self, kernel => {
            let product = Zeroizing::new(window::product_vartime(kernel, &factors));
            Zeroizing::new(kernel.leave(&product))
        })
    }

    /// For a prime modulus: whether `value` is a square other than zero. For numbers that came over the wire.
    #[must_use]
    pub fn is_square_vartime(&self, value: &[u64; L]) -> bool {
        jacobi::symbol_vartime(value, self.value()) == 1
    }

    /// Prepares powers of `base` with exponents of up to `bits` bits. Each of the `blocks` (1 to 8) has a table of 32 numbers and
    /// saves squarings. Making it costs about as much as a power without it.
    #[must_use]
    pub fn fixed_base(&self, base: &[u64; L], bits: u32, blocks: u32) -> FixedBase<L, V> {
        let shape = Shape::new(bits, blocks.clamp(1, 8));
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = self.vectors.as_deref() {
            let stored = Stored::Vectors(shape.tables(kernel, base));
            return FixedBase { stored, shape };
        }
        let stored = Stored::Portable(shape.tables(&self.portable, base));
        FixedBase { stored, shape }
    }

    /// A power of the base that was prepared, which must have been prepared by this modulus.
    #[must_use]
    pub fn fixed_power(&self, base: &FixedBase<L, V>, exponent: &[u64]) -> Zeroizing<[u64; L]> {
        #[cfg(target_arch = "x86_64")]
        if let (Some(kernel), Stored::Vectors(tables)) = (self.vectors.as_deref(), &base.stored) {
            let power = Zeroizing::new(base.shape.power(kernel, tables, exponent));
            return Zeroizing::new(kernel.leave(&power));
        }
        match &base.stored {
            Stored::Portable(tables) => {
                let kernel = &self.portable;
                let power = Zeroizing::new(base.shape.power(kernel, tables, exponent));
                Zeroizing::new(kernel.leave(&power))
            }
            // Tables of another modulus.
            #[cfg(target_arch = "x86_64")]
            Stored::Vectors(_) => Zeroizing::new([0; L]),
        }
    }
}

impl<const L: usize, const V: usize> FixedBase<L, V> {
    /// How many low bits of an exponent count.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.shape.bits()
    }
}

impl<const L: usize, const V: usize> Clone for Modulus<L, V> {
    fn clone(&self) -> Self {
        Self {
            portable: self.portable.clone(),
            #[cfg(target_arch = "x86_64")]
            vectors: self.vectors.clone(),
        }
    }
}

impl<const L: usize, const V: usize> fmt::Debug for Modulus<L, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Modulus").field(self.value()).finish()
    }
}

fn factors<'a, const L: usize>(terms: &[Term<'a, L>]) -> Vec<Factor<'a, L>> {
    terms
        .iter()
        .map(|&Term { base, exponent, bits }| Factor { base, exponent, bits })
        .collect()
}
