//! The plain client: lines in, lines out. It can do everything that the full screen can.

use std::io::{self, Write};
use std::time::Duration;

use im::irc::Nick;
use otr::{Policy, Version};
use otr_store::Store;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::chat::action::{Action, Command};
use crate::chat::arrival::{Arrival, arrive};
use crate::chat::input::{self, HELP};
use crate::chat::object;
use crate::chat::remark::Remark;
use crate::chat::screen::Screen;
use crate::chat::typing::Typed;
use crate::config::{Form, Mode, Resolved, Rules};
use crate::engine::notice::PersonSummary;
use crate::present::json::{fingerprint, standing};
use crate::present::words::standing_words;
use crate::seat::{Network, News, Seat, now};
use crate::vault::Vault;
use crate::verify::qr;

/// A conversation at the terminal.
struct Client<'a> {
    seat: Seat,
    vault: Vault,
    screen: Screen<'a>,
    /// Whether lines may be JSON objects.
    objects: bool,
    /// Our nick as the network knows it, once it does.
    nick: Option<Nick>,
    peer: Option<Vec<u8>>,
    over: bool,
}

/// Talks until `/quit`, the end of the input or of the connection. `true` if it was the person's wish to end.
///
/// # Errors
/// What keeps the client from starting, or `out` from being written.
pub async fn run(
    resolved: &Resolved,
    store: Store,
    input: mpsc::Receiver<Typed>,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let objects = resolved.form == Form::Json;
    let mut screen = Screen::new(out, objects);
    if objects {
        for warning in &resolved.warnings {
            let words = Remark::new("warning", warning.what.clone());
            screen.remark(&words.with(warning.json()))?;
        }
    }
    let arrived = arrive(resolved, store, &mut |remark| screen.remark(&remark)).await;
    let Arrival { seat, vault } = match arrived {
        Ok(arrival) => arrival,
        Err(error) => {
            if objects {
                screen.remark(&Remark::new("failed", error.to_string()))?;
            }
            return Err(error);
        }
    };
    let mut client = Client {
        seat,
        vault,
        screen,
        objects,
        nick: None,
        peer: resolved.peer.clone().map(String::into_bytes),
        over: false,
    };
    let wished = client.talk(input).await;
    let goodbye = client.leave().await;
    goodbye?;
    wished
}

