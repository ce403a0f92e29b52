//! The lines that wait for their turn, shared between a link and its writer.
//!
//! A channel would do, but for one thing: when the connection is gone, we have to know which lines nothing was
//! written of, for only those may be sent again without being doubled.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::SendError;

/// A bounded queue that can be closed with lines in it.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    limit: usize,
    changed: Notify,
}

struct State<T> {
    lines: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                lines: VecDeque::new(),
                closed: false,
            }),
            limit,
            changed: Notify::new(),
        }
    }

    /// Adds a line, if more than `spare` places are free.
    pub(crate) fn push(&self, line: T, spare: usize) -> Result<(), SendError> {
        let mut state = self.state();
        if state.closed {
            return Err(SendError::Closed);
        }
        if state.lines.len() + spare >= self.limit {
            return Err(SendError::QueueFull);
        }
        state.lines.push_back(line);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes the next line, to write it now. From here on it counts as possibly sent.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state();
        if state.closed {
            None
        } else {
            state.lines.pop_front()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state().lines.is_empty()
    }

    /// How many more lines it takes; none if it is closed.
    pub(crate) fn room(&self) -> usize {
        let state = self.state();
        if state.closed {
            0
        } else {
            self.limit.saturating_sub(state.lines.len())
        }
    }

    /// Waits until there is a line. One task at a time may wait.
    pub(crate) async fn filled(&self) {
        while self.is_empty() {
            self.changed.notified().await;
        }
    }

    /// Nothing goes in or comes out any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
    }

    /// Closes it and takes what is in it.
    pub(crate) fn close_and_take(&self) -> Vec<T> {
        let mut state = self.state();
        state.closed = true;
        std::mem::take(&mut state.lines).into()
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::irc::IrcLine;

    #[test]
    fn what_is_left_is_what_was_never_taken() {
        let queue = Queue::new(3);
        let line = |text: &str| IrcLine::new(text).unwrap();
        for text in ["A", "B"] {
            queue.push(line(text), 1).unwrap();
        }
        assert_eq!(queue.push(line("C"), 1), Err(SendError::QueueFull));
        queue.push(line("C"), 0).unwrap();
        assert_eq!(queue.room(), 0);
        assert_eq!(queue.pop(), Some(line("A")));
        queue.close();
        assert_eq!(queue.pop(), None, "nothing is written after the end");
        assert_eq!(queue.push(line("D"), 0), Err(SendError::Closed));
        assert_eq!(queue.close_and_take(), [line("B"), line("C")]);
        assert!(queue.close_and_take().is_empty());
    }
}
