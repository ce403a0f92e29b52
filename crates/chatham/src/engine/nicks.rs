//! Who has which nick, ourselves included, and how the network folds them.

use im::irc::{CaseMapping, Nick};
use otr::{Fingerprint, Policy, Session};

use crate::engine::notice::{Notice, What};
use crate::engine::{Effect, Engine, adopt, is_person};

impl Engine {
    /// The network knows us by this nick.
    pub fn set_own_nick(&mut self, me: &Nick) {
        self.me = Some(me.clone().refold(self.mapping));
        self.name_all();
    }

    /// Somebody has another nick. The conversation goes on under it (user need N10); what is known about the keys
    /// of either name stays with the name, so that whoever takes a nick over does not take its trust along.
    pub fn renamed(&mut self, from: &Nick, to: &Nick) -> Vec<Effect> {
        let Some(mut person) = self.people.remove(from) else {
            return Vec::new();
        };
        let mut effects = vec![Effect::Show(Notice {
            with: from.clone(),
            what: What::Renamed(to.clone()),
        })];
        if !person.keys.is_empty() && from != to {
            // Whoever has this name next is measured by it.
            let (keys, failures) = (person.keys.clone(), person.failures.clone());
            let floor = person.policy.minimum_version;
            let left_behind = self.person(from);
            // A key that waits for a decision does not become the name's own by leaving and coming back.
            keys.iter()
                .filter(|(key, _)| !keys.is_doubted(*key))
                .for_each(|(key, trust)| left_behind.learn(key, trust));
            left_behind.policy.minimum_version = left_behind.policy.minimum_version.max(floor);
            left_behind.tighten();
            failures.into_iter().for_each(|at| left_behind.learn_failure(at));
        }
        person.rename(to);
        let me = self.me.as_ref().map(Nick::folded).unwrap_or_default();
        person.conversation.set_names(me, to.folded());
        if let Some(policy) = self.exceptions.get(to) {
            // Whoever comes to a nick comes under its rule, and brings the stricter one along.
            let require_encryption = policy.require_encryption || person.policy.require_encryption;
            adopt(
                &mut person,
                Policy {
                    require_encryption,
                    ..policy.clone()
                },
            );
        }
        if let Some(mut before) = self.people.remove(to) {
            // Who had the name before is gone, and may not have read all.
            before.left_open(|_| true, &mut effects);
            person.keys.come_to(&before.keys);
            person.take_over(before);
        }
        let proven: Vec<Fingerprint> = person
            .private_sessions()
            .filter_map(Session::fingerprint)
            .collect();
        for fingerprint in proven {
            if person.keys.admits(fingerprint) {
                person.remember_key(fingerprint, &mut effects);
            } else {
                let (with, names) = (to.clone(), self.names_of(fingerprint, to));
                let what = What::AlsoKnownAs { fingerprint, names };
                effects.push(Effect::Show(Notice { with, what }));
            }
        }
        self.people.insert(to.clone(), person);
        effects
    }

    /// The network folds names in another way from now on.
    pub fn set_case_mapping(&mut self, mapping: CaseMapping) {
        self.mapping = mapping;
        self.exceptions = std::mem::take(&mut self.exceptions)
            .into_iter()
            .map(|(nick, policy)| (nick.refold(mapping), policy))
            .collect();
        for (nick, mut person) in std::mem::take(&mut self.people) {
            let nick = nick.refold(mapping);
            if let Some(twin) = self.people.remove(&nick) {
                // Two spellings of one name: what is known about either holds for both, and one conversation goes on.
                let (keeps, other) = if twin.is_private() && !person.is_private() {
                    (twin, person)
                } else {
                    (person, twin)
                };
                person = keeps;
                person.keys.join(&other.keys);
                person.take_over(other);
            }
            person.nick = nick.clone();
            self.people.insert(nick, person);
        }
        self.me = self.me.take().map(|me| me.refold(mapping));
        self.name_all();
    }

    /// The nick under which the network knows us, once it does.
    pub fn own_nick(&self) -> Option<&Nick> {
        self.me.as_ref()
    }

    /// How this network folds nicks.
    pub fn case_mapping(&self) -> CaseMapping {
        self.mapping
    }

    /// A nick as this network folds it.
    pub fn fold(&self, nick: &[u8]) -> Nick {
        Nick::new(nick, self.mapping)
    }

    /// Whether a name is a person's on this network.
    pub fn is_person(&self, nick: &Nick) -> bool {
        is_person(nick, self.mapping)
    }

    /// Both ends sign both names: they have to be the same bytes, as the network folds them.
    fn name_all(&mut self) {
        let me = self.me.as_ref().map(Nick::folded).unwrap_or_default();
        for (nick, person) in &mut self.people {
            person.conversation.set_names(me, nick.folded());
        }
    }
}
