//! The Socialist Millionaires' Protocol: two people learn whether they know the same secret, and nothing else.
//!
//! [`Smp`] is the state machine of the specification, one for each private conversation. It takes and gives TLVs. It
//! is written once, over the algebra of [`group::Group`].

pub mod ed448;
pub mod group;
pub mod messages;
pub mod modp;
pub mod proofs;

use core::{fmt, mem};

use rand_core::CryptoRng;

use self::group::{BadMessage, FirstRecord, Group};
use self::messages::{Comparison, OurHalves, Responder, TheirHalves};
use crate::text::Text;
use crate::wire::tlv::{self, Tlv};

/// One side of the protocol.
///
/// A refused message, an abort and an end of any kind lead back to the idle state, and wipe all that was remembered.
pub struct Smp<G: Group> {
    state: State<G>,
}

/// Where the protocol stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is going on.
    Idle,
    /// The next step is the peer's.
    WaitingForPeer,
    /// The peer has asked: [`Smp::answer`] is awaited.
    WaitingForOurSecret,
}

/// What a TLV from the peer led to. Every TLV in it has to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer wants to compare secrets: call [`Smp::answer`] or [`Smp::abort`].
    Asked {
        /// What the peer asks, exactly as it came: any bytes but NUL, of any length that a TLV can hold, and not
        /// authenticated by the secret yet. `None` if the peer sent no question.
        question: Option<Text>,
    },
    /// The protocol goes on.
    Reply(Tlv),
    /// The protocol is over and both secrets were compared.
    Done {
        /// Whether they are the same.
        matched: bool,
        /// The last message, if it is ours.
        reply: Option<Tlv>,
    },
    /// The message was malformed or a proof did not hold. The TLV tells the peer that we gave up.
    Cheated(Tlv),
    /// The message is not the one expected now. The TLV tells the peer that we gave up.
    OutOfOrder(Tlv),
    /// The peer gave up.
    AbortedByPeer,
    /// There was nothing to do: no TLV of this protocol, or an abort of what was not going on.
    Ignored,
}

/// [`Smp::answer`] was called although the peer has not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAsked;

impl fmt::Display for NotAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody has asked to compare secrets")
    }
}

impl std::error::Error for NotAsked {}

