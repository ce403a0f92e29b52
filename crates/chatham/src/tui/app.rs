//! The screen as a state: keys and facts come in, things to do come out. Nothing here draws, waits or sends.

use im::irc::{CaseMapping, Nick};
use otr::Fingerprint;

use crate::chat::action::{Action, Command};
use crate::chat::remark::Remark;
use crate::engine::notice::{Comparison, Notice, PersonSummary, Standing, What};
use crate::seat::Network;
use crate::tui::conversation::{Conversation, Entry, Weight};

use crate::tui::overlay::{Overlay, Reading, Status};
use crate::tui::theme::Theme;
use crate::tui::told;
use crate::tui::verify::Outcome;

/// Everything that is on the screen.
pub struct App {
    /// How it looks.
    pub theme: Theme,
    /// Where we are, in words.
    pub place: String,
    /// Whether everybody on this network shows up by themselves.
    pub local: bool,
    /// Whether the conversations go on when the person leaves.
    pub outlives_us: bool,
    /// What another person on this computer types to come here.
    pub invitation: String,
    /// Who we are, as the network knows us.
    pub me: Option<String>,
    /// Our own keys, that of the newest version first, once there are any.
    pub own_keys: Vec<Fingerprint>,
    /// How the connection stands.
    pub connection: Connection,
    /// All conversations, in the order in which they began.
    pub people: Vec<Conversation>,
    /// Which one is shown; [`HOME`] for none.
    pub current: usize,
    /// What the program said outside of any conversation.
    pub log: Conversation,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// How far that has been read.
    pub reading: Reading,
    /// Something goes on: seen in its turn.
    pub turn: usize,
    /// How many rows the view of a conversation has; the drawing tells.
    pub page: usize,
    pub(super) mapping: CaseMapping,
}

/// How the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not there yet: what goes on, in words.
    Starting(String),
    /// Texts can go out.
    Standing,
    /// It is gone: why, or what is done about it.
    Away(String),
}

/// Something for the caller to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// This, with this person.
    Do(Command),
    /// Write our fingerprint into this picture.
    Picture(std::path::PathBuf),
    /// End the program.
    Leave,
}

impl App {
    /// Before anything has happened.
    pub fn new(theme: Theme, place: String, local: bool) -> Self {
        Self {
            theme,
            place,
            local,
            outlives_us: false,
            invitation: "chatham chat --local --nick bob".to_owned(),
            me: None,
            own_keys: Vec::new(),
            connection: Connection::Starting("beginning".into()),
            people: Vec::new(),
            current: HOME,
            log: Conversation::new(Nick::new("", CaseMapping::default())),
            overlay: None,
            reading: Reading::default(),
            turn: 0,
            page: 10,
            mapping: CaseMapping::default(),
        }
    }

    /// The conversation that is shown.
    pub fn conversation(&self) -> Option<&Conversation> {
        self.people.get(self.current)
    }

    /// The conversation that is shown.
    pub fn conversation_mut(&mut self) -> Option<&mut Conversation> {
        self.people.get_mut(self.current)
    }

    /// The conversation with somebody, which begins now if there was none.
    pub fn with(&mut self, nick: &Nick) -> &mut Conversation {
        let at = self
            .people
            .iter()
            .position(|person| person.nick == *nick)
            .unwrap_or_else(|| {
                self.forget_a_stranger();
                self.people.push(Conversation::new(nick.clone()));
                // Whoever is typing already does not find the line with somebody else.
                if self.current == HOME && self.log.editor.is_empty() {
                    self.current = self.people.len() - 1;
                }
                self.people.len() - 1
            });
        &mut self.people[at]
    }

    /// Somebody new is there. When there are too many, the oldest of those goes with whom nothing is left to do.
    fn forget_a_stranger(&mut self) {
        if self.people.len() < MOST_PEOPLE {
            return;
        }
        let current = self.current;
        let idle = self
            .people
            .iter()
            .enumerate()
            .position(|(at, person)| at != current && person.is_idle());
        if let Some(at) = idle {
            self.people.remove(at);
            if self.current != HOME && self.current > at {
                self.current -= 1;
            }
        }
    }

    /// Shows the conversation with somebody.
    pub fn turn_to(&mut self, nick: &Nick) {
        self.with(nick);
        if let Some(at) = self.people.iter().position(|person| person.nick == *nick) {
            self.show(at);
        }
    }

    /// Shows another conversation.
    pub fn show(&mut self, at: usize) {
        if at < self.people.len() {
            self.current = at;
            self.people[at].unread = 0;
        }
    }

