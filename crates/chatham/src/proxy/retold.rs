//! What the person has said on one client, as the others show it, and what a client shows first that comes later.

use im::irc::{IrcLine, LineBuffer, Message, ctcp};
use otr::Timestamp;

use crate::engine::notice::{How, Notice, What, Words};
use crate::proxy::capabilities::{Held, SELF_MESSAGE, Wants};
use crate::proxy::irc_adapter::{Adapter, Step};
use crate::proxy::line::{self, Frame};
use crate::proxy::observer::NAME;
use crate::proxy::resident::Resident;
use crate::proxy::words::said_elsewhere;

/// Something that the person has said. Its `Debug` does not show the text.
pub struct Said {
    /// To whom, or where.
    pub(super) to: Vec<u8>,
    pub(super) command: &'static str,
    words: Words,
    /// The client on which it was typed.
    pub(super) by: Option<u64>,
    /// Whether the server sends it back, to those who want that.
    echoed: bool,
    /// How it went to one person; nothing for a channel.
    how: Option<How>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said")
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl Said {
    /// Said to a channel by the client that speaks now.
    pub(super) fn to_a_channel(adapter: &Adapter, to: &[u8], command: &'static str, text: &[u8]) -> Self {
        let words = match ctcp::classify(text) {
            ctcp::Ctcp::Action(deed) => Words::done(deed),
            _ => Words::said(text),
        };
        Self {
            to: to.to_vec(),
            command,
            words,
            by: adapter.speaker,
            echoed: adapter.observer.echoes(),
            how: None,
        }
    }

    /// Whether a client learns of it by the server.
    pub(super) fn comes_back_to(&self, wants: &Wants, held: &Held) -> bool {
        self.echoed && wants.has("echo-message", held)
    }
}

impl Adapter {
    /// Text to a person is on its way: shown on the clients on which it was not typed, and then told in no other way.
    pub(super) fn retell(&mut self, resident: &mut Resident, notice: &Notice, out: &mut Vec<Step>) {
        match &notice.what {
            What::NotSent { line, held: true, .. } => {
                if let Some(speaker) = self.speaker {
                    resident.company.waits(line.0, speaker);
                }
            }
            What::Sent {
                line,
                words,
                how,
                again,
                ..
            } => {
                let waited = resident.company.typed_on(line.0);
                if *again || self.guests == 0 || self.guests == 1 && waited.or(self.speaker).is_some() {
                    return;
                }
                let _shown_like_any_other = resident.outside.was_said(*line);
                out.push(Step::Said(Said {
                    to: notice.with.as_bytes().to_vec(),
                    command: "PRIVMSG",
                    words: words.clone(),
                    by: waited.or(self.speaker),
                    // What was made of words that a client has just said comes back as these words, and nothing else does.
                    echoed: waited.is_none() && self.speaker.is_some() && self.observer.echoes(),
                    how: Some(*how),
                }));
            }
            _ => {}
        }
    }

    /// The lines that show it on a client which wants this. One that does not know its own words from elsewhere is told of
    /// them.
    pub(super) fn retold(&self, said: &Said, wants: &Wants) -> Vec<IrcLine> {
        let understands = |name: &&str| wants.has(name, &self.held);
        if let Some(how) = said.how
            && ![SELF_MESSAGE, "echo-message"].iter().any(understands)
        {
            let sentences = said_elsewhere(&said.to, &said.words, how);
            return self.as_the_proxy(self.way_to_tell(), sentences);
        }
        let source = self.attendance.source(&self.observer.nick());
        let Words { text, deed } = &said.words;
        Frame::between(&source, &said.to).messages(said.command, "", text, *deed)
    }

    /// What a client is told that comes to a connection which stands.
    pub(super) fn retell_everything(&self, wants: &Wants) -> Vec<IrcLine> {
        let extended = wants.has("extended-join", &self.held);
        self.attendance
            .retell(&self.observer.nick(), self.observer.server(), extended)
    }

    /// What the proxy says to a client first, and what nobody was there for.
    pub(super) fn greet(&mut self, resident: &mut Resident, wants: &Wants) -> Vec<IrcLine> {
        let greeting = resident.greeting(&self.habits.prefix, NAME);
        let mut lines = self.as_the_proxy("NOTICE", [greeting]);
        let left_out = resident.take_left_out().map(|count| {
            format!("*** {count} texts that came while no client was there are not kept: there were too many")
        });
        let untold: Vec<String> = resident.take_untold().chain(left_out).collect();
        lines.extend(self.as_the_proxy(self.way_to_tell(), untold));
        let unshown = resident
            .take_unshown()
            .flat_map(|line| LineBuffer::new().feed(&line));
        lines.extend(self.missed(unshown.flatten(), wants));
        lines
    }

    /// Words that nobody has read, as a client understands them. What the person has said themselves is no news.
    pub(super) fn missed(&self, words: impl IntoIterator<Item = IrcLine>, wants: &Wants) -> Vec<IrcLine> {
        let client = self.observer.client();
        let timed = wants.has("server-time", &self.held);
        let shown = words.into_iter().filter_map(|line| {
            let message = line.parse().ok()?;
            let by = message.source.map(|source| client.fold(source.name));
            let news = by.is_none_or(|by| by != client.nick());
            line::with_tags(message.tags, |_| timed, &line).filter(|_| news)
        });
        shown.collect()
    }
}

/// A line with words to the person, as a later client can be shown it: of the tags only the time, which is now if the line has
/// none.
pub(super) fn words_to_the_person(line: &IrcLine, now: Option<Timestamp>) -> Option<IrcLine> {
    let message = line.parse().ok()?;
    let to_a_channel = message
        .param(0)
        .first()
        .is_none_or(|byte| b"#&+!@".contains(byte));
    if !message.is("PRIVMSG") || to_a_channel {
        return None;
    }
    let time = line::each_tag(message.tags)
        .find(|tag| line::name_of(tag) == b"time")
        .map(<[u8]>::to_vec);
    let stamp = |now: Timestamp| {
        let now = std::time::Duration::from_millis(now.as_millis());
        format!("time={}", im::irc::server_time::format(now)).into_bytes()
    };
    let time = time.or_else(|| now.map(stamp));
    line::with_tags(time.as_deref(), |_| true, line)
}

/// Whether a message asks a program something: one answer is enough.
pub(super) fn is_a_programs_question(message: &Message<'_>) -> bool {
    let asks = |word: &[u8]| !word.eq_ignore_ascii_case(b"DCC");
    message.is("PRIVMSG")
        && matches!(ctcp::classify(message.param(1)), ctcp::Ctcp::Other { word, .. } if asks(word))
}
