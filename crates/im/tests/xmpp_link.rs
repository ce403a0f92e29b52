//! What breaks a stream of XMPP breaks it once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::irc::Event;
use im::xmpp::{BareJid, Client, Frame, FrameReader, Header, Link, Login, Output, Security, Stanza};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='example.test' version='1.0'>";
const FEATURES: &str = "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>";

/// A server that says each of these when it has heard what stands before it.
async fn server(script: Vec<(&'static str, String)>) -> Login {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut heard, mut buffer) = (String::new(), [0; 4096]);
        for (awaited, answer) in script {
            while !heard.contains(awaited) {
                let count = socket.read(&mut buffer).await.unwrap();
                heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            heard.clear();
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
        while socket.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    });
    Login {
        server: Some(("127.0.0.1".to_owned(), Some(port))),
        security: Security::None,
        ..Login::new("example.test")
    }
}

/// What a stream begins with.
fn beginning() -> (Header, Stanza) {
    let mut reader = FrameReader::default();
    reader.push([HEADER, FEATURES].concat().as_bytes()).unwrap();
    match (reader.next(), reader.next()) {
        (Some(Frame::Header(header)), Some(Frame::Stanza(features))) => (header, features),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stanza_that_cannot_be_read_does_not_come_again() {
    let deep = format!("<message>{}{}</message>", "<x>".repeat(100), "</x>".repeat(100));
    let login = server(vec![
        (
            "version='1.0'",
            format!(
                "{HEADER}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
                 <mechanism>PLAIN</mechanism></mechanisms></stream:features>"
            ),
        ),
        (
            "</auth>",
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".to_owned(),
        ),
        ("version='1.0'", [HEADER, FEATURES].concat()),
        (
            "xmpp-bind",
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@example.test/a</jid></bind></iq>"
                .to_owned(),
        ),
        (
            "<enable ",
            format!("<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>{deep}"),
        ),
    ])
    .await;
    let password = Zeroizing::new("secret".to_owned());
    let logged_in = login.log_in("alice", &password).await.unwrap();
    let client = Client::new(BareJid::new("alice@example.test").unwrap(), None);
    let mut link = Link::begin(logged_in, client).await.unwrap();
    while !matches!(link.next().await, Some(Event::Disconnected { .. })) {}
    let (header, features) = beginning();
    let outputs = link.take_client().start(header, &features);
    let [Output::Send(resume)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        String::from_utf8_lossy(resume.as_bytes()),
        "<resume xmlns='urn:xmpp:sm:3' h='1' previd='s1'/>"
    );
}
