//! The doors for SOCKS5 and HTTP CONNECT: who comes in, where that leads, and what bad peers on either side get.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod doors;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::doors::{Client, House, network};

/// The doors of the house, in their order.
const SOCKS5: usize = 1;
const HTTP: usize = 2;

const ENTRIES: &str = "[proxy.socks5]\nlisten = '127.0.0.1:0'\n[proxy.http]\nlisten = '127.0.0.1:0'\n";
const PASS: &str = "[proxy.others]\nconnections = 'pass'\n";

/// A house with all doors, and more in the configuration.
async fn house(port: u16, more: &str) -> House {
    House::with(port, &format!("{ENTRIES}{more}")).await
}

async fn connect(house: &House, door: usize) -> TcpStream {
    TcpStream::connect(("127.0.0.1", house.port(door))).await.unwrap()
}

/// Everything that comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await;
    let _reset = read.expect("the other side never closed");
    bytes
}

async fn take<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_exact(&mut bytes)).await;
    read.expect("too little came").unwrap();
    bytes
}

/// A target as SOCKS5 has it.
fn target(host: &str, port: u16) -> Vec<u8> {
    let mut bytes = match host.parse() {
        Ok(std::net::IpAddr::V4(ip)) => [&[1][..], &ip.octets()].concat(),
        Ok(std::net::IpAddr::V6(ip)) => [&[4][..], &ip.octets()].concat(),
        Err(_) => [&[3, u8::try_from(host.len()).unwrap()][..], host.as_bytes()].concat(),
    };
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes
}

/// Asks for a target in SOCKS5; the answer's code, and the connection.
async fn socks5(house: &House, login: Option<(&str, &str)>, host: &str, port: u16) -> (u8, TcpStream) {
    let mut stream = connect(house, SOCKS5).await;
    match login {
        None => {
            stream.write_all(&[5, 1, 0]).await.unwrap();
            assert_eq!(take(&mut stream).await, [5, 0]);
        }
        Some((user, password)) => {
            // Who may do without is asked nevertheless, if it can say it.
            stream.write_all(&[5, 2, 0, 2]).await.unwrap();
            assert_eq!(take(&mut stream).await, [5, 2]);
            let mut login = vec![1];
            for part in [user, password] {
                login.push(u8::try_from(part.len()).unwrap());
                login.extend_from_slice(part.as_bytes());
            }
            stream.write_all(&login).await.unwrap();
            assert_eq!(take(&mut stream).await, [1, 0]);
        }
    }
    let request = [&[5, 1, 0][..], &target(host, port)].concat();
    stream.write_all(&request).await.unwrap();
    let [5, code, 0, 1, 0, 0, 0, 0, 0, 0] = take(&mut stream).await else {
        panic!("another answer")
    };
    (code, stream)
}

fn head(host: &str, port: u16, login: Option<(&str, &str)>) -> String {
    let login = login.map(|(user, password)| STANDARD.encode(format!("{user}:{password}")));
    let login = login.map_or_else(String::new, |login| {
        format!("Proxy-Authorization: Basic {login}\r\n")
    });
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n")
}

/// The same in HTTP; the answer's status.
async fn http(house: &House, login: Option<(&str, &str)>, host: &str, port: u16) -> (String, TcpStream) {
    let mut stream = connect(house, HTTP).await;
    stream
        .write_all(head(host, port, login).as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(take::<1>(&mut stream).await[0]);
    }
    let answer = String::from_utf8(answer).unwrap();
    (answer.split(' ').nth(1).unwrap().to_owned(), stream)
}

/// What a request gets that leads nowhere.
async fn refused(house: &House, request: &[u8]) -> String {
    let mut stream = connect(house, HTTP).await;
    stream.write_all(request).await.unwrap();
    String::from_utf8(rest(&mut stream).await).unwrap()
}

