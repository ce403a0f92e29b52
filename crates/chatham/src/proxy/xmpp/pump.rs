//! What waits to be written on either side of one connection, and what comes of each stanza.

use std::fmt::Display;
use std::time::Duration;

use im::dial::Stream;
use im::xmpp::{Frame, FrameFault, FrameReader, Outgoing, STREAMS, Stanza};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::backlog::Backlog;
use crate::proxy::room::Room;
use crate::proxy::xmpp::adapter::{Adapter, Step};
use crate::proxy::xmpp::server_stream::ServerStream;
use crate::proxy::xmpp::upward::{STREAM_MANAGEMENT, is_stanza};
use crate::proxy::xmpp::way_back::{Connection, Found, Search, WayBack};
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
    /// What is for the server.
    up: ServerStream,
    /// Nothing more is taken from either side.
    over: bool,
    /// The stream to the server has its end.
    goodbye: bool,
    /// The stream from the server has its end.
    server_ended: bool,
}

impl<'r> Pump<'r> {
    /// Both streams have just begun. What the client gets first is `first`; the way back is for a server that may go on
    /// with its stream after a break.
    pub(super) fn new(
        (room, adapter): (&'r Room, Adapter),
        (from_client, from_server): (FrameReader, FrameReader),
        first: &[u8],
        back: Option<WayBack>,
    ) -> Self {
        let mut pump = Self {
            room,
            adapter,
            from_client,
            from_server,
            down: Backlog::default(),
            up: ServerStream::new(back),
            over: false,
            goodbye: false,
            server_ended: false,
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
            match frame {
                Frame::Stanza(stanza) if stanza.namespace() == STREAM_MANAGEMENT => self.hear_counts(&stanza),
                Frame::Stanza(stanza) => self.hear_stanza(&stanza),
                // What the client says before it hears of that is taken still, and waits.
                Frame::End => self.server_ended = true,
                Frame::Header(_) => self.distrust(&FrameFault::NotXmpp),
            }
        }
    }

    fn hear_stanza(&mut self, stanza: &Stanza) {
        let room = self.room;
        let steps = self.adapter.from_server(&mut room.resident(), stanza, now());
        self.carry_out(steps);
        if is_stanza(stanza) {
            self.up.take();
        } else if stanza.is("error", STREAMS) {
            self.up.end_with_its_connection();
        }
        if self.adapter.is_bound() {
            self.up.bound();
        }
        if self.up.is_full() && self.up.waiting() >= MOST_ANSWERS {
            self.distrust(&"it does not say what it has taken");
        }
    }

    fn hear_counts(&mut self, stanza: &Stanza) {
        let element = self.adapter.server.read(stanza);
        if let Some(Err(fault)) = element.map(|element| self.up.hear(&element)) {
            self.distrust(&fault);
        }
    }

    fn distrust(&mut self, fault: &dyn Display) {
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
        let [unsent, open] = std::mem::replace(&mut self.up, ServerStream::new(None)).into_rest();
        self.adapter.doubt(&mut room.resident(), open);
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
                Step::Up(outgoing) => self.up.say(outgoing),
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
                    self.say_goodbye();
                    self.down.push(b"</stream:stream>", false);
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

/// What the passage asks of it.
impl Pump<'_> {
    /// Takes bytes of the client.
    pub(super) fn client_sends(&mut self, bytes: &[u8]) {
        if is_blank(bytes) && self.from_client.is_empty() {
            // It keeps the connection alive, on both sides.
            self.up.say(Outgoing::element(" "));
        }
        let pushed = self.from_client.push(bytes);
        self.hear_client();
        if let Err(fault) = pushed {
            self.refuse(condition(&fault), &fault.to_string());
        }
    }

    /// Takes bytes of the server.
    pub(super) fn server_sends(&mut self, bytes: &[u8]) {
        if is_blank(bytes) && self.from_server.is_empty() {
            self.down.push(b" ", false);
        }
        self.up.is_alive(Instant::now());
        let pushed = self.from_server.push(bytes);
        self.hear_server();
        if let Err(fault) = pushed {
            // It would come again with every client else, and none could stay.
            self.up.take();
            self.distrust(&fault);
        }
    }

    /// Whether the server has said that it goes: nothing more that is said to it arrives.
    pub(super) fn server_has_ended(&self) -> bool {
        self.server_ended
    }

    /// Whether the server has said nothing for so long that it is taken for gone.
    pub(super) fn server_is_silent(&self) -> bool {
        self.up
            .deadline()
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// The server is gone. Looks for it, if the client need not hear of that yet.
    pub(super) fn search(&mut self) -> Option<Search> {
        // Whoever has said goodbye does not come back.
        if self.over || self.goodbye || self.server_ended {
            return None;
        }
        self.up.search()
    }

    /// The server was found. The new connection, if what was said on the old one goes on there.
    pub(super) fn server_is_back(&mut self, found: Found) -> Option<Box<dyn Stream>> {
        let Connection {
            socket,
            reader,
            header,
        } = self.up.go_on(found)?;
        self.adapter.server = header;
        self.from_server = reader;
        self.hear_server();
        (!self.server_ended).then_some(socket)
    }

    /// The server is gone for good. What the client says before it hears of that is taken still.
    pub(super) fn server_is_gone(&mut self) {
        self.up.is_gone();
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

    /// Another client wants to come in, and this one may be gone without a word.
    pub(super) fn ask_whether_there(&mut self) {
        let ping = self.adapter.ping();
        self.down.push(&ping, false);
    }

    /// Carries out what was done elsewhere.
    pub(super) fn run_errands(&mut self) {
        // What stands behind the end of a stream goes nowhere.
        if !self.over && !self.goodbye {
            let room = self.room;
            let steps = self.adapter.run_errands(&mut room.resident());
            self.carry_out(steps);
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self) {
        let room = self.room;
        let due = |deadline: otr::Timestamp| deadline <= now();
        if self.adapter.is_bound() && room.resident().engine.next_deadline().is_some_and(due) {
            let steps = self.adapter.tick(&mut room.resident(), now());
            self.carry_out(steps);
        }
    }

    /// The proxy ends: the other sides of private conversations learn that they are over.
    pub(super) fn end(&mut self) {
        let room = self.room;
        if self.adapter.is_bound() {
            let steps = self.adapter.end_all(&mut room.resident(), now());
            self.carry_out(steps);
        }
        self.refuse("system-shutdown", "the proxy ends");
    }

    /// Leaves the server politely, unless that is done.
    pub(super) fn say_goodbye(&mut self) {
        if !std::mem::replace(&mut self.goodbye, true) {
            self.up.say_goodbye();
        }
    }

    /// Prepares what may go to the server. When to look again, at the latest.
    pub(super) fn refill(&mut self) -> Instant {
        self.show_what_others_have();
        self.room.resident().outside.queued = self.up.waiting();
        let here = Instant::now();
        self.up.refill(here);
        let deadline = self.room.resident().engine.next_deadline();
        let wait = deadline.map_or(LONG, |deadline| deadline.since(now()));
        let silence = self.up.deadline().into_iter();
        silence.fold(here + wait.clamp(SHORT, LONG), Instant::min)
    }

    /// Bytes for the client.
    pub(super) fn down(&self) -> &[u8] {
        self.down.rest()
    }

    /// Bytes for the server.
    pub(super) fn up(&self) -> &[u8] {
        self.up.bytes()
    }

    /// So many bytes have gone to the client.
    pub(super) fn told(&mut self, count: usize) {
        self.down.went(count);
    }

    /// So many bytes have gone to the server.
    pub(super) fn said(&mut self, count: usize) {
        self.up.went(count);
    }

    /// Whether nothing waits for the server.
    pub(super) fn is_said(&self) -> bool {
        self.up.is_empty()
    }

    /// Whether there is room for what the client may say next.
    pub(super) fn takes_from_client(&self) -> bool {
        let crowded = self.room.resident().company.is_crowded();
        !self.over && !crowded && self.up.waiting() < MOST_STANZAS && self.down.rest().len() < MOST_BYTES
    }

    /// Whether there is room for what the server may say next.
    pub(super) fn takes_from_server(&self) -> bool {
        !self.over && self.down.rest().len() < MOST_BYTES && self.up.waiting() < MOST_ANSWERS
    }

    /// Whether the connection cannot go on.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// With so many stanzas waiting for the server the client has to wait.
const MOST_STANZAS: usize = 512;
/// With so many the server has to wait; after a break there are those that it has not taken.
const MOST_ANSWERS: usize = 4096;
/// With so many bytes waiting for the client the server has to wait.
const MOST_BYTES: usize = 2 * 1024 * 1024;
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);
