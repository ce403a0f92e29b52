//! From the server to the client.

use im::irc::{Kind, Nick, Person, Said};
use im::xmpp::cipher::{self, Tags};
use im::xmpp::{Element, Stanza, escape};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{How, Standing};
use crate::present::plain;
use crate::proxy::resident::Resident;
use crate::proxy::xmpp::adapter::{Adapter, Addressee, Cause, Step, written};
use crate::proxy::xmpp::names::{self, ADDRESS, NAME};
use crate::proxy::xmpp::payload::{self, ARCHIVES, CARBONS, CLIENT, FORWARD};
use crate::proxy::xmpp::upward::{STREAM_MANAGEMENT, down};
use crate::sanitize;

impl Adapter {
    /// Takes a stanza of the server.
    pub fn from_server(&mut self, resident: &mut Resident, stanza: &Stanza, now: Timestamp) -> Vec<Step> {
        let mut out = Vec::new();
        if stanza.namespace() == STREAM_MANAGEMENT {
            return out;
        }
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
                if element.attr("type") == Some("unavailable") {
                    resident.company.forget_place(from.unwrap_or_default());
                }
            }
            "iq" => {
                out.push(pass(stanza));
                self.answer(resident, &element, &mut out);
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

    fn answer(&mut self, resident: &mut Resident, iq: &Element, out: &mut Vec<Step>) {
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
            resident.outside.at_network = true;
            resident.engine.set_own_nick(&names::person(&self.account));
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
        if let Some(copy) = forwarded(message, |child| child.ns() == CARBONS) {
            // Whoever else sends a copy makes it up (S-60).
            if !self.is_own_account(message) {
                return;
            }
            return match copy.filter(|copy| is_ciphertext(copy)) {
                Some(copy) if message.has_child("received", CARBONS) => {
                    self.take_over(resident, stanza, copy, now, out);
                }
                Some(_) => {}
                None => self.copied(resident, stanza, message, copy, out),
            };
        }
        if let Some(old) = forwarded(message, |child| child.ns().starts_with(ARCHIVES)) {
            // Archives are our account's, or a room's of what was said there: somebody's own could tell anything, in anybody's
            // name or amid a private conversation.
            if !self.is_own_account(message) {
                if let Some(old) = old
                    && bare(old) != bare(message)
                {
                    return;
                }
                if let Addressee::Person(nick) = self.addressee(message.attr("from"))
                    && resident.engine.next_way(&nick) != Some(How::Clear)
                {
                    return;
                }
            }
            return match old.filter(|old| is_ciphertext(old)) {
                Some(old) => self.tell_old(resident, old, out),
                None => out.push(pass(stanza)),
            };
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
        if message.has_child("delay", DELAY) || message.has_child("x", OLD_DELAY) {
            let private = resident.engine.standing(&nick) != Standing::NotPrivate;
            let ciphertext = text.starts_with("?OTR");
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

    /// A copy of clear text. What somebody has said with whom we are private looks like private words without a mark.
    fn copied(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        copy: Option<&Element>,
        out: &mut Vec<Step>,
    ) {
        let received = copy.filter(|_| message.has_child("received", CARBONS));
        let Some(copy) = received.filter(|copy| copy.attr("type") != Some("groupchat")) else {
            return out.push(pass(stanza));
        };
        let Addressee::Person(nick) = self.addressee(copy.attr("from")) else {
            return out.push(pass(stanza));
        };
        if resident.engine.next_way(&nick) == Some(How::Clear) {
            return out.push(pass(stanza));
        }
        let shown = match payload::body(copy).map(Zeroizing::new) {
            Some(text) => {
                let marked = Zeroizing::new(format!("{} {}", plain::mark(How::Clear, true), text.as_str()));
                payload::with_body(copy, &marked, false)
            }
            None if payload::has_other_words(copy) => payload::without_words(copy),
            None => return out.push(pass(stanza)),
        };
        out.extend(written(&self.copy("received", shown)).map(Step::Down));
    }

    /// Ciphertext that the server gave to another device, and us a copy. Some of it is for us: people write to the account,
    /// and the server takes it to the device that it likes best. The rest is noise.
    fn take_over(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        copy: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let Addressee::Person(nick) = self.addressee(copy.attr("from")) else {
            return;
        };
        let Some(text) = payload::body(copy).map(Zeroizing::new) else {
            return;
        };
        let Some(Tags { receiver, .. }) = cipher::tags(&text) else {
            return;
        };
        let private = || resident.engine.standing(&nick) != Standing::NotPrivate;
        let old = match receiver {
            tag if tag == resident.engine.account().instance_tag().raw() => false,
            // Version 2 says nowhere for whom a text is. If it cannot be read it is another device's: nothing answers.
            0 if cipher::is_data(&text) => match private() {
                true => true,
                false => return,
            },
            // How an exchange begins is for everybody: it is ours if we have just asked for it.
            0 if resident.engine.is_asking(&nick, now) => false,
            _ => return,
        };
        if copy.attr("type") != Some("error") {
            self.hear(resident, (stanza, copy), &nick, &text, old, now, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one stanza and what is known about it")]
    fn hear(
        &mut self,
        resident: &mut Resident,
        (stanza, message): (&Stanza, &Element),
        nick: &Nick,
        text: &str,
        old: bool,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        if !old && let Some(from) = message.attr("from") {
            resident.company.note_place(nick, from, text);
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
        if found.is_none() && !is_ciphertext(message) {
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
    fn tell_old(&mut self, resident: &mut Resident, message: &Element, out: &mut Vec<Step>) {
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

    /// Whether a message is from our own account: from nobody, or from our address without a resource.
    fn is_own_account(&self, message: &Element) -> bool {
        let Some(from) = message.attr("from") else {
            return true;
        };
        names::read(from.as_bytes()).is_some_and(|from| from.as_str() == self.account.as_str())
    }
}

/// What is forwarded in a child of this kind, if there is one.
fn forwarded(message: &Element, wrapper: impl Fn(&Element) -> bool) -> Option<Option<&Element>> {
    let wrapper = message
        .children()
        .find(|child| wrapper(child) && ["received", "sent", "result"].contains(&child.name()))?;
    let inner = wrapper.get_child("forwarded", FORWARD);
    Some(inner.and_then(|inner| inner.get_child("message", CLIENT)))
}

fn is_ciphertext(message: &Element) -> bool {
    payload::body(message).is_some_and(|body| body.trim_start().starts_with("?OTR"))
        && message.attr("type") != Some("groupchat")
}

/// Who has sent a message, without the resource.
fn bare(message: &Element) -> Option<String> {
    let from = names::read(message.attr("from")?.as_bytes())?;
    Some(from.to_bare().as_str().to_owned())
}

fn pass(stanza: &Stanza) -> Step {
    Step::Down(Zeroizing::new(stanza.as_bytes().to_vec()))
}

const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
pub(super) const ROSTER: &str = "jabber:iq:roster";
const DELAY: &str = "urn:xmpp:delay";
const OLD_DELAY: &str = "jabber:x:delay";
const MOST_TOLD: usize = 256;
