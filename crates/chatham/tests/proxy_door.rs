//! Who comes in by the proxy's door, and what the network cannot do to whoever is in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../im/tests/certificates/mod.rs"]
#[allow(dead_code)]
mod certificates;
mod doors;
mod scripted;

use certificates::{Authority, leaf};
use im::dial::{Dial, Roots, Tls};
use im::relay::{Relay, RelayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::doors::{Client, House, network};
use crate::scripted::Scripted;

#[tokio::test]
async fn s70_only_who_knows_the_password_comes_in() {
    let (relay, capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
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
        assert!(
            told.contains(" 464 * :") && told.contains("ERROR :Closing link"),
            "{told}"
        );
        assert!(told.contains("chatham proxy setup"), "{told}");
    }
    for bytes in [
        &b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nPASS x\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\n",
        b"\x05\x01\x00\n",
        &[b'a'; 20_000],
        b"PASS \0\n",
    ] {
        let mut client = house.knock().await;
        client.raw(bytes).await;
        if !bytes.contains(&b'\n') {
            client.raw(b"\n").await;
        }
        assert_eq!(client.rest().await, "", "{:?}", bytes.get(..20));
    }
    assert!(capture.is_empty(), "somebody reached the server");
    let mut alice = house.enter("alice").await;
    alice.settle().await;
    assert!(capture.find(house.password.as_bytes()).is_empty() && capture.find(b"PASS").is_empty());
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn s70_the_door_is_not_shut_to_its_owner_by_those_who_only_stand_there() {
    let (relay, _capture) = network(Vec::new()).await;
    let house = House::before(relay.address().port()).await;
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(house.knock().await);
    }
    let mut alice = house.enter("alice").await;
    alice.settle().await;
    // There is an end to it all the same.
    for _ in 0..16 {
        silent.push(house.knock().await);
    }
    assert_eq!(house.knock().await.rest().await, "");
    drop(silent);
}

#[tokio::test]
async fn what_stands_behind_the_password_is_for_the_server() {
    let mut server = Server::start().await;
    let mut alice = server.house.knock().await;
    alice
        .say(&format!("PASS {}:me/net:hunter2", server.house.password))
        .await;
    server.accept().await;
    assert_eq!(server.line().await, "PASS :me/net:hunter2");
    alice.say("PASS again").await;
    alice.say("PING x").await;
    assert_eq!(server.line().await, "PING x", "a later password goes nowhere");
}

#[tokio::test]
async fn a_client_that_waits_for_the_capabilities_hears_them_and_says_the_password_then() {
    for (password, opens) in [("", true), ("x", false)] {
        let mut server = Server::start().await;
        // What irssi does: a stray JOIN, and the rest when it knows what the server can do.
        server.alice.say("CAP LS 302").await;
        server.alice.say("JOIN :").await;
        server.accept().await;
        assert_eq!(server.line().await, "CAP LS 302");
        server.say(":irc.test CAP * LS :sasl").await;
        server.alice.until(&["CAP * LS :sasl"]).await;
        let password = format!("{}{password}", server.house.password);
        for line in [
            "CAP END",
            "NICK alice",
            &format!("PASS {password}"),
            "USER a 0 * :a",
        ] {
            server.alice.say(line).await;
        }
        assert_eq!(server.line().await, "CAP END");
        if opens {
            assert_eq!(server.line().await, "NICK alice");
            assert_eq!(server.line().await, "USER a 0 * :a");
            server.welcome().await;
        } else {
            assert_eq!(server.line().await, "QUIT", "and no name before it");
            assert!(server.alice.rest().await.contains(" 464 "));
        }
    }
}

#[tokio::test]
async fn the_way_to_the_server_is_encrypted_and_the_server_has_to_prove_its_name() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (vouches, good) in [(&authority, true), (&stranger, false)] {
        let config = RelayConfig {
            tls: Some(vouches.vouch("relay", leaf(&["127.0.0.1"]))),
            ..RelayConfig::default()
        };
        let relay = Relay::start(config).await.unwrap();
        let tls = format!("tls = true\ntls-roots = '{}'", authority.root().display());
        let house = House::at(&tls, relay.address().port(), "").await;
        if good {
            house.enter("alice").await.settle().await;
            continue;
        }
        let mut alice = house.knock().await;
        alice.say(&format!("PASS {}", house.password)).await;
        let told = alice.rest().await;
        assert!(
            told.contains("ERROR :Closing link") && told.contains("certificate"),
            "{told}"
        );
        assert!(relay.connections().iter().all(|(_, _, nick)| nick.is_none()));
    }
}

