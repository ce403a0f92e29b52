//! `chatham chat` with a store of its own, as a client like any other at the door of a proxy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod control;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use control::{Proxy, network, program};

// No four letters in a row that could be base64: ciphertext has them by chance.
const SECRETS: [&str; 2] = ["ge·hëïm·eï·ns", "ge·hëïm·zw·eï"];

/// The plain client.
struct Chat {
    child: Child,
    types: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Chat {
    /// With the proxy's door for a server, its password, and no encryption of its own.
    fn enter(proxy: &Proxy, nick: &str) -> Self {
        let data = proxy.folder.path().join("chat");
        let config = proxy.folder.path().join("chat.toml");
        fs::write(&config, "[policy]\nmode = \"never\"\n").unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let door = format!("127.0.0.1:{}", proxy.port);
        let password = proxy.data.join("proxy-password");
        let mut child = program(
            &data,
            "chat",
            &[
                "--plain",
                "--config",
                config.to_str().unwrap(),
                "--server",
                &door,
                "--no-tls",
                "--password-file",
                password.to_str().unwrap(),
                "--nick",
                nick,
                "--peer",
                "bob",
            ],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let types = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _gone = sender.send(line);
            }
        });
        Self {
            child,
            types,
            lines,
            seen: Vec::new(),
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.types, "{line}").unwrap();
    }

    fn until(&mut self, part: &str) {
        while !self.seen.last().is_some_and(|line| line.contains(part)) {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => self.seen.push(line),
                Err(fault) => panic!("{part} never came ({fault}), but {:#?}", self.seen),
            }
        }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // A test that failed must not leave a program behind.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn chat_talks_privately_through_the_door_of_the_proxy() {
    let port = network();
    let (ours, theirs) = (Proxy::start(port), Proxy::start(port));
    let mut bob = theirs.enter("bob");
    let mut chat = Chat::enter(&ours, "alice");
    chat.until("can be private");
    // Who has spoken is no stranger.
    bob.say("PRIVMSG alice :hello");
    chat.until("hello");
    chat.types("!otr start");
    chat.until("private conversation (");
    bob.until(&["private conversation ("]);
    chat.types(SECRETS[0]);
    let shown = bob.until(&[SECRETS[0]]);
    assert!(shown.starts_with(":alice!"), "{shown}");
    bob.say(&format!("PRIVMSG alice :{}", SECRETS[1]));
    chat.until(SECRETS[1]);
    assert!(ours.done(&["status", "bob"]).contains("private"));
}
