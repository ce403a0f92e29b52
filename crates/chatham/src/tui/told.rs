//! What the engine tells, as it goes into a conversation on the screen.

use otr::{SessionState, Version};

use crate::engine::notice::{Delivery, Device, Obstacle, What};
use crate::present::{plain, words};
use crate::sanitize;
use crate::tui::conversation::{Conversation, Entry, From, Weight, Wish};

/// Takes a fact in.
pub fn take_note(conversation: &mut Conversation, what: &What) {
    settle(conversation, what);
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
            line,
            words,
            how,
            again,
            ..
        } => {
            if conversation.shows(line.0) {
                conversation.deliver(line.0, Delivery::Sent, Some(*how));
                return;
            }
            if *again {
                conversation.remark(Weight::Note, "The next line was sent again, to the same key.");
            }
            let from = From::Us {
                how: Some(*how),
                delivery: Delivery::Sent,
            };
            conversation.push(Entry::said(from, words, line.0));
        }
        What::NotSent {
            line,
            words,
            why,
            held,
        } => {
            let delivery = if *held { Delivery::Held } else { Delivery::Lost };
            if conversation.shows(line.0) {
                conversation.deliver(line.0, delivery, None);
            } else {
                conversation.push(Entry::said(From::Us { how: None, delivery }, words, line.0));
            }
            let weight = match why {
                Obstacle::AwaitingPrivacy | Obstacle::Asked => Weight::Note,
                _ => Weight::Bad,
            };
            conversation.remark_on(line.0, weight, &plain::status(what));
        }
        What::Delivery { line, delivery } => conversation.deliver(line.0, *delivery, None),
        What::Earlier { words: Some(words) } => {
            let mut entry = Entry::said(From::Aside, words, 0);
            if let Some(first) = entry.lines.first_mut() {
                *first = format!("(earlier) {first}");
            }
            conversation.push(entry);
        }
        What::Waiting(texts) if !texts.is_empty() => {
            for text in texts {
                let words = sanitize::one_line(&text.words.text);
                let state = words::waiting_words(text.delivery, text.line);
                conversation.remark(Weight::Note, &format!("{}  {words}  ({state})", text.line.0));
            }
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
        // These have windows of their own.
        What::Status { .. } | What::Compare(_) => {}
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

/// What the other side wants, and what is known about them on the network. How we stand is the engine's to say.
fn settle(conversation: &mut Conversation, what: &What) {
    match what {
        What::Private { version, devices, .. } => {
            (conversation.version, conversation.devices) = (Some(*version), *devices);
            conversation.wish = None;
        }
        What::PeerEnded { remaining: 0 } | What::Ended(_) | What::Expired => {
            (conversation.version, conversation.devices) = (None, 0);
            conversation.wish = None;
        }
        What::PeerEnded { remaining } => conversation.devices = *remaining,
        What::Knock => conversation.wish = Some(Wish::Privacy),
        What::Asked { question, device } => {
            let (question, device) = (question.as_deref().map(sanitize::one_line), *device);
            conversation.wish = Some(Wish::Secret { question, device });
        }
        What::Status { devices, .. } => {
            conversation.devices = devices.iter().filter(|device| version(device).is_some()).count();
        }
        What::Same { .. } | What::Different(_) | What::ComparisonEnded | What::Cheated => {
            conversation.wish = None
        }
        What::Gone | What::Absent => conversation.present = Some(false),
        What::Heard { .. } => conversation.present = Some(true),
        _ => {}
    }
}

fn weight(what: &What) -> Weight {
    match what {
        What::Private { blocked: true, .. } | What::Private { changed: true, .. } => Weight::Bad,
        What::Same { vouched: true, .. } => Weight::Good,
        What::Trust { trust, .. } if trust.is_verified() => Weight::Good,
        What::Different(_)
        | What::Cheated
        | What::LowerVersion { .. }
        | What::PeerEnded { remaining: 0 }
        | What::Expired
        | What::Missed(_)
        | What::PossiblyLost { .. }
        | What::VerifyLocked { .. }
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
        What::PeerEnded { remaining: 0 } => format!(
            "{name} has ended the private conversation. Nothing is sent until you decide: F2 asks for another, /otr end \
             goes on in the clear."
        ),
        What::Knock => {
            format!("{name} asks for a private conversation, and nothing was answered: F2 agrees.")
        }
        What::Asking => format!("Asking {name} for a private conversation."),
        What::Asked { question: None, .. } => {
            format!("{name} wants to compare a secret that you both know: F2.")
        }
        What::Asked {
            question: Some(question),
            ..
        } => format!(
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
