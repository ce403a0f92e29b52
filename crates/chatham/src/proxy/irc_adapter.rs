//! The proxy between the IRC clients of one person and one server, as a machine without sockets: lines of either side go in, steps
//! come back.
//!
//! ```text
//! client -> upward.rs   -> engine.say      -> server
//! client <- downward.rs <- engine.receive  <- server
//! ```
//!
//! Every line passes as it is but messages to and from people. What is shown of a message has gone through the engine; what
//! may not be sent stays there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use im::irc::{CaseMapping, IrcLine, Nick, ctcp};
use otr::Timestamp;

use crate::engine::notice::{How, Notice, What};
use crate::engine::{Effect, Memory};
use crate::present::plain;
use crate::proxy::attendance::Attendance;
use crate::proxy::capabilities::Held;
use crate::proxy::echoes::Echoes;
use crate::proxy::habits::Habits;
use crate::proxy::line::Frame;
use crate::proxy::observer::{NAME, Observer};
use crate::proxy::resident::Resident;
use crate::proxy::retold::Said;
use crate::proxy::words::is_answer;

/// One thing to do, in order.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Say this to the server.
    Up(Upward),
    /// Say this to every client.
    Down(IrcLine),
    /// Say this to the client that speaks.
    Answer(IrcLine),
    /// Say this to the client with this number.
    For(u64, IrcLine),
    /// Show this on the clients on which it was not typed.
    Said(Said),
    /// Store this.
    Remember(Memory),
    /// End the connection, for this reason.
    Refuse(String),
}

/// A line for the server. Its `Debug` does not show the text.
pub struct Upward {
    /// The line.
    pub line: IrcLine,
    /// Whether it is ours: the client, which knows how fast it may speak, has not reckoned with it.
    pub ours: bool,
    /// To whom, and the text, if it is a message that the engine knows of: to be given back to it if it is not sent.
    pub message: Option<(Nick, Vec<u8>)>,
}

impl std::fmt::Debug for Upward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upward")
            .field("line", &self.line)
            .field("ours", &self.ours)
            .finish_non_exhaustive()
    }
}

/// The proxy on one connection.
pub struct Adapter {
    pub(super) observer: Observer,
    pub(super) attendance: Attendance,
    /// What the server does for its client beyond the old protocol.
    pub(super) held: Held,
    /// The client whose line is looked at.
    pub(super) speaker: Option<u64>,
    /// So many clients are shown what happens.
    pub(super) guests: usize,
    pub(super) echoes: Echoes,
    pub(super) habits: Habits,
    /// Messages of the client from before the server was ready.
    pub(super) early: VecDeque<(u64, IrcLine)>,
    /// How people were shown last, by nick.
    sources: BTreeMap<Nick, Vec<u8>>,
    /// Whose old ciphertext was told of.
    pub(super) told_old: BTreeSet<Nick>,
    /// Whether somebody with our name was told of.
    pub(super) told_impostor: bool,
}

/// What caused the effects.
#[derive(Clone, Copy, Default)]
pub(super) struct Cause<'a> {
    /// A message of the client, and its words.
    pub(super) said: Option<(&'a Frame, &'a [u8])>,
    /// A message of the server: the line, its frame, and its words.
    pub(super) heard: Option<(&'a IrcLine, &'a Frame, &'a [u8])>,
}

impl Adapter {
    /// At the beginning of a connection. `None` never happens.
    pub fn new(habits: Habits) -> Option<Self> {
        Some(Self {
            observer: Observer::new()?,
            attendance: Attendance::default(),
            held: Held::default(),
            speaker: None,
            guests: 1,
            echoes: Echoes::default(),
            habits,
            early: VecDeque::new(),
            sources: BTreeMap::new(),
            told_old: BTreeSet::new(),
            told_impostor: false,
        })
    }

    /// Whether the server has let the client in.
    pub fn is_ready(&self) -> bool {
        self.observer.is_ready()
    }

