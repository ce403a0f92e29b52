//! A notice as lines of text.
//!
//! Every line begins with a mark of ours: `[private, verified]`, `[private, unverified]` or `[clear!]` before words of
//! people, `***` before everything else. What other people wrote is made visible first, so it can begin no line and
//! imitate no mark.

use otr::SessionState;

use crate::engine::notice::{Comparison, Device, How, Lower, Notice, Obstacle, WaitingText, What, Words};
use crate::engine::trust::Trust;
use crate::present::words::{delivery_words, tag, version_words, waiting_words};
use crate::sanitize;
use crate::verify::words::Phrase;

/// The lines for one notice, without line ends.
pub fn lines(notice: &Notice) -> Vec<String> {
    let with = sanitize::nick(notice.with.as_bytes());
    match &notice.what {
        What::Heard {
            words, how, alarming, ..
        } => {
            let warning = "*** WARNING: the next line came unencrypted where only private text was to be expected. \
                           Anybody could have written it.";
            let mut lines: Vec<String> = alarming.then(|| warning.to_owned()).into_iter().collect();
            lines.extend(said(&mark(*how, *alarming), &with, words));
            lines
        }
        What::Sent {
            words,
            how,
            lines,
            devices,
            again,
            ..
        } => {
            let mut notes = Vec::new();
            if *lines > 1 {
                notes.push(format!("{lines} lines"));
            }
            if *devices > 1 {
                notes.push(format!("{devices} devices"));
            }
            if *again {
                notes.push("sent again, to the same key".to_owned());
            }
            let notes = if notes.is_empty() {
                String::new()
            } else {
                format!(" ({})", notes.join(", "))
            };
            let mut lines = said(&mark(*how, false), &format!("to {with}"), words);
            if let Some(last) = lines.last_mut() {
                last.push_str(&notes);
            }
            lines
        }
        What::Aside { target, text } => {
            let target = sanitize::nick(target);
            let line = |line: String| format!("[clear!] ({target}) <{with}> {line}");
            sanitize::lines(text).into_iter().map(line).collect()
        }
        What::Earlier { words: Some(words) } => said("[earlier]", &with, words),
        What::Compare(comparison) => comparison_lines(&with, comparison),
        What::Waiting(texts) if !texts.is_empty() => {
            texts.iter().map(|text| waiting_line(&with, text)).collect()
        }
        What::Status {
            devices,
            keys,
            waiting,
            next,
        } => {
            let mut lines = vec![format!("*** {with}: {}", next_words(*next, *waiting))];
            lines.extend(
                devices
                    .iter()
                    .map(|device| format!("***   device {}", device_words(device))),
            );
            lines.extend(
                keys.iter()
                    .map(|(key, trust)| format!("***   key {key} ({})", trust.word())),
            );
            lines
        }
        what => vec![format!("*** {with}: {}", status(what))],
    }
}

/// The mark before words of people.
pub fn mark(how: How, alarming: bool) -> String {
    let how = match how {
        How::Verified => "private, verified",
        How::Unverified => "private, unverified",
        How::Clear if alarming => "CLEAR, NOT PRIVATE!",
        How::Clear => "clear!",
    };
    format!("[{how}]")
}

