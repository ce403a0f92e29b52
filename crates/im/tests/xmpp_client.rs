//! What a client of XMPP makes of stanzas: whose words they are, what is old, what is a forgery, and what goes on after a break.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use im::irc::{Event, Kind, Said};
use im::xmpp::{BareJid, Client, Frame, FrameReader, Header, Output, Stanza};

const HEADER: &str =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>";

/// A client that talks to what the test says.
struct Place {
    client: Client,
    reader: FrameReader,
}

fn header(features: &str) -> (FrameReader, Header, Stanza) {
    let mut reader = FrameReader::default();
    reader
        .push(format!("{HEADER}<stream:features>{features}</stream:features>").as_bytes())
        .unwrap();
    let (Some(Frame::Header(header)), Some(Frame::Stanza(features))) = (reader.next(), reader.next()) else {
        panic!("no features");
    };
    (reader, header, features)
}

const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";

impl Place {
    fn bound(features: &str) -> Self {
        let (reader, header, features) = header(features);
        let mut client = Client::new(BareJid::new("alice@example.org").unwrap(), None);
        client.tell_time(Duration::from_secs(1_790_000_000));
        let outputs = client.start(header, &features);
        assert!(xml(&outputs).contains("xmpp-bind"), "{outputs:?}");
        let mut place = Self { client, reader };
        let outputs = place.hear(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@example.org/x</jid></bind></iq>",
        );
        assert!(
            outputs
                .iter()
                .any(|output| matches!(output, Output::Event(Event::Registered { .. })))
        );
        place
    }

    fn hear(&mut self, text: &str) -> Vec<Output> {
        self.reader.push(text.as_bytes()).unwrap();
        let mut outputs = Vec::new();
        while let Some(frame) = self.reader.next() {
            outputs.extend(self.client.receive(&frame));
        }
        outputs
    }

    fn said(&mut self, text: &str) -> Vec<Said> {
        let outputs = self.hear(text);
        outputs
            .into_iter()
            .filter_map(|output| match output {
                Output::Event(Event::Message(said)) => Some(said),
                _ => None,
            })
            .collect()
    }
}

/// Everything that is to be written.
fn xml(outputs: &[Output]) -> String {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Send(outgoing) => Some(String::from_utf8_lossy(outgoing.as_bytes()).into_owned()),
        _ => None,
    });
    sent.collect()
}

fn carbon(from: &str, way: &str, inner: &str) -> String {
    format!(
        "<message from='{from}' to='alice@example.org/x'><{way} xmlns='urn:xmpp:carbons:2'>\
         <forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded></{way}></message>"
    )
}

#[test]
fn a_person_is_their_bare_address() {
    let mut place = Place::bound("");
    for resource in ["/phone", "/desk", ""] {
        let said = place.said(&format!(
            "<message from='Bob@Example.org{resource}' type='chat'><body>hi &amp; ho</body><html \
             xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>?OTRv3?</body></html></message>"
        ));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].from.nick.as_bytes(), b"bob@example.org");
        assert_eq!(
            (said[0].text.as_slice(), said[0].kind),
            (&b"hi & ho"[..], Kind::Person)
        );
        assert!(!said[0].history);
    }
    let deed = place.said("<message from='bob@example.org/a'><body>/me waves</body></message>");
    assert_eq!(
        (deed[0].text.as_slice(), deed[0].kind),
        (&b"waves"[..], Kind::Action)
    );
}

