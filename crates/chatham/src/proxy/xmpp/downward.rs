//! From the server to the client.

use std::time::Duration;

use im::irc::{Kind, Nick, Person, Said};
use im::xmpp::cipher;
use im::xmpp::{Element, Stanza, delay, escape};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{How, Standing};
use crate::proxy::resident::Resident;
use crate::proxy::xmpp::adapter::{Adapter, Cause, Step, written};
use crate::proxy::xmpp::names::{self, ADDRESS, Addressee, NAME};
use crate::proxy::xmpp::payload::{self, CLIENT, holds_ciphertext};
use crate::proxy::xmpp::upward::down;
use crate::sanitize;

impl Adapter {
    /// Takes a stanza of the server.
    pub fn from_server(&mut self, resident: &mut Resident, stanza: &Stanza, now: Timestamp) -> Vec<Step> {
        let mut out = Vec::new();
        if stanza.namespace() != CLIENT {
            out.push(pass(stanza));
            return out;
        }
        let Some(element) = self.server.read(stanza) else {
            let words = "something that the server said could not be read, and is not shown".to_owned();
            self.tell(resident, [words], &mut out);
            return out;
        };
        let from = element.attr("from");
        let inside = element.name() == "message" && names::mentions_us(&element);
        if inside || from.is_some_and(names::is_reserved) {
            self.impostor(resident, &mut out);
            return out;
        }
        match element.name() {
            "message" => self.receive(resident, stanza, &element, now, &mut out),
            "presence" => {
                out.push(pass(stanza));
                if element.attr("type") == Some("unavailable")
                    && let Some(gone) = from.and_then(|from| names::read(from.as_bytes()))
                {
                    resident.company.places.leave(&gone);
                }
            }
            "iq" => {
                out.push(pass(stanza));
                self.answer(resident, &element, now, &mut out);
            }
            _ => out.push(pass(stanza)),
        }
        out
    }

    /// The client shows messages from now on, and the server has just heard that it is here: before, what answers us would
    /// find nobody.
    pub(super) fn come(&mut self, resident: &mut Resident, now: Timestamp, out: &mut Vec<Step>) {
        self.present = true;
        resident.company.join(self.seed);
        self.introduce(out);
        let words = resident.greeting(&self.habits.prefix, "me");
        let untold: Vec<String> = resident.take_untold().collect();
        self.tell(resident, std::iter::once(words).chain(untold), out);
        out.extend(resident.take_unshown().map(Step::Words));
        self.go_on(resident, now, out);
    }

    /// Puts the proxy into the client's list of contacts. The server does not hear of it.
    fn introduce(&mut self, out: &mut Vec<Step>) {
        if self.roster != [true, false] || !self.present {
            return;
        }
        self.roster[1] = true;
        let (to, id) = (escape(self.full.as_deref().unwrap_or_default()), self.next_id());
        let push = format!(
            "<iq xmlns='jabber:client' type='set' to='{to}' id='{id}'><query xmlns='jabber:iq:roster'><item \
             jid='{ADDRESS}' name='{NAME}' subscription='both'/></query></iq>\
             <presence xmlns='jabber:client' from='{ADDRESS}/proxy' to='{to}'/>"
        );
        down(&push, out);
    }

    fn answer(&mut self, resident: &mut Resident, iq: &Element, now: Timestamp, out: &mut Vec<Step>) {
        if iq.attr("type") != Some("result") {
            return;
        }
        let bound = iq
            .get_child("bind", BIND)
            .and_then(|bind| bind.get_child("jid", BIND));
        if let Some(jid) = bound
            && self.full.is_none()
        {
            self.full = Some(jid.text().trim().to_owned());
            self.began = Some(now);
            resident.engine.set_own_nick(&names::person(&self.account));
            resident.outside.set_at_network(true);
        }
        if let Some((_, on)) = self
            .asked_for_copies
            .take_if(|(id, _)| Some(id.as_str()) == iq.attr("id"))
        {
            self.copies = on;
        }
        if self.asked_for_roster.is_some() && self.asked_for_roster.as_deref() == iq.attr("id") {
            self.roster[0] = true;
            self.introduce(out);
        }
    }

    fn receive(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        if self.second_hand(resident, stanza, message, now, out) {
            return;
        }
        let kind = message.attr("type").unwrap_or("normal");
        if kind == "groupchat" {
            return out.push(pass(stanza));
        }
        let nick = match self.addressee(message.attr("from")) {
            Addressee::Person(nick) => nick,
            // Nobody is answered there.
            Addressee::Other(_) | Addressee::Nobody | Addressee::Proxy => return out.push(pass(stanza)),
        };
        if kind == "error" {
            return self.failed(resident, stanza, message, &nick, now, out);
        }
        let Some(text) = payload::body(message).map(Zeroizing::new) else {
            return self.wordless(resident, stanza, message, &nick, out);
        };
        let mut old = false;
        if self.was_before_us(message) {
            let private = resident.engine.standing(&nick) != Standing::NotPrivate;
            let ciphertext = cipher::is_ciphertext(&text);
            let readable = private && cipher::is_data(&text);
            match ciphertext {
                true if !readable => return self.tell_old(resident, message, out),
                false if !private && resident.engine.next_way(&nick) == Some(How::Clear) => {
                    return out.push(pass(stanza));
                }
                _ => old = true,
            }
        }
        self.hear(resident, (stanza, message), &nick, &text, old, now, out);
    }

