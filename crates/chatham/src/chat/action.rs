//! What the person does: the same for a typed line, a JSON object, and the full screen.

use std::fmt;
use std::path::PathBuf;

use im::irc::Nick;
use im::xmpp::ListWish;
use otr::{Fingerprint, InstanceTag, Timestamp};
use zeroize::Zeroizing;

use crate::config::Mode;
use crate::engine::notice::{Comparison, LineId, Words};
use crate::engine::{Effect, Engine};

/// Something to do, and with whom; without a name it is the present correspondent.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// With whom.
    pub to: Option<Vec<u8>>,
    /// What.
    pub action: Action,
}

/// Something to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Words, or a deed.
    Say(Words),
    /// Make this the present correspondent.
    Turn,
    /// Ask for a private conversation.
    Start,
    /// End it.
    End,
    /// Accept a stranger's wish, or a changed key: this one, if it was shown.
    Accept(Option<Fingerprint>),
    /// Show what is to be compared: words and fingerprints.
    Compare,
    /// What was shown is the same on the other side: this, or what was shown last.
    Confirm(Option<Comparison>),
    /// Compare a secret.
    Verify {
        /// The secret.
        secret: Secret,
        /// A question, which makes it one-sided.
        question: Option<Vec<u8>>,
        /// Which device has to know it; the one that texts go to if none is named.
        device: Option<InstanceTag>,
    },
    /// Answer with a secret.
    Answer {
        /// The secret.
        secret: Secret,
        /// Which device's question it answers; the one that was told last if none is named.
        device: Option<InstanceTag>,
    },
    /// Give up comparing.
    Abort,
    /// Vouch for a key: this one, or the one that was shown.
    Trust(Option<Fingerprint>),
    /// Take that back.
    Distrust(Option<Fingerprint>),
    /// Our fingerprint and theirs.
    Fingerprints,
    /// Our fingerprint as a picture.
    Qr(PathBuf),
    /// Devices, keys, waiting texts.
    Status,
    /// Everybody.
    People,
    /// The texts that wait.
    Held,
    /// Drop the texts that wait, or one of them.
    Drop(Option<u64>),
    /// Send a text again that may have been lost.
    SendAgain(u64),
    /// What is willing to happen with them; another mode for this run.
    Policy(Option<Mode>),
    /// Change the list of people of an XMPP account, or who sees when we are there.
    List(ListWish),
    /// Connect now, if an attempt is waited for.
    Reconnect,
    /// The list of commands.
    Help,
    /// The end.
    Quit,
}

impl Action {
    /// Lets the engine do what is about one person. What is about nobody in particular is the client's, and does nothing
    /// here.
    pub fn carry_out(self, engine: &mut Engine, peer: &Nick, now: Timestamp) -> Vec<Effect> {
        match self {
            Self::Say(words) => engine.say(peer, words, now),
            Self::Start => engine.start(peer, now),
            Self::End => engine.end(peer, now),
            Self::Accept(key) => engine.accept(peer, key, now),
            Self::Verify {
                secret,
                question,
                device,
            } => engine.verify(peer, secret.bytes(), question.as_deref(), device, now),
            Self::Answer { secret, device } => engine.answer(peer, secret.bytes(), device, now),
            Self::Abort => engine.abort(peer, now),
            Self::Compare => engine.compare(peer, now),
            Self::Confirm(Some(compared)) => engine.confirm_comparison(peer, &compared, now),
            Self::Confirm(None) => engine.confirm_shown(peer, now),
            Self::Held => engine.held(peer, now),
            Self::Drop(which) => engine.drop_held(peer, which.map(LineId), now),
            Self::SendAgain(line) => engine.send_again(peer, LineId(line), now),
            Self::Trust(key) => engine.set_trust(peer, key, true, now),
            Self::Distrust(key) => engine.set_trust(peer, key, false, now),
            Self::Fingerprints | Self::Status => engine.status(peer, now),
            Self::Turn
            | Self::People
            | Self::Qr(_)
            | Self::Policy(_)
            | Self::List(_)
            | Self::Reconnect
            | Self::Help
            | Self::Quit => Vec::new(),
        }
    }
}

/// What both sides know and compare. It is wiped, and shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// These bytes, exactly as they were typed.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Command {
    /// With the present correspondent, or with nobody.
    pub fn new(action: Action) -> Self {
        Self { to: None, action }
    }

    /// With somebody.
    pub fn with(to: impl Into<Vec<u8>>, action: Action) -> Self {
        Self {
            to: Some(to.into()),
            action,
        }
    }
}
