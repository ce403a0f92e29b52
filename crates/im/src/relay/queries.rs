//! Questions that clients ask about the server and each other, and modes, of which there are none to change.

use super::server::{ConnectionId, Effect, Server, fold};
use crate::irc::Message;

impl Server {
    pub(super) fn motd(&self, id: ConnectionId, out: &mut Vec<Effect>) {
        if self.config.motd.is_empty() {
            return self.reply(id, "422", &[], b"There is no message of the day", out);
        }
        self.reply(id, "375", &[], b"Message of the day", out);
        for line in &self.config.motd {
            self.reply(id, "372", &[], line.as_bytes(), out);
        }
        self.reply(id, "376", &[], b"End of the message of the day", out);
    }

    pub(super) fn lusers(&self, id: ConnectionId, out: &mut Vec<Effect>) {
        let text = format!("There are {} users on 1 server", self.users.len());
        self.reply(id, "251", &[], text.as_bytes(), out);
    }

    pub(super) fn mode(&self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let target = message.param(0);
        if let Some(channel) = self.channels.get(&fold(target)) {
            return match message.param(1) {
                b"" => self.reply_bare(id, "324", &[&channel.name, b"+"], out),
                b"b" | b"+b" => self.reply(id, "368", &[&channel.name], b"End of channel ban list", out),
                _ => self.reply(id, "482", &[&channel.name], b"There are no operators here", out),
            };
        }
        // Clients set modes of their own on connecting; agreeing to nothing does no harm.
        if self
            .user_of(id)
            .is_some_and(|user| fold(&user.nick) == fold(target))
        {
            return self.reply_bare(id, "221", &[b"+"], out);
        }
        self.reply(id, "401", &[target], b"No such nick or channel", out);
    }

    pub(super) fn whois(&self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        // `WHOIS server nick` asks a certain server; here there is one.
        let nick = message.last();
        let Some(user) = self.users.get(&fold(nick)) else {
            self.reply(id, "401", &[nick], b"No such nick or channel", out);
            return self.reply(id, "318", &[nick], b"End of WHOIS list", out);
        };
        self.reply(
            id,
            "311",
            &[&user.nick, &user.user, &user.host, b"*"],
            &user.real_name,
            out,
        );
        let channels = user
            .channels
            .iter()
            .filter_map(|channel| Some(self.channels.get(channel)?.name.as_slice()));
        let channels: Vec<&[u8]> = channels.collect();
        if !channels.is_empty() {
            self.reply(id, "319", &[&user.nick], &channels.join(&b' '), out);
        }
        self.reply(
            id,
            "312",
            &[&user.nick, self.config.name.as_bytes()],
            self.config.network.as_bytes(),
            out,
        );
        if let Some(away) = &user.away {
            self.reply(id, "301", &[&user.nick], away, out);
        }
        self.reply(id, "318", &[&user.nick], b"End of WHOIS list", out);
    }

    pub(super) fn who(&self, id: ConnectionId, mask: &[u8], out: &mut Vec<Effect>) {
        let key = fold(mask);
        let (channel, names) = match self.channels.get(&key) {
            Some(channel) => (channel.name.as_slice(), channel.members.iter().cloned().collect()),
            None => (&b"*"[..], vec![key]),
        };
        for user in names.iter().filter_map(|name| self.users.get(name)) {
            let here: &[u8] = if user.away.is_some() { b"G" } else { b"H" };
            let server = self.config.name.as_bytes();
            let params = [channel, &user.user, &user.host, server, &user.nick, here];
            self.reply(
                id,
                "352",
                &params,
                &[b"0 ", user.real_name.as_slice()].concat(),
                out,
            );
        }
        self.reply(id, "315", &[mask], b"End of WHO list", out);
    }

    pub(super) fn userhost(&self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let mut answers = Vec::new();
        for user in message
            .params
            .iter()
            .take(5)
            .filter_map(|nick| self.users.get(&fold(nick)))
        {
            let here: &[u8] = if user.away.is_some() { b"=-" } else { b"=+" };
            answers.push([&user.nick, here, &user.user, b"@", &user.host].concat());
        }
        self.reply(id, "302", &[], &answers.join(&b' '), out);
    }

    pub(super) fn ison(&self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let asked = message
            .params
            .iter()
            .flat_map(|param| param.split(|&byte| byte == b' '));
        let found = asked.filter_map(|nick| Some(self.users.get(&fold(nick))?.nick.as_slice()));
        let found: Vec<&[u8]> = found.collect();
        self.reply(id, "303", &[], &found.join(&b' '), out);
    }

    pub(super) fn away(&mut self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let reason = Some(message.param(0)).filter(|reason| !reason.is_empty());
        let name = self
            .connections
            .get(&id)
            .and_then(|connection| connection.name.as_ref());
        if let Some(user) = name.and_then(|name| self.users.get_mut(name)) {
            user.away = reason.map(<[u8]>::to_vec);
        }
        match reason {
            Some(_) => self.reply(id, "306", &[], b"You have been marked as being away", out),
            None => self.reply(id, "305", &[], b"You are no longer marked as being away", out),
        }
    }
}
