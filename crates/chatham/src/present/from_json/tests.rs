//! Every fact goes through its object and back.

use super::*;
use crate::present::{json, plain};

const KEY: Fingerprint = Fingerprint::from_bytes([0xab; 20]);

fn nick(name: &str) -> Nick {
    Nick::new(name, CaseMapping::Rfc1459)
}

fn short() -> Ssid {
    Ssid::short([1, 2, 3, 4, 5, 6, 7, 0xf8], Half::Second)
}

fn device() -> InstanceTag {
    InstanceTag::from_raw(0xfeed_0123)
}

fn words() -> Words {
    Words::said("a\n\"tëxt\"\u{202e}")
}

/// The place of a fact in the list of all. A new one does not compile before it has one, and a sample below.
fn place(what: &What) -> usize {
    match what {
        What::Heard { .. } => 0,
        What::Sent { .. } => 1,
        What::NotSent { .. } => 2,
        What::Delivery { .. } => 3,
        What::Earlier { .. } => 4,
        What::AlsoKnownAs { .. } => 5,
        What::VerifyLocked { .. } => 6,
        What::Compare(_) => 7,
        What::Waiting(_) => 8,
        What::Private { .. } => 9,
        What::LowerVersion { .. } => 10,
        What::Asking => 11,
        What::PeerEnded { .. } => 12,
        What::Expired => 13,
        What::Ended(_) => 14,
        What::Knock => 15,
        What::Asked { .. } => 16,
        What::Comparing => 17,
        What::Same { .. } => 18,
        What::Different(_) => 19,
        What::ComparisonEnded => 20,
        What::Cheated => 21,
        What::Missed(_) => 22,
        What::PossiblyLost { .. } => 23,
        What::Unreadable(_) => 24,
        What::Refused(_) => 25,
        What::PeerReports(_) => 26,
        What::NotForUs => 27,
        What::ExtraKey(_) => 28,
        What::Trust { .. } => 29,
        What::KeyAccepted(_) => 30,
        What::Dropped(_) => 31,
        What::Renamed(_) => 32,
        What::Gone => 33,
        What::Absent => 34,
        What::Aside { .. } => 35,
        What::Status { .. } => 36,
        What::Mistake(_) => 37,
    }
}

