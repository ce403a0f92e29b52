//! The authenticated key exchange of versions 2 and 3: its three waiting states and their transitions
//! (version 3, "Authentication state" and "State transitions").
//!
//! ```text
//!   Bob (starts)                           Alice
//!   D-H Commit        ──────────────────▶           AwaitingDhKey │
//!                     ◀──────────────────  D-H Key                │ AwaitingRevealSig
//!   Reveal Signature  ──────────────────▶           AwaitingSig   │ established
//!                     ◀──────────────────  Signature
//!   established
//! ```
//!
//! AUTHSTATE_NONE is the absence of both. A state is replaced only after the message that moves it
//! on has been verified; a failed verification leaves it as it was, where the text resets it, so that a
//! forged message cannot end an exchange (decision 0016). For the same reason nothing that arrives takes
//! the place of what is awaited already: the exchange that we began and the one that the other side began
//! stand side by side, several D-H Keys and D-H Commits may be the true one, and the exchange that proves
//! a key is the one that counts (decision 0025).

use rand_core::CryptoRng;

use crate::classic::ake_keys::AkeKeys;
use crate::classic::channel::Established;
use crate::classic::signed_identity::{self, Sealed};
use crate::crypto::legacy::{aes128_ctr, ct_eq, sha256};
use crate::crypto::modp::{DhPublic, DhSecret};
use crate::identity::{Account, long_term_keys};
use crate::identity::{Half, Ssid};
use crate::reject::Reject;
use crate::secret::Secret;
use crate::wire::classic::{DhCommit, DhKey, RevealSignature, Signature};
use crate::wire::{Mpi, Reader, Writer};

/// An exchange that we began and that waits for the other side.
pub enum Starting {
    /// We sent a D-H Commit.
    AwaitingDhKey(Box<AwaitingDhKey>),
    /// We sent a Reveal Signature.
    AwaitingSig(Box<AwaitingSig>),
}

/// What we must remember after a D-H Commit.
pub struct AwaitingDhKey {
    x: DhSecret,
    gx: DhPublic,
    r: Secret<16>,
    commit: DhCommit,
}

/// What we must remember after a D-H Key.
pub struct AwaitingRevealSig {
    y: DhSecret,
    gy: DhPublic,
    /// The first commitment and the latest ones; a Reveal Signature opens one of them.
    theirs: Vec<DhCommit>,
}

/// What we must remember after a Reveal Signature.
pub struct AwaitingSig {
    start: AwaitingDhKey,
    /// The first D-H Key and the latest ones, each with our answer; a Signature fits one of them.
    answers: Vec<Answer>,
}

/// Our answer to one D-H Key.
pub struct Answer {
    gy: DhPublic,
    keys: AkeKeys,
    shared: crate::crypto::modp::DhShared,
    reveal: RevealSignature,
}

/// What a D-H Commit leads to.
pub enum Tie {
    /// Answer it with a D-H Key.
    Answer,
    /// Ours has the higher hash: keep waiting, and send our commitment again.
    OursWins(DhCommit),
}

impl AwaitingDhKey {
    /// Commits to a fresh D-H key.
    pub fn start(rng: &mut dyn CryptoRng) -> (Self, DhCommit) {
        let x = DhSecret::generate(rng);
        let gx = x.public();
        let r = Secret::random(rng);
        let mut value = Writer::new();
        value.mpi(&Mpi::from_be_bytes(&gx.to_be_bytes()));
        let hashed_gx = sha256(&[value.as_slice()]);
        let mut encrypted_gx = value.into_bytes();
        aes128_ctr(r.expose(), &[0; 8], &mut encrypted_gx);
        let commit = DhCommit {
            encrypted_gx,
            hashed_gx,
        };
        (
            Self {
                x,
                gx,
                r,
                commit: commit.clone(),
            },
            commit,
        )
    }

    /// The commitment we sent.
    pub fn commit(&self) -> &DhCommit {
        &self.commit
    }

    /// A second copy of this state, for one more device that answers the same offer: each answer gets an
    /// exchange of its own, with the same first key.
    pub fn fork(&self) -> Self {
        Self {
            x: self.x.duplicate(),
            gx: self.gx.clone(),
            r: Secret::fill_with(|bytes| bytes.copy_from_slice(self.r.expose())),
            commit: self.commit.clone(),
        }
    }