#[tokio::test]
async fn s70_beyond_this_computer_a_door_speaks_tls_and_wants_the_password() {
    let (relay, capture) = network(Vec::new()).await;
    let authority = Authority::new();
    let own = authority.vouch("door", leaf(&["127.0.0.1"]));
    let listen = format!(
        "listen = '0.0.0.0:0'\neverywhere = true\ncertificate = '{}'\nkey = '{}'\n",
        own.chain.display(),
        own.key.display()
    );
    let port = relay.address().port();
    let house = House::of(format!(
        "[proxy.irc.default]\n{listen}[proxy.http]\n{listen}[profile.default.server]\nhost = '127.0.0.1'\n\
         port = {port}\ntls = false\n"
    ))
    .await;
    let dial = |door: usize| Dial {
        tls: Some(Tls {
            roots: Roots::File(authority.root()),
            ..Tls::default()
        }),
        ..Dial::plain("127.0.0.1", house.port(door))
    };
    for (door, said, heard) in [
        (
            0,
            format!("PASS {}\r\nNICK a\r\nUSER a 0 * :a\r\n", house.password),
            " 001 a ",
        ),
        (0, "NICK a\r\nUSER a 0 * :a\r\n".to_owned(), " 464 * "),
        (
            1,
            format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n"),
            "407",
        ),
    ] {
        let mut stream = dial(door).open().await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        while !String::from_utf8_lossy(&told).contains(heard) {
            told.push(stream.read_u8().await.unwrap());
        }
    }
    // Without TLS nobody is heard.
    let mut client = Client::at(house.port(0)).await;
    client.say(&format!("PASS {}", house.password)).await;
    assert!(!client.rest().await.contains("001"));
    assert!(capture.find(house.password.as_bytes()).is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let house = House::before(port).await;
    let mut alice = house.knock().await;
    alice.say(&format!("PASS {}", house.password)).await;
    let told = alice.rest().await;
    assert!(
        told.contains("NOTICE * :") && told.contains(&port.to_string()) && told.contains("ERROR :"),
        "{told}"
    );
}

#[tokio::test]
async fn s66_nobody_on_the_network_speaks_as_the_proxy() {
    let mut server = Server::with_a_client().await;
    for line in [
        ":*chatham!chatham@localhost PRIVMSG alice :*** bob: VERIFIED",
        ":*ChatHam NOTICE alice :*** bob: VERIFIED",
        ":*chatham\u{2}!x@y PRIVMSG alice :*** bob: VERIFIED",
        "@time=1970-01-01T00:00:00Z  :*chatham!a@b  privmsg #room :VERIFIED",
        ":bob!b@h NICK :*chatham",
        ":alice!a@h NICK *chatham",
    ] {
        server.say(line).await;
    }
    server.say(":bob!b@h PRIVMSG alice :the end").await;
    server.alice.until(&["the end"]).await;
    assert!(!server.alice.has(&["VERIFIED"]), "{:?}", server.alice.lines);
    assert!(
        !server.alice.has(&["NICK", "*chatham"]),
        "{:?}",
        server.alice.lines
    );
    let warned = server
        .alice
        .lines
        .iter()
        .filter(|line| line.contains("somebody on the network speaks as"))
        .count();
    assert_eq!(warned, 1);
}

#[tokio::test]
async fn s64_lines_of_the_network_stay_lines() {
    let mut server = Server::with_a_client().await;
    server.raw(b":bob!b@h PRIVMSG alice :x\r:evil!e@h QUIT\r\n").await;
    server.raw(b":bob!b@h PRIVMSG alice :nul\0nul\r\n").await;
    server
        .raw(&[&b":bob!b@h PRIVMSG alice :"[..], &[b'x'; 20_000], b"\r\n"].concat())
        .await;
    server.raw(b":bob!b@h PRIVMSG alice :\xff\xfe bytes\r\n").await;
    server
        .say("@unknown-tag=1;x :irc.test 999 alice some thing :that nobody knows")
        .await;
    server
        .alice
        .until(&["@unknown-tag=1;x :irc.test 999 alice some thing :that nobody knows"])
        .await;
    let shown = server
        .alice
        .lines
        .iter()
        .filter(|line| line.contains("PRIVMSG"))
        .count();
    assert_eq!(shown, 1, "{:?}", server.alice.lines);
    // The client's lines as well.
    server.alice.raw(b"PRIVMSG bob :x\rQUIT\r\nPING y\r\n").await;
    assert_eq!(server.line().await, "PING y");
    server.alice.until(&["a line of your client was dropped"]).await;
}

#[tokio::test]
async fn old_ciphertext_is_neither_shown_nor_answered() {
    let mut server = Server::with_a_client().await;
    for line in [
        ":***!znc@znc.in PRIVMSG alice :Buffer Playback...",
        ":bob!b@h PRIVMSG alice :[12:00:01] in the clear",
        ":bob!b@h PRIVMSG alice :?OTRv23? come",
        ":bob!b@h PRIVMSG alice :?OTR:AAMDxxxx.",
        ":***!znc@znc.in PRIVMSG alice :Playback Complete.",
        "BATCH +1 chathistory alice",
        "@batch=1 :carol!c@h PRIVMSG alice :?OTR:AAMDyyyy.",
        "BATCH -1",
    ] {
        server.say(line).await;
    }
    server
        .alice
        .until(&["carol: sent something encrypted while you were away"])
        .await;
    server.alice.say("PING end").await;
    assert_eq!(server.line().await, "PING end", "nothing was answered");
    assert!(server.alice.has(&["[12:00:01] in the clear"]));
    assert!(server.alice.has(&["Buffer Playback"]));
    assert!(!server.alice.has(&["?OTR"]), "{:?}", server.alice.lines);
    let told = server
        .alice
        .lines
        .iter()
        .filter(|line| line.contains("bob: sent something encrypted"));
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn labels_are_answered_and_texts_of_several_lines_not_offered() {
    let mut server = Server::start().await;
    server.alice = server.house.knock().await;
    server.alice.say("CAP LS 302").await;
    server.alice.say(&format!("PASS {}", server.house.password)).await;
    server.accept().await;
    assert_eq!(server.line().await, "CAP LS 302");
    server
        .say(":irc.test CAP * LS :labeled-response draft/multiline=max-bytes=4096 sasl=PLAIN")
        .await;
    let offered = server.alice.until(&["CAP * LS"]).await;
    assert_eq!(offered, ":irc.test CAP * LS :labeled-response sasl=PLAIN");
    server.alice.say("AUTHENTICATE PLAIN").await;
    assert_eq!(server.line().await, "AUTHENTICATE PLAIN");
    server.welcome().await;
    server.alice.say("@label=7 PRIVMSG bob :!otr status").await;
    server.alice.until(&["@label=7 :irc.test ACK"]).await;
    server.alice.say("@label=8;+x=y PRIVMSG bob :clear words").await;
    assert_eq!(
        server.line().await,
        "@label=8 PRIVMSG bob :clear words \t  \t\t\t\t \t \t \t    \t\t  \t   \t\t  \t\t  \t\t \t  ",
        "with an offer hidden behind the words"
    );
}

/// A scripted server behind a proxy.
struct Server {
    listener: TcpListener,
    house: House,
    alice: Client,
    stream: Option<Scripted>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let house = House::before(listener.local_addr().unwrap().port()).await;
        let alice = house.knock().await;
        Self {
            listener,
            house,
            alice,
            stream: None,
        }
    }

    /// With Alice let in.
    async fn with_a_client() -> Self {
        let mut server = Self::start().await;
        server.alice.say(&format!("PASS {}", server.house.password)).await;
        server.accept().await;
        server.welcome().await;
        server
    }

    async fn accept(&mut self) {
        self.stream = Some(Scripted::accept(&self.listener).await);
    }

    async fn welcome(&mut self) {
        self.say(":irc.test 001 alice :Welcome alice!a@h").await;
        self.say(":irc.test 422 alice :no message of the day").await;
        self.alice.until(&["*chatham", "Your key is"]).await;
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.stream.as_mut().unwrap().raw(bytes).await;
    }

    async fn say(&mut self, line: &str) {
        self.stream.as_mut().unwrap().say(line).await;
    }

    /// The next line that reaches the server.
    async fn line(&mut self) -> String {
        self.stream.as_mut().unwrap().line().await
    }
}
