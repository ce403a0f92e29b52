//! A small network without sockets, and people with raw sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use im::irc::{Client, Config, Event, IrcLine, Output, Said};
use im::relay::{ConnectionId, Effect, Relay, Server, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A relay and clients, all in one place: what one sends, the other has at once.
pub(crate) struct Net {
    pub(crate) server: Server,
    pub(crate) clients: BTreeMap<ConnectionId, Client>,
    /// Every line that the relay sent, with whom to.
    pub(crate) wire: Vec<(ConnectionId, Vec<u8>)>,
    events: Vec<(ConnectionId, Event)>,
}

impl Net {
    pub(crate) fn new() -> Self {
        let server = Server::new(ServerConfig::default());
        Self {
            server,
            clients: BTreeMap::new(),
            wire: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn join(&mut self, number: u64, host: &str, config: Config) -> ConnectionId {
        let id = ConnectionId(number);
        let mut client = Client::new(config).unwrap();
        let hello = client.start();
        self.clients.insert(id, client);
        self.server.connect(id, host.as_bytes());
        self.carry_out(id, hello);
        id
    }

    pub(crate) fn say(&mut self, from: ConnectionId, line: &IrcLine) {
        let effects = self.server.receive(from, &line.to_wire());
        self.deliver(effects);
    }

    pub(crate) fn say_raw(&mut self, from: ConnectionId, bytes: &[u8]) {
        let effects = self.server.receive(from, bytes);
        self.deliver(effects);
    }

    /// The texts that this connection was told since the last call.
    pub(crate) fn heard(&mut self, by: ConnectionId) -> Vec<Said> {
        let texts = |event| {
            if let Event::Message(said) = event {
                Some(said)
            } else {
                None
            }
        };
        self.events(by).into_iter().filter_map(texts).collect()
    }

    /// The events of this connection since the last call.
    pub(crate) fn events(&mut self, by: ConnectionId) -> Vec<Event> {
        let (mine, others) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|(id, _)| *id == by);
        self.events = others;
        let mine: Vec<(ConnectionId, Event)> = mine;
        mine.into_iter().map(|(_, event)| event).collect()
    }

    fn carry_out(&mut self, id: ConnectionId, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(line) => self.say(id, &line),
                Output::Event(event) => self.events.push((id, event)),
                Output::Close => {}
            }
        }
    }

    fn deliver(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Send(id, line) = effect else { continue };
            self.wire.push((id, line.to_wire()));
            let outputs = self
                .clients
                .get_mut(&id)
                .map(|client| client.receive(&line.to_wire()));
            self.carry_out(id, outputs.unwrap_or_default());
        }
    }
}

/// A person with a bare socket, for whom nothing is hidden.
pub(crate) struct Raw {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(relay: &Relay) -> Self {
        Self {
            stream: TcpStream::connect(relay.address()).await.unwrap(),
            held: Vec::new(),
        }
    }

    /// Registers and reads on to the end of the welcome.
    pub(crate) async fn register(relay: &Relay, nick: &str, password: Option<&str>) -> Self {
        let mut raw = Self::connect(relay).await;
        if let Some(password) = password {
            raw.send(&format!("PASS {password}")).await;
        }
        raw.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}")).await;
        raw.wait_for(" 422 ").await;
        raw
    }

    pub(crate) async fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next line with its line end; empty at the end of the stream.
    pub(crate) async fn line(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = self.held.iter().position(|&byte| byte == b'\n') {
                return self.held.drain(..=end).collect();
            }
            let mut bytes = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
            let count = read.expect("nothing comes").unwrap_or(0);
            if count == 0 {
                return std::mem::take(&mut self.held);
            }
            self.held.extend_from_slice(&bytes[..count]);
        }
    }

    /// The next line as text.
    pub(crate) async fn text(&mut self) -> String {
        String::from_utf8(self.line().await)
            .unwrap()
            .trim_end_matches("\r\n")
            .to_owned()
    }

    /// The next line that holds these words; lines before it are dropped.
    pub(crate) async fn wait_for(&mut self, words: &str) -> String {
        loop {
            let line = self.text().await;
            assert!(!line.is_empty(), "the stream ended before {words:?}");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks for a sign of life, and returns every line that came before it.
    pub(crate) async fn settle(&mut self) -> Vec<String> {
        self.send("PING :settled").await;
        let mut lines = Vec::new();
        loop {
            let line = self.text().await;
            if line.is_empty() || line.ends_with(" :settled") {
                return lines;
            }
            lines.push(line);
        }
    }
}

/// Only so that a test that waits for what never comes ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
