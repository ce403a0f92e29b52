//! A link that is made anew when it breaks: when, how often, under which nick, and at what speed.
//!
//! ```text
//! Standing --broken--> Waiting --time--> Dialling --welcome--> Standing
//!                         ^------ failed -------'
//! ```
//!
//! It goes the same way each time: what was to be encrypted or to pass a proxy stays so. Conversations know nothing of
//! it; see [`crate::seat`] for what they are told.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use im::dial::Dial;
use im::irc::{Config, Event, IrcLine, Pacing};
use im::link::Link;
use im::relay::Relay;
use rand_core::CryptoRng;
use tokio::time::{Instant, sleep_until};

use crate::local;

/// How to make the link anew.
pub struct Way {
    /// Which server, and which way there.
    pub dial: Dial,
    /// Who we want to be.
    pub config: Config,
    /// How fast lines may go out.
    pub pacing: Pacing,
    /// The port of the relay of this computer, if that is the server: when its program has ended, another one that
    /// needs it runs it.
    pub relay: Option<u16>,
    /// So that not everybody who lost the same server comes back at the same moment.
    pub rng: Box<dyn CryptoRng + Send>,
}

/// One link after another.
pub struct Connection {
    link: Link,
    /// The relay, if this program runs it.
    relay: Option<Relay>,
    way: Option<Way>,
    stage: Stage,
    backoff: Backoff,
    /// When the server let us in and told what it supports; `None` until then.
    ready: Option<Instant>,
    /// Whether some link of this connection was ready once.
    was_ready: bool,
    wish: NickWish,
}

/// What happened, in the order in which it did.
#[derive(Debug)]
pub enum Happening {
    /// The server said something.
    Event(Event),
    /// From here on texts may be sent.
    Ready {
        /// Whether there was a connection before this one.
        again: bool,
    },
    /// The connection that stood is gone.
    Lost {
        /// Why, if it was not the end of the stream.
        reason: Option<String>,
        /// Lines that have certainly not been sent.
        unsent: Vec<IrcLine>,
        /// When the next attempt is made; `None` if it is over for good, and nothing follows.
        after: Option<Duration>,
    },
    /// An attempt to make it anew came to nothing.
    StillAway {
        /// Why.
        fault: String,
        /// When the next attempt is made.
        after: Duration,
    },
}

enum Stage {
    Standing,
    Waiting(Instant),
    Dialling(Attempt),
    Over,
}

/// A link on its way, with the relay if this program runs it now.
type Attempt = Pin<Box<dyn Future<Output = Result<(Link, Option<Relay>), String>> + Send>>;

impl Connection {
    /// A link that is not made anew.
    pub fn once(link: Link) -> Self {
        Self::new(link, None, None)
    }

    /// A link, and how to make it anew whenever it breaks; and the relay that it leads to, if this program runs it.
    pub fn lasting(link: Link, way: Way, relay: Option<Relay>) -> Self {
        Self::new(link, Some(way), relay)
    }

    fn new(link: Link, way: Option<Way>, relay: Option<Relay>) -> Self {
        Self {
            link,
            relay,
            way,
            stage: Stage::Standing,
            backoff: Backoff::default(),
            ready: None,
            was_ready: false,
            wish: NickWish::default(),
        }
    }

    /// The link: the one that stands, or the last one that did.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Says goodbye, which may take so long, and ends the relay if this program runs it: in that order, so that what
    /// goes through it has gone.
    pub async fn close(self, patience: Duration) {
        self.link.close(b"", patience).await;
        if let Some(relay) = self.relay {
            relay.shutdown().await;
        }
    }

    /// Whether this program runs the relay.
    pub fn runs_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// Whether texts can be sent.
    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Whether there was a connection, and there is none now.
    pub fn is_away(&self) -> bool {
        self.was_ready && self.ready.is_none()
    }

