//! What the person does, other than sending text.

use crate::conversation::recipient::Recipient;
use crate::conversation::{Conversation, TagOffer};
use crate::error::{PrivateError, StartError};
use crate::event::{ExtraKey, Output};
use crate::identity::Env;
use crate::session::data::Carriage;
use crate::session::tlvs::SmpAction;
use crate::session::{Item, Moment, Session};
use crate::wire::classic::IGNORE_UNREADABLE;
use crate::wire::header::Version;

/// How to begin a private conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Ask, by a query message; people without OTR see its words. Without [discovery](crate::Policy::discovery) it is the
    /// first message of an exchange in the best version.
    Query,
    /// Begin the key exchange at once, in this version.
    Interactive(Version),
}

impl Conversation {
    /// Begins, or renews, a private conversation. Whoever we ask is an acquaintance from now on.
    ///
    /// # Errors
    /// If the policy does not allow it; nothing was sent.
    pub fn start(&mut self, env: &mut Env<'_>, how: Start) -> Result<Vec<Output>, StartError> {
        let versions = self.policy.negotiable();
        if versions.is_empty() {
            return Err(StartError::SwitchedOff);
        }
        match how {
            Start::Query if !self.policy.discovery => match versions.best() {
                Some(version) => self.start(env, Start::Interactive(version)),
                None => Err(StartError::SwitchedOff),
            },
            Start::Query => {
                if self.carrier_limit.is_some_and(|limit| self.query().len() > limit) {
                    return Err(StartError::TooLong);
                }
                self.advance(env.now);
                self.acquainted = true;
                Ok(vec![Output::Send(self.query())])
            }
            Start::Interactive(version) => {
                if !versions.contains(version) || self.highest_private().is_some_and(|floor| version < floor)
                {
                    return Err(StartError::VersionNotAllowed);
                }
                let moment = self.advance(env.now);
                self.acquainted = true;
                let mut items = Vec::new();
                self.begin(env, version, moment, &mut items);
                Ok(self.deliver(items))
            }
        }
    }

    /// Answers a stranger who knocked: from now on they are an acquaintance.
    ///
    /// # Errors
    /// [`StartError::NothingToAccept`] if nobody did.
    pub fn accept(&mut self, env: &mut Env<'_>) -> Result<Vec<Output>, StartError> {
        let versions = self.knocked.take().ok_or(StartError::NothingToAccept)?;
        let moment = self.advance(env.now);
        self.acquainted = true;
        let mut items = Vec::new();
        self.begin_in_best(env, versions, moment, &mut items);
        Ok(self.deliver(items))
    }

    /// Ends the private conversation with one device: it is told, and the state is plaintext. After the
    /// other side has ended, this is how the person acknowledges it.
    pub fn end(&mut self, env: &mut Env<'_>, whom: Recipient) -> Vec<Output> {
        let moment = self.advance(env.now);
        let items = match self.session_position(whom) {
            Some(position) => self.end_session(env, position, moment).into_iter().collect(),
            None => Vec::new(),
        };
        self.deliver(items)
    }

    /// Ends the private conversations with all devices, and forgets exchanges that are under way.
    pub fn end_all(&mut self, env: &mut Env<'_>) -> Vec<Output> {
        let moment = self.advance(env.now);
        let positions = 0..self.sessions.len();
        let items = positions
            .filter_map(|position| self.end_session(env, position, moment))
            .collect();
        (self.offer, self.offer_v4) = (None, None);
        self.deliver(items)
    }

    /// Takes back the open offers, if there are any: nobody can answer them any more.
    pub fn withdraw_offer(&mut self) {
        (self.offer, self.offer_v4) = (None, None);
    }

    /// Acts on the socialist millionaires' protocol with one device.
    ///
    /// # Errors
    /// Says what is missing; nothing was sent.
    pub fn smp(
        &mut self,
        env: &mut Env<'_>,
        whom: Recipient,
        action: SmpAction<'_>,
    ) -> Result<Vec<Output>, PrivateError> {
        self.with_private(env, whom, |session, carriage, items| {
            session.smp_action(action, carriage, items)
        })
        .map(|(outputs, ())| outputs)
    }

    /// Announces the use of the extra symmetric key to one device, and returns the key.
    ///
    /// # Errors
    /// Says what is missing; nothing was sent.
    pub fn use_extra_key(
        &mut self,
        env: &mut Env<'_>,
        whom: Recipient,
        usage: u32,
        data: &[u8],
    ) -> Result<(Vec<Output>, ExtraKey), PrivateError> {
        self.with_private(env, whom, |session, carriage, items| {
            session.use_extra_key(usage, data, carriage, items)
        })
    }

    /// Sends an empty private message: keys move on, and nobody is shown anything.
    ///
    /// # Errors
    /// [`PrivateError::NotPrivate`] if there is no private conversation.
    pub fn heartbeat(&mut self, env: &mut Env<'_>, whom: Recipient) -> Result<Vec<Output>, PrivateError> {
        self.with_private(env, whom, |session, carriage, items| {
            let (item, _) = session
                .seal(b"", Vec::new(), IGNORE_UNREADABLE, carriage)
                .ok_or(PrivateError::KeysExhausted)?;
            items.push(item);
            Ok(())
        })
        .map(|(outputs, ())| outputs)
    }

    fn with_private<T>(
        &mut self,
        env: &mut Env<'_>,
        whom: Recipient,
        act: impl FnOnce(&mut Session, &mut Carriage<'_>, &mut Vec<Item>) -> Result<T, PrivateError>,
    ) -> Result<(Vec<Output>, T), PrivateError> {
        let position = self.session_position(whom).ok_or(PrivateError::NotPrivate)?;
        if !self.sessions[position].is_private() {
            return Err(PrivateError::NotPrivate);
        }
        let moment = self.advance(env.now);
        let mut carriage = self.carriage(env, moment);
        let mut items = Vec::new();
        let value = act(&mut self.sessions[position], &mut carriage, &mut items)?;
        Ok((self.deliver(items), value))
    }

    fn end_session(&mut self, env: &mut Env<'_>, position: usize, moment: Moment) -> Option<Item> {
        let mut carriage = self.carriage(env, moment);
        let was_best = self.session_position(Recipient::Best) == Some(position);
        let session = self.sessions.get_mut(position)?;
        let ended = session.fingerprint();
        session.forget_exchanges();
        let item = session.end(&mut carriage);
        self.leave_key(ended, was_best);
        // The tag may go out again: the other side speaks OTR, after all.
        self.tag_offer = TagOffer::Open;
        item
    }
}
