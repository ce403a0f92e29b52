//! One connection to a server, as a machine without sockets: bytes in, lines and facts out.
//!
//! It keeps the connection alive, finds a free nick, and learns how the server shows us; it never answers a
//! person, a NOTICE or a CTCP by itself.

use super::budget::OwnPrefix;
use super::buffer::LineBuffer;
use super::build::is_middle;
use super::capabilities::{Capability, Negotiation};
use super::casemap::Nick;
use super::ctcp;
use super::event::{Event, Person, Severity};
use super::history::History;
use super::incoming::Surroundings;
use super::isupport::Isupport;
use super::line::{IrcLine, LineError, is_forbidden};
use super::message::{Message, Source};
use super::numerics::number_of;
use super::registration::{BadConfig, Config, Registration, is_nick};
use std::time::Duration;

/// What the caller has to do, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this line to the server, ahead of anything that waits for its turn.
    Send(IrcLine),
    /// Take note of this.
    Event(Event),
    /// End the connection, after what was to be sent before.
    Close,
}

/// The client's half of one connection. After the connection is gone, begin with a new one.
#[derive(Debug)]
pub struct Client {
    pub(super) registration: Registration,
    buffer: LineBuffer,
    pub(super) isupport: Isupport,
    pub(super) prefix: OwnPrefix,
    pub(super) server: Vec<u8>,
    pub(super) registered: bool,
    pub(super) negotiation: Negotiation,
    pub(super) history: History,
    /// The client has ended the connection by itself: nothing counts any more.
    pub(super) over: bool,
}

impl Client {
    /// A client that has not said anything yet.
    ///
    /// # Errors
    /// [`BadConfig`] if a part of the configuration cannot be said in IRC.
    pub fn new(config: Config) -> Result<Self, BadConfig> {
        let mut registration = Registration::new(config)?;
        Ok(Self {
            negotiation: Negotiation::new(registration.take_sasl()),
            prefix: OwnPrefix::new(registration.wanted()),
            registration,
            buffer: LineBuffer::new(),
            isupport: Isupport::default(),
            server: Vec::new(),
            registered: false,
            history: History::default(),
            over: false,
        })
    }

    /// The lines that open the connection; to be called once, when it stands.
    pub fn start(&mut self) -> Vec<Output> {
        // The configuration was looked at in `new`; a line that is too long all the same is left unsaid.
        self.registration
            .open()
            .unwrap_or_default()
            .into_iter()
            .map(Output::Send)
            .collect()
    }

    /// Says what time it is, as time since 1970; to be told before bytes are received. Without it the age of a
    /// message is known only from servers that tell their own time.
    pub fn tell_time(&mut self, now: Duration) {
        self.history.tell_time(now);
    }