/// A fact that is no words of anybody, as a sentence without a mark.
pub fn status(what: &What) -> String {
    match what {
        What::Private {
            fingerprint,
            trust,
            version,
            ssid,
            device,
            devices,
            renewed,
            changed,
            blocked,
        } => {
            let mut text = if *renewed {
                format!(
                    "the private conversation has new keys, proved by the same {} key",
                    adjective(*trust)
                )
            } else {
                format!(
                    "private conversation ({}) with the {} key {fingerprint}",
                    version_words(*version),
                    adjective(*trust)
                )
            };
            if *devices > 1 {
                text.push_str(&format!(", on device {} of {devices}", tag(*device)));
            }
            text.push_str(&format!("; session {ssid}"));
            if *changed {
                text.push_str(". THIS IS ANOTHER KEY than the one known before");
            }
            if *blocked {
                text.push_str(
                    ". Nothing is sent to it until you compare it and /trust it, or /otr accept it",
                );
            }
            text
        }
        What::NotSent { why, held, .. } => {
            let waits = if *held { "It waits" } else { "It is dropped, because too much waits already" };
            match why {
                Obstacle::AwaitingPrivacy => format!(
                    "not sent: nothing private stands, and clear text is not allowed here. {waits}."
                ),
                Obstacle::Asked => format!(
                    "not sent yet: the private conversation that you asked for does not stand. {waits}; /otr end goes \
                     on in the clear."
                ),
                Obstacle::PeerEnded => format!(
                    "not sent: they have ended the private conversation. {waits}. /otr start asks for another, \
                     /otr end goes on in the clear."
                ),
                Obstacle::Away => format!("not sent: there is no connection. {waits}."),
                Obstacle::KeyChanged(key) => format!(
                    "not sent: the key is now {key}, not the verified one. It waits; compare and /trust it, or \
                     /otr accept it."
                ),
                Obstacle::Distrusted(key) => format!(
                    "not sent: you have taken back your trust in their key {key}. It waits; compare and /trust it, or \
                     /otr accept it."
                ),
                Obstacle::Text(words) => words.clone(),
            }
        }
        What::LowerVersion {
            version,
            spoken,
            outcome,
        } => lower_words(*version, *spoken, *outcome),
        What::Asking => "asking for a private conversation".into(),
        What::PeerEnded { remaining: 1.. } => {
            "has ended the private conversation on one device; it goes on with another".into()
        }
        What::PeerEnded { .. } => {
            "has ended the private conversation. Nothing is sent until /otr start or /otr end".into()
        }
        What::Expired => {
            "the private conversation had no new keys for a week and is over. Nothing is sent until /otr start or /otr end"
                .into()
        }
        What::Ended(0) => "no private conversation to end; text goes in the clear".into(),
        What::Ended(_) => "private conversation ended; text goes in the clear from now on, until one of you asks for another".into(),
        What::Knock => {
            "is a stranger and offers a private conversation. They got no answer; /otr accept gives one"
                .into()
        }
        What::Asked { question: None, .. } => "wants to compare a shared secret: /answer SECRET or /abort".into(),
        What::Asked { question: Some(question), .. } => format!(
            "asks you to prove yourself (their words, not verified): \"{}\" -- /answer SECRET or /abort",
            sanitize::one_line(question)
        ),
        What::Comparing => "waiting for their secret".into(),
        What::Same {
            fingerprint,
            vouched: true,
        } => {
            format!("VERIFIED: both know the same secret. The key {fingerprint} is theirs")
        }
        What::Same { vouched: false, .. } => {
            "they know now that you know the answer. To verify them, /verify them in turn".into()
        }
        What::Different(fingerprint) => {
            format!(
                "NOT VERIFIED: the secrets differ. Whoever holds the key {fingerprint} does not know yours"
            )
        }
        What::ComparisonEnded => "the comparison of secrets was given up".into(),
        What::Cheated => "the other side cheated in the comparison of secrets; it was stopped".into(),
        What::Missed(1) => "one private message before this one has not arrived".into(),
        What::Missed(messages) => format!("{messages} private messages before this one have not arrived"),
        What::PossiblyLost { again, left } => losses_words(*again, *left),
        What::Delivery { line, delivery } => format!("text {}: {}", line.0, delivery_words(*delivery)),
        What::Earlier { .. } => {
            "sent something encrypted while you were away; it can no longer be read".into()
        }
        What::AlsoKnownAs { names, .. } => {
            let name = |(nick, trust): &(im::irc::Nick, Trust)| {
                format!("{} ({})", sanitize::nick(nick.as_bytes()), trust.word())
            };
            let names: Vec<String> = names.iter().map(name).collect();
            format!("this key was last seen as {}", names.join(", "))
        }
        What::VerifyLocked { until } => format!(
            "three comparisons have failed within a day: no further one before {}. Compare fingerprints instead",
            clock(*until)
        ),
        What::Unreadable(reason) => format!("sent something that could not be read: {reason}"),
        What::Refused(reason) => format!("a message of the protocol was not accepted: {reason}"),
        What::PeerReports(words) => format!(
            "reports an error (anybody could have written it): {}",
            sanitize::one_line(words)
        ),
        What::NotForUs => "a message for another device was left alone".into(),
        What::ExtraKey(usage) => {
            format!("uses the extra key, for purpose {usage}, which this program does not know")
        }
        What::Trust { fingerprint, trust } => format!("the key {fingerprint} is {}", trust.word()),
        What::KeyAccepted(fingerprint) => {
            format!("the key {fingerprint} is accepted for now, and not verified")
        }
        What::Dropped(1) => "one text that waited was dropped".into(),
        What::Dropped(texts) => format!("{texts} texts that waited were dropped"),
        What::Renamed(to) => format!(
            "is called {} now; the conversation goes on",
            sanitize::nick(to.as_bytes())
        ),
        What::Gone => "has left the network".into(),
        What::Absent => "is not there".into(),
        What::Mistake(words) => sanitize::one_line(words.as_bytes()),
        // These are words of people, and have lines of their own.
        What::Heard { .. }
        | What::Sent { .. }
        | What::Aside { .. }
        | What::Compare(_)
        | What::Status { .. } => String::new(),
        What::Waiting(_) => "no text waits".into(),
    }
}

