//! What a person says to the proxy: behind a prefix in a conversation with somebody, or in one with `*chatham`.

use crate::chat::action::{Action, Command};
use crate::chat::input;
use crate::proxy::words::typed_here;

/// What stands behind the prefix, if the text is a command. The prefix is a whole word: `/otr`, or the person's own.
pub(super) fn command_in<'t>(text: &'t [u8], prefix: &str) -> Option<&'t [u8]> {
    [SLASHED, prefix.as_bytes()].iter().find_map(|prefix| {
        let rest = text.strip_prefix(*prefix).filter(|_| !prefix.is_empty())?;
        (rest.is_empty() || rest.starts_with(b" ")).then(|| rest.trim_ascii_start())
    })
}

/// Reads a command that is typed to a person. It names nobody.
///
/// # Errors
/// Why it means nothing, as a sentence.
pub(super) fn to_a_person(words: &[u8], prefix: &str) -> Result<Command, String> {
    let (word, rest) = first_word(words);
    read(word, rest, prefix)
}

/// Reads a command that is typed to the proxy itself, where it names the person behind its first word.
///
/// # Errors
/// Why it means nothing, as a sentence.
pub(super) fn to_the_proxy(text: &[u8], prefix: &str) -> Result<Command, String> {
    let words = command_in(text, prefix).unwrap_or(text);
    let words = words.strip_prefix(b"/").unwrap_or(words);
    let (word, rest) = first_word(words);
    if rest.is_empty() || ABOUT_NOBODY.contains(&word) {
        return read(word, rest, prefix);
    }
    let (nick, rest) = first_word(rest);
    let mut command = read(word, rest, prefix)?;
    command.to = Some(nick.to_vec());
    Ok(command)
}

/// What can be typed, one line each.
pub(super) fn help(prefix: &str) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Type these to the person you talk with, behind \"{prefix}\": {prefix} status. Or here, with the name: status bob."
        ),
        "(\"/otr status\" does the same, where the client lets a text begin with a slash: //otr status.)"
            .to_owned(),
    ];
    lines.extend(HELP.iter().map(|line| (*line).to_owned()));
    lines
}

fn read(word: &[u8], rest: &[u8], prefix: &str) -> Result<Command, String> {
    let unknown = || {
        let word = String::from_utf8_lossy(word);
        format!("no such command: {word} -- {prefix} help lists them. Nothing was sent")
    };
    let line = match word {
        b"" | b"help" => return Ok(Command::new(Action::Help)),
        b"start" | b"end" | b"accept" => [b"/otr ", word].concat(),
        word if KNOWN.contains(&word) => [b"/", word].concat(),
        _ => return Err(unknown()),
    };
    let line = if rest.is_empty() {
        zeroize::Zeroizing::new(line)
    } else {
        zeroize::Zeroizing::new([&line, &b" "[..], rest].concat())
    };
    match input::read(&line) {
        Ok(Some(command)) if is_ours(&command.action) => Ok(command),
        Ok(_) => Err(unknown()),
        Err(words) => Err(typed_here(&words, prefix)),
    }
}

/// Whether it has a meaning here. Words are never said by a command.
pub(crate) fn is_ours(action: &Action) -> bool {
    !matches!(
        action,
        Action::Say(_) | Action::Turn | Action::Qr(_) | Action::List(_) | Action::Reconnect | Action::Quit
    )
}

fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// The prefix that is always one.
const SLASHED: &[u8] = b"/otr";

const ABOUT_NOBODY: [&[u8]; 2] = [b"help", b"people"];

const KNOWN: [&[u8]; 14] = [
    b"verify",
    b"confirm",
    b"answer",
    b"abort",
    b"trust",
    b"distrust",
    b"fingerprints",
    b"status",
    b"devices",
    b"people",
    b"held",
    b"drop",
    b"send-again",
    b"policy",
];

const HELP: [&str; 15] = [
    "start | end                 ask for a private conversation, end it",
    "accept                      accept a stranger's wish, or a changed key",
    "status                      their devices and keys, how the next text would go, what waits",
    "verify [compare]            show the words and fingerprints that both of you compare",
    "confirm                     they are the same on the other side",
    "verify secret SECRET        compare a secret that both of you know",
    "verify question \"Q\" SECRET  the same, asking a question",
    "answer SECRET, abort        answer when they compare, or stop it",
    "trust | distrust [KEY]      you have compared their fingerprint, and it is right; take that back",
    "fingerprints                yours and theirs",
    "held, drop [N]              the texts that wait or may be lost; drop them, or one of them",
    "send-again N                send one again that may be lost",
    "policy [MODE]               never, manual, opportunistic, always or standalone, until the proxy ends",
    "people                      with whom you talk, and how private it is",
    "help                        this",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::action::Secret;

    fn verify(secret: &str) -> Action {
        Action::Verify {
            secret: Secret::new(secret),
            question: None,
            device: None,
        }
    }

    #[test]
    fn the_prefix_is_a_whole_word() {
        for (text, command) in [
            ("/otr status", Some("status")),
            ("/otr", Some("")),
            ("!otr  end", Some("end")),
            ("/otrs", None),
            ("!otr, you know", None),
            ("well, /otr status", None),
            ("", None),
        ] {
            let found = command_in(text.as_bytes(), "!otr");
            assert_eq!(found, command.map(str::as_bytes), "{text}");
        }
        assert_eq!(command_in(b"anything", ""), None);
    }

    #[test]
    fn reads_commands_to_people_and_to_the_proxy() {
        let person = |words: &str| to_a_person(words.as_bytes(), "!otr");
        assert_eq!(person("start"), Ok(Command::new(Action::Start)));
        assert_eq!(person(""), Ok(Command::new(Action::Help)));
        assert_eq!(
            person("verify secret an  owl"),
            Ok(Command::new(verify("an  owl")))
        );
        let proxy = |words: &str| to_the_proxy(words.as_bytes(), "!otr");
        assert_eq!(proxy("start bob"), Ok(Command::with("bob", Action::Start)));
        assert_eq!(proxy("/otr start bob"), Ok(Command::with("bob", Action::Start)));
        assert_eq!(
            proxy("verify bob secret owl"),
            Ok(Command::with("bob", verify("owl")))
        );
        assert_eq!(proxy("people"), Ok(Command::new(Action::People)));
        assert_eq!(proxy("hello"), proxy("hello there"));
        assert!(proxy("hello").unwrap_err().contains("Nothing was sent"));
    }

    #[test]
    fn no_command_says_anything_to_anybody() {
        for words in [
            "me waves",
            "msg bob hi",
            "quit",
            "qr x.png",
            "reconnect",
            "to bob",
            "/x",
            "start now",
            "verify \"x",
        ] {
            assert!(to_a_person(words.as_bytes(), "!otr").is_err(), "{words}");
        }
    }

    #[test]
    fn every_command_of_the_help_means_something() {
        for line in HELP {
            for part in line.split("  ").next().unwrap_or_default().split([',', '|']) {
                let word = part.split_whitespace().next().unwrap_or_default();
                let answer = to_a_person(word.as_bytes(), "!otr");
                assert!(
                    !answer.is_err_and(|words| words.contains("no such")),
                    "{line}: {word}"
                );
            }
        }
    }
}
