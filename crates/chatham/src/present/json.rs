//! A notice as one JSON object: `{"event": …, "with": …, …}`.
//!
//! Texts are exact as far as JSON can hold them: bytes that are no UTF-8 become U+FFFD. Print it through
//! [`sanitize::json`](crate::sanitize::json), which changes no value.

use otr::{Fingerprint, SessionState, Ssid};
use serde_json::{Value, json};

use crate::engine::notice::{How, Notice, Obstacle, What};
use crate::engine::trust::Trust;
use crate::present::plain;

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
            "expected": !alarming, "device": plain::tag(*device),
        }),
        What::Sent {
            words,
            how,
            lines,
            devices,
            again,
        } => json!({
            "event": "sent", "text": text(&words.text), "me": words.deed, "security": security(*how),
            "lines": lines, "devices": devices, "again": again,
        }),
        What::NotSent { words, why, held } => {
            let (reason, key) = match why {
                Obstacle::AwaitingPrivacy => ("awaiting-privacy", None),
                Obstacle::PeerEnded => ("peer-ended", None),
                Obstacle::KeyChanged(key) => ("key-changed", Some(fingerprint(*key))),
                Obstacle::Text(words) => (words.as_str(), None),
            };
            json!({
                "event": "not-sent", "text": text(&words.text), "me": words.deed, "reason": reason,
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
                "device": plain::tag(*device), "devices": devices, "changed": changed, "blocked": blocked,
            })
        }
        What::Asking => json!({ "event": "asking" }),
        What::PeerEnded { remaining } => json!({ "event": "peer-ended", "remaining": remaining }),
        What::Ended(devices) => json!({ "event": "ended", "devices": devices }),
        What::Knock => json!({ "event": "knock" }),
        What::Asked(question) => {
            json!({ "event": "asked", "question": question.as_deref().map(text) })
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
        What::PossiblyLost(texts) => json!({ "event": "possibly-lost", "texts": texts }),
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
                    "device": plain::tag(device.tag), "state": state, "version": version,
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
