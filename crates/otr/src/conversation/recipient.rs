//! Which device gets what is sent.

use crate::conversation::Conversation;
use crate::event::Event;
use crate::identity::Fingerprint;
use crate::session::{Item, Session, SessionState};
use crate::wire::header::InstanceTag;

/// How the caller names a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recipient {
    /// The safest: a device whose key is trusted, else one with the key that text went to before, else any
    /// private one; and among equals the one heard from last. A device that has ended its conversation is
    /// not silently replaced by one with a lesser key (S-44).
    #[default]
    Best,
    /// The device heard from last.
    RecentlyHeard,
    /// The device written to last.
    RecentlySent,
    /// This device; zero names the one of versions 1 and 2.
    Tag(InstanceTag),
}

impl Conversation {
    /// The session a recipient stands for, if there is one.
    pub fn session(&self, recipient: Recipient) -> Option<&Session> {
        let sessions = self.sessions.iter();
        match recipient {
            Recipient::Best => sessions.max_by_key(|session| self.rank(session)),
            Recipient::RecentlyHeard => sessions.max_by_key(|session| session.last_heard()),
            Recipient::RecentlySent => sessions.max_by_key(|session| session.last_sent()),
            Recipient::Tag(tag) => self.sessions.iter().find(|session| session.tag() == tag),
        }
    }

    pub(crate) fn session_position(&self, recipient: Recipient) -> Option<usize> {
        let tag = self.session(recipient)?.tag();
        self.sessions.iter().position(|session| session.tag() == tag)
    }

    /// The person decides between keys that nobody trusts: text goes to this one from now on, as long as a
    /// session of it is there and no trusted one.
    pub fn prefer(&mut self, key: Fingerprint) {
        if self.has_session_of(key) {
            self.key_in_use = Some(key);
        }
    }

    /// An exchange is finished: the first key of all is the one that text goes to, and tells of any other.
    ///
    /// One that has taken the place of the key in use does not take over its role: the text would go to
    /// whoever runs an exchange under its tag.
    pub(crate) fn meet_key(&mut self, items: &mut Vec<Item>) {
        if self.key_in_use.is_none() {
            self.key_in_use = self.session(Recipient::Best).and_then(Session::fingerprint);
        }
        let newest = items.iter().rev().find_map(|item| match item {
            Item::Event(Event::Established {
                session, fingerprint, ..
            }) => Some((*session, *fingerprint)),
            _ => None,
        });
        let best = self.session(Recipient::Best).and_then(Session::fingerprint);
        let in_use = best.filter(|key| self.trusted.contains(key)).or(self.key_in_use);
        if let (Some((session, fingerprint)), Some(in_use)) = (newest, in_use)
            && fingerprint != in_use
        {
            items.push(Item::Event(Event::AnotherKey {
                session,
                fingerprint,
                in_use,
            }));
        }
    }

    /// The person has ended the conversation with the key in use, or with the one that took its place, or
    /// everything: the best one that is left is the one to use.
    pub(crate) fn leave_key(&mut self, ended: Option<Fingerprint>, was_best: bool) {
        let decided = was_best || ended == self.key_in_use || self.nothing_private();
        if decided && !self.key_in_use.is_some_and(|key| self.has_session_of(key)) {
            self.key_in_use = None;
            self.key_in_use = self.session(Recipient::Best).and_then(Session::fingerprint);
        }
    }

    /// Whether the best key has taken the place of the one in use, and nobody trusts it.
    pub(crate) fn awaits_decision(&self) -> bool {
        let best = self.session(Recipient::Best).and_then(Session::fingerprint);
        best.is_some_and(|key| !self.trusted.contains(&key) && self.key_in_use != Some(key))
    }

    fn has_session_of(&self, key: Fingerprint) -> bool {
        self.sessions().any(|session| session.fingerprint() == Some(key))
    }

    fn rank(&self, session: &Session) -> impl Ord + use<> {
        let Some(key) = session.fingerprint() else {
            return ((0, false), session.last_heard());
        };
        let worth = match (self.trusted.contains(&key), self.key_in_use == Some(key)) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 1,
        };
        let ended = session.state() == SessionState::Finished;
        ((worth, !ended), session.last_heard())
    }
}
