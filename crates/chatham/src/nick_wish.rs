//! When to ask for the wanted nick again after a connection was made anew under another one.

use std::time::Duration;

use tokio::time::Instant;

/// The wish for the nick that we had before: the server may hold it for the connection that broke.
#[derive(Debug, Default)]
pub(crate) struct NickWish {
    had: bool,
    due: Option<Instant>,
    tries: u32,
}

impl NickWish {
    /// A connection is ready, with or without the wanted nick.
    pub(crate) fn look(&mut self, have: bool) {
        // A nick that we never had is somebody else's.
        self.due = (self.had && !have).then(|| Instant::now() + WISH_PAUSE);
        self.tries = 0;
        self.had |= have;
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The nick is free now.
    pub(crate) fn now(&mut self) {
        if self.due.is_some() {
            self.due = Some(Instant::now());
        }
    }

    pub(crate) fn again(&mut self) {
        self.tries += 1;
        self.due = (self.tries < MOST_WISHES).then(|| Instant::now() + WISH_PAUSE);
    }

    pub(crate) fn give_up(&mut self) {
        self.due = None;
    }
}

const WISH_PAUSE: Duration = Duration::from_secs(30);
const MOST_WISHES: u32 = 20;
