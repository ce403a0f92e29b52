//! Finding a byte in a long text.

/// Where `byte` is first. `Iterator::position` looks at one byte a turn, which in a long message costs as much as
/// decrypting it.
pub(crate) fn position_of(byte: u8, bytes: &[u8]) -> Option<usize> {
    memchr::memchr(byte, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_is_found_wherever_it_is() {
        for length in [0, 1, 31, 32, 33, 64, 257, 1031] {
            assert_eq!(position_of(b'.', &vec![b'x'; length]), None, "{length}");
            for place in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[place..].fill(b'.');
                assert_eq!(position_of(b'.', &bytes), Some(place), "{length}");
            }
        }
    }
}
