//! Notices of the engine as the proxy says them: the same words as in our own clients, with the commands as they are typed
//! here.

use crate::engine::notice::{How, Notice, What, Words};
use crate::present::plain;
use crate::present::words::COMMANDS;
use crate::sanitize;

/// The lines of a notice.
pub(crate) fn lines(notice: &Notice, prefix: &str) -> Vec<String> {
    if let What::Asked {
        question: Some(question),
        ..
    } = &notice.what
    {
        // Their words stay as they are.
        let (with, question) = (
            sanitize::nick(notice.with.as_bytes()),
            sanitize::one_line(question),
        );
        return vec![format!(
            "*** {with}: asks you to prove yourself (their words, not verified): \"{question}\" -- {prefix} answer SECRET \
             or {prefix} abort"
        )];
    }
    let lines = plain::lines(notice);
    lines.iter().map(|line| typed_here(line, prefix)).collect()
}

/// What the person has said elsewhere than on a client, for that client.
pub(crate) fn said_elsewhere(to: &[u8], words: &Words, how: How) -> Vec<String> {
    let name = sanitize::nick(to);
    let how = match how {
        How::Verified => "privately",
        How::Unverified => "privately, to an unverified key",
        How::Clear => "in the clear",
    };
    let deed = if words.deed { "/me " } else { "" };
    let line = |line| format!("*** {name}: you said elsewhere, {how}: {deed}{line}");
    sanitize::lines(&words.text).into_iter().map(line).collect()
}

/// A sentence with the commands of the plain client, as they are typed here: behind the prefix, in the window of the
/// person.
pub(crate) fn typed_here(sentence: &str, prefix: &str) -> String {
    let mut words = Vec::new();
    for word in sentence.split(' ') {
        let bare = word.trim_start_matches(['(', '"']);
        let (before, bare) = word.split_at(word.len() - bare.len());
        let name = bare
            .strip_prefix('/')
            .map(|name| name.trim_end_matches([',', ';', '.', ':', ')']));
        words.push(match (name, bare.strip_prefix('/')) {
            (Some("otr"), Some(rest)) => {
                format!("{before}{prefix}{}", rest.strip_prefix("otr").unwrap_or(rest))
            }
            (Some(name), Some(rest)) if name == "people" || COMMANDS.contains(&name) => {
                format!("{before}{prefix} {rest}")
            }
            _ => word.to_owned(),
        });
    }
    words.join(" ")
}

/// Whether it answers a question that the person has typed on one client.
pub(crate) fn is_answer(what: &What) -> bool {
    matches!(
        what,
        What::Compare(_)
            | What::Waiting(_)
            | What::Status { .. }
            | What::AlsoKnownAs { .. }
            | What::VerifyLocked { .. }
            | What::Mistake(_)
    )
}

#[cfg(test)]
mod tests {
    use im::irc::{CaseMapping, Nick};
    use otr::InstanceTag;

    use super::*;

    #[test]
    fn commands_are_told_as_they_are_typed() {
        for (sentence, expected) in [
            (
                "/otr start asks for another, /otr end goes on",
                "!otr start asks for another, !otr end goes on",
            ),
            ("compare it and /trust it", "compare it and !otr trust it"),
            (
                "usage: /drop [N]; /held shows",
                "usage: !otr drop [N]; !otr held shows",
            ),
            ("/etc/passwd and /quit", "/etc/passwd and /quit"),
            ("and/or", "and/or"),
        ] {
            assert_eq!(typed_here(sentence, "!otr"), expected);
        }
    }

    #[test]
    fn a_question_is_told_as_it_was_asked() {
        let notice = Notice {
            with: Nick::new("bob", CaseMapping::Rfc1459),
            what: What::Asked {
                question: Some(b"what does /trust do?\n*** alice: VERIFIED".to_vec()),
                device: InstanceTag::ZERO,
            },
        };
        let lines = lines(&notice, "!otr");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("\"what does /trust do?⏎*** alice: VERIFIED\" -- !otr answer SECRET"));
    }
}
