//! A notice from the object that [`json::value`](crate::present::json::value) has made of it, so that whoever gets objects
//! from another process shows them as if the engine were here. Nobody has to have made them well: what means nothing is
//! `None`.

use im::irc::{CaseMapping, Nick};
use otr::{Fingerprint, Half, InstanceTag, Reject, SessionState, Ssid, Timestamp, Version};
use serde_json::Value;

use crate::engine::notice::{
    Comparison, Delivery, Device, How, LineId, Lower, Notice, Obstacle, PersonSummary, Standing, WaitingText,
    What, Words,
};
use crate::engine::trust::Trust;
use crate::sanitize;

/// The notice; `None` if it is none.
pub fn notice(value: &Value, mapping: CaseMapping) -> Option<Notice> {
    let object = Object { value, mapping };
    Some(Notice {
        with: object.nick("with")?,
        what: object.what(object.text("event")?)?,
    })
}

/// How things stand with somebody, and what can be compared with them.
pub fn standing(value: &Value, mapping: CaseMapping) -> Option<(PersonSummary, Option<Comparison>)> {
    let object = Object { value, mapping };
    let comparison = value.get("comparison").filter(|value| !value.is_null());
    let comparison = comparison.map(|value| Object { value, mapping }.comparison());
    let summary = PersonSummary {
        nick: object.nick("with")?,
        standing: match object.text("standing")? {
            "not-private" => Standing::NotPrivate,
            "unverified" => Standing::Unverified,
            "verified" => Standing::Verified,
            "finished" => Standing::Finished,
            "key-changed" => Standing::KeyChanged,
            "distrusted" => Standing::Distrusted,
            _ => return None,
        },
        waiting: object.count("waiting")?,
        lost: object.count("lost")?,
        acquainted: object.flag("acquainted")?,
    };
    match comparison {
        None => Some((summary, None)),
        Some(comparison) => Some((summary, Some(comparison?))),
    }
}

/// What was compared, from what [`comparison_value`](crate::present::json::comparison_value) has made of it.
pub fn comparison(value: &Value) -> Option<Comparison> {
    let mapping = CaseMapping::default();
    Object { value, mapping }.comparison()
}

/// An object that is read.
#[derive(Clone, Copy)]
struct Object<'v> {
    value: &'v Value,
    mapping: CaseMapping,
}

