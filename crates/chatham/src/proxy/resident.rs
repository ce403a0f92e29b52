//! What outlives a connection of the client: the engine, and what its person has not been told yet.

use std::collections::{BTreeSet, VecDeque};

use im::irc::IrcLine;

use crate::engine::Engine;
use crate::engine::notice::{Delivery, Notice, Standing, What};
use crate::proxy::outside::Outside;
use crate::proxy::words;

/// One person of the proxy, with their client or without it.
pub struct Resident {
    /// Their conversations.
    pub engine: Engine,
    /// The texts that wait, by number.
    pub(super) held: BTreeSet<u64>,
    /// Lines for the person that no client was there for.
    untold: VecDeque<String>,
    /// Words of others that no client was there for, as lines.
    unshown: VecDeque<IrcLine>,
    /// Whether there was a connection, and there is none now.
    pub(crate) away: bool,
    /// What is done and watched from elsewhere.
    pub(crate) outside: Outside,
}

impl Resident {
    /// Somebody with this engine, who has not been at the network yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            held: BTreeSet::new(),
            untold: VecDeque::new(),
            unshown: VecDeque::new(),
            away: false,
            outside: Outside::new(),
        }
    }

    /// Keeps lines until there is a client, the newest ones if there are too many.
    pub(crate) fn keep(&mut self, lines: impl IntoIterator<Item = String>) {
        self.untold.extend(lines);
        let surplus = self.untold.len().saturating_sub(MOST_UNTOLD);
        self.untold.drain(..surplus);
    }

    pub(super) fn take_untold(&mut self) -> impl Iterator<Item = String> {
        std::mem::take(&mut self.untold).into_iter()
    }

    /// Keeps words of others until there is a client, the newest ones if there are too many.
    pub(super) fn keep_unshown(&mut self, lines: impl IntoIterator<Item = IrcLine>) {
        self.unshown.extend(lines);
        let surplus = self.unshown.len().saturating_sub(MOST_UNTOLD);
        self.unshown.drain(..surplus);
    }

    pub(super) fn take_unshown(&mut self) -> impl Iterator<Item = IrcLine> {
        std::mem::take(&mut self.unshown).into_iter()
    }

    /// A text waits from now on.
    pub(super) fn holds(&mut self, line: u64) {
        self.held.insert(line);
        if self.held.len() > MOST_HELD {
            self.held.pop_first();
        }
    }

    /// What the person is told of a fact that is no words of anybody. What their client shows by itself is not told again.
    pub(super) fn told(&mut self, notice: &Notice, prefix: &str) -> Vec<String> {
        let with = &notice.with;
        match &notice.what {
            What::NotSent { line, held: true, .. } => self.holds(line.0),
            What::Sent { line, how, .. } => {
                if !self.held.remove(&line.0) {
                    return Vec::new();
                }
                let how = if how.is_private() {
                    "privately"
                } else {
                    "in the clear"
                };
                let name = crate::sanitize::nick(with.as_bytes());
                return vec![format!(
                    "*** {name}: text {}, which waited, was sent, {how}",
                    line.0
                )];
            }
            What::Delivery { delivery, .. } if *delivery != Delivery::Lost => return Vec::new(),
            What::Heard { .. } | What::Aside { .. } | What::Earlier { .. } | What::Gone | What::Absent => {
                return Vec::new();
            }
            What::Renamed(to) if self.engine.standing(to) == Standing::NotPrivate => {
                return Vec::new();
            }
            _ => {}
        }
        words::lines(notice, prefix)
    }
}

const MOST_UNTOLD: usize = 200;
/// More than the outboxes of a few hundred people keep.
const MOST_HELD: usize = 4096;
