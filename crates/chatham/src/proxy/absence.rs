//! A connection that stands while no client of its person is there.

use std::time::Duration;

use tokio::time::Instant;

/// How long a connection stays when its last client has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stay {
    /// It goes with the client.
    #[default]
    Off,
    /// So long.
    For(Duration),
    /// Until the proxy or the server ends.
    Always,
}

/// The time without a client.
#[derive(Debug)]
pub(super) struct Absence {
    until: Option<Instant>,
    /// The server has been told that nobody is there, and is told when somebody is.
    pub(super) announced: bool,
    /// When the server was heard last.
    heard: Instant,
    /// It was asked whether it is there, for nobody else asks it.
    asked: bool,
}

/// What has to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// The time is over.
    Leave,
    /// Nothing was heard of the server for long: it is to be asked.
    Ask,
    /// It has not answered.
    Broken,
}

impl Stay {
    /// Reads `off`, `always`, or a number of seconds, minutes, hours or days: `30m`.
    pub fn read(text: &str) -> Option<Self> {
        let (digits, unit) = match text {
            "off" => return Some(Self::Off),
            "always" => return Some(Self::Always),
            text => text.split_at_checked(text.len().checked_sub(1)?)?,
        };
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let number: u32 = digits
            .parse()
            .ok()
            .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let time = Duration::from_secs(u64::from(number) * seconds);
        (time <= LONGEST).then_some(if time.is_zero() {
            Self::Off
        } else {
            Self::For(time)
        })
    }

    /// The last client has gone: how long the connection stays. `None` if it does not.
    pub(super) fn begin(self, announced: bool, now: Instant) -> Option<Absence> {
        let until = match self {
            Self::Off => return None,
            Self::For(time) => Some(now + time),
            Self::Always => None,
        };
        Some(Absence {
            until,
            announced,
            heard: now,
            asked: false,
        })
    }
}

impl Absence {
    /// The server has said something.
    pub(super) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = false;
    }

    /// When to look again.
    pub(super) fn next(&self) -> Instant {
        let silence = self.heard + if self.asked { 2 * SILENCE } else { SILENCE };
        self.until.map_or(silence, |until| until.min(silence))
    }

    pub(super) fn due(&mut self, now: Instant) -> Due {
        if self.until.is_some_and(|until| until <= now) {
            return Due::Leave;
        }
        if self.asked && self.heard + 2 * SILENCE <= now {
            return Due::Broken;
        }
        if !self.asked && self.heard + SILENCE <= now {
            self.asked = true;
            return Due::Ask;
        }
        Due::Nothing
    }
}

/// How long a server may say nothing at all.
const SILENCE: Duration = Duration::from_secs(120);
/// Clocks cannot reckon with any time.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_unit() {
        let time = |seconds| Some(Stay::For(Duration::from_secs(seconds)));
        for (text, stay) in [
            ("off", Some(Stay::Off)),
            ("0s", Some(Stay::Off)),
            ("always", Some(Stay::Always)),
            ("30s", time(30)),
            ("30m", time(1800)),
            ("12h", time(43_200)),
            ("7d", time(604_800)),
            ("", None),
            ("m", None),
            ("+5m", None),
            ("-5m", None),
            ("30", None),
            ("1.5h", None),
            ("30 m", None),
            ("4000000000d", None),
            ("99999999999s", None),
            ("5ä", None),
        ] {
            assert_eq!(Stay::read(text), stay, "{text}");
        }
    }

    #[test]
    fn the_server_is_asked_and_the_time_ends() {
        let begin = Instant::now();
        assert!(Stay::Off.begin(false, begin).is_none());
        let mut absence = Stay::For(Duration::from_secs(600)).begin(true, begin).unwrap();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(absence.due(at(119)), Due::Nothing);
        assert_eq!((absence.next(), absence.due(at(120))), (at(120), Due::Ask));
        assert_eq!(absence.due(at(121)), Due::Nothing);
        absence.hear(at(130));
        assert_eq!(absence.due(at(249)), Due::Nothing);
        assert_eq!(absence.due(at(250)), Due::Ask);
        assert_eq!((absence.next(), absence.due(at(370))), (at(370), Due::Broken));
        assert_eq!(absence.due(at(600)), Due::Leave);
        let mut always = Stay::Always.begin(true, begin).unwrap();
        always.hear(at(1_000_000));
        assert_eq!(always.due(at(1_000_001)), Due::Nothing);
    }
}
