//! The one clock type: wall-clock milliseconds, handed in by the caller.

use core::time::Duration;

/// Milliseconds since the Unix epoch.
///
/// The core never reads a clock. Each [`Conversation`](crate::Conversation) clamps what it is given
/// to the latest value it has seen, so that time never runs backward inside; arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A moment, in milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long before `self` the moment `earlier` lies; zero if it lies after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The moment `later` after `self`.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let late = Timestamp::from_millis(u64::MAX - 1);
        assert_eq!(
            late.plus(Duration::from_secs(9)),
            Timestamp::from_millis(u64::MAX)
        );
        assert_eq!(Timestamp::from_millis(5).since(late), Duration::ZERO);
        assert_eq!(
            Timestamp::from_millis(2500).since(Timestamp::from_millis(500)),
            Duration::from_secs(2)
        );
    }
}