fn samples() -> Vec<What> {
    let mut samples = vec![
        What::Earlier { words: None },
        What::Earlier {
            words: Some(Words::done("waves")),
        },
        What::AlsoKnownAs {
            fingerprint: KEY,
            names: vec![(nick("Bob[x]"), Trust::Secret), (nick("rob"), Trust::Compared)],
        },
        What::VerifyLocked {
            until: Timestamp::from_millis(1_790_000_000_000),
        },
        What::Compare(Comparison {
            ssid: Ssid::long([9; 20], Half::First),
            our_key: KEY,
            their_key: Fingerprint::from_bytes([0; 20]),
            device: InstanceTag::ZERO,
        }),
        What::Waiting(Vec::new()),
        What::Waiting(vec![WaitingText {
            line: LineId(7),
            words: words(),
            delivery: Delivery::Lost,
        }]),
        What::Asking,
        What::PeerEnded { remaining: 2 },
        What::Expired,
        What::Ended(1),
        What::Knock,
        What::Asked {
            question: None,
            device: device(),
        },
        What::Asked {
            question: Some(b"which bird?".to_vec()),
            device: device(),
        },
        What::Comparing,
        What::Same {
            fingerprint: KEY,
            vouched: false,
        },
        What::Different(KEY),
        What::ComparisonEnded,
        What::Cheated,
        What::Missed(3),
        What::PossiblyLost { again: 1, left: 2 },
        What::PeerReports(b"oh".to_vec()),
        What::NotForUs,
        What::ExtraKey(u32::MAX),
        What::KeyAccepted(KEY),
        What::Dropped(4),
        What::Renamed(nick("robert")),
        What::Gone,
        What::Absent,
        What::Aside {
            target: b"#room".to_vec(),
            text: b"a notice".to_vec(),
        },
        What::Mistake("no".to_owned()),
    ];
    for how in [How::Verified, How::Unverified, How::Clear] {
        samples.push(What::Heard {
            words: words(),
            how,
            alarming: how == How::Clear,
            device: device(),
        });
        samples.push(What::Sent {
            line: LineId(1),
            words: Words::done("waves"),
            how,
            lines: 2,
            devices: 3,
            again: true,
        });
    }
    for why in [
        Obstacle::AwaitingPrivacy,
        Obstacle::Asked,
        Obstacle::PeerEnded,
        Obstacle::Away,
        Obstacle::KeyChanged(KEY),
        Obstacle::Distrusted(KEY),
        Obstacle::Text("it is too long".to_owned()),
    ] {
        samples.push(What::NotSent {
            line: LineId(u64::MAX),
            words: words(),
            why,
            held: true,
        });
    }
    for delivery in [Delivery::Held, Delivery::Sent, Delivery::Readable, Delivery::Lost] {
        samples.push(What::Delivery {
            line: LineId(2),
            delivery,
        });
    }
    for (version, renewed) in Version::ALL.into_iter().zip([true, false, true, false]) {
        samples.push(What::Private {
            fingerprint: KEY,
            trust: Trust::Seen,
            version,
            ssid: short(),
            device: device(),
            devices: 2,
            renewed,
            changed: !renewed,
            blocked: !renewed,
        });
    }
    for (version, outcome) in [
        (None, Lower::Offered),
        (Some(Version::V2), Lower::Spoken),
        (Some(Version::V3), Lower::Refused),
    ] {
        samples.push(What::LowerVersion {
            version,
            spoken: Version::V4,
            outcome,
        });
    }
    for reject in Reject::ALL {
        samples.push(What::Unreadable(reject));
        samples.push(What::Refused(reject));
    }
    for trust in [Trust::Seen, Trust::Secret, Trust::Compared] {
        samples.push(What::Trust {
            fingerprint: KEY,
            trust,
        });
    }
    let devices = [
        (SessionState::Plaintext, None),
        (SessionState::Encrypted(Version::V4), Some(KEY)),
        (SessionState::Finished, Some(KEY)),
    ];
    samples.push(What::Status {
        devices: devices
            .map(|(state, fingerprint)| Device {
                tag: device(),
                state,
                fingerprint,
                trust: Trust::Secret,
            })
            .to_vec(),
        keys: vec![(KEY, Trust::Compared)],
        waiting: 1,
        next: None,
    });
    samples.push(What::Status {
        devices: Vec::new(),
        keys: Vec::new(),
        waiting: 0,
        next: Some(How::Unverified),
    });
    samples
}

#[test]
fn every_notice_comes_back_as_it_was() {
    let mut seen = [false; 38];
    for what in samples() {
        seen[place(&what)] = true;
        let told = Notice {
            with: nick("Bob[x]"),
            what,
        };
        let value = json::value(&told);
        let text = value.to_string();
        let value: Value = serde_json::from_str(&text).unwrap();
        let read = notice(&value, CaseMapping::Rfc1459).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(format!("{read:?}"), format!("{told:?}"));
        assert_eq!(json::value(&read), value);
        assert_eq!(plain::lines(&read), plain::lines(&told));
    }
    let missing: Vec<usize> = (0..seen.len()).filter(|&at| !seen[at]).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
}

#[test]
fn what_is_no_notice_is_none() {
    for what in samples() {
        let value = json::value(&Notice {
            with: nick("bob"),
            what,
        });
        let Value::Object(fields) = &value else {
            panic!("{value}");
        };
        // Every field away, and every one something else: nothing panics, and what is needed is missed.
        for name in fields.keys() {
            let mut less = fields.clone();
            less.remove(name);
            let _read = notice(&Value::Object(less), CaseMapping::Ascii);
            for other in [
                Value::Null,
                Value::Bool(true),
                Value::from(-1),
                Value::from("x"),
                Value::Array(vec![Value::Null]),
                Value::Object(serde_json::Map::new()),
            ] {
                let mut odd = fields.clone();
                odd.insert(name.clone(), other);
                let _read = notice(&Value::Object(odd), CaseMapping::Ascii);
            }
        }
        let mut nobody = fields.clone();
        nobody.remove("with");
        assert!(notice(&Value::Object(nobody), CaseMapping::Ascii).is_none());
    }
    for odd in ["null", "[]", "7", "\"heard\"", "{}", r#"{"event":"heard"}"#] {
        let value: Value = serde_json::from_str(odd).unwrap();
        assert!(notice(&value, CaseMapping::Ascii).is_none(), "{odd}");
    }
}
