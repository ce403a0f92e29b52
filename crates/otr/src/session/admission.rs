//! May this message be looked at in this state? One pure table (version 3, "State transitions").

use crate::reject::Reject;
use crate::session::SessionState;
use crate::wire::Message;
use crate::wire::header::{Version, Versions};
use crate::wire::v4;

/// The kinds of encoded messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Version 1's Key Exchange.
    KeyExchange,
    /// D-H Commit.
    DhCommit,
    /// D-H Key.
    DhKey,
    /// Reveal Signature.
    RevealSignature,
    /// Signature.
    Signature,
    /// Data.
    Data,
    /// Version 4's Identity.
    Identity,
    /// Version 4's Auth-R.
    AuthR,
    /// Version 4's Auth-I.
    AuthI,
    /// Version 4's Non-Interactive-Auth.
    NonInteractiveAuth,
}

/// The authentication state that a message meets: the device's own, or the open offer it may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// AUTHSTATE_NONE.
    Nothing,
    /// AUTHSTATE_AWAITING_DHKEY.
    DhKey,
    /// AUTHSTATE_AWAITING_REVEALSIG.
    RevealSig,
    /// AUTHSTATE_AWAITING_SIG.
    Sig,
    /// AUTHSTATE_V1_SETUP.
    V1Setup,
}

/// The answer of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Look at it.
    Look,
    /// Nothing is done, for this reason.
    Ignore(Reject),
    /// It cannot be read; the other side may be told.
    Refuse(Reject),
}

/// The lowest versions that may come in now.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Versions the policy allows.
    pub allowed: Versions,
    /// No key exchange below this version: the remembered minimum of this person, or the version of a
    /// private conversation that is open with any of their devices. A version never falls.
    pub floor: Option<Version>,
}

/// Decides whether a message of this kind and version may be looked at.
pub fn admit(kind: Kind, version: Version, gate: Gate, state: SessionState, waiting: Waiting) -> Verdict {
    // A private conversation goes on, whatever the policy has become since.
    if kind == Kind::Data && state == SessionState::Encrypted(version) {
        return Verdict::Look;
    }
    if !gate.allowed.contains(version) {
        return Verdict::Ignore(Reject::VersionRefused);
    }
    if kind != Kind::Data && gate.floor.is_some_and(|floor| version < floor) {
        return Verdict::Ignore(Reject::VersionRefused);
    }
    match (kind, waiting) {
        (Kind::Data, _) => Verdict::Refuse(Reject::NotPrivate),
        (Kind::DhCommit | Kind::KeyExchange, _) => Verdict::Look,
        (Kind::DhKey, Waiting::DhKey | Waiting::Sig) => Verdict::Look,
        (Kind::RevealSignature, Waiting::RevealSig) => Verdict::Look,
        (Kind::Signature, Waiting::Sig) => Verdict::Look,
        (Kind::DhKey | Kind::RevealSignature | Kind::Signature, _) => Verdict::Ignore(Reject::Unexpected),
        // The machine of version 4 knows by itself what it waits for, and changes nothing for anything else.
        (Kind::Identity | Kind::AuthR | Kind::AuthI, _) => Verdict::Look,
        // Nobody publishes what it would answer.
        (Kind::NonInteractiveAuth, _) => Verdict::Ignore(Reject::Unexpected),
    }
}

impl Kind {
    /// The kind of a message.
    pub fn of(message: &Message) -> Self {
        match message {
            Message::KeyExchange(_) => Self::KeyExchange,
            Message::DhCommit(_) => Self::DhCommit,
            Message::DhKey(_) => Self::DhKey,
            Message::RevealSignature(_) => Self::RevealSignature,
            Message::Signature(_) => Self::Signature,
            Message::Data(_) => Self::Data,
            Message::V4(message) => match **message {
                v4::Message::Identity(_) => Self::Identity,
                v4::Message::AuthR(_) => Self::AuthR,
                v4::Message::AuthI(_) => Self::AuthI,
                v4::Message::NonInteractiveAuth(_) => Self::NonInteractiveAuth,
                v4::Message::Data(_) => Self::Data,
            },
        }
    }
}
