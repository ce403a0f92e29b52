//! Clients for XMPP that come by SOCKS5 or HTTP CONNECT and name their server: which account that is, and which it is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod xmpp;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chatham::proxy::{Password, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use xmpp::{Client, Server, running};

/// The doors of the house, in their order.
const DOORS: [usize; 2] = [2, 3];
const SOCKS5: usize = DOORS[0];

struct House {
    running: Running,
    password: String,
    _folder: tempfile::TempDir,
}

impl House {
    /// Two accounts of one domain, whose server is on this port.
    async fn before(port: u16) -> Self {
        let account = |name: &str, jid: &str, way: &str| {
            format!(
                "[proxy.xmpp.{name}]\nlisten = '127.0.0.1:0'\nloopback = 'plain'\n[profile.{name}.xmpp]\njid = '{jid}'\n\
                 {way}tls = 'none'\n"
            )
        };
        let here = format!("host = '127.0.0.1'\nport = {port}\n");
        let text = [
            &account("home", "alice@example.org", &here),
            &account("work", "bob@example.org", &here),
            "[proxy.socks5]\nlisten = '127.0.0.1:0'\n[proxy.http]\nlisten = '127.0.0.1:0'\n",
        ];
        let (running, folder) = running::start(text.concat()).await;
        let password = Password::read(&folder.path().join("data")).unwrap().unwrap();
        Self {
            running,
            password: password.reveal().to_owned(),
            _folder: folder,
        }
    }

    /// Asks for a target; the connection if there is a way.
    async fn ask(&self, door: usize, user: Option<&str>, host: &str, port: u16) -> Option<TcpStream> {
        let address = self.running.addresses()[door];
        let mut stream = TcpStream::connect(address).await.unwrap();
        let asked = async {
            if door == SOCKS5 {
                self.ask_in_socks5(&mut stream, user, host, port).await
            } else {
                self.ask_in_http(&mut stream, user, host, port).await
            }
        };
        let accepted = timeout(Duration::from_secs(60), asked).await.unwrap();
        accepted.then_some(stream)
    }

    async fn ask_in_socks5(&self, stream: &mut TcpStream, user: Option<&str>, host: &str, port: u16) -> bool {
        match user {
            None => stream.write_all(&[5, 1, 0]).await.unwrap(),
            Some(user) => {
                stream.write_all(&[5, 1, 2]).await.unwrap();
                let part = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
                let login = [vec![1], part(user), part(&self.password)].concat();
                stream.write_all(&login).await.unwrap();
                let mut answers = [0; 4];
                stream.read_exact(&mut answers).await.unwrap();
                assert_eq!(answers, [5, 2, 1, 0]);
            }
        }
        if user.is_none() {
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [5, 0]);
        }
        let length = u8::try_from(host.len()).unwrap();
        let wish = [&[5, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat();
        stream.write_all(&wish).await.unwrap();
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).await.unwrap();
        answer[1] == 0
    }

    async fn ask_in_http(&self, stream: &mut TcpStream, user: Option<&str>, host: &str, port: u16) -> bool {
        let login = user.map_or_else(String::new, |user| {
            let coded = STANDARD.encode(format!("{user}:{}", self.password));
            format!("Proxy-Authorization: Basic {coded}\r\n")
        });
        let wish = format!("CONNECT {host}:{port} HTTP/1.1\r\n{login}\r\n");
        stream.write_all(wish.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        head.starts_with(b"HTTP/1.1 200")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_reached_by_the_name_of_its_server_or_of_its_profile() {
    let server = Server::start().await;
    let house = House::before(server.port).await;
    for door in DOORS {
        for (host, port) in [
            ("example.org", 5222),
            ("EXAMPLE.org.", 5223),
            ("127.0.0.1", server.port),
            // Whatever the network calls it: the user says whose it is.
            ("xmpp7.hoster.example", 5222),
        ] {
            let stream = house.ask(door, Some("home"), host, port).await;
            let stream = stream.unwrap_or_else(|| panic!("{host}:{port}"));
            let mut alice = Client::enter_over("alice", "a", stream).await;
            // It is the adapter that is there, and not a tunnel: what is for the proxy does not go up.
            alice
                .say("<message type='chat' to='chatham@chatham.invalid'><body>help</body></message>")
                .await;
            alice.until(&["chatham@chatham.invalid", "fingerprints"]).await;
            alice.leave().await;
        }
        let stream = house.ask(door, Some("work"), "example.org", 5222).await.unwrap();
        Client::enter_over("bob", "b", stream).await.leave().await;
    }
    assert!(!server.heard("alice").concat().contains("chatham@"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_another_account_or_another_server_is_refused() {
    let server = Server::start().await;
    let house = House::before(server.port).await;
    for door in DOORS {
        for (user, host, port) in [
            // Both are of this domain.
            (None, "example.org", 5222),
            (Some("nobody"), "example.org", 5222),
            (Some("home"), "example.org", 6667),
            (Some("home"), "xmpp7.hoster.example", 80),
            (Some("nobody"), "xmpp7.hoster.example", 5222),
        ] {
            let led = house.ask(door, user, host, port).await;
            assert!(led.is_none(), "{user:?} {host}:{port}");
        }
    }
    assert!(server.heard("alice").is_empty() && server.heard("bob").is_empty());
}
