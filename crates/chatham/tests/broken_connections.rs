//! Connections that break anywhere: every private text is read or reported, none twice unawares, none in clear (user needs
//! N1, N2, N14; S-20).
//!
//! Two engines talk through a server of a few lines. Between each of them and the server lie two wires, and a wire breaks
//! at any byte: a line that was cut is no line, what was in the wire is gone, what was not yet in it is given back. The
//! network splits, too, and people change their nicks. All of it follows a seed, and a failure names its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use std::collections::{BTreeMap, VecDeque};

use chacha20::ChaCha20Rng;
use chatham::engine::notice::{Delivery, How, LineId, What, Words};
use im::irc::{Kind, Nick};
use otr::Timestamp;
use rand_core::{Rng, SeedableRng};

use crate::people::{Someone, carry};

/// Schedules in a test run. By hand: `CHATHAM_SCHEDULES=10000 cargo test --release -p chatham --test broken_connections`.
const SCHEDULES: u64 = 1000;
const STEPS: usize = 40;

/// A person at the server: what they said and heard, and what lies in the wires.
struct End {
    someone: Someone,
    connected: bool,
    /// The name by which the program knows the other one.
    peer: Nick,
    /// Lines that the program has not written yet, and for whom they are.
    queue: VecDeque<(Nick, Vec<u8>)>,
    /// Bytes on their way to the server, and from it.
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    /// The part of a line that has arrived at the server, and here.
    arrived_up: Vec<u8>,
    arrived_down: Vec<u8>,
    said: BTreeMap<LineId, String>,
    heard: Vec<String>,
}

struct World {
    ends: [End; 2],
    /// Whether the servers of the two have lost each other.
    split: bool,
    rng: ChaCha20Rng,
    /// Everything that came to the server.
    capture: Vec<u8>,
    counted: u32,
}

impl End {
    fn new(someone: Someone, peer: Nick) -> Self {
        Self {
            someone,
            peer,
            connected: true,
            queue: VecDeque::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            arrived_up: Vec::new(),
            arrived_down: Vec::new(),
            said: BTreeMap::new(),
            heard: Vec::new(),
        }
    }

    fn now(&mut self) -> Timestamp {
        self.someone.now += 1;
        Timestamp::from_millis(self.someone.now)
    }

    /// What the engine wants sent goes into the queue, or back to it while there is no connection.
    fn collect(&mut self) {
        for (to, text) in std::mem::take(&mut self.someone.outgoing) {
            if self.connected {
                self.queue.push_back((to, text));
            } else {
                let now = self.now();
                let effects = self.someone.engine.not_sent(&to, &text, now);
                self.someone.file(effects);
            }
        }
        for (text, how) in self.someone.heard() {
            // What came in the clear has been in the capture, where it is looked for.
            if how != How::Clear {
                self.heard.push(text);
            }
        }
    }

    fn read(&mut self, line: &[u8]) {
        let (from, text) = words(line);
        let text = text.strip_suffix(b"\n").unwrap();
        if from != "SERVER" {
            self.someone.receive(&people::nick(from), text, Kind::Person);
            return;
        }
        let now = self.now();
        let (command, name) = words(text);
        let name = people::nick(std::str::from_utf8(name).unwrap());
        let engine = &mut self.someone.engine;
        let effects = match command {
            "QUIT" => engine.gone(&name, now),
            "ABSENT" => engine.absent(&name, now),
            _ => {
                let before = std::mem::replace(&mut self.peer, name.clone());
                engine.renamed(&before, &name)
            }
        };
        self.someone.file(effects);
    }

    fn state(&self, line: LineId) -> Option<Delivery> {
        self.someone.delivery(line)
    }

    fn was_repeated(&self, line: LineId) -> bool {
        let again = |what: &What| matches!(what, What::Sent { line: sent, again: true, .. } if *sent == line);
        self.someone.shown.iter().any(again)
    }
}

