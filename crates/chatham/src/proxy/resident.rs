//! What outlives a connection of the client: the engine, and what its person has not been told yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use im::irc::Nick;
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{Delivery, Notice, Standing, What};
use crate::engine::{Effect, Engine, Memory};
use crate::proxy::outside::Outside;
use crate::proxy::words;
use crate::proxy::xmpp::{Company, Wish};

/// One person of the proxy, with their client or without it.
pub struct Resident {
    /// Their conversations.
    pub engine: Engine,
    /// The texts that wait, by number.
    pub(super) held: BTreeSet<u64>,
    /// How an XMPP client wanted texts to go that wait, by the same number.
    pub(super) wishes: BTreeMap<u64, Wish>,
    /// Lines for the person that no client was there for.
    untold: VecDeque<String>,
    /// Words of others that no client was there for, as a client of this network is shown them.
    unshown: VecDeque<Zeroizing<Vec<u8>>>,
    /// So many of them were not kept.
    left_out: usize,
    /// Whether there was a connection, and there is none now.
    pub(crate) away: bool,
    /// What is done and watched from elsewhere.
    pub(crate) outside: Outside,
    /// Their clients, where several can be connected.
    pub(super) company: Company,
}

impl Resident {
    /// Somebody with this engine, who has not been at the network yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            held: BTreeSet::new(),
            wishes: BTreeMap::new(),
            untold: VecDeque::new(),
            unshown: VecDeque::new(),
            left_out: 0,
            away: false,
            outside: Outside::new(),
            company: Company::default(),
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
    pub(super) fn keep_unshown(&mut self, words: impl IntoIterator<Item = Zeroizing<Vec<u8>>>) {
        self.unshown.extend(words);
        let surplus = self.unshown.len().saturating_sub(MOST_UNTOLD);
        self.left_out += surplus;
        self.unshown.drain(..surplus);
    }

    /// How many words of others were not kept, if any were not.
    pub(super) fn take_left_out(&mut self) -> Option<usize> {
        let count = std::mem::take(&mut self.left_out);
        (count > 0).then_some(count)
    }

    pub(super) fn take_unshown(&mut self) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
        std::mem::take(&mut self.unshown).into_iter()
    }

    /// The connection is gone, and these messages have certainly not been sent. There is nobody to show anything any more:
    /// what the person has to know is kept for the next client. Gives back what is to be stored.
    pub(super) fn lose(
        &mut self,
        unsent: impl Iterator<Item = (Nick, Vec<u8>)>,
        deed_text: impl Fn(&[u8]) -> Vec<u8>,
        prefix: &str,
        now: Timestamp,
    ) -> Vec<Memory> {
        self.outside.set_at_network(false);
        self.outside.queued = 0;
        let mut effects = Vec::new();
        for (to, text) in unsent {
            effects.extend(self.engine.not_sent(&to, &text, now));
        }
        for errand in self.outside.take() {
            effects.extend(match errand {
                Effect::Send { to, text } => self.engine.not_sent(&to, &text, now),
                Effect::Deed { to, deed } => self.engine.not_sent(&to, &deed_text(&deed), now),
                told @ (Effect::Show(_) | Effect::Remember(_)) => vec![told],
            });
        }
        effects.extend(self.engine.connection_lost(now));
        self.away = true;
        let mut memories = Vec::new();
        for effect in effects {
            match effect {
                Effect::Remember(memory) => memories.push(memory),
                Effect::Show(notice) => {
                    self.outside.tell(&notice);
                    let lines = self.told(&notice, prefix);
                    self.keep(lines);
                }
                // Nothing is said while there is no connection.
                Effect::Send { .. } | Effect::Deed { .. } => {}
            }
        }
        memories
    }

    /// Whether so much waits for the network that whoever says something elsewhere has to wait as well.
    pub(crate) fn is_crowded(&self) -> bool {
        self.outside.is_crowded() || self.company.is_crowded()
    }

    /// What the person is told when a client of theirs is there. The proxy is `me` to them.
    pub(super) fn greeting(&self, prefix: &str, me: &str) -> String {
        let key = self.own_key();
        format!(
            "your conversations with everybody who speaks OTR can be private. Your key is {key}. \"{prefix} help\" tells \
             what you can do, typed to a person, or \"help\" to {me}."
        )
    }

    /// The person's own fingerprints.
    pub(super) fn own_key(&self) -> String {
        let account = self.engine.account();
        let (newest, older) = (account.newest_fingerprint(), account.fingerprint());
        if newest == older {
            older.to_string()
        } else {
            format!("{newest} in version 4, and {older} in older ones")
        }
    }

    /// A text waits from now on.
    pub(super) fn holds(&mut self, line: u64) {
        self.held.insert(line);
        if self.held.len() > MOST_HELD {
            self.held.pop_first();
        }
    }

    /// What the person is told of a fact that is no words of anybody. What their client shows by itself is not told again.
    pub(crate) fn told(&mut self, notice: &Notice, prefix: &str) -> Vec<String> {
        let with = &notice.with;
        match &notice.what {
            What::NotSent { line, held: true, .. } => self.holds(line.0),
            What::Sent { line, words, how, .. } if self.outside.was_said(*line) => {
                self.held.remove(&line.0);
                return words::said_elsewhere(with.as_bytes(), words, *how);
            }
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
