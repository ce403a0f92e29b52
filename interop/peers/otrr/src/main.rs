//! One end of a conversation spoken by the crate `otrr`, driven line by line (see ../../PROTOCOL.md): version 3 or version 4.

use otrr::crypto::{dsa, ed448};
use otrr::session::{Account, Session};
use otrr::{Host, OTRError, Policy, ProtocolStatus, UserMessage};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::rc::Rc;

/// What the driver and the callbacks of the crate share.
#[derive(Default)]
struct Shared {
    /// The answer to `state` while the crate waits inside `recv` for an SMP secret.
    state_line: RefCell<String>,
    /// Messages that arrived in that time.
    held: RefCell<VecDeque<Vec<u8>>>,
}

struct Person {
    shared: Rc<Shared>,
    /// None where only version 4 is allowed: the crate's profile says then that only that is spoken.
    key: Option<dsa::Keypair>,
    // The crate wants keys of version 4 even where only version 3 is allowed.
    identity: ed448::EdDSAKeyPair,
    forging: ed448::EdDSAKeyPair,
    profile: RefCell<Vec<u8>>,
    limit: usize,
    caps: &'static str,
}

impl Host for Person {
    fn message_size(&self) -> usize {
        self.limit
    }
    fn inject(&self, _account: &[u8], message: &[u8]) {
        say(&format!("wire {}", enc(message)));
    }
    fn keypair(&self) -> Option<&dsa::Keypair> {
        self.key.as_ref()
    }
    fn keypair_identity(&self) -> &ed448::EdDSAKeyPair {
        &self.identity
    }
    fn keypair_forging(&self) -> &ed448::EdDSAKeyPair {
        &self.forging
    }
    /// The crate wants the secret at once. So the command that brought the question ends here, and the next ones are
    /// read here until one of them is the answer.
    fn query_smp_secret(&self, question: &[u8]) -> Option<Vec<u8>> {
        if question.is_empty() {
            say("event smp-asked");
        } else {
            say(&format!("event smp-asked {}", enc(question)));
        }
        say("done");
        loop {
            let line = next_line();
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("answer", secret) => return Some(dec(secret)),
                ("abort", _) => return None,
                ("recv", message) => self.shared.held.borrow_mut().push_back(dec(message)),
                ("state", _) => say(&self.shared.state_line.borrow()),
                ("caps", _) => say(self.caps),
                ("tick", _) => {}
                _ => say("refused smp-waits-for-the-answer"),
            }
            say("done");
        }
    }
    fn client_profile(&self) -> Vec<u8> {
        self.profile.borrow().clone()
    }
    fn update_client_profile(&self, encoded_payload: Vec<u8>) {
        self.profile.replace(encoded_payload);
    }
}

struct Driver {
    account: Account,
    peer: Vec<u8>,
    shared: Rc<Shared>,
    fingerprint: String,
    version: u16,
    /// The instance of the correspondent that is spoken to; 0 before one is known.
    tag: u32,
}

impl Driver {
    fn session(&mut self) -> &mut Session {
        self.account.session(&self.peer)
    }

    fn status(&mut self) -> ProtocolStatus {
        let tag = self.tag;
        self.session().status(tag).unwrap_or(ProtocolStatus::Plaintext)
    }

    fn state_line(&mut self) -> String {
        let tag = self.tag;
        let status = self.status();
        let name = match status {
            ProtocolStatus::Plaintext => "plaintext",
            ProtocolStatus::Encrypted => "encrypted",
            ProtocolStatus::Finished => "finished",
        };
        let version = if status == ProtocolStatus::Encrypted { self.version } else { 0 };
        let ssid = self.session().ssid(tag).map_or_else(|_| "-".to_owned(), |id| enc(&id));
        format!(
            "state {name} version={version} ssid={ssid} half=- ours={} theirs=- trust=- auth=-\n\
             instance ours={:08x} theirs={tag:08x} {name} auth=- version={version}",
            self.fingerprint,
            self.account.instance_tag(),
        )
    }

