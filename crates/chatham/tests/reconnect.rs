//! A connection that breaks: it is made anew, conversations survive it, and no line is said twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod seats;

use std::time::Duration;

use chatham::engine::notice::How;
use chatham::seat::{Network, News, Seat};
use im::dial::Dial;
use im::irc::{Config, Pacing, Sasl, SaslFault};
use im::relay::{Direction, Relay, RelayConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::seats::{Someone, both, connection_of, engine, nick, relay, way};

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
    assert_eq!(alice.seat.link().nick().as_bytes(), b"alice");
    assert!(began.elapsed() <= Duration::from_secs(200));
}

#[tokio::test(start_paused = true)]
async fn a_nick_that_never_was_ours_is_left_to_others() {
    let relay = relay(0).await;
    let mut first = Someone::sit(&relay, "alice", 1, Pacing::unlimited()).await;
    let mut second = Someone::sit(&relay, "alice", 2, Pacing::unlimited()).await;
    assert_eq!(second.seat.link().nick().as_bytes(), b"alice_");
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
    let mut seat = Seat::lasting(link, way, None, engine(1));
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

#[tokio::test(start_paused = true)]
async fn who_is_left_takes_the_relay_over_and_the_conversation_goes_on() {
    let first = relay(0).await;
    let port = first.address().port();
    let mut alice = Someone::sit_where_the_relay_is_taken_over(port, "alice", 1).await;
    let mut bob = Someone::sit_where_the_relay_is_taken_over(port, "bob", 2).await;
    bob.say("alice", "hello");
    both(&mut alice, &mut bob, |alice, _| alice.has_heard("hello")).await;
    first.shutdown().await;
    both(&mut alice, &mut bob, |alice, bob| {
        alice.reconnections() == 1 && bob.reconnections() == 1
    })
    .await;
    assert_ne!(alice.seat.runs_relay(), bob.seat.runs_relay());
    alice.say("bob", "still here");
    both(&mut alice, &mut bob, |_, bob| bob.has_heard("still here")).await;
}
