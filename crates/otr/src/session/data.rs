//! Data messages: reading what comes, sealing what goes.

use rand_core::CryptoRng;

use crate::classic::pair_keys::ExtraKey;
use crate::event::Event;
use crate::identity::Account;
use crate::reject::Reject;
use crate::session::{Item, MessageState, Session};
use crate::time::Timestamp;
use crate::wire::Message;
use crate::wire::classic::{Data, IGNORE_UNREADABLE};
use crate::wire::header::{Header, InstanceTag};
use crate::wire::plaintext::{self, Plaintext};
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
        let opened = private.channel.open(header, data)?;
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
        self.receive_tlvs(&plaintext.tlvs, opened.extra_key, carriage, items);
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
    ) -> Option<(Item, ExtraKey)> {
        let MessageState::Encrypted(private) = &mut self.state else {
            return None;
        };
        let header = header(private.channel.version(), self.tag, carriage.account);
        let plaintext = padded(text, tlvs, carriage.padding_bucket);
        let (data, extra_key) = private.channel.seal(&header, plaintext, flags, carriage.rng)?;
        self.last_sent = carriage.now;
        Some((Item::Message(header, Message::Data(data)), extra_key))
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
        let plaintext = padded(b"", disconnected, carriage.padding_bucket);
        let data = private
            .channel
            .seal_last(&header, plaintext, IGNORE_UNREADABLE, carriage.rng)?;
        Some(Item::Message(header, Message::Data(data)))
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

/// Encodes text and records, with a padding record that brings the length to a multiple of `bucket`.
fn padded(text: &[u8], mut tlvs: Vec<Tlv>, bucket: u16) -> Vec<u8> {
    if bucket > 0 {
        let bucket = usize::from(bucket);
        let records: usize = tlvs.iter().map(|record| 4 + record.value().len()).sum();
        let length = text.len() + 1 + records + 4;
        let padding = length.next_multiple_of(bucket) - length;
        tlvs.extend(Tlv::new(tlv::PADDING, vec![0; padding]));
    }
    plaintext::encode(text, &tlvs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_to_two_hundred_bytes_have_one_length() {
        for length in 0..=200 {
            assert_eq!(
                padded(&vec![b'x'; length], Vec::new(), 256).len(),
                256,
                "{length}"
            );
        }
        assert_eq!(padded(b"x", Vec::new(), 0), b"x\0");
        assert_eq!(padded(&[b'x'; 252], Vec::new(), 256).len(), 512);
    }
}
