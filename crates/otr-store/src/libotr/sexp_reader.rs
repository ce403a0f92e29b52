//! The forms of an atom, one by one.

use zeroize::Zeroizing;

use super::sexp::{MAX_ATOM, Position, SyntaxError, SyntaxErrorKind};

/// Where in the text we are. Positions are counted forward only, so that a text of many values
/// costs no more than its length.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    offset: usize,
    counted: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            offset: 0,
            counted: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// The atom that starts here with the byte `first`.
    pub(super) fn atom(&mut self, first: u8) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        let at = self.position();
        let length = self.length_prefix();
        let atom = match self.peek() {
            Some(b':') if length.is_some() => return self.verbatim(at, length.unwrap_or_default()),
            Some(b'"') => self.quoted(at)?,
            Some(b'#') => self.hex(at)?,
            Some(b'|') => self.base64(at)?,
            _ if is_token(first) => self.token()?,
            _ => return Err(self.error(SyntaxErrorKind::UnexpectedByte(first))),
        };
        match length {
            Some(length) if length != atom.len() => Err(SyntaxError {
                at,
                kind: SyntaxErrorKind::BadLength,
            }),
            _ => Ok(atom),
        }
    }

    /// Steps over digits that have a value of another form behind them.
    fn length_prefix(&mut self) -> Option<usize> {
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, behind) = self.rest().split_at_checked(digits)?;
        if digits.is_empty() || !matches!(behind.first(), Some(b':' | b'"' | b'#' | b'|')) {
            return None;
        }
        self.offset += digits.len();
        // A length beyond every limit fits no value, whatever it says.
        Some(
            str::from_utf8(digits)
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(usize::MAX),
        )
    }

    fn verbatim(&mut self, at: Position, length: usize) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        if length > MAX_ATOM {
            return Err(SyntaxError {
                at,
                kind: SyntaxErrorKind::AtomTooLong,
            });
        }
        self.offset += 1;
        let Some(bytes) = self.rest().get(..length) else {
            self.offset = self.text.len();
            return Err(self.error(SyntaxErrorKind::OpenAtom(at)));
        };
        self.offset += length;
        Ok(Zeroizing::new(bytes.to_vec()))
    }

    fn token(&mut self) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        let length = self.rest().iter().take_while(|b| is_token(**b)).count();
        if length > MAX_ATOM {
            return Err(self.error(SyntaxErrorKind::AtomTooLong));
        }
        let bytes = self.rest().get(..length).unwrap_or_default();
        self.offset += length;
        Ok(Zeroizing::new(bytes.to_vec()))
    }

    fn hex(&mut self, at: Position) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        let mut atom = Atom::with_room(self.room_until(at, b'#')?);
        let mut high = None;
        self.offset += 1;
        while let Some(byte) = self.peek().filter(|b| *b != b'#') {
            if let Some(digit) = hex_digit(byte) {
                match high.take() {
                    None => high = Some(digit),
                    Some(high) => self.push(&mut atom, at, high << 4 | digit)?,
                }
            } else if !is_white_space(byte) {
                return Err(self.error(SyntaxErrorKind::UnexpectedByte(byte)));
            }
            self.offset += 1;
        }
        if high.is_some() {
            return Err(self.error(SyntaxErrorKind::OddHex));
        }
        self.offset += 1;
        Ok(atom.bytes)
    }

    fn base64(&mut self, at: Position) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        let mut atom = Atom::with_room(self.room_until(at, b'|')?);
        let (mut bits, mut held, mut digits, mut padding) = (0_u32, 0_u32, 0_usize, 0_usize);
        self.offset += 1;
        while let Some(byte) = self.peek().filter(|b| *b != b'|') {
            if byte == b'=' {
                padding += 1;
            } else if let Some(digit) = base64_digit(byte).filter(|_| padding == 0) {
                bits = bits << 6 | digit;
                held += 6;
                digits += 1;
                if held >= 8 {
                    held -= 8;
                    let [.., byte] = (bits >> held).to_be_bytes();
                    self.push(&mut atom, at, byte)?;
                    bits &= (1 << held) - 1;
                }
            } else if !is_white_space(byte) {
                return Err(self.error(SyntaxErrorKind::UnexpectedByte(byte)));
            }
            self.offset += 1;
        }
        let whole = digits % 4 != 1 && bits == 0 && (padding == 0 || (digits + padding).is_multiple_of(4));
        if !whole || padding > 2 {
            return Err(self.error(SyntaxErrorKind::BadBase64));
        }
        self.offset += 1;
        Ok(atom.bytes)
    }

    fn quoted(&mut self, at: Position) -> Result<Zeroizing<Vec<u8>>, SyntaxError> {
        let mut atom = Atom::with_room(quoted_room(self.rest()));
        self.offset += 1;
        loop {
            match self.peek() {
                None => return Err(self.error(SyntaxErrorKind::OpenAtom(at))),
                Some(b'"') => break,
                Some(b'\\') => {
                    let Some((byte, length)) = escape(self.rest()) else {
                        return Err(self.error(SyntaxErrorKind::BadEscape));
                    };
                    if let Some(byte) = byte {
                        self.push(&mut atom, at, byte)?;
                    }
                    self.offset += length;
                }
                Some(byte) => {
                    self.push(&mut atom, at, byte)?;
                    self.offset += 1;
                }
            }
        }
        self.offset += 1;
        Ok(atom.bytes)
    }

    /// Bytes between here and the closing `end`, which must exist.
    fn room_until(&mut self, at: Position, end: u8) -> Result<usize, SyntaxError> {
        match self.rest().iter().skip(1).position(|b| *b == end) {
            Some(room) => Ok(room),
            None => {
                self.offset = self.text.len();
                Err(self.error(SyntaxErrorKind::OpenAtom(at)))
            }
        }
    }

    fn push(&mut self, atom: &mut Atom, at: Position, byte: u8) -> Result<(), SyntaxError> {
        if atom.bytes.len() == atom.room {
            return Err(SyntaxError {
                at,
                kind: SyntaxErrorKind::AtomTooLong,
            });
        }
        atom.bytes.push(byte);
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), SyntaxError> {
        self.skip_white_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(SyntaxErrorKind::Trailing)),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.offset).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// Steps over one byte.
    pub(super) const fn step(&mut self) {
        self.offset += 1;
    }

    pub(super) fn skip_white_space(&mut self) {
        while self.peek().is_some_and(is_white_space) {
            self.offset += 1;
        }
    }

    pub(super) fn error(&mut self, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError {
            at: self.position(),
            kind,
        }
    }

    pub(super) fn position(&mut self) -> Position {
        for (distance, byte) in self
            .text
            .get(self.counted..self.offset)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = self.counted + distance + 1;
            }
        }
        self.counted = self.offset;
        Position {
            line: self.line,
            column: self.offset - self.line_start + 1,
        }
    }
}

