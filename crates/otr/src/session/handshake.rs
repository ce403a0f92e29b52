//! The messages of the key exchange, and what a finished one changes.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use crate::classic::ake::{self, AwaitingDhKey, AwaitingRevealSig, AwaitingSig, Starting, Tie};
use crate::classic::{self, Established, v1};
use crate::event::{Event, SmpEvent};
use crate::identity::{Account, Fingerprint, Ssid};
use crate::reject::Reject;
use crate::session::admission::{Kind, Waiting};
use crate::session::channel::Channel;
use crate::session::exchanges::{Handshake, UnderWay};
use crate::session::own_exchanges::OwnExchanges;
use crate::session::{Item, MessageState, Moment, Private, Session};
use crate::smp::{Progress, Smp};
use crate::wire::Message;
use crate::wire::classic::{DhCommit, DhKey};
use crate::wire::header::Version;

/// What a step of the exchange may use.
pub struct Step<'a> {
    /// Our side.
    pub account: &'a Account,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Now.
    pub moment: Moment,
    /// The version of the message.
    pub version: Version,
    /// Our open offer, if it is of that version.
    pub offer: Option<(&'a AwaitingDhKey, Moment)>,
    /// Keys that the person trusts.
    pub trusted: &'a BTreeSet<Fingerprint>,
    /// Whose private conversation may begin.
    pub room: Room,
    /// What we began: none of it happens twice, nor do we meet ourselves in it.
    pub own: &'a mut OwnExchanges,
}

/// Whether there is room for one more private conversation with this person.
pub enum Room {
    /// There is.
    Free,
    /// Only for these keys, to which another one gives way.
    For(BTreeSet<Fingerprint>),
}

impl Session {
    /// What this session waits for, seen from a message of this kind and version: its own exchange, or,
    /// for the two messages that may answer an offer, the open offer where that is newer. A late Reveal
    /// Signature or Signature still finds the exchange it belongs to.
    ///
    /// Of two exchanges side by side, each message meets the one that it belongs to; a D-H Commit meets the
    /// one that moved last.
    pub fn waiting(&self, kind: Kind, version: Version, offer: Option<Moment>) -> Waiting {
        let offer = offer.filter(|offer| self.may_answer(*offer));
        let own = self.own_waiting(kind, version);
        let offer_counts = offer.is_some_and(|offer| own.is_none_or(|(_, moved)| moved.order < offer.order));
        match own {
            _ if offer_counts && matches!(kind, Kind::DhCommit | Kind::DhKey) => Waiting::DhKey,
            Some((waiting, _)) => waiting,
            None => Waiting::Nothing,
        }
    }

    fn own_waiting(&self, kind: Kind, version: Version) -> Option<(Waiting, Moment)> {
        if let Handshake::V1(setup) = &self.handshake {
            return (version == Version::V1).then_some((Waiting::V1Setup, setup.moved));
        }
        let exchanges = self.exchanges(version)?;
        let begun = exchanges.begun.as_ref().map(|begun| match begun.state {
            Starting::AwaitingDhKey(_) => (Waiting::DhKey, begun.moved),
            Starting::AwaitingSig(_) => (Waiting::Sig, begun.moved),
        });
        let answered = exchanges.answered.as_ref();
        let answered = answered.map(|answered| (Waiting::RevealSig, answered.moved));
        match kind {
            Kind::DhKey | Kind::Signature => begun,
            Kind::RevealSignature => answered,
            Kind::DhCommit => [begun, answered]
                .into_iter()
                .flatten()
                .max_by_key(|(_, moved)| moved.order),
            Kind::KeyExchange
            | Kind::Data
            | Kind::Identity
            | Kind::AuthR
            | Kind::AuthI
            | Kind::NonInteractiveAuth => None,
        }
    }

    /// Takes one message of the key exchange.
    ///
    /// # Errors
    /// Why it was not accepted; the session is as it was.
    pub fn receive_handshake(
        &mut self,
        message: Message,
        mut step: Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        match message {
            Message::DhCommit(commit) => self.on_commit(commit, &mut step, items),
            Message::DhKey(message) => self.on_dh_key(&message, &mut step, items),
            Message::RevealSignature(message) => {
                let exchanges = self.exchanges(step.version);
                let answered = exchanges.and_then(|exchanges| exchanges.answered.as_ref());
                let state = &answered.ok_or(Reject::Unexpected)?.state;
                let (established, answer) = state.on_reveal_signature(&message, step.account, step.rng)?;
                if step.own.contain(established.ssid) {
                    return Err(Reject::Reflected);
                }
                self.check_key(established.peer, &step)?;
                self.forget_exchanges();
                items.push(self.message(&step, Message::Signature(answer)));
                self.establish(established, &step, items);
                Ok(())
            }
            Message::Signature(message) => {
                let exchanges = self.exchanges(step.version);
                let begun = exchanges.and_then(|exchanges| exchanges.begun.as_ref());
                let Some(Starting::AwaitingSig(state)) = begun.map(|begun| &begun.state) else {
                    return Err(Reject::Unexpected);
                };
                let established = state.on_signature(&message)?;
                self.check_key(established.peer, &step)?;
                if step.own.have_finished(established.ssid) {
                    return Err(Reject::Replayed);
                }
                step.own.finish(established.ssid, step.moment.at);
                self.forget_exchanges();
                self.establish(established, &step, items);
                Ok(())
            }
            Message::KeyExchange(message) => self.on_key_exchange(&message, &mut step, items),
            Message::Data(_) | Message::V4(_) => Err(Reject::Unexpected),
        }
    }

