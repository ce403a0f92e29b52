//! A connection that breaks: it is made anew, conversations survive it, and no line is said twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use chacha20::ChaCha20Rng;
use chatham::connection::Way;
use chatham::engine::Engine;
use chatham::engine::notice::{How, What, Words};
use chatham::seat::{Network, News, Seat};
use im::dial::Dial;
use im::irc::{CaseMapping, Config, Nick, Pacing, Sasl, SaslFault};
use im::relay::{ConnectionId, Direction, Relay, RelayConfig, ServerConfig};
use otr::{Account, Policy};
use rand_core::SeedableRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Somebody at a connection that lasts.
struct Someone {
    seat: Seat,
    heard: Vec<(String, How)>,
    network: Vec<Network>,
}

fn nick(name: &str) -> Nick {
    Nick::new(name, CaseMapping::Rfc1459)
}

fn engine(seed: u8) -> Engine {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let account = Account::generate(&mut rng);
    Engine::new(account, Policy::opportunistic(), Box::new(rng))
}

async fn relay(port: u16) -> Relay {
    Relay::start(RelayConfig {
        port,
        ..RelayConfig::default()
    })
    .await
    .unwrap()
}

fn way(port: u16, config: Config, pacing: Pacing) -> Way {
    let rng = Box::new(ChaCha20Rng::from_seed([9; 32]));
    Way {
        dial: Dial::plain("127.0.0.1", port),
        config,
        pacing,
        rng,
    }
}

impl Someone {
    async fn sit(relay: &Relay, name: &str, seed: u8, pacing: Pacing) -> Self {
        let way = way(relay.address().port(), Config::new(name), pacing);
        let link = way.dial.connect(way.config.clone(), pacing).await.unwrap();
        let seat = Seat::lasting(link, way, engine(seed));
        let mut someone = Self {
            seat,
            heard: Vec::new(),
            network: Vec::new(),
        };
        someone.until(|one| one.seat.is_connected()).await;
        someone
    }

    fn note(&mut self, news: Vec<News>) {
        for news in news {
            match news {
                News::Notice(notice) => {
                    if let What::Heard { words, how, .. } = notice.what {
                        self.heard
                            .push((String::from_utf8_lossy(&words.text).into_owned(), how));
                    }
                }
                News::Network(network) => self.network.push(network),
                News::Remember(_) => {}
            }
        }
    }

    async fn step(&mut self) {
        let news = self.seat.next().await.expect("it is over");
        self.note(news);
        let mut late = Vec::new();
        self.seat.flush(&mut late);
        self.note(late);
    }

    async fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            self.step().await;
        }
    }

    fn say(&mut self, to: &str, text: &str) {
        let news = self.seat.act(&nick(to), |engine, peer, now| {
            engine.say(peer, Words::said(text), now)
        });
        self.note(news);
    }

    fn is_private_with(&mut self, name: &str) -> bool {
        let news = self
            .seat
            .act(&nick(name), |engine, peer, now| engine.status(peer, now));
        news.iter().any(|news| match news {
            News::Notice(notice) => {
                matches!(&notice.what, What::Status { next: Some(how), .. } if how.is_private())
            }
            _ => false,
        })
    }

    fn reconnections(&self) -> usize {
        self.network
            .iter()
            .filter(|one| matches!(one, Network::Reconnected { .. }))
            .count()
    }

    fn has_heard(&self, text: &str) -> bool {
        self.heard.iter().any(|(heard, _)| heard == text)
    }
}

/// Lets both go on until something is true of the one or the other.
async fn both(one: &mut Someone, other: &mut Someone, wanted: impl Fn(&Someone, &Someone) -> bool) {
    while !wanted(one, other) {
        tokio::select! {
            news = one.seat.next() => one.note(news.expect("it is over")),
            news = other.seat.next() => other.note(news.expect("it is over")),
        }
        for person in [&mut *one, &mut *other] {
            let mut late = Vec::new();
            person.seat.flush(&mut late);
            person.note(late);
        }
    }
}

fn connection_of(relay: &Relay, name: &str) -> ConnectionId {
    let found = relay
        .connections()
        .into_iter()
        .find(|(_, _, nick)| nick.as_deref() == Some(name.as_bytes()));
    found.unwrap().0
}

