//! One correspondent: the conversation, the texts that wait, the keys.

use std::collections::BTreeMap;
use std::time::Duration;

use im::irc::{Nick, ctcp};
use otr::outbox::Outbox;
use otr::{
    Conversation, Env, Event, Fingerprint, InstanceTag, Output, Policy, Recipient, Session, SessionState,
    SmpEvent, Timestamp, Version, error_message,
};

use crate::engine::notice::{Device, How, Notice, What, Words};
use crate::engine::trust::{Keyring, Trust};
use crate::engine::{Effect, Memory};

/// Everything about one person.
pub(super) struct Correspondent {
    pub(super) nick: Nick,
    pub(super) conversation: Conversation,
    pub(super) outbox: Outbox,
    pub(super) keys: Keyring,
    /// The policy as configured; the conversation's own may be stricter.
    pub(super) policy: Policy,
    /// How many bytes of text fit one line to this person.
    pub(super) room: Option<usize>,
    /// The person ended a private conversation and so agreed to clear text, until the next one.
    pub(super) clear_agreed: bool,
    /// Comparisons of secrets that are under way, by device.
    pub(super) runs: BTreeMap<InstanceTag, Run>,
    /// When we asked for a private conversation last, while there was none.
    pub(super) asked: Option<Timestamp>,
    /// Whether the person has been told that this stranger knocks.
    knocked: bool,
    /// When the person was told last that something cannot be read, was refused, or that they report an error: one
    /// line a burst (user need N4).
    told: [Option<Timestamp>; 3],
    /// The key that the person was shown last, which is the one that a decision is about (S-33).
    pub(super) shown: Option<Fingerprint>,
    #[cfg(feature = "deliberate-leak")]
    pub(super) leak: bool,
}

/// Who began a comparison of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// We did.
    Ours,
    /// They did; with a question only they learn something by our right answer (S-34).
    Theirs { questioned: bool },
}

impl Correspondent {
    pub(super) fn new(nick: Nick, policy: Policy) -> Self {
        Self {
            nick,
            conversation: Conversation::new(policy.clone()),
            outbox: Outbox::default(),
            keys: Keyring::default(),
            policy,
            room: None,
            clear_agreed: false,
            runs: BTreeMap::new(),
            asked: None,
            knocked: false,
            told: [None; 3],
            shown: None,
            #[cfg(feature = "deliberate-leak")]
            leak: false,
        }
    }

    /// A key from the store: whoever has one is an acquaintance.
    pub(super) fn learn(&mut self, key: Fingerprint, trust: Trust) {
        self.keys.learn(key, trust);
        self.conversation.acquaint();
        self.conversation.set_trusted(key, trust.is_verified());
        self.tighten();
    }

    /// Clear text to somebody who is verified needs a person's word each time (user need N2): the core refuses
    /// it from here on, unless the person agreed to it by ending the private conversation.
    pub(super) fn tighten(&mut self) {
        let verified = self.keys.has_verified() && !self.clear_agreed;
        let require_encryption = self.policy.require_encryption || verified;
        if self.conversation.policy().require_encryption != require_encryption
            || self.conversation.policy().minimum_version != self.policy.minimum_version
        {
            self.conversation.set_policy(Policy {
                require_encryption,
                ..self.policy.clone()
            });
        }
    }

    pub(super) fn show(&self, what: What, effects: &mut Vec<Effect>) {
        effects.push(Effect::Show(Notice {
            with: self.nick.clone(),
            what,
        }));
    }

    pub(super) fn mistake(&self, words: impl ToString, effects: &mut Vec<Effect>) {
        self.show(What::Mistake(words.to_string()), effects);
    }

    /// Does what the core says, in order; texts that a new private conversation releases go last.
    pub(super) fn carry_out(&mut self, env: &mut Env<'_>, outputs: Vec<Output>, effects: &mut Vec<Effect>) {
        let mut established = Vec::new();
        for output in outputs {
            match output {
                Output::Send(text) => self.send(text, effects),
                Output::ReplyError(code) => self.send(error_message(code.words()), effects),
                Output::Event(event) => {
                    if let Event::Established {
                        session,
                        fingerprint,
                        version,
                        ..
                    }
                    | Event::Renewed {
                        session,
                        fingerprint,
                        version,
                        ..
                    } = &event
                    {
                        established.push((*session, *fingerprint, *version));
                    }
                    self.take_note(env, event, effects);
                }
            }
        }
        for (session, fingerprint, version) in established {
            self.release(env, session, fingerprint, version, effects);
        }
    }

    pub(super) fn send(&self, text: Vec<u8>, effects: &mut Vec<Effect>) {
        effects.push(Effect::Send {
            to: self.nick.clone(),
            text,
        });
    }

