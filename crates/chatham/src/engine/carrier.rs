//! What a broken connection means for the conversations: nothing is forgotten, and nothing is said twice.

use std::time::Duration;

use im::irc::Nick;
use im::irc::ctcp::{self, Ctcp};
use otr::outbox::Why;
use otr::{Env, Reject, SessionState, Timestamp};

use crate::engine::correspondent::Correspondent;
use crate::engine::notice::{Delivery, What};
use crate::engine::{Effect, Engine};

impl Engine {
    /// The connection is gone. Sessions stay as they are: the other side may not have noticed. Of the texts that were
    /// on their way and not given back by [`Self::not_sent`], nobody will tell whether they arrived.
    pub fn connection_lost(&mut self, _now: Timestamp) -> Vec<Effect> {
        self.away = true;
        let mut effects = Vec::new();
        for person in self.people.values_mut() {
            person.left_open(|_| true, &mut effects);
        }
        effects
    }

    /// Somebody has left the network. What they had not answered may not have arrived.
    pub fn gone(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        if !self.people.contains_key(nick) {
            return Vec::new();
        }
        self.with(nick, now, |person, _, effects| {
            person.show(What::Gone, effects);
            person.left_open(|_| true, effects);
        })
    }

    /// The server knows nobody of this name. What they had not answered has not arrived, or not all of it; the same holds
    /// for somebody who had the name when it was sent.
    pub fn absent(&mut self, nick: &Nick, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.people.contains_key(nick) {
            effects = self.with(nick, now, |person, _, effects| {
                person.show(What::Absent, effects);
                person.left_open(|_| true, effects);
                person.reached_nobody(now, effects);
            });
        }
        for person in self.people.values_mut() {
            if person.former.contains(nick) {
                person.left_open(|_| true, &mut effects);
            }
        }
        effects
    }

    /// This message, as it was given out for sending, has certainly not been sent. It goes out when the connection
    /// stands again. Nothing is to be sent before.
    pub fn not_sent(&mut self, nick: &Nick, text: &[u8], now: Timestamp) -> Vec<Effect> {
        let kept = self.unsent.len() < MOST_UNSENT;
        if kept {
            self.unsent.push((nick.clone(), text.to_vec()));
        }
        self.with(nick, now, |person, _, effects| {
            let line = person.deliveries.line_of(text);
            match line {
                Some(line) if kept => person.turn(line, Delivery::Held, effects),
                // What is dropped here is not dropped in silence, be it the beginning of a text or a later piece.
                Some(line) => person.turn(line, Delivery::Lost, effects),
                None if kept => {}
                None => person.left_open(|_| true, effects),
            }
        })
    }

    /// The connection stands again, and the rooms of messages are to be told anew before this. One exchange of
    /// keys with everybody who was private makes sure that both sides can read each other, and lets the other side know
    /// that what it said meanwhile did not arrive.
    pub fn connection_restored(&mut self, now: Timestamp) -> Vec<Effect> {
        self.away = false;
        let mut effects = Vec::new();
        for (to, text) in std::mem::take(&mut self.unsent) {
            if let Some(person) = self.people.get_mut(&to)
                && let Some(line) = person.deliveries.line_of(&text)
            {
                person.turn(line, Delivery::Sent, &mut effects);
            }
            effects.push(match ctcp::classify(&text) {
                Ctcp::Action(deed) => Effect::Deed {
                    to,
                    deed: deed.to_vec(),
                },
                Ctcp::Text(_) | Ctcp::Other { .. } => Effect::Send { to, text },
            });
        }
        let private = self.people.iter().filter(|(_, person)| person.is_private());
        let private: Vec<Nick> = private.map(|(nick, _)| nick.clone()).collect();
        for nick in private {
            effects.extend(self.with(&nick, now, |person, env, effects| {
                person.owes_keys = true;
                person.ask(env, effects);
            }));
        }
        let waits = self
            .people
            .iter()
            .filter(|(_, person)| !person.deferred.is_empty());
        let waits: Vec<Nick> = waits.map(|(nick, _)| nick.clone()).collect();
        for nick in waits {
            effects.extend(self.with(&nick, now, |person, env, effects| {
                person.say_deferred(env, effects)
            }));
        }
        effects
    }
}

