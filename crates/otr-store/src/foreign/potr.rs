//! potr's `ACCOUNT.key3`: a type word of two bytes, zero for DSA, and the numbers p, q, g, y and x,
//! each with its length in four bytes before it, all big-endian.

use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use super::PotrFault;

/// Reads one key, and checks it as a whole.
pub(super) fn read(file: &[u8]) -> Result<PrivateKey, PotrFault> {
    let Some((&[0, 0], mut rest)) = file.split_first_chunk::<2>() else {
        return Err(PotrFault::Kind);
    };
    let mut numbers: [&[u8]; 5] = [&[]; 5];
    for number in &mut numbers {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or(PotrFault::Length)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PotrFault::Length)?;
        (*number, rest) = behind.split_at_checked(length).ok_or(PotrFault::Length)?;
    }
    if !rest.is_empty() {
        return Err(PotrFault::Length);
    }
    let [p, q, g, y, x] = numbers;
    PrivateKey::from_parts(p, q, g, y, x).map_err(PotrFault::Key)
}

/// Writes one key. The buffer never moves, so no part of the key is left behind by growing.
pub(super) fn write(key: &PrivateKey) -> Zeroizing<Vec<u8>> {
    let x = key.x();
    let zeros = x.iter().take_while(|byte| **byte == 0).count();
    let [p, q, g, y] = key.public().parts();
    let numbers = [p, q, g, y, x.get(zeros..).unwrap_or_default()];
    let room: usize = numbers.iter().map(|number| 4 + number.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(2 + room));
    out.extend([0, 0]);
    for number in numbers {
        // A number of a checked key has at most a few hundred bytes.
        out.extend(u32::try_from(number.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(number);
    }
    out
}

/// The longest key file that is read, in bytes: five numbers of 4096 bits are half of it.
pub(super) const MAX_FILE: usize = 8192;
