//! Finding a byte in a long text.

/// Where `byte` is first.
///
/// `Iterator::position` looks at one byte a turn, which in a long message costs as much as decrypting it.
/// The standard library has the quick search behind `contains` only: ask it about one part after another.
pub(crate) fn position_of(byte: u8, bytes: &[u8]) -> Option<usize> {
    let (part, found) = part_with(byte, bytes, PART)?;
    let (piece, found) = part_with(byte, found, PIECE)?;
    let within = found.iter().position(|&candidate| candidate == byte)?;
    Some(part + piece + within)
}

/// The first part of so many bytes that has `byte`, and where it begins.
fn part_with(byte: u8, bytes: &[u8], length: usize) -> Option<(usize, &[u8])> {
    let (part, found) = bytes
        .chunks(length)
        .enumerate()
        .find(|(_, part)| part.contains(&byte))?;
    Some((part * length, found))
}

/// Long enough for the quick search.
const PART: usize = 512;
/// Short enough for the last, slow look.
const PIECE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_is_found_wherever_it_is() {
        for length in [0, 1, PIECE, PIECE + 1, PART - 1, PART, PART + 1, 3 * PART + 7] {
            assert_eq!(position_of(b'.', &vec![b'x'; length]), None, "{length}");
            for place in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[place..].fill(b'.');
                assert_eq!(position_of(b'.', &bytes), Some(place), "{length}");
            }
        }
    }
}
