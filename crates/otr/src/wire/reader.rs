//! Fields from bytes: BYTE, SHORT, INT, DATA, MPI.

use crate::wire::{DecodeError, Mpi};

/// A cursor over received bytes. Lengths are checked against what is there before anything is taken, so
/// nothing is ever allocated from a length alone.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// BYTE.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    /// SHORT: two bytes, big-endian.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// INT: four bytes, big-endian.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// `length` bytes as they are.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// `N` bytes by value.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// DATA: an INT length and as many bytes.
    pub fn data(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.u32()?).map_err(|_| DecodeError::UnexpectedEnd)?;
        self.bytes(length)
    }

    /// MPI: like DATA, a number without leading zero bytes and of at most [`MAX_MPI`] bytes.
    pub fn mpi(&mut self) -> Result<Mpi, DecodeError> {
        let value = self.data()?;
        if value.len() > MAX_MPI {
            return Err(DecodeError::IntegerTooLong);
        }
        if value.first() == Some(&0) {
            return Err(DecodeError::NonMinimalInteger);
        }
        Ok(Mpi::from_be_bytes(value))
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] if anything is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes)
        }
    }
}

/// The longest number we read: 8192 bits. The protocol's own have 1536, DSA keys up to 3072.
pub const MAX_MPI: usize = 1024;
