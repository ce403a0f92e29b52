//! What a line that somebody typed means.

use im::xmpp::ListWish;
use otr::Fingerprint;

use crate::chat::action::{Action, Command, Secret};
use crate::config::Mode;
use crate::engine::notice::Words;

/// Reads a line without its end. `None` if there is nothing in it. A line that begins with `/` is a command; `//`
/// begins a text with one slash.
///
/// # Errors
/// Why a command means nothing, as a sentence. It is never sent as text.
pub fn read(line: &[u8]) -> Result<Option<Command>, String> {
    let Some(command) = line.strip_prefix(b"/") else {
        let said = || Command::new(Action::Say(Words::said(line)));
        return Ok((!line.is_empty()).then(said));
    };
    if command.starts_with(b"/") {
        return Ok(Some(Command::new(Action::Say(Words::said(command)))));
    }
    let (word, rest) = first_word(command);
    match word {
        b"msg" => {
            let (nick, text) = first_word(rest);
            if nick.is_empty() || text.is_empty() {
                return usage("/msg NICK TEXT");
            }
            Ok(Some(Command::with(nick, Action::Say(Words::said(text)))))
        }
        b"to" if !rest.is_empty() && !rest.contains(&b' ') => Ok(Some(Command::with(rest, Action::Turn))),
        b"to" => usage("/to NICK"),
        b"add" | b"allow" | b"refuse" | b"remove" => list(word, rest).map(Some),
        _ => action(word, rest).map(|action| Some(Command::new(action))),
    }
}

/// Every command but those that name somebody.
fn action(word: &[u8], rest: &[u8]) -> Result<Action, String> {
    match (word, rest) {
        (b"me", deed) if !deed.is_empty() => Ok(Action::Say(Words::done(deed))),
        (b"otr", b"start") => Ok(Action::Start),
        (b"otr", b"end") => Ok(Action::End),
        (b"otr", b"accept") => Ok(Action::Accept(None)),
        (b"verify", rest) => verify(rest),
        (b"confirm", b"") => Ok(Action::Confirm(None)),
        // Free words are never altered, so that both sides compare what they typed (user need N6).
        (b"answer", secret) if !secret.is_empty() => Ok(Action::Answer {
            secret: Secret::new(whole(secret)),
            device: None,
        }),
        (b"abort", b"") => Ok(Action::Abort),
        (b"trust", key) => fingerprint(key, "/trust").map(Action::Trust),
        (b"distrust", key) => fingerprint(key, "/distrust").map(Action::Distrust),
        (b"fingerprints", b"") => Ok(Action::Fingerprints),
        (b"qr", file) if !file.is_empty() => Ok(Action::Qr(
            String::from_utf8_lossy(whole(file)).into_owned().into(),
        )),
        (b"devices" | b"status", b"") => Ok(Action::Status),
        (b"people", b"") => Ok(Action::People),
        (b"held", b"") => Ok(Action::Held),
        (b"drop", b"") => Ok(Action::Drop(None)),
        (b"drop", number) => line_number(number, "/drop [N]").map(|number| Action::Drop(Some(number))),
        (b"send-again", number) => line_number(number, "/send-again N").map(Action::SendAgain),
        (b"policy", mode) => policy(mode).map(Action::Policy),
        (b"reconnect", b"") => Ok(Action::Reconnect),
        (b"help", _) => Ok(Action::Help),
        (b"quit", _) => Ok(Action::Quit),
        (b"me", _) => usage("/me WHAT YOU DO"),
        (b"otr", _) => usage("/otr start, /otr end or /otr accept"),
        (b"answer", _) => usage("/answer SECRET"),
        (b"qr", _) => usage("/qr FILE.png"),
        (word, _) => {
            let word = String::from_utf8_lossy(word);
            let known = [
                "confirm",
                "abort",
                "fingerprints",
                "devices",
                "status",
                "people",
                "held",
                "reconnect",
            ];
            if known.contains(&&*word) {
                return usage(&format!("/{word}"));
            }
            Err(format!(
                "no such command: /{word} -- /help lists them; // begins a text with a slash"
            ))
        }
    }
}

