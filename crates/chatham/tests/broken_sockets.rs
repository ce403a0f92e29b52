//! The same promises as in `broken_connections`, on real sockets: the relay breaks them at a byte, and the capture is what
//! went over them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod seats;

use std::collections::BTreeMap;
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chatham::engine::notice::{Delivery, How, LineId, What};
use im::irc::Pacing;
use im::relay::{Capture, Direction, Relay, RelayConfig};
use rand_core::{Rng, SeedableRng};

use crate::seats::{Someone, both, connection_of, nick};

/// Schedules in a test run. By hand: `CHATHAM_SCHEDULES=1000 cargo test --release -p chatham --test broken_sockets`.
const SCHEDULES: u64 = 30;
const ROUNDS: usize = 3;
/// How long nothing has to happen, and how often that is waited for.
const MOMENT: Duration = Duration::from_millis(15);
const PATIENCE: usize = 1000;
const CAPTURE_LIMIT: usize = 8 << 20;

struct World {
    relay: Relay,
    /// Every byte that went over the relay's sockets.
    capture: Capture,
    people: [Someone; 2],
    said: [BTreeMap<LineId, String>; 2],
    rng: ChaCha20Rng,
    counted: u32,
}

const NAMES: [&str; 2] = ["alice", "bob"];

impl World {
    /// Alice and Bob, private.
    async fn new(seed: u64) -> Self {
        let capture = Capture::new(CAPTURE_LIMIT);
        let config = RelayConfig {
            capture: Some(capture.clone()),
            ..RelayConfig::default()
        };
        let relay = Relay::start(config).await.unwrap();
        let mut alice = Someone::sit(&relay, NAMES[0], 1, Pacing::unlimited()).await;
        let mut bob = Someone::sit(&relay, NAMES[1], 2, Pacing::unlimited()).await;
        bob.say("alice", "hello");
        both(&mut alice, &mut bob, |alice, _| alice.has_heard("hello")).await;
        let news = alice
            .seat
            .act(&nick("bob"), |engine, peer, now| engine.start(peer, now));
        alice.note(news);
        let private = |one: &Someone| one.told.iter().any(|what| matches!(what, What::Private { .. }));
        both(&mut alice, &mut bob, |alice, bob| private(alice) && private(bob)).await;
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            relay,
            capture,
            people: [alice, bob],
            said: [BTreeMap::new(), BTreeMap::new()],
            rng: ChaCha20Rng::from_seed(bytes),
            counted: 0,
        }
    }

    fn below(&mut self, limit: u32) -> usize {
        (self.rng.next_u32() % limit) as usize
    }

    fn say(&mut self, who: usize) -> String {
        self.counted += 1;
        // No four bytes of it can stand in base64.
        let text = format!("«{}»·№·ö", self.counted);
        let before = self.people[who].told.len();
        self.people[who].say(NAMES[1 - who], &text);
        let line = self.people[who].told[before..]
            .iter()
            .find_map(|what| match what {
                What::Sent { line, .. } | What::NotSent { line, .. } => Some(*line),
                _ => None,
            });
        self.said[who].insert(line.expect("every text gets a number"), text.clone());
        text
    }

    /// Lets both go on until nothing happens for a moment. Whoever waits for a connection tries at once.
    async fn settle(&mut self) {
        for _ in 0..10_000 {
            let [alice, bob] = &mut self.people;
            for person in [&mut *alice, &mut *bob] {
                person.seat.hurry();
                let mut late = Vec::new();
                person.seat.flush(&mut late);
                person.note(late);
            }
            tokio::select! {
                news = alice.seat.next() => alice.note(news.expect("it is over")),
                news = bob.seat.next() => bob.note(news.expect("it is over")),
                () = tokio::time::sleep(MOMENT) => return,
            }
        }
        panic!("they never fall silent");
    }

    /// Waits until something is true of both, however slow the machine is.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        for _ in 0..PATIENCE {
            if wanted(self) {
                return;
            }
            self.settle().await;
        }
        panic!("{what}");
    }

    async fn break_one(&mut self) {
        let (who, bytes) = (self.below(2), self.below(2500));
        let direction = if self.below(2) == 0 {
            Direction::In
        } else {
            Direction::Out
        };
        if self.people[who].seat.is_connected() {
            let id = connection_of(&self.relay, NAMES[who]);
            self.relay.cut_after(id, direction, bytes);
        }
        for _ in 0..1 + self.below(4) {
            let speaker = self.below(2);
            self.say(speaker);
            if self.below(2) == 0 {
                self.settle().await;
            }
        }
        self.settle().await;
    }

    /// Nothing breaks any more.
    fn mend(&self) {
        for (id, _, _) in self.relay.connections() {
            for direction in [Direction::In, Direction::Out] {
                self.relay.cut_after(id, direction, usize::MAX);
            }
        }
    }

    fn state(&self, who: usize, line: LineId) -> Option<Delivery> {
        self.people[who].told.iter().rev().find_map(|what| match what {
            What::Delivery { line: told, delivery } if *told == line => Some(*delivery),
            What::Sent { line: told, .. } if *told == line => Some(Delivery::Sent),
            _ => None,
        })
    }

    fn judge(&self, seed: u64) -> (usize, usize) {
        let (mut read, mut lost) = (0, 0);
        for who in 0..2 {
            for (line, text) in &self.said[who] {
                let listener = &self.people[1 - who];
                let heard: Vec<How> = listener
                    .heard
                    .iter()
                    .filter(|(heard, _)| heard == text)
                    .map(|(_, how)| *how)
                    .collect();
                assert!(
                    heard.iter().all(|how| how.is_private()),
                    "seed {seed}: {text:?} in clear"
                );
                let state = self.state(who, *line);
                match heard.len() {
                    0 => assert!(
                        matches!(state, Some(Delivery::Held | Delivery::Lost)),
                        "seed {seed}: {text:?} was never read, and its state is {state:?}"
                    ),
                    1 => {}
                    _ => assert!(
                        self.was_repeated(who, *line),
                        "seed {seed}: {text:?} was read twice"
                    ),
                }
                read += usize::from(!heard.is_empty());
                lost += usize::from(state == Some(Delivery::Lost));
                for bytes in text.as_bytes().windows(4) {
                    let found = self.capture.find(bytes);
                    assert!(found.is_empty(), "seed {seed}: {text:?} stands in the capture");
                }
            }
        }
        (read, lost)
    }

    fn was_repeated(&self, who: usize, line: LineId) -> bool {
        let again = |what: &What| matches!(what, What::Sent { line: sent, again: true, .. } if *sent == line);
        self.people[who].told.iter().any(again)
    }
}

