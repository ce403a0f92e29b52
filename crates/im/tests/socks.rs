//! S-71, S-72: with a proxy there is no other way and no look-up of the target's name; whatever the proxy answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use im::dial::{Dial, DialError, Proxy as Way, ProxySpeech};
use im::irc::{Config, Event, Pacing};
use im::link::{Link, LinkError};
use im::relay::{Relay, RelayConfig};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

/// What the proxy does when it is asked.
#[derive(Clone)]
enum Manner {
    /// Connects to this port of loopback, whatever the name.
    Willing(u16),
    /// Wants this user and password, then as above.
    Guarded(&'static str, &'static str, u16),
    /// Answers the request with these bytes, and closes.
    Answer(Vec<u8>),
    /// Says these bytes at once, and closes.
    Babble(Vec<u8>),
    /// Takes the connection, and says nothing.
    Mute,
}

/// A proxy, and what it was asked for: type of address, address, port.
struct Proxy {
    port: u16,
    asked: Arc<Asked>,
    logins: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Proxy {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, logins) = (Arc::default(), Arc::default());
        let proxy = Self { port, asked, logins };
        let (asked, logins) = (Arc::clone(&proxy.asked), Arc::clone(&proxy.logins));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, asked, logins) = (manner.clone(), Arc::clone(&asked), Arc::clone(&logins));
                tokio::spawn(async move { serve(stream, manner, &asked, &logins).await });
            }
        });
        proxy
    }

    fn way(&self, host: &str, user: Option<(&str, &str)>) -> Dial {
        let user = user.map(|(user, password)| (user.to_owned(), Zeroizing::new(password.to_owned())));
        let proxy = Way {
            speech: ProxySpeech::Socks5,
            host: "127.0.0.1".into(),
            port: self.port,
            user,
        };
        Dial {
            proxy: Some(proxy),
            ..Dial::plain(host, 6667)
        }
    }

    fn asked(&self) -> Vec<(u8, Vec<u8>, u16)> {
        self.asked.lock().unwrap().clone()
    }
}

/// Type of address, address, port.
type Asked = Mutex<Vec<(u8, Vec<u8>, u16)>>;

/// Serves one connection; `None` if the client went away in the middle.
async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    asked: &Asked,
    logins: &Mutex<Vec<Vec<u8>>>,
) -> Option<()> {
    if let Manner::Babble(bytes) = &manner {
        stream.write_all(bytes).await.ok()?;
        return stream.shutdown().await.ok();
    }
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    assert_eq!(head[0], 5, "the version");
    let mut methods = vec![0; usize::from(head[1])];
    stream.read_exact(&mut methods).await.ok()?;
    if matches!(manner, Manner::Mute) {
        std::future::pending::<()>().await;
    }
    if let Manner::Guarded(user, password, _) = manner {
        if !methods.contains(&2) {
            return stream.write_all(&[5, 0xff]).await.ok();
        }
        stream.write_all(&[5, 2]).await.ok()?;
        let mut login = Vec::new();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.ok()?;
        for _ in 0..2 {
            stream.read_exact(&mut byte).await.ok()?;
            let mut part = vec![0; usize::from(byte[0])];
            stream.read_exact(&mut part).await.ok()?;
            login.extend_from_slice(&part);
            login.push(b'/');
        }
        let right = login == format!("{user}/{password}/").as_bytes();
        logins.lock().unwrap().push(login);
        stream.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            return None;
        }
    } else {
        stream.write_all(&[5, 0]).await.ok()?;
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await.ok()?;
    assert_eq!(request[..3], [5, 1, 0], "a request to connect");
    let length = match request[3] {
        1 => 4,
        4 => 16,
        _ => usize::from(stream.read_u8().await.ok()?),
    };
    let mut address = vec![0; length];
    stream.read_exact(&mut address).await.ok()?;
    let port = stream.read_u16().await.ok()?;
    asked.lock().unwrap().push((request[3], address, port));
    match manner {
        Manner::Answer(bytes) => {
            stream.write_all(&bytes).await.ok()?;
            stream.shutdown().await.ok()
        }
        Manner::Willing(port) | Manner::Guarded(_, _, port) => {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
            tokio::io::copy_bidirectional(&mut stream, &mut far)
                .await
                .ok()
                .map(|_| ())
        }
        Manner::Babble(_) | Manner::Mute => None,
    }
}

async fn dial(way: &Dial) -> Result<Link, LinkError> {
    way.connect(Config::new("alice"), Pacing::unlimited()).await
}

