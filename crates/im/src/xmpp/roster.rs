//! Who is on our list, and who of them is there.

use std::collections::{BTreeMap, BTreeSet};

use jid::{BareJid, Jid};
use minidom::Element;

use super::message::{nick, someone};
use super::stream::escape;
use super::{iq, ns};
use crate::irc::Event;

/// People by their addresses, and the clients by which each is there.
#[derive(Debug, Default)]
pub(super) struct Roster {
    people: BTreeSet<BareJid>,
    present: BTreeMap<BareJid, BTreeSet<String>>,
    /// Those who want to see when we are there, as far as the person was told.
    asking: BTreeSet<BareJid>,
}

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// Somebody is there who was not.
    Came(BareJid),
    /// The last client of somebody is gone.
    Went(BareJid),
}

/// What a person wants of their list of people (RFC 6121, sections 2 and 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListWish {
    /// Somebody is to be on the list, and is asked to let us see when they are there.
    Add,
    /// Somebody may see when we are there.
    Allow,
    /// Somebody may not see when we are there, or no more.
    Refuse,
    /// Somebody is to be on the list no more. Neither sees the other one then.
    Remove,
}

impl ListWish {
    /// What says so to the server, in order.
    pub(super) fn stanzas(self, whom: &BareJid) -> Vec<String> {
        let presence = |kind| format!("<presence to='{}' type='{kind}'/>", escape(whom.as_str()));
        match self {
            Self::Add => vec![iq::list(whom, false), presence("subscribe")],
            Self::Allow => vec![presence("subscribed")],
            Self::Refuse => vec![presence("unsubscribed")],
            Self::Remove => vec![iq::list(whom, true)],
        }
    }
}

impl Roster {
    /// Takes a list, or a change of it.
    pub(super) fn take(&mut self, query: &Element) {
        for item in query.children().filter(|item| item.is("item", ns::ROSTER)) {
            let Some(Ok(jid)) = item.attr("jid").map(BareJid::new) else {
                continue;
            };
            if item.attr("subscription") == Some("remove") {
                self.people.remove(&jid);
            } else if self.people.len() < MOST_PEOPLE {
                self.people.insert(jid);
            }
        }
    }

    /// Takes a presence of this kind: what the person has to know of it.
    pub(super) fn hear(&mut self, from: &Jid, kind: Option<&str>) -> Option<Event> {
        let whom = from.to_bare();
        match kind {
            // Strangers may show themselves to whom they like.
            None if !self.has(&whom) => None,
            None | Some("unavailable") => match self.presence(from, kind.is_none())? {
                Change::Came(person) => Some(Event::Joined {
                    person: someone(&person),
                    channel: Vec::new(),
                    account: None,
                    own: false,
                }),
                Change::Went(person) => Some(Event::Quit {
                    nick: nick(&person),
                    reason: Vec::new(),
                    netsplit: false,
                }),
            },
            // Whom we let see us already, the server answers itself.
            Some("subscribe") => self.asks(&whom).then(|| Event::AsksToSee { nick: nick(&whom) }),
            // What nobody has asked for is nobody's business.
            Some(answer @ ("subscribed" | "unsubscribed")) => self.has(&whom).then(|| Event::LetsSee {
                nick: nick(&whom),
                allowed: answer == "subscribed",
            }),
            _ => None,
        }
    }

    /// Takes note of somebody's coming and going.
    fn presence(&mut self, from: &Jid, there: bool) -> Option<Change> {
        let person = from.to_bare();
        let client = from
            .resource()
            .map(|resource| resource.as_str().to_owned())
            .unwrap_or_default();
        if there {
            if !self.present.contains_key(&person) && self.present.len() >= MOST_PEOPLE {
                return None;
            }
            let clients = self.present.entry(person.clone()).or_default();
            let came = clients.is_empty();
            if clients.len() < MOST_CLIENTS {
                clients.insert(client);
            }
            return came.then_some(Change::Came(person));
        }
        let clients = self.present.get_mut(&person)?;
        if client.is_empty() {
            // All of them.
            clients.clear();
        } else {
            clients.remove(&client);
        }
        if !clients.is_empty() {
            return None;
        }
        self.present.remove(&person);
        Some(Change::Went(person))
    }

    /// Somebody wants to see when we are there. Whether the person has to be told.
    fn asks(&mut self, person: &BareJid) -> bool {
        // Nobody is told more than once, and not of everybody who exists.
        self.asking.len() < MOST_ASKING && self.asking.insert(person.clone())
    }

    /// The person has decided about somebody, who may ask again.
    pub(super) fn decided(&mut self, person: &BareJid) {
        self.asking.remove(person);
    }

    /// Whether somebody is on the list.
    pub(super) fn has(&self, person: &BareJid) -> bool {
        self.people.contains(person)
    }

    /// A new stream tells everything anew.
    pub(super) fn forget_presence(&mut self) {
        self.present.clear();
        self.asking.clear();
    }
}

const MOST_PEOPLE: usize = 10_000;
const MOST_CLIENTS: usize = 64;
const MOST_ASKING: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_there_as_long_as_one_client_is() {
        let mut roster = Roster::default();
        let jid = |text| Jid::new(text).unwrap();
        let bob = BareJid::new("bob@example.org").unwrap();
        assert_eq!(
            roster.presence(&jid("bob@example.org/a"), true),
            Some(Change::Came(bob.clone()))
        );
        assert_eq!(roster.presence(&jid("Bob@example.org/b"), true), None);
        assert_eq!(roster.presence(&jid("bob@example.org/a"), false), None);
        assert_eq!(
            roster.presence(&jid("bob@example.org/b"), false),
            Some(Change::Went(bob))
        );
        assert_eq!(roster.presence(&jid("bob@example.org/b"), false), None);
    }
}
