//! How many powers this thread has computed. They are nearly all that a key exchange or a rotation costs, so their
//! number is what a test can pin where time cannot be trusted.

use core::cell::Cell;

/// Powers of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// With the base 2.
    pub of_two: u32,
    /// With any other base.
    pub of_any: u32,
    /// Products of two powers, computed as one.
    pub products: u32,
    /// Two powers of one base, computed together.
    pub pairs: u32,
}

/// What has been computed on this thread since the last call.
pub fn take() -> Powers {
    POWERS.take()
}

pub(super) fn count(add: impl FnOnce(&mut Powers)) {
    let mut powers = POWERS.get();
    add(&mut powers);
    POWERS.set(powers);
}

thread_local! {
    static POWERS: Cell<Powers> = const { Cell::new(Powers { of_two: 0, of_any: 0, products: 0, pairs: 0 }) };
}