    /// D-H Key received: derive, sign, reveal.
    ///
    /// # Errors
    /// [`Reject::BadGroupElement`] or [`Reject::Reflected`]; the state is still the caller's.
    pub fn on_dh_key(
        &self,
        message: &DhKey,
        account: &Account,
        rng: &mut dyn CryptoRng,
    ) -> Result<Answer, Reject> {
        let gy = group_element(&message.gy)?;
        if gy == self.gx {
            return Err(Reject::Reflected);
        }
        let shared = self.x.agree(&gy);
        let keys = AkeKeys::derive(&shared);
        let sealed = signed_identity::seal(&keys.reveal, account.key(), &self.gx, &gy, FIRST_KEY_ID, rng);
        let reveal = RevealSignature {
            revealed_key: *self.r.expose(),
            encrypted_signature: sealed.encrypted,
            mac: sealed.mac,
        };
        Ok(Answer {
            gy,
            keys,
            shared,
            reveal,
        })
    }
}

impl Answer {
    /// The session id that this exchange leads to.
    pub fn ssid(&self) -> Ssid {
        Ssid::short(self.keys.ssid, Half::First)
    }

    /// What goes out.
    pub fn reveal(&self) -> &RevealSignature {
        &self.reveal
    }
}

impl AwaitingRevealSig {
    /// D-H Commit received with no exchange in progress: make a key of our own.
    pub fn start(commit: DhCommit, rng: &mut dyn CryptoRng) -> (Self, DhKey) {
        let y = DhSecret::generate(rng);
        let gy = y.public();
        let answer = dh_key(&gy);
        (
            Self {
                y,
                gy,
                theirs: vec![commit],
            },
            answer,
        )
    }

    /// Another D-H Commit: it gets the same key. Either may be the one that is opened.
    pub fn on_commit(&mut self, commit: DhCommit) -> DhKey {
        if !self.theirs.contains(&commit) {
            keep(&mut self.theirs, commit);
        }
        dh_key(&self.gy)
    }

    /// Reveal Signature received: check everything, answer with our Signature.
    ///
    /// # Errors
    /// The first check that failed; the state is still the caller's.
    pub fn on_reveal_signature(
        &self,
        message: &RevealSignature,
        account: &Account,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Established, Signature), Reject> {
        let opened = |commit: &DhCommit| {
            let mut value = commit.encrypted_gx.clone();
            aes128_ctr(&message.revealed_key, &[0; 8], &mut value);
            ct_eq(&sha256(&[&value]), &commit.hashed_gx).then_some(value)
        };
        let value = self.theirs.iter().find_map(opened);
        let value = value.ok_or(Reject::BadAuthenticator)?;
        let mut reader = Reader::new(&value);
        let gx = reader.mpi().map_err(|_| Reject::Malformed)?;
        reader.finish().map_err(|_| Reject::Malformed)?;
        let gx = group_element(&gx)?;
        if gx == self.gy {
            return Err(Reject::Reflected);
        }
        let shared = self.y.agree(&gx);
        let keys = AkeKeys::derive(&shared);
        let sealed = Sealed {
            encrypted: message.encrypted_signature.clone(),
            mac: message.mac,
        };
        let verified = signed_identity::open(&keys.reveal, &sealed, &gx, &self.gy)?;
        let ours = signed_identity::seal(&keys.signature, account.key(), &self.gy, &gx, FIRST_KEY_ID, rng);
        let established = Established {
            our_key_id: FIRST_KEY_ID,
            our_secret: self.y.duplicate(),
            our_public: self.gy.clone(),
            their_key_id: verified.key_id,
            their_public: gx,
            shared,
            peer: long_term_keys::fingerprint(&verified.public_key),
            ssid: Ssid::short(keys.ssid, Half::Second),
        };
        Ok((
            established,
            Signature {
                encrypted_signature: ours.encrypted,
                mac: ours.mac,
            },
        ))
    }
}

impl AwaitingSig {
    /// The state after the first answer.
    pub fn new(start: AwaitingDhKey, answer: Answer) -> Self {
        let answers = vec![answer];
        Self { start, answers }
    }

    /// A D-H Key again: one that we know asks for our Reveal Signature once more.
    pub fn answer_to(&self, message: &DhKey) -> Option<&Answer> {
        self.answers
            .iter()
            .find(|answer| message.gy.as_bytes() == answer.gy.to_be_bytes())
    }

