//! Bytes from the carrier to outputs.

use crate::conversation::{Conversation, TagOffer};
use crate::event::{Event, Output};
use crate::identity::{Env, Strangers};
use crate::reject::Reject;
use crate::session::admission::{Gate, Kind, Verdict, admit};
use crate::session::channel::Data;
use crate::session::dake::DakeStep;
use crate::session::data::Carriage;
use crate::session::handshake::Step;
use crate::session::{Item, Moment, SessionState};
use crate::v4::dake::Names;
use crate::wire::classic::IGNORE_UNREADABLE;
use crate::wire::fragment::Piece;
use crate::wire::header::{Header, InstanceTag, Version, Versions};
use crate::wire::{self, Incoming, Message, armor, classify, take_message};

impl Conversation {
    /// Takes one message from the carrier.
    ///
    /// Never panics and never fails: a hostile message is an ordinary outcome, and one that is not
    /// accepted leaves every session as it was.
    pub fn receive(&mut self, env: &mut Env<'_>, message: &[u8]) -> Vec<Output> {
        let moment = self.advance(env.now);
        self.expire(moment.at);
        if !self.policy.is_on() && self.nothing_private() {
            return vec![Output::Event(Event::ClearText {
                text: message.into(),
                expected: true,
            })];
        }
        let mut items = Vec::new();
        match classify(message) {
            Incoming::Piece(piece) => {
                if let Some(whole) = self.receive_piece(env, &piece, moment, &mut items) {
                    match classify(&whole) {
                        // The texts know no pieces of pieces.
                        Incoming::Piece(_) | Incoming::BadPiece => items.push(refused(Reject::Malformed)),
                        incoming => self.receive_whole(env, incoming, moment, &mut items),
                    }
                }
            }
            Incoming::BadPiece => items.push(refused(Reject::Malformed)),
            incoming => self.receive_whole(env, incoming, moment, &mut items),
        }
        self.deliver(items)
    }

