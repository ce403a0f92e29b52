//! Bytes of one client and its server, both ways, until nothing more can be said: the same on every network.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use im::dial::Stream;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use zeroize::Zeroizing;

use crate::proxy::room::Room;

/// Looks for a server that was lost. Nothing is found in the end if there is nothing at it.
pub(super) type Search<Found> = Pin<Box<dyn Future<Output = Option<Found>> + Send>>;

/// What waits to be written on either side of one connection, and what comes of what was read: how a network does it.
pub(super) trait Traffic {
    /// A server that was lost and is there again.
    type Found;

    /// Takes bytes of the client.
    fn client_sends(&mut self, bytes: &[u8]);
    /// Takes bytes of the server.
    fn server_sends(&mut self, bytes: &[u8]);
    /// Whether the server has said that it goes: nothing more that is said to it arrives.
    fn server_has_ended(&self) -> bool {
        false
    }
    /// Whether the server has said nothing for so long that it is taken for gone.
    fn server_is_silent(&self) -> bool {
        false
    }
    /// The server is gone. Looks for it, if the client need not hear of that yet.
    fn search(&mut self) -> Option<Search<Self::Found>> {
        None
    }
    /// The server was found. The new connection, if what was said on the old one goes on there.
    fn server_is_back(&mut self, found: Self::Found) -> Option<Box<dyn Stream>>;
    /// The server is gone for good. What the client says before it hears of that is taken still.
    fn server_is_gone(&mut self);
    /// Another client wants to come in, and this one may be gone without a word.
    fn ask_whether_there(&mut self);
    /// Carries out what was done elsewhere.
    fn run_errands(&mut self);
    /// Lets time pass.
    fn tick(&mut self);
    /// The proxy ends: the other sides of private conversations learn that they are over.
    fn end(&mut self);
    /// Leaves the server politely, unless that is done.
    fn say_goodbye(&mut self);
    /// Prepares what may go to the server. When to look again, at the latest.
    fn refill(&mut self) -> Instant;
    /// Bytes for the client.
    fn down(&self) -> &[u8];
    /// Bytes for the server.
    fn up(&self) -> &[u8];
    /// So many bytes have gone to the client.
    fn told(&mut self, count: usize);
    /// So many bytes have gone to the server.
    fn said(&mut self, count: usize);
    /// Whether nothing waits for the server.
    fn is_said(&self) -> bool;
    /// Whether there is room for what the client may say next.
    fn takes_from_client(&self) -> bool;
    /// Whether there is room for what the server may say next.
    fn takes_from_server(&self) -> bool;
    /// Whether the connection cannot go on.
    fn is_over(&self) -> bool;
}

/// Bytes that wait for one side, in pieces that mean something only as a whole.
#[derive(Default)]
pub(super) struct Backlog {
    /// The pieces, from the beginning of the first one that has not gone as a whole.
    bytes: Zeroizing<Vec<u8>>,
    /// So many bytes of it have gone.
    gone: usize,
    /// How long the pieces are, and whether they are words to the person.
    pieces: VecDeque<(usize, bool)>,
}

impl Backlog {
    pub(super) fn push(&mut self, piece: &[u8], words: bool) {
        self.bytes.extend_from_slice(piece);
        self.pieces.push_back((piece.len(), words));
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.gone..).unwrap_or_default()
    }

    pub(super) fn went(&mut self, count: usize) {
        self.gone = self.bytes.len().min(self.gone + count);
        let mut whole = 0;
        while let Some(&(length, _)) = self.pieces.front()
            && whole + length <= self.gone
        {
            whole += length;
            self.pieces.pop_front();
        }
        self.bytes.drain(..whole);
        self.gone -= whole;
    }

    /// Words that have not gone as a whole. Who has said them believes that they were read.
    pub(super) fn unread_words(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.pieces.iter().filter_map(move |&(length, words)| {
            let (piece, behind) = rest.split_at_checked(length)?;
            rest = behind;
            words.then_some(piece)
        })
    }
}