impl Client<'_> {
    async fn talk(&mut self, mut input: mpsc::Receiver<Typed>) -> io::Result<bool> {
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
                    Some(Typed::Line(line)) => self.read(&line)?,
                    Some(Typed::TooLong) => self.screen.remark(&Remark::mistake("the line is too long"))?,
                    None => self.over = true,
                },
                _ = tokio::signal::ctrl_c() => self.over = true,
                () = tokio::time::sleep(wait) => {
                    let effects = self.seat.engine().tick(now());
                    let news = self.seat.carry_out(effects);
                    self.tell(news)?;
                    if let Err(error) = self.vault.renew_profile(self.seat.engine(), now()) {
                        self.screen.remark(&Remark::new("store", format!("not stored: {error}")))?;
                    }
                }
            }
        }
        Ok(true)
    }

    /// Ends what is private, says goodbye, and lets go.
    async fn leave(mut self) -> io::Result<()> {
        let waiting: usize = self.seat.engine().people().map(|person| person.waiting).sum();
        if waiting > 0 {
            let words = match waiting {
                1 => "one text that waited or may be lost is gone with this program".to_owned(),
                waiting => format!("{waiting} texts that waited or may be lost are gone with this program"),
            };
            let remark = Remark::new("texts-gone", words).with(json!({ "texts": waiting }));
            self.screen.remark(&remark)?;
        }
        let effects = self.seat.engine().end_all(now());
        let news = self.seat.carry_out(effects);
        let told = self.tell(news);
        self.seat.leave(PATIENCE).await;
        told
    }

    fn read(&mut self, line: &[u8]) -> io::Result<()> {
        let read = if self.objects && line.starts_with(b"{") {
            object::read(line).map(Some)
        } else {
            input::read(line)
        };
        match read {
            Ok(None) => Ok(()),
            Ok(Some(command)) => self.obey(command),
            Err(words) => self.screen.remark(&Remark::mistake(words)),
        }
    }

    fn obey(&mut self, command: Command) -> io::Result<()> {
        match command.action {
            Action::Quit => {
                self.over = true;
                return Ok(());
            }
            Action::Help => {
                return HELP
                    .iter()
                    .try_for_each(|line| self.screen.remark(&Remark::new("help", *line)));
            }
            Action::Turn => {
                self.peer = command.to;
                return self.introduce();
            }
            Action::Reconnect => return self.reconnect(),
            Action::Qr(path) => return self.picture(&path),
            Action::People => return self.people(),
            Action::Fingerprints => {
                let account = self.seat.engine().account();
                let mut keys = vec![account.newest_fingerprint(), account.fingerprint()];
                keys.dedup();
                for key in keys {
                    let remark = Remark::new("own-fingerprint", format!("your own key: {key}"));
                    self.screen
                        .remark(&remark.with(json!({ "fingerprint": fingerprint(key) })))?;
                }
                if command.to.is_none() && self.peer.is_none() {
                    return Ok(());
                }
            }
            _ => {}
        }
        let Some(peer) = command.to.as_ref().or(self.peer.as_ref()) else {
            return self
                .screen
                .remark(&Remark::mistake("to whom? /to NICK, or \"to\" in an object"));
        };
        let peer = self.seat.engine().fold(peer);
        if let Action::Policy(mode) = command.action {
            return self.policy(&peer, mode);
        }
        let news = self.seat.act(&peer, |engine, peer, now| {
            command.action.carry_out(engine, peer, now)
        });
        self.tell(news)
    }

    /// Writes our fingerprint into a picture.
    fn picture(&mut self, path: &std::path::Path) -> io::Result<()> {
        let key = self.seat.engine().account().newest_fingerprint();
        let shown = path.display();
        let remark = match qr::write_png(key, path) {
            Ok(()) => Remark::new(
                "qr",
                format!("{shown} shows your fingerprint as a code to be scanned"),
            )
            .with(json!({ "file": shown.to_string() })),
            Err(error) => Remark::mistake(format!("{shown} was not written: {error}")),
        };
        self.screen.remark(&remark)
    }

    /// Everybody we know or wait for, and how we stand with them.
    fn people(&mut self) -> io::Result<()> {
        let known = |person: &PersonSummary| person.acquainted || person.waiting > 0;
        let people: Vec<PersonSummary> = self.seat.engine().people().filter(known).collect();
        if people.is_empty() {
            return self
                .screen
                .remark(&Remark::new("hint", "nobody yet; /to NICK begins"));
        }
        people.iter().try_for_each(|person| {
            let words = format!("{}: {}", person.nick, standing_words(person.standing));
            let fields = json!({
                "with": person.nick.to_string(), "standing": standing(person.standing), "waiting": person.waiting,
                "lost": person.lost,
            });
            self.screen.remark(&Remark::new("person", words).with(fields))
        })
    }

    /// Shows what is willing to happen with somebody, or changes it for this run.
    fn policy(&mut self, peer: &Nick, mode: Option<Mode>) -> io::Result<()> {
        if let Some(mode) = mode {
            let policy = Rules::with_mode(self.seat.engine().policy(peer).clone(), mode);
            self.seat.engine().set_policy(peer, policy);
        }
        let remark = policy_remark(peer, self.seat.engine().policy(peer));
        self.screen.remark(&remark)
    }

    fn reconnect(&mut self) -> io::Result<()> {
        if self.seat.hurry() {
            return Ok(());
        }
        let words = if self.seat.is_connected() {
            "the connection stands"
        } else {
            "an attempt is under way"
        };
        self.screen.remark(&Remark::mistake(words))
    }

    fn tell(&mut self, news: Vec<News>) -> io::Result<()> {
        for news in news {
            match news {
                News::Notice(notice) => self.screen.notice(&notice)?,
                News::Remember(memory) => {
                    if let Err(error) = self.vault.remember(&memory) {
                        let remark = Remark::new("store", format!("not stored: {error}"));
                        self.screen.remark(&remark)?;
                    }
                }
                News::Network(network) => self.tell_network(&network)?,
            }
        }
        let mut late = Vec::new();
        self.seat.flush(&mut late);
        if late.is_empty() { Ok(()) } else { self.tell(late) }
    }

    fn tell_network(&mut self, network: &Network) -> io::Result<()> {
        if let Some(remark) = Remark::of(network) {
            self.screen.remark(&remark)?;
        }
        match network {
            Network::Registered(nick) => {
                let key = self.seat.engine().account().newest_fingerprint();
                self.screen.remark(&Remark::connected(nick, key))?;
                self.nick = Some(nick.clone());
                self.introduce()
            }
            Network::Renamed(nick) | Network::Reconnected { nick } => {
                self.nick = Some(nick.clone());
                Ok(())
            }
            Network::NickRefused { next: None, .. } => {
                self.over = self.nick.is_none();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Says with whom we talk now.
    fn introduce(&mut self) -> io::Result<()> {
        let Some(peer) = &self.peer else {
            let words = "to whom? /to NICK; /help lists the commands";
            return self.screen.remark(&Remark::new("hint", words));
        };
        let name = String::from_utf8_lossy(peer).into_owned();
        let remark = Remark::new("to", format!("you talk to {name}; /help lists the commands"));
        self.screen.remark(&remark.with(json!({ "nick": name })))
    }
}

/// A policy in words and values.
pub(crate) fn policy_remark(peer: &Nick, policy: &Policy) -> Remark {
    let lowest = policy.negotiable().iter().map(Version::number).min();
    let words = match lowest {
        None => format!("{peer}: no private conversations at all"),
        Some(lowest) => {
            let held = if policy.require_encryption {
                "a text waits until it can go encrypted"
            } else {
                "clear text is allowed"
            };
            let begins = if policy.tag_starts {
                "begins as soon as both can"
            } else {
                "begins when one of you asks"
            };
            format!(
                "{peer}: a private conversation {begins}; {held}; version {lowest} or later; filled up to multiples of {} bytes",
                policy.padding_bucket
            )
        }
    };
    let fields = json!({
        "with": peer.to_string(), "on": policy.is_on(), "require-encryption": policy.require_encryption,
        "send-tag": policy.send_tag, "tag-starts": policy.tag_starts, "error-starts": policy.error_starts,
        "minimum-version": lowest.map_or(Value::Null, |lowest| json!(lowest)), "padding": policy.padding_bucket,
    });
    Remark::new("policy", words).with(fields)
}

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);
/// How long the server may take to let us go.
const PATIENCE: Duration = Duration::from_secs(3);