    /// Lets what waits in the engine expire.
    pub fn tick(&mut self, resident: &mut Resident, now: Timestamp) -> Vec<Step> {
        let effects = resident.engine.tick(now);
        let mut out = Vec::new();
        self.carry_out(resident, effects, Cause::default(), &mut out);
        out
    }

    /// The connection is gone; these lines have certainly not been sent. There is nobody to show anything any more: what
    /// the person has to know is kept for the next client.
    pub fn lost(&mut self, resident: &mut Resident, unsent: Vec<Upward>, now: Timestamp) -> Vec<Step> {
        let early = std::mem::take(&mut self.early);
        resident.keep(early.iter().filter_map(|(_, line)| never_sent(line)));
        let unsent = unsent.into_iter().filter_map(|upward| upward.message);
        let memories = resident.lose(unsent, ctcp::action, &self.habits.prefix, now);
        memories.into_iter().map(Step::Remember).collect()
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

    /// Something about the connection itself that the person has to know.
    pub fn complain(&mut self, resident: &mut Resident, words: String) -> Vec<Step> {
        let mut out = Vec::new();
        self.tell(resident, [words], &mut out);
        out
    }

    /// Says these sentences to the person, now or when there is a client for them.
    pub(super) fn tell(
        &self,
        resident: &mut Resident,
        lines: impl IntoIterator<Item = String>,
        out: &mut Vec<Step>,
    ) {
        if !self.observer.is_ready() || self.guests == 0 {
            return resident.keep(lines);
        }
        let lines = self.as_the_proxy(self.way_to_tell(), lines);
        out.extend(lines.into_iter().map(Step::Down));
    }

    /// Says these sentences to the client that speaks.
    pub(super) fn answer(
        &self,
        resident: &mut Resident,
        lines: impl IntoIterator<Item = String>,
        out: &mut Vec<Step>,
    ) {
        let before = out.len();
        self.tell(resident, lines, out);
        let told = out.split_off(before).into_iter();
        out.extend(told.map(|step| match step {
            Step::Down(line) => Step::Answer(line),
            step => step,
        }));
    }

    /// Sentences in the proxy's own name.
    pub(super) fn as_the_proxy(
        &self,
        command: &str,
        lines: impl IntoIterator<Item = String>,
    ) -> Vec<IrcLine> {
        let source = format!("{NAME}!chatham@localhost");
        let frame = Frame::between(source.as_bytes(), &self.observer.nick());
        let lines = lines.into_iter();
        lines
            .flat_map(|line| frame.messages(command, "", line.as_bytes(), false))
            .collect()
    }

    /// How the person is told something.
    pub(super) fn way_to_tell(&self) -> &'static str {
        if self.habits.notices { "NOTICE" } else { "PRIVMSG" }
    }

    /// Tells the engine how long a line to this person may be.
    pub(super) fn measure(&self, resident: &mut Resident, nick: &Nick) {
        let room = self.observer.client().room(nick.as_bytes());
        resident.engine.set_room(nick, room);
    }

    /// Does what the engine says.
    pub(super) fn carry_out(
        &mut self,
        resident: &mut Resident,
        effects: Vec<Effect>,
        cause: Cause<'_>,
        out: &mut Vec<Step>,
    ) {
        let errands = resident.outside.take();
        if !errands.is_empty() {
            let speaker = self.speaker.take();
            self.carry_out(resident, errands, Cause::default(), out);
            self.speaker = speaker;
        }
        let mut said = cause.said;
        for effect in effects {
            match effect {
                Effect::Remember(memory) => out.push(Step::Remember(memory)),
                Effect::Show(notice) => self.show(resident, notice, cause, out),
                Effect::Send { to, text } => self.send(resident, to, text, &mut said, out),
                Effect::Deed { to, deed } => {
                    self.send(resident, to, ctcp::action(&deed), &mut said, out);
                }
            }
        }
    }

