//! Letting a connection in: PASS, CAP, NICK, USER, and the welcome.

use super::server::{
    CHANNEL_LIMIT, ConnectionId, Effect, MOST_CHANNELS, NICK_LIMIT, Server, USER_LIMIT, User, fold,
};
use crate::irc::{IrcLine, Message};
use std::collections::BTreeSet;

impl Server {
    pub(super) fn pass(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        if self.user_of(id).is_some() {
            return self.reply(id, "462", &[], b"You may not reregister", out);
        }
        if message.param(0).is_empty() {
            return self.reply(id, "461", &[b"PASS"], b"Not enough parameters", out);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.password = Some(message.param(0).to_vec());
        }
    }

    pub(super) fn user(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        if self.user_of(id).is_some() {
            return self.reply(id, "462", &[], b"You may not reregister", out);
        }
        if message.params.len() < 4 || message.param(0).is_empty() {
            return self.reply(id, "461", &[b"USER"], b"Not enough parameters", out);
        }
        let legal = message
            .param(0)
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte));
        let mut user = b"~".to_vec();
        user.extend(legal.take(USER_LIMIT));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.user = Some((user, message.param(3).to_vec()));
        }
        self.let_in(id, out);
    }

    pub(super) fn nick(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let nick = message.param(0);
        if nick.is_empty() {
            return self.reply(id, "431", &[], b"No nickname given", out);
        }
        if !is_legal_nick(nick) {
            return self.reply(id, "432", &[nick], b"Erroneous nickname", out);
        }
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        match connection.name.clone() {
            Some(name) => self.rename(id, &name, nick, out),
            None if self.may_have(id, nick) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.nick = Some(nick.to_vec());
                }
                self.let_in(id, out);
            }
            None => self.reply(id, "433", &[nick], b"Nickname is already in use", out),
        }
    }

    /// Whether an unregistered connection may take a nick: nobody has it, or its password is the same.
    fn may_have(&self, id: ConnectionId, nick: &[u8]) -> bool {
        let password = self
            .connections
            .get(&id)
            .and_then(|connection| connection.password.as_ref());
        self.users
            .get(&fold(nick))
            .is_none_or(|user| password.is_some() && user.password.as_ref() == password)
    }

    fn rename(&mut self, id: ConnectionId, name: &[u8], nick: &[u8], out: &mut Vec<Effect>) {
        let new_name = fold(nick);
        if new_name != name && self.users.contains_key(&new_name) {
            return self.reply(id, "433", &[nick], b"Nickname is already in use", out);
        }
        let Some(old_prefix) = self.users.get(name).map(User::prefix) else {
            return;
        };
        if let Ok(line) = IrcLine::command("NICK").source(old_prefix).trailing(nick) {
            self.tell_neighbours(name, &line, out);
        }
        let Some(mut user) = self.users.remove(name) else {
            return;
        };
        user.nick = nick.to_vec();
        for connection in &user.connections {
            if let Some(connection) = self.connections.get_mut(connection) {
                connection.name = Some(new_name.clone());
            }
        }
        for channel in &user.channels {
            if let Some(channel) = self.channels.get_mut(channel) {
                channel.members.remove(name);
                channel.members.insert(new_name.clone());
            }
        }
        self.users.insert(new_name, user);
    }

    /// Lets the connection in if it has said all that is needed.
    pub(super) fn let_in(&mut self, id: ConnectionId, out: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (false, None, Some(nick), Some((user, real_name))) = (
            connection.negotiating,
            &connection.name,
            &connection.nick,
            &connection.user,
        ) else {
            return;
        };
        let (nick, name) = (nick.clone(), fold(nick));
        if !self.may_have(id, &nick) {
            self.reply(id, "433", &[&nick], b"Nickname is already in use", out);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.nick = None;
            }
            return;
        }
        let newcomer = User {
            nick,
            user: user.clone(),
            host: connection.host.clone(),
            real_name: real_name.clone(),
            password: connection.password.clone(),
            away: None,
            connections: BTreeSet::new(),
            channels: BTreeSet::new(),
        };
        self.users
            .entry(name.clone())
            .or_insert(newcomer)
            .connections
            .insert(id);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.name = Some(name);
        }
        self.welcome(id, out);
    }

    fn welcome(&self, id: ConnectionId, out: &mut Vec<Effect>) {
        let Some(user) = self.user_of(id) else { return };
        let server = self.config.name.as_bytes();
        let network = self.config.network.as_bytes();
        let welcome = [b"Welcome to ", network, b", ", &user.prefix()].concat();
        self.reply(id, "001", &[], &welcome, out);
        self.reply(id, "002", &[], &[b"Your host is ", server].concat(), out);
        self.reply(id, "003", &[], b"This server lives as long as its program", out);
        self.reply_bare(id, "004", &[server, b"chatham", b"i", b"n"], out);
        let (nicks, users) = (format!("NICKLEN={NICK_LIMIT}"), format!("USERLEN={USER_LIMIT}"));
        let (names, most) = (
            format!("CHANNELLEN={CHANNEL_LIMIT}"),
            format!("CHANLIMIT=#&:{MOST_CHANNELS}"),
        );
        let network = format!("NETWORK={}", self.config.network);
        let tokens: [&[u8]; 9] = [
            b"CASEMAPPING=rfc1459",
            b"CHANTYPES=#&",
            b"PREFIX=",
            b"LINELEN=512",
            nicks.as_bytes(),
            users.as_bytes(),
            names.as_bytes(),
            most.as_bytes(),
            network.as_bytes(),
        ];
        self.reply(id, "005", &tokens, b"are supported by this server", out);
        self.lusers(id, out);
        self.motd(id, out);
        // Somebody who joins a name finds themselves where the name already is.
        for channel in &user.channels {
            self.show_channel(id, user, channel, out);
        }
    }
}

fn is_legal_nick(nick: &[u8]) -> bool {
    let special = |byte: u8| b"[]\\`_^{|}".contains(&byte);
    let first = nick
        .first()
        .is_some_and(|&byte| byte.is_ascii_alphabetic() || special(byte));
    first
        && nick.len() <= NICK_LIMIT
        && nick
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || special(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_legal_nicks() {
        for legal in ["a", "[x]", "a-1", "_", &"n".repeat(NICK_LIMIT)] {
            assert!(is_legal_nick(legal.as_bytes()), "{legal}");
        }
        for illegal in [
            "",
            "1a",
            "-a",
            "a b",
            "a.b",
            "*status",
            "a!b",
            "#a",
            "é",
            &"n".repeat(NICK_LIMIT + 1),
        ] {
            assert!(!is_legal_nick(illegal.as_bytes()), "{illegal}");
        }
    }
}
