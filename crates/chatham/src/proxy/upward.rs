//! From the client to the network.

use im::irc::ctcp::{self, Ctcp};
use im::irc::{IrcLine, Message, Nick};
use otr::Timestamp;

use crate::chat::action::Command;
use crate::engine::Effect;
use crate::engine::notice::{How, Words};
use crate::proxy::irc_adapter::{Adapter, Cause, Step, Upward};
use crate::proxy::line::{self, Frame};
use crate::proxy::observer::{Addressee, NAME, is_reserved};
use crate::proxy::orders::{self, People};
use crate::proxy::resident::Resident;
use crate::proxy::retold::Said;
use crate::proxy::talk;
use crate::sanitize;

impl Adapter {
    /// Takes a line of this client.
    pub fn from_client(
        &mut self,
        resident: &mut Resident,
        (speaker, line): (u64, &IrcLine),
        now: Timestamp,
    ) -> Vec<Step> {
        self.speaker = Some(speaker);
        let out = self.hear_client(resident, (speaker, line), now);
        self.speaker = None;
        out
    }

    fn hear_client(
        &mut self,
        resident: &mut Resident,
        (speaker, line): (u64, &IrcLine),
        now: Timestamp,
    ) -> Vec<Step> {
        let mut out = Vec::new();
        let Ok(message) = line.parse() else {
            return out;
        };
        match message.command.to_ascii_uppercase().as_slice() {
            // It was looked at when the client came in, and is nobody else's.
            b"PASS" => {}
            b"PRIVMSG" | b"NOTICE" | b"TAGMSG" | b"CPRIVMSG" | b"CNOTICE" => {
                if self.observer.is_ready() {
                    self.message(resident, line, &message, now, &mut out);
                } else {
                    self.wait(resident, (speaker, line), &mut out);
                }
            }
            b"WHOIS" | b"WHOWAS" if message.params.iter().any(|name| is_reserved(name)) => {
                self.introduce(&mut out);
            }
            _ => pass(line, &mut out),
        }
        out
    }

    /// Says what the client has said before the server was ready.
    pub(super) fn catch_up(&mut self, resident: &mut Resident, now: Timestamp, out: &mut Vec<Step>) {
        for (speaker, line) in std::mem::take(&mut self.early) {
            out.extend(self.from_client(resident, (speaker, &line), now));
        }
    }

    /// Before the server has let us in, nothing is known of whom a message is for.
    fn wait(&mut self, resident: &mut Resident, (speaker, line): (u64, &IrcLine), out: &mut Vec<Step>) {
        if self.early.len() < MOST_EARLY {
            self.early.push_back((speaker, line.clone()));
        } else {
            let words = "a text was dropped: too much was said before the server was ready";
            self.answer(resident, [words.to_owned()], out);
        }
    }

    fn message(
        &mut self,
        resident: &mut Resident,
        line: &IrcLine,
        message: &Message<'_>,
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        let targets: Vec<&[u8]> = message
            .param(0)
            .split(|&byte| byte == b',')
            .filter(|target| !target.is_empty())
            .collect();
        let whole = targets.len() == 1;
        let mut others = Vec::new();
        let mut label = Frame::of(message, message.param(0)).label().map(<[u8]>::to_vec);
        let before = out.len();
        for target in targets.iter().take(MOST_TARGETS) {
            let frame = Frame::of(message, target);
            match self.observer.addressee(target) {
                Addressee::Proxy if message.is("PRIVMSG") => {
                    let command = talk::to_the_proxy(message.param(1), &self.habits.prefix);
                    self.obey(resident, command, None, now, out);
                }
                Addressee::Proxy => {}
                Addressee::Person(nick) if message.is("PRIVMSG") => {
                    self.words(resident, (line, whole), &frame, &nick, message.param(1), now, out);
                }
                Addressee::Person(nick) | Addressee::Roundabout(nick) => {
                    self.aside(resident, (line, whole), message, target, &nick, out);
                }
                Addressee::Other if self.is_stray_command(message) => {
                    let words = "that was a command for the proxy, and goes to a person or to the proxy: nothing was sent";
                    self.answer(
                        resident,
                        [format!("{words}, see {} help", self.habits.prefix)],
                        out,
                    );
                }
                Addressee::Other => {
                    if let Some(speaker) = self.speaker
                        && self.observer.echoes()
                        && self.observer.is_service(target)
                    {
                        self.echoes.sent_to_a_service(message.param(1), speaker);
                    }
                    others.push(*target);
                }
            }
        }
        self.said_to_channels(message, &others, out);
        if whole && !others.is_empty() {
            return pass(line, out);
        }
        if !others.is_empty() {
            let frame = Frame::of(message, &others.join(&b','));
            let command = String::from_utf8_lossy(message.command).into_owned();
            if let Ok(line) = frame.around(&command, message.param(1)) {
                pass(&line, out);
            }
        }
        // Whoever labels a line waits for an answer to it.
        let goes_up = |step: &Step| matches!(step, Step::Up(_));
        if let Some(label) = label.take()
            && !out.get(before..).unwrap_or_default().iter().any(goes_up)
            && let Some(line) = line::taken(&label, self.observer.server())
        {
            out.push(Step::Answer(line));
        }
    }

