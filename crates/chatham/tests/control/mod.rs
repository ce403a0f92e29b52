//! A proxy as a process, an IRC client that knows nothing behind it, and `chatham ctl` beside it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use im::relay::{Capture, Relay, RelayConfig};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// The relay on a thread of its own.
pub fn network() -> u16 {
    network_with(None)
}

/// The same, with what passes over its sockets.
pub fn network_with(capture: Option<Capture>) -> u16 {
    let (port, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let config = RelayConfig {
                capture,
                ..RelayConfig::default()
            };
            let relay = Relay::start(config).await.unwrap();
            port.send(relay.address().port()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

/// `chatham proxy`.
pub struct Proxy {
    pub child: Child,
    pub data: PathBuf,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

impl Proxy {
    pub fn start(upstream: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::with(folder, data, upstream)
    }

    pub fn with(folder: tempfile::TempDir, data: PathBuf, upstream: u16) -> Self {
        let (child, port) = start(&data, upstream).unwrap_or_else(|fault| panic!("{fault}"));
        Self {
            child,
            data,
            port,
            folder,
        }
    }

    /// Kills it without a word, and starts another one with the same store.
    pub fn kill_and_restart(&mut self, upstream: u16) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.port) = start(&self.data, upstream).unwrap();
    }

    pub fn end(&mut self) -> bool {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(killed.unwrap().success());
        self.child.wait().unwrap().success()
    }

    pub fn password(&self) -> String {
        let text = std::fs::read_to_string(self.data.join("proxy-password")).unwrap();
        text.trim_end().to_owned()
    }

    pub fn socket(&self) -> PathBuf {
        self.data.join("control/socket")
    }

    /// An IRC client that is in.
    pub fn enter(&self, nick: &str) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client {
            reads: BufReader::new(stream.try_clone().unwrap()),
            writes: stream,
            lines: Vec::new(),
        };
        client.say(&format!("PASS {}", self.password()));
        client.say(&format!("NICK {nick}"));
        client.say(&format!("USER {nick} 0 * :{nick}"));
        client.until(&["can be private"]);
        client
    }

    /// `chatham ctl …`: the exit code, what it said, what it complained of.
    pub fn ctl(&self, arguments: &[&str]) -> (i32, String, String) {
        self.ctl_with("", arguments)
    }

    /// The same with something on the standard input.
    pub fn ctl_with(&self, input: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut child = self.begin(arguments);
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        said(child.wait_with_output().unwrap())
    }

    pub fn begin(&self, arguments: &[&str]) -> Child {
        program(&self.data, "ctl", arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn done(&self, arguments: &[&str]) -> String {
        let (code, said, complaint) = self.ctl(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}{complaint}");
        said
    }

    pub fn keys(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = program(&self.data, "keys", arguments)
            .stdin(Stdio::null())
            .output();
        said(output.unwrap())
    }

    /// Somebody at the socket who writes what they like.
    pub fn knock(&self) -> Raw {
        Raw::at(&self.socket())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // A test that failed must not leave a program behind.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Starts a proxy; what it complained of if it does not begin.
pub fn start(data: &Path, upstream: u16) -> Result<(Child, u16), String> {
    let upstream = format!("127.0.0.1:{upstream}");
    let mut child = program(
        data,
        "proxy",
        &[
            "--listen",
            "127.0.0.1:0",
            "--no-tls",
            "--upstream",
            &upstream,
            "--json",
        ],
    )
    .stdin(Stdio::null())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut port = 0;
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        let value: Value = serde_json::from_str(&line).unwrap();
        if let Some(listen) = value["listen"].as_str() {
            port = listen.rsplit(':').next().unwrap().parse().unwrap();
        }
        if value["event"] == "ready" {
            return Ok((child, port));
        }
    }
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    child.wait().unwrap();
    Err(complaint)
}

pub fn program(data: &Path, command: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chatham"));
    program
        .arg(command)
        .args(arguments)
        .args(["--data", data.to_str().unwrap()])
        .env("CHATHAM_CONFIG", "/nonexistent/chatham.toml");
    program
}

pub fn said(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A scripted IRC client.
pub struct Client {
    reads: BufReader<TcpStream>,
    writes: TcpStream,
    pub lines: Vec<String>,
}

impl Client {
    pub fn say(&mut self, line: &str) {
        self.writes.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    pub fn until(&mut self, parts: &[&str]) -> String {
        loop {
            let mut line = String::new();
            let read = self.reads.read_line(&mut line);
            if !read.is_ok_and(|count| count > 0) {
                panic!("{parts:?} never came, but\n{}", self.lines.join("\n"));
            }
            let line = line.trim_end().to_owned();
            self.lines.push(line.clone());
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }
}

/// The socket, byte for byte.
pub struct Raw {
    reads: BufReader<UnixStream>,
    writes: UnixStream,
}

impl Raw {
    pub fn at(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            reads: BufReader::new(stream.try_clone().unwrap()),
            writes: stream,
        }
    }

    /// Whether it could be written.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        self.writes.write_all(bytes).is_ok()
    }

    /// The next object; `None` at the end.
    pub fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.reads.read_line(&mut line);
        read.is_ok_and(|count| count > 0)
            .then(|| serde_json::from_str(&line).unwrap())
    }

    pub fn ask(&mut self, line: &str) -> Value {
        assert!(self.write(format!("{line}\n").as_bytes()));
        loop {
            let value = self.next().expect("it was closed");
            if value.get("done").is_some() {
                return value;
            }
        }
    }
}
