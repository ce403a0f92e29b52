//! Behind one door: the person, the way to the server, and the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use im::dial::Dial;
use im::irc::{IrcLine, Pacing};

use crate::engine::Memory;
use crate::proxy::archive::{Archive, Shelf};
use crate::proxy::irc_adapter::Habits;
use crate::proxy::resident::Resident;

/// What every connection through one door shares.
pub(super) struct Room {
    /// The way to the server.
    pub(super) dial: Dial,
    /// How fast our own lines may go out.
    pub(super) pacing: Pacing,
    /// How the proxy talks.
    pub(super) habits: Habits,
    /// The password of the server itself, if the configuration has one.
    pub(super) server_password: Option<IrcLine>,
    pub(super) shelf: Shelf,
    pub(super) archive: Arc<Archive>,
    resident: Mutex<Resident>,
    taken: AtomicBool,
}

/// The right of one client to be in the room, until it is dropped.
pub(super) struct Stay<'r>(&'r Room);

impl Room {
    pub(super) fn new(
        (dial, pacing, habits): (Dial, Pacing, Habits),
        server_password: Option<IrcLine>,
        (shelf, archive): (Shelf, Arc<Archive>),
        resident: Resident,
    ) -> Self {
        Self {
            dial,
            pacing,
            habits,
            server_password,
            shelf,
            archive,
            resident: Mutex::new(resident),
            taken: AtomicBool::new(false),
        }
    }

    /// Lets one client in. `None` if there is one.
    pub(super) fn enter(&self) -> Option<Stay<'_>> {
        (!self.taken.swap(true, Ordering::AcqRel)).then_some(Stay(self))
    }

    /// The person. Nobody waits for anything while they have it.
    pub(super) fn resident(&self) -> MutexGuard<'_, Resident> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes something down; what the person has to be told if that fails.
    pub(super) fn remember(&self, memory: &Memory) -> Option<String> {
        let fault = self.archive.remember(&self.shelf, memory).err()?;
        Some(format!("*** not stored: {fault}"))
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}