    fn receive_whole(
        &mut self,
        env: &mut Env<'_>,
        incoming: Incoming<'_>,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        match incoming {
            Incoming::Plaintext(text, offered) => {
                self.reassembly.forget(InstanceTag::ZERO);
                let expected = !self.policy.require_encryption && self.nothing_private();
                if offered.is_none() {
                    self.tag_offer = TagOffer::Declined;
                }
                items.push(Item::Event(Event::ClearText {
                    text: text.into_owned().into(),
                    expected,
                }));
                if let Some(versions) = offered
                    && self.policy.tag_starts
                {
                    self.answer_offer(env, versions, moment, items);
                }
            }
            Incoming::Query(versions) => self.answer_offer(env, versions, moment, items),
            Incoming::Error(words) => self.receive_error(words, items),
            Incoming::Armored(text) => match armor::decode(text).and_then(take_message) {
                Ok((header, message)) => self.receive_message(env, header, message, moment, items),
                Err(_) => self.unreadable(Reject::Malformed, Version::V3, items),
            },
            Incoming::BadArmor => self.unreadable(Reject::Malformed, Version::V3, items),
            Incoming::Piece(_) | Incoming::BadPiece => {}
        }
    }

    fn receive_error(&mut self, words: &[u8], items: &mut Vec<Item>) {
        items.push(Item::Event(Event::PeerReportsError {
            words: words.to_vec(),
        }));
        // An error never answers an error: a query does, within the budget.
        if self.policy.error_starts && !self.is_stranger() && self.may_answer_query() {
            items.push(Item::Query);
        }
    }

    fn receive_piece(
        &mut self,
        env: &Env<'_>,
        piece: &Piece<'_>,
        moment: Moment,
        items: &mut Vec<Item>,
    ) -> Option<Vec<u8>> {
        let sender = match piece.tags {
            None => InstanceTag::ZERO,
            Some((sender, receiver)) => {
                if sender.raw() < InstanceTag::MIN {
                    items.push(refused(Reject::Malformed));
                    return None;
                }
                if !receiver.is_zero() && receiver != env.account.instance_tag() {
                    items.push(Item::Event(Event::ForOtherDevice));
                    return None;
                }
                sender
            }
        };
        match self.reassembly.add(sender, piece, moment.at, &self.policy.limits) {
            Ok(whole) => whole,
            Err(reason) => {
                items.push(refused(reason));
                None
            }
        }
    }

    fn receive_message(
        &mut self,
        env: &mut Env<'_>,
        header: Header,
        message: Message,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        let kind = Kind::of(&message);
        if header.version.has_instance_tags() {
            let ours = env.account.instance_tag();
            if header.sender == ours {
                items.push(Item::Event(Event::Reflected));
                return;
            }
            let begins = matches!(kind, Kind::DhCommit | Kind::Identity);
            if header.receiver != ours && !(begins && header.receiver.is_zero()) {
                items.push(Item::Event(Event::ForOtherDevice));
                return;
            }
        }
        if self.is_stranger() {
            if matches!(kind, Kind::DhCommit | Kind::KeyExchange | Kind::Identity) {
                let versions = Versions::NONE.with(header.version);
                self.knocked = Some(versions);
                items.push(Item::Event(Event::Knock { versions }));
            }
            return;
        }
        self.reassembly.forget(header.sender);

        let known = self
            .sessions
            .iter()
            .find(|session| session.tag() == header.sender);
        let offer = self
            .offer
            .as_ref()
            .filter(|_| header.version == Version::V3)
            .map(|offer| offer.made);
        let state = known.map_or(SessionState::Plaintext, |session| session.state());
        let waiting = match known {
            Some(session) => session.waiting(kind, header.version, offer),
            None => {
                crate::session::Session::new(header.sender, moment.at).waiting(kind, header.version, offer)
            }
        };
        let floor = self.policy.minimum_version.max(self.highest_private());
        let gate = Gate {
            allowed: self.policy.versions,
            floor,
        };
        match (admit(kind, header.version, gate, state, waiting), message) {
            (Verdict::Look, Message::Data(data)) => {
                self.receive_data(env, &header, Data::Classic(data), moment, items);
            }
            (Verdict::Look, Message::V4(message)) => match *message {
                wire::v4::Message::Data(data) => {
                    self.receive_data(env, &header, Data::V4(data), moment, items);
                }
                message => self.receive_dake(env, &header, &message, moment, items),
            },
            (Verdict::Look, message) => self.receive_handshake(env, &header, message, moment, items),
            (Verdict::Ignore(reason), _) => items.push(refused(reason)),
            (Verdict::Refuse(_), message) if is_ignorable(&message) => {}
            (Verdict::Refuse(reason), _) => self.unreadable(reason, header.version, items),
        }
    }

    fn receive_handshake(
        &mut self,
        env: &mut Env<'_>,
        header: &Header,
        message: Message,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        if !self.may_handshake() {
            items.push(refused(Reject::LimitReached));
            return;
        }
        let existed = self.sessions.iter().any(|session| session.tag() == header.sender);
        let Some(position) = self.session_for(header.sender) else {
            items.push(refused(Reject::LimitReached));
            return;
        };
        let room = self.room(header.sender);
        let Some(session) = self.sessions.get_mut(position) else {
            return;
        };
        let offer = self.offer.as_ref().filter(|_| header.version == Version::V3);
        let offer = offer.filter(|offer| session.may_answer(offer.made));
        let step = Step {
            account: env.account,
            rng: env.rng,
            moment,
            version: header.version,
            offer: offer.map(|offer| (&offer.state, offer.made)),
            trusted: &self.trusted,
            room,
            own: &mut self.own,
        };
        match session.receive_handshake(message, step, items) {
            Ok(()) => self.exchange_moved(header.sender, moment, items),
            Err(reason) => self.exchange_refused((position, existed), reason, items),
        }
    }

    /// A message of version 4's exchange.
    fn receive_dake(
        &mut self,
        env: &mut Env<'_>,
        header: &Header,
        message: &wire::v4::Message,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        let Some(v4) = env.account.v4() else {
            return items.push(refused(Reject::VersionRefused));
        };
        if !self.may_handshake() {
            return items.push(refused(Reject::LimitReached));
        }
        let existed = self.sessions.iter().any(|session| session.tag() == header.sender);
        let Some(position) = self.session_for(header.sender) else {
            return items.push(refused(Reject::LimitReached));
        };
        let room = self.room(header.sender);
        let names = Names {
            ours: &self.names.0,
            theirs: &self.names.1,
        };
        let step = DakeStep {
            account: env.account,
            v4,
            rng: env.rng,
            moment,
            names,
            offer: self.offer_v4.as_ref().map(|offer| (&offer.state, offer.made)),
            trusted: &self.trusted,
            room,
            own: &mut self.own,
        };
        let Some(session) = self.sessions.get_mut(position) else {
            return;
        };
        match session.receive_dake(header, message, step, items) {
            Ok(signed) => {
                self.exchange_moved(header.sender, moment, items);
                self.signed = signed.or(self.signed);
                self.compare_offer(items);
            }
            Err(reason) => self.exchange_refused((position, existed), reason, items),
        }
    }

    /// A message of a key exchange was accepted.
    fn exchange_moved(&mut self, sender: InstanceTag, moment: Moment, items: &mut Vec<Item>) {
        let session = self.sessions.iter_mut().find(|session| session.tag() == sender);
        let key = session.and_then(|session| {
            session.heard(moment.at);
            session.fingerprint()
        });
        self.drop_surplus(sender);
        if let Some(key) = key {
            self.make_room_beside(sender, key, items);
        }
        self.meet_key(items);
    }

    /// A message that was not accepted leaves no trace, not even an empty session.
    fn exchange_refused(
        &mut self,
        (position, existed): (usize, bool),
        reason: Reject,
        items: &mut Vec<Item>,
    ) {
        if !existed {
            self.sessions.remove(position);
        }
        items.push(match reason {
            Reject::Reflected => Item::Event(Event::Reflected),
            reason => refused(reason),
        });
    }

    fn receive_data(
        &mut self,
        env: &mut Env<'_>,
        header: &Header,
        data: Data,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        let Some(position) = self
            .sessions
            .iter()
            .position(|session| session.tag() == header.sender)
        else {
            return;
        };
        let heartbeat_due = self.policy.limits.heartbeat;
        let ignorable = data.flags() & IGNORE_UNREADABLE != 0;
        let mut carriage = self.carriage(env, moment);
        let session = &mut self.sessions[position];
        match session.receive_data(header, data, &mut carriage, items) {
            Ok(received) => {
                session.heard(moment.at);
                let silent = moment.at.since(session.last_sent()) >= heartbeat_due;
                if received.had_text && silent && session.is_private() {
                    let heartbeat = session.seal(b"", Vec::new(), IGNORE_UNREADABLE, &mut carriage);
                    items.extend(heartbeat.map(|(item, _)| item));
                }
            }
            // A copy of what was read already, or something that asks not to be worried about.
            Err(Reject::Replayed) => {}
            Err(_) if ignorable => {}
            Err(reason) => self.unreadable(reason, header.version, items),
        }
    }

    fn unreadable(&mut self, reason: Reject, version: Version, items: &mut Vec<Item>) {
        items.push(Item::Event(Event::Unreadable { reason }));
        if !self.is_stranger() {
            let reply = match version {
                Version::V4 => Item::ReplyV4,
                Version::V1 | Version::V2 | Version::V3 => Item::Reply,
            };
            items.extend(reason.reply().map(reply));
        }
    }

    pub(crate) fn carriage<'a>(&self, env: &'a mut Env<'_>, moment: Moment) -> Carriage<'a> {
        Carriage {
            account: env.account,
            rng: env.rng,
            now: moment.at,
            padding_bucket: self.policy.padding_bucket,
            tell_records: self.policy.tell_records,
        }
    }

    /// Nobody is a stranger with whom something private stands, however the policy came to be what it is.
    pub(super) fn is_stranger(&self) -> bool {
        self.policy.strangers == Strangers::Silence && !self.acquainted && self.nothing_private()
    }
}

/// Whether a message asks not to be worried about if it cannot be read.
fn is_ignorable(message: &Message) -> bool {
    let flags = match message {
        Message::Data(data) => data.flags,
        Message::V4(message) => match &**message {
            wire::v4::Message::Data(data) => data.flags,
            _ => 0,
        },
        _ => 0,
    };
    flags & IGNORE_UNREADABLE != 0
}

pub(super) fn refused(reason: Reject) -> Item {
    Item::Event(Event::Refused { reason })
}