async fn play(seed: u64) -> (usize, usize) {
    let mut world = World::new(seed).await;
    for _ in 0..ROUNDS {
        world.break_one().await;
    }
    world.mend();
    let connected = |world: &World| world.people.iter().all(|one| one.seat.is_connected());
    world
        .until(&format!("seed {seed}: they do not come back"), connected)
        .await;
    world.settle().await;
    for who in 0..2 {
        let text = world.say(who);
        let heard = |world: &World| world.people[1 - who].has_heard(&text);
        world
            .until(&format!("seed {seed}: nothing comes through any more"), heard)
            .await;
    }
    world.settle().await;
    world.judge(seed)
}

#[tokio::test]
async fn every_text_is_read_or_reported_wherever_a_socket_breaks() {
    let schedules = std::env::var("CHATHAM_SCHEDULES").map_or(SCHEDULES, |count| count.parse().unwrap());
    let (mut read, mut lost) = (0, 0);
    for seed in 0..schedules {
        let (some_read, some_lost) = play(seed).await;
        read += some_read;
        lost += some_lost;
    }
    println!("{schedules} schedules on sockets: {read} texts read, {lost} reported as possibly lost");
    assert!(read > 0 && lost > 0);
}

#[tokio::test]
async fn a_leak_trips_the_capture() {
    let mut world = World::new(0).await;
    world.people[0].seat.engine().leak_once();
    world.say(0);
    world.settle().await;
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.judge(0)));
    let words = *judged.unwrap_err().downcast::<String>().unwrap();
    assert!(
        words.contains("in clear") || words.contains("stands in the capture"),
        "{words}"
    );
}
