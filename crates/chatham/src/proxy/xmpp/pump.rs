//! What waits to be written on either side of one connection, and what comes of each stanza.

use std::collections::VecDeque;
use std::time::Duration;

use im::xmpp::{Frame, FrameFault, FrameReader};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::passage::{Backlog, Traffic};
use crate::proxy::room::Room;
use crate::proxy::xmpp::adapter::{Adapter, Step, Upward};
use crate::proxy::xmpp::welcome::{condition, stream_error};
use crate::seat::now;

/// Everything of one connection but its sockets.
pub(super) struct Pump<'r> {
    room: &'r Room,
    adapter: Adapter,
    from_client: FrameReader,
    from_server: FrameReader,
    /// Stanzas for the client.
    down: Backlog,
    /// Bytes for the server.
    up: Zeroizing<Vec<u8>>,
    /// Stanzas for the server that are not among them yet.
    queue: VecDeque<Upward>,
    /// Nothing more is taken from either side.
    over: bool,
    /// The stream to the server has its end.
    goodbye: bool,
    /// The stream from the server has its end.
    server_ended: bool,
    /// There is no connection to the server any more.
    server_gone: bool,
}

impl<'r> Pump<'r> {
    /// Both streams have just begun. What the client gets first is `first`.
    pub(super) fn new(
        room: &'r Room,
        adapter: Adapter,
        (from_client, from_server): (FrameReader, FrameReader),
        first: &[u8],
    ) -> Self {
        let mut pump = Self {
            room,
            adapter,
            from_client,
            from_server,
            down: Backlog::default(),
            up: Zeroizing::default(),
            queue: VecDeque::new(),
            over: false,
            goodbye: false,
            server_ended: false,
            server_gone: false,
        };
        pump.down.push(first, false);
        // What was read together with the last steps of the login.
        pump.hear_client();
        pump.hear_server();
        pump
    }

    fn hear_client(&mut self) {
        while !self.over
            && let Some(frame) = self.from_client.next()
        {
            let room = self.room;
            let steps = match frame {
                Frame::Stanza(stanza) => self.adapter.from_client(&mut room.resident(), &stanza, now()),
                Frame::End => self.adapter.client_ends(),
                Frame::Header(_) => return self.refuse("bad-format", "a stream in a stream"),
            };
            self.carry_out(steps);
        }
    }

    fn hear_server(&mut self) {
        while !self.over
            && !self.server_ended
            && let Some(frame) = self.from_server.next()
        {
            let room = self.room;
            let steps = match frame {
                Frame::Stanza(stanza) => self.adapter.from_server(&mut room.resident(), &stanza, now()),
                // What the client says before it hears of that is taken still, and waits.
                Frame::End => {
                    self.server_ended = true;
                    return;
                }
                Frame::Header(_) => return self.distrust(&FrameFault::NotXmpp),
            };
            self.carry_out(steps);
        }
    }

    fn distrust(&mut self, fault: &FrameFault) {
        self.refuse("remote-connection-failed", &format!("the server: {fault}"));
    }

    /// Shows the client what was said to other clients, and by them, if it takes anything.
    fn show_what_others_have(&mut self) {
        if !self.over && !self.goodbye && self.down.rest().len() < MOST_BYTES {
            let room = self.room;
            let steps = self.adapter.show_what_others_have(&mut room.resident());
            self.carry_out(steps);
        }
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
            .map(|words| Zeroizing::new(words.to_vec()));
        room.resident().keep_unshown(unread);
    }

    fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Up(upward) => self.queue.push_back(upward),
                Step::Down(bytes) => self.down.push(&bytes, false),
                Step::Words(bytes) => self.down.push(&bytes, true),
                Step::Remember(memory) => {
                    if let Some(words) = self.room.remember(&memory) {
                        let room = self.room;
                        let steps = self.adapter.complain(&mut room.resident(), words);
                        self.carry_out(steps);
                    }
                }
                Step::End => {
                    self.over = true;
                    if self
                        .queue
                        .back()
                        .is_none_or(|last| !last.bytes.starts_with(b"</"))
                    {
                        self.say_goodbye();
                    } else {
                        self.goodbye = true;
                        self.down.push(b"</stream:stream>", false);
                    }
                }
            }
        }
    }

    /// Ends both streams, and tells the client why.
    fn refuse(&mut self, condition: &str, words: &str) {
        if !std::mem::replace(&mut self.over, true) {
            self.down.push(&stream_error(condition, words), false);
        }
        self.say_goodbye();
    }
}

