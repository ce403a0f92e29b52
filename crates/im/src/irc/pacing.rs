//! How fast lines may go out without being thrown off a server.

use std::time::Duration;

/// A burst, then one line an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// How many lines may go at once after a rest; 0 counts as 1.
    pub burst: u32,
    /// The rest that earns one more line; zero means no limit.
    pub interval: Duration,
}

impl Pacing {
    /// No limit: for our own relay.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            burst: 1,
            interval: Duration::ZERO,
        }
    }
}

/// Five lines at once, then one every half second: what ordinary servers let pass.
impl Default for Pacing {
    fn default() -> Self {
        Self {
            burst: 5,
            interval: Duration::from_millis(500),
        }
    }
}

/// A token bucket without a clock: the caller says what time it is, counted from any fixed start. A time earlier
/// than one told before counts as that one.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    pacing: Pacing,
    /// When every token spent so far will have been earned back.
    full_at: Duration,
    latest: Duration,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            full_at: Duration::ZERO,
            latest: Duration::ZERO,
        }
    }

    /// Takes a token for one line.
    ///
    /// # Errors
    /// How long to wait, never zero, if there is none; nothing is taken then.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.latest = self.latest.max(now);
        let full_at = self.full_at.max(self.latest);
        let credit = self
            .pacing
            .interval
            .saturating_mul(self.pacing.burst.saturating_sub(1));
        let wait = full_at.saturating_sub(self.latest.saturating_add(credit));
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.full_at = full_at.saturating_add(self.pacing.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn bursts_then_drips() {
        let mut bucket = TokenBucket::new(Pacing::default());
        for _ in 0..5 {
            assert_eq!(bucket.take(MS(1000)), Ok(()));
        }
        assert_eq!(bucket.take(MS(1000)), Err(MS(500)));
        assert_eq!(bucket.take(MS(1400)), Err(MS(100)));
        assert_eq!(bucket.take(MS(1500)), Ok(()));
        assert_eq!(bucket.take(MS(1500)), Err(MS(500)));
    }

    #[test]
    fn a_rest_fills_it_but_never_over_the_brim() {
        let mut bucket = TokenBucket::new(Pacing {
            burst: 2,
            interval: MS(10),
        });
        bucket.take(MS(0)).unwrap();
        bucket.take(MS(0)).unwrap();
        for _ in 0..2 {
            assert_eq!(bucket.take(MS(100_000)), Ok(()));
        }
        assert_eq!(bucket.take(MS(100_000)), Err(MS(10)));
        assert_eq!(
            bucket.take(MS(5)),
            Err(MS(10)),
            "a clock that was set back earns nothing"
        );
    }

    #[test]
    fn unlimited_is_unlimited() {
        let mut bucket = TokenBucket::new(Pacing::unlimited());
        assert!((0..10_000).all(|_| bucket.take(MS(0)).is_ok()));
    }
}
