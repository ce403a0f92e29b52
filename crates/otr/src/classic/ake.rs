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
//! AUTHSTATE_NONE is the absence of an [`Ake`]. A state is replaced only after the message that moves it
//! on has been verified; a failed verification leaves it as it was, where the text resets it, so that a
//! forged message cannot end an exchange (decision 0016).

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
use crate::wire::{Message, Mpi, Reader, Writer};

/// An exchange that waits for the other side.
pub enum Ake {
    /// We sent a D-H Commit.
    AwaitingDhKey(Box<AwaitingDhKey>),
    /// We answered a D-H Commit.
    AwaitingRevealSig(Box<AwaitingRevealSig>),
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
    theirs: DhCommit,
    /// Our own commitment, if we gave way to theirs: see [`on_commit`].
    yielded: Option<Box<AwaitingDhKey>>,
}

/// What we must remember after a Reveal Signature.
pub struct AwaitingSig {
    x: DhSecret,
    gx: DhPublic,
    gy: DhPublic,
    keys: AkeKeys,
    shared: crate::crypto::modp::DhShared,
    reveal: RevealSignature,
}

/// What a D-H Commit leads to.
pub enum OnCommit {
    /// Take this state and send this D-H Key.
    Answer(Box<AwaitingRevealSig>, DhKey),
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
    ) -> Result<(AwaitingSig, RevealSignature), Reject> {
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
        let next = AwaitingSig {
            x: self.x.duplicate(),
            gx: self.gx.clone(),
            gy,
            keys,
            shared,
            reveal: reveal.clone(),
        };
        Ok((next, reveal))
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
                theirs: commit,
                yielded: None,
            },
            answer,
        )
    }

    /// Remembers our own commitment, to which the other side may still answer.
    #[must_use]
    pub fn having_yielded(self, ours: AwaitingDhKey) -> Self {
        Self {
            yielded: Some(Box::new(ours)),
            ..self
        }
    }

    /// Our own commitment, if we gave way and kept it.
    pub fn yielded(&self) -> Option<&AwaitingDhKey> {
        self.yielded.as_deref()
    }

    /// Another D-H Commit: forget the old one, keep our key.
    pub fn on_commit(&mut self, commit: DhCommit) -> DhKey {
        self.theirs = commit;
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
        let mut value = self.theirs.encrypted_gx.clone();
        aes128_ctr(&message.revealed_key, &[0; 8], &mut value);
        if !ct_eq(&sha256(&[&value]), &self.theirs.hashed_gx) {
            return Err(Reject::BadAuthenticator);
        }
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
    /// A D-H Key again: the one we know asks for our Reveal Signature once more.
    pub fn on_dh_key(&self, message: &DhKey) -> Result<RevealSignature, Reject> {
        if message.gy.as_bytes() == self.gy.to_be_bytes() {
            Ok(self.reveal.clone())
        } else {
            Err(Reject::Unexpected)
        }
    }

    /// The session id that this exchange leads to.
    pub fn ssid(&self) -> Ssid {
        Ssid::short(self.keys.ssid, Half::First)
    }

    /// Signature received: check it, and the exchange is done.
    ///
    /// # Errors
    /// The first check that failed; the state is still the caller's.
    pub fn on_signature(&self, message: &Signature) -> Result<Established, Reject> {
        let sealed = Sealed {
            encrypted: message.encrypted_signature.clone(),
            mac: message.mac,
        };
        let verified = signed_identity::open(&self.keys.signature, &sealed, &self.gy, &self.gx)?;
        Ok(Established {
            our_key_id: FIRST_KEY_ID,
            our_secret: self.x.duplicate(),
            our_public: self.gx.clone(),
            their_key_id: verified.key_id,
            their_public: self.gy.clone(),
            shared: self.shared.duplicate(),
            peer: long_term_keys::fingerprint(&verified.public_key),
            ssid: self.ssid(),
        })
    }
}

/// D-H Commit received in any state: the "trickiest transition in the whole protocol".
///
/// `current` is the exchange that is under way with this device, or the open offer it may be answering.
///
/// libotr 4 always gives way, whatever the hashes say (traces in `interop/traces/`). In version 3 that
/// meets our rule; in version 2 two sides that both give way would wait for each other for ever. So the
/// caller keeps our own commitment there ([`AwaitingRevealSig::having_yielded`]) and goes on with it if
/// the other side answers it (decision 0006).
///
/// # Errors
/// [`Reject::Reflected`] if it is our own commitment.
pub fn on_commit(
    current: Option<&AwaitingDhKey>,
    commit: DhCommit,
    rng: &mut dyn CryptoRng,
) -> Result<OnCommit, Reject> {
    if let Some(ours) = current {
        if commit.hashed_gx == ours.commit.hashed_gx {
            return Err(Reject::Reflected);
        }
        // Public values, compared as unsigned big-endian numbers; the higher one stays the starter.
        if ours.commit.hashed_gx > commit.hashed_gx {
            return Ok(OnCommit::OursWins(ours.commit.clone()));
        }
    }
    let (state, answer) = AwaitingRevealSig::start(commit, rng);
    Ok(OnCommit::Answer(Box::new(state), answer))
}

impl Ake {
    /// The last message we sent in this exchange, for a test or a tool to look at.
    pub fn last_sent(&self) -> Message {
        match self {
            Self::AwaitingDhKey(state) => Message::DhCommit(state.commit.clone()),
            Self::AwaitingRevealSig(state) => Message::DhKey(dh_key(&state.gy)),
            Self::AwaitingSig(state) => Message::RevealSignature(state.reveal.clone()),
        }
    }
}

#[cfg(feature = "hazmat")]
impl Ake {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        field(
            bytes,
            &crate::wire::encode_message(
                &crate::wire::header::Header {
                    version: crate::wire::header::Version::V2,
                    sender: crate::wire::header::InstanceTag::ZERO,
                    receiver: crate::wire::header::InstanceTag::ZERO,
                },
                &self.last_sent(),
            ),
        );
        match self {
            Self::AwaitingDhKey(state) => state.absorb(bytes),
            Self::AwaitingRevealSig(state) => {
                field(bytes, state.y.expose());
                field(bytes, &state.theirs.encrypted_gx);
                field(bytes, &state.theirs.hashed_gx);
                if let Some(yielded) = &state.yielded {
                    yielded.absorb(bytes);
                }
            }
            Self::AwaitingSig(state) => {
                field(bytes, state.x.expose());
                field(bytes, &state.gy.to_be_bytes());
                field(bytes, state.shared.secbytes());
            }
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
/// Bytes of the largest g^x as an MPI: a length and 1536 bits.
pub(crate) const MAX_ENCRYPTED_GX: usize = 4 + 192;