    /// The first message that words of the client have become has their label, and comes back to it as these words.
    fn send(
        &mut self,
        resident: &mut Resident,
        to: Nick,
        text: Vec<u8>,
        said: &mut Option<(&Frame, &[u8])>,
        out: &mut Vec<Step>,
    ) {
        let line = match said {
            Some((frame, _)) => (*frame).clone().with_the_label_only().around("PRIVMSG", &text),
            None => IrcLine::command("PRIVMSG").param(to.as_bytes()).trailing(&text),
        };
        let Ok(line) = line else {
            // The engine makes texts that fit; should it not, nothing of them goes anywhere.
            let what = What::Mistake("not sent: it cannot be said in one line".to_owned());
            return self.show(resident, Notice { with: to, what }, Cause::default(), out);
        };
        if self.observer.echoes() {
            self.echoes.sent(&to, &text, said.map(|(_, words)| words));
        }
        *said = None;
        out.push(Step::Up(Upward {
            line,
            ours: true,
            message: Some((to, text)),
        }));
    }

    fn show(&mut self, resident: &mut Resident, notice: Notice, cause: Cause<'_>, out: &mut Vec<Step>) {
        resident.outside.tell(&notice);
        let Notice { with, what } = &notice;
        match what {
            What::Heard {
                words, how, alarming, ..
            } => {
                let as_it_came = cause
                    .heard
                    .filter(|(_, _, text)| *how == How::Clear && !alarming && is_same(words, text));
                if let Some((line, ..)) = as_it_came {
                    return out.push(Step::Down(line.clone()));
                }
                let mark = match alarming {
                    true => format!("{} ", plain::mark(*how, true)),
                    false => String::new(),
                };
                let frame = cause
                    .heard
                    .map_or_else(|| self.frame_from(with), |(_, frame, _)| frame.clone());
                let lines = frame.messages("PRIVMSG", &mark, &words.text, words.deed);
                out.extend(lines.into_iter().map(Step::Down));
            }
            _ => {
                self.retell(resident, &notice, out);
                let lines = resident.told(&notice, &self.habits.prefix);
                match is_answer(what) && self.speaker.is_some() {
                    true => self.answer(resident, lines, out),
                    false => self.tell(resident, lines, out),
                }
            }
        }
    }

    /// A message from somebody that no line of theirs has brought: a beginning that waited too long for its rest.
    fn frame_from(&self, nick: &Nick) -> Frame {
        let source = self.sources.get(nick).map_or(nick.as_bytes(), Vec::as_slice);
        Frame::between(source, &self.observer.nick())
    }

    /// Takes note of how somebody is shown.
    pub(super) fn note_source(&mut self, nick: &Nick, source: Vec<u8>) {
        if self.sources.len() >= MOST_SOURCES && !self.sources.contains_key(nick) {
            self.sources.clear();
        }
        self.sources.insert(nick.clone(), source);
    }

    /// Names are folded in another way from now on.
    pub(super) fn refold(&mut self, mapping: CaseMapping) {
        let sources = std::mem::take(&mut self.sources).into_iter();
        self.sources = sources
            .map(|(nick, source)| (nick.refold(mapping), source))
            .collect();
        self.told_old.clear();
    }
}

/// What the person is told of a message that the client said before the server was ready, and then there was no server.
fn never_sent(line: &IrcLine) -> Option<String> {
    let message = line.parse().ok()?;
    let [to, text] = [0, 1].map(|place| crate::sanitize::one_line(message.param(place)));
    Some(format!(
        "*** {to}: not sent, and not kept: the connection broke before the server had let you in: {text}"
    ))
}

/// Whether these words are a message as it came.
fn is_same(words: &crate::engine::notice::Words, text: &[u8]) -> bool {
    if words.deed {
        *ctcp::action(&words.text) == *text
    } else {
        **words.text == *text
    }
}

const MOST_SOURCES: usize = 256;
