//! Where we are on a network, as a client has to know it: what the server said when it let us in, our modes, our channels
//! and their topics. A client that comes to a connection which stands is told of it as if it had come by itself.

use im::irc::{Client, IrcLine, Message};

/// The record of one connection.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    /// What the server said first: the number of each line, and what stands behind our nick.
    welcome: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// How many bytes that is.
    size: usize,
    /// Behind our nick, as others are shown it.
    user_and_host: Option<(Vec<u8>, Vec<u8>)>,
    modes: Vec<u8>,
    away: bool,
    channels: Vec<Channel>,
}

#[derive(Debug)]
struct Channel {
    name: Vec<u8>,
    topic: Option<Vec<u8>>,
    /// Who has set it, and when.
    set: Option<(Vec<u8>, Vec<u8>)>,
}

impl Attendance {
    /// Takes a line of the server that `client` has heard already.
    pub(super) fn hear(&mut self, message: &Message<'_>, client: &Client) {
        let own = |name: &[u8]| client.fold(name) == client.nick();
        let by_us = message.source.is_some_and(|source| own(source.name));
        if by_us && let Some((user, host)) = message.source.and_then(|source| source.user.zip(source.host)) {
            self.user_and_host = Some((user.to_vec(), host.to_vec()));
        }
        let first = message.param(0);
        match message.command.to_ascii_uppercase().as_slice() {
            b"001" => self.begin(message),
            b"002" | b"003" | b"004" | b"005" | b"372" | b"375" | b"376" | b"422" => self.note(message),
            b"221" => {
                self.modes.clear();
                self.change_modes(message.param(1));
            }
            b"305" => self.away = false,
            b"306" => self.away = true,
            b"331" => self.set_topic(message.param(1), client, None, None),
            b"332" => self.set_topic(message.param(1), client, Some(message.last()), None),
            b"333" => {
                let set = (message.param(2).to_vec(), message.param(3).to_vec());
                if let Some(channel) = self.channel(message.param(1), client) {
                    channel.set = Some(set);
                }
            }
            b"TOPIC" => {
                let by = message
                    .source
                    .map(|source| source.name.to_vec())
                    .unwrap_or_default();
                let set = (by, now().to_string().into_bytes());
                self.set_topic(first, client, Some(message.param(1)), Some(set));
            }
            b"JOIN" if by_us => self.join(first, client),
            b"PART" if by_us => self.leave(first, client),
            b"KICK" if own(message.param(1)) => self.leave(first, client),
            b"MODE" if own(first) => self.change_modes(message.param(1)),
            // A space in it would end the source of every line that shows us.
            b"CHGHOST" if by_us && !message.last().contains(&b' ') => {
                self.user_and_host = Some((first.to_vec(), message.param(1).to_vec()));
            }
            _ => {}
        }
    }

    /// How others are shown us.
    pub(super) fn source(&self, nick: &[u8]) -> Vec<u8> {
        match &self.user_and_host {
            Some((user, host)) => [nick, b"!", user, b"@", host].concat(),
            None => nick.to_vec(),
        }
    }

    pub(super) fn is_away(&self) -> bool {
        self.away
    }

    /// We say that we are back.
    pub(super) fn come_back(&mut self) {
        self.away = false;
    }

    /// Where we are.
    pub(super) fn channels(&self) -> impl Iterator<Item = &[u8]> {
        self.channels.iter().map(|channel| channel.name.as_slice())
    }

