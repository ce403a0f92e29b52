//! What a broken connection means for the conversations: nothing is forgotten, and nothing is said twice.

use im::irc::Nick;
use im::irc::ctcp::{self, Ctcp};
use otr::Timestamp;

use crate::engine::notice::Delivery;
use crate::engine::{Effect, Engine};

impl Engine {
    /// The connection is gone. Sessions stay as they are: the other side may not have noticed. Of the texts that were
    /// on their way and not given back by [`Self::not_sent`], nobody will tell whether they arrived.
    pub fn connection_lost(&mut self, _now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for person in self.people.values_mut() {
            person.shaken |= person.left_open(|_| true, &mut effects);
        }
        effects
    }

    /// This message, as it was given out for sending, has certainly not been sent. It goes out when the connection
    /// stands again. Nothing is to be sent before.
    pub fn not_sent(&mut self, nick: &Nick, text: &[u8], now: Timestamp) -> Vec<Effect> {
        if self.unsent.len() >= MOST_UNSENT {
            return Vec::new();
        }
        self.unsent.push((nick.clone(), text.to_vec()));
        self.with(nick, now, |person, _, effects| {
            if let Some(line) = person.deliveries.line_of(text) {
                person.turn(line, Delivery::Held, effects);
            }
        })
    }

    /// The connection stands again, and the rooms of messages are to be told anew before this. Where texts were lost, one
    /// exchange of keys makes sure that both sides can read each other again.
    pub fn connection_restored(&mut self, now: Timestamp) -> Vec<Effect> {
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
        let shaken = self.people.iter().filter(|(_, person)| person.shaken);
        let shaken: Vec<Nick> = shaken.map(|(nick, _)| nick.clone()).collect();
        for nick in shaken {
            effects.extend(self.with(&nick, now, |person, env, effects| {
                person.shaken = false;
                if person.private_sessions().next().is_some() {
                    person.ask(env, effects);
                }
            }));
        }
        effects
    }
}

/// More lines than a link's queue and the backlog before it hold in use.
const MOST_UNSENT: usize = 16_384;
