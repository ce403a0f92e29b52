//! A link that is made anew when it breaks: when, how often, under which nick, and at what speed.
//!
//! ```text
//! Standing --broken--> Waiting --time--> Dialling --welcome--> Standing
//!                         ^------ failed -------'
//! ```
//!
//! A stream of XMPP that breaks may go on where it broke (XEP-0198). For so long as that may still come about nothing is
//! called lost, and nobody hears of it if it does.
//!
//! It goes the same way each time: what was to be encrypted or to pass a proxy stays so. Conversations know nothing of
//! it; see [`crate::seat`] for what they are told.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use im::irc::{Event, Nick, Pacing};
use im::relay::Relay;
use im::xmpp::Client;
use rand_core::CryptoRng;
use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::network::Dialled;
pub use crate::network::{IrcWay, Link, Way, XmppWay};
use crate::nick_wish::NickWish;

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
    /// A stream that has broken and may still go on.
    broken: Option<Broken>,
    /// What is told next.
    told: VecDeque<Happening>,
}

/// What is known of a stream that broke and may still go on.
struct Broken {
    reason: Option<String>,
    /// Messages that have certainly not gone out, if it does not go on.
    unsent: Vec<(Nick, Vec<u8>)>,
    until: Instant,
    /// Who goes on with it; not here while that is tried.
    client: Option<Client>,
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
        /// Messages that have certainly not been sent, and to whom.
        unsent: Vec<(Nick, Vec<u8>)>,
        /// When the next attempt is made, if that is not told by itself, and it is not over for good.
        after: Option<Duration>,
    },
    /// A connection that broke goes on where it did, and nothing was lost.
    Resumed,
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
    Dialling(Pin<Box<dyn Future<Output = Dialled> + Send>>),
    Over,
}

impl Connection {
    /// A link that is not made anew.
    pub fn once(link: impl Into<Link>) -> Self {
        Self::new(link.into(), None, None)
    }

