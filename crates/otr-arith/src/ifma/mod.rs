//! The kernel for processors with AVX-512 IFMA: eight products of 52-bit digits with one instruction.
//!
//! ```text
//! multiply.rs  the product modulo p, with the proof of its bounds
//! carry.rs     carries, with the proof that none is missed
//! digits.rs    the form of a number
//! memory.rs    loading, storing, choosing from a table
//! ```

mod carry;
mod digits;
mod memory;
mod multiply;
#[cfg(test)]
mod tests;

#[cfg(feature = "force-portable")]
use core::sync::atomic::{AtomicBool, Ordering};

pub(crate) use digits::Digits;
use multiply::{Reducers, last_step};
use zeroize::Zeroizing;

use crate::kernel::Kernel;
use crate::portable::Portable;

/// Whether this processor, and the operating system, have what the kernel needs.
pub(crate) fn is_available() -> bool {
    #[cfg(feature = "force-portable")]
    if FORBIDDEN.load(Ordering::Relaxed) {
        return false;
    }
    processor_has_it()
}

fn processor_has_it() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Makes [`is_available`] say no from now on.
#[cfg(feature = "force-portable")]
pub(crate) fn forbid() {
    FORBIDDEN.store(true, Ordering::Relaxed);
}

#[cfg(feature = "force-portable")]
static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// An odd modulus of at most 64 `L` bits for the vector instructions. A number x is held as x S, with S = 2^(416 `V`).
///
/// There is one only where the processor has the instructions: [`Vectors::new`] is the only way to make one.
#[derive(Clone)]
pub(crate) struct Vectors<const L: usize, const V: usize> {
    reducers: Reducers<V>,
    /// S^2 modulo p: brings a number into the form above.
    enter: Digits<V>,
    /// 2^(64 L) modulo p: out of it, and into the form of the other kernel.
    leave: Digits<V>,
    /// S modulo p.
    one: Digits<V>,
    portable: Portable<L>,
}

impl<const L: usize, const V: usize> Vectors<L, V> {
    /// `None` where the processor has no such instructions.
    pub(crate) fn new(portable: &Portable<L>) -> Option<Self> {
        let scale_bits = u32::try_from(8 * 52 * V).ok()?;
        let limb_bits = u32::try_from(64 * L).ok()?;
        if !processor_has_it() {
            return None;
        }
        // 2^-n modulo p is 2^(64 L - n) divided by 2^(64 L).
        let inverse_power = |digits: usize| {
            let mut power = [0; L];
            let position = 64 * L - 52 * digits;
            power[position / 64] = 1 << (position % 64);
            Digits::from_limbs(&portable.reduce(&power, &[0; L]))
        };
        let power = |exponent: u32| Digits::from_limbs(&portable.power_of_two_vartime(exponent - limb_bits));
        Some(Self {
            reducers: Reducers {
                one_group: inverse_power(V),
                two_groups: inverse_power(2 * V),
                last: inverse_power(last_step(V)),
            },
            enter: power(2 * scale_bits),
            leave: power(limb_bits),
            one: power(scale_bits),
            portable: portable.clone(),
        })
    }
}

#[expect(
    unsafe_code,
    reason = "the functions need instructions that not every processor has"
)]
impl<const L: usize, const V: usize> Kernel<L> for Vectors<L, V> {
    type Number = Digits<V>;

    fn enter(&self, value: &[u64; L]) -> Digits<V> {
        let mut number = Digits::from_limbs(value);
        self.multiply(&mut number, &self.enter);
        number
    }

    fn leave(&self, number: &Digits<V>) -> [u64; L] {
        // x S * 2^(64 L) / S is x in the form of the other kernel, a small multiple of p too large. Its upper half is
        // below p, as the whole is below 2^(52 T + 1) p.
        let mut scaled = Zeroizing::new(*number);
        self.multiply(&mut scaled, &self.leave);
        let mut halves = Zeroizing::new([[0; L]; 2]);
        scaled.write_limbs(halves.as_flattened_mut());
        let [low, high] = &*halves;
        self.portable.reduce(low, high)
    }

    fn one(&self) -> Digits<V> {
        self.one
    }

    fn multiply(&self, number: &mut Digits<V>, factor: &Digits<V>) {
        // SAFETY: `Vectors` is only made where the processor has the instructions.
        unsafe { multiply::multiply(number, Some(factor), &self.reducers) }
    }

    fn square(&self, number: &mut Digits<V>, times: u32) {
        for _ in 0..times {
            // SAFETY: as above.
            unsafe { multiply::multiply(number, None, &self.reducers) }
        }
    }

    fn select(&self, number: &mut Digits<V>, table: &[Digits<V>], index: u64) {
        // SAFETY: as above.
        unsafe { memory::select(number, table, index) }
    }
}
