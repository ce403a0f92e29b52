//! The interactive exchange as a machine of its own, beside the message state ("Interactive DAKE", "DAKE state").
//!
//! ```text
//!   Bob (starts)                      Alice
//!   Identity   ─────────────────────▶           WaitingAuthR │
//!              ◀─────────────────────   Auth-R               │ WaitingAuthI
//!   Auth-I     ─────────────────────▶           proven       │ proven
//! ```
//!
//! The text draws one machine with the message state, in which an Identity message suspends an encrypted conversation;
//! nobody has proved anything by then, so here it does not (decision 0005). Every message is verified on the borrowed
//! state, which changes only when nothing can fail any more:
//!
//! * A finished exchange leaves nothing behind that a copy of its last message could be checked with (D-20).
//! * Who gives way to another Identity message keeps their own, and who answers twice keeps both answers, a few of them:
//!   a forged Identity message takes nothing away from the exchange that is under way (decision 0084).

use rand_core::CryptoRng;

use crate::crypto::ed448::KeyPair;
use crate::crypto::kdf;
use crate::identity::{ClientProfile, V4Account};
use crate::reject::Reject;
use crate::time::Timestamp;
use crate::v4::answer::{Answer, check_identity};
use crate::v4::channel::Established;
use crate::v4::ephemeral::EphemeralPublic;
use crate::v4::offered::WaitingAuthR;
use crate::v4::turn::number;
use crate::wire::Writer;
use crate::wire::header::{Header, InstanceTag};
use crate::wire::v4::{AuthI, AuthR, Identity, Message};

/// The identifiers of both accounts in the network. Both sides sign them: they have to be the same bytes on both.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Ours.
    pub ours: &'a [u8],
    /// The other side's.
    pub theirs: &'a [u8],
}

/// Who takes part on our side: with the long-term key of the profile in an honest exchange, with any key of the ring in a
/// forged one.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The profile that is sent.
    pub profile: &'a ClientProfile,
    /// The key that signs.
    pub key: &'a KeyPair,
    /// Both accounts.
    pub names: Names<'a>,
}

/// What a finished exchange proved: somebody holds the keys of this profile.
pub struct Proven {
    /// For the channel.
    pub established: Established,
    /// The other side's profile.
    pub profile: ClientProfile,
}

/// What a step may use.
pub struct Step<'a> {
    /// Our side.
    pub account: &'a V4Account,
    /// Both accounts.
    pub names: Names<'a>,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Now.
    pub now: Timestamp,
    /// Asked when everything has been verified and nothing has changed yet: may this person take over?
    pub admit: &'a mut dyn FnMut(&Proven) -> Result<(), Reject>,
}

/// What a message led to.
pub struct Progress {
    /// To be sent.
    pub reply: Option<Message>,
    /// The exchange is finished.
    pub proven: Option<Proven>,
}

/// The state of an exchange with one device.
pub enum Dake {
    /// None is under way.
    Idle,
    /// We sent an Identity message.
    WaitingAuthR(Box<WaitingAuthR>),
    /// We answered at least one.
    WaitingAuthI(Box<WaitingAuthI>),
}

/// What we must remember after an Auth-R message.
pub struct WaitingAuthI {
    /// Never empty, and the newest last.
    answers: Vec<Answer>,
    /// Our own Identity message, if we gave way.
    yielded: Option<Box<WaitingAuthR>>,
}

impl Dake {
    /// Starts an exchange: take this state and send this message. The account's profile has to be current.
    pub fn start(account: &V4Account, rng: &mut dyn CryptoRng) -> (Self, Identity) {
        let (state, identity) = WaitingAuthR::start(account.profile(), rng);
        (Self::WaitingAuthR(Box::new(state)), identity)
    }

    /// Takes one message of the exchange.
    ///
    /// # Errors
    /// Why it was not accepted; the state is as it was.
    pub fn receive(
        &mut self,
        header: &Header,
        message: &Message,
        step: &mut Step<'_>,
    ) -> Result<Progress, Reject> {
        match message {
            Message::Identity(message) => self.on_identity(header, message, step),
            Message::AuthR(message) => self.on_auth_r(header, message, step),
            Message::AuthI(message) => self.on_auth_i(header, message, step),
            Message::NonInteractiveAuth(_) | Message::Data(_) => Err(Reject::Unexpected),
        }
    }

