//! Lines are cut where servers cut them: 512 bytes with prefix and line end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Raw;
use im::relay::{Relay, RelayConfig};

#[tokio::test]
async fn a_line_that_is_too_long_is_really_cut() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    let head = ":alice!~alice@127.0.0.1 PRIVMSG bob :";
    let room = 512 - 2 - head.len();

    alice.send(&format!("PRIVMSG bob :{}", "x".repeat(room))).await;
    let fits = bob.text().await;
    assert_eq!(fits, format!("{head}{}", "x".repeat(room)));

    alice
        .send(&format!("PRIVMSG bob :{}yz", "x".repeat(room - 1)))
        .await;
    let line = bob.line().await;
    assert_eq!(line.len(), 512);
    assert!(line.ends_with(b"xy\r\n"));

    alice.send(&format!("PRIVMSG bob :{}", "x".repeat(5000))).await;
    assert_eq!(bob.line().await.len(), 512);
    alice.send(&format!("PRIVMSG bob :{}", "x".repeat(9000))).await;
    assert!(alice.text().await.contains(" 417 "), "no line at all");
    assert!(bob.settle().await.is_empty());
}
