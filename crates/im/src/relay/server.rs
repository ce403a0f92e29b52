//! The relay as a machine without sockets: bytes of numbered connections in, lines to numbered connections out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::capabilities::Login;
use crate::irc::build::is_middle;
use crate::irc::{Builder, Capability, CaseMapping, IrcLine, LineBuffer, LineError, line::MESSAGE_LIMIT};
use std::time::Duration;
use zeroize::Zeroizing;

/// The number of one connection; never used twice in the life of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What the relay has to do on its sockets, in order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write this line.
    Send(ConnectionId, IrcLine),
    /// Write what is waiting, then close. The server has forgotten the connection already.
    Close(ConnectionId),
}

/// How the relay presents itself.
#[derive(Clone)]
pub struct ServerConfig {
    /// The server's name, one word with a dot in it.
    pub name: String,
    /// The network's name, one word.
    pub network: String,
    /// The message of the day, a line each.
    pub motd: Vec<String>,
    /// What clients may ask for beyond the old protocol, of what the relay can do: `echo-message`, `message-tags`,
    /// `server-time`. None by default: the bare protocol. `sasl` is offered if there are accounts.
    pub capabilities: Vec<Capability>,
    /// Accounts and their passwords, for SASL PLAIN.
    pub accounts: Vec<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            name: "relay.chatham.example".into(),
            network: "Chatham".into(),
            motd: Vec::new(),
            capabilities: Vec::new(),
            accounts: Vec::new(),
        }
    }
}

/// Without the passwords.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("name", &self.name)
            .field("network", &self.network)
            .field("capabilities", &self.capabilities)
            .field("accounts", &self.accounts.len())
            .finish_non_exhaustive()
    }
}

/// Everybody and everything on the relay.
pub struct Server {
    pub(super) config: ServerConfig,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    /// By folded nick.
    pub(super) users: BTreeMap<Vec<u8>, User>,
    /// By folded name.
    pub(super) channels: BTreeMap<Vec<u8>, Channel>,
    losses: Vec<Loss>,
    lost: u64,
    /// Lines from one name to another that wait to be released, if somebody asked for that.
    pub(super) held: Option<Held>,
    /// The time by the caller's clock, since 1970.
    pub(super) now: Option<Duration>,
}

/// One socket.
pub(super) struct Connection {
    buffer: LineBuffer,
    pub(super) host: Vec<u8>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) nick: Option<Vec<u8>>,
    pub(super) user: Option<(Vec<u8>, Vec<u8>)>,
    /// Between CAP LS and CAP END nobody is let in.
    pub(super) negotiating: bool,
    /// What the client has asked for.
    pub(super) enabled: BTreeSet<Capability>,
    pub(super) login: Login,
    /// The key in `users` once registered.
    pub(super) name: Option<Vec<u8>>,
}

/// One name, with all the connections that share it.
pub(super) struct User {
    pub(super) nick: Vec<u8>,
    pub(super) user: Vec<u8>,
    pub(super) host: Vec<u8>,
    pub(super) real_name: Vec<u8>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) away: Option<Vec<u8>>,
    pub(super) connections: BTreeSet<ConnectionId>,
    /// Folded names of channels.
    pub(super) channels: BTreeSet<Vec<u8>>,
}

pub(super) struct Channel {
    pub(super) name: Vec<u8>,
    pub(super) topic: Vec<u8>,
    /// Folded nicks.
    pub(super) members: BTreeSet<Vec<u8>>,
}

/// PRIVMSGs that wait, in the order in which they came.
pub(super) struct Held {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
    pub(super) lines: Vec<Effect>,
}

/// One PRIVMSG that will not arrive.
struct Loss {
    from: Vec<u8>,
    to: Vec<u8>,
    remaining: u32,
}

impl User {
    pub(super) fn prefix(&self) -> Vec<u8> {
        [&self.nick[..], b"!", &self.user, b"@", &self.host].concat()
    }
}

