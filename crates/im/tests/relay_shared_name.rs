//! Two connections under one name, as behind a bouncer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Raw;
use im::relay::{Relay, RelayConfig};

async fn relay() -> Relay {
    Relay::start(RelayConfig::default()).await.unwrap()
}

#[tokio::test]
async fn the_same_password_shares_the_name() {
    let relay = relay().await;
    let mut home = Raw::register(&relay, "alice", Some("secret")).await;
    let mut phone = Raw::register(&relay, "Alice", Some("secret")).await;
    let mut bob = Raw::register(&relay, "bob", None).await;

    bob.send("PRIVMSG alice :to all of you").await;
    for device in [&mut home, &mut phone] {
        assert_eq!(
            device.text().await,
            ":bob!~bob@127.0.0.1 PRIVMSG alice :to all of you"
        );
    }
    phone.send("PRIVMSG bob :from the phone").await;
    home.send("PRIVMSG bob :from home").await;
    let mut heard = [bob.text().await, bob.text().await];
    heard.sort();
    assert_eq!(
        heard,
        [
            ":alice!~alice@127.0.0.1 PRIVMSG bob :from home",
            ":alice!~alice@127.0.0.1 PRIVMSG bob :from the phone"
        ]
    );
    assert!(
        home.settle().await.is_empty(),
        "neither hears itself nor the other"
    );
    assert!(phone.settle().await.is_empty());

    home.send("PRIVMSG alice :to my other self").await;
    assert!(phone.text().await.ends_with("PRIVMSG alice :to my other self"));
    assert!(home.settle().await.is_empty());
    let named = relay.connections();
    assert_eq!(
        named
            .iter()
            .filter(|(_, _, nick)| nick.as_deref() == Some(b"alice"))
            .count(),
        2
    );
}

#[tokio::test]
async fn another_password_or_none_does_not() {
    let relay = relay().await;
    let _alice = Raw::register(&relay, "alice", Some("secret")).await;
    let _bob = Raw::register(&relay, "bob", None).await;
    for (password, nick) in [
        ("PASS wrong\r\n", "alice"),
        ("", "alice"),
        ("PASS secret\r\n", "bob"),
        ("", "bob"),
    ] {
        let mut thief = Raw::connect(&relay).await;
        thief
            .send(&format!("{password}NICK {nick}\r\nUSER t 0 * :t"))
            .await;
        assert!(thief.text().await.contains(" 433 "), "{password:?} {nick}");
    }
    // Claimed with the right password, then changed: what counts is the password when the door opens.
    let mut thief = Raw::connect(&relay).await;
    thief
        .send("PASS secret\r\nNICK alice\r\nPASS wrong\r\nUSER t 0 * :t")
        .await;
    assert!(thief.text().await.contains(" 433 "));
}

#[tokio::test]
async fn the_name_lives_as_long_as_one_connection() {
    let relay = relay().await;
    let mut home = Raw::register(&relay, "alice", Some("secret")).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    home.send("JOIN #tea").await;
    home.wait_for(" 366 ").await;
    bob.send("JOIN #tea").await;
    bob.wait_for(" 366 ").await;

    let mut phone = Raw::register(&relay, "alice", Some("secret")).await;
    assert!(
        phone.wait_for(" 353 ").await.ends_with(":alice bob"),
        "the phone finds itself in the channel"
    );
    home.send("QUIT").await;
    home.wait_for("ERROR ").await;
    assert!(bob.settle().await.is_empty(), "nobody sees one of two leave");

    phone.send("NICK alicia").await;
    assert_eq!(bob.text().await, ":alice!~alice@127.0.0.1 NICK :alicia");
    drop(phone);
    assert!(bob.text().await.starts_with(":alicia!~alice@127.0.0.1 QUIT "));
}
