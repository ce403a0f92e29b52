//! Agreeing on what the server can do: lists in several lines, refusals, offers that come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::irc::{Capability, Client, Config, Event, Output};

fn begin() -> Client {
    let mut client = Client::new(Config::new("alice")).unwrap();
    let hello = client.start();
    assert!(matches!(&hello[0], Output::Send(line) if line.as_bytes() == b"CAP LS 302"));
    client
}

fn hear(client: &mut Client, line: &str) -> Vec<String> {
    let text = |output: &Output| match output {
        Output::Send(line) => Some(String::from_utf8(line.as_bytes().to_vec()).unwrap()),
        Output::Event(_) | Output::Close => None,
    };
    client
        .receive(format!("{line}\r\n").as_bytes())
        .iter()
        .filter_map(text)
        .collect()
}

#[test]
fn a_list_may_come_in_several_lines() {
    let mut client = begin();
    assert!(
        hear(
            &mut client,
            ":s CAP * LS * :server-time sasl=PLAIN something/else=1"
        )
        .is_empty()
    );
    assert!(hear(&mut client, ":s CAP * LS * :batch").is_empty());
    assert_eq!(
        hear(&mut client, ":s CAP * LS :message-tags echo-message"),
        ["CAP REQ :batch echo-message message-tags server-time"]
    );
    // And so may the consent.
    assert!(hear(&mut client, ":s CAP alice ACK :batch echo-message").is_empty());
    assert_eq!(
        hear(&mut client, ":s CAP alice ACK :message-tags server-time "),
        ["CAP END"]
    );
    assert_eq!(client.capabilities().count(), 4);
}

#[test]
fn a_server_with_nothing_to_offer_is_left_in_peace() {
    assert_eq!(hear(&mut begin(), ":s CAP * LS :"), ["CAP END"]);
    assert_eq!(
        hear(&mut begin(), ":s CAP * LS :sasl some/thing"),
        ["CAP END"],
        "no account, no SASL"
    );
    // One that does not know CAP simply lets us in.
    let mut client = begin();
    assert!(hear(&mut client, ":s 421 alice CAP :Unknown command").is_empty());
    assert_eq!(hear(&mut client, ":s 001 alice :Welcome"), ["USERHOST alice"]);
    assert!(client.is_registered());
}

#[test]
fn a_refusal_ends_the_wish_not_the_connection() {
    let mut client = begin();
    hear(&mut client, ":s CAP * LS :batch server-time");
    assert_eq!(hear(&mut client, ":s CAP * NAK :batch server-time"), ["CAP END"]);
    assert_eq!(client.capabilities().count(), 0);
    hear(&mut client, ":s 001 alice :Welcome");
    assert!(
        hear(&mut client, ":s CAP alice NEW :batch").is_empty(),
        "what was refused is not asked for again"
    );
}

#[test]
fn offers_come_and_go_later() {
    let mut client = begin();
    hear(&mut client, ":s CAP * LS :batch");
    assert_eq!(hear(&mut client, ":s CAP * ACK :batch"), ["CAP END"]);
    hear(&mut client, ":s 001 alice :Welcome");
    assert_eq!(
        hear(&mut client, ":s CAP alice NEW :server-time sasl=PLAIN batch"),
        ["CAP REQ :server-time"]
    );
    assert!(
        hear(&mut client, ":s CAP alice NEW :server-time").is_empty(),
        "asked for already"
    );
    assert!(
        hear(&mut client, ":s CAP alice ACK :server-time").is_empty(),
        "CAP END is said once"
    );
    assert!(client.capabilities().any(|one| one == Capability::ServerTime));
    assert!(hear(&mut client, ":s CAP alice DEL :server-time batch").is_empty());
    assert_eq!(client.capabilities().count(), 0);
    assert_eq!(hear(&mut client, ":s CAP alice NEW :batch"), ["CAP REQ :batch"]);
}

#[test]
fn nothing_is_switched_on_that_was_not_asked_for() {
    let mut client = begin();
    hear(&mut client, ":s CAP * ACK :echo-message");
    hear(&mut client, ":s CAP * LS :batch");
    hear(&mut client, ":s CAP * ACK :batch echo-message sasl");
    assert_eq!(client.capabilities().collect::<Vec<_>>(), [Capability::Batch]);
    hear(&mut client, ":s CAP * ACK :-batch");
    assert_eq!(client.capabilities().count(), 0);
}

#[test]
fn accounts_and_replies_are_understood() {
    let mut client = begin();
    hear(&mut client, ":s 001 alice :Welcome");
    let mut told = |line: &str| match client.receive(format!("{line}\r\n").as_bytes()).remove(0) {
        Output::Event(event) => event,
        other => panic!("{other:?}"),
    };
    let Event::Message(said) = told("@account=robert :bob!b@h PRIVMSG alice :hi") else {
        panic!()
    };
    assert_eq!(said.account.as_deref(), Some(&b"robert"[..]));
    let Event::Message(said) = told(":bob!b@h PRIVMSG alice :hi") else {
        panic!()
    };
    assert_eq!(said.account, None);
    let Event::Account { nick, account } = told(":bob!b@h ACCOUNT robert") else {
        panic!()
    };
    assert_eq!(
        (nick.as_bytes(), account.as_deref()),
        (&b"bob"[..], Some(&b"robert"[..]))
    );
    assert!(matches!(
        told(":bob!b@h ACCOUNT *"),
        Event::Account { account: None, .. }
    ));
    let joined = |event| match event {
        Event::Joined { account, .. } => account,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        joined(told(":bob!b@h JOIN #a robert :Bob")),
        Some(Some(b"robert".to_vec()))
    );
    assert_eq!(joined(told(":bob!b@h JOIN #a * :Bob")), Some(None));
    assert_eq!(joined(told(":bob!b@h JOIN #a")), None);
    let Event::StandardReply {
        command, code, words, ..
    } = told("FAIL BOX BOXES_INVALID STACK :Given boxes")
    else {
        panic!()
    };
    assert_eq!(
        (&command[..], &code[..], &words[..]),
        (&b"BOX"[..], &b"BOXES_INVALID"[..], &b"Given boxes"[..])
    );
}
