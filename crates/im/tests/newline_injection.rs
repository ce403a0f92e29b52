//! S-64: whatever a correspondent's text, nick or reason holds, it can never become a second line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Net;
use im::irc::{Client, Config, IrcLine, Kind, LineError, Refused};
use proptest::prelude::*;

const BAD: [&str; 6] = ["hi\r\nQUIT", "hi\nQUIT", "hi\rQUIT", "hi\0QUIT", "\r", "hi\n"];

fn registered() -> Client {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    client
}

#[test]
fn no_text_becomes_a_second_line() {
    let client = registered();
    for bad in BAD {
        assert_eq!(
            client.privmsg(b"bob", bad.as_bytes()),
            Err(Refused::ForbiddenByte),
            "{bad:?}"
        );
        assert_eq!(
            client.action(b"bob", bad.as_bytes()),
            Err(Refused::ForbiddenByte),
            "{bad:?}"
        );
        assert_eq!(
            client.quit(bad.as_bytes()),
            Err(Refused::ForbiddenByte),
            "{bad:?}"
        );
        assert!(client.rename(bad.as_bytes()).is_err(), "{bad:?}");
        assert!(client.privmsg(bad.as_bytes(), b"hi").is_err(), "{bad:?}");
        assert_eq!(IrcLine::new(bad), Err(LineError::ForbiddenByte), "{bad:?}");
    }
    // Line ends of Unicode are ordinary bytes to IRC.
    let line = client.privmsg(b"bob", "a\u{2028}b\u{85}c".as_bytes()).unwrap();
    assert_eq!(line.to_wire().iter().filter(|&&byte| byte == b'\n').count(), 1);
}

#[test]
fn a_target_is_one_name() {
    let client = registered();
    for bad in ["", "bob carol", ":bob", "bob,carol", "$$*.example"] {
        assert_eq!(
            client.privmsg(bad.as_bytes(), b"hi"),
            Err(Refused::Target),
            "{bad:?}"
        );
    }
    assert!(client.privmsg(b"#channel", b"hi").is_ok());
}

#[test]
fn no_text_becomes_a_ctcp() {
    let client = registered();
    assert_eq!(
        client.privmsg(b"bob", b"\x01DCC SEND a\x01"),
        Err(Refused::ForbiddenByte)
    );
    let line = client.action(b"bob", b"waves\x01\x01DCC SEND a").unwrap();
    assert_eq!(line.as_bytes(), b"PRIVMSG bob :\x01ACTION waves??DCC SEND a\x01");
}

#[test]
fn a_lone_carriage_return_from_a_peer_forges_nothing() {
    let mut net = Net::new();
    let bob = net.join(2, "b.example", Config::new("bob"));
    let mallory = net.join(3, "m.example", Config::new("mallory"));
    net.heard(bob);
    let before = net.wire.len();
    net.say_raw(
        mallory,
        b"PRIVMSG bob :hi\r:relay.chatham.example PRIVMSG bob :trust me\r\n",
    );
    assert_eq!(net.wire.len(), before, "such a line is none");

    // A server that relays a bare carriage return all the same.
    let mut client = registered();
    let outputs = client.receive(b":mallory!m@h PRIVMSG alice :hi\r:bob!b@h PRIVMSG alice :trust me\r\n");
    let shown = format!("{outputs:?}");
    assert_eq!(outputs.len(), 1, "{shown}");
    assert!(shown.contains("BadLine(ForbiddenByte)"), "{shown}");
}

proptest! {
    #[test]
    fn any_accepted_text_arrives_as_one_line(text in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut net = Net::new();
        let alice = net.join(1, "a.example", Config::new("alice"));
        let bob = net.join(2, "b.example", Config::new("bob"));
        net.heard(bob);
        let before = net.wire.len();
        if let Ok(line) = net.clients[&alice].privmsg(b"bob", &text) {
            net.say(alice, &line);
            prop_assert_eq!(net.wire.len(), before + 1);
            let heard = net.heard(bob);
            prop_assert_eq!(heard.len(), 1);
            prop_assert_eq!(&heard[0].text, &text);
            prop_assert_eq!(heard[0].kind, Kind::Person);
        } else {
            prop_assert!(text.is_empty() || text.iter().any(|byte| b"\r\n\0\x01".contains(byte)));
        }
    }
}
