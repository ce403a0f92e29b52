//! The secure session id: what two people may read to each other over the telephone.

use core::fmt;

/// Which half of the session id is ours to read aloud, shown in bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// We sent the Reveal Signature message (version 1: we are the low end).
    First,
    /// We sent the Signature message (version 1: we are the high end).
    Second,
}

/// The secure session id of one private conversation: 8 bytes, in version 1 20 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ssid {
    bytes: [u8; 20],
    length: u8,
    half: Half,
}

impl Ssid {
    /// The id of versions 2 and 3.
    pub fn short(id: [u8; 8], half: Half) -> Self {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&id);
        Self {
            bytes,
            length: 8,
            half,
        }
    }

    /// The id of version 1.
    pub fn long(bytes: [u8; 20], half: Half) -> Self {
        Self {
            bytes,
            length: 20,
            half,
        }
    }

    /// The 8 or 20 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Which half is ours.
    pub fn half(&self) -> Half {
        self.half
    }

    /// Both halves as lower-case hexadecimal digits, first half first.
    pub fn halves(&self) -> (String, String) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (first, second) = self.as_bytes().split_at(usize::from(self.length / 2));
        (hex(first), hex(second))
    }
}

/// Both halves with our half in brackets, for plain terminals: `[0123abcd] 4567ef01`.
impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.halves();
        match self.half {
            Half::First => write!(f, "[{first}] {second}"),
            Half::Second => write!(f, "{first} [{second}]"),
        }
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_half_stands_in_brackets() {
        let id = [1, 2, 3, 4, 0xa, 0xb, 0xc, 0xd];
        assert_eq!(Ssid::short(id, Half::First).to_string(), "[01020304] 0a0b0c0d");
        assert_eq!(Ssid::short(id, Half::Second).to_string(), "01020304 [0a0b0c0d]");
        assert_eq!(Ssid::long([7; 20], Half::First).as_bytes().len(), 20);
    }
}
