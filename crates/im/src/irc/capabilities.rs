//! What a server can do beyond the old protocol, and agreeing on it (`CAP`, version 302).
//!
//! ```text
//! CAP LS 302
//!                         CAP * LS * :server-time batch
//!                         CAP * LS :sasl=PLAIN,EXTERNAL
//! CAP REQ :server-time batch
//! CAP REQ :sasl
//!                         CAP * ACK :…
//! AUTHENTICATE …                                          only if we want to prove who we are
//! CAP END
//! ```
//!
//! The server lets nobody in before `CAP END`, and that is not said before the account is proven.

use std::collections::BTreeSet;
use std::mem;

use super::line::IrcLine;
use super::sasl::{Sasl, SaslFault, authenticate};

/// A capability that this crate has a use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Somebody's account changes.
    AccountNotify,
    /// The account of whoever speaks.
    AccountTag,
    /// Lines that belong together, as those of a play-back.
    Batch,
    /// Offers that come and go.
    CapNotify,
    /// Our own words come back, so that all our clients have them.
    EchoMessage,
    /// The account of whoever joins.
    ExtendedJoin,
    /// Tags before a line.
    MessageTags,
    /// Proving who we are.
    Sasl,
    /// When a line was said.
    ServerTime,
    /// Faults in a form of their own.
    StandardReplies,
}

impl Capability {
    const ALL: [Self; 10] = [
        Self::AccountNotify,
        Self::AccountTag,
        Self::Batch,
        Self::CapNotify,
        Self::EchoMessage,
        Self::ExtendedJoin,
        Self::MessageTags,
        Self::Sasl,
        Self::ServerTime,
        Self::StandardReplies,
    ];

    /// The name in the `CAP` lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountNotify => "account-notify",
            Self::AccountTag => "account-tag",
            Self::Batch => "batch",
            Self::CapNotify => "cap-notify",
            Self::EchoMessage => "echo-message",
            Self::ExtendedJoin => "extended-join",
            Self::MessageTags => "message-tags",
            Self::Sasl => "sasl",
            Self::ServerTime => "server-time",
            Self::StandardReplies => "standard-replies",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.name().as_bytes() == name)
    }
}

/// What comes of a line of the negotiation.
#[derive(Debug)]
pub(super) enum Step {
    /// Send this.
    Send(IrcLine),
    /// The account cannot be proven; the connection ends.
    Fail(SaslFault),
}

/// Where the negotiation of one connection stands. What is kept is bounded by the capabilities known here.
#[derive(Debug)]
pub(super) struct Negotiation {
    sasl: Option<Sasl>,
    stage: Stage,
    offered: BTreeSet<Capability>,
    /// The mechanisms of SASL that are offered, if the server names them.
    mechanisms: Option<Vec<u8>>,
    asked: BTreeSet<Capability>,
    refused: BTreeSet<Capability>,
    enabled: BTreeSet<Capability>,
    /// Whether a bouncer shows itself by its own capabilities.
    bouncer: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The server tells what it offers.
    Listing,
    /// We have asked for some of it.
    Asking,
    /// The mechanism was named; the challenge is awaited.
    AwaitingChallenge,
    /// The proof was sent.
    AwaitingVerdict,
    /// `CAP END` was said, or the server knows no capabilities.
    Over,
}

impl Negotiation {
    pub(super) fn new(sasl: Option<Sasl>) -> Self {
        Self {
            sasl,
            stage: Stage::Listing,
            offered: BTreeSet::new(),
            mechanisms: None,
            asked: BTreeSet::new(),
            refused: BTreeSet::new(),
            enabled: BTreeSet::new(),
            bouncer: false,
        }
    }

    pub(super) fn is_enabled(&self, capability: Capability) -> bool {
        self.enabled.contains(&capability)
    }

    pub(super) fn enabled(&self) -> impl Iterator<Item = Capability> {
        self.enabled.iter().copied()
    }

