//! How much one correspondent may cost us.

use core::time::Duration;

use crate::time::Timestamp;

/// A token bucket: a burst, then one more for each period that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    burst: u32,
    period: Duration,
    left: u32,
    refilled: Timestamp,
}

impl Budget {
    /// A full bucket of `burst` tokens that regains one in every `period`.
    pub fn new((burst, period): (u32, Duration), now: Timestamp) -> Self {
        Self {
            burst,
            period,
            left: burst,
            refilled: now,
        }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Timestamp) -> bool {
        self.refill(now);
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn refill(&mut self, now: Timestamp) {
        // A clock that was ahead and has been set right must not stop the refilling until it catches up.
        self.refilled = self.refilled.min(now);
        let period = self.period.as_millis().max(1);
        let periods = now.since(self.refilled).as_millis() / period;
        if periods == 0 {
            return;
        }
        self.left = self.burst.min(
            self.left
                .saturating_add(u32::try_from(periods).unwrap_or(u32::MAX)),
        );
        let used = u64::try_from(periods.saturating_mul(period)).unwrap_or(u64::MAX);
        self.refilled = self.refilled.plus(Duration::from_millis(used));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_for_each_period() {
        let at = Timestamp::from_millis;
        let mut budget = Budget::new((3, Duration::from_secs(1)), at(0));
        assert!((0..3).all(|_| budget.take(at(10))));
        assert!(!budget.take(at(999)));
        assert!(budget.take(at(1000)));
        assert!(!budget.take(at(1999)));
        assert!(budget.take(at(2000)));
        // A long silence fills it to the burst and not beyond.
        assert_eq!((0..10).filter(|_| budget.take(at(1_000_000))).count(), 3);
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_stop_the_refilling() {
        let at = Timestamp::from_millis;
        let mut budget = Budget::new((1, Duration::from_secs(1)), at(1_000_000_000));
        assert!(budget.take(at(1_000_000_000)));
        assert!(!budget.take(at(5_000)), "no token for a clock that was set back");
        assert!(budget.take(at(6_000)));
    }
}
