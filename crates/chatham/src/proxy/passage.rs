//! What every passage of bytes through the proxy needs.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// Writes some of the bytes; sees to it that they have gone if there are none any more. Nothing happens if the wait is
/// given up.
pub(super) async fn write_or_flush(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Waits until the proxy ends.
pub(super) async fn ended(stop: &mut watch::Receiver<bool>) {
    // An error means that it has ended without a word.
    let _ended = stop.wait_for(|&stop| stop).await;
}

/// How long the last bytes may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);