#[tokio::test]
async fn by_every_door_the_same_person_is_in_the_same_conversations() {
    let (relay, capture) = network(Vec::new()).await;
    let port = relay.address().port();
    let house = house(port, "").await;
    let login = Some(("default", house.password.as_str()));
    for (round, way) in [
        "direct",
        "socks5",
        "socks5 with a password",
        "http",
        "http with a password",
    ]
    .into_iter()
    .enumerate()
    {
        let mut alice = match way {
            "direct" => house.enter("alice").await,
            _ => {
                let login = login.filter(|_| way.contains("password"));
                let stream = if way.starts_with("http") {
                    let (status, stream) = http(&house, login, "127.0.0.1", port).await;
                    assert_eq!(status, "200");
                    stream
                } else {
                    let (code, stream) = socks5(&house, login, "127.0.0.1", port).await;
                    assert_eq!(code, 0);
                    stream
                };
                let mut client = Client::over(stream);
                // No password: it is in.
                client.register(None, "alice").await;
                client
            }
        };
        assert!(alice.has(&["*chatham", "Your key is"]));
        alice.say("PRIVMSG *chatham :people").await;
        if round > 0 {
            alice.until(&["*chatham", "bob"]).await;
        }
        alice.say("PRIVMSG bob :!otr policy always").await;
        alice.until(&["*chatham", "bob"]).await;
        alice.say("PRIVMSG bob :strictly between us").await;
        alice.until(&["*chatham", "not sent"]).await;
        // Goes, and the next one comes by another door.
        alice.say("QUIT").await;
        alice.rest().await;
    }
    assert!(capture.find(b"strictly").is_empty() && capture.find(b"!otr").is_empty());
    assert!(capture.find(house.password.as_bytes()).is_empty());
}