    fn tell(&mut self, message: Result<UserMessage, OTRError>, was_private: bool) {
        match message {
            Ok(UserMessage::None | UserMessage::Reset(_)) => {}
            Ok(UserMessage::Plaintext(text)) => say(&format!("clear {}", enc(&text))),
            Ok(UserMessage::WarningUnencrypted(text)) => {
                say(&format!("event note unencrypted\nclear {}", enc(&text)));
            }
            Ok(UserMessage::Error(words)) => say(&format!("event error {}", enc(&words))),
            Ok(UserMessage::ConfidentialSessionStarted(tag)) => {
                say(if was_private && tag == self.tag { "event refreshed" } else { "event encrypted" });
                self.tag = tag;
            }
            Ok(UserMessage::Confidential(_, text, _)) if text.is_empty() => say("event heartbeat"),
            Ok(UserMessage::Confidential(_, text, _)) => say(&format!("text {}", enc(&text))),
            Ok(UserMessage::ConfidentialSessionFinished(_, text)) => {
                if !text.is_empty() {
                    say(&format!("text {}", enc(&text)));
                }
                say("event finished");
            }
            Ok(UserMessage::SMPSucceeded(_)) => say("event smp-success"),
            Ok(UserMessage::SMPFailed(_)) => say("event smp-failure"),
            Err(OTRError::UnreadableMessage(_)) => say("event unreadable"),
            Err(OTRError::MessageForOtherInstance) => say("event other-instance"),
            Err(e) => say(&format!("event note {e:?}").replace('\n', " ")),
        }
    }

    fn receive(&mut self, message: &[u8]) {
        let was_private = self.status() == ProtocolStatus::Encrypted;
        let line = self.state_line();
        self.shared.state_line.replace(line);
        let result = self.session().receive(message);
        self.tell(result, was_private);
        // Not in one expression with the test: the borrow must end before the next message is read.
        let held = self.shared.held.borrow_mut().pop_front();
        if let Some(next) = held {
            self.receive(&next);
        }
    }

    fn send(&mut self, text: &[u8]) {
        let tag = self.tag;
        match self.session().send(tag, text) {
            Ok(messages) => messages.iter().for_each(|m| say(&format!("wire {}", enc(m)))),
            Err(OTRError::PolicyRestriction(_)) => say("refused encryption-required"),
            Err(_) if self.status() == ProtocolStatus::Finished => say("refused finished"),
            Err(e) => say(&format!("refused {e:?}")),
        }
    }

    fn obey(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let arg = |i: usize| words.get(i).map(|w| dec(w)).unwrap_or_default();
        let tag = self.tag;
        let result = match words[0] {
            "caps" => return say(caps(self.version)),
            "start" => self.session().query(),
            "say" => return self.send(&arg(1)),
            "recv" => return self.receive(&arg(1)),
            "state" => return say(&self.state_line()),
            "tick" => return,
            "to" => {
                // `best` is the instance that became private last, as without the command.
                if let Some(chosen) = words.get(1).and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
                    self.tag = chosen;
                }
                return;
            }
            "end" => self.session().end(tag).map(|_| ()),
            "smp" | "abort" | "answer" if self.status() != ProtocolStatus::Encrypted => {
                return say("refused not-private");
            }
            "smp" => self.session().start_smp(tag, &arg(1), &arg(2)),
            "abort" => self.session().abort_smp(tag),
            "answer" => return say("refused not-asked"),
            command => return say(&format!("cannot {command} the crate has no such call")),
        };
        if let Err(e) = result {
            say(&format!("refused {e:?}"));
        }
    }
}

fn enc(data: &[u8]) -> String {
    if data.is_empty() { "-".to_owned() } else { hex::encode(data) }
}

fn dec(word: &str) -> Vec<u8> {
    if word == "-" { Vec::new() } else { hex::decode(word).expect("bad-hex") }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        exit(0);
    }
}

/// The next command; the end of input and `quit` end the program.
fn next_line() -> String {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(n) if n > 0 && line.trim_end() != "quit" => line.trim_end().to_owned(),
        _ => exit(0),
    }
}

fn usage(words: &str) -> ! {
    eprintln!("otrr driver: {words}");
    eprintln!("usage: driver ME PEER [versions=3|4] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH]");
    exit(2)
}