    /// Another D-H Key was answered. Either may be the one that a Signature fits.
    pub fn add(&mut self, answer: Answer) {
        keep(&mut self.answers, answer);
    }

    /// Signature received: check it, and the exchange is done.
    ///
    /// # Errors
    /// The first check that failed; the state is still the caller's.
    pub fn on_signature(&self, message: &Signature) -> Result<Established, Reject> {
        let mut reason = Reject::BadAuthenticator;
        for answer in &self.answers {
            match self.finish(answer, message) {
                Err(Reject::BadAuthenticator) => {}
                // With the right key, and yet not right.
                Err(other) => reason = other,
                Ok(established) => return Ok(established),
            }
        }
        Err(reason)
    }

    fn finish(&self, answer: &Answer, message: &Signature) -> Result<Established, Reject> {
        let sealed = Sealed {
            encrypted: message.encrypted_signature.clone(),
            mac: message.mac,
        };
        let verified = signed_identity::open(&answer.keys.signature, &sealed, &answer.gy, &self.start.gx)?;
        Ok(Established {
            our_key_id: FIRST_KEY_ID,
            our_secret: self.start.x.duplicate(),
            our_public: self.start.gx.clone(),
            their_key_id: verified.key_id,
            their_public: answer.gy.clone(),
            shared: answer.shared.duplicate(),
            peer: long_term_keys::fingerprint(&verified.public_key),
            ssid: answer.ssid(),
        })
    }
}

impl Starting {
    /// Our commitment, and what opens it.
    pub fn start(&self) -> &AwaitingDhKey {
        match self {
            Self::AwaitingDhKey(state) => state,
            Self::AwaitingSig(state) => &state.start,
        }
    }
}

/// D-H Commit received in any state: the "trickiest transition in the whole protocol".
///
/// `current` is our commitment that no D-H Key has answered yet: to this device, or the open offer that it
/// may be answering.
///
/// libotr 4 always gives way, whatever the hashes say (traces in `interop/traces/`). So the caller keeps
/// our own commitment beside the answer, and goes on with it if the other side answers it after all
/// (decision 0006).
pub fn tie(current: Option<&AwaitingDhKey>, commit: &DhCommit) -> Tie {
    match current {
        // Public values, compared as unsigned big-endian numbers; the higher one stays the starter.
        Some(ours) if ours.commit.hashed_gx > commit.hashed_gx => Tie::OursWins(ours.commit.clone()),
        _ => Tie::Answer,
    }
}

#[cfg(feature = "hazmat")]
impl Starting {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        self.start().absorb(bytes);
        if let Self::AwaitingSig(state) = self {
            for answer in &state.answers {
                field(bytes, &answer.gy.to_be_bytes());
                field(bytes, answer.shared.secbytes());
                field(bytes, &answer.reveal.encrypted_signature);
            }
        }
    }
}

#[cfg(feature = "hazmat")]
impl AwaitingRevealSig {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        field(bytes, self.y.expose());
        for commit in &self.theirs {
            field(bytes, &commit.encrypted_gx);
            field(bytes, &commit.hashed_gx);
        }
    }
}

#[cfg(feature = "hazmat")]
impl AwaitingDhKey {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        field(bytes, self.x.expose());
        field(bytes, self.r.expose());
        field(bytes, &self.commit.hashed_gx);
    }
}

/// Keeps the first one, and the latest of the others.
fn keep<T>(kept: &mut Vec<T>, latest: T) {
    if kept.len() >= MAX_CANDIDATES {
        kept.remove(1);
    }
    kept.push(latest);
}

fn dh_key(gy: &DhPublic) -> DhKey {
    DhKey {
        gy: Mpi::from_be_bytes(&gy.to_be_bytes()),
    }
}

fn group_element(value: &Mpi) -> Result<DhPublic, Reject> {
    DhPublic::from_be_bytes(value.as_bytes()).map_err(|_| Reject::BadGroupElement)
}

/// "keyid": the serial number of the D-H key that the exchange itself uses.
pub(crate) const FIRST_KEY_ID: u32 = 1;
/// How many messages may be the true one. Each D-H Key costs two exponentiations and two kilobytes.
const MAX_CANDIDATES: usize = 8;
/// Bytes of the largest g^x as an MPI: a length and 1536 bits.
pub(crate) const MAX_ENCRYPTED_GX: usize = 4 + 192;
