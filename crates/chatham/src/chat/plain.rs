//! The plain client: lines in, lines out. It can do everything that the full screen can.

use std::io::{self, Write};

use im::irc::Nick;
use otr::{Policy, Version};
use otr_store::Store;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::chat::action::{Action, Command};
use crate::chat::arrival::arrive;
use crate::chat::attached::Attached;
use crate::chat::conversations::{Conversations, Report, key_in};
use crate::chat::input;
use crate::chat::object;
use crate::chat::own::Own;
use crate::chat::remark::Remark;
use crate::chat::screen::Screen;
use crate::chat::typing::Typed;
use crate::config::{Attachment, Form, Resolved};
use crate::control::Client as Control;
use crate::seat::Network;
use crate::verify::qr;

/// Conversations at the terminal.
struct Client<'a, C> {
    conversations: C,
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
    let arrival = begun(arrived, objects, &mut screen)?;
    let client = Client {
        conversations: Own::new(arrival, false),
        screen,
        objects,
        nick: None,
        peer: resolved.peer.clone().map(String::into_bytes),
        over: false,
    };
    client.run(Vec::new(), input).await
}

/// The same in the conversations of a running proxy.
///
/// # Errors
/// What the proxy refuses, or `out` from being written.
pub(crate) async fn attach(
    attachment: &Attachment,
    (control, profile): (Control, String),
    input: mpsc::Receiver<Typed>,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let objects = attachment.form == Form::Json;
    let mut screen = Screen::new(out, objects);
    let begins = Attached::begin(control, profile).await.map_err(io::Error::other);
    let (conversations, reports) = begun(begins, objects, &mut screen)?;
    let client = Client {
        conversations,
        screen,
        objects,
        nick: None,
        peer: attachment.peer.clone().map(String::into_bytes),
        over: false,
    };
    client.run(reports, input).await
}

/// Whoever reads objects is told what keeps it from beginning as well.
fn begun<T>(result: io::Result<T>, objects: bool, screen: &mut Screen<'_>) -> io::Result<T> {
    if let Err(error) = &result
        && objects
    {
        screen.remark(&Remark::new("failed", error.to_string()))?;
    }
    result
}

impl<C: Conversations> Client<'_, C> {
    async fn run(mut self, first: Vec<Report>, input: mpsc::Receiver<Typed>) -> io::Result<bool> {
        self.tell(first)?;
        let wished = self.talk(input).await;
        self.leave().await?;
        wished
    }

    async fn talk(&mut self, mut input: mpsc::Receiver<Typed>) -> io::Result<bool> {
        while !self.over {
            tokio::select! {
                reports = self.conversations.next() => match reports {
                    Some(reports) => self.tell(reports)?,
                    None => return Ok(false),
                },
                // What is typed before we are known on the network waits.
                line = input.recv(), if self.nick.is_some() => match line {
                    Some(Typed::Line(line)) => self.read(&line)?,
                    Some(Typed::TooLong) => self.screen.remark(&Remark::mistake("the line is too long"))?,
                    None => self.over = true,
                },
                _ = tokio::signal::ctrl_c() => self.over = true,
            }
        }
        Ok(true)
    }

    async fn leave(mut self) -> io::Result<()> {
        let waiting = self.conversations.lost_by_leaving();
        if waiting > 0 {
            let words = match waiting {
                1 => "one text that waited or may be lost is gone with this program".to_owned(),
                waiting => format!("{waiting} texts that waited or may be lost are gone with this program"),
            };
            let remark = Remark::new("texts-gone", words).with(json!({ "texts": waiting }));
            self.screen.remark(&remark)?;
        }
        for report in self.conversations.leave().await {
            show(&mut self.screen, &report)?;
        }
        Ok(())
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
        let about_nobody = match command.action {
            Action::Quit => {
                self.over = true;
                return Ok(());
            }
            Action::Help => {
                return input::help(self.conversations.outlives_us())
                    .try_for_each(|line| self.screen.remark(&Remark::new("help", line)));
            }
            Action::Turn => {
                self.peer = command.to;
                return self.introduce();
            }
            Action::Qr(path) => return self.picture(&path),
            Action::Reconnect | Action::People | Action::Fingerprints => true,
            _ => false,
        };
        let mapping = self.conversations.mapping();
        let peer = command.to.as_ref().or(self.peer.as_ref());
        let peer = peer.map(|peer| Nick::new(peer.as_slice(), mapping));
        if peer.is_none() && !about_nobody {
            let words = "to whom? /to NICK, or \"to\" in an object";
            return self.screen.remark(&Remark::mistake(words));
        }
        let reports = self.conversations.obey(peer.as_ref(), command.action);
        self.tell(reports)
    }

    /// Writes our fingerprint into a picture.
    fn picture(&mut self, path: &std::path::Path) -> io::Result<()> {
        let shown = path.display();
        let Some(key) = key_in(&self.conversations.own_keys(), None) else {
            let remark = Remark::mistake(format!("{shown} was not written: there is no key"));
            return self.screen.remark(&remark);
        };
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

    fn tell(&mut self, reports: Vec<Report>) -> io::Result<()> {
        for report in reports {
            show(&mut self.screen, &report)?;
            if let Report::Network(network) = report {
                self.take_network(network)?;
            }
        }
        Ok(())
    }

    fn take_network(&mut self, network: Network) -> io::Result<()> {
        match network {
            Network::Registered(nick) => {
                if let Some(key) = key_in(&self.conversations.own_keys(), None) {
                    self.screen.remark(&Remark::connected(&nick, key))?;
                }
                self.nick = Some(nick);
                self.introduce()
            }
            Network::Unattended(nick) => match self.nick.replace(nick) {
                None => self.introduce(),
                Some(_) => Ok(()),
            },
            Network::Renamed(nick) | Network::Reconnected { nick } => {
                self.nick = Some(nick);
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

fn show(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    match report {
        Report::Notice(notice) => screen.notice(notice),
        Report::Remark(remark) => screen.remark(remark),
        Report::Network(network) => match Remark::of(network) {
            Some(remark) => screen.remark(&remark),
            None => Ok(()),
        },
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
