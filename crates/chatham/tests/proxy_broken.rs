//! Both ends behind our proxies for IRC, and connections that break at any byte, on either side of the proxies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod broken;
mod doors;

use std::collections::BTreeMap;
use std::rc::Rc;

use chatham::proxy::Running;
use im::relay::Relay;

use crate::broken::{End, MOMENT, NAMES, Wire};
use crate::doors::{Client, House, network};

/// Somebody on IRC.
struct Irc {
    name: &'static str,
    house: House,
    wire: Wire,
    /// `None` while there is no connection.
    client: Option<Client>,
    _relay: Rc<Relay>,
}

impl Irc {
    async fn new(name: &'static str, relay: &Rc<Relay>, door: &str) -> Self {
        let wire = Wire::to(relay.address().port()).await;
        Self {
            name,
            house: House::behind(door, wire.port).await,
            wire,
            client: None,
            _relay: Rc::clone(relay),
        }
    }
}

impl End for Irc {
    const BYTES: usize = 2500;

    async fn two() -> [Self; 2] {
        let (relay, _) = network(Vec::new()).await;
        let relay = Rc::new(relay);
        [
            Self::new(NAMES[0], &relay, "").await,
            Self::new(NAMES[1], &relay, "").await,
        ]
    }

    fn running(&self) -> &Running {
        &self.house.running
    }

    fn wire(&self) -> &Wire {
        &self.wire
    }

    fn is_here(&self) -> bool {
        self.client.is_some()
    }

    async fn come_back(&mut self, shown: &mut Vec<String>) {
        if self.client.is_none() {
            let mut client = self.house.knock().await;
            let entered = client.try_register(&self.house.password, self.name).await;
            shown.append(&mut client.lines);
            self.client = entered.then_some(client);
        }
    }

    async fn raw(&mut self, bytes: &[u8], _shown: &mut Vec<String>) {
        if let Some(client) = &mut self.client
            && !client.try_raw(bytes).await
        {
            self.client = None;
        }
    }

    async fn listen(&mut self, shown: &mut Vec<String>) -> bool {
        let mut heard = false;
        while let Some(client) = &mut self.client {
            match tokio::time::timeout(MOMENT, client.line()).await {
                Ok(Some(_)) => {
                    shown.append(&mut client.lines);
                    heard = true;
                }
                Ok(None) => self.client = None,
                Err(_) => break,
            }
        }
        heard
    }

    async fn hang_up(&mut self, shown: &mut Vec<String>) {
        if let Some(mut client) = self.client.take() {
            client.hang_up().await;
            client.rest_of_lines().await;
            shown.append(&mut client.lines);
        }
    }

    fn server_says_goodbye(&self) -> bool {
        false
    }

    fn saying(to: &str, text: &str) -> String {
        format!("PRIVMSG {to} :{text}\r\n")
    }

    fn is_told(line: &str) -> bool {
        line.starts_with(":*chatham")
    }

    fn is_said(line: &str) -> bool {
        line.contains(" PRIVMSG ") && !Self::is_told(line)
    }
}

#[tokio::test]
async fn every_text_is_read_or_reported_wherever_a_connection_breaks() {
    broken::every_text_is_read_or_reported::<Irc>().await;
}

/// Somebody on IRC with two clients at a time, which speak and break in turns, and a connection that may outlive both.
struct Both {
    ends: [Irc; 1],
    second: Option<Client>,
    /// How often each client has shown a line.
    counted: BTreeMap<String, [usize; 2]>,
    turn: usize,
}

impl Both {
    /// A line that both have shown was shown once; one that a client has shown twice was shown twice.
    fn note(&mut self, which: usize, lines: &mut Vec<String>, shown: &mut Vec<String>) {
        for line in lines.drain(..) {
            let words = line
                .split_once(" :")
                .map_or(line.as_str(), |(_, words)| words)
                .to_owned();
            let counts = self.counted.entry(words).or_default();
            counts[which] += 1;
            if counts[which] > counts[1 - which] || !Irc::is_said(&line) {
                shown.push(line);
            }
        }
    }
}

impl End for Both {
    const BYTES: usize = Irc::BYTES;

    async fn two() -> [Self; 2] {
        let (relay, _) = network(Vec::new()).await;
        let relay = Rc::new(relay);
        let both = |end| Self {
            ends: [end],
            second: None,
            counted: BTreeMap::new(),
            turn: 0,
        };
        [
            both(Irc::new(NAMES[0], &relay, "").await),
            both(Irc::new(NAMES[1], &relay, "stay = 'always'\n").await),
        ]
    }

    fn running(&self) -> &Running {
        self.ends[0].running()
    }

    fn wire(&self) -> &Wire {
        self.ends[0].wire()
    }

    fn is_here(&self) -> bool {
        self.ends[0].is_here() && self.second.is_some()
    }

    async fn come_back(&mut self, shown: &mut Vec<String>) {
        let mut lines = Vec::new();
        self.ends[0].come_back(&mut lines).await;
        self.note(0, &mut lines, shown);
        if self.second.is_none() {
            let end = &self.ends[0];
            let mut client = end.house.knock().await;
            let entered = client.try_register(&end.house.password, end.name).await;
            let mut lines = std::mem::take(&mut client.lines);
            self.note(1, &mut lines, shown);
            self.second = entered.then_some(client);
        }
    }

    async fn raw(&mut self, bytes: &[u8], shown: &mut Vec<String>) {
        self.turn += 1;
        if self.turn.is_multiple_of(2) || self.second.is_none() {
            return self.ends[0].raw(bytes, shown).await;
        }
        if let Some(client) = &mut self.second
            && !client.try_raw(bytes).await
        {
            self.second = None;
        }
    }

    async fn listen(&mut self, shown: &mut Vec<String>) -> bool {
        let mut lines = Vec::new();
        let mut heard = self.ends[0].listen(&mut lines).await;
        self.note(0, &mut lines, shown);
        while let Some(client) = &mut self.second {
            match tokio::time::timeout(MOMENT, client.line()).await {
                Ok(Some(_)) => {
                    lines.append(&mut client.lines);
                    heard = true;
                }
                Ok(None) => self.second = None,
                Err(_) => break,
            }
        }
        self.note(1, &mut lines, shown);
        heard
    }

    async fn hang_up(&mut self, shown: &mut Vec<String>) {
        let mut lines = Vec::new();
        if self.turn.is_multiple_of(2) {
            self.ends[0].hang_up(&mut lines).await;
            return self.note(0, &mut lines, shown);
        }
        if let Some(mut client) = self.second.take() {
            client.hang_up().await;
            client.rest_of_lines().await;
            lines.append(&mut client.lines);
        }
        self.note(1, &mut lines, shown);
    }

    fn server_says_goodbye(&self) -> bool {
        false
    }

    fn saying(to: &str, text: &str) -> String {
        Irc::saying(to, text)
    }

    fn is_told(line: &str) -> bool {
        Irc::is_told(line)
    }

    fn is_said(line: &str) -> bool {
        Irc::is_said(line)
    }
}

#[tokio::test]
async fn the_same_with_two_clients_of_each_of_them() {
    broken::every_text_is_read_or_reported::<Both>().await;
}

#[tokio::test]
async fn a_leak_trips_the_capture() {
    broken::a_leak_trips_the_capture::<Irc>().await;
}
