//! The time of a line, as the `time` tag has it: `2011-10-19T16:40:51.620Z`.

use std::time::Duration;

/// The time since the beginning of 1970. `None` for what is not in the form of the server-time specification, or
/// before 1970.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let (seconds, millis) = match time.split_once('.') {
        Some((seconds, fraction)) => (seconds, thousandths(fraction)?),
        None => (time, 0),
    };
    let mut date = date.split('-');
    let (year, month, day) = (
        number(date.next()?, 4)?,
        number(date.next()?, 2)?,
        number(date.next()?, 2)?,
    );
    let mut clock = seconds.split(':');
    let (hour, minute, second) = (
        number(clock.next()?, 2)?,
        number(clock.next()?, 2)?,
        number(clock.next()?, 2)?,
    );
    let proper = date.next().is_none()
        && clock.next().is_none()
        && year >= 1970
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second.
        && second <= 60;
    if !proper {
        return None;
    }
    let seconds = ((days_before(year, month) + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
    Some(Duration::from_secs(seconds) + Duration::from_millis(millis))
}

/// The form of the tag for a time since the beginning of 1970, to the millisecond.
#[must_use]
pub fn format(time: Duration) -> String {
    let (days, rest) = (time.as_secs() / DAY, time.as_secs() % DAY);
    // Count from a March on, so that leap days come last: 400 years, 100, 4, 1.
    let days = days + DAYS_TO_1970;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (
        era * 400 + year + u64::from(month >= 10),
        if month < 10 { month + 3 } else { month - 9 },
    );
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        time.subsec_millis()
    )
}

/// The days from the beginning of 1970 to the first of this month.
fn days_before(year: u64, month: u64) -> u64 {
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5;
    days - DAYS_TO_1970
}

fn number(digits: &str, length: usize) -> Option<u64> {
    let proper = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    proper.then(|| digits.parse().ok()).flatten()
}

/// The first three figures of a fraction.
fn thousandths(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let three: String = fraction.chars().chain("00".chars()).take(3).collect();
    three.parse().ok()
}

const DAY: u64 = 24 * 3600;
/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        // Seconds as `date -u -d … +%s` gives them.
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2011-10-19T16:40:51.620Z", 1_319_042_451_620),
            ("2011-10-19T16:40:51Z", 1_319_042_451_000),
            ("2000-02-29T23:59:59.9Z", 951_868_799_900),
            ("2024-02-29T00:00:00.123456Z", 1_709_164_800_123),
            ("2024-03-01T00:00:00.000Z", 1_709_251_200_000),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
            ("2012-06-30T23:59:60.419Z", 1_341_100_800_419),
        ] {
            assert_eq!(
                parse(text.as_bytes()),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn writes_what_it_reads() {
        // Every 101 hours and some, over two centuries.
        for step in 0..17_000u64 {
            let time = Duration::from_millis(step * 365_432_101);
            assert_eq!(parse(format(time).as_bytes()), Some(time), "{}", format(time));
        }
        assert_eq!(
            format(Duration::from_millis(1_709_164_800_123)),
            "2024-02-29T00:00:00.123Z"
        );
    }

    #[test]
    fn takes_nothing_else() {
        for text in [
            "",
            "Z",
            "2011-10-19",
            "2011-10-19T16:40:51.620",
            "2011-10-19 16:40:51Z",
            "2011-13-19T16:40:51Z",
            "2011-00-19T16:40:51Z",
            "2011-10-00T16:40:51Z",
            "2011-10-19T24:40:51Z",
            "2011-10-19T16:60:51Z",
            "2011-10-19T16:40:51.Z",
            "2011-10-19T16:40:51.x1Z",
            "11-10-19T16:40:51Z",
            "1969-12-31T23:59:59Z",
            "99999-10-19T16:40:51Z",
            "2011-10-19T16:40Z",
            "2011-10-19T16:40:51:00Z",
            "+011-10-19T16:40:51Z",
            "2011-10-19T1é:40:51Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"\xff"), None);
    }
}