impl Traffic for Pump<'_> {
    fn client_sends(&mut self, bytes: &[u8]) {
        if is_blank(bytes) && self.from_client.is_empty() {
            // It keeps the connection alive, on both sides.
            self.queue.push_back(Upward {
                bytes: Zeroizing::new(b" ".to_vec()),
                message: None,
            });
        }
        let pushed = self.from_client.push(bytes);
        self.hear_client();
        if let Err(fault) = pushed {
            self.refuse(condition(&fault), &fault.to_string());
        }
    }

    fn server_sends(&mut self, bytes: &[u8]) {
        if is_blank(bytes) && self.from_server.is_empty() {
            self.down.push(b" ", false);
        }
        let pushed = self.from_server.push(bytes);
        self.hear_server();
        if let Err(fault) = pushed {
            self.distrust(&fault);
        }
    }

    fn server_has_ended(&self) -> bool {
        self.server_ended
    }

    fn server_is_gone(&mut self) {
        self.server_gone = true;
        if !self.over {
            self.goodbye = true;
            self.adapter.nothing_more_is_shown();
            if self.server_ended {
                return self.down.push(b"</stream:stream>", false);
            }
            let words = "the connection to the server broke";
            self.down
                .push(&stream_error("remote-connection-failed", words), false);
        }
    }

    fn ask_whether_there(&mut self) {
        let ping = self.adapter.ping();
        self.down.push(&ping, false);
    }

    fn run_errands(&mut self) {
        // What stands behind the end of a stream goes nowhere.
        if !self.over && !self.goodbye {
            let room = self.room;
            let steps = self.adapter.run_errands(&mut room.resident());
            self.carry_out(steps);
        }
    }

    fn tick(&mut self) {
        let room = self.room;
        let due = |deadline: otr::Timestamp| deadline <= now();
        if self.adapter.is_bound() && room.resident().engine.next_deadline().is_some_and(due) {
            let steps = self.adapter.tick(&mut room.resident(), now());
            self.carry_out(steps);
        }
    }

    fn end(&mut self) {
        let room = self.room;
        if self.adapter.is_bound() {
            let steps = self.adapter.end_all(&mut room.resident(), now());
            self.carry_out(steps);
        }
        self.refuse("system-shutdown", "the proxy ends");
    }

    fn say_goodbye(&mut self) {
        if !std::mem::replace(&mut self.goodbye, true) {
            self.queue.push_back(Upward {
                bytes: Zeroizing::new(b"</stream:stream>".to_vec()),
                message: None,
            });
        }
    }

    fn refill(&mut self) -> Instant {
        self.show_what_others_have();
        self.room.resident().outside.queued = self.queue.len();
        // What cannot go any more stays in the queue, and is given back.
        while !self.server_gone
            && self.up.len() < WRITE
            && let Some(next) = self.queue.pop_front()
        {
            self.up.extend_from_slice(&next.bytes);
        }
        let deadline = self.room.resident().engine.next_deadline();
        let wait = deadline.map_or(LONG, |deadline| deadline.since(now()));
        Instant::now() + wait.clamp(SHORT, LONG)
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
        let crowded = self.room.resident().company.is_crowded();
        !self.over && !crowded && self.queue.len() < MOST_STANZAS && self.down.rest().len() < MOST_BYTES
    }

    fn takes_from_server(&self) -> bool {
        !self.over && self.down.rest().len() < MOST_BYTES && self.queue.len() < 2 * MOST_STANZAS
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// So many bytes are prepared for one write.
const WRITE: usize = 16 * 1024;
/// With so many stanzas waiting for the server the client has to wait.
const MOST_STANZAS: usize = 512;
/// With so many bytes waiting for the client the server has to wait.
const MOST_BYTES: usize = 2 * 1024 * 1024;
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);
