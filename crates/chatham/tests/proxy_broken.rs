//! Both ends behind our proxies for IRC, and connections that break at any byte, on either side of the proxies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod broken;
mod doors;

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
    async fn new(name: &'static str, relay: &Rc<Relay>) -> Self {
        let wire = Wire::to(relay.address().port()).await;
        Self {
            name,
            house: House::with(wire.port, "").await,
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
            Self::new(NAMES[0], &relay).await,
            Self::new(NAMES[1], &relay).await,
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

#[tokio::test]
async fn a_leak_trips_the_capture() {
    broken::a_leak_trips_the_capture::<Irc>().await;
}
