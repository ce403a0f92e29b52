//! What a line that somebody typed means.

use otr::Fingerprint;

use crate::engine::notice::Words;

/// A line of the person.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    Nothing,
    /// Words, or a deed, to the present correspondent.
    Say(Words),
    /// Another correspondent.
    To(Vec<u8>),
    /// Ask for a private conversation.
    Start,
    /// End it.
    End,
    /// Accept a stranger's wish, or a changed key.
    Accept,
    /// Compare a secret.
    Verify {
        /// The secret.
        secret: Vec<u8>,
        /// A question, which makes it one-sided.
        question: Option<Vec<u8>>,
    },
    /// Answer with a secret.
    Answer(Vec<u8>),
    /// Give up comparing.
    Abort,
    /// Vouch for a key: this one, or the one that was shown.
    Trust(Option<Fingerprint>),
    /// Take that back.
    Distrust(Option<Fingerprint>),
    /// Drop the texts that wait.
    Drop,
    /// Our fingerprint and theirs.
    Fingerprints,
    /// Devices, keys, waiting texts.
    Status,
    /// The list of commands.
    Help,
    /// The end.
    Quit,
    /// A command that means nothing; why, in words.
    Mistake(String),
}

/// Reads a line without its end. A line that begins with `/` is a command; `//` begins a text with one slash.
pub fn read(line: &[u8]) -> Input {
    let Some(command) = line.strip_prefix(b"/") else {
        return if line.is_empty() {
            Input::Nothing
        } else {
            Input::Say(Words::said(line))
        };
    };
    if command.starts_with(b"/") {
        return Input::Say(Words::said(command));
    }
    let (word, rest) = first_word(command);
    match (word, rest) {
        (b"me", deed) if !deed.is_empty() => Input::Say(Words::done(deed)),
        (b"to", nick) if !nick.is_empty() && !nick.contains(&b' ') => Input::To(nick.to_vec()),
        (b"otr", b"start") => Input::Start,
        (b"otr", b"end") => Input::End,
        (b"otr", b"accept") => Input::Accept,
        (b"verify", rest) => match word_or_quoted(rest) {
            Some((secret, question)) if !secret.is_empty() => Input::Verify {
                secret: secret.to_vec(),
                question: (!question.is_empty()).then(|| question.to_vec()),
            },
            _ => mistake("/verify SECRET [QUESTION]; a secret with spaces stands in \"quotes\""),
        },
        // Free words are never altered, so that both sides compare what they typed (user need N6).
        (b"answer", secret) if !secret.is_empty() => match word_or_quoted(secret) {
            Some((quoted, b"")) => Input::Answer(quoted.to_vec()),
            _ => Input::Answer(secret.to_vec()),
        },
        (b"abort", b"") => Input::Abort,
        (b"trust", key) => fingerprint(key, "/trust").map_or_else(Input::Mistake, Input::Trust),
        (b"distrust", key) => fingerprint(key, "/distrust").map_or_else(Input::Mistake, Input::Distrust),
        (b"drop", b"") => Input::Drop,
        (b"fingerprints", b"") => Input::Fingerprints,
        (b"devices" | b"status", b"") => Input::Status,
        (b"help", _) => Input::Help,
        (b"quit", _) => Input::Quit,
        (b"me", _) => mistake("/me WHAT YOU DO"),
        (b"to", _) => mistake("/to NICK"),
        (b"otr", _) => mistake("/otr start, /otr end or /otr accept"),
        (b"answer", _) => mistake("/answer SECRET"),
        (word, _) => {
            let word = String::from_utf8_lossy(word);
            Input::Mistake(format!(
                "no such command: /{word} -- /help lists them; // begins a text with a slash"
            ))
        }
    }
}

/// The list of commands, a line each.
pub const HELP: [&str; 15] = [
    "TEXT                       say it, as private as it can be",
    "/me WHAT                   say what you do",
    "/to NICK                   talk to somebody else",
    "/otr start | end | accept  ask for privacy, end it, accept a stranger or a changed key",
    "/verify SECRET [QUESTION]  compare a secret (\"in quotes\" if it has spaces)",
    "/answer SECRET             answer when they compare",
    "/abort                     stop comparing",
    "/trust [FINGERPRINT]       you have compared their fingerprint, and it is right",
    "/distrust [FINGERPRINT]    take that back",
    "/fingerprints              yours and theirs",
    "/devices                   their devices",
    "/status                    how the next text would go, and what waits",
    "/drop                      drop the texts that wait",
    "//TEXT                     a text that begins with a slash",
    "/quit                      end all private conversations and leave",
];

fn mistake(usage: &str) -> Input {
    Input::Mistake(format!("usage: {usage}"))
}

fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// A first word, which may stand in double quotes, and the rest. `None` if a quote has no end.
fn word_or_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(inside) = text.strip_prefix(b"\"") else {
        return Some(first_word(text));
    };
    let end = inside.iter().position(|&byte| byte == b'"')?;
    let (quoted, rest) = inside.split_at(end);
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    Some((quoted, rest.strip_prefix(b" ").unwrap_or(rest)))
}

fn fingerprint(text: &[u8], command: &str) -> Result<Option<Fingerprint>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = std::str::from_utf8(text).ok().and_then(Fingerprint::from_hex);
    read.map(Some)
        .ok_or_else(|| format!("usage: {command} [FORTY HEXADECIMAL DIGITS]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_commands() {
        let verify = |secret: &str, question: Option<&str>| Input::Verify {
            secret: secret.into(),
            question: question.map(Into::into),
        };
        for (line, input) in [
            ("", Input::Nothing),
            ("hello /there", Input::Say(Words::said("hello /there"))),
            ("//etc", Input::Say(Words::said("/etc"))),
            ("/me waves", Input::Say(Words::done("waves"))),
            ("/to bob", Input::To(b"bob".to_vec())),
            ("/otr start", Input::Start),
            ("/verify owl", verify("owl", None)),
            ("/verify owl which bird?", verify("owl", Some("which bird?"))),
            (
                "/verify \"an owl\" which bird?",
                verify("an owl", Some("which bird?")),
            ),
            ("/answer an owl", Input::Answer(b"an owl".to_vec())),
            ("/answer \"an owl\"", Input::Answer(b"an owl".to_vec())),
            ("/answer \"an\" owl", Input::Answer(b"\"an\" owl".to_vec())),
            ("/trust", Input::Trust(None)),
            ("/quit", Input::Quit),
        ] {
            assert_eq!(read(line.as_bytes()), input, "{line}");
        }
    }

    #[test]
    fn a_mistyped_command_is_never_sent_as_text() {
        for line in [
            "/",
            "/ me",
            "/me",
            "/mee x",
            "/to",
            "/to a b",
            "/otr",
            "/otr x",
            "/verify",
            "/verify \"x",
            "/trust 12",
            "/answer",
        ] {
            assert!(matches!(read(line.as_bytes()), Input::Mistake(_)), "{line}");
        }
    }
}
