//! Two programs on the full screen of two terminals, over the relay of this computer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod control;

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{chatham, free_port, text};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A terminal with the program in it.
struct Seen {
    name: &'static str,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
}

impl Seen {
    fn start(name: &'static str, port: u16, data: &Path) -> Self {
        Self::with(name, &[&format!("--local={port}"), "--nick", name], data)
    }

    fn with(name: &'static str, arguments: &[&str], data: &Path) -> Self {
        let pair = native_pty_system().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_chatham"));
        command.arg("chat");
        command.args(arguments);
        command.arg("--data");
        command.arg(data);
        command.env("TERM", "xterm-256color");
        command.env("CHATHAM_CONFIG", common::NOWHERE);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let keys = pair.master.take_writer().unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(80), 0)));
        let sink = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                sink.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self {
            name,
            master: pair.master,
            keys,
            child,
            parser,
        }
    }

    fn contents(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until all these words are on the screen at once.
    fn expect(&self, words: &[&str]) {
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            let shown = self.contents();
            if words.iter().all(|words| shown.contains(words)) {
                return;
            }
            std::thread::yield_now();
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!(
            "{} never showed {words:?}; it shows:\n{}",
            self.name,
            self.contents()
        );
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&mut self, rows: u16, columns: u16) {
        self.parser
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        self.master.resize(size(rows, columns)).unwrap();
    }

    /// The program ends, and the terminal is as it was.
    fn ended(mut self) -> bool {
        let well = self.child.wait().unwrap().success();
        let patience = Instant::now() + Duration::from_secs(10);
        while Instant::now() < patience {
            let restored = {
                let parser = self.parser.lock().unwrap();
                let screen = parser.screen();
                !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor()
            };
            if restored {
                return well;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} left the terminal as it should not be", self.name);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        // A test that failed must not leave a program behind.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

const F2: &str = "\x1bOQ";
const ENTER: &str = "\r";
const CTRL_Q: &str = "\x11";

#[test]
fn two_people_find_verify_and_leave_each_other() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let mut alice = Seen::start("alice", port, &folder.path().join("alice"));
    alice.expect(&["you are alice", "Nobody else is here yet"]);
    let mut bob = Seen::start("bob", port, &folder.path().join("bob"));
    // Nobody has typed a name, and both see each other.
    bob.expect(&["you are bob", "alice: ○ NOT PRIVATE"]);
    alice.expect(&["bob: ○ NOT PRIVATE"]);

    alice.press("hello bob");
    alice.press(ENTER);
    bob.expect(&["○ alice", "│ hello bob"]);
    bob.press("hello alice");
    bob.press(ENTER);
    alice.expect(&["hello alice", "private, NOT VERIFIED"]);
    bob.expect(&["private, NOT VERIFIED"]);

    alice.press(F2);
    alice.expect(&["Three ways"]);
    alice.press("3");
    alice.expect(&["The secret:"]);
    alice.press("an owl");
    alice.press(ENTER);
    bob.expect(&["wants to compare a secret"]);
    bob.press(F2);
    bob.expect(&["The answer, letter for letter"]);
    bob.press("an owl");
    bob.press(ENTER);
    bob.expect(&["VERIFIED. From now on", "● private and verified"]);
    alice.expect(&["VERIFIED. From now on", "● private and verified"]);
    alice.press(ENTER);
    // The dialog is closed when the line of keys is that of the conversation: only then does typing go there.
    alice.expect(&["type to bob", "Enter send"]);

    alice.resize(40, 120);
    alice.press("seen at any size");
    alice.press(ENTER);
    bob.press(ENTER);
    bob.expect(&["● alice", "│ seen at any size"]);
    // Only an answer proves that the text could be read: without it, leaving would have to ask.
    bob.press("so it is");
    bob.press(ENTER);
    alice.expect(&[
        "✓✓ │ seen at any size",
        "│ so it is",
        "bob: ● private and verified",
    ]);

    bob.press(CTRL_Q);
    assert!(bob.ended());
    alice.expect(&["ENDED by them"]);
    alice.press(CTRL_Q);
    assert!(alice.ended());
}

#[test]
fn a_second_screen_on_the_conversations_of_a_proxy() {
    let port = control::network();
    let (proxy, folder) = (control::Proxy::start(port), tempfile::tempdir().unwrap());
    let mut ann = proxy.enter("alice");
    let server = format!("127.0.0.1:{port}");
    let arguments = [
        "--server", &server, "--no-tls", "--nick", "bob", "--peer", "alice",
    ];
    let mut bob = Seen::with("bob", &arguments, &folder.path().join("bob"));
    bob.expect(&["you are bob"]);
    bob.press("hello alice");
    bob.press(ENTER);
    ann.until(&[":hello alice"]);
    // Everybody whom the proxy knows is listed, and how private that is.
    ann.say("PRIVMSG bob :!otr start");
    bob.expect(&["private, NOT VERIFIED"]);
    ann.until(&["*chatham", "private conversation ("]);
    let mut alice = Seen::with("alice", &[], &proxy.data);
    alice.expect(&["bob: ◐ private, NOT VERIFIED", "you are alice"]);
    alice.press("ge·heim·eins");
    alice.press(ENTER);
    bob.expect(&["│ ge·heim·eins"]);
    ann.until(&["*chatham", "you said elsewhere", "ge·heim·eins"]);
    bob.press("ge·heim·zwei");
    bob.press(ENTER);
    alice.expect(&["✓  │ ge·heim·eins", "│ ge·heim·zwei"]);
    alice.press("ge·heim·vier");
    alice.press(ENTER);
    bob.expect(&["│ ge·heim·vier"]);
    bob.press("so it is");
    bob.press(ENTER);
    alice.expect(&["✓✓ │ ge·heim·vier", "│ so it is"]);
    ann.say("PRIVMSG bob :ge·heim·drei");
    alice.expect(&["│ ge·heim·drei"]);

    // Words to compare: those that one reads, the other hears.
    alice.press(F2);
    alice.expect(&["Three ways"]);
    alice.press("1");
    alice.expect(&["you read"]);
    bob.press(F2);
    bob.expect(&["Three ways"]);
    bob.press("1");
    bob.expect(&["you read"]);
    let words = |seen: &Seen, who: &str| {
        let shown = seen.contents();
        let (_, line) = shown.split_once(who).unwrap();
        let words: Vec<String> = line.split_whitespace().take(3).map(str::to_owned).collect();
        words
    };
    assert_eq!(words(&alice, "you read"), words(&bob, "they read"));
    alice.press("y");
    alice.expect(&["VERIFIED. From now on", "● private and verified"]);
    ann.until(&["*chatham", "verified"]);
    assert_eq!(proxy.done(&["people"]), "bob: private, verified\n");
    alice.press(ENTER);
    alice.expect(&["type to bob"]);

    // Leaving ends nothing, and asks nothing.
    alice.press("\x1bOP");
    alice.expect(&["more: PageDown"]);
    alice.press("   ");
    alice.expect(&["the conversations go on"]);
    alice.press("\x1b");
    alice.expect(&["type to bob"]);
    alice.press(CTRL_Q);
    assert!(alice.ended());
    assert_eq!(proxy.done(&["people"]), "bob: private, verified\n");
}

#[test]
fn a_hang_up_gives_the_terminal_back() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let alice = Seen::start("alice", port, &folder.path().join("alice"));
    alice.expect(&["you are alice"]);
    let id = alice.child.process_id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .unwrap();
    assert!(sent.success());
    assert!(alice.ended());
}

#[test]
fn without_a_terminal_there_is_a_sentence_and_no_screen() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = chatham(&["chat", "--local", "--nick", "x", "--data", data]);
    assert_eq!(output.status.code(), Some(1));
    let words = text(&output.stderr);
    assert!(
        words.contains("chat --plain") && words.lines().count() == 1,
        "{words}"
    );
    assert!(output.stdout.is_empty());
}
