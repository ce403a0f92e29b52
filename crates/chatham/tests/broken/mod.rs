//! Both ends behind proxies, and connections that break at any byte, on either side of them, whatever the network: what is
//! done, and what has to be true of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod wire;

use std::future::Future;
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chatham::proxy::Running;
use rand_core::{Rng, SeedableRng};

pub use wire::Wire;

/// Schedules in a test run. By hand: `CHATHAM_SCHEDULES=1000 CHATHAM_FIRST_SEED=0 cargo test --release -p chatham --test …`.
const SCHEDULES: u64 = 20;
const ROUNDS: usize = 4;
pub const NAMES: [&str; 2] = ["alice", "bob"];
/// How long nothing has to come.
pub const MOMENT: Duration = Duration::from_millis(60);
const PATIENCE: usize = 400;

/// Somebody's proxy, and their client that knows nothing of OTR. What a client shows goes to `shown`.
pub trait End: Sized {
    /// So many bytes are many for a connection.
    const BYTES: usize;

    /// Alice's and Bob's, at one network. Neither is connected.
    fn two() -> impl Future<Output = [Self; 2]>;
    fn running(&self) -> &Running;
    /// Between the proxy and the server.
    fn wire(&self) -> &Wire;
    fn is_here(&self) -> bool;
    /// Whether nothing is on its way that nobody sees from here.
    fn is_at_rest(&self) -> bool {
        self.is_here()
    }
    /// Connects a client if there is none. The server may go again before it has let them in.
    fn come_back(&mut self, shown: &mut Vec<String>) -> impl Future<Output = ()>;
    fn raw(&mut self, bytes: &[u8], shown: &mut Vec<String>) -> impl Future<Output = ()>;
    /// Takes in what comes until nothing does for a moment. Whether anything came.
    fn listen(&mut self, shown: &mut Vec<String>) -> impl Future<Output = bool>;
    /// The client says no more, and is gone.
    fn hang_up(&mut self, shown: &mut Vec<String>) -> impl Future<Output = ()>;
    /// The server says that it goes, as before it starts anew. Whether that can be said in this network.
    fn server_says_goodbye(&self) -> bool;

    /// How a client says a text to somebody.
    fn saying(to: &str, text: &str) -> String;
    /// Whether the proxy tells this, and nobody else.
    fn is_told(line: &str) -> bool;
    /// Whether these are words of somebody.
    fn is_said(line: &str) -> bool;
}

struct Person<E> {
    end: E,
    /// Everything that their clients have ever shown.
    shown: Vec<String>,
    said: Vec<String>,
    /// What their client had not said to its end when its connection broke.
    unsaid: Vec<String>,
}

impl<E: End> Person<E> {
    fn new(end: E) -> Self {
        Self {
            end,
            shown: Vec::new(),
            said: Vec::new(),
            unsaid: Vec::new(),
        }
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.end.raw(bytes, &mut self.shown).await;
    }

    async fn come_back(&mut self) {
        self.end.come_back(&mut self.shown).await;
    }

    async fn listen(&mut self) -> bool {
        self.end.listen(&mut self.shown).await
    }

    /// How often their clients have shown this text as somebody's words.
    fn has_heard(&self, text: &str) -> usize {
        let words = self.shown.iter().filter(|line| E::is_said(line));
        words.filter(|line| line.contains(text)).count()
    }

    fn was_told(&self, what: &str) -> bool {
        self.shown
            .iter()
            .any(|line| E::is_told(line) && line.contains(what))
    }
}

struct World<E> {
    people: [Person<E>; 2],
    rng: ChaCha20Rng,
    counted: u32,
}