    fn on_commit(
        &mut self,
        commit: DhCommit,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        // It is kept until it is opened: it may not be larger than a number of the group.
        if commit.encrypted_gx.len() > ake::MAX_ENCRYPTED_GX {
            return Err(Reject::Malformed);
        }
        let waiting = self.waiting(Kind::DhCommit, step.version, step.offer.map(|(_, made)| made));
        let (version, moved) = (step.version, step.moment);
        let begun = self
            .exchanges(version)
            .and_then(|exchanges| exchanges.begun.as_ref());
        let offered = step
            .offer
            .filter(|(_, made)| begun.is_none_or(|begun| begun.moved.order < made.order));
        let ours = match (waiting, offered, begun) {
            (Waiting::DhKey, Some((state, _)), _) => Some(state),
            (Waiting::DhKey, None, Some(begun)) => Some(begun.state.start()),
            _ => None,
        };
        let own = [
            begun.map(|begun| begun.state.start()),
            step.offer.map(|(state, _)| state),
        ];
        if own
            .into_iter()
            .flatten()
            .any(|own| own.commit().hashed_gx == commit.hashed_gx)
        {
            return Err(Reject::Reflected);
        }
        let forked = offered.filter(|_| ours.is_some()).map(|(state, _)| state.fork());
        let message = match ake::tie(ours, &commit) {
            Tie::OursWins(commit) => {
                // From now on this device has an exchange of its own, addressed to it. One that it has already
                // stays as old as it is.
                if let Some(state) = forked {
                    self.begin(version, state, moved);
                }
                Message::DhCommit(commit)
            }
            // Ours waits on: the other side may have given way, too.
            Tie::Answer => Message::DhKey(self.answer(commit, step)),
        };
        items.push(self.message(step, message));
        Ok(())
    }

    /// Answers a commitment; another one gets the same key.
    fn answer(&mut self, commit: DhCommit, step: &mut Step<'_>) -> DhKey {
        let Step { rng, moment, .. } = step;
        self.change_exchanges(step.version, |exchanges| match &mut exchanges.answered {
            Some(answered) => {
                answered.moved = *moment;
                answered.state.on_commit(commit)
            }
            answered => {
                let (state, answer) = AwaitingRevealSig::start(commit, *rng);
                let (state, moved) = (Box::new(state), *moment);
                *answered = Some(UnderWay { state, moved });
                answer
            }
        })
    }

    fn on_dh_key(
        &mut self,
        message: &DhKey,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        let begun = self
            .exchanges(step.version)
            .and_then(|exchanges| exchanges.begun.as_ref());
        // With a newer offer open, the other side may be answering that one with the key we know.
        let begun = begun.filter(|begun| step.offer.is_none_or(|(_, made)| begun.moved.order > made.order));
        if let Some(Starting::AwaitingSig(state)) = begun.map(|begun| &begun.state)
            && let Some(known) = state.answer_to(message)
        {
            let again = Message::RevealSignature(known.reveal().clone());
            items.push(self.message(step, again));
            return Ok(());
        }
        let start = match (begun, step.offer) {
            (Some(begun), _) => begun.state.start(),
            (None, Some((offered, _))) => offered,
            (None, None) => return Err(Reject::Unexpected),
        };
        let answer = start.on_dh_key(message, step.account, step.rng)?;
        if step.own.have_finished(answer.ssid()) {
            return Err(Reject::Replayed);
        }
        let (ssid, reveal) = (answer.ssid(), Message::RevealSignature(answer.reveal().clone()));
        let further = begun.is_some_and(|begun| matches!(begun.state, Starting::AwaitingSig(_)));
        let start = start.fork();
        self.change_exchanges(step.version, |exchanges| match &mut exchanges.begun {
            Some(UnderWay {
                state: Starting::AwaitingSig(state),
                ..
            }) if further => state.add(answer),
            begun => {
                let state = Starting::AwaitingSig(Box::new(AwaitingSig::new(start, answer)));
                let moved = step.moment;
                *begun = Some(UnderWay { state, moved });
            }
        });
        step.own.begin(ssid, step.moment.at);
        items.push(self.message(step, reveal));
        Ok(())
    }

