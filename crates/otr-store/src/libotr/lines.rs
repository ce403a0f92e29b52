//! What the tab-separated files have in common: lines with their numbers, what was wrong with
//! some of them, and which names a column can hold.

use std::fmt;

use crate::names::BadName;

/// A line that could not be taken as it stands. It is kept in the file all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineNotice {
    /// Counted from 1.
    pub line: usize,
    /// What was found.
    pub fault: LineFault,
}

impl fmt::Display for LineNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

/// What is odd about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Too few columns, or too many.
    #[error("wrong number of columns; kept, not used")]
    Columns,
    /// The fingerprint is not forty hex digits.
    #[error("the fingerprint is not forty hex digits; kept, not used")]
    Fingerprint,
    /// The instance tag is not eight hex digits.
    #[error("the instance tag is not eight hex digits; kept, not used")]
    InstanceTag,
    /// An instance tag below 0x100, where tags have other meanings.
    #[error("the instance tag is below 00000100, which is reserved; kept, not used")]
    ReservedInstanceTag,
    /// Longer than libotr reads.
    #[error("longer than the {MAX_LINE} bytes that libotr reads; kept, not used")]
    TooLong,
    /// Holds a zero byte or, in the trust column, a stray carriage return.
    #[error("holds a byte that cannot stand there; kept, not used")]
    BadByte,
    /// A byte order mark in front of the first line.
    #[error("starts with a byte order mark; save the file without one. The line is kept, not used")]
    ByteOrderMark,
    /// A later line says something else about the same thing, and counts.
    #[error("a later line is about the same; that one counts")]
    Repeated,
    /// The file does not end with a line break: it may have been cut short.
    #[error(
        "the file ends in the middle of this line and may have been cut short; the line is used as it is"
    )]
    Unterminated,
}

/// The longest line that libotr reads whole, in bytes and without its line break.
pub const MAX_LINE: usize = 998;

/// A line of a file that may hold others.
#[derive(Clone, Debug)]
pub(crate) enum Line<T> {
    /// One that says something.
    Entry(T),
    /// One that is only kept.
    Kept(Vec<u8>),
}

/// A line as it stands in the file.
pub(crate) struct RawLine<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    /// Everything up to the line break.
    pub(crate) whole: &'a [u8],
    /// The same without carriage returns at the end.
    pub(crate) body: &'a [u8],
    /// Whether a line break follows.
    pub(crate) terminated: bool,
}

impl RawLine<'_> {
    /// A fault that any kind of line can have.
    pub(crate) fn common_fault(&self) -> Option<LineFault> {
        if self.number == 1 && self.whole.starts_with(b"\xef\xbb\xbf") {
            Some(LineFault::ByteOrderMark)
        } else if self.whole.contains(&0) {
            Some(LineFault::BadByte)
        } else if self.whole.len() > MAX_LINE {
            Some(LineFault::TooLong)
        } else {
            None
        }
    }
}

/// The lines of a file; a file that ends with a line break has no empty line behind it.
pub(crate) fn lines(file: &[u8]) -> impl Iterator<Item = RawLine<'_>> {
    file.split_inclusive(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(line, number)| {
            let whole = line.strip_suffix(b"\n").unwrap_or(line);
            let end = whole
                .iter()
                .rposition(|byte| *byte != b'\r')
                .map_or(0, |last| last + 1);
            let body = whole.get(..end).unwrap_or(whole);
            RawLine {
                number,
                whole,
                body,
                terminated: whole.len() < line.len(),
            }
        })
}

/// Whether columns can hold these names in a line that needs `others` more bytes.
pub(crate) fn check_columns(names: &[&[u8]], others: usize) -> Result<(), BadName> {
    if names.iter().any(|name| name.contains(&0)) {
        return Err(BadName::Nul);
    }
    if names
        .iter()
        .any(|name| name.iter().any(|byte| matches!(byte, b'\t' | b'\r' | b'\n')))
    {
        return Err(BadName::Separator);
    }
    if names.iter().map(|name| name.len()).sum::<usize>() + others > MAX_LINE {
        return Err(BadName::LineTooLong { limit: MAX_LINE });
    }
    Ok(())
}

/// Exactly `2 * N` hex digits of either case.
pub(crate) fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Appends lower-case hex.
pub(crate) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_line_feeds_and_lose_carriage_returns() {
        let bodies: Vec<_> = lines(b"a\r\n\nb\rc\r\r\nd")
            .map(|l| (l.number, l.body, l.terminated))
            .collect();
        assert_eq!(
            bodies,
            [
                (1, &b"a"[..], true),
                (2, b"", true),
                (3, b"b\rc", true),
                (4, b"d", false)
            ]
        );
        assert_eq!(lines(b"").count(), 0);
        assert_eq!(lines(b"a\n").count(), 1);
    }

    #[test]
    fn hex_is_exact() {
        assert_eq!(unhex::<2>(b"0aFf"), Some([0x0a, 0xff]));
        for text in [&b"0af"[..], b"0aff0", b"+aff", b"0a f", b"0xff", b""] {
            assert_eq!(unhex::<2>(text), None);
        }
    }
}
