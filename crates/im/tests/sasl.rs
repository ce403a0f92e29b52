//! Proving an account: what is said, in which order, and that nobody goes on without.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::dial::{Dial, DialError};
use im::irc::{Client, Config, Event, Output, Pacing, Refused, Sasl, SaslFault};
use im::link::{Link, LinkError};
use im::relay::{Relay, RelayConfig, ServerConfig};
use zeroize::Zeroizing;

fn plain(account: &str, password: &str) -> Config {
    let (account, password) = (account.into(), Zeroizing::new(password.into()));
    Config {
        sasl: Some(Sasl::Plain { account, password }),
        ..Config::new("alice")
    }
}

/// A client that has said hello.
fn begin(config: Config) -> Client {
    let mut client = Client::new(config).unwrap();
    client.start();
    client
}

fn hear(client: &mut Client, line: &str) -> Vec<Output> {
    client.receive(format!("{line}\r\n").as_bytes())
}

fn said(outputs: &[Output]) -> Vec<String> {
    let text = |output: &Output| match output {
        Output::Send(line) => Some(String::from_utf8(line.as_bytes().to_vec()).unwrap()),
        Output::Event(_) | Output::Close => None,
    };
    outputs.iter().filter_map(text).collect()
}

/// The fault with which the client ended the connection.
fn failed(outputs: &[Output]) -> SaslFault {
    let [Output::Event(Event::SaslFailed(fault)), Output::Close] = outputs else {
        panic!("{outputs:?}");
    };
    fault.clone()
}

/// Up to the challenge.
fn challenged(config: Config, mechanism: &str) -> Client {
    let mut client = begin(config);
    assert_eq!(
        said(&hear(&mut client, ":s CAP * LS :sasl batch")),
        ["CAP REQ :batch", "CAP REQ :sasl"]
    );
    assert!(said(&hear(&mut client, ":s CAP * ACK :batch")).is_empty());
    assert_eq!(
        said(&hear(&mut client, ":s CAP * ACK :sasl")),
        [format!("AUTHENTICATE {mechanism}")]
    );
    client
}

#[test]
fn an_account_is_proven_before_the_negotiation_ends() {
    let mut client = challenged(plain("jilles", "sesame"), "PLAIN");
    assert_eq!(
        said(&hear(&mut client, "AUTHENTICATE +")),
        ["AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU="]
    );
    let outputs = hear(
        &mut client,
        ":s 900 alice alice!a@h jilles :You are now logged in",
    );
    assert!(matches!(&outputs[0], Output::Event(Event::LoggedIn { account }) if account == b"jilles"));
    assert!(said(&outputs).is_empty());
    assert_eq!(client.privmsg(b"bob", b"hi"), Err(Refused::NotRegistered));
    assert_eq!(said(&hear(&mut client, ":s 903 alice :Success")), ["CAP END"]);
    hear(&mut client, ":s 001 alice :Welcome");
    assert!(client.is_registered());
}

#[test]
fn a_certificate_is_named_and_nothing_else() {
    let mut client = challenged(
        Config {
            sasl: Some(Sasl::External),
            ..Config::new("alice")
        },
        "EXTERNAL",
    );
    assert_eq!(said(&hear(&mut client, "AUTHENTICATE +")), ["AUTHENTICATE +"]);
    assert_eq!(said(&hear(&mut client, ":s 903 alice :Success")), ["CAP END"]);
}

#[test]
fn whoever_is_refused_does_not_go_on() {
    for (line, code) in [
        (":s 904 alice :failed", 904),
        (":s 902 alice :locked", 902),
        (":s 905 alice :too long", 905),
        (":s 906 alice :aborted", 906),
        (":s 907 alice :already", 907),
    ] {
        let mut client = challenged(plain("a", "b"), "PLAIN");
        hear(&mut client, "AUTHENTICATE +");
        let fault = failed(&hear(&mut client, line));
        assert!(
            matches!(fault, SaslFault::Refused { code: told, .. } if told == code),
            "{fault:?}"
        );
        // The connection is over, whatever the server thinks.
        assert!(hear(&mut client, ":s 001 alice :Welcome").is_empty());
        assert!(!client.is_registered());
        assert_eq!(client.privmsg(b"bob", b"hi"), Err(Refused::NotRegistered));
    }
    // The mechanism is refused before anything was proven.
    let mut client = challenged(plain("a", "b"), "PLAIN");
    let outputs = hear(&mut client, ":s 908 alice EXTERNAL :are the mechanisms");
    assert!(said(&outputs).is_empty());
    assert!(matches!(
        failed(&hear(&mut client, ":s 904 alice :no")),
        SaslFault::Refused { code: 904, .. }
    ));
}

