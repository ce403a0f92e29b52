//! The double ratchet ("Double Ratchet Algorithm and Initialization", "Rotating ... keys", "Data Exchange").
//!
//! Whoever sends for the first time after the other side has turned the ratchet turns it on: with a new ECDH key every
//! time, and with a new DH key every third time. Both directions count the turns together, in `i`, which never goes back
//! (decision 0090). Between two turns of one side its chain gives a key to each message.
//!
//! A message to be opened is looked at by [`DoubleRatchet::opening`], which changes nothing and stores nothing: what it
//! derives on the side becomes the state by [`DoubleRatchet::accept`], after the authenticator has held.

use std::collections::VecDeque;

use rand_core::CryptoRng;

use crate::crypto::dh3072::{DhKeyPair, DhPublic};
use crate::crypto::ed448::{KeyPair, Point};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::chains::{MAX_GAP, ReceivingChain, SendingChain};
use crate::v4::message_keys::{MacKey, MessageKeys, RevealedMacKey};
use crate::v4::mixed_secret::{BraceKey, MixedSecret, RootKey};
use crate::v4::skipped_keys::SkippedKeys;
use crate::v4::turn::{OurKeys, TheirKeys, Turned, is_third, number};
use crate::wire::Mpi;
use crate::wire::v4::{Data, EncodedPoint};

/// Which part we had in the exchange, by the names that the text gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We sent Auth-R and received Auth-I: the first chain is ours for sending.
    Alice,
    /// We sent Identity and Auth-I: the first chain is ours for receiving, and our first message turns the ratchet.
    Bob,
}

/// The state of the double ratchet, with the MAC keys that wait to be revealed (`mac_keys_to_reveal`).
pub struct DoubleRatchet {
    /// `i`: how often the ratchet was turned, by either side.
    turns: u32,
    /// Whether our next message turns it.
    our_turn: bool,
    root: RootKey,
    brace: BraceKey,
    ours: OurKeys,
    theirs: TheirKeys,
    sending: SendingChain,
    receiving: Option<ReceivingChain>,
    skipped: SkippedKeys,
    /// ECDH keys that they used before, newest last.
    past: VecDeque<EncodedPoint>,
    reveal: Vec<RevealedMacKey>,
    /// When our ECDH key was made, or the exchange that it belongs to.
    turned: Timestamp,
}

/// The keys of our next message, and what its fields say.
pub struct Sealing {
    /// For this message.
    pub keys: MessageKeys,
    /// `pn`.
    pub previous_sent: u32,
    /// `i` as it is sent.
    pub ratchet_id: u32,
    /// `j`.
    pub message_id: u32,
    /// Our ECDH key.
    pub ecdh: EncodedPoint,
    /// Our DH key; zero, which is nothing on the wire, unless this ratchet has a new one.
    pub dh: Mpi,
    /// Whether the message is the first after a turn, other than the one that ends the exchange.
    pub turned: bool,
}

/// A message that was looked at: the keys that it will prove to belong to, or not.
pub struct Opening {
    keys: MessageKeys,
    step: Step,
}

enum Step {
    /// Its keys were kept: at this place.
    Late(usize),
    /// It goes on with the chain that we are receiving.
    Same,
    /// It begins a new chain.
    Turn(Box<(TheirKeys, Turned)>),
}

/// What accepting a message meant.
pub struct Accepted {
    /// For decrypting it.
    pub keys: MessageKeys,
    /// How many messages before it have not arrived yet.
    pub missed: u64,
    /// Whether it shows that they have read a message of ours with our latest key.
    pub key_seen: bool,
}

