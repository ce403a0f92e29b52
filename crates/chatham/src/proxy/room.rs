//! Behind one door: the person, the way to the server, and the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use im::dial::Dial;
use im::irc::{IrcLine, Pacing};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::engine::Memory;
use crate::proxy::archive::{Archive, Shelf};
use crate::proxy::habits::Habits;
use crate::proxy::resident::Resident;

/// What every connection through one door shares.
pub(crate) struct Room {
    /// The way to the server.
    pub(super) dial: Dial,
    /// How fast our own lines may go out.
    pub(super) pacing: Pacing,
    /// How the proxy talks.
    pub(crate) habits: Habits,
    /// The password of the server itself, if the configuration has one.
    pub(super) server_password: Option<IrcLine>,
    pub(crate) shelf: Shelf,
    pub(crate) archive: Arc<Archive>,
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
    pub(crate) fn resident(&self) -> MutexGuard<'_, Resident> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody has done something at the control socket that is to go out.
    pub(super) async fn errand(&self) {
        let wake = self.resident().outside.wake();
        wake.notified().await;
    }

    /// Writes something down; what the person has to be told if that fails.
    pub(crate) fn remember(&self, memory: &Memory) -> Option<String> {
        let fault = self.archive.remember(&self.shelf, memory).err()?;
        Some(format!("*** not stored: {fault}"))
    }
}

/// As long as a client may be silent that is asked, and its last lines to the server may take.
const PATIENCE: Duration = Duration::from_secs(9);