#[test]
fn a_server_without_the_mechanism_hears_no_password() {
    let mut client = begin(plain("a", "b"));
    let fault = failed(&hear(
        &mut client,
        ":s CAP * LS :batch sasl=EXTERNAL,SCRAM-SHA-256",
    ));
    assert_eq!(
        fault,
        SaslFault::MechanismNotOffered {
            offered: b"EXTERNAL,SCRAM-SHA-256".to_vec()
        }
    );

    let mut client = begin(plain("a", "b"));
    assert_eq!(
        failed(&hear(&mut client, ":s CAP * LS :batch")),
        SaslFault::NotOffered
    );

    let mut client = begin(plain("a", "b"));
    hear(&mut client, ":s CAP * LS :sasl=PLAIN");
    assert_eq!(
        failed(&hear(&mut client, ":s CAP * NAK :sasl")),
        SaslFault::NotOffered
    );

    // A server that knows no capabilities would let us in just so.
    let mut client = begin(plain("a", "b"));
    assert!(said(&hear(&mut client, ":s 421 * CAP :Unknown command")).is_empty());
    assert_eq!(
        failed(&hear(&mut client, ":s 001 alice :Welcome")),
        SaslFault::NotOffered
    );

    // One that takes the offer back, too.
    let mut client = challenged(plain("a", "b"), "PLAIN");
    assert_eq!(
        failed(&hear(&mut client, ":s CAP * DEL :sasl")),
        SaslFault::NotOffered
    );

    // And one that lets us in before it has judged.
    let mut client = challenged(plain("a", "b"), "PLAIN");
    hear(&mut client, "AUTHENTICATE +");
    assert_eq!(
        failed(&hear(&mut client, ":s 001 alice :Welcome")),
        SaslFault::NotOffered
    );
}

#[test]
fn the_proof_is_given_once_and_only_when_it_is_asked_for() {
    let mut client = begin(plain("a", "b"));
    for line in [
        "AUTHENTICATE +",
        ":s 903 * :Success",
        ":s 904 * :no",
        ":s CAP * ACK :sasl",
    ] {
        assert!(said(&hear(&mut client, line)).is_empty(), "{line}");
    }
    let mut client = challenged(plain("a", "b"), "PLAIN");
    assert_eq!(said(&hear(&mut client, "AUTHENTICATE +")).len(), 1);
    assert!(
        said(&hear(&mut client, "AUTHENTICATE +")).is_empty(),
        "not a second time"
    );
    let mut client = challenged(plain("a", "b"), "PLAIN");
    assert_eq!(
        failed(&hear(&mut client, "AUTHENTICATE c2F5IGl0")),
        SaslFault::Challenge
    );
}

#[test]
fn a_long_proof_goes_in_pieces_of_four_hundred() {
    let mut client = challenged(plain("jilles", &"s".repeat(900)), "PLAIN");
    let lines = said(&hear(&mut client, "AUTHENTICATE +"));
    let lengths: Vec<_> = lines
        .iter()
        .map(|line| line.len() - "AUTHENTICATE ".len())
        .collect();
    assert_eq!(lengths, [400, 400, 400, 20]);
}

async fn relay() -> Relay {
    let accounts = vec![(b"jilles".to_vec(), Zeroizing::new(b"sesame".to_vec()))];
    let server = ServerConfig {
        accounts,
        ..ServerConfig::default()
    };
    Relay::start(RelayConfig {
        server,
        ..RelayConfig::default()
    })
    .await
    .unwrap()
}

async fn events(relay: &Relay, config: Config) -> Vec<Event> {
    let address = relay.address();
    let mut link = Link::connect(
        &address.ip().to_string(),
        address.port(),
        config,
        Pacing::unlimited(),
    )
    .await
    .unwrap();
    let mut events = Vec::new();
    while let Some(event) = link.next().await {
        let enough = matches!(event, Event::Registered { .. });
        events.push(event);
        if enough {
            break;
        }
    }
    events
}

#[tokio::test]
async fn the_relay_knows_the_right_from_the_wrong() {
    let relay = relay().await;
    let right = events(&relay, plain("jilles", "sesame")).await;
    assert!(
        right
            .iter()
            .any(|event| matches!(event, Event::LoggedIn { account } if account == b"jilles"))
    );
    assert!(
        matches!(right.last(), Some(Event::Registered { .. })),
        "{right:?}"
    );
    for (account, password) in [
        ("jilles", "sesam"),
        ("jille", "sesame"),
        ("jilles", &"x".repeat(500)[..]),
    ] {
        let wrong = events(&relay, plain(account, password)).await;
        assert!(
            !wrong
                .iter()
                .any(|event| matches!(event, Event::Registered { .. })),
            "{wrong:?}"
        );
        let [.., Event::SaslFailed(_), Event::Disconnected { .. }] = &wrong[..] else {
            panic!("{wrong:?}")
        };
    }
}

#[tokio::test]
async fn a_password_is_not_sent_where_others_can_read_it() {
    // Nothing listens at these: the refusal comes before any connection, and before any name is looked up.
    for host in ["irc.invalid", "192.0.2.1"] {
        let refused = Dial::plain(host, 6667)
            .connect(plain("a", "b"), Pacing::default())
            .await;
        assert!(
            matches!(refused, Err(LinkError::Dial(DialError::PasswordInClear(_)))),
            "{refused:?}"
        );
    }
    let external = Config {
        sasl: Some(Sasl::External),
        ..Config::new("alice")
    };
    let refused = Dial::plain("127.0.0.1", 6667)
        .connect(external, Pacing::default())
        .await;
    assert!(
        matches!(refused, Err(LinkError::Dial(DialError::NothingToShow(_)))),
        "{refused:?}"
    );
}
