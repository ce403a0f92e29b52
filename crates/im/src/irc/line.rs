//! One IRC line: bytes that cannot hold CR, LF or NUL.

use std::fmt;

use zeroize::Zeroize;

use super::build::Builder;
use super::message::Message;

/// One line without its line end. It holds no CR, no LF and no NUL, is not empty and is at most [`MAX_LINE`] bytes
/// long; so whatever was put into it, it reaches the other side as exactly one line (security history S-64).
///
/// `Debug` shows the command and the length only, and a line is wiped when it is dropped: lines carry passwords and
/// people's words.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IrcLine(Vec<u8>);

impl IrcLine {
    /// Takes `bytes` as one line.
    ///
    /// # Errors
    /// [`LineError`] if the bytes hold CR, LF or NUL, or are none or too many.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, LineError> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(LineError::Empty);
        }
        if bytes.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        if bytes.iter().any(|&byte| is_forbidden(byte)) {
            return Err(LineError::ForbiddenByte);
        }
        Ok(Self(bytes))
    }

    /// Begins a line with this command, a word of letters or three digits.
    pub fn command(command: impl AsRef<[u8]>) -> Builder {
        Builder::new(command.as_ref())
    }

    /// The bytes of the line, without the line end.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The line as it goes over the wire: its bytes, CR, LF.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.0.len() + 2);
        wire.extend_from_slice(&self.0);
        wire.extend_from_slice(b"\r\n");
        wire
    }

    /// The line taken apart.
    ///
    /// # Errors
    /// [`LineError::NoCommand`] if there is nothing but tags and a prefix.
    pub fn parse(&self) -> Result<Message<'_>, LineError> {
        Message::parse(&self.0)
    }

    /// The first `limit` bytes of the line, as a server cuts what does not fit; at least one byte stays.
    #[must_use]
    pub fn cut(mut self, limit: usize) -> Self {
        self.0.truncate(limit.max(1));
        self
    }
}

impl Drop for IrcLine {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for IrcLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self
            .parse()
            .map(|message| String::from_utf8_lossy(message.command).into_owned());
        write!(
            f,
            "IrcLine({}, {} bytes)",
            command.as_deref().unwrap_or("?"),
            self.0.len()
        )
    }
}

impl AsRef<[u8]> for IrcLine {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Why bytes are not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No bytes at all.
    #[error("an empty line")]
    Empty,
    /// More than [`MAX_LINE`] bytes.
    #[error("a line longer than {MAX_LINE} bytes")]
    TooLong,
    /// A CR, LF or NUL inside.
    #[error("a line end or a NUL inside a line")]
    ForbiddenByte,
    /// No command, or one that is neither letters nor three digits.
    #[error("no command in the line")]
    NoCommand,
    /// A prefix that is empty or holds a space.
    #[error("a prefix that would not be read back")]
    BadPrefix,
    /// A parameter that is empty, begins with a colon or holds a space, where only the last one may.
    #[error("a parameter that would not be read back")]
    BadParameter,
}

/// Whether a byte can never stand in a line.
#[must_use]
pub fn is_forbidden(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// The longest line: 8191 bytes of tags (message-tags specification) and 512 of message.
pub const MAX_LINE: usize = 8191 + 512;

/// The longest message with its CR and LF, and without its tags (RFC 1459 section 2.3).
pub const MESSAGE_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_line_end() {
        for bad in ["a\rb", "a\nb", "a\0b", "a\r\n", "\r"] {
            assert_eq!(IrcLine::new(bad), Err(LineError::ForbiddenByte), "{bad:?}");
        }
        assert_eq!(IrcLine::new(""), Err(LineError::Empty));
        assert_eq!(IrcLine::new(vec![b'a'; MAX_LINE + 1]), Err(LineError::TooLong));
        assert!(IrcLine::new(vec![b'a'; MAX_LINE]).is_ok());
    }

    #[test]
    fn debug_keeps_passwords_to_itself() {
        let line = IrcLine::new("PASS hunter2").unwrap();
        assert_eq!(format!("{line:?}"), "IrcLine(PASS, 12 bytes)");
    }

    #[test]
    fn cutting_keeps_a_line_a_line() {
        let line = IrcLine::new("PING abc").unwrap();
        assert_eq!(line.clone().cut(4).as_bytes(), b"PING");
        assert_eq!(line.clone().cut(0).as_bytes(), b"P");
        assert_eq!(line.cut(100).to_wire(), b"PING abc\r\n");
    }
}
