//! The proxy between one XMPP client and one server, as a machine without sockets: stanzas of either side go in, steps
//! come back.
//!
//! ```text
//! client -> upward.rs   -> engine.say      -> server
//! client <- downward.rs <- engine.receive  <- server
//! ```
//!
//! Every stanza passes as the bytes that it is but messages to and from people. What is shown of a message has gone
//! through the engine; what may not be sent stays there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use im::irc::Nick;
use im::xmpp::cipher::{self, is_ciphertext};
use im::xmpp::{BareJid, Element, Header, Outgoing, escape};
use otr::Timestamp;
use zeroize::Zeroizing;

use crate::engine::notice::{Notice, What};
use crate::engine::{Effect, Memory};
use crate::proxy::habits::Habits;
use crate::proxy::resident::Resident;
use crate::proxy::xmpp::company::{Load, Outbound, Parcel};
use crate::proxy::xmpp::names::{self, ADDRESS, Addressee};
use crate::proxy::xmpp::payload::{self, ABOUT_CIPHERTEXT};
use crate::proxy::xmpp::wish::{Wish, wishes};
use crate::sanitize;

/// One thing to do, in order.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Say this to the server.
    Up(Outgoing),
    /// Say this to the client.
    Down(Zeroizing<Vec<u8>>),
    /// The same, with words that somebody has said to the person.
    Words(Zeroizing<Vec<u8>>),
    /// Store this.
    Remember(Memory),
    /// The stream ends on both sides.
    End,
}

/// The proxy on one connection.
pub struct Adapter {
    pub(super) habits: Habits,
    /// Whose account it is.
    pub(super) account: BareJid,
    /// The header of the client's stream, and whether it declares the same names as ours to the server.
    pub(super) client: Header,
    pub(super) same_names: bool,
    /// The header of the server's stream, which the client has got as it is.
    pub(super) server: Header,
    /// Our address with the resource, once the server has given it.
    pub(super) full: Option<String>,
    /// When it did.
    pub(super) began: Option<Timestamp>,
    /// Whether the client has said that it is here, and shows what it gets.
    pub(super) present: bool,
    /// Whether it has got the server to send it copies, and the question by which it has asked for that, or for the end of it.
    pub(super) copies: bool,
    pub(super) asked_for_copies: Option<(String, bool)>,
    /// Whether it has got its list of contacts, and the proxy's entry in it.
    pub(super) roster: [bool; 2],
    /// The question by which it asked for that list.
    pub(super) asked_for_roster: Option<String>,
    /// Rooms that the client is in, and whose occupants are no people to us.
    pub(super) rooms: BTreeSet<String>,
    /// Ciphertext that went out lately: its identifier, for whom, and whether the client knows it.
    pub(super) sent: VecDeque<(String, Nick, bool)>,
    /// Whose old ciphertext was told of.
    pub(super) told_old: BTreeSet<Nick>,
    /// Whether somebody with our name was told of.
    pub(super) told_impostor: bool,
    /// How many stanzas of our own there were.
    count: u64,
    /// Makes our identifiers different from those of other connections; among those of the account it is our number.
    pub(super) seed: u64,
}

/// What caused the effects.
#[derive(Clone, Copy, Default)]
pub(super) struct Cause<'a> {
    /// A message of the client, and its text.
    pub(super) said: Option<(&'a Element, &'a str)>,
    /// A message of the server: its bytes, the message, and its text.
    pub(super) heard: Option<(&'a [u8], &'a Element, &'a str)>,
    /// Whether it is old, so that nothing answers it.
    pub(super) old: bool,
    /// Whether another client has got it as well, so that whoever watches has been told.
    pub(super) known: bool,
}

impl Adapter {
    /// Between a client's stream and a server's, both at their beginning.
    pub fn new(habits: Habits, account: BareJid, client: Header, server: Header, seed: u64) -> Self {
        Self {
            habits,
            account,
            same_names: declares_the_usual(client.as_bytes()),
            client,
            server,
            full: None,
            began: None,
            present: false,
            copies: false,
            asked_for_copies: None,
            roster: [false; 2],
            asked_for_roster: None,
            rooms: BTreeSet::new(),
            sent: VecDeque::new(),
            told_old: BTreeSet::new(),
            told_impostor: false,
            count: 0,
            seed,
        }
    }

    /// Whether messages can go out: the server has given us an address.
    pub fn is_bound(&self) -> bool {
        self.full.is_some()
    }

