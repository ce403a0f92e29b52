//! Text of the person: on its way, held back, or sent again.

use std::time::Duration;

use im::irc::ctcp;
use otr::outbox::{Sent, Why};
use otr::{
    Disposition, Env, Fingerprint, InstanceTag, Output, Recipient, SendError, Session, SessionState,
    Standing, Start, Timestamp, Version, disposition,
};

use crate::engine::Effect;
use crate::engine::clear_lines::split;
use crate::engine::correspondent::Correspondent;
use crate::engine::notice::{Delivery, How, LineId, Obstacle, What, Words};

/// Where a text would go now.
enum Road {
    /// Encrypted to these devices.
    Private(Vec<InstanceTag>),
    /// Unencrypted.
    Clear,
    /// Nowhere.
    Closed(Obstacle),
}

impl Correspondent {
    /// Says something: privately to every device whose key is verified, or to the best one if none is; in the
    /// clear only if nothing private stands and nothing requires it.
    pub(super) fn say(&mut self, env: &mut Env<'_>, line: LineId, words: Words, effects: &mut Vec<Effect>) {
        self.pay_debts(env, effects);
        match self.road() {
            Road::Private(devices) => self.say_privately(env, (line, false), words, &devices, effects),
            Road::Clear => self.say_clearly(env, line, words, effects),
            Road::Closed(why) => self.hold(env, line, words, why, effects),
        }
    }

    /// Says once more what may have been lost. What was private does not become clear by it.
    pub(super) fn say_again(
        &mut self,
        env: &mut Env<'_>,
        line: LineId,
        text: &[u8],
        effects: &mut Vec<Effect>,
    ) {
        let words = unwrap_deed(text);
        match self.road() {
            Road::Private(devices) => self.say_privately(env, (line, true), words, &devices, effects),
            Road::Clear => self.hold(env, line, words, Obstacle::AwaitingPrivacy, effects),
            Road::Closed(why) => self.hold(env, line, words, why, effects),
        }
    }

    /// Keeps a text that would go in the clear until the connection stands. It is decided then whether it still may.
    pub(super) fn defer(&mut self, env: &mut Env<'_>, line: LineId, words: Words, effects: &mut Vec<Effect>) {
        self.hold(env, line, words, Obstacle::Away, effects);
        if self.outbox.waiting().any(|held| held.id() == line.0) {
            self.deferred.push(line.0);
        }
    }

    /// Says what was deferred, the way a new text would go now.
    pub(super) fn say_deferred(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) {
        for id in std::mem::take(&mut self.deferred) {
            // It may have gone out privately meanwhile, or been dropped.
            if let Some(text) = self.outbox.take(id) {
                self.say(env, LineId(id), unwrap_deed(&text), effects);
            }
        }
    }

    /// The network knows nobody of this name: what was said in the clear a moment ago was heard by nobody.
    pub(super) fn reached_nobody(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for (line, said) in std::mem::take(&mut self.said_clearly) {
            if now.since(said) <= ANSWER {
                self.turn(line, Delivery::Lost, effects);
            }
        }
    }

    fn note_clear(&mut self, line: LineId, now: Timestamp) {
        self.said_clearly.push_back((line, now));
        while self.said_clearly.len() > MOST_CLEAR {
            self.said_clearly.pop_front();
        }
    }

    /// How the next text would go; `None` if it would not.
    pub(super) fn next_way(&self) -> Option<How> {
        match self.road() {
            Road::Private(devices) => devices.first().map(|device| self.how(*device)),
            Road::Clear => Some(How::Clear),
            Road::Closed(_) => None,
        }
    }

    /// Sends what waited for this key, to the device that has just proved it.
    pub(super) fn release(
        &mut self,
        env: &mut Env<'_>,
        device: InstanceTag,
        key: Fingerprint,
        version: Version,
        effects: &mut Vec<Effect>,
    ) {
        if !self.keys.admits(key) {
            return;
        }
        for released in self.outbox.established(key, version) {
            let words = unwrap_deed(&released.text);
            let line = (LineId(released.id), released.again);
            self.say_privately(env, line, words, &[device], effects);
        }
    }

    /// The person accepts the key in use: what was held back only because of the key goes out. What may have
    /// been read by the holder of the old key does not (S-21).
    pub(super) fn send_held(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) {
        let held = self
            .outbox
            .waiting()
            .filter(|held| held.why() == Why::AwaitingPrivacy);
        let ids: Vec<u64> = held.map(|held| held.id()).collect();
        for id in ids {
            if let Some(text) = self.outbox.take(id) {
                self.say(env, LineId(id), unwrap_deed(&text), effects);
            }
        }
    }

