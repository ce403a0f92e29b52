//! What the client does by itself, and what it never does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::irc::{Client, Config, Event, Output, Refused};

fn sent(outputs: &[Output]) -> Vec<String> {
    let text = |output: &Output| match output {
        Output::Send(line) => Some(String::from_utf8(line.as_bytes().to_vec()).unwrap()),
        Output::Event(_) | Output::Close => None,
    };
    outputs.iter().filter_map(text).collect()
}

fn client(nick: &str) -> Client {
    Client::new(Config::new(nick)).unwrap()
}

#[test]
fn opens_with_password_nick_and_user() {
    let mut config = Config::new("alice");
    config.password = Some(b"open sesame".to_vec());
    config.user = b"al".to_vec();
    config.real_name = b"Alice A.".to_vec();
    let hello = sent(&Client::new(config).unwrap().start());
    assert_eq!(
        hello,
        [
            "CAP LS 302",
            "PASS :open sesame",
            "NICK alice",
            "USER al 0 * :Alice A."
        ]
    );
}

#[test]
fn nothing_is_said_before_the_server_lets_us_in() {
    let mut client = client("alice");
    client.start();
    assert_eq!(client.privmsg(b"bob", b"hi"), Err(Refused::NotRegistered));
    client.receive(b":irc.example 001 Alice_x :Welcome\r\n");
    assert_eq!(client.nick().as_bytes(), b"Alice_x", "the server decides");
    assert_eq!(
        client.privmsg(b"bob", b"hi").unwrap().as_bytes(),
        b"PRIVMSG bob :hi"
    );
}

#[test]
fn answers_ping_even_before_registration() {
    let mut client = client("alice");
    assert_eq!(sent(&client.receive(b"PING :a b\r\n")), ["PONG :a b"]);
    assert_eq!(sent(&client.receive(b"ping x\r\n")), ["PONG :x"]);
}

#[test]
fn asks_how_it_is_shown() {
    let mut client = client("alice");
    assert_eq!(
        sent(&client.receive(b":irc.example 001 alice :Welcome\r\n")),
        ["USERHOST alice"]
    );
    assert!(
        sent(&client.receive(b":irc.example 001 alice :Welcome\r\n")).is_empty(),
        "once"
    );
}

#[test]
fn finds_another_nick_but_gives_up_in_the_end() {
    let mut client = client("alice");
    client.start();
    let mut tried = Vec::new();
    loop {
        let wanted = client.nick();
        let outputs = client.receive(format!(":irc.example 433 * {wanted} :In use\r\n").as_bytes());
        let Some(Output::Event(Event::NickRefused { next, .. })) = outputs.last() else {
            panic!("{outputs:?}")
        };
        let Some(next) = next else {
            assert!(sent(&outputs).is_empty());
            break;
        };
        assert_eq!(
            sent(&outputs),
            [format!("NICK {}", String::from_utf8_lossy(next))]
        );
        tried.push(next.clone());
    }
    assert_eq!(tried.len(), 6);
    tried.sort();
    tried.dedup();
    assert_eq!(tried.len(), 6, "never the same twice");
}

#[test]
fn a_nick_refused_later_changes_nothing() {
    let mut client = client("alice");
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    let outputs = client.receive(b":irc.example 433 alice bob :In use\r\n");
    assert!(sent(&outputs).is_empty());
    assert_eq!(client.nick().as_bytes(), b"alice");
    assert!(
        matches!(
            &outputs[..],
            [Output::Event(Event::NickRefused { next: None, .. })]
        ),
        "{outputs:?}"
    );
}

#[test]
fn never_answers_a_person_a_notice_or_a_ctcp() {
    let mut client = client("alice");
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    for line in [
        ":bob!b@h PRIVMSG alice :hello",
        ":bob!b@h PRIVMSG alice :\x01VERSION\x01",
        ":bob!b@h PRIVMSG alice :\x01PING 1\x01",
        ":bob!b@h PRIVMSG alice :\x01DCC SEND x 1 2 3\x01",
        ":bob!b@h NOTICE alice :hello",
        ":bob!b@h INVITE alice #x",
        ":irc.example NOTICE alice :hello",
        ":NickServ!s@services. NOTICE alice :identify yourself",
        ":bob!b@h TAGMSG alice",
        "ERROR :bye",
        "FOO",
    ] {
        let outputs = client.receive(format!("{line}\r\n").as_bytes());
        assert!(sent(&outputs).is_empty(), "{line}");
        assert_eq!(outputs.len(), 1, "{line}");
    }
}

#[test]
fn bad_lines_are_reported_and_passed_over() {
    let mut client = client("alice");
    let outputs = client.receive(b":only.prefix\r\na\0b\r\n\r\nPING x\r\n");
    assert!(
        matches!(
            &outputs[..],
            [
                Output::Event(Event::BadLine(_)),
                Output::Event(Event::BadLine(_)),
                Output::Send(_)
            ]
        ),
        "{outputs:?}"
    );
}

#[test]
fn somebody_who_is_not_there_is_reported() {
    let mut client = client("alice");
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    let outputs = client.receive(b":irc.example 401 alice Bob :No such nick\r\n");
    let Some(Output::Event(Event::Absent { nick })) = outputs.first() else {
        panic!("{outputs:?}")
    };
    assert_eq!(*nick, client.fold(b"bob"));
}

#[test]
fn coming_and_going_is_told() {
    let mut client = client("alice");
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    let mut told = |line: &str| format!("{:?}", client.receive(format!("{line}\r\n").as_bytes()));
    assert!(told(":bob!b@h JOIN :#a").contains("own: false"));
    assert!(told(":ALICE!a@h JOIN #a").contains("own: true"));
    let kicked = told(":bob!b@h KICK #a alice :out");
    assert!(
        kicked.contains("Kicked") && kicked.contains("own: true") && kicked.contains("alice"),
        "{kicked}"
    );
    let left = told(":bob!b@h PART #a");
    assert!(left.contains("Left") && left.contains("Nick(\"bob\")"), "{left}");
    assert!(told(":bob!b@h QUIT :gone").contains("Quit"));
}