/// A change of the list of people, about somebody or the present correspondent.
fn list(word: &[u8], whom: &[u8]) -> Result<Command, String> {
    let wish = match word {
        b"add" => ListWish::Add,
        b"allow" => ListWish::Allow,
        b"refuse" => ListWish::Refuse,
        _ => ListWish::Remove,
    };
    match whom {
        b"" => Ok(Command::new(Action::List(wish))),
        whom if !whom.contains(&b' ') => Ok(Command::with(whom, Action::List(wish))),
        _ => usage(&format!("/{} [NAME@DOMAIN]", String::from_utf8_lossy(word))),
    }
}

/// The list of commands, a line each.
pub const HELP: [&str; 27] = [
    "TEXT                        say it, as private as it can be",
    "/me WHAT                    say what you do",
    "//TEXT                      a text that begins with a slash",
    "/to NICK                    talk to somebody else from now on",
    "/msg NICK TEXT              say something to somebody else",
    "/people                     with whom you talk, and how private it is",
    "/otr start | end | accept   ask for privacy, end it, accept a stranger or a changed key",
    "/verify [compare]           show the words and fingerprints that both of you compare",
    "/confirm                    they are the same on the other side",
    "/verify secret SECRET       compare a secret that both of you know",
    "/verify question \"Q\" SECRET  the same, asking a question",
    "/answer SECRET              answer when they compare",
    "/abort                      stop comparing",
    "/trust [FINGERPRINT]        you have compared their fingerprint, and it is right",
    "/distrust [FINGERPRINT]     take that back",
    "/fingerprints               yours and theirs",
    "/qr FILE                    write your fingerprint as a QR code",
    "/devices, /status           their devices and keys, how the next text would go, what waits",
    "/held                       the texts that wait or may be lost",
    "/drop [N]                   drop them, or one of them",
    "/send-again N               send one again that may be lost",
    "/policy [MODE]              what is willing to happen with them; another mode for this run",
    "/add, /remove [ADDRESS]     XMPP: put somebody on your list and ask to see them, or take them off",
    "/allow, /refuse [ADDRESS]   XMPP: they may see when you are there, or may not",
    "/reconnect                  try to connect now",
    "/help                       this",
    "/quit                       end all private conversations and leave",
];

/// The list of commands, where the conversations may go on without us.
pub fn help(outlives_us: bool) -> impl Iterator<Item = &'static str> {
    HELP.into_iter().map(move |line| match line.starts_with("/quit") {
        true if outlives_us => "/quit                       leave; the conversations go on in the proxy",
        _ => line,
    })
}

/// `compare`, `secret SECRET`, `question "QUESTION" SECRET`; or in short `SECRET [QUESTION]`.
fn verify(rest: &[u8]) -> Result<Action, String> {
    let form = "/verify compare, /verify secret SECRET or /verify question \"QUESTION\" SECRET";
    let secret = |secret: &[u8], question: Option<&[u8]>| Action::Verify {
        secret: Secret::new(secret),
        question: question.map(<[u8]>::to_vec),
        device: None,
    };
    match first_word(rest) {
        (b"" | b"compare", b"") => Ok(Action::Compare),
        (b"secret", words) if !words.is_empty() => Ok(secret(whole(words), None)),
        (b"question", words) => match word_or_quoted(words) {
            Some((question, words)) if !question.is_empty() && !words.is_empty() => {
                Ok(secret(whole(words), Some(question)))
            }
            _ => usage(form),
        },
        (b"secret" | b"compare", _) => usage(form),
        _ => match word_or_quoted(rest) {
            Some((words, question)) if !words.is_empty() => {
                Ok(secret(words, (!question.is_empty()).then_some(question)))
            }
            _ => usage(form),
        },
    }
}