    /// A link, and how to make it anew whenever it breaks; and the relay that it leads to, if this program runs it.
    pub fn lasting(link: impl Into<Link>, way: impl Into<Way>, relay: Option<Relay>) -> Self {
        Self::new(link.into(), Some(way.into()), relay)
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
            broken: None,
            told: VecDeque::new(),
        }
    }

    /// The link: the one that stands, or the last one that did.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The same, to send something.
    pub fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Says goodbye, which may take so long, and ends the relay if this program runs it: in that order, so that what
    /// goes through it has gone.
    pub async fn close(self, patience: Duration) {
        self.link.close(patience).await;
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
            if let Some(happening) = self.told.pop_front() {
                return Some(happening);
            }
            match &mut self.stage {
                Stage::Standing => {
                    let wish = self.wish.due();
                    tokio::select! {
                        event = self.link.next() => {
                            if let Some(happening) = self.hear(event) {
                                return Some(happening);
                            }
                        }
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
                        self.come_back();
                    }
                    Err((fault, client)) => {
                        self.still_broken(client);
                        let missed = self.miss(fault);
                        self.told.push_back(missed);
                    }
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
        let before = self.broken.as_mut().and_then(|broken| broken.client.take());
        self.stage = Stage::Dialling(way.dial(before));
    }

    /// Takes note of an event before it is passed on, if it is.
    fn hear(&mut self, event: Option<Event>) -> Option<Happening> {
        let event = match event {
            Some(Event::Disconnected { reason }) => {
                return if self.may_go_on(&reason) {
                    None
                } else {
                    Some(self.lose(reason))
                };
            }
            None => return Some(self.lose(None)),
            Some(event) => event,
        };
        match &event {
            Event::Killed { .. } => self.backoff.at_least(AFTER_KILL),
            Event::ServerError(words) if is_flood(words) => self.slow_down(),
            Event::Quit { nick, .. } if *nick == self.link.wanted_nick() => self.wish.now(),
            Event::Renamed { own: true, .. } => self.wish.give_up(),
            // The numbers below 250 are the welcome; with what comes after it the server has said what it supports.
            Event::Numeric { code: 250.., .. }
                if self.ready.is_none() && self.link.irc().is_some_and(im::irc::Client::is_registered) =>
            {
                return Some(self.get_ready());
            }
            // Whoever has a place there may speak at once.
            Event::Registered { .. } if self.link.irc().is_none() => {
                if self.ready.is_some() {
                    return Some(Happening::Resumed);
                }
                let ready = self.get_ready();
                self.told.push_back(ready);
            }
            _ => {}
        }
        Some(Happening::Event(event))
    }

    fn get_ready(&mut self) -> Happening {
        let again = std::mem::replace(&mut self.was_ready, true);
        self.ready = Some(Instant::now());
        self.wish.look(self.link.nick() == self.link.wanted_nick());
        Happening::Ready { again }
    }

    fn wish_again(&mut self) {
        let line = self
            .link
            .irc()
            .map(|client| client.rename(client.wanted_nick().as_bytes()));
        if let Some(Ok(line)) = line {
            // A queue that is full is no time for wishes.
            let _later = self.link.send(line);
        }
        self.wish.again();
    }

    /// Whether the stream that has broken may go on; nothing is lost then, yet.
    fn may_go_on(&mut self, reason: &Option<String>) -> bool {
        let (Link::Xmpp(link), Some(since), Some(_)) = (&mut self.link, self.ready, &self.way) else {
            return false;
        };
        if !link.client().is_resumable() {
            return false;
        }
        self.broken = Some(Broken {
            reason: reason.clone(),
            unsent: link.take_unsent(),
            until: Instant::now() + GOING_ON,
            client: Some(link.take_client()),
        });
        if since.elapsed() >= STABLE {
            self.backoff.reset();
        }
        self.wait();
        true
    }

    /// There is a link again after one broke: it goes on there, or what was lost is told now.
    fn come_back(&mut self) {
        let Some(broken) = self.broken.take() else { return };
        let Link::Xmpp(link) = &mut self.link else { return };
        if !link.client().is_resumed() {
            let unsent = link.take_refused().unwrap_or(broken.unsent);
            self.give_up(broken.reason, unsent);
        }
    }

    /// An attempt to go on has failed; after some of them it is over with that stream.
    fn still_broken(&mut self, client: Option<Client>) {
        let Some(mut broken) = self.broken.take() else {
            return;
        };
        if client.is_some() && Instant::now() < broken.until {
            broken.client = client;
            self.broken = Some(broken);
        } else {
            self.give_up(broken.reason, broken.unsent);
        }
    }

    fn give_up(&mut self, reason: Option<String>, unsent: Vec<(Nick, Vec<u8>)>) {
        self.ready = None;
        self.told.push_back(Happening::Lost {
            reason,
            unsent,
            after: None,
        });
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
        let random = self.way.as_mut().map_or(0, |way| random(way.rng()));
        let after = self.backoff.draw(random);
        self.stage = Stage::Waiting(Instant::now() + after);
        after
    }

    /// The server threw us out for talking too fast.
    fn slow_down(&mut self) {
        if let Some(Way::Irc(way)) = &mut self.way {
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

fn random(rng: &mut dyn CryptoRng) -> u32 {
    rng.next_u32()
}

/// Whether a server's last words are about talking too fast.
fn is_flood(words: &[u8]) -> bool {
    let words = words.to_ascii_lowercase();
    let mentions = |what: &[u8]| words.windows(what.len()).any(|at| at == what);
    mentions(b"flood") || mentions(b"recvq")
}

/// So long a stream that broke is tried to be gone on with, before everybody hears of it.
const GOING_ON: Duration = Duration::from_secs(30);
/// A connection that has stood for so long was a good one: the waits begin anew.
const STABLE: Duration = Duration::from_secs(60);
/// Somebody wanted us off the network: not at once again.
const AFTER_KILL: Duration = Duration::from_secs(30);
/// One line in four seconds.
const SLOWEST: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

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
