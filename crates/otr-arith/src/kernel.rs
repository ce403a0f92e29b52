//! What a kernel has to offer. There are two, and the ways to compute a power are written once for both.

use zeroize::Zeroize;

/// Arithmetic modulo one odd number p, in constant time.
///
/// Numbers are in Montgomery form: a factor, the same for all of them, comes with every one.
pub(crate) trait Kernel<const L: usize> {
    /// A number modulo p in the form that suits the kernel. More than one of them may mean the same.
    type Number: Copy + Zeroize;

    /// Any number of `L` limbs, which need not be below p.
    fn enter(&self, value: &[u64; L]) -> Self::Number;

    /// The value, below p.
    fn leave(&self, number: &Self::Number) -> [u64; L];

    /// The number 1.
    fn one(&self) -> Self::Number;

    /// `number` becomes its product with `factor`.
    fn multiply(&self, number: &mut Self::Number, factor: &Self::Number);

    /// `number` becomes its power with the exponent 2^`times`.
    fn square(&self, number: &mut Self::Number, times: u32);

    /// `number` becomes the entry at `index`, found by looking at all of them. There must be such an entry.
    fn select(&self, number: &mut Self::Number, table: &[Self::Number], index: u64);
}
