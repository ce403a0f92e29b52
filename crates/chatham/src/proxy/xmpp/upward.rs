//! From the client to the server.

use im::irc::Nick;
use im::xmpp::{Element, Outgoing, Stanza, escape};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::chat::action::Command;
use crate::engine::notice::{How, Words};
use crate::engine::{Effect, split};
use crate::proxy::orders::{self, People};
use crate::proxy::resident::Resident;
use crate::proxy::talk;
use crate::proxy::xmpp::adapter::{Adapter, Cause, OURS, Step, written};
use crate::proxy::xmpp::downward::ROSTER;
use crate::proxy::xmpp::names::{self, Addressee};
use crate::proxy::xmpp::payload::{self, CARBONS, CLIENT};
use crate::sanitize;

impl Adapter {
    /// Takes a stanza of the client.
    pub fn from_client(&mut self, resident: &mut Resident, stanza: &Stanza, now: Timestamp) -> Vec<Step> {
        let mut out = Vec::new();
        let element = self.client.read(stanza);
        match (stanza.name(), stanza.namespace(), element) {
            ("message", CLIENT, Some(message)) => self.message(resident, stanza, &message, now, &mut out),
            ("presence", CLIENT, Some(presence)) => self.presence(resident, stanza, &presence, now, &mut out),
            ("iq", CLIENT, Some(iq)) => self.query(stanza, &iq, &mut out),
            (_, CLIENT, None) => {
                let words = "something that your client said could not be read, and was not sent".to_owned();
                self.tell(resident, [words], &mut out);
            }
            // Nothing is lost inside this computer: docs/decisions/0140-the-proxy-and-xmpp.md.
            ("enable" | "resume", STREAM_MANAGEMENT, _) => down(REFUSED, &mut out),
            (_, STREAM_MANAGEMENT | SASL | TLS, _) => {}
            ("compress", COMPRESSION, _) => down(UNCOMPRESSED, &mut out),
            _ => self.pass(stanza, &mut out),
        }
        out
    }

    /// The client ends its stream.
    pub fn client_ends(&mut self) -> Vec<Step> {
        vec![Step::Up(Outgoing::element("</stream:stream>")), Step::End]
    }

    pub(super) fn pass(&self, stanza: &Stanza, out: &mut Vec<Step>) {
        out.extend(self.as_it_is(stanza).map(Step::Up));
    }

    /// As it came; or written anew, if the client calls the names in it by prefixes of its own.
    fn as_it_is(&self, stanza: &Stanza) -> Option<Outgoing> {
        let bytes = if self.same_names {
            Zeroizing::new(stanza.as_bytes().to_vec())
        } else {
            written(&self.client.read(stanza)?)?
        };
        Some(match is_stanza(stanza) {
            true => Outgoing::stanza(bytes),
            false => Outgoing::element(bytes.to_vec()),
        })
    }

    fn query(&mut self, stanza: &Stanza, iq: &Element, out: &mut Vec<Step>) {
        let id = iq.attr("id").unwrap_or_default();
        if id.starts_with(OURS) {
            return;
        }
        if !names::mentions_us(iq) {
            let copies = [("enable", true), ("disable", false)];
            if let Some((_, on)) = copies.iter().find(|(name, _)| iq.has_child(*name, CARBONS)) {
                self.asked_for_copies = Some((id.to_owned(), *on));
            }
            if iq.attr("type") == Some("get") && iq.has_child("query", ROSTER) {
                self.asked_for_roster = Some(id.to_owned());
            }
            return self.pass(stanza, out);
        }
        if matches!(iq.attr("type"), Some("get" | "set")) {
            let from = iq
                .attr("to")
                .map_or_else(String::new, |to| format!(" from='{}'", escape(to)));
            let answer = format!(
                "<iq xmlns='jabber:client' type='error' id='{}'{from}><error type='cancel'><service-unavailable \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                escape(id)
            );
            down(&answer, out);
        }
    }

    fn presence(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        presence: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        if names::mentions_us(presence) {
            return;
        }
        self.pass(stanza, out);
        match (presence.attr("to"), presence.attr("type")) {
            (Some(to), None) if presence.has_child("x", ROOM) => {
                if let Some(room) = names::read(to.as_bytes()).map(|to| to.to_bare())
                    && self.rooms.len() < MOST_ROOMS
                {
                    self.rooms.insert(room.as_str().to_owned());
                }
            }
            (None, None) if !self.present => self.come(resident, now, out),
            _ => {}
        }
    }

