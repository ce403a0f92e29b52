//! Which device gets what is sent.

use crate::conversation::Conversation;
use crate::session::{Session, SessionState};
use crate::wire::header::InstanceTag;

/// How the caller names a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recipient {
    /// The safest: a private device whose key is trusted, else a private one, and among equals the one
    /// heard from last. A trusted device that has ended its conversation is not silently replaced by one
    /// that is not trusted (S-44).
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

    fn rank(&self, session: &Session) -> impl Ord + use<> {
        let trusted = session
            .fingerprint()
            .is_some_and(|key| self.trusted.contains(&key));
        let standing = match (session.state(), trusted) {
            (SessionState::Encrypted(_), true) => 4,
            (SessionState::Finished, true) => 3,
            (SessionState::Encrypted(_), false) => 2,
            (SessionState::Finished, false) => 1,
            (SessionState::Plaintext, _) => 0,
        };
        (standing, session.last_heard())
    }
}
