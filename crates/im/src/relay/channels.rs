//! Channels, as much of them as clients need: JOIN, PART, TOPIC, NAMES, LIST.

use std::collections::BTreeSet;

use super::server::{CHANNEL_LIMIT, Channel, ConnectionId, Effect, MOST_CHANNELS, Server, User, fold};
use crate::irc::{IrcLine, Message};

impl Server {
    pub(super) fn join(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        for channel in message.param(0).split(|&byte| byte == b',').take(MOST_CHANNELS) {
            self.join_one(id, channel, out);
        }
    }

    fn join_one(&mut self, id: ConnectionId, channel: &[u8], out: &mut Vec<Effect>) {
        if !is_legal_channel(channel) {
            return self.reply(id, "403", &[channel], b"No such channel", out);
        }
        let key = fold(channel);
        let Some(name) = self
            .connections
            .get(&id)
            .and_then(|connection| connection.name.clone())
        else {
            return;
        };
        let Some(user) = self.users.get_mut(&name) else {
            return;
        };
        if user.channels.contains(&key) {
            return;
        }
        if user.channels.len() >= MOST_CHANNELS {
            return self.reply(id, "405", &[channel], b"You have joined too many channels", out);
        }
        user.channels.insert(key.clone());
        let (prefix, connections) = (user.prefix(), user.connections.clone());
        let created = || Channel {
            name: channel.to_vec(),
            topic: Vec::new(),
            members: BTreeSet::new(),
        };
        let channel = self.channels.entry(key.clone()).or_insert_with(created);
        channel.members.insert(name.clone());
        if let Ok(line) = IrcLine::command("JOIN")
            .source(prefix)
            .param(&channel.name)
            .build()
        {
            self.tell_channel(&key, Some(&name), &line, out);
        }
        if let Some(user) = self.users.get(&name) {
            connections
                .iter()
                .for_each(|&connection| self.show_channel(connection, user, &key, out));
        }
    }

    /// Shows one connection that its user is in this channel.
    pub(super) fn show_channel(&self, id: ConnectionId, user: &User, channel: &[u8], out: &mut Vec<Effect>) {
        let Some(channel) = self.channels.get(channel) else {
            return;
        };
        if let Ok(line) = IrcLine::command("JOIN")
            .source(user.prefix())
            .param(&channel.name)
            .build()
        {
            Self::send(id, &line, out);
        }
        if !channel.topic.is_empty() {
            self.reply(id, "332", &[&channel.name], &channel.topic, out);
        }
        self.names(id, &channel.name, out);
    }

    pub(super) fn part(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        for channel in message.param(0).split(|&byte| byte == b',').take(MOST_CHANNELS) {
            let key = fold(channel);
            let Some(name) = self
                .connections
                .get(&id)
                .and_then(|connection| connection.name.clone())
            else {
                return;
            };
            let Some(user) = self.users.get_mut(&name) else {
                return;
            };
            if !user.channels.remove(&key) {
                self.reply(id, "442", &[channel], b"You are not on that channel", out);
                continue;
            }
            let line = IrcLine::command("PART")
                .source(user.prefix())
                .param(channel)
                .trailing(message.param(1));
            if let Ok(line) = line {
                self.tell_channel(&key, None, &line, out);
            }
            self.forget_member(&key, &name);
        }
    }

    pub(super) fn topic(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let key = fold(message.param(0));
        let Some(user) = self.user_of(id) else { return };
        let (member, prefix) = (user.channels.contains(&key), user.prefix());
        let Some(channel) = self.channels.get_mut(&key).filter(|_| member) else {
            return self.reply(
                id,
                "442",
                &[message.param(0)],
                b"You are not on that channel",
                out,
            );
        };
        let Some(topic) = message.params.get(1) else {
            let (name, topic) = (channel.name.clone(), channel.topic.clone());
            return match topic.as_slice() {
                b"" => self.reply(id, "331", &[&name], b"No topic is set", out),
                topic => self.reply(id, "332", &[&name], topic, out),
            };
        };
        channel.topic = topic.to_vec();
        if let Ok(line) = IrcLine::command("TOPIC")
            .source(prefix)
            .param(&channel.name)
            .trailing(topic)
        {
            self.tell_channel(&key, None, &line, out);
        }
    }

    /// The members of a channel, in as many lines as it takes.
    pub(super) fn names(&self, id: ConnectionId, channel: &[u8], out: &mut Vec<Effect>) {
        if let Some(found) = self.channels.get(&fold(channel)) {
            let nicks: Vec<&[u8]> = found
                .members
                .iter()
                .filter_map(|member| Some(self.users.get(member)?.nick.as_slice()))
                .collect();
            for some in nicks.chunks(NAMES_A_LINE) {
                self.reply(id, "353", &[b"=", &found.name], &some.join(&b' '), out);
            }
        }
        self.reply(id, "366", &[channel], b"End of NAMES list", out);
    }

    pub(super) fn list(&self, id: ConnectionId, out: &mut Vec<Effect>) {
        for channel in self.channels.values() {
            let members = channel.members.len().to_string();
            self.reply(
                id,
                "322",
                &[&channel.name, members.as_bytes()],
                &channel.topic,
                out,
            );
        }
        self.reply(id, "323", &[], b"End of LIST", out);
    }

    /// Whether `target` is a channel that the user `name` may speak in.
    pub(super) fn is_in_channel(&self, name: &[u8], target: &[u8]) -> bool {
        self.channels
            .get(&fold(target))
            .is_some_and(|channel| channel.members.contains(name))
    }

    pub(super) fn members_of(&self, channel: &[u8]) -> Vec<Vec<u8>> {
        let members = self
            .channels
            .get(&fold(channel))
            .map(|channel| channel.members.iter().cloned().collect());
        members.unwrap_or_default()
    }

    fn tell_channel(&self, channel: &[u8], but: Option<&[u8]>, line: &IrcLine, out: &mut Vec<Effect>) {
        for member in self
            .members_of(channel)
            .iter()
            .filter(|member| but != Some(member.as_slice()))
        {
            if let Some(user) = self.users.get(member) {
                user.connections.iter().for_each(|&id| Self::send(id, line, out));
            }
        }
    }
}

fn is_legal_channel(name: &[u8]) -> bool {
    let begins = name.first().is_some_and(|first| b"#&".contains(first));
    begins
        && (2..=CHANNEL_LIMIT).contains(&name.len())
        && !name
            .iter()
            .any(|&byte| byte <= b' ' || byte == 0x7f || byte == b':')
}

/// Ten nicks of thirty bytes and the head of the reply fit one line.
const NAMES_A_LINE: usize = 10;
