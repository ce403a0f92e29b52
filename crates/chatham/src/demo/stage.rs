//! The stage: a relay on loopback, and people on real sockets, moved one step at a time.
//!
//! Nothing here waits for a time to pass. When somebody has done something, everybody in turn asks the relay a
//! question whose answer comes after all that was said before; when two such rounds bring nothing new, all is quiet.

use std::fmt;

use im::irc::{CaseMapping, Config, IrcLine, Nick, Pacing};
use im::link::Link;
use im::relay::{Capture, ConnectionId, Relay, RelayConfig};
use otr::secret::Secret;
use otr::{
    Account, Fingerprint, ForgingKey, InstanceTag, Policy, PrivateKey, SigningKey, Timestamp, V4Account,
};
use zeroize::Zeroizing;

use crate::demo::tap::Tap;
use crate::engine::notice::Notice;
use crate::engine::{Effect, Engine, Memory};
use crate::randomness;
use crate::seat::{Network, News, Seat, now};

/// Who is on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Alice.
    Alice,
    /// Bob, at his laptop.
    Bob,
    /// Bob's telephone, under the same name.
    Phone,
    /// A stranger.
    Mallory,
}

impl Who {
    /// The name on the network.
    pub fn nick(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob | Self::Phone => "bob",
            Self::Mallory => "mallory",
        }
    }
}

/// What makes somebody the same person after a restart.
pub struct Identity {
    parts: [Zeroizing<Vec<u8>>; 5],
    /// The seeds of the long-term and the forging key of version 4.
    seeds: [Zeroizing<[u8; 57]>; 2],
    tag: InstanceTag,
    /// What their program has stored.
    pub memories: Vec<Memory>,
}

impl Identity {
    /// A new key, which takes some tens of milliseconds, and a new device.
    pub fn generate() -> Self {
        let mut rng = randomness();
        let key = PrivateKey::generate(&mut *rng);
        let [p, q, g, y] = key.public().parts().map(|part| Zeroizing::new(part.to_vec()));
        let parts = [p, q, g, y, Zeroizing::new(key.x().to_vec())];
        let seeds = [(); 2].map(|()| {
            let mut seed = Zeroizing::new([0; 57]);
            rng.fill_bytes(&mut *seed);
            seed
        });
        Self {
            parts,
            seeds,
            tag: InstanceTag::random(&mut *rng),
            memories: Vec::new(),
        }
    }

    fn account(&self) -> Result<Account, Failure> {
        let [p, q, g, y, x] = &self.parts;
        let key = PrivateKey::from_parts(p, q, g, y, x)
            .map_err(|_| Failure("a key of our own is broken".into()))?;
        let mut rng = randomness();
        let [long_term, forging] = self
            .seeds
            .each_ref()
            .map(|seed| Secret::fill_with(|bytes: &mut [u8; 57]| bytes.copy_from_slice(&**seed)));
        let (long_term, forging) = (SigningKey::from_seed(long_term), ForgingKey::from_seed(forging));
        let v4 = V4Account::new(long_term, forging, self.tag, None, &mut *rng, now());
        Ok(Account::new(key, self.tag, &mut *rng).with_v4(v4))
    }

    /// A program as it starts: with what was stored, and nothing else.
    pub fn engine(&self) -> Result<Engine, Failure> {
        let mut engine = Engine::new(
            self.account()?,
            Policy::opportunistic().with_v4(true),
            randomness(),
        );
        for memory in &self.memories {
            match memory {
                Memory::Key {
                    nick,
                    fingerprint,
                    trust,
                } => engine.learn(nick, *fingerprint, *trust),
                Memory::Version { nick, version } => engine.learn_version(nick, *version),
                Memory::ComparisonFailed { nick, at } => engine.learn_failure(nick, *at),
            }
        }
        Ok(engine)
    }
}

/// Why the demo cannot go on: nothing about promises, only about the stage.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody at a socket.
struct Player {
    who: Who,
    seat: Seat,
    connection: ConnectionId,
    shown: Vec<Notice>,
    memories: Vec<Memory>,
}

/// The relay, everybody on it, and the tap on its wires.
pub struct Stage {
    relay: Relay,
    players: Vec<Player>,
    /// What went over the wires.
    pub tap: Tap,
}

impl Stage {
    /// An empty stage.
    ///
    /// # Errors
    /// If no port on loopback is to be had.
    pub async fn open() -> Result<Self, Failure> {
        let capture = Capture::new(CAPTURE_BYTES);
        let config = RelayConfig {
            capture: Some(capture.clone()),
            ..RelayConfig::default()
        };
        let relay = Relay::start(config)
            .await
            .map_err(|error| Failure(format!("no port on loopback: {error}")))?;
        Ok(Self {
            relay,
            players: Vec::new(),
            tap: Tap::new(capture),
        })
    }

    /// Where other programs could join.
    pub fn address(&self) -> std::net::SocketAddr {
        self.relay.address()
    }

    /// Somebody comes in. People of one name share a password, as with a bouncer.
    ///
    /// # Errors
    /// If the relay does not let them in.
    pub async fn enter(&mut self, who: Who, engine: Engine) -> Result<(), Failure> {
        let mut config = Config::new(who.nick());
        config.password = Some(format!("the account of {}", who.nick()).into_bytes());
        let before: Vec<ConnectionId> = self.relay.connections().into_iter().map(|(id, ..)| id).collect();
        let address = self.relay.address();
        let link = Link::connect(
            &address.ip().to_string(),
            address.port(),
            config,
            Pacing::unlimited(),
        )
        .await;
        let link = link.map_err(|error| Failure(format!("{} cannot connect: {error}", who.nick())))?;
        let mut seat = Seat::new(link, engine);
        loop {
            let news = seat
                .next()
                .await
                .ok_or_else(|| Failure(format!("{} was not let in", who.nick())))?;
            if news
                .iter()
                .any(|news| matches!(news, News::Network(Network::Registered(_))))
            {
                break;
            }
        }
        let mut connections = self.relay.connections().into_iter().map(|(id, ..)| id);
        let connection = connections
            .find(|id| !before.contains(id))
            .ok_or_else(|| Failure("the relay does not know its own connection".into()))?;
        self.players.push(Player {
            who,
            seat,
            connection,
            shown: Vec::new(),
            memories: Vec::new(),
        });
        Ok(())
    }

