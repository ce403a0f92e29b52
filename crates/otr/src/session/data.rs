//! Data messages: reading what comes, sealing what goes.

use rand_core::CryptoRng;

use crate::event::Event;
use crate::identity::Account;
use crate::reject::Reject;
use crate::session::channel::{Data, ExtraKeys};
use crate::session::{Item, MessageState, Session};
use crate::time::Timestamp;
use crate::wire::classic::IGNORE_UNREADABLE;
use crate::wire::header::{Header, InstanceTag};
use crate::wire::plaintext::Plaintext;
use crate::wire::tlv::{self, Tlv};

/// What the session needs for reading or sealing one message.
pub struct Carriage<'a> {
    /// Our side.
    pub account: &'a Account,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Now.
    pub now: Timestamp,
    /// Pad to a multiple of this many bytes; 0 for no padding.
    pub padding_bucket: u16,
    /// Tell of every record.
    pub tell_records: bool,
}

impl Session {
    /// Reads a data message and reacts to its records.
    ///
    /// # Errors
    /// Why it could not be read; the session is as it was.
    pub fn receive_data(
        &mut self,
        header: &Header,
        data: Data,
        carriage: &mut Carriage<'_>,
        items: &mut Vec<Item>,
    ) -> Result<Received, Reject> {
        let session = self.tag;
        let MessageState::Encrypted(private) = &mut self.state else {
            return Err(Reject::NotPrivate);
        };
        let opened = private.channel.open(header, data, carriage.now)?;
        if opened.missed > 0 {
            items.push(Item::Event(Event::Missed {
                session,
                messages: opened.missed,
            }));
        }
        let plaintext = Plaintext::decode(opened.plaintext);
        let received = Received {
            had_text: !plaintext.text.is_empty(),
        };
        if received.had_text {
            items.push(Item::Event(Event::Text {
                session,
                text: plaintext.text,
            }));
        } else if plaintext.tlvs.iter().all(|record| record.kind() == tlv::PADDING) {
            items.push(Item::Event(Event::Heartbeat { session }));
        }
        if carriage.tell_records && !plaintext.tlvs.is_empty() {
            items.push(Item::Event(Event::Records {
                session,
                records: plaintext.tlvs.clone(),
            }));
        }
        self.receive_tlvs(&plaintext.tlvs, opened.extra_keys, carriage, items);
        Ok(received)
    }

    /// Encrypts text and records for this device. `None` if the conversation is not private any more, or
    /// the keys are used up.
    pub fn seal(
        &mut self,
        text: &[u8],
        tlvs: Vec<Tlv>,
        flags: u8,
        carriage: &mut Carriage<'_>,
    ) -> Option<(Item, ExtraKeys)> {
        let MessageState::Encrypted(private) = &mut self.state else {
            return None;
        };
        let header = header(private.channel.version(), self.tag, carriage.account);
        let form = (flags, carriage.padding_bucket);
        let (message, extra_keys) =
            private
                .channel
                .seal(&header, text, tlvs, form, carriage.rng, carriage.now)?;
        self.last_sent = carriage.now;
        Some((Item::Message(header, message), extra_keys))
    }

    /// Ends our side: the last private message tells the other side, and the state is plaintext again.
    /// After the other side has ended, only the state changes.
    pub fn end(&mut self, carriage: &mut Carriage<'_>) -> Option<Item> {
        let MessageState::Encrypted(private) = core::mem::replace(&mut self.state, MessageState::Plaintext)
        else {
            return None;
        };
        let header = header(private.channel.version(), self.tag, carriage.account);
        let disconnected = Tlv::new(tlv::DISCONNECTED, Vec::new()).into_iter().collect();
        let form = (IGNORE_UNREADABLE, carriage.padding_bucket);
        let message = private
            .channel
            .seal_last(&header, disconnected, form, carriage.rng, carriage.now)?;
        Some(Item::Message(header, message))
    }
}

impl Session {
    /// Lets time pass for the channel: keys for messages that did not come are forgotten, and a conversation of version 4
    /// without a new key of ours for `limit` is over.
    pub(crate) fn tick(
        &mut self,
        limit: core::time::Duration,
        carriage: &mut Carriage<'_>,
        items: &mut Vec<Item>,
    ) {
        let MessageState::Encrypted(private) = &mut self.state else {
            return;
        };
        private.channel.tick(carriage.now);
        if private
            .channel
            .expires(limit)
            .is_none_or(|due| due > carriage.now)
        {
            return;
        }
        let finished = MessageState::Finished {
            peer: private.channel.peer(),
            traffic: (private.channel.ssid(), private.channel.traffic()),
        };
        items.extend(self.end(carriage));
        // Not plaintext: what the person says next was meant to be private.
        self.state = finished;
        items.push(Item::Event(Event::Expired { session: self.tag }));
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn channel_deadline(&self, limit: core::time::Duration) -> Option<Timestamp> {
        let MessageState::Encrypted(private) = &self.state else {
            return None;
        };
        [private.channel.next_deadline(), private.channel.expires(limit)]
            .into_iter()
            .flatten()
            .min()
    }
}

/// What a readable data message was.
pub struct Received {
    /// Whether it had text for the person; a message without is never answered by a heartbeat.
    pub had_text: bool,
}

fn header(version: crate::wire::header::Version, tag: InstanceTag, account: &Account) -> Header {
    let sender = if version.has_instance_tags() {
        account.instance_tag()
    } else {
        InstanceTag::ZERO
    };
    Header {
        version,
        sender,
        receiver: tag,
    }
}