    /// Makes the next attempt now, if one is waited for. Whether that was so.
    pub fn hurry(&mut self) -> bool {
        let waits = matches!(self.stage, Stage::Waiting(_));
        if waits {
            self.stage = Stage::Waiting(Instant::now());
        }
        waits
    }

    /// Waits for the next thing to happen. `None` when it is over for good. Nothing is lost if the wait is given up.
    pub async fn next(&mut self) -> Option<Happening> {
        loop {
            match &mut self.stage {
                Stage::Standing => {
                    let wish = self.wish.due();
                    tokio::select! {
                        event = self.link.next() => return self.hear(event),
                        () = sleep_until(wish.unwrap_or_else(Instant::now)), if wish.is_some() => self.wish_again(),
                    }
                }
                Stage::Waiting(until) => {
                    sleep_until(*until).await;
                    self.dial();
                }
                Stage::Dialling(attempt) => match attempt.as_mut().await {
                    Ok((link, relay)) => {
                        self.link = link;
                        self.relay = relay.or_else(|| self.relay.take());
                        self.stage = Stage::Standing;
                    }
                    Err(fault) => return Some(self.miss(fault)),
                },
                Stage::Over => return None,
            }
        }
    }

    fn dial(&mut self) {
        let Some(way) = &self.way else {
            self.stage = Stage::Over;
            return;
        };
        let (dial, config, pacing) = (way.dial.clone(), way.config.clone(), way.pacing);
        let port = way.relay;
        self.stage = Stage::Dialling(Box::pin(async move {
            let relay = match port {
                Some(port) => local::relay(port).await.map_err(|fault| fault.to_string())?,
                None => None,
            };
            let link = dial.connect(config, pacing).await;
            link.map(|link| (link, relay)).map_err(|fault| fault.to_string())
        }));
    }

    /// Takes note of an event before it is passed on.
    fn hear(&mut self, event: Option<Event>) -> Option<Happening> {
        let event = match event {
            Some(Event::Disconnected { reason }) => return Some(self.lose(reason)),
            None => return Some(self.lose(None)),
            Some(event) => event,
        };
        match &event {
            Event::Killed { .. } => self.backoff.at_least(AFTER_KILL),
            Event::ServerError(words) if is_flood(words) => self.slow_down(),
            Event::Quit { nick, .. } if *nick == self.link.client().wanted_nick() => self.wish.now(),
            Event::Renamed { own: true, .. } => self.wish.give_up(),
            // The numbers below 250 are the welcome; with what comes after it the server has said what it supports.
            Event::Numeric { code: 250.., .. }
                if self.ready.is_none() && self.link.client().is_registered() =>
            {
                return Some(self.get_ready());
            }
            _ => {}
        }
        Some(Happening::Event(event))
    }

    fn get_ready(&mut self) -> Happening {
        let again = std::mem::replace(&mut self.was_ready, true);
        self.ready = Some(Instant::now());
        let client = self.link.client();
        self.wish.look(client.nick() == client.wanted_nick());
        Happening::Ready { again }
    }

    fn wish_again(&mut self) {
        let client = self.link.client();
        if let Ok(line) = client.rename(client.wanted_nick().as_bytes()) {
            // A queue that is full is no time for wishes.
            let _later = self.link.send(line);
        }
        self.wish.again();
    }

    fn lose(&mut self, reason: Option<String>) -> Happening {
        let Some(since) = self.ready.take() else {
            if self.was_ready {
                return self.miss(reason.unwrap_or_else(|| "the server closed the connection".to_owned()));
            }
            // Not even the first connection was let in: whoever wanted it has to look at the reason.
            return self.over(reason);
        };
        if since.elapsed() >= STABLE {
            self.backoff.reset();
        }
        if self.way.is_none() {
            return self.over(reason);
        }
        let unsent = self.link.take_unsent();
        Happening::Lost {
            reason,
            unsent,
            after: Some(self.wait()),
        }
    }

    fn over(&mut self, reason: Option<String>) -> Happening {
        self.stage = Stage::Over;
        let unsent = self.link.take_unsent();
        Happening::Lost {
            reason,
            unsent,
            after: None,
        }
    }