    /// Drops what waits. How many texts that were.
    pub(super) fn drop_held(&mut self) -> usize {
        let ids: Vec<u64> = self.outbox.waiting().map(|held| held.id()).collect();
        ids.into_iter().filter_map(|id| self.outbox.take(id)).count()
    }

    fn road(&self) -> Road {
        let require = self.conversation.policy().require_encryption && self.conversation.policy().is_on();
        let standing = self
            .conversation
            .standing(Recipient::Best)
            .unwrap_or(Standing::Clear);
        match disposition(standing, require, false) {
            Disposition::Seal => self.private_road(),
            Disposition::Refuse(SendError::KeyChanged) => self.private_road(),
            Disposition::Refuse(SendError::PeerEnded) => Road::Closed(Obstacle::PeerEnded),
            Disposition::Refuse(_) => Road::Closed(Obstacle::AwaitingPrivacy),
            Disposition::Plain | Disposition::Tagged if self.privacy_wanted => Road::Closed(Obstacle::Asked),
            Disposition::Plain | Disposition::Tagged => Road::Clear,
        }
    }

    fn private_road(&self) -> Road {
        let verified = |session: &&Session| {
            session
                .fingerprint()
                .is_some_and(|key| self.keys.trust(key).is_verified() && self.keys.admits(key))
        };
        let devices: Vec<InstanceTag> = self
            .private_sessions()
            .filter(verified)
            .map(|session| session.tag())
            .collect();
        if !devices.is_empty() {
            return Road::Private(devices);
        }
        match self.facing().map(|best| (best.tag(), best.fingerprint())) {
            Some((_, Some(key))) if self.keys.is_rejected(key) => Road::Closed(Obstacle::Distrusted(key)),
            Some((_, Some(key))) if !self.keys.admits(key) => Road::Closed(Obstacle::KeyChanged(key)),
            Some((device, Some(_))) => Road::Private(vec![device]),
            _ => Road::Closed(Obstacle::AwaitingPrivacy),
        }
    }

    fn say_privately(
        &mut self,
        env: &mut Env<'_>,
        (line, again): (LineId, bool),
        words: Words,
        devices: &[InstanceTag],
        effects: &mut Vec<Effect>,
    ) {
        let text = if words.deed {
            ctcp::me(&words.text)
        } else {
            words.text.to_vec()
        };
        #[cfg(feature = "deliberate-leak")]
        if std::mem::take(&mut self.leak) {
            self.send(text.clone(), effects);
        }
        let (mut lines, mut reached) = (0, 0);
        let mut weakest = How::Verified;
        for &device in devices {
            match self.conversation.send(env, Recipient::Tag(device), &text, &[]) {
                Ok(outputs) => {
                    let messages = outputs.iter().filter_map(|output| match output {
                        Output::Send(message) => Some(message),
                        _ => None,
                    });
                    let first = messages.clone().next().cloned();
                    lines += messages.count();
                    reached += 1;
                    if self.how(device) != How::Verified {
                        weakest = How::Unverified;
                    }
                    self.note_sent(env, line, again, device, &text);
                    if let Some(first) = first.filter(|_| reached == 1) {
                        self.deliveries.begun(line, first);
                    }
                    self.carry_out(env, outputs, effects);
                }
                Err(error) => {
                    let why = Obstacle::Text(error.to_string());
                    self.show(
                        What::NotSent {
                            line,
                            words: words.clone(),
                            why,
                            held: false,
                        },
                        effects,
                    );
                }
            }
        }
        if reached > 0 {
            self.show(
                What::Sent {
                    line,
                    words,
                    how: weakest,
                    lines,
                    devices: reached,
                    again,
                },
                effects,
            );
        }
    }

    /// Remembers the text that was just sealed, until it is known to be read.
    fn note_sent(&mut self, env: &Env<'_>, line: LineId, again: bool, device: InstanceTag, text: &[u8]) {
        let sent = self.session(device).and_then(|session| {
            let SessionState::Encrypted(version) = session.state() else {
                return None;
            };
            Some(Sent {
                id: line.0,
                to: session.fingerprint()?,
                version,
                session: device,
                ssid: session.ssid()?,
                number: session.traffic()?.1.sealed,
                again,
            })
        });
        if let Some(sent) = sent {
            // A text too long to be kept is told as lost all the same if it comes to that: it has no entry, and no proof.
            self.outbox.sent(text, sent, env.now);
        }
    }

