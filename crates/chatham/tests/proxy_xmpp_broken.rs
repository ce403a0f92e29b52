//! Both ends behind doors to XMPP accounts, and connections that break at any byte, on either side of the proxies, or after
//! the end of the server's stream; at a server whose streams go on after a break, and at one whose do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod broken;
mod xmpp;

use std::rc::Rc;

use chatham::proxy::Running;

use crate::broken::{End, MOMENT, NAMES, Wire};
use crate::xmpp::{Client, Server};

/// Somebody on XMPP, at a server whose streams go on or do not.
struct Xmpp<const GOES_ON: bool> {
    name: &'static str,
    server: Rc<Server>,
    running: Running,
    _folder: tempfile::TempDir,
    wire: Wire,
    /// `None` while there is no connection.
    client: Option<Client>,
}

impl<const GOES_ON: bool> Xmpp<GOES_ON> {
    async fn new(name: &'static str, server: &Rc<Server>) -> Self {
        let wire = Wire::to(server.port).await;
        let (running, folder) = xmpp::running::start(format!(
            "[proxy.xmpp.{name}]\nlisten = '127.0.0.1:0'\nloopback = 'plain'\n[profile.{name}.xmpp]\n\
             jid = '{name}@example.org'\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\n",
            wire.port
        ))
        .await;
        Self {
            name,
            server: Rc::clone(server),
            running,
            _folder: folder,
            wire,
            client: None,
        }
    }
}

impl<const GOES_ON: bool> End for Xmpp<GOES_ON> {
    const BYTES: usize = 4000;

    async fn two() -> [Self; 2] {
        let server = match GOES_ON {
            true => Server::start_managed().await,
            false => Server::start().await,
        };
        let server = Rc::new(server);
        [
            Self::new(NAMES[0], &server).await,
            Self::new(NAMES[1], &server).await,
        ]
    }

    fn running(&self) -> &Running {
        &self.running
    }

    fn wire(&self) -> &Wire {
        &self.wire
    }

    fn is_here(&self) -> bool {
        self.client.is_some()
    }

    fn is_at_rest(&self) -> bool {
        // A stream that goes on is looked for meanwhile.
        self.is_here() && self.server.has(self.name)
    }

    async fn come_back(&mut self, shown: &mut Vec<String>) {
        if self.client.is_none() {
            let port = self.running.addresses()[0].port();
            self.client = Client::try_enter(self.name, port, shown).await;
        }
    }

    async fn raw(&mut self, bytes: &[u8], shown: &mut Vec<String>) {
        if let Some(client) = &mut self.client
            && !client.try_raw(bytes).await
        {
            // What the proxy has said before it went.
            while client.try_read().await {}
            shown.append(&mut client.take_seen());
            self.client = None;
        }
    }

    async fn listen(&mut self, shown: &mut Vec<String>) -> bool {
        let mut heard = false;
        while let Some(client) = &mut self.client {
            let read = tokio::time::timeout(MOMENT, client.try_read()).await;
            shown.append(&mut client.take_seen());
            match read {
                Ok(true) => heard = true,
                Ok(false) => self.client = None,
                Err(_) => break,
            }
        }
        heard
    }

    async fn hang_up(&mut self, shown: &mut Vec<String>) {
        if let Some(mut client) = self.client.take() {
            client.hang_up().await;
            shown.append(&mut client.take_seen());
        }
    }

    fn server_says_goodbye(&self) -> bool {
        self.server.try_inject(self.name, "</stream:stream>");
        true
    }

    fn saying(to: &str, text: &str) -> String {
        format!("<message type='chat' to='{to}@example.org' id='m'><body>{text}</body></message>")
    }

    fn is_told(line: &str) -> bool {
        line.contains("chatham.invalid")
    }

    fn is_said(line: &str) -> bool {
        line.starts_with("<message") && !Self::is_told(line)
    }
}

#[tokio::test]
async fn every_text_is_read_or_reported_wherever_a_connection_breaks() {
    broken::every_text_is_read_or_reported::<Xmpp<false>>().await;
}

#[tokio::test]
async fn every_text_is_read_or_reported_where_streams_go_on() {
    broken::every_text_is_read_or_reported::<Xmpp<true>>().await;
}

#[tokio::test]
async fn a_leak_trips_the_capture() {
    broken::a_leak_trips_the_capture::<Xmpp<false>>().await;
}
