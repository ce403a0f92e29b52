//! An engine at a connection: the network's events go into the engine, and what the engine says goes out.
//!
//! When the connection breaks, the engine is told, and is given back what has certainly not been sent. What it may say
//! meanwhile is given back as well, so that no text is waiting anywhere but in the engine.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use im::irc::{Event, IrcLine, Kind, Nick, SaslFault, ctcp};
use im::link::SendError;
use im::relay::Relay;
use im::xmpp::ListWish;
use otr::Timestamp;

use crate::connection::{Connection, Happening, Link, Way};
use crate::engine::notice::{Notice, What};
use crate::engine::{Effect, Engine, Memory};

/// One person at the network.
pub struct Seat {
    connection: Connection,
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
    /// Somebody is in the channel where we are, or comes there.
    Present(Nick),
    /// Somebody has left that channel, or the network.
    Absent(Nick),
    /// Somebody wants to see when we are there, and nothing was answered.
    AsksToSee(Nick),
    /// Somebody lets us see when they are there, or does not any more.
    LetsSee {
        /// Who.
        nick: Nick,
        /// Whether they do.
        allowed: bool,
    },
    /// We have another nick.
    Renamed(Nick),
    /// A reply by its number.
    Numeric(u16),
    /// The server's last words.
    ServerError(Vec<u8>),
    /// The network knows us by this account.
    LoggedIn(Vec<u8>),
    /// The network does not know us, and we do not go on without.
    SaslFailed(SaslFault),
    /// We were thrown out of a channel.
    Kicked {
        /// The channel.
        channel: Vec<u8>,
        /// By whom.
        by: Nick,
        /// Why, in their words.
        reason: Vec<u8>,
    },
    /// We were thrown off the network.
    Killed {
        /// By whom.
        by: Nick,
        /// Why, in their words.
        reason: Vec<u8>,
    },
    /// No client of ours is connected through the proxy by which we talk, where we have this nick.
    Unattended(Nick),
    /// The connection is gone.
    Disconnected(Option<String>),
    /// An attempt to connect anew failed, for this reason.
    Unreachable(String),
    /// The next attempt to connect is made after this time.
    Reconnecting {
        /// How long from now.
        after: Duration,
    },
    /// The connection stands again, and what waited for it goes out.
    Reconnected {
        /// Our nick now.
        nick: Nick,
    },
}

impl Seat {
    /// Sits down at a link that is not made anew when it breaks. It may still be registering.
    pub fn new(link: impl Into<Link>, engine: Engine) -> Self {
        Self::at(Connection::once(link), engine)
    }

    /// Sits down at a link that is made anew whenever it breaks, with the relay that it leads to if this program runs it.
    pub fn lasting(link: impl Into<Link>, way: impl Into<Way>, relay: Option<Relay>, engine: Engine) -> Self {
        Self::at(Connection::lasting(link, way, relay), engine)
    }

    fn at(connection: Connection, engine: Engine) -> Self {
        Self {
            connection,
            engine,
            sent: 0,
            backlog: VecDeque::new(),
        }
    }

    /// The link: the one that stands, or the last one that did.
    pub fn link(&self) -> &Link {
        self.connection.link()
    }

    /// Makes the next attempt to connect now, if one is waited for. Whether that was so.
    pub fn hurry(&mut self) -> bool {
        self.connection.hurry()
    }

    /// Whether texts can be sent.
    pub fn is_connected(&self) -> bool {
        self.connection.is_ready()
    }

    /// The engine, to be asked and told, not to be acted with: see [`Self::act`].
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Goes into a channel, to learn who else is there: [`Network::Present`], [`Network::Absent`].
    pub fn join(&self, channel: &[u8]) {
        let line = IrcLine::command("JOIN").param(channel).build();
        // A line that has no room now is not worth a word: nobody shows up, that is all.
        let _sent = line.map(|line| self.link().send(line));
    }

    /// Changes the list of people, where the network has one.
    ///
    /// # Errors
    /// Why nothing was changed, as a sentence.
    pub fn list(&mut self, whom: &Nick, wish: ListWish) -> Result<(), String> {
        if self.connection.is_away() {
            return Err("there is no connection: nothing was changed".to_owned());
        }
        self.connection.link_mut().list(whom.as_bytes(), wish)
    }

