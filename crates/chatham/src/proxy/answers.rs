//! Who has asked: answers of the server that only one of several clients wants to see.
//!
//! What happens to us or to others is everybody's. Answers are told apart by the label where there is one, by the word of a
//! PING, and else by their number: a server answers questions of one kind in their order.

use std::collections::VecDeque;
use std::time::Duration;

use im::irc::{IrcLine, Message};
use tokio::time::Instant;

use crate::proxy::line;

/// A client, by its number; the proxy itself if `None`.
pub(super) type Asker = Option<u64>;

/// What was asked on one connection and has not been answered.
#[derive(Default)]
pub(super) struct Answers {
    pings: VecDeque<(Vec<u8>, Asker)>,
    questions: VecDeque<Question>,
    labels: VecDeque<Label>,
    /// Answers of several lines, by the word of their batch.
    batches: VecDeque<(Vec<u8>, u64)>,
    counted: u64,
}

struct Question {
    asker: Asker,
    kind: &'static Kind,
    about: Vec<u8>,
    asked: Instant,
}

struct Label {
    asker: u64,
    /// As the server has it, and as the client wrote it.
    sent: Vec<u8>,
    written: Vec<u8>,
}

/// For whom a line of the server is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) to: Audience,
    /// Whose label is on it, or on the batch that it stands in, and how they wrote it.
    pub(super) label: Option<(u64, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    All,
    Only(Asker),
}

/// A kind of question.
struct Kind {
    command: &'static str,
    /// The numbers of answers, and of the last one.
    answers: &'static [u16],
    last: &'static [u16],
    /// Whether the answers name what was asked about, as their first parameter behind our nick or, for members, the second.
    named: bool,
}

impl Answers {
    /// A client says this to the server. The line with the label that it may have there.
    pub(super) fn ask(&mut self, asker: u64, line: &IrcLine, now: Instant) -> Option<IrcLine> {
        let message = line.parse().ok()?;
        let label = line::each_tag(message.tags).find_map(|tag| tag.strip_prefix(b"label="));
        let Some(written) = label.map(<[u8]>::to_vec) else {
            self.expect(Some(asker), &message, now);
            return None;
        };
        let taken = self.labels.iter().any(|label| label.sent == written);
        let sent = match taken {
            false => written.clone(),
            true => {
                self.counted += 1;
                format!("chatham-{}", self.counted).into_bytes()
            }
        };
        keep(
            &mut self.labels,
            Label {
                asker,
                sent: sent.clone(),
                written,
            },
        );
        taken
            .then(|| line::relabelled(line, &message, Some(&sent)))
            .flatten()
    }

    /// Whoever asks this gets the answer.
    pub(super) fn expect(&mut self, asker: Asker, message: &Message<'_>, now: Instant) {
        if message.is("PING") {
            return keep(&mut self.pings, (message.param(0).to_vec(), asker));
        }
        for kind in KINDS.iter().filter(|kind| message.is(kind.command)) {
            // A change of modes is no question about them.
            let asks = match (kind.command, message.param(1).trim_ascii_start()) {
                ("MODE", b"") => kind.last.iter().all(|&last| matches!(last, 324 | 329)),
                ("MODE", b"b" | b"+b") => kind.last == [368],
                ("MODE", b"e" | b"+e") => kind.last == [349],
                ("MODE", b"I" | b"+I") => kind.last == [347],
                ("MODE", _) => false,
                _ => true,
            };
            if asks && (kind.command != "MODE" || message.params.len() < 3) {
                let about = message.param(0).to_ascii_lowercase();
                keep(
                    &mut self.questions,
                    Question {
                        asker,
                        kind,
                        about,
                        asked: now,
                    },
                );
            }
        }
    }

    /// For whom a line is.
    pub(super) fn hear(&mut self, message: &Message<'_>, now: Instant) -> Heard {
        self.questions
            .retain(|question| now.saturating_duration_since(question.asked) < PATIENCE);
        let label = self.label(message);
        if message.is("PONG") {
            let found = self.pings.iter().position(|(word, _)| word == message.last());
            let to = found.and_then(|at| self.pings.remove(at));
            let to = to.map_or(Audience::All, |(_, asker)| Audience::Only(asker));
            return Heard { to, label };
        }
        let number = number(message);
        if let Some(asker) = number.and_then(|number| self.question(number, message)) {
            return Heard {
                to: Audience::Only(asker),
                label,
            };
        }
        let to = match &label {
            Some((asker, _)) if !is_everybodys(message, number) => Audience::Only(Some(*asker)),
            _ => Audience::All,
        };
        Heard { to, label }
    }

