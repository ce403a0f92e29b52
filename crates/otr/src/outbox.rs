//! A helper for applications: texts held back, under way, or possibly lost, until the right person has read them.
//!
//! The core keeps no text and sends none by itself. An application that wants to hold a text until a
//! private conversation stands, or to send again what the other side could not read, puts it here, and
//! sends with its own words what [`Outbox::established`] releases. Each text is bound to the keys it may
//! go to and to a minimum version; a text whose time never comes waits for a person's word. So the classic
//! attack, an unsigned error that makes a client repeat its last message to whoever answers first (S-21),
//! finds nothing to take.

use core::time::Duration;
use std::collections::VecDeque;

use zeroize::Zeroizing;

use crate::identity::{Fingerprint, Ssid};
use crate::time::Timestamp;
use crate::wire::header::{InstanceTag, Version};

/// Texts that wait, oldest first, and the last ones sent privately. Every text goes by a number that the application
/// gives it.
pub struct Outbox {
    held: VecDeque<Held>,
    under_way: VecDeque<UnderWay>,
    limits: OutboxLimits,
}

/// Bounds of an [`Outbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Texts held at once, and texts kept after they were sent. Of sixteen times as many it is known without their words
    /// that they are under way.
    pub texts: usize,
    /// Bytes of one text.
    pub text_bytes: usize,
    /// A text sent longer ago than this is not sent again when the other side reports an error.
    pub resend_window: Duration,
}

/// A text that waits.
pub struct Held {
    id: u64,
    text: Zeroizing<Vec<u8>>,
    why: Why,
    condition: Condition,
    minimum_version: Option<Version>,
}

/// Why a text waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is to go out privately or not at all, and nothing private stood.
    AwaitingPrivacy,
    /// It was sent, and the other side may not have been able to read it.
    PossiblyLost,
}

/// To whom a text may go without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// No key of this person was known: whoever proves to be there first.
    FirstContact,
    /// The holder of one of these keys; of none, if a person has to decide.
    Keys(Vec<Fingerprint>),
}

/// A text to be sent now, to the session that was just established.
#[derive(PartialEq, Eq)]
pub struct Released {
    /// Its number.
    pub id: u64,
    /// The text.
    pub text: Zeroizing<Vec<u8>>,
    /// Whether it had been sent before: the other side might read it twice.
    pub again: bool,
}

/// How a text went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub id: u64,
    /// To the holder of this key.
    pub to: Fingerprint,
    /// In this version.
    pub version: Version,
    /// To this device.
    pub session: InstanceTag,
    /// In this private conversation of the device, whose [`traffic`](crate::Session::traffic) …
    pub ssid: Ssid,
    /// … it is this message of.
    pub number: u64,
    /// Whether it was sent before.
    pub again: bool,
}

/// What became of texts that may not have been readable.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// They wait for a new session with the same key, and go there by themselves.
    pub waiting: Vec<u64>,
    /// They wait for a person's word.
    pub left: Vec<u64>,
}

struct UnderWay {
    sent: Sent,
    /// `None` if it is too long, or one of too many.
    text: Option<Zeroizing<Vec<u8>>>,
    at: Timestamp,
    /// Whether something private came from the holder of the key after it.
    answered: bool,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(limits: OutboxLimits) -> Self {
        Self {
            held: VecDeque::new(),
            under_way: VecDeque::new(),
            limits,
        }
    }

    /// Holds a text until a private conversation stands. `known` are the keys of this person known now: if
    /// there are any, the text goes only to one of them.
    ///
    /// # Errors
    /// Gives the text back if the outbox is full or the text too long.
    pub fn hold(
        &mut self,
        id: u64,
        text: Vec<u8>,
        known: &[Fingerprint],
        minimum_version: Option<Version>,
    ) -> Result<(), Vec<u8>> {
        if self.held.len() >= self.limits.texts || text.len() > self.limits.text_bytes {
            return Err(text);
        }
        let condition = if known.is_empty() {
            Condition::FirstContact
        } else {
            Condition::Keys(known.to_vec())
        };
        self.held.push_back(Held {
            id,
            text: Zeroizing::new(text),
            why: Why::AwaitingPrivacy,
            condition,
            minimum_version,
        });
        Ok(())
    }

    /// Remembers a text that was sent privately, until it is known to be read. Whether the words are kept, too; if not, it
    /// can be told as lost and not be sent again.
    pub fn sent(&mut self, text: &[u8], sent: Sent, now: Timestamp) -> bool {
        let keeps = text.len() <= self.limits.text_bytes && self.limits.texts > 0;
        let kept = self.under_way.iter().filter(|text| text.text.is_some());
        if keeps
            && kept.count() >= self.limits.texts
            && let Some(oldest) = self.under_way.iter_mut().find(|text| text.text.is_some())
        {
            oldest.text = None;
        }
        if self.under_way.len() >= self.limits.texts.saturating_mul(KNOWN_BY_NUMBER).max(1) {
            self.under_way.pop_front();
        }
        self.under_way.push_back(UnderWay {
            sent,
            text: keeps.then(|| Zeroizing::new(text.to_vec())),
            at: now,
            answered: false,
        });
        keeps
    }

