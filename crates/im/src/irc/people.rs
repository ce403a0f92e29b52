//! Who comes, goes, and is called otherwise.

use super::client::{Client, Output};
use super::event::Event;
use super::message::Message;
use super::netsplit::is_netsplit;

impl Client {
    pub(super) fn receive_nick(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let from = self.person(message).nick;
        let to = self.fold(message.param(0));
        let own = self.is_own(from.as_bytes());
        if own {
            self.prefix.renamed(to.as_bytes());
        }
        out.push(Output::Event(Event::Renamed { from, to, own }));
    }

    /// `JOIN channel [account|* :real name]`.
    pub(super) fn receive_join(&self, message: &Message<'_>, out: &mut Vec<Output>) {
        let person = self.person(message);
        let own = self.is_own(person.nick.as_bytes());
        let channel = message.param(0).to_vec();
        let account = message.params.get(1).map(|account| account_named(account));
        out.push(Output::Event(Event::Joined {
            person,
            channel,
            account,
            own,
        }));
    }

    pub(super) fn receive_part(&self, message: &Message<'_>, out: &mut Vec<Output>) {
        let nick = self.person(message).nick;
        let own = self.is_own(nick.as_bytes());
        let (channel, reason) = (message.param(0).to_vec(), message.param(1).to_vec());
        out.push(Output::Event(Event::Left {
            nick,
            channel,
            reason,
            own,
        }));
    }

    pub(super) fn receive_kick(&self, message: &Message<'_>, out: &mut Vec<Output>) {
        let nick = self.fold(message.param(1));
        out.push(Output::Event(Event::Kicked {
            own: self.is_own(nick.as_bytes()),
            nick,
            by: self.person(message).nick,
            channel: message.param(0).to_vec(),
            reason: message.param(2).to_vec(),
        }));
    }

    pub(super) fn receive_quit(&self, message: &Message<'_>, out: &mut Vec<Output>) {
        let reason = message.param(0).to_vec();
        out.push(Output::Event(Event::Quit {
            nick: self.person(message).nick,
            netsplit: self.history.is_netsplit(message) || is_netsplit(&reason),
            reason,
        }));
    }

    /// `ACCOUNT name`, or `ACCOUNT *` from somebody who has logged out.
    pub(super) fn receive_account(&self, message: &Message<'_>, out: &mut Vec<Output>) {
        let nick = self.person(message).nick;
        let account = account_named(message.param(0));
        out.push(Output::Event(Event::Account { nick, account }));
    }
}

fn account_named(name: &[u8]) -> Option<Vec<u8>> {
    (!name.is_empty() && name != b"*").then(|| name.to_vec())
}
