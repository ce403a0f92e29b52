//! A [`Client`] on a stream that stands: queues, and signs of life.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jid::BareJid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::client::{Client, Output};
use super::fault::StreamFault;
use super::frame::{Frame, FrameReader};
use super::login::LoggedIn;
use super::management::{MOST_OPEN, Outgoing};
use super::roster::ListWish;
use crate::irc::{Event, Nick, ctcp};
use crate::link::{Queue, SendError, Silence};

/// A connection to a server, with the client that speaks over it. Dropping it cuts the connection;
/// [`close`](Self::close) ends it politely.
pub struct Link {
    client: Client,
    events: VecDeque<Event>,
    incoming: mpsc::Receiver<Result<Frame, StreamFault>>,
    queue: Arc<Queue<Outgoing>>,
    ended: bool,
    /// Texts that are given back, once it has ended.
    unsent: Vec<(Nick, Vec<u8>)>,
    silence: Silence,
    tasks: JoinSet<()>,
}

impl Link {
    /// Takes a stream on which the server has let us in, and a client, new or from a link that broke; returns when the
    /// client has its place again. Whether it goes on where the last one broke, [`Client::is_resumed`] tells.
    ///
    /// # Errors
    /// Why the server gives us no place.
    pub async fn begin(logged_in: LoggedIn, client: Client) -> Result<Self, StreamFault> {
        let LoggedIn {
            stream,
            header,
            features,
        } = logged_in;
        let (socket, frames) = stream.into_parts();
        let (reader, writer) = tokio::io::split(socket);
        let (sender, incoming) = mpsc::channel(READ_QUEUE);
        let queue = Arc::new(Queue::new(WRITE_QUEUE));
        let mut tasks = JoinSet::new();
        tasks.spawn(read(reader, frames, sender));
        tasks.spawn(write(writer, Arc::clone(&queue)));
        let mut link = Self {
            client,
            events: VecDeque::new(),
            incoming,
            queue,
            ended: false,
            unsent: Vec::new(),
            silence: Silence::begin(),
            tasks,
        };
        let outputs = link.client.start(header, &features);
        link.carry_out(outputs);
        let bound = async {
            while !link.client.is_bound() {
                if link.ended {
                    let reason = link.events.drain(..).find_map(|event| match event {
                        Event::Disconnected { reason } => reason,
                        _ => None,
                    });
                    return Err(reason.map_or(StreamFault::Closed, StreamFault::Broken));
                }
                link.hear().await;
            }
            Ok(link)
        };
        let silent = |_| StreamFault::Broken(format!("no place for {} seconds", BINDING.as_secs()));
        timeout(BINDING, bound).await.map_err(silent)?
    }