    fn on_identity(
        &mut self,
        header: &Header,
        message: &Identity,
        step: &mut Step<'_>,
    ) -> Result<Progress, Reject> {
        let signer = Signer {
            profile: step.account.profile(),
            key: step.account.long_term_key().pair(),
            names: step.names,
        };
        check_addresses(header, signer.profile.owner(), true)?;
        if let Self::WaitingAuthI(waiting) = &*self
            && let Some(answer) = waiting
                .answers
                .iter()
                .find(|answer| answer.is_to(header, message))
        {
            return Ok(Progress::reply(Message::AuthR(answer.reply().clone())));
        }
        let theirs = check_identity(header, message, signer.profile.owner(), step.now)?;
        if let Self::WaitingAuthR(ours) = &*self {
            if theirs.1.shares_a_key(ours.public()) {
                return Err(Reject::Reflected);
            }
            if tie_break(ours.public()) > tie_break(&theirs.1) {
                return Ok(Progress::reply(Message::Identity(ours.identity().clone())));
            }
        }
        let answer = Answer::new(message, theirs, &signer, step.rng)?;
        let reply = answer.reply().clone();
        let waiting = match core::mem::replace(self, Self::Idle) {
            Self::Idle => WaitingAuthI::new(answer, None),
            Self::WaitingAuthR(ours) => WaitingAuthI::new(answer, Some(ours)),
            Self::WaitingAuthI(waiting) => waiting.and(answer),
        };
        *self = Self::WaitingAuthI(waiting);
        Ok(Progress::reply(Message::AuthR(reply)))
    }

    fn on_auth_r(
        &mut self,
        header: &Header,
        message: &AuthR,
        step: &mut Step<'_>,
    ) -> Result<Progress, Reject> {
        let ours = match &*self {
            Self::WaitingAuthR(ours) => ours,
            Self::WaitingAuthI(waiting) => waiting.yielded.as_ref().ok_or(Reject::Unexpected)?,
            Self::Idle => return Err(Reject::Unexpected),
        };
        let key = step.account.long_term_key().pair();
        let (proven, reply) = ours.on_auth_r(header, message, key, step.names, step.rng, step.now)?;
        (step.admit)(&proven)?;
        *self = Self::Idle;
        Ok(Progress {
            reply: Some(Message::AuthI(reply)),
            proven: Some(proven),
        })
    }

    fn on_auth_i(
        &mut self,
        header: &Header,
        message: &AuthI,
        step: &mut Step<'_>,
    ) -> Result<Progress, Reject> {
        let Self::WaitingAuthI(waiting) = &*self else {
            return Err(Reject::Unexpected);
        };
        let mut result = Err(Reject::Unexpected);
        for answer in waiting.answers.iter().rev() {
            result = answer.on_auth_i(header, message);
            if result.is_ok() {
                break;
            }
        }
        let proven = result?;
        (step.admit)(&proven)?;
        *self = Self::Idle;
        Ok(Progress {
            reply: None,
            proven: Some(proven),
        })
    }
}

impl WaitingAuthI {
    fn new(answer: Answer, yielded: Option<Box<WaitingAuthR>>) -> Box<Self> {
        Box::new(Self {
            answers: vec![answer],
            yielded,
        })
    }

    /// This state with one more answer, and without the oldest if they become too many.
    fn and(mut self: Box<Self>, answer: Answer) -> Box<Self> {
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.remove(0);
        }
        self.answers.push(answer);
        self
    }

    /// How many Auth-R messages could still be answered.
    pub fn answers(&self) -> usize {
        self.answers.len()
    }
}

impl Progress {
    fn reply(message: Message) -> Self {
        Self {
            reply: Some(message),
            proven: None,
        }
    }
}

/// Refuses a message for another device than `ours`. An Identity message may be for any.
///
/// # Errors
/// [`Reject::WrongInstance`], or [`Reject::Reflected`] for a message that comes from ourselves.
pub(crate) fn check_addresses(header: &Header, ours: InstanceTag, any: bool) -> Result<(), Reject> {
    if header.sender == ours {
        return Err(Reject::Reflected);
    }
    if header.receiver == ours || (any && header.receiver.is_zero()) {
        Ok(())
    } else {
        Err(Reject::WrongInstance)
    }
}

/// Who goes on with their Identity message if both have sent one: the higher of these, as big-endian numbers. The text
/// names no hash; this is what the living implementations take (D-12).
fn tie_break(keys: &EphemeralPublic) -> [u8; 32] {
    let mut w = Writer::new();
    w.mpi(&number(&keys.dh));
    let mut hash = [0; 32];
    kdf::shake256(&[w.as_slice()], &mut hash);
    hash
}

#[cfg(feature = "hazmat")]
impl Dake {
    /// Appends everything that decides what this state does next.
    pub fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        match self {
            Self::Idle => field(bytes, b"idle"),
            Self::WaitingAuthR(state) => {
                field(bytes, b"waiting for Auth-R");
                state.absorb(bytes);
            }
            Self::WaitingAuthI(state) => {
                field(bytes, b"waiting for Auth-I");
                state.answers.iter().for_each(|answer| answer.absorb(bytes));
                if let Some(yielded) = &state.yielded {
                    yielded.absorb(bytes);
                }
            }
        }
    }
}

/// How many Auth-R messages of ours may wait for their Auth-I message, with one device.
pub const MAX_ANSWERS: usize = 4;
