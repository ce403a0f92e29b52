//! What waits to be written on either side of one connection, and what comes of each line.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use im::dial::Stream;
use im::irc::{IrcLine, LineBuffer, LineError, Message, TokenBucket};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::entrance::{Entrance, Verdict, closing, refusal};
use crate::proxy::irc_adapter::{Adapter, Step, Upward};
use crate::proxy::observer::NAME;
use crate::proxy::passage::{Backlog, Traffic};
use crate::proxy::password::Password;
use crate::proxy::room::Room;
use crate::seat::now;

/// Everything of one connection but its sockets.
pub(super) struct Pump<'r> {
    room: &'r Room,
    adapter: Adapter,
    /// The client has not said the password yet, and has this long to do so.
    gate: Option<(Entrance<'r>, Instant)>,
    /// The client is in without having said the password, and may yet say it, or that of the server.
    known: Option<&'r Password>,
    from_client: LineBuffer,
    from_server: LineBuffer,
    /// Lines for the client.
    down: Backlog,
    /// Bytes for the server.
    up: Zeroizing<Vec<u8>>,
    /// Lines for the server whose time has not come.
    queue: VecDeque<Upward>,
    bucket: TokenBucket,
    began: Instant,
    /// The client, or we, have said goodbye to the server.
    goodbye: bool,
    /// There is no connection to the server any more.
    server_gone: bool,
    over: bool,
}

impl<'r> Pump<'r> {
    /// Nothing was said yet but what `from_client` has of an unfinished line. `None` never happens.
    pub(super) fn new(room: &'r Room, from_client: LineBuffer) -> Option<Self> {
        Some(Self {
            adapter: Adapter::new(room.habits.clone())?,
            gate: None,
            known: None,
            from_client,
            from_server: LineBuffer::new(),
            down: Backlog::default(),
            up: Zeroizing::default(),
            queue: VecDeque::new(),
            bucket: TokenBucket::new(room.pacing),
            began: Instant::now(),
            room,
            goodbye: false,
            server_gone: false,
            over: false,
        })
    }

    /// The password of the server, and what the client said before it was in.
    pub(super) fn open(&mut self, password: Option<IrcLine>, kept: Vec<IrcLine>) {
        let first = password.map(|line| Upward {
            line,
            ours: false,
            message: None,
        });
        self.queue.extend(first);
        kept.into_iter().for_each(|line| self.client_says(Ok(line)));
    }

    /// The client is somebody who may. It need not say the password; what it says in its place is the server's.
    pub(super) fn open_for(&mut self, password: &'r Password) {
        match self.room.server_password.clone() {
            Some(line) => self.open(Some(line), Vec::new()),
            None => self.known = Some(password),
        }
    }

    /// The client is not in, and is told what the server can do: it waits for that before it says the password.
    pub(super) fn open_halfway(&mut self, mut entrance: Entrance<'r>, until: Instant) {
        let curious = entrance.take_curiosity();
        curious.into_iter().for_each(|line| self.client_says(Ok(line)));
        self.gate = Some((entrance, until));
    }

    fn server_password(password: &Password, line: &IrcLine) -> Option<IrcLine> {
        let message = line.parse().ok()?;
        match password.opens(message.param(0)) {
            Some(b"") => None,
            Some(rest) => IrcLine::command("PASS").trailing(rest).ok(),
            None => Some(line.clone()),
        }
    }

    pub(super) fn client_says(&mut self, line: Result<IrcLine, LineError>) {
        if let Some((entrance, until)) = self.gate.take() {
            return self.gate_hears(entrance, until, line);
        }
        let room = self.room;
        let steps = match line {
            Ok(line) if self.known.is_some() && line.parse().is_ok_and(|message| message.is("PASS")) => {
                let password = self
                    .known
                    .take()
                    .and_then(|known| Self::server_password(known, &line));
                return self.open(password, Vec::new());
            }
            Ok(line) if is_our_pong(&line) => return,
            Ok(line) => {
                self.goodbye |= line.parse().is_ok_and(|message| message.is("QUIT"));
                self.adapter.from_client(&mut room.resident(), &line, now())
            }
            Err(fault) => {
                let words = format!("a line of your client was dropped: {fault}");
                self.adapter.complain(&mut room.resident(), words)
            }
        };
        self.carry_out(steps);
    }

