//! The files of vectors for version 4, and the seeded randomness that they were made with.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use std::convert::Infallible;

use otr::crypto::kdf::shake256;
use rand_core::{TryCryptoRng, TryRng};

const PRIMITIVES: &str = include_str!("../vectors/v4_primitives.txt");
const RUN: &str = include_str!("../vectors/v4_run.txt");

/// A value of the file of primitives.
pub fn primitive(name: &str) -> Vec<u8> {
    hex(find(PRIMITIVES, name))
}

/// A value of the recorded run of two people.
pub fn run(name: &str) -> Vec<u8> {
    hex(run_text(name))
}

pub fn run_text(name: &str) -> &'static str {
    find(RUN, name)
}

fn find(file: &'static str, name: &str) -> &'static str {
    file.lines()
        .filter_map(|line| line.split_once(" = "))
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("no vector {name}"))
        .1
}

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[a, b]| a << 4 | b)
        .collect()
}

/// Cuts a value into parts of these sizes, which must use it up.
pub fn cut<const N: usize>(bytes: &[u8], sizes: [usize; N]) -> [Vec<u8>; N] {
    let mut rest = bytes;
    let parts = sizes.map(|size| {
        let (part, behind) = rest.split_at(size);
        rest = behind;
        part.to_vec()
    });
    assert!(rest.is_empty());
    parts
}

pub fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

/// The n-th draw of k bytes is SHAKE-256(seed ‖ n (INT), k), n from 1.
pub struct SeedRng {
    seed: Vec<u8>,
    drawn: u32,
}

impl SeedRng {
    pub fn new(seed: &str) -> Self {
        Self {
            seed: seed.as_bytes().to_vec(),
            drawn: 0,
        }
    }
}

impl TryRng for SeedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.drawn += 1;
        shake256(&[&self.seed, &self.drawn.to_be_bytes()], bytes);
        Ok(())
    }
}

impl TryCryptoRng for SeedRng {}
