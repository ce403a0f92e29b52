//! What the core tells, as facts for the person.

use std::time::Duration;

use im::irc::ctcp;
use otr::{Env, Event, Fingerprint, InstanceTag, Reject, Session, SmpEvent, Ssid, Text, Timestamp, Version};

use crate::engine::Effect;
use crate::engine::correspondent::{Correspondent, Run};
use crate::engine::notice::{How, Lower, What, Words};
use crate::engine::trust::Trust;

impl Correspondent {
    pub(super) fn take_note(&mut self, env: &mut Env<'_>, event: Event, effects: &mut Vec<Effect>) {
        let what = match event {
            Event::Text { session, text } => {
                let words = match ctcp::spoken(&text) {
                    ctcp::Spoken::Words(text) => Words::said(self.dialect.read(&text)),
                    ctcp::Spoken::Deed(deed) => Words::done(deed),
                };
                self.heard(session);
                What::Heard {
                    words,
                    how: self.how(session),
                    alarming: false,
                    device: session,
                }
            }
            Event::ClearText { text, expected } => What::Heard {
                words: Words::said(ctcp::neutralise(&text)),
                how: How::Clear,
                alarming: !expected,
                device: InstanceTag::ZERO,
            },
            Event::Established {
                session,
                fingerprint,
                version,
                ssid,
                changed_from,
            } => {
                let another = self.keys.see(fingerprint);
                self.clear_agreed = false;
                self.privacy_wanted = false;
                let changed = another || changed_from.is_some();
                self.close_accounts(session, ssid, effects);
                let spoken = self.spoken.filter(|spoken| version < *spoken);
                let what = self.private(session, fingerprint, version, ssid, (false, changed), effects);
                self.show(what, effects);
                let Some(spoken) = spoken else { return };
                What::LowerVersion {
                    version: Some(version),
                    spoken,
                    outcome: Lower::Spoken,
                }
            }
            Event::Renewed {
                session,
                fingerprint,
                version,
                ssid,
            } => {
                self.close_accounts(session, ssid, effects);
                self.private(session, fingerprint, version, ssid, (true, false), effects)
            }
            // Whether text may go to that key is decided here, and told with the conversation itself.
            Event::AnotherKey { .. } => return,
            Event::Dropped { session, .. } => {
                self.runs.remove(&session);
                return self.left_open(|sent| sent.session == session, effects);
            }
            Event::Expired { session } => {
                self.runs.remove(&session);
                self.left_open(|sent| sent.session == session, effects);
                What::Expired
            }
            Event::PeerEnded { session } => {
                self.runs.remove(&session);
                // Their last message may prove something; what it leaves open stays open.
                self.look_for_proofs(effects);
                self.left_open(|sent| sent.session == session, effects);
                What::PeerEnded {
                    remaining: self.private_sessions().count(),
                }
            }
            Event::Smp {
                session,
                fingerprint,
                event,
            } => return self.compared(env, session, fingerprint, event, effects),
            Event::ExtraKey { usage, .. } => What::ExtraKey(usage),
            Event::Heartbeat { session } => return self.heard(session),
            // Not asked for in our policy.
            Event::Records { .. } => return,
            Event::Missed { messages, .. } => What::Missed(messages),
            Event::PeerReportsError { words } => {
                if self.begins_burst(2, env.now) {
                    self.show(What::PeerReports(words), effects);
                }
                return self.unreadable_there(env.now, effects);
            }
            Event::Unreadable { .. } if !self.begins_burst(0, env.now) => return,
            Event::Unreadable { reason } => What::Unreadable(reason),
            Event::Refused { .. } if !self.begins_burst(1, env.now) => return,
            Event::Refused { reason } => match self.held_to().filter(|_| reason == Reject::VersionRefused) {
                Some(spoken) => What::LowerVersion {
                    version: None,
                    spoken,
                    outcome: Lower::Refused,
                },
                None => What::Refused(reason),
            },
            Event::LowerOffer { .. } if !self.begins_burst(3, env.now) => return,
            Event::LowerOffer { offered, proved } => What::LowerVersion {
                version: offered.best(),
                spoken: proved.best().unwrap_or(Version::V4),
                outcome: Lower::Offered,
            },
            Event::Knock { .. } if std::mem::replace(&mut self.knocked, true) => return,
            Event::Knock { .. } => What::Knock,
            Event::Reflected | Event::ForOtherDevice => What::NotForUs,
        };
        self.show(what, effects);
    }