#[test]
fn what_is_no_persons_word_to_us_is_not_taken_for_one() {
    let mut place = Place::bound("");
    let kind = |place: &mut Place, message: &str| place.said(message).first().map(|said| said.kind);
    for (message, expected) in [
        (
            "<message from='room@muc/x' type='groupchat'><body>?OTRv3?</body></message>",
            Some(Kind::Channel),
        ),
        (
            "<message from='example.org'><body>down at six</body></message>",
            Some(Kind::Server),
        ),
        (
            "<message from='b@example.org' type='headline'><body>news</body></message>",
            Some(Kind::Server),
        ),
        (
            "<message from='alice@example.org/y'><body>?OTRv3?</body></message>",
            Some(Kind::Own),
        ),
        (
            "<message from='b@example.org'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            None,
        ),
        ("<message from='b@example.org'><body/></message>", None),
        ("<message from='b@@'><body>x</body></message>", None),
        (
            "<message from='room@muc/x'><x xmlns='http://jabber.org/protocol/muc#user'/><body>?OTRv3?</body></message>",
            None,
        ),
        (
            "<message from='b@example.org'><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'>\
          <message from='c@example.org'><body>x</body></message></forwarded></result></message>",
            None,
        ),
    ] {
        assert_eq!(kind(&mut place, message), expected, "{message}");
    }
}

#[test]
fn s60_carbons_come_from_our_own_server_only() {
    let inner = "<message xmlns='jabber:client' from='bob@example.org/a' to='alice@example.org/y'><body>hi</body></message>";
    let mut place = Place::bound("");
    for forger in [
        "bob@example.org",
        "alice@example.org/y",
        "example.org",
        "alice@example.org.evil.test",
        "mallory@evil.test",
    ] {
        for way in ["received", "sent"] {
            assert_eq!(place.said(&carbon(forger, way, inner)), [], "{forger}");
        }
    }
    let said = place.said(&carbon("alice@example.org", "received", inner));
    assert_eq!(said[0].from.nick.as_bytes(), b"bob@example.org");
    assert!(said[0].history, "what another client heard is not answered here");
    // Own words and ciphertext for another client are noise.
    assert_eq!(place.said(&carbon("alice@example.org", "sent", inner)), []);
    let sealed = inner.replace("hi<", "?OTR:AAMD.<");
    assert_eq!(place.said(&carbon("alice@example.org", "received", &sealed)), []);
}

#[test]
fn an_error_is_told_and_never_read() {
    let mut place = Place::bound("");
    let outputs = place.hear(
        "<message from='bob@example.org/a' type='error' id='m1'><body>?OTR:AAMD.</body><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    let [
        Output::Event(Event::Message(said)),
        Output::Event(Event::Absent { nick }),
    ] = &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    assert_eq!(said.kind, Kind::Server);
    assert!(!String::from_utf8_lossy(&said.text).contains("?OTR"));
    assert_eq!(nick.as_bytes(), b"bob@example.org");
}

#[test]
fn what_waited_since_before_we_came_is_old() {
    let mut place = Place::bound("");
    let mut old = |stamp: &str| {
        let said = place.said(&format!(
            "<message from='bob@example.org/a'><body>x</body><delay xmlns='urn:xmpp:delay' stamp='{stamp}'/></message>"
        ));
        said[0].history
    };
    // We came at 2026-09-21T14:13:20Z.
    assert!(old("2026-09-21T13:00:00Z"));
    assert!(!old("2026-09-21T14:40:00Z"), "late, not old");
    assert!(old("yesterday"), "it has waited, nobody knows for how long");
}

#[test]
fn what_is_encrypted_asks_for_no_copies() {
    let mut place = Place::bound("");
    let bob = BareJid::new("bob@example.org").unwrap();
    let mut written = |text: &str| {
        let all = place.client.say(&bob, text, text.as_bytes()).unwrap();
        String::from_utf8_lossy(all[0].as_bytes()).into_owned()
    };
    let sealed = written("?OTR:AAMD.");
    for mark in [
        "<private xmlns='urn:xmpp:carbons:2'/>",
        "namespace='urn:xmpp:otr:0'",
        "<no-copy xmlns='urn:xmpp:hints'/>",
        "<no-permanent-store xmlns='urn:xmpp:hints'/>",
        "to='bob@example.org'",
        "type='chat'",
    ] {
        assert!(sealed.contains(mark), "{sealed}");
    }
    let clear = written("<b>&\u{0}\u{7}\r'\"");
    assert!(
        clear.contains("<body>&lt;b&gt;&amp;\u{fffd}\u{fffd}&#xD;&apos;&quot;</body>"),
        "{clear}"
    );
    assert!(!clear.contains("hints"));
}

