//! A notice as one JSON object: `{"event": …, "with": …, …}`.
//!
//! Texts are exact as far as JSON can hold them: bytes that are no UTF-8 become U+FFFD. Print it through
//! [`sanitize::json`](crate::sanitize::json), which changes no value.

use otr::{Fingerprint, SessionState, Ssid};
use serde_json::{Value, json};

use crate::engine::notice::{
    Comparison, Delivery, How, Lower, Notice, Obstacle, Standing, WaitingText, What,
};
use crate::engine::trust::Trust;
use crate::present::words;
use crate::verify::words::Phrase;

/// The object for one notice.
pub fn value(notice: &Notice) -> Value {
    let mut value = body(&notice.what);
    if let Value::Object(fields) = &mut value {
        fields.insert("with".into(), Value::String(notice.with.to_string()));
    }
    value
}

/// One word for how a text travelled.
pub fn security(how: How) -> &'static str {
    match how {
        How::Verified => "verified",
        How::Unverified => "unverified",
        How::Clear => "clear",
    }
}

/// One word for what is known about a key.
pub fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Seen => "none",
        Trust::Secret => "smp",
        Trust::Compared => "verified",
    }
}

/// A fingerprint as 40 upper-case hexadecimal digits.
pub fn fingerprint(key: Fingerprint) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

fn body(what: &What) -> Value {
    match what {
        What::Heard {
            words,
            how,
            alarming,
            device,
        } => json!({
            "event": "heard", "text": text(&words.text), "me": words.deed, "security": security(*how),
            "expected": !alarming, "device": words::tag(*device),
        }),
        What::Sent {
            line,
            words,
            how,
            lines,
            devices,
            again,
        } => json!({
            "event": "sent", "line": line.0, "text": text(&words.text), "me": words.deed, "security": security(*how),
            "lines": lines, "devices": devices, "again": again,
        }),
        What::NotSent {
            line,
            words,
            why,
            held,
        } => {
            let (reason, key) = match why {
                Obstacle::AwaitingPrivacy => ("awaiting-privacy", None),
                Obstacle::Asked => ("asked", None),
                Obstacle::PeerEnded => ("peer-ended", None),
                Obstacle::Away => ("no-connection", None),
                Obstacle::KeyChanged(key) => ("key-changed", Some(fingerprint(*key))),
                Obstacle::Distrusted(key) => ("distrusted", Some(fingerprint(*key))),
                Obstacle::Text(words) => (words.as_str(), None),
            };
            json!({
                "event": "not-sent", "line": line.0, "text": text(&words.text), "me": words.deed, "reason": reason,
                "fingerprint": key, "held": held,
            })
        }
        What::Private {
            fingerprint: key,
            trust: known,
            version,
            ssid,
            device,
            devices,
            renewed,
            changed,
            blocked,
        } => {
            json!({
                "event": if *renewed { "renewed" } else { "private" }, "fingerprint": fingerprint(*key),
                "trust": trust(*known), "version": version.number(), "session-id": session_id(ssid),
                "device": words::tag(*device), "devices": devices, "changed": changed, "blocked": blocked,
            })
        }
        What::LowerVersion {
            version,
            spoken,
            outcome,
        } => {
            let outcome = match outcome {
                Lower::Spoken => "spoken",
                Lower::Offered => "offered",
                Lower::Refused => "refused",
            };
            json!({
                "event": "lower-version", "version": version.map(otr::Version::number), "spoken": spoken.number(),
                "outcome": outcome,
            })
        }
        What::Asking => json!({ "event": "asking" }),
        What::PeerEnded { remaining } => json!({ "event": "peer-ended", "remaining": remaining }),
        What::Expired => json!({ "event": "expired" }),
        What::Ended(devices) => json!({ "event": "ended", "devices": devices }),
        What::Knock => json!({ "event": "knock" }),
        What::Asked { question, device } => {
            json!({
                "event": "asked", "question": question.as_deref().map(text), "device": words::tag(*device),
            })
        }
        What::Comparing => json!({ "event": "comparing" }),
        What::Same {
            fingerprint: key,
            vouched,
        } => {
            json!({ "event": "same-secret", "fingerprint": fingerprint(*key), "verified": vouched })
        }
        What::Different(key) => json!({ "event": "different-secret", "fingerprint": fingerprint(*key) }),
        What::ComparisonEnded => json!({ "event": "comparison-ended" }),
        What::Cheated => json!({ "event": "cheated" }),
        What::Missed(messages) => json!({ "event": "missed", "messages": messages }),
        What::PossiblyLost { again, left } => {
            json!({ "event": "possibly-lost", "texts": again + left, "again": again, "left": left })
        }
        What::Delivery {
            line,
            delivery: state,
        } => {
            json!({ "event": "delivery", "line": line.0, "state": delivery(*state) })
        }
        What::Earlier { words } => json!({
            "event": "earlier", "text": words.as_ref().map(|words| text(&words.text)),
            "me": words.as_ref().is_some_and(|words| words.deed), "encrypted": words.is_none(),
        }),
        What::AlsoKnownAs {
            fingerprint: key,
            names,
        } => {
            let name = |(nick, known): &(im::irc::Nick, Trust)| json!({ "nick": nick.to_string(), "trust": trust(*known) });
            json!({
                "event": "also-known-as", "fingerprint": fingerprint(*key),
                "names": names.iter().map(name).collect::<Vec<_>>(),
            })
        }
        What::VerifyLocked { until } => json!({ "event": "verify-locked", "until": until.as_millis() }),
        What::Compare(comparison) => {
            let mut value = comparison_value(comparison);
            value["event"] = json!("compare");
            value["words"] = phrase(&comparison.ssid);
            value
        }
        What::Waiting(texts) => {
            json!({ "event": "waiting", "texts": texts.iter().map(waiting).collect::<Vec<_>>() })
        }
        What::Unreadable(reason) => json!({ "event": "unreadable", "reason": reason.to_string() }),
        What::Refused(reason) => json!({ "event": "refused", "reason": reason.to_string() }),
        What::PeerReports(words) => json!({ "event": "peer-reports-error", "words": text(words) }),
        What::NotForUs => json!({ "event": "not-for-us" }),
        What::ExtraKey(usage) => json!({ "event": "extra-key", "usage": usage }),
        What::Trust {
            fingerprint: key,
            trust: known,
        } => {
            json!({ "event": "trust", "fingerprint": fingerprint(*key), "trust": trust(*known) })
        }
        What::KeyAccepted(key) => json!({ "event": "key-accepted", "fingerprint": fingerprint(*key) }),
        What::Dropped(texts) => json!({ "event": "dropped", "texts": texts }),
        What::Renamed(to) => json!({ "event": "renamed", "to": to.to_string() }),
        What::Gone => json!({ "event": "gone" }),
        What::Absent => json!({ "event": "absent" }),
        What::Aside { target, text: words } => {
            json!({ "event": "aside", "target": text(target), "text": text(words), "security": "clear" })
        }
        What::Status {
            devices,
            keys,
            waiting,
            next,
        } => {
            let device = |device: &crate::engine::notice::Device| {
                let (state, version) = match device.state {
                    SessionState::Plaintext => ("plaintext", None),
                    SessionState::Encrypted(version) => ("private", Some(version.number())),
                    SessionState::Finished => ("finished", None),
                };
                json!({
                    "device": words::tag(device.tag), "state": state, "version": version,
                    "fingerprint": device.fingerprint.map(fingerprint), "trust": trust(device.trust),
                })
            };
            let key = |(key, known): &(Fingerprint, Trust)| json!({ "fingerprint": fingerprint(*key), "trust": trust(*known) });
            json!({
                "event": "status", "devices": devices.iter().map(device).collect::<Vec<_>>(),
                "keys": keys.iter().map(key).collect::<Vec<_>>(), "waiting": waiting,
                "next": next.map(security),
            })
        }
        What::Mistake(words) => json!({ "event": "mistake", "words": words }),
    }
}

