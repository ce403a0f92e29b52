//! What the person does with one correspondent.

use im::irc::Nick;
use otr::{
    Fingerprint, InstanceTag, PrivateError, Recipient, Session, SessionState, SmpAction, StartError,
    Timestamp,
};

use crate::engine::correspondent::Run;
use crate::engine::notice::{Delivery, How, LineId, What, Words};
use crate::engine::trust::Trust;
use crate::engine::{Effect, Engine};

impl Engine {
    /// Says something to somebody, or to a channel or service, which nothing is ever encrypted to or hidden in.
    pub fn say(&mut self, nick: &Nick, words: Words, now: Timestamp) -> Vec<Effect> {
        #[cfg(feature = "deliberate-leak")]
        if self.leak
            && self
                .people
                .get(nick)
                .is_some_and(|person| person.conversation.is_private())
        {
            self.leak = false;
            self.person(nick).leak = true;
        }
        self.lines += 1;
        let (line, away) = (LineId(self.lines), self.away);
        self.with(nick, now, |person, env, effects| {
            if away && person.next_way() == Some(How::Clear) {
                return person.defer(env, line, words, effects);
            }
            person.say(env, line, words, effects);
        })
    }

    /// Asks somebody for a private conversation, or for new keys if there is one.
    pub fn start(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let asked = person.ask(env, effects);
            person.privacy_wanted |= asked && !person.is_private();
        })
    }

    /// Ends the private conversation with all devices of somebody. From then on text to them is clear: this is
    /// the person's word for it.
    pub fn end(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let ended = person
                .devices()
                .iter()
                .filter(|device| device.state != SessionState::Plaintext)
                .count();
            person.end_told_runs(env, effects);
            let outputs = person.conversation.end_all(env);
            person.runs.clear();
            person.clear_agreed = true;
            person.privacy_wanted = false;
            person.tighten();
            person.carry_out(env, outputs, effects);
            person.show(What::Ended(ended), effects);
        })
    }

    /// Ends all private conversations, as before the program ends.
    pub fn end_all(&mut self, now: Timestamp) -> Vec<Effect> {
        let private = self
            .people
            .iter()
            .filter(|(_, person)| person.conversation.is_private());
        let nicks: Vec<Nick> = private.map(|(nick, _)| nick.clone()).collect();
        nicks.iter().flat_map(|nick| self.end(nick, now)).collect()
    }

    /// The person's yes: to a stranger who asked for a private conversation, and to a key that is not the one
    /// they had verified. The key is only accepted, not verified. Whoever was shown a key names it: a yes to one key is
    /// none to another (S-33).
    pub fn accept(&mut self, nick: &Nick, shown: Option<Fingerprint>, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let proved = |session: &Session| session.fingerprint().filter(|key| !person.keys.admits(*key));
            let changed = person.private_sessions().find_map(proved);
            if shown.is_some() && shown != changed {
                return person.mistake("that key waits for no decision any more: look again", effects);
            }
            if let Some(key) = changed {
                if shown.is_none() && person.shown != Some(key) {
                    person.shown = Some(key);
                    return person.mistake(
                        format!("the key has changed again, to {key}: look again"),
                        effects,
                    );
                }
                person.keys.accept(key);
                person.conversation.prefer(key);
                person.remember_key(key, effects);
                person.show(What::KeyAccepted(key), effects);
                // A verified device that has ended its conversation would stay the one to write to.
                let devices = person.devices().into_iter();
                for device in devices.filter(|device| device.state == SessionState::Finished) {
                    let outputs = person.conversation.end(env, Recipient::Tag(device.tag));
                    person.carry_out(env, outputs, effects);
                }
                return person.send_held(env, effects);
            }
            match person.conversation.accept(env) {
                Ok(outputs) => person.carry_out(env, outputs, effects),
                Err(StartError::NothingToAccept) => person.mistake("there is nothing to accept", effects),
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Wants to compare a secret with somebody, exactly as it was written; a question makes it one-sided. It is the
    /// named device that has to know it, or else the one that texts go to.
    pub fn verify(
        &mut self,
        nick: &Nick,
        secret: &[u8],
        question: Option<&[u8]>,
        device: Option<InstanceTag>,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            person.end_told_runs(env, effects);
            if person.is_locked(now, effects) {
                return;
            }
            let device = device.or_else(|| person.facing().map(|session| session.tag()));
            let whom = device.map_or(Recipient::Best, Recipient::Tag);
            match person
                .conversation
                .smp(env, whom, SmpAction::Start { secret, question })
            {
                Ok(outputs) => {
                    person.runs.extend(device.map(|device| (device, Run::Ours)));
                    person.show(What::Comparing, effects);
                    person.carry_out(env, outputs, effects);
                }
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Answers somebody's wish to compare a secret: that of the named device, or else the one that was told last. The
    /// answer to one device's question never goes to another.
    pub fn answer(
        &mut self,
        nick: &Nick,
        secret: &[u8],
        device: Option<InstanceTag>,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            if person.is_locked(now, effects) {
                return;
            }
            let Some(device) = device.or(person.question_from) else {
                return person.mistake(PrivateError::NotAsked, effects);
            };
            match person.runs.get_mut(&device) {
                Some(Run::Theirs { answered, .. }) => *answered = true,
                _ => return person.mistake(PrivateError::NotAsked, effects),
            }
            match person
                .conversation
                .smp(env, Recipient::Tag(device), SmpAction::Answer { secret })
            {
                Ok(outputs) => person.carry_out(env, outputs, effects),
                Err(error) => person.mistake(error, effects),
            }
        })
    }

    /// Gives up comparing secrets.
    pub fn abort(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let devices: Vec<InstanceTag> = person.runs.keys().copied().collect();
            if devices.is_empty() {
                return person.mistake("no secret is being compared", effects);
            }
            for device in devices {
                person.stop_comparing(env, device, effects);
            }
            person.show(What::ComparisonEnded, effects);
        })
    }

    /// Vouches for a key of somebody, or takes it back. Without a fingerprint it is the key that the person was
    /// shown last, and only if it is still the one in use (S-33).
    pub fn set_trust(
        &mut self,
        nick: &Nick,
        fingerprint: Option<Fingerprint>,
        trusted: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            let best = person.facing().and_then(|best| best.fingerprint());
            let Some(key) = fingerprint.or(best) else {
                return person.mistake("no key of this person is in use: name the fingerprint", effects);
            };
            if fingerprint.is_none() && person.shown != Some(key) {
                person.shown = Some(key);
                return person.mistake(format!("the key has changed to {key}: look again"), effects);
            }
            if !person.keys.iter().any(|(known, _)| known == key) {
                return person.mistake("no such key of this person was ever seen", effects);
            }
            let trust = if trusted { Trust::Compared } else { Trust::Seen };
            person.set_trust(key, trust, effects);
            person.show(
                What::Trust {
                    fingerprint: key,
                    trust,
                },
                effects,
            );
        })
    }

    /// Drops the texts that wait for somebody, or one of them.
    pub fn drop_held(&mut self, nick: &Nick, which: Option<LineId>, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            let dropped = match which {
                Some(line) => usize::from(person.outbox.take(line.0).is_some()),
                None => person.drop_held(),
            };
            if dropped == 0 && which.is_some() {
                return person.mistake("no text of this number waits", effects);
            }
            person.show(What::Dropped(dropped), effects);
        })
    }

    /// Sends a text once more that may have been lost, the way a new text would go now: the person's word for it.
    pub fn send_again(&mut self, nick: &Nick, line: LineId, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, env, effects| {
            let waits = person.outbox.waiting().any(|held| held.id() == line.0);
            if !waits || !person.deliveries.is(line, Delivery::Lost) {
                return person.mistake("no text of this number is lost", effects);
            }
            if let Some(text) = person.outbox.take(line.0) {
                person.say_again(env, line, &text, effects);
            }
        })
    }

    /// Devices, keys, waiting texts.
    pub fn status(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        self.with(nick, now, |person, _, effects| {
            person.shown = person.facing().and_then(|best| best.fingerprint());
            let status = What::Status {
                devices: person.devices(),
                keys: person.keys.iter().collect(),
                waiting: person.outbox.waiting().count(),
                next: person.next_way(),
            };
            person.show(status, effects);
        })
    }
}
