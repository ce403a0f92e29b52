//! A client as a state machine: stanzas in, stanzas and facts out. No socket, no clock.
//!
//! ```text
//! features -> [resume] -> Resumed
//!          \-> bind -> Bound: enable, roster, carbons, presence
//! ```
//!
//! Facts have the form of [`crate::irc::Event`], so that whoever knows one network knows the other; people are bare
//! addresses, whatever client they speak from.

use std::time::Duration;

use jid::{BareJid, FullJid, Jid};
use minidom::Element;

use super::frame::{Frame, STREAMS, Stanza};
use super::header::Header;
use super::management::{Management, Miscounted, Outgoing, count, question};
use super::message::{self, nick};
use super::places::Places;
use super::roster::{ListWish, Roster};
use super::stream::stream_error;
use super::{iq, ns};
use crate::irc::{Event, Kind, Nick};
use crate::link::SendError;

/// What the machine wants.
#[derive(Debug)]
pub enum Output {
    /// Write this.
    Send(Outgoing),
    /// This happened.
    Event(Event),
    /// The stream is over: why, if there is a reason.
    Close(Option<String>),
}

/// Our place at a server, over one stream or several.
#[derive(Debug)]
pub struct Client {
    own: BareJid,
    resource: Option<String>,
    stage: Stage,
    /// How elements of the present stream are to be read.
    header: Option<Header>,
    /// What the server can do on the present stream.
    can: Abilities,
    management: Option<Management>,
    roster: Roster,
    places: Places,
    now: Option<Duration>,
    /// When we came to this place.
    began: Option<Duration>,
    messages: u64,
    /// What the server has not taken of an earlier stream that it does not go on with.
    refused: Option<Vec<(Nick, Vec<u8>)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Away,
    Resuming,
    Binding,
    /// Servers of the old kind want it said once more.
    Beginning,
    Bound {
        resumed: bool,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    management: bool,
    session: bool,
}

impl Client {
    /// A place under this address. Without a name for the client the server makes one.
    #[must_use]
    pub fn new(own: BareJid, resource: Option<String>) -> Self {
        Self {
            own,
            resource,
            stage: Stage::Away,
            header: None,
            can: Abilities::default(),
            management: None,
            roster: Roster::default(),
            places: Places::default(),
            now: None,
            began: None,
            messages: 0,
            refused: None,
        }
    }

    /// Our address.
    #[must_use]
    pub fn own(&self) -> &BareJid {
        &self.own
    }

    /// Whether stanzas can be sent.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(self.stage, Stage::Bound { .. })
    }

