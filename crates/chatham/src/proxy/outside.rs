//! What reaches a resident from elsewhere than a connection: things somebody has done at the control socket, those who
//! watch there, and those who take part.

use std::collections::BTreeSet;
use std::sync::Arc;

use im::irc::Nick;
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use crate::control::{Wiped, words};
use crate::engine::Effect;
use crate::engine::notice::{LineId, Notice, What};
use crate::present::json;

/// The side of a resident that is turned away from the network.
pub(crate) struct Outside {
    /// What the engine has said to something done here: it goes out before anything that the engine says later.
    errands: Vec<Effect>,
    wake: watch::Sender<()>,
    watchers: broadcast::Sender<Arc<Told>>,
    partakers: broadcast::Sender<Arc<Happening>>,
    /// Whether a connection stands on which lines can go out.
    at_network: bool,
    /// Texts that were said here and are not on their way yet, by number.
    said: BTreeSet<u64>,
    /// How many messages the connection has in its queue.
    pub(super) queued: usize,
    /// How many bytes fit a message to a name without letters, where the network has such a limit.
    pub(crate) room: Option<usize>,
}

/// A notice as those who watch are told of it.
#[derive(Debug)]
pub(crate) struct Told {
    /// The object; it has no text of anybody.
    pub(crate) value: Value,
    /// The same in words.
    pub(crate) lines: Vec<String>,
}

/// What those are told who take part.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A notice, with every word.
    Notice {
        /// About whom.
        with: Nick,
        /// Their name from now on, if they have another one.
        renamed: Option<Nick>,
        /// The object.
        value: Wiped,
    },
    /// The network was left or reached, or calls us by another name.
    Network,
}

impl Outside {
    pub(super) fn new() -> Self {
        Self {
            errands: Vec::new(),
            wake: watch::Sender::new(()),
            watchers: broadcast::Sender::new(MOST_UNSEEN),
            partakers: broadcast::Sender::new(MOST_UNHEARD),
            at_network: false,
            said: BTreeSet::new(),
            queued: 0,
            room: None,
        }
    }

    /// Whether a connection stands on which lines can go out.
    pub(crate) fn is_at_network(&self) -> bool {
        self.at_network
    }

    /// A connection stands from now on, or none does any more.
    pub(super) fn set_at_network(&mut self, at_network: bool) {
        self.at_network = at_network;
        self.network_changed();
    }

    /// What the network knows of us has changed.
    pub(super) fn network_changed(&self) {
        self.tell_partakers(|| Happening::Network);
    }

    /// Whether as much waits as a connection takes.
    pub(super) fn is_crowded(&self) -> bool {
        self.errands.len() + self.queued >= MOST_QUEUED
    }

    /// A text was said here, so that no client shows it by itself.
    pub(crate) fn said(&mut self, line: LineId) {
        self.said.insert(line.0);
        if self.said.len() > MOST_SAID {
            self.said.pop_first();
        }
    }

    /// Whether a text was said here; that is told once.
    pub(super) fn was_said(&mut self, line: LineId) -> bool {
        self.said.remove(&line.0)
    }

    /// Leaves something to a connection, which is woken for it.
    pub(crate) fn leave(&mut self, effect: Effect) {
        self.errands.push(effect);
        self.rouse();
    }

    /// Makes every connection look whether something was left for it.
    pub(super) fn rouse(&self) {
        self.wake.send_replace(());
    }

    /// Everything that was left here. Whoever carries out effects of the engine takes these first: they are older.
    pub(super) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.errands)
    }

    /// What is told when something is left here; what was left already counts.
    pub(super) fn wake(&self) -> watch::Receiver<()> {
        let mut wake = self.wake.subscribe();
        wake.mark_changed();
        wake
    }

    /// Watches from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Told>> {
        self.watchers.subscribe()
    }

    /// Takes part from now on.
    pub(crate) fn take_part(&self) -> broadcast::Receiver<Arc<Happening>> {
        self.partakers.subscribe()
    }

    fn tell_partakers(&self, happening: impl FnOnce() -> Happening) {
        if self.partakers.receiver_count() > 0 {
            // They may be leaving.
            let _told = self.partakers.send(Arc::new(happening()));
        }
    }

    /// Tells those who watch and those who take part. What people say is for the second alone; what somebody has asked for
    /// is for neither.
    pub(crate) fn tell(&self, notice: &Notice) {
        if !is_answer(&notice.what) {
            self.tell_partakers(|| Happening::Notice {
                with: notice.with.clone(),
                renamed: match &notice.what {
                    What::Renamed(to) => Some(to.clone()),
                    _ => None,
                },
                value: json::value(notice).into(),
            });
        }
        if self.watchers.receiver_count() == 0 {
            return;
        }
        let lines = match &notice.what {
            What::Aside { .. } | What::Earlier { .. } | What::Waiting(_) => return,
            What::Heard { .. } | What::Sent { .. } => Vec::new(),
            _ => words::lines(notice),
        };
        let mut value = json::value(notice);
        if let Value::Object(fields) = &mut value {
            fields.remove("text");
        }
        // Nobody may watch any more.
        let _told = self.watchers.send(Arc::new(Told { value, lines }));
    }
}

/// Whether it answers a question, so that nobody wants to hear it who has not asked.
pub(crate) fn is_answer(what: &What) -> bool {
    matches!(
        what,
        What::Status { .. }
            | What::Compare(_)
            | What::Waiting(_)
            | What::Mistake(_)
            | What::VerifyLocked { .. }
    )
}

/// So many notices wait for whoever watches slowly. Those before are left out, and that is told.
const MOST_UNSEEN: usize = 256;
/// The same of words for whoever takes part: more than come at once when a connection is back.
const MOST_UNHEARD: usize = 2048;
/// More than the outboxes of a few hundred people keep.
const MOST_SAID: usize = 4096;
/// With so many messages waiting nothing more is taken. A connection that is not there has none.
const MOST_QUEUED: usize = 512;

#[cfg(test)]
mod tests {
    use im::irc::{CaseMapping, Nick};

    use super::*;
    use crate::engine::notice::{How, LineId, Words};

    #[test]
    fn those_who_watch_learn_that_something_was_said_and_not_what() {
        let outside = Outside::new();
        let mut watch = outside.watch();
        for what in [
            What::Heard {
                words: Words::said("hush"),
                how: How::Verified,
                alarming: false,
                device: otr::InstanceTag::ZERO,
            },
            What::Sent {
                line: LineId(1),
                words: Words::said("hush"),
                how: How::Verified,
                lines: 1,
                devices: 1,
                again: false,
            },
        ] {
            let with = Nick::new("bob", CaseMapping::Rfc1459);
            outside.tell(&Notice { with, what });
            let told = watch.try_recv().unwrap();
            assert!(!format!("{told:?}").contains("hush"), "{told:?}");
            assert_eq!(told.value["security"], "verified");
        }
    }
}
