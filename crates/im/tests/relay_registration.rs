//! How connections come into the relay, and how they go, seen from raw sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Raw;
use im::relay::{Relay, RelayConfig};

async fn relay() -> Relay {
    Relay::start(RelayConfig::default()).await.unwrap()
}

#[tokio::test]
async fn listens_on_loopback_only() {
    let relay = relay().await;
    assert!(relay.address().ip().is_loopback());
    assert_ne!(relay.address().port(), 0);
    relay.shutdown().await;
}

#[tokio::test]
async fn welcomes_with_name_and_support() {
    let relay = relay().await;
    let mut alice = Raw::connect(&relay).await;
    alice.send("CAP LS 302").await;
    assert_eq!(alice.text().await, ":relay.chatham.example CAP * LS :");
    alice.send("NICK alice\r\nUSER alice 0 * :Alice A.").await;
    assert!(
        alice.settle().await.is_empty(),
        "nobody is let in while capabilities are talked about"
    );
    alice.send("CAP REQ :sasl").await;
    assert!(alice.text().await.ends_with("CAP * NAK :sasl"));
    alice.send("CAP END").await;
    let welcome = alice.text().await;
    assert_eq!(
        welcome,
        ":relay.chatham.example 001 alice :Welcome to Chatham, alice!~alice@127.0.0.1"
    );
    let support = alice.wait_for(" 005 ").await;
    for token in ["CASEMAPPING=rfc1459", "NICKLEN=30", "LINELEN=512", "CHANTYPES=#&"] {
        assert!(support.contains(token), "{support}");
    }
    alice.wait_for(" 422 ").await;
}

#[tokio::test]
async fn a_nick_in_use_is_refused_until_it_is_free() {
    let relay = relay().await;
    let mut alice = Raw::register(&relay, "alice[]", None).await;
    let mut other = Raw::connect(&relay).await;
    other.send("NICK ALICE{}").await;
    assert_eq!(
        other.text().await,
        ":relay.chatham.example 433 * ALICE{} :Nickname is already in use"
    );
    other.send("NICK 1st").await;
    assert!(other.text().await.contains(" 432 * 1st "));
    other.send("PRIVMSG alice[] :let me in").await;
    assert!(other.text().await.contains(" 451 "));
    other.send("NICK other\r\nUSER o 0 * :o").await;
    other.wait_for(" 422 ").await;
    other.send("NICK alice[]").await;
    assert!(other.text().await.contains(" 433 other alice[] "));

    alice.send("QUIT :bye").await;
    assert_eq!(alice.text().await, "ERROR :Closing link: bye");
    assert!(alice.line().await.is_empty(), "the relay closes the connection");
    other.send("NICK alice[]").await;
    assert_eq!(other.text().await, ":other!~o@127.0.0.1 NICK :alice[]");
}

#[tokio::test]
async fn two_who_want_one_nick_do_not_both_get_it() {
    let relay = relay().await;
    let mut one = Raw::connect(&relay).await;
    let mut two = Raw::connect(&relay).await;
    one.send("NICK alice").await;
    two.send("NICK alice").await;
    assert!(one.settle().await.is_empty() && two.settle().await.is_empty());
    one.send("USER one 0 * :one").await;
    one.wait_for(" 422 ").await;
    two.send("USER two 0 * :two").await;
    assert!(two.text().await.contains(" 433 "));
    two.send("NICK alice2").await;
    two.wait_for(" 001 alice2 ").await;
}

#[tokio::test]
async fn a_private_message_reaches_one_person() {
    let relay = relay().await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    let mut carol = Raw::register(&relay, "carol", None).await;
    alice.send("PRIVMSG BOB :hello  there").await;
    assert_eq!(
        bob.text().await,
        ":alice!~alice@127.0.0.1 PRIVMSG BOB :hello  there"
    );
    alice.send("NOTICE bob :psst").await;
    assert_eq!(bob.text().await, ":alice!~alice@127.0.0.1 NOTICE bob :psst");
    alice
        .send("PRIVMSG nobody :hello\r\nNOTICE nobody :hello\r\nPRIVMSG bob\r\nPRIVMSG\r\nNONSENSE")
        .await;
    let answers: Vec<String> = alice.settle().await;
    let codes: Vec<&str> = answers
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(
        codes,
        ["401", "412", "411", "421"],
        "a NOTICE is never answered: {answers:?}"
    );
    assert!(carol.settle().await.is_empty());
    assert!(bob.settle().await.is_empty());
}

