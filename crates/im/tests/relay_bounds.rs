//! Nobody on the relay can make it grow without bound, or hold up the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Raw;
use im::relay::{ConnectionId, Relay, RelayConfig, Server, ServerConfig};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_flood_of_garbage_hurts_nobody_else() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    let mut flood = TcpStream::connect(relay.address()).await.unwrap();
    // Without a line end, then with nothing but line ends, then junk: eight megabytes, of which none is read back.
    for byte in [b'x', b'\n', 0xff, 0] {
        for _ in 0..32 {
            if flood.write_all(&[byte; 65536]).await.is_err() {
                break;
            }
        }
    }
    alice.send("PRIVMSG bob :still there?").await;
    bob.wait_for("still there?").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_thrown_out() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut alice = Raw::register(&relay, "alice", None).await;
    let _bob = Raw::register(&relay, "bob", None).await;
    let text = "x".repeat(400);
    let mut sent = 0;
    loop {
        let burst = format!("PRIVMSG bob :{text}\r\n").repeat(500);
        alice.send_bytes(burst.as_bytes()).await;
        sent += burst.len();
        if alice.settle().await.iter().any(|line| line.contains(" 401 ")) {
            break;
        }
        assert!(sent < 64 << 20, "bob's queue has no end");
    }
    assert_eq!(relay.connections().len(), 1);
}

#[tokio::test]
async fn there_are_only_so_many_connections() {
    let config = RelayConfig {
        most_connections: 2,
        ..RelayConfig::default()
    };
    let relay = Relay::start(config).await.unwrap();
    let alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    let mut carol = Raw::connect(&relay).await;
    assert_eq!(carol.text().await, "ERROR :Closing link: too many connections");
    assert!(carol.line().await.is_empty());
    drop(alice);
    while relay.connections().len() > 1 {
        bob.settle().await;
    }
    let _carol = Raw::register(&relay, "carol", None).await;
}

proptest! {
    #[test]
    fn any_bytes_from_anybody_are_survived(
        moves in proptest::collection::vec((0u64..3, prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            commands(),
        ]), 0..60),
    ) {
        let mut server = Server::new(ServerConfig::default());
        for id in 0..3 {
            server.connect(ConnectionId(id), b"host.example");
            let hello = format!("NICK user{id}\r\nUSER u 0 * :u\r\nJOIN #a\r\n");
            server.receive(ConnectionId(id), hello.as_bytes());
        }
        for (id, bytes) in moves {
            for effect in server.receive(ConnectionId(id), &bytes) {
                if let im::relay::Effect::Send(_, line) = effect {
                    prop_assert!(line.to_wire().len() <= 512);
                    prop_assert!(line.parse().is_ok());
                }
            }
        }
        for id in 0..3 {
            server.disconnect(ConnectionId(id), b"end");
        }
        prop_assert!((0..3).all(|id| server.nick_of(ConnectionId(id)).is_none()));
        // Every name and channel went with its last connection.
        server.connect(ConnectionId(9), b"host");
        let welcome = server.receive(ConnectionId(9), b"NICK user0\r\nUSER u 0 * :u\r\nLIST\r\n");
        let text = format!("{welcome:?}");
        prop_assert!(text.contains("IrcLine(001,") && !text.contains("IrcLine(322,"), "{}", text);
    }
}

/// Lines that are nearly sensible.
fn commands() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::sample::select(vec![
        "NICK", "USER", "PASS", "CAP", "QUIT", "PING", "PRIVMSG", "NOTICE", "JOIN", "PART", "TOPIC", "NAMES",
        "LIST", "MODE", "WHOIS", "WHO", "USERHOST", "ISON", "AWAY", "MOTD", "LUSERS",
    ]);
    let param = prop::sample::select(vec![
        "user0", "USER1", "#a", "#b,#c", "", ":", "#", ":x y", "LS", "END", "REQ", "+b", "\u{e9}", "a:b",
        "user2",
    ]);
    (command, proptest::collection::vec(param, 0..4))
        .prop_map(|(command, params)| format!("{command} {}\r\n", params.join(" ")).into_bytes())
}
