//! `<iq/>` stanzas: what we ask the server, what it answers, and what we are asked.

use jid::{BareJid, FullJid, Jid};
use minidom::Element;

use super::ns;
use super::stream::{condition_and_text, escape};

/// What a request or an answer that came means for us.
#[derive(Debug)]
pub(super) enum Meaning<'a> {
    /// The server gives us a place, under this address if it is one.
    Place(Option<FullJid>),
    /// It has begun what servers of the old kind call a session.
    Session,
    /// It gives us no place, for this reason.
    NoPlace(String),
    /// The list of people.
    List(&'a Element),
    /// The server changes the list.
    Change(&'a Element, Asker<'a>),
    /// It does not change the list as we wanted, for this reason.
    NotChanged(String),
    /// Somebody wants a sign of life.
    Ping(Asker<'a>),
    /// Somebody asks what we do not understand, which has to be answered as well.
    Unknown(Asker<'a>),
    /// Nothing that anybody waits for.
    Nothing,
}

/// Who has asked, and by which name the answer is known.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    id: &'a str,
    from: Option<&'a str>,
}

/// Reads what came to `own`.
pub(super) fn read<'a>(iq: &'a Element, own: &BareJid) -> Meaning<'a> {
    let id = iq.attr("id").unwrap_or_default();
    let from = iq.attr("from").map(Jid::new);
    // The server speaks for itself, or for our own address; anybody else may say what they like.
    let by_server = match &from {
        None => true,
        Some(Ok(from)) => from.to_bare() == *own || (from.node().is_none() && from.domain() == own.domain()),
        Some(Err(_)) => false,
    };
    // An address that is none has no length that it keeps to, and nobody waits there for an answer.
    let nobody = matches!(from, Some(Err(_)));
    match (iq.attr("type"), id) {
        (Some("result"), BIND) => Meaning::Place(address(iq)),
        (Some("result"), SESSION) => Meaning::Session,
        (Some("error"), BIND | SESSION) => {
            let error = iq.get_child("error", ns::JABBER_CLIENT);
            Meaning::NoPlace(error.map_or_else(String::new, |error| condition_and_text(error).0))
        }
        (Some("error"), LIST) if by_server => {
            let error = iq.get_child("error", ns::JABBER_CLIENT);
            Meaning::NotChanged(error.map_or_else(String::new, |error| condition_and_text(error).0))
        }
        (Some("result"), ROSTER) if by_server => {
            let list = iq.get_child("query", ns::ROSTER);
            list.map_or(Meaning::Nothing, Meaning::List)
        }
        (Some("get" | "set"), id) if id.len() <= LONGEST_ID && !nobody => {
            let asker = Asker {
                id,
                from: iq.attr("from"),
            };
            if iq.has_child("ping", ns::PING) {
                return Meaning::Ping(asker);
            }
            match iq.get_child("query", ns::ROSTER) {
                Some(change) if by_server => Meaning::Change(change, asker),
                _ => Meaning::Unknown(asker),
            }
        }
        _ => Meaning::Nothing,
    }
}

fn address(iq: &Element) -> Option<FullJid> {
    let jid = iq.get_child("bind", ns::BIND)?.get_child("jid", ns::BIND)?;
    FullJid::new(jid.text().trim()).ok()
}

impl Asker<'_> {
    /// The answer that it was done.
    pub(super) fn done(&self) -> String {
        format!("<iq type='result'{}/>", self.attributes())
    }

    /// The answer that we do no such thing.
    pub(super) fn refused(&self) -> String {
        format!(
            "<iq type='error'{}><error type='cancel'><service-unavailable xmlns='{}'/></error></iq>",
            self.attributes(),
            ns::STANZAS
        )
    }

    fn attributes(&self) -> String {
        let to = self
            .from
            .map_or_else(String::new, |from| format!(" to='{}'", escape(from)));
        format!(" id='{}'{to}", escape(self.id))
    }
}

/// What asks for a place, under this name if there is one.
pub(super) fn bind(resource: Option<&str>) -> String {
    let resource = resource.map_or_else(String::new, |resource| {
        format!("<resource>{}</resource>", escape(resource))
    });
    format!(
        "<iq type='set' id='{BIND}'><bind xmlns='{}'>{resource}</bind></iq>",
        ns::BIND
    )
}

/// What servers of the old kind want after that.
pub(super) fn session() -> String {
    format!(
        "<iq type='set' id='{SESSION}'><session xmlns='{}'/></iq>",
        ns::SESSION
    )
}

/// What asks for the list of people.
pub(super) fn roster() -> String {
    format!(
        "<iq type='get' id='{ROSTER}'><query xmlns='{}'/></iq>",
        ns::ROSTER
    )
}

/// What puts somebody on the list of people, or takes them off it.
pub(super) fn list(whom: &BareJid, off: bool) -> String {
    let off = if off { " subscription='remove'" } else { "" };
    format!(
        "<iq type='set' id='{LIST}'><query xmlns='{}'><item jid='{}'{off}/></query></iq>",
        ns::ROSTER,
        escape(whom.as_str())
    )
}

/// What asks for copies of what our other clients hear.
pub(super) fn carbons() -> String {
    format!(
        "<iq type='set' id='carbons'><enable xmlns='{}'/></iq>",
        ns::CARBONS
    )
}

/// What asks the server for a sign of life.
pub(super) fn ping() -> String {
    format!("<iq type='get' id='ping'><ping xmlns='{}'/></iq>", ns::PING)
}

const BIND: &str = "bind";
const SESSION: &str = "begin";
const ROSTER: &str = "roster";
const LIST: &str = "list";
const LONGEST_ID: usize = 1024;