    /// How names are folded here.
    pub fn set_case_mapping(&mut self, mapping: CaseMapping) {
        self.mapping = mapping;
        for person in &mut self.people {
            person.nick = person.nick.clone().refold(mapping);
        }
    }

    /// Names are folded like this.
    pub fn fold(&self, nick: &[u8]) -> Nick {
        Nick::new(nick, self.mapping)
    }

    /// The program says something, here and now.
    pub fn remark(&mut self, weight: Weight, words: &str) {
        match self.people.get_mut(self.current) {
            Some(person) => person.remark(weight, words),
            None => self.log.remark(weight, words),
        }
    }

    /// Something is told before or beside conversations.
    pub fn take_remark(&mut self, remark: &Remark) {
        let words = remark.to_string();
        if remark.event == "making-key" {
            self.connection =
                Connection::Starting("making your key; this takes a moment and happens once".into());
        }
        let weight = if remark.event == "mistake" {
            Weight::Bad
        } else {
            Weight::Note
        };
        self.log.push(Entry::program(weight, &words));
    }

    /// Something happened to the connection.
    pub fn take_network(&mut self, network: &Network) {
        match network {
            Network::Registered(nick) | Network::Renamed(nick) => {
                self.me = Some(crate::sanitize::nick(nick.as_bytes()));
                self.connection = Connection::Standing;
            }
            Network::Reconnected { nick } => {
                self.me = Some(crate::sanitize::nick(nick.as_bytes()));
                self.connection = Connection::Standing;
            }
            Network::Unattended(nick) => {
                self.me = Some(crate::sanitize::nick(nick.as_bytes()));
                self.connection = Connection::Away("no client is connected through the proxy".into());
            }
            Network::Disconnected(_) | Network::Unreachable(_) | Network::Reconnecting { .. } => {
                let words = Remark::of(network).map_or_else(String::new, |remark| remark.to_string());
                self.connection = Connection::Away(words);
            }
            Network::Present(nick) => self.set_present(nick, true),
            Network::Absent(nick) => self.set_present(nick, false),
            _ => {}
        }
        if let Some(remark) = Remark::of(network) {
            let weight = match network {
                Network::Renamed(_)
                | Network::Reconnected { .. }
                | Network::LoggedIn(_)
                | Network::AsksToSee(_)
                | Network::LetsSee { .. } => Weight::Note,
                _ => Weight::Bad,
            };
            self.remark(weight, &remark.to_string());
        }
    }

    /// The engine says something.
    pub fn take_notice(&mut self, notice: &Notice) {
        if let What::Renamed(to) = &notice.what {
            self.rename(&notice.with, to);
            return;
        }
        told::take_note(self.with(&notice.with), &notice.what);
        // Whoever comes to an empty screen is shown at once.
        let shown = self
            .conversation()
            .is_some_and(|person| person.nick == notice.with);
        if !shown && counts(&notice.what) {
            self.with(&notice.with).unread += 1;
        }
        self.tell_overlay(notice);
    }

    /// How we stand with everybody who is shown, as the engine says after everything that has happened. It gives what
    /// it knows of a nick; of whom it knows nothing, nothing is claimed.
    pub fn settle(&mut self, mut known: impl FnMut(&Nick) -> Option<(PersonSummary, Option<Comparison>)>) {
        for at in 0..self.people.len() {
            let nick = &self.people[at].nick;
            let (summary, comparison) =
                known(nick).unwrap_or_else(|| (PersonSummary::unknown(nick.clone()), None));
            self.settle_one(at, &summary, comparison);
        }
    }

    fn settle_one(&mut self, at: usize, summary: &PersonSummary, comparison: Option<Comparison>) {
        let person = &mut self.people[at];
        (person.standing, person.comparison) = (summary.standing, comparison);
        (person.waiting, person.lost) = (summary.waiting, summary.lost);
        match &mut self.overlay {
            Some(Overlay::Verify(dialog)) if dialog.with == summary.nick => {
                dialog.verified = summary.standing == Standing::Verified;
                dialog.renew(comparison);
            }
            Some(Overlay::KeyChanged {
                with, key, rejected, ..
            }) if *with == summary.nick => {
                // What is decided about is what is shown, or nothing.
                let other = comparison.is_none_or(|comparison| comparison.their_key != *key);
                let asked = if *rejected {
                    Standing::Distrusted
                } else {
                    Standing::KeyChanged
                };
                if summary.standing != asked || other {
                    self.overlay = None;
                }
            }
            _ => {}
        }
    }

