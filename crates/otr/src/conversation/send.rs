//! Text from the person to outputs.

use crate::conversation::recipient::Recipient;
use crate::conversation::{Conversation, TagOffer};
use crate::error::SendError;
use crate::event::Output;
use crate::identity::Env;
use crate::session::SessionState;
use crate::wire::tlv::Tlv;
use crate::wire::{Incoming, classify, discovery};

/// Where a conversation stands, seen from a text that is to go to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing private with any device.
    Clear,
    /// Private with the recipient.
    Private,
    /// Private with the best recipient, whose key has taken the place of the one that text went to.
    KeyChanged,
    /// The recipient has ended the private conversation.
    Ended,
    /// Nothing private with the recipient, but with another device, now or until it ended.
    PrivateElsewhere,
}

/// What becomes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// It goes out as it is.
    Plain,
    /// It goes out with the white-space tag.
    Tagged,
    /// It is encrypted.
    Seal,
    /// It does not go out.
    Refuse(SendError),
}

/// What becomes of a text: one table. No row leads from a private or ended conversation to clear text.
pub fn disposition(standing: Standing, require_encryption: bool, tag: bool) -> Disposition {
    match (standing, require_encryption, tag) {
        (Standing::Private, _, _) => Disposition::Seal,
        (Standing::KeyChanged, _, _) => Disposition::Refuse(SendError::KeyChanged),
        (Standing::Ended, _, _) => Disposition::Refuse(SendError::PeerEnded),
        (Standing::PrivateElsewhere, _, _) => Disposition::Refuse(SendError::NotPrivate),
        (Standing::Clear, true, _) => Disposition::Refuse(SendError::NotPrivate),
        (Standing::Clear, false, true) => Disposition::Tagged,
        (Standing::Clear, false, false) => Disposition::Plain,
    }
}

impl Conversation {
    /// Sends a text: the only way for text of the person out of this crate.
    ///
    /// `records` travel along in a private message and are refused in a clear one.
    ///
    /// # Errors
    /// Why the text did not go out; it is still the caller's, and nothing changed.
    pub fn send(
        &mut self,
        env: &mut Env<'_>,
        to: Recipient,
        text: &[u8],
        records: &[Tlv],
    ) -> Result<Vec<Output>, SendError> {
        let limits = self.policy.limits;
        if text.contains(&0) {
            return Err(SendError::ContainsNul);
        }
        let records_length: usize = records.iter().map(|record| 4 + record.value().len()).sum();
        if text.len() + records_length > limits.text_bytes.min(self.carrier_capacity()) {
            return Err(SendError::TooLong);
        }
        let standing = self.standing(to)?;
        let tag = self.policy.send_tag && self.tag_offer == TagOffer::Open && self.policy.is_on();
        match disposition(
            standing,
            self.policy.require_encryption && self.policy.is_on(),
            tag,
        ) {
            Disposition::Refuse(reason) => Err(reason),
            Disposition::Seal => {
                let moment = self.advance(env.now);
                let position = self.session_position(to).ok_or(SendError::NoSuchInstance)?;
                let mut carriage = self.carriage(env, moment);
                let (item, _) = self.sessions[position]
                    .seal(text, records.to_vec(), 0, &mut carriage)
                    .ok_or(SendError::KeysExhausted)?;
                Ok(self.deliver(vec![item]))
            }
            clear => {
                if !records.is_empty() {
                    return Err(SendError::NotPrivate);
                }
                if self.policy.is_on() && !matches!(classify(text), Incoming::Plaintext(_, None)) {
                    return Err(SendError::ProtocolText);
                }
                self.advance(env.now);
                self.acquainted = true;
                let mut message = text.to_vec();
                if clear == Disposition::Tagged {
                    message.extend(discovery::tag(self.policy.negotiable()));
                }
                Ok(vec![Output::Send(message)])
            }
        }
    }

    /// Where the conversation stands for a text to this recipient.
    ///
    /// # Errors
    /// [`SendError::NoSuchInstance`] if a device was named that is not there.
    pub fn standing(&self, to: Recipient) -> Result<Standing, SendError> {
        let session = self.session(to);
        if session.is_none() && matches!(to, Recipient::Tag(tag) if !tag.is_zero()) {
            return Err(SendError::NoSuchInstance);
        }
        Ok(match session.map(|session| session.state()) {
            Some(SessionState::Encrypted(_)) if to == Recipient::Best && self.awaits_decision() => {
                Standing::KeyChanged
            }
            Some(SessionState::Encrypted(_)) => Standing::Private,
            Some(SessionState::Finished) => Standing::Ended,
            _ if self
                .sessions
                .iter()
                .any(|session| session.state() != SessionState::Plaintext) =>
            {
                Standing::PrivateElsewhere
            }
            _ => Standing::Clear,
        })
    }

    /// How many bytes of text the carrier can take in 65535 pieces, after base64 and with room for the
    /// fields of the message.
    fn carrier_capacity(&self) -> usize {
        let Some(limit) = self.carrier_limit else {
            return usize::MAX;
        };
        let body = limit.saturating_sub(PIECE_OVERHEAD);
        (body.saturating_mul(usize::from(u16::MAX)) / 4 * 3).saturating_sub(MESSAGE_OVERHEAD)
    }
}

/// The longest header of a piece, and its final comma.
const PIECE_OVERHEAD: usize = 36;
/// More than the header, key, MACs, padding and revealed keys of a data message take.
const MESSAGE_OVERHEAD: usize = 70_000;
