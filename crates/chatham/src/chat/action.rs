//! What the person does: the same for a typed line, a JSON object, and the full screen.

use std::fmt;
use std::path::PathBuf;

use otr::Fingerprint;
use zeroize::Zeroizing;

use crate::config::Mode;
use crate::engine::notice::Words;

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
    /// Accept a stranger's wish, or a changed key.
    Accept,
    /// Show what is to be compared: words and fingerprints.
    Compare,
    /// What was shown is the same on the other side.
    Confirm,
    /// Compare a secret.
    Verify {
        /// The secret.
        secret: Secret,
        /// A question, which makes it one-sided.
        question: Option<Vec<u8>>,
    },
    /// Answer with a secret.
    Answer(Secret),
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
    /// Connect now, if an attempt is waited for.
    Reconnect,
    /// The list of commands.
    Help,
    /// The end.
    Quit,
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
