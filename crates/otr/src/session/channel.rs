//! The private channel of a session, in whatever version was agreed: the only place where the families meet.

use rand_core::CryptoRng;

use crate::classic;
use crate::classic::pair_keys;
use crate::event::ExtraKey;
use crate::identity::{Account, Fingerprint, Ssid};
use crate::reject::Reject;
use crate::smp::ed448::{self, Ed448};
use crate::smp::modp::Modp;
use crate::smp::{NotAsked, Outcome, Progress, Smp};
use crate::time::Timestamp;
use crate::traffic::Traffic;
use crate::v4;
use crate::v4::extra_keys::announced;
use crate::v4::message_keys;
use crate::wire::Message;
use crate::wire::header::{Header, Version};
use crate::wire::plaintext;
use crate::wire::tlv::{self, Tlv};

/// A private channel with its socialist millionaires' protocol.
#[expect(clippy::large_enum_variant, reason = "it lives in one box, whichever it is")]
pub enum Channel {
    /// Versions 1 to 3.
    Classic(classic::Channel, Smp<Modp>),
    /// Version 4.
    V4(v4::Channel, Smp<Ed448>),
}

/// MAC keys that wait to be published, each by a channel of its own family.
#[derive(Debug, Default)]
pub struct Unpublished {
    pub(crate) classic: Vec<pair_keys::RevealedMacKey>,
    pub(crate) v4: Vec<message_keys::RevealedMacKey>,
}

/// A data message of any version.
pub enum Data {
    /// Versions 1 to 3.
    Classic(crate::wire::classic::Data),
    /// Version 4.
    V4(crate::wire::v4::Data),
}

/// An authenticated, decrypted data message.
pub struct Opened {
    /// Text and TLVs, still encoded.
    pub plaintext: Vec<u8>,
    /// The extra keys of this message.
    pub extra_keys: ExtraKeys,
    /// How many messages before this one have not arrived.
    pub missed: u64,
}

/// What one message has for uses outside the conversation.
pub enum ExtraKeys {
    /// One key, for one use.
    Classic(pair_keys::ExtraKey),
    /// A key from which those of all uses follow, if there are any.
    V4(Option<message_keys::ExtraKey>),
}

/// Who began a run of the socialist millionaires' protocol: the order of the fingerprints in the compared value depends on
/// it.
#[derive(Clone, Copy)]
pub enum Initiator {
    /// We did.
    Us,
    /// The other side did.
    Them,
}

impl Channel {
    /// The protocol version.
    pub fn version(&self) -> Version {
        match self {
            Self::Classic(channel, _) => channel.version(),
            Self::V4(channel, _) => channel.version(),
        }
    }

    /// The key the other side proved.
    pub fn peer(&self) -> Fingerprint {
        match self {
            Self::Classic(channel, _) => channel.peer(),
            Self::V4(channel, _) => channel.peer().into(),
        }
    }

    /// The secure session id.
    pub fn ssid(&self) -> Ssid {
        match self {
            Self::Classic(channel, _) => channel.ssid(),
            Self::V4(channel, _) => channel.ssid(),
        }
    }

    /// How far our messages have come.
    pub fn traffic(&self) -> Traffic {
        match self {
            Self::Classic(channel, _) => channel.traffic(),
            Self::V4(channel, _) => channel.traffic(),
        }
    }

    /// Whether secrets can be compared here.
    pub fn has_smp(&self) -> bool {
        match self {
            Self::Classic(channel, _) => channel.has_smp(),
            Self::V4(..) => true,
        }
    }

    /// Whether there are extra symmetric keys here.
    pub fn has_extra_key(&self) -> bool {
        match self {
            Self::Classic(channel, _) => channel.has_extra_key(),
            Self::V4(..) => true,
        }
    }

    /// The type of the records of extra keys, and those of the socialist millionaires' protocol: version 4 has another
    /// use for one of the latter.
    pub fn record_kinds(&self) -> (u16, core::ops::RangeInclusive<u16>) {
        match self {
            Self::Classic(..) => (tlv::EXTRA_KEY, tlv::SMP1..=tlv::SMP1Q),
            Self::V4(..) => (tlv::EXTRA_KEY_V4, tlv::SMP1..=tlv::SMP_ABORT),
        }
    }