    fn miss(&mut self, fault: String) -> Happening {
        Happening::StillAway {
            fault,
            after: self.wait(),
        }
    }

    fn wait(&mut self) -> Duration {
        let random = self.way.as_mut().map_or(0, |way| random(&mut *way.rng));
        let after = self.backoff.draw(random);
        self.stage = Stage::Waiting(Instant::now() + after);
        after
    }

    /// The server threw us out for talking too fast.
    fn slow_down(&mut self) {
        if let Some(way) = &mut self.way {
            let slower = way.pacing.interval.max(Pacing::default().interval) * 2;
            way.pacing = Pacing {
                burst: (way.pacing.burst / 2).max(1),
                interval: slower.min(SLOWEST),
            };
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("link", &self.link)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

/// How long to wait before the next attempt.
#[derive(Debug)]
struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST_WAIT }
    }
}

impl Backoff {
    /// Between half and the whole of a time that doubles with each draw.
    fn draw(&mut self, random: u32) -> Duration {
        let half = self.next / 2;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    fn at_least(&mut self, time: Duration) {
        self.next = self.next.max(time);
    }

    fn reset(&mut self) {
        self.next = FIRST_WAIT;
    }
}

/// The wish for the nick that we had before: the server may hold it for the connection that broke.
#[derive(Debug, Default)]
struct NickWish {
    had: bool,
    due: Option<Instant>,
    tries: u32,
}

impl NickWish {
    /// A connection is ready, with or without the wanted nick.
    fn look(&mut self, have: bool) {
        // A nick that we never had is somebody else's.
        self.due = (self.had && !have).then(|| Instant::now() + WISH_PAUSE);
        self.tries = 0;
        self.had |= have;
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The nick is free now.
    fn now(&mut self) {
        if self.due.is_some() {
            self.due = Some(Instant::now());
        }
    }

    fn again(&mut self) {
        self.tries += 1;
        self.due = (self.tries < MOST_WISHES).then(|| Instant::now() + WISH_PAUSE);
    }

    fn give_up(&mut self) {
        self.due = None;
    }
}

fn random(rng: &mut dyn CryptoRng) -> u32 {
    rng.next_u32()
}

/// Whether a server's last words are about talking too fast.
fn is_flood(words: &[u8]) -> bool {
    let words = words.to_ascii_lowercase();
    let mentions = |what: &[u8]| words.windows(what.len()).any(|at| at == what);
    mentions(b"flood") || mentions(b"recvq")
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);
/// A connection that has stood for so long was a good one: the waits begin anew.
const STABLE: Duration = Duration::from_secs(60);
/// Somebody wanted us off the network: not at once again.
const AFTER_KILL: Duration = Duration::from_secs(30);
const WISH_PAUSE: Duration = Duration::from_secs(30);
const MOST_WISHES: u32 = 20;
/// One line in four seconds.
const SLOWEST: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        let longest: Vec<_> = (0..11)
            .map(|_| backoff.draw(u32::MAX).as_secs_f64().round())
            .collect();
        assert_eq!(longest, [1., 2., 4., 8., 16., 32., 64., 128., 256., 300., 300.]);
        backoff.reset();
        let shortest: Vec<_> = (0..4).map(|_| backoff.draw(0).as_millis()).collect();
        assert_eq!(shortest, [500, 1000, 2000, 4000]);
        backoff.reset();
        backoff.at_least(AFTER_KILL);
        assert_eq!(backoff.draw(0), AFTER_KILL / 2);
    }

    #[test]
    fn knows_what_a_flood_is_called() {
        for words in [
            "Closing link: (a@b) [Excess Flood]",
            "Closing Link: RecvQ exceeded",
        ] {
            assert!(is_flood(words.as_bytes()), "{words}");
        }
        assert!(!is_flood(b"Closing link: Ping timeout"));
    }
}
