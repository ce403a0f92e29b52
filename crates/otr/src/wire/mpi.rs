//! Numbers as the wire has them.

use core::cmp::Ordering;

/// A non-negative number of any size, big-endian without leading zero bytes; zero has no bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mpi(Vec<u8>);

impl Mpi {
    /// A number from big-endian bytes; leading zero bytes are dropped.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        Self(bytes.get(start..).unwrap_or_default().to_vec())
    }

    /// The bytes, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Ord for Mpi {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Mpi {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_numbers() {
        let number = |bytes: &[u8]| Mpi::from_be_bytes(bytes);
        assert!(number(&[2, 0]) > number(&[0xff]));
        assert!(number(&[0, 0, 7]) == number(&[7]));
        assert!(number(&[]) < number(&[1]));
    }
}