    fn say_clearly(&mut self, env: &mut Env<'_>, line: LineId, words: Words, effects: &mut Vec<Effect>) {
        let room = self.room.unwrap_or(usize::MAX);
        if words.deed {
            // The protocol has no place for an offer in a deed, so it passes the core by; the road has said
            // that nothing private stands.
            self.conversation.acquaint();
            self.note_clear(line, env.now);
            for deed in split(&words.text, room.saturating_sub(ACTION_FRAME)) {
                effects.push(Effect::Deed {
                    to: self.nick.clone(),
                    deed: deed.to_vec(),
                });
            }
            let sent = What::Sent {
                line,
                words,
                how: How::Clear,
                lines: 1,
                devices: 0,
                again: false,
            };
            return self.show(sent, effects);
        }
        let mut lines = 0;
        for piece in split(&words.text, room.saturating_sub(TAG_ROOM)) {
            match self.conversation.send(env, Recipient::Best, piece, &[]) {
                Ok(outputs) => {
                    if let Some(Output::Send(first)) = outputs.first()
                        && lines == 0
                    {
                        self.deliveries.begun(line, first.clone());
                    }
                    lines += outputs.len();
                    self.carry_out(env, outputs, effects);
                }
                Err(error) => {
                    let why = Obstacle::Text(error.to_string());
                    return self.show(
                        What::NotSent {
                            line,
                            words,
                            why,
                            held: false,
                        },
                        effects,
                    );
                }
            }
        }
        self.note_clear(line, env.now);
        self.show(
            What::Sent {
                line,
                words,
                how: How::Clear,
                lines,
                devices: 0,
                again: false,
            },
            effects,
        );
    }

    /// Keeps a text until a private conversation stands, and asks for one if nothing stands in the way.
    fn hold(
        &mut self,
        env: &mut Env<'_>,
        line: LineId,
        words: Words,
        why: Obstacle,
        effects: &mut Vec<Effect>,
    ) {
        let text = if words.deed {
            ctcp::me(&words.text)
        } else {
            words.text.to_vec()
        };
        let held = self
            .outbox
            .hold(line.0, text, &self.keys_to_wait_for(&why), self.lowest_version())
            .is_ok();
        let recently = self.is_asking(env.now);
        let waits = held && matches!(why, Obstacle::AwaitingPrivacy | Obstacle::Asked);
        let ask = waits && !recently;
        if held {
            self.turn(line, Delivery::Held, effects);
        }
        let told = What::NotSent {
            line,
            words,
            why,
            held,
        };
        self.show(told, effects);
        if ask {
            self.ask(env, effects);
        }
        if waits {
            self.plan_reminder(env.now);
        }
    }

    /// To whom a text may go later: the holder of the key it was meant for.
    fn keys_to_wait_for(&self, why: &Obstacle) -> Vec<Fingerprint> {
        let ended = match why {
            Obstacle::PeerEnded => self.facing().and_then(Session::fingerprint),
            _ => None,
        };
        match ended {
            Some(key) if self.keys.admits(key) => vec![key],
            _ => self.keys.for_waiting(),
        }
    }

    /// Asks for a private conversation. Whether that was possible.
    pub(super) fn ask(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) -> bool {
        match self.conversation.start(env, Start::Query) {
            Ok(outputs) => {
                self.asked = Some(env.now);
                self.show(What::Asking, effects);
                self.carry_out(env, outputs, effects);
                true
            }
            Err(error) => {
                self.mistake(error, effects);
                false
            }
        }
    }
}

/// A text as it is sent privately, back to words.
pub(super) fn unwrap_deed(text: &[u8]) -> Words {
    match text.strip_prefix(b"/me ") {
        Some(deed) => Words::done(deed),
        None => Words::said(text),
    }
}

/// A query without an answer is repeated after this time, if there is more to say.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// A server says within this time that it knows nobody of a name.
const ANSWER: Duration = Duration::from_secs(30);
const MOST_CLEAR: usize = 64;
/// The white-space tag with all its versions.
const TAG_ROOM: usize = 48;
/// `\x01ACTION ` and `\x01`.
const ACTION_FRAME: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_survives_waiting() {
        assert_eq!(unwrap_deed(&ctcp::me(b"waves")), Words::done(*b"waves"));
        assert_eq!(unwrap_deed(b"/mean"), Words::said(*b"/mean"));
    }
}
