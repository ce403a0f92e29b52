//! What kind of thing a PRIVMSG or NOTICE is.

use super::casemap::CaseMapping;
use super::ctcp::{self, Ctcp};
use super::event::{Kind, Person, Said};
use super::history::time_of;
use super::isupport::Isupport;
use super::message::{Message, Source};
use super::services::is_service;

/// What has to be known to tell.
pub(super) struct Surroundings<'a> {
    pub(super) own_nick: &'a [u8],
    pub(super) server: &'a [u8],
    pub(super) isupport: &'a Isupport,
}

impl Surroundings<'_> {
    /// Sorts a PRIVMSG or NOTICE, of which is known whether it is old.
    pub(super) fn sort(&self, message: &Message<'_>, history: bool) -> Said {
        let mapping = self.isupport.case_mapping;
        let source = message.source.unwrap_or(Source {
            name: self.server,
            user: None,
            host: None,
        });
        let target = message.param(0);
        let notice = message.is("NOTICE");
        let ctcp = ctcp::classify(message.param(1));
        let kind = self.kind(&source, target, notice, ctcp, mapping);
        let text = match (kind, ctcp) {
            (Kind::Action, Ctcp::Action(deed)) => deed,
            _ => message.param(1),
        };
        Said {
            from: Person::of(&source, mapping),
            target: target.to_vec(),
            text: text.to_vec(),
            kind,
            notice,
            history,
            time: time_of(message),
            account: message.tag("account").filter(|account| !account.is_empty()),
        }
    }

    fn kind(
        &self,
        source: &Source<'_>,
        target: &[u8],
        notice: bool,
        ctcp: Ctcp<'_>,
        mapping: CaseMapping,
    ) -> Kind {
        let bare = source.user.is_none() && source.host.is_none();
        if source.is_server() || (bare && source.name == self.server) {
            Kind::Server
        } else if mapping.same(source.name, self.own_nick) {
            Kind::Own
        } else if self.isupport.is_channel(target) {
            Kind::Channel
        } else if !mapping.same(target, self.own_nick) {
            Kind::Server
        } else if is_service(source) {
            Kind::Service
        } else {
            match (ctcp, notice) {
                (Ctcp::Other { .. }, _) => Kind::Ctcp,
                (_, true) => Kind::Notice,
                (Ctcp::Action(_), false) => Kind::Action,
                (Ctcp::Text(_), false) => Kind::Person,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> Kind {
        let mut isupport = Isupport::default();
        isupport.learn(b"STATUSMSG=@");
        let surroundings = Surroundings {
            own_nick: b"alice[]",
            server: b"localserver",
            isupport: &isupport,
        };
        surroundings
            .sort(&Message::parse(line.as_bytes()).unwrap(), false)
            .kind
    }

    #[test]
    fn only_one_person_to_us_alone_is_a_person() {
        for (line, expected) in [
            (":bob!b@h PRIVMSG alice[] :hi", Kind::Person),
            (":bob!b@h PRIVMSG ALICE{} :hi", Kind::Person),
            (":bob PRIVMSG alice[] :hi", Kind::Person),
            (":bob!b@h PRIVMSG alice[] :\x01ACTION waves\x01", Kind::Action),
            (":bob!b@h PRIVMSG alice[] :\x01VERSION\x01", Kind::Ctcp),
            (":bob!b@h NOTICE alice[] :\x01VERSION x\x01", Kind::Ctcp),
            (":bob!b@h NOTICE alice[] :hi", Kind::Notice),
            (":bob!b@h NOTICE alice[] :\x01ACTION x\x01", Kind::Notice),
            (":bob!b@h PRIVMSG #a :hi", Kind::Channel),
            (":bob!b@h PRIVMSG @#a :hi", Kind::Channel),
            (":bob!b@h PRIVMSG #a :\x01ACTION x\x01", Kind::Channel),
            (":bob!b@h NOTICE #a :hi", Kind::Channel),
            (":bob!b@h PRIVMSG $$*.example :to all", Kind::Server),
            (":bob!b@h PRIVMSG carol :hi", Kind::Server),
            (":irc.example.org NOTICE alice[] :hi", Kind::Server),
            (":localserver NOTICE alice[] :hi", Kind::Server),
            ("NOTICE alice[] :hi", Kind::Server),
            (":NickServ!n@services. NOTICE alice[] :hi", Kind::Service),
            (":*status!z@znc.in PRIVMSG alice[] :hi", Kind::Service),
            (":Alice{}!a@h PRIVMSG bob :hi", Kind::Own),
            (":alice[]!a@h PRIVMSG alice[] :hi", Kind::Own),
        ] {
            assert_eq!(kind(line), expected, "{line}");
        }
    }
}
