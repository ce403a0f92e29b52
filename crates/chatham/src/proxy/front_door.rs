//! A port of this computer: it leads to one server, or a client says there where it wants to go.
//!
//! It is on loopback unless it speaks TLS (S-70).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use im::accept::Acceptor;
use im::dial::Stream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::config::listen::Listen;
use crate::proxy::destinations::Destinations;
use crate::proxy::passage::ended;
use crate::proxy::password::Password;
use crate::proxy::room::Room;
use crate::proxy::session;
use crate::proxy::xmpp::{self, Lodging};
use crate::proxy::{connect_door, owner, socks_door};

/// An open port.
pub(super) struct FrontDoor {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<Acceptor>,
    behind: Behind,
    password: Arc<Password>,
}

/// What is behind a port.
#[derive(Clone)]
pub(super) enum Behind {
    /// One server.
    Room(Arc<Room>),
    /// Whatever a client asks for in SOCKS5.
    Socks5(Arc<Destinations>),
    /// Whatever a client asks for in HTTP.
    Connect(Arc<Destinations>),
    /// One account of XMPP.
    Xmpp(Arc<Lodging>),
}

/// Who has come, before anything was said.
#[derive(Clone, Copy)]
pub(super) struct Visitor<'p> {
    /// Where the client is, and where it has come to.
    pub(super) ends: (SocketAddr, SocketAddr),
    /// What it has to say, if it is not of our user.
    pub(super) password: &'p Arc<Password>,
    /// When it has to have said everything.
    pub(super) until: Instant,
}

impl Visitor<'_> {
    /// Whether it is a program of the same user on this computer, as the kernel says.
    pub(super) fn is_ours(&self) -> bool {
        owner::is_ours(self.ends.0, self.ends.1)
    }

    /// Whether it certainly is a program of another user of this computer.
    pub(super) fn is_anothers(&self) -> bool {
        owner::is_anothers(self.ends.0, self.ends.1)
    }
}

impl FrontDoor {
    /// Begins to listen.
    ///
    /// # Errors
    /// If everybody on the way could read what is said there, or the port is not to be had.
    pub(super) async fn open(listen: &Listen, behind: Behind, password: Arc<Password>) -> io::Result<Self> {
        let address = listen.address;
        let acceptor = listen
            .certificate
            .as_ref()
            .map(|certificate| certificate.acceptor());
        let acceptor = acceptor.transpose()?;
        if !address.ip().is_loopback() && acceptor.is_none() {
            return Err(io::Error::other(format!(
                "{address} is not on this computer only, and not encrypted"
            )));
        }
        let said = |fault: io::Error| io::Error::new(fault.kind(), format!("{address}: {fault}"));
        let listener = TcpListener::bind(address).await.map_err(said)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            acceptor,
            behind,
            password,
        })
    }

    /// Where clients find it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets clients in until the proxy ends, and waits until they have gone.
    pub(super) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut clients = JoinSet::new();
        let for_clients = stop.clone();
        loop {
            tokio::select! {
                () = ended(&mut stop) => break,
                Some(_) = clients.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) if self.admits(peer) && self.has_room(clients.len(), &stream, peer) => {
                        // Only slower without it.
                        let _ignored = stream.set_nodelay(true);
                        let (behind, acceptor) = (self.behind.clone(), self.acceptor.clone());
                        let (password, stop) = (Arc::clone(&self.password), for_clients.clone());
                        let ends = (peer, stream.local_addr().unwrap_or(self.address));
                        clients.spawn(async move {
                            let until = Instant::now() + PATIENCE;
                            let visitor = Visitor { ends, password: &password, until };
                            if let Some(stream) = greet(stream, acceptor, until).await {
                                receive(stream, visitor, &behind, stop).await;
                            }
                        });
                    }
                    Ok(_) => {}
                    // Out of descriptors, most likely: others have to leave first.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
            }
        }
        drop(self.listener);
        while clients.join_next().await.is_some() {}
    }

    fn admits(&self, peer: SocketAddr) -> bool {
        peer.ip().is_loopback() || !self.address.ip().is_loopback()
    }

    /// Whoever comes when there are too many finds the door shut. Others on this computer cannot shut it to its owner.
    fn has_room(&self, clients: usize, stream: &TcpStream, peer: SocketAddr) -> bool {
        let most = match self.behind {
            Behind::Room(_) | Behind::Xmpp(_) => MOST_IN_A_ROOM,
            Behind::Socks5(_) | Behind::Connect(_) => MOST_CLIENTS,
        };
        let here = stream.local_addr().unwrap_or(self.address);
        clients < most || clients < 2 * most && owner::is_ours(peer, here)
    }
}

/// Agrees on TLS, if the door speaks it.
async fn greet(stream: TcpStream, acceptor: Option<Acceptor>, until: Instant) -> Option<Box<dyn Stream>> {
    let Some(acceptor) = acceptor else {
        return Some(Box::new(stream));
    };
    let stream = timeout_at(until, acceptor.accept(stream)).await.ok()?.ok()?;
    Some(Box::new(stream))
}

async fn receive(
    stream: Box<dyn Stream>,
    visitor: Visitor<'_>,
    behind: &Behind,
    mut stop: watch::Receiver<bool>,
) {
    let (asked, destinations) = match behind {
        Behind::Room(room) => return session::serve(stream, visitor, room, stop).await,
        Behind::Xmpp(lodging) => return xmpp::serve(stream, visitor, lodging, stop).await,
        Behind::Socks5(destinations) => (
            tokio::select! {
                asked = socks_door::receive(stream, visitor) => asked,
                () = ended(&mut stop) => return,
            },
            destinations,
        ),
        Behind::Connect(destinations) => (
            tokio::select! {
                asked = connect_door::receive(stream, visitor) => asked,
                () = ended(&mut stop) => return,
            },
            destinations,
        ),
    };
    if let Some(asked) = asked {
        destinations.lead(asked, visitor.password, stop).await;
    }
}

/// Of one person at one server, and of whoever tries.
const MOST_IN_A_ROOM: usize = 16;
/// Of one person at all servers, and of whoever tries.
const MOST_CLIENTS: usize = 512;
/// How long a client may take to say who it is, and where it wants to go.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// Somebody on another computer, for tests of what strangers get.
#[cfg(test)]
pub(super) fn stranger(password: &Arc<Password>) -> Visitor<'_> {
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    Visitor {
        ends: (address, address),
        password,
        until: Instant::now() + PATIENCE,
    }
}
