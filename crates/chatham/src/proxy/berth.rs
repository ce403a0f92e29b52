//! Whether a connection to the server stands, and who makes one: clients that come find the one that stands.

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use crate::proxy::guest::Newcomer;

/// The place for one connection to the server of a room.
pub(super) struct Berth {
    state: watch::Sender<State>,
}

enum State {
    /// There is no connection.
    Free,
    /// One is being made, or about to end.
    Busy,
    /// One stands, and takes clients.
    Open(mpsc::Sender<Newcomer>),
}

/// What a client finds.
pub(super) enum Way<'b> {
    /// A connection that takes it.
    Stands(mpsc::Sender<Newcomer>),
    /// None: whoever has the turn makes one.
    Yours(Turn<'b>),
    /// One that was neither ready nor gone for too long.
    TooLate,
}

/// The right to have the connection, until it is dropped.
pub(super) struct Turn<'b> {
    berth: &'b Berth,
}

impl Default for Berth {
    fn default() -> Self {
        Self {
            state: watch::Sender::new(State::Free),
        }
    }
}

impl Berth {
    /// Waits until there is a connection that takes clients, or none at all.
    pub(super) async fn find(&self, until: Instant) -> Way<'_> {
        let mut state = self.state.subscribe();
        loop {
            let mut free = false;
            self.state.send_if_modified(|state| {
                free = matches!(state, State::Free);
                if free {
                    *state = State::Busy;
                }
                free
            });
            if free {
                return Way::Yours(Turn { berth: self });
            }
            if let State::Open(door) = &*state.borrow_and_update() {
                return Way::Stands(door.clone());
            }
            if !matches!(timeout_at(until, state.changed()).await, Ok(Ok(()))) {
                return Way::TooLate;
            }
        }
    }
}

impl Turn<'_> {
    /// The server has let the first client in: others may come.
    pub(super) fn open(&self, door: mpsc::Sender<Newcomer>) {
        self.berth.state.send_replace(State::Open(door));
    }

    /// The connection is about to end.
    pub(super) fn close(&self) {
        self.berth.state.send_replace(State::Busy);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.berth.state.send_replace(State::Free);
    }
}
