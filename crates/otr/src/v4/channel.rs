//! Sealing and opening data messages ("Data Message", "Revealing MAC Keys", "Session Expiration").

use core::time::Duration;

use rand_core::CryptoRng;

use crate::identity::{FingerprintV4, Ssid};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::traffic::Traffic;
use crate::v4::message_keys::{ExtraKey, RevealedMacKey};
use crate::v4::mixed_secret::MixedSecret;
use crate::v4::ratchet::{DoubleRatchet, Side};
use crate::v4::turn::{OurKeys, TheirKeys};
use crate::wire::classic::IGNORE_UNREADABLE;
use crate::wire::header::{Header, Version};
use crate::wire::plaintext;
use crate::wire::tlv::{PADDING, Tlv};
use crate::wire::v4::{Data, MAC_SIZE};

/// What a finished interactive exchange hands over.
pub struct Established {
    /// Which part we had in it.
    pub side: Side,
    /// The shared secret `K` of the exchange.
    pub exchanged: MixedSecret,
    /// Our first keys of the ratchet.
    pub ours: OurKeys,
    /// The other side's first keys, checked and authenticated.
    pub theirs: TheirKeys,
    /// Who the other side proved to be: the fingerprint.
    pub peer: FingerprintV4,
    /// The secure session id.
    pub ssid: Ssid,
}

/// A private channel of version 4.
pub struct Channel {
    peer: FingerprintV4,
    ssid: Ssid,
    ratchet: DoubleRatchet,
    traffic: Traffic,
}

/// An authenticated, decrypted data message.
pub struct Opened {
    /// Text, NUL and TLVs, still encoded.
    pub plaintext: Vec<u8>,
    /// The extra symmetric key of this message, if a record in it announces its use:
    /// [`announced`](super::extra_keys::announced) has the keys to use.
    pub extra_key: Option<ExtraKey>,
    /// How many messages before this one have not arrived; they may still come.
    pub missed: u64,
}

impl Channel {
    /// A channel from a finished exchange.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] if the other side's keys contribute nothing.
    pub fn start(established: Established, now: Timestamp) -> Result<Self, Reject> {
        let Established {
            side,
            exchanged,
            ours,
            theirs,
            peer,
            ssid,
        } = established;
        Ok(Self {
            peer,
            ssid,
            ratchet: DoubleRatchet::start(side, &exchanged, ours, theirs, now)?,
            traffic: Traffic::default(),
        })
    }

    /// Takes over what an earlier channel still had to publish.
    pub fn inherit(&mut self, reveal: Vec<RevealedMacKey>) {
        self.ratchet.inherit(reveal);
    }

