//! The crate `otrr` in version 4, both ends in one process: `bench-otrr ROW v4`, with the output of `bench-ours`.
//!
//! CPU time of both ends. What goes wrong stops the program; no figure rests on a broken exchange.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use otrr::crypto::{dsa, ed448};
use otrr::instancetag::InstanceTag;
use otrr::session::Account;
use otrr::{Host, Policy, UserMessage};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let row = std::env::args().nth(1).expect("a row");
    let keys = [keys(), keys()];
    let samples = match row.as_str() {
        "ake" => ("ake", "us", sample(SAMPLES, 1, |_| key_exchange(&keys))),
        "pingpong" => {
            let mut pair = Pair::private(&keys);
            // Two whole brace cycles.
            (
                "pingpong/msg",
                "us",
                sample(SAMPLES, 6, |turn| pair.say(turn & 1, &text(100))),
            )
        }
        "burst" => {
            let mut pair = Pair::private(&keys);
            (
                "burst100/msg",
                "us",
                sample(SAMPLES, 20, |_| pair.say(0, &text(100))),
            )
        }
        "bulk" => {
            let mut pair = Pair::private(&keys);
            let times = sample(SAMPLES, 4, |_| pair.say(0, &text(65536)));
            (
                "bulk64k",
                "MB/s",
                times.into_iter().map(|micros| 65536.0 / micros).collect(),
            )
        }
        // A conversation for each run: the crate wants a new one after a comparison.
        "smp" => (
            "smp",
            "us",
            sample(SAMPLES, 1, |_| Pair::private(&keys).compare_secrets()),
        ),
        other => panic!("no such row: {other}"),
    };
    let (name, unit, samples) = samples;
    let list: Vec<String> = samples.iter().map(|sample| format!("{sample:.3}")).collect();
    println!("SAMPLES {name} {unit} {}", list.join(" "));
}

/// Runs `work`, which gives the microseconds of one operation, `times` for each of the samples, after one to warm up.
fn sample(samples: usize, times: usize, mut work: impl FnMut(usize) -> f64) -> Vec<f64> {
    let mut one = || (0..times).map(&mut work).sum::<f64>() / times as f64;
    one();
    (0..samples).map(|_| one()).collect()
}

fn cpu_micros() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

/// From the query to both private. The account with its profile is made before.
fn key_exchange(keys: &[Rc<Keys>; 2]) -> f64 {
    let mut pair = Pair::new(keys);
    let start = cpu_micros();
    pair.meet();
    cpu_micros() - start
}

struct Keys {
    dsa: dsa::Keypair,
    identity: ed448::EdDSAKeyPair,
    forging: ed448::EdDSAKeyPair,
    profile: RefCell<Vec<u8>>,
}

fn keys() -> Rc<Keys> {
    Rc::new(Keys {
        dsa: dsa::Keypair::generate(),
        identity: ed448::EdDSAKeyPair::generate(),
        forging: ed448::EdDSAKeyPair::generate(),
        profile: RefCell::default(),
    })
}

type Inbox = Rc<RefCell<VecDeque<Vec<u8>>>>;

struct Person {
    to_the_other: Inbox,
    keys: Rc<Keys>,
}

impl Host for Person {
    fn message_size(&self) -> usize {
        usize::MAX
    }
    fn inject(&self, _account: &[u8], message: &[u8]) {
        self.to_the_other.borrow_mut().push_back(message.to_vec());
    }
    fn keypair(&self) -> Option<&dsa::Keypair> {
        Some(&self.keys.dsa)
    }
    fn keypair_identity(&self) -> &ed448::EdDSAKeyPair {
        &self.keys.identity
    }
    fn keypair_forging(&self) -> &ed448::EdDSAKeyPair {
        &self.keys.forging
    }
    fn query_smp_secret(&self, _question: &[u8]) -> Option<Vec<u8>> {
        Some(SECRET.to_vec())
    }
    fn client_profile(&self) -> Vec<u8> {
        self.keys.profile.borrow().clone()
    }
    fn update_client_profile(&self, profile: Vec<u8>) {
        self.keys.profile.replace(profile);
    }
}

struct Pair {
    accounts: [Account; 2],
    inboxes: [Inbox; 2],
    /// The device of the other side, once private.
    devices: [InstanceTag; 2],
}

#[derive(Default)]
struct Seen {
    texts: Vec<Vec<u8>>,
    compared: usize,
    started: [Option<InstanceTag>; 2],
}

impl Pair {
    fn new(keys: &[Rc<Keys>; 2]) -> Self {
        let inboxes: [Inbox; 2] = Default::default();
        let accounts = [0, 1].map(|who| {
            let person: Rc<dyn Host> = Rc::new(Person {
                to_the_other: inboxes[1 - who].clone(),
                keys: keys[who].clone(),
            });
            let policy = Policy::from_bits(ALLOW_V4).expect("a policy");
            Account::new(NAMES[who].to_vec(), policy, person).expect("an account")
        });
        Self {
            accounts,
            inboxes,
            devices: [0, 0],
        }
    }

    fn private(keys: &[Rc<Keys>; 2]) -> Self {
        let mut pair = Self::new(keys);
        pair.meet();
        pair
    }

    fn meet(&mut self) {
        self.accounts[0].session(NAMES[1]).query().expect("a query");
        let seen = self.carry();
        self.devices = seen.started.map(|device| device.expect("private"));
    }

    fn say(&mut self, from: usize, text: &[u8]) -> f64 {
        let start = cpu_micros();
        let session = self.accounts[from].session(NAMES[1 - from]);
        let messages = session.send(self.devices[from], text).expect("sent");
        self.inboxes[1 - from].borrow_mut().extend(messages);
        let seen = self.carry();
        assert_eq!(seen.texts, [text], "the text that arrived");
        cpu_micros() - start
    }

    fn compare_secrets(&mut self) -> f64 {
        let start = cpu_micros();
        let session = self.accounts[0].session(NAMES[1]);
        session.start_smp(self.devices[0], SECRET, b"").expect("begun");
        assert_eq!(self.carry().compared, 2, "both ends succeed");
        cpu_micros() - start
    }

    fn carry(&mut self) -> Seen {
        let mut seen = Seen::default();
        loop {
            let mut idle = true;
            for who in 0..2 {
                let next = self.inboxes[who].borrow_mut().pop_front();
                let Some(message) = next else { continue };
                idle = false;
                match self.accounts[who]
                    .session(NAMES[1 - who])
                    .receive(&message)
                    .expect("received")
                {
                    UserMessage::Confidential(_, text, _) => seen.texts.push(text),
                    UserMessage::ConfidentialSessionStarted(device) => seen.started[who] = Some(device),
                    UserMessage::SMPSucceeded(_) => seen.compared += 1,
                    UserMessage::None => {}
                    other => panic!("unexpected: {other:?}"),
                }
            }
            if idle {
                return seen;
            }
        }
    }
}

/// Letters only, the same text for the same length as in the other programs.
fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| b"abcdefghijklmnopqrstuvwxyz"[(i * 7 + i / 26) % 26])
        .collect()
}

const NAMES: [&[u8]; 2] = [b"alice", b"bob"];
const SECRET: &[u8] = b"the shared secret of both";
const ALLOW_V4: u32 = 0x100;
const SAMPLES: usize = 5;
