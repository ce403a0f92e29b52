//! A helper for applications: texts held back, or possibly lost, until the right person can read them.
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

use crate::identity::Fingerprint;
use crate::time::Timestamp;
use crate::wire::header::Version;

/// Texts that wait, oldest first, and the last ones sent privately.
pub struct Outbox {
    held: VecDeque<Held>,
    recent: VecDeque<Sent>,
    next_id: u64,
    limits: OutboxLimits,
}

/// Bounds of an [`Outbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Texts held at once, and texts remembered as sent.
    pub texts: usize,
    /// Bytes of one text.
    pub text_bytes: usize,
    /// A text sent longer ago than this is not taken for lost.
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
    /// The holder of one of these keys.
    Keys(Vec<Fingerprint>),
}

/// A text to be sent now, to the session that was just established.
#[derive(PartialEq, Eq)]
pub struct Released {
    /// The number it was held under.
    pub id: u64,
    /// The text.
    pub text: Zeroizing<Vec<u8>>,
    /// Whether it had been sent before: the other side might read it twice.
    pub again: bool,
}

struct Sent {
    text: Zeroizing<Vec<u8>>,
    to: Fingerprint,
    version: Version,
    at: Timestamp,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(limits: OutboxLimits) -> Self {
        Self {
            held: VecDeque::new(),
            recent: VecDeque::new(),
            next_id: 1,
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
        text: Vec<u8>,
        known: &[Fingerprint],
        minimum_version: Option<Version>,
    ) -> Result<u64, Vec<u8>> {
        if self.held.len() >= self.limits.texts || text.len() > self.limits.text_bytes {
            return Err(text);
        }
        let condition = if known.is_empty() {
            Condition::FirstContact
        } else {
            Condition::Keys(known.to_vec())
        };
        Ok(self.push(
            Zeroizing::new(text),
            Why::AwaitingPrivacy,
            condition,
            minimum_version,
        ))
    }

    /// Remembers a text that was sent privately, in case it is lost.
    pub fn sent(&mut self, text: &[u8], to: Fingerprint, version: Version, now: Timestamp) {
        if text.len() > self.limits.text_bytes || self.limits.texts == 0 {
            return;
        }
        while self.recent.len() >= self.limits.texts {
            self.recent.pop_front();
        }
        self.recent.push_back(Sent {
            text: Zeroizing::new(text.to_vec()),
            to,
            version,
            at: now,
        });
    }

    /// A private text came from the holder of `key`: what was sent to it before was readable there.
    pub fn heard(&mut self, key: Fingerprint) {
        self.recent.retain(|sent| sent.to != key);
    }

    /// The other side reports that it could not read something: what was sent lately and not answered is
    /// possibly lost, and waits for a session with the same key. Returns how many texts that are.
    pub fn possibly_lost(&mut self, now: Timestamp) -> usize {
        let mut lost = 0;
        while let Some(sent) = self.recent.pop_front() {
            if now.since(sent.at) <= self.limits.resend_window && self.held.len() < self.limits.texts {
                let condition = Condition::Keys(vec![sent.to]);
                self.push(sent.text, Why::PossiblyLost, condition, Some(sent.version));
                lost += 1;
            }
        }
        lost
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

    fn push(
        &mut self,
        text: Zeroizing<Vec<u8>>,
        why: Why,
        condition: Condition,
        minimum_version: Option<Version>,
    ) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.held.push_back(Held {
            id,
            text,
            why,
            condition,
            minimum_version,
        });
        id
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
