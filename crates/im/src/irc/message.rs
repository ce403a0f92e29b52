//! A line taken apart: tags, prefix, command, parameters, all as bytes.

use super::line::LineError;

/// The parts of one line, borrowed from it.
///
/// ```text
/// [@tags SPACE] [:source SPACE] command *(SPACE middle) [SPACE :trailing]
/// ```
///
/// Tolerant as servers are: several spaces count as one, and a colon before the last parameter may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What stands between `@` and the first space, still escaped.
    pub tags: Option<&'a [u8]>,
    /// Who the line is from; lines to a server have none.
    pub source: Option<Source<'a>>,
    /// The command as it came; its letter case has no meaning.
    pub command: &'a [u8],
    /// The parameters without the colon of the last one.
    pub params: Vec<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Takes apart the bytes of one line without its line end.
    ///
    /// # Errors
    /// [`LineError::NoCommand`] if no command is left after tags and prefix.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        let (tags, rest) = marked_word(skip_spaces(line), b'@');
        let (source, rest) = marked_word(rest, b':');
        let (command, mut rest) = split_at_space(rest);
        if command.is_empty() {
            return Err(LineError::NoCommand);
        }
        let mut params = Vec::new();
        while !rest.is_empty() {
            if let Some(trailing) = rest.strip_prefix(b":") {
                params.push(trailing);
                break;
            }
            let (param, after) = split_at_space(rest);
            params.push(param);
            rest = after;
        }
        Ok(Self {
            tags,
            source: source.map(Source::parse),
            command,
            params,
        })
    }

    /// Whether the command is this one, in any letter case.
    #[must_use]
    pub fn is(&self, command: &str) -> bool {
        self.command.eq_ignore_ascii_case(command.as_bytes())
    }

    /// The parameter at this place, counted from 0; empty if there is none.
    #[must_use]
    pub fn param(&self, place: usize) -> &'a [u8] {
        self.params.get(place).copied().unwrap_or_default()
    }

    /// The last parameter; empty if there is none.
    #[must_use]
    pub fn last(&self) -> &'a [u8] {
        self.params.last().copied().unwrap_or_default()
    }

    /// The unescaped value of a tag: `None` if the tag is absent, empty if it has no value. The last of several
    /// counts, as the message-tags specification says. The bytes may hold anything, even CR and LF.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<Vec<u8>> {
        self.tags?.split(|&byte| byte == b';').rev().find_map(|tag| {
            let (name, value) = split_once(tag, b'=').unwrap_or((tag, b""));
            (name == key.as_bytes()).then(|| unescape(value))
        })
    }
}

/// Who a line is from: a server's name, or a person's nick with user name and host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The nick, or the server's name.
    pub name: &'a [u8],
    /// The user name; a leading `~` says that the server did not check it.
    pub user: Option<&'a [u8]>,
    /// The host as the server shows it, which may be a cloak.
    pub host: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// Takes apart `name[[!user]@host]`.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        let (text, host) = match split_once(text, b'@') {
            Some((before, host)) => (before, Some(host)),
            None => (text, None),
        };
        match split_once(text, b'!') {
            Some((name, user)) => Self {
                name,
                user: Some(user),
                host,
            },
            None => Self {
                name: text,
                user: None,
                host,
            },
        }
    }

    /// Whether this can only be a server: no user, no host, and a dot, which no nick may hold.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.user.is_none() && self.host.is_none() && self.name.contains(&b'.')
    }
}

/// Splits off a word that begins with `mark`, and returns it without the mark.
fn marked_word(text: &[u8], mark: u8) -> (Option<&[u8]>, &[u8]) {
    if text.first() == Some(&mark) {
        let (word, rest) = split_at_space(text);
        (word.get(1..), rest)
    } else {
        (None, text)
    }
}

fn split_at_space(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, skip_spaces(rest))
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ').unwrap_or(text.len());
    text.split_at(start).1
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|&byte| byte == at)?;
    let (before, rest) = text.split_at(place);
    Some((before, rest.get(1..)?))
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b':') => plain.push(b';'),
            Some(b's') => plain.push(b' '),
            Some(b'r') => plain.push(b'\r'),
            Some(b'n') => plain.push(b'\n'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_line_apart() {
        let line = b"@time=x;a=\\:\\s\\\\\\r\\n\\q\\;b;a2= :n!u@h PRIVMSG  #c  mid :a : b ";
        let message = Message::parse(line).unwrap();
        assert_eq!(
            message.source,
            Some(Source {
                name: b"n",
                user: Some(b"u"),
                host: Some(b"h")
            })
        );
        assert!(message.is("privmsg"));
        assert_eq!(message.params, [&b"#c"[..], b"mid", b"a : b "]);
        assert_eq!(message.tag("time").unwrap(), b"x");
        assert_eq!(message.tag("a").unwrap(), b"; \\\r\nq");
        assert_eq!(message.tag("b").unwrap(), b"");
        assert_eq!(message.tag("a2").unwrap(), b"");
        assert_eq!(message.tag("c"), None);
    }

    #[test]
    fn tolerates_what_servers_send() {
        assert_eq!(Message::parse(b"PING x ").unwrap().params, [b"x"]);
        assert_eq!(Message::parse(b" PING").unwrap().command, b"PING");
        assert_eq!(Message::parse(b"A :").unwrap().params, [b""]);
        assert_eq!(Message::parse(b": A b").unwrap().source.unwrap().name, b"");
        assert_eq!(
            Message::parse(b"\xff\xfe \x80 :\xc3").unwrap().params,
            [&b"\x80"[..], b"\xc3"]
        );
        for nothing in [&b"   "[..], b":only.prefix", b"@tag", b"@tag :p ", b":"] {
            assert_eq!(Message::parse(nothing), Err(LineError::NoCommand));
        }
    }

    #[test]
    fn knows_servers_from_people() {
        assert!(Source::parse(b"irc.example.org").is_server());
        assert!(!Source::parse(b"bob").is_server());
        assert!(!Source::parse(b"bob!b@irc.example.org").is_server());
        assert_eq!(
            Source::parse(b"bob@host"),
            Source {
                name: b"bob",
                user: None,
                host: Some(b"host")
            }
        );
        assert_eq!(Source::parse(b"a!b!c@d@e").host, Some(&b"d@e"[..]));
    }
}
