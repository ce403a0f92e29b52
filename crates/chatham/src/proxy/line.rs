//! Lines taken apart and put together anew, so that only the words in them change.

use im::irc::{IrcLine, LineError, Message, Source, ctcp};

use crate::engine::split;

/// The parts of a message to one person but its words.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// The tags as they came, still escaped.
    tags: Option<Vec<u8>>,
    /// Who says it; a client does not say that.
    source: Option<Vec<u8>>,
    /// To whom.
    target: Vec<u8>,
}

impl Frame {
    /// Around the words of this message, for this one of its targets.
    pub(super) fn of(message: &Message<'_>, target: &[u8]) -> Self {
        Self {
            tags: message.tags.map(<[u8]>::to_vec),
            source: message.source.as_ref().map(written),
            target: target.to_vec(),
        }
    }

    /// Who says a message, as it stands before it.
    pub(super) fn source_of(message: &Message<'_>) -> Vec<u8> {
        message.source.as_ref().map(written).unwrap_or_default()
    }

    /// From somebody, to somebody.
    pub(super) fn between(source: &[u8], target: &[u8]) -> Self {
        Self {
            tags: None,
            source: Some(source.to_vec()),
            target: target.to_vec(),
        }
    }

    /// Only what a client may say to a server of a text that is not its own any more: the label, by which it knows the
    /// answer again.
    pub(super) fn with_the_label_only(mut self) -> Self {
        self.tags = self.label().map(|label| [b"label=", label].concat());
        self.source = None;
        self
    }

    /// Without what belongs to one line only.
    pub(super) fn of_a_further_line(mut self) -> Self {
        let tags = self.tags.take();
        let kept: Vec<&[u8]> = each_tag(tags.as_deref())
            .filter(|tag| !SINGLE.contains(&name_of(tag)))
            .collect();
        self.tags = (!kept.is_empty()).then(|| kept.join(&b';'));
        self
    }

    /// The label that the client put on it, still escaped.
    pub(super) fn label(&self) -> Option<&[u8]> {
        let label = each_tag(self.tags.as_deref()).find(|tag| name_of(tag) == b"label")?;
        label.get(b"label=".len()..)
    }

    /// The message with these words.
    ///
    /// # Errors
    /// If the words are no part of one line.
    pub(super) fn around(&self, command: &str, words: &[u8]) -> Result<IrcLine, LineError> {
        let mut line = IrcLine::command(command);
        if let Some(source) = &self.source {
            line = line.source(source);
        }
        let line = line.param(&self.target).trailing(words)?;
        tagged(self.tags.as_deref(), &line)
    }

    /// A text as messages, as many as it needs: nothing in it can become a command, or a line of anybody else (S-64, S-65).
    /// A deed stays one in each of them.
    pub(super) fn messages(&self, command: &str, mark: &str, text: &[u8], deed: bool) -> Vec<IrcLine> {
        let source = self.source.as_ref().map_or(0, Vec::len);
        let around = source + command.len() + self.target.len() + mark.len() + AROUND;
        let mut pieces = split(text, LINE.saturating_sub(around).max(SHORTEST));
        let left_out = pieces.len().saturating_sub(MOST_LINES);
        pieces.truncate(MOST_LINES);
        let mut texts: Vec<Vec<u8>> = pieces.into_iter().map(harmless).collect();
        if texts.is_empty() {
            texts.push(b" ".to_vec());
        }
        if left_out > 0 {
            texts.push(format!("[{left_out} more lines are left out]").into_bytes());
        }
        let mut lines = Vec::new();
        let further = self.clone().of_a_further_line();
        for (at, text) in texts.into_iter().enumerate() {
            let frame = if at == 0 { self } else { &further };
            let text = match at {
                0 => [mark.as_bytes(), &text].concat(),
                _ => text,
            };
            let words = if deed { ctcp::action(&text) } else { text };
            // What was made harmless is part of a line, and short enough for one.
            lines.extend(frame.around(command, &words));
        }
        lines
    }
}

/// The answer to a labelled message that has no other: it was taken.
pub(super) fn taken(label: &[u8], server: &[u8]) -> Option<IrcLine> {
    let mut line = IrcLine::command("ACK");
    if !server.is_empty() {
        line = line.source(server);
    }
    let tags = [b"label=", label].concat();
    line.build().ok().and_then(|line| tagged(Some(&tags), &line).ok())
}

/// The words without the bytes that end a line or frame a command.
pub(super) fn harmless(text: &[u8]) -> Vec<u8> {
    let visible = |&byte: &u8| match byte {
        0 | b'\r' | b'\n' | ctcp::MARK => b'?',
        byte => byte,
    };
    text.iter().map(visible).collect()
}

/// A line with those of these tags in the place of its own that are wanted.
pub(super) fn with_tags(
    tags: Option<&[u8]>,
    wanted: impl Fn(&[u8]) -> bool,
    line: &IrcLine,
) -> Option<IrcLine> {
    let kept: Vec<&[u8]> = each_tag(tags).filter(|tag| wanted(name_of(tag))).collect();
    let bare = IrcLine::new(untagged(line.as_bytes())).ok()?;
    tagged(Some(&kept.join(&b';')), &bare).ok()
}

