//! The way back to a server whose connection broke: a login as the client's first one, and the stream goes on.

use std::time::Duration;

use im::dial::Stream;
use im::xmpp::{FrameReader, Header, Login, LoginError, Resumption, Verdict};
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

use crate::backoff::Backoff;

/// What it takes to go on with a client's stream. Nothing of it is kept longer than there is a stream that can go on.
pub(super) struct WayBack {
    login: Login,
    user: String,
    /// What the client has said at its login; wiped when this is dropped.
    password: Zeroizing<String>,
    /// The header that the client was given.
    header: Header,
    backoff: Backoff,
    stands_since: Instant,
}

/// What is at its end.
pub(in crate::proxy) enum Found {
    /// The old stream, on another connection.
    Stream(Box<Resumed>),
    /// A server that does not go on with it, and has taken so many of our stanzas, if it still knows that.
    Refusal(Option<u32>),
}

/// A stream that goes on.
pub(in crate::proxy) struct Resumed {
    pub(super) connection: Connection,
    /// So many of our stanzas the server had taken.
    pub(super) count: u32,
    /// The way back should it break again.
    pub(super) back: WayBack,
}

/// Where it does: the socket, and the server's side of the stream on it.
pub(super) struct Connection {
    pub(super) socket: Box<dyn Stream>,
    pub(super) reader: FrameReader,
    pub(super) header: Header,
}

impl WayBack {
    /// The way to where this login has led.
    pub(super) fn new(login: Login, (user, password): (String, Zeroizing<String>), header: Header) -> Self {
        Self {
            login,
            user,
            password,
            header,
            backoff: Backoff::default(),
            stands_since: Instant::now(),
        }
    }

    /// Looks for the server, for half a minute or as long as it keeps the stream.
    pub(super) async fn search(self, resumption: Resumption, kept_for: Option<Duration>) -> Option<Found> {
        let patience = kept_for.unwrap_or(PATIENCE).min(PATIENCE);
        timeout(patience, self.attempts(resumption)).await.ok()
    }

    async fn attempts(mut self, resumption: Resumption) -> Found {
        if self.stands_since.elapsed() >= STABLE {
            self.backoff.reset();
        }
        loop {
            let wait = self.backoff.draw(crate::randomness().next_u32());
            sleep(wait.min(LONGEST_WAIT)).await;
            let logged_in = match self.login.log_in(&self.user, &self.password).await {
                Ok(logged_in) => logged_in,
                // The same password would be as wrong again.
                Err(LoginError::Sasl { .. }) => return Found::Refusal(None),
                Err(_) => continue,
            };
            match resumption.ask(logged_in).await {
                Ok(Verdict::GoesOn {
                    stream,
                    header,
                    count,
                }) if names(&header) == names(&self.header) => {
                    let (socket, reader) = stream.into_parts();
                    self.stands_since = Instant::now();
                    let connection = Connection {
                        socket,
                        reader,
                        header,
                    };
                    let back = self;
                    return Found::Stream(Box::new(Resumed {
                        connection,
                        count,
                        back,
                    }));
                }
                // The client would read the server's stanzas otherwise than they are meant.
                Ok(Verdict::GoesOn { .. }) => return Found::Refusal(None),
                Ok(Verdict::Refused { count }) => return Found::Refusal(count),
                Err(_) => {}
            }
        }
    }
}

/// The names that a header declares for what comes below it.
fn names(header: &Header) -> Vec<&str> {
    let text = std::str::from_utf8(header.as_bytes()).unwrap_or_default();
    let parts = text.split(|letter: char| letter.is_ascii_whitespace() || letter == '>');
    let mut names: Vec<_> = parts.filter(|part| part.starts_with("xmlns")).collect();
    names.sort_unstable();
    names
}

/// So long a stream that broke is tried to be gone on with, before the client hears of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts, however often it has broken: some have to fit.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// A connection that has stood for so long was a good one: the waits begin anew.
const STABLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use im::xmpp::Frame;

    use super::*;

    fn header(text: &str) -> Header {
        let mut reader = FrameReader::default();
        reader.push(text.as_bytes()).unwrap();
        match reader.next() {
            Some(Frame::Header(header)) => header,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stream_goes_on_only_where_its_names_mean_the_same() {
        let usual = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
        let first = header(&format!("{usual} id='1'>"));
        let same =
            "<stream:stream id='2' xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>";
        assert_eq!(names(&header(same)), names(&first));
        let more = header(&format!("{usual} xmlns:x='some:thing'>"));
        assert_ne!(names(&more), names(&first));
        let other = usual.replace("stream:", "s:").replace(":stream=", ":s=");
        assert_ne!(names(&header(&format!("{other}>"))), names(&first));
    }
}