    /// Lets what waits in the engine expire.
    pub fn tick(&mut self, resident: &mut Resident, now: Timestamp) -> Vec<Step> {
        let effects = resident.engine.tick(now);
        let mut out = Vec::new();
        self.carry_out(resident, effects, Cause::default(), &mut out);
        out
    }

    /// The connection broke before the server said that it has taken these. What is private among them the engine tells of.
    pub fn doubt(&self, resident: &mut Resident, open: impl IntoIterator<Item = Outgoing>) {
        let mut texts: BTreeMap<Nick, usize> = BTreeMap::new();
        for (to, text) in open.into_iter().filter_map(Outgoing::into_text) {
            if !is_ciphertext(&String::from_utf8_lossy(&text)) {
                *texts.entry(to).or_default() += 1;
            }
        }
        let line = |(to, count): (Nick, usize)| {
            let name = sanitize::nick(to.as_bytes());
            let texts = if count == 1 { "text" } else { "texts" };
            format!("*** {name}: the last {count} {texts} in the clear may be lost: the connection broke")
        };
        let lines: Vec<_> = texts.into_iter().map(line).collect();
        if lines.is_empty() {
            return;
        }
        if resident.company.has_others(self.seed) {
            return self.share(resident, &Parcel::Told(lines));
        }
        resident.keep(lines);
    }

    /// The connection is gone; these have certainly not been sent. There is nobody to show anything any more: what the
    /// person has to know is kept for the next client.
    ///
    /// If other clients of the account are there, they go on: the network has not lost the person.
    pub fn lost(
        &mut self,
        resident: &mut Resident,
        unsent: impl IntoIterator<Item = Outgoing>,
        now: Timestamp,
    ) -> Vec<Step> {
        let (first, untold) = resident.company.leave(self.seed);
        resident.keep(untold);
        resident.outside.rouse();
        if !first && !resident.company.is_empty() {
            // Only what goes in the clear goes by this stream.
            let messages = unsent.into_iter().filter(Outgoing::has_text);
            messages.for_each(|message| resident.company.hand_on(Load::Stanza(message)));
            return Vec::new();
        }
        let outgoing = resident.company.take_outgoing();
        let unsent = unsent.into_iter().filter_map(Outgoing::into_text);
        let unsent = unsent.chain(outgoing.into_iter().filter_map(Load::into_message));
        let memories = resident.lose(unsent, deed_text, &self.habits.prefix, now);
        memories.into_iter().map(Step::Remember).collect()
    }

    /// The client's stream has its end: what the person has to know waits for the next client.
    pub(super) fn nothing_more_is_shown(&mut self) {
        self.present = false;
    }

    /// Carries out what was done elsewhere.
    pub fn run_errands(&mut self, resident: &mut Resident) -> Vec<Step> {
        let mut out = Vec::new();
        self.carry_out(resident, Vec::new(), Cause::default(), &mut out);
        out
    }

    /// Ends every private conversation, as before the proxy ends.
    pub fn end_all(&mut self, resident: &mut Resident, now: Timestamp) -> Vec<Step> {
        let effects = resident.engine.end_all(now);
        let mut out = Vec::new();
        self.carry_out(resident, effects, Cause::default(), &mut out);
        out
    }

    /// Does what the engine says.
    pub(super) fn carry_out(
        &mut self,
        resident: &mut Resident,
        effects: Vec<Effect>,
        cause: Cause<'_>,
        out: &mut Vec<Step>,
    ) {
        self.speak_for_all(resident, out);
        let errands = resident.outside.take();
        if !errands.is_empty() {
            self.carry_out(resident, errands, Cause::default(), out);
        }
        let mut wishes = wishes(resident, &effects, cause.said.map(|(message, _)| message));
        for (at, effect) in effects.into_iter().enumerate() {
            let wish = wishes.remove(&at).unwrap_or_default();
            match effect {
                Effect::Remember(memory) => out.push(Step::Remember(memory)),
                Effect::Show(notice) => self.show(resident, notice, cause, out),
                Effect::Send { .. } | Effect::Deed { .. } if cause.old => {}
                Effect::Send { to, text } => self.send(resident, to, text, wish, out),
                Effect::Deed { to, deed } => self.send(resident, to, deed_text(&deed), wish, out),
            }
        }
    }