    fn take_note(&mut self, env: &Env<'_>, event: Event, effects: &mut Vec<Effect>) {
        let what = match event {
            Event::Text { session, text } => {
                let words = match ctcp::spoken(&text) {
                    ctcp::Spoken::Words(text) => Words::said(text),
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
                let others = !self.keys.is_empty();
                let new = self.keys.see(fingerprint);
                self.clear_agreed = false;
                let changed = changed_from.is_some() || (new && others);
                self.private(session, fingerprint, version, ssid, (false, changed), effects)
            }
            Event::Renewed {
                session,
                fingerprint,
                version,
                ssid,
            } => self.private(session, fingerprint, version, ssid, (true, false), effects),
            Event::PeerEnded { session } => {
                self.runs.remove(&session);
                What::PeerEnded {
                    remaining: self.private_sessions().count(),
                }
            }
            Event::Smp {
                session,
                fingerprint,
                event,
            } => self.compared(session, fingerprint, event, effects),
            Event::ExtraKey { usage, .. } => What::ExtraKey(usage),
            Event::Heartbeat { session } => return self.heard(session),
            // Not asked for in our policy.
            Event::Records { .. } => return,
            Event::Missed { messages, .. } => What::Missed(messages),
            Event::PeerReportsError { words } => {
                if self.begins_burst(2, env.now) {
                    self.show(What::PeerReports(words), effects);
                }
                match self.outbox.possibly_lost(env.now) {
                    0 => return,
                    lost => What::PossiblyLost(lost),
                }
            }
            Event::Unreadable { .. } if !self.begins_burst(0, env.now) => return,
            Event::Unreadable { reason } => What::Unreadable(reason),
            Event::Refused { .. } if !self.begins_burst(1, env.now) => return,
            Event::Refused { reason } => What::Refused(reason),
            Event::Knock { .. } if std::mem::replace(&mut self.knocked, true) => return,
            Event::Knock { .. } => What::Knock,
            Event::Reflected | Event::ForOtherDevice => What::NotForUs,
        };
        self.show(what, effects);
    }

    /// A private conversation stands: remember the key, and the version if the key is verified.
    fn private(
        &mut self,
        session: InstanceTag,
        fingerprint: Fingerprint,
        version: Version,
        ssid: otr::Ssid,
        (renewed, changed): (bool, bool),
        effects: &mut Vec<Effect>,
    ) -> What {
        let trust = self.keys.trust(fingerprint);
        self.runs.remove(&session);
        (self.asked, self.knocked, self.told) = (None, false, [None; 3]);
        self.shown = Some(fingerprint);
        effects.push(Effect::Remember(Memory::Key {
            nick: self.nick.clone(),
            fingerprint,
            trust,
        }));
        if trust.is_verified() {
            self.remember_version(version, effects);
        }
        self.tighten();
        let devices = self.private_sessions().count();
        let blocked = !self.keys.admits(fingerprint);
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
        session: InstanceTag,
        fingerprint: Fingerprint,
        event: SmpEvent,
        effects: &mut Vec<Effect>,
    ) -> What {
        match event {
            SmpEvent::Asked { question } => {
                self.runs.insert(
                    session,
                    Run::Theirs {
                        questioned: question.is_some(),
                    },
                );
                What::Asked(question)
            }
            SmpEvent::Succeeded => {
                let run = self.runs.remove(&session);
                let vouched = run != Some(Run::Theirs { questioned: true });
                if vouched {
                    let trust = self.keys.trust(fingerprint).max(Trust::Secret);
                    self.set_trust(fingerprint, trust, effects);
                }
                What::Same { fingerprint, vouched }
            }
            ended => {
                self.runs.remove(&session);
                match ended {
                    SmpEvent::Failed => What::Different(fingerprint),
                    SmpEvent::Cheated => What::Cheated,
                    _ => What::ComparisonEnded,
                }
            }
        }
    }

    /// Sets what the person decided about one key, here and in the store.
    pub(super) fn set_trust(&mut self, fingerprint: Fingerprint, trust: Trust, effects: &mut Vec<Effect>) {
        self.keys.learn(fingerprint, trust);
        self.conversation.set_trusted(fingerprint, trust.is_verified());
        effects.push(Effect::Remember(Memory::Key {
            nick: self.nick.clone(),
            fingerprint,
            trust,
        }));
        let spoken = |session: &Session| match session.state() {
            SessionState::Encrypted(version) if session.fingerprint() == Some(fingerprint) => Some(version),
            _ => None,
        };
        let version = self.conversation.sessions().filter_map(spoken).max();
        if let Some(version) = version.filter(|_| trust.is_verified()) {
            self.remember_version(version, effects);
        }
        self.tighten();
    }

    /// No lower version from now on: what a verified person has spoken once is not talked down (S-11).
    fn remember_version(&mut self, version: Version, effects: &mut Vec<Effect>) {
        if self.policy.minimum_version < Some(version) {
            self.policy.minimum_version = Some(version);
            effects.push(Effect::Remember(Memory::Version {
                nick: self.nick.clone(),
                version,
            }));
        }
    }

    /// How a text of this device came, and how one to it would go.
    pub(super) fn how(&self, session: InstanceTag) -> How {
        match self
            .session(session)
            .filter(|session| session.is_private())
            .and_then(Session::fingerprint)
        {
            Some(key) if self.keys.trust(key).is_verified() => How::Verified,
            Some(_) => How::Unverified,
            // A text that came in the same message as the end of the conversation.
            None => How::Unverified,
        }
    }

    pub(super) fn session(&self, tag: InstanceTag) -> Option<&Session> {
        self.conversation.session(Recipient::Tag(tag))
    }

    pub(super) fn private_sessions(&self) -> impl Iterator<Item = &Session> {
        self.conversation
            .sessions()
            .filter(|session| session.is_private())
    }

    /// Whether nothing would be lost by forgetting this person: nobody we know, nothing private, nothing waiting.
    pub(super) fn is_dispensable(&self) -> bool {
        !self.conversation.is_acquainted()
            && self.keys.is_empty()
            && self.expects_clear()
            && self.outbox.waiting().next().is_none()
    }

    /// Whether clear text is nothing unusual now.
    pub(super) fn expects_clear(&self) -> bool {
        !self.conversation.policy().require_encryption
            && self
                .conversation
                .sessions()
                .all(|session| session.state() == SessionState::Plaintext)
    }

    pub(super) fn devices(&self) -> Vec<Device> {
        let device = |session: &Session| Device {
            tag: session.tag(),
            state: session.state(),
            fingerprint: session.fingerprint(),
            trust: session
                .fingerprint()
                .map_or(Trust::Seen, |key| self.keys.trust(key)),
        };
        self.conversation.sessions().map(device).collect()
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
