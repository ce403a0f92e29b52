//! What was shown here of somebody, where others share the engine and look at their own screens: a decision is about
//! that, and about nothing that was shown to others (S-33).

use std::collections::BTreeMap;

use im::irc::{CaseMapping, Nick};
use otr::Fingerprint;

use crate::chat::action::Action;
use crate::engine::notice::{Comparison, Notice, What};

/// The keys, and what was compared, by person.
#[derive(Default)]
pub(super) struct Shown(BTreeMap<Nick, Sight>);

#[derive(Default)]
struct Sight {
    key: Option<Fingerprint>,
    compared: Option<Comparison>,
}

impl Shown {
    /// This is shown now. `facing` is the key of the device that texts go to.
    pub(super) fn note(&mut self, notice: &Notice, facing: Option<Fingerprint>) {
        let (key, compared) = match &notice.what {
            What::Private { fingerprint, .. } => (Some(*fingerprint), None),
            What::Compare(comparison) => (Some(comparison.their_key), Some(*comparison)),
            What::Status { devices, .. } => {
                let there = |key: &Fingerprint| devices.iter().any(|device| device.fingerprint == Some(*key));
                (facing.filter(there), None)
            }
            What::Renamed(to) => {
                let sight = self.0.remove(&notice.with);
                self.0.remove(to);
                self.0.extend(sight.map(|sight| (to.clone(), sight)));
                return;
            }
            _ => return,
        };
        if self.0.len() >= MOST_PEOPLE && !self.0.contains_key(&notice.with) {
            // Whoever decides about one of them is told to look again.
            self.0.clear();
        }
        let sight = self.0.entry(notice.with.clone()).or_default();
        sight.key = key;
        sight.compared = compared.or(sight.compared);
    }

    /// Names what a decision is about that names nothing. `doubted` tells whether a key waits for one.
    ///
    /// # Errors
    /// What to look at first, as a sentence.
    pub(super) fn name(&self, with: &Nick, doubted: bool, action: Action) -> Result<Action, &'static str> {
        let sight = self.0.get(with);
        let key = sight.and_then(|sight| sight.key);
        let seen = key.ok_or("no key of theirs was shown here as the one in use: /status shows them all");
        match action {
            Action::Confirm(None) => match sight.and_then(|sight| sight.compared) {
                Some(compared) => Ok(Action::Confirm(Some(compared))),
                None => Err("nothing was compared yet on this screen: /verify compare"),
            },
            Action::Trust(None) => seen.map(|key| Action::Trust(Some(key))),
            Action::Distrust(None) => seen.map(|key| Action::Distrust(Some(key))),
            Action::Accept(None) if doubted => seen.map(|key| Action::Accept(Some(key))),
            action => Ok(action),
        }
    }

    /// The network folds names in another way from now on.
    pub(super) fn refold(&mut self, mapping: CaseMapping) {
        let sights = std::mem::take(&mut self.0).into_iter();
        self.0 = sights
            .map(|(nick, sight)| (nick.refold(mapping), sight))
            .collect();
    }
}

/// As many as the engine keeps in mind.
const MOST_PEOPLE: usize = 1000;