    /// Whether the present stream goes on where the one before broke.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.stage == Stage::Bound { resumed: true }
    }

    /// Whether the next stream may go on where this one breaks.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.management.as_ref().is_some_and(Management::is_resumable)
    }

    /// Tells the time, since 1970: what was said before this place was taken is old.
    pub fn tell_time(&mut self, now: Duration) {
        self.now = Some(now);
    }

    /// A stream on which the server has let us in, with its features.
    #[must_use]
    pub fn start(&mut self, header: Header, features: &Stanza) -> Vec<Output> {
        let element = header.read(features);
        self.header = Some(header);
        self.can = element.map_or_else(Abilities::default, |features| Abilities {
            management: features.has_child("sm", ns::SM),
            session: features
                .get_child("session", ns::SESSION)
                .is_some_and(|session| !session.has_child("optional", ns::SESSION)),
        });
        let resumption = self.management.as_ref().and_then(Management::resumption);
        match resumption.filter(|_| self.can.management) {
            Some(resumption) => {
                self.stage = Stage::Resuming;
                vec![Output::Send(resumption.request())]
            }
            None => self.bind(),
        }
    }

    /// Takes what the server sent.
    #[must_use]
    pub fn receive(&mut self, frame: &Frame) -> Vec<Output> {
        let Frame::Stanza(stanza) = frame else {
            return vec![Output::Close(None)];
        };
        let counts = stanza.namespace() == ns::JABBER_CLIENT;
        let read = self.header.as_ref().and_then(|header| header.read(stanza));
        if counts && let Some(management) = &mut self.management {
            management.take();
        }
        let Some(element) = read else {
            // More than the library takes: nothing that we know how to use.
            return Vec::new();
        };
        match (stanza.name(), stanza.namespace()) {
            ("error", STREAMS) => close(stream_error(&element).to_string()),
            (name, ns::SM) => self.manage(name, &element),
            ("iq", ns::JABBER_CLIENT) => self.iq(&element),
            ("message", ns::JABBER_CLIENT) if self.is_bound() => self.message(&element),
            ("presence", ns::JABBER_CLIENT) if self.is_bound() => self.presence(&element),
            _ => Vec::new(),
        }
    }

    /// Something came that cannot be read, and the stream has broken by it. It would come again where the stream goes on, and
    /// break it each time.
    pub fn pass_over(&mut self) {
        self.management.iter_mut().for_each(Management::take);
    }

    /// A text to somebody, as one message; `kept` is what is given back if it is not sent.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(&mut self, to: &BareJid, text: &str, kept: &[u8]) -> Result<Vec<Outgoing>, SendError> {
        if !self.is_bound() {
            return Err(SendError::Closed);
        }
        if self.management.as_ref().is_some_and(Management::is_full) {
            return Err(SendError::QueueFull);
        }
        self.messages += 1;
        let id = format!("m{}", self.messages);
        let outgoing = Outgoing::stanza(message::write(&self.places.of(to, text), &id, text));
        let outgoing = outgoing.with_text(nick(to), kept.to_vec());
        let mut all = vec![self.count(outgoing)];
        if self.management.is_some() {
            all.push(question());
        }
        Ok(all)
    }

    /// Changes the list of people, or who may see when we are there.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn list(&mut self, whom: &BareJid, wish: ListWish) -> Result<Vec<Outgoing>, SendError> {
        if !self.is_bound() {
            return Err(SendError::Closed);
        }
        if self.management.as_ref().is_some_and(Management::is_full) {
            return Err(SendError::QueueFull);
        }
        self.roster.decided(whom);
        let stanzas = wish.stanzas(whom).into_iter();
        Ok(stanzas
            .map(|xml| self.count(Outgoing::stanza(xml.into_bytes())))
            .collect())
    }

    /// What asks the server for a sign of life.
    #[must_use]
    pub fn ping(&mut self) -> Outgoing {
        match &self.management {
            Some(_) => question(),
            None => self.count(Outgoing::stanza(iq::ping().into_bytes())),
        }
    }

    /// What is said before leaving.
    #[must_use]
    pub fn goodbye(&mut self) -> Vec<Outgoing> {
        let gone = self.count(Outgoing::stanza(b"<presence type='unavailable'/>".to_vec()));
        // Nobody comes back to this place.
        self.management = None;
        vec![gone, Outgoing::element("</stream:stream>")]
    }

    /// The stream has broken.
    pub fn break_off(&mut self) {
        self.stage = Stage::Away;
        self.header = None;
    }

    /// The texts that the server has not taken on the streams before this one, in order, if this one does not go on there
    /// and the server has told how far it had come. Nothing else is known to be lost.
    pub fn take_refused(&mut self) -> Option<Vec<(Nick, Vec<u8>)>> {
        self.refused.take()
    }

    fn count(&mut self, outgoing: Outgoing) -> Outgoing {
        if let Some(management) = &mut self.management {
            management.send(&outgoing);
        }
        outgoing
    }

    fn stanza(&mut self, xml: String) -> Output {
        Output::Send(self.count(Outgoing::stanza(xml.into_bytes())))
    }

    fn bind(&mut self) -> Vec<Output> {
        self.management = None;
        self.stage = Stage::Binding;
        let bind = iq::bind(self.resource.as_deref());
        vec![self.stanza(bind)]
    }

    fn bound(&mut self) -> Vec<Output> {
        self.stage = Stage::Bound { resumed: false };
        self.began = self.now;
        self.roster.forget_presence();
        self.places.clear();
        let mut outputs = Vec::new();
        if self.can.management {
            outputs.push(Output::Send(Management::enable()));
            self.management = Some(Management::default());
        }
        outputs.push(self.stanza(iq::roster()));
        outputs.push(self.stanza(iq::carbons()));
        outputs.push(self.stanza("<presence/>".to_owned()));
        outputs.push(self.registered());
        outputs
    }

    fn registered(&self) -> Output {
        Output::Event(Event::Registered {
            nick: nick(&self.own),
        })
    }

    fn manage(&mut self, name: &str, element: &Element) -> Vec<Output> {
        let Some(management) = &mut self.management else {
            return Vec::new();
        };
        match name {
            "enabled" => management.enabled(element),
            "r" => return vec![Output::Send(management.answer())],
            "a" => {
                if let Err(fault) = management.hear_count(element) {
                    return close(fault.to_string());
                }
            }
            "resumed" if self.stage == Stage::Resuming => {
                let again = match count(element)
                    .ok_or(Miscounted)
                    .and_then(|count| management.reopen(count))
                {
                    Ok(again) => again,
                    Err(fault) => return close(fault.to_string()),
                };
                self.stage = Stage::Bound { resumed: true };
                let again = again
                    .into_iter()
                    .map(|outgoing| Output::Send(self.count(outgoing)));
                let mut outputs: Vec<_> = again.collect();
                outputs.push(Output::Send(question()));
                outputs.push(self.registered());
                return outputs;
            }
            "failed" if self.stage == Stage::Resuming => {
                if let Some(Ok(open)) = count(element).map(|count| management.reopen(count)) {
                    self.refused = Some(open.into_iter().filter_map(Outgoing::into_text).collect());
                }
                return self.bind();
            }
            // The server does not do it after all.
            "failed" => self.management = None,
            _ => {}
        }
        Vec::new()
    }

    fn iq(&mut self, iq: &Element) -> Vec<Output> {
        match iq::read(iq, &self.own) {
            iq::Meaning::Place(full) if self.stage == Stage::Binding => self.take_address(full),
            iq::Meaning::Session if self.stage == Stage::Beginning => self.bound(),
            iq::Meaning::NoPlace(words) if !self.is_bound() => {
                close(format!("the server gives us no place: {words}"))
            }
            iq::Meaning::List(list) => {
                self.roster.take(list);
                Vec::new()
            }
            iq::Meaning::Change(change, asker) if self.is_bound() => {
                self.roster.take(change);
                self.answer(asker.done())
            }
            iq::Meaning::NotChanged(words) => {
                let words = format!("the list of people was not changed: {words}");
                vec![Output::Event(Event::ServerError(words.into_bytes()))]
            }
            iq::Meaning::Ping(asker) if self.is_bound() => self.answer(asker.done()),
            iq::Meaning::Unknown(asker) if self.is_bound() => self.answer(asker.refused()),
            _ => Vec::new(),
        }
    }

    fn take_address(&mut self, full: Option<FullJid>) -> Vec<Output> {
        let Some(full) = full else {
            return close("the server gives us no address");
        };
        if full.to_bare() != self.own {
            // Everything that is said would be somebody else's.
            return close(format!(
                "the server gives us the address {full}, which was not asked for"
            ));
        }
        if self.can.session {
            self.stage = Stage::Beginning;
            return vec![self.stanza(iq::session())];
        }
        self.bound()
    }

    /// An answer. It is kept until the server has taken it, and anybody can ask: so the server is asked how far it is, and
    /// left if it does not say.
    fn answer(&mut self, xml: String) -> Vec<Output> {
        if self.management.as_ref().is_some_and(Management::is_full) {
            return close("the server does not say what it has taken");
        }
        let mut outputs = vec![self.stanza(xml)];
        if self.management.as_ref().is_some_and(Management::is_long) {
            outputs.push(Output::Send(question()));
        }
        outputs
    }

    fn message(&mut self, element: &Element) -> Vec<Output> {
        match message::read(element, &self.own, self.began) {
            message::Meaning::Said(mut said) => {
                said.account = self.known(&said.from.nick);
                if let Some(Ok(from)) = element.attr("from").map(Jid::new)
                    && matches!(said.kind, Kind::Person | Kind::Action)
                    && !said.history
                {
                    self.places.hear(&from, &String::from_utf8_lossy(&said.text));
                }
                vec![Output::Event(Event::Message(*said))]
            }
            message::Meaning::Failed(whom, words) => {
                let words = format!("a text did not reach {whom}: {words}");
                vec![
                    Output::Event(Event::Message(message::notice(&self.own, &whom, words))),
                    Output::Event(Event::Absent { nick: nick(&whom) }),
                ]
            }
            message::Meaning::Nothing => Vec::new(),
        }
    }

    /// Who is on our list is somebody whom we know.
    fn known(&self, whom: &Nick) -> Option<Vec<u8>> {
        let jid = BareJid::new(std::str::from_utf8(whom.as_bytes()).ok()?).ok()?;
        self.roster.has(&jid).then(|| jid.as_str().as_bytes().to_vec())
    }

    fn presence(&mut self, presence: &Element) -> Vec<Output> {
        let Some(Ok(from)) = presence.attr("from").map(Jid::new) else {
            return Vec::new();
        };
        if from.to_bare() == self.own || presence.has_child("x", ns::MUC_USER) {
            return Vec::new();
        }
        let kind = presence.attr("type");
        if kind == Some("unavailable") {
            self.places.leave(&from);
        }
        let event = self.roster.hear(&from, kind);
        event.map(Output::Event).into_iter().collect()
    }
}

fn close(reason: impl Into<String>) -> Vec<Output> {
    vec![Output::Close(Some(reason.into()))]
}
