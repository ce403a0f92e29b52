//! The way back to a server whose connection broke: a login as the client's first one, and the stream goes on.

use std::pin::Pin;
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

/// Looks for a server that was lost. Nothing is found in the end if there is nothing at it.
pub(super) type Search = Pin<Box<dyn Future<Output = Option<Found>> + Send>>;

/// What is at its end.
pub(super) enum Found {
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
                }) if header.declares_as(&self.header) => {
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

/// So long a stream that broke is tried to be gone on with, before the client hears of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts, however often it has broken: some have to fit.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// A connection that has stood for so long was a good one: the waits begin anew.
const STABLE: Duration = Duration::from_secs(60);
