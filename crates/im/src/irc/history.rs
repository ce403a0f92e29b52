//! Which words are old: said before this connection began, and played back by a bouncer or a server.
//!
//! A program that answers old words answers nobody, or somebody who has long been talking to another of our programs.
//! So the application has to know (user need N22). Three signs are known: a batch of a play-back's type, a time
//! before the connection began, and the brackets and stamps of a ZNC towards clients that know neither.

use std::collections::BTreeMap;
use std::time::Duration;

use super::casemap::CaseMapping;
use super::message::Message;
use super::server_time;

/// What is known about the time of one connection.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The time by the caller's clock.
    now: Option<Duration>,
    /// The latest time that the server named before it let us in.
    told: Option<Duration>,
    /// When the connection began, by the server's clock if it told us, else by the caller's.
    began: Option<Duration>,
    batches: BTreeMap<Vec<u8>, BatchKind>,
    /// Folded targets whose play-back a ZNC has announced and not ended.
    brackets: Vec<Vec<u8>>,
}

/// What the lines of a batch have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BatchKind {
    PlayBack,
    Netsplit,
    Other,
}

impl History {
    /// The caller says what time it is.
    pub(super) fn tell_time(&mut self, now: Duration) {
        self.now = Some(now);
    }

    /// A line of the server that comes before the welcome, or is it.
    pub(super) fn hear_early(&mut self, message: &Message<'_>) {
        self.told = self.told.max(time_of(message));
    }

    /// The server lets us in: what was said clearly before is old. A bouncer repeats the welcome that it got itself, with
    /// the time of that day, so the latest of all times until here counts.
    pub(super) fn begin(&mut self) {
        self.began = self.told.or(self.now);
    }

    /// Takes `BATCH +reference type …` and `BATCH -reference`.
    pub(super) fn receive_batch(&mut self, message: &Message<'_>) {
        let (sign, reference) = match message.param(0).split_first() {
            Some((&sign, reference)) => (sign, reference.to_vec()),
            None => return,
        };
        match sign {
            b'-' => {
                self.batches.remove(&reference);
            }
            b'+' if self.batches.len() < MOST_BATCHES => {
                let inherited = self.batch_of(message).filter(|kind| *kind != BatchKind::Other);
                let kind = inherited.unwrap_or_else(|| match message.param(1) {
                    b"chathistory" | b"znc.in/playback" | b"draft/chathistory" => BatchKind::PlayBack,
                    b"netsplit" => BatchKind::Netsplit,
                    _ => BatchKind::Other,
                });
                self.batches.insert(reference, kind);
            }
            _ => {}
        }
    }

    /// Takes the notes that a ZNC puts around a play-back; true if this was one.
    pub(super) fn receive_bracket(&mut self, message: &Message<'_>, mapping: CaseMapping) -> bool {
        let of_znc = message.source.is_some_and(|source| {
            source.name == b"***" && source.user == Some(b"znc") && source.host == Some(b"znc.in")
        });
        if !of_znc {
            return false;
        }
        let target = mapping.fold(message.param(0));
        if message.param(1).starts_with(b"Buffer Playback") {
            if self.brackets.len() < MOST_BRACKETS {
                self.brackets.push(target);
            }
        } else if message.param(1).starts_with(b"Playback Complete") {
            self.brackets.retain(|open| *open != target);
        } else {
            return false;
        }
        true
    }

    /// Something that is said after all play-back came: brackets that were left open are closed.
    pub(super) fn is_live(&mut self) {
        self.brackets.clear();
    }

    /// Whether a PRIVMSG or NOTICE is old.
    pub(super) fn is_old(&self, message: &Message<'_>, mapping: CaseMapping, bouncer: bool) -> bool {
        if self.batch_of(message) == Some(BatchKind::PlayBack) {
            return true;
        }
        match (time_of(message), self.began) {
            (Some(said), Some(began)) if said.saturating_add(BOUND) < began => return true,
            (Some(_), _) => {}
            (None, _) if bouncer && is_stamped(message.param(1)) => return true,
            (None, _) => {}
        }
        let target = mapping.fold(message.param(0));
        self.brackets.contains(&target)
    }

    /// Whether a QUIT belongs to a netsplit, by its batch.
    pub(super) fn is_netsplit(&self, message: &Message<'_>) -> bool {
        self.batch_of(message) == Some(BatchKind::Netsplit)
    }

    /// The kind of the batch that a line belongs to. A batch that we know nothing of counts as play-back: it may be
    /// one that was not noted because too many were open.
    fn batch_of(&self, message: &Message<'_>) -> Option<BatchKind> {
        let reference = message.tag("batch")?;
        Some(
            self.batches
                .get(&reference)
                .copied()
                .unwrap_or(BatchKind::PlayBack),
        )
    }
}

/// The time tag of a line.
pub(super) fn time_of(message: &Message<'_>) -> Option<Duration> {
    server_time::parse(&message.tag("time")?)
}

/// Whether a text begins with `[hh:mm:ss] `, as ZNC writes before old words to clients without server-time.
fn is_stamped(text: &[u8]) -> bool {
    let Some((stamp, _)) = text.split_first_chunk::<11>() else {
        return false;
    };
    stamp.iter().zip(b"[00:00:00] ").all(|(have, want)| match want {
        b'0' => have.is_ascii_digit(),
        _ => have == want,
    })
}

/// Clocks differ, and lines take time: so much earlier than the beginning is still not old.
const BOUND: Duration = Duration::from_secs(30);
/// More batches than that are never open at a time.
const MOST_BATCHES: usize = 64;
const MOST_BRACKETS: usize = 64;
