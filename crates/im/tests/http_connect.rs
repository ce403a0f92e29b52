//! S-71, S-72: with a proxy of HTTP there is no other way and no look-up of the target's name; whatever it answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::dial::{Dial, DialError, Proxy, ProxySpeech};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

/// A target port at which nobody may arrive directly.
async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn way(proxy: u16, host: &str, port: u16, user: Option<(&str, &str)>) -> Dial {
    let user = user.map(|(user, password)| (user.to_owned(), Zeroizing::new(password.to_owned())));
    Dial {
        proxy: Some(Proxy {
            speech: ProxySpeech::HttpConnect,
            host: "127.0.0.1".into(),
            port: proxy,
            user,
        }),
        ..Dial::plain(host, port)
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn s71_the_name_goes_to_the_proxy_and_what_follows_the_answer_is_the_servers() {
    let (proxy, port) = listener().await;
    for (host, shown) in [
        ("irc.invalid", "irc.invalid:6667"),
        ("abcdefghijklmnop.onion", "abcdefghijklmnop.onion:6667"),
        ("192.0.2.7", "192.0.2.7:6667"),
        ("2001:db8::7", "[2001:db8::7]:6667"),
    ] {
        for answer in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 Fine\r\nVia: x\r\n\r\n",
            "HTTP/1.1 204 X\n\n",
        ] {
            let answers = async {
                let (mut stream, _) = proxy.accept().await.unwrap();
                let head = head(&mut stream).await;
                assert_eq!(head, format!("CONNECT {shown} HTTP/1.1\r\nHost: {shown}\r\n\r\n"));
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.write_all(b"\r\nNOTICE").await.unwrap();
            };
            let way = way(port, host, 6667, None);
            let (stream, ()) = tokio::join!(way.open(), answers);
            let mut said = String::new();
            stream.unwrap().read_to_string(&mut said).await.unwrap();
            assert_eq!(said, "\r\nNOTICE", "not a byte of it is lost");
        }
    }
}

#[tokio::test]
async fn user_and_password_are_shown_to_the_proxy() {
    let (proxy, port) = listener().await;
    let answers = async {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let head = head(&mut stream).await;
        assert!(
            head.contains("\r\nProxy-Authorization: Basic YWxpY2U6czpjcmV0\r\n"),
            "{head}"
        );
        stream
            .write_all(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n")
            .await
            .unwrap();
    };
    let way = way(port, "irc.invalid", 6667, Some(("alice", "s:cret")));
    let (refused, ()) = tokio::join!(way.open(), answers);
    let Err(fault) = refused else { panic!() };
    assert!(fault.to_string().contains("user and a password") && !fault.to_string().contains("s:cret"));
}

#[tokio::test]
async fn s71_a_proxy_that_fails_is_never_gone_around() {
    let (target, direct) = listener().await;
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(9000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: x\r\n".repeat(100));
    for answer in [
        "",
        "HTTP/1.1 403 No\r\n\r\n",
        "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1/\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 502 Bad\r\n\r\n",
        "HTTP/1.1 200",
        "HTTP/9.1 200 OK\r\n\r\n",
        "SSH-2.0-x\r\n",
        "\x05\x00",
        &long,
        &many,
    ] {
        let (proxy, port) = listener().await;
        let answers = async {
            let (mut stream, _) = proxy.accept().await.unwrap();
            head(&mut stream).await;
            // It may have seen enough before the end.
            let _closed = stream.write_all(answer.as_bytes()).await;
        };
        let way = way(port, "127.0.0.1", direct, None);
        let (refused, ()) = tokio::join!(way.open(), answers);
        match refused.err() {
            Some(fault @ DialError::ProxyRefused { .. }) => {
                assert!(fault.to_string().ends_with("no other way was tried"), "{fault}");
            }
            other => panic!("{answer:?}: {other:?}"),
        }
    }
    let (gone, port) = listener().await;
    drop(gone);
    let refused = way(port, "127.0.0.1", direct, None).open().await;
    assert!(matches!(refused.err(), Some(DialError::ProxyUnreached(_))));
    let came = tokio::time::timeout(std::time::Duration::from_millis(50), target.accept()).await;
    assert!(came.is_err(), "somebody went directly");
}

#[tokio::test]
async fn s72_a_host_cannot_carry_a_header() {
    let (proxy, port) = listener().await;
    for host in ["a\r\nX: y", "a b", "a\0", "a/b", "é", &"a".repeat(254)] {
        let refused = way(port, host, 80, None).open().await;
        assert!(matches!(refused.err(), Some(DialError::Host(_))), "{host:?}");
    }
    let came = tokio::time::timeout(std::time::Duration::from_millis(50), proxy.accept()).await;
    assert!(came.is_err(), "the proxy was asked");
}
