//! A proxy on loopback between a scripted IRC client and the embedded relay.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "../running/mod.rs"]
mod running;

use std::time::Duration;

use chatham::proxy::{Password, Running};
use im::relay::{Capture, Relay, RelayConfig, ServerConfig};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Nothing takes so long but what never comes.
const PATIENCE: Duration = Duration::from_secs(60);
const CAPTURE_LIMIT: usize = 8 << 20;

/// The relay, with what passes over its sockets.
pub async fn network(capabilities: Vec<im::irc::Capability>) -> (Relay, Capture) {
    let capture = Capture::new(CAPTURE_LIMIT);
    let relay = Relay::start(RelayConfig {
        capture: Some(capture.clone()),
        server: ServerConfig {
            capabilities,
            ..ServerConfig::default()
        },
        ..RelayConfig::default()
    });
    (relay.await.unwrap(), capture)
}

/// A running proxy.
pub struct House {
    pub running: Running,
    pub password: String,
    pub folder: tempfile::TempDir,
}

impl House {
    /// With one door, to this port.
    pub async fn before(port: u16) -> Self {
        Self::with(port, "").await
    }

    /// The same, with more in the configuration.
    pub async fn with(port: u16, more: &str) -> Self {
        Self::at("tls = false", port, more).await
    }

    /// The same, with encryption that is set up like this.
    pub async fn at(tls: &str, port: u16, more: &str) -> Self {
        Self::of(format!(
            "[proxy.irc.default]\nlisten = '127.0.0.1:0'\n[profile.default]\nnick = 'alice'\n\
             [profile.default.server]\nhost = '127.0.0.1'\nport = {port}\n{tls}\n\
             [profile.default.pacing]\nburst = 1000\ninterval-ms = 0\n{more}"
        ))
        .await
    }

    /// With one door that has these settings, to this port.
    pub async fn behind(door: &str, port: u16) -> Self {
        Self::of(format!(
            "[proxy.irc.default]\nlisten = '127.0.0.1:0'\n{door}[profile.default]\nnick = 'alice'\n\
             [profile.default.server]\nhost = '127.0.0.1'\nport = {port}\ntls = false\n\
             [profile.default.pacing]\nburst = 1000\ninterval-ms = 0\n"
        ))
        .await
    }

    /// By this configuration.
    pub async fn of(text: String) -> Self {
        let (running, folder) = running::start(text).await;
        let password = Password::read(&folder.path().join("data"))
            .unwrap()
            .unwrap()
            .reveal()
            .to_owned();
        Self {
            running,
            password,
            folder,
        }
    }

    /// A client at the door, which has said nothing.
    pub async fn knock(&self) -> Client {
        Client::at(self.running.addresses()[0].port()).await
    }

    /// The port of a door, in the order of the plan.
    pub fn port(&self, door: usize) -> u16 {
        self.running.addresses()[door].port()
    }

    /// A client that is in.
    pub async fn enter(&self, nick: &str) -> Client {
        let mut client = self.knock().await;
        client.register(Some(&self.password), nick).await;
        client
    }
}

/// A scripted IRC client: it says lines, and remembers those it got.
pub struct Client {
    reads: BufReader<OwnedReadHalf>,
    writes: OwnedWriteHalf,
    begun: Vec<u8>,
    pub lines: Vec<String>,
}

impl Client {
    pub async fn at(port: u16) -> Self {
        Self::over(TcpStream::connect(("127.0.0.1", port)).await.unwrap())
    }

    /// On a connection that somebody else has made.
    pub fn over(stream: TcpStream) -> Self {
        let (reads, writes) = stream.into_split();
        Self {
            reads: BufReader::new(reads),
            writes,
            begun: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub async fn register(&mut self, password: Option<&str>, nick: &str) {
        if let Some(password) = password {
            self.say(&format!("PASS {password}")).await;
        }
        self.say(&format!("NICK {nick}")).await;
        self.say(&format!("USER {nick} 0 * :{nick}")).await;
        self.until(&[" 422 "]).await;
    }

    pub async fn say(&mut self, line: &str) {
        self.raw(format!("{line}\r\n").as_bytes()).await;
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        self.writes.write_all(bytes).await.unwrap();
    }

    /// Says bytes; whether there was anybody to hear them.
    pub async fn try_raw(&mut self, bytes: &[u8]) -> bool {
        self.writes.write_all(bytes).await.is_ok()
    }

    /// Registers, if the connection lasts as long.
    pub async fn try_register(&mut self, password: &str, nick: &str) -> bool {
        let hello = format!("PASS {password}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n");
        if !self.try_raw(hello.as_bytes()).await {
            return false;
        }
        let wait = async {
            while let Some(line) = self.line().await {
                if line.contains(" 422 ") {
                    return true;
                }
                // The server has not heard yet that the last connection is gone.
                if line.contains(" 433 ") {
                    return false;
                }
            }
            false
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("no answer")
    }

    /// Ends its half of the connection.
    pub async fn hang_up(&mut self) {
        let _already_gone = self.writes.shutdown().await;
    }

    /// Takes in every whole line until the end.
    pub async fn rest_of_lines(&mut self) {
        let all = async { while self.line().await.is_some() {} };
        tokio::time::timeout(PATIENCE, all)
            .await
            .expect("the other side never closed");
    }

    /// Waits for a line with all these parts, and returns it.
    pub async fn until(&mut self, parts: &[&str]) -> String {
        let wait = async {
            loop {
                let line = self.line().await?;
                if parts.iter().all(|part| line.contains(part)) {
                    return Some(line);
                }
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(Some(line)) => line,
            missing => panic!(
                "{parts:?} never came ({missing:?}), but\n{}",
                self.lines.join("\n")
            ),
        }
    }

    /// The next line; `None` at the end.
    pub async fn line(&mut self) -> Option<String> {
        // What was read stays if the wait is given up.
        self.reads.read_until(b'\n', &mut self.begun).await.ok()?;
        let bytes = std::mem::take(&mut self.begun);
        if bytes.is_empty() {
            return None;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line
            .strip_suffix("\r\n")
            .unwrap_or_else(|| panic!("{line:?} has no end"));
        self.lines.push(line.to_owned());
        Some(line.to_owned())
    }

    /// Everything until the other side closes.
    pub async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.reads.read_to_end(&mut text)).await;
        // A connection that is reset has ended as well.
        let _count = read.expect("the other side never closed");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Everything that came until now, which a PING marks.
    pub async fn settle(&mut self) {
        let mark = format!("mark-{}", self.lines.len());
        self.say(&format!("PING {mark}")).await;
        self.until(&["PONG", &mark]).await;
    }

    pub fn has(&self, parts: &[&str]) -> bool {
        self.lines
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    }
}