    /// What a client is told that comes now. The members of the channels are not among it; `extended` is the form of JOIN
    /// that it wants.
    pub(super) fn retell(&self, nick: &[u8], server: &[u8], extended: bool) -> Vec<IrcLine> {
        let server: &[u8] = if server.is_empty() { b"localhost" } else { server };
        let reply = |number: &[u8]| IrcLine::command(number).source(server).param(nick);
        let own = self.source(nick);
        let mut lines = Vec::new();
        for (number, rest) in &self.welcome {
            let Some((last, middle)) = rest.split_last() else {
                continue;
            };
            let line = middle.iter().fold(reply(number), |line, param| line.param(param));
            lines.push(line.trailing(last));
        }
        if !self.welcome.iter().any(|(number, _)| is_the_last(number)) {
            lines.push(reply(b"422").trailing("The message of the day is not kept"));
        }
        if !self.modes.is_empty() {
            let modes = [b"+", self.modes.as_slice()].concat();
            lines.push(IrcLine::command("MODE").source(&own).param(nick).trailing(modes));
        }
        if self.away {
            lines.push(reply(b"306").trailing("You have been marked as being away"));
        }
        for channel in &self.channels {
            let join = IrcLine::command("JOIN").source(&own).param(&channel.name);
            lines.push(match extended {
                true => join.param("*").trailing(nick),
                false => join.build(),
            });
            if let Some(topic) = &channel.topic {
                lines.push(reply(b"332").param(&channel.name).trailing(topic));
            }
            if let Some((by, at)) = channel.topic.as_ref().and(channel.set.as_ref()) {
                lines.push(reply(b"333").param(&channel.name).param(by).param(at).build());
            }
        }
        lines.into_iter().flatten().collect()
    }

    fn begin(&mut self, message: &Message<'_>) {
        *self = Self::default();
        let last = message
            .last()
            .rsplit(|&byte| byte == b' ')
            .next()
            .unwrap_or_default();
        let source = im::irc::Source::parse(last);
        if let Some((user, host)) = source.user.zip(source.host) {
            self.user_and_host = Some((user.to_vec(), host.to_vec()));
        }
        self.note(message);
    }

    /// The message of the day stays as it was, though somebody asks for it again.
    fn note(&mut self, message: &Message<'_>) {
        let about_the_day = !message.command.starts_with(b"0");
        if about_the_day && self.welcome.iter().any(|(number, _)| is_the_last(number)) {
            return;
        }
        // VERSION is answered with some of it again.
        let known = |(number, known): &(Vec<u8>, Vec<Vec<u8>>)| {
            *number == message.command && message.params.iter().skip(1).eq(known)
        };
        if !about_the_day && self.welcome.iter().any(known) {
            return;
        }
        let rest: Vec<Vec<u8>> = message
            .params
            .iter()
            .skip(1)
            .map(|param| param.to_vec())
            .collect();
        let size = rest.iter().map(Vec::len).sum::<usize>();
        if self.welcome.len() < MOST_LINES && self.size + size <= MOST_BYTES {
            self.size += size;
            self.welcome.push((message.command.to_vec(), rest));
        }
    }

    fn change_modes(&mut self, change: &[u8]) {
        let mut on = true;
        for &byte in change {
            match byte {
                b'+' | b'-' => on = byte == b'+',
                mode => {
                    self.modes.retain(|&known| known != mode);
                    if on && mode.is_ascii_alphabetic() {
                        self.modes.push(mode);
                    }
                }
            }
        }
    }

    fn join(&mut self, name: &[u8], client: &Client) {
        if self.channel(name, client).is_none() && self.channels.len() < MOST_CHANNELS {
            self.channels.push(Channel {
                name: name.to_vec(),
                topic: None,
                set: None,
            });
        }
    }

    fn leave(&mut self, name: &[u8], client: &Client) {
        self.channels
            .retain(|channel| client.fold(&channel.name) != client.fold(name));
    }

    fn channel(&mut self, name: &[u8], client: &Client) -> Option<&mut Channel> {
        let name = client.fold(name);
        self.channels
            .iter_mut()
            .find(|channel| client.fold(&channel.name) == name)
    }

    fn set_topic(
        &mut self,
        name: &[u8],
        client: &Client,
        topic: Option<&[u8]>,
        set: Option<(Vec<u8>, Vec<u8>)>,
    ) {
        if let Some(channel) = self.channel(name, client) {
            channel.topic = topic.filter(|topic| !topic.is_empty()).map(<[u8]>::to_vec);
            channel.set = set;
        }
    }
}

fn is_the_last(number: &[u8]) -> bool {
    matches!(number, b"376" | b"422")
}

fn now() -> u64 {
    crate::seat::now().as_millis() / 1000
}

/// More than any server says first.
const MOST_LINES: usize = 1024;
const MOST_BYTES: usize = 128 * 1024;
const MOST_CHANNELS: usize = 1024;

#[cfg(test)]
mod tests {
    use im::irc::{Client, Config};

