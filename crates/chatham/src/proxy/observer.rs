//! What the proxy knows of a connection by listening to both sides: names, limits, capabilities, what is old.

use std::time::Duration;

use im::irc::services::is_service;
use im::irc::{Client, Config, Event, IrcLine, Isupport, Message, Nick, Output, Source};
use otr::Timestamp;

/// A client of ours that only listens: it is told what the server says, and what it would answer is not said.
#[derive(Debug)]
pub(super) struct Observer {
    client: Client,
    server: Vec<u8>,
    /// The server has let the client in and told what it supports.
    ready: bool,
    echo: bool,
}

/// To whom a message of the client goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The proxy itself.
    Proxy,
    /// One person.
    Person(Nick),
    /// One person, by a way round that no session knows: `nick@server`, `nick!user@host`.
    Roundabout(Nick),
    /// A channel, a service, everybody, or the person who writes: none of ours.
    Other,
}

impl Observer {
    /// Before the server has said anything. `None` never happens: the name is a good one.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            client: Client::new(Config::new("chatham")).ok()?,
            server: Vec::new(),
            ready: false,
            echo: false,
        })
    }

    /// Takes a line of the server.
    pub(super) fn hear(&mut self, line: &IrcLine, message: &Message<'_>, now: Timestamp) -> Vec<Event> {
        self.client.tell_time(Duration::from_millis(now.as_millis()));
        if message.is("CAP") {
            self.capabilities(message);
        }
        let was_registered = self.client.is_registered();
        let outputs = self.client.receive(&line.to_wire());
        if !was_registered && self.client.is_registered() {
            self.server = message
                .source
                .map(|source| source.name.to_vec())
                .unwrap_or_default();
        }
        let event = |output| match output {
            Output::Event(event) => Some(event),
            Output::Send(_) | Output::Close => None,
        };
        outputs.into_iter().filter_map(event).collect()
    }

    /// Whether with this event the server has said everything that a client has to know.
    pub(super) fn gets_ready(&mut self, event: &Event) -> bool {
        let last = matches!(event, Event::Numeric { code: 250.., .. });
        let now = last && !self.ready && self.client.is_registered();
        self.ready |= now;
        now
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether the server sends the client's own words back to it.
    pub(super) fn echoes(&self) -> bool {
        self.echo
    }

    pub(super) fn server(&self) -> &[u8] {
        &self.server
    }

    pub(super) fn isupport(&self) -> &Isupport {
        self.client.isupport()
    }

    /// The client's nick; a star before it has one.
    pub(super) fn nick(&self) -> Vec<u8> {
        if self.client.is_registered() {
            self.client.nick().as_bytes().to_vec()
        } else {
            b"*".to_vec()
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// To whom the client writes.
    pub(super) fn addressee(&self, target: &[u8]) -> Addressee {
        let source = Source::parse(target);
        if is_reserved(source.name) {
            return Addressee::Proxy;
        }
        let own = self.client.nick();
        if target.is_empty() || self.isupport().is_channel(target) || is_service(&source) {
            return Addressee::Other;
        }
        let name = source.name.split(|&byte| byte == b'%').next().unwrap_or_default();
        let nick = self.client.fold(name);
        if name.len() != target.len() {
            Addressee::Roundabout(nick)
        } else if nick == own && self.client.is_registered() {
            Addressee::Other
        } else {
            Addressee::Person(nick)
        }
    }

    /// Whether this is a program of the network: what is said to it may be a password.
    pub(super) fn is_service(&self, target: &[u8]) -> bool {
        !self.isupport().is_channel(target) && is_service(&Source::parse(target))
    }

    fn capabilities(&mut self, message: &Message<'_>) {
        let word = message.param(1).to_ascii_uppercase();
        for name in message.last().split(|&byte| byte == b' ') {
            match (word.as_slice(), name) {
                (b"ACK", b"echo-message") => self.echo = true,
                (b"ACK", b"-echo-message") | (b"DEL", b"echo-message") => self.echo = false,
                _ => {}
            }
        }
    }
}

/// Whether a name is the proxy's own, or would look like it.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    let mut letters = name.iter().filter(|byte| byte.is_ascii_graphic());
    let same = NAME
        .as_bytes()
        .iter()
        .all(|want| letters.next().is_some_and(|have| have.eq_ignore_ascii_case(want)));
    same && letters.next().is_none() && name.is_ascii()
}

/// A list of capabilities without those that would carry texts past us. `None` if it is good as it is.
pub(super) fn without_hidden_texts(message: &Message<'_>, line: &IrcLine) -> Option<IrcLine> {
    let lists = [&b"LS"[..], b"NEW", b"LIST"];
    let list = message.last();
    let hides = |word: &&[u8]| {
        let name = word.split(|&byte| byte == b'=').next().unwrap_or_default();
        name == b"draft/multiline" || name == b"multiline"
    };
    let mut words = list.split(|&byte| byte == b' ');
    if !message.is("CAP")
        || !lists.contains(&&*message.param(1).to_ascii_uppercase())
        || !words.any(|word| hides(&word))
    {
        return None;
    }
    let kept: Vec<&[u8]> = list
        .split(|&byte| byte == b' ')
        .filter(|word| !hides(word))
        .collect();
    let head = line.as_bytes().strip_suffix(list)?;
    let colon: &[u8] = if head.ends_with(b":") { b"" } else { b":" };
    IrcLine::new([head, colon, &kept.join(&b' ')].concat()).ok()
}

/// The name under which the proxy speaks to its client. No network allows it to anybody.
pub const NAME: &str = "*chatham";

#[cfg(test)]
mod tests {
    use super::*;

    fn observer() -> Observer {
        let mut observer = Observer::new().unwrap();
        for line in [
            ":irc.example 001 alice :Welcome",
            ":irc.example 005 alice STATUSMSG=@ :are supported",
        ] {
            let line = IrcLine::new(line).unwrap();
            observer.hear(&line, &line.parse().unwrap(), Timestamp::from_millis(1));
        }
        observer
    }

    #[test]
    fn s66_the_name_is_reserved_however_it_is_written() {
        for name in ["*chatham", "*CHATHAM", "*chat\u{2}ham", "*chatham\u{f}"] {
            assert!(is_reserved(name.as_bytes()), "{name:?}");
        }
        for name in ["chatham", "*chathams", "*chatha", "*status", ""] {
            assert!(!is_reserved(name.as_bytes()), "{name:?}");
        }
    }

    #[test]
    fn only_one_person_is_one_person() {
        let observer = observer();
        let person = |name: &str| Addressee::Person(observer.client.fold(name.as_bytes()));
        let round = |name: &str| Addressee::Roundabout(observer.client.fold(name.as_bytes()));
        for (target, addressee) in [
            ("bob", person("bob")),
            ("BOB[]", person("bob{}")),
            ("#a", Addressee::Other),
            ("@#a", Addressee::Other),
            ("$$*.example", Addressee::Other),
            ("NickServ", Addressee::Other),
            ("NickServ@services.example", Addressee::Other),
            ("*status", Addressee::Other),
            ("Alice", Addressee::Other),
            ("*chatham", Addressee::Proxy),
            ("bob@irc.example", round("bob")),
            ("bob!b@h", round("bob")),
            ("bob%host", round("bob")),
        ] {
            assert_eq!(observer.addressee(target.as_bytes()), addressee, "{target}");
        }
    }

    #[test]
    fn texts_in_several_lines_are_not_offered() {
        let filter = |line: &str| {
            let line = IrcLine::new(line).unwrap();
            let filtered = without_hidden_texts(&line.parse().unwrap(), &line);
            filtered.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        };
        assert_eq!(
            filter(":s CAP * LS * :sasl draft/multiline=max-bytes=4096 batch"),
            Some(":s CAP * LS * :sasl batch".into())
        );
        assert_eq!(
            filter(":s CAP * LS draft/multiline"),
            Some(":s CAP * LS :".into())
        );
        assert_eq!(filter(":s CAP * LS :sasl batch"), None);
        assert_eq!(filter(":s CAP * ACK :draft/multiline"), None);
    }
}
