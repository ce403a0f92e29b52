//! Several clients of one person on one connection to an IRC server, and a connection that outlives them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod doors;
mod pair;
mod scripted;
mod seats;

use std::time::Duration;

use chatham::engine::notice::How;
use im::irc::Capability;
use im::relay::Capture;
use tokio::net::TcpListener;

use crate::doors::{Client, House, network};
use crate::pair::{DOWN, Pair, UP, meanwhile};
use crate::scripted::Scripted;
use crate::seats::Someone;

/// How often a client was shown this.
fn times(client: &Client, parts: &[&str]) -> usize {
    let all = |line: &&String| parts.iter().all(|part| line.contains(part));
    client.lines.iter().filter(all).count()
}

/// A second client of Alice's, which wants these capabilities.
async fn desk(house: &House, wants: &str) -> Client {
    let mut client = house.knock().await;
    client.say("CAP LS 302").await;
    client.say(&format!("PASS {}", house.password)).await;
    client.until(&["CAP * LS"]).await;
    if !wants.is_empty() {
        client.say(&format!("CAP REQ :{wants}")).await;
        client.until(&["CAP * ACK", wants]).await;
    }
    client.say("CAP END").await;
    client.register(None, "whatever").await;
    client
}

#[tokio::test]
async fn a_second_client_is_the_same_person_at_the_same_places() {
    let (relay, capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let mut alice = house.enter("alice").await;
    for line in ["JOIN #room", "TOPIC #room :of cabbages", "JOIN #other"] {
        alice.say(line).await;
        alice.settle().await;
    }
    let mut carol = Client::at(relay.address().port()).await;
    carol.register(None, "carol").await;
    carol.say("JOIN #room").await;
    carol.until(&[" 366 "]).await;
    alice.until(&[":carol!", "JOIN"]).await;
    alice.say("NICK ally").await;
    alice.until(&["NICK", "ally"]).await;
    alice.settle().await;

    let before = alice.lines.len();
    let mut desk = desk(&house, "").await;
    desk.until(&["366", "#room"]).await;
    desk.until(&["366", "#other"]).await;
    assert_eq!(times(&desk, &[" 001 ally :"]), 1, "{:?}", desk.lines);
    assert_eq!(times(&desk, &[" 005 ally "]), times(&alice, &[" 005 alice "]));
    for parts in [
        &[":ally!~alice@127.0.0.1 JOIN #room"][..],
        &[" 332 ally #room :of cabbages"],
        &[" 353 ally ", "#room", "ally", "carol"],
        &[":ally!~alice@127.0.0.1 JOIN #other"],
        &["NOTICE ally", "*chatham", "Your key is"],
    ] {
        assert_eq!(times(&desk, parts), 1, "{parts:?}: {:?}", desk.lines);
    }
    // What was asked for the one is not shown on the other.
    alice.settle().await;
    assert_eq!(alice.lines.len(), before + 1, "{:?}", alice.lines.get(before..));
    assert_eq!(relay.connections().len(), 2, "one connection for both");
    for line in ["NICK whatever", "CAP", "USER whatever"] {
        assert!(capture.find(line.as_bytes()).is_empty(), "{line}");
    }
    // What happens is shown on both, whoever causes it.
    desk.say("PART #other").await;
    for client in [&mut alice, &mut desk] {
        client.until(&[":ally!", "PART", "#other"]).await;
    }
    alice.say("NICK alice").await;
    for client in [&mut alice, &mut desk] {
        client.until(&[":ally!", "NICK", "alice"]).await;
    }
    carol.say("PRIVMSG alice :to you").await;
    carol.say("PRIVMSG #room :to all").await;
    for client in [&mut alice, &mut desk] {
        client
            .until(&[":carol!~carol@127.0.0.1 PRIVMSG alice :to you"])
            .await;
        client
            .until(&[":carol!~carol@127.0.0.1 PRIVMSG #room :to all"])
            .await;
        client.settle().await;
        assert_eq!(times(client, &["to you"]), 1);
    }
    // And answers on the one that has asked.
    desk.say("WHO #room").await;
    desk.until(&[" 315 "]).await;
    desk.say("PRIVMSG *chatham :people").await;
    desk.until(&["*chatham", "nobody yet"]).await;
    alice.settle().await;
    assert_eq!(times(&alice, &[" 352 "]), 0, "{:?}", alice.lines);
    assert_eq!(times(&alice, &["nobody yet"]), 0);
    assert_eq!(times(&alice, &["PONG", "mark-"]), times(&alice, &["PONG"]));
    assert_eq!(times(&desk, &["PONG"]), 1, "{:?}", desk.lines);
}

#[tokio::test]
async fn both_clients_write_into_one_private_conversation_and_each_shows_each_text_once() {
    let mut pair = Pair::private().await;
    let mut desk = desk(&pair.house, "znc.in/self-message").await;
    pair.alice.say(&format!("PRIVMSG bob :{}", UP[0])).await;
    assert_eq!(pair.bob_hears(UP[0]).await, How::Unverified);
    desk.say(&format!("PRIVMSG bob :{}", UP[1])).await;
    pair.bob_hears(UP[1]).await;
    desk.say("PRIVMSG bob :\u{1}ACTION hüpť·ünď·löcht\u{1}").await;
    pair.bob_hears("hüpť·ünď·löcht").await;
    for text in DOWN {
        pair.bob.say("alice", text);
        pair.alice_hears(&[text]).await;
        let line = meanwhile(&mut pair.bob, desk.until(&[text])).await;
        assert_eq!(line, format!(":bob!~bob@127.0.0.1 PRIVMSG alice :{text}"));
    }
    for client in [&mut pair.alice, &mut desk] {
        client.settle().await;
    }
    // One understands its own words from elsewhere, the other one is told of them.
    assert_eq!(
        times(
            &desk,
            &[&format!(":alice!~alice@127.0.0.1 PRIVMSG bob :{}", UP[0])]
        ),
        1,
        "{:?}",
        desk.lines
    );
    assert_eq!(
        times(
            &pair.alice,
            &[
                "*chatham",
                "bob: you said elsewhere, privately, to an unverified key:",
                UP[1]
            ]
        ),
        1,
        "{:?}",
        pair.alice.lines
    );
    assert_eq!(
        times(&pair.alice, &["you said elsewhere", "/me hüpť·ünď·löcht"]),
        1
    );
    for (client, own) in [(&pair.alice, UP[0]), (&desk, UP[1])] {
        assert_eq!(times(client, &[own]), 0, "the client shows it by itself");
        assert!(!client.has(&["?OTR"]), "{:?}", client.lines);
        for text in DOWN {
            assert_eq!(times(client, &[text]), 1);
        }
    }
    // What happens is told on both, what was asked on the one that has asked.
    desk.say("PRIVMSG bob :!otr status").await;
    desk.until(&["*chatham", "text goes private"]).await;
    desk.say("PRIVMSG bob :!otr end").await;
    for client in [&mut pair.alice, &mut desk] {
        client.until(&["*chatham", "private conversation ended"]).await;
    }
    assert!(
        !pair.alice.has(&["text goes private"]),
        "an answer to another client"
    );
    pair.nothing_of(&UP);
    pair.nothing_of(&DOWN);
    pair.nothing_of(&["hüpť·ünď·löcht"]);
    assert!(pair.capture.find(b"*chatham").is_empty());
}

#[tokio::test]
async fn a_leak_trips_the_capture() {
    let mut pair = Pair::private().await;
    let mut desk = desk(&pair.house, "").await;
    pair.house.running.leak_once();
    desk.say(&format!("PRIVMSG bob :{}", UP[0])).await;
    pair.bob_hears(UP[0]).await;
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pair.nothing_of(&UP)));
    let words = *judged.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("stands in the capture"), "{words}");
}