    fn message(
        &mut self,
        resident: &mut Resident,
        stanza: &Stanza,
        message: &Element,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let kind = message.attr("type").unwrap_or("normal");
        let text = Zeroizing::new(payload::body(message).unwrap_or_default());
        let command = talk::command_in(text.as_bytes(), &self.habits.prefix);
        match self.addressee(message.attr("to")) {
            Addressee::Proxy => {
                if kind != "error" && !text.is_empty() {
                    let command = talk::to_the_proxy(text.as_bytes(), &self.habits.prefix);
                    self.obey(resident, command, None, now, out);
                }
            }
            Addressee::Nobody => {
                let words = "*** not sent: the address of the message is none".to_owned();
                self.tell(resident, [words], out);
            }
            Addressee::Person(nick) if kind == "error" => self.refusal(message, &nick, out),
            Addressee::Person(nick) if kind != "groupchat" => match command {
                Some(words) => {
                    let command = talk::to_a_person(words, &self.habits.prefix);
                    self.obey(resident, command, Some(&nick), now, out);
                }
                None => self.words(resident, (stanza, message), &nick, &text, now, out),
            },
            // A secret that was typed to a room by mistake.
            Addressee::Person(_) | Addressee::Other(_) if command.is_some() => {
                let words = "that was a command for the proxy, and goes to a person or to the proxy: nothing was sent";
                self.tell(
                    resident,
                    [format!("{words}, see {} help", self.habits.prefix)],
                    out,
                );
            }
            Addressee::Person(_) => self.pass(stanza, out),
            Addressee::Other(nick) => {
                let policy = resident.engine.policy(&nick);
                let required = policy.is_on() && policy.require_encryption;
                if required && kind != "groupchat" && !text.is_empty() {
                    self.keep_back(
                        resident,
                        &nick,
                        "a text to somebody in a room, or to no person,",
                        out,
                    );
                } else {
                    self.pass(stanza, out);
                }
            }
        }
    }

    /// What the client answers to a message that it does not take may hold the words of that message.
    fn refusal(&mut self, message: &Element, nick: &Nick, out: &mut Vec<Step>) {
        let error = message.children().find(|child| child.is("error", CLIENT));
        let condition = error.and_then(|error| error.children().find(|child| child.name() != "text"));
        let condition = condition.map_or("service-unavailable", Element::name);
        let plain = condition
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let condition = if plain { condition } else { "service-unavailable" };
        let to = message.attr("to").map_or_else(
            || String::from_utf8_lossy(nick.as_bytes()).into_owned(),
            str::to_owned,
        );
        let id = escape(message.attr("id").unwrap_or_default());
        let answer = format!(
            "<message type='error' to='{}' id='{id}'><error type='cancel'><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
            escape(&to)
        );
        up(answer, out);
    }

