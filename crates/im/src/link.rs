//! A [`Client`] on a socket: the only file of the crate's client half that touches the operating system.
//!
//! ```text
//! socket -> reader task -> queue -> Link::next -> Event
//! Link::privmsg -> queue -> writer task, paced -> socket
//! ```
//!
//! The client itself lives in the [`Link`], with the caller: it can be asked for the room of a message at any
//! time, and there is one owner of its state. TLS and a SOCKS proxy belong before [`Link::over`], which takes any
//! stream.

use std::collections::VecDeque;
use std::time::Duration;
use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::irc::{BadConfig, Client, Config, Event, IrcLine, Output, Pacing, Refused, TokenBucket};

/// A connection to a server, with the client that speaks over it. Dropping it cuts the connection;
/// [`close`](Self::close) ends it politely.
pub struct Link {
    client: Client,
    events: VecDeque<Event>,
    incoming: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// Answers that cannot wait, as PONG.
    urgent: mpsc::Sender<IrcLine>,
    paced: mpsc::Sender<IrcLine>,
    ended: bool,
    tasks: JoinSet<()>,
}

impl Link {
    /// Connects to a server over TCP, looking its name up if it is one, and begins to register.
    ///
    /// # Errors
    /// [`LinkError`] if there is no such server, it does not answer, or the configuration is impossible.
    pub async fn connect(host: &str, port: u16, config: Config, pacing: Pacing) -> Result<Self, LinkError> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Self::over(stream, config, pacing)
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
        let (paced, paced_lines) = mpsc::channel(PACED_QUEUE);
        let mut tasks = JoinSet::new();
        tasks.spawn(read(reader, bytes));
        tasks.spawn(write(writer, urgent_lines, paced_lines, TokenBucket::new(pacing)));
        let events = VecDeque::new();
        let mut link = Self {
            client,
            events,
            incoming,
            urgent,
            paced,
            ended: false,
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
            match self.incoming.recv().await {
                Some(Ok(bytes)) => {
                    let outputs = self.client.receive(&bytes);
                    self.carry_out(outputs);
                }
                Some(Err(fault)) => self.end(Some(fault.to_string())),
                None => self.end(None),
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
        if self.queue_room() == 0 {
            return Err(SendError::QueueFull);
        }
        self.paced.try_send(line).map_err(|fault| match fault {
            TrySendError::Full(_) => SendError::QueueFull,
            TrySendError::Closed(_) => SendError::Closed,
        })
    }

    /// How many more lines the queue takes now. A message that is cut into several lines should be sent only if
    /// all of them have room.
    #[must_use]
    pub fn queue_room(&self) -> usize {
        // The last place is kept for the goodbye.
        if self.ended {
            0
        } else {
            self.paced.capacity().saturating_sub(1)
        }
    }

    /// Says goodbye after all that waits, and returns when the server has closed the connection, or when
    /// `patience` is at its end. What had not gone out by then is lost, and so are events nobody waited for.
    pub async fn close(mut self, reason: &[u8], patience: Duration) {
        if let Ok(line) = self.client.quit(reason) {
            // There is always room for this one line; a connection that is gone needs no goodbye.
            let _gone = self.paced.try_send(line);
        }
        let goodbye = async { while self.next().await.is_some() {} };
        let _too_slow = tokio::time::timeout(patience, goodbye).await;
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
            }
        }
    }

    fn end(&mut self, reason: Option<String>) {
        if !self.ended {
            self.ended = true;
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
    /// The server was not found or does not answer.
    #[error("cannot connect: {0}")]
    Io(#[from] io::Error),
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
}

async fn read(mut reader: impl AsyncRead + Unpin, bytes: mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let read = match reader.read(&mut buffer).await {
            Ok(0) => return,
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
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
    mut paced: mpsc::Receiver<IrcLine>,
    mut bucket: TokenBucket,
) {
    let started = Instant::now();
    let mut held: Option<IrcLine> = None;
    loop {
        let mut wait = Duration::ZERO;
        if held.is_some() {
            match bucket.take(started.elapsed()) {
                Ok(()) => {
                    if !write_line(&mut writer, held.take()).await {
                        return;
                    }
                }
                Err(needed) => wait = needed,
            }
        }
        tokio::select! {
            biased;
            line = urgent.recv() => {
                // Not delayed, but the server counts it all the same.
                let _spent = bucket.take(started.elapsed());
                if !write_line(&mut writer, line).await {
                    return;
                }
            }
            () = sleep(wait), if held.is_some() => {}
            line = paced.recv(), if held.is_none() => match line {
                Some(line) => held = Some(line),
                None => return,
            },
        }
    }
}

/// Whether there was a line and it went out.
async fn write_line(writer: &mut (impl AsyncWrite + Unpin), line: Option<IrcLine>) -> bool {
    let Some(line) = line else { return false };
    writer.write_all(&line.to_wire()).await.is_ok() && writer.flush().await.is_ok()
}

/// How many pieces of [`READ_SIZE`] bytes wait for somebody to look at them, before the server has to wait.
const READ_QUEUE: usize = 64;
const READ_SIZE: usize = 4096;
/// How many answers wait for a server that does not read, before it is given up.
const URGENT_QUEUE: usize = 256;
/// How many lines wait for their turn: several texts of 64 KiB in small pieces, and the goodbye.
const PACED_QUEUE: usize = 4096 + 1;