#[tokio::test]
async fn one_client_goes_and_the_other_goes_on() {
    let mut pair = Pair::private().await;
    let mut desk = desk(&pair.house, "").await;
    pair.alice.say("QUIT :bye").await;
    assert!(pair.alice.rest().await.contains("ERROR :Closing link"));
    desk.say(&format!("PRIVMSG bob :{}", UP[0])).await;
    assert_eq!(pair.bob_hears(UP[0]).await, How::Unverified);
    // One that goes without a word takes nothing with it, either.
    let third = self::desk(&pair.house, "").await;
    drop(third);
    pair.bob.say("alice", DOWN[0]);
    meanwhile(&mut pair.bob, desk.until(&[DOWN[0]])).await;
    assert!(
        !desk.has(&["new keys"]),
        "the connection stands: {:?}",
        desk.lines
    );
    assert!(pair.capture.find(b"QUIT").is_empty());
    // The last one is the end.
    desk.say("QUIT :that is all").await;
    desk.rest().await;
    assert!(!pair.capture.find(b"QUIT :that is all").is_empty());
    pair.nothing_of(&[UP[0], DOWN[0]]);
}

#[tokio::test]
async fn what_waits_is_shown_on_the_others_when_it_goes() {
    let mut pair = Pair::clear().await;
    let mut desk = desk(&pair.house, "znc.in/self-message").await;
    pair.bob.say("alice", "hello");
    pair.alice_hears(&["hello"]).await;
    pair.alice.say("PRIVMSG bob :!otr start").await;
    pair.alice.say(&format!("PRIVMSG bob :{}", UP[0])).await;
    pair.bob_hears(UP[0]).await;
    meanwhile(&mut pair.bob, desk.until(&[":alice!", "PRIVMSG bob", UP[0]])).await;
    pair.alice.settle().await;
    assert_eq!(times(&pair.alice, &["PRIVMSG bob"]), 0, "{:?}", pair.alice.lines);
    assert!(
        !pair.alice.has(&["you said elsewhere"]),
        "it was typed here: {:?}",
        pair.alice.lines
    );
    pair.nothing_of(&UP);
}

