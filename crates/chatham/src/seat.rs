//! An engine at a link: the network's events go into the engine, and what the engine says goes out on the link.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use im::irc::{Event, Kind, Nick};
use im::link::{Link, SendError};
use otr::Timestamp;

use crate::engine::notice::{Notice, What};
use crate::engine::{Effect, Engine, Memory};

/// One person at the network.
pub struct Seat {
    link: Link,
    engine: Engine,
    sent: u64,
    /// Lines that the queue had no room for yet.
    backlog: VecDeque<Effect>,
}

/// What the caller learns, in order.
#[derive(Debug)]
pub enum News {
    /// For the person.
    Notice(Notice),
    /// For the store.
    Remember(Memory),
    /// About the connection.
    Network(Network),
}

/// What happens to the connection.
#[derive(Debug)]
pub enum Network {
    /// The server let us in under this nick.
    Registered(Nick),
    /// A nick was taken; the next one is tried, if there is one.
    NickRefused {
        /// The nick that was taken.
        wanted: Vec<u8>,
        /// The nick that is tried now.
        next: Option<Vec<u8>>,
    },
    /// We have another nick.
    Renamed(Nick),
    /// A reply by its number.
    Numeric(u16),
    /// The server's last words.
    ServerError(Vec<u8>),
    /// The connection is gone.
    Disconnected(Option<String>),
}

impl Seat {
    /// Sits down. The link may still be registering.
    pub fn new(link: Link, engine: Engine) -> Self {
        Self {
            link,
            engine,
            sent: 0,
            backlog: VecDeque::new(),
        }
    }

    /// The link.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The engine, to be asked and told, not to be acted with: see [`Self::act`].
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Stands up.
    pub fn into_link(self) -> Link {
        self.link
    }

    /// How many messages have gone into the link's queue so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Waits for the network. `None` when the connection is gone and all was told. Nothing is lost if the wait is
    /// given up.
    pub async fn next(&mut self) -> Option<Vec<News>> {
        let event = self.link.next().await?;
        Some(self.receive(event))
    }

    /// Lets the engine do something with one correspondent, and carries it out.
    pub fn act(
        &mut self,
        nick: &Nick,
        act: impl FnOnce(&mut Engine, &Nick, Timestamp) -> Vec<Effect>,
    ) -> Vec<News> {
        self.measure(nick);
        let effects = act(&mut self.engine, nick, now());
        self.carry_out(effects)
    }

    /// Carries out what the engine said.
    pub fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<News> {
        let mut news = Vec::new();
        for effect in effects {
            match effect {
                Effect::Show(notice) => news.push(News::Notice(notice)),
                Effect::Remember(memory) => news.push(News::Remember(memory)),
                effect @ (Effect::Send { .. } | Effect::Deed { .. }) => self.backlog.push_back(effect),
            }
        }
        self.flush(&mut news);
        news
    }

    /// Whether lines wait for room in the link's queue.
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Puts lines that wait into the queue, as far as it has room.
    pub fn flush(&mut self, news: &mut Vec<News>) {
        while let Some(effect) = self.backlog.pop_front() {
            let (to, result) = match &effect {
                Effect::Send { to, text } => (to, self.link.privmsg(to.as_bytes(), text)),
                Effect::Deed { to, deed } => (to, self.link.action(to.as_bytes(), deed)),
                Effect::Show(_) | Effect::Remember(_) => continue,
            };
            match result {
                Ok(()) => self.sent += 1,
                Err(SendError::QueueFull) => {
                    self.backlog.push_front(effect);
                    return;
                }
                Err(fault) => {
                    let what = What::Mistake(format!("not sent: {fault}"));
                    news.push(News::Notice(Notice {
                        with: to.clone(),
                        what,
                    }));
                }
            }
        }
    }

    fn receive(&mut self, event: Event) -> Vec<News> {
        let effects = match event {
            Event::Message(said) => {
                if said.kind == Kind::Person {
                    self.measure(&said.from.nick);
                }
                self.engine.receive(&said, now())
            }
            Event::Renamed { to, own: true, .. } => return vec![News::Network(Network::Renamed(to))],
            Event::Renamed { from, to, own: false } => self.engine.renamed(&from, &to),
            Event::Quit { nick, .. } => self.engine.remark(&nick, What::Gone),
            Event::Absent { nick } => self.engine.remark(&nick, What::Absent),
            Event::CaseMapping(mapping) => {
                self.engine.set_case_mapping(mapping);
                Vec::new()
            }
            Event::Registered { nick } => return vec![News::Network(Network::Registered(nick))],
            Event::NickRefused { wanted, next, .. } => {
                return vec![News::Network(Network::NickRefused { wanted, next })];
            }
            Event::Numeric { code, .. } => return vec![News::Network(Network::Numeric(code))],
            Event::ServerError(words) => return vec![News::Network(Network::ServerError(words))],
            Event::Disconnected { reason } => return vec![News::Network(Network::Disconnected(reason))],
            Event::LoggedIn { .. }
            | Event::LoggedOut
            | Event::SaslFailed(_)
            | Event::Killed { .. }
            | Event::Account { .. }
            | Event::StandardReply { .. }
            | Event::Joined { .. }
            | Event::Left { .. }
            | Event::Kicked { .. }
            | Event::Unknown(_)
            | Event::BadLine(_) => Vec::new(),
        };
        self.carry_out(effects)
    }

    /// Tells the engine how long a line to this person may be: it changes with our own prefix.
    fn measure(&mut self, nick: &Nick) {
        let room = self.link.client().room(nick.as_bytes());
        self.engine.set_room(nick, room);
    }
}

/// The time now, by the wall.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
