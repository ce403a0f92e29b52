//! What the client learns from the server's numbered replies.

use super::client::{Client, Output};
use super::event::Event;
use super::line::IrcLine;
use super::message::{Message, Source};
use super::registration::is_nick;

impl Client {
    pub(super) fn receive_numeric(&mut self, code: u16, message: &Message<'_>, out: &mut Vec<Output>) {
        match code {
            1 => self.receive_welcome(message, out),
            5 => self.receive_isupport(message, out),
            302 => self.receive_userhost(message.last()),
            311 if self.is_own(message.param(1)) => {
                self.prefix.announced(Some(message.param(2)), message.param(3));
            }
            352 if self.is_own(message.param(5)) => {
                self.prefix.announced(Some(message.param(2)), message.param(3));
            }
            396 => self.receive_displayed_host(message.param(1)),
            401 | 406 => {
                out.push(Output::Event(Event::Absent {
                    nick: self.fold(message.param(1)),
                }));
            }
            432 | 433 | 436 | 437 => {
                self.receive_nick_refused(code, message, out);
                return;
            }
            900 => out.push(Output::Event(Event::LoggedIn {
                account: message.param(2).to_vec(),
            })),
            901 => out.push(Output::Event(Event::LoggedOut)),
            902..=907 => self.receive_verdict(code, message, out),
            _ => {}
        }
        if self.over {
            return;
        }
        let params = message
            .params
            .iter()
            .skip(1)
            .map(|param| param.to_vec())
            .collect();
        out.push(Output::Event(Event::Numeric { code, params }));
    }

    fn receive_welcome(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        if self.registered {
            return;
        }
        if let Err(fault) = self.negotiation.welcomed() {
            self.give_up(fault, out);
            return;
        }
        self.history.begin();
        self.registered = true;
        self.server = message
            .source
            .map(|source| source.name.to_vec())
            .unwrap_or_default();
        if is_nick(message.param(0)) {
            self.prefix.renamed(message.param(0));
        }
        let last_word = message
            .last()
            .rsplit(|&byte| byte == b' ')
            .next()
            .unwrap_or_default();
        if let Source {
            name,
            user: Some(user),
            host: Some(host),
        } = Source::parse(last_word)
            && self.is_own(name)
        {
            self.prefix.told(user, host);
        }
        out.push(Output::Event(Event::Registered { nick: self.nick() }));
        if let Ok(line) = IrcLine::command("USERHOST").param(self.prefix.nick()).build() {
            out.push(Output::Send(line));
        }
    }

    fn receive_isupport(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let before = self.isupport.case_mapping;
        let tokens = message.params.len().saturating_sub(2);
        for token in message.params.iter().skip(1).take(tokens) {
            self.isupport.learn(token);
        }
        let after = self.isupport.case_mapping;
        if before != after {
            out.push(Output::Event(Event::CaseMapping(after)));
        }
    }

    /// `nick[*]=(+|-)user@host`, several with spaces between.
    fn receive_userhost(&mut self, answers: &[u8]) {
        for answer in answers.split(|&byte| byte == b' ') {
            let Some(equals) = answer.iter().position(|&byte| byte == b'=') else {
                continue;
            };
            let (nick, rest) = answer.split_at(equals);
            let nick = nick.strip_suffix(b"*").unwrap_or(nick);
            let Source {
                name,
                user: None,
                host: Some(host),
            } = Source::parse(rest.split_at(1).1)
            else {
                continue;
            };
            if let Some((b'+' | b'-', user)) = name.split_first()
                && self.is_own(nick)
            {
                self.prefix.told(user, host);
            }
        }
    }

    /// `host` or `user@host`.
    fn receive_displayed_host(&mut self, shown: &[u8]) {
        match Source::parse(shown) {
            Source {
                name: user,
                host: Some(host),
                ..
            } => self.prefix.announced(Some(user), host),
            Source {
                name: host,
                host: None,
                ..
            } => self.prefix.announced(None, host),
        }
    }

    fn receive_nick_refused(&mut self, code: u16, message: &Message<'_>, out: &mut Vec<Output>) {
        let mut next = None;
        // 432: the nick is not one at all, and a longer form of it will be none either.
        if !self.registered && code != 432 {
            next = self.registration.next_nick();
        }
        let line = next
            .as_ref()
            .and_then(|nick| IrcLine::command("NICK").param(nick).build().ok());
        if let (Some(nick), Some(line)) = (&next, line) {
            self.prefix.renamed(nick);
            out.push(Output::Send(line));
        }
        let wanted = message.param(1).to_vec();
        out.push(Output::Event(Event::NickRefused {
            wanted,
            next,
            reason: message.last().to_vec(),
        }));
    }
}

/// The number of a command that is three digits.
pub(super) fn number_of(command: &[u8]) -> Option<u16> {
    if command.len() != 3 {
        return None;
    }
    command.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}