    /// What was sent in this private conversation up to this message has been read, as far as an orderly carrier tells:
    /// nothing of it is taken for lost any more. Gives what that is about.
    pub fn read(&mut self, ssid: Ssid, number: u64) -> Vec<Sent> {
        let mut read = Vec::new();
        self.under_way.retain(|text| {
            let known = text.sent.ssid == ssid && text.sent.number <= number;
            if known {
                read.push(text.sent);
            }
            !known
        });
        read
    }

    /// Something private came from the holder of `key`. It may have crossed the texts that went there before, or have
    /// waited for a connection, so it proves nothing; but it makes it likely that they were read.
    pub fn heard(&mut self, key: Fingerprint) {
        for text in self.under_way.iter_mut().filter(|text| text.sent.to == key) {
            text.answered = true;
        }
    }

    /// The other side reports that it could not read something: what was sent lately and is not known to be read is
    /// possibly lost. Once, and if nothing was heard since, it waits for a session with the same key. All else waits for a
    /// person's word: it may have been read.
    pub fn possibly_lost(&mut self, now: Timestamp) -> Losses {
        let window = self.limits.resend_window;
        let mut losses = Losses::default();
        for text in core::mem::take(&mut self.under_way) {
            let again = !text.sent.again && !text.answered && now.since(text.at) <= window;
            self.lose(text, again, &mut losses);
        }
        losses
    }

    /// Something has happened to texts under way that leaves open whether they were read, and nobody will tell: the
    /// connection broke, or the other side ended the private conversation. Those that `lost` names wait for a person's
    /// word.
    pub fn left_open(&mut self, lost: impl Fn(&Sent) -> bool) -> Losses {
        let mut losses = Losses::default();
        for text in core::mem::take(&mut self.under_way) {
            if lost(&text.sent) {
                self.lose(text, false, &mut losses);
            } else {
                self.under_way.push_back(text);
            }
        }
        losses
    }

    /// A private conversation stands with the holder of `key`: the texts that may go to it, in order.
    pub fn established(&mut self, key: Fingerprint, version: Version) -> Vec<Released> {
        let mut released = Vec::new();
        self.held.retain_mut(|held| {
            let right_key = match &held.condition {
                Condition::FirstContact => true,
                Condition::Keys(keys) => keys.contains(&key),
            };
            let right_version = held.minimum_version.is_none_or(|minimum| version >= minimum);
            if right_key && right_version {
                released.push(Released {
                    id: held.id,
                    text: core::mem::take(&mut held.text),
                    again: held.why == Why::PossiblyLost,
                });
                return false;
            }
            // The first contact has been made, with a session that may not have this text: what remains is
            // for a person to decide.
            if held.condition == Condition::FirstContact {
                held.condition = Condition::Keys(Vec::new());
            }
            true
        });
        released
    }

    /// The texts that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// Takes a text out: a person decided to send it elsewhere, or not at all.
    pub fn take(&mut self, id: u64) -> Option<Zeroizing<Vec<u8>>> {
        let position = self.held.iter().position(|held| held.id == id)?;
        self.held.remove(position).map(|held| held.text)
    }

    /// Takes what waits or is under way in another outbox of the same person. Nothing is dropped for a bound: both
    /// keep them.
    pub fn take_over(&mut self, other: Self) {
        self.held.extend(other.held);
        self.held.make_contiguous().sort_by_key(|held| held.id);
        self.under_way.extend(other.under_way);
    }

    /// One text has become two entries if it went to two devices; it waits once.
    fn lose(&mut self, text: UnderWay, again: bool, losses: &mut Losses) {
        let id = text.sent.id;
        if losses.waiting.contains(&id) || losses.left.contains(&id) {
            return;
        }
        let room = self.held.len() < self.limits.texts;
        let kept = text.text.filter(|_| room);
        let again = again && kept.is_some();
        let keys = if again { vec![text.sent.to] } else { Vec::new() };
        if again {
            losses.waiting.push(id);
        } else {
            losses.left.push(id);
        }
        // A text that is told as lost and was not kept has to be typed again.
        if let Some(words) = kept {
            self.held.push_back(Held {
                id,
                text: words,
                why: Why::PossiblyLost,
                condition: Condition::Keys(keys),
                minimum_version: Some(text.sent.version),
            });
        }
    }
}

impl Held {
    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Why it waits.
    pub fn why(&self) -> Why {
        self.why
    }

    /// Whether no session will release it: a person has to decide.
    pub fn needs_a_word(&self) -> bool {
        matches!(&self.condition, Condition::Keys(keys) if keys.is_empty())
    }
}

/// Without the text.
impl core::fmt::Debug for Released {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Released")
            .field("id", &self.id)
            .field("again", &self.again)
            .finish_non_exhaustive()
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new(OutboxLimits::default())
    }
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            texts: 64,
            text_bytes: 256 * 1024,
            resend_window: Duration::from_secs(60),
        }
    }
}

/// So many times as many texts as are kept are known to be under way.
const KNOWN_BY_NUMBER: usize = 16;
