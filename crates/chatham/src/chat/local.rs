//! The relay of this computer: a small IRC server on loopback, which any IRC client can join.

use std::io;
use std::net::Ipv4Addr;

use im::relay::{Relay, RelayConfig};
use tokio::net::TcpStream;

/// Sees to it that a relay listens on [`PORT`]: another program's, or else our own, which lives as long as the
/// value that is returned.
///
/// # Errors
/// If the port can be neither reached nor had.
pub async fn relay() -> io::Result<Option<Relay>> {
    if is_there().await {
        return Ok(None);
    }
    match Relay::start(RelayConfig {
        port: PORT,
        ..RelayConfig::default()
    })
    .await
    {
        Ok(relay) => Ok(Some(relay)),
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_there().await => Ok(None),
        Err(error) => Err(error),
    }
}

async fn is_there() -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).await.is_ok()
}

/// The port of the relay on 127.0.0.1, the same on every computer.
pub const PORT: u16 = 16667;
