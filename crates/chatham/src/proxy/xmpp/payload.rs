//! What stands in a message beside its text, and what of it may go beside a text that is encrypted.
//!
//! A private conversation lets through what is listed here, made anew from its name and its identifier: no word of
//! anybody fits in there (S-19). What is encrypted by other means passes as it is.

use im::xmpp::cipher::is_ciphertext;
use im::xmpp::{Element, escape, set_attribute};

pub(super) const CLIENT: &str = "jabber:client";
pub(super) const HINTS: &str = "urn:xmpp:hints";
pub(super) const CARBONS: &str = "urn:xmpp:carbons:2";
/// How the names of archives begin (XEP-0313): servers speak several of its versions.
pub(super) const ARCHIVES: &str = "urn:xmpp:mam:";
pub(super) const FORWARD: &str = "urn:xmpp:forward:0";
const EME: &str = "urn:xmpp:eme:0";
const XHTML: &str = "http://jabber.org/protocol/xhtml-im";

/// Elements that say what a program does or wants, and no word: chat states, receipts, markers, the message that is
/// corrected, identifiers.
const HARMLESS: [(&str, &[&str]); 6] = [
    (
        "http://jabber.org/protocol/chatstates",
        &["active", "composing", "paused", "inactive", "gone"],
    ),
    ("urn:xmpp:receipts", &["request", "received"]),
    (
        "urn:xmpp:chat-markers:0",
        &["markable", "received", "displayed", "acknowledged"],
    ),
    ("urn:xmpp:message-correct:0", &["replace"]),
    ("urn:xmpp:sid:0", &["origin-id"]),
    (HINTS, &["no-store", "no-copy", "no-permanent-store", "store"]),
];

/// Encryption that the client does by itself.
const ENCRYPTED: [&str; 4] = [
    "eu.siacs.conversations.axolotl",
    "urn:xmpp:omemo:2",
    "urn:xmpp:openpgp:0",
    "jabber:x:encrypted",
];

/// The text of a message: that without a language, else the first.
pub(super) fn body(message: &Element) -> Option<String> {
    text_of(message, "body")
}

/// The subject, likewise.
pub(super) fn subject(message: &Element) -> Option<String> {
    text_of(message, "subject")
}

fn text_of(message: &Element, name: &str) -> Option<String> {
    let all = || message.children().filter(|child| child.is(name, CLIENT));
    let plain = all().find(|child| child.attrs().is_empty());
    plain.or_else(|| all().next()).map(Element::text)
}

/// The parts of a message that may go beside an encrypted text, as XML. `hints` says whether those about storing are
/// among them: our own take their place.
pub(super) fn harmless(message: &Element, hints: bool) -> String {
    let mut kept = String::new();
    for child in message.children() {
        let namespace = child.ns();
        let known = HARMLESS.iter().find(|(known, _)| *known == namespace);
        let name = known.and_then(|(_, names)| names.iter().find(|name| **name == child.name()));
        if let Some(name) = name
            && (hints || namespace != HINTS)
        {
            let id = child.attr("id").filter(|id| id.len() <= LONGEST_ID);
            let id = id.map_or_else(String::new, |id| format!(" id='{}'", escape(id)));
            kept.push_str(&format!("<{name} xmlns='{namespace}'{id}/>"));
        }
    }
    kept
}

/// Whether something stands there that is neither harmless nor the text, so that it would be lost.
pub(super) fn has_more(message: &Element) -> bool {
    message.children().any(|child| {
        let namespace = child.ns();
        let harmless = HARMLESS
            .iter()
            .any(|(known, names)| *known == namespace && names.contains(&child.name()));
        let text = namespace == CLIENT && ["body", "subject", "thread"].contains(&child.name());
        !harmless && !text && ![XHTML, EME].contains(&namespace.as_str())
    })
}

/// What the client has encrypted by itself, as it is.
pub(super) fn encrypted(message: &Element) -> String {
    let inner = message
        .children()
        .filter(|child| ENCRYPTED.contains(&child.ns().as_str()) || child.ns() == EME);
    inner.map(String::from).collect()
}

/// Whether the client has encrypted by itself.
pub(super) fn is_encrypted(message: &Element) -> bool {
    message
        .children()
        .any(|child| ENCRYPTED.contains(&child.ns().as_str()))
}

/// Whether a message to a person has something of the protocol for its text.
pub(super) fn holds_ciphertext(message: &Element) -> bool {
    body(message).is_some_and(|body| is_ciphertext(&body)) && message.attr("type") != Some("groupchat")
}

/// Whether clients would show something of it as words that are not in the body.
pub(super) fn has_other_words(message: &Element) -> bool {
    message.has_child("html", XHTML) || message.has_child("subject", CLIENT)
}

