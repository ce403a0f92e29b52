//! Appending the data types of the specification ("Data types") to a byte string.

use super::mpi::Mpi;

/// A message being written. Writing cannot fail.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty message.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// An empty message with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    /// Appends a BYTE.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Appends a SHORT, big-endian.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends an INT, big-endian.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends bytes as they are, without a length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a DATA: the length as an INT, then the bytes. Anything beyond 2³² − 1 bytes is left out, so that length
    /// and content always agree.
    pub fn data(&mut self, bytes: &[u8]) {
        let length = announced_length(bytes);
        self.u32(length);
        let kept = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.get(..length));
        self.bytes(kept.unwrap_or(bytes));
    }

    /// Appends an MPI.
    pub fn mpi(&mut self, value: &Mpi) {
        self.data(value.as_bytes());
    }

    /// What has been written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// The finished message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The INT that stands before `bytes` in a DATA.
pub(super) fn announced_length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_laid_out_big_endian() {
        let mut writer = Writer::with_capacity(8);
        writer.u8(1);
        writer.u16(0x0203);
        writer.u32(0x0405_0607);
        writer.bytes(&[8]);
        writer.data(&[9, 10]);
        writer.mpi(&Mpi::from_be_bytes(&[0, 11]));
        writer.mpi(&Mpi::default());
        let expected = [
            1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2, 9, 10, 0, 0, 0, 1, 11, 0, 0, 0, 0,
        ];
        assert_eq!(writer.as_slice(), expected);
        assert_eq!(writer.into_bytes(), expected);
    }
}