impl<G: Group> Smp<G> {
    /// Idle.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Expect1,
        }
    }

    /// Where the protocol stands.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match self.state {
            State::Expect1 => Progress::Idle,
            State::Asked(_) => Progress::WaitingForOurSecret,
            State::Expect2(_) | State::Expect3(_) | State::Expect4(_) => Progress::WaitingForPeer,
        }
    }

    /// Whether the peer has all that it needs to know the result, while we do not: a run that ends now was a guess of
    /// theirs.
    #[must_use]
    pub fn has_told(&self) -> bool {
        matches!(self.state, State::Expect4(_))
    }

    /// Begins, as the initiator. Gives the TLVs to send, in their order: a run that was going on is aborted first.
    ///
    /// `secret` is the hash over what both sides compare; the initiator's fingerprint comes first in it. A
    /// `question` ends before its first NUL, which could not be sent, and where the TLV is full.
    pub fn start(
        &mut self,
        secret: &G::Secret,
        question: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Vec<Tlv> {
        let mut tlvs = Vec::with_capacity(2);
        if !matches!(self.state, State::Expect1) {
            tlvs.push(self.abort());
        }
        let (halves, message) = messages::make_smp1(rng);
        tlvs.extend(G::first_record(question, message));
        self.state = State::Expect2(Box::new(Expect2 {
            secret: G::secret_scalar(secret),
            halves,
        }));
        tlvs
    }

    /// Answers the peer who has asked, with our secret. Gives the TLV to send.
    ///
    /// `secret` is the hash over what both sides compare; the initiator's fingerprint, here the peer's, comes
    /// first in it.
    ///
    /// # Errors
    /// [`NotAsked`] unless the last outcome was [`Outcome::Asked`]; nothing changes.
    pub fn answer(&mut self, secret: &G::Secret, rng: &mut dyn CryptoRng) -> Result<Tlv, NotAsked> {
        match mem::replace(&mut self.state, State::Expect1) {
            State::Asked(theirs) => {
                let (responder, message) = messages::make_smp2(*theirs, &G::secret_scalar(secret), rng);
                self.state = State::Expect3(Box::new(responder));
                Ok(record(tlv::SMP2, message))
            }
            other => {
                self.state = other;
                Err(NotAsked)
            }
        }
    }

    /// Gives up. Gives the TLV to send, which the specification wants in every state.
    pub fn abort(&mut self) -> Tlv {
        self.reset();
        record(tlv::SMP_ABORT, Vec::new())
    }

    /// Forgets everything without a word, for when the conversation is private no more.
    pub fn reset(&mut self) {
        self.state = State::Expect1;
    }

    /// Takes a TLV from the peer: its type and its value.
    pub fn receive(&mut self, kind: u16, value: &[u8], rng: &mut dyn CryptoRng) -> Outcome {
        let first = G::open_first_record(kind, value);
        if first.is_none() && !matches!(kind, tlv::SMP2..=tlv::SMP_ABORT) {
            return Outcome::Ignored;
        }
        // Whatever goes wrong from here on, the protocol is idle after it.
        let step = match (kind, first, mem::replace(&mut self.state, State::Expect1)) {
            (_, Some(first), State::Expect1) => self.receive_smp1(first),
            (tlv::SMP_ABORT, _, State::Expect1) => return Outcome::Ignored,
            (tlv::SMP_ABORT, ..) => return Outcome::AbortedByPeer,
            (tlv::SMP2, _, State::Expect2(state)) => self.receive_smp2(value, *state, rng),
            (tlv::SMP3, _, State::Expect3(state)) => receive_smp3(value, *state, rng),
            (tlv::SMP4, _, State::Expect4(state)) => receive_smp4(value, &state),
            _ => return Outcome::OutOfOrder(self.abort()),
        };
        step.unwrap_or_else(|BadMessage| Outcome::Cheated(self.abort()))
    }

    fn receive_smp1(&mut self, first: Result<FirstRecord<'_>, BadMessage>) -> Result<Outcome, BadMessage> {
        let FirstRecord { question, message } = first?;
        self.state = State::Asked(Box::new(messages::open_smp1(message)?));
        Ok(Outcome::Asked {
            question: question.map(Text::from),
        })
    }

    fn receive_smp2(
        &mut self,
        message: &[u8],
        ours: Expect2<G>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Outcome, BadMessage> {
        let Expect2 { secret, halves } = ours;
        let response = messages::open_smp2(message, &halves)?;
        let (comparison, reply) = messages::make_smp3(halves, response, &secret, rng)?;
        self.state = State::Expect4(Box::new(comparison));
        Ok(Outcome::Reply(record(tlv::SMP3, reply)))
    }
}

impl<G: Group> Default for Smp<G> {
    fn default() -> Self {
        Self::new()
    }
}

impl<G: Group> fmt::Debug for Smp<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Expect1 => "Smp(Expect1)",
            State::Asked(_) => "Smp(Asked)",
            State::Expect2(_) => "Smp(Expect2)",
            State::Expect3(_) => "Smp(Expect3)",
            State::Expect4(_) => "Smp(Expect4)",
        })
    }
}

/// The specification's states, named by the message that is expected; `Asked` is its first state between the peer's
/// first message and our user's secret.
enum State<G: Group> {
    Expect1,
    Asked(Box<TheirHalves<G>>),
    Expect2(Box<Expect2<G>>),
    Expect3(Box<Responder<G>>),
    Expect4(Box<Comparison<G>>),
}

struct Expect2<G: Group> {
    secret: G::Scalar,
    halves: OurHalves<G>,
}

fn receive_smp3<G: Group>(
    message: &[u8],
    ours: Responder<G>,
    rng: &mut dyn CryptoRng,
) -> Result<Outcome, BadMessage> {
    let (comparison, matched) = messages::open_smp3(message, ours)?;
    let reply = messages::make_smp4(&comparison, rng);
    Ok(Outcome::Done {
        matched,
        reply: Some(record(tlv::SMP4, reply)),
    })
}

fn receive_smp4<G: Group>(message: &[u8], ours: &Comparison<G>) -> Result<Outcome, BadMessage> {
    Ok(Outcome::Done {
        matched: messages::open_smp4(message, ours)?,
        reply: None,
    })
}

#[expect(
    clippy::expect_used,
    reason = "the longest message has 11 MPIs of at most 196 bytes; questions are cut"
)]
fn record(kind: u16, value: Vec<u8>) -> Tlv {
    Tlv::new(kind, value).expect("an SMP message fits a TLV")
}
