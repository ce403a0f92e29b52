//! A bounded reader of S-expressions in the forms that libgcrypt reads and writes.
//!
//! An atom may stand as a token (`dsa`), a quoted string with C-like escapes (`"bob smith"`), hex
//! (`#00FF#`), base64 (`|AP8=|`) or canonical (`3:bob`), the middle two also with their length in
//! front. Beyond libgcrypt, tokens may start with a digit and hold `@` and similar printable
//! signs, as other programs have written names that way. Comments, display hints and the
//! transport form are refused.
//!
//! Nothing recurses and nothing is allocated from a length that the file claims. What is read may
//! be a secret key: atoms are wiped when dropped, no copy is left behind by growing, and errors
//! carry places, never contents.

use std::fmt;

use zeroize::Zeroizing;

use super::sexp_reader::Reader;

/// One value and where it began.
pub struct Node {
    /// The first byte of the value: its parenthesis, quote, `#`, …
    pub at: Position,
    /// What stands there.
    pub value: Value,
}

/// An atom or a list.
pub enum Value {
    /// Bytes.
    Atom(Zeroizing<Vec<u8>>),
    /// Values in parentheses.
    List(Vec<Node>),
}

/// A place in the file, for humans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1; LF ends a line.
    pub line: usize,
    /// Counted from 1, in bytes.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is not one S-expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct SyntaxError {
    /// Where reading stopped.
    pub at: Position,
    /// What was wrong there.
    pub kind: SyntaxErrorKind,
}

/// What can be wrong with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// Nothing but white space, or nothing at all.
    #[error("the file is empty")]
    Empty,
    /// A byte order mark, which some editors put in front.
    #[error("the file starts with a byte order mark; save it without one")]
    ByteOrderMark,
    /// The text ends inside a list.
    #[error("the file ends inside the list that starts at {0}")]
    OpenList(Position),
    /// The text ends inside an atom.
    #[error("the file ends inside the value that starts at {0}")]
    OpenAtom(Position),
    /// A byte that cannot stand here.
    #[error("unexpected byte 0x{0:02x}")]
    UnexpectedByte(u8),
    /// A closing parenthesis without an opening one.
    #[error("a closing parenthesis too many")]
    Unopened,
    /// Something other than white space behind the end.
    #[error("more text behind the end of the list")]
    Trailing,
    /// More parentheses inside each other than [`MAX_DEPTH`].
    #[error("more than {MAX_DEPTH} lists inside each other")]
    TooDeep,
    /// More atoms and parentheses than [`MAX_TOKENS`].
    #[error("more than {MAX_TOKENS} values and parentheses")]
    TooMany,
    /// An atom of more than [`MAX_ATOM`] bytes.
    #[error("a value longer than {MAX_ATOM} bytes")]
    AtomTooLong,
    /// A backslash followed by what is no escape.
    #[error("a backslash that starts no known escape")]
    BadEscape,
    /// Hex digits that do not come in pairs.
    #[error("an odd number of hex digits")]
    OddHex,
    /// Base64 that is not.
    #[error("broken base64")]
    BadBase64,
    /// A length in front of a value that does not fit it.
    #[error("a length that does not fit the value behind it")]
    BadLength,
}

/// Lists inside each other; a key file needs five.
pub const MAX_DEPTH: usize = 16;

/// Bytes in one atom; the largest number of an accepted key has 512.
pub const MAX_ATOM: usize = 4096;

/// Atoms and parentheses in one text; an account takes thirty-seven.
pub const MAX_TOKENS: usize = 100_000;

/// Reads `text` as exactly one value with white space around it.
///
/// # Errors
///
/// The first place that is not well-formed, or beyond [`MAX_DEPTH`], [`MAX_ATOM`] or [`MAX_TOKENS`].
pub fn parse(text: &[u8]) -> Result<Node, SyntaxError> {
    let mut reader = Reader::new(text);
    if BYTE_ORDER_MARKS.iter().any(|mark| text.starts_with(mark)) {
        return Err(reader.error(SyntaxErrorKind::ByteOrderMark));
    }
    let mut open: Vec<(Position, Vec<Node>)> = Vec::new();
    for _ in 0..=MAX_TOKENS {
        reader.skip_white_space();
        let at = reader.position();
        let node = match reader.peek() {
            None => {
                let kind = open
                    .last()
                    .map_or(SyntaxErrorKind::Empty, |(at, _)| SyntaxErrorKind::OpenList(*at));
                return Err(reader.error(kind));
            }
            Some(b'(') => {
                if open.len() == MAX_DEPTH {
                    return Err(reader.error(SyntaxErrorKind::TooDeep));
                }
                reader.step();
                open.push((at, Vec::new()));
                continue;
            }
            Some(b')') => {
                let Some((at, nodes)) = open.pop() else {
                    return Err(reader.error(SyntaxErrorKind::Unopened));
                };
                reader.step();
                Node {
                    at,
                    value: Value::List(nodes),
                }
            }
            Some(first) => Node {
                at,
                value: Value::Atom(reader.atom(first)?),
            },
        };
        match open.last_mut() {
            Some((_, nodes)) => nodes.push(node),
            None => return reader.finish().map(|()| node),
        }
    }
    Err(reader.error(SyntaxErrorKind::TooMany))
}