    /// Whether a ZNC stands between us and the network.
    pub(super) fn is_bouncer(&self) -> bool {
        self.bouncer
    }

    /// Takes the words of a `CAP` line after our nick.
    pub(super) fn receive(&mut self, params: &[&[u8]]) -> Vec<Step> {
        let (word, rest) = match params.split_first() {
            Some((word, rest)) => (word.to_ascii_uppercase(), rest),
            None => return Vec::new(),
        };
        let list = rest.last().copied().unwrap_or_default();
        let more = rest.len() > 1 && rest.first() == Some(&&b"*"[..]);
        match word.as_slice() {
            b"LS" => {
                self.offer(list);
                if more || self.stage != Stage::Listing {
                    Vec::new()
                } else {
                    self.ask()
                }
            }
            b"NEW" => {
                self.offer(list);
                if self.stage == Stage::Listing {
                    Vec::new()
                } else {
                    self.ask_late()
                }
            }
            b"DEL" => self.withdraw(list),
            b"ACK" => self.acknowledge(list),
            b"NAK" => {
                for capability in words(list).filter_map(Capability::from_name) {
                    self.asked.remove(&capability);
                    self.refused.insert(capability);
                }
                self.go_on()
            }
            _ => Vec::new(),
        }
    }

    /// Takes the word of an `AUTHENTICATE` line.
    pub(super) fn challenge(&mut self, word: &[u8]) -> Vec<Step> {
        // Asked for out of turn, the proof is not given.
        if self.stage != Stage::AwaitingChallenge {
            return Vec::new();
        }
        self.stage = Stage::AwaitingVerdict;
        let answer = self.sasl.as_ref().filter(|_| word == b"+").map(Sasl::answer);
        match answer {
            Some(Ok(lines)) => lines.into_iter().map(Step::Send).collect(),
            Some(Err(_)) | None => self.fail(SaslFault::Challenge),
        }
    }

    /// The server accepts the proof.
    pub(super) fn accepted(&mut self) -> Vec<Step> {
        if self.stage == Stage::AwaitingVerdict {
            self.end()
        } else {
            Vec::new()
        }
    }

    /// The server does not accept the proof, or the mechanism.
    pub(super) fn rejected(&mut self, code: u16, words: &[u8]) -> Vec<Step> {
        match self.stage {
            Stage::AwaitingChallenge | Stage::AwaitingVerdict => self.fail(SaslFault::Refused {
                code,
                words: words.to_vec(),
            }),
            Stage::Listing | Stage::Asking | Stage::Over => Vec::new(),
        }
    }

    /// The server lets us in. It fails if that happens without the proof that we wanted to give.
    pub(super) fn welcomed(&mut self) -> Result<(), SaslFault> {
        let before = mem::replace(&mut self.stage, Stage::Over);
        if before != Stage::Over && self.sasl.is_some() {
            return Err(SaslFault::NotOffered);
        }
        Ok(())
    }

    fn offer(&mut self, list: &[u8]) {
        for word in words(list) {
            let (name, value) = match word.iter().position(|&byte| byte == b'=') {
                Some(place) => (word.split_at(place).0, Some(word.split_at(place + 1).1)),
                None => (word, None),
            };
            self.bouncer |= name.starts_with(b"znc.in/");
            let Some(capability) = Capability::from_name(name) else {
                continue;
            };
            self.offered.insert(capability);
            if capability == Capability::Sasl {
                self.mechanisms = value.filter(|value| !value.is_empty()).map(<[u8]>::to_vec);
            }
        }
    }

    /// Asks for what is offered, the proof of the account apart from the rest, so that neither is refused because
    /// of the other.
    fn ask(&mut self) -> Vec<Step> {
        if let Some(fault) = self.missing_mechanism() {
            return self.fail(fault);
        }
        self.stage = Stage::Asking;
        let mut steps = self.ask_late();
        if self.sasl.is_some() {
            self.asked.insert(Capability::Sasl);
            steps.extend(request(&[Capability::Sasl.name()]));
        }
        steps.extend(self.go_on());
        steps
    }

