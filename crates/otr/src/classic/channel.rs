//! Sealing and opening data messages (version 3, "Data Message").

use rand_core::CryptoRng;

use crate::classic::key_rotation::KeyRotation;
use crate::classic::pair_keys::{ExtraKey, RevealedMacKey};
use crate::crypto::modp::{DhPublic, DhSecret, DhShared};
use crate::identity::{Fingerprint, Ssid};
use crate::reject::Reject;
use crate::traffic::Traffic;
use crate::wire::Mpi;
use crate::wire::classic::Data;
use crate::wire::header::{Header, Version};

/// What a finished key exchange hands over.
pub struct Established {
    /// Serial number of our first D-H key.
    pub our_key_id: u32,
    /// Our first D-H key.
    pub our_secret: DhSecret,
    /// Its public half.
    pub our_public: DhPublic,
    /// Serial number of their first D-H key.
    pub their_key_id: u32,
    /// Their first D-H key.
    pub their_public: DhPublic,
    /// The secret of the two, computed once.
    pub shared: DhShared,
    /// Who the other side proved to be.
    pub peer: Fingerprint,
    /// The secure session id.
    pub ssid: Ssid,
}

/// A private channel of version 1, 2 or 3.
pub struct Channel {
    version: Version,
    peer: Fingerprint,
    ssid: Ssid,
    keys: KeyRotation,
    traffic: Traffic,
}

/// An authenticated, decrypted data message.
pub struct Opened {
    /// Text, NUL and TLVs, still encoded.
    pub plaintext: Vec<u8>,
    /// The extra symmetric key of the pair that the message used.
    pub extra_key: ExtraKey,
    /// How many messages before this one did not arrive, as far as the counter tells.
    pub missed: u64,
}

impl Channel {
    /// A channel from a finished exchange; `reveal` are MAC keys an earlier channel still had to publish.
    pub fn start(version: Version, established: Established, reveal: Vec<RevealedMacKey>) -> Self {
        let (peer, ssid) = (established.peer, established.ssid);
        Self {
            version,
            peer,
            ssid,
            keys: KeyRotation::start(established, reveal),
            traffic: Traffic::default(),
        }
    }

    /// How far our messages have come.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The fingerprint of the key the other side proved.
    pub fn peer(&self) -> Fingerprint {
        self.peer
    }

    /// The secure session id of the exchange that made this channel.
    pub fn ssid(&self) -> Ssid {
        self.ssid
    }

    /// Version 1 has no socialist millionaires' protocol.
    pub fn has_smp(&self) -> bool {
        self.version >= Version::V2
    }

    /// Only version 3 defines the extra symmetric key.
    pub fn has_extra_key(&self) -> bool {
        self.version >= Version::V3
    }

    /// Encrypts and authenticates one message, and returns it with the extra key of the pair it uses.
    /// `None` when the counters of the pair are used up (2^64 messages without an answer).
    pub fn seal(
        &mut self,
        header: &Header,
        mut plaintext: Vec<u8>,
        flags: u8,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Data, ExtraKey)> {
        let (pair, announced) = self.keys.sealing(rng);
        let counter = pair.sending.encrypt(&mut plaintext)?;
        let mut data = Data {
            flags,
            sender_key_id: pair.our_id,
            recipient_key_id: pair.their_id,
            next_dh: Mpi::from_be_bytes(&announced.to_be_bytes()),
            counter,
            ciphertext: plaintext,
            mac: [0; 20],
            revealed_mac_keys: Vec::new(),
        };
        data.mac = pair
            .sending
            .authenticate(&[&data.authenticated_prefix(header), &data.ciphertext]);
        let extra_key = pair.extra_key();
        data.revealed_mac_keys = concatenated(&self.keys.take_revealed());
        self.traffic.one_more();
        Some((data, extra_key))
    }

    /// Seals the last message of the conversation. It publishes the MAC key of every message that was ever
    /// accepted and is still unpublished: afterwards nothing can be read here any more, so nothing can be
    /// forged towards us, and the last messages become deniable too (S-16).
    pub fn seal_last(
        mut self,
        header: &Header,
        plaintext: Vec<u8>,
        flags: u8,
        rng: &mut dyn CryptoRng,
    ) -> Option<Data> {
        let (mut data, _) = self.seal(header, plaintext, flags, rng)?;
        let retired = concatenated(&self.keys.retire_all());
        data.revealed_mac_keys.extend(retired);
        Some(data)
    }

    /// Verifies and decrypts one message: everything is checked before anything is changed.
    ///
    /// # Errors
    /// The first check that failed; the channel is as it was.
    pub fn open(&mut self, header: &Header, data: Data) -> Result<Opened, Reject> {
        let pair = self.keys.opening(data.sender_key_id, data.recipient_key_id)?;
        let prefix = data.authenticated_prefix(header);
        if !pair.receiving.verifies(&[&prefix, &data.ciphertext], &data.mac) {
            return Err(Reject::BadAuthenticator);
        }
        let missed = pair.receiving.gap(data.counter).ok_or(Reject::Replayed)?;
        let announced =
            DhPublic::from_be_bytes(data.next_dh.as_bytes()).map_err(|_| Reject::BadGroupElement)?;

        let mut plaintext = data.ciphertext;
        pair.receiving.decrypt(data.counter, &mut plaintext);
        let extra_key = pair.extra_key();
        if self
            .keys
            .rotate(data.sender_key_id, data.recipient_key_id, announced)
        {
            self.traffic.key_seen();
        }
        Ok(Opened {
            plaintext,
            extra_key,
            missed,
        })
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        let identity = (self.version, self.peer, self.ssid);
        crate::hazmat::field(bytes, format!("{identity:?} {:?}", self.traffic).as_bytes());
        self.keys.absorb(bytes);
    }

    /// Ends the channel without a last message: the MAC keys that are still to be published.
    pub fn retire(self) -> Vec<RevealedMacKey> {
        self.keys.retire_all()
    }
}

fn concatenated(keys: &[RevealedMacKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| *key.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Half;
    use crate::wire::header::InstanceTag;
    use chacha20::{ChaCha20Rng, rand_core::SeedableRng};

    fn pair(rng: &mut ChaCha20Rng) -> [Channel; 2] {
        let (left, right) = (DhSecret::generate(rng), DhSecret::generate(rng));
        [(&left, &right), (&right, &left)].map(|(ours, theirs)| {
            let established = Established {
                our_key_id: 1,
                our_secret: ours.duplicate(),
                our_public: ours.public(),
                their_key_id: 1,
                their_public: theirs.public(),
                shared: ours.agree(&theirs.public()),
                peer: Fingerprint::from_bytes([0; 20]),
                ssid: Ssid::short([0; 8], Half::First),
            };
            Channel::start(Version::V2, established, Vec::new())
        })
    }

    #[test]
    fn forged_messages_cost_one_exponentiation_a_pair_and_not_one_each() {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let [mut left, mut right] = pair(&mut rng);
        let header = Header {
            version: Version::V2,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        };
        left.seal(&header, vec![0], 0, &mut rng).unwrap();
        let (mut forged, _) = right.seal(&header, vec![0], 0, &mut rng).unwrap();
        forged.recipient_key_id = 2;
        let mut derived = Vec::new();
        for _ in 0..3 {
            derived.push(left.keys.pairs_derived());
            assert_eq!(
                left.open(&header, forged.clone()).err(),
                Some(Reject::BadAuthenticator)
            );
        }
        assert_eq!(derived, [1, 2, 2]);
    }
}
