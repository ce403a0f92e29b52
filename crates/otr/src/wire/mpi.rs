//! Multi-precision integers as they travel: a value and its one encoding.

use std::cmp::Ordering;
use std::fmt;

/// A non-negative integer in its shortest big-endian form; zero is the empty string. It says nothing about group
/// membership or any other property: the mathematics checks that. Ordered by numeric value.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Mpi(Vec<u8>);

impl Mpi {
    /// The integer with this big-endian representation; leading zero bytes are dropped.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        Self(bytes.get(zeros..).unwrap_or_default().to_vec())
    }

    /// Big-endian, without leading zero bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the value is zero.
    pub const fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Mpi {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer number is the bigger one.
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

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mpi(0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_form() {
        let table: [(&[u8], &[u8]); 5] = [
            (&[], &[]),
            (&[0], &[]),
            (&[0, 0, 1], &[1]),
            (&[1, 0], &[1, 0]),
            (&[0, 255, 0], &[255, 0]),
        ];
        for (bytes, minimal) in table {
            assert_eq!(Mpi::from_be_bytes(bytes).as_bytes(), minimal);
            assert_eq!(Mpi::from_be_bytes(bytes).is_zero(), minimal.is_empty());
        }
    }

    #[test]
    fn order_is_numeric() {
        let rising: Vec<Mpi> = [&[][..], &[1], &[2], &[255], &[1, 0], &[1, 1], &[2, 0], &[1, 0, 0]]
            .into_iter()
            .map(Mpi::from_be_bytes)
            .collect();
        assert!(rising.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn debug_shows_hexadecimal() {
        assert_eq!(format!("{:?}", Mpi::from_be_bytes(&[10, 0])), "Mpi(0x0a00)");
    }
}