async fn is_let_in(mut link: Link) -> bool {
    while let Some(event) = link.next().await {
        if let Event::Registered { .. } = event {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn s71_a_name_goes_to_the_proxy_as_a_name() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let proxy = Proxy::start(Manner::Willing(relay.address().port())).await;
    // Names that no resolver can know: whoever looked them up here would fail.
    for host in ["irc.invalid", "abcdefghijklmnop.onion", "localhost"] {
        assert!(is_let_in(dial(&proxy.way(host, None)).await.unwrap()).await);
        assert_eq!(proxy.asked().pop().unwrap(), (3, host.as_bytes().to_vec(), 6667));
    }
    // An address needs no look-up.
    assert!(is_let_in(dial(&proxy.way("192.0.2.7", None)).await.unwrap()).await);
    assert_eq!(proxy.asked().pop().unwrap(), (1, vec![192, 0, 2, 7], 6667));
    assert!(is_let_in(dial(&proxy.way("2001:db8::7", None)).await.unwrap()).await);
    assert_eq!(proxy.asked().pop().unwrap().0, 4);
}

#[tokio::test]
async fn user_and_password_keep_streams_apart() {
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let proxy = Proxy::start(Manner::Guarded("profile", "random", relay.address().port())).await;
    assert!(
        is_let_in(
            dial(&proxy.way("irc.invalid", Some(("profile", "random"))))
                .await
                .unwrap()
        )
        .await
    );
    assert_eq!(
        proxy.logins.lock().unwrap().clone(),
        [b"profile/random/".to_vec()]
    );
    for user in [Some(("profile", "other")), None] {
        let words = dial(&proxy.way("irc.invalid", user))
            .await
            .unwrap_err()
            .to_string();
        assert!(words.contains("user and") && !words.contains("random"), "{words}");
    }
    let words = dial(&proxy.way("irc.invalid", Some(("", ""))))
        .await
        .unwrap_err()
        .to_string();
    assert!(words.contains("1 to 255"), "{words}");
}

/// A server that counts who comes directly.
async fn counting() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

#[tokio::test]
async fn s71_a_proxy_that_fails_is_never_gone_around() {
    let (target, direct) = counting().await;
    let reply = |code: u8| vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0];
    let mut manners: Vec<Manner> = (1..=9).map(|code| Manner::Answer(reply(code))).collect();
    manners.extend([
        Manner::Answer(Vec::new()),
        Manner::Answer(vec![5, 0, 0]),
        Manner::Answer(vec![5, 0, 0, 3, 200, b'x']),
        Manner::Answer(vec![5, 0, 0, 9, 0, 0]),
        Manner::Answer(vec![4, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        Manner::Answer(vec![5, 0, 1, 1, 0, 0, 0, 0, 0, 0]),
        Manner::Babble(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Manner::Babble(vec![5]),
        Manner::Babble(vec![5, 0xff]),
        Manner::Babble(vec![5, 7]),
        Manner::Babble(Vec::new()),
    ]);
    for manner in manners {
        let proxy = Proxy::start(manner).await;
        let way = Dial {
            port: target,
            ..proxy.way("127.0.0.1", None)
        };
        match dial(&way).await {
            Err(LinkError::Dial(fault @ DialError::ProxyRefused { .. })) => {
                assert!(fault.to_string().ends_with("no other way was tried"), "{fault}");
            }
            other => panic!("{other:?}"),
        }
    }
    // And one that is not there at all.
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = Way {
        speech: ProxySpeech::Socks5,
        host: "127.0.0.1".into(),
        port: gone,
        user: None,
    };
    let way = Dial {
        proxy: Some(nowhere),
        ..Dial::plain("127.0.0.1", target)
    };
    assert!(matches!(
        dial(&way).await,
        Err(LinkError::Dial(DialError::ProxyUnreached(_)))
    ));
    assert_eq!(direct.load(Ordering::SeqCst), 0, "somebody went directly");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_given_up() {
    let proxy = Proxy::start(Manner::Mute).await;
    assert!(matches!(
        dial(&proxy.way("irc.invalid", None)).await,
        Err(LinkError::Dial(DialError::Silent { .. }))
    ));
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn s71_a_hidden_service_is_not_looked_up() {
    for host in [
        "abcdefghijklmnop.onion",
        "irc.abcdefghijklmnop.ONION",
        "abcdefghijklmnop.onion.",
    ] {
        let refused = dial(&Dial::plain(host, 6667)).await;
        assert!(
            matches!(refused, Err(LinkError::Dial(DialError::OnionWithoutProxy(_)))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn s72_a_host_cannot_smuggle_anything_to_the_proxy() {
    let proxy = Proxy::start(Manner::Mute).await;
    let longest = "a".repeat(254);
    for host in ["", "a b", "a\r\nHost: b", "a\0b", "ä.example", &longest] {
        let refused = dial(&proxy.way(host, None)).await;
        assert!(
            matches!(refused, Err(LinkError::Dial(DialError::Host(_)))),
            "{refused:?}"
        );
    }
    assert!(proxy.asked().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn s72_any_answer_of_a_proxy_is_survived(
        early in any::<bool>(),
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..600),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|rest| [&[5, 0, 0, 3][..], &rest].concat()),
        ],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let manner = if early { Manner::Babble(bytes) } else { Manner::Answer(bytes) };
            let proxy = Proxy::start(manner).await;
            if let Ok(mut link) = dial(&proxy.way("irc.invalid", None)).await {
                // It took the rest for the server's words, and they are at an end.
                while link.next().await.is_some() {}
            }
        });
    }
}
