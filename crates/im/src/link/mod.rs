//! A [`Client`] on a stream of bytes: queues, pacing, and signs of life.
//!
//! ```text
//! stream -> reader task -> queue -> Link::next -> Event
//! Link::privmsg -> queue -> writer task, paced -> stream
//! ```
//!
//! The client itself lives in the [`Link`], with the caller: it can be asked for the room of a message at any
//! time, and there is one owner of its state. TLS and proxies are [`dial`](crate::dial)'s.

mod queue;
mod silence;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use zeroize::Zeroizing;

use crate::dial::{Dial, DialError};
use crate::irc::{BadConfig, Client, Config, Event, IrcLine, Output, Pacing, Refused, TokenBucket};
pub(crate) use queue::Queue;
pub(crate) use silence::Silence;

/// A connection to a server, with the client that speaks over it. Dropping it cuts the connection;
/// [`close`](Self::close) ends it politely.
pub struct Link {
    client: Client,
    events: VecDeque<Event>,
    incoming: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// Answers that cannot wait, as PONG.
    urgent: mpsc::Sender<IrcLine>,
    paced: Arc<Queue<IrcLine>>,
    ended: bool,
    began: Instant,
    silence: Silence,
    tasks: JoinSet<()>,
}

impl Link {
    /// Connects to a server directly and in the clear, and begins to register. See [`Dial`] for other ways.
    ///
    /// # Errors
    /// [`LinkError`] if there is no such server, it does not answer, or the configuration is impossible.
    pub async fn connect(host: &str, port: u16, config: Config, pacing: Pacing) -> Result<Self, LinkError> {
        Dial::plain(host, port).connect(config, pacing).await
    }

