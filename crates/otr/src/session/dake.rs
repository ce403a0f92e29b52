//! Version 4's interactive exchange with one device, and what a finished one changes.

use core::time::Duration;
use std::collections::BTreeSet;

use rand_core::CryptoRng;

use crate::identity::{Account, Fingerprint, V4Account};
use crate::reject::Reject;
use crate::session::channel::Channel;
use crate::session::handshake::{Room, check_key};
use crate::session::own_exchanges::OwnExchanges;
use crate::session::{Item, Moment, Session};
use crate::smp::Smp;
use crate::time::Timestamp;
use crate::v4;
use crate::v4::dake::{Dake, Names, Step, WaitingAuthI};
use crate::v4::offered::WaitingAuthR;
use crate::wire::Message;
use crate::wire::header::{Header, Version, Versions};
use crate::wire::v4 as wire;

/// The exchanges of version 4 that are under way with one device, and when the one that we began did begin.
#[derive(Default)]
pub struct DakeSlot {
    dake: Dake,
    begun: Option<Moment>,
    /// A lower Identity message has crossed ours, and was not answered.
    crossed: bool,
}

/// What a step of the exchange may use.
pub struct DakeStep<'a> {
    /// Our side.
    pub account: &'a Account,
    /// Our side of version 4.
    pub v4: &'a V4Account,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Now.
    pub moment: Moment,
    /// Both accounts, as the network names them.
    pub names: Names<'a>,
    /// Our open offer.
    pub offer: Option<(&'a WaitingAuthR, Moment)>,
    /// Keys that the person trusts.
    pub trusted: &'a BTreeSet<Fingerprint>,
    /// Whose private conversation may begin.
    pub room: Room,
    /// What we began: none of it is finished twice.
    pub own: &'a mut OwnExchanges,
}

impl DakeSlot {
    /// When what is under way moved last.
    pub fn moved(&self) -> impl Iterator<Item = Timestamp> {
        let answered = self.dake.answered().and_then(WaitingAuthI::oldest);
        [self.begun.map(|begun| begun.at), answered].into_iter().flatten()
    }

    /// Forgets what is too old.
    pub fn expire(&mut self, now: Timestamp, age: Duration) {
        let is_old = |moved: &mut Moment| now.since(moved.at) > age;
        if self.begun.take_if(is_old).is_some() {
            self.dake.forget_begun();
            self.crossed = false;
        }
        self.dake.expire_answers(now, age);
    }

    /// When our Identity message is to be said again that another one has crossed: whoever said that one may have had ours at a
    /// time at which they answered nobody.
    pub fn again_at(&self) -> Option<Timestamp> {
        let begun = self.begun.filter(|_| self.crossed)?;
        Some(begun.at.plus(CROSSING))
    }

    /// Says it again, if it is time.
    fn again(&mut self, now: Timestamp) -> Option<wire::Identity> {
        self.again_at().filter(|at| *at <= now)?;
        self.crossed = false;
        self.dake.begun().map(WaitingAuthR::identity)
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        crate::hazmat::field(bytes, format!("{:?} {}", self.begun, self.crossed).as_bytes());
        self.dake.absorb(bytes);
    }
}

impl Session {
    /// Takes one message of the exchange, and returns the versions that the other side has signed if that finishes it.
    ///
    /// # Errors
    /// Why it was not accepted; the session is as it was.
    pub fn receive_dake(
        &mut self,
        header: &Header,
        message: &wire::Message,
        step: DakeStep<'_>,
        items: &mut Vec<Item>,
    ) -> Result<Option<Versions>, Reject> {
        // A device that meets our open offer gets a copy of it, where that is newer than what it had.
        let newer =
            |(_, made): &(&WaitingAuthR, Moment)| self.dake.begun.is_none_or(|own| own.order < made.order);
        let offer = step
            .offer
            .filter(|(_, made)| self.may_answer(*made))
            .filter(newer);
        let replaced = offer.map(|(state, made)| {
            let before = self.dake.dake.swap_begun(Some(Box::new(state.fork())));
            (before, self.dake.begun.replace(made))
        });
        let (held, trusted, room) = (self.fingerprint(), step.trusted, &step.room);
        let own = &*step.own;
        let mut admit = |proven: &v4::dake::Proven| {
            if own.have_finished(proven.established.ssid) {
                return Err(Reject::Replayed);
            }
            check_key(held, proven.established.peer.into(), trusted, room)
        };
        let mut dake_step = Step {
            account: step.v4,
            names: step.names,
            rng: step.rng,
            now: step.moment.at,
            may_be_lost: (self.dake.begun).is_some_and(|begun| step.moment.at.since(begun.at) >= CROSSING),
            admit: &mut admit,
        };
        let progress = match self.dake.dake.receive(header, message, &mut dake_step) {
            Ok(progress) => progress,
            Err(reason) => {
                if let Some((state, made)) = replaced {
                    self.dake.dake.swap_begun(state);
                    self.dake.begun = made;
                }
                return Err(reason);
            }
        };
        // Who is higher says nothing to an Identity message that has crossed theirs.
        self.dake.crossed = progress.reply.is_none() && progress.proven.is_none();
        if let Some(reply) = progress.reply {
            let header = self.header(Version::V4, step.account);
            items.push(Item::Message(header, Message::V4(Box::new(reply))));
        }
        let signed = progress.proven.as_ref().map(|proven| proven.profile.versions());
        if let Some(proven) = progress.proven {
            let (peer, ssid) = (proven.established.peer, proven.established.ssid);
            step.own.finish(ssid, step.moment.at);
            self.forget_exchanges();
            // Before anything is taken away for it.
            let mut channel = v4::Channel::start(proven.established, step.moment.at)?;
            let (previous, was_private) = self.retire_channel(items);
            channel.inherit(core::mem::take(&mut self.unpublished.v4));
            let channel = Channel::V4(channel, Smp::new());
            let about = (peer.into(), ssid, Version::V4);
            self.stand(channel, about, (previous, was_private), step.moment, items);
        }
        Ok(signed)
    }

    /// Says our Identity message again that went unanswered, if it is time.
    pub(crate) fn say_again(&mut self, account: &Account, now: Timestamp) -> Option<Item> {
        let identity = self.dake.again(now)?;
        let message = wire::Message::Identity(identity);
        Some(Item::Message(
            self.header(Version::V4, account),
            Message::V4(Box::new(message)),
        ))
    }
}

/// A message that crossed ours has had the other side's answer to ours on its heels by then, or ours is lost.
const CROSSING: Duration = Duration::from_secs(10);
