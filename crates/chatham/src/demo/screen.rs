//! What stands in the three columns: screens and wires in few words.

use otr::Version;
use serde_json::{Value, json};

use crate::demo::stage::Who;
use crate::demo::tap::{Seen, Sighting};
use crate::engine::notice::{How, Notice, Obstacle, What, Words};
use crate::present;
use crate::sanitize;

/// One entry of a column.
#[derive(Clone, Debug)]
pub struct Cell {
    /// How it looks.
    pub tone: Tone,
    /// The words, on one line.
    pub text: String,
    /// The same for programs.
    pub value: Value,
}

/// What a cell is about, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Private words to or from a verified key.
    Verified,
    /// Private words to or from a key that nobody compared.
    Unverified,
    /// Words that everybody can read.
    Clear,
    /// A remark of the program.
    Remark,
    /// A remark to be alarmed by.
    Alarm,
    /// A line on the wire that tells nothing.
    Wire,
}

/// What somebody's screen showed, as a cell; `None` for what a screen does not show.
pub fn cell(who: Who, notice: &Notice) -> Option<Cell> {
    let (tone, text) = words(notice)?;
    let text = if who == Who::Phone {
        format!("(phone) {text}")
    } else {
        text
    };
    let text = if who == Who::Mallory {
        format!("(mallory) {text}")
    } else {
        text
    };
    let mut value = present::json::value(notice);
    if let Value::Object(fields) = &mut value {
        let who = if who == Who::Phone {
            "bob's phone"
        } else {
            who.nick()
        };
        fields.insert("who".into(), Value::String(who.into()));
    }
    Some(Cell { tone, text, value })
}

/// What went over a wire, as a cell.
pub fn wire(from: &str, sighting: &Sighting) -> Cell {
    let to = sanitize::nick(&sighting.to);
    let (tone, kind) = match sighting.seen {
        Seen::Words => (Tone::Clear, "readable words"),
        Seen::WordsAndOffer => (Tone::Clear, "readable words, hidden offer"),
        Seen::Query => (Tone::Clear, "query"),
        Seen::Error => (Tone::Clear, "error report"),
        Seen::Exchange(1) => (Tone::Wire, "D-H commit"),
        Seen::Exchange(2) => (Tone::Wire, "D-H key"),
        Seen::Exchange(3) => (Tone::Wire, "reveal signature"),
        Seen::Exchange(_) => (Tone::Wire, "signature"),
        Seen::Interactive(1) => (Tone::Wire, "identity"),
        Seen::Interactive(2) => (Tone::Wire, "auth-r"),
        Seen::Interactive(_) => (Tone::Wire, "auth-i"),
        Seen::Data { .. } => (Tone::Wire, "data"),
        Seen::Pieces => (Tone::Wire, "pieces of a message"),
        Seen::Unknown => (Tone::Alarm, "no known format"),
    };
    let shown = abbreviated(sighting);
    let lines = if sighting.lines > 1 {
        format!(" ({} lines)", sighting.lines)
    } else {
        String::new()
    };
    let text = match sighting.seen {
        Seen::Words | Seen::WordsAndOffer | Seen::Query | Seen::Error => {
            format!("{from}→{to} {kind}: {shown}")
        }
        _ => format!("{from}→{to} {kind} {shown}{lines}"),
    };
    let value = json!({
        "event": "wire", "from": from, "to": to, "kind": kind, "lines": sighting.lines,
        "bytes": sighting.bytes, "text": shown,
    });
    Cell { tone, text, value }
}

/// Words as they are; ciphertext by its beginning.
fn abbreviated(sighting: &Sighting) -> String {
    let shown = sanitize::one_line(&sighting.text);
    match sighting.seen {
        Seen::Words | Seen::Query | Seen::Error => shown,
        Seen::WordsAndOffer => format!("{}␠␉␠…", shown.trim_end()),
        _ if sighting.lines > 1 => {
            let body = shown.split(',').nth(3).unwrap_or(&shown);
            format!(
                "{}…",
                body.chars()
                    .take(CIPHERTEXT - " (2 lines)".len())
                    .collect::<String>()
            )
        }
        _ => format!("{}…", shown.chars().take(CIPHERTEXT).collect::<String>()),
    }
}

