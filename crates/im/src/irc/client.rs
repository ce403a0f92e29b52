//! One connection to a server, as a machine without sockets: bytes in, lines and facts out.
//!
//! It keeps the connection alive, finds a free nick, and learns how the server shows us; it never answers a
//! person, a NOTICE or a CTCP by itself.

use super::budget::OwnPrefix;
use super::buffer::LineBuffer;
use super::build::is_middle;
use super::casemap::Nick;
use super::ctcp;
use super::event::{Event, Person};
use super::incoming::Surroundings;
use super::isupport::Isupport;
use super::line::{IrcLine, LineError, is_forbidden};
use super::message::{Message, Source};
use super::numerics::number_of;
use super::registration::{BadConfig, Config, Registration, is_nick};

/// What the caller has to do, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this line to the server, ahead of anything that waits for its turn.
    Send(IrcLine),
    /// Take note of this.
    Event(Event),
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
}

impl Client {
    /// A client that has not said anything yet.
    ///
    /// # Errors
    /// [`BadConfig`] if a part of the configuration cannot be said in IRC.
    pub fn new(config: Config) -> Result<Self, BadConfig> {
        let registration = Registration::new(config)?;
        Ok(Self {
            prefix: OwnPrefix::new(registration.wanted()),
            registration,
            buffer: LineBuffer::new(),
            isupport: Isupport::default(),
            server: Vec::new(),
            registered: false,
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

    /// Takes the next bytes from the server, cut anywhere.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Output> {
        let mut out = Vec::new();
        for line in self.buffer.feed(bytes) {
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
        if let Some(code) = number_of(message.command) {
            self.receive_numeric(code, &message, out);
            return Ok(());
        }
        match message.command.to_ascii_uppercase().as_slice() {
            b"PING" => out.push(Output::Send(IrcLine::command("PONG").trailing(message.last())?)),
            b"PONG" => {}
            b"PRIVMSG" | b"NOTICE" => {
                out.push(Output::Event(Event::Message(self.surroundings().sort(&message))))
            }
            b"NICK" => self.receive_nick(&message, out),
            b"JOIN" => {
                let person = self.person(&message);
                let own = self.is_own(person.nick.as_bytes());
                let channel = message.param(0).to_vec();
                out.push(Output::Event(Event::Joined { person, channel, own }));
            }
            b"PART" => self.receive_leave(&message, self.person(&message).nick, message.param(1), out),
            b"KICK" => self.receive_leave(&message, self.fold(message.param(1)), message.param(2), out),
            b"QUIT" => {
                let (nick, reason) = (self.person(&message).nick, message.param(0).to_vec());
                out.push(Output::Event(Event::Quit { nick, reason }));
            }
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

    fn receive_nick(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let from = self.person(message).nick;
        let to = self.fold(message.param(0));
        let own = self.is_own(from.as_bytes());
        if own {
            self.prefix.renamed(to.as_bytes());
        }
        out.push(Output::Event(Event::Renamed { from, to, own }));
    }

    fn receive_leave(&self, message: &Message<'_>, nick: Nick, reason: &[u8], out: &mut Vec<Output>) {
        let own = self.is_own(nick.as_bytes());
        let channel = message.param(0).to_vec();
        out.push(Output::Event(Event::Left {
            nick,
            channel,
            reason: reason.to_vec(),
            own,
        }));
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            own_nick: self.prefix.nick(),
            server: &self.server,
            isupport: &self.isupport,
        }
    }

    fn person(&self, message: &Message<'_>) -> Person {
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
