//! `<message/>` stanzas: whose words are in them, and how ours are written.
//!
//! What of a message counts, and why: `docs/decisions/0131-what-an-xmpp-message-says.md`.

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;

use super::ns;
use super::stream::{condition_and_text, escape};
use crate::irc::server_time;
use crate::irc::{CaseMapping, Kind, Nick, Person, Said};

/// What a message that came means for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Somebody said something.
    Said(Box<Said>),
    /// A text of ours to this person did not arrive, in the server's words.
    Failed(BareJid, String),
    /// Nothing that anybody has to see.
    Nothing,
}

/// Reads a message that came to `own`; what was said before `began` is old.
pub(super) fn read(message: &Element, own: &BareJid, began: Option<Duration>) -> Meaning {
    let from = message.attr("from").map(Jid::new);
    let from = match from {
        // The server itself may leave out who it is.
        None => Jid::from(own.clone()),
        Some(Ok(from)) => from,
        Some(Err(_)) => return Meaning::Nothing,
    };
    if message.attr("type") == Some("error") {
        return failed(message, &from);
    }
    if let Some((carbon, sent)) = carbon(message) {
        // Whoever else sends one plays our server (security history S-60).
        let ours = from.resource().is_none() && from.to_bare() == *own;
        return match carbon.get_child("message", ns::JABBER_CLIENT) {
            Some(inner) if ours => copied(inner, own, sent, began),
            _ => Meaning::Nothing,
        };
    }
    if message.has_child("x", ns::MUC_USER) {
        // Words in rooms are for rooms, and their people are known by no address.
        return Meaning::Nothing;
    }
    said(message, &from, own, began).map_or(Meaning::Nothing, |said| Meaning::Said(Box::new(said)))
}

/// What another of our clients heard or said. Of what is encrypted for it nothing can be read here, and nothing of it may
/// be answered here.
fn copied(inner: &Element, own: &BareJid, sent: bool, began: Option<Duration>) -> Meaning {
    let Some(Ok(from)) = inner.attr("from").map(Jid::new) else {
        return Meaning::Nothing;
    };
    if sent || inner.attr("type") == Some("error") || inner.has_child("x", ns::MUC_USER) {
        return Meaning::Nothing;
    }
    match said(inner, &from, own, began) {
        Some(said) if !said.text.starts_with(MARK) => Meaning::Said(Box::new(Said {
            history: true,
            ..said
        })),
        _ => Meaning::Nothing,
    }
}

fn said(message: &Element, from: &Jid, own: &BareJid, began: Option<Duration>) -> Option<Said> {
    let body = body(message)?;
    let kind = match message.attr("type") {
        Some("groupchat") => Kind::Channel,
        Some("headline") => Kind::Server,
        _ if from.to_bare() == *own => Kind::Own,
        _ if from.node().is_none() => Kind::Server,
        _ => Kind::Person,
    };
    // `/me` (XEP-0245).
    let (kind, text) = match body.strip_prefix("/me ") {
        Some(deed) if kind == Kind::Person => (Kind::Action, deed),
        _ => (kind, body.as_str()),
    };
    let time = delay(message);
    let old = |time: Duration| began.is_some_and(|began| time + TOLERANCE < began);
    Some(Said {
        from: someone(&from.to_bare()),
        target: own.as_str().as_bytes().to_vec(),
        text: text.as_bytes().to_vec(),
        kind,
        notice: false,
        history: time.is_some_and(old),
        time,
        account: None,
    })
}

/// The words; if they come in several languages, the first. XHTML-IM says the same again, and is not looked at: one text
/// has one meaning (security history S-19).
fn body(message: &Element) -> Option<String> {
    let body = message.get_child("body", ns::JABBER_CLIENT)?;
    Some(body.text()).filter(|text| !text.is_empty())
}

/// Whether a message has waited somewhere (XEP-0203), and since when, as far as that can be read.
#[must_use]
pub fn delay(message: &Element) -> Option<Duration> {
    let delay = message.get_child("delay", ns::DELAY)?;
    let stamp = delay
        .attr("stamp")
        .and_then(|stamp| server_time::parse(stamp.as_bytes()));
    // It has waited since some time, and that is all one knows.
    Some(stamp.unwrap_or_default())
}

fn failed(message: &Element, from: &Jid) -> Meaning {
    let error = message.get_child("error", ns::JABBER_CLIENT);
    let (condition, text) =
        error.map_or_else(|| ("undefined-condition".to_owned(), None), condition_and_text);
    let words = match condition.as_str() {
        "item-not-found" => "there is nobody with this address",
        "service-unavailable" | "recipient-unavailable" => "nobody is there to take it",
        "remote-server-not-found" => "the server of this address does not exist",
        "remote-server-timeout" => "the server of this address does not answer",
        "not-allowed" | "forbidden" | "not-authorized" | "policy-violation" => {
            "the server's rules do not allow it"
        }
        other => other,
    };
    let words = match text {
        Some(text) => format!("{words} ({text})"),
        None => words.to_owned(),
    };
    Meaning::Failed(from.to_bare(), words)
}

/// The element that wraps a copied message, and whether we sent that.
fn carbon(message: &Element) -> Option<(&Element, bool)> {
    let (wrapper, sent) = match message.get_child("received", ns::CARBONS) {
        Some(received) => (received, false),
        None => (message.get_child("sent", ns::CARBONS)?, true),
    };
    // Without one inside it is no carbon, and whatever it is, it is no message to us.
    Some((
        wrapper.get_child("forwarded", ns::FORWARD).unwrap_or(wrapper),
        sent,
    ))
}

/// A message of ours. Encrypted text asks for no copy and no archive, and says what it is (XEP-0364, XEP-0334, XEP-0380).
pub(super) fn write(to: &Jid, id: &str, text: &str) -> Vec<u8> {
    let (to, id, body) = (escape(to.as_str()), escape(id), escape(text));
    let marks = if text.as_bytes().starts_with(MARK) {
        format!(
            "<private xmlns='{}'/><encryption xmlns='{}' namespace='{}' name='OTR'/><no-copy xmlns='{hints}'/>\
             <no-permanent-store xmlns='{hints}'/>",
            ns::CARBONS,
            ns::ENCRYPTION,
            ns::OTR,
            hints = ns::HINTS,
        )
    } else {
        String::new()
    };
    format!("<message to='{to}' id='{id}' type='chat'><body>{body}</body>{marks}</message>").into_bytes()
}

/// Words about somebody that are nobody's.
pub(super) fn notice(own: &BareJid, about: &BareJid, words: String) -> Said {
    Said {
        from: someone(about),
        target: own.as_str().as_bytes().to_vec(),
        text: words.into_bytes(),
        kind: Kind::Server,
        notice: true,
        history: false,
        time: None,
        account: None,
    }
}

/// A person of this network.
pub(super) fn someone(jid: &BareJid) -> Person {
    Person {
        nick: nick(jid),
        user: None,
        host: None,
    }
}

/// A person of this network as a key for maps.
#[must_use]
pub(super) fn nick(jid: &BareJid) -> Nick {
    Nick::new(jid.as_str(), CaseMapping::Jid)
}

/// How a text begins that is for a program and not for a person.
const MARK: &[u8] = b"?OTR";
/// So much may clocks differ.
const TOLERANCE: Duration = Duration::from_secs(30);