    /// Says goodbye, and stands up.
    pub async fn leave(self, patience: Duration) {
        self.connection.close(patience).await;
    }

    /// Whether this program runs the relay of this computer, so that it ends with it.
    pub fn runs_relay(&self) -> bool {
        self.connection.runs_relay()
    }

    /// How many messages have gone into the link's queue so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Waits for the network. `None` when the connection is gone for good and all was told. Nothing is lost if the
    /// wait is given up.
    pub async fn next(&mut self) -> Option<Vec<News>> {
        let happening = self.connection.next().await?;
        Some(self.take_note(happening))
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
        self.sort(effects, &mut news);
        self.flush(&mut news);
        news
    }

    /// Whether lines wait for room in the link's queue.
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Puts lines that wait into the queue, as far as it has room; while there is no connection they go back to the
    /// engine.
    pub fn flush(&mut self, news: &mut Vec<News>) {
        if self.connection.is_away() {
            self.give_back(news);
            return;
        }
        let link = self.connection.link_mut();
        while let Some(effect) = self.backlog.pop_front() {
            let (to, result) = match &effect {
                Effect::Send { to, text } => (to, link.say(to.as_bytes(), text)),
                Effect::Deed { to, deed } => (to, link.act(to.as_bytes(), deed)),
                Effect::Show(_) | Effect::Remember(_) => continue,
            };
            match result {
                Ok(()) => self.sent += 1,
                // No room for now, or the end of the connection, which is about to be told.
                Err(SendError::QueueFull | SendError::Closed) => {
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

    /// Gives back to the engine what waits here.
    fn give_back(&mut self, news: &mut Vec<News>) {
        for effect in std::mem::take(&mut self.backlog) {
            let (to, text) = match effect {
                Effect::Send { to, text } => (to, text),
                Effect::Deed { to, deed } => (to, ctcp::action(&deed)),
                Effect::Show(_) | Effect::Remember(_) => continue,
            };
            self.return_text(&to, &text, news);
        }
    }

    fn return_text(&mut self, to: &Nick, text: &[u8], news: &mut Vec<News>) {
        let effects = self.engine.not_sent(to, text, now());
        self.sort(effects, news);
    }

    /// What is for the person or the store goes to the news, what is for the network waits.
    fn sort(&mut self, effects: Vec<Effect>, news: &mut Vec<News>) {
        for effect in effects {
            match effect {
                Effect::Show(notice) => news.push(News::Notice(notice)),
                Effect::Remember(memory) => news.push(News::Remember(memory)),
                effect @ (Effect::Send { .. } | Effect::Deed { .. }) => self.backlog.push_back(effect),
            }
        }
    }

    fn take_note(&mut self, happening: Happening) -> Vec<News> {
        match happening {
            Happening::Event(event) => self.receive(event),
            Happening::Ready { again } => self.get_ready(again),
            Happening::Lost {
                reason,
                unsent,
                after,
            } => self.lose(reason, &unsent, after),
            Happening::Resumed => {
                let nick = self.link().nick();
                let mut news = vec![News::Network(Network::Reconnected { nick })];
                self.flush(&mut news);
                news
            }
            Happening::StillAway { fault, after } => {
                vec![
                    News::Network(Network::Unreachable(fault)),
                    News::Network(Network::Reconnecting { after }),
                ]
            }
        }
    }

    fn get_ready(&mut self, again: bool) -> Vec<News> {
        // Another server of the network may fold names in another way, and says so only if it is not the usual one.
        let (mapping, nick) = (self.link().case_mapping(), self.link().nick());
        self.engine.set_case_mapping(mapping);
        self.engine.set_own_nick(&nick);
        if !again {
            return Vec::new();
        }
        let effects = self.engine.connection_restored(now());
        let mut news = vec![News::Network(Network::Reconnected { nick })];
        news.extend(self.carry_out(effects));
        news
    }

    fn lose(
        &mut self,
        reason: Option<String>,
        unsent: &[(Nick, Vec<u8>)],
        after: Option<Duration>,
    ) -> Vec<News> {
        let mut news = vec![News::Network(Network::Disconnected(reason))];
        // What was in the queue is older than what had no room in it.
        for (to, text) in unsent {
            let to = self.engine.fold(to.as_bytes());
            self.return_text(&to, text, &mut news);
        }
        self.give_back(&mut news);
        let effects = self.engine.connection_lost(now());
        self.sort(effects, &mut news);
        news.extend(after.map(|after| News::Network(Network::Reconnecting { after })));
        news
    }

    fn receive(&mut self, event: Event) -> Vec<News> {
        let effects = match event {
            Event::Message(said) => {
                if said.kind == Kind::Person {
                    self.measure(&said.from.nick);
                    // Whoever is on our list of XMPP is no stranger.
                    if self.link().irc().is_none() && said.account.is_some() && !said.history {
                        self.engine.acquaint(&said.from.nick);
                    }
                }
                self.engine.receive(&said, now())
            }
            Event::Renamed { from, to, own: false } => self.engine.renamed(&from, &to),
            Event::Quit { nick, .. } => {
                let effects = self.engine.gone(&nick, now());
                let mut news = self.carry_out(effects);
                news.push(News::Network(Network::Absent(nick)));
                return news;
            }
            Event::Numeric { code: NAMES, params } => return self.names(&params),
            Event::Absent { nick } => self.engine.absent(&nick, now()),
            Event::CaseMapping(mapping) => {
                self.engine.set_case_mapping(mapping);
                Vec::new()
            }
            other => return self.about_us(other).map(News::Network).into_iter().collect(),
        };
        self.carry_out(effects)
    }

    /// Who is in a channel: the last parameter lists them, with signs of rank before their nicks.
    fn names(&self, params: &[Vec<u8>]) -> Vec<News> {
        let names = params
            .last()
            .map_or(&[][..], Vec::as_slice)
            .split(|&byte| byte == b' ');
        let nicks = names.map(|name| {
            let rank = name.iter().take_while(|byte| b"~&@%+".contains(byte)).count();
            name.get(rank..).unwrap_or_default()
        });
        let nicks = nicks
            .filter(|nick| !nick.is_empty())
            .map(|nick| self.engine.fold(nick));
        nicks.map(|nick| News::Network(Network::Present(nick))).collect()
    }

    /// What an event means for our own place on the network.
    fn about_us(&mut self, event: Event) -> Option<Network> {
        match event {
            // After a break there is more to it than that: see `get_ready`.
            Event::Registered { nick } => (!self.connection.is_away()).then_some(Network::Registered(nick)),
            Event::Renamed { to, own: true, .. } => {
                self.engine.set_own_nick(&to);
                Some(Network::Renamed(to))
            }
            Event::NickRefused { wanted, next, .. } => {
                // Nobody has to hear that a nick which we want back is still taken.
                let ours = self.link().wanted_nick().as_bytes() == wanted;
                (next.is_some() || !ours || !self.connection.is_ready())
                    .then_some(Network::NickRefused { wanted, next })
            }
            Event::Numeric { code, .. } => Some(Network::Numeric(code)),
            Event::ServerError(words) => Some(Network::ServerError(words)),
            Event::LoggedIn { account } => Some(Network::LoggedIn(account)),
            Event::SaslFailed(fault) => Some(Network::SaslFailed(fault)),
            Event::Kicked {
                channel,
                by,
                reason,
                own: true,
                ..
            } => Some(Network::Kicked { channel, by, reason }),
            Event::Killed { by, reason } => Some(Network::Killed { by, reason }),
            Event::Disconnected { reason } => Some(Network::Disconnected(reason)),
            Event::Joined {
                person, own: false, ..
            } => Some(Network::Present(person.nick)),
            Event::AsksToSee { nick } => Some(Network::AsksToSee(nick)),
            Event::LetsSee { nick, allowed } => Some(Network::LetsSee { nick, allowed }),
            Event::Left { nick, own: false, .. } => Some(Network::Absent(nick)),
            _ => None,
        }
    }

    /// Tells the engine how long a line to this person may be: it changes with our own prefix.
    fn measure(&mut self, nick: &Nick) {
        let room = self.link().room(nick.as_bytes());
        self.engine.set_room(nick, room);
    }
}

/// The time now, by the wall.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// RPL_NAMREPLY.
const NAMES: u16 = 353;
