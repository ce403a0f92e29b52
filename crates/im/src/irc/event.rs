//! What happened on the network, in the words of the application.

use super::casemap::{CaseMapping, Nick};
use super::line::{IrcLine, LineError};
use super::message::Source;
use super::sasl::SaslFault;
use std::time::Duration;

/// A fact from the server. Texts are bytes as they came, and hold whatever the other side put there.
#[derive(Clone, Debug)]
pub enum Event {
    /// The server let us in under this nick, which need not be the one we asked for.
    Registered {
        /// Our nick.
        nick: Nick,
    },
    /// A nick was not to be had.
    NickRefused {
        /// The nick that was refused.
        wanted: Vec<u8>,
        /// The nick that is tried next; `None` if the person has to choose.
        next: Option<Vec<u8>>,
        /// The server's words.
        reason: Vec<u8>,
    },
    /// The network knows us by this account now.
    LoggedIn {
        /// The account's name.
        account: Vec<u8>,
    },
    /// The network does not know us by an account any more.
    LoggedOut,
    /// We could not prove who we are, and do not go on without; the connection ends.
    SaslFailed(SaslFault),
    /// Names are folded in this way from now on; maps keyed by [`Nick`] have to be folded anew.
    CaseMapping(CaseMapping),
    /// Somebody said something.
    Message(Said),
    /// Somebody has another nick; a session with the old one goes on with the new one.
    Renamed {
        /// The nick until now.
        from: Nick,
        /// The nick from now on.
        to: Nick,
        /// Whether it is us.
        own: bool,
    },
    /// Somebody came into a channel.
    Joined {
        /// Who.
        person: Person,
        /// The channel.
        channel: Vec<u8>,
        /// The account by which the network knows them, if it tells: `Some(None)` is somebody without one.
        account: Option<Option<Vec<u8>>>,
        /// Whether it is us.
        own: bool,
    },
    /// Somebody wants to see when we are there (XMPP). They are told nothing before the person decides.
    AsksToSee {
        /// Who.
        nick: Nick,
    },
    /// Somebody lets us see when they are there, or does not any more (XMPP).
    LetsSee {
        /// Who.
        nick: Nick,
        /// Whether they do.
        allowed: bool,
    },
    /// Somebody left a channel.
    Left {
        /// Who.
        nick: Nick,
        /// The channel.
        channel: Vec<u8>,
        /// Why, in somebody's words.
        reason: Vec<u8>,
        /// Whether it is us.
        own: bool,
    },
    /// Somebody was thrown out of a channel.
    Kicked {
        /// Who.
        nick: Nick,
        /// By whom; a server's name may stand here.
        by: Nick,
        /// The channel.
        channel: Vec<u8>,
        /// Why, in their words.
        reason: Vec<u8>,
        /// Whether it is us.
        own: bool,
    },
    /// Somebody left the network.
    Quit {
        /// Who.
        nick: Nick,
        /// Why, in their words or the server's.
        reason: Vec<u8>,
        /// Whether two servers lost each other, as far as the words tell: the person is probably still there, and
        /// somebody else may take the nick meanwhile.
        netsplit: bool,
    },
    /// We are thrown off the network (KILL); the end of the connection follows.
    Killed {
        /// By whom.
        by: Nick,
        /// Why, in their words.
        reason: Vec<u8>,
    },
    /// The network knows somebody by another account, or by none any more.
    Account {
        /// Who.
        nick: Nick,
        /// The account.
        account: Option<Vec<u8>>,
    },
    /// A fault, a warning or a note of the server in the form of standard replies.
    StandardReply {
        /// How bad it is.
        severity: Severity,
        /// The command that it is about; `*` if none.
        command: Vec<u8>,
        /// Its code, a word in capitals.
        code: Vec<u8>,
        /// The server's words.
        words: Vec<u8>,
    },
    /// There is nobody of this name (401, 406).
    Absent {
        /// The name that was addressed.
        nick: Nick,
    },
    /// Another reply of the server, by its number.
    Numeric {
        /// The three digits.
        code: u16,
        /// The parameters after our own nick.
        params: Vec<Vec<u8>>,
    },
    /// The server ends the connection, and says why.
    ServerError(Vec<u8>),
    /// A line that means nothing to this crate.
    Unknown(IrcLine),
    /// A line was dropped, because it was no line.
    BadLine(LineError),
    /// The connection is gone; nothing follows.
    Disconnected {
        /// Why, if it was not the end of the stream.
        reason: Option<String>,
    },
}

/// A text and what is known about where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who said it; for a server its name stands as the nick.
    pub from: Person,
    /// To whom: our nick, or a channel.
    pub target: Vec<u8>,
    /// The words; of an action, what is done.
    pub text: Vec<u8>,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Whether it came as NOTICE, which nothing may answer by itself.
    pub notice: bool,
    /// Whether it is old: played back by a bouncer or a server, said before this connection began. Nothing may
    /// answer it by itself.
    pub history: bool,
    /// When it was said by the server's clock, as time since 1970, if the server tells.
    pub time: Option<Duration>,
    /// The account by which the network knows whoever said it, if it tells; of XMPP, only for who is on our list.
    pub account: Option<Vec<u8>>,
}

/// How bad a standard reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A command was not carried out.
    Fail,
    /// Something may be wrong.
    Warn,
    /// For information.
    Note,
}

/// What a text is. Only [`Person`](Self::Person) and [`Action`](Self::Action) are one person speaking to us alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words of one person to us.
    Person,
    /// What one person does (`/me`), told to us alone.
    Action,
    /// Anything said to a channel or a part of one.
    Channel,
    /// A NOTICE of one person to us.
    Notice,
    /// A CTCP request or answer other than an action.
    Ctcp,
    /// Words of a service, or of a module of a bouncer.
    Service,
    /// Words of a server, or words to everybody.
    Server,
    /// Our own words, sent back or sent by another of our clients.
    Own,
}

/// Somebody as the server shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The nick.
    pub nick: Nick,
    /// The user name, if shown.
    pub user: Option<Vec<u8>>,
    /// The host, if shown.
    pub host: Option<Vec<u8>>,
}

impl Person {
    pub(super) fn of(source: &Source<'_>, mapping: CaseMapping) -> Self {
        Self {
            nick: Nick::new(source.name, mapping),
            user: source.user.map(<[u8]>::to_vec),
            host: source.host.map(<[u8]>::to_vec),
        }
    }
}