fn words(notice: &Notice) -> Option<(Tone, String)> {
    let with = sanitize::nick(notice.with.as_bytes());
    Some(match &notice.what {
        What::Heard {
            words, how, alarming, ..
        } => {
            let tone = if *alarming { Tone::Alarm } else { tone(*how) };
            (tone, spoken(&with, *how, words))
        }
        What::Sent {
            words,
            how,
            lines,
            devices,
            again,
            ..
        } => {
            let mut text = spoken("me", *how, words);
            match (*devices, *lines) {
                (2.., _) => text.push_str(&format!(" ({devices} devices)")),
                (_, 3..) => text.push_str(&format!(" ({lines} lines)")),
                _ => {}
            }
            if *again {
                text.push_str(" (again, same key)");
            }
            (tone(*how), text)
        }
        What::NotSent { words, why, .. } => {
            let why = match why {
                Obstacle::PeerEnded => format!("{with} has ended it"),
                Obstacle::AwaitingPrivacy | Obstacle::Asked => "nothing private stands".into(),
                Obstacle::Away => "there is no connection".into(),
                Obstacle::KeyChanged(_) => "the key has changed".into(),
                Obstacle::Distrusted(_) => "the key is not trusted any more".into(),
                Obstacle::Text(words) => words.clone(),
            };
            (
                Tone::Alarm,
                format!("* NOT SENT, {why}: {}", shortened(&words.text)),
            )
        }
        What::Private { renewed: true, .. } => {
            (Tone::Remark, format!("* new keys with {with}, same person's key"))
        }
        What::Private {
            trust,
            version,
            ssid,
            devices,
            ..
        } => {
            let trust = if trust.is_verified() {
                "verified"
            } else {
                "unverified"
            };
            let device = if *devices > 1 {
                format!(", device {devices}")
            } else {
                String::new()
            };
            let version = if *version == Version::V1 {
                " (weak: version 1)"
            } else {
                ""
            };
            (
                Tone::Remark,
                format!("* private with {with}{device}, {trust}{version}; session {ssid}"),
            )
        }
        What::Asking => (Tone::Remark, format!("* asking {with} for privacy")),
        What::PeerEnded { remaining: 1.. } => (
            Tone::Remark,
            format!("* {with} has ended it on one device; the other goes on"),
        ),
        What::PeerEnded { .. } => (
            Tone::Alarm,
            format!("* {with} has ended the private conversation"),
        ),
        What::Ended(0) => (Tone::Remark, format!("* no longer asks {with} for privacy")),
        What::Ended(_) => (
            Tone::Remark,
            format!("* ended the private conversation with {with}"),
        ),
        What::Knock => (
            Tone::Remark,
            format!("* {with}, a stranger, offers privacy; no answer given"),
        ),
        What::Asked { question: None, .. } => (Tone::Remark, format!("* {with} wants to compare a secret")),
        What::Asked {
            question: Some(question),
            ..
        } => (Tone::Remark, format!("* {with} asks: {}", shortened(question))),
        What::Comparing => (Tone::Remark, format!("* comparing a secret with {with}")),
        What::Same { vouched: true, .. } => (Tone::Verified, format!("* SAME SECRET: {with} is verified")),
        What::Same { .. } => (Tone::Verified, "* same secret".to_owned()),
        What::Different(_) => (Tone::Alarm, format!("* SECRETS DIFFER: this may not be {with}")),
        What::Missed(count) => (
            Tone::Alarm,
            match count {
                1 => "* one message before this one has not arrived".to_owned(),
                count => format!("* {count} messages before this one have not arrived"),
            },
        ),
        What::PossiblyLost { again, left } => {
            let which = |count: usize| match count {
                1 => "one text".to_owned(),
                count => format!("{count} texts"),
            };
            let words = match (*again, *left) {
                (0, left) => format!("* {} may be lost", which(left)),
                (again, 0) => format!("* {} may be lost: for the same key again", which(again)),
                (again, left) => format!(
                    "* {} may be lost, {} for the same key again",
                    which(again + left),
                    which(again)
                ),
            };
            (Tone::Remark, words)
        }
        What::Unreadable(_) => (Tone::Alarm, format!("* {with} sent something unreadable")),
        What::PeerReports(words) => (Tone::Remark, format!("* {with} reports: {}", shortened(words))),
        What::Trust { trust, .. } if trust.is_verified() => (
            Tone::Verified,
            format!("* fingerprints compared: {with}'s key is verified"),
        ),
        What::Mistake(words) => (Tone::Alarm, format!("* {}", sanitize::one_line(words.as_bytes()))),
        // The story has other ways to tell what arrived.
        What::NotForUs | What::Delivery { .. } => return None,
        what => (Tone::Remark, format!("* {}", present::plain::status(what))),
    })
}

fn spoken(who: &str, how: How, words: &Words) -> String {
    let mark = match how {
        How::Verified => "[verified]",
        How::Unverified => "[private]",
        How::Clear => "[clear!]",
    };
    let text = shortened(&words.text);
    if words.deed {
        format!("{mark} * {who} {text}")
    } else {
        format!("{mark} {who}: {text}")
    }
}

fn shortened(text: &[u8]) -> String {
    let shown = sanitize::one_line(text);
    let length = shown.chars().count();
    if length <= LONG {
        return shown;
    }
    let head: String = shown.chars().take(LONG / 2).collect();
    format!("{head}… ({} bytes)", text.len())
}

fn tone(how: How) -> Tone {
    match how {
        How::Verified => Tone::Verified,
        How::Unverified => Tone::Unverified,
        How::Clear => Tone::Clear,
    }
}

/// So many characters of a ciphertext say enough.
const CIPHERTEXT: usize = 22;
/// Texts longer than this are cut on the screen.
const LONG: usize = 120;