#[tokio::test]
async fn what_is_said_to_channels_and_in_the_clear_is_shown_on_the_others() {
    let mut pair = Pair::clear().await;
    pair.alice.say("JOIN #room").await;
    pair.alice_hears(&[" 366 "]).await;
    let mut desk = desk(&pair.house, "").await;
    pair.alice.say("PRIVMSG #room :to all").await;
    pair.alice.say("PRIVMSG bob :in the clear").await;
    pair.alice.say("PRIVMSG NickServ :IDENTIFY hunter2").await;
    pair.alice.settle().await;
    desk.until(&[":alice!~alice@127.0.0.1 PRIVMSG #room :to all"])
        .await;
    desk.until(&["*chatham", "bob: you said elsewhere, in the clear: in the clear"])
        .await;
    desk.settle().await;
    assert!(!desk.has(&["hunter2"]), "a password: {:?}", desk.lines);
    assert_eq!(times(&pair.alice, &["to all"]), 0);
}

#[tokio::test]
async fn own_words_come_back_once_where_the_server_echoes() {
    let mut pair = Pair::echoing().await;
    pair.become_private().await;
    // One wants all that holds, one nothing of it. What does not hold cannot be had.
    let mut same = desk(&pair.house, "echo-message server-time").await;
    let mut bare = desk(&pair.house, "").await;
    bare.say("CAP REQ :message-tags").await;
    bare.until(&["CAP alice NAK :message-tags"]).await;
    pair.alice.say("JOIN #room").await;
    pair.alice_hears(&[" 366 "]).await;
    for (speaker, text) in [(0, UP[0]), (1, UP[1]), (2, UP[2])] {
        let line = format!("PRIVMSG bob :{text}");
        match speaker {
            0 => pair.alice.say(&line).await,
            1 => same.say(&line).await,
            _ => bare.say(&line).await,
        }
        pair.bob_hears(text).await;
        for client in [&mut pair.alice, &mut same] {
            let echo = meanwhile(&mut pair.bob, client.until(&["PRIVMSG bob", text])).await;
            assert!(echo.starts_with("@time="), "{echo}");
        }
    }
    pair.alice.say("PRIVMSG #room :to all").await;
    let told = bare.until(&["to all"]).await;
    assert_eq!(told, ":alice!~alice@127.0.0.1 PRIVMSG #room :to all");
    for client in [&mut pair.alice, &mut same, &mut bare] {
        client.settle().await;
        assert!(!client.has(&["?OTR"]), "{:?}", client.lines);
        assert_eq!(times(client, &["to all"]), 1);
    }
    for (at, text) in UP.into_iter().enumerate() {
        assert_eq!(times(&pair.alice, &[text]), 1, "{:?}", pair.alice.lines);
        assert_eq!(times(&same, &[text]), 1, "{:?}", same.lines);
        assert_eq!(
            times(&bare, &["you said elsewhere", text]),
            usize::from(at < 2),
            "{:?}",
            bare.lines
        );
        assert_eq!(times(&bare, &[text]), usize::from(at < 2));
    }
    assert!(bare.lines.iter().all(|line| !line.starts_with('@')));
    pair.nothing_of(&UP);
}

