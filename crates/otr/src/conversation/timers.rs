//! What time alone changes.

use crate::conversation::Conversation;
use crate::event::Output;
use crate::identity::Env;
use crate::session::Session;
use crate::session::data::Carriage;
use crate::time::Timestamp;

impl Conversation {
    /// Forgets offers, exchanges and pieces that are too old, and says an Identity message of version 4 again that another one has
    /// crossed and nothing has answered. Call it at [`Self::next_deadline`], or every
    /// minute, or never: a late call is harmless, since everything checks its own age when it is used.
    pub fn tick(&mut self, env: &mut Env<'_>) -> Vec<Output> {
        let now = self.advance(env.now).at;
        self.expire(now);
        let limit = self.policy.limits.expiry;
        let mut items = Vec::new();
        let mut carriage = Carriage {
            account: env.account,
            rng: env.rng,
            now,
            padding_bucket: self.policy.padding_bucket,
            tell_records: false,
        };
        for session in &mut self.sessions {
            session.tick(limit, &mut carriage, &mut items);
            items.extend(session.say_again(env.account, now));
        }
        self.deliver(items)
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let limits = &self.policy.limits;
        let handshakes = self.sessions.iter().flat_map(|session| session.exchanges_moved());
        let offers = self.offer.iter().map(|offer| offer.made.at);
        let offers = offers.chain(self.offer_v4.iter().map(|offer| offer.made.at));
        let channels = self
            .sessions
            .iter()
            .filter_map(|session| session.channel_deadline(limits.expiry));
        let exchanges = handshakes
            .chain(offers)
            .map(|moved| moved.plus(limits.handshake_age));
        exchanges
            .chain(channels)
            .chain(self.sessions.iter().filter_map(Session::exchange_again_at))
            .chain(self.reassembly.next_deadline(limits))
            .min()
    }

    pub(crate) fn expire(&mut self, now: Timestamp) {
        let limits = self.policy.limits;
        if self
            .offer
            .as_ref()
            .is_some_and(|offer| offer.has_expired(now, limits.handshake_age))
        {
            self.offer = None;
        }
        if self
            .offer_v4
            .as_ref()
            .is_some_and(|offer| offer.has_expired(now, limits.handshake_age))
        {
            self.offer_v4 = None;
        }
        for session in &mut self.sessions {
            session.expire_exchanges(now, limits.handshake_age);
        }
        self.own.expire(now, limits.handshake_age);
        self.reassembly.expire(now, &limits);
    }
}
