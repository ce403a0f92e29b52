//! The proxy on sockets: a client that knows nothing of OTR, the embedded relay, and somebody who speaks it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod doors;
mod pair;
mod seats;

use chatham::engine::notice::How;

use crate::doors::{Client, House, network};
use crate::pair::{DOWN, Pair, UP};
use crate::seats::nick;

#[tokio::test]
async fn a_client_that_knows_nothing_has_a_private_conversation() {
    let mut pair = Pair::private().await;
    for text in UP {
        pair.alice.say(&format!("PRIVMSG bob :{text}")).await;
        assert_eq!(pair.bob_hears(text).await, How::Unverified);
    }
    for text in DOWN {
        pair.bob.say("alice", text);
        let line = pair.alice_hears(&[text]).await;
        assert_eq!(line, format!(":bob!~bob@127.0.0.1 PRIVMSG alice :{text}"));
    }
    pair.alice
        .say("PRIVMSG bob :\u{1}ACTION hüpť·ünď·löcht\u{1}")
        .await;
    pair.bob_hears("hüpť·ünď·löcht").await;
    let long = "äöü·".repeat(60);
    pair.alice.say(&format!("PRIVMSG bob :{long}")).await;
    pair.bob_hears(&long).await;
    pair.alice.settle().await;
    assert!(!pair.alice.has(&["?OTR"]), "{:?}", pair.alice.lines);
    pair.nothing_of(&UP);
    pair.nothing_of(&DOWN);
    pair.nothing_of(&["hüpť·ünď·löcht", &long]);

    pair.alice.say("PRIVMSG bob :/otr end").await;
    pair.alice_hears(&["*chatham", "private conversation ended"])
        .await;
    pair.alice.say("PRIVMSG bob :in the clear now").await;
    assert_eq!(pair.bob_hears("in the clear now").await, How::Clear);
    assert!(!pair.capture.find(b"in the clear now").is_empty());
}

#[tokio::test]
async fn a_leak_trips_the_capture() {
    let mut pair = Pair::private().await;
    pair.house.running.leak_once();
    pair.alice.say(&format!("PRIVMSG bob :{}", UP[0])).await;
    pair.bob_hears(UP[0]).await;
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pair.nothing_of(&UP)));
    let words = *judged.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("stands in the capture"), "{words}");
}

#[tokio::test]
async fn both_verify_each_other_by_a_secret() {
    let mut pair = Pair::private().await;
    // Typed to the person, and to the proxy.
    pair.alice.say("PRIVMSG bob :!otr verify secret öffné dïch").await;
    pair.bob
        .until(|bob| {
            bob.told
                .iter()
                .any(|what| format!("{what:?}").starts_with("Asked"))
        })
        .await;
    let news = pair.bob.seat.act(&nick("alice"), |engine, peer, now| {
        engine.answer(peer, "öffné dïch".as_bytes(), None, now)
    });
    pair.bob.note(news);
    pair.alice_hears(&["VERIFIED: both know the same secret"]).await;
    let news = pair.bob.seat.act(&nick("alice"), |engine, peer, now| {
        engine.verify(
            peer,
            "ämsël".as_bytes(),
            Some("wél·chér vö·gél?".as_bytes()),
            None,
            now,
        )
    });
    pair.bob.note(news);
    pair.alice_hears(&[
        "asks you to prove yourself",
        "wél·chér vö·gél?",
        "!otr answer SECRET",
    ])
    .await;
    pair.alice.say("PRIVMSG *chatham :answer bob ämsël").await;
    pair.alice_hears(&["they know now that you know the answer"])
        .await;
    pair.alice.say("PRIVMSG *chatham :status bob").await;
    pair.alice_hears(&["text goes private, to a verified key"]).await;
    pair.nothing_of(&["öffné dïch", "ämsël"]);
    assert!(
        pair.capture.find(b"*chatham").is_empty(),
        "the proxy's name went upstream"
    );
    assert!(pair.capture.find(b"otr verify").is_empty());
    // What is typed by mistake stays here as well.
    pair.alice.say("PRIVMSG bob :!otr vérïfy sécrét").await;
    pair.alice_hears(&["no such command", "Nothing was sent"]).await;
    pair.alice.say("PRIVMSG #room :!otr verify secret sécrét").await;
    pair.alice_hears(&["nothing was sent"]).await;
    pair.alice.say("NOTICE bob :/otr verify secret sécrét").await;
    pair.alice_hears(&["was not sent"]).await;
    pair.nothing_of(&["sécrét", "vérïfy"]);
}

