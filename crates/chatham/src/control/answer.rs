//! What is told to whoever asks, and why something was not done.

use serde_json::Value;

use crate::control::Wiped;

/// What is told to whoever asks.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) events: Vec<Wiped>,
    /// The profile in which whoever asks takes part, if they do: what happens there they are told anyway.
    pub(super) partakes: Option<String>,
}

impl Answer {
    pub(super) fn push(&mut self, event: Value) {
        self.events.push(event.into());
    }
}

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Refusal {
    /// One word for it.
    pub(super) reason: &'static str,
    /// A sentence.
    pub(super) words: String,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, words: impl Into<String>) -> Self {
        Self {
            reason,
            words: words.into(),
        }
    }
}