impl DoubleRatchet {
    /// The state after an interactive exchange with the shared secret `exchanged`, in which both sides have sent their
    /// first keys.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] if the other side's point contributes nothing.
    pub fn start(
        side: Side,
        exchanged: &MixedSecret,
        ours: OurKeys,
        theirs: TheirKeys,
        now: Timestamp,
    ) -> Result<Self, Reject> {
        let brace = BraceKey::third(&ours.dh.agree(&theirs.dh));
        let first = Turned::derive(&exchanged.first_root(), brace, &ours.ecdh, &theirs.ecdh)?;
        let their_ecdh = EncodedPoint(theirs.ecdh.encode());
        let (our_turn, sending, receiving) = match side {
            Side::Alice => (false, first.chain, None),
            // What stands here as the chain for sending is never used: a turn replaces it before.
            Side::Bob => (true, first.chain.duplicate(), Some(first.chain)),
        };
        Ok(Self {
            turns: 0,
            our_turn,
            root: first.root,
            brace: first.brace,
            ours,
            theirs,
            sending: SendingChain {
                key: sending,
                sent: 0,
                previous_sent: 0,
            },
            receiving: receiving.map(|key| ReceivingChain::begin(key, 0, their_ecdh)),
            skipped: SkippedKeys::default(),
            past: VecDeque::new(),
            reveal: Vec::new(),
            turned: now,
        })
    }

    /// Takes over MAC keys that an earlier channel still had to publish: as many as may wait. Somebody could renew the
    /// conversation again and again without letting us speak.
    pub fn inherit(&mut self, reveal: Vec<RevealedMacKey>) {
        let room = MAX_WAITING.saturating_sub(self.reveal.len());
        self.reveal.extend(reveal.into_iter().take(room));
    }

    /// The keys for our next message; turns the ratchet if it is our turn. `None` when a counter is used up.
    pub fn sealing(&mut self, rng: &mut dyn CryptoRng, now: Timestamp) -> Option<Sealing> {
        // The first turn belongs to the exchange: it reveals nothing, and makes the session no younger.
        let turned = self.our_turn && self.turns > 0;
        if self.our_turn {
            self.turn_ours(rng)?;
        }
        if turned {
            self.turned = now;
        }
        let (message_id, keys) = self.sending.take()?;
        let ratchet_id = self.turns.saturating_sub(1);
        Some(Sealing {
            keys,
            previous_sent: self.sending.previous_sent,
            ratchet_id,
            message_id,
            ecdh: self.our_ecdh(),
            dh: if is_third(ratchet_id) {
                number(self.ours.dh.public())
            } else {
                Mpi::default()
            },
            turned,
        })
    }

    /// Looks at a message and finds the keys it should have. What is derived is for numbers that anybody can have
    /// written: the authenticator has to be checked with the keys before [`accept`](Self::accept).
    ///
    /// # Errors
    /// Why there are no keys for it.
    pub fn opening(&self, data: &Data, now: Timestamp) -> Result<Opening, Reject> {
        if is_third(data.ratchet_id) == data.dh.is_zero() {
            return Err(Reject::Malformed);
        }
        if let Some((place, keys)) = self.skipped.find(&data.ecdh, data.message_id, now) {
            return Ok(Opening {
                keys: keys.duplicate(),
                step: Step::Late(place),
            });
        }
        if let Some(chain) = self.receiving.as_ref().filter(|chain| chain.ecdh == data.ecdh) {
            if data.ratchet_id != chain.ratchet_id {
                return Err(Reject::UnknownKey);
            }
            return Ok(Opening {
                keys: chain.keys_of(data.message_id)?,
                step: Step::Same,
            });
        }
        if self.past.contains(&data.ecdh) {
            return Err(Reject::Replayed);
        }
        if data.ratchet_id != self.turns || self.our_turn {
            return Err(Reject::UnknownKey);
        }
        self.opening_turn(data)
    }