impl<'v> Object<'v> {
    fn what(self, event: &str) -> Option<What> {
        Some(match event {
            "heard" => What::Heard {
                words: self.words()?,
                how: self.how("security")?,
                alarming: !self.flag("expected")?,
                device: self.device("device")?,
            },
            "sent" => What::Sent {
                line: self.line()?,
                words: self.words()?,
                how: self.how("security")?,
                lines: self.count("lines")?,
                devices: self.count("devices")?,
                again: self.flag("again")?,
            },
            "not-sent" => What::NotSent {
                line: self.line()?,
                words: self.words()?,
                why: match self.text("reason")? {
                    "awaiting-privacy" => Obstacle::AwaitingPrivacy,
                    "asked" => Obstacle::Asked,
                    "peer-ended" => Obstacle::PeerEnded,
                    "no-connection" => Obstacle::Away,
                    "key-changed" => Obstacle::KeyChanged(self.key("fingerprint")?),
                    "distrusted" => Obstacle::Distrusted(self.key("fingerprint")?),
                    words => Obstacle::Text(sanitize::one_line(words.as_bytes())),
                },
                held: self.flag("held")?,
            },
            "delivery" => What::Delivery {
                line: self.line()?,
                delivery: self.delivery()?,
            },
            "earlier" => What::Earlier {
                words: match self.flag("encrypted")? {
                    true => None,
                    false => Some(self.words()?),
                },
            },
            "private" | "renewed" => What::Private {
                fingerprint: self.key("fingerprint")?,
                trust: self.trust()?,
                version: self.version("version")?,
                ssid: self.session_id()?,
                device: self.device("device")?,
                devices: self.count("devices")?,
                renewed: event == "renewed",
                changed: self.flag("changed")?,
                blocked: self.flag("blocked")?,
            },
            "lower-version" => What::LowerVersion {
                version: match self.given("version") {
                    Some(_) => Some(self.version("version")?),
                    None => None,
                },
                spoken: self.version("spoken")?,
                outcome: match self.text("outcome")? {
                    "spoken" => Lower::Spoken,
                    "offered" => Lower::Offered,
                    "refused" => Lower::Refused,
                    _ => return None,
                },
            },
            "asking" => What::Asking,
            "peer-ended" => What::PeerEnded {
                remaining: self.count("remaining")?,
            },
            "expired" => What::Expired,
            "ended" => What::Ended(self.count("devices")?),
            "knock" => What::Knock,
            "asked" => What::Asked {
                question: match self.given("question") {
                    Some(_) => Some(self.bytes("question")?),
                    None => None,
                },
                device: self.device("device")?,
            },
            "comparing" => What::Comparing,
            "same-secret" => What::Same {
                fingerprint: self.key("fingerprint")?,
                vouched: self.flag("verified")?,
            },
            "different-secret" => What::Different(self.key("fingerprint")?),
            "comparison-ended" => What::ComparisonEnded,
            "cheated" => What::Cheated,
            "missed" => What::Missed(self.number("messages")?),
            "possibly-lost" => What::PossiblyLost {
                again: self.count("again")?,
                left: self.count("left")?,
            },
            "also-known-as" => What::AlsoKnownAs {
                fingerprint: self.key("fingerprint")?,
                names: self.all("names", |name| Some((name.nick("nick")?, name.trust()?)))?,
            },
            "verify-locked" => What::VerifyLocked {
                until: Timestamp::from_millis(self.number("until")?),
            },
            "compare" => What::Compare(self.comparison()?),
            "waiting" => What::Waiting(self.all("texts", |text| {
                Some(WaitingText {
                    line: text.line()?,
                    words: text.words()?,
                    delivery: text.delivery()?,
                })
            })?),
            "unreadable" => What::Unreadable(self.reject()?),
            "refused" => What::Refused(self.reject()?),
            "peer-reports-error" => What::PeerReports(self.bytes("words")?),
            "not-for-us" => What::NotForUs,
            "extra-key" => What::ExtraKey(u32::try_from(self.number("usage")?).ok()?),
            "trust" => What::Trust {
                fingerprint: self.key("fingerprint")?,
                trust: self.trust()?,
            },
            "key-accepted" => What::KeyAccepted(self.key("fingerprint")?),
            "dropped" => What::Dropped(self.count("texts")?),
            "renamed" => What::Renamed(self.nick("to")?),
            "gone" => What::Gone,
            "absent" => What::Absent,
            "aside" => What::Aside {
                target: self.bytes("target")?,
                text: self.bytes("text")?,
            },
            "status" => What::Status {
                devices: self.all("devices", Self::a_device)?,
                keys: self.all("keys", |key| Some((key.key("fingerprint")?, key.trust()?)))?,
                waiting: self.count("waiting")?,
                next: match self.given("next") {
                    Some(_) => Some(self.how("next")?),
                    None => None,
                },
            },
            "mistake" => What::Mistake(sanitize::one_line(&self.bytes("words")?)),
            _ => return None,
        })
    }

    fn a_device(self) -> Option<Device> {
        Some(Device {
            tag: self.device("device")?,
            state: match self.text("state")? {
                "plaintext" => SessionState::Plaintext,
                "private" => SessionState::Encrypted(self.version("version")?),
                "finished" => SessionState::Finished,
                _ => return None,
            },
            fingerprint: match self.given("fingerprint") {
                Some(_) => Some(self.key("fingerprint")?),
                None => None,
            },
            trust: self.trust()?,
        })
    }