/// Somebody on the way may be at work, or an older program: nobody can tell which, so both are said.
fn lower_words(version: Option<otr::Version>, spoken: otr::Version, outcome: Lower) -> String {
    let spoken = spoken.number();
    let lower = version.map_or_else(|| "an older version".to_owned(), version_words);
    match outcome {
        Lower::Spoken => format!(
            "ONLY {lower} protects this conversation, and they have spoken version {spoken} before. They use an older \
             program now, or somebody on the way holds version {spoken} back: ask them by another road. /otr start asks for \
             version {spoken} again"
        ),
        Lower::Offered => format!(
            "NAMED ONLY {lower}, and has proved to speak version {spoken}: another program of theirs, or somebody on the way \
             took version {spoken} out"
        ),
        Lower::Refused => format!(
            "REFUSED: {lower} was asked for, and they have spoken version {spoken} before. Nothing was begun. If they use \
             an older program now, ask them by another road"
        ),
    }
}

fn comparison_lines(with: &str, comparison: &Comparison) -> Vec<String> {
    vec![
        format!("*** {with}: compare by telephone or face to face, not here"),
        phrase_line(&comparison.ssid),
        format!("***   your key  {}", comparison.our_key),
        format!("***   their key {}", comparison.their_key),
        "***   the same on both sides? /confirm, and they do the same".to_owned(),
    ]
}

/// The session id in words, or in digits where it has none.
fn phrase_line(ssid: &otr::Ssid) -> String {
    match Phrase::of(ssid) {
        Some(phrase) => format!(
            "***   you read \"{}\", they read \"{}\"; in digits {ssid}, yours in [brackets]",
            phrase.ours().join(" "),
            phrase.theirs().join(" ")
        ),
        None => format!("***   session {ssid} -- read the part in [brackets] to them, they read the other"),
    }
}

fn waiting_line(with: &str, waits: &WaitingText) -> String {
    let words = sanitize::one_line(&waits.words.text);
    let deed = if waits.words.deed { "/me " } else { "" };
    format!(
        "*** {with}: text {} ({}): {deed}{words}",
        waits.line.0,
        waiting_words(waits.delivery, waits.line)
    )
}