#[test]
fn ciphertext_goes_where_its_device_is_until_that_has_gone() {
    let mut place = Place::bound("");
    let bob = BareJid::new("bob@example.org").unwrap();
    let heard =
        |text: &str| format!("<message from='bob@example.org/a' type='chat'><body>{text}</body></message>");
    // From device 0x101 to 0x303, the way back, and the first message of an exchange.
    let (there, back, first) = (
        "?OTR:AAMDAAABAQAAAwMA.",
        "?OTR:AAMDAAADAwAAAQEA.",
        "?OTR:AAMCAAADAwAAAAAA.",
    );
    let to = |place: &mut Place, text: &str| {
        let all = place.client.say(&bob, text, text.as_bytes()).unwrap();
        let written = String::from_utf8_lossy(all[0].as_bytes()).into_owned();
        written.split('\'').nth(1).unwrap().to_owned()
    };
    assert_eq!(to(&mut place, back), "bob@example.org");
    // A copy shows where others were heard.
    place.hear(&carbon("alice@example.org", "received", &heard("hi")));
    assert_eq!(to(&mut place, first), "bob@example.org");
    place.hear(&heard(there));
    assert_eq!(to(&mut place, back), "bob@example.org/a");
    assert_eq!(to(&mut place, first), "bob@example.org/a");
    for text in ["hi", "?OTRv34?"] {
        assert_eq!(to(&mut place, text), "bob@example.org", "{text}");
    }
    place.hear("<presence from='bob@example.org/a' type='unavailable'/>");
    assert_eq!(to(&mut place, back), "bob@example.org");
}

#[test]
fn only_our_server_changes_our_list() {
    let mut place = Place::bound("");
    let push = |from: &str| {
        format!(
            "<iq type='set' id='p'{from}><query xmlns='jabber:iq:roster'><item jid='m@evil.test'/></query></iq>"
        )
    };
    let forged = place.hear(&push(" from='mallory@evil.test/x'"));
    assert!(xml(&forged).contains("type='error'"), "{forged:?}");
    assert!(xml(&place.hear(&push(""))).contains("type='result'"));
    let ping = "<iq type='get' id='1&apos;' from='bob@example.org/a'><ping xmlns='urn:xmpp:ping'/></iq>";
    assert!(xml(&place.hear(ping)).contains("<iq type='result' id='1&apos;' to='bob@example.org/a'/>"));
}

#[test]
fn somebody_comes_and_goes_with_their_clients() {
    let mut place = Place::bound("");
    let list = "<iq type='result' id='roster'><query xmlns='jabber:iq:roster'><item jid='bob@example.org'/></query></iq>";
    let _none = place.hear(list);
    let mut events = |text: &str| {
        place
            .hear(text)
            .into_iter()
            .filter(|output| matches!(output, Output::Event(_)))
            .count()
    };
    assert_eq!(events("<presence from='bob@example.org/a'/>"), 1);
    assert_eq!(events("<presence from='bob@example.org/b'/>"), 0);
    assert_eq!(
        events("<presence from='bob@example.org/a' type='unavailable'/>"),
        0
    );
    assert_eq!(
        events("<presence from='bob@example.org/b' type='unavailable'/>"),
        1
    );
    assert_eq!(
        events("<presence from='mallory@evil.test/b'/>"),
        0,
        "who is on no list"
    );
    let known = |place: &mut Place, from: &str| {
        let said = place.said(&format!("<message from='{from}/a'><body>x</body></message>"));
        said[0].account.is_some()
    };
    assert!(known(&mut place, "Bob@example.org") && !known(&mut place, "mallory@evil.test"));
}