impl World {
    /// Alice and Bob, private, and nothing on its way.
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        // Keys are dear and the same in every schedule; what matters is when things break.
        let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
        people::meet(&mut alice, &mut bob);
        let names = [bob.nick.clone(), alice.nick.clone()];
        let [bobs, alices] = names;
        Self {
            ends: [End::new(alice, bobs), End::new(bob, alices)],
            split: false,
            rng: ChaCha20Rng::from_seed(bytes),
            capture: Vec::new(),
            counted: 0,
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.rng.next_u32() as usize) % limit
    }

    fn step(&mut self) {
        let end = self.below(2);
        match self.below(18) {
            0..3 => self.say(end),
            3 => self.cut(end),
            4 | 5 => self.connect(end),
            6 => match self.below(4) {
                0 => self.split(),
                1 | 2 => self.split = false,
                _ => self.rename(end),
            },
            _ => {
                let (bytes, lines) = (1 + self.below(1500), self.below(4));
                self.write(end, lines);
                if self.below(2) == 0 {
                    self.move_up(end, bytes);
                } else {
                    self.move_down(end, bytes);
                }
            }
        }
    }

    fn say(&mut self, end: usize) {
        self.counted += 1;
        // No four bytes of it can stand in base64.
        let text = format!("«{}»·№·ö", self.counted);
        let peer = self.ends[end].peer.clone();
        let words = Words::said(text.clone());
        let someone = &mut self.ends[end].someone;
        let before = someone.shown.len();
        someone.act(&peer.to_string(), |engine, peer, now| {
            engine.say(peer, words, now)
        });
        let told = someone.shown[before..].iter().find_map(|what| match what {
            What::Sent { line, .. } | What::NotSent { line, .. } => Some(*line),
            _ => None,
        });
        let line = told.expect("every text gets a number");
        self.ends[end].said.insert(line, text);
        self.ends[end].collect();
    }

    /// The servers lose each other, and say so.
    fn split(&mut self) {
        if !std::mem::replace(&mut self.split, true) {
            for end in 0..2 {
                self.tell(end, &format!("QUIT {}", self.ends[1 - end].someone.nick));
            }
        }
    }

    /// Somebody takes another nick, and whoever sees it knows it at once.
    fn rename(&mut self, end: usize) {
        if self.split || !self.ends.iter().all(|end| end.connected) {
            return;
        }
        let before = self.ends[end].someone.nick.to_string();
        let name = before
            .strip_suffix('_')
            .map_or_else(|| format!("{before}_"), str::to_owned);
        self.ends[end].someone.nick = people::nick(&name);
        self.tell(1 - end, &format!("NICK {name}"));
        self.move_down(1 - end, usize::MAX);
    }

    /// A word of the server's own.
    fn tell(&mut self, end: usize, words: &str) {
        let end = &mut self.ends[end];
        if end.connected {
            end.down.extend(format!("SERVER {words}\n").bytes());
        }
    }

    /// Puts lines into the wire.
    fn write(&mut self, end: usize, lines: usize) {
        let end = &mut self.ends[end];
        if !end.connected {
            return;
        }
        for (to, line) in end.queue.drain(..lines.min(end.queue.len())) {
            end.up.extend(format!("{to} ").bytes());
            end.up.extend(line);
            end.up.push_back(b'\n');
        }
    }

    /// Bytes arrive at the server, which passes whole lines on to whoever has the name and is there.
    fn move_up(&mut self, end: usize, bytes: usize) {
        for _ in 0..bytes {
            let Some(byte) = self.ends[end].up.pop_front() else {
                return;
            };
            self.ends[end].arrived_up.push(byte);
            if byte == b'\n' {
                let line = std::mem::take(&mut self.ends[end].arrived_up);
                self.capture.extend(&line);
                let (to, text) = words(&line);
                let (from, other) = (self.ends[end].someone.nick.to_string(), &mut self.ends[1 - end]);
                if !other.someone.nick.to_string().eq(to) || self.split {
                    self.tell(end, &format!("ABSENT {to}"));
                } else if other.connected {
                    // Who has just broken off is not missed yet.
                    other.down.extend(format!("{from} ").bytes());
                    other.down.extend(text);
                }
            }
        }
    }

    fn move_down(&mut self, end: usize, bytes: usize) {
        let end = &mut self.ends[end];
        for _ in 0..bytes {
            let Some(byte) = end.down.pop_front() else {
                return;
            };
            end.arrived_down.push(byte);
            if byte == b'\n' {
                let line = std::mem::take(&mut end.arrived_down);
                end.read(&line);
                end.collect();
            }
        }
    }

    /// The connection breaks, after some of what was on its way has still arrived.
    fn cut(&mut self, end: usize) {
        if !self.ends[end].connected {
            return;
        }
        let (up, down) = (self.below(3000), self.below(3000));
        self.move_up(end, up);
        self.move_down(end, down);
        let end = &mut self.ends[end];
        end.connected = false;
        for wire in [&mut end.up, &mut end.down] {
            wire.clear();
        }
        end.arrived_up.clear();
        end.arrived_down.clear();
        for (to, line) in std::mem::take(&mut end.queue) {
            let now = end.now();
            let effects = end.someone.engine.not_sent(&to, &line, now);
            end.someone.file(effects);
        }
        let now = end.now();
        let effects = end.someone.engine.connection_lost(now);
        end.someone.file(effects);
        end.collect();
    }

    fn connect(&mut self, end: usize) {
        if self.ends[end].connected {
            return;
        }
        // Nobody connects anew within a second.
        let away = 1000 + self.below(20_000) as u64;
        self.wait(away);
        let end = &mut self.ends[end];
        end.connected = true;
        let now = end.now();
        let effects = end.someone.engine.connection_restored(now);
        end.someone.file(effects);
        end.collect();
    }

    /// A while goes by.
    fn wait(&mut self, millis: u64) {
        for end in &mut self.ends {
            end.someone.now += millis;
            let effects = end.someone.engine.tick(Timestamp::from_millis(end.someone.now));
            end.someone.file(effects);
            end.collect();
        }
    }

    /// Everybody is there, and everything arrives.
    fn settle(&mut self) {
        self.split = false;
        for end in 0..2 {
            self.connect(end);
        }
        let mut waited = false;
        for _ in 0..10_000 {
            let idle = self
                .ends
                .iter()
                .all(|end| end.queue.is_empty() && end.up.is_empty() && end.down.is_empty());
            if idle && std::mem::replace(&mut waited, true) {
                return;
            }
            if idle {
                self.wait(6_000);
            }
            for end in 0..2 {
                self.write(end, usize::MAX);
                self.move_up(end, usize::MAX);
                self.move_down(end, usize::MAX);
            }
        }
        panic!("they never fall silent");
    }

    fn judge(&mut self, seed: u64) {
        for end in 0..2 {
            let (speaker, listener) = (&self.ends[end], &self.ends[1 - end]);
            for (line, text) in &speaker.said {
                let heard = listener.heard.iter().filter(|heard| *heard == text).count();
                let state = speaker.state(*line);
                match heard {
                    0 => assert!(
                        matches!(state, Some(Delivery::Held | Delivery::Lost)),
                        "seed {seed}: {text:?} was never read, and its state is {state:?}"
                    ),
                    1 => {}
                    _ => assert!(
                        speaker.was_repeated(*line),
                        "seed {seed}: {text:?} was read twice"
                    ),
                }
                if state == Some(Delivery::Readable) {
                    assert!(heard > 0, "seed {seed}: {text:?} is said to be read");
                }
            }
        }
        let texts = self.ends.iter().flat_map(|end| end.said.values());
        for text in texts {
            for bytes in text.as_bytes().windows(4) {
                let found = self.capture.windows(4).any(|seen| seen == bytes);
                assert!(!found, "seed {seed}: {text:?} stands in the capture");
            }
        }
    }

    /// Both can be read again.
    fn talk_on(&mut self, seed: u64) {
        for end in 0..2 {
            // What was asked for in vain is asked for again after a while.
            self.wait(60_000);
            let before = self.ends[1 - end].heard.len();
            self.say(end);
            self.settle();
            assert!(
                self.ends[1 - end].heard.len() > before,
                "seed {seed}: nothing comes through any more"
            );
        }
    }
}