    /// Takes the next bytes from the server, cut anywhere.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Output> {
        let mut out = Vec::new();
        for line in self.buffer.feed(bytes) {
            if self.over {
                break;
            }
            if let Err(fault) = line.and_then(|line| self.receive_line(&line, &mut out)) {
                out.push(Output::Event(Event::BadLine(fault)));
            }
        }
        out
    }

    /// Our nick: the one asked for until the server has given us one.
    #[must_use]
    pub fn nick(&self) -> Nick {
        Nick::new(self.prefix.nick(), self.isupport.case_mapping)
    }

    /// Whether the server has let us in.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered
    }

    /// What the server says it supports.
    #[must_use]
    pub fn isupport(&self) -> &Isupport {
        &self.isupport
    }

    /// What the server does for us beyond the old protocol.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability> {
        self.negotiation.enabled()
    }

    /// The nick that was asked for, which the server need not have given.
    #[must_use]
    pub fn wanted_nick(&self) -> Nick {
        self.fold(self.registration.wanted())
    }

    /// How the server shows us.
    #[must_use]
    pub fn prefix(&self) -> &OwnPrefix {
        &self.prefix
    }

    /// A name folded as this network does.
    #[must_use]
    pub fn fold(&self, nick: &[u8]) -> Nick {
        Nick::new(nick, self.isupport.case_mapping)
    }

    /// How many bytes of text reach `target` in one message without being cut. It changes when our nick, user or
    /// host does, so ask before each message.
    #[must_use]
    pub fn room(&self, target: &[u8]) -> usize {
        self.prefix.room("PRIVMSG", target, self.isupport.line_limit)
    }

    /// A message of one line.
    ///
    /// # Errors
    /// [`Refused`] if it could not arrive as it is; nothing is ever cut or changed here.
    pub fn privmsg(&self, target: &[u8], text: &[u8]) -> Result<IrcLine, Refused> {
        if text.contains(&ctcp::MARK) {
            return Err(Refused::ForbiddenByte);
        }
        self.say("PRIVMSG", target, text)
    }

    /// What we do (`/me`), in clear. Any `\x01` inside is made harmless.
    ///
    /// # Errors
    /// As for [`privmsg`](Self::privmsg).
    pub fn action(&self, target: &[u8], deed: &[u8]) -> Result<IrcLine, Refused> {
        self.say("PRIVMSG", target, &ctcp::action(deed))
    }

    /// A request for another nick; the answer is [`Event::Renamed`] or [`Event::NickRefused`].
    ///
    /// # Errors
    /// [`Refused::Target`] if this cannot be a nick.
    pub fn rename(&self, nick: &[u8]) -> Result<IrcLine, Refused> {
        if !is_nick(nick) {
            return Err(Refused::Target);
        }
        Ok(IrcLine::command("NICK").param(nick).build()?)
    }

    /// The line that ends the connection politely.
    ///
    /// # Errors
    /// [`Refused::ForbiddenByte`] or [`Refused::TooLong`] because of the reason's words.
    pub fn quit(&self, reason: &[u8]) -> Result<IrcLine, Refused> {
        Ok(IrcLine::command("QUIT").trailing(reason)?)
    }

    fn say(&self, command: &str, target: &[u8], text: &[u8]) -> Result<IrcLine, Refused> {
        if !self.registered {
            return Err(Refused::NotRegistered);
        }
        // A comma makes one message into many, a dollar sign addresses whole servers.
        if !is_middle(target) || target.contains(&b',') || target.starts_with(b"$") {
            return Err(Refused::Target);
        }
        if text.is_empty() {
            return Err(Refused::Empty);
        }
        if text.iter().chain(target).any(|&byte| is_forbidden(byte)) {
            return Err(Refused::ForbiddenByte);
        }
        let room = self.prefix.room(command, target, self.isupport.line_limit);
        if text.len() > room {
            return Err(Refused::TooLong { room });
        }
        Ok(IrcLine::command(command).param(target).trailing(text)?)
    }

    fn receive_line(&mut self, line: &IrcLine, out: &mut Vec<Output>) -> Result<(), LineError> {
        let message = line.parse()?;
        if let Some(source) = &message.source
            && self.is_own(source.name)
        {
            self.prefix.seen(source);
        }
        if !self.registered {
            self.history.hear_early(&message);
        }
        if let Some(code) = number_of(message.command) {
            self.receive_numeric(code, &message, out);
            return Ok(());
        }
        match message.command.to_ascii_uppercase().as_slice() {
            b"PING" => out.push(Output::Send(IrcLine::command("PONG").trailing(message.last())?)),
            b"PONG" => self.history.is_live(),
            b"PRIVMSG" | b"NOTICE" => self.receive_words(&message, out),
            b"CAP" => self.receive_cap(&message, out),
            b"AUTHENTICATE" => self.receive_challenge(&message, out),
            b"BATCH" => self.history.receive_batch(&message),
            b"NICK" => self.receive_nick(&message, out),
            b"JOIN" => self.receive_join(&message, out),
            b"PART" => self.receive_part(&message, out),
            b"KICK" => self.receive_kick(&message, out),
            b"QUIT" => self.receive_quit(&message, out),
            b"KILL" if self.is_own(message.param(0)) => {
                let (by, reason) = (self.person(&message).nick, message.param(1).to_vec());
                out.push(Output::Event(Event::Killed { by, reason }));
            }
            b"ACCOUNT" => self.receive_account(&message, out),
            b"FAIL" => standard_reply(Severity::Fail, &message, out),
            b"WARN" => standard_reply(Severity::Warn, &message, out),
            b"NOTE" => standard_reply(Severity::Note, &message, out),
            b"ERROR" => out.push(Output::Event(Event::ServerError(message.last().to_vec()))),
            b"MODE" if self.is_own(message.param(0)) => {
                if message.param(1).contains(&CLOAK_MODE) {
                    self.prefix.host_changed();
                }
                out.push(Output::Event(Event::Unknown(line.clone())));
            }
            _ => out.push(Output::Event(Event::Unknown(line.clone()))),
        }
        Ok(())
    }

    fn receive_words(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let mapping = self.isupport.case_mapping;
        if self.history.receive_bracket(message, mapping) {
            return;
        }
        let history = self
            .history
            .is_old(message, mapping, self.negotiation.is_bouncer());
        let said = self.surroundings().sort(message, history);
        out.push(Output::Event(Event::Message(said)));
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            own_nick: self.prefix.nick(),
            server: &self.server,
            isupport: &self.isupport,
        }
    }

    pub(super) fn person(&self, message: &Message<'_>) -> Person {
        let nobody = Source {
            name: &self.server,
            user: None,
            host: None,
        };
        Person::of(&message.source.unwrap_or(nobody), self.isupport.case_mapping)
    }

    pub(super) fn is_own(&self, name: &[u8]) -> bool {
        self.isupport.case_mapping.same(name, self.prefix.nick())
    }
}

/// `FAIL command code context… :words`.
fn standard_reply(severity: Severity, message: &Message<'_>, out: &mut Vec<Output>) {
    out.push(Output::Event(Event::StandardReply {
        severity,
        command: message.param(0).to_vec(),
        code: message.param(1).to_vec(),
        words: message.last().to_vec(),
    }));
}

/// Why a text was not made into a line. It was not sent, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The server has not let us in yet.
    #[error("not connected yet")]
    NotRegistered,
    /// No one name of a person or channel.
    #[error("this cannot be the name of a person or channel")]
    Target,
    /// There is nothing to send.
    #[error("nothing to send")]
    Empty,
    /// CR, LF, NUL or `\x01`.
    #[error("a line end or a control byte of IRC inside the text")]
    ForbiddenByte,
    /// The server would cut it.
    #[error("too long for one message: room for {room} bytes")]
    TooLong {
        /// How many bytes would fit.
        room: usize,
    },
}

impl From<LineError> for Refused {
    fn from(fault: LineError) -> Self {
        match fault {
            LineError::Empty => Self::Empty,
            LineError::TooLong => Self::TooLong { room: 0 },
            LineError::ForbiddenByte => Self::ForbiddenByte,
            LineError::NoCommand | LineError::BadPrefix | LineError::BadParameter => Self::Target,
        }
    }
}

/// The user mode by which servers that know cloaks switch them.
const CLOAK_MODE: u8 = b'x';
