//! What is on the screen about one person: lines of this run, how things stand, what is being typed.

use std::collections::VecDeque;

use im::irc::Nick;
use otr::{InstanceTag, Version};

use crate::engine::notice::{Comparison, Delivery, Standing};
use crate::engine::notice::{How, Words};
use crate::sanitize;
use crate::tui::input::Editor;

/// A conversation with one person.
pub struct Conversation {
    /// Who.
    pub nick: Nick,
    /// The nick, harmless.
    pub name: String,
    /// How we stand.
    pub standing: Standing,
    /// The version of the private conversation.
    pub version: Option<Version>,
    /// How many of their devices are private with us.
    pub devices: usize,
    /// How many of our texts wait.
    pub waiting: usize,
    /// How many of those go out only at a person's word.
    pub lost: usize,
    /// What they want of us.
    pub wish: Option<Wish>,
    /// What can be compared now.
    pub comparison: Option<Comparison>,
    /// Whether they are known to be on the network.
    pub present: Option<bool>,
    /// How many texts have come since this was looked at.
    pub unread: usize,
    /// What is being typed.
    pub editor: Editor,
    /// How many rows of the view are below its lower edge.
    pub scroll: usize,
    entries: VecDeque<Entry>,
    bytes: usize,
}

/// Something the other side waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A stranger asks for a private conversation.
    Privacy,
    /// They want to compare a secret.
    Secret {
        /// Their question, harmless.
        question: Option<String>,
        /// Which of their devices asks.
        device: InstanceTag,
    },
}

/// One text or remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From whom.
    pub from: From,
    /// The words, harmless, in lines.
    pub lines: Vec<String>,
    /// Whether it tells what somebody does.
    pub deed: bool,
    /// The number of a text of ours, or of one that the program speaks about; 0 if it has none.
    pub number: u64,
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// They said it.
    Them {
        /// How it came.
        how: How,
        /// Whether it should have come encrypted.
        alarming: bool,
    },
    /// Words that were not said to us alone, or are old.
    Aside,
    /// We said it.
    Us {
        /// How it went, if it did.
        how: Option<How>,
        /// How far it has come.
        delivery: Delivery,
    },
    /// This program says it.
    Program(Weight),
}

/// How loud the program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// By the way.
    Note,
    /// Good news.
    Good,
    /// A person should look at it.
    Bad,
}

impl Conversation {
    /// Nothing was said yet.
    pub fn new(nick: Nick) -> Self {
        Self {
            name: sanitize::nick(nick.as_bytes()),
            nick,
            standing: Standing::NotPrivate,
            version: None,
            devices: 0,
            waiting: 0,
            lost: 0,
            wish: None,
            comparison: None,
            present: None,
            unread: 0,
            editor: Editor::default(),
            scroll: 0,
            entries: VecDeque::new(),
            bytes: 0,
        }
    }

    /// They have another nick.
    pub fn rename(&mut self, nick: Nick) {
        self.name = sanitize::nick(nick.as_bytes());
        self.nick = nick;
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Adds an entry. The oldest ones go when there are too many.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > MOST_ENTRIES || (self.bytes > MOST_BYTES && self.entries.len() > 1) {
            let oldest = self.entries.pop_front();
            self.bytes -= oldest.map_or(0, |entry| entry.size());
        }
    }

    /// Words of the program.
    pub fn remark(&mut self, weight: Weight, words: &str) {
        self.push(Entry::program(weight, words));
    }

    /// Words of the program about a text of ours that waits; they go when it has gone.
    pub fn remark_on(&mut self, number: u64, weight: Weight, words: &str) {
        let mut entry = Entry::program(weight, words);
        entry.number = number;
        self.push(entry);
    }

    /// What is known about a text of ours has changed.
    pub fn deliver(&mut self, number: u64, delivery: Delivery, how: Option<How>) {
        if matches!(delivery, Delivery::Sent | Delivery::Readable) {
            self.entries
                .retain(|entry| number == 0 || entry.number != number || entry.is_ours());
            self.bytes = self.entries.iter().map(Entry::size).sum();
        }
        let ours = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.number == number && number != 0 && entry.is_ours());
        if let Some(Entry {
            from: From::Us {
                delivery: known,
                how: went,
            },
            ..
        }) = ours
        {
            *known = delivery;
            *went = how.or(*went);
        }
    }

    /// Whether nothing is left to do here: nothing private, nothing that waits or is being typed, no wish of theirs.
    pub fn is_idle(&self) -> bool {
        self.standing == Standing::NotPrivate
            && self.undelivered() == 0
            && self.wish.is_none()
            && self.editor.is_empty()
    }

    /// Whether a text of ours with this number is shown.
    pub fn shows(&self, number: u64) -> bool {
        let this = |entry: &Entry| entry.number == number && entry.is_ours();
        number != 0 && self.entries.iter().any(this)
    }

    /// How many texts of ours wait or are on their way without a sign that they can be read.
    pub fn undelivered(&self) -> usize {
        let held = |entry: &&Entry| {
            matches!(
                entry.from,
                From::Us {
                    delivery: Delivery::Held,
                    ..
                }
            )
        };
        self.entries.iter().filter(held).count().max(self.waiting)
    }
}

impl Entry {
    /// Words of the program.
    pub fn program(weight: Weight, words: &str) -> Self {
        Self {
            from: From::Program(weight),
            lines: sanitize::lines(words.as_bytes()),
            deed: false,
            number: 0,
        }
    }

    /// Words of a person. A deed has a star in front, which is a sign for people and means nothing else.
    pub fn said(from: From, words: &Words, number: u64) -> Self {
        let mut lines = sanitize::lines(&words.text);
        if words.deed
            && let Some(first) = lines.first_mut()
        {
            first.insert_str(0, "* ");
        }
        Self {
            from,
            lines,
            deed: words.deed,
            number,
        }
    }

    fn is_ours(&self) -> bool {
        matches!(self.from, From::Us { .. })
    }

    fn size(&self) -> usize {
        self.lines.iter().map(|line| line.len() + ENTRY_COST).sum()
    }
}

/// What is kept of one conversation for this run, and is nowhere else.
const MOST_ENTRIES: usize = 2000;
const MOST_BYTES: usize = 2 * 1024 * 1024;
const ENTRY_COST: usize = 64;

#[cfg(test)]
mod tests {
    use im::irc::CaseMapping;

    use super::*;

    #[test]
    fn a_flood_costs_bounded_memory() {
        let mut conversation = Conversation::new(Nick::new("bob", CaseMapping::Ascii));
        for _ in 0..100 {
            conversation.remark(Weight::Note, &"x".repeat(60_000));
        }
        assert!(conversation.bytes <= MOST_BYTES);
        for at in 0..5000 {
            conversation.remark(Weight::Note, &at.to_string());
        }
        assert_eq!(conversation.entries().len(), MOST_ENTRIES);
        assert_eq!(conversation.entries().back().unwrap().lines, ["4999"]);
        let size: usize = conversation.entries().iter().map(Entry::size).sum();
        assert_eq!(conversation.bytes, size);
    }
}
