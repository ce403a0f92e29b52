//! Who goes, and how: on their own, thrown out, lost with a server. And how we go ourselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::{PATIENCE, Raw};
use im::irc::{Client, Config, Event, IrcLine, Kind, Output, Pacing};
use im::link::Link;
use im::relay::{Relay, RelayConfig};

fn client() -> Client {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":s 001 alice :Welcome\r\n");
    client.receive(b":s 005 alice STATUSMSG=@+ CHANTYPES=# :are supported\r\n");
    client
}

fn event(client: &mut Client, line: &str) -> Event {
    match client.receive(format!("{line}\r\n").as_bytes()).remove(0) {
        Output::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_kick_says_who_whom_and_why() {
    let mut client = client();
    let told = event(&mut client, ":op!o@h KICK #a ALICE :enough");
    let Event::Kicked {
        nick,
        by,
        channel,
        reason,
        own,
    } = told
    else {
        panic!("{told:?}")
    };
    assert!(own);
    assert_eq!((nick, by), (client.fold(b"alice"), client.fold(b"op")));
    assert_eq!((&channel[..], &reason[..]), (&b"#a"[..], &b"enough"[..]));
    assert!(matches!(
        event(&mut client, ":op!o@h KICK #a bob"),
        Event::Kicked { own: false, .. }
    ));
}

#[test]
fn a_netsplit_is_no_farewell() {
    let mut client = client();
    let mut split = |line: &str| match event(&mut client, line) {
        Event::Quit { netsplit, .. } => netsplit,
        other => panic!("{other:?}"),
    };
    assert!(split(":bob!b@h QUIT :hub.example leaf.example"));
    assert!(split(":bob!b@h QUIT :*.net *.split"));
    assert!(!split(":bob!b@h QUIT :Quit: hub.example leaf.example"));
    assert!(!split(":bob!b@h QUIT :Ping timeout: 120 seconds"));
    assert!(!split(":bob!b@h QUIT"));
    client.receive(b":s BATCH +x netsplit hub.example leaf.example\r\n");
    assert!(matches!(
        event(&mut client, "@batch=x :bob!b@h QUIT :gone"),
        Event::Quit { netsplit: true, .. }
    ));
}

#[test]
fn a_kill_is_ours_or_somebody_elses() {
    let mut client = client();
    let told = event(&mut client, ":oper!o@h KILL alice :spam");
    assert!(
        matches!(&told, Event::Killed { reason, .. } if reason == b"spam"),
        "{told:?}"
    );
    assert!(matches!(
        event(&mut client, ":oper!o@h KILL bob :spam"),
        Event::Unknown(_)
    ));
    assert!(
        matches!(event(&mut client, "ERROR :Excess Flood"), Event::ServerError(words) if words == b"Excess Flood")
    );
}

#[test]
fn words_to_a_part_of_a_channel_are_words_to_a_channel() {
    let mut client = client();
    for target in ["@#a", "+#a", "@+#a", "#a"] {
        let told = event(&mut client, &format!(":bob!b@h PRIVMSG {target} :?OTRv3?"));
        assert!(
            matches!(&told, Event::Message(said) if said.kind == Kind::Channel),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn whoever_is_killed_is_told_and_let_go() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let address = relay.address();
    let mut link = Link::connect(
        "127.0.0.1",
        address.port(),
        Config::new("alice"),
        Pacing::unlimited(),
    )
    .await
    .unwrap();
    while !matches!(link.next().await.unwrap(), Event::Numeric { code: 302, .. }) {}
    let mut bob = Raw::register(&relay, "bob", None).await;
    bob.send("JOIN #a").await;
    link.send(IrcLine::new("JOIN #a").unwrap()).unwrap();
    bob.wait_for("JOIN #a").await;
    relay.kill(b"ALICE", b"enough");
    let mut seen = Vec::new();
    while let Some(event) = tokio::time::timeout(PATIENCE, link.next()).await.unwrap() {
        seen.push(event);
    }
    let Some(Event::Disconnected { .. }) = seen.pop() else {
        panic!("{seen:?}")
    };
    assert!(matches!(seen.pop(), Some(Event::ServerError(_))));
    assert!(matches!(seen.pop(), Some(Event::Killed { reason, .. }) if reason == b"enough"));
    assert!(bob.wait_for("QUIT").await.ends_with(":Killed (enough)"));
}
