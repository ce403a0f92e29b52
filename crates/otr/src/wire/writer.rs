//! Fields to bytes.

use crate::wire::Mpi;

/// Bytes in the making.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    /// BYTE.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// SHORT.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// INT.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    /// DATA. Nothing of 4 GiB or more is ever written; its length would be cut to the field's largest value.
    pub fn data(&mut self, value: &[u8]) {
        self.length(value.len());
        self.bytes(value);
    }

    /// The length field of a DATA whose bytes follow elsewhere.
    pub fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    /// MPI.
    pub fn mpi(&mut self, value: &Mpi) {
        self.data(value.as_bytes());
    }

    /// What has been written.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// What has been written, by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