/// A value being read, with all its room from the start: growing would leave copies of it behind.
struct Atom {
    bytes: Zeroizing<Vec<u8>>,
    room: usize,
}

impl Atom {
    fn with_room(at_most: usize) -> Self {
        let room = at_most.min(MAX_ATOM);
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            room,
        }
    }
}

/// Bytes up to the closing quote of a quoted string, or to the end.
fn quoted_room(text: &[u8]) -> usize {
    let mut escaped = false;
    let inside = text.iter().skip(1).take_while(|byte| {
        let quote = **byte == b'"' && !escaped;
        escaped = **byte == b'\\' && !escaped;
        !quote
    });
    inside.count()
}

/// What a backslash and the bytes behind it stand for, and how long that is. A line break behind a
/// backslash stands for nothing.
fn escape(text: &[u8]) -> Option<(Option<u8>, usize)> {
    let simple = |byte| Some((Some(byte), 2));
    match *text.get(1..)? {
        [b'b', ..] => simple(0x08),
        [b't', ..] => simple(b'\t'),
        [b'v', ..] => simple(0x0b),
        [b'n', ..] => simple(b'\n'),
        [b'f', ..] => simple(0x0c),
        [b'r', ..] => simple(b'\r'),
        [byte @ (b'"' | b'\'' | b'\\'), ..] => simple(byte),
        [b'x', high, low, ..] => Some((Some(hex_digit(high)? << 4 | hex_digit(low)?), 4)),
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            Some((Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')), 4))
        }
        [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => Some((None, 3)),
        [b'\r' | b'\n', ..] => Some((None, 2)),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn base64_digit(byte: u8) -> Option<u32> {
    let digit = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(digit))
}

const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | b'\r' | b'\n')
}

/// libgcrypt's tokens and, for names that others wrote bare, the printable signs without a meaning
/// of their own.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'#' | b'|' | b'\\' | b'&' | b';'
        )
}