    /// Makes the state what the message says, after its authenticator has held under `mac_key`, the MAC key of
    /// [`Opening::mac_key`]; that key has done its work and will be revealed.
    pub fn accept(&mut self, opening: Opening, mac_key: MacKey, data: &Data, now: Timestamp) -> Accepted {
        let Opening { keys, step } = opening;
        let (mut missed, mut key_seen) = (0, false);
        match step {
            Step::Late(place) => self.skipped.take(place),
            Step::Same => missed += self.advance(data.message_id, now),
            Step::Turn(turn) => {
                // The first turn of the one who sent Auth-I happens without a word of ours.
                key_seen = self.receiving.is_some();
                missed += self.advance_rest(data.previous_sent, now);
                self.turn_theirs(*turn, data);
                missed += self.advance(data.message_id, now);
            }
        }
        self.reveal_later(mac_key);
        self.expire(now);
        Accepted {
            keys,
            missed,
            key_seen,
        }
    }

    /// The MAC keys to publish now; each is handed out once.
    pub fn take_revealed(&mut self) -> Vec<RevealedMacKey> {
        core::mem::take(&mut self.reveal)
    }

    /// Forgets keys that were kept for too long, and reveals their MAC keys later.
    pub fn expire(&mut self, now: Timestamp) {
        for mac_key in self.skipped.expire(now) {
            self.reveal_later(mac_key);
        }
    }

