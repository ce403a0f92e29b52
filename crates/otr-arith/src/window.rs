//! Powers of any base, and products of powers that share their squarings.

use zeroize::{Zeroize, Zeroizing};

use crate::kernel::Kernel;
use crate::limbs::{bit, bits};

/// One power of a product: base, exponent, and how many low bits of the exponent count.
pub(crate) struct Factor<'a, const L: usize> {
    pub(crate) base: &'a [u64; L],
    pub(crate) exponent: &'a [u64],
    pub(crate) bits: u32,
}

/// The product of all powers, in constant time: the exponents are cut into windows of one width, and the entry of a
/// table is chosen by looking at all of them. The numbers of bits show.
pub(crate) fn product<const L: usize, K: Kernel<L>>(kernel: &K, factors: &[Factor<'_, L>]) -> K::Number {
    let most = factors.iter().map(|factor| factor.bits).max().unwrap_or(0);
    let width = if most <= SHORT { 4 } else { 5 };
    let tables: Vec<Table<K::Number>> = factors
        .iter()
        .map(|factor| powers(kernel, &kernel.enter(factor.base), 1 << width))
        .collect();
    let mut product = kernel.one();
    let mut power = Zeroizing::new(product);
    let mut started = false;
    for window in (0..most.div_ceil(width)).rev() {
        if started {
            kernel.square(&mut product, width);
        }
        let position = window * width;
        for (factor, table) in factors.iter().zip(&tables) {
            // Whether a window is looked at depends on the number of bits alone.
            if position >= factor.bits {
                continue;
            }
            let count = width.min(factor.bits - position);
            let index = bits(factor.exponent, position, count);
            if started {
                kernel.select(&mut power, table, index);
                kernel.multiply(&mut product, &power);
            } else {
                kernel.select(&mut product, table, index);
                started = true;
            }
        }
    }
    product
}

/// The product of all powers; the time shows the exponents.
pub(crate) fn product_vartime<const L: usize, K: Kernel<L>>(
    kernel: &K,
    factors: &[Factor<'_, L>],
) -> K::Number {
    let mut events: Vec<(u32, usize, usize)> = Vec::new();
    let mut tables = Vec::with_capacity(factors.len());
    for (index, factor) in factors.iter().enumerate() {
        let width = if factor.bits <= SHORT { 4 } else { 5 };
        tables.push(odd_powers(kernel, &kernel.enter(factor.base), 1 << (width - 1)));
        odd_windows(factor, width, |position, half| {
            events.push((position, index, half))
        });
    }
    events.sort_unstable_by_key(|&(position, _, _)| core::cmp::Reverse(position));

    let mut product: Option<K::Number> = None;
    let mut reached = 0;
    for (position, index, half) in events {
        let Some(power) = tables.get(index).and_then(|table| table.get(half)) else {
            continue;
        };
        match &mut product {
            Some(product) => {
                kernel.square(product, reached - position);
                kernel.multiply(product, power);
            }
            None => product = Some(*power),
        }
        reached = position;
    }
    if let Some(product) = &mut product {
        kernel.square(product, reached);
    }
    product.unwrap_or_else(|| kernel.one())
}

/// Powers of a base, wiped on drop.
pub(crate) type Table<N> = Zeroizing<Vec<N>>;

/// base^0, base^1, … `count` of them.
fn powers<const L: usize, K: Kernel<L>>(kernel: &K, base: &K::Number, count: usize) -> Table<K::Number> {
    let mut table = Zeroizing::new(Vec::with_capacity(count));
    let mut power = kernel.one();
    for exponent in 0..count {
        match exponent {
            0 => {}
            1 => power = *base,
            // A square is cheaper than a product.
            even if even % 2 == 0 => {
                power = table.get(even / 2).copied().unwrap_or(power);
                kernel.square(&mut power, 1);
            }
            _ => kernel.multiply(&mut power, base),
        }
        table.push(power);
    }
    power.zeroize();
    table
}

/// base^1, base^3, base^5, … `count` of them.
fn odd_powers<const L: usize, K: Kernel<L>>(kernel: &K, base: &K::Number, count: usize) -> Table<K::Number> {
    let mut square = *base;
    kernel.square(&mut square, 1);
    let mut table = Zeroizing::new(Vec::with_capacity(count));
    let mut power = *base;
    for _ in 0..count {
        table.push(power);
        kernel.multiply(&mut power, &square);
    }
    square.zeroize();
    power.zeroize();
    table
}

/// Writes the exponent as a sum of d 2^i with few odd d below 2^`width`, and gives i and (d - 1) / 2 of each.
fn odd_windows<const L: usize>(factor: &Factor<'_, L>, width: u32, mut found: impl FnMut(u32, usize)) {
    let mut position = 0;
    while position < factor.bits {
        if bit(factor.exponent, position) == 0 {
            position += 1;
            continue;
        }
        let count = width.min(factor.bits - position);
        let half = bits(factor.exponent, position, count) >> 1;
        found(position, usize::try_from(half).unwrap_or(0));
        position += count;
    }
}

/// Up to so many bits a window of 4 is cheaper than one of 5.
const SHORT: u32 = 320;
