//! One correspondent: the conversation, the texts that wait, the keys.

use std::collections::{BTreeMap, VecDeque};

use im::irc::Nick;
use otr::outbox::Outbox;
use otr::{
    Conversation, Env, Event, Fingerprint, InstanceTag, Output, Policy, Recipient, Session, SessionState,
    Timestamp, Version, error_message,
};

use crate::engine::carrier::Reminder;
use crate::engine::cut_line::CutLine;
use crate::engine::delivery::Deliveries;
use crate::engine::notice::{Comparison, Device, How, LineId, Notice, Standing, What};
use crate::engine::speak::PATIENCE;
use crate::engine::trust::{Keyring, Trust};
use crate::engine::{Effect, Memory};
use crate::html::Dialect;

/// Everything about one person.
pub(super) struct Correspondent {
    pub(super) nick: Nick,
    pub(super) conversation: Conversation,
    pub(super) outbox: Outbox,
    pub(super) deliveries: Deliveries,
    pub(super) cut_line: CutLine,
    /// Whether their texts are HTML.
    pub(super) dialect: Dialect,
    pub(super) keys: Keyring,
    /// The highest version that they have proved to speak, as far as is known.
    pub(super) spoken: Option<Version>,
    /// The policy as configured; the conversation's own may be stricter.
    pub(super) policy: Policy,
    /// How many bytes of text fit one line to this person.
    pub(super) room: Option<usize>,
    /// The person ended a private conversation and so agreed to clear text, until the next one.
    pub(super) clear_agreed: bool,
    /// The person has asked for a private conversation, and none has begun since: what they say meanwhile is meant for it.
    pub(super) privacy_wanted: bool,
    /// Texts that are to go in the clear when the connection stands again, if they still may.
    pub(super) deferred: Vec<u64>,
    /// The last texts that went out in the clear, and when: what tells that they reached nobody comes soon.
    pub(super) said_clearly: VecDeque<(LineId, Timestamp)>,
    /// Comparisons of secrets that are under way, by device.
    pub(super) runs: BTreeMap<InstanceTag, Run>,
    /// Whose wish to compare a secret the person was told last.
    pub(super) question_from: Option<InstanceTag>,
    /// When we asked for a private conversation last, while there was none.
    pub(super) asked: Option<Timestamp>,
    /// Whether new keys are due since a break, which lets the other side know that we were away.
    pub(super) owes_keys: bool,
    /// The last names before this one.
    pub(super) former: VecDeque<Nick>,
    /// When to ask for new keys because a message could not be read, if nobody does.
    pub(super) heal_at: Option<Timestamp>,
    /// When we last did.
    pub(super) healed: Option<Timestamp>,
    /// When to ask once more for a private conversation that texts wait for.
    pub(super) reminder: Option<Reminder>,
    /// Whether the person has been told that this stranger knocks.
    pub(super) knocked: bool,
    /// When the person was told last that something cannot be read, was refused, that they report an error, or that they
    /// offer less than before: one line a burst (user need N4).
    pub(super) told: [Option<Timestamp>; 4],
    /// When comparisons of secrets failed, the last ones.
    pub(super) failures: VecDeque<Timestamp>,
    /// The key that the person was shown last, which is the one that a decision is about (S-33).
    pub(super) shown: Option<Fingerprint>,
    /// What the person was given to compare last.
    pub(super) compared: Option<Comparison>,
    #[cfg(feature = "deliberate-leak")]
    pub(super) leak: bool,
}

/// Who began a comparison of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// We did.
    Ours,
    /// They did; with a question only they learn something by our right answer (S-34).
    Theirs { questioned: bool, answered: bool },
}

impl Correspondent {
    pub(super) fn new(nick: Nick, policy: Policy) -> Self {
        Self {
            nick,
            conversation: Conversation::new(policy.clone()),
            outbox: Outbox::default(),
            deliveries: Deliveries::default(),
            cut_line: CutLine::default(),
            dialect: Dialect::default(),
            keys: Keyring::default(),
            spoken: None,
            policy,
            room: None,
            clear_agreed: false,
            privacy_wanted: false,
            deferred: Vec::new(),
            said_clearly: VecDeque::new(),
            runs: BTreeMap::new(),
            question_from: None,
            asked: None,
            owes_keys: false,
            former: VecDeque::new(),
            heal_at: None,
            healed: None,
            reminder: None,
            knocked: false,
            told: [None; 4],
            failures: VecDeque::new(),
            shown: None,
            compared: None,
            #[cfg(feature = "deliberate-leak")]
            leak: false,
        }
    }

