//! Reacting to the records of a private message, and the actions that travel in records.

use crate::error::PrivateError;
use crate::event::{Event, ExtraKey, SmpEvent};
use crate::identity::Fingerprint;
use crate::session::channel::ExtraKeys;
use crate::session::data::Carriage;
use crate::session::{Item, MessageState, Session};
use crate::smp::{Outcome, Progress};
use crate::wire::classic::IGNORE_UNREADABLE;
use crate::wire::tlv::{self, Tlv};

/// What the person does with the socialist millionaires' protocol.
#[derive(Clone, Copy)]
pub enum SmpAction<'a> {
    /// Compare secrets; a run under way is given up first.
    Start {
        /// Our secret, exactly as it shall be compared.
        secret: &'a [u8],
        /// A question for the other side to see.
        question: Option<&'a [u8]>,
    },
    /// Answer the other side's request with our secret.
    Answer {
        /// Our secret, exactly as it shall be compared.
        secret: &'a [u8],
    },
    /// Give up.
    Abort,
}

impl Session {
    /// Walks the records of one private message.
    pub(crate) fn receive_tlvs(
        &mut self,
        records: &[Tlv],
        extra_keys: ExtraKeys,
        carriage: &mut Carriage<'_>,
        items: &mut Vec<Item>,
    ) {
        let (extra, smp) = match &self.state {
            MessageState::Encrypted(private) => private.channel.record_kinds(),
            _ => return,
        };
        let mut extra_keys = Some(extra_keys);
        let mut smp_records = 0;
        for record in records {
            match record.kind() {
                tlv::DISCONNECTED => {
                    self.peer_ended(items);
                    return;
                }
                kind if smp.contains(&kind) && smp_records < MAX_SMP_RECORDS => {
                    smp_records += 1;
                    self.receive_smp(record, carriage, items);
                }
                kind if kind == extra => {
                    if let Some(keys) = extra_keys.take() {
                        self.receive_extra_keys(keys, records, items);
                    }
                }
                // Padding, records that nobody has defined yet, and more runs than anybody needs at once.
                _ => {}
            }
        }
    }

    /// Takes an action of the person; the messages to send are pushed to `items`.
    ///
    /// # Errors
    /// Says what is missing; nothing changed.
    pub fn smp_action(
        &mut self,
        action: SmpAction<'_>,
        carriage: &mut Carriage<'_>,
        items: &mut Vec<Item>,
    ) -> Result<(), PrivateError> {
        let MessageState::Encrypted(private) = &mut self.state else {
            return Err(PrivateError::NotPrivate);
        };
        let channel = &mut private.channel;
        if !channel.has_smp() {
            return Err(PrivateError::NotInThisVersion);
        }
        let records = match action {
            SmpAction::Start { secret, question } => {
                if question.is_some_and(|question| question.contains(&0)) {
                    return Err(PrivateError::ContainsNul);
                }
                if question.is_some_and(|question| question.len() > MAX_QUESTION) {
                    return Err(PrivateError::TooLong);
                }
                channel
                    .smp_start(carriage.account, secret, question, carriage.rng)
                    .ok_or(PrivateError::NotInThisVersion)?
            }
            SmpAction::Answer { secret } => {
                let answer = channel
                    .smp_answer(carriage.account, secret, carriage.rng)
                    .map_err(|_| PrivateError::NotAsked)?;
                vec![answer]
            }
            SmpAction::Abort => vec![channel.smp_abort()],
        };
        for record in records {
            let (item, _) = self
                .seal(b"", vec![record], IGNORE_UNREADABLE, carriage)
                .ok_or(PrivateError::KeysExhausted)?;
            items.push(item);
        }
        Ok(())
    }

