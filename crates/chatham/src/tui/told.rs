//! What the engine tells, as it goes into a conversation on the screen.

use otr::{SessionState, Version};

use crate::engine::notice::{Device, Obstacle, What};
use crate::engine::trust::Trust;
use crate::present::plain;
use crate::sanitize;
use crate::tui::conversation::{Conversation, Entry, From, Weight, Wish};
use crate::tui::facts::{Comparison, Delivery, Standing};

/// Takes a fact in. `own_key` is ours.
pub fn take_note(conversation: &mut Conversation, what: &What, own_key: Option<otr::Fingerprint>) {
    settle(conversation, what, own_key);
    match what {
        What::Heard {
            words, how, alarming, ..
        } => {
            if *alarming {
                conversation.remark(
                    Weight::Bad,
                    "The next line came unencrypted where only private text was to be expected. Anybody could have \
                     written it.",
                );
            }
            let from = From::Them {
                how: *how,
                alarming: *alarming,
            };
            conversation.push(Entry::said(from, words, 0));
        }
        What::Sent {
            words, how, again, ..
        } => {
            if *again {
                conversation.remark(Weight::Note, "The next line was sent again, to the same key.");
            }
            let from = From::Us {
                how: Some(*how),
                delivery: Delivery::Sent,
            };
            conversation.push(Entry::said(from, words, 0));
        }
        What::NotSent { words, why, held } => {
            let delivery = if *held { Delivery::Held } else { Delivery::Lost };
            conversation.push(Entry::said(From::Us { how: None, delivery }, words, 0));
            let weight = match why {
                Obstacle::AwaitingPrivacy => Weight::Note,
                _ => Weight::Bad,
            };
            conversation.remark(weight, &plain::status(what));
        }
        What::Aside { target, text } => {
            let target = sanitize::nick(target);
            let words = crate::engine::notice::Words::said(text.as_slice());
            let mut entry = Entry::said(From::Aside, &words, 0);
            if let Some(first) = entry.lines.first_mut() {
                *first = format!("(to {target}) {first}");
            }
            conversation.push(entry);
        }
        // It has a window of its own.
        What::Status { .. } => {}
        what => {
            let words = plain::status(what);
            let words = match what {
                What::Mistake(_)
                | What::Ended(_)
                | What::Comparing
                | What::Dropped(_)
                | What::KeyAccepted(_) => words,
                _ => sentence(&conversation.name, what, words),
            };
            conversation.remark(weight(what), &words);
        }
    }
}

/// What holds from now on.
fn settle(conversation: &mut Conversation, what: &What, own_key: Option<otr::Fingerprint>) {
    match what {
        What::Private {
            fingerprint,
            trust,
            version,
            ssid,
            device,
            devices,
            blocked,
            ..
        } => {
            conversation.standing = match (blocked, trust.is_verified()) {
                (true, _) => Standing::KeyChanged,
                (false, true) => Standing::Verified,
                (false, false) => Standing::Unverified,
            };
            (conversation.version, conversation.devices) = (Some(*version), *devices);
            conversation.comparison = own_key.map(|our_key| Comparison {
                ssid: *ssid,
                our_key,
                their_key: *fingerprint,
                device: *device,
            });
            conversation.wish = None;
        }
        What::PeerEnded { remaining: 0 } => end(conversation, Standing::Finished),
        What::PeerEnded { remaining } => conversation.devices = *remaining,
        What::Ended(_) => end(conversation, Standing::NotPrivate),
        What::Same {
            fingerprint,
            vouched: true,
        } => trust(conversation, *fingerprint, Trust::Secret),
        What::Trust {
            fingerprint,
            trust: known,
        } => trust(conversation, *fingerprint, *known),
        What::KeyAccepted(_) if conversation.standing == Standing::KeyChanged => {
            conversation.standing = Standing::Unverified;
        }
        What::Knock => conversation.wish = Some(Wish::Privacy),
        What::Asked(question) => {
            let question = question.as_deref().map(sanitize::one_line);
            conversation.wish = Some(Wish::Secret(question));
        }
        What::Status { devices, waiting, .. } => {
            conversation.waiting = *waiting;
            conversation.devices = devices.iter().filter(|device| version(device).is_some()).count();
        }
        What::Dropped(_) => conversation.waiting = 0,
        What::Gone | What::Absent => conversation.present = Some(false),
        What::Heard { .. } => conversation.present = Some(true),
        _ => {}
    }
    if matches!(
        what,
        What::Same { .. } | What::Different(_) | What::ComparisonEnded | What::Cheated
    ) {
        conversation.wish = None;
    }
}

fn end(conversation: &mut Conversation, standing: Standing) {
    conversation.standing = standing;
    (
        conversation.version,
        conversation.devices,
        conversation.comparison,
    ) = (None, 0, None);
    conversation.wish = None;
}

fn trust(conversation: &mut Conversation, key: otr::Fingerprint, trust: Trust) {
    let in_use = conversation
        .comparison
        .is_some_and(|comparison| comparison.their_key == key);
    if in_use && conversation.standing != Standing::Finished {
        conversation.standing = if trust.is_verified() {
            Standing::Verified
        } else {
            Standing::Unverified
        };
    }
}

fn weight(what: &What) -> Weight {
    match what {
        What::Private { blocked: true, .. } | What::Private { changed: true, .. } => Weight::Bad,
        What::Same { vouched: true, .. } => Weight::Good,
        What::Trust { trust, .. } if trust.is_verified() => Weight::Good,
        What::Different(_)
        | What::Cheated
        | What::PeerEnded { remaining: 0 }
        | What::Missed(_)
        | What::PossiblyLost(_)
        | What::Mistake(_) => Weight::Bad,
        _ => Weight::Note,
    }
}

/// Some facts are said in fewer words where there is a line that says how things stand.
fn sentence(name: &str, what: &What, words: String) -> String {
    match what {
        What::Private {
            blocked: false,
            changed: false,
            renewed,
            trust,
            ..
        } => match (renewed, trust.is_verified()) {
            (true, _) => {
                "The private conversation has new keys, proved by the same key as before.".to_owned()
            }
            (false, true) => format!("Private from here on, with the key of {name} that you have verified."),
            (false, false) => {
                format!(
                    "Private from here on. Nobody has checked yet that it is {name} at the other end: F2 does."
                )
            }
        },
        What::Private { blocked: true, .. } => format!(
            "ANOTHER KEY than the one you know answers as {name}. Nothing is sent to it until you decide: F2."
        ),
        What::Knock => format!("{name} asks for a private conversation and got no answer yet: F2 gives one."),
        What::Asking => format!("Asking {name} for a private conversation."),
        What::Asked(None) => format!("{name} wants to compare a secret that you both know: F2."),
        What::Asked(Some(question)) => format!(
            "{name} asks you to prove yourself, in words that nobody has checked: \"{}\" -- F2 answers.",
            sanitize::one_line(question)
        ),
        What::Gone => format!("{name} has left the network."),
        What::Absent => format!("{name} is not there."),
        _ => format!("{name}: {words}"),
    }
}

/// The version of a device that is private with us.
pub fn version(device: &Device) -> Option<Version> {
    match device.state {
        SessionState::Encrypted(version) => Some(version),
        SessionState::Plaintext | SessionState::Finished => None,
    }
}