fn policy(word: &[u8]) -> Result<Option<Mode>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    let mode = std::str::from_utf8(word).ok().and_then(Mode::named);
    mode.map(Some).ok_or_else(|| {
        "usage: /policy [never | manual | opportunistic | always | standalone | interactive-only]".to_owned()
    })
}

fn usage<T>(usage: &str) -> Result<T, String> {
    Err(format!("usage: {usage}"))
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

/// All of it, without quotes that stand around the whole.
fn whole(text: &[u8]) -> &[u8] {
    match word_or_quoted(text) {
        Some((quoted, b"")) => quoted,
        _ => text,
    }
}

fn line_number(text: &[u8], form: &str) -> Result<u64, String> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("usage: {form}; /held shows the numbers"))
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
        let verify = |secret: &str, question: Option<&str>| Action::Verify {
            secret: Secret::new(secret),
            question: question.map(Into::into),
            device: None,
        };
        let answer = |secret: &str| Action::Answer {
            secret: Secret::new(secret),
            device: None,
        };
        for (line, action) in [
            ("hello /there", Action::Say(Words::said("hello /there"))),
            ("//etc", Action::Say(Words::said("/etc"))),
            ("/me waves", Action::Say(Words::done("waves"))),
            ("/otr start", Action::Start),
            ("/verify", Action::Compare),
            ("/verify compare", Action::Compare),
            ("/verify owl", verify("owl", None)),
            ("/verify owl which bird?", verify("owl", Some("which bird?"))),
            (
                "/verify \"an owl\" which bird?",
                verify("an owl", Some("which bird?")),
            ),
            ("/verify secret an owl", verify("an owl", None)),
            ("/verify secret \"an owl\"", verify("an owl", None)),
            (
                "/verify question \"which bird?\" an owl",
                verify("an owl", Some("which bird?")),
            ),
            ("/answer an owl", answer("an owl")),
            ("/answer \"an owl\"", answer("an owl")),
            ("/answer \"an\" owl", answer("\"an\" owl")),
            ("/trust", Action::Trust(None)),
            ("/drop", Action::Drop(None)),
            ("/drop 3", Action::Drop(Some(3))),
            ("/send-again 3", Action::SendAgain(3)),
            ("/policy always", Action::Policy(Some(Mode::Always))),
            ("/qr my key.png", Action::Qr("my key.png".into())),
            ("/allow", Action::List(ListWish::Allow)),
            ("/quit", Action::Quit),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(Some(Command::new(action))), "{line}");
        }
        assert_eq!(read(b""), Ok(None));
        assert_eq!(read(b"/to bob"), Ok(Some(Command::with("bob", Action::Turn))));
        for (word, wish) in [
            ("add", ListWish::Add),
            ("allow", ListWish::Allow),
            ("refuse", ListWish::Refuse),
            ("remove", ListWish::Remove),
        ] {
            let command = Command::with("bob@example.org", Action::List(wish));
            assert_eq!(
                read(format!("/{word} bob@example.org").as_bytes()),
                Ok(Some(command))
            );
        }
        let said = Action::Say(Words::said("hi  there"));
        assert_eq!(read(b"/msg bob hi  there"), Ok(Some(Command::with("bob", said))));
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
            "/msg",
            "/msg bob",
            "/otr",
            "/otr x",
            "/verify \"x",
            "/verify secret",
            "/verify question x",
            "/verify compare x",
            "/trust 12",
            "/answer",
            "/drop x",
            "/send-again",
            "/policy x",
            "/qr",
            "/people x",
            "/add a b",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn every_command_of_the_help_means_something() {
        for line in HELP
            .iter()
            .filter(|line| line.starts_with('/') && !line.starts_with("//"))
        {
            let words = line.split("  ").next().unwrap_or_default();
            let command = words.split([' ', ',']).next().unwrap_or_default();
            let answer = read(command.as_bytes());
            assert!(!answer.is_err_and(|words| words.contains("no such")), "{command}");
        }
    }
}
