//! Where the devices of people are, so that what is encrypted for one of them gets there.
//!
//! Ciphertext asks for no copies, and servers take what is for an account to the client with the highest priority, which
//! need not be the one that has the keys: `docs/decisions/0152-ciphertext-goes-to-its-device.md`.

use std::collections::BTreeMap;

use jid::{BareJid, Jid};

use super::cipher::{self, Tags};

/// The addresses at which devices were heard last.
#[derive(Debug, Default)]
pub struct Places {
    people: BTreeMap<BareJid, BTreeMap<u32, Jid>>,
}

impl Places {
    /// Takes note of where somebody said this.
    pub fn hear(&mut self, from: &Jid, text: &str) {
        if from.resource().is_none() {
            return;
        }
        let person = from.to_bare();
        if self.people.len() >= MOST_PEOPLE && !self.people.contains_key(&person) {
            self.people.clear();
        }
        let places = self.people.entry(person).or_default();
        if places.len() >= MOST_DEVICES {
            places.clear();
        }
        places.insert(LATEST, from.clone());
        if let Some(Tags { sender, .. }) = cipher::tags(text) {
            places.insert(sender, from.clone());
        }
    }

    /// A client of somebody, or the whole person, has gone.
    pub fn leave(&mut self, gone: &Jid) {
        let person = gone.to_bare();
        if let Some(places) = self.people.get_mut(&person) {
            places.retain(|_, place| gone.resource().is_some() && place != gone);
            if places.is_empty() {
                self.people.remove(&person);
            }
        }
    }

    /// Nobody is known to be anywhere.
    pub fn clear(&mut self) {
        self.people.clear();
    }

    /// Where this text goes: to the device for which it is encrypted if that was heard, else to the one that was heard last.
    /// All other texts go to the account.
    #[must_use]
    pub fn of(&self, to: &BareJid, text: &str) -> Jid {
        let place = cipher::tags(text).and_then(|Tags { receiver, .. }| self.people.get(to)?.get(&receiver));
        place.cloned().unwrap_or_else(|| to.clone().into())
    }
}

/// Stands for the device that was heard last: no device has this tag, and it is what ciphertext says that names none.
const LATEST: u32 = 0;
const MOST_PEOPLE: usize = 1024;
const MOST_DEVICES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_goes_to_its_device_and_other_texts_to_the_account() {
        let mut places = Places::default();
        let (bob, phone, desk) = ("bob@e", "bob@e/phone", "bob@e/desk");
        let bob = BareJid::new(bob).unwrap();
        let at = |place: &str| Jid::new(place).unwrap();
        // From 0x101 and 0x202 to 0x303; for both; for nobody in particular.
        let (one, two) = ("?OTR:AAMDAAABAQAAAwMA.", "?OTR:AAMDAAACAgAAAwMA.");
        let (for_one, for_two) = ("?OTR:AAMDAAADAwAAAQEA.", "?OTR:AAMDAAADAwAAAgIA.");
        let first = "?OTR:AAMCAAADAwAAAAAA.";
        assert_eq!(places.of(&bob, for_one), at("bob@e"));
        places.hear(&at(phone), one);
        places.hear(&at(desk), two);
        assert_eq!(places.of(&bob, for_one), at(phone));
        assert_eq!(places.of(&bob, for_two), at(desk));
        assert_eq!(places.of(&bob, first), at(desk));
        places.hear(&at(phone), "hello");
        assert_eq!(places.of(&bob, first), at(phone));
        for text in ["hello", "?OTRv34?", "?OTR Error: x"] {
            assert_eq!(places.of(&bob, text), at("bob@e"), "{text}");
        }
        places.leave(&at(phone));
        assert_eq!(places.of(&bob, for_one), at("bob@e"));
        assert_eq!(places.of(&bob, for_two), at(desk));
        places.leave(&at("bob@e"));
        assert_eq!(places.of(&bob, for_two), at("bob@e"));
    }
}