/// Passes bytes both ways, until nothing more can be said.
pub(super) async fn run(
    client: Box<dyn Stream>,
    server: Box<dyn Stream>,
    (traffic, room): (&mut impl Traffic, &Room),
    mut stop: watch::Receiver<bool>,
) {
    let (mut client_reads, mut client_writes) = tokio::io::split(client);
    let (mut server_reads, mut server_writes) = tokio::io::split(server);
    let (mut near, mut far) = (vec![0; READ], vec![0; READ]);
    // Bytes that TLS has taken and not sent, on either side.
    let (mut kept_near, mut kept_far) = (false, false);
    let (mut client_gone, mut server_gone) = (false, false);
    let mut search = None;
    let mut leaving: Option<Instant> = None;
    // The client has heard that there is nothing more to hear.
    let mut hung_up = false;
    // Until when the client has to say that it is still there.
    let mut asked: Option<Instant> = None;
    let mut errands = room.errands();
    loop {
        let until = traffic.refill();
        let said_all = traffic.is_said() && !kept_far;
        let told_all = hung_up || traffic.down().is_empty() && !kept_near;
        if leaving.is_some() && (said_all || server_gone) && (told_all || client_gone) {
            if client_gone || !server_gone || traffic.is_over() {
                break;
            }
            // What the client has said before it hears of the end is on its way still, and is not lost: it waits.
            if !std::mem::replace(&mut hung_up, true) {
                let end = Instant::now() + Duration::from_secs(1);
                let _already_gone = timeout_at(end, client_writes.shutdown()).await;
            }
        }
        let wake = [leaving, asked].into_iter().flatten().fold(until, Instant::min);
        let server_was_gone = server_gone;
        tokio::select! {
            read = client_reads.read(&mut near),
                if !client_gone && (leaving.is_none() || server_gone) && traffic.takes_from_client() => match read
            {
                Ok(count @ 1..) => {
                    asked = None;
                    traffic.client_sends(near.get(..count).unwrap_or_default());
                }
                Ok(0) | Err(_) => client_gone = true,
            },
            read = server_reads.read(&mut far), if !server_gone && traffic.takes_from_server() => match read {
                Ok(count @ 1..) => {
                    traffic.server_sends(far.get(..count).unwrap_or_default());
                    server_gone = traffic.server_has_ended();
                }
                Ok(0) | Err(_) => server_gone = true,
            },
            wrote = write_or_flush(&mut client_writes, traffic.down()),
                if !client_gone && !hung_up && (kept_near || !traffic.down().is_empty()) => match wrote
            {
                Ok(count) => {
                    kept_near = count > 0;
                    traffic.told(count);
                }
                Err(_) => client_gone = true,
            },
            wrote = write_or_flush(&mut server_writes, traffic.up()),
                if !server_gone && (kept_far || !traffic.up().is_empty()) => match wrote
            {
                Ok(count) => {
                    kept_far = count > 0;
                    traffic.said(count);
                }
                Err(_) => server_gone = true,
            },
            found = end_of(&mut search), if leaving.is_none() => {
                search = None;
                match found.and_then(|found| traffic.server_is_back(found)) {
                    Some(server) => {
                        (server_reads, server_writes) = tokio::io::split(server);
                        (server_gone, kept_far) = (false, false);
                    }
                    None => traffic.server_is_gone(),
                }
            }
            Ok(()) = errands.changed() => traffic.run_errands(),
            () = sleep_until(wake) => {
                if leaving.is_some_and(|leaving| leaving <= Instant::now()) {
                    break;
                }
                if asked.is_some_and(|asked| asked <= Instant::now()) {
                    asked = None;
                    client_gone = true;
                }
                traffic.tick();
                server_gone |= traffic.server_is_silent();
            }
            () = room.knocked(), if asked.is_none() && leaving.is_none() => {
                traffic.ask_whether_there();
                asked = Some(Instant::now() + ANSWER);
            }
            () = ended(&mut stop), if leaving.is_none() => {
                traffic.end();
                leaving = Some(Instant::now() + FAREWELL);
            }
        }
        if client_gone {
            traffic.say_goodbye();
        }
        if server_gone && !server_was_gone {
            if leaving.is_none() && !client_gone {
                search = traffic.search();
            }
            match search {
                // The server sees as well that this is over.
                Some(_) => (server_reads, server_writes) = tokio::io::split(nowhere()),
                None => traffic.server_is_gone(),
            }
        }
        let lost = server_gone && search.is_none();
        if leaving.is_none() && (client_gone || lost || traffic.is_over()) {
            leaving = Some(Instant::now() + FAREWELL);
        }
    }
    let end = Instant::now() + Duration::from_secs(1);
    let _already_gone = timeout_at(end, server_writes.shutdown()).await;
    let _already_gone = timeout_at(end, client_writes.shutdown()).await;
}

/// A connection on which nothing comes, and of which nothing arrives.
fn nowhere() -> Box<dyn Stream> {
    Box::new(tokio::io::join(tokio::io::empty(), tokio::io::sink()))
}

/// Waits until a search is over; without one for ever.
async fn end_of<Found>(search: &mut Option<Search<Found>>) -> Option<Found> {
    match search {
        Some(search) => search.await,
        None => std::future::pending().await,
    }
}

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

const READ: usize = 8 * 1024;
/// How long a client may be silent that is asked whether it is still there.
const ANSWER: Duration = Duration::from_secs(4);
/// How long the last bytes may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn words_that_went_in_part_have_not_gone() {
        let mut backlog = Backlog::default();
        for (piece, words) in [("one", true), ("two", false), ("three", true), ("four", true)] {
            backlog.push(piece.as_bytes(), words);
        }
        backlog.went(4);
        assert_eq!(backlog.rest(), b"wothreefour");
        backlog.went(4);
        assert_eq!(backlog.rest(), b"reefour");
        assert_eq!(
            backlog.unread_words().collect::<Vec<_>>(),
            [&b"three"[..], b"four"]
        );
        backlog.went(7);
        assert!(backlog.rest().is_empty() && backlog.unread_words().next().is_none());
    }
}
