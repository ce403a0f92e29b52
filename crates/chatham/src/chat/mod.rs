//! A small client: lines in, lines out.

pub mod input;
pub mod local;
pub mod screen;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

use im::irc::{Config, Nick, Pacing};
use im::link::Link;
use otr::Policy;
use serde_json::json;
use tokio::sync::mpsc;

use crate::chat::input::{HELP, Input};
use crate::chat::screen::Screen;
use crate::engine::Engine;
use crate::randomness;
use crate::seat::{Network, News, Seat, now};
use crate::vault::{DEFAULT_PROFILE, Identity, Vault};

/// What the client is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to go.
    pub place: Place,
    /// Our nick, which is also the name of the key.
    pub nick: String,
    /// With whom to talk at first.
    pub peer: Option<String>,
    /// Where keys and trust are kept.
    pub data: PathBuf,
    /// Whether to write JSON.
    pub json: bool,
    /// The server's password.
    pub password: Option<Vec<u8>>,
}

/// Which server to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This one.
    Server(String, u16),
    /// The relay of this computer on this port, started if it is not there.
    Local(u16),
}

/// A conversation at the terminal.
struct Client<'a> {
    seat: Seat,
    vault: Vault,
    screen: Screen<'a>,
    /// Our nick as the network knows it, once it does.
    nick: Option<Nick>,
    peer: Option<Vec<u8>>,
    over: bool,
}

/// Talks until `/quit`, the end of the input or of the connection. `true` if it was the person's wish to end.
///
/// # Errors
/// What keeps the client from starting, or `out` from being written.
pub async fn run(options: Options, input: mpsc::Receiver<Vec<u8>>, out: &mut dyn Write) -> io::Result<bool> {
    let mut screen = Screen::new(out, options.json);
    let mut vault = Vault::open(&options.data, DEFAULT_PROFILE, &options.nick).map_err(io::Error::other)?;
    for notice in vault.store().notices() {
        screen.remark("store", &notice.to_string(), json!({}))?;
    }
    let word = match vault.identity() {
        Identity::Profile => None,
        Identity::Nick { .. } => Some("earlier-key"),
        Identity::New { .. } => Some("making-key"),
    };
    if let Some(word) = word {
        screen.remark(word, &vault.identity().to_string(), json!({}))?;
    }
    let account = vault.account(&mut *randomness()).map_err(io::Error::other)?;
    let mut engine = Engine::new(account, Policy::opportunistic(), randomness());
    vault.teach(&mut engine);

    let mut config = Config::new(options.nick.as_bytes());
    config.password.clone_from(&options.password);
    let (link, relay) = match options.place {
        Place::Server(host, port) => (Link::connect(&host, port, config, Pacing::default()).await, None),
        Place::Local(port) => {
            let relay = local::relay(port).await?;
            if relay.is_some() {
                let words =
                    format!("this program is the relay on 127.0.0.1:{port} now; the relay ends with it");
                screen.remark("relay", &words, json!({ "port": port }))?;
            }
            (
                Link::connect("127.0.0.1", port, config, Pacing::unlimited()).await,
                relay,
            )
        }
    };
    let link = link.map_err(io::Error::other)?;
    let peer = options.peer.map(String::into_bytes);
    let mut client = Client {
        seat: Seat::new(link, engine),
        vault,
        screen,
        nick: None,
        peer,
        over: false,
    };
    let wished = client.talk(input).await;
    let goodbye = client.leave().await;
    if let Some(relay) = relay {
        relay.shutdown().await;
    }
    goodbye?;
    wished
}

/// Reads lines of the standard input on a thread of its own, so that waiting for them blocks nothing. The channel
/// closes at the end of the input.
pub fn standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (lines, input) = mpsc::channel(INPUT_QUEUE);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut line = Vec::new();
        while matches!(stdin.read_until(b'\n', &mut line), Ok(1..)) {
            while matches!(line.last(), Some(b'\n' | b'\r')) {
                line.pop();
            }
            if lines.blocking_send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    input
}