    fn comparison(self) -> Option<Comparison> {
        Some(Comparison {
            ssid: self.session_id()?,
            our_key: self.key("our-fingerprint")?,
            their_key: self.key("fingerprint")?,
            device: self.device("device")?,
        })
    }

    fn session_id(self) -> Option<Ssid> {
        let id = self.value.get("session-id")?;
        let half = match id.get("ours")?.as_u64()? {
            1 => Half::First,
            2 => Half::Second,
            _ => return None,
        };
        let part = |name: &str| bytes_of(id.get(name)?.as_str()?);
        let whole = [part("first")?, part("second")?].concat();
        let short = <[u8; 8]>::try_from(whole.as_slice()).map(|id| Ssid::short(id, half));
        let long = || <[u8; 20]>::try_from(whole.as_slice()).map(|id| Ssid::long(id, half));
        short.or_else(|_| long()).ok()
    }

    /// A value that is there and not null.
    fn given(self, name: &str) -> Option<&'v Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    fn all<T>(self, name: &str, read: impl Fn(Self) -> Option<T>) -> Option<Vec<T>> {
        let mapping = self.mapping;
        let values = self.value.get(name)?.as_array()?.iter();
        values.map(|value| read(Self { value, mapping })).collect()
    }

    fn text(self, name: &str) -> Option<&'v str> {
        self.value.get(name)?.as_str()
    }

    fn bytes(self, name: &str) -> Option<Vec<u8>> {
        self.text(name).map(|text| text.as_bytes().to_vec())
    }

    fn nick(self, name: &str) -> Option<Nick> {
        let nick = self.text(name).filter(|nick| nick.len() <= LONGEST_NAME)?;
        Some(Nick::new(nick, self.mapping))
    }

    fn words(self) -> Option<Words> {
        let text = self.bytes("text")?;
        Some(match self.flag("me")? {
            true => Words::done(text),
            false => Words::said(text),
        })
    }

    fn flag(self, name: &str) -> Option<bool> {
        self.value.get(name)?.as_bool()
    }

    fn number(self, name: &str) -> Option<u64> {
        self.value.get(name)?.as_u64()
    }

    fn count(self, name: &str) -> Option<usize> {
        usize::try_from(self.number(name)?).ok()
    }

    fn line(self) -> Option<LineId> {
        self.number("line").map(LineId)
    }

    fn key(self, name: &str) -> Option<Fingerprint> {
        Fingerprint::from_hex(self.text(name)?)
    }

    fn device(self, name: &str) -> Option<InstanceTag> {
        let tag = u32::from_str_radix(self.text(name)?, 16).ok()?;
        Some(InstanceTag::from_raw(tag))
    }

    fn how(self, name: &str) -> Option<How> {
        Some(match self.text(name)? {
            "verified" => How::Verified,
            "unverified" => How::Unverified,
            "clear" => How::Clear,
            _ => return None,
        })
    }

    fn trust(self) -> Option<Trust> {
        Some(match self.text("trust")? {
            "none" => Trust::Seen,
            "smp" => Trust::Secret,
            "verified" => Trust::Compared,
            _ => return None,
        })
    }

    fn delivery(self) -> Option<Delivery> {
        Some(match self.text("state")? {
            "held" => Delivery::Held,
            "sent" => Delivery::Sent,
            "readable" => Delivery::Readable,
            "lost" => Delivery::Lost,
            _ => return None,
        })
    }

    fn version(self, name: &str) -> Option<Version> {
        let number = self.number(name)?;
        Version::ALL
            .into_iter()
            .find(|version| u64::from(version.number()) == number)
    }

    fn reject(self) -> Option<Reject> {
        let words = self.text("reason")?;
        Reject::ALL.into_iter().find(|reject| reject.to_string() == words)
    }
}

/// The bytes of hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits: Option<Vec<u32>> = digits.as_bytes().iter().map(digit).collect();
    let pair = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    digits?.chunks(2).map(pair).collect()
}

/// No network has longer names.
const LONGEST_NAME: usize = 4096;

#[cfg(test)]
mod tests;
