//! S-68: TLS from the first byte, with a certificate that is right in every respect, or no connection and a reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod certificates;

use std::time::Duration;

use certificates::{Authority, leaf};
use im::accept::ServerCertificate;
use im::dial::{Dial, DialError, Roots, Tls, TlsFault};
use im::irc::{Config, Event, Pacing};
use im::link::{Link, LinkError};
use im::relay::{Relay, RelayConfig};
use rcgen::date_time_ymd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn relay(tls: ServerCertificate) -> Relay {
    let config = RelayConfig {
        tls: Some(tls),
        ..RelayConfig::default()
    };
    Relay::start(config).await.unwrap()
}

/// A way to the relay that asks for this name in its certificate.
fn way(relay: &Relay, authority: &Authority, name: Option<&str>) -> Dial {
    let roots = Roots::File(authority.root());
    let tls = Tls {
        roots,
        server_name: name.map(str::to_owned),
        ..Tls::default()
    };
    let address = relay.address();
    Dial {
        tls: Some(tls),
        ..Dial::plain(address.ip().to_string(), address.port())
    }
}

async fn dial(way: &Dial) -> Result<Link, LinkError> {
    way.connect(Config::new("alice"), Pacing::unlimited()).await
}

async fn fault(way: &Dial) -> TlsFault {
    match dial(way).await {
        Err(LinkError::Dial(DialError::Tls { fault, .. })) => fault,
        other => panic!("{other:?}"),
    }
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
async fn a_good_certificate_is_accepted_by_name_and_by_address() {
    let authority = Authority::new();
    let relay = relay(authority.vouch("good", leaf(&["irc.example", "127.0.0.1"]))).await;
    assert!(is_let_in(dial(&way(&relay, &authority, Some("irc.example"))).await.unwrap()).await);
    assert!(is_let_in(dial(&way(&relay, &authority, None)).await.unwrap()).await);
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let authority = Authority::new();
    let relay = relay(authority.vouch("other", leaf(&["other.example"]))).await;
    for (name, expected) in [(Some("irc.example"), "irc.example"), (None, "127.0.0.1")] {
        let way = way(&relay, &authority, name);
        let words = dial(&way).await.unwrap_err().to_string();
        assert!(
            words.contains("is for other.example, not for") && words.contains(expected),
            "{words}"
        );
        assert!(matches!(fault(&way).await, TlsFault::WrongName { .. }));
    }
    // A wildcard is for one label, and a common name is no name.
    let relay = relay_with_wildcard(&authority).await;
    assert!(
        is_let_in(
            dial(&way(&relay, &authority, Some("a.irc.example")))
                .await
                .unwrap()
        )
        .await
    );
    let deeper = way(&relay, &authority, Some("b.a.irc.example"));
    assert!(matches!(fault(&deeper).await, TlsFault::WrongName { .. }));
}

async fn relay_with_wildcard(authority: &Authority) -> Relay {
    let mut params = leaf(&["*.irc.example"]);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "b.a.irc.example");
    relay(authority.vouch("wildcard", params)).await
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let authority = Authority::new();
    let dated = |from, to| {
        let mut params = leaf(&["irc.example"]);
        (params.not_before, params.not_after) = (from, to);
        params
    };
    let (past, present, future) = (
        date_time_ymd(2001, 1, 1),
        date_time_ymd(2002, 1, 1),
        date_time_ymd(4000, 1, 1),
    );
    let old = relay(authority.vouch("old", dated(past, present))).await;
    assert_eq!(
        fault(&way(&old, &authority, Some("irc.example"))).await,
        TlsFault::Expired
    );
    let early = relay(authority.vouch("early", dated(date_time_ymd(3999, 1, 1), future))).await;
    assert_eq!(
        fault(&way(&early, &authority, Some("irc.example"))).await,
        TlsFault::NotYetValid
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let authority = Authority::new();
    let own = relay(authority.vouch_for_itself("own", leaf(&["irc.example"]))).await;
    assert_eq!(
        fault(&way(&own, &authority, Some("irc.example"))).await,
        TlsFault::UnknownIssuer
    );
    let stranger = Authority::new();
    let foreign = relay(stranger.vouch("foreign", leaf(&["irc.example"]))).await;
    assert_eq!(
        fault(&way(&foreign, &authority, Some("irc.example"))).await,
        TlsFault::UnknownIssuer
    );
    // Nor do the roots of the system, if there are any.
    let mut way = way(&foreign, &authority, Some("irc.example"));
    way.tls = Some(Tls {
        roots: Roots::Platform,
        server_name: Some("irc.example".into()),
        certificate: None,
    });
    match dial(&way).await {
        Err(LinkError::Dial(
            DialError::Tls {
                fault: TlsFault::UnknownIssuer,
                ..
            }
            | DialError::NoRoots(_),
        )) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_without_tls_is_no_server_and_gets_no_line() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // What it says before the encryption is not believed, and what we want to say is not said.
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b":irc.example NOTICE * :looking up your host\r\n")
            .await
            .unwrap();
        let mut heard = Vec::new();
        let _reset = stream.read_to_end(&mut heard).await;
        heard
    });
    let tls = Tls {
        roots: Roots::File(authority.root()),
        ..Tls::default()
    };
    let way = Dial {
        tls: Some(tls),
        ..Dial::plain("127.0.0.1", port)
    };
    let words = dial(&way).await.unwrap_err().to_string();
    assert!(words.contains("does not speak TLS on this port"), "{words}");
    let heard = server.await.unwrap();
    assert!(
        !heard.windows(4).any(|at| at == b"NICK" || at == b"USER"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn s68_what_is_said_before_the_encryption_is_not_believed() {
    // Somebody on the way puts lines before the server's own bytes: the agreement fails, and no line is taken.
    let authority = Authority::new();
    let relay = relay(authority.vouch("good", leaf(&["irc.example"]))).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = relay.address();
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = tokio::net::TcpStream::connect(address).await.unwrap();
        near.write_all(b":irc.example 001 alice :Welcome\r\n")
            .await
            .unwrap();
        let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    let mut way = way(&relay, &authority, Some("irc.example"));
    way.port = port;
    assert_eq!(fault(&way).await, TlsFault::NotTls);
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be_are_named() {
    let authority = Authority::new();
    let relay = relay(authority.vouch("good", leaf(&["irc.example"]))).await;
    let mut way = way(&relay, &authority, Some("irc.example"));
    let not_there = authority.folder().join("nothing.pem");
    let empty = authority.folder().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for file in [not_there, empty] {
        way.tls.as_mut().unwrap().roots = Roots::File(file.clone());
        let words = dial(&way).await.unwrap_err().to_string();
        assert!(words.starts_with(&file.display().to_string()), "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = Tls {
        roots: Roots::File(authority.root()),
        ..Tls::default()
    };
    let way = Dial {
        tls: Some(tls),
        ..Dial::plain("127.0.0.1", port)
    };
    let began = tokio::time::Instant::now();
    assert_eq!(fault(&way).await, TlsFault::Silent(15));
    assert!(began.elapsed() <= Duration::from_secs(16));
    drop(listener);
}
