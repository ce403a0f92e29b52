//! The messages of the key exchange, and what a finished one changes.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use crate::classic::ake::{self, AwaitingDhKey, OnCommit};
use crate::classic::{Ake, Channel, Established, v1};
use crate::event::{Event, SmpEvent};
use crate::identity::{Account, Fingerprint};
use crate::reject::Reject;
use crate::session::admission::{Kind, Waiting};
use crate::session::finished_exchanges::FinishedExchanges;
use crate::session::{Handshake, Item, MessageState, Moment, Private, Session};
use crate::smp::{Progress, Smp};
use crate::wire::Message;
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
    /// What we began and finished: none of it happens twice.
    pub finished: &'a mut FinishedExchanges,
}

impl Session {
    /// What this session waits for, seen from a message of this kind and version: its own exchange, or,
    /// for the two messages that may answer an offer, the open offer where that is newer. A late Reveal
    /// Signature or Signature still finds the exchange it belongs to.
    pub fn waiting(&self, kind: Kind, version: Version, offer: Option<Moment>) -> Waiting {
        let offer = offer.filter(|offer| self.may_answer(*offer));
        let own = match &self.handshake {
            Handshake::V1 { .. } if version == Version::V1 => Waiting::V1Setup,
            Handshake::Ake {
                version: negotiated,
                ake,
                ..
            } if *negotiated == version => match ake {
                Ake::AwaitingDhKey(_) => Waiting::DhKey,
                Ake::AwaitingRevealSig(state) if kind == Kind::DhKey && state.yielded().is_some() => {
                    Waiting::DhKey
                }
                Ake::AwaitingRevealSig(_) => Waiting::RevealSig,
                Ake::AwaitingSig(_) => Waiting::Sig,
            },
            _ => Waiting::Nothing,
        };
        let answers_offers = matches!(kind, Kind::DhCommit | Kind::DhKey);
        let offer_counts = offer.is_some_and(|offer| {
            own == Waiting::Nothing || self.handshake_moved().is_none_or(|own| own.order < offer.order)
        });
        if answers_offers && offer_counts {
            Waiting::DhKey
        } else {
            own
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
                let Handshake::Ake {
                    ake: Ake::AwaitingRevealSig(state),
                    ..
                } = &self.handshake
                else {
                    return Err(Reject::Unexpected);
                };
                let (established, answer) = state.on_reveal_signature(&message, step.account, step.rng)?;
                self.check_key(established.peer, &step)?;
                self.handshake = Handshake::Idle;
                items.push(self.message(&step, Message::Signature(answer)));
                self.establish(established, &step, items);
                Ok(())
            }
            Message::Signature(message) => {
                let Handshake::Ake {
                    ake: Ake::AwaitingSig(state),
                    ..
                } = &self.handshake
                else {
                    return Err(Reject::Unexpected);
                };
                let established = state.on_signature(&message)?;
                self.check_key(established.peer, &step)?;
                if step.finished.contain(established.ssid) {
                    return Err(Reject::Replayed);
                }
                step.finished.add(established.ssid, step.moment.at);
                self.handshake = Handshake::Idle;
                self.establish(established, &step, items);
                Ok(())
            }
            Message::KeyExchange(message) => self.on_key_exchange(&message, &mut step, items),
            Message::Data(_) | Message::V4(_) => Err(Reject::Unexpected),
        }
    }

    fn on_commit(
        &mut self,
        commit: crate::wire::classic::DhCommit,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        // It is kept until it is opened: it may not be larger than a number of the group.
        if commit.encrypted_gx.len() > ake::MAX_ENCRYPTED_GX {
            return Err(Reject::Malformed);
        }
        let waiting = self.waiting(Kind::DhCommit, step.version, step.offer.map(|(_, made)| made));
        if waiting == Waiting::RevealSig
            && let Handshake::Ake {
                ake: Ake::AwaitingRevealSig(state),
                moved,
                ..
            } = &mut self.handshake
        {
            let answer = state.on_commit(commit);
            *moved = step.moment;
            items.push(self.message(step, Message::DhKey(answer)));
            return Ok(());
        }
        let ours = match (waiting, &self.handshake, step.offer) {
            (
                Waiting::DhKey,
                Handshake::Ake {
                    ake: Ake::AwaitingDhKey(state),
                    moved,
                    ..
                },
                offer,
            ) if offer.is_none_or(|(_, made)| moved.order > made.order) => Some(&**state),
            (Waiting::DhKey, _, Some((state, _))) => Some(state),
            _ => None,
        };
        match ake::on_commit(ours, commit, step.rng)? {
            OnCommit::Answer(state, answer) => {
                let yielded = ours
                    .filter(|_| step.version == Version::V2)
                    .map(AwaitingDhKey::fork);
                let state = match yielded {
                    Some(yielded) => Box::new(state.having_yielded(yielded)),
                    None => state,
                };
                self.wait(step, Ake::AwaitingRevealSig(state));
                items.push(self.message(step, Message::DhKey(answer)));
            }
            OnCommit::OursWins(commit) => {
                // From now on this device has an exchange of its own, addressed to it. One that it has
                // already stays as old as it is.
                let offered = step.offer.map(|(state, _)| state);
                let forked = ours
                    .filter(|ours| offered.is_some_and(|offered| core::ptr::eq(*ours, offered)))
                    .map(AwaitingDhKey::fork);
                if let Some(state) = forked {
                    self.wait(step, Ake::AwaitingDhKey(Box::new(state)));
                }
                items.push(self.message(step, Message::DhCommit(commit)));
            }
        }
        Ok(())
    }

    fn on_dh_key(
        &mut self,
        message: &crate::wire::classic::DhKey,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        let offer = step.offer;
        let own_is_newer = |moved: &Moment| offer.is_none_or(|(_, made)| moved.order > made.order);
        let state = match &self.handshake {
            // With a newer offer open, the other side may be answering that one with the key we know.
            Handshake::Ake {
                version,
                ake: Ake::AwaitingSig(state),
                moved,
            } if *version == step.version && own_is_newer(moved) => {
                let again = state.on_dh_key(message)?;
                items.push(self.message(step, Message::RevealSignature(again)));
                return Ok(());
            }
            Handshake::Ake {
                version,
                ake: Ake::AwaitingDhKey(state),
                moved,
            } if *version == step.version && own_is_newer(moved) => Some(&**state),
            Handshake::Ake {
                version,
                ake: Ake::AwaitingRevealSig(state),
                moved,
            } if *version == step.version && own_is_newer(moved) => state.yielded(),
            _ => offer.map(|(state, _)| state),
        };
        let state = state.ok_or(Reject::Unexpected)?;
        let (next, reveal) = state.on_dh_key(message, step.account, step.rng)?;
        if step.finished.contain(next.ssid()) {
            return Err(Reject::Replayed);
        }
        self.wait(step, Ake::AwaitingSig(Box::new(next)));
        items.push(self.message(step, Message::RevealSignature(reveal)));
        Ok(())
    }

    fn on_key_exchange(
        &mut self,
        message: &crate::wire::v1::KeyExchange,
        step: &mut Step<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), Reject> {
        let (established, answer) = match &self.handshake {
            Handshake::V1 { setup, .. } => {
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
        self.check_key(established.peer, step)?;
        self.handshake = Handshake::Idle;
        if let Some(answer) = answer {
            items.push(self.message(step, Message::KeyExchange(answer)));
        }
        self.establish(established, step, items);
        Ok(())
    }

    /// A private conversation with a trusted key, open or ended by the other side, is not handed over to a
    /// key that nobody trusts: whoever can write into the carrier can send under any tag, and the next text
    /// would go to them (S-25). The person ends the conversation first.
    fn check_key(&self, proved: Fingerprint, step: &Step<'_>) -> Result<(), Reject> {
        match self.fingerprint() {
            Some(held)
                if held != proved && step.trusted.contains(&held) && !step.trusted.contains(&proved) =>
            {
                Err(Reject::KeyChanged)
            }
            _ => Ok(()),
        }
    }

    fn wait(&mut self, step: &Step<'_>, ake: Ake) {
        self.handshake = Handshake::Ake {
            version: step.version,
            ake,
            moved: step.moment,
        };
    }

    fn message(&self, step: &Step<'_>, message: Message) -> Item {
        Item::Message(self.header(step.version, step.account), message)
    }

    /// Replaces the channel in one assignment; the old one's MAC keys go to the new one for publication.
    fn establish(&mut self, established: Established, step: &Step<'_>, items: &mut Vec<Item>) {
        let (fingerprint, ssid) = (established.peer, established.ssid);
        let (reveal, previous, was_private) =
            match core::mem::replace(&mut self.state, MessageState::Plaintext) {
                MessageState::Plaintext => (Vec::new(), None, false),
                MessageState::Finished {
                    peer, unpublished, ..
                } => (unpublished, Some(peer), false),
                MessageState::Encrypted(private) => {
                    let peer = private.channel.peer();
                    if private.smp.progress() != Progress::Idle {
                        let told = private.smp.has_told();
                        items.push(self.smp_event(peer, SmpEvent::Aborted { told }));
                    }
                    (private.channel.retire(), Some(peer), true)
                }
            };
        self.settled = step.moment.order;
        let channel = Channel::start(step.version, established, reveal);
        self.state = MessageState::Encrypted(Box::new(Private {
            channel,
            smp: Smp::new(),
        }));
        self.last_sent = step.moment.at;
        let (session, version) = (self.tag, step.version);
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