/// A line with another label, or none.
pub(super) fn relabelled(line: &IrcLine, message: &Message<'_>, label: Option<&[u8]>) -> Option<IrcLine> {
    let label = label.map(|label| [b"label=", label].concat());
    let others = each_tag(message.tags).filter(|tag| name_of(tag) != b"label");
    let tags: Vec<&[u8]> = label.as_deref().into_iter().chain(others).collect();
    with_tags(Some(&tags.join(&b';')), |_| true, line)
}

/// The bytes of a line behind its tags, which begin where a parser sees them begin.
pub(super) fn untagged(line: &[u8]) -> &[u8] {
    let line = behind_spaces(line);
    match line.first() {
        Some(b'@') => behind_spaces(line.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or_default()),
        _ => line,
    }
}

fn behind_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ').unwrap_or(text.len());
    text.split_at(start).1
}

fn tagged(tags: Option<&[u8]>, line: &IrcLine) -> Result<IrcLine, LineError> {
    match tags {
        Some(tags) if !tags.is_empty() => IrcLine::new([b"@", tags, b" ", line.as_bytes()].concat()),
        _ => Ok(line.clone()),
    }
}

pub(super) fn written(source: &Source<'_>) -> Vec<u8> {
    let mut written = source.name.to_vec();
    for (mark, part) in [(b'!', source.user), (b'@', source.host)] {
        if let Some(part) = part {
            written.push(mark);
            written.extend_from_slice(part);
        }
    }
    written
}

pub(super) fn each_tag(tags: Option<&[u8]>) -> impl Iterator<Item = &[u8]> {
    let tags = tags.unwrap_or_default().split(|&byte| byte == b';');
    tags.filter(|tag| !tag.is_empty())
}

pub(super) fn name_of(tag: &[u8]) -> &[u8] {
    tag.split(|&byte| byte == b'=').next().unwrap_or_default()
}

/// The tags that name one line among all.
const SINGLE: [&[u8]; 2] = [b"msgid", b"label"];
/// The longest line with its end, of clients that take the old limit at its word.
const LINE: usize = 512;
/// Colons and spaces, the frame of a deed, the line end.
const AROUND: usize = 18;
/// So much of a text stands in each line, whatever names are around it.
const SHORTEST: usize = 100;
/// A text of more lines than this is a flood.
const MOST_LINES: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[IrcLine]) -> Vec<String> {
        let text = |line: &IrcLine| String::from_utf8_lossy(line.as_bytes()).into_owned();
        lines.iter().map(text).collect()
    }

    fn frame(line: &str) -> Frame {
        let line = IrcLine::new(line).unwrap();
        let message = line.parse().unwrap();
        Frame::of(&message, message.param(0))
    }

    #[test]
    fn s64_s65_nothing_decrypted_becomes_a_command() {
        let frame = frame(":bob!b@h PRIVMSG alice :x");
        let text = "one\nQUIT :x\r\n:evil!e@h PRIVMSG alice :y\rtwo\0\u{1}DCC SEND x\u{1}\u{2028}end\u{85}";
        assert_eq!(
            shown(&frame.messages("PRIVMSG", "", text.as_bytes(), false)),
            [
                ":bob!b@h PRIVMSG alice :one",
                ":bob!b@h PRIVMSG alice :QUIT :x",
                ":bob!b@h PRIVMSG alice ::evil!e@h PRIVMSG alice :y",
                ":bob!b@h PRIVMSG alice :two??DCC SEND x?\u{2028}end\u{85}",
            ]
        );
        let deeds = shown(&frame.messages("PRIVMSG", "", b"waves\nQUIT", true));
        assert_eq!(
            deeds,
            [
                ":bob!b@h PRIVMSG alice :\u{1}ACTION waves\u{1}",
                ":bob!b@h PRIVMSG alice :\u{1}ACTION QUIT\u{1}",
            ]
        );
    }

    #[test]
    fn long_texts_become_lines_that_fit() {
        let text = "ä".repeat(3000);
        let lines = frame("@msgid=1;time=2 :bob!b@h PRIVMSG alice :x").messages(
            "PRIVMSG",
            "",
            text.as_bytes(),
            false,
        );
        let texts: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.parse().unwrap().param(1).to_vec())
            .collect();
        assert_eq!(texts, text.as_bytes());
        assert!(shown(&lines)[0].starts_with("@msgid=1;time=2 :bob!b@h PRIVMSG alice :ä"));
        assert!(shown(&lines)[1].starts_with("@time=2 :bob!b@h PRIVMSG alice :ä"));
        assert!(lines.iter().all(|line| line.as_bytes().len() <= 510 + 16));
        let flood = frame(":b PRIVMSG a :x").messages("PRIVMSG", "", &b"x\n".repeat(100_000), false);
        assert_eq!(flood.len(), MOST_LINES + 1);
    }

    #[test]
    fn only_the_label_goes_on() {
        let frame = frame("@+draft/reply=9;label=a\\sb PRIVMSG bob :x");
        assert_eq!(frame.label(), Some(&b"a\\sb"[..]));
        let line = frame.with_the_label_only().around("PRIVMSG", b"y").unwrap();
        assert_eq!(line.as_bytes(), b"@label=a\\sb PRIVMSG bob :y");
        let line = taken(b"a\\sb", b"irc.example").unwrap();
        assert_eq!(line.as_bytes(), b"@label=a\\sb :irc.example ACK");
    }
}