    /// Encrypts text and records, filled up to a multiple of `bucket` bytes.
    pub fn seal(
        &mut self,
        header: &Header,
        text: &[u8],
        tlvs: Vec<Tlv>,
        (flags, bucket): (u8, u16),
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Option<(Message, ExtraKeys)> {
        match self {
            Self::Classic(channel, _) => {
                let plaintext = padded(text, tlvs, bucket);
                let (data, key) = channel.seal(header, plaintext, flags, rng)?;
                Some((Message::Data(data), ExtraKeys::Classic(key)))
            }
            Self::V4(channel, _) => {
                let plaintext = v4::channel::padded(text, tlvs, bucket);
                let (data, key) = channel.seal(header, plaintext, flags, rng, now)?;
                Some((message(data), ExtraKeys::V4(key)))
            }
        }
    }

    /// Seals the last message of the conversation, with records alone.
    pub fn seal_last(
        self,
        header: &Header,
        tlvs: Vec<Tlv>,
        (flags, bucket): (u8, u16),
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Option<Message> {
        match self {
            Self::Classic(channel, _) => channel
                .seal_last(header, padded(b"", tlvs, bucket), flags, rng)
                .map(Message::Data),
            Self::V4(channel, _) => {
                let plaintext = v4::channel::padded(b"", tlvs, bucket);
                channel.seal_last(header, plaintext, flags, rng, now).map(message)
            }
        }
    }

    /// Verifies and decrypts one message.
    ///
    /// # Errors
    /// The first check that failed; the channel is as it was.
    pub fn open(&mut self, header: &Header, data: Data, now: Timestamp) -> Result<Opened, Reject> {
        match (self, data) {
            (Self::Classic(channel, _), Data::Classic(data)) => {
                let opened = channel.open(header, data)?;
                Ok(Opened {
                    plaintext: opened.plaintext,
                    extra_keys: ExtraKeys::Classic(opened.extra_key),
                    missed: opened.missed,
                })
            }
            (Self::V4(channel, _), Data::V4(data)) => {
                let opened = channel.open(header, data, now)?;
                Ok(Opened {
                    plaintext: opened.plaintext,
                    extra_keys: ExtraKeys::V4(opened.extra_key),
                    missed: opened.missed,
                })
            }
            _ => Err(Reject::NotPrivate),
        }
    }

    /// Ends the channel without a last message: the MAC keys that are still to be published.
    pub fn retire(self) -> Unpublished {
        match self {
            Self::Classic(channel, _) => Unpublished {
                classic: channel.retire(),
                v4: Vec::new(),
            },
            Self::V4(channel, _) => Unpublished {
                classic: Vec::new(),
                v4: channel.retire(),
            },
        }
    }

    /// Where the socialist millionaires' protocol stands.
    pub fn smp_progress(&self) -> Progress {
        match self {
            Self::Classic(_, smp) => smp.progress(),
            Self::V4(_, smp) => smp.progress(),
        }
    }

    /// Whether the other side has all it needs to know the result of a run, while we do not.
    pub fn smp_has_told(&self) -> bool {
        match self {
            Self::Classic(_, smp) => smp.has_told(),
            Self::V4(_, smp) => smp.has_told(),
        }
    }

    /// Begins to compare these words.
    pub fn smp_start(
        &mut self,
        account: &Account,
        words: &[u8],
        question: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<Tlv>> {
        let ssid = self.ssid();
        Some(match self {
            Self::Classic(channel, smp) => {
                let secret =
                    classic_secret(Initiator::Us, account.fingerprint(), channel.peer(), ssid, words);
                smp.start(&secret, question, rng)
            }
            Self::V4(channel, smp) => {
                let (ours, theirs) = (account.v4()?.fingerprint(), channel.peer());
                let secret =
                    ed448::compared_secret(ours.as_bytes(), theirs.as_bytes(), ssid.as_bytes(), words);
                smp.start(&secret, question, rng)
            }
        })
    }

    /// Answers the other side's request to compare with these words.
    ///
    /// # Errors
    /// [`NotAsked`]; nothing changes.
    pub fn smp_answer(
        &mut self,
        account: &Account,
        words: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Tlv, NotAsked> {
        let ssid = self.ssid();
        match self {
            Self::Classic(channel, smp) => {
                let secret = classic_secret(
                    Initiator::Them,
                    account.fingerprint(),
                    channel.peer(),
                    ssid,
                    words,
                );
                smp.answer(&secret, rng)
            }
            Self::V4(channel, smp) => {
                let ours = account.v4().ok_or(NotAsked)?.fingerprint();
                let theirs = channel.peer();
                let secret =
                    ed448::compared_secret(theirs.as_bytes(), ours.as_bytes(), ssid.as_bytes(), words);
                smp.answer(&secret, rng)
            }
        }
    }

    /// Gives up comparing.
    pub fn smp_abort(&mut self) -> Tlv {
        match self {
            Self::Classic(_, smp) => smp.abort(),
            Self::V4(_, smp) => smp.abort(),
        }
    }

    /// Takes a record of the socialist millionaires' protocol.
    pub fn smp_receive(&mut self, record: &Tlv, rng: &mut dyn CryptoRng) -> Outcome {
        match self {
            Self::Classic(_, smp) => smp.receive(record.kind(), record.value(), rng),
            Self::V4(_, smp) => smp.receive(record.kind(), record.value(), rng),
        }
    }

    /// Forgets keys that were kept for too long for messages that did not come.
    pub fn tick(&mut self, now: Timestamp) {
        match self {
            Self::Classic(..) => {}
            Self::V4(channel, _) => channel.tick(now),
        }
    }

    /// When the conversation is over for having had no new key of ours for `limit`; versions 1 to 3 do not expire.
    pub fn expires(&self, limit: core::time::Duration) -> Option<Timestamp> {
        match self {
            Self::Classic(..) => None,
            Self::V4(channel, _) => Some(channel.expires(limit)),
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Classic(..) => None,
            Self::V4(channel, _) => channel.next_deadline(),
        }
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Classic(channel, _) => channel.absorb(bytes),
            Self::V4(channel, _) => channel.absorb(bytes),
        }
        crate::hazmat::field(bytes, format!("{:?}", self.smp_progress()).as_bytes());
    }
}

impl Unpublished {
    /// Adds what another channel leaves.
    pub fn extend(&mut self, more: Self) {
        self.classic.extend(more.classic);
        self.v4.extend(more.v4);
    }
}

impl Data {
    /// The flags.
    pub fn flags(&self) -> u8 {
        match self {
            Self::Classic(data) => data.flags,
            Self::V4(data) => data.flags,
        }
    }
}

impl ExtraKeys {
    /// The uses that these records announce, with their data and keys: in versions 1 to 3 the first alone.
    pub fn announced_by(self, records: &[Tlv]) -> Vec<(u32, Vec<u8>, ExtraKey)> {
        match self {
            Self::Classic(key) => {
                let first = records
                    .iter()
                    .find(|record| record.kind() == tlv::EXTRA_KEY && record.value().len() >= 4);
                let split = first.and_then(|record| record.value().split_first_chunk::<4>());
                let told = split
                    .map(|(usage, data)| (u32::from_be_bytes(*usage), data.to_vec(), ExtraKey::Classic(key)));
                told.into_iter().collect()
            }
            Self::V4(base) => base
                .into_iter()
                .flat_map(|base| announced(&base, records))
                .map(|use_| {
                    (
                        u32::from_be_bytes(use_.context),
                        use_.data,
                        ExtraKey::V4(use_.key),
                    )
                })
                .collect(),
        }
    }
}

fn message(data: crate::wire::v4::Data) -> Message {
    Message::V4(Box::new(crate::wire::v4::Message::Data(data)))
}

/// "Secret information" of versions 2 and 3: what is really compared, SHA-256(1 ‖ initiator ‖ responder ‖ ssid ‖ secret).
fn classic_secret(
    initiator: Initiator,
    ours: Fingerprint,
    theirs: Fingerprint,
    ssid: Ssid,
    words: &[u8],
) -> crate::secret::Secret<32> {
    let (first, second) = match initiator {
        Initiator::Us => (ours, theirs),
        Initiator::Them => (theirs, ours),
    };
    let mut digest =
        crate::crypto::legacy::sha256(&[&[1], first.as_bytes(), second.as_bytes(), ssid.as_bytes(), words]);
    let compared = crate::secret::Secret::fill_with(|bytes: &mut [u8; 32]| bytes.copy_from_slice(&digest));
    zeroize::Zeroize::zeroize(&mut digest);
    compared
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