    fn question(&mut self, number: u16, message: &Message<'_>) -> Option<Asker> {
        if matches!(number, 263 | 421 | 461) {
            // It was no question after all.
            let named = |question: &Question| {
                message
                    .param(1)
                    .eq_ignore_ascii_case(question.kind.command.as_bytes())
            };
            let at = self.questions.iter().position(named)?;
            return self.questions.remove(at).map(|question| question.asker);
        }
        let name = |question: &Question| {
            let place = if number == 353 { 2 } else { 1 };
            !question.kind.named || message.param(place).eq_ignore_ascii_case(&question.about)
        };
        let is_last = |question: &Question| question.kind.last.contains(&number);
        let fits = |question: &Question| {
            (question.kind.answers.contains(&number) || is_last(question)) && name(question)
        };
        let at = self.questions.iter().position(fits)?;
        let question = self.questions.get(at)?;
        let asker = question.asker;
        if is_last(question) {
            self.questions.remove(at);
        }
        Some(asker)
    }

    /// Whose label a line has. The last line that has it ends it.
    fn label(&mut self, message: &Message<'_>) -> Option<(u64, Vec<u8>)> {
        let tag = |name: &[u8]| {
            let tag = line::each_tag(message.tags).find(|tag| line::name_of(tag) == name)?;
            tag.get(name.len() + 1..)
        };
        if let Some(sent) = tag(b"label") {
            let at = self.labels.iter().position(|label| label.sent == sent)?;
            let label = self.labels.remove(at)?;
            if message.is("BATCH")
                && let Some(word) = message.param(0).strip_prefix(b"+")
            {
                keep(&mut self.batches, (word.to_vec(), label.asker));
            }
            return Some((label.asker, label.written));
        }
        let of_batch = |word: &[u8]| self.batches.iter().position(|(known, _)| known == word);
        if message.is("BATCH") {
            let word = message.param(0).strip_prefix(b"-")?;
            let at = of_batch(word)?;
            return self.batches.remove(at).map(|(_, asker)| (asker, Vec::new()));
        }
        let at = of_batch(tag(b"batch")?)?;
        self.batches.get(at).map(|(_, asker)| (*asker, Vec::new()))
    }
}

/// What happens to us or to others, whoever has caused it.
fn is_everybodys(message: &Message<'_>, number: Option<u16>) -> bool {
    match number {
        Some(number) => matches!(number, 305 | 306 | 331..=333 | 353 | 366),
        None => !matches!(
            message.command.to_ascii_uppercase().as_slice(),
            b"ACK" | b"BATCH" | b"FAIL" | b"WARN" | b"NOTE" | b"CAP"
        ),
    }
}

fn number(message: &Message<'_>) -> Option<u16> {
    let digits = message.command.len() == 3 && message.command.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(message.command).ok()?.parse().ok())?
}

fn keep<T>(queue: &mut VecDeque<T>, one: T) {
    if queue.len() >= MOST {
        queue.pop_front();
    }
    queue.push_back(one);
}

const fn kind(command: &'static str, answers: &'static [u16], last: &'static [u16], named: bool) -> Kind {
    Kind {
        command,
        answers,
        last,
        named,
    }
}