    /// Somebody is on the network, or not any more.
    pub fn set_present(&mut self, nick: &Nick, present: bool) {
        let me = self.me.as_ref().map(|me| self.fold(me.as_bytes()));
        if me.as_ref() == Some(nick) {
            return;
        }
        let known = self.people.iter().any(|person| person.nick == *nick);
        if !present && !known {
            return;
        }
        if !known && self.people.len() >= MOST_PRESENT {
            return;
        }
        let person = self.with(nick);
        let news = person.present != Some(present);
        person.present = Some(present);
        if news && known {
            let name = person.name.clone();
            let words = if present {
                format!("{name} is here.")
            } else {
                format!("{name} has left.")
            };
            person.remark(Weight::Note, &words);
        }
    }

    fn rename(&mut self, from: &Nick, to: &Nick) {
        let name = crate::sanitize::nick(to.as_bytes());
        let taken = self.people.iter().position(|person| person.nick == *to);
        let Some(at) = self.people.iter().position(|person| person.nick == *from) else {
            return;
        };
        let before = self.people[at].name.clone();
        self.people[at].rename(to.clone());
        self.people[at].remark(
            Weight::Note,
            &format!("{before} is called {name} now; the conversation goes on."),
        );
        if let Some(other) = taken.filter(|other| *other != at) {
            let gone = self.people.remove(other);
            let at = if at > other { at - 1 } else { at };
            if self.current == other {
                // What is being typed stays with the name that it is typed to, and never goes to the next in the list.
                self.people[at].editor = gone.editor;
                self.current = at;
            } else if self.current != HOME && self.current > other {
                self.current -= 1;
            }
        }
        // A decision that is about a person stays with the person.
        if let Some(Overlay::Verify(dialog)) = &mut self.overlay
            && dialog.with == *from
        {
            (dialog.with, dialog.name) = (to.clone(), name);
        }
    }

    /// What lies over the conversation hears of it, too.
    fn tell_overlay(&mut self, notice: &Notice) {
        match &mut self.overlay {
            Some(Overlay::Verify(dialog)) if dialog.with == notice.with => match &notice.what {
                // The dialog stays: a key that is pressed now was meant for what it asks.
                What::Private { blocked: true, .. } => {
                    dialog.note =
                        Some("ANOTHER KEY answers under this name. Close this, then F2 decides.".into());
                }
                What::Asked { question, device } => {
                    dialog.ask(question.as_deref().map(crate::sanitize::one_line), *device);
                }
                What::Same { vouched, .. } => {
                    dialog.end(if *vouched {
                        Outcome::Verified
                    } else {
                        Outcome::OneSided
                    });
                }
                What::Trust { trust, .. } if trust.is_verified() => dialog.end(Outcome::Verified),
                What::Different(_) | What::Cheated => dialog.end(Outcome::Different),
                What::ComparisonEnded => dialog.end(Outcome::GivenUp),
                What::Mistake(words) => dialog.note = Some(crate::sanitize::one_line(words.as_bytes())),
                _ => {}
            },
            Some(Overlay::Devices(shown)) if shown.with == notice.with => {
                if let What::Status {
                    devices,
                    keys,
                    waiting,
                    next,
                } = &notice.what
                {
                    shown.status = Some(Status {
                        devices: devices.clone(),
                        keys: keys.clone(),
                        waiting: *waiting,
                        next: *next,
                    });
                }
            }
            _ => {}
        }
    }

    /// How many texts would be lost by leaving now.
    pub fn undelivered(&self) -> usize {
        self.people.iter().map(Conversation::undelivered).sum()
    }

    pub(super) fn act(&self, action: Action) -> Vec<Act> {
        match self.conversation() {
            Some(person) => vec![Act::Do(Command::with(person.nick.as_bytes(), action))],
            None => Vec::new(),
        }
    }
}

/// Whether a fact is one that a person who looks elsewhere should come back for.
fn counts(what: &What) -> bool {
    matches!(
        what,
        What::Heard { .. }
            | What::Asked { .. }
            | What::Knock
            | What::Private { blocked: true, .. }
            | What::LowerVersion { .. }
            | What::PeerEnded { .. }
            | What::Expired
    )
}

/// No conversation is shown.
pub const HOME: usize = usize::MAX;
/// So many conversations are kept; then the oldest go with whom nothing is left to do, which strangers all are.
const MOST_PEOPLE: usize = 500;
/// So many people show up by themselves; others need a word.
const MOST_PRESENT: usize = 100;