impl<E: End> World<E> {
    /// Alice and Bob, private.
    async fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut world = Self {
            people: E::two().await.map(Person::new),
            rng: ChaCha20Rng::from_seed(bytes),
            counted: 0,
        };
        world.settle().await;
        // They know each other, so that a question is no stranger's.
        for who in 0..2 {
            world.type_in(who, "hello").await;
        }
        world.settle().await;
        world.type_in(0, "!otr start").await;
        for _ in 0..PATIENCE {
            let private = |person: &Person<E>| person.was_told("private conversation (OTR");
            if world.people.iter().all(private) {
                return world;
            }
            world.settle().await;
        }
        panic!("they do not get private\n{}", world.everything());
    }

    fn everything(&self) -> String {
        let shown = self.people.iter().map(|person| person.shown.join("\n"));
        shown.collect::<Vec<_>>().join("\n---\n")
    }

    fn below(&mut self, limit: usize) -> usize {
        self.rng.next_u32() as usize % limit
    }

    /// No four bytes of a text can stand in base64.
    fn text(&mut self) -> String {
        self.counted += 1;
        format!("«{}»·№·ö", self.counted)
    }

    async fn type_in(&mut self, who: usize, text: &str) {
        let line = E::saying(NAMES[1 - who], text);
        self.people[who].raw(line.as_bytes()).await;
    }

    async fn say(&mut self, who: usize) -> String {
        let text = self.text();
        self.type_in(who, &text).await;
        // Whether the proxy has it, only the proxy knows; a client that cannot say it knows by itself.
        if self.people[who].end.is_here() {
            self.people[who].said.push(text.clone());
        }
        text
    }

    /// The client's own connection breaks in the middle of what it says, or behind that.
    async fn break_a_client(&mut self, who: usize) {
        let text = self.text();
        let line = E::saying(NAMES[1 - who], &text);
        let count = self.below(line.len());
        let person = &mut self.people[who];
        person.raw(&line.as_bytes()[..count]).await;
        person.unsaid.push(text);
        person.end.hang_up(&mut person.shown).await;
    }

    /// The connection of a proxy breaks after some bytes.
    fn break_a_server(&mut self, who: usize) {
        let (bytes, how) = (self.below(E::BYTES), self.below(5));
        let end = &self.people[who].end;
        if how == 0 && end.server_says_goodbye() {
            return;
        }
        let way = if how < 3 { wire::UP } else { wire::DOWN };
        end.wire().cut_after(way, bytes);
    }

    async fn settle(&mut self) {
        for _ in 0..PATIENCE {
            let [alice, bob] = &mut self.people;
            alice.come_back().await;
            bob.come_back().await;
            let (one, other) = tokio::join!(alice.listen(), bob.listen());
            let at_rest = self.people.iter().all(|person| person.end.is_at_rest());
            if !one && !other && at_rest {
                return;
            }
        }
        panic!("they never fall silent");
    }

    async fn comes_through(&mut self, from: usize, text: &str) -> bool {
        for _ in 0..PATIENCE {
            if self.people[1 - from].has_heard(text) > 0 {
                return true;
            }
            self.settle().await;
        }
        false
    }

    async fn round(&mut self) {
        let who = self.below(2);
        if self.below(3) == 0 {
            self.break_a_client(who).await;
        } else {
            self.break_a_server(who);
        }
        for _ in 0..1 + self.below(4) {
            let speaker = self.below(2);
            self.people[speaker].come_back().await;
            self.say(speaker).await;
            if self.below(2) == 0 {
                self.settle().await;
            }
        }
        self.settle().await;
    }

    /// What the proxies say waits, or may be lost.
    async fn reported(&mut self, who: usize) -> String {
        let before = self.people[who].shown.len();
        self.type_in(who, "!otr held").await;
        self.settle().await;
        self.people[who].shown[before..].join("\n")
    }

    async fn judge(&mut self, seed: u64) -> [usize; 2] {
        let mut counts = [0; 2];
        for (who, name) in NAMES.into_iter().enumerate() {
            let reported = self.reported(who).await;
            for text in self.people[who].said.clone() {
                match self.people[1 - who].has_heard(&text) {
                    0 => {
                        assert!(
                            reported.contains(&text),
                            "seed {seed}: {name} said {text:?}, nobody read it, and what is told is\n{reported}\nof\n{}",
                            self.everything()
                        );
                        counts[1] += 1;
                    }
                    1 => counts[0] += 1,
                    // The engine has repeated it, by an error report, and has said so (decision 0036).
                    2 if self.people[who].was_told("will go again to the same key") => counts[0] += 1,
                    count => panic!(
                        "seed {seed}: {text:?} was read {count} times\n{}",
                        self.everything()
                    ),
                }
            }
            for text in &self.people[who].unsaid {
                let count = self.people[1 - who].has_heard(text);
                assert_eq!(count, 0, "seed {seed}: {text:?} was never said");
            }
        }
        self.nothing_of_any(seed);
        counts
    }

    fn nothing_of_any(&self, seed: u64) {
        for person in &self.people {
            let captured = person.end.wire().captured();
            let ciphertext = captured.windows(5).any(|bytes| bytes == b"?OTR:");
            assert!(ciphertext, "nothing private was said");
            let texts = self
                .people
                .iter()
                .flat_map(|person| person.said.iter().chain(&person.unsaid));
            for text in texts {
                for bytes in text.as_bytes().windows(4) {
                    assert!(
                        !captured.windows(4).any(|piece| piece == bytes),
                        "seed {seed}: {text:?} stands in the capture"
                    );
                }
            }
        }
    }
}

async fn play<E: End>(seed: u64) -> [usize; 2] {
    let mut world = World::<E>::new(seed).await;
    for _ in 0..ROUNDS {
        world.round().await;
    }
    // Nothing breaks any more.
    for person in &world.people {
        person.end.wire().mend();
    }
    world.settle().await;
    for who in 0..2 {
        let text = world.say(who).await;
        if !world.comes_through(who, &text).await {
            let told = [world.reported(0).await, world.reported(1).await];
            panic!(
                "seed {seed}: nothing comes through any more; what waits or may be lost is\n{}\nof\n{}",
                told.join("\n---\n"),
                world.everything()
            );
        }
    }
    world.judge(seed).await
}

/// Every text is read on the other side, or its sender is told that it may be lost; none is read twice unless its sender is
/// told that it goes again, and nothing of any is in the capture.
pub async fn every_text_is_read_or_reported<E: End>() {
    let schedules = std::env::var("CHATHAM_SCHEDULES").map_or(SCHEDULES, |count| count.parse().unwrap());
    let first = std::env::var("CHATHAM_FIRST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let mut counts = [0; 2];
    for seed in first..first + schedules {
        let one = play::<E>(seed).await;
        counts = [counts[0] + one[0], counts[1] + one[1]];
    }
    let [read, told] = counts;
    println!("{schedules} schedules behind two proxies: {read} texts read, {told} reported as possibly lost");
    assert!(read > 0);
}

pub async fn a_leak_trips_the_capture<E: End>() {
    let mut world = World::<E>::new(0).await;
    world.people[0].end.running().leak_once();
    world.say(0).await;
    world.settle().await;
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.nothing_of_any(0)));
    let words = *judged.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("stands in the capture"), "{words}");
}