    fn missing_mechanism(&self) -> Option<SaslFault> {
        let sasl = self.sasl.as_ref()?;
        if !self.offered.contains(&Capability::Sasl) {
            return Some(SaslFault::NotOffered);
        }
        let offered = self.mechanisms.as_ref()?;
        let wanted = sasl.mechanism().as_bytes();
        let found = offered
            .split(|&byte| byte == b',')
            .any(|name| name.eq_ignore_ascii_case(wanted));
        (!found).then(|| SaslFault::MechanismNotOffered {
            offered: offered.clone(),
        })
    }

    /// Asks for all that is offered, not asked for yet, and does not concern the account.
    fn ask_late(&mut self) -> Vec<Step> {
        let fresh = |capability: &&Capability| {
            **capability != Capability::Sasl
                && !self.asked.contains(capability)
                && !self.enabled.contains(capability)
                && !self.refused.contains(capability)
        };
        let wanted: Vec<_> = self.offered.iter().filter(fresh).copied().collect();
        self.asked.extend(&wanted);
        let names: Vec<_> = wanted.iter().map(|capability| capability.name()).collect();
        if names.is_empty() {
            Vec::new()
        } else {
            request(&names)
        }
    }

    fn acknowledge(&mut self, list: &[u8]) -> Vec<Step> {
        for word in words(list) {
            let (name, off) = match word.strip_prefix(b"-") {
                Some(name) => (name, true),
                None => (word, false),
            };
            let Some(capability) = Capability::from_name(name) else {
                continue;
            };
            // What nobody asked for is not switched on.
            if off {
                self.enabled.remove(&capability);
            } else if self.asked.remove(&capability) {
                self.enabled.insert(capability);
            }
        }
        self.go_on()
    }

    fn withdraw(&mut self, list: &[u8]) -> Vec<Step> {
        for capability in words(list).filter_map(Capability::from_name) {
            self.offered.remove(&capability);
            self.asked.remove(&capability);
            self.enabled.remove(&capability);
        }
        match self.stage {
            Stage::AwaitingChallenge | Stage::AwaitingVerdict if !self.is_enabled(Capability::Sasl) => {
                self.fail(SaslFault::NotOffered)
            }
            _ => self.go_on(),
        }
    }

    /// Goes on when all that was asked for is answered.
    fn go_on(&mut self) -> Vec<Step> {
        if self.stage != Stage::Asking || !self.asked.is_empty() {
            return Vec::new();
        }
        let Some(sasl) = &self.sasl else { return self.end() };
        if !self.is_enabled(Capability::Sasl) {
            return self.fail(SaslFault::NotOffered);
        }
        self.stage = Stage::AwaitingChallenge;
        authenticate(sasl.mechanism().as_bytes())
            .map(Step::Send)
            .into_iter()
            .collect()
    }

    fn end(&mut self) -> Vec<Step> {
        self.stage = Stage::Over;
        // The proof was given, or none was wanted: it is not kept longer than needed.
        self.sasl = None;
        IrcLine::command("CAP")
            .param("END")
            .build()
            .map(Step::Send)
            .into_iter()
            .collect()
    }

    fn fail(&mut self, fault: SaslFault) -> Vec<Step> {
        self.stage = Stage::Over;
        self.sasl = None;
        vec![Step::Fail(fault)]
    }
}

/// The line that opens the negotiation.
pub(super) fn list() -> Option<IrcLine> {
    IrcLine::command("CAP").param("LS").param("302").build().ok()
}

fn request(names: &[&str]) -> Vec<Step> {
    let line = IrcLine::command("CAP").param("REQ").trailing(names.join(" "));
    line.map(Step::Send).into_iter().collect()
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b' ').filter(|word| !word.is_empty())
}
