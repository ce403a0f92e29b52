//! N9: the longest text that the client accepts arrives whole, whatever the length of nick, user and host, and one
//! byte more would have been cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod common;

use common::Net;
use im::irc::{Client, Config, IrcLine, Refused};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_longest_accepted_text_arrives_whole(
        nick in "[a-z]{1,30}",
        user in "[a-z]{1,20}",
        host in "[a-z0-9.-]{1,63}",
        target in "[A-Z]{1,30}",
        renamed in "[A-Z]{1,29}_",
    ) {
        // One name for two people is another test's.
        let folded = |name: &str| im::irc::CaseMapping::Rfc1459.fold(name.as_bytes());
        prop_assume!(folded(&nick) != folded(&target) && folded(&renamed) != folded(&target));
        let mut net = Net::new();
        let mut config = Config::new(nick);
        config.user = user.into_bytes();
        let alice = net.join(1, &host, config);
        let bob = net.join(2, "b.example", Config::new(target.clone()));
        let bob_nick = target.as_bytes();
        exactly_fits(&mut net, alice, bob, bob_nick)?;

        let rename = net.clients[&alice].rename(renamed.as_bytes()).unwrap();
        net.say(alice, &rename);
        prop_assert_eq!(net.clients[&alice].nick().to_string(), renamed);
        exactly_fits(&mut net, alice, bob, bob_nick)?;
    }
}

type Id = im::relay::ConnectionId;

fn exactly_fits(net: &mut Net, alice: Id, bob: Id, target: &[u8]) -> Result<(), TestCaseError> {
    net.heard(bob);
    let room = net.clients[&alice].room(target);
    let longest = vec![b'x'; room];
    let line = net.clients[&alice].privmsg(target, &longest).unwrap();
    net.say(alice, &line);
    prop_assert_eq!(&net.heard(bob)[0].text, &longest);
    let relayed = &net.wire.last().unwrap().1;
    prop_assert_eq!(relayed.len(), 512, "the room is used to the last byte");

    let longer = vec![b'x'; room + 1];
    prop_assert_eq!(
        net.clients[&alice].privmsg(target, &longer),
        Err(Refused::TooLong { room })
    );
    let forced = IrcLine::command("PRIVMSG")
        .param(target)
        .trailing(&longer)
        .unwrap();
    net.say(alice, &forced);
    prop_assert_eq!(&net.heard(bob)[0].text, &longest, "the relay cuts, as servers do");
    Ok(())
}

#[test]
fn an_unknown_host_counts_as_the_longest() {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":irc.example 001 alice :Welcome to nowhere in particular\r\n");
    assert_eq!(
        client.room(b"bob"),
        512 - 2 - ":alice!12345678901@".len() - 63 - " PRIVMSG bob :".len()
    );
}

#[test]
fn every_source_of_the_prefix_counts() {
    let known = |lines: &str| {
        let mut client = Client::new(Config::new("alice")).unwrap();
        client.receive(b":irc.example 001 alice :Welcome\r\n");
        client.receive(lines.as_bytes());
        client.prefix().length() - ":alice!~al@ ".len()
    };
    let plain = "cloak.example".len();
    for lines in [
        ":alice!~al@cloak.example JOIN #a\r\n",
        ":alice!~al@cloak.example PRIVMSG bob :hi\r\n",
        ":irc.example 302 alice :alice=+~al@cloak.example\r\n",
        ":irc.example 302 alice :bob=+x@y alice*=-~al@cloak.example \r\n",
        ":irc.example 311 alice alice ~al cloak.example * :Alice\r\n",
        ":irc.example 352 alice #a ~al cloak.example irc.example alice H :0 Alice\r\n",
        ":irc.example 396 alice ~al@cloak.example :is now your displayed host\r\n",
        // What is shown outranks what we are told, in either order.
        ":irc.example 302 alice :alice=+~al@real\r\n:alice!~al@cloak.example JOIN #a\r\n",
        ":alice!~al@cloak.example JOIN #a\r\n:irc.example 302 alice :alice=+~al@real\r\n",
        ":irc.example 302 alice :alice=+~al@real\r\n:irc.example 396 alice cloak.example :is now your host\r\n",
        ":irc.example 396 alice ~al@cloak.example :is now\r\n:alice MODE alice :+x\r\n",
    ] {
        assert_eq!(known(lines), plain, "{lines}");
    }
    for lines in [
        ":irc.example 302 alice :alice=+~al@real\r\n:alice MODE alice :+ix\r\n",
        ":alice!~al@real JOIN #a\r\n:alice MODE alice :+x\r\n",
        ":alice!~al@real JOIN #a\r\n:alice MODE alice :+x\r\n:irc.example 302 alice :alice=+~al@real\r\n",
    ] {
        assert_eq!(
            known(lines),
            63,
            "a host that is out of date counts as unknown: {lines}"
        );
    }
    // Somebody else's prefix is not ours.
    assert_eq!(
        known(":bob!~bob@short JOIN #a\r\n"),
        63 + "~1234567890".len() - "~al".len()
    );
}

#[test]
fn the_welcome_tells_user_and_host() {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":irc.example 001 alice :Welcome to the net alice!~al@h.example\r\n");
    assert_eq!(client.prefix().length(), ":alice!~al@h.example ".len());
}

#[test]
fn another_line_length_is_used() {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.receive(b":irc.example 001 alice :Welcome\r\n");
    let before = client.room(b"bob");
    client.receive(b":irc.example 005 alice LINELEN=1024 :are supported\r\n");
    assert_eq!(client.room(b"bob"), before + 512);
    assert_eq!(client.room(&[b'x'; 2000]), 0);
}
