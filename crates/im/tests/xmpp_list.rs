//! The list of people of XMPP, and who may see when we are there: nobody but the person decides, and nobody nags.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use im::irc::Event;
use im::link::SendError;
use im::xmpp::{BareJid, Client, Frame, FrameReader, ListWish, Output};

/// A client that has its place.
struct Place {
    client: Client,
    reader: FrameReader,
}

impl Place {
    fn bound() -> Self {
        let mut reader = FrameReader::default();
        let begin = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>\
             <stream:features/>";
        reader.push(begin.as_bytes()).unwrap();
        let (Some(Frame::Header(header)), Some(Frame::Stanza(features))) = (reader.next(), reader.next())
        else {
            panic!("no features");
        };
        let mut client = Client::new(jid("alice@example.org"), None);
        client.tell_time(Duration::from_secs(1_790_000_000));
        let _binds = client.start(header, &features);
        let mut place = Self { client, reader };
        place.hear(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@example.org/x</jid></bind></iq>",
        );
        place
    }

    /// What comes of a stanza, as events.
    fn hear(&mut self, text: &str) -> Vec<Event> {
        self.reader.push(text.as_bytes()).unwrap();
        let mut events = Vec::new();
        while let Some(frame) = self.reader.next() {
            let outputs = self.client.receive(&frame).into_iter();
            events.extend(outputs.filter_map(|output| match output {
                Output::Event(event) => Some(event),
                _ => None,
            }));
        }
        events
    }

    fn wish(&mut self, whom: &str, wish: ListWish) -> String {
        let outgoing = self.client.list(&jid(whom), wish).unwrap();
        let outgoing = outgoing.iter();
        outgoing
            .map(|outgoing| String::from_utf8_lossy(outgoing.as_bytes()).into_owned())
            .collect()
    }

    fn push(&mut self, item: &str) {
        self.hear(&format!(
            "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>{item}</query></iq>"
        ));
    }
}

fn jid(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

fn asks(events: &[Event], whom: &str) -> bool {
    matches!(events, [Event::AsksToSee { nick }] if nick.as_bytes() == whom.as_bytes())
}

#[test]
fn what_the_person_wants_is_said_to_the_server() {
    let mut place = Place::bound();
    let item = "<query xmlns='jabber:iq:roster'><item jid='bob@example.org'";
    for (wish, expected) in [
        (
            ListWish::Add,
            format!(
                "<iq type='set' id='list'>{item}/></query></iq><presence to='bob@example.org' type='subscribe'/>"
            ),
        ),
        (
            ListWish::Allow,
            "<presence to='bob@example.org' type='subscribed'/>".to_owned(),
        ),
        (
            ListWish::Refuse,
            "<presence to='bob@example.org' type='unsubscribed'/>".to_owned(),
        ),
        (
            ListWish::Remove,
            format!("<iq type='set' id='list'>{item} subscription='remove'/></query></iq>"),
        ),
    ] {
        assert_eq!(place.wish("bob@example.org", wish), expected);
    }
}

#[test]
fn nothing_is_changed_without_a_place() {
    let mut client = Client::new(jid("alice@example.org"), None);
    assert!(matches!(
        client.list(&jid("bob@example.org"), ListWish::Add),
        Err(SendError::Closed)
    ));
}

#[test]
fn who_asks_is_told_once_until_the_person_has_decided() {
    let mut place = Place::bound();
    let request = "<presence from='bob@example.org/x' type='subscribe'/>";
    assert!(asks(&place.hear(request), "bob@example.org"));
    assert!(place.hear(request).is_empty(), "no nagging");
    place.wish("bob@example.org", ListWish::Refuse);
    assert!(asks(&place.hear(request), "bob@example.org"));
    place.wish("bob@example.org", ListWish::Allow);
    // Who is on the list asks, too: that we see them does not mean that they see us.
    place.push("<item jid='carol@example.org' subscription='to'/>");
    let request = request.replace("bob", "carol");
    assert!(asks(&place.hear(&request), "carol@example.org"));
}

#[test]
fn a_crowd_that_asks_is_bounded() {
    let mut place = Place::bound();
    let told: usize = (0..1000)
        .map(|number| {
            place
                .hear(&format!(
                    "<presence from='m{number}@evil.test' type='subscribe'/>"
                ))
                .len()
        })
        .sum();
    assert_eq!(told, 100);
}

#[test]
fn an_answer_is_told_if_there_was_a_question() {
    let mut place = Place::bound();
    let answer = |kind: &str| format!("<presence from='bob@example.org' type='{kind}'/>");
    assert!(place.hear(&answer("subscribed")).is_empty(), "nobody has asked");
    place.push("<item jid='bob@example.org' subscription='none' ask='subscribe'/>");
    for (kind, expected) in [("subscribed", true), ("unsubscribed", false)] {
        let events = place.hear(&answer(kind));
        let right = |event: &Event| matches!(event, Event::LetsSee { nick, allowed } if nick.as_bytes() == b"bob@example.org" && *allowed == expected);
        assert!(events.len() == 1 && events.iter().all(right), "{events:?}");
    }
}

#[test]
fn a_list_that_the_server_does_not_change_is_told() {
    let mut place = Place::bound();
    let error = |from: &str| {
        format!(
            "<iq type='error' id='list'{from}><error type='modify'>\
             <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    assert!(
        place.hear(&error(" from='mallory@evil.test/x'")).is_empty(),
        "not its list"
    );
    let events = place.hear(&error(""));
    let told = |event: &Event| matches!(event, Event::ServerError(words) if words.starts_with(b"the list of people"));
    assert!(events.len() == 1 && events.iter().all(told), "{events:?}");
}
