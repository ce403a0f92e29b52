//! Comparisons of secrets are guesses: how many of them may fail.

use std::time::Duration;

use otr::{Env, InstanceTag, Recipient, Session, SmpAction, Timestamp};

use crate::engine::correspondent::Correspondent;
use crate::engine::notice::What;
use crate::engine::{Effect, Memory};

impl Correspondent {
    /// Until when no secret can be compared, if three comparisons have failed within a day.
    pub(super) fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let lately = self.failures.iter().filter(|at| now.since(**at) < DAY);
        let mut lately: Vec<Timestamp> = lately.copied().collect();
        lately.sort_unstable();
        let first = lately.len().checked_sub(MOST_FAILURES)?;
        lately.get(first).map(|at| at.plus(DAY))
    }

    /// What the store knows.
    pub(super) fn learn_failure(&mut self, at: Timestamp) {
        self.failures.push_back(at);
        self.failures.make_contiguous().sort_unstable();
        while self.failures.len() > MOST_FAILURES {
            self.failures.pop_front();
        }
    }

    pub(super) fn comparison_failed(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.learn_failure(now);
        effects.push(Effect::Remember(Memory::ComparisonFailed {
            nick: self.nick.clone(),
            at: now,
        }));
    }

    /// Ends the runs of which the other side can tell the result already and we cannot: whoever waits there has guessed.
    pub(super) fn end_told_runs(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) {
        let told = |session: &&Session| session.smp_has_told();
        let devices: Vec<InstanceTag> = self.private_sessions().filter(told).map(Session::tag).collect();
        for device in devices {
            self.stop_comparing(env, device, effects);
        }
    }

    /// Refuses to go on if there were too many failures. Whether that is so.
    pub(super) fn is_locked(&self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let until = self.locked_until(now);
        if let Some(until) = until {
            self.show(What::VerifyLocked { until }, effects);
        }
        until.is_some()
    }

    /// Ends a run with one device, if there is one.
    pub(super) fn stop_comparing(
        &mut self,
        env: &mut Env<'_>,
        device: InstanceTag,
        effects: &mut Vec<Effect>,
    ) {
        if self.session(device).is_some_and(Session::smp_has_told) {
            self.comparison_failed(env.now, effects);
        }
        self.runs.remove(&device);
        let whom = Recipient::Tag(device);
        match self.conversation.smp(env, whom, SmpAction::Abort) {
            Ok(outputs) => self.carry_out(env, outputs, effects),
            Err(error) => self.mistake(error, effects),
        }
    }
}

/// So many comparisons may fail within a day.
const MOST_FAILURES: usize = 3;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