    /// The first message that words of the client have become is as the client wishes.
    fn send(&mut self, resident: &mut Resident, to: Nick, text: Vec<u8>, wish: Wish, out: &mut Vec<Step>) {
        let Ok(words) = String::from_utf8(text) else {
            // Texts come from XML and are such; should one not be, nothing of it goes anywhere.
            let what = What::Mistake("not sent: it cannot be said in XMPP".to_owned());
            return self.show(resident, Notice { with: to, what }, Cause::default(), out);
        };
        let ciphertext = is_ciphertext(&words);
        let [without_hints, with_hints] = wish.beside;
        let outbound = Outbound {
            to,
            id: wish.id,
            kind: if wish.normal { "normal" } else { "chat" },
            address: wish.to,
            beside: if ciphertext { without_hints } else { with_hints },
            text: Zeroizing::new(words),
        };
        if ciphertext && resident.company.is_spoken_for(self.seed) {
            resident.company.hand_on(Load::Text(outbound));
            return resident.outside.rouse();
        }
        self.say(resident, outbound, true, out);
    }

    /// Says a text to somebody. `own` is whether the client has said it, so that it knows the identifier.
    pub(super) fn say(&mut self, resident: &Resident, outbound: Outbound, own: bool, out: &mut Vec<Step>) {
        let Outbound {
            to,
            text,
            id,
            kind,
            address,
            beside,
        } = outbound;
        let known = own && id.is_some();
        let id = id.unwrap_or_else(|| self.next_id());
        let ciphertext = is_ciphertext(&text);
        let address = match (cipher::tags(&text), names::read(to.as_bytes())) {
            // To the device that it is for, if we know where that is; the server finds the others.
            (Some(_), Some(to)) => Some(resident.company.places.of(&to.to_bare(), &text).to_string()),
            _ => address,
        };
        let address = address.unwrap_or_else(|| String::from_utf8_lossy(to.as_bytes()).into_owned());
        let about = if ciphertext { ABOUT_CIPHERTEXT } else { "" };
        let body = Zeroizing::new(escape(&text));
        let message = format!(
            "<message to='{}' type='{kind}' id='{}'><body>{}</body>{beside}{about}</message>",
            escape(&address),
            escape(&id),
            body.as_str()
        );
        if ciphertext {
            self.note_sent(id, to.clone(), known);
        }
        let stanza = Outgoing::stanza(message.into_bytes());
        out.push(Step::Up(stanza.with_text(to, text.as_bytes().to_vec())));
    }

    fn note_sent(&mut self, id: String, to: Nick, known: bool) {
        self.sent.push_back((id, to, known));
        if self.sent.len() > MOST_SENT {
            self.sent.pop_front();
        }
    }

    /// An identifier of our own.
    pub(super) fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{OURS}{:x}-{}", self.seed, self.count)
    }

    /// Asks the client whether it is there. Any answer will do, even that it does not know the question.
    pub(super) fn ping(&mut self) -> Vec<u8> {
        let (to, id) = (escape(self.full.as_deref().unwrap_or_default()), self.next_id());
        let ping = format!(
            "<iq xmlns='jabber:client' type='get' from='{ADDRESS}/proxy' to='{to}' id='{id}'><ping \
             xmlns='urn:xmpp:ping'/></iq>"
        );
        ping.into_bytes()
    }

    /// Who is meant by an address of a message.
    pub(super) fn addressee(&self, address: Option<&str>) -> Addressee {
        names::addressee(address, &self.account, &self.rooms)
    }
}

/// An element as bytes.
pub(super) fn written(element: &Element) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    element.write_to(&mut *bytes).ok()?;
    Some(bytes)
}

/// Whether the header of a stream declares no more names than ours to the server does, so that its stanzas mean the same
/// there.
fn declares_the_usual(header: &[u8]) -> bool {
    let text = String::from_utf8_lossy(header);
    let declared = text
        .split_ascii_whitespace()
        .filter(|part| part.starts_with("xmlns"));
    let mut default = false;
    for part in declared {
        match part.split_once('=').map(|(name, value)| (name, unquoted(value))) {
            Some(("xmlns", payload::CLIENT)) => default = true,
            Some(("xmlns:stream", im::xmpp::STREAMS)) | Some(("xmlns:xml", _)) => {}
            _ => return false,
        }
    }
    default
}

fn unquoted(value: &str) -> &str {
    value.trim_end_matches('>').trim_matches(['"', '\''])
}

/// What somebody does, as a text (XEP-0245).
fn deed_text(deed: &[u8]) -> Vec<u8> {
    [b"/me ", deed].concat()
}

/// How identifiers of our own begin.
pub(super) const OURS: &str = "chatham-proxy-";
const MOST_SENT: usize = 256;
