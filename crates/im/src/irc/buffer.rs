//! From a stream of bytes to lines, in bounded memory.

use std::fmt;

use super::line::{IrcLine, LineError, MAX_LINE, is_forbidden};

/// Collects bytes until a line is whole.
///
/// A line ends at LF; CRs just before it belong to the line end. A CR *inside* a line is no line end: a server that
/// relays one must not let a correspondent forge a second line (security history S-64). Such a line cannot be
/// represented, so it is dropped and reported, as is one with a NUL and one that is too long. Empty lines mean
/// nothing and vanish.
#[derive(Default)]
pub struct LineBuffer {
    held: Vec<u8>,
    overflowing: bool,
}

impl LineBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream and returns the lines they complete, in order, with an error in the
    /// place of each line that was dropped. Never holds more than [`MAX_LINE`] bytes and a line end.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Result<IrcLine, LineError>> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(end) => {
                    self.hold(end);
                    lines.extend(self.take());
                }
                None => self.hold(part),
            }
        }
        lines
    }

    /// How many bytes of an unfinished line are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether no unfinished line is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && !self.overflowing
    }

    fn hold(&mut self, part: &[u8]) {
        // One byte over the longest line leaves room for the CR of its line end.
        if self.overflowing || self.held.len() + part.len() > MAX_LINE + 1 {
            self.overflowing = true;
            self.held.clear();
        } else {
            self.held.extend_from_slice(part);
        }
    }

    fn take(&mut self) -> Option<Result<IrcLine, LineError>> {
        let mut line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.overflowing) {
            return Some(Err(LineError::TooLong));
        }
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            return None;
        }
        if line.iter().any(|&byte| is_forbidden(byte)) {
            return Some(Err(LineError::ForbiddenByte));
        }
        Some(IrcLine::new(line))
    }
}

/// Shows how much is held, not what: it may be people's words.
impl fmt::Debug for LineBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineBuffer({} bytes held)", self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Result<IrcLine, LineError>>) -> Vec<Result<Vec<u8>, LineError>> {
        lines
            .into_iter()
            .map(|line| line.map(|line| line.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn ends_lines_at_lf_only() {
        let mut buffer = LineBuffer::new();
        assert_eq!(buffer.feed(b"PI"), []);
        assert_eq!(
            texts(buffer.feed(b"NG\r\n\r\n\nA\nB\r\r\nC\r")),
            [Ok(b"PING".to_vec()), Ok(b"A".to_vec()), Ok(b"B".to_vec())]
        );
        assert_eq!(texts(buffer.feed(b"\n")), [Ok(b"C".to_vec())]);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_lone_cr_never_makes_a_second_line() {
        let mut buffer = LineBuffer::new();
        let lines = texts(buffer.feed(b":a PRIVMSG b :x\r:irc.example KILL b\r\nPING\n\0\n"));
        assert_eq!(
            lines,
            [
                Err(LineError::ForbiddenByte),
                Ok(b"PING".to_vec()),
                Err(LineError::ForbiddenByte)
            ]
        );
    }

    #[test]
    fn drops_what_is_too_long_and_recovers() {
        let mut buffer = LineBuffer::new();
        let mut longest = vec![b'a'; MAX_LINE];
        longest.extend_from_slice(b"\r\n");
        assert!(buffer.feed(&longest).remove(0).is_ok());
        for _ in 0..100 {
            assert_eq!(buffer.feed(&[b'a'; 1000]), []);
            assert!(buffer.len() <= MAX_LINE + 1);
        }
        assert!(!buffer.is_empty());
        assert_eq!(
            texts(buffer.feed(b"x\nPING\n")),
            [Err(LineError::TooLong), Ok(b"PING".to_vec())]
        );
    }
}