impl Correspondent {
    /// A private message of theirs could not be read: one of us has lost the keys. Most programs ask for new ones when they
    /// are told; if nobody does for a moment, we ask, if we know each other and nobody has ended the conversation, and not
    /// again before a while has gone by: what answers this may be as unreadable (user needs N1, N4).
    pub(super) fn plan_healing(&mut self, now: Timestamp, reason: Reject) {
        let lost_keys = matches!(
            reason,
            Reject::NotPrivate | Reject::UnknownKey | Reject::BadAuthenticator
        );
        let known = self.conversation.is_acquainted() && !self.keys.is_empty();
        let lately = self.healed.is_some_and(|healed| now.since(healed) < HEALING);
        if lost_keys && known && !self.is_over() && !lately && self.policy.error_starts {
            self.heal_at.get_or_insert_with(|| now.plus(MOMENT));
        }
    }

    /// Asks for new keys if it is time, and nobody has.
    pub(super) fn heal(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) {
        if self.heal_at.take_if(|at| *at <= env.now).is_some() && !self.is_over() {
            self.healed = Some(env.now);
            self.ask(env, effects);
        }
    }

    /// Texts wait for a private conversation with somebody whom we know, and the question for it may go nowhere.
    pub(super) fn plan_reminder(&mut self, now: Timestamp) {
        if !self.keys.is_empty() {
            self.reminder.get_or_insert_with(|| Reminder {
                at: now.plus(REMINDER),
                times: 0,
            });
        }
    }

    /// Asks once more, a few times and less and less often, while texts wait for it.
    pub(super) fn remind(&mut self, env: &mut Env<'_>, away: bool, effects: &mut Vec<Effect>) {
        let Some(due) = self.reminder.take_if(|reminder| reminder.at <= env.now) else {
            return;
        };
        let waits = self
            .outbox
            .waiting()
            .any(|held| held.why() == Why::AwaitingPrivacy);
        if !waits || self.is_private() || self.is_over() || !self.conversation.policy().is_on() {
            return;
        }
        let times = if away { due.times } else { due.times + 1 };
        if times < MOST_REMINDERS {
            let at = env.now.plus(REMINDER * 4_u32.pow(times));
            self.reminder = Some(Reminder { at, times });
        }
        if !away && !self.is_asking(env.now) {
            self.ask(env, effects);
        }
    }

    /// Whether somebody has ended the conversation and nobody has begun another.
    fn is_over(&self) -> bool {
        let finished = |session: &otr::Session| session.state() == SessionState::Finished;
        self.clear_agreed || self.conversation.sessions().any(finished)
    }

    /// Asks once more if new keys were due after a break and never came: the question may have gone nowhere.
    pub(super) fn pay_debts(&mut self, env: &mut Env<'_>, effects: &mut Vec<Effect>) {
        if self.owes_keys && !self.is_asking(env.now) && self.is_private() {
            self.ask(env, effects);
        }
    }
}

/// So long the other side may take to ask for new keys by itself.
const MOMENT: Duration = Duration::from_secs(5);
/// A question for a private conversation that is to be repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reminder {
    pub(super) at: Timestamp,
    /// How often it was repeated.
    times: u32,
}

/// After so long without an answer we ask again, and after four times as long each time.
const REMINDER: Duration = Duration::from_secs(60);
/// Who does not answer then does not want to, or is not there.
const MOST_REMINDERS: u32 = 3;
/// The pause between two exchanges that unreadable messages ask for.
const HEALING: Duration = Duration::from_secs(60);
/// More lines than a link's queue and the backlog before it hold in use.
const MOST_UNSENT: usize = 16_384;