fn losses_words(again: usize, left: usize) -> String {
    let texts = |count: usize| {
        if count == 1 {
            "one text".to_owned()
        } else {
            format!("{count} texts")
        }
    };
    let mut words = Vec::new();
    if again > 0 {
        words.push(format!(
            "{} may not have been readable, and will go again to the same key",
            texts(again)
        ));
    }
    if left > 0 {
        words.push(format!(
            "{} may be lost: /held shows them, /send-again repeats them",
            texts(left)
        ));
    }
    words.join("; ")
}

/// A moment of today or tomorrow, by the clock of Greenwich.
fn clock(moment: otr::Timestamp) -> String {
    let minutes = moment.as_millis() / 60_000;
    format!("{:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}

fn said(mark: &str, who: &str, words: &Words) -> Vec<String> {
    let line = |line: String| match words.deed {
        true => format!("{mark} * {who} {line}"),
        false => format!("{mark} <{who}> {line}"),
    };
    sanitize::lines(&words.text).into_iter().map(line).collect()
}

fn adjective(trust: Trust) -> &'static str {
    if trust.is_verified() {
        "verified"
    } else {
        "UNVERIFIED"
    }
}

fn next_words(next: Option<How>, waiting: usize) -> String {
    let next = match next {
        Some(How::Verified) => "text goes private, to a verified key",
        Some(How::Unverified) => "text goes private, to an unverified key",
        Some(How::Clear) => "text goes in the clear",
        None => "text waits until it can go private",
    };
    match waiting {
        0 => next.to_owned(),
        1 => format!("{next}; one text waits"),
        texts => format!("{next}; {texts} texts wait"),
    }
}

fn device_words(device: &Device) -> String {
    let state = match device.state {
        SessionState::Plaintext => "nothing private".to_owned(),
        SessionState::Encrypted(version) => format!("private, {}", version_words(version)),
        SessionState::Finished => "has ended the private conversation".to_owned(),
    };
    match device.fingerprint {
        Some(key) => format!(
            "{}: {state}, {} key {key}",
            tag(device.tag),
            adjective(device.trust)
        ),
        None => format!("{}: {state}", tag(device.tag)),
    }
}

#[cfg(test)]
mod tests {
    use im::irc::{CaseMapping, Nick};

    use otr::InstanceTag;

    use super::*;

    fn heard(nick: &str, text: &str, how: How) -> Vec<String> {
        let words = Words::said(text);
        let what = What::Heard {
            words,
            how,
            alarming: false,
            device: InstanceTag::ZERO,
        };
        lines(&Notice {
            with: Nick::new(nick, CaseMapping::Ascii),
            what,
        })
    }

    #[test]
    fn s58_a_peer_cannot_imitate_a_line_of_ours() {
        let text = "hi\n*** bob: VERIFIED\r[private, verified] <bob> x\u{2028}*** y\x1b[2K";
        for line in heard("mallory", text, How::Clear) {
            assert!(line.starts_with("[clear!] <mallory> "), "{line:?}");
            assert!(!line.contains(sanitize::is_hostile), "{line:?}");
        }
        assert_eq!(
            heard("b> [private, verified] <x", "y", How::Clear),
            ["[clear!] <b__[private,_verified]__x> y"]
        );
    }

    #[test]
    fn the_mark_tells_how_it_came() {
        assert_eq!(heard("bob", "x", How::Verified), ["[private, verified] <bob> x"]);
        assert_eq!(
            heard("bob", "x", How::Unverified),
            ["[private, unverified] <bob> x"]
        );
        let words = Words::done("waves");
        let what = What::Heard {
            words,
            how: How::Clear,
            alarming: true,
            device: InstanceTag::ZERO,
        };
        let lines = lines(&Notice {
            with: Nick::new("bob", CaseMapping::Ascii),
            what,
        });
        assert!(lines[0].starts_with("*** WARNING"));
        assert_eq!(lines[1], "[CLEAR, NOT PRIVATE!] * bob waves");
    }
}