/// The first word of a line, and all else.
fn words(line: &[u8]) -> (&str, &[u8]) {
    let space = line.iter().position(|byte| *byte == b' ').unwrap();
    (std::str::from_utf8(&line[..space]).unwrap(), &line[space + 1..])
}

#[test]
fn every_text_is_read_or_reported_wherever_the_connection_breaks() {
    let schedules = std::env::var("CHATHAM_SCHEDULES").map_or(SCHEDULES, |count| count.parse().unwrap());
    let (mut said, mut read, mut lost) = (0, 0, 0);
    for seed in 0..schedules {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.settle();
        world.talk_on(seed);
        world.judge(seed);
        for (end, other) in [(0, 1), (1, 0)] {
            said += world.ends[end].said.len();
            read += world.ends[other].heard.len();
            let states = world.ends[end]
                .said
                .keys()
                .map(|line| world.ends[end].state(*line));
            lost += states.filter(|state| *state == Some(Delivery::Lost)).count();
        }
    }
    println!("{schedules} schedules: {said} texts said, {read} read, {lost} reported as possibly lost");
    assert!(
        lost > 0 && read > said / 2,
        "the schedules break too little or too much"
    );
}

#[test]
fn a_leak_in_the_engine_is_noticed() {
    let mut world = World::new(1);
    world.ends[0].someone.engine.leak_once();
    world.say(0);
    world.settle();
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.judge(1)));
    let words = *judged.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("stands in the capture"), "{words}");
}

#[test]
fn the_quiet_wire_carries_everything() {
    let (mut alice, mut bob) = (Someone::new("alice", 1), Someone::new("bob", 2));
    people::meet(&mut alice, &mut bob);
    for number in 0..20 {
        alice.say("bob", &format!("text {number}"));
        carry(&mut alice, &mut bob);
        bob.say("alice", &format!("answer {number}"));
        carry(&mut alice, &mut bob);
    }
    assert_eq!((alice.heard().len(), bob.heard().len()), (20, 20));
    let unread = |what: &What| matches!(what, What::PossiblyLost { .. });
    assert!(!alice.shows(unread) && !bob.shows(unread));
}