    /// How far our messages have come.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        Version::V4
    }

    /// The fingerprint of the keys the other side proved.
    pub fn peer(&self) -> FingerprintV4 {
        self.peer
    }

    /// The secure session id of the exchange that made this channel.
    pub fn ssid(&self) -> Ssid {
        self.ssid
    }

    /// Encrypts and authenticates one message, and returns it with its extra key, if a record of the plaintext announces
    /// the use of it. `None` when the counters are used up (2^32 messages without an answer).
    pub fn seal(
        &mut self,
        header: &Header,
        plaintext: Vec<u8>,
        flags: u8,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Option<(Data, Option<ExtraKey>)> {
        self.ratchet.expire(now);
        let sealing = self.ratchet.sealing(rng, now)?;
        let mac_key = sealing.keys.mac_key();
        let mut ciphertext = plaintext;
        let extra_key = sealing.keys.encrypt(&mut ciphertext);
        let mut data = Data {
            flags,
            previous_sent: sealing.previous_sent,
            ratchet_id: sealing.ratchet_id,
            message_id: sealing.message_id,
            ecdh: sealing.ecdh,
            dh: sealing.dh,
            ciphertext,
            mac: [0; MAC_SIZE],
            revealed_mac_keys: Vec::new(),
        };
        data.mac = mac_key.authenticate([&data.authenticated_prefix(header), &data.ciphertext]);
        if sealing.turned {
            // No earlier: otrr and otr4j refuse a first message of a ratchet that reveals nothing, and a key is always
            // there if none is given away in between.
            data.revealed_mac_keys = concatenated(&self.ratchet.take_revealed());
            self.traffic.key_announced();
        }
        self.traffic.one_more();
        Some((data, extra_key))
    }

    /// Seals the last message of the conversation, because the person ends it or it has expired. It publishes the MAC
    /// keys of all messages that were read since our last turn, and of all that were waited for: afterwards nothing can
    /// be read here any more, so nothing can be forged towards us.
    pub fn seal_last(
        mut self,
        header: &Header,
        plaintext: Vec<u8>,
        flags: u8,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Option<Data> {
        let (mut data, _) = self.seal(header, plaintext, flags, rng, now)?;
        data.revealed_mac_keys
            .extend(concatenated(&self.ratchet.retire_all()));
        Some(data)
    }

    /// Verifies and decrypts one message: everything is checked before anything is changed.
    ///
    /// # Errors
    /// The first check that failed; the channel is as it was.
    pub fn open(&mut self, header: &Header, data: Data, now: Timestamp) -> Result<Opened, Reject> {
        let known_flags = data.flags & !IGNORE_UNREADABLE == 0;
        if !known_flags || !data.revealed_mac_keys.len().is_multiple_of(MAC_SIZE) {
            return Err(Reject::Malformed);
        }
        let opening = self.ratchet.opening(&data, now)?;
        let mac_key = opening.mac_key();
        let prefix = data.authenticated_prefix(header);
        if !mac_key.verifies([&prefix, &data.ciphertext], &data.mac) {
            return Err(Reject::BadAuthenticator);
        }
        let accepted = self.ratchet.accept(opening, mac_key, &data, now);
        if accepted.key_seen {
            self.traffic.key_seen();
        }
        let mut plaintext = data.ciphertext;
        let extra_key = accepted.keys.decrypt(&mut plaintext);
        Ok(Opened {
            plaintext,
            extra_key,
            missed: accepted.missed,
        })
    }

    /// When the session expires that may go without a new key of ours for `limit`: its keys are then to be erased, by
    /// [`seal_last`](Self::seal_last).
    pub fn expires(&self, limit: Duration) -> Timestamp {
        self.ratchet.turned().plus(limit)
    }

    /// Forgets keys that were kept for too long for messages that did not come.
    pub fn tick(&mut self, now: Timestamp) {
        self.ratchet.expire(now);
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.ratchet.next_deadline()
    }

    /// How many messages that did not come are waited for.
    pub fn awaited(&self) -> usize {
        self.ratchet.skipped()
    }

    /// Ends the channel without a last message: the MAC keys that are still to be published.
    pub fn retire(self) -> Vec<RevealedMacKey> {
        self.ratchet.retire_all()
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        let identity = (self.peer, self.ssid, self.traffic);
        crate::hazmat::field(bytes, format!("{identity:?}").as_bytes());
        self.ratchet.absorb(bytes);
    }
}

/// Text and records as they are encrypted: with a padding record that brings the length to a multiple of `bucket`
/// bytes, unless that is 0.
pub fn padded(text: &[u8], mut records: Vec<Tlv>, bucket: u16) -> Vec<u8> {
    if bucket > 0 {
        let words = text.iter().filter(|&&byte| byte != 0).count();
        let length: usize = words + 1 + records.iter().map(Tlv::encoded_len).sum::<usize>() + 4;
        let padding = length.next_multiple_of(bucket.into()) - length;
        records.extend(Tlv::new(PADDING, vec![0; padding]));
    }
    plaintext::encode_v4(text, &records)
}

fn concatenated(keys: &[RevealedMacKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| *key.as_bytes()).collect()
}

/// A session that goes without a new key of ours for so long is over, unless the person wants it otherwise.
pub const DEFAULT_EXPIRY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