const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &[u8]) -> Result<Vec<u8>, SyntaxErrorKind> {
        match parse(text) {
            Ok(Node {
                value: Value::Atom(bytes),
                ..
            }) => Ok(bytes.to_vec()),
            Ok(_) => panic!("a list"),
            Err(error) => Err(error.kind),
        }
    }

    #[test]
    fn every_form_of_an_atom() {
        for text in [
            &b"abc"[..],
            b"\"abc\"",
            b"#616263#",
            b"# 6 1\n62 63 #",
            b"|YWJj|",
            b"3:abc",
            b"3\"abc\"",
            b"3#616263#",
            b"3|YWJj|",
            b" \t\r\n\x0b\x0cabc\n",
            b"\"a\\x62\\143\"",
            b"\"a\\\nb\\\r\nc\"",
        ] {
            assert_eq!(atom(text).as_deref(), Ok(&b"abc"[..]), "{}", text.escape_ascii());
        }
        assert_eq!(
            atom(b"\"\\b\\t\\v\\n\\f\\r\\\"\\'\\\\\"").unwrap(),
            b"\x08\t\x0b\n\x0c\r\"'\\"
        );
        assert_eq!(atom(b"12345").unwrap(), b"12345");
        assert_eq!(atom(b"a@b.org").unwrap(), b"a@b.org");
        assert_eq!(atom(b"\"\"").unwrap(), b"");
        assert_eq!(atom(b"##").unwrap(), b"");
        assert_eq!(atom(b"0:").unwrap(), b"");
        assert_eq!(atom(b"|YQ==|").unwrap(), b"a");
        assert_eq!(atom(b"|YWI|").unwrap(), b"ab");
    }

    #[test]
    fn what_is_wrong_and_where() {
        use SyntaxErrorKind as Kind;
        let place = |line, column| Position { line, column };
        for (text, line, column, kind) in [
            (&b""[..], 1, 1, Kind::Empty),
            (b" \n ", 2, 2, Kind::Empty),
            (b"\xef\xbb\xbf(a)", 1, 1, Kind::ByteOrderMark),
            (b"(a\n (b", 2, 4, Kind::OpenList(place(2, 2))),
            (b"\n\"ab", 2, 4, Kind::OpenAtom(place(2, 1))),
            (b"#61", 1, 4, Kind::OpenAtom(place(1, 1))),
            (b"|YQ", 1, 4, Kind::OpenAtom(place(1, 1))),
            (b"4:abc", 1, 6, Kind::OpenAtom(place(1, 1))),
            (b")", 1, 1, Kind::Unopened),
            (b"(a))", 1, 4, Kind::Trailing),
            (b"a b", 1, 3, Kind::Trailing),
            (b"\0", 1, 1, Kind::UnexpectedByte(0)),
            (b"(a \0)", 1, 4, Kind::UnexpectedByte(0)),
            (b"(a\n#6g#)", 2, 3, Kind::UnexpectedByte(b'g')),
            (b"; x", 1, 1, Kind::UnexpectedByte(b';')),
            (b"[x]a", 1, 1, Kind::UnexpectedByte(b'[')),
            (b"{YQ==}", 1, 1, Kind::UnexpectedByte(b'{')),
            (b"#616#", 1, 5, Kind::OddHex),
            (b"|Y|", 1, 3, Kind::BadBase64),
            (b"|YWI==|", 1, 7, Kind::BadBase64),
            (b"|YQ==YQ==|", 1, 6, Kind::UnexpectedByte(b'Y')),
            (b"\"a\\q\"", 1, 3, Kind::BadEscape),
            (b"\"\\x4\"", 1, 2, Kind::BadEscape),
            (b"\"\\12\"", 1, 2, Kind::BadEscape),
            (b"\"\\400\"", 1, 2, Kind::BadEscape),
            (b"2\"abc\"", 1, 1, Kind::BadLength),
            (b"99999999999999999999:a", 1, 1, Kind::AtomTooLong),
            (b"4294967295:a", 1, 1, Kind::AtomTooLong),
        ] {
            let error = parse(text).err().unwrap();
            assert_eq!(
                error,
                SyntaxError {
                    at: place(line, column),
                    kind
                },
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn lists_nest_and_know_where_they_began() {
        let Ok(Node {
            value: Value::List(nodes),
            ..
        }) = parse(b"(a\n (b ())\n c)")
        else {
            panic!()
        };
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes[1].at, Position { line: 2, column: 2 });
        let Value::List(inner) = &nodes[1].value else {
            panic!()
        };
        assert!(matches!(&inner[1].value, Value::List(none) if none.is_empty()));
    }

    #[test]
    fn s56_every_size_is_bounded() {
        let nested = |n: usize| [vec![b'('; n], vec![b')'; n]].concat();
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            parse(&nested(MAX_DEPTH + 1)).err().unwrap().kind,
            SyntaxErrorKind::TooDeep
        );
        assert_eq!(
            parse(&vec![b'('; 1_000_000]).err().unwrap().kind,
            SyntaxErrorKind::TooDeep
        );
        for (open, body, close, bytes) in [
            ("#", "61", "#", 1),
            ("\"", "a", "\"", 1),
            ("|", "AAAA", "|", 3),
            ("", "a", "", 1),
        ] {
            let text = |n: usize| [open, &body.repeat(n), close].concat();
            let most = MAX_ATOM / bytes;
            assert_eq!(
                atom(text(most).as_bytes()).map(|a| a.len()),
                Ok(most * bytes),
                "{open}"
            );
            let more = atom(text(most + 1).as_bytes());
            assert_eq!(more, Err(SyntaxErrorKind::AtomTooLong), "{open}");
        }
        let many = [&b"("[..], &b"a ".repeat(MAX_TOKENS), b")"].concat();
        assert_eq!(parse(&many).err().unwrap().kind, SyntaxErrorKind::TooMany);
    }
}
