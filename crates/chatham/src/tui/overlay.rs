//! What lies over the conversation for a while.

use im::irc::Nick;
use otr::Fingerprint;

use crate::engine::notice::{Device, How};
use crate::engine::trust::Trust;
use crate::tui::verify::Verification;

/// What lies over the conversation.
#[derive(Debug)]
pub enum Overlay {
    /// The keys, the signs and the commands.
    Help,
    /// Devices and keys of somebody.
    Devices(Box<Devices>),
    /// Several lines were pasted.
    Paste(Paste),
    /// Texts would be lost by leaving: so many.
    Leave(usize),
    /// People verify each other.
    Verify(Box<Verification>),
    /// Another key answers under this name, or one that is not trusted any more.
    KeyChanged {
        /// Whose name.
        with: Nick,
        /// The nick, harmless.
        name: String,
        /// The key that is decided about.
        key: Fingerprint,
        /// Whether the person has decided against it before.
        rejected: bool,
    },
}

/// How far a window has been read that may be higher than the screen. The drawing tells.
#[derive(Debug, Default)]
pub struct Reading {
    /// Of what.
    pub of: String,
    /// So many rows are above its upper edge.
    pub top: usize,
    /// Whether its last row was on the screen.
    pub whole: bool,
}

impl Reading {
    /// This is what is read now. Anything else begins at its first row, and nothing of it has been seen yet.
    pub fn begin(&mut self, of: String) {
        if self.of != of {
            *self = Self {
                of,
                ..Self::default()
            };
        }
    }
}

/// Devices and keys of somebody.
#[derive(Debug)]
pub struct Devices {
    /// Whose.
    pub with: Nick,
    /// The nick, harmless.
    pub name: String,
    /// What the engine says, once it has.
    pub status: Option<Status>,
}

/// What the engine says about somebody's devices.
#[derive(Debug)]
pub struct Status {
    /// The devices.
    pub devices: Vec<Device>,
    /// The keys known.
    pub keys: Vec<(Fingerprint, Trust)>,
    /// How many texts wait.
    pub waiting: usize,
    /// How the next text would go.
    pub next: Option<How>,
}

/// Several lines that were pasted.
#[derive(Debug)]
pub struct Paste {
    /// To whom they would go.
    pub with: Nick,
    /// The nick, harmless.
    pub name: String,
    /// The lines.
    pub lines: Vec<String>,
}