/// What is compared: the session, both keys, the device.
pub fn comparison_value(comparison: &Comparison) -> Value {
    json!({
        "session-id": session_id(&comparison.ssid), "our-fingerprint": fingerprint(comparison.our_key),
        "fingerprint": fingerprint(comparison.their_key), "device": words::tag(comparison.device),
    })
}

/// One word for how far a text has come.
pub fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Held => "held",
        Delivery::Sent => "sent",
        Delivery::Readable => "readable",
        Delivery::Lost => "lost",
    }
}

/// One word for how we stand with somebody.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::NotPrivate => "not-private",
        Standing::Unverified => "unverified",
        Standing::Verified => "verified",
        Standing::Finished => "finished",
        Standing::KeyChanged => "key-changed",
        Standing::Distrusted => "distrusted",
    }
}

fn waiting(waits: &WaitingText) -> Value {
    json!({
        "line": waits.line.0, "text": text(&waits.words.text), "me": waits.words.deed, "state": delivery(waits.delivery),
    })
}

/// The words that each side reads; null in version 1, whose session id is too long for them.
fn phrase(ssid: &Ssid) -> Value {
    Phrase::of(ssid).map_or(
        Value::Null,
        |phrase| json!({ "ours": phrase.ours(), "theirs": phrase.theirs() }),
    )
}

fn session_id(ssid: &Ssid) -> Value {
    let (first, second) = ssid.halves();
    json!({ "first": first, "second": second, "ours": match ssid.half() {
        otr::Half::First => 1,
        otr::Half::Second => 2,
    } })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