    /// What somebody says to a person.
    fn words(
        &mut self,
        resident: &mut Resident,
        (stanza, message): (&Stanza, &Element),
        nick: &Nick,
        text: &str,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let open = resident.engine.next_way(nick) == Some(How::Clear);
        if payload::is_encrypted(message) {
            // It is private by other means. Words that stand beside it are not.
            if open {
                return self.pass(stanza, out);
            }
            let beside = [payload::encrypted(message), payload::harmless(message, true)].concat();
            return self.rebuilt(message, &beside, out);
        }
        let subject = payload::subject(message).filter(|_| !open);
        let text = match subject {
            Some(subject) if text.is_empty() => Zeroizing::new(subject),
            Some(subject) => Zeroizing::new(format!("{subject}\n{text}")),
            None => Zeroizing::new(text.to_owned()),
        };
        if text.is_empty() {
            return self.beside(resident, (stanza, message), nick, open, out);
        }
        if text.starts_with("?OTR?") || text.starts_with("?OTRv") {
            let effects = resident.engine.start(nick, now);
            return self.carry_out(resident, effects, Cause::default(), out);
        }
        if text.starts_with("?OTR") {
            let words =
                "*** not sent: your client encrypts by itself. Switch its own OTR off: the proxy does it";
            return self.tell(resident, [words.to_owned()], out);
        }
        let effects = resident.engine.say(nick, Words::said(text.as_bytes()), now);
        let Some(offer) = offer_in(&effects, &text) else {
            let said = Some((message, text.as_str()));
            return self.carry_out(
                resident,
                effects,
                Cause {
                    said,
                    ..Cause::default()
                },
                out,
            );
        };
        let mut first = None;
        let told = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { text, .. } => {
                first.get_or_insert(text);
                None
            }
            other => Some(other),
        });
        let told = told.collect();
        let said = if offer.is_empty() {
            self.as_it_is(stanza)
        } else {
            let with_offer = [text.as_str(), &offer].concat();
            written(&payload::with_body(message, &with_offer, true)).map(Outgoing::stanza)
        };
        if let Some(said) = said {
            out.push(Step::Up(match first {
                Some(first) => said.with_text(nick.clone(), first),
                None => said,
            }));
        }
        self.carry_out(resident, told, Cause::default(), out);
    }

    /// A message without a text: what programs tell each other, or a word in another place.
    fn beside(
        &mut self,
        resident: &mut Resident,
        (stanza, message): (&Stanza, &Element),
        nick: &Nick,
        open: bool,
        out: &mut Vec<Step>,
    ) {
        if open {
            return self.pass(stanza, out);
        }
        if payload::has_more(message) || payload::has_other_words(message) {
            self.keep_back(
                resident,
                nick,
                "what your client sends beside texts, such as a reaction,",
                out,
            );
        }
        let kept = payload::harmless(message, true);
        if !kept.is_empty() {
            self.rebuilt(message, &kept, out);
        }
    }

    fn rebuilt(&mut self, message: &Element, inner: &str, out: &mut Vec<Step>) {
        let attribute = |name: &str| {
            let value = message.attr(name);
            value.map_or_else(String::new, |value| format!(" {name}='{}'", escape(value)))
        };
        let (to, kind, id) = (attribute("to"), attribute("type"), attribute("id"));
        up(format!("<message{to}{kind}{id}>{inner}</message>"), out);
    }

    fn keep_back(&mut self, resident: &mut Resident, nick: &Nick, what: &str, out: &mut Vec<Step>) {
        let (name, prefix) = (sanitize::nick(nick.as_bytes()), &self.habits.prefix);
        let words = format!(
            "*** {name}: not sent: {what} goes unencrypted, and nothing may now. Say it as an ordinary message to a \
             person, or {prefix} end first"
        );
        self.tell(resident, [words], out);
    }

    /// Does what a person has typed to the proxy.
    fn obey(
        &mut self,
        resident: &mut Resident,
        command: Result<Command, String>,
        peer: Option<&Nick>,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let named = |name: &[u8]| match self.addressee(std::str::from_utf8(name).ok()) {
            Addressee::Person(nick) => Some(nick),
            Addressee::Proxy | Addressee::Other(_) | Addressee::Nobody => None,
        };
        let people = People {
            named: &named,
            prepare: &|_, _| {},
        };
        let answer = orders::obey(resident, &self.habits.prefix, command, peer, &people, now);
        self.tell(resident, answer.lines, out);
        self.carry_out(resident, answer.effects, Cause::default(), out);
    }
}

/// What the engine would add to a clear text, if it would send that as it was said: nothing, or an offer. `None` if it does
/// something else with it.
fn offer_in(effects: &[Effect], text: &str) -> Option<String> {
    let mut lines = split(text.as_bytes(), usize::MAX).into_iter();
    let mut offer = Vec::new();
    for effect in effects {
        match effect {
            Effect::Send { text, .. } => offer.extend_from_slice(text.strip_prefix(lines.next()?)?),
            Effect::Deed { .. } => return None,
            Effect::Show(_) | Effect::Remember(_) => {}
        }
    }
    let whole = lines.next().is_none();
    let offer = String::from_utf8(offer).ok()?;
    (whole && offer.bytes().all(|byte| b" \t".contains(&byte))).then_some(offer)
}

/// Whether it is something that a server passes on, and counts.
pub(super) fn is_stanza(stanza: &Stanza) -> bool {
    stanza.namespace() == CLIENT && ["message", "presence", "iq"].contains(&stanza.name())
}

fn up(stanza: String, out: &mut Vec<Step>) {
    out.push(Step::Up(Outgoing::stanza(stanza.into_bytes())));
}

pub(super) fn down(stanza: &str, out: &mut Vec<Step>) {
    out.push(Step::Down(Zeroizing::new(stanza.as_bytes().to_vec())));
}

pub(super) const STREAM_MANAGEMENT: &str = "urn:xmpp:sm:3";
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
const COMPRESSION: &str = "http://jabber.org/protocol/compress";
const ROOM: &str = "http://jabber.org/protocol/muc";
const REFUSED: &str = "<failed xmlns='urn:xmpp:sm:3'><feature-not-implemented \
    xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
const UNCOMPRESSED: &str = "<failure xmlns='http://jabber.org/protocol/compress'><setup-failed/></failure>";
const MOST_ROOMS: usize = 1024;
