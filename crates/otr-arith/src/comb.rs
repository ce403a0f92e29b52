//! Powers of a base that is known beforehand: a comb (Lim and Lee).
//!
//! The exponent is written in 5 rows of equal length, one below the other. Each column of 5 bits chooses the product of
//! some of base^(2^0), base^(2^row), base^(2^2row) …, which a table holds: 32 entries. The columns are cut into blocks
//! with a table each, and what is left of the squarings is as many as a block has columns, less one.

use zeroize::Zeroizing;

use crate::kernel::Kernel;
use crate::limbs::bit;
use crate::modulus::Stored;
use crate::window::Table;

/// Tables for powers of one base with exponents of a fixed number of bits. Wiped on drop.
pub struct FixedBase<const L: usize, const V: usize> {
    pub(crate) stored: Stored<L, V>,
    pub(crate) shape: Shape,
}

/// How the bits of an exponent are spread over tables.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    bits: u32,
    /// Columns, that is bits in a row.
    columns: u32,
    /// Columns in a block: all but one of them cost a squaring.
    block: u32,
    blocks: u32,
}

impl Shape {
    /// For exponents of `bits` bits with `blocks` tables of 32 entries.
    pub(crate) fn new(bits: u32, blocks: u32) -> Self {
        let columns = bits.div_ceil(TEETH).max(1);
        let block = columns.div_ceil(blocks);
        Self {
            bits,
            columns,
            block,
            // Rounding up may leave nothing for the last one.
            blocks: columns.div_ceil(block),
        }
    }

    /// How many bits an exponent may have.
    pub(crate) fn bits(&self) -> u32 {
        self.bits
    }

    /// The tables of all blocks, one after the other.
    pub(crate) fn tables<const L: usize, K: Kernel<L>>(
        &self,
        kernel: &K,
        base: &[u64; L],
    ) -> Table<K::Number> {
        let mut tables = Zeroizing::new(Vec::with_capacity(ENTRIES * self.blocks as usize));
        let mut power = kernel.enter(base);
        let mut reached = 0;
        // base^(2^(row * columns + block * columns of a block)): the rows of the first block, then those of the next.
        let mut teeth = Zeroizing::new(vec![power; (TEETH * self.blocks) as usize]);
        for row in 0..TEETH {
            for block in 0..self.blocks {
                let position = row * self.columns + block * self.block;
                kernel.square(&mut power, position - reached);
                reached = position;
                if let Some(tooth) = teeth.get_mut((block * TEETH + row) as usize) {
                    *tooth = power;
                }
            }
        }
        for teeth in teeth.chunks(TEETH as usize) {
            let start = tables.len();
            tables.push(kernel.one());
            for tooth in teeth {
                // With one more row, twice the entries.
                for known in start..tables.len() {
                    let mut product = tables[known];
                    kernel.multiply(&mut product, tooth);
                    tables.push(product);
                }
            }
        }
        tables
    }

    /// The power, in constant time. Bits of the exponent beyond those of the shape are not looked at.
    pub(crate) fn power<const L: usize, K: Kernel<L>>(
        &self,
        kernel: &K,
        tables: &[K::Number],
        exponent: &[u64],
    ) -> K::Number {
        let mut power = kernel.one();
        let mut entry = Zeroizing::new(power);
        let mut started = false;
        for step in (0..self.block).rev() {
            if started {
                kernel.square(&mut power, 1);
            }
            for (block, table) in (0..).zip(tables.chunks(ENTRIES)) {
                let column = block * self.block + step;
                if column >= self.columns {
                    continue;
                }
                let index = (0..TEETH).rev().fold(0, |index, row| {
                    let position = row * self.columns + column;
                    let counts = position < self.bits;
                    index << 1 | if counts { bit(exponent, position) } else { 0 }
                });
                if started {
                    kernel.select(&mut entry, table, index);
                    kernel.multiply(&mut power, &entry);
                } else {
                    kernel.select(&mut power, table, index);
                    started = true;
                }
            }
        }
        power
    }
}

/// Rows of the comb.
const TEETH: u32 = 5;
/// Entries of a table: one for each choice of rows.
const ENTRIES: usize = 1 << TEETH;
