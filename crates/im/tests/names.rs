//! N10, S-67: which names are the same, and a session that follows a change of nick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use std::collections::HashMap;

use common::Net;
use im::irc::{CaseMapping, Client, Config, Event, Kind, Nick, Output};

fn renames(events: Vec<Event>) -> Vec<(String, String, bool)> {
    let rename = |event| match event {
        Event::Renamed { from, to, own } => Some((from.to_string(), to.to_string(), own)),
        _ => None,
    };
    events.into_iter().filter_map(rename).collect()
}

#[test]
fn all_spellings_of_a_nick_are_one_person() {
    let mut net = Net::new();
    let alice = net.join(1, "a.example", Config::new("Alice[1]"));
    let bob = net.join(2, "b.example", Config::new("bob"));
    net.heard(alice);
    let line = net.clients[&bob].privmsg(b"aLICE{1}", b"hi").unwrap();
    net.say(bob, &line);
    let heard = net.heard(alice);
    assert_eq!(
        (heard[0].kind, heard[0].from.nick.as_bytes()),
        (Kind::Person, &b"bob"[..])
    );
    assert_eq!(net.clients[&alice].fold(b"BOB"), heard[0].from.nick);
}

#[test]
fn another_mapping_is_announced_once_and_used() {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    assert_eq!(client.fold(b"a[]"), client.fold(b"A{}"));
    let changes = |outputs: Vec<Output>| {
        outputs
            .iter()
            .filter(|output| matches!(output, Output::Event(Event::CaseMapping(CaseMapping::Ascii))))
            .count()
    };
    assert_eq!(
        changes(client.receive(b":irc.example 005 alice CASEMAPPING=ascii :are supported\r\n")),
        1
    );
    assert_eq!(
        changes(client.receive(b":irc.example 005 alice CASEMAPPING=ascii :are supported\r\n")),
        0
    );
    assert_ne!(client.fold(b"a[]"), client.fold(b"A{}"));
    // The words at the end of the line are no tokens.
    assert_eq!(
        changes(client.receive(b":irc.example 005 alice X=1 :CASEMAPPING=rfc1459\r\n")),
        0
    );
    assert_eq!(client.isupport().case_mapping, CaseMapping::Ascii);
}

#[test]
fn a_change_of_nick_reaches_those_who_share_a_channel() {
    let mut net = Net::new();
    let alice = net.join(1, "a.example", Config::new("alice"));
    let bob = net.join(2, "b.example", Config::new("bob"));
    let carol = net.join(3, "c.example", Config::new("carol"));
    for id in [alice, bob] {
        net.say_raw(id, b"JOIN #tea\r\n");
    }
    for id in [alice, bob, carol] {
        net.events(id);
    }
    net.say_raw(bob, b"NICK robert\r\n");
    assert_eq!(
        renames(net.events(alice)),
        [("bob".into(), "robert".into(), false)]
    );
    assert_eq!(renames(net.events(bob)), [("bob".into(), "robert".into(), true)]);
    assert!(renames(net.events(carol)).is_empty());
    assert_eq!(net.clients[&bob].nick().as_bytes(), b"robert");
    net.say_raw(alice, b"PRIVMSG Robert :still there?\r\n");
    assert_eq!(net.heard(bob)[0].kind, Kind::Person);
}

#[test]
fn two_people_can_swap_nicks_and_stay_themselves() {
    let mut net = Net::new();
    let alice = net.join(1, "a.example", Config::new("alice"));
    let bob = net.join(2, "b.example", Config::new("bob"));
    let mallory = net.join(3, "m.example", Config::new("mallory"));
    for id in [alice, bob, mallory] {
        net.say_raw(id, b"JOIN #tea\r\n");
    }
    net.events(alice);
    let mut sessions: HashMap<Nick, &str> = HashMap::new();
    sessions.insert(net.clients[&alice].fold(b"BOB"), "bob's session");
    sessions.insert(net.clients[&alice].fold(b"mallory"), "mallory's session");

    net.say_raw(bob, b"NICK tmp\r\n");
    net.say_raw(mallory, b"NICK Bob\r\n");
    net.say_raw(bob, b"NICK Mallory\r\n");
    for event in net.events(alice) {
        if let Event::Renamed { from, to, .. } = event
            && let Some(session) = sessions.remove(&from)
        {
            sessions.insert(to, session);
        }
    }
    assert_eq!(sessions[&net.clients[&alice].fold(b"bob")], "mallory's session");
    assert_eq!(sessions[&net.clients[&alice].fold(b"mallory")], "bob's session");
    assert_eq!(sessions.len(), 2);
}

#[test]
fn a_change_of_letter_case_is_a_change_of_nick_too() {
    let mut net = Net::new();
    let alice = net.join(1, "a.example", Config::new("alice"));
    net.say_raw(alice, b"NICK ALICE\r\n");
    assert_eq!(
        renames(net.events(alice)),
        [("alice".into(), "ALICE".into(), true)]
    );
    assert_eq!(net.clients[&alice].nick().as_bytes(), b"ALICE");
}
