//! How a socket of the relay can be made to break.

use super::capture::Direction;

/// How many more bytes may pass a socket before it breaks.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    incoming: Option<usize>,
    outgoing: Option<usize>,
}

impl Allowance {
    pub(super) fn set(&mut self, direction: Direction, bytes: usize) {
        *self.of(direction) = Some(bytes);
    }

    /// How many of `wanted` bytes pass, and whether the socket breaks then.
    pub(super) fn take(&mut self, direction: Direction, wanted: usize) -> (usize, bool) {
        match self.of(direction) {
            None => (wanted, false),
            Some(left) if *left <= wanted => (std::mem::take(left), true),
            Some(left) => {
                *left -= wanted;
                (wanted, false)
            }
        }
    }

    fn of(&mut self, direction: Direction) -> &mut Option<usize> {
        match direction {
            Direction::In => &mut self.incoming,
            Direction::Out => &mut self.outgoing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_the_very_byte() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(Direction::In, 100), (100, false));
        allowance.set(Direction::In, 10);
        assert_eq!(allowance.take(Direction::Out, 100), (100, false));
        assert_eq!(allowance.take(Direction::In, 9), (9, false));
        assert_eq!(allowance.take(Direction::In, 9), (1, true));
        assert_eq!(allowance.take(Direction::In, 9), (0, true));
    }
}
