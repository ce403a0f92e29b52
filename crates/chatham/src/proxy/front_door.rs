//! A port of this computer that leads to one server. It is on loopback and nowhere else (S-70).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::proxy::password::Password;
use crate::proxy::room::Room;
use crate::proxy::session::{self, ended};

/// An open port.
pub(super) struct FrontDoor {
    listener: TcpListener,
    address: SocketAddr,
    room: Arc<Room>,
    password: Arc<Password>,
}

impl FrontDoor {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the address is not on loopback, or the port is not to be had.
    pub(super) async fn open(
        address: SocketAddr,
        room: Arc<Room>,
        password: Arc<Password>,
    ) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::other(format!("{address}: {NOT_LOOPBACK}")));
        }
        let said = |fault: io::Error| io::Error::new(fault.kind(), format!("{address}: {fault}"));
        let listener = TcpListener::bind(address).await.map_err(said)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            room,
            password,
        })
    }

    /// Where clients find it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets clients in until the proxy ends, and waits until they have gone.
    pub(super) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut sessions = JoinSet::new();
        let for_sessions = stop.clone();
        loop {
            tokio::select! {
                () = ended(&mut stop) => break,
                Some(_) = sessions.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    // Whoever comes when there are too many finds the door shut.
                    Ok((stream, peer)) if sessions.len() < MOST_CLIENTS && peer.ip().is_loopback() => {
                        // Only slower without it.
                        let _ignored = stream.set_nodelay(true);
                        let (room, password) = (Arc::clone(&self.room), Arc::clone(&self.password));
                        let (stop, here) = (for_sessions.clone(), self.address);
                        sessions.spawn(async move { session::serve(stream, (peer, here), &room, &password, stop).await });
                    }
                    Ok(_) => {}
                    // Out of descriptors, most likely: others have to leave first.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
            }
        }
        drop(self.listener);
        while sessions.join_next().await.is_some() {}
    }
}

/// Reads `PORT`, `HOST:PORT` or `[V6]:PORT` on loopback.
///
/// # Errors
/// A sentence.
pub fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = match text.parse::<u16>() {
        Ok(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Err(_) => match text.strip_prefix("localhost:").map(str::parse::<u16>) {
            Some(Ok(port)) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            _ => text
                .parse()
                .map_err(|_| format!("\"{text}\" is no address and port, as 127.0.0.1:16697 is"))?,
        },
    };
    match address.ip() {
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) if ip.is_loopback() => Ok(address),
        _ => Err(format!("{text}: {NOT_LOOPBACK}")),
    }
}

const NOT_LOOPBACK: &str = "the proxy listens on this computer only (127.0.0.1 or ::1): what a client says to it is not \
                            encrypted yet";

/// Of one person, and of whoever tries.
const MOST_CLIENTS: usize = 16;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s70_only_loopback_is_listened_on() {
        for (text, address) in [
            ("16697", "127.0.0.1:16697"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.8.0.1:1", "127.8.0.1:1"),
            ("[::1]:16697", "[::1]:16697"),
            ("localhost:7", "127.0.0.1:7"),
        ] {
            assert_eq!(loopback(text).unwrap().to_string(), address);
        }
        for text in [
            "0.0.0.0:16697",
            "[::]:16697",
            "192.168.0.1:1",
            "[::ffff:10.0.0.1]:1",
        ] {
            assert!(
                loopback(text).unwrap_err().contains("this computer only"),
                "{text}"
            );
        }
        for text in ["", "x", "127.0.0.1", "example.org:1", "99999", "127.0.0.1:99999"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