    /// A key from the store: whoever has one is an acquaintance.
    pub(super) fn learn(&mut self, key: Fingerprint, trust: Trust) {
        self.keys.learn(key, trust);
        if key.v4().is_some() {
            self.spoken = self.spoken.max(Some(Version::V4));
        }
        self.conversation.acquaint();
        self.conversation.set_trusted(key, trust.is_verified());
        self.tighten();
    }

    /// Clear text to somebody who is verified needs a person's word each time (user need N2): the core refuses
    /// it from here on, unless the person agreed to it by ending the private conversation.
    pub(super) fn tighten(&mut self) {
        let verified = self.keys.has_verified() && !self.clear_agreed;
        let require_encryption = self.policy.require_encryption || verified;
        // Whoever has ended a private conversation does not want the next text to begin another; who asks for one does.
        let offers = !self.clear_agreed;
        let policy = Policy {
            minimum_version: self.lowest_version(),
            require_encryption,
            send_tag: self.policy.send_tag && offers,
            tag_starts: self.policy.tag_starts && offers,
            ..self.policy.clone()
        };
        if *self.conversation.policy() != policy {
            self.conversation.set_policy(policy);
        }
    }

    /// What is refused below: under the strict policy everything less than they have spoken before (S-11).
    pub(super) fn lowest_version(&self) -> Option<Version> {
        let spoken = self.spoken.filter(|_| self.policy.require_encryption);
        self.policy.minimum_version.max(spoken)
    }

    /// The version that they have spoken, if nothing less is accepted now: of those remembered, or of a conversation that is
    /// open.
    pub(super) fn held_to(&self) -> Option<Version> {
        let mut states = self.conversation.sessions().map(Session::state);
        self.spoken.filter(|spoken| {
            self.lowest_version() >= Some(*spoken)
                || states.any(|state| state == SessionState::Encrypted(*spoken))
        })
    }

    /// Reads one message of theirs.
    pub(super) fn read(&mut self, env: &mut Env<'_>, message: &[u8], effects: &mut Vec<Effect>) {
        if is_query(message) {
            // An exchange is on its way, and two that cross each other hinder each other.
            (self.asked, self.heal_at) = (Some(env.now), None);
        }
        if self.is_private() && is_query(message) {
            // Whoever asks for new keys in a private conversation may have missed something.
            self.left_open(|_| true, effects);
        }
        let outputs = self.conversation.receive(env, message);
        let (mut unreadable, mut spoke) = (None, false);
        for output in &outputs {
            match output {
                Output::Event(Event::Unreadable { reason }) => unreadable = Some(*reason),
                Output::Event(Event::Text { .. }) => spoke = true,
                _ => {}
            }
        }
        self.carry_out(env, outputs, effects);
        self.look_for_proofs(effects);
        if let Some(reason) = unreadable {
            self.plan_healing(env.now, reason);
        }
        if spoke {
            self.pay_debts(env, effects);
        }
    }

    /// Has another name from now on.
    pub(super) fn rename(&mut self, to: &Nick) {
        self.former
            .push_back(std::mem::replace(&mut self.nick, to.clone()));
        while self.former.len() > MOST_FORMER {
            self.former.pop_front();
        }
    }

    /// Takes what waits for, and is known about, somebody who turns out to have the same name: the texts, how far they have
    /// come, the failed comparisons, the lowest version. The keys are another matter.
    pub(super) fn take_over(&mut self, other: Self) {
        self.outbox.take_over(other.outbox);
        self.deliveries.take_over(other.deliveries);
        other.failures.into_iter().for_each(|at| self.learn_failure(at));
        let lowest = self.policy.minimum_version.max(other.policy.minimum_version);
        self.policy.minimum_version = lowest;
        self.spoken = self.spoken.max(other.spoken);
        if other.conversation.is_acquainted() {
            self.conversation.acquaint();
        }
        self.tell_core_of_trust();
    }

