//! A client on a socket, against the relay and against hand-made servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use std::time::Duration;

use common::{PATIENCE, Raw};
use im::dial::DialError;
use im::irc::{Config, Event, Kind, Pacing, Refused};
use im::link::{Link, LinkError, SendError};
use im::relay::{Relay, RelayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn join(relay: &Relay, nick: &str) -> Link {
    let address = relay.address();
    let host = address.ip().to_string();
    let mut link = Link::connect(&host, address.port(), Config::new(nick), Pacing::unlimited())
        .await
        .unwrap();
    // The end of the welcome, and the answer to the question how we are shown.
    wait(&mut link, |event| {
        matches!(event, Event::Numeric { code: 302, .. })
    })
    .await;
    link
}

async fn wait(link: &mut Link, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let next = tokio::time::timeout(PATIENCE, link.next()).await;
        let event = next.expect("nothing comes").expect("the link ended");
        if wanted(&event) {
            return event;
        }
    }
}

async fn hear(link: &mut Link) -> (Kind, Vec<u8>) {
    match wait(link, |event| matches!(event, Event::Message(_))).await {
        Event::Message(said) => (said.kind, said.text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_people_talk() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut alice = join(&relay, "alice").await;
    let mut bob = join(&relay, "bob").await;
    alice.privmsg(b"bob", b"hello").unwrap();
    assert_eq!(hear(&mut bob).await, (Kind::Person, b"hello".to_vec()));
    bob.action(b"alice", b"waves").unwrap();
    assert_eq!(hear(&mut alice).await, (Kind::Action, b"waves".to_vec()));

    let room = alice.client().room(b"bob");
    assert_eq!(room, 512 - 2 - ":alice!~alice@127.0.0.1 PRIVMSG bob :".len());
    alice.privmsg(b"bob", &vec![b'x'; room]).unwrap();
    assert_eq!(hear(&mut bob).await.1.len(), room);
    let refused = alice.privmsg(b"bob", &vec![b'x'; room + 1]);
    assert_eq!(refused, Err(SendError::Refused(Refused::TooLong { room })));
}

#[tokio::test]
async fn a_thousand_lines_arrive_in_order() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let alice = join(&relay, "alice").await;
    let mut bob = join(&relay, "bob").await;
    for number in 0..1000 {
        alice
            .privmsg(b"bob", format!("{number} {}", "x".repeat(400)).as_bytes())
            .unwrap();
    }
    for number in 0..1000 {
        let text = hear(&mut bob).await.1;
        assert!(text.starts_with(format!("{number} ").as_bytes()));
    }
}

#[tokio::test]
async fn a_taken_nick_is_replaced() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let _first = join(&relay, "alice").await;
    let second = join(&relay, "alice").await;
    assert_eq!(second.client().nick().as_bytes(), b"alice_");
}

#[tokio::test]
async fn closing_says_all_that_waits_and_then_goodbye() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let alice = join(&relay, "alice").await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    for number in 0..100 {
        alice
            .privmsg(b"bob", format!("line {number}").as_bytes())
            .unwrap();
    }
    alice.close(b"good night", PATIENCE).await;
    bob.wait_for("line 99").await;
    assert_eq!(relay.connections().len(), 1);
}

#[tokio::test]
async fn the_end_of_the_server_is_the_last_event() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut alice = join(&relay, "alice").await;
    relay.shutdown().await;
    wait(&mut alice, |event| matches!(event, Event::Disconnected { .. })).await;
    assert!(alice.next().await.is_none());
    assert_eq!(alice.privmsg(b"bob", b"hello"), Err(SendError::Closed));
    assert_eq!(alice.queue_room(), 0);
}

#[tokio::test]
async fn nobody_there_is_an_error() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let port = relay.address().port();
    relay.shutdown().await;
    let failed = Link::connect("127.0.0.1", port, Config::new("alice"), Pacing::default()).await;
    assert!(matches!(
        failed,
        Err(LinkError::Dial(DialError::NobodyThere { .. }))
    ));
    let impossible = Link::over(tokio::io::duplex(64).0, Config::new("a b"), Pacing::default());
    assert!(matches!(impossible, Err(LinkError::Config(_))));
}

#[tokio::test]
async fn the_queue_is_bounded_and_keeps_a_place_for_goodbye() {
    // A server that says welcome and then reads nothing.
    let (near, mut far) = tokio::io::duplex(256);
    let mut alice = Link::over(near, Config::new("alice"), Pacing::unlimited()).unwrap();
    far.write_all(b":irc.example 001 alice :Welcome\r\n")
        .await
        .unwrap();
    wait(&mut alice, |event| matches!(event, Event::Registered { .. })).await;
    let mut queued = 0;
    while alice.privmsg(b"bob", &[b'x'; 300]).is_ok() {
        queued += 1;
        assert!(queued <= 4096, "the queue has no end");
    }
    assert_eq!(alice.privmsg(b"bob", b"more"), Err(SendError::QueueFull));
    assert_eq!(alice.queue_room(), 0);
    // The server begins to read: everything is there, the goodbye last.
    let reader = tokio::spawn(async move {
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        while !all.ends_with(b"QUIT :bye\r\n") {
            let count = far.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0);
            all.extend_from_slice(&bytes[..count]);
        }
        all
    });
    alice.close(b"bye", PATIENCE).await;
    let all = reader.await.unwrap();
    assert_eq!(all.windows(12).filter(|at| at == b"PRIVMSG bob ").count(), queued);
}

#[tokio::test]
async fn a_server_that_only_asks_is_given_up() {
    let (near, mut far) = tokio::io::duplex(256);
    let mut alice = Link::over(near, Config::new("alice"), Pacing::default()).unwrap();
    let flood = tokio::spawn(async move { while far.write_all(b"PING :x\r\n").await.is_ok() {} });
    let end = wait(&mut alice, |event| matches!(event, Event::Disconnected { .. })).await;
    assert!(matches!(end, Event::Disconnected { reason: Some(_) }), "{end:?}");
    drop(alice);
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lines_are_paced_but_answers_are_not() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let pacing = Pacing {
        burst: 5,
        interval: Duration::from_millis(500),
    };
    let mut alice = Link::over(near, Config::new("alice"), pacing).unwrap();
    far.write_all(b":irc.example 001 alice :Welcome\r\n")
        .await
        .unwrap();
    wait(&mut alice, |event| matches!(event, Event::Registered { .. })).await;
    for number in 0..20 {
        alice.privmsg(b"bob", format!("{number}").as_bytes()).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    far.write_all(b"PING :now\r\nMARK\r\n").await.unwrap();
    wait(&mut alice, |event| matches!(event, Event::Unknown(_))).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let mut bytes = vec![0; 1 << 16];
    let count = far.read(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
    assert!(text.ends_with("PONG :now\r\n"), "{text}");
    let early = text.matches("PRIVMSG").count();
    assert!((1..=5).contains(&early), "{text}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let count = far.read(&mut bytes).await.unwrap();
    let later = String::from_utf8_lossy(&bytes[..count])
        .matches("PRIVMSG")
        .count();
    assert_eq!(early + later, 20);
}