const KINDS: [Kind; 21] = [
    kind("WHO", &[352, 354], &[315], false),
    kind(
        "WHOIS",
        &[
            276, 301, 307, 310, 311, 312, 313, 317, 319, 320, 330, 335, 338, 378, 379, 401, 671,
        ],
        &[318],
        false,
    ),
    kind("WHOWAS", &[312, 314, 330, 338, 406], &[369], false),
    kind("NAMES", &[353], &[366], true),
    kind("LIST", &[321, 322], &[323], false),
    kind("MODE", &[], &[324], true),
    kind("MODE", &[], &[329], true),
    kind("MODE", &[367], &[368], true),
    kind("MODE", &[348], &[349], true),
    kind("MODE", &[346], &[347], true),
    kind("MOTD", &[375, 372], &[376, 422], false),
    kind("LUSERS", &[251, 252, 253, 254, 255, 265], &[266], false),
    kind("USERHOST", &[], &[302], false),
    kind("ISON", &[], &[303], false),
    kind("VERSION", &[], &[351], false),
    kind("TIME", &[], &[391], false),
    kind("INFO", &[371], &[374], false),
    kind("ADMIN", &[256, 257, 258], &[259], false),
    kind("LINKS", &[364], &[365], false),
    kind(
        "STATS",
        &[211, 212, 213, 215, 216, 218, 241, 242, 243, 244],
        &[219],
        false,
    ),
    kind("HELP", &[704, 705], &[706, 524], false),
];
/// A question without an answer is forgotten after this time.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    struct Played {
        answers: Answers,
        now: Instant,
    }

    impl Played {
        fn new() -> Self {
            Self {
                answers: Answers::default(),
                now: Instant::now(),
            }
        }

        fn ask(&mut self, asker: u64, line: &str) -> String {
            let line = IrcLine::new(line).unwrap();
            let sent = self.answers.ask(asker, &line, self.now).unwrap_or(line);
            String::from_utf8_lossy(sent.as_bytes()).into_owned()
        }

        fn hear(&mut self, line: &str) -> Heard {
            let line = IrcLine::new(line).unwrap();
            self.answers.hear(&line.parse().unwrap(), self.now)
        }

        fn to(&mut self, line: &str) -> Audience {
            self.hear(line).to
        }
    }

    const ONE: Audience = Audience::Only(Some(1));
    const TWO: Audience = Audience::Only(Some(2));

    #[test]
    fn each_gets_what_it_has_asked_for() {
        let mut played = Played::new();
        played.ask(1, "WHO #a");
        played.ask(2, "who #b");
        played.ask(2, "PING x");
        played.ask(1, "PING x");
        played.ask(2, "NAMES #B");
        played.ask(1, "MODE #a");
        played.ask(1, "MODE #a +o bob");
        assert_eq!(played.to(":s 352 a #a u h s n H :0 r"), ONE);
        assert_eq!(played.to(":s 315 a #a :end"), ONE);
        assert_eq!(played.to(":s 353 a = #a :x"), Audience::All, "of a JOIN");
        assert_eq!(played.to(":s 315 a #b :end"), TWO);
        assert_eq!(played.to(":s PONG s x"), TWO);
        assert_eq!(played.to(":s PONG s x"), ONE);
        assert_eq!(played.to(":s PONG s x"), Audience::All);
        assert_eq!(played.to(":s 353 a = #b :x"), TWO);
        assert_eq!(played.to(":s 366 a #b :end"), TWO);
        assert_eq!(played.to(":s 366 a #b :end"), Audience::All);
        assert_eq!(played.to(":s 324 a #a +nt"), ONE);
        assert_eq!(played.to(":s 329 a #a 12"), ONE);
        assert_eq!(played.to(":s 324 a #a +nt"), Audience::All);
        played.ask(1, "WHO #a");
        played.now += PATIENCE;
        assert_eq!(played.to(":s 315 a #a :end"), Audience::All, "too late");
        played.ask(2, "LIST");
        assert_eq!(played.to(":s 263 a LIST :try again"), TWO);
        assert_eq!(played.to(":s 323 a :end"), Audience::All);
    }

    #[test]
    fn labels_of_two_clients_do_not_meet() {
        let mut played = Played::new();
        assert_eq!(played.ask(1, "@label=7 WHO a"), "@label=7 WHO a");
        assert_eq!(
            played.ask(2, "@label=7;+x=y WHO b"),
            "@label=chatham-1;+x=y WHO b"
        );
        let label = |asker: u64| Some((asker, b"7".to_vec()));
        let heard = played.hear("@label=chatham-1 :s BATCH +r labeled-response");
        assert_eq!((heard.to, heard.label), (TWO, label(2)));
        assert_eq!(
            played.to("@batch=r :b JOIN #a"),
            Audience::All,
            "it happens to everybody"
        );
        assert_eq!(played.to("@batch=r :s 999 a :x"), TWO);
        assert_eq!(played.to(":s BATCH -r"), TWO);
        assert_eq!(played.to("@batch=r :s 999 a :x"), Audience::All);
        let heard = played.hear("@label=7 :a!a@h PRIVMSG b :x");
        assert_eq!((heard.to, heard.label), (Audience::All, label(1)));
        assert_eq!(
            played.ask(2, "@label=7 WHO b"),
            "@label=7 WHO b",
            "it is free again"
        );
    }

    #[test]
    fn what_is_never_answered_fills_no_memory() {
        let mut played = Played::new();
        for number in 0..2000 {
            for command in ["WHO #a", "PING x", "NAMES #a", "MODE #a"] {
                played.ask(1, &format!("@label={number} {command}"));
            }
            played.ask(1, &format!("@label=x{number} AWAY"));
            played.hear(&format!("@label=x{number} :s BATCH +{number} labeled-response"));
        }
        let answers = &played.answers;
        let sizes = [
            answers.pings.len(),
            answers.questions.len(),
            answers.labels.len(),
            answers.batches.len(),
        ];
        assert!(sizes.iter().all(|&size| size <= MOST), "{sizes:?}");
    }
}