    /// Tells the core, too, which keys are trusted under this name.
    pub(super) fn tell_core_of_trust(&mut self) {
        for (key, trust) in self.keys.iter() {
            let trusted = trust.is_verified() && self.keys.admits(key);
            self.conversation.set_trusted(key, trusted);
        }
        self.tighten();
    }

    /// When something of this person expires next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let deadlines = [
            self.conversation.next_deadline(),
            self.cut_line.deadline(),
            self.heal_at,
            self.reminder.map(|reminder| reminder.at),
        ];
        deadlines.into_iter().flatten().min()
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
                Output::Send(text) => {
                    if is_query(&text) {
                        self.asked = Some(env.now);
                    }
                    self.send(text, effects);
                }
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

    /// Sets what the person decided about one key, here and in the store.
    pub(super) fn set_trust(&mut self, fingerprint: Fingerprint, trust: Trust, effects: &mut Vec<Effect>) {
        let waits = self.keys.is_doubted(fingerprint);
        self.keys.learn(fingerprint, trust);
        if !trust.is_verified() {
            self.keys.reject(fingerprint);
        }
        self.conversation.set_trusted(fingerprint, trust.is_verified());
        if trust.is_verified() || !waits {
            // A key that waits for a decision is not remembered: it would look familiar the next time.
            self.remember_key(fingerprint, effects);
        }
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

    pub(super) fn remember_key(&self, fingerprint: Fingerprint, effects: &mut Vec<Effect>) {
        effects.push(Effect::Remember(Memory::Key {
            nick: self.nick.clone(),
            fingerprint,
            trust: self.keys.trust(fingerprint),
        }));
    }

    /// No lower version from now on: what a verified person has spoken once is not talked down (S-11).
    pub(super) fn remember_version(&mut self, version: Version, effects: &mut Vec<Effect>) {
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

    /// The session that the next text, and the person's next word about a key, meets: the best one, or one that was heard
    /// since and whose key waits for a decision, unless the best one's key is verified.
    pub(super) fn facing(&self) -> Option<&Session> {
        let best = self.conversation.session(Recipient::Best)?;
        if best
            .fingerprint()
            .is_some_and(|key| self.keys.trust(key).is_verified())
        {
            return Some(best);
        }
        self.private_sessions()
            .filter(|session| session.last_heard() >= best.last_heard())
            .filter(|session| session.fingerprint().is_some_and(|key| !self.keys.admits(key)))
            .max_by_key(|session| session.last_heard())
            .or(Some(best))
    }

    pub(super) fn private_sessions(&self) -> impl Iterator<Item = &Session> {
        self.conversation
            .sessions()
            .filter(|session| session.is_private())
    }

    /// Whether we have asked for a private conversation just now.
    pub(super) fn is_asking(&self, now: Timestamp) -> bool {
        self.asked.is_some_and(|asked| now.since(asked) < PATIENCE)
    }

    pub(super) fn is_private(&self) -> bool {
        self.private_sessions().next().is_some()
    }

    /// Whether nothing would be lost by forgetting this person: nobody we know, nothing private, nothing waiting.
    pub(super) fn is_dispensable(&self) -> bool {
        !self.conversation.is_acquainted()
            && self.keys.is_empty()
            && self.expects_clear()
            && self.outbox.waiting().next().is_none()
    }

    /// What can truly be said of this conversation: what the next text would meet.
    pub(super) fn standing(&self) -> Standing {
        let best = self.facing();
        match best.map(|best| (best.state(), best.fingerprint())) {
            Some((SessionState::Encrypted(_), Some(key))) if self.keys.is_rejected(key) => {
                Standing::Distrusted
            }
            Some((SessionState::Encrypted(_), Some(key))) if !self.keys.admits(key) => Standing::KeyChanged,
            Some((SessionState::Encrypted(_), Some(key))) if self.keys.trust(key).is_verified() => {
                Standing::Verified
            }
            Some((SessionState::Encrypted(_), _)) => Standing::Unverified,
            Some((SessionState::Finished, _)) => Standing::Finished,
            Some((SessionState::Plaintext, _)) | None => Standing::NotPrivate,
        }
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
}

/// A text to an older name than these has long arrived, or not.
const MOST_FORMER: usize = 4;

fn is_query(message: &[u8]) -> bool {
    message.starts_with(b"?OTR?") || message.starts_with(b"?OTRv")
}
