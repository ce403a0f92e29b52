//! The program as a process: lines in, lines out.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

pub mod programs;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A configuration that is not there.
pub const NOWHERE: &str = "/nonexistent/chatham.toml";

/// Runs the program to its end.
pub fn chatham(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chatham"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("CHATHAM_DATA")
        // Nobody's own configuration has a say in a test.
        .env("CHATHAM_CONFIG", NOWHERE)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running `chatham chat --plain`.
pub struct Talker {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Talker {
    pub fn start(name: &'static str, port: u16, data: &Path, more: &[&str]) -> Self {
        let (place, data) = (format!("--local={port}"), data.to_str().unwrap());
        let mut arguments = vec!["chat", "--plain", &place, "--nick", name, "--data", data];
        arguments.extend(more);
        Self::with(name, &arguments)
    }

    /// Runs the program with these arguments.
    pub fn with(name: &'static str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chatham"))
            .args(arguments)
            .env("CHATHAM_CONFIG", NOWHERE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            name,
            stdin: child.stdin.take().unwrap(),
            child,
            lines,
            seen: Vec::new(),
        }
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Waits for a line with all these parts, and returns it.
    pub fn expect(&mut self, parts: &[&str]) -> String {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let left = patience.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!(
                    "{} never showed {parts:?}; it showed:\n{}",
                    self.name,
                    self.seen.join("\n")
                );
            };
            self.seen.push(line.clone());
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }

    /// All lines so far.
    pub fn seen(&self) -> &[String] {
        &self.seen
    }

    /// Quits, and returns whether the program ended well.
    pub fn quit(mut self) -> bool {
        self.say("/quit");
        self.ended()
    }

    /// Everything until the program ends, and whether it ended well.
    pub fn rest(mut self) -> (bool, Vec<String>) {
        let patience = Instant::now() + Duration::from_secs(60);
        let left = || patience.saturating_duration_since(Instant::now());
        while let Ok(line) = self.lines.recv_timeout(left()) {
            self.seen.push(line);
        }
        let seen = std::mem::take(&mut self.seen);
        (self.ended(), seen)
    }

    /// Waits until the program ends by itself, and returns whether it did well.
    pub fn ended(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // A test that failed must not leave a program behind.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A port that nobody listens on, most likely for some time.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
