//! What the tab-separated files have in common: lines with their numbers, what was wrong with
//! some of them, and which names a column can hold.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

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
    /// The fingerprint has another form.
    #[error("the fingerprint is not {} hex digits; kept, not used", if *.digits == 40 { "forty".into() } else { .digits.to_string() })]
    Fingerprint {
        /// How many digits one has in this file.
        digits: usize,
    },
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
    #[error(
        "starts with a byte order mark, which counts as part of the first name; save the file without it"
    )]
    ByteOrderMark,
    /// No client profile that this version knows.
    #[error("not understood; a profile is made anew from the keys")]
    Profile,
    /// A later line is about the same thing, and counts.
    #[error("line {by} is about the same, and counts instead")]
    Repeated {
        /// The number of the later line.
        by: usize,
    },
    /// The file does not end with a line break: it may have been cut short.
    #[error(
        "the file ends in the middle of this line and may have been cut short; the line is used as it is"
    )]
    Unterminated,
}

/// The longest line that libotr reads whole, in bytes and without its line break.
pub const MAX_LINE: usize = 998;

/// A file of lines of which some say something; the others are only kept.
#[derive(Clone, Debug)]
pub(crate) struct Lines<T> {
    lines: Vec<Line<T>>,
    notices: Vec<LineNotice>,
}

#[derive(Clone, Debug)]
enum Line<T> {
    Entry(T),
    Kept(Vec<u8>),
}

impl<T> Lines<T> {
    /// Reads a file with `parse`. Entries are about the same thing if `about` says so.
    ///
    /// A name may begin with `#`, so a line is a comment only if it is nothing else.
    pub(crate) fn read<K: Eq + Hash>(
        file: &[u8],
        parse: impl Fn(&[u8]) -> Result<T, LineFault>,
        about: impl Fn(&T) -> K,
    ) -> Self {
        let mut this = Self::default();
        let mut seen = HashMap::new();
        for raw in lines(file) {
            let mut notice = |line, fault| this.notices.push(LineNotice { line, fault });
            match raw.common_fault().map_or_else(|| parse(raw.body), Err) {
                Ok(entry) => {
                    if let Some(earlier) = seen.insert(about(&entry), raw.number) {
                        notice(earlier, LineFault::Repeated { by: raw.number });
                    }
                    if raw.has_byte_order_mark() {
                        notice(raw.number, LineFault::ByteOrderMark);
                    }
                    if !raw.terminated {
                        notice(raw.number, LineFault::Unterminated);
                    }
                    this.lines.push(Line::Entry(entry));
                }
                Err(fault) => {
                    let comment = raw.body.is_empty() || raw.body.starts_with(b"#");
                    match (raw.has_byte_order_mark(), comment) {
                        (true, _) => notice(raw.number, LineFault::ByteOrderMark),
                        (false, false) => notice(raw.number, fault),
                        (false, true) if !raw.terminated => notice(raw.number, LineFault::Unterminated),
                        (false, true) => {}
                    }
                    this.lines.push(Line::Kept(raw.whole.to_vec()));
                }
            }
        }
        this.notices.sort_by_key(|notice| notice.line);
        this
    }

    /// The file with every line, entries as `write` appends them.
    pub(crate) fn write(&self, write: impl Fn(&mut Vec<u8>, &T)) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.lines {
            match line {
                Line::Kept(whole) => out.extend_from_slice(whole),
                Line::Entry(entry) => write(&mut out, entry),
            }
            out.push(b'\n');
        }
        out
    }

    pub(crate) fn notices(&self) -> &[LineNotice] {
        &self.notices
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.lines.iter().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Kept(_) => None,
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.lines.iter_mut().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Kept(_) => None,
        })
    }

    pub(crate) fn push(&mut self, entry: T) {
        self.lines.push(Line::Entry(entry));
    }

    pub(crate) fn push_comment(&mut self, line: &str) {
        self.lines.push(Line::Kept(line.into()));
    }

    /// Removes entries; lines that are only kept stay. Tells how many went.
    pub(crate) fn remove(&mut self, which: impl Fn(&T) -> bool) -> usize {
        let before = self.lines.len();
        self.lines
            .retain(|line| !matches!(line, Line::Entry(entry) if which(entry)));
        before - self.lines.len()
    }
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            notices: Vec::new(),
        }
    }
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
    /// For libotr, and so for us, the mark is part of the first name.
    fn has_byte_order_mark(&self) -> bool {
        self.number == 1 && self.whole.starts_with(b"\xef\xbb\xbf")
    }

    /// A fault that any kind of line can have.
    pub(crate) fn common_fault(&self) -> Option<LineFault> {
        if self.whole.contains(&0) {
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