impl Server {
    /// An empty server.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self {
            config,
            connections: BTreeMap::new(),
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            losses: Vec::new(),
            lost: 0,
            held: None,
            now: None,
        }
    }

    /// Says what time it is, as time since 1970. Until then lines carry no time.
    pub fn tell_time(&mut self, now: Duration) {
        self.now = Some(now);
    }

    /// Throws somebody off, with all their connections.
    pub fn kill(&mut self, nick: &[u8], reason: &[u8]) -> Vec<Effect> {
        let mut out = Vec::new();
        let Some(user) = self.users.get(&fold(nick)) else {
            return out;
        };
        let line = IrcLine::command("KILL")
            .source(&self.config.name)
            .param(&user.nick)
            .trailing(reason);
        let connections = user.connections.clone();
        for id in connections {
            if let Ok(line) = &line {
                Self::send(id, line, &mut out);
            }
            self.close(id, &[b"Killed (", reason, b")"].concat(), &mut out);
        }
        out
    }

    /// A connection was accepted. Others see it as coming from `host`, of which at most 63 bytes count.
    pub fn connect(&mut self, id: ConnectionId, host: &[u8]) {
        let host = host.split_at(host.len().min(HOST_LIMIT)).0;
        let host = if is_middle(host) {
            host.to_vec()
        } else {
            b"unknown".to_vec()
        };
        let connection = Connection {
            buffer: LineBuffer::new(),
            host,
            password: None,
            nick: None,
            user: None,
            negotiating: false,
            enabled: BTreeSet::new(),
            login: Login::default(),
            name: None,
        };
        self.connections.insert(id, connection);
    }

    /// Bytes came over a connection. Unknown connections are ignored.
    pub fn receive(&mut self, id: ConnectionId, bytes: &[u8]) -> Vec<Effect> {
        let mut out = Vec::new();
        let lines = match self.connections.get_mut(&id) {
            Some(connection) => connection.buffer.feed(bytes),
            None => return out,
        };
        for line in lines {
            // An earlier line may have ended the connection.
            if !self.connections.contains_key(&id) {
                break;
            }
            match line {
                // A server reads no further than this either.
                Ok(line) => self.receive_line(id, &line.cut(MESSAGE_LIMIT - 2), &mut out),
                Err(LineError::TooLong) => self.reply(id, "417", &[], b"Input line was too long", &mut out),
                Err(_) => {}
            }
        }
        self.stamp(&mut out);
        out
    }

    /// A connection is gone. If it was the last of its name, the others are told.
    pub fn disconnect(&mut self, id: ConnectionId, reason: &[u8]) -> Vec<Effect> {
        let mut out = Vec::new();
        self.drop_connection(id, reason, &mut out);
        out
    }

    /// The nick of a connection that has registered.
    #[must_use]
    pub fn nick_of(&self, id: ConnectionId) -> Option<&[u8]> {
        Some(&self.user_of(id)?.nick)
    }

    /// Loses the `nth` PRIVMSG, counted from 1 and from now, that `from` sends to `to`. It reaches no connection
    /// of `to`, and nobody is told. 0 and more than 64 losses at a time are ignored.
    pub fn lose(&mut self, from: &[u8], to: &[u8], nth: u32) {
        if nth > 0 && self.losses.len() < MOST_LOSSES {
            self.losses.push(Loss {
                from: fold(from),
                to: fold(to),
                remaining: nth,
            });
        }
    }

    /// Keeps what `from` sends to `to` from now on, up to 4096 lines, until [`Self::release_reversed`]: as a network does
    /// that delivers late and in another order.
    pub fn hold(&mut self, from: &[u8], to: &[u8]) {
        self.held = Some(Held {
            from: fold(from),
            to: fold(to),
            lines: Vec::new(),
        });
    }

    /// Lets go of what was kept, the last line first.
    #[must_use]
    pub fn release_reversed(&mut self) -> Vec<Effect> {
        let mut lines = self.held.take().map_or_else(Vec::new, |held| held.lines);
        lines.reverse();
        lines
    }

    /// Where a line on its way has to wait, if it has to.
    pub(super) fn waiting_room(&mut self, from: &[u8], to: &[u8]) -> Option<&mut Vec<Effect>> {
        let held = self.held.as_mut()?;
        (held.from == from && held.to == to && held.lines.len() < MOST_HELD).then_some(&mut held.lines)
    }

    /// How many lines were lost on request.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Counts a PRIVMSG on its way; true if it has to be lost.
    pub(super) fn is_lost(&mut self, from: &[u8], to: &[u8]) -> bool {
        let mut hit = false;
        self.losses.retain_mut(|loss| {
            if loss.from != from || loss.to != to {
                return true;
            }
            loss.remaining -= 1;
            hit |= loss.remaining == 0;
            loss.remaining > 0
        });
        self.lost += u64::from(hit);
        hit
    }

    pub(super) fn user_of(&self, id: ConnectionId) -> Option<&User> {
        self.users.get(self.connections.get(&id)?.name.as_ref()?)
    }

    /// Sends a finished line, cut to what a server sends at most.
    pub(super) fn send(id: ConnectionId, line: &IrcLine, out: &mut Vec<Effect>) {
        out.push(Effect::Send(id, line.clone().cut(MESSAGE_LIMIT - 2)));
    }

    /// Sends a reply of the server itself: `:server code nick params :text`. A parameter that came from the client
    /// and cannot stand there is shown as `*`.
    pub(super) fn reply(
        &self,
        id: ConnectionId,
        code: &str,
        params: &[&[u8]],
        text: &[u8],
        out: &mut Vec<Effect>,
    ) {
        if let Ok(line) = self.reply_head(id, code, params).trailing(text) {
            Self::send(id, &line, out);
        }
    }

    /// As [`reply`](Self::reply), without a text at the end.
    pub(super) fn reply_bare(&self, id: ConnectionId, code: &str, params: &[&[u8]], out: &mut Vec<Effect>) {
        if let Ok(line) = self.reply_head(id, code, params).build() {
            Self::send(id, &line, out);
        }
    }

    fn reply_head(&self, id: ConnectionId, code: &str, params: &[&[u8]]) -> Builder {
        let wanted = || {
            self.connections
                .get(&id)
                .and_then(|connection| connection.nick.as_deref())
        };
        let nick = self.nick_of(id).or_else(wanted).unwrap_or(b"*");
        let head = IrcLine::command(code).source(&self.config.name).param(nick);
        params.iter().copied().fold(head, |head, param| {
            head.param(if is_middle(param) { param } else { b"*" })
        })
    }

    /// Sends a line of the user `name` to every connection of everybody who shares a channel with them, and to
    /// their own connections.
    pub(super) fn tell_neighbours(&self, name: &[u8], line: &IrcLine, out: &mut Vec<Effect>) {
        let Some(user) = self.users.get(name) else { return };
        let mut hearers: BTreeSet<&[u8]> = BTreeSet::from([name]);
        for channel in user
            .channels
            .iter()
            .filter_map(|channel| self.channels.get(channel))
        {
            hearers.extend(channel.members.iter().map(Vec::as_slice));
        }
        for hearer in hearers.into_iter().filter_map(|hearer| self.users.get(hearer)) {
            hearer
                .connections
                .iter()
                .for_each(|&id| Self::send(id, line, out));
        }
    }

    /// Ends a connection from the server's side.
    pub(super) fn close(&mut self, id: ConnectionId, reason: &[u8], out: &mut Vec<Effect>) {
        if let Ok(line) = IrcLine::command("ERROR").trailing([b"Closing link: ", reason].concat()) {
            Self::send(id, &line, out);
        }
        out.push(Effect::Close(id));
        self.drop_connection(id, reason, out);
    }

    fn drop_connection(&mut self, id: ConnectionId, reason: &[u8], out: &mut Vec<Effect>) {
        let Some(name) = self
            .connections
            .remove(&id)
            .and_then(|connection| connection.name)
        else {
            return;
        };
        let Some(user) = self.users.get_mut(&name) else {
            return;
        };
        user.connections.remove(&id);
        if !user.connections.is_empty() {
            return;
        }
        if let Ok(line) = IrcLine::command("QUIT").source(user.prefix()).trailing(reason) {
            self.tell_neighbours(&name, &line, out);
        }
        if let Some(user) = self.users.remove(&name) {
            for channel in &user.channels {
                self.forget_member(channel, &name);
            }
        }
    }

    /// Takes somebody out of a channel, and the channel away with its last member.
    pub(super) fn forget_member(&mut self, channel: &[u8], name: &[u8]) {
        if let Some(found) = self.channels.get_mut(channel) {
            found.members.remove(name);
            if found.members.is_empty() {
                self.channels.remove(channel);
            }
        }
    }
}

/// Shows how many, not who: passwords are kept here.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (connections, users) = (self.connections.len(), self.users.len());
        f.debug_struct("Server")
            .field("connections", &connections)
            .field("users", &users)
            .finish_non_exhaustive()
    }
}

/// The form of a nick or a channel's name under which it is kept.
pub(super) fn fold(name: &[u8]) -> Vec<u8> {
    MAPPING.fold(name)
}

/// How names are folded here.
pub(super) const MAPPING: CaseMapping = CaseMapping::Rfc1459;
/// The longest nick, in bytes.
pub(super) const NICK_LIMIT: usize = 30;
/// The longest user name without its `~`, in bytes.
pub(super) const USER_LIMIT: usize = 10;
/// The longest name of a channel, in bytes.
pub(super) const CHANNEL_LIMIT: usize = 50;
/// How many channels one name may be in.
pub(super) const MOST_CHANNELS: usize = 20;
const HOST_LIMIT: usize = 63;
const MOST_HELD: usize = 4096;
const MOST_LOSSES: usize = 64;
