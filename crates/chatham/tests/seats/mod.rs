//! People at real sockets of the embedded relay.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use chacha20::ChaCha20Rng;
use chatham::connection::IrcWay;
use chatham::engine::Engine;
use chatham::engine::notice::{How, What, Words};
use chatham::seat::{Network, News, Seat};
use im::dial::Dial;
use im::irc::{CaseMapping, Config, Nick, Pacing};
use im::relay::{ConnectionId, Relay, RelayConfig};
use otr::{Account, Policy};
use rand_core::SeedableRng;

/// Somebody at a connection that lasts.
pub struct Someone {
    pub seat: Seat,
    pub heard: Vec<(String, How)>,
    pub network: Vec<Network>,
    /// What was told of texts, and of private conversations.
    pub told: Vec<What>,
}

pub fn nick(name: &str) -> Nick {
    Nick::new(name, CaseMapping::Rfc1459)
}

pub fn engine(seed: u8) -> Engine {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let account = Account::generate(&mut rng);
    Engine::new(account, Policy::opportunistic(), Box::new(rng))
}

pub async fn relay(port: u16) -> Relay {
    Relay::start(RelayConfig {
        port,
        ..RelayConfig::default()
    })
    .await
    .unwrap()
}

pub fn way(port: u16, config: Config, pacing: Pacing) -> IrcWay {
    let rng = Box::new(ChaCha20Rng::from_seed([9; 32]));
    IrcWay {
        dial: Dial::plain("127.0.0.1", port),
        config,
        pacing,
        relay: None,
        rng,
    }
}

impl Someone {
    pub async fn sit(relay: &Relay, name: &str, seed: u8, pacing: Pacing) -> Self {
        let way = way(relay.address().port(), Config::new(name), pacing);
        Self::come(way, seed).await
    }

    /// As the people of one computer do.
    pub async fn sit_where_the_relay_is_taken_over(port: u16, name: &str, seed: u8) -> Self {
        let way = IrcWay {
            relay: Some(port),
            ..way(port, Config::new(name), Pacing::unlimited())
        };
        Self::come(way, seed).await
    }

    async fn come(way: IrcWay, seed: u8) -> Self {
        let link = way.dial.connect(way.config.clone(), way.pacing).await.unwrap();
        let seat = Seat::lasting(link, way, None, engine(seed));
        let mut someone = Self {
            seat,
            heard: Vec::new(),
            network: Vec::new(),
            told: Vec::new(),
        };
        someone.until(|one| one.seat.is_connected()).await;
        someone
    }

    pub fn note(&mut self, news: Vec<News>) {
        for news in news {
            match news {
                News::Notice(notice) => match notice.what {
                    What::Heard { words, how, .. } => {
                        self.heard
                            .push((String::from_utf8_lossy(&words.text).into_owned(), how));
                    }
                    what => self.told.push(what),
                },
                News::Network(network) => self.network.push(network),
                News::Remember(_) => {}
            }
        }
    }

    pub async fn step(&mut self) {
        let news = self.seat.next().await.expect("it is over");
        self.note(news);
        let mut late = Vec::new();
        self.seat.flush(&mut late);
        self.note(late);
    }

    pub async fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            self.step().await;
        }
    }

    pub fn say(&mut self, to: &str, text: &str) {
        let news = self.seat.act(&nick(to), |engine, peer, now| {
            engine.say(peer, Words::said(text), now)
        });
        self.note(news);
    }

    pub fn is_private_with(&mut self, name: &str) -> bool {
        let news = self
            .seat
            .act(&nick(name), |engine, peer, now| engine.status(peer, now));
        news.iter().any(|news| match news {
            News::Notice(notice) => {
                matches!(&notice.what, What::Status { next: Some(how), .. } if how.is_private())
            }
            _ => false,
        })
    }

    pub fn reconnections(&self) -> usize {
        self.network
            .iter()
            .filter(|one| matches!(one, Network::Reconnected { .. }))
            .count()
    }

    pub fn has_heard(&self, text: &str) -> bool {
        self.heard.iter().any(|(heard, _)| heard == text)
    }
}

/// Lets both go on until something is true of the one or the other.
pub async fn both(one: &mut Someone, other: &mut Someone, wanted: impl Fn(&Someone, &Someone) -> bool) {
    while !wanted(one, other) {
        tokio::select! {
            news = one.seat.next() => one.note(news.expect("it is over")),
            news = other.seat.next() => other.note(news.expect("it is over")),
        }
        for person in [&mut *one, &mut *other] {
            let mut late = Vec::new();
            person.seat.flush(&mut late);
            person.note(late);
        }
    }
}

pub fn connection_of(relay: &Relay, name: &str) -> ConnectionId {
    let found = relay
        .connections()
        .into_iter()
        .find(|(_, _, nick)| nick.as_deref() == Some(name.as_bytes()));
    found.unwrap().0
}
