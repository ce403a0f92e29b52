//! One line of a client: which command it is, and the passing on of messages.

use super::server::{ConnectionId, Effect, Server, fold};
use crate::irc::{IrcLine, Message};

impl Server {
    pub(super) fn receive_line(&mut self, id: ConnectionId, line: &IrcLine, out: &mut Vec<Effect>) {
        let Ok(message) = line.parse() else { return };
        let command = message.command.to_ascii_uppercase();
        let registered = self.user_of(id).is_some();
        match command.as_slice() {
            b"PASS" => self.pass(id, &message, out),
            b"CAP" => self.cap(id, &message, out),
            b"AUTHENTICATE" => self.authenticate(id, &message, out),
            b"NICK" => self.nick(id, &message, out),
            b"USER" => self.user(id, &message, out),
            b"QUIT" => self.close(id, message.param(0), out),
            b"PING" => self.ping(id, &message, out),
            b"PONG" => {}
            // A web page that makes a browser talk to this port (security history S-70).
            b"GET" | b"POST" | b"PUT" | b"HEAD" | b"OPTIONS" | b"CONNECT" | b"HOST:" if !registered => {
                self.close(id, b"This is not a web server", out);
            }
            _ if !registered => self.reply(id, "451", &[], b"You have not registered", out),
            b"PRIVMSG" => self.say(id, &message, "PRIVMSG", out),
            b"NOTICE" => self.say(id, &message, "NOTICE", out),
            b"JOIN" => self.join(id, &message, out),
            b"PART" => self.part(id, &message, out),
            b"TOPIC" => self.topic(id, &message, out),
            b"NAMES" => self.names(id, message.param(0), out),
            b"LIST" => self.list(id, out),
            b"MODE" => self.mode(id, &message, out),
            b"WHOIS" => self.whois(id, &message, out),
            b"WHO" => self.who(id, message.param(0), out),
            b"USERHOST" => self.userhost(id, &message, out),
            b"ISON" => self.ison(id, &message, out),
            b"AWAY" => self.away(id, &message, out),
            b"MOTD" => self.motd(id, out),
            b"LUSERS" => self.lusers(id, out),
            _ => self.reply(id, "421", &[message.command], b"Unknown command", out),
        }
    }

    fn ping(&self, id: ConnectionId, message: &Message<'_>, out: &mut Vec<Effect>) {
        let Some(token) = message.params.first() else {
            return self.reply(id, "409", &[], b"No origin specified", out);
        };
        let server = &self.config.name;
        if let Ok(line) = IrcLine::command("PONG")
            .source(server)
            .param(server)
            .trailing(token)
        {
            Self::send(id, &line, out);
        }
    }

    /// Passes a PRIVMSG or NOTICE on, under the sender's whole prefix, cut to the length of a line.
    fn say(&mut self, id: ConnectionId, message: &Message<'_>, command: &str, out: &mut Vec<Effect>) {
        let notice = command == "NOTICE";
        let (target, text) = (message.param(0), message.param(1));
        let Some((sender, prefix)) = self.user_of(id).map(|user| (fold(&user.nick), user.prefix())) else {
            return;
        };
        // A NOTICE is never answered, not even with an error.
        if target.is_empty() {
            if !notice {
                self.reply(id, "411", &[], b"No recipient given", out);
            }
            return;
        }
        if text.is_empty() {
            if !notice {
                self.reply(id, "412", &[], b"No text to send", out);
            }
            return;
        }
        let Ok(line) = IrcLine::command(command)
            .source(prefix)
            .param(target)
            .trailing(text)
        else {
            return;
        };
        if self.is_in_channel(&sender, target) {
            for member in self.members_of(target) {
                self.deliver(id, &member, &line, out);
            }
            self.echo(id, &line, out);
            return;
        }
        let name = fold(target);
        let Some(user) = self.users.get(&name) else {
            if !notice {
                self.reply(id, "401", &[target], b"No such nick or channel", out);
            }
            return;
        };
        let (nick, away) = (user.nick.clone(), user.away.clone());
        if notice || !self.is_lost(&sender, &name) {
            let mut lines = Vec::new();
            self.deliver(id, &name, &line, &mut lines);
            match self.waiting_room(&sender, &name).filter(|_| !notice) {
                Some(room) => room.append(&mut lines),
                None => out.append(&mut lines),
            }
        }
        if sender != name {
            self.echo(id, &line, out);
        }
        if let Some(away) = away.filter(|_| !notice) {
            self.reply(id, "301", &[&nick], &away, out);
        }
    }

    /// Sends a line to every connection of a name but the one it came from; a name with one connection that
    /// speaks to itself hears itself, if it is not a channel that it speaks to.
    fn deliver(&self, from: ConnectionId, name: &[u8], line: &IrcLine, out: &mut Vec<Effect>) {
        let Some(user) = self.users.get(name) else { return };
        let to_itself = user.connections.len() == 1 && line.parse().is_ok_and(|m| fold(m.param(0)) == name);
        for &connection in user
            .connections
            .iter()
            .filter(|&&connection| connection != from || to_itself)
        {
            Self::send(connection, line, out);
        }
    }
}
