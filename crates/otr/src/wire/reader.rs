//! Taking the data types of the specification ("Data types") off the front of a byte string.

use super::error::DecodeError;
use super::mpi::Mpi;

/// A cursor over a message that was received. Every method either takes a whole field or leaves an error; no method
/// allocates from a length that it has not compared with what is there.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes a BYTE.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if nothing is left.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// Takes a SHORT: two bytes, big-endian.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer are left.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes an INT: four bytes, big-endian.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer are left.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes exactly `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer are left.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes exactly `N` bytes by value.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes a DATA: an INT and that many bytes, which stay borrowed.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`] if fewer are left than announced.
    pub fn data(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.bytes(length)
    }

    /// Takes an MPI, in its only legal form: no leading zero byte; zero is empty.
    ///
    /// # Errors
    /// [`DecodeError::IntegerTooLong`] above [`MAX_MPI`] bytes, [`DecodeError::NonMinimalInteger`] for a leading zero,
    /// [`DecodeError::UnexpectedEnd`] if bytes are missing.
    pub fn mpi(&mut self) -> Result<Mpi, DecodeError> {
        let length = self.length()?;
        if length > MAX_MPI {
            return Err(DecodeError::IntegerTooLong);
        }
        let bytes = self.bytes(length)?;
        if bytes.first() == Some(&0) {
            return Err(DecodeError::NonMinimalInteger);
        }
        Ok(Mpi::from_be_bytes(bytes))
    }

    /// How many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Everything that is left, without taking it.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Asserts that the message ends here.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] if it does not.
    pub const fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes)
        }
    }

    fn length(&mut self) -> Result<usize, DecodeError> {
        // Where a `usize` cannot hold the length, no buffer can hold the bytes.
        usize::try_from(self.u32()?).map_err(|_| DecodeError::UnexpectedEnd)
    }
}

/// Longest multi-precision integer that is read, in bytes: 8192 bits, over five times the Diffie-Hellman group.
pub const MAX_MPI: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'a> = Result<&'a [u8], DecodeError>;

    #[test]
    fn fields_come_off_in_order() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 0, 3, 7, 8, 0, 0, 0, 1, 9, 0, 0, 0, 1, 10, 99]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(2));
        assert_eq!(reader.u32(), Ok(3));
        assert_eq!(reader.array(), Ok([7, 8]));
        assert_eq!(reader.data(), Ok(&[9][..]));
        assert_eq!(reader.mpi(), Ok(Mpi::from_be_bytes(&[10])));
        assert_eq!(reader.remaining(), 1);
        assert_eq!(reader.rest(), [99]);
        assert_eq!(reader.finish(), Err(DecodeError::TrailingBytes));
        assert_eq!(reader.bytes(1), Ok(&[99][..]));
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(reader.u8(), Err(DecodeError::UnexpectedEnd));
    }

    #[test]
    fn a_failed_field_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32(), Err(DecodeError::UnexpectedEnd));
        assert_eq!(reader.bytes(4), Err(DecodeError::UnexpectedEnd));
        assert_eq!(reader.array::<4>(), Err(DecodeError::UnexpectedEnd));
        assert_eq!(reader.rest(), [1, 2, 3]);
    }

    #[test]
    fn integers_have_one_form() {
        let table: [(&[u8], Read<'_>); 7] = [
            (&[0, 0, 0, 0], Ok(&[])),
            (&[0, 0, 0, 1, 5], Ok(&[5])),
            (&[0, 0, 0, 1, 0], Err(DecodeError::NonMinimalInteger)),
            (&[0, 0, 0, 2, 0, 5], Err(DecodeError::NonMinimalInteger)),
            (&[0, 0, 0, 2, 5], Err(DecodeError::UnexpectedEnd)),
            (&[0, 0, 4, 1, 5], Err(DecodeError::IntegerTooLong)),
            (&[255, 255, 255, 255], Err(DecodeError::IntegerTooLong)),
        ];
        for (bytes, expected) in table {
            let got = Reader::new(bytes).mpi();
            assert_eq!(
                got.as_ref().map(Mpi::as_bytes).map_err(|e| *e),
                expected,
                "{bytes:?}"
            );
        }
        let mut longest = vec![0, 0, 4, 0];
        longest.extend([1; MAX_MPI]);
        assert!(Reader::new(&longest).mpi().is_ok());
    }
}