#[tokio::test]
async fn names_and_addresses_of_both_kinds_lead_to_the_servers_of_profiles() {
    for host in ["localhost", "LocalHost.", "127.0.0.1", "::1"] {
        let place = if host.starts_with(':') {
            "[::1]:0"
        } else {
            "127.0.0.1:0"
        };
        let Ok(listener) = TcpListener::bind(place).await else {
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let written = host.trim_end_matches('.').to_lowercase();
        let house = House::of(format!(
            "{ENTRIES}[proxy.irc.default]\nlisten = '127.0.0.1:0'\n[profile.default.server]\nhost = '{written}'\n\
             port = {port}\ntls = false\n"
        ))
        .await;
        // The port of the server, or a usual one: the client speaks in the clear, whatever the server wants.
        for port in [port, 6667, 6697] {
            let (code, mut stream) = socks5(&house, None, host, port).await;
            assert_eq!(code, 0, "{host}");
            let (mut server, _) = listener.accept().await.unwrap();
            stream.write_all(b"NICK alice\r\n").await.unwrap();
            assert_eq!(&take::<12>(&mut server).await, b"NICK alice\r\n");
        }
        let shown = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let (status, _stream) = http(&house, None, &shown, port).await;
        assert_eq!(status, "200", "{host}");
        // Another port of the same host is no chat network.
        assert_eq!(socks5(&house, None, host, 443).await.0, 2);
    }
}

#[tokio::test]
async fn the_user_says_which_profile_if_two_lead_to_one_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = format!("host = '127.0.0.1'\nport = {port}\ntls = false\npassword-file");
    let folder = tempfile::tempdir().unwrap();
    let mut text = ENTRIES.to_owned();
    for name in ["one", "two"] {
        let file = folder.path().join(name);
        std::fs::write(&file, format!("secret-{name}")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        text += &format!(
            "[proxy.irc.{name}]\nlisten = 'off'\n[profile.{name}.server]\n{server} = '{}'\n",
            file.display()
        );
    }
    let house = House::of(text).await;
    // Nothing but the entries is open.
    assert_eq!(house.running.addresses().len(), 2);
    let entries = |door: usize| house.running.addresses()[door - 1].port();
    let mut stream = TcpStream::connect(("127.0.0.1", entries(HTTP))).await.unwrap();
    stream
        .write_all(head("127.0.0.1", port, None).as_bytes())
        .await
        .unwrap();
    let told = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(
        told.starts_with("HTTP/1.1 403 ") && told.contains("says which by its user"),
        "{told}"
    );
    for name in ["two", "one"] {
        let mut stream = TcpStream::connect(("127.0.0.1", entries(HTTP))).await.unwrap();
        let login = Some((name, house.password.as_str()));
        // What comes right behind the request is not lost.
        let early = format!("{}NICK alice\r\n", head("127.0.0.1", port, login));
        stream.write_all(early.as_bytes()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let said: [u8; 29] = take(&mut server).await;
        assert_eq!(
            std::str::from_utf8(&said).unwrap(),
            format!("PASS :secret-{name}\r\nNICK alice\r\n")
                .get(..29)
                .unwrap()
        );
    }
}

#[tokio::test]
async fn what_the_client_says_as_password_of_the_server_is_the_servers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let house = house(port, "").await;
    for (said, heard) in [
        ("hunter2".to_owned(), "PASS hunter2"),
        (house.password.clone(), "NICK alice"),
        (format!("{}:hunter2", house.password), "PASS :hunter2"),
    ] {
        let (_, mut stream) = socks5(&house, None, "127.0.0.1", port).await;
        let (mut server, _) = listener.accept().await.unwrap();
        stream
            .write_all(format!("PASS {said}\r\nNICK alice\r\nPASS again\r\nPING x\r\n").as_bytes())
            .await
            .unwrap();
        let mut lines = Vec::new();
        while !lines.ends_with(b"PING x\r\n") {
            lines.push(take::<1>(&mut server).await[0]);
        }
        let lines = String::from_utf8(lines).unwrap();
        assert_eq!(lines.lines().next().unwrap(), heard, "{said}");
        assert!(
            !lines.contains(&house.password) && !lines.contains("again"),
            "{lines}"
        );
    }
}

#[tokio::test]
async fn a_client_that_encrypts_by_itself_is_told_the_next_time() {
    let (relay, _) = network(Vec::new()).await;
    let port = relay.address().port();
    let house = house(port, "").await;
    let (_, mut stream) = socks5(&house, None, "127.0.0.1", port).await;
    stream
        .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        .await
        .unwrap();
    rest(&mut stream).await;
    let mut alice = house.enter("alice").await;
    alice.settle().await;
    assert!(
        alice.has(&["*chatham", "switch TLS (SSL) off"]),
        "{:?}",
        alice.lines
    );
}

#[tokio::test]
async fn s70_a_wrong_password_opens_nothing_whoever_says_it() {
    let house = house(9, PASS).await;
    let mut stream = connect(&house, SOCKS5).await;
    stream.write_all(&[5, 2, 0, 2]).await.unwrap();
    assert_eq!(take(&mut stream).await, [5, 2]);
    stream.write_all(b"\x01\x07default\x07hunter2").await.unwrap();
    assert_ne!(take(&mut stream).await, [1, 0]);
    assert!(rest(&mut stream).await.is_empty());
    // No method that both know.
    let mut stream = connect(&house, SOCKS5).await;
    stream.write_all(&[5, 1, 1]).await.unwrap();
    assert_eq!(rest(&mut stream).await, [5, 0xff]);
    for shown in [
        "Basic ZGVmYXVsdDpodW50ZXIy",
        "Basic !!!",
        "Basic",
        "Bearer x",
        "Digest username=\"default\"",
        &format!(
            "Basic {}",
            STANDARD.encode(format!("default:{}:more", house.password))
        ),
    ] {
        let request = format!("CONNECT irc.example:6697 HTTP/1.1\r\nProxy-Authorization: {shown}\r\n\r\n");
        let told = refused(&house, request.as_bytes()).await;
        assert!(
            told.starts_with("HTTP/1.1 407 Proxy Authentication Required\r\n"),
            "{told}"
        );
        assert!(
            told.contains("\r\nProxy-Authenticate: Basic realm=\"chatham\""),
            "{told}"
        );
        assert!(told.contains("\r\nConnection: close\r\n"), "{told}");
    }
}

#[tokio::test]
async fn every_code_of_socks5_is_told() {
    // Of the door itself.
    let closed = house(9, "").await;
    assert_eq!(
        socks5(&closed, None, "irc.example", 6697).await.0,
        2,
        "no profile leads there"
    );
    assert_eq!(
        socks5(&closed, None, "127.0.0.1", 9).await.0,
        5,
        "nobody listens there"
    );
    for command in [2, 3, 0, 9] {
        let mut stream = connect(&closed, SOCKS5).await;
        stream.write_all(&[5, 1, 0]).await.unwrap();
        assert_eq!(take(&mut stream).await, [5, 0]);
        let request = [&[5, command, 0][..], &target("127.0.0.1", 9)].concat();
        stream.write_all(&request).await.unwrap();
        assert_eq!(rest(&mut stream).await[..2], [5, 7], "command {command}");
    }
    let mut stream = connect(&closed, SOCKS5).await;
    stream.write_all(&[5, 1, 0, 5, 1, 0, 2, 0, 0]).await.unwrap();
    assert_eq!(
        rest(&mut stream).await[..4],
        [5, 0, 5, 8],
        "a kind of address that nobody knows"
    );
    // Of a proxy behind it.
    for (theirs, ours) in [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (5, 5),
        (6, 6),
        (7, 1),
        (8, 1),
        (200, 1),
    ] {
        let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = behind.local_addr().unwrap().port();
        let house = house(
            9,
            &format!("{PASS}[proxy.others.proxy]\nsocks5 = '127.0.0.1:{port}'\n"),
        )
        .await;
        let answer = async {
            let (mut stream, _) = behind.accept().await.unwrap();
            let [5, 2, 0, 2] = take(&mut stream).await else {
                panic!("another greeting")
            };
            stream.write_all(&[5, 0]).await.unwrap();
            let asked: [u8; 4 + 1 + 11 + 2] = take(&mut stream).await;
            assert_eq!(&asked[..5], [5, 1, 0, 3, 11]);
            assert_eq!(&asked[5..16], b"irc.example", "the name goes on as it is");
            stream
                .write_all(&[5, theirs, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
        };
        let ((code, _), ()) = tokio::join!(socks5(&house, None, "irc.example", 6697), answer);
        assert_eq!(code, ours, "for {theirs}");
        // And nobody was asked for another way.
        let again = tokio::time::timeout(Duration::from_millis(50), behind.accept()).await;
        assert!(again.is_err());
    }
}

#[tokio::test]
async fn every_answer_of_http_is_given() {
    let closed = house(9, "").await;
    for (request, status) in [
        (
            "GET http://irc.example/ HTTP/1.1\r\n\r\n",
            "405 Method Not Allowed\r\nAllow: CONNECT\r\n",
        ),
        ("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405 "),
        ("CONNECT irc.example HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT irc.example:0 HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT irc.example:99999 HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT :6697 HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT ::1:6697 HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT [::1:6697 HTTP/1.1\r\n\r\n", "400 "),
        ("CONNECT irc.example:6697 HTTP/9.9\r\n\r\n", "400 "),
        ("CONNECT irc.example:6697 HTTP/1.1\r\nbad header\r\n\r\n", "400 "),
        ("\x16\x03\x01\x02\x00", "400 "),
        ("\x05\x01\x00", "400 "),
        ("CONNECT irc.example:6697 HTTP/1.1\r\n\r\n", "403 "),
        ("CONNECT 127.0.0.1:9 HTTP/1.0\n\n", "502 "),
    ] {
        let told = refused(&closed, request.as_bytes()).await;
        assert!(
            told.starts_with(&format!("HTTP/1.1 {status}")),
            "{request:?}: {told}"
        );
    }
    let long = format!(
        "CONNECT irc.example:6697 HTTP/1.1\r\nX: {}\r\n\r\n",
        "x".repeat(10_000)
    );
    let many = format!(
        "CONNECT irc.example:6697 HTTP/1.1\r\n{}\r\n",
        "X: x\r\n".repeat(40)
    );
    for request in [&long, &many] {
        let mut stream = connect(&closed, HTTP).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 431");
    }
    // Of a proxy behind it, in both languages.
    for (theirs, http_status, code) in [
        ("HTTP/1.1 403 No\r\n\r\n", "403", 2),
        ("HTTP/1.0 407 Who\r\n\r\n", "403", 2),
        ("HTTP/1.1 502 Bad\r\n\r\n", "502", 4),
        ("HTTP/1.1 504 Late\r\n\r\n", "504", 6),
        ("HTTP/1.1 500 Oops\r\n\r\n", "502", 1),
        ("SSH-2.0-OpenSSH\r\n", "502", 1),
    ] {
        let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = behind.local_addr().unwrap().port();
        let house = house(
            9,
            &format!("{PASS}[proxy.others.proxy]\nhttp = '127.0.0.1:{port}'\n"),
        )
        .await;
        let answer = async {
            for _ in 0..2 {
                let (mut stream, _) = behind.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(take::<1>(&mut stream).await[0]);
                }
                let request = String::from_utf8(request).unwrap();
                assert!(
                    request.starts_with("CONNECT irc.example:6697 HTTP/1.1\r\nHost: irc.example:6697\r\n"),
                    "{request}"
                );
                stream.write_all(theirs.as_bytes()).await.unwrap();
            }
        };
        let ask = async {
            assert_eq!(
                http(&house, None, "irc.example", 6697).await.0,
                http_status,
                "for {theirs}"
            );
            assert_eq!(
                socks5(&house, None, "irc.example", 6697).await.0,
                code,
                "for {theirs}"
            );
        };
        tokio::join!(ask, answer);
    }
}

#[tokio::test]
async fn s72_a_name_cannot_carry_a_header_to_the_next_proxy() {
    let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = behind.local_addr().unwrap().port();
    let house = house(
        9,
        &format!("{PASS}[proxy.others.proxy]\nhttp = '127.0.0.1:{port}'\n"),
    )
    .await;
    for name in [
        "a\r\nX-Evil: 1",
        "a b",
        "a\0",
        "user@host",
        "a/b",
        &"a".repeat(254),
    ] {
        assert_eq!(socks5(&house, None, name, 80).await.0, 4, "{name:?}");
    }
    assert!(
        tokio::time::timeout(Duration::from_millis(50), behind.accept())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn other_connections_pass_untouched_if_they_may() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let house = house(9, PASS).await;
    for door in [SOCKS5, HTTP] {
        let mut client = match door {
            SOCKS5 => socks5(&house, None, "127.0.0.1", port).await.1,
            _ => http(&house, None, "127.0.0.1", port).await.1,
        };
        let (mut server, _) = listener.accept().await.unwrap();
        // The server speaks first.
        server.write_all(b"220 hello\r\n").await.unwrap();
        assert_eq!(&take::<11>(&mut client).await, b"220 hello\r\n");
        let many: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let (sent, count) = (many.clone(), many.len());
        let writes = tokio::spawn(async move {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            rest(&mut client).await
        });
        let got = rest(&mut server).await;
        assert_eq!((got.len(), got == many), (count, true));
        server.write_all(&many).await.unwrap();
        server.shutdown().await.unwrap();
        assert!(writes.await.unwrap() == many);
    }
}

#[tokio::test]
async fn a_chat_network_without_a_profile_does_not_pass_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let house = house(9, PASS).await;
    for pieces in [
        &["NICK alice\r\n"][..],
        &["C", "AP LS 302\r\n"],
        &["<?xml version='1.0'?>"],
    ] {
        let (_, mut client) = socks5(&house, None, "127.0.0.1", port).await;
        let (mut server, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        for piece in pieces {
            client.write_all(piece.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let told = String::from_utf8(rest(&mut client).await).unwrap();
        assert!(
            told.starts_with("ERROR :") && told.contains("no profile of the proxy leads here"),
            "{told}"
        );
        assert!(rest(&mut server).await.is_empty(), "nothing has passed");
    }
}