impl Client<'_> {
    async fn talk(&mut self, mut input: mpsc::Receiver<Vec<u8>>) -> io::Result<bool> {
        while !self.over {
            let deadline = self.seat.engine().next_deadline();
            let wait = deadline.map_or(LONG, |deadline| deadline.since(now())).max(SHORT);
            let wait = if self.seat.has_backlog() { SHORT } else { wait };
            tokio::select! {
                news = self.seat.next() => match news {
                    Some(news) => self.tell(news)?,
                    None => return Ok(false),
                },
                // What is typed before we are known on the network waits.
                line = input.recv(), if self.nick.is_some() => match line {
                    Some(line) => self.obey(&line)?,
                    None => self.over = true,
                },
                _ = tokio::signal::ctrl_c() => self.over = true,
                () = tokio::time::sleep(wait) => {
                    let effects = self.seat.engine().tick(now());
                    let news = self.seat.carry_out(effects);
                    self.tell(news)?;
                }
            }
        }
        Ok(true)
    }

    /// Ends what is private, says goodbye, and lets go.
    async fn leave(mut self) -> io::Result<()> {
        let effects = self.seat.engine().end_all(now());
        let news = self.seat.carry_out(effects);
        let told = self.tell(news);
        self.seat.into_link().close(b"", PATIENCE).await;
        told
    }

    fn obey(&mut self, line: &[u8]) -> io::Result<()> {
        let input = input::read(line);
        match input {
            Input::Nothing => return Ok(()),
            Input::Quit => {
                self.over = true;
                return Ok(());
            }
            Input::Help => {
                return HELP
                    .iter()
                    .try_for_each(|line| self.screen.remark("help", line, json!({})));
            }
            Input::Mistake(words) => return self.screen.remark("mistake", &words, json!({})),
            Input::To(nick) => {
                self.peer = Some(nick);
                return self.introduce();
            }
            _ => {}
        }
        if input == Input::Fingerprints {
            let key = self.seat.engine().account().fingerprint();
            let fields = json!({ "fingerprint": crate::present::json::fingerprint(key) });
            self.screen
                .remark("own-fingerprint", &format!("your own key: {key}"), fields)?;
        }
        let Some(peer) = &self.peer else {
            return self.screen.remark("mistake", "to whom? /to NICK", json!({}));
        };
        let peer = self.seat.engine().fold(peer);
        let news = self.seat.act(&peer, |engine, peer, now| match input {
            Input::Say(words) => engine.say(peer, words, now),
            Input::Start => engine.start(peer, now),
            Input::End => engine.end(peer, now),
            Input::Accept => engine.accept(peer, now),
            Input::Verify { secret, question } => engine.verify(peer, &secret, question.as_deref(), now),
            Input::Answer(secret) => engine.answer(peer, &secret, now),
            Input::Drop => engine.drop_held(peer, now),
            Input::Abort => engine.abort(peer, now),
            Input::Trust(key) => engine.set_trust(peer, key, true, now),
            Input::Distrust(key) => engine.set_trust(peer, key, false, now),
            _ => engine.status(peer, now),
        });
        self.tell(news)
    }

    fn tell(&mut self, news: Vec<News>) -> io::Result<()> {
        for news in news {
            match news {
                News::Notice(notice) => self.screen.notice(&notice)?,
                News::Remember(memory) => {
                    if let Err(error) = self.vault.remember(&memory) {
                        self.screen
                            .remark("store", &format!("not stored: {error}"), json!({}))?;
                    }
                }
                News::Network(network) => self.tell_network(network)?,
            }
        }
        let mut late = Vec::new();
        self.seat.flush(&mut late);
        if late.is_empty() { Ok(()) } else { self.tell(late) }
    }

    fn tell_network(&mut self, network: Network) -> io::Result<()> {
        match network {
            Network::Registered(nick) => {
                let key = self.seat.engine().account().fingerprint();
                let fields = json!({
                    "nick": nick.to_string(), "fingerprint": crate::present::json::fingerprint(key),
                });
                let words = format!("you are {nick}; your key is {key}");
                self.nick = Some(nick);
                self.screen.remark("connected", &words, fields)?;
                self.introduce()
            }
            Network::Renamed(nick) => {
                let words = format!("you are {nick} now");
                let fields = json!({ "nick": nick.to_string() });
                self.nick = Some(nick);
                self.screen.remark("renamed-self", &words, fields)
            }
            Network::NickRefused { wanted, next } => {
                let wanted = String::from_utf8_lossy(&wanted).into_owned();
                let words = match next {
                    Some(next) => format!("{wanted} is taken; trying {}", String::from_utf8_lossy(&next)),
                    None => {
                        self.over = self.nick.is_none();
                        format!("{wanted} is taken")
                    }
                };
                self.screen
                    .remark("nick-refused", &words, json!({ "nick": wanted }))
            }
            Network::ServerError(words) => {
                let words = format!("the server says: {}", String::from_utf8_lossy(&words));
                self.screen.remark("server-error", &words, json!({}))
            }
            Network::Disconnected(reason) => {
                let reason = reason.unwrap_or_else(|| "the server closed it".into());
                self.screen.remark(
                    "disconnected",
                    &format!("the connection is gone: {reason}"),
                    json!({}),
                )
            }
            Network::SaslFailed(fault) => {
                let words = format!("the network does not know us by our account: {fault}");
                self.screen.remark("sasl-failed", &words, json!({}))
            }
            Network::Kicked { channel, by, .. } => {
                let words = format!("{by} threw you out of {}", String::from_utf8_lossy(&channel));
                self.screen
                    .remark("kicked", &words, json!({ "by": by.to_string() }))
            }
            Network::Killed { by, .. } => {
                let words = format!("{by} threw you off the network");
                self.screen
                    .remark("killed", &words, json!({ "by": by.to_string() }))
            }
            Network::Unreachable(fault) => self.screen.remark("unreachable", &fault, json!({})),
            Network::Reconnecting { after } => {
                let words = format!("trying to connect again in {} s", after.as_secs());
                let fields = json!({ "milliseconds": u64::try_from(after.as_millis()).unwrap_or(u64::MAX) });
                self.screen.remark("reconnecting", &words, fields)
            }
            Network::Reconnected { nick } => {
                let words = format!("connected again; you are {nick}");
                let fields = json!({ "nick": nick.to_string() });
                self.nick = Some(nick);
                self.screen.remark("reconnected", &words, fields)
            }
            Network::LoggedIn(_) | Network::Numeric(_) => Ok(()),
        }
    }

    /// Says with whom we talk now.
    fn introduce(&mut self) -> io::Result<()> {
        let Some(peer) = &self.peer else {
            return self.screen.remark(
                "mistake",
                "to whom? /to NICK; /help lists the commands",
                json!({}),
            );
        };
        let name = String::from_utf8_lossy(peer).into_owned();
        self.screen.remark(
            "to",
            &format!("you talk to {name}; /help lists the commands"),
            json!({ "nick": name }),
        )
    }
}

/// So many lines are read ahead of the network.
const INPUT_QUEUE: usize = 16;
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);
/// How long the server may take to let us go.
const PATIENCE: Duration = Duration::from_secs(3);