    /// When the next key that is kept is too old.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.skipped.next_deadline()
    }

    /// When our ECDH key was made: the age of the session.
    #[must_use]
    pub fn turned(&self) -> Timestamp {
        self.turned
    }

    /// Ends the use of every key: all MAC keys that verified something or waited for a message, and those that wait to
    /// be published.
    #[must_use]
    pub fn retire_all(mut self) -> Vec<RevealedMacKey> {
        let skipped = self.skipped.retire();
        self.reveal.extend(skipped.into_iter().map(MacKey::reveal));
        self.reveal
    }

    /// How many keys are kept for late messages.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped.len()
    }

    #[cfg(feature = "hazmat")]
    pub(super) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        let numbers = (self.turns, self.our_turn, self.turned, &self.reveal, &self.past);
        field(bytes, format!("{numbers:?}").as_bytes());
        field(bytes, self.root.expose());
        field(bytes, self.brace.expose());
        field(bytes, &self.ours.ecdh.secret().to_le_bytes());
        field(bytes, self.ours.dh.expose());
        field(bytes, &self.theirs.ecdh.encode());
        field(bytes, &self.theirs.dh.to_be_bytes());
        field(bytes, &self.ours.dh.public().to_be_bytes());
        let counters = (self.sending.sent, self.sending.previous_sent);
        field(bytes, format!("{counters:?}").as_bytes());
        field(bytes, self.sending.key.expose());
        if let Some(chain) = &self.receiving {
            field(
                bytes,
                format!("{} {}", chain.received, chain.ratchet_id).as_bytes(),
            );
            field(bytes, chain.key.expose());
        }
        self.skipped.absorb(bytes);
    }

    fn our_ecdh(&self) -> EncodedPoint {
        EncodedPoint(self.ours.ecdh.public().encode())
    }

    fn their_ecdh(&self) -> EncodedPoint {
        EncodedPoint(self.theirs.ecdh.encode())
    }

    /// "Rotating ... as sender".
    fn turn_ours(&mut self, rng: &mut dyn CryptoRng) -> Option<()> {
        let turns = self.turns.checked_add(1)?;
        let ecdh = KeyPair::generate(rng);
        let (dh, brace) = if is_third(self.turns) {
            let dh = DhKeyPair::generate(rng);
            let brace = BraceKey::third(&dh.agree(&self.theirs.dh));
            (Some(dh), brace)
        } else {
            (None, self.brace.next())
        };
        let turned = Turned::derive(&self.root, brace, &ecdh, &self.theirs.ecdh).ok()?;
        self.ours.ecdh = ecdh;
        if let Some(dh) = dh {
            self.ours.dh = dh;
        }
        self.root = turned.root;
        self.brace = turned.brace;
        self.sending = SendingChain {
            key: turned.chain,
            sent: 0,
            previous_sent: self.sending.sent,
        };
        self.turns = turns;
        self.our_turn = false;
        Some(())
    }

    /// Derives a turn of theirs on the side. The keys must be good, and new: neither theirs from before nor ours.
    fn opening_turn(&self, data: &Data) -> Result<Opening, Reject> {
        if self.turns == u32::MAX {
            return Err(Reject::LimitReached);
        }
        if data.ecdh == self.their_ecdh() || data.ecdh == self.our_ecdh() {
            return Err(Reject::BadGroupElement);
        }
        let ecdh = Point::decode(data.ecdh.as_bytes()).map_err(|_| Reject::BadGroupElement)?;
        let (dh, brace) = if is_third(self.turns) {
            let dh = DhPublic::from_be_bytes(data.dh.as_bytes()).map_err(|_| Reject::BadGroupElement)?;
            if dh == self.theirs.dh || dh == *self.ours.dh.public() {
                return Err(Reject::BadGroupElement);
            }
            let brace = BraceKey::third(&self.ours.dh.agree(&dh));
            (dh, brace)
        } else {
            (self.theirs.dh.clone(), self.brace.next())
        };
        let turned = Turned::derive(&self.root, brace, &self.ours.ecdh, &ecdh)?;
        let beginning = ReceivingChain::begin(turned.chain.duplicate(), data.ratchet_id, data.ecdh);
        Ok(Opening {
            keys: beginning.keys_of(data.message_id)?,
            step: Step::Turn(Box::new((TheirKeys { ecdh, dh }, turned))),
        })
    }

    /// "Rotating ... as receiver".
    fn turn_theirs(&mut self, (theirs, turned): (TheirKeys, Turned), data: &Data) {
        if self.past.len() >= MAX_PAST {
            self.past.pop_front();
        }
        self.past.push_back(self.their_ecdh());
        self.theirs = theirs;
        self.root = turned.root;
        self.brace = turned.brace;
        self.receiving = Some(ReceivingChain::begin(turned.chain, data.ratchet_id, data.ecdh));
        self.turns = self.turns.saturating_add(1);
        self.our_turn = true;
    }

    /// Goes past the message `message_id` of the chain that we are receiving, and keeps the keys of those before it.
    fn advance(&mut self, message_id: u32, now: Timestamp) -> u64 {
        let missed = self.skip(message_id, now);
        if let Some(chain) = &mut self.receiving {
            chain.pass();
        }
        missed
    }

    /// Keeps the keys of the messages that the chain we were receiving had left. Of a chain that had more of them than
    /// a gap may be long nothing is kept: that must not stop the conversation.
    fn advance_rest(&mut self, previous_sent: u32, now: Timestamp) -> u64 {
        let chain = self.receiving.as_ref();
        let left = chain.map_or(0, |chain| chain.left_before(previous_sent));
        if left > MAX_GAP {
            return left.into();
        }
        self.skip(previous_sent, now)
    }

    /// Walks the receiving chain up to the message `until`. How many messages that leaves behind.
    fn skip(&mut self, until: u32, now: Timestamp) -> u64 {
        let Some(chain) = &mut self.receiving else {
            return 0;
        };
        let missed = chain.left_before(until);
        let mut evicted = Vec::new();
        chain.skip(until, &mut self.skipped, now, &mut evicted);
        for mac_key in evicted {
            self.reveal_later(mac_key);
        }
        missed.into()
    }

    /// Beyond the bound a key is forgotten: only a peer who goes on without ever waiting for an answer gets there, and
    /// only the deniability of their own words is less for it.
    fn reveal_later(&mut self, mac_key: MacKey) {
        if self.reveal.len() < MAX_WAITING {
            self.reveal.push(mac_key.reveal());
        }
    }
}

impl Opening {
    /// What the authenticator of the message has to hold under.
    #[must_use]
    pub fn mac_key(&self) -> MacKey {
        self.keys.mac_key()
    }
}

/// MAC keys that wait for our next turn.
pub const MAX_WAITING: usize = 1000;
/// Old ECDH keys of theirs by which copies are told from messages of another session.
const MAX_PAST: usize = 16;