#[tokio::test]
async fn with_everybody_else_nothing_changes() {
    let (relay, capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let mut carol = Client::at(relay.address().port()).await;
    carol.register(None, "carol").await;
    let mut alice = house.enter("alice").await;
    for client in [&mut alice, &mut carol] {
        client.say("JOIN #room").await;
        client.until(&[" 366 "]).await;
    }
    for line in [
        "PRIVMSG #room :to all  of you ",
        "NOTICE carol :a notice",
        "privmsg  carol  :\u{1}VERSION\u{1}",
        "NOTICE carol :\u{1}VERSION some client\u{1}",
        "TOPIC #room :\u{3}4colours\u{f}",
        "PRIVMSG NickServ :IDENTIFY hunter2",
        "MODE alice +i",
    ] {
        alice.say(line).await;
        alice.settle().await;
        assert!(
            !capture.find(format!("{line}\r\n").as_bytes()).is_empty(),
            "{line}"
        );
    }
    carol.say("PRIVMSG alice :\u{1}PING 12\u{1}").await;
    carol.say("PRIVMSG alice :plain words").await;
    carol.say("NOTICE alice :noted").await;
    carol.say("PRIVMSG #room :to all").await;
    for text in ["\u{1}PING 12\u{1}", "plain words", "noted"] {
        let line = alice.until(&[text]).await;
        assert!(
            line.starts_with(":carol!~carol@127.0.0.1 ") && line.ends_with(&format!(" alice :{text}")),
            "{line}"
        );
    }
    alice
        .until(&[":carol!~carol@127.0.0.1 PRIVMSG #room :to all"])
        .await;
    // Carol answers by NOTICE, as programs do: nothing is hidden in texts to her, which pass byte for byte.
    alice.say("PRIVMSG carol :once  more ").await;
    assert_eq!(
        carol.until(&["once"]).await,
        ":alice!~alice@127.0.0.1 PRIVMSG carol :once  more "
    );
    drop(house);
}

#[tokio::test]
async fn what_may_not_go_in_the_clear_stays_here() {
    let mut pair = Pair::with("[profile.default.person.bob]\nmode = 'always'\n").await;
    pair.bob.say("alice", "hello");
    pair.alice_hears(&["hello"]).await;
    pair.alice.say("NOTICE bob :nötïz·dört").await;
    pair.alice_hears(&["not sent: a notice goes unencrypted"]).await;
    pair.alice.say("PRIVMSG bob@relay.example :ümwég·dört").await;
    pair.alice_hears(&["not sent: a text to an address"]).await;
    pair.alice
        .say("PRIVMSG bob :\u{1}DCC SEND fïlé·näme 1 2 3\u{1}")
        .await;
    pair.alice_hears(&["not sent: a CTCP request"]).await;
    pair.alice.say("PRIVMSG bob :?OTR:ünlésbär.").await;
    pair.alice_hears(&["your client encrypts by itself"]).await;
    pair.alice.say("PRIVMSG bob,#room :gewärtet·hïér").await;
    pair.alice_hears(&["not sent: nothing private stands", "It waits"])
        .await;
    // The question that was asked by itself is answered, and what waited goes.
    assert_eq!(pair.bob_hears("gewärtet·hïér").await, How::Unverified);
    pair.alice_hears(&["which waited, was sent, privately"]).await;
    pair.nothing_of(&["nötïz·dört", "ümwég·dört", "fïlé·näme", "ünlésbär"]);
    // To the channel it was said as it is, which is what the client asked for.
    let channel = pair.capture.find("PRIVMSG #room :gewärtet·hïér".as_bytes());
    assert_eq!(channel.len(), 1);
    assert!(pair.capture.find("PRIVMSG bob :gew".as_bytes()).is_empty());
}

#[tokio::test]
async fn a_session_survives_the_clients_reconnect() {
    let mut pair = Pair::private().await;
    drop(pair.alice);
    pair.bob.until(|bob| bob.told.len() > 1).await;
    // The one before may not have gone yet.
    pair.alice = pair.house.enter("alice").await;
    pair.alice_hears(&["new keys, proved by the same"]).await;
    pair.alice.say(&format!("PRIVMSG bob :{}", UP[1])).await;
    assert_eq!(pair.bob_hears(UP[1]).await, How::Unverified);
    pair.nothing_of(&UP);
}

#[tokio::test]
async fn own_words_come_back_as_they_were_said() {
    let mut pair = Pair::echoing().await;
    pair.alice.say("PRIVMSG bob :in the clear").await;
    let echo = pair.alice_hears(&["in the clear"]).await;
    assert!(
        echo.ends_with(":alice!~alice@127.0.0.1 PRIVMSG bob :in the clear"),
        "{echo}"
    );
    pair.become_private().await;
    for text in UP {
        pair.alice.say(&format!("PRIVMSG bob :{text}")).await;
        let echo = pair.alice_hears(&["PRIVMSG bob", text]).await;
        assert!(echo.starts_with("@time="), "{echo}");
        pair.bob_hears(text).await;
    }
    pair.alice.settle().await;
    assert!(!pair.alice.has(&["?OTR"]), "{:?}", pair.alice.lines);
    pair.nothing_of(&UP);
    assert_eq!(pair.relay.lost(), 0);
}

#[tokio::test]
async fn a_conversation_follows_the_nick_and_not_the_name() {
    let mut pair = Pair::private().await;
    // Who shares no channel with somebody does not hear of their nick.
    pair.alice.say("JOIN #room").await;
    pair.alice_hears(&[" 366 "]).await;
    let line = im::irc::IrcLine::command("JOIN").param("#room").build().unwrap();
    pair.bob.seat.link().send(line).unwrap();
    pair.alice_hears(&[":bob!", "JOIN", "#room"]).await;
    pair.alice.say("NICK ALICE2").await;
    pair.bob
        .until(|bob| {
            bob.told
                .iter()
                .any(|what| format!("{what:?}").starts_with("Renamed"))
        })
        .await;
    pair.bob.say("ALICE2", DOWN[0]);
    pair.alice_hears(&[DOWN[0]]).await;
    let line = im::irc::IrcLine::command("NICK")
        .param("Robert[]")
        .build()
        .unwrap();
    pair.bob.seat.link().send(line).unwrap();
    pair.alice_hears(&["*chatham", "is called Robert[] now"]).await;
    // Another spelling is the same name.
    pair.alice.say(&format!("PRIVMSG rOBERT{{}} :{}", UP[0])).await;
    pair.bob_hears(UP[0]).await;
    pair.nothing_of(&[UP[0], DOWN[0]]);
}