    /// Takes a stream that stands, and begins to register on it. Needs a running runtime.
    ///
    /// # Errors
    /// [`LinkError::Config`] if the configuration is impossible.
    pub fn over<S>(stream: S, config: Config, pacing: Pacing) -> Result<Self, LinkError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let client = Client::new(config)?;
        let (reader, writer) = tokio::io::split(stream);
        let (bytes, incoming) = mpsc::channel(READ_QUEUE);
        let (urgent, urgent_lines) = mpsc::channel(URGENT_QUEUE);
        let paced = Arc::new(Queue::new(PACED_QUEUE));
        let mut tasks = JoinSet::new();
        tasks.spawn(read(reader, bytes));
        tasks.spawn(write(
            writer,
            urgent_lines,
            Arc::clone(&paced),
            TokenBucket::new(pacing),
        ));
        let events = VecDeque::new();
        let mut link = Self {
            client,
            events,
            incoming,
            urgent,
            paced,
            ended: false,
            began: Instant::now(),
            silence: Silence::begin(),
            tasks,
        };
        let hello = link.client.start();
        link.carry_out(hello);
        Ok(link)
    }

    /// Waits for the next event. [`Event::Disconnected`] is the last; after it comes `None`. The connection stays
    /// alive only while somebody waits here, for this is where PING is answered. Nothing is lost if the wait is
    /// given up.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let overdue = sleep_until(self.overdue());
            tokio::select! {
                biased;
                received = self.incoming.recv() => match received {
                    Some(Ok(bytes)) => self.receive(&bytes),
                    Some(Err(fault)) => self.end(Some(fault.to_string())),
                    None => self.end(None),
                },
                () = overdue => self.miss_the_server(),
            }
        }
    }

    /// The client: our nick, how names are folded, the room of a message, and the lines it can make.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Puts a message of one line into the queue, from which lines go out as fast as the pacing allows.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn privmsg(&self, target: &[u8], text: &[u8]) -> Result<(), SendError> {
        self.send(self.client.privmsg(target, text)?)
    }

    /// Puts what we do (`/me`), in clear, into the queue.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn action(&self, target: &[u8], deed: &[u8]) -> Result<(), SendError> {
        self.send(self.client.action(target, deed)?)
    }

    /// Puts any line into the queue.
    ///
    /// # Errors
    /// [`SendError::QueueFull`] if too many lines wait, [`SendError::Closed`] if the connection is gone.
    pub fn send(&self, line: IrcLine) -> Result<(), SendError> {
        if self.ended {
            return Err(SendError::Closed);
        }
        // The last place is kept for the goodbye.
        self.paced.push(line, 1)
    }

    /// How many more lines the queue takes now. A message that is cut into several lines should be sent only if
    /// all of them have room.
    #[must_use]
    pub fn queue_room(&self) -> usize {
        if self.ended {
            0
        } else {
            self.paced.room().saturating_sub(1)
        }
    }

    /// The lines that nothing was written of, in order, after the connection has ended: they have certainly not
    /// reached the server. One line more may have been on its way and may have reached it or not, as may have
    /// those before it. Empty while the connection stands, and when asked again.
    pub fn take_unsent(&mut self) -> Vec<IrcLine> {
        if self.ended {
            self.paced.close_and_take()
        } else {
            Vec::new()
        }
    }

    /// Says goodbye after all that waits, and returns when the server has closed the connection, or when
    /// `patience` is at its end. What had not gone out by then is lost, and so are events nobody waited for.
    pub async fn close(mut self, reason: &[u8], patience: Duration) {
        if let Ok(line) = self.client.quit(reason) {
            // There is always room for this one line; a connection that is gone needs no goodbye.
            let _gone = self.paced.push(line, 0);
        }
        let goodbye = async { while self.next().await.is_some() {} };
        let _too_slow = tokio::time::timeout(patience, goodbye).await;
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.silence = Silence::begin();
        if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
            self.client.tell_time(now);
        }
        let outputs = self.client.receive(bytes);
        self.carry_out(outputs);
        // Bytes without a pause must not keep the deadline from being looked at.
        if Instant::now() >= self.overdue() {
            self.miss_the_server();
        }
    }

    /// When to do something about the server's silence.
    fn overdue(&self) -> Instant {
        let deadline = self.silence.deadline();
        if self.client.is_registered() {
            deadline
        } else {
            deadline.min(self.began + REGISTRATION)
        }
    }

    /// Nothing was heard for a time, or nothing that lets us in.
    fn miss_the_server(&mut self) {
        // It may say a lot, and never what counts.
        if !self.client.is_registered() && self.began.elapsed() >= REGISTRATION {
            self.end(Some(format!(
                "the server has not let us in for {} seconds",
                REGISTRATION.as_secs()
            )));
            return;
        }
        if let Err(gone) = self.silence.go_on() {
            self.end(Some(gone));
            return;
        }
        if self.client.is_registered()
            && let Ok(line) = IrcLine::command("PING").trailing(SIGN_OF_LIFE)
        {
            self.carry_out(vec![Output::Send(line)]);
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Event(event) => self.events.push_back(event),
                Output::Send(line) if !self.ended => match self.urgent.try_send(line) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => {
                        self.end(Some("the server does not read its answers".to_owned()))
                    }
                    // The reader will see the end of the connection, too.
                    Err(TrySendError::Closed(_)) => {}
                },
                Output::Send(_) => {}
                Output::Close => self.end(None),
            }
        }
    }

    fn end(&mut self, reason: Option<String>) {
        if !self.ended {
            self.ended = true;
            // From here on nothing is taken from the queue, so that what is in it was certainly not written.
            self.paced.close();
            self.tasks.abort_all();
            self.events.push_back(Event::Disconnected { reason });
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("client", &self.client)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The server was not reached, or has not proved who it is.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The configuration cannot be said in IRC.
    #[error(transparent)]
    Config(#[from] BadConfig),
}

/// Why a line was not put into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It could not arrive as it is.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Too many lines wait already.
    #[error("too many lines wait to be sent")]
    QueueFull,
    /// The connection is gone.
    #[error("the connection is gone")]
    Closed,
    /// Nobody can have this address on an XMPP network.
    #[error("this is no address; one looks like name@example.org")]
    NoAddress,
}

async fn read(mut reader: impl AsyncRead + Unpin, bytes: mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let read = match reader.read(&mut buffer).await {
            Ok(0) => return,
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
            // A server that ends TLS without a word of goodbye. Nothing is lost by it: lines have their own end.
            Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return,
            Err(fault) => Err(fault),
        };
        let failed = read.is_err();
        if bytes.send(read).await.is_err() || failed {
            return;
        }
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut urgent: mpsc::Receiver<IrcLine>,
    paced: Arc<Queue<IrcLine>>,
    mut bucket: TokenBucket,
) {
    let started = Instant::now();
    loop {
        let mut wait = Duration::ZERO;
        if !paced.is_empty() {
            match bucket.take(started.elapsed()) {
                Ok(()) => {
                    if !write_line(&mut writer, paced.pop()).await {
                        break;
                    }
                }
                Err(needed) => wait = needed,
            }
        }
        let waiting = !paced.is_empty();
        tokio::select! {
            biased;
            line = urgent.recv() => {
                // Not delayed, but the server counts it all the same.
                let _spent = bucket.take(started.elapsed());
                if !write_line(&mut writer, line).await {
                    break;
                }
            }
            () = sleep(wait), if waiting => {}
            () = paced.filled(), if !waiting => {}
        }
    }
    paced.close();
}

/// Whether there was a line and it went out.
async fn write_line(writer: &mut (impl AsyncWrite + Unpin), line: Option<IrcLine>) -> bool {
    let Some(line) = line else { return false };
    let wire = Zeroizing::new(line.to_wire());
    writer.write_all(&wire).await.is_ok() && writer.flush().await.is_ok()
}

/// How many pieces of [`READ_SIZE`] bytes wait for somebody to look at them, before the server has to wait.
const READ_QUEUE: usize = 64;
const READ_SIZE: usize = 4096;
/// How many answers wait for a server that does not read, before it is given up.
const URGENT_QUEUE: usize = 256;
/// How many lines wait for their turn: several texts of 64 KiB in small pieces, and the goodbye.
const PACED_QUEUE: usize = 4096 + 1;
/// So long it may take to let us in.
const REGISTRATION: Duration = Duration::from_secs(120);
/// What the server is asked to say.
const SIGN_OF_LIFE: &[u8] = b"still there";
