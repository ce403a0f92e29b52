//! Which D-H keys are in use, and when they change (version 3, "Key Management" and "Revealing MAC keys").
//!
//! We hold two keys of ours, the one the other side has seen in use (`our_id - 1`) and the next one, and
//! at most two of theirs. The next key of ours is made when it is first announced, and the keys of a
//! pair when a message first needs them: a conversation that goes to and fro costs three exponentiations
//! a message, both ends together.

use rand_core::CryptoRng;

use crate::classic::channel::Established;
use crate::classic::pair_keys::{PairKeys, RevealedMacKey};
use crate::crypto::modp::{DhPublic, DhSecret};
use crate::reject::Reject;

/// Keys of both sides, the keys of their pairs, and the MAC keys that wait to be revealed.
pub struct KeyRotation {
    /// Serial number of our next key; the current one is below it.
    our_id: u32,
    current: KeyPair,
    next: Option<KeyPair>,
    their_id: u32,
    their_current: DhPublic,
    their_previous: Option<DhPublic>,
    pairs: Vec<PairKeys>,
    reveal: Vec<RevealedMacKey>,
}

struct KeyPair {
    secret: DhSecret,
    public: DhPublic,
}

impl KeyRotation {
    /// The keys that the key exchange leaves behind; `reveal` are MAC keys that an earlier channel of the
    /// same conversation still had to publish.
    pub fn start(established: Established, reveal: Vec<RevealedMacKey>) -> Self {
        // The shared secret of the exchange is that of the first pair: derive its keys while it is here.
        let first = PairKeys::derive(
            established.our_key_id,
            &established.our_public,
            established.their_key_id,
            &established.their_public,
            &established.shared,
        );
        Self {
            our_id: established.our_key_id.saturating_add(1),
            current: KeyPair {
                secret: established.our_secret,
                public: established.our_public,
            },
            next: None,
            their_id: established.their_key_id,
            their_current: established.their_public,
            their_previous: None,
            pairs: vec![first],
            reveal,
        }
    }

    /// The keys for our next message, and the key of ours that it announces.
    pub fn sealing(&mut self, rng: &mut dyn CryptoRng) -> (&mut PairKeys, DhPublic) {
        let next = self
            .next
            .get_or_insert_with(|| KeyPair::generate(rng))
            .public
            .clone();
        let our_id = self.our_id - 1;
        let position = match self.position(our_id, self.their_id) {
            Some(position) => position,
            None => {
                let shared = self.current.secret.agree(&self.their_current);
                let pair = PairKeys::derive(
                    our_id,
                    &self.current.public,
                    self.their_id,
                    &self.their_current,
                    &shared,
                );
                self.pairs.push(pair);
                self.pairs.len() - 1
            }
        };
        (&mut self.pairs[position], next)
    }

    /// The keys that a message to be opened names. They are derived once for each pair and kept even if the
    /// message proves false: they follow from keys that are here anyhow, and forged messages would otherwise
    /// cost an exponentiation each.
    ///
    /// # Errors
    /// [`Reject::UnknownKey`] unless both ids name a current or previous key.
    pub fn opening(&mut self, sender_key_id: u32, recipient_key_id: u32) -> Result<&mut PairKeys, Reject> {
        if sender_key_id == 0 || recipient_key_id == 0 {
            return Err(Reject::UnknownKey);
        }
        let ours = if recipient_key_id == self.our_id {
            self.next.as_ref().ok_or(Reject::UnknownKey)?
        } else if recipient_key_id == self.our_id - 1 {
            &self.current
        } else {
            return Err(Reject::UnknownKey);
        };
        let theirs = if sender_key_id == self.their_id {
            &self.their_current
        } else if sender_key_id == self.their_id - 1 {
            self.their_previous.as_ref().ok_or(Reject::UnknownKey)?
        } else {
            return Err(Reject::UnknownKey);
        };
        let position = match self.position(recipient_key_id, sender_key_id) {
            Some(position) => position,
            None => {
                let shared = ours.secret.agree(theirs);
                let pair = PairKeys::derive(recipient_key_id, &ours.public, sender_key_id, theirs, &shared);
                self.pairs.push(pair);
                self.pairs.len() - 1
            }
        };
        Ok(&mut self.pairs[position])
    }

    /// Moves on after an accepted message: the other side has seen our next key, or announces its next one. Whether it
    /// has seen ours.
    ///
    /// Serial numbers end at 2^32 - 1; a key there is used on without rotation.
    pub fn rotate(&mut self, sender_key_id: u32, recipient_key_id: u32, announced: DhPublic) -> bool {
        let mut seen = false;
        if recipient_key_id == self.our_id
            && let Some(following) = self.our_id.checked_add(1)
            && let Some(next) = self.next.take()
        {
            let retired = self.our_id - 1;
            self.retire(|pair| pair.our_id == retired);
            self.current = next;
            self.our_id = following;
            seen = true;
        }
        if sender_key_id == self.their_id
            && let Some(following) = self.their_id.checked_add(1)
        {
            let retired = self.their_id - 1;
            self.retire(|pair| pair.their_id == retired);
            self.their_previous = Some(core::mem::replace(&mut self.their_current, announced));
            self.their_id = following;
        }
        seen
    }

    /// The MAC keys to publish now; each is handed out once.
    pub fn take_revealed(&mut self) -> Vec<RevealedMacKey> {
        core::mem::take(&mut self.reveal)
    }

    /// Ends the use of every key: all MAC keys that verified something, and those still waiting.
    pub fn retire_all(mut self) -> Vec<RevealedMacKey> {
        self.retire(|_| true);
        self.reveal
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        field(
            bytes,
            format!("{} {} {:?}", self.our_id, self.their_id, self.reveal).as_bytes(),
        );
        field(bytes, self.current.secret.expose());
        if let Some(next) = &self.next {
            field(bytes, next.secret.expose());
        }
        field(bytes, &self.their_current.to_be_bytes());
        if let Some(previous) = &self.their_previous {
            field(bytes, &previous.to_be_bytes());
        }
        for pair in self.pairs.iter().filter(|pair| pair.is_in_use()) {
            pair.absorb(bytes);
        }
    }

    #[cfg(test)]
    pub(crate) fn pairs_derived(&self) -> usize {
        self.pairs.len()
    }

    fn retire(&mut self, belongs: impl Fn(&PairKeys) -> bool) {
        let mut position = 0;
        while position < self.pairs.len() {
            if belongs(&self.pairs[position]) {
                let pair = self.pairs.swap_remove(position);
                // Beyond the bound a key is forgotten: only a peer who turns keys without waiting for an
                // answer gets there, and only the deniability of their own words is less for it.
                let room = self.reveal.len() < MAX_WAITING;
                self.reveal.extend(pair.receiving.retire().filter(|_| room));
            } else {
                position += 1;
            }
        }
    }

    fn position(&self, our_id: u32, their_id: u32) -> Option<usize> {
        self.pairs
            .iter()
            .position(|pair| pair.our_id == our_id && pair.their_id == their_id)
    }
}

impl KeyPair {
    fn generate(rng: &mut dyn CryptoRng) -> Self {
        let secret = DhSecret::generate(rng);
        Self {
            public: secret.public(),
            secret,
        }
    }
}

/// MAC keys that wait for our next message. A peer who keeps to the text makes us hold a handful.
const MAX_WAITING: usize = 64;