    /// Somebody's program dies: no goodbye, nothing kept but what it had stored.
    pub fn vanish(&mut self, who: Who) -> Vec<Memory> {
        let Some(position) = self.players.iter().position(|player| player.who == who) else {
            return Vec::new();
        };
        let player = self.players.remove(position);
        self.relay.cut(player.connection);
        player.memories
    }

    /// Somebody does something with somebody, and everything that follows from it happens.
    ///
    /// # Errors
    /// If somebody loses their connection.
    pub async fn act(
        &mut self,
        who: Who,
        with: Who,
        act: impl FnOnce(&mut Engine, &Nick, Timestamp) -> Vec<Effect>,
    ) -> Result<(), Failure> {
        let player = self.player(who)?;
        let nick = Nick::new(with.nick(), CaseMapping::Rfc1459);
        let news = player.seat.act(&nick, act);
        player.note(news)?;
        self.settle().await
    }

    /// Lets everything happen that follows from what was said.
    async fn settle(&mut self) -> Result<(), Failure> {
        let mut quiet_rounds = 0;
        while quiet_rounds < 2 {
            let mut moved = false;
            for player in &mut self.players {
                let before = player.seat.sent();
                player.round_trip().await?;
                moved |= player.seat.sent() != before || player.seat.has_backlog();
            }
            quiet_rounds = if moved { 0 } else { quiet_rounds + 1 };
        }
        self.tap.read();
        Ok(())
    }

    /// What somebody's screen has shown since the last time.
    pub fn screen(&mut self, who: Who) -> Vec<Notice> {
        self.player(who)
            .map(|player| std::mem::take(&mut player.shown))
            .unwrap_or_default()
    }

    /// Somebody's socket.
    pub fn connection(&self, who: Who) -> Option<ConnectionId> {
        self.players
            .iter()
            .find(|player| player.who == who)
            .map(|player| player.connection)
    }

    /// Loses the next line between two names.
    /// Keeps what one says to another, for [`Self::release_reversed`].
    pub fn hold(&self, from: Who, to: Who) {
        self.relay.hold(from.nick().as_bytes(), to.nick().as_bytes());
    }

    /// Delivers what was kept, the last line first, and waits until everybody has read and answered it.
    ///
    /// # Errors
    /// If somebody is gone.
    pub async fn release_reversed(&mut self) -> Result<(), Failure> {
        self.relay.release_reversed();
        self.settle().await
    }

    /// The relay loses the next line.
    pub fn lose_next(&self, from: Who, to: Who) {
        self.relay.lose(from.nick().as_bytes(), to.nick().as_bytes(), 1);
    }

    /// Somebody's own fingerprint.
    ///
    /// # Errors
    /// If they are not here.
    pub fn fingerprint(&mut self, who: Who) -> Result<Fingerprint, Failure> {
        Ok(self.player(who)?.seat.engine().account().newest_fingerprint())
    }

    /// Somebody's engine.
    ///
    /// # Errors
    /// If they are not here.
    pub fn engine(&mut self, who: Who) -> Result<&mut Engine, Failure> {
        Ok(self.player(who)?.seat.engine())
    }

    /// Everybody leaves.
    pub async fn close(self) {
        drop(self.players);
        self.relay.shutdown().await;
    }

    fn player(&mut self, who: Who) -> Result<&mut Player, Failure> {
        let found = self.players.iter_mut().find(|player| player.who == who);
        found.ok_or_else(|| Failure(format!("{} is not on the stage", who.nick())))
    }
}

impl Player {
    /// Asks the relay something, and takes all that comes before the answer.
    async fn round_trip(&mut self) -> Result<(), Failure> {
        let question = IrcLine::command("ISON").param(self.who.nick()).build();
        let question = question.map_err(|error| Failure(error.to_string()))?;
        let mut news = Vec::new();
        self.seat.flush(&mut news);
        self.note(news)?;
        self.seat
            .link()
            .send(question)
            .map_err(|error| Failure(error.to_string()))?;
        loop {
            let gone = || Failure(format!("{} lost the connection", self.who.nick()));
            let news = self.seat.next().await.ok_or_else(gone)?;
            let answered = news
                .iter()
                .any(|news| matches!(news, News::Network(Network::Numeric(ISON_REPLY))));
            self.note(news)?;
            if answered {
                return Ok(());
            }
        }
    }

    fn note(&mut self, news: Vec<News>) -> Result<(), Failure> {
        for news in news {
            match news {
                News::Notice(notice) => self.shown.push(notice),
                News::Remember(memory) => self.memories.push(memory),
                News::Network(Network::Disconnected(reason)) => {
                    let reason = reason.unwrap_or_else(|| "no reason given".into());
                    return Err(Failure(format!(
                        "{} lost the connection: {reason}",
                        self.who.nick()
                    )));
                }
                News::Network(_) => {}
            }
        }
        Ok(())
    }
}

/// Far more than the whole story takes.
const CAPTURE_BYTES: usize = 16 * 1024 * 1024;
/// RPL_ISON.
const ISON_REPLY: u16 = 303;
