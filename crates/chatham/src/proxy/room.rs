//! Behind one door: the person, the way to the server, and the store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use im::dial::Dial;
use im::irc::{IrcLine, Pacing};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::engine::Memory;
use crate::proxy::absence::Stay;
use crate::proxy::archive::{Archive, Shelf};
use crate::proxy::berth::Berth;
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
    /// How long its connection stays without a client, where one connection is for all clients.
    pub(super) stay: Stay,
    /// That connection.
    pub(super) berth: Berth,
    places: Arc<Semaphore>,
    most: usize,
    knock: Notify,
    /// How many clients have been on a connection of it.
    counted: AtomicU64,
}

impl Room {
    pub(super) fn new(
        (dial, pacing, habits): (Dial, Pacing, Habits),
        server_password: Option<IrcLine>,
        (shelf, archive): (Shelf, Arc<Archive>),
        (resident, most, stay): (Resident, usize, Stay),
    ) -> Self {
        Self {
            dial,
            pacing,
            habits,
            server_password,
            shelf,
            archive,
            resident: Mutex::new(resident),
            stay,
            berth: Berth::default(),
            places: Arc::new(Semaphore::new(most)),
            most,
            knock: Notify::new(),
            counted: AtomicU64::new(0),
        }
    }

    /// Lets a client in, until what is returned is dropped. If there is no place, those that are there are asked whether
    /// they still are; `None` if they are.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        for _ in 0..self.most {
            self.knock.notify_one();
        }
        timeout(PATIENCE, Arc::clone(&self.places).acquire_owned())
            .await
            .ok()?
            .ok()
    }

    /// By which a client is told from all others.
    pub(super) fn next_number(&self) -> u64 {
        self.counted.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until another client wants to come in.
    pub(super) async fn knocked(&self) {
        self.knock.notified().await;
    }

    /// The person. Nobody waits for anything while they have it.
    pub(crate) fn resident(&self) -> MutexGuard<'_, Resident> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when something was done elsewhere that a connection is to carry out.
    pub(super) fn errands(&self) -> watch::Receiver<()> {
        self.resident().outside.wake()
    }

    /// Writes something down; what the person has to be told if that fails.
    pub(crate) fn remember(&self, memory: &Memory) -> Option<String> {
        let fault = self.archive.remember(&self.shelf, memory).err()?;
        Some(format!("*** not stored: {fault}"))
    }
}

/// As long as a client may be silent that is asked, and its last lines to the server may take.
const PATIENCE: Duration = Duration::from_secs(9);
