//! From the network to the client.

use im::irc::{Event, IrcLine, Kind, Message, Said};
use otr::Timestamp;

use crate::proxy::capabilities::Wants;
use crate::proxy::echoes::Echoed;
use crate::proxy::irc_adapter::{Adapter, Cause, Step};
use crate::proxy::line::{self, Frame};
use crate::proxy::observer::{Addressee, NAME, is_reserved, without_hidden_texts};
use crate::proxy::resident::Resident;
use crate::sanitize;

impl Adapter {
    /// Takes a line of the server.
    pub fn from_server(&mut self, resident: &mut Resident, line: &IrcLine, now: Timestamp) -> Vec<Step> {
        let mut out = Vec::new();
        let Ok(message) = line.parse() else {
            return out;
        };
        // No server says such a line, and without its tags a client could read another one in it (S-66).
        if !message.command.iter().all(u8::is_ascii_alphanumeric) {
            return out;
        }
        if self.is_forged(&message) {
            self.warn_of_an_impostor(resident, &message, &mut out);
            return out;
        }
        if message.is("CAP") {
            self.held.hear(&message);
        }
        let mut events = self.observer.hear(line, &message, now).into_iter();
        resident.outside.room = Some(self.observer.client().room(b""));
        self.attendance.hear(&message, self.observer.client());
        if (message.is("PRIVMSG") || message.is("NOTICE"))
            && let Some(Event::Message(said)) = events.next()
        {
            self.said(resident, line, &message, said, now, &mut out);
            return out;
        }
        let shown = without_hidden_texts(&message, line).unwrap_or_else(|| line.clone());
        out.push(Step::Down(shown));
        for event in events {
            self.take_note(resident, event, now, &mut out);
        }
        out
    }

    /// Whether a line would make the client believe that the network speaks as the proxy, or that somebody is the proxy
    /// (S-66).
    fn is_forged(&self, message: &Message<'_>) -> bool {
        let by = message.source.is_some_and(|source| is_reserved(source.name));
        let becomes = (message.is("NICK") || message.is("001")) && is_reserved(message.param(0));
        by || becomes
    }

    fn warn_of_an_impostor(&mut self, resident: &mut Resident, message: &Message<'_>, out: &mut Vec<Step>) {
        if message.is("001") {
            let words = format!("the server calls us {NAME}, which is the name of the proxy");
            return out.push(Step::Refuse(words));
        }
        if !std::mem::replace(&mut self.told_impostor, true) {
            let words = format!(
                "*** WARNING: somebody on the network speaks as {NAME}. Nothing of it is shown: the proxy's words are \
                 made on this computer"
            );
            self.tell(resident, [words], out);
        }
    }

    fn take_note(&mut self, resident: &mut Resident, event: Event, now: Timestamp, out: &mut Vec<Step>) {
        if self.observer.gets_ready(&event) {
            self.get_ready(resident, now, out);
        }
        let effects = match event {
            Event::Renamed { from, to, own: false } => resident.engine.renamed(&from, &to),
            Event::Renamed { to, own: true, .. } => {
                resident.engine.set_own_nick(&to);
                return resident.outside.network_changed();
            }
            Event::Quit { nick, .. } => resident.engine.gone(&nick, now),
            Event::Absent { nick } => resident.engine.absent(&nick, now),
            Event::CaseMapping(mapping) => {
                resident.engine.set_case_mapping(mapping);
                self.refold(mapping);
                return resident.outside.network_changed();
            }
            _ => return,
        };
        self.carry_out(resident, effects, Cause::default(), out);
    }

    /// The server has let the client in. What waited for it goes on.
    fn get_ready(&mut self, resident: &mut Resident, now: Timestamp, out: &mut Vec<Step>) {
        // Another network folds names in another way, and says so only if it is not the usual one.
        resident
            .engine
            .set_case_mapping(self.observer.isupport().case_mapping);
        // Both ends of an exchange of version 4 sign both names.
        resident.engine.set_own_nick(&self.observer.client().nick());
        resident.outside.set_at_network(true);
        let greeting = self.greet(resident, &Wants::Everything);
        out.extend(greeting.into_iter().map(Step::Down));
        if std::mem::take(&mut resident.away) {
            let people: Vec<_> = resident.engine.people().map(|person| person.nick).collect();
            people.iter().for_each(|nick| self.measure(resident, nick));
            let effects = resident.engine.connection_restored(now);
            self.carry_out(resident, effects, Cause::default(), out);
        }
        self.catch_up(resident, now, out);
    }

    fn said(
        &mut self,
        resident: &mut Resident,
        line: &IrcLine,
        message: &Message<'_>,
        said: Said,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let nick = said.from.nick.clone();
        match said.kind {
            Kind::Person | Kind::Action if said.history => self.old(resident, line, &said, out),
            Kind::Person | Kind::Action => {
                self.note_source(&nick, Frame::source_of(message));
                self.measure(resident, &nick);
                let frame = Frame::of(message, message.param(0));
                let effects = resident.engine.receive(&said, now);
                let heard = Some((line, &frame, message.param(1)));
                self.carry_out(resident, effects, Cause { said: None, heard }, out);
            }
            Kind::Notice => {
                // A program that answers by NOTICE is not offered anything, which the engine takes note of.
                let effects = resident.engine.receive(&said, now);
                self.carry_out(resident, effects, Cause::default(), out);
                out.push(Step::Down(line.clone()));
            }
            Kind::Own => self.own(line, message, out),
            Kind::Channel | Kind::Ctcp | Kind::Service | Kind::Server => out.push(Step::Down(line.clone())),
        }
    }

    /// What was said before the client came, played back. Words are shown; what was encrypted is noise by now.
    fn old(&mut self, resident: &mut Resident, line: &IrcLine, said: &Said, out: &mut Vec<Step>) {
        if !said.text.starts_with(b"?OTR") {
            return out.push(Step::Down(line.clone()));
        }
        if self.told_old.len() < MOST_TOLD && self.told_old.insert(said.from.nick.clone()) {
            let name = sanitize::nick(said.from.nick.as_bytes());
            let words =
                format!("*** {name}: sent something encrypted while you were away; it can no longer be read");
            self.tell(resident, [words], out);
        }
    }

    /// The client's own words, sent back by the server, or said by another client of the same person.
    fn own(&mut self, line: &IrcLine, message: &Message<'_>, out: &mut Vec<Step>) {
        let Addressee::Person(to) = self.observer.addressee(message.param(0)) else {
            let by = match self.observer.is_service(message.param(0)) {
                true => self.echoes.heard_to_a_service(message.param(1)),
                false => None,
            };
            return out.push(match by {
                Some(by) => Step::For(by, line.clone()),
                None => Step::Down(line.clone()),
            });
        };
        let frame = Frame::of(message, message.param(0));
        match self.echoes.heard(&to, message.param(1)) {
            Echoed::Unknown => out.push(Step::Down(line.clone())),
            Echoed::Words(words) => {
                // They were one line of the client.
                out.extend(frame.around("PRIVMSG", &words).map(Step::Down));
            }
            Echoed::Ours => {
                let answer = frame
                    .label()
                    .and_then(|label| line::taken(label, self.observer.server()));
                out.extend(answer.map(Step::Down));
            }
        }
    }
}

const MOST_TOLD: usize = 256;