/// A place whose stream can go on, with three texts of which the server has taken one.
fn broken() -> Place {
    let mut place = Place::bound(SM);
    place.hear("<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>");
    let bob = BareJid::new("bob@example.org").unwrap();
    for text in ["one", "two", "three"] {
        place.client.say(&bob, text, text.as_bytes()).unwrap();
    }
    // The list, carbons, presence, and the first text.
    place.hear("<a xmlns='urn:xmpp:sm:3' h='4'/><message from='bob@example.org/a'><body>x</body></message>");
    assert!(place.client.is_resumable());
    place.client.break_off();
    assert!(
        place.client.say(&bob, "x", b"x").is_err(),
        "nothing goes out meanwhile"
    );
    let (reader, header, features) = header(SM);
    let resume = xml(&place.client.start(header, &features));
    assert_eq!(resume, "<resume xmlns='urn:xmpp:sm:3' h='1' previd='s1'/>");
    place.reader = reader;
    place
}

#[test]
fn a_resumed_stream_says_again_what_the_server_has_not_taken() {
    let mut place = broken();
    let again = xml(&place.hear("<resumed xmlns='urn:xmpp:sm:3' h='5' previd='s1'/>"));
    assert!(place.client.is_resumed());
    assert!(
        again.contains("three") && !again.contains("one") && !again.contains("two"),
        "{again}"
    );
    assert_eq!(place.client.take_refused(), None);
}

#[test]
fn a_stream_that_does_not_go_on_gives_back_what_was_not_taken() {
    let mut place = broken();
    let outputs = place.hear("<failed xmlns='urn:xmpp:sm:3' h='5'/>");
    assert!(xml(&outputs).contains("xmpp-bind"));
    let refused = place.client.take_refused().unwrap();
    assert_eq!(
        refused
            .iter()
            .map(|(_, text)| text.as_slice())
            .collect::<Vec<_>>(),
        [b"three"]
    );
    // A server that has forgotten everything does not say how far it had come.
    let mut place = broken();
    place.hear("<failed xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(place.client.take_refused(), None);
}

#[test]
fn a_server_that_counts_what_was_never_sent_is_left() {
    for count in ["99", "3", "x", "4294967295"] {
        let mut place = broken();
        let outputs = place.hear(&format!(
            "<resumed xmlns='urn:xmpp:sm:3' h='{count}' previd='s1'/>"
        ));
        assert!(
            matches!(&outputs[..], [Output::Close(Some(_))]),
            "{count}: {outputs:?}"
        );
    }
}

/// Whoever knows our client's address can ask it, and each answer is kept until the server has taken it.
#[test]
fn answers_that_the_server_never_takes_are_bounded() {
    let ask = |number: usize| {
        format!(
            "<iq from='mallory@example.net/x' type='get' id='{number}'><query xmlns='jabber:iq:version'/></iq>"
        )
    };
    let enabled = "<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>";
    let mut place = Place::bound(SM);
    place.hear(enabled);
    let long = ask(1).replace("example.net", &"a".repeat(5000));
    assert!(place.hear(&long).is_empty(), "nobody has such an address");
    let end = (0..20_000).find(|number| {
        let outputs = place.hear(&ask(*number));
        outputs.iter().any(|output| matches!(output, Output::Close(_)))
    });
    assert!(end.is_some(), "the answers wait for ever");
    // A server that says how far it has come is asked often enough, and nobody can end its stream.
    let mut place = Place::bound(SM);
    place.hear(enabled);
    let mut taken = 3;
    for number in 0..20_000 {
        let outputs = place.hear(&ask(number));
        assert!(
            !outputs.iter().any(|output| matches!(output, Output::Close(_))),
            "after {number}"
        );
        taken += 1;
        if xml(&outputs).contains("<r ") {
            place.hear(&format!("<a xmlns='urn:xmpp:sm:3' h='{taken}'/>"));
        }
    }
}

#[test]
fn a_place_under_another_address_is_refused() {
    let (reader, header, features) = header("");
    let mut client = Client::new(BareJid::new("alice@example.org").unwrap(), None);
    let _bind = client.start(header, &features);
    let mut place = Place { client, reader };
    let outputs = place.hear(
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>mallory@example.org/x</jid></bind></iq>",
    );
    assert!(matches!(&outputs[..], [Output::Close(Some(_))]), "{outputs:?}");
}
