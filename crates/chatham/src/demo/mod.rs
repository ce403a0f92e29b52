//! The whole story on the embedded network, told and checked at once.
//!
//! Every promise is checked against the relay's own capture of bytes ([`tap`]), beside what the screens showed; no
//! flag of the program is asked.

mod acts_of_privacy;
mod acts_of_trouble;
pub mod screen;
pub mod stage;
pub mod story;
pub mod tap;
pub mod teller;

use std::io::{self, Write};
use std::time::Duration;

use crate::demo::story::Story;
use crate::demo::teller::{Form, Teller};

/// What the demo is to do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// In which form it is told.
    pub form: Form,
    /// Whether it is told in colour.
    pub color: bool,
    /// Let Alice's program send one private text in the clear.
    #[cfg(feature = "deliberate-leak")]
    pub leak: bool,
}

/// Plays the story. `true` if it came to its end and every promise was kept.
///
/// # Errors
/// If `out` cannot be written to.
pub async fn run(options: Options, out: &mut dyn Write) -> io::Result<bool> {
    let mut story = Story::new(Teller::new(out, options.form, options.color));
    #[cfg(feature = "deliberate-leak")]
    if options.leak {
        story.leak();
    }
    let played = tokio::time::timeout(PATIENCE, story.play()).await;
    let reason = match played {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.to_string()),
        Err(_) => Some(format!("it did not end within {} seconds", PATIENCE.as_secs())),
    };
    story.close(reason).await
}

/// The story takes about a second; this is for machines that do something else at the same time.
const PATIENCE: Duration = Duration::from_secs(60);
