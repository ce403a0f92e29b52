//! How long a server has said nothing: it is asked once for a sign of life, and then given up. A network that fails says
//! nothing, and what we write would wait for minutes.

use std::time::Duration;

use tokio::time::Instant;

/// The time since a server was heard.
pub(crate) struct Silence {
    heard: Instant,
    /// Whether it was asked for a sign of life since.
    asked: bool,
}

impl Silence {
    /// Begins now, when the connection does or the server was heard.
    pub(crate) fn begin() -> Self {
        Self {
            heard: Instant::now(),
            asked: false,
        }
    }

    /// When something has to be done about it.
    pub(crate) fn deadline(&self) -> Instant {
        self.heard + if self.asked { IDLE + PATIENCE } else { IDLE }
    }

    /// The deadline has passed: if this was the first, the server has to be asked.
    ///
    /// # Errors
    /// If it was asked before, in words for the person: it is gone.
    pub(crate) fn go_on(&mut self) -> Result<(), String> {
        if self.asked {
            let silence = (IDLE + PATIENCE).as_secs();
            return Err(format!("the server has not been heard for {silence} seconds"));
        }
        self.asked = true;
        Ok(())
    }
}

/// After so much silence the server is asked for a sign of life.
const IDLE: Duration = Duration::from_secs(60);
/// So long it may take to give one.
const PATIENCE: Duration = Duration::from_secs(60);
