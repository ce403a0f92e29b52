//! What the relay can do beyond the old protocol: CAP, SASL PLAIN, echoes and times.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::server::{ConnectionId, Effect, Server};
use crate::irc::{Capability, IrcLine, Message, server_time};

/// Where a client stands in proving who it is.
#[derive(Default)]
pub(super) enum Login {
    #[default]
    Nobody,
    /// The base64 that has come so far.
    Answering(Zeroizing<Vec<u8>>),
    Account,
}

impl Server {
    pub(super) fn cap(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let registered = self.user_of(id).is_some();
        let mut negotiate = |on: bool| {
            if let Some(connection) = self.connections.get_mut(&id).filter(|_| !registered) {
                connection.negotiating = on;
            }
        };
        let (word, text) = match message.param(0).to_ascii_uppercase().as_slice() {
            b"LS" => {
                negotiate(true);
                ("LS", self.offer(message.param(1) == b"302"))
            }
            b"LIST" => ("LIST", self.enabled(id)),
            b"REQ" => {
                negotiate(true);
                let granted = self.grant(id, message.param(1));
                (if granted { "ACK" } else { "NAK" }, message.param(1).to_vec())
            }
            b"END" => {
                negotiate(false);
                return self.let_in(id, out);
            }
            _ => return self.reply(id, "410", &[message.param(0)], b"Invalid CAP command", out),
        };
        let nick = self.nick_of(id).unwrap_or(b"*");
        let line = IrcLine::command("CAP")
            .source(&self.config.name)
            .param(nick)
            .param(word)
            .trailing(text);
        if let Ok(line) = line {
            Self::send(id, &line, out);
        }
    }

    fn offered(&self) -> impl Iterator<Item = Capability> {
        let sasl = (!self.config.accounts.is_empty()).then_some(Capability::Sasl);
        let known = |capability: &Capability| {
            matches!(
                capability,
                Capability::EchoMessage | Capability::MessageTags | Capability::ServerTime
            )
        };
        self.config.capabilities.iter().copied().filter(known).chain(sasl)
    }

    fn offer(&self, with_values: bool) -> Vec<u8> {
        let name = |capability: Capability| match capability {
            Capability::Sasl if with_values => "sasl=PLAIN",
            other => other.name(),
        };
        self.offered()
            .map(name)
            .collect::<Vec<_>>()
            .join(" ")
            .into_bytes()
    }

    fn enabled(&self, id: ConnectionId) -> Vec<u8> {
        let names = self
            .connections
            .get(&id)
            .map(|c| c.enabled.iter().map(|one| one.name()).collect::<Vec<_>>());
        names.unwrap_or_default().join(" ").into_bytes()
    }

    /// Grants all of what is asked for, or nothing.
    fn grant(&mut self, id: ConnectionId, wanted: &[u8]) -> bool {
        let offered: Vec<_> = self.offered().collect();
        let words = wanted.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let mut changes = Vec::new();
        for word in words {
            let (name, on) = match word.strip_prefix(b"-") {
                Some(name) => (name, false),
                None => (word, true),
            };
            match offered.iter().find(|known| known.name().as_bytes() == name) {
                Some(&capability) => changes.push((capability, on)),
                None => return false,
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else {
            return false;
        };
        for (capability, on) in changes {
            if on {
                connection.enabled.insert(capability);
            } else {
                connection.enabled.remove(&capability);
            }
        }
        true
    }

    fn has(&self, id: ConnectionId, capability: Capability) -> bool {
        self.connections
            .get(&id)
            .is_some_and(|connection| connection.enabled.contains(&capability))
    }

    /// Sends somebody's own words back, if they want them.
    pub(super) fn echo(&self, id: ConnectionId, line: &IrcLine, out: &mut Vec<Effect>) {
        if self.has(id, Capability::EchoMessage) {
            Self::send(id, line, out);
        }
    }

    /// Writes the time before lines to those who want it.
    pub(super) fn stamp(&self, effects: &mut [Effect]) {
        let Some(now) = self.now else { return };
        let tag = [b"@time=", server_time::format(now).as_bytes(), b" "].concat();
        for effect in effects {
            if let Effect::Send(id, line) = effect
                && self.has(*id, Capability::ServerTime)
                && let Ok(stamped) = IrcLine::new([&tag, line.as_bytes()].concat())
            {
                *line = stamped;
            }
        }
    }

    pub(super) fn authenticate(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let word = message.param(0).to_vec();
        let asked = self.has(id, Capability::Sasl);
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        match &mut connection.login {
            Login::Account => self.reply(id, "907", &[], b"You have already authenticated", out),
            Login::Nobody if !asked => self.reply(id, "904", &[], b"SASL authentication failed", out),
            Login::Nobody if word.eq_ignore_ascii_case(b"PLAIN") => {
                connection.login = Login::Answering(Zeroizing::default());
                if let Ok(line) = IrcLine::command("AUTHENTICATE").param("+").build() {
                    Self::send(id, &line, out);
                }
            }
            Login::Nobody => {
                self.reply(id, "908", &[b"PLAIN"], b"are available SASL mechanisms", out);
                self.reply(id, "904", &[], b"SASL authentication failed", out);
            }
            Login::Answering(_) if word == b"*" => {
                connection.login = Login::Nobody;
                self.reply(id, "906", &[], b"SASL authentication aborted", out);
            }
            Login::Answering(held) => {
                if word != b"+" {
                    held.extend_from_slice(&word);
                }
                if held.len() > LONGEST_ANSWER {
                    connection.login = Login::Nobody;
                    return self.reply(id, "905", &[], b"SASL message too long", out);
                }
                if word.len() < PIECE {
                    self.judge(id, out);
                }
            }
        }
    }

    /// The answer is whole.
    fn judge(&mut self, id: ConnectionId, out: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let Login::Answering(held) = std::mem::take(&mut connection.login) else {
            return;
        };
        let plain = Zeroizing::new(STANDARD.decode(&*held).unwrap_or_default());
        let mut parts = plain.split(|&byte| byte == 0);
        let (name, password) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(name), Some(password), None) => (name.to_vec(), password),
            _ => return self.reply(id, "904", &[], b"SASL authentication failed", out),
        };
        let known = self
            .config
            .accounts
            .iter()
            .any(|(account, right)| *account == name && **right == password);
        if !known {
            return self.reply(id, "904", &[], b"SASL authentication failed", out);
        }
        connection.login = Login::Account;
        let words = [b"You are now logged in as ", &name[..]].concat();
        self.reply(id, "900", &[b"*", &name], &words, out);
        self.reply(id, "903", &[], b"SASL authentication successful", out);
    }
}

/// A piece of this length is followed by another one.
const PIECE: usize = 400;
/// More base64 is nobody's name and password.
const LONGEST_ANSWER: usize = 4096;
