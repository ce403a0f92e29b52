//! Who is meant by an address, and whose name nobody but the proxy has.

use std::collections::BTreeSet;

use im::irc::{CaseMapping, Nick};
use im::xmpp::{BareJid, Element, Jid};

/// The proxy's own address. Its domain is one that no server can have (RFC 2606), so nobody can speak in this name.
pub const ADDRESS: &str = "chatham@chatham.invalid";
/// What it is called in the list of contacts.
pub(super) const NAME: &str = "*chatham";
const DOMAIN: &str = "chatham.invalid";

/// A person in the engine: their address without a resource, for a person is the same on all their devices.
pub(super) fn person(address: &BareJid) -> Nick {
    Nick::new(address.as_str(), CaseMapping::Jid)
}

/// Reads an address as somebody has typed it.
pub(super) fn read(text: &[u8]) -> Option<Jid> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether this is the proxy's name, or looks like it. What cannot be read as an address is judged by its letters.
pub fn is_reserved(address: &str) -> bool {
    let domain = address.parse::<Jid>().map_or_else(
        |_| address.to_owned(),
        |address| address.domain().as_str().to_owned(),
    );
    // Whoever looks a domain up takes these for dots, too (RFC 3490, section 3.1).
    let domain = domain.replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
    let domain = domain.trim_end_matches('.').to_lowercase();
    domain == DOMAIN || domain.ends_with(&format!(".{DOMAIN}"))
}

/// Who a message is for, or from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The proxy itself.
    Proxy,
    /// Somebody with whom one can talk privately.
    Person(Nick),
    /// Our own account, a server, somebody in a room: no conversation of ours.
    Other(Nick),
    /// No address at all.
    Nobody,
}

/// Who is meant by an address of a message of this account, whose client is in these rooms.
pub(super) fn addressee(address: Option<&str>, account: &BareJid, rooms: &BTreeSet<String>) -> Addressee {
    let Some(address) = address else {
        return Addressee::Other(person(account));
    };
    if is_reserved(address) {
        return Addressee::Proxy;
    }
    let Some(jid) = read(address.as_bytes()) else {
        return Addressee::Nobody;
    };
    let bare = jid.to_bare();
    let nick = person(&bare);
    if bare == *account || bare.node().is_none() || rooms.contains(bare.as_str()) {
        Addressee::Other(nick)
    } else {
        Addressee::Person(nick)
    }
}

/// Whether an element, or one inside it, says that it is from or to the proxy's name.
pub(super) fn mentions_us(element: &Element) -> bool {
    let named = element.attrs().iter().any(|(_, value)| is_reserved(value));
    // As the value of a field, in which archives are asked for one correspondent.
    let said = || element.children().next().is_none() && is_reserved(element.text().trim());
    let is_talk = element.name() == "body" || element.name() == "html";
    named || (!is_talk && (said() || element.children().any(mentions_us)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s66_the_name_is_known_in_every_spelling() {
        for name in [
            "chatham@chatham.invalid",
            "Chatham@CHATHAM.invalid/x",
            "chatham.invalid",
            "other@chatham.invalid.",
            "a@b.chatham.invalid",
            "chatham@chatham\u{3002}invalid",
            "chatham@\u{ff43}hatham\u{ff0e}invalid",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "chatham@example.org",
            "bob@notchatham.invalid",
            "bob@example.org/chatham.invalid",
            "",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn finds_the_name_wherever_it_stands() {
        for (text, found) in [
            ("<iq xmlns='jabber:client' to='chatham@chatham.invalid'/>", true),
            (
                "<iq xmlns='jabber:client'><query><item jid='chatham@chatham.invalid'/></query></iq>",
                true,
            ),
            (
                "<iq xmlns='jabber:client'><x><field><value>chatham@chatham.invalid</value></field></x></iq>",
                true,
            ),
            (
                "<message xmlns='jabber:client' to='a@b'><body>chatham.invalid</body></message>",
                false,
            ),
            ("<iq xmlns='jabber:client' to='a@b'/>", false),
        ] {
            let element: Element = text.parse().unwrap();
            assert_eq!(mentions_us(&element), found, "{text}");
        }
    }
}
