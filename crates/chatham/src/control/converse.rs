//! Whoever takes part in the conversations of one profile: what happens there with every word, how things stand with
//! everybody, and whether there is a network.

use std::collections::BTreeMap;
use std::sync::Arc;

use im::irc::{CaseMapping, Nick};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::control::Wiped;
use crate::present::json::{comparison_value, standing};
use crate::proxy::Resident;
use crate::proxy::outside::Happening;
use crate::proxy::room::Room;

/// One who takes part.
pub(super) struct Partaker {
    room: Arc<Room>,
    seen: Receiver<Arc<Happening>>,
    /// What was told last of the network, and of everybody.
    network: Value,
    people: BTreeMap<Nick, Value>,
}

impl Partaker {
    /// Takes part from now on. Nothing happens between that and what is told first.
    pub(super) fn begin(room: Arc<Room>) -> (Self, Vec<Wiped>) {
        let resident = room.resident();
        let mut partaker = Self {
            seen: resident.outside.take_part(),
            room: Arc::clone(&room),
            network: Value::Null,
            people: BTreeMap::new(),
        };
        let told = partaker.whole(&resident);
        drop(resident);
        (partaker, told)
    }

    /// Passes on what happens, as fast as it is read.
    pub(super) async fn pass_on(mut self, post: mpsc::Sender<Wiped>) {
        loop {
            let told = match self.seen.recv().await {
                Ok(happening) => self.take(&happening),
                Err(RecvError::Lagged(count)) => {
                    let room = Arc::clone(&self.room);
                    self.people.clear();
                    let left_out =
                        json!({ "event": "left-out", "profile": room.shelf.profile, "count": count });
                    let mut told = vec![left_out.into()];
                    told.extend(self.whole(&room.resident()));
                    told
                }
                Err(RecvError::Closed) => return,
            };
            for value in told {
                if post.send(value).await.is_err() {
                    return;
                }
            }
        }
    }

    fn take(&mut self, happening: &Happening) -> Vec<Wiped> {
        let room = Arc::clone(&self.room);
        let resident = room.resident();
        match happening {
            Happening::Network => self.network(&resident).into_iter().collect(),
            Happening::Notice { with, renamed, value } => {
                let mut told = Wiped::from(value.value().clone());
                told.insert("profile", room.shelf.profile.as_str());
                let mut told = vec![told];
                if let Some(nick) = renamed {
                    self.people.remove(with);
                    self.people.remove(nick);
                }
                told.extend(self.standing(&resident, with));
                told.extend(renamed.iter().filter_map(|nick| self.standing(&resident, nick)));
                told
            }
        }
    }

    /// Everything as it stands.
    fn whole(&mut self, resident: &Resident) -> Vec<Wiped> {
        self.network = Value::Null;
        let known = resident
            .engine
            .people()
            .filter(|person| person.acquainted || person.waiting > 0);
        let people: Vec<Nick> = known.take(MOST_PEOPLE).map(|person| person.nick).collect();
        let network = self.network(resident);
        let people = people.iter().filter_map(|nick| self.standing(resident, nick));
        network.into_iter().chain(people).collect()
    }

    /// How the network stands, if it does otherwise than before.
    fn network(&mut self, resident: &Resident) -> Option<Wiped> {
        let nick = resident.engine.own_nick().map(ToString::to_string);
        let nick = nick.unwrap_or_else(|| self.room.shelf.nick.clone());
        let now = json!({
            "event": "network", "profile": self.room.shelf.profile, "connected": resident.outside.is_at_network(),
            "nick": nick, "case-mapping": mapping_word(resident.engine.case_mapping()),
        });
        (self.network != now).then(|| {
            self.network = now.clone();
            now.into()
        })
    }

    /// How things stand with somebody, if they do otherwise than before.
    fn standing(&mut self, resident: &Resident, nick: &Nick) -> Option<Wiped> {
        let person = resident.engine.summary(nick)?;
        let comparison = resident.engine.comparison(nick);
        let now = json!({
            "event": "standing", "profile": self.room.shelf.profile, "with": person.nick.to_string(),
            "standing": standing(person.standing), "waiting": person.waiting, "lost": person.lost,
            "acquainted": person.acquainted, "comparison": comparison.as_ref().map(comparison_value),
        });
        if self.people.get(nick) == Some(&now) {
            return None;
        }
        if self.people.len() >= MOST_PEOPLE && !self.people.contains_key(nick) {
            // They are told anew when something happens with them.
            self.people.clear();
        }
        self.people.insert(nick.clone(), now.clone());
        Some(now.into())
    }
}

/// One word for how names are folded.
fn mapping_word(mapping: CaseMapping) -> &'static str {
    MAPPINGS
        .iter()
        .find(|(known, _)| *known == mapping)
        .map_or("ascii", |(_, word)| word)
}

/// How names are folded, by the word for it.
pub(crate) const MAPPINGS: [(CaseMapping, &str); 4] = [
    (CaseMapping::Ascii, "ascii"),
    (CaseMapping::Rfc1459, "rfc1459"),
    (CaseMapping::StrictRfc1459, "strict-rfc1459"),
    (CaseMapping::Jid, "jid"),
];

/// As many as the engine keeps in mind.
const MOST_PEOPLE: usize = 1000;
