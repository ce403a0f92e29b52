//! The relay's own record of the bytes on its sockets, and the lines it loses on request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Raw;
use im::relay::{Capture, Direction, Relay, RelayConfig};

async fn watched(limit: usize) -> (Relay, Capture) {
    let capture = Capture::new(limit);
    let config = RelayConfig {
        capture: Some(capture.clone()),
        ..RelayConfig::default()
    };
    (Relay::start(config).await.unwrap(), capture)
}

#[tokio::test]
async fn holds_exactly_what_went_over_the_sockets() {
    let (relay, capture) = watched(1 << 20).await;
    let mut alice = Raw::connect(&relay).await;
    let sent = b"NICK alice\r\nUSER alice 0 * :A\r\nPING \xff\x00\n\n\r\nPING :\xfe\r\n";
    for byte in sent {
        alice.send_bytes(&[*byte]).await;
    }
    let mut received = Vec::new();
    while !received.ends_with(b":\xfe\r\n") {
        received.extend(alice.line().await);
    }
    let (id, _, _) = relay.connections()[0];
    assert_eq!(capture.stream(id, Direction::In), sent);
    assert_eq!(capture.stream(id, Direction::Out), received);
    let records = capture.since(0);
    assert!(
        records
            .iter()
            .enumerate()
            .all(|(place, record)| record.index == place as u64)
    );
    assert!(capture.is_complete());
}

#[tokio::test]
async fn a_leak_is_found_on_both_sockets() {
    let (relay, capture) = watched(1 << 20).await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    assert!(capture.find(b"meet at nine").is_empty());
    alice.send_bytes(b"PRIVMSG bob :meet ").await;
    tokio::task::yield_now().await;
    alice.send_bytes(b"at nine\r\n").await;
    bob.wait_for("meet at nine").await;
    let found = capture.find(b"meet at nine");
    let who = |nick: &[u8]| {
        relay
            .connections()
            .into_iter()
            .find(|(_, _, n)| n.as_deref() == Some(nick))
            .unwrap()
            .0
    };
    assert_eq!(
        found,
        [(who(b"alice"), Direction::In), (who(b"bob"), Direction::Out)]
    );
}

#[tokio::test]
async fn its_memory_is_bounded_and_it_says_so() {
    let (relay, capture) = watched(10_000).await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    for _ in 0..100 {
        alice.send(&format!("PRIVMSG alice :{}", "x".repeat(300))).await;
    }
    alice.settle().await;
    assert!(!capture.is_complete());
    let kept: usize = capture.since(0).iter().map(|record| record.bytes.len()).sum();
    assert!(kept <= 10_000, "{kept}");
}

#[tokio::test]
async fn the_asked_for_message_is_lost_and_no_other() {
    let (relay, capture) = watched(1 << 20).await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", Some("p")).await;
    let mut other_bob = Raw::register(&relay, "bob", Some("p")).await;
    relay.lose(b"Alice", b"BOB", 2);
    alice
        .send("PRIVMSG alice :not this\r\nNOTICE bob :nor this")
        .await;
    for number in 1..=4 {
        alice.send(&format!("PRIVMSG bob :number {number}")).await;
    }
    alice.settle().await;
    for device in [&mut bob, &mut other_bob] {
        let heard = device.settle().await;
        assert_eq!(heard.len(), 4, "{heard:?}");
        assert!(heard.iter().all(|line| !line.contains("number 2")), "{heard:?}");
    }
    assert_eq!(relay.lost(), 1);
    assert_eq!(
        capture.find(b"number 2").len(),
        1,
        "it was sent, and never arrived"
    );
    relay.lose(b"alice", b"bob", 0);
    alice.send("PRIVMSG bob :again").await;
    bob.wait_for("again").await;
}

#[tokio::test]
async fn a_connection_can_be_cut_without_a_word() {
    let (relay, _) = watched(1 << 20).await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let (id, _, _) = relay.connections()[0];
    relay.cut(id);
    assert!(alice.line().await.is_empty());
    assert!(relay.connections().is_empty());
    relay.cut(id);
    let _again = Raw::register(&relay, "alice", None).await;
}