#[tokio::test]
async fn s70_the_second_client_says_the_password_as_well() {
    let (relay, capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let mut alice = house.enter("alice").await;
    for lines in [
        &["NICK mallory", "USER m 0 * :m"][..],
        &["PASS hunter2"],
        &["CAP LS 302", "PASS :", "NICK m"],
    ] {
        let mut client = house.knock().await;
        for line in lines {
            client.say(line).await;
        }
        let told = client.rest().await;
        assert!(told.contains(" 464 * :") && !told.contains(" 001 "), "{told}");
    }
    // One that waits for the capabilities hears them, and says the password then: nothing of it goes upstream.
    for (more, opens) in [("", true), ("x", false)] {
        let mut curious = house.knock().await;
        curious.say("CAP LS 302").await;
        curious.say("JOIN :").await;
        curious.until(&["CAP * LS"]).await;
        let password = format!("PASS {}{more}", house.password);
        for line in [
            "CAP END",
            "NICK alice",
            &password,
            "USER a 0 * :a",
            "PRIVMSG #room :forged",
        ] {
            // It may have been sent away.
            let _gone = curious.try_raw(format!("{line}\r\n").as_bytes()).await;
        }
        if opens {
            curious.until(&[" 001 alice "]).await;
            curious.settle().await;
            assert!(!capture.find(b"PRIVMSG #room :forged").is_empty());
        } else {
            assert!(curious.rest().await.contains(" 464 "));
        }
    }
    assert!(capture.find(b"CAP").is_empty() && capture.find(house.password.as_bytes()).is_empty());
    alice.settle().await;
}

#[tokio::test]
async fn where_all_places_are_taken_those_who_do_not_answer_go() {
    let (relay, capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let mut clients = vec![house.enter("alice").await];
    for _ in 1..8 {
        clients.push(desk(&house, "").await);
    }
    // All are there, and stay.
    let mut ninth = house.knock().await;
    ninth.say(&format!("PASS {}", house.password)).await;
    for client in &mut clients {
        client.until(&["PING :*chatham"]).await;
        client.say("PONG :*chatham").await;
    }
    assert!(ninth.rest().await.contains("eight clients are connected"));
    assert!(capture.find(b"*chatham").is_empty(), "the answers were ours");
    // Those that do not answer make place.
    let mut ninth = house.knock().await;
    ninth.say(&format!("PASS {}", house.password)).await;
    clients[7].until(&["PING :*chatham"]).await;
    clients[7].say("PONG :*chatham").await;
    ninth.register(None, "alice").await;
    assert!(clients[0].rest().await.contains("PING :*chatham"));
    clients[7].settle().await;
}

/// How often these bytes stand in what was carried.
fn carried(capture: &Capture, needle: &[u8]) -> usize {
    let streams = capture.find(needle).into_iter();
    let streams = streams.map(|(connection, direction)| capture.stream(connection, direction));
    streams
        .map(|stream| {
            stream
                .windows(needle.len())
                .filter(|bytes| *bytes == needle)
                .count()
        })
        .sum()
}

/// Waits until the server was told this so often.
async fn until_carried((bob, capture): (&mut Someone, &Capture), line: &[u8], count: usize) {
    for _ in 0..6000 {
        if carried(capture, line) >= count {
            return;
        }
        meanwhile(bob, tokio::time::sleep(Duration::from_millis(10))).await;
    }
    panic!("nobody was told");
}

#[tokio::test]
async fn a_connection_stays_when_its_clients_go_and_what_was_missed_is_shown() {
    let (relay, capture) = network(vec![Capability::ServerTime]).await;
    let house = House::behind("stay = 'always'\n", relay.address().port()).await;
    let mut alice = house.knock().await;
    alice.say("CAP REQ :server-time").await;
    alice.say(&format!("PASS {}", house.password)).await;
    alice.until(&["ACK"]).await;
    alice.say("CAP END").await;
    alice.register(None, "alice").await;
    let mut pair = Pair::of(house, alice, (relay, capture)).await;
    pair.become_private().await;
    for farewell in [Some("QUIT :gone home"), None] {
        match farewell {
            Some(line) => {
                pair.alice.say(line).await;
                assert!(
                    pair.alice
                        .rest()
                        .await
                        .contains("the connection to the server stays")
                );
            }
            None => pair.alice.hang_up().await,
        }
        let wanted = if farewell.is_some() { 1 } else { 2 };
        until_carried((&mut pair.bob, &pair.capture), b"AWAY :not here\r\n", wanted).await;
        for text in DOWN {
            pair.bob.say("alice", text);
        }
        let mut back = desk(&pair.house, "server-time").await;
        let mut seen = Vec::new();
        for text in DOWN {
            seen.push(meanwhile(&mut pair.bob, back.until(&[text])).await);
        }
        for (line, text) in seen.iter().zip(DOWN) {
            assert!(line.starts_with("@time="), "{line}");
            assert!(
                line.ends_with(&format!(":bob!~bob@127.0.0.1 PRIVMSG alice :{text}")),
                "{line}"
            );
        }
        back.say(&format!("PRIVMSG bob :{}", UP[wanted])).await;
        assert_eq!(pair.bob_hears(UP[wanted]).await, How::Unverified);
        back.settle().await;
        assert!(
            !back.has(&["new keys"]) && !back.has(&[" 306 "]),
            "{:?}",
            back.lines
        );
        assert_eq!(times(&back, &[DOWN[0]]), 1);
        pair.alice = back;
    }
    assert!(pair.capture.find(b"QUIT").is_empty());
    assert_eq!(carried(&pair.capture, b"AWAY\r\n"), 2);
    pair.nothing_of(&UP);
    pair.nothing_of(&DOWN);
    // When the proxy ends it says goodbye, client or not.
    pair.alice.hang_up().await;
    until_carried((&mut pair.bob, &pair.capture), b"AWAY :not here\r\n", 3).await;
    let Pair {
        house,
        mut bob,
        capture,
        ..
    } = pair;
    meanwhile(&mut bob, house.running.end()).await;
    bob.until(|bob| bob.told.iter().any(|what| format!("{what:?}").contains("Ended")))
        .await;
    until_carried((&mut bob, &capture), b"QUIT\r\n", 1).await;
}

/// A scripted server behind a proxy, with a first client let in that has asked for these.
async fn with_a_client(stay: &str, held: &str) -> (Scripted, House, Client, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let house = House::behind(stay, port).await;
    let (server, alice) = let_in(&listener, &house, held).await;
    (server, house, alice, listener)
}

async fn let_in(listener: &TcpListener, house: &House, held: &str) -> (Scripted, Client) {
    let mut alice = house.knock().await;
    alice.say(&format!("PASS {}", house.password)).await;
    let mut server = Scripted::accept(listener).await;
    alice.say(&format!("CAP REQ :{held}")).await;
    assert_eq!(server.line().await, format!("CAP REQ :{held}"));
    server.say(&format!(":irc.test CAP * ACK :{held}")).await;
    server.say(":irc.test 001 alice :Welcome alice!a@h").await;
    server.say(":irc.test 422 alice :no message of the day").await;
    alice.until(&["*chatham", "Your key is"]).await;
    (server, alice)
}

#[tokio::test]
async fn every_line_is_written_as_each_client_wants_it() {
    let held = "message-tags server-time extended-join multi-prefix away-notify labeled-response batch";
    let (mut server, house, mut alice, _listener) = with_a_client("", held).await;
    let mut bare = desk(&house, "").await;
    let lines = [
        "@time=2026-01-01T00:00:00.000Z;msgid=1;+x=y  :bob!b@h  PRIVMSG alice :tagged",
        "@time=2026-01-01T00:00:00.000Z :bob!b@h JOIN #c acc :Bob Real",
        ":irc.test 353 alice = #c :@+bob +carol",
        ":bob!b@h AWAY :gone",
        "@+typing=active :bob!b@h TAGMSG alice",
        ":irc.test BATCH +1 netsplit a.test b.test",
        "@batch=1 :carol!c@h QUIT :a.test b.test",
        ":irc.test BATCH -1",
        ":irc.test 999 alice the end",
    ];
    for line in lines {
        server.say(line).await;
    }
    alice.until(&["the end"]).await;
    bare.until(&["the end"]).await;
    for line in lines {
        assert!(alice.has(&[line]), "byte for byte: {line}, {:?}", alice.lines);
    }
    let at = bare
        .lines
        .iter()
        .position(|line| line.contains("tagged"))
        .unwrap();
    assert_eq!(
        bare.lines[at..],
        [
            ":bob!b@h  PRIVMSG alice :tagged",
            ":bob!b@h JOIN #c",
            ":irc.test 353 alice = #c :@bob +carol",
            ":carol!c@h QUIT :a.test b.test",
            ":irc.test 999 alice the end",
        ]
    );
}

#[tokio::test]
async fn labels_and_pings_of_two_clients_do_not_meet() {
    let (mut server, house, mut alice, _listener) =
        with_a_client("", "message-tags labeled-response batch").await;
    let mut desk = desk(&house, "message-tags labeled-response batch").await;
    alice.say("@label=7 WHOIS bob").await;
    assert_eq!(server.line().await, "@label=7 WHOIS bob");
    desk.say("@label=7 WHOIS carol").await;
    assert_eq!(server.line().await, "@label=chatham-1 WHOIS carol");
    for line in [
        "@label=chatham-1 :irc.test BATCH +r labeled-response",
        "@batch=r :irc.test 311 alice carol c h * :Carol",
        "@batch=r :irc.test 318 alice carol :end",
        ":irc.test BATCH -r",
        "@label=7 :irc.test 401 alice bob :no such nick",
    ] {
        server.say(line).await;
    }
    desk.until(&["BATCH -r"]).await;
    assert!(
        desk.has(&["@label=7 :irc.test BATCH +r labeled-response"]),
        "{:?}",
        desk.lines
    );
    assert!(desk.has(&["@batch=r :irc.test 311 alice carol"]));
    alice.until(&["@label=7 :irc.test 401 alice bob"]).await;
    assert!(!alice.has(&["carol"]) && !desk.has(&["401"]), "{:?}", alice.lines);
    // The same word of a PING.
    desk.say("PING :irc.test").await;
    alice.say("PING :irc.test").await;
    for _ in 0..2 {
        assert_eq!(server.line().await, "PING :irc.test");
        server.say(":irc.test PONG irc.test :irc.test").await;
    }
    for client in [&mut alice, &mut desk] {
        client.until(&["PONG"]).await;
    }
    // A server that asks gets one answer.
    server.say("PING :are you there").await;
    assert_eq!(server.line().await, "PONG :are you there");
    // As a program does that asks our clients something.
    server.say(":bob!b@h PRIVMSG alice :\u{1}VERSION\u{1}").await;
    alice.until(&["VERSION"]).await;
    alice.say("@label=8 PRIVMSG bob :!otr status").await;
    alice.until(&["@label=8 :irc.test ACK"]).await;
    for client in [&mut alice, &mut desk] {
        server.say(":irc.test 999 alice :the end").await;
        client.until(&["the end"]).await;
        assert_eq!(times(client, &["PONG"]), 1, "{:?}", client.lines);
    }
    assert!(!desk.has(&["VERSION"]), "{:?}", desk.lines);
}

#[tokio::test]
async fn s66_nobody_on_the_network_speaks_as_the_proxy_to_a_second_client() {
    let (mut server, house, _alice, _listener) = with_a_client("", "server-time").await;
    let mut desk = desk(&house, "").await;
    for line in [
        ":*chatham!chatham@localhost PRIVMSG alice :*** bob: VERIFIED",
        "@time=1970-01-01T00:00:00Z  :*ChatHam!a@b  notice #room :VERIFIED",
        ":*chatham TOPIC #room :VERIFIED",
        ":bob!b@h NICK :*chatham",
        // Without their tags, which this client has not asked for, these would be lines with others, or with this source.
        "@a=1 @b=2 :*chatham!chatham@localhost PRIVMSG alice :VERIFIED",
        "@a=1 \t:*chatham!chatham@localhost PRIVMSG alice :VERIFIED",
    ] {
        server.say(line).await;
    }
    server.say(":bob!b@h PRIVMSG alice :the end").await;
    desk.until(&["the end"]).await;
    let mut third = self::desk(&house, "").await;
    server.say(":bob!b@h PRIVMSG alice :the very end").await;
    third.until(&["the very end"]).await;
    for client in [&desk, &third] {
        assert!(!client.has(&["VERIFIED"]), "{:?}", client.lines);
        assert!(!client.has(&["NICK", "*chatham"]), "{:?}", client.lines);
    }
    assert_eq!(times(&desk, &["somebody on the network speaks as"]), 1);
    // Nor can it give such a name to a client that comes later, by its welcome.
    assert_eq!(times(&third, &[" 001 alice "]), 1);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_closed_and_keeps_nobody_waiting() {
    let (mut server, house, mut alice, _listener) = with_a_client("", "server-time").await;
    // It reads no further than this.
    let stuck = desk(&house, "").await;
    let long = "x".repeat(8000);
    let flood = async {
        // More than its socket and its backlog take together.
        for number in 0..2500 {
            server.say(&format!(":bob!b@h PRIVMSG #c :{number} {long}")).await;
        }
        server.say(":bob!b@h PRIVMSG alice :the end").await;
    };
    let (line, ()) = tokio::join!(alice.until(&["the end"]), flood);
    assert_eq!(line, ":bob!b@h PRIVMSG alice :the end");
    assert_eq!(times(&alice, &["*chatham", "took nothing for a while"]), 1);
    assert_eq!(times(&alice, &["PRIVMSG #c"]), 2500);
    drop(stuck);
}

#[tokio::test]
async fn a_connection_without_clients_answers_the_server_and_keeps_only_so_much() {
    let (mut server, house, mut alice, listener) = with_a_client("stay = '12h'\n", "server-time").await;
    alice.say("QUIT").await;
    assert_eq!(server.line().await, "AWAY :not here");
    server.say("PING :still there?").await;
    assert_eq!(server.line().await, "PONG :still there?");
    server.say(":bob!b@h PRIVMSG #room :to the channel").await;
    for number in 0..205 {
        server
            .say(&format!(
                "@time=2026-01-01T00:00:00.000Z :bob!b@h PRIVMSG alice :missed {number}"
            ))
            .await;
    }
    server.say("PING :again").await;
    assert_eq!(server.line().await, "PONG :again");
    let mut back = desk(&house, "server-time").await;
    assert_eq!(server.line().await, "AWAY");
    back.until(&["missed 204"]).await;
    assert!(back.has(&["@time=2026-01-01T00:00:00.000Z :bob!b@h PRIVMSG alice :missed 5"]));
    assert!(
        !back.has(&["missed 4 "]) && times(&back, &[":missed "]) == 200,
        "{:?}",
        back.lines
    );
    assert!(back.has(&[
        "*chatham",
        "5 texts that came while no client was there are not kept"
    ]));
    assert!(!back.has(&["to the channel"]));
    // Somebody who is away by their own word stays so.
    server
        .say(":irc.test 306 alice :You have been marked as being away")
        .await;
    server.say(":irc.test 999 alice :heard").await;
    back.until(&["heard"]).await;
    back.say("QUIT").await;
    back.rest().await;
    let mut again = desk(&house, "").await;
    again.until(&[" 306 alice "]).await;
    again.say("VERSION").await;
    assert_eq!(server.line().await, "VERSION");
    // When the server goes while nobody is there, the next one is told.
    again.say("QUIT").await;
    again.rest().await;
    drop(server);
    let (_server, mut alice) = let_in(&listener, &house, "server-time").await;
    alice
        .until(&["*chatham", "broke while no client was there"])
        .await;
}

#[tokio::test]
async fn a_connection_without_clients_ends_in_its_time() {
    let (mut server, house, mut alice, listener) = with_a_client("stay = '1s'\n", "server-time").await;
    alice.say("QUIT :bye").await;
    assert_eq!(server.line().await, "AWAY :not here");
    assert_eq!(server.line().await, "QUIT");
    drop(server);
    let (_server, mut alice) = let_in(&listener, &house, "server-time").await;
    alice
        .until(&["*chatham", "no client has come back in time"])
        .await;
}

#[tokio::test]
async fn who_comes_behind_the_farewell_has_a_connection_of_its_own() {
    let (mut server, house, mut alice, listener) = with_a_client("", "server-time").await;
    alice.say("QUIT :bye").await;
    assert_eq!(server.line().await, "QUIT :bye");
    let mut next = house.knock().await;
    next.say(&format!("PASS {}", house.password)).await;
    for line in ["NICK alice", "USER a 0 * :a", "PRIVMSG #room :heard"] {
        next.say(line).await;
    }
    // The server takes its time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(server);
    drop(alice);
    let accepted = tokio::time::timeout(Duration::from_secs(60), Scripted::accept(&listener));
    let mut server = accepted.await.expect("no second connection");
    assert_eq!(server.line().await, "NICK alice");
    assert_eq!(server.line().await, "USER a 0 * :a");
    server.say(":irc.test 001 alice :Welcome alice!a@h").await;
    server.say(":irc.test 422 alice :no message of the day").await;
    assert_eq!(server.line().await, "PRIVMSG #room :heard");
}

#[tokio::test]
async fn a_password_that_the_server_echoes_is_shown_on_one_client() {
    let (mut server, house, mut alice, _listener) = with_a_client("", "echo-message").await;
    let mut desk = desk(&house, "echo-message").await;
    desk.say("PRIVMSG NickServ :IDENTIFY hunter2").await;
    assert_eq!(server.line().await, "PRIVMSG NickServ :IDENTIFY hunter2");
    server.say(":alice!a@h PRIVMSG NickServ :IDENTIFY hunter2").await;
    // A service that nobody here has spoken to: another client behind the same bouncer.
    server.say(":alice!a@h PRIVMSG ChanServ :from elsewhere").await;
    server.say(":irc.test 999 alice :the end").await;
    for client in [&mut alice, &mut desk] {
        client.until(&["the end"]).await;
        assert!(client.has(&["from elsewhere"]), "{:?}", client.lines);
    }
    assert!(!alice.has(&["hunter2"]), "{:?}", alice.lines);
    assert_eq!(times(&desk, &["hunter2"]), 1, "{:?}", desk.lines);
}

#[tokio::test]
async fn what_nobody_took_is_shown_to_a_newcomer_as_it_understands_it() {
    let (mut server, house, _stuck, _listener) = with_a_client("", "server-time").await;
    let long = "x".repeat(8000);
    let flood = async {
        for number in 0..2500 {
            server
                .say(&format!(
                    "@time=2026-01-01T00:00:00.000Z :bob!b@h PRIVMSG alice :{number} {long}"
                ))
                .await;
        }
        server.say(":bob!b@h PRIVMSG alice :the end").await;
    };
    let come = async {
        // Until the first one has as much as its socket and its backlog take, most likely.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut desk = desk(&house, "").await;
        desk.until(&["the end"]).await;
        desk
    };
    let (desk, ()) = tokio::join!(come, flood);
    assert!(times(&desk, &[":bob!b@h PRIVMSG alice :"]) > 100);
    let tagged = desk.lines.iter().filter(|line| line.starts_with('@'));
    assert_eq!(tagged.count(), 0);
}

#[tokio::test]
async fn own_words_that_come_back_to_nobody_are_no_news() {
    let (mut server, house, mut alice, _listener) = with_a_client("stay = 'always'\n", "echo-message").await;
    alice.say("PRIVMSG bob :hello").await;
    let said = server.line().await;
    alice.say("QUIT").await;
    assert_eq!(server.line().await, "AWAY :not here");
    server.say(&format!(":alice!a@h {said}")).await;
    server.say(":bob!b@h PRIVMSG alice :what is it").await;
    server.say("PING :heard").await;
    assert_eq!(server.line().await, "PONG :heard");
    let mut back = desk(&house, "").await;
    back.until(&[":bob!b@h PRIVMSG alice :what is it"]).await;
    assert!(!back.has(&["hello"]), "{:?}", back.lines);
}

#[tokio::test]
async fn a_client_that_never_says_who_it_is_is_nobody() {
    let (mut server, house, mut alice, _listener) = with_a_client("stay = '1s'\n", "server-time").await;
    let mut half = house.knock().await;
    half.say(&format!("PASS {}", house.password)).await;
    half.say("PING :in").await;
    half.until(&["PONG", "in"]).await;
    alice.say("QUIT").await;
    assert_eq!(server.line().await, "AWAY :not here");
    assert_eq!(server.line().await, "QUIT");
    assert!(half.rest().await.contains("the network is left just now"));
}

#[tokio::test]
async fn clients_that_come_at_the_same_time_make_one_connection() {
    let (relay, _capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let (mut one, mut two, mut three) =
        tokio::join!(house.enter("alice"), house.enter("alice"), house.enter("alice"));
    for client in [&mut one, &mut two, &mut three] {
        client.settle().await;
    }
    assert_eq!(relay.connections().len(), 1);
}
