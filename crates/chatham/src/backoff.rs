//! How long a connection that broke waits before each attempt to make it anew.

use std::time::Duration;

/// How long to wait before the next attempt.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST_WAIT }
    }
}

impl Backoff {
    /// Between half and the whole of a time that doubles with each draw.
    pub(crate) fn draw(&mut self, random: u32) -> Duration {
        let half = self.next / 2;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    pub(crate) fn at_least(&mut self, time: Duration) {
        self.next = self.next.max(time);
    }

    pub(crate) fn reset(&mut self) {
        self.next = FIRST_WAIT;
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        let longest: Vec<_> = (0..11)
            .map(|_| backoff.draw(u32::MAX).as_secs_f64().round())
            .collect();
        assert_eq!(longest, [1., 2., 4., 8., 16., 32., 64., 128., 256., 300., 300.]);
        backoff.reset();
        let shortest: Vec<_> = (0..4).map(|_| backoff.draw(0).as_millis()).collect();
        assert_eq!(shortest, [500, 1000, 2000, 4000]);
        backoff.reset();
        let floor = Duration::from_secs(30);
        backoff.at_least(floor);
        assert_eq!(backoff.draw(0), floor / 2);
    }
}