    /// What was on its way to the keys before cannot be proved read any more; the other side may have asked for new ones
    /// because it missed something.
    fn close_accounts(&mut self, session: InstanceTag, ssid: Ssid, effects: &mut Vec<Effect>) {
        self.left_open(|sent| sent.session == session && sent.ssid != ssid, effects);
    }

    /// A private conversation stands: remember the key, and the version if the key is verified.
    fn private(
        &mut self,
        session: InstanceTag,
        fingerprint: Fingerprint,
        version: Version,
        ssid: Ssid,
        (renewed, changed): (bool, bool),
        effects: &mut Vec<Effect>,
    ) -> What {
        let trust = self.keys.trust(fingerprint);
        self.runs.remove(&session);
        (self.asked, self.knocked, self.told) = (None, false, [None; 4]);
        (self.owes_keys, self.heal_at, self.reminder) = (false, None, None);
        self.shown = Some(fingerprint);
        let blocked = !self.keys.admits(fingerprint);
        if !blocked {
            // A key that waits for a decision is not remembered: it would look familiar the next time.
            self.remember_key(fingerprint, effects);
        }
        if !blocked {
            self.spoken = self.spoken.max(Some(version));
        }
        if trust.is_verified() || !blocked && self.policy.require_encryption {
            self.remember_version(version, effects);
        }
        self.tighten();
        let devices = self.private_sessions().count();
        What::Private {
            fingerprint,
            trust,
            version,
            ssid,
            device: session,
            devices,
            renewed,
            changed,
            blocked,
        }
    }

    fn compared(
        &mut self,
        env: &mut Env<'_>,
        session: InstanceTag,
        fingerprint: Fingerprint,
        event: SmpEvent,
        effects: &mut Vec<Effect>,
    ) {
        let what = match event {
            SmpEvent::Asked { question } => {
                if let Some(until) = self.locked_until(env.now) {
                    // Every run that we answer is one guess of theirs.
                    self.stop_comparing(env, session, effects);
                    return self.show(What::VerifyLocked { until }, effects);
                }
                let questioned = question.is_some();
                let answered = false;
                self.runs.insert(session, Run::Theirs { questioned, answered });
                self.question_from = Some(session);
                let (question, device) = (question.map(Text::into_bytes), session);
                What::Asked { question, device }
            }
            SmpEvent::Succeeded => {
                let run = self.runs.remove(&session);
                let vouched = !matches!(run, Some(Run::Theirs { questioned: true, .. }));
                if vouched {
                    let trust = self.keys.trust(fingerprint).max(Trust::Secret);
                    self.set_trust(fingerprint, trust, effects);
                }
                What::Same { fingerprint, vouched }
            }
            SmpEvent::Failed => {
                self.runs.remove(&session);
                self.comparison_failed(env.now, effects);
                What::Different(fingerprint)
            }
            SmpEvent::Cheated => {
                // Only a run that our secret went into was a guess; anybody can send numbers that mean nothing.
                let run = self.runs.remove(&session);
                if matches!(run, Some(Run::Ours | Run::Theirs { answered: true, .. })) {
                    self.comparison_failed(env.now, effects);
                }
                What::Cheated
            }
            SmpEvent::Aborted { told } => {
                self.runs.remove(&session);
                if told {
                    self.comparison_failed(env.now, effects);
                }
                What::ComparisonEnded
            }
        };
        self.show(what, effects);
    }

    fn heard(&mut self, session: InstanceTag) {
        if let Some(key) = self.session(session).and_then(Session::fingerprint) {
            self.outbox.heard(key);
        }
    }

    /// Whether the last remark of this kind is long enough ago to make another.
    fn begins_burst(&mut self, kind: usize, now: Timestamp) -> bool {
        let Some(told) = self.told.get_mut(kind) else {
            return true;
        };
        let begins = told.is_none_or(|told| now.since(told) >= BURST);
        if begins {
            *told = Some(now);
        }
        begins
    }
}

/// Remarks of one kind within this time are one burst.
const BURST: Duration = Duration::from_secs(5);
