//! An encoded message whose line was cut in two on its way.
//!
//! Some IRC clients cut a line that they find too long after their OTR has made it fit another limit: WeeChat, which
//! reckons with the longest host name there is, sends the last bytes of a piece as a line of their own. An encoded
//! message or piece ends in `.` or `,`; what begins like one and has no end waits here for the rest.

use std::time::Duration;

use otr::Timestamp;

/// The beginning of an encoded message of one correspondent.
#[derive(Debug, Default)]
pub(super) struct CutLine {
    begun: Option<(Vec<u8>, Timestamp)>,
}

impl CutLine {
    /// Takes a line; gives those that may be read now, in order. Nothing is lost: what turns out not to be the rest of
    /// an encoded message is given as it came, after the beginning that it did not fit.
    pub(super) fn join(&mut self, line: &[u8], now: Timestamp) -> Vec<Vec<u8>> {
        let mut ready = Vec::new();
        let mut line = line.to_vec();
        if let Some((mut beginning, since)) = self.begun.take() {
            let in_time = now.since(since) <= PATIENCE;
            if in_time && is_rest(&line) && beginning.len() + line.len() <= LONGEST {
                beginning.append(&mut line);
                line = beginning;
            } else {
                ready.push(beginning);
            }
        }
        if is_encoded(&line) && !has_end(&line) {
            self.begun = Some((line, now));
        } else {
            ready.push(line);
        }
        ready
    }

    /// Gives up waiting for a rest that is overdue: the beginning.
    pub(super) fn overdue(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        self.begun.take().map(|(beginning, _)| beginning)
    }

    /// When waiting ends.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.begun.as_ref().map(|(_, since)| since.plus(PATIENCE))
    }
}

/// Whether a line begins like an encoded message or a piece. A query (`?OTRv23?`) and an error do not.
fn is_encoded(line: &[u8]) -> bool {
    [&b"?OTR:"[..], b"?OTR,", b"?OTR|"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

fn has_end(line: &[u8]) -> bool {
    matches!(line.last(), Some(b'.' | b','))
}

/// Whether a line can be the rest: only what stands inside encoded messages, which no sentence does for long.
fn is_rest(line: &[u8]) -> bool {
    !line.is_empty()
        && line
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'.' | b','))
}

/// The rest follows at once; a person who types a word does not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Several of the longest lines.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn join(cut: &mut CutLine, line: &str, seconds: u64) -> Vec<String> {
        let lines = cut.join(line.as_bytes(), at(seconds)).into_iter();
        lines.map(|line| String::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn a_piece_cut_in_two_is_one_again() {
        let mut cut = CutLine::default();
        assert!(join(&mut cut, "?OTR,1,2,?OTR:AAIR", 1).is_empty());
        assert_eq!(cut.deadline(), Some(at(6)));
        assert_eq!(join(&mut cut, "J,", 1), ["?OTR,1,2,?OTR:AAIRJ,"]);
        assert_eq!(cut.deadline(), None);
        assert!(join(&mut cut, "?OTR:AA", 2).is_empty() && join(&mut cut, "BB", 2).is_empty());
        assert_eq!(join(&mut cut, "CC=.", 3), ["?OTR:AABBCC=."]);
    }

    #[test]
    fn whole_lines_and_plain_words_pass_at_once() {
        let mut cut = CutLine::default();
        for line in [
            "hello",
            "J,",
            "",
            "?OTR:AAIR.",
            "?OTR,1,2,x,",
            "?OTRv23?",
            "?OTR Error: x",
            "?OTR|1|2,1,1,x,",
        ] {
            assert_eq!(join(&mut cut, line, 1), [line]);
        }
    }

    #[test]
    fn words_that_follow_a_beginning_are_not_swallowed() {
        let mut cut = CutLine::default();
        assert!(join(&mut cut, "?OTR:AA", 1).is_empty());
        assert_eq!(join(&mut cut, "are you there?", 1), ["?OTR:AA", "are you there?"]);
        assert!(join(&mut cut, "?OTR:AA", 2).is_empty());
        assert_eq!(
            join(&mut cut, "late.", 8),
            ["?OTR:AA", "late."],
            "after the patience"
        );
        assert!(join(&mut cut, "?OTR:AA", 9).is_empty());
        assert_eq!(join(&mut cut, "?OTR:BB.", 9), ["?OTR:AA", "?OTR:BB."]);
        assert!(join(&mut cut, "?OTR:AA", 10).is_empty());
        assert_eq!(cut.overdue(at(14)), None);
        assert_eq!(cut.overdue(at(15)), Some(b"?OTR:AA".to_vec()));
        assert_eq!(cut.overdue(at(15)), None);
    }

    #[test]
    fn a_beginning_without_end_is_bounded() {
        let mut cut = CutLine::default();
        let long = "A".repeat(LONGEST);
        assert!(join(&mut cut, "?OTR:AA", 1).is_empty());
        assert_eq!(join(&mut cut, &long, 1), ["?OTR:AA".to_owned(), long]);
    }
}
