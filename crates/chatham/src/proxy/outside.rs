//! What reaches a resident from elsewhere than a connection: things somebody has done at the control socket, and those who
//! watch there.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{broadcast, watch};

use crate::control::words;
use crate::engine::Effect;
use crate::engine::notice::{Notice, What};
use crate::present::json;

/// The side of a resident that is turned away from the network.
pub(crate) struct Outside {
    /// What the engine has said to something done here: it goes out before anything that the engine says later.
    errands: Vec<Effect>,
    wake: watch::Sender<()>,
    watchers: broadcast::Sender<Arc<Told>>,
    /// Whether a connection stands on which lines can go out.
    pub(crate) at_network: bool,
}

/// A notice as those who watch are told of it.
#[derive(Debug)]
pub(crate) struct Told {
    /// The object; it has no text of anybody.
    pub(crate) value: Value,
    /// The same in words.
    pub(crate) lines: Vec<String>,
}

impl Outside {
    pub(super) fn new() -> Self {
        Self {
            errands: Vec::new(),
            wake: watch::Sender::new(()),
            watchers: broadcast::Sender::new(MOST_UNSEEN),
            at_network: false,
        }
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

    /// Tells those who watch. What people say is not for them, and neither is what every client shows by itself.
    pub(crate) fn tell(&self, notice: &Notice) {
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

/// So many notices wait for whoever watches slowly. Those before are left out, and that is told.
const MOST_UNSEEN: usize = 256;

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