    fn gate_hears(&mut self, mut entrance: Entrance<'r>, until: Instant, line: Result<IrcLine, LineError>) {
        let verdict = line.map_or_else(|_| Verdict::Out(Vec::new()), |line| entrance.take(line));
        match verdict {
            Verdict::Wait => self.open_halfway(entrance, until),
            Verdict::In { kept, password } => {
                let password = password.or_else(|| self.room.server_password.clone());
                self.open(password, kept);
            }
            Verdict::Out(lines) => self.shut(lines),
        }
    }

    /// The client may not come in.
    fn shut(&mut self, lines: Vec<IrcLine>) {
        for line in lines {
            self.down.push(&line.to_wire(), true);
        }
        self.say_goodbye();
        self.over = true;
    }

    /// The connection is gone.
    pub(super) fn lose(mut self) {
        let room = self.room;
        let unsent = std::mem::take(&mut self.queue).into();
        let steps = self.adapter.lost(&mut room.resident(), unsent, now());
        self.carry_out(steps);
        let unread = self
            .down
            .unread_words()
            .flat_map(|line| LineBuffer::new().feed(line));
        let unshown = unread.flatten().filter_map(|line| words_to_the_person(&line));
        let unshown = unshown.map(|line| Zeroizing::new(line.to_wire()));
        room.resident().keep_unshown(unshown);
    }

    fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Up(upward) => self.queue.push_back(upward),
                Step::Down(line) => self.down.push(&line.to_wire(), true),
                Step::Remember(memory) => {
                    if let Some(words) = self.room.remember(&memory) {
                        let room = self.room;
                        let steps = self.adapter.complain(&mut room.resident(), words);
                        self.carry_out(steps);
                    }
                }
                Step::Refuse(words) => {
                    self.say_goodbye();
                    self.refuse(&words);
                }
            }
        }
    }

    fn refuse(&mut self, words: &str) {
        if let Ok(line) = closing(words) {
            self.down.push(&line.to_wire(), true);
        }
        self.over = true;
    }
}