    /// Other clients of the person show what was said to channels on this one.
    fn said_to_channels(&self, message: &Message<'_>, targets: &[&[u8]], out: &mut Vec<Step>) {
        let command = match message.command.to_ascii_uppercase().as_slice() {
            b"PRIVMSG" => "PRIVMSG",
            b"NOTICE" => "NOTICE",
            _ => return,
        };
        let of_programs = matches!(ctcp::classify(message.param(1)), Ctcp::Other { .. });
        if self.guests < 2 || of_programs {
            return;
        }
        let channels = targets
            .iter()
            .filter(|target| self.observer.isupport().is_channel(target));
        out.extend(
            channels.map(|target| Step::Said(Said::to_a_channel(self, target, command, message.param(1)))),
        );
    }

    /// A secret that was typed to a channel by mistake.
    fn is_stray_command(&self, message: &Message<'_>) -> bool {
        talk::command_in(message.param(1), &self.habits.prefix).is_some()
    }

    /// Words to a person.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    fn words(
        &mut self,
        resident: &mut Resident,
        (line, whole): (&IrcLine, bool),
        frame: &Frame,
        nick: &Nick,
        text: &[u8],
        now: Timestamp,
        out: &mut Vec<Step>,
    ) {
        if let Some(words) = talk::command_in(text, &self.habits.prefix) {
            let command = talk::to_a_person(words, &self.habits.prefix);
            return self.obey(resident, command, Some(nick), now, out);
        }
        self.measure(resident, nick);
        if text.starts_with(b"?OTR?") || text.starts_with(b"?OTRv") {
            let effects = resident.engine.start(nick, now);
            return self.carry_out(resident, effects, Cause::default(), out);
        }
        if text.starts_with(b"?OTR") {
            let words =
                "*** not sent: your client encrypts by itself. Switch its own OTR off: the proxy does it";
            return self.answer(resident, [words.to_owned()], out);
        }
        let words = match ctcp::classify(text) {
            Ctcp::Text(text) => Words::said(text),
            Ctcp::Action(deed) => Words::done(deed),
            Ctcp::Other { word, .. } => {
                return self.request(resident, (line, whole), frame, nick, (word, text), out);
            }
        };
        if text.is_empty() {
            return;
        }
        let effects = resident.engine.say(nick, words, now);
        if whole && is_untouched(&effects, text) {
            out.push(Step::Up(Upward {
                line: line.clone(),
                ours: false,
                message: Some((nick.clone(), text.to_vec())),
            }));
            let told = |effect: &Effect| matches!(effect, Effect::Show(_) | Effect::Remember(_));
            let told = effects.into_iter().filter(told).collect();
            return self.carry_out(resident, told, Cause::default(), out);
        }
        let said = Some((frame, text));
        self.carry_out(resident, effects, Cause { said, heard: None }, out);
    }

    /// A CTCP request: not ours, but its words are not said in the clear where nothing is.
    fn request(
        &mut self,
        resident: &mut Resident,
        (line, whole): (&IrcLine, bool),
        frame: &Frame,
        nick: &Nick,
        (word, text): (&[u8], &[u8]),
        out: &mut Vec<Step>,
    ) {
        if is_programs_talk(word) || self.is_open(resident, nick) {
            return self.pass_to(line, whole, frame, "PRIVMSG", text, out);
        }
        self.keep_back(resident, nick, "a CTCP request", out);
    }

    /// What is no PRIVMSG, or goes a way round: not ours, but not said in the clear where nothing is.
    fn aside(
        &mut self,
        resident: &mut Resident,
        (line, whole): (&IrcLine, bool),
        message: &Message<'_>,
        target: &[u8],
        nick: &Nick,
        out: &mut Vec<Step>,
    ) {
        let command = message.command.to_ascii_uppercase();
        let text = message.last();
        if talk::command_in(text, &self.habits.prefix).is_some() {
            let words = "that was a command for the proxy, and was not sent: say it as an ordinary message";
            return self.answer(resident, [words.to_owned()], out);
        }
        let answer = match ctcp::classify(text) {
            Ctcp::Other { word, .. } => is_programs_talk(word),
            Ctcp::Text(_) | Ctcp::Action(_) => false,
        };
        if (answer && command == b"NOTICE") || self.is_open(resident, nick) {
            let frame = Frame::of(message, target);
            let command = String::from_utf8_lossy(&command).into_owned();
            return self.pass_to(line, whole, &frame, &command, text, out);
        }
        match command.as_slice() {
            // That somebody is typing is nobody's business then, and no loss.
            b"TAGMSG" => {}
            b"PRIVMSG" => self.keep_back(resident, nick, "a text to an address of theirs", out),
            _ => self.keep_back(resident, nick, "a notice", out),
        }
    }

    /// Whether words to somebody go in the clear now.
    fn is_open(&self, resident: &Resident, nick: &Nick) -> bool {
        resident.engine.next_way(nick) == Some(How::Clear)
    }

    fn keep_back(&self, resident: &mut Resident, nick: &Nick, what: &str, out: &mut Vec<Step>) {
        let (name, prefix) = (sanitize::nick(nick.as_bytes()), &self.habits.prefix);
        let words = format!(
            "*** {name}: not sent: {what} goes unencrypted, and nothing may now. Say it as an ordinary message, or \
             {prefix} end first"
        );
        self.answer(resident, [words], out);
    }

    fn pass_to(
        &self,
        line: &IrcLine,
        whole: bool,
        frame: &Frame,
        command: &str,
        text: &[u8],
        out: &mut Vec<Step>,
    ) {
        if whole {
            pass(line, out);
        } else if let Ok(line) = frame.around(command, text) {
            pass(&line, out);
        }
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
        let people = People {
            named: &|name| match self.observer.addressee(name) {
                Addressee::Person(nick) => Some(nick),
                Addressee::Proxy | Addressee::Roundabout(_) | Addressee::Other => None,
            },
            prepare: &|resident, nick| self.measure(resident, nick),
        };
        let answer = orders::obey(resident, &self.habits.prefix, command, peer, &people, now);
        self.answer(resident, answer.lines, out);
        self.carry_out(resident, answer.effects, Cause::default(), out);
    }

    /// Who `*chatham` is, for clients that ask before they open a window. Nothing of it goes upstream.
    fn introduce(&self, out: &mut Vec<Step>) {
        let (nick, server) = (self.observer.nick(), self.observer.server());
        let server: &[u8] = if server.is_empty() { b"localhost" } else { server };
        let reply = |number: &str| IrcLine::command(number).source(server).param(&nick).param(NAME);
        let about = reply("311").param("chatham").param("localhost").param("*");
        let lines = [
            about.trailing("the proxy of this computer"),
            reply("318").trailing("End of WHOIS list"),
        ];
        out.extend(lines.into_iter().flatten().map(Step::Answer));
    }
}

/// Whether the engine would send what was said, as it was said: perhaps in pieces, but without an offer or a cipher.
fn is_untouched(effects: &[Effect], text: &[u8]) -> bool {
    let mut joined = Vec::new();
    for effect in effects {
        match effect {
            Effect::Send { text, .. } => joined.extend_from_slice(text),
            Effect::Deed { deed, .. } => joined.extend_from_slice(&ctcp::action(deed)),
            Effect::Show(_) | Effect::Remember(_) => {}
        }
    }
    joined == text
}

fn pass(line: &IrcLine, out: &mut Vec<Step>) {
    out.push(Step::Up(Upward {
        line: line.clone(),
        ours: false,
        message: None,
    }));
}

/// What programs ask each other, without a word of a person in it.
fn is_programs_talk(word: &[u8]) -> bool {
    let word = word.to_ascii_uppercase();
    [
        &b"VERSION"[..],
        b"PING",
        b"TIME",
        b"CLIENTINFO",
        b"SOURCE",
        b"FINGER",
        b"USERINFO",
    ]
    .contains(&&*word)
}

const MOST_EARLY: usize = 64;
const MOST_TARGETS: usize = 32;
