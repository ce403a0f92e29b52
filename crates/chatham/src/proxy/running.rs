//! The whole proxy: from what was settled to open doors, and to their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use im::dial::Dial;
use im::irc::IrcLine;
use otr_store::Store;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chat::remark::Remark;
use crate::config::Place;
use crate::config::proxy::{Door, Plan};
use crate::proxy::archive::{Archive, Shelf};
use crate::proxy::front_door::FrontDoor;
use crate::proxy::password::Password;
use crate::proxy::resident::Resident;
use crate::proxy::room::Room;
use crate::randomness;
use crate::vault::Identity;

/// A proxy with open doors. Dropping it ends it without a word to anybody.
pub struct Running {
    addresses: Vec<SocketAddr>,
    #[cfg(feature = "deliberate-leak")]
    rooms: Vec<Arc<Room>>,
    stop: watch::Sender<bool>,
    doors: JoinSet<()>,
}

impl Running {
    /// Opens the doors. `tell` hears what a person should know.
    ///
    /// # Errors
    /// What keeps the proxy from starting, as a sentence.
    pub async fn start(
        plan: &Plan,
        store: Store,
        tell: &mut dyn FnMut(Remark) -> io::Result<()>,
    ) -> io::Result<Self> {
        let folder = plan.data.clone();
        let password = Password::of(&folder, &mut *randomness()).map_err(io::Error::other)?;
        let password = Arc::new(password);
        let archive = Arc::new(Archive::new(store));
        for notice in archive.notices() {
            tell(Remark::new("store", notice))?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut running = Self {
            addresses: Vec::new(),
            #[cfg(feature = "deliberate-leak")]
            rooms: Vec::new(),
            stop,
            doors: JoinSet::new(),
        };
        for door in &plan.doors {
            let room = Arc::new(furnish(plan, door, &archive, tell)?);
            #[cfg(feature = "deliberate-leak")]
            running.rooms.push(Arc::clone(&room));
            let front = FrontDoor::open(door.listen, room, Arc::clone(&password)).await?;
            let (address, place) = (front.address(), door.resolved.place.words());
            let words = format!("{address} leads to {place}");
            let fields =
                json!({ "listen": address.to_string(), "place": place, "profile": door.resolved.profile });
            tell(Remark::new("door", words).with(fields))?;
            running.addresses.push(address);
            running.doors.spawn(front.serve(stopped.clone()));
        }
        let path = Password::path(&folder);
        let words = format!(
            "clients say the password in {}; `chatham proxy setup` tells how",
            path.display()
        );
        tell(Remark::new("ready", words).with(json!({ "password-file": path.to_string_lossy() })))?;
        Ok(running)
    }

    /// Where the doors are, in the order of the plan.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Makes the next private text through each door go out in the clear as well. It exists to show that the checks notice.
    #[cfg(feature = "deliberate-leak")]
    pub fn leak_once(&self) {
        for room in &self.rooms {
            room.resident().engine.leak_once();
        }
    }

    /// Ends every private conversation, says goodbye everywhere, and closes the doors.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        while self.doors.join_next().await.is_some() {}
    }
}

/// What is behind one door.
fn furnish(
    plan: &Plan,
    door: &Door,
    archive: &Arc<Archive>,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<Room> {
    let resolved = &door.resolved;
    let shelf = Shelf {
        profile: resolved.profile.clone(),
        nick: resolved.nick(),
    };
    match archive.identity(&shelf)? {
        Identity::Profile => {}
        identity @ Identity::Nick { .. } => tell(Remark::new("identity", identity.to_string()))?,
        identity @ Identity::New { .. } => tell(Remark::new("making-key", identity.to_string()))?,
    }
    let engine = archive.engine(&shelf, resolved, &mut *randomness())?;
    let dial = match &resolved.place {
        Place::Local(port) => Dial::plain("127.0.0.1", *port),
        Place::Server(dial) => (**dial).clone(),
        Place::Xmpp(_) => {
            let words = format!(
                "the door {} is for IRC, and its profile {} is an XMPP account",
                door.name, resolved.profile
            );
            return Err(io::Error::other(words));
        }
    };
    let password = resolved.registration.password.as_ref();
    let password = password.and_then(|password| IrcLine::command("PASS").trailing(password).ok());
    Ok(Room::new(
        (dial, resolved.pacing, plan.habits.clone()),
        password,
        (shelf, Arc::clone(archive)),
        Resident::new(engine),
    ))
}