impl Traffic for Pump<'_> {
    /// On IRC a connection that broke is over.
    type Found = Infallible;

    fn server_is_back(&mut self, found: Infallible) -> Option<Box<dyn Stream>> {
        match found {}
    }

    fn client_sends(&mut self, bytes: &[u8]) {
        // It was told to encrypt, and the server is our concern: nothing of what it says could be read here.
        if self.from_client.is_empty() && bytes.first() == Some(&TLS_HANDSHAKE) {
            let words = "a client wanted to encrypt its connection to the proxy: switch TLS (SSL) off in it, for the proxy \
                         encrypts the connection to the server";
            self.room.resident().keep([words.to_owned()]);
            self.over = true;
            return;
        }
        let lines = self.from_client.feed(bytes);
        lines.into_iter().for_each(|line| self.client_says(line));
    }

    fn server_sends(&mut self, bytes: &[u8]) {
        let room = self.room;
        for line in self.from_server.feed(bytes).into_iter().flatten() {
            let steps = self.adapter.from_server(&mut room.resident(), &line, now());
            self.carry_out(steps);
        }
    }

    fn server_is_gone(&mut self) {
        self.server_gone = true;
    }

    fn ask_whether_there(&mut self) {
        if let Ok(line) = IrcLine::command("PING").trailing(NAME) {
            self.down.push(&line.to_wire(), true);
        }
    }

    fn run_errands(&mut self) {
        let room = self.room;
        let steps = self.adapter.run_errands(&mut room.resident());
        self.carry_out(steps);
    }

    fn tick(&mut self) {
        if self
            .gate
            .as_ref()
            .is_some_and(|(_, until)| *until <= Instant::now())
        {
            self.gate = None;
            return self.shut(refusal("no password came"));
        }
        let room = self.room;
        let due = |deadline: otr::Timestamp| deadline <= now();
        if self.adapter.is_ready() && room.resident().engine.next_deadline().is_some_and(due) {
            let steps = self.adapter.tick(&mut room.resident(), now());
            self.carry_out(steps);
        }
    }

    fn end(&mut self) {
        let room = self.room;
        if self.adapter.is_ready() {
            let steps = self.adapter.end_all(&mut room.resident(), now());
            self.carry_out(steps);
        }
        self.say_goodbye();
        self.refuse("the proxy ends");
    }

    fn say_goodbye(&mut self) {
        if !std::mem::replace(&mut self.goodbye, true)
            && let Ok(line) = IrcLine::command("QUIT").build()
        {
            self.queue.push_back(Upward {
                line,
                ours: false,
                message: None,
            });
        }
    }

    fn refill(&mut self) -> Instant {
        self.room.resident().outside.queued = self.queue.len();
        // What cannot go any more stays in the queue, and is given back.
        while !self.server_gone
            && self.up.len() < WRITE
            && let Some(next) = self.queue.front()
        {
            let spent = self.bucket.take(self.began.elapsed());
            match spent {
                // The client knows how fast it may speak; only its lines behind ours have to wait.
                Err(wait) if next.ours => return Instant::now() + wait,
                Ok(()) | Err(_) => {}
            }
            if let Some(next) = self.queue.pop_front() {
                self.up.extend_from_slice(&next.line.to_wire());
            }
        }
        let deadline = self.room.resident().engine.next_deadline();
        let wait = deadline.map_or(LONG, |deadline| deadline.since(now()));
        let next = Instant::now() + wait.clamp(SHORT, LONG);
        self.gate.as_ref().map_or(next, |(_, until)| next.min(*until))
    }

    fn down(&self) -> &[u8] {
        self.down.rest()
    }

    fn up(&self) -> &[u8] {
        &self.up
    }

    fn told(&mut self, count: usize) {
        self.down.went(count);
    }

    fn said(&mut self, count: usize) {
        let count = count.min(self.up.len());
        self.up.drain(..count);
    }

    fn is_said(&self) -> bool {
        self.up.is_empty() && self.queue.is_empty()
    }

    fn takes_from_client(&self) -> bool {
        !self.over && self.queue.len() < MOST_LINES && self.down.rest().len() < MOST_BYTES
    }

    fn takes_from_server(&self) -> bool {
        self.down.rest().len() < MOST_BYTES && self.queue.len() < 2 * MOST_LINES
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

/// A line with words to the person, as the next client can be shown it: without the tags that belong to this connection.
fn words_to_the_person(line: &IrcLine) -> Option<IrcLine> {
    let message = line.parse().ok()?;
    let to_a_channel = message
        .param(0)
        .first()
        .is_none_or(|byte| b"#&+!@".contains(byte));
    let bytes = line.as_bytes();
    let bare = match bytes.split_first() {
        Some((b'@', _)) => bytes.splitn(2, |&byte| byte == b' ').nth(1)?.trim_ascii_start(),
        _ => bytes,
    };
    (message.is("PRIVMSG") && !to_a_channel)
        .then(|| IrcLine::new(bare).ok())
        .flatten()
}

/// Whether the client answers us, and not the server.
fn is_our_pong(line: &IrcLine) -> bool {
    let ours = |message: Message<'_>| message.is("PONG") && message.params.last() == Some(&NAME.as_bytes());
    line.parse().is_ok_and(ours)
}

/// So many bytes are prepared for one write.
const WRITE: usize = 16 * 1024;
/// With so many lines waiting for the server the client has to wait.
const MOST_LINES: usize = 512;
/// With so many bytes waiting for the client the server has to wait.
const MOST_BYTES: usize = 512 * 1024;
/// The first byte of a client that speaks TLS, and of no line.
const TLS_HANDSHAKE: u8 = 0x16;
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);
