//! Who is on our list, and who of them is there.

use std::collections::{BTreeMap, BTreeSet};

use jid::{BareJid, Jid};
use minidom::Element;

use super::ns;

/// People by their addresses, and the clients by which each is there.
#[derive(Debug, Default)]
pub(super) struct Roster {
    people: BTreeSet<BareJid>,
    present: BTreeMap<BareJid, BTreeSet<String>>,
}

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Somebody is there who was not.
    Came(BareJid),
    /// The last client of somebody is gone.
    Went(BareJid),
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

    /// Takes note of somebody's coming and going.
    pub(super) fn presence(&mut self, from: &Jid, there: bool) -> Option<Change> {
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

    /// Whether somebody is on the list.
    pub(super) fn has(&self, person: &BareJid) -> bool {
        self.people.contains(person)
    }

    /// A new stream tells everything anew.
    pub(super) fn forget_presence(&mut self) {
        self.present.clear();
    }
}

const MOST_PEOPLE: usize = 10_000;
const MOST_CLIENTS: usize = 64;

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