#[tokio::test]
async fn bytes_that_are_not_utf8_pass() {
    let relay = relay().await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    alice.send_bytes(b"PRIVMSG bob :\xff\x80\xc3\n").await;
    assert_eq!(
        bob.line().await,
        b":alice!~alice@127.0.0.1 PRIVMSG bob :\xff\x80\xc3\r\n"
    );
}

#[tokio::test]
async fn those_who_share_a_channel_see_the_end() {
    let relay = relay().await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    let mut bob = Raw::register(&relay, "bob", None).await;
    alice.send("JOIN #tea").await;
    alice.wait_for(" 366 ").await;
    bob.send("JOIN #TEA").await;
    let names = bob.wait_for(" 353 ").await;
    assert!(names.ends_with("= #tea :alice bob"), "{names}");
    alice.wait_for(":bob!~bob@127.0.0.1 JOIN #tea").await;
    alice.send("PRIVMSG #tea :milk?").await;
    bob.wait_for("PRIVMSG #tea :milk?").await;
    assert!(
        alice.settle().await.is_empty(),
        "nobody hears themselves in a channel"
    );
    drop(bob);
    assert_eq!(alice.text().await, ":bob!~bob@127.0.0.1 QUIT :Connection closed");
}

#[tokio::test]
async fn answers_what_clients_ask() {
    let relay = relay().await;
    let mut alice = Raw::register(&relay, "alice", None).await;
    for (question, answers) in [
        ("PING x", vec!["PONG relay.chatham.example :x"]),
        ("MODE alice +i", vec!["221 alice +"]),
        ("USERHOST alice bob", vec!["302 alice :alice=+~alice@127.0.0.1"]),
        ("ISON bob Alice", vec!["303 alice :alice"]),
        (
            "WHOIS alice",
            vec![
                "311 alice alice ~alice 127.0.0.1 * :alice",
                "312 ",
                "318 alice alice ",
            ],
        ),
        ("WHOIS bob", vec!["401 alice bob ", "318 alice bob "]),
        (
            "WHO alice",
            vec![
                "352 alice * ~alice 127.0.0.1 relay.chatham.example alice H :0 alice",
                "315 ",
            ],
        ),
        ("AWAY :tea", vec!["306 "]),
        ("MOTD", vec!["422 "]),
        ("USER a b c d", vec!["462 "]),
        ("PASS a", vec!["462 "]),
        ("PART #none", vec!["442 alice #none "]),
        ("JOIN none", vec!["403 alice none "]),
    ] {
        alice.send(question).await;
        let lines = if question.starts_with("PING") {
            vec![alice.text().await]
        } else {
            alice.settle().await
        };
        assert_eq!(lines.len(), answers.len(), "{question}: {lines:?}");
        for (line, answer) in lines.iter().zip(answers) {
            assert!(
                line.starts_with(&format!(":relay.chatham.example {answer}")),
                "{question}: {line}"
            );
        }
    }
}

#[tokio::test]
async fn a_web_browser_is_sent_away() {
    let relay = relay().await;
    let mut page = Raw::connect(&relay).await;
    page.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nNICK evil\r\nUSER e 0 * :e")
        .await;
    assert!(page.text().await.starts_with("ERROR "));
    assert!(page.line().await.is_empty());
    let mut evil = Raw::register(&relay, "evil", None).await;
    assert!(evil.settle().await.is_empty(), "the name was never taken");
}

#[tokio::test]
async fn shutdown_ends_every_connection() {
    let relay = relay().await;
    let address = relay.address();
    let mut alice = Raw::register(&relay, "alice", None).await;
    relay.shutdown().await;
    assert!(alice.line().await.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