/// The message with this text, and none that stands beside it.
pub(super) fn with_body(message: &Element, text: &str, keep_markup: bool) -> Element {
    let mut message = message.clone();
    let nodes = message.take_nodes();
    let mut written = false;
    for node in nodes {
        let Some(child) = node.as_element() else {
            message.append_node(node);
            continue;
        };
        if child.is("body", CLIENT) {
            if !std::mem::replace(&mut written, true) {
                message.append_child(plain_body(text));
            }
        } else if keep_markup || !(child.ns() == XHTML || child.ns() == EME || child.is("subject", CLIENT)) {
            message.append_node(node);
        }
    }
    if !written {
        message.append_child(plain_body(text));
    }
    message
}

/// The message without any text.
pub(super) fn without_words(message: &Element) -> Element {
    let mut bare = message.clone();
    for node in bare.take_nodes() {
        let words = node.as_element().is_some_and(|child| {
            child.ns() == XHTML || child.is("body", CLIENT) || child.is("subject", CLIENT)
        });
        if !words {
            bare.append_node(node);
        }
    }
    bare
}

/// A message that has nothing but a text.
pub(super) fn message((from, to): (&str, &str), id: &str, text: &str) -> Element {
    let mut message = Element::bare("message", CLIENT);
    for (name, value) in [("type", "chat"), ("from", from), ("to", to), ("id", id)] {
        set_attribute(&mut message, name, value);
    }
    message.append_child(plain_body(text));
    message
}

/// A copy of a message, as the server gives one of what another client of the account has got or said (XEP-0280).
pub(super) fn copy(word: &str, (account, to): (&str, &str), message: Element) -> Element {
    let mut forwarded = Element::bare("forwarded", FORWARD);
    forwarded.append_child(message);
    let mut copy = Element::bare(word, CARBONS);
    copy.append_child(forwarded);
    let mut around = Element::bare("message", CLIENT);
    for (name, value) in [("type", "chat"), ("from", account), ("to", to)] {
        set_attribute(&mut around, name, value);
    }
    around.append_child(copy);
    around
}

fn plain_body(text: &str) -> Element {
    let mut body = Element::bare("body", CLIENT);
    body.append_text_node(clean(text));
    body
}

/// Text without what XML cannot carry.
pub(super) fn clean(text: &str) -> String {
    let letter = |letter: char| match letter {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => letter,
        _ => '\u{fffd}',
    };
    text.chars().map(letter).collect()
}

/// What says of an encrypted text that copies of it are of no use, and what it is (XEP-0334, 0280, 0380; XEP-0364).
pub(super) const ABOUT_CIPHERTEXT: &str = "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0' name='OTR'/>\
    <no-copy xmlns='urn:xmpp:hints'/><no-permanent-store xmlns='urn:xmpp:hints'/><private xmlns='urn:xmpp:carbons:2'/>";

const LONGEST_ID: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(inner: &str) -> Element {
        format!("<message xmlns='jabber:client' to='b@e' type='chat'>{inner}</message>")
            .parse()
            .unwrap()
    }

    #[test]
    fn s19_what_goes_beside_a_cipher_holds_no_words() {
        let all = message(
            "<body>secret</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body>secret</body></html>\
             <subject>secret</subject><thread>secret</thread><x xmlns='unknown'>secret</x>\
             <active xmlns='http://jabber.org/protocol/chatstates'>secret</active>\
             <request xmlns='urn:xmpp:receipts' note='secret'/><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>\
             <reply xmlns='urn:xmpp:reply:0' to='b@e' id='m0'/><fallback xmlns='urn:xmpp:fallback:0'>secret</fallback>\
             <reactions xmlns='urn:xmpp:reactions:0' id='m'><reaction>secret</reaction></reactions>",
        );
        let kept = harmless(&all, false);
        assert!(!kept.contains("secret"), "{kept}");
        assert_eq!(
            kept,
            "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>\
             <replace xmlns='urn:xmpp:message-correct:0' id='m1'/>"
        );
        assert!(has_more(&all));
        assert!(!has_more(&message(
            "<body>a</body><active xmlns='http://jabber.org/protocol/chatstates'/>"
        )));
    }

    #[test]
    fn the_text_is_put_where_the_text_was_and_markup_goes() {
        let had = message(
            "<body xml:lang='de'>eins</body><body>?OTR:AAMD.</body>\
             <html xmlns='http://jabber.org/protocol/xhtml-im'><body>x</body></html><y xmlns='z'/>",
        );
        assert_eq!(body(&had).unwrap(), "?OTR:AAMD.");
        let new = with_body(&had, "a <b> & \u{1}", false);
        assert_eq!(new.children().count(), 2);
        assert_eq!(body(&new).unwrap(), "a <b> & \u{fffd}");
        assert!(new.has_child("y", "z"));
        assert_eq!(new.attr("to"), Some("b@e"));
        assert!(with_body(&had, "a", true).has_child("html", XHTML));
    }
}
