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
//! * What arrives takes nothing away that is awaited: the exchange that we began and those that the other side began
//!   stand side by side, and the one that proves a key is the one that counts (decision 0084).
//! * A finished exchange leaves nothing behind that a copy of its last message could be checked with (D-20).

use core::time::Duration;

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
    /// Whether our own Identity message may have got lost by now, and not only have crossed theirs.
    pub may_be_lost: bool,
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

/// What is under way with one device: the exchange that we began, those that the other side began, or both. With neither
/// it is the text's START.
#[derive(Default)]
pub struct Dake {
    begun: Option<Box<WaitingAuthR>>,
    answered: Option<Box<WaitingAuthI>>,
}

/// What we must remember after an Auth-R message.
pub struct WaitingAuthI {
    /// Never empty: the first one, and the latest; with the time at which each was given. A copy of what it answers
    /// does not count, or its keys would live for as long as somebody sends copies.
    answers: Vec<(Answer, Timestamp)>,
}

impl Dake {
    /// Starts an exchange: send this message. It takes the place of one that we began before. The account's profile has
    /// to be current.
    pub fn start(&mut self, account: &V4Account, rng: &mut dyn CryptoRng) -> Identity {
        let (state, identity) = WaitingAuthR::start(account.profile(), rng);
        self.begin(state);
        identity
    }

    /// Goes on with an offer that was sent to no device in particular.
    pub fn begin(&mut self, offer: WaitingAuthR) {
        self.begun = Some(Box::new(offer));
    }

    /// The exchange that we began: WAITING_AUTH_R.
    pub fn begun(&self) -> Option<&WaitingAuthR> {
        self.begun.as_deref()
    }

    /// The exchanges that the other side began: WAITING_AUTH_I.
    pub fn answered(&self) -> Option<&WaitingAuthI> {
        self.answered.as_deref()
    }

    /// Puts another exchange in the place of the one that we began, which is returned.
    pub fn swap_begun(&mut self, begun: Option<Box<WaitingAuthR>>) -> Option<Box<WaitingAuthR>> {
        core::mem::replace(&mut self.begun, begun)
    }

    /// Forgets the exchange that we began, because it is too old.
    pub fn forget_begun(&mut self) {
        self.begun = None;
    }

    /// Forgets those exchanges that the other side began which are older than `age`.
    pub fn expire_answers(&mut self, now: Timestamp, age: Duration) {
        let left = self.answered.take().and_then(|mut waiting| {
            waiting.answers.retain(|(_, given)| now.since(*given) <= age);
            (!waiting.answers.is_empty()).then_some(waiting)
        });
        self.answered = left;
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
        if let Some(answer) = self.answered().and_then(|state| state.answer_to(header, message)) {
            return Ok(Progress::reply(Message::AuthR(answer.reply().clone())));
        }
        let theirs = check_identity(header, message, signer.profile.owner(), step.now)?;
        if let Some(ours) = self.begun() {
            if theirs.1.shares_a_key(&ours.public()) {
                return Err(Reject::Reflected);
            }
            if tie_break(&ours.public()) > tie_break(&theirs.1) {
                // Whoever answers each copy by new keys, as the text says, would throw away those that answer the first.
                let again = step.may_be_lost.then(|| Message::Identity(ours.identity()));
                return Ok(Progress {
                    reply: again,
                    proven: None,
                });
            }
        }
        let answer = Answer::new(message, theirs, &signer, step.rng)?;
        let reply = answer.reply().clone();
        // Ours waits on: somebody else may have made us give way.
        match &mut self.answered {
            Some(waiting) => waiting.add(answer, step.now),
            None => {
                let answers = vec![(answer, step.now)];
                self.answered = Some(Box::new(WaitingAuthI { answers }));
            }
        }
        Ok(Progress::reply(Message::AuthR(reply)))
    }

    fn on_auth_r(
        &mut self,
        header: &Header,
        message: &AuthR,
        step: &mut Step<'_>,
    ) -> Result<Progress, Reject> {
        let ours = self.begun().ok_or(Reject::Unexpected)?;
        let key = step.account.long_term_key().pair();
        let (proven, reply) = ours.on_auth_r(header, message, key, step.names, step.rng, step.now)?;
        (step.admit)(&proven)?;
        *self = Self::default();
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
        let waiting = self.answered().ok_or(Reject::Unexpected)?;
        let proven = waiting.on_auth_i(header, message)?;
        (step.admit)(&proven)?;
        *self = Self::default();
        Ok(Progress {
            reply: None,
            proven: Some(proven),
        })
    }
}

impl WaitingAuthI {
    /// One more answer, which pushes out another if they become too many: neither the first nor one of the latest.
    fn add(&mut self, answer: Answer, given: Timestamp) {
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.remove(1);
        }
        self.answers.push((answer, given));
    }

    fn answer_to(&self, header: &Header, message: &Identity) -> Option<&Answer> {
        let mut answers = self.answers.iter().map(|(answer, _)| answer);
        answers.find(|answer| answer.is_to(header, message))
    }

    /// The signature fits one of them, if any.
    fn on_auth_i(&self, header: &Header, message: &AuthI) -> Result<Proven, Reject> {
        let mut result = Err(Reject::Unexpected);
        for (answer, _) in self.answers.iter().rev() {
            result = answer.on_auth_i(header, message);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// How many Auth-R messages wait for their Auth-I message.
    pub fn answers(&self) -> usize {
        self.answers.len()
    }

    /// When the oldest of them was sent.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.answers.iter().map(|(_, given)| *given).min()
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
        if let Some(begun) = self.begun() {
            field(bytes, b"waiting for Auth-R");
            begun.absorb(bytes);
        }
        if let Some(answered) = self.answered() {
            field(bytes, b"waiting for Auth-I");
            for (answer, given) in &answered.answers {
                field(bytes, format!("{given:?}").as_bytes());
                answer.absorb(bytes);
            }
        }
    }
}

/// How many Auth-R messages of ours may wait for their Auth-I message, with one device.
pub const MAX_ANSWERS: usize = 8;