    /// Waits for the next event. [`Event::Disconnected`] is the last; after it comes `None`. The connection stays alive
    /// only while somebody waits here. Nothing is lost if the wait is given up.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            self.hear().await;
        }
    }

    /// The client: who we are, and whether a broken stream can go on.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client, for the link that comes after this one. Nothing else is to be done with this one then but to take what
    /// was not sent.
    #[must_use]
    pub fn take_client(&mut self) -> Client {
        let empty = Client::new(self.client.own().clone(), None);
        std::mem::replace(&mut self.client, empty)
    }

    /// Puts a text into the queue, as one message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn message(&mut self, to: &[u8], text: &[u8]) -> Result<(), SendError> {
        let said = String::from_utf8_lossy(text).into_owned();
        self.say(to, &said, text)
    }

    /// Puts what we do (`/me`), in clear, into the queue.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn action(&mut self, to: &[u8], deed: &[u8]) -> Result<(), SendError> {
        let said = format!("/me {}", String::from_utf8_lossy(deed));
        self.say(to, &said, &ctcp::action(deed))
    }

    fn say(&mut self, to: &[u8], said: &str, kept: &[u8]) -> Result<(), SendError> {
        let to = self.address(to)?;
        for outgoing in self.client.say(&to, said, kept)? {
            self.put(outgoing);
        }
        Ok(())
    }

    /// Somebody's address, if there is room for something about them.
    fn address(&self, whom: &[u8]) -> Result<BareJid, SendError> {
        if self.ended {
            return Err(SendError::Closed);
        }
        if self.queue.room() < ROOM_FOR_ANSWERS {
            return Err(SendError::QueueFull);
        }
        let whom = std::str::from_utf8(whom)
            .ok()
            .and_then(|whom| BareJid::new(whom).ok());
        whom.filter(|whom| whom.node().is_some())
            .ok_or(SendError::NoAddress)
    }

    /// Changes the list of people, or who may see when we are there.
    ///
    /// # Errors
    /// [`SendError`]; nothing was changed then.
    pub fn list(&mut self, whom: &[u8], wish: ListWish) -> Result<(), SendError> {
        let whom = self.address(whom)?;
        for outgoing in self.client.list(&whom, wish)? {
            self.put(outgoing);
        }
        Ok(())
    }

    /// The texts that the server has not taken from the link before this one; see [`Client::take_refused`].
    pub fn take_refused(&mut self) -> Option<Vec<(Nick, Vec<u8>)>> {
        self.client.take_refused()
    }

    /// The texts that nothing was written of, in order, after the connection has ended. If the next link goes on where
    /// this one broke, they have gone out there.
    pub fn take_unsent(&mut self) -> Vec<(Nick, Vec<u8>)> {
        if self.ended {
            std::mem::take(&mut self.unsent)
        } else {
            Vec::new()
        }
    }

    /// Says goodbye after all that waits, and returns when the server has closed the connection, or when `patience` is
    /// at its end.
    pub async fn close(mut self, patience: Duration) {
        for outgoing in self.client.goodbye() {
            self.put(outgoing);
        }
        let goodbye = async { while self.next().await.is_some() {} };
        let _too_slow = timeout(patience, goodbye).await;
    }

    async fn hear(&mut self) {
        let overdue = sleep_until(self.silence.deadline());
        tokio::select! {
            biased;
            received = self.incoming.recv() => match received {
                Some(Ok(frame)) => self.receive(&frame),
                Some(Err(fault)) => {
                    if let StreamFault::Frame(_) = fault {
                        self.client.pass_over();
                    }
                    self.end(Some(fault.to_string()));
                }
                None => self.end(None),
            },
            () = overdue => self.miss_the_server(),
        }
    }

    fn receive(&mut self, frame: &Frame) {
        self.silence = Silence::begin();
        if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
            self.client.tell_time(now);
        }
        let outputs = self.client.receive(frame);
        self.carry_out(outputs);
    }

    fn miss_the_server(&mut self) {
        match self.silence.go_on() {
            Ok(()) => {
                let ping = self.client.ping();
                self.put(ping);
            }
            Err(gone) => self.end(Some(gone)),
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Event(event) => self.events.push_back(event),
                Output::Send(outgoing) => self.put(outgoing),
                Output::Close(reason) => self.end(reason),
            }
        }
    }

    fn put(&mut self, outgoing: Outgoing) {
        if !self.ended && self.queue.push(outgoing, 0) == Err(SendError::QueueFull) {
            self.end(Some("the server does not read its answers".to_owned()));
        }
    }

    fn end(&mut self, reason: Option<String>) {
        if self.ended {
            return;
        }
        self.ended = true;
        // From here on nothing is taken from the queue, so that what is in it was certainly not written.
        let unsent = self.queue.close_and_take();
        self.unsent = unsent.into_iter().filter_map(|outgoing| outgoing.text).collect();
        self.tasks.abort_all();
        self.client.break_off();
        self.events.push_back(Event::Disconnected { reason });
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("own", &self.client.own())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

async fn read(
    mut reader: impl AsyncRead + Unpin,
    mut frames: FrameReader,
    sender: mpsc::Sender<Result<Frame, StreamFault>>,
) {
    let mut buffer = vec![0; READ_SIZE];
    let mut fault = None;
    loop {
        while let Some(frame) = frames.next() {
            if sender.send(Ok(frame)).await.is_err() {
                return;
            }
        }
        if let Some(fault) = fault {
            let _nobody_listens = sender.send(Err(fault)).await;
            return;
        }
        match reader.read(&mut buffer).await {
            // A server that ends TLS without a word of goodbye: stanzas have their own end.
            Ok(0) => return,
            Ok(count) => {
                let pushed = frames.push(buffer.get(..count).unwrap_or_default());
                fault = pushed.err().map(StreamFault::from);
            }
            Err(broken) if broken.kind() == std::io::ErrorKind::UnexpectedEof => return,
            Err(broken) => fault = Some(StreamFault::Broken(broken.to_string())),
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, queue: Arc<Queue<Outgoing>>) {
    loop {
        queue.filled().await;
        while let Some(outgoing) = queue.pop() {
            if writer.write_all(&outgoing.xml).await.is_err() {
                queue.close();
                return;
            }
        }
        if writer.flush().await.is_err() {
            queue.close();
            return;
        }
    }
}

/// How many stanzas wait for somebody to look at them, before the server has to wait.
const READ_QUEUE: usize = 64;
const READ_SIZE: usize = 4096;
const WRITE_QUEUE: usize = 4096;
/// So much of the queue is for answers only.
const ROOM_FOR_ANSWERS: usize = 64;
const _: () = assert!(
    MOST_OPEN + ROOM_FOR_ANSWERS < WRITE_QUEUE,
    "or a stream that goes on would end at once, each time"
);
/// So long it may take to give us a place.
const BINDING: Duration = Duration::from_secs(60);
