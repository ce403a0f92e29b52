//! Behind one door: the person, the way to the server, and the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use im::dial::Dial;
use im::irc::{IrcLine, Pacing};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::timeout;

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
    place: Semaphore,
    knock: Notify,
}

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
            place: Semaphore::new(1),
            knock: Notify::new(),
        }
    }

    /// Lets one client in, until what is returned is dropped. If there is one already, it is asked whether it is still
    /// there; `None` if it is.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.place.try_acquire() {
            return Some(place);
        }
        self.knock.notify_one();
        timeout(PATIENCE, self.place.acquire()).await.ok()?.ok()
    }

    /// Waits until another client wants to come in.
    pub(super) async fn knocked(&self) {
        self.knock.notified().await;
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

/// As long as a client may be silent that is asked, and its last lines to the server may take.
const PATIENCE: Duration = Duration::from_secs(9);
