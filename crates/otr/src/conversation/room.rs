//! How many devices are kept, and which of them gives way.
//!
//! One place is kept for a key exchange: all others may be taken by private conversations, and none of those gives
//! way to anything that is not proved. When a new one is proved and there is no room for it, a session of the same
//! key gives way, since its holder alone can want that; for a trusted key also one of a key that nobody trusts and
//! that text does not go to.

use std::collections::BTreeSet;

use crate::conversation::Conversation;
use crate::event::Event;
use crate::identity::Fingerprint;
use crate::session::handshake::Room;
use crate::session::{Item, Session, SessionState};
use crate::wire::header::InstanceTag;

impl Conversation {
    /// The session of a device, made if there is room; `None` if there is none. Nobody gives way yet: it may be made for a
    /// message that turns out to be nothing. [`Self::drop_surplus`] follows when it is something.
    pub(crate) fn session_for(&mut self, tag: InstanceTag) -> Option<usize> {
        if let Some(position) = self.sessions.iter().position(|session| session.tag() == tag) {
            return Some(position);
        }
        if self.sessions.len() >= self.policy.limits.sessions {
            self.dispensable(tag)?;
        }
        self.sessions.push(Session::new(tag, self.clock.at));
        Some(self.sessions.len() - 1)
    }

    /// Drops what has to give way for the session of this device, which is to stay.
    pub(crate) fn drop_surplus(&mut self, tag: InstanceTag) {
        while self.sessions.len() > self.policy.limits.sessions
            && let Some(position) = self.dispensable(tag)
        {
            self.sessions.remove(position);
        }
    }

    /// Whose private conversation may begin at this tag.
    pub(crate) fn room(&self, tag: InstanceTag) -> Room {
        let here = self.sessions.iter().find(|session| session.tag() == tag);
        let replaces = here.is_some_and(|session| session.fingerprint().is_some());
        if replaces || self.standing_sessions().count() < self.most_standing() {
            return Room::Free;
        }
        let lesser = self
            .standing_sessions()
            .filter_map(|session| Some((session.state(), self.lesser(session)?)));
        let mut keys: BTreeSet<Fingerprint> = self
            .standing_sessions()
            .filter_map(Session::fingerprint)
            .collect();
        for (state, _) in lesser {
            if state == SessionState::Finished {
                return Room::Free;
            }
            keys.extend(&self.trusted);
        }
        Room::For(keys)
    }

    /// Drops a session when a new private conversation, at this tag and with this key, leaves no place for a key
    /// exchange any more.
    pub(crate) fn make_room_beside(&mut self, tag: InstanceTag, key: Fingerprint, items: &mut Vec<Item>) {
        if self.standing_sessions().count() <= self.most_standing() {
            return;
        }
        let rank = |session: &Session| {
            let ended = session.state() == SessionState::Finished;
            match self.lesser(session) {
                Some(_) if ended => Some(0),
                _ if session.fingerprint() == Some(key) => Some(1),
                Some(_) if self.trusted.contains(&key) => Some(2),
                _ => None,
            }
        };
        let victim = self
            .standing_sessions()
            .filter(|session| session.tag() != tag)
            .filter_map(|session| Some((rank(session)?, session.last_heard(), session)))
            .min_by_key(|(rank, heard, _)| (*rank, *heard))
            .and_then(|(_, _, session)| Some((session.tag(), session.fingerprint()?)));
        if let Some((session, fingerprint)) = victim {
            self.sessions.retain(|kept| kept.tag() != session);
            items.push(Item::Event(Event::Dropped { session, fingerprint }));
        }
    }

    /// The device heard from longest ago with which nothing is private, one without a key exchange first; another than
    /// this.
    fn dispensable(&self, besides: InstanceTag) -> Option<usize> {
        let sessions = self.sessions.iter().enumerate();
        let (position, _) = sessions
            .filter(|(_, session)| session.tag() != besides && session.state() == SessionState::Plaintext)
            .min_by_key(|(_, session)| (session.is_negotiating(), session.last_heard()))?;
        Some(position)
    }

    /// The key of a session, if nobody trusts it and text does not go to it.
    fn lesser(&self, session: &Session) -> Option<Fingerprint> {
        let in_use = self.key_in_use;
        session
            .fingerprint()
            .filter(|key| !self.trusted.contains(key) && in_use != Some(*key))
    }

    /// Sessions that are private, or were until the other side ended it.
    fn standing_sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions
            .iter()
            .filter(|session| session.state() != SessionState::Plaintext)
    }

    fn most_standing(&self) -> usize {
        self.policy.limits.sessions.saturating_sub(1).max(1)
    }
}
