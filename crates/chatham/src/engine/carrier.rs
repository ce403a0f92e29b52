//! What a broken connection means for the conversations: nothing is forgotten, and nothing is said twice.

use im::irc::Nick;
use im::irc::ctcp::{self, Ctcp};
use otr::Timestamp;

use crate::engine::{Effect, Engine};

impl Engine {
    /// The connection is gone. Sessions stay as they are: the other side may not have noticed.
    pub fn connection_lost(&mut self, _now: Timestamp) -> Vec<Effect> {
        Vec::new()
    }

    /// This message, as it was given out for sending, has certainly not been sent. It goes out when the connection
    /// stands again. Nothing is to be sent before.
    pub fn not_sent(&mut self, nick: &Nick, text: &[u8], _now: Timestamp) -> Vec<Effect> {
        if self.unsent.len() < MOST_UNSENT {
            self.unsent.push((nick.clone(), text.to_vec()));
        }
        Vec::new()
    }

    /// The connection stands again, and the rooms of messages are to be told anew before this.
    pub fn connection_restored(&mut self, _now: Timestamp) -> Vec<Effect> {
        let unsent = std::mem::take(&mut self.unsent);
        let again = |(to, text): (Nick, Vec<u8>)| match ctcp::classify(&text) {
            Ctcp::Action(deed) => Effect::Deed {
                to,
                deed: deed.to_vec(),
            },
            Ctcp::Text(_) | Ctcp::Other { .. } => Effect::Send { to, text },
        };
        unsent.into_iter().map(again).collect()
    }
}

/// More lines than a link's queue and the backlog before it hold in use.
const MOST_UNSENT: usize = 16_384;
