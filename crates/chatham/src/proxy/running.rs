//! The whole proxy: from what was settled to open doors, and to their end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use im::dial::{Dial, ProxySpeech};
use im::irc::{CaseMapping, IrcLine};
use otr_store::Store;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chat::remark::Remark;
use crate::config::proxy::{Door, Plan, speech_words};
use crate::config::xmpp_door::XmppDoor;
use crate::config::{Place, Resolved};
use crate::control::{Desk, Server};
use crate::proxy::absence::Stay;
use crate::proxy::archive::{Archive, Shelf};
use crate::proxy::destinations::{Destinations, Home, Known};
use crate::proxy::front_door::{Behind, FrontDoor};
use crate::proxy::password::Password;
use crate::proxy::resident::Resident;
use crate::proxy::room::Room;
use crate::proxy::xmpp::{Certificate, Lodging};
use crate::randomness;
use crate::vault::Identity;

/// A proxy with open doors. Dropping it ends it without a word to anybody.
pub struct Running {
    addresses: Vec<SocketAddr>,
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
            rooms: Vec::new(),
            stop,
            doors: JoinSet::new(),
        };
        let mut known = Vec::new();
        for door in &plan.doors {
            let room = Arc::new(furnish(plan, door, &archive, tell)?);
            running.rooms.push(Arc::clone(&room));
            let (profile, place) = (door.resolved.profile.clone(), door.resolved.place.words());
            if let Some(listen) = &door.listen {
                let behind = Behind::Room(Arc::clone(&room));
                let front = FrontDoor::open(listen, behind, Arc::clone(&password)).await?;
                let address = front.address();
                let fields = json!({ "listen": address.to_string(), "place": place, "profile": profile });
                tell(Remark::new("door", format!("{address} leads to {place}")).with(fields))?;
                running.open(front, &stopped);
            }
            let home = Home::Room(room);
            known.push(Known { profile, home });
        }
        for door in &plan.xmpp {
            let lodging = Arc::new(furnish_xmpp(plan, door, &archive, tell)?);
            running.rooms.push(Arc::clone(&lodging.room));
            let (profile, place) = (door.resolved.profile.clone(), door.resolved.place.words());
            let home = Home::Lodging(Arc::clone(&lodging));
            let front = FrontDoor::open(&door.listen, Behind::Xmpp(lodging), Arc::clone(&password)).await?;
            let address = front.address();
            let fields = json!({ "listen": address.to_string(), "place": place, "profile": profile });
            tell(Remark::new("door", format!("{address} leads to {place}")).with(fields))?;
            known.push(Known { profile, home });
            running.open(front, &stopped);
        }
        let destinations = Arc::new(Destinations::new(known, plan.others.clone()));
        for entry in &plan.entries {
            let behind = match entry.speech {
                ProxySpeech::Socks5 => Behind::Socks5(Arc::clone(&destinations)),
                ProxySpeech::HttpConnect => Behind::Connect(Arc::clone(&destinations)),
            };
            let front = FrontDoor::open(&entry.listen, behind, Arc::clone(&password)).await?;
            let (address, speech) = (front.address(), speech_words(entry.speech));
            let words = format!("{address} takes {speech} to the servers of all profiles");
            let fields = json!({ "listen": address.to_string(), "speech": speech });
            tell(Remark::new("entry", words).with(fields))?;
            running.open(front, &stopped);
        }
        running.open_to_control(&folder, &archive, &stopped, tell)?;
        let path = Password::path(&folder);
        let words = format!(
            "clients say the password in {}; `chatham proxy setup` tells how",
            path.display()
        );
        tell(Remark::new("ready", words).with(json!({ "password-file": path.to_string_lossy() })))?;
        Ok(running)
    }

    /// Lets `chatham ctl` and `chatham keys` in. A proxy without them does its work all the same.
    fn open_to_control(
        &mut self,
        folder: &Path,
        archive: &Arc<Archive>,
        stopped: &watch::Receiver<bool>,
        tell: &mut dyn FnMut(Remark) -> io::Result<()>,
    ) -> io::Result<()> {
        let desk = Desk::new(self.rooms.clone(), Arc::clone(archive));
        match Server::open(folder.to_owned(), desk) {
            Ok(server) => {
                self.doors.spawn(server.serve(stopped.clone()));
                Ok(())
            }
            Err(fault) => {
                let words = format!("`chatham ctl` cannot reach this proxy: {fault}");
                tell(Remark::new("no-control", words))
            }
        }
    }

    fn open(&mut self, front: FrontDoor, stopped: &watch::Receiver<bool>) {
        self.addresses.push(front.address());
        self.doors.spawn(front.serve(stopped.clone()));
    }

    /// Where the doors are, in the order of the plan: those to one server first.
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

/// So many clients of one person can be connected at one place.
const MOST_CLIENTS: usize = 8;

/// What is behind one door.
fn furnish(
    plan: &Plan,
    door: &Door,
    archive: &Arc<Archive>,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<Room> {
    let resolved = &door.resolved;
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
    let (shelf, resident) = settle_in(resolved, resolved.nick(), archive, tell)?;
    Ok(Room::new(
        (dial, resolved.pacing, plan.habits.clone()),
        password,
        (shelf, Arc::clone(archive)),
        (resident, MOST_CLIENTS, door.stay),
    ))
}

/// What is behind a door to an account of XMPP.
fn furnish_xmpp(
    plan: &Plan,
    door: &XmppDoor,
    archive: &Arc<Archive>,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<Lodging> {
    let resolved = &door.resolved;
    let (shelf, mut resident) = settle_in(resolved, door.account.as_str().to_owned(), archive, tell)?;
    resident.engine.set_case_mapping(CaseMapping::Jid);
    let domain = door.account.domain().as_str();
    let certificate = Certificate::of(&plan.data, &resolved.profile, domain)?;
    let words = format!(
        "the certificate that clients of {} see has the SHA-256 {}",
        door.account,
        certificate.fingerprint()
    );
    let fields = json!({ "profile": resolved.profile, "fingerprint": certificate.fingerprint() });
    tell(Remark::new("certificate", words).with(fields))?;
    let room = Room::new(
        (Dial::plain(domain, 0), resolved.pacing, plan.habits.clone()),
        None,
        (shelf, Arc::clone(archive)),
        (resident, MOST_CLIENTS, Stay::Off),
    );
    Lodging::new(
        (door.account.clone(), door.login.clone()),
        (&certificate, door.plain),
        Arc::new(room),
    )
}

/// The person of a profile, with the key and everything that is remembered.
fn settle_in(
    resolved: &Resolved,
    nick: String,
    archive: &Archive,
    tell: &mut dyn FnMut(Remark) -> io::Result<()>,
) -> io::Result<(Shelf, Resident)> {
    let shelf = Shelf {
        profile: resolved.profile.clone(),
        nick,
    };
    match archive.identity(&shelf)? {
        Identity::Profile => {}
        identity @ Identity::Nick { .. } => tell(Remark::new("identity", identity.to_string()))?,
        identity @ Identity::New { .. } => tell(Remark::new("making-key", identity.to_string()))?,
    }
    let engine = archive.engine(&shelf, resolved, &mut *randomness())?;
    Ok((shelf, Resident::new(engine)))
}