    use super::*;

    fn told(lines: &[&str]) -> (Attendance, Client) {
        let mut client = Client::new(Config::new("alice")).unwrap();
        let mut attendance = Attendance::default();
        for line in lines {
            let line = IrcLine::new(*line).unwrap();
            let _listens = client.receive(&line.to_wire());
            attendance.hear(&line.parse().unwrap(), &client);
        }
        (attendance, client)
    }

    fn retold(lines: &[&str], extended: bool) -> Vec<String> {
        let (attendance, client) = told(lines);
        let lines = attendance.retell(client.nick().as_bytes(), b"irc.example", extended);
        let text = |line: &IrcLine| String::from_utf8_lossy(line.as_bytes()).into_owned();
        lines.iter().map(text).collect()
    }

    const BEGINNING: [&str; 5] = [
        ":irc.example 001 alice :Welcome alice!al@host",
        ":irc.example 005 alice CHANTYPES=# :are supported",
        ":irc.example 375 alice :- day",
        ":irc.example 372 alice :- hello",
        ":irc.example 376 alice :end",
    ];

    #[test]
    fn a_client_that_comes_later_is_told_where_we_are() {
        let later = [
            ":alice!al@host MODE alice :+iw-w",
            ":alice!al@host JOIN #Room",
            ":irc.example 332 alice #room :of cabbages",
            ":irc.example 333 alice #room bob 12",
            ":alice!al@host JOIN #gone",
            ":alice!al@host JOIN #kicked",
            ":bob!b@h JOIN #other",
            ":alice!al@host NICK ally",
            ":ally!al@host PART #gone :bye",
            ":bob!b@h KICK #KICKED ally :out",
            ":irc.example 372 ally :- asked again",
            ":irc.example 005 ally CHANTYPES=# :are supported",
            ":ally!al@host CHGHOST al :host PRIVMSG ally :forged",
        ];
        assert_eq!(
            retold(&[&BEGINNING[..], &later].concat(), false),
            [
                ":irc.example 001 ally :Welcome alice!al@host",
                ":irc.example 005 ally CHANTYPES=# :are supported",
                ":irc.example 375 ally :- day",
                ":irc.example 372 ally :- hello",
                ":irc.example 376 ally :end",
                ":ally!al@host MODE ally :+i",
                ":ally!al@host JOIN #Room",
                ":irc.example 332 ally #Room :of cabbages",
                ":irc.example 333 ally #Room bob 12",
            ]
        );
    }

    #[test]
    fn topics_and_absence_are_those_of_now() {
        let later = [
            ":alice!al@host JOIN #room * :Alice",
            ":irc.example 332 alice #room :of cabbages",
            ":bob!b@h TOPIC #room :of kings",
            ":irc.example 306 alice :away",
        ];
        let lines = retold(&[&BEGINNING[..], &later].concat(), true);
        assert_eq!(
            &lines[5..8],
            [
                ":irc.example 306 alice :You have been marked as being away",
                ":alice!al@host JOIN #room * :alice",
                ":irc.example 332 alice #room :of kings",
            ]
        );
        assert!(
            lines[8].starts_with(":irc.example 333 alice #room bob "),
            "{lines:?}"
        );
        let back = [":irc.example 305 alice :back", ":bob!b@h TOPIC #room :"];
        let lines = retold(&[&BEGINNING[..], &later, &back].concat(), false);
        assert_eq!(&lines[5..], [":alice!al@host JOIN #room"]);
    }

    #[test]
    fn a_server_that_never_stops_fills_no_memory() {
        let long = format!(":irc.example 372 alice :{}", "x".repeat(4000));
        let mut lines = vec![BEGINNING[0]];
        lines.extend(std::iter::repeat_n(long.as_str(), 3000));
        let (attendance, _) = told(&lines);
        assert!(attendance.size <= MOST_BYTES && attendance.welcome.len() <= MOST_LINES);
        let joins: Vec<String> = (0..2000).map(|at| format!(":alice!a@h JOIN #{at}")).collect();
        let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
        let (attendance, _) = told(&[&BEGINNING[..1], &joins].concat());
        assert_eq!(attendance.channels.len(), MOST_CHANNELS);
    }
}