    /// Announces the use of the extra symmetric key, and returns the key.
    ///
    /// # Errors
    /// Says what is missing; nothing changed.
    pub fn use_extra_key(
        &mut self,
        usage: u32,
        data: &[u8],
        carriage: &mut Carriage<'_>,
        items: &mut Vec<Item>,
    ) -> Result<ExtraKey, PrivateError> {
        let kind = match &self.state {
            MessageState::Encrypted(private) if private.channel.has_extra_key() => {
                private.channel.record_kinds().0
            }
            MessageState::Encrypted(_) => return Err(PrivateError::NotInThisVersion),
            _ => return Err(PrivateError::NotPrivate),
        };
        let mut value = usage.to_be_bytes().to_vec();
        value.extend_from_slice(data);
        let record = Tlv::new(kind, value).ok_or(PrivateError::TooLong)?;
        let (item, keys) = self
            .seal(b"", vec![record.clone()], IGNORE_UNREADABLE, carriage)
            .ok_or(PrivateError::KeysExhausted)?;
        items.push(item);
        let announced = keys.announced_by(&[record]).into_iter().next();
        announced.map(|(_, _, key)| key).ok_or(PrivateError::TooLong)
    }

    pub(crate) fn smp_event(&self, fingerprint: Fingerprint, event: SmpEvent) -> Item {
        Item::Event(Event::Smp {
            session: self.tag,
            fingerprint,
            event,
        })
    }

    fn peer_ended(&mut self, items: &mut Vec<Item>) {
        if let MessageState::Encrypted(private) = core::mem::replace(&mut self.state, MessageState::Plaintext)
        {
            let peer = private.channel.peer();
            if private.channel.smp_progress() != Progress::Idle {
                let told = private.channel.smp_has_told();
                items.push(self.smp_event(peer, SmpEvent::Aborted { told }));
            }
            self.state = MessageState::Finished {
                peer,
                traffic: (private.channel.ssid(), private.channel.traffic()),
            };
            self.unpublished = private.channel.retire();
            items.push(Item::Event(Event::PeerEnded { session: self.tag }));
        }
    }

    fn receive_smp(&mut self, record: &Tlv, carriage: &mut Carriage<'_>, items: &mut Vec<Item>) {
        let MessageState::Encrypted(private) = &mut self.state else {
            return;
        };
        if !private.channel.has_smp() {
            return;
        }
        let peer = private.channel.peer();
        let told = private.channel.smp_has_told();
        let (event, reply) = match private.channel.smp_receive(record, carriage.rng) {
            Outcome::Asked { mut question } => {
                if let Some(question) = &mut question {
                    question.truncate(MAX_QUESTION);
                }
                (Some(SmpEvent::Asked { question }), None)
            }
            Outcome::Reply(reply) => (None, Some(reply)),
            Outcome::Done { matched, reply } => (
                Some(if matched {
                    SmpEvent::Succeeded
                } else {
                    SmpEvent::Failed
                }),
                reply,
            ),
            Outcome::Cheated(abort) => (Some(SmpEvent::Cheated), Some(abort)),
            Outcome::OutOfOrder(abort) => (Some(SmpEvent::Aborted { told }), Some(abort)),
            Outcome::AbortedByPeer => (Some(SmpEvent::Aborted { told }), None),
            Outcome::Ignored => (None, None),
        };
        // The answer goes out before the result is told, so that both sides learn it.
        if let Some(reply) = reply
            && let Some((item, _)) = self.seal(b"", vec![reply], IGNORE_UNREADABLE, carriage)
        {
            items.push(item);
        }
        items.extend(event.map(|event| self.smp_event(peer, event)));
    }

    fn receive_extra_keys(&self, keys: ExtraKeys, records: &[Tlv], items: &mut Vec<Item>) {
        if !matches!(&self.state, MessageState::Encrypted(private) if private.channel.has_extra_key()) {
            return;
        }
        for (usage, data, key) in keys.announced_by(records) {
            items.push(Item::Event(Event::ExtraKey {
                session: self.tag,
                usage,
                data: data.into(),
                key,
            }));
        }
    }
}

/// A longer question is no question any more (S-34).
const MAX_QUESTION: usize = 512;
/// Records of the socialist millionaires' protocol in one message: honest programs send one or two, and
/// each may cost several exponentiations and an answer.
const MAX_SMP_RECORDS: usize = 4;
