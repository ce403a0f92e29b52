//! The person's conversations, wherever the engine is: in this program, or in a proxy that runs.

use std::future::Future;

use im::irc::{CaseMapping, Nick};
use otr::{Fingerprint, Version};

use crate::chat::action::Action;
use crate::chat::remark::Remark;
use crate::engine::notice::{Comparison, Notice, PersonSummary};
use crate::seat::Network;

/// Something for the person.
#[derive(Debug)]
pub(crate) enum Report {
    /// What the engine says.
    Notice(Notice),
    /// What the program says.
    Remark(Remark),
    /// What happens to the connection.
    Network(Network),
}

/// What stands behind a client.
pub(crate) trait Conversations {
    /// Waits for something to tell. `None` when the connection is gone for good and all was told. Nothing is lost if the
    /// wait is given up.
    fn next(&mut self) -> impl Future<Output = Option<Vec<Report>>>;

    /// Does what the person wants, with somebody where it is about somebody.
    fn obey(&mut self, to: Option<&Nick>, action: Action) -> Vec<Report>;

    /// How the network folds names.
    fn mapping(&mut self) -> CaseMapping;

    /// The person's own keys, that of the newest version first.
    fn own_keys(&mut self) -> Vec<Fingerprint>;

    /// How things stand with somebody, and what can be compared with them.
    fn known(&mut self, nick: &Nick) -> Option<(PersonSummary, Option<Comparison>)>;

    /// Whether texts wait for room, which does not take long.
    fn is_busy(&self) -> bool;

    /// Whether the conversations go on when the person leaves.
    fn outlives_us(&self) -> bool;

    /// How many texts would be gone if the person left.
    fn lost_by_leaving(&mut self) -> usize;

    /// Lets go.
    fn leave(self) -> impl Future<Output = Vec<Report>>;
}

/// The key of ours that somebody sees who speaks this version; that of the newest if none is spoken.
pub(crate) fn key_in(keys: &[Fingerprint], version: Option<Version>) -> Option<Fingerprint> {
    let fits =
        |key: &&Fingerprint| version.is_some_and(|version| (version == Version::V4) == key.v4().is_some());
    keys.iter().find(fits).or_else(|| keys.first()).copied()
}
