//! The terminal: taken over for a while, and given back as it was, whatever happens.

use std::io::{self, IsTerminal, Stdout, stdout};
use std::panic;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use tokio::sync::mpsc;

/// The terminal while it is ours. It is given back when this is dropped, and before a panic is told.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// If it is none, or cannot show a screen.
    pub fn enter() -> io::Result<Self> {
        if let Some(obstacle) = obstacle(
            stdout().is_terminal() && io::stdin().is_terminal(),
            term().as_deref(),
        ) {
            return Err(io::Error::other(obstacle));
        }
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        enable_raw_mode()?;
        let entered = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match entered {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// What the person does at the terminal, read on a thread of its own. The channel closes when the terminal is gone.
pub fn events() -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The kind of the terminal.
pub fn term() -> Option<String> {
    std::env::var("TERM").ok()
}

/// What keeps a terminal from showing a screen.
fn obstacle(is_terminal: bool, term: Option<&str>) -> Option<&'static str> {
    if !is_terminal {
        Some("the full screen needs a terminal; `chatham chat --plain` does not")
    } else if term.is_none_or(|term| matches!(term, "" | "dumb")) {
        Some("this terminal cannot show a full screen (TERM); use `chatham chat --plain`")
    } else {
        None
    }
}

/// What cannot be given back cannot be helped either.
fn give_back() {
    let _gone = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _gone = disable_raw_mode();
}

const QUEUE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_terminal_will_not_do() {
        assert!(obstacle(false, Some("xterm")).unwrap().contains("--plain"));
        assert!(obstacle(true, Some("dumb")).unwrap().contains("--plain"));
        assert!(obstacle(true, None).is_some());
        assert_eq!(obstacle(true, Some("xterm-256color")), None);
    }
}