    /// Whether a message has waited since before we came. What has waited since then is late, and not old: a server keeps it
    /// while a stream is broken.
    fn was_before_us(&self, message: &Element) -> bool {
        let at = |since: Duration| Timestamp::from_millis(since.as_millis().try_into().unwrap_or(u64::MAX));
        match delay(message) {
            Some(since) => self.began.is_none_or(|ours| at(since) < ours),
            None => message.has_child("x", OLD_DELAY),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one stanza and what is known about it")]
    pub(super) fn hear(
        &mut self,
        resident: &mut Resident,
        (stanza, message): (&Stanza, &Element),
        nick: &Nick,
        text: &str,
        old: bool,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        if !old && let Some(from) = message.attr("from").and_then(|from| names::read(from.as_bytes())) {
            resident.company.places.hear(&from, text);
        }
        let known = resident
            .company
            .is_known(self.seed, (nick, message.attr("id"), text));
        let words = match known {
            // Another client has got it, and the engine with it.
            true if cipher::is_ciphertext(text) => return,
            true => cipher::without_offer(text),
            false => text.to_owned(),
        };
        let said = Said {
            from: Person {
                nick: nick.clone(),
                user: None,
                host: None,
            },
            target: self.account.as_str().as_bytes().to_vec(),
            text: words.into_bytes(),
            kind: Kind::Person,
            notice: false,
            history: false,
            time: None,
            account: None,
        };
        let effects = resident.engine.receive(&said, now);
        let heard = Some((stanza.as_bytes(), message, text));
        let cause = Cause {
            heard,
            old,
            known,
            ..Cause::default()
        };
        self.carry_out(resident, effects, cause, out);
    }

    /// A message without a text. Words in another place would look like words of a private conversation.
    fn wordless(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        nick: &Nick,
        out: &mut Vec<Step>,
    ) {
        let open = resident.engine.next_way(nick) == Some(How::Clear);
        if open || !payload::has_other_words(message) {
            return out.push(pass(stanza));
        }
        let name = sanitize::nick(nick.as_bytes());
        let words = format!(
            "*** {name}: words came unencrypted beside a message, and are not shown: they may be from anybody"
        );
        self.tell(resident, [words], out);
        if let Some(bytes) = written(&payload::without_words(message)) {
            out.push(Step::Down(bytes));
        }
    }

    /// A message of ours came back. It is nothing that anybody has said.
    fn failed(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        nick: &Nick,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let id = message.attr("id").unwrap_or_default();
        let found = self
            .sent
            .iter()
            .position(|(sent, to, _)| sent == id && to == nick);
        let found = found.and_then(|found| self.sent.remove(found));
        if found.is_none() && !holds_ciphertext(message) {
            return out.push(pass(stanza));
        }
        let error = message.children().find(|child| child.is("error", CLIENT));
        let condition = error.and_then(|error| error.children().find(|child| child.name() != "text"));
        let condition = condition.map_or("no reason", Element::name);
        let name = sanitize::nick(nick.as_bytes());
        let words = format!(
            "*** {name}: a private message was not delivered ({}); {} held shows what may be lost",
            sanitize::one_line(condition.as_bytes()),
            self.habits.prefix
        );
        self.tell_everywhere(resident, vec![words], out);
        let effects = resident.engine.absent(nick, now);
        self.carry_out(resident, effects, Cause::default(), out);
        if found.is_some_and(|(_, _, known)| known)
            && let Some(bytes) = written(&payload::without_words(message))
        {
            // The client knows the message that this is about.
            out.push(Step::Down(bytes));
        }
    }

    /// What was said before the client came. Ciphertext is noise by now.
    pub(super) fn tell_old(&mut self, resident: &mut Resident, message: &Element, out: &mut Vec<Step>) {
        let Addressee::Person(nick) = self.addressee(message.attr("from")) else {
            return;
        };
        if self.told_old.len() < MOST_TOLD && self.told_old.insert(nick.clone()) {
            let name = sanitize::nick(nick.as_bytes());
            let words =
                format!("*** {name}: sent something encrypted while you were away; it can no longer be read");
            self.tell(resident, [words], out);
        }
    }

    fn impostor(&mut self, resident: &mut Resident, out: &mut Vec<Step>) {
        if !std::mem::replace(&mut self.told_impostor, true) {
            let words = format!(
                "*** something from the network came in the name of {ADDRESS}, which is mine; it is not shown"
            );
            self.tell(resident, [words], out);
        }
    }
}

pub(super) fn pass(stanza: &Stanza) -> Step {
    Step::Down(Zeroizing::new(stanza.as_bytes().to_vec()))
}

const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
pub(super) const ROSTER: &str = "jabber:iq:roster";
const OLD_DELAY: &str = "jabber:x:delay";
const MOST_TOLD: usize = 256;
