//! Notices as they are read behind `chatham ctl`: the words of our own clients, with the commands as a shell takes them.

use crate::engine::notice::{Notice, WaitingText, What};
use crate::present::plain;
use crate::present::words::{COMMANDS, waiting_words};
use crate::sanitize;

/// The lines of a notice.
pub(crate) fn lines(notice: &Notice) -> Vec<String> {
    let with = sanitize::nick(notice.with.as_bytes());
    if let What::Asked {
        question: Some(question),
        ..
    } = &notice.what
    {
        // Their words stay as they are.
        let question = sanitize::one_line(question);
        return vec![format!(
            "{with}: asks you to prove yourself (their words, not verified): \"{question}\" -- `chatham ctl answer \
             {with}` or `chatham ctl abort {with}`"
        )];
    }
    if let What::Waiting(texts) = &notice.what
        && !texts.is_empty()
    {
        let line = |waits: &WaitingText| {
            let state = here(&waiting_words(waits.delivery, waits.line), &with);
            let deed = if waits.words.deed { "/me " } else { "" };
            let words = sanitize::one_line(&waits.words.text);
            format!("{with}: text {} ({state}): {deed}{words}", waits.line.0)
        };
        return texts.iter().map(line).collect();
    }
    if let What::Heard { .. } | What::Sent { .. } = &notice.what {
        // Nothing in words of people is a command.
        return plain::lines(notice).iter().map(|line| unmarked(line)).collect();
    }
    let lines = plain::lines(notice);
    lines
        .iter()
        .map(|line| here(unmarked(line).as_str(), &with))
        .collect()
}

/// A sentence with the commands of the plain client, as they are typed behind `chatham ctl` about this person.
pub(crate) fn here(sentence: &str, with: &str) -> String {
    let mut words = sentence.split(' ').peekable();
    let mut said = Vec::new();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['(', '"']);
        let (before, bare) = word.split_at(word.len() - bare.len());
        let Some((mut name, mut after)) = bare.strip_prefix('/').map(divided) else {
            said.push(word.to_owned());
            continue;
        };
        if name == "otr" && after.is_empty() && words.peek().is_some() {
            (name, after) = words.next().map(divided).unwrap_or_default();
        } else if !COMMANDS.contains(&name) {
            said.push(word.to_owned());
            continue;
        }
        let mut command = format!("chatham ctl {name} {with}");
        // The number of a text belongs to it; a secret is asked for, and the rest was a matter of style.
        let next = words.peek().copied().map(divided).unwrap_or_default();
        let number = !next.0.is_empty() && next.0.bytes().all(|byte| byte.is_ascii_digit());
        if after.is_empty() && (number || matches!(next.0, "compare" | "SECRET" | "it" | "them")) {
            if number {
                command.push_str(&format!(" {}", next.0));
            }
            after = next.1;
            words.next();
        }
        said.push(format!("{before}`{command}`{after}"));
    }
    said.join(" ")
}

/// A word, and the marks behind it.
fn divided(word: &str) -> (&str, &str) {
    word.split_at(word.trim_end_matches([',', ';', '.', ':', ')', '"']).len())
}

/// Nobody else writes these lines, so they need no mark.
fn unmarked(line: &str) -> String {
    match line.strip_prefix("***") {
        Some(rest) => rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_as_a_shell_takes_them() {
        for (sentence, expected) in [
            (
                "until you compare it and /trust it, or /otr accept it",
                "until you compare it and `chatham ctl trust bob`, or `chatham ctl accept bob`",
            ),
            (
                "may be lost: /send-again 3 or /drop 3.",
                "may be lost: `chatham ctl send-again bob 3` or `chatham ctl drop bob 3`.",
            ),
            (
                "nothing was compared yet: /verify compare",
                "nothing was compared yet: `chatham ctl verify bob`",
            ),
            (
                "/answer SECRET, or /abort)",
                "`chatham ctl answer bob`, or `chatham ctl abort bob`)",
            ),
            ("/etc/passwd and /quit and/or /", "/etc/passwd and /quit and/or /"),
        ] {
            assert_eq!(here(sentence, "bob"), expected);
        }
    }
}
