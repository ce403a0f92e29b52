//! The relay of this computer: a small IRC server on loopback, which any IRC client can join.

use std::io;
use std::net::Ipv4Addr;

use im::relay::{Relay, RelayConfig};
use tokio::net::TcpStream;

/// Sees to it that a relay listens on this port of 127.0.0.1: another program's, or else our own, which lives as long as the
/// value that is returned.
///
/// # Errors
/// If the port can be neither reached nor had.
pub async fn relay(port: u16) -> io::Result<Option<Relay>> {
    if is_there(port).await {
        return Ok(None);
    }
    match Relay::start(RelayConfig {
        port,
        ..RelayConfig::default()
    })
    .await
    {
        Ok(relay) => Ok(Some(relay)),
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_there(port).await => Ok(None),
        Err(error) => Err(error),
    }
}

async fn is_there(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()
}

/// The relay's port, the same on every computer, if nobody says otherwise.
pub const PORT: u16 = 16667;