fn main() {
    // A panic in the crate is a finding: it is told as an answer, and the run goes on.
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [me, peer, rest @ ..] = args.as_slice() else { usage("too few arguments") };
    // The highest that is asked for is spoken, and no other: the crate does not tell which one it speaks.
    let (mut policy, mut limit, mut version) = (Policy::empty(), usize::MAX, 3);
    for word in rest {
        match word.split_once('=') {
            Some(("versions", digits)) => {
                version = digits.bytes().filter(u8::is_ascii_digit).max().map_or(0, |digit| u16::from(digit - b'0'));
            }
            Some(("instance" | "keyfile", _)) => {}
            Some(("fragment", n)) => match n.parse() {
                Ok(0) => {}
                Ok(n) => limit = n,
                Err(_) => usage(word),
            },
            Some(("policy", "manual")) => {}
            Some(("policy", "tag")) => policy |= Policy::SEND_WHITESPACE_TAG | Policy::WHITESPACE_START_AKE,
            Some(("policy", "opportunistic")) => {
                policy |= Policy::SEND_WHITESPACE_TAG | Policy::WHITESPACE_START_AKE | Policy::ERROR_START_AKE;
            }
            Some(("policy", "always")) => {
                policy |= Policy::REQUIRE_ENCRYPTION | Policy::WHITESPACE_START_AKE | Policy::ERROR_START_AKE;
            }
            _ => usage(word),
        }
    }
    match version {
        3 => policy |= Policy::ALLOW_V3,
        4 => policy |= Policy::ALLOW_V4,
        _ => {}
    }
    let shared = Rc::new(Shared::default());
    let (identity, forging) = (ed448::EdDSAKeyPair::generate(), ed448::EdDSAKeyPair::generate());
    let key = (version != 4).then(dsa::Keypair::generate);
    let fingerprint = match &key {
        Some(key) => enc(&otrr::crypto::otr::fingerprint(&key.public_key())),
        None => enc(&otrr::crypto::otr4::fingerprint(identity.public(), forging.public())),
    };
    let host = Rc::new(Person {
        shared: Rc::clone(&shared),
        key,
        identity,
        forging,
        profile: RefCell::default(),
        limit,
        caps: caps(version),
    });
    let account = Account::new(me.as_bytes().to_vec(), policy, host).unwrap_or_else(|e| usage(&format!("{e:?}")));
    let mut driver = Driver { account, peer: peer.as_bytes().to_vec(), shared, fingerprint, version, tag: 0 };
    loop {
        let line = next_line();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| driver.obey(&line))) {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("?");
            say(&format!("refused panic {}", words.replace('\n', " ")));
        }
        say("done");
    }
}

fn caps(version: u16) -> &'static str {
    if version == 4 { CAPS_4 } else { CAPS_3 }
}

const CAPS_3: &str =
    "caps v3 query tag simultaneous smp question abort fragment end refresh-ask refresh-answer to state-ssid
cannot v1 the crate knows versions 3 and 4
cannot v2 the crate knows versions 3 and 4
cannot extrakey the key is neither derived nor told
cannot heartbeat-due the crate never sends heartbeats by itself
cannot heartbeat no call for it, and an empty text makes the crate panic
cannot query-pieces pieces of the form of version 2, in which a long query arrives, are dropped
cannot instances its own tag is made up at every start and cannot be chosen
cannot keyfile there is no reading or writing of keys
cannot theirs the fingerprint of the correspondent is not shown
cannot half the half of the session id is not shown
cannot smp-waits while it waits for a secret it reads nothing: an abort is seen only after the answer
cannot newer-commit it answers a second D-H Commit, but goes on with the first
cannot smp-abort-seen an abort of the correspondent is reported as a failure
cannot burst-then-turn one receiving counter for all keys: two messages in a row, an answer, and the next is refused
cannot short-texts it panics when a ciphertext is all zero: one text of one byte in 256, and the empty text always";

const CAPS_4: &str = "caps v4 query tag simultaneous smp question abort fragment end refresh-ask to state-ssid
cannot refresh-answer it answers one query in its life: after that it says that an exchange is under way
cannot second-query it answers one query in its life: after that it says that an exchange is under way
cannot extrakey the key is neither derived nor told
cannot heartbeat-due the crate never sends heartbeats by itself
cannot heartbeat no call for it
cannot instances its own tag is made up at every start and cannot be chosen
cannot keyfile there is no reading or writing of keys
cannot theirs the fingerprint of the correspondent is not shown
cannot half the half of the session id is not shown
cannot smp-waits while it waits for a secret it reads nothing: an abort is seen only after the answer
cannot smp-abort-seen an abort of the correspondent is reported as a failure
cannot simultaneous-win it never compares Identity messages that cross
cannot smp-declines it tells nobody that it does not answer a question
cannot late-texts it keeps no keys for messages that arrive late";