#[tokio::test(start_paused = true)]
async fn a_private_conversation_survives_a_broken_connection() {
    let relay = relay(0).await;
    let mut alice = Someone::sit(&relay, "alice", 1, Pacing::unlimited()).await;
    let mut bob = Someone::sit(&relay, "bob", 2, Pacing::unlimited()).await;
    // Bob knows Alice, so that her question is no stranger's.
    bob.say("alice", "hello");
    both(&mut alice, &mut bob, |alice, _| alice.has_heard("hello")).await;
    let news = alice
        .seat
        .act(&nick("bob"), |engine, peer, now| engine.start(peer, now));
    alice.note(news);
    while !(alice.is_private_with("bob") && bob.is_private_with("alice")) {
        tokio::select! {
            news = alice.seat.next() => alice.note(news.unwrap()),
            news = bob.seat.next() => bob.note(news.unwrap()),
        }
    }

    relay.cut(connection_of(&relay, "alice"));
    alice.until(|alice| !alice.seat.is_connected()).await;
    assert!(matches!(
        alice.network[..],
        [.., Network::Disconnected(_), Network::Reconnecting { .. }]
    ));
    assert!(
        alice.is_private_with("bob"),
        "the conversation does not know connections"
    );
    // What is said meanwhile waits, and is private all the same.
    alice.say("bob", "said while away");
    both(&mut alice, &mut bob, |_, bob| bob.has_heard("said while away")).await;
    assert_eq!(
        bob.heard.last().unwrap(),
        &("said while away".to_owned(), How::Unverified)
    );
    assert_eq!(alice.reconnections(), 1);
    bob.say("alice", "and back");
    both(&mut alice, &mut bob, |alice, _| alice.has_heard("and back")).await;
    assert_eq!(
        bob.heard
            .iter()
            .filter(|(text, _)| text == "said while away")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_become_rarer_until_the_server_is_back() {
    let first = relay(0).await;
    let port = first.address().port();
    let mut alice = Someone::sit(&first, "alice", 1, Pacing::unlimited()).await;
    first.shutdown().await;
    alice
        .until(|alice| {
            alice
                .network
                .iter()
                .filter(|one| matches!(one, Network::Unreachable(_)))
                .count()
                == 9
        })
        .await;
    let waits: Vec<f64> = alice
        .network
        .iter()
        .filter_map(|one| match one {
            Network::Reconnecting { after } => Some(after.as_secs_f64()),
            _ => None,
        })
        .collect();
    for (number, wait) in waits.iter().enumerate() {
        let longest = f64::from(1u32 << number).min(300.0);
        assert!((longest / 2.0..=longest).contains(wait), "{waits:?}");
    }
    assert_eq!(waits.len(), 10);
    let _second = relay(port).await;
    alice.until(|alice| alice.reconnections() == 1).await;
    assert!(
        matches!(alice.network.last(), Some(Network::Reconnected { nick }) if nick.as_bytes() == b"alice")
    );
}

#[tokio::test(start_paused = true)]
async fn the_nick_is_wished_for_until_it_is_free() {
    let relay = relay(0).await;
    let mut alice = Someone::sit(&relay, "alice", 1, Pacing::unlimited()).await;
    relay.cut(connection_of(&relay, "alice"));
    let mut other = TcpStream::connect(relay.address()).await.unwrap();
    other.write_all(b"NICK alice\r\nUSER a 0 * :a\r\n").await.unwrap();
    let mut some = [0; 512];
    let _welcome = other.read(&mut some).await.unwrap();
    alice.until(|alice| alice.reconnections() == 1).await;
    assert!(
        matches!(alice.network.last(), Some(Network::Reconnected { nick }) if nick.as_bytes() == b"alice_")
    );
    let began = Instant::now();
    let told = alice.network.len();
    // Some wishes later it is free.
    tokio::select! {
        () = alice.until(|_| false) => {}
        () = tokio::time::sleep(Duration::from_secs(100)) => {}
    }
    assert!(
        !alice.network[told..]
            .iter()
            .any(|one| matches!(one, Network::NickRefused { .. })),
        "nobody has to hear of each refusal"
    );
    drop(other);
    alice
        .until(|alice| matches!(alice.network.last(), Some(Network::Renamed(_))))
        .await;
    assert_eq!(alice.seat.link().client().nick().as_bytes(), b"alice");
    assert!(began.elapsed() <= Duration::from_secs(200));
}

#[tokio::test(start_paused = true)]
async fn a_nick_that_never_was_ours_is_left_to_others() {
    let relay = relay(0).await;
    let mut first = Someone::sit(&relay, "alice", 1, Pacing::unlimited()).await;
    let mut second = Someone::sit(&relay, "alice", 2, Pacing::unlimited()).await;
    assert_eq!(second.seat.link().client().nick().as_bytes(), b"alice_");
    relay.cut(connection_of(&relay, "alice_"));
    both(&mut first, &mut second, |_, second| second.reconnections() == 1).await;
    // Even when it becomes free.
    drop(first);
    tokio::select! {
        () = second.until(|_| false) => {}
        () = tokio::time::sleep(Duration::from_secs(700)) => {}
    }
    assert!(
        !second
            .network
            .iter()
            .any(|one| matches!(one, Network::Renamed(_)))
    );
}

/// Says thirty texts, breaks the connection after so many bytes, and returns what the other end has read.
async fn break_after(bytes: usize) -> Vec<String> {
    let relay = relay(0).await;
    let pacing = Pacing {
        burst: 4,
        interval: Duration::from_millis(100),
    };
    let mut alice = Someone::sit(&relay, "alice", 1, pacing).await;
    let mut bob = Someone::sit(&relay, "bob", 2, Pacing::unlimited()).await;
    relay.cut_after(connection_of(&relay, "alice"), Direction::In, bytes);
    for number in 0..30 {
        alice.say("bob", &format!("text {number}"));
    }
    // The last word is said when the connection stands again and all else has gone out.
    both(&mut alice, &mut bob, |alice, _| alice.reconnections() == 1).await;
    alice.say("bob", "the end");
    both(&mut alice, &mut bob, |_, bob| {
        bob.heard.iter().any(|(text, _)| text.contains("the end"))
    })
    .await;
    assert_eq!(alice.reconnections(), 1);
    bob.heard
        .into_iter()
        .map(|(text, _)| text.trim_end().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn wherever_it_breaks_nothing_is_doubled_and_order_is_kept() {
    for bytes in (1..700).step_by(23) {
        let heard = break_after(bytes).await;
        let numbers: Vec<usize> = heard
            .iter()
            .filter_map(|text| text.strip_prefix("text ")?.parse().ok())
            .collect();
        assert!(
            numbers.windows(2).all(|two| two[0] < two[1]),
            "broken after {bytes}: {numbers:?}"
        );
        // One text was on its way, and at most the burst before it.
        assert!(30 - numbers.len() <= 5, "broken after {bytes}: {numbers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_was_thrown_off_does_not_come_back_at_once() {
    let relay = relay(0).await;
    let mut alice = Someone::sit(&relay, "alice", 1, Pacing::unlimited()).await;
    relay.kill(b"alice", b"enough");
    alice
        .until(|alice| matches!(alice.network.last(), Some(Network::Reconnecting { .. })))
        .await;
    assert!(
        alice
            .network
            .iter()
            .any(|one| matches!(one, Network::Killed { reason, .. } if reason == b"enough"))
    );
    let Some(Network::Reconnecting { after }) = alice.network.last() else {
        panic!()
    };
    assert!(*after >= Duration::from_secs(15), "{after:?}");
    alice.until(|alice| alice.reconnections() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_account_ends_it_for_good() {
    let accounts = vec![(b"jilles".to_vec(), b"sesame".to_vec().into())];
    let server = ServerConfig {
        accounts,
        ..ServerConfig::default()
    };
    let relay = Relay::start(RelayConfig {
        server,
        ..RelayConfig::default()
    })
    .await
    .unwrap();
    let mut config = Config::new("alice");
    config.sasl = Some(Sasl::Plain {
        account: b"jilles".to_vec(),
        password: b"wrong".to_vec().into(),
    });
    let way = way(relay.address().port(), config.clone(), Pacing::unlimited());
    let link = way.dial.connect(config, Pacing::unlimited()).await.unwrap();
    let mut seat = Seat::lasting(link, way, engine(1));
    let mut told = Vec::new();
    while let Some(news) = seat.next().await {
        told.extend(news);
    }
    assert!(
        matches!(
            &told[..],
            [
                News::Network(Network::SaslFailed(SaslFault::Refused { code: 904, .. })),
                News::Network(Network::Disconnected(_))
            ]
        ),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_not_to_last_does_not() {
    let relay = relay(0).await;
    let dial = Dial::plain("127.0.0.1", relay.address().port());
    let link = dial
        .connect(Config::new("alice"), Pacing::unlimited())
        .await
        .unwrap();
    let mut seat = Seat::new(link, engine(1));
    while !seat.is_connected() {
        seat.next().await.unwrap();
    }
    relay.shutdown().await;
    let mut last = Vec::new();
    while let Some(news) = seat.next().await {
        last = news;
    }
    assert!(
        matches!(&last[..], [News::Network(Network::Disconnected(_))]),
        "{last:?}"
    );
}