    fn on_key_exchange(
        &mut self,
        message: &crate::wire::v1::KeyExchange,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        let (established, answer) = match &self.handshake {
            Handshake::V1(UnderWay { state: setup, .. }) => {
                let established = setup.finish(message)?;
                (
                    established,
                    (!message.reply).then(|| setup.message(step.account, true, step.rng)),
                )
            }
            // An answer to something we never sent: it is for another device of ours.
            _ if message.reply => return Err(Reject::Unexpected),
            _ => {
                let setup = v1::Setup::new(step.rng);
                let established = setup.finish(message)?;
                (established, Some(setup.message(step.account, true, step.rng)))
            }
        };
        // Without tags, and with one value each, an echo of ours cannot be told from another device of ours.
        if established.peer == step.account.fingerprint() {
            return Err(Reject::Reflected);
        }
        self.check_key(established.peer, step)?;
        self.forget_exchanges();
        if let Some(answer) = answer {
            items.push(self.message(step, Message::KeyExchange(answer)));
        }
        self.establish(established, step, items);
        Ok(())
    }

    fn check_key(&self, proved: Fingerprint, step: &Step<'_>) -> Result<(), Reject> {
        check_key(self.fingerprint(), proved, step.trusted, &step.room)
    }

    fn message(&self, step: &Step<'_>, message: Message) -> Item {
        Item::Message(self.header(step.version, step.account), message)
    }

    /// Replaces the channel in one assignment; the old one's MAC keys go to the new one for publication.
    fn establish(&mut self, established: Established, step: &Step<'_>, items: &mut Vec<Item>) {
        let about = (established.peer, established.ssid, step.version);
        let before = self.retire_channel(items);
        let reveal = core::mem::take(&mut self.unpublished.classic);
        let channel = classic::Channel::start(step.version, established, reveal);
        self.stand(
            Channel::Classic(channel, Smp::new()),
            about,
            before,
            step.moment,
            items,
        );
    }

    /// Takes the channel away that a new one replaces: whose it was, and whether it was private.
    pub(crate) fn retire_channel(&mut self, items: &mut Vec<Item>) -> (Option<Fingerprint>, bool) {
        match core::mem::replace(&mut self.state, MessageState::Plaintext) {
            MessageState::Plaintext => (None, false),
            MessageState::Finished { peer, .. } => (Some(peer), false),
            MessageState::Encrypted(private) => {
                let peer = private.channel.peer();
                if private.channel.smp_progress() != Progress::Idle {
                    let told = private.channel.smp_has_told();
                    items.push(self.smp_event(peer, SmpEvent::Aborted { told }));
                }
                self.unpublished.extend(private.channel.retire());
                (Some(peer), true)
            }
        }
    }

    /// A new channel stands.
    pub(crate) fn stand(
        &mut self,
        channel: Channel,
        (fingerprint, ssid, version): (Fingerprint, Ssid, Version),
        (previous, was_private): (Option<Fingerprint>, bool),
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        self.settled = moment.order;
        self.state = MessageState::Encrypted(Box::new(Private { channel }));
        self.last_sent = moment.at;
        let session = self.tag;
        items.push(Item::Event(if was_private && previous == Some(fingerprint) {
            Event::Renewed {
                session,
                fingerprint,
                version,
                ssid,
            }
        } else {
            let changed_from = previous.filter(|previous| *previous != fingerprint);
            Event::Established {
                session,
                fingerprint,
                version,
                ssid,
                changed_from,
            }
        }));
    }
}

/// A private conversation with a trusted key, open or ended by the other side, is not handed over to a key that nobody
/// trusts: whoever can write into the carrier can send under any tag, and the next text would go to them (S-25). The
/// person ends the conversation first.
///
/// Nor does one begin where there is no room for it.
pub(crate) fn check_key(
    held: Option<Fingerprint>,
    proved: Fingerprint,
    trusted: &BTreeSet<Fingerprint>,
    room: &Room,
) -> Result<(), Reject> {
    match held {
        Some(held) if held != proved && trusted.contains(&held) && !trusted.contains(&proved) => {
            return Err(Reject::KeyChanged);
        }
        _ => {}
    }
    match room {
        Room::For(keys) if !keys.contains(&proved) => Err(Reject::LimitReached),
        Room::For(_) | Room::Free => Ok(()),
    }
}
