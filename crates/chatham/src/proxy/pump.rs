//! One connection to a server: what waits to be written there, and what comes of its lines and of time.

use std::collections::VecDeque;
use std::time::Duration;

use im::irc::{IrcLine, LineBuffer, TokenBucket};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::absence::{Absence, Due, Stay};
use crate::proxy::entrance::refusal;
use crate::proxy::irc_adapter::{Adapter, Step, Upward};
use crate::proxy::observer::NAME;
use crate::proxy::party::Party;
use crate::proxy::retold::words_to_the_person;
use crate::proxy::room::Room;
use crate::seat::now;

/// Everything of one connection but its socket.
pub(super) struct Pump<'r> {
    pub(super) room: &'r Room,
    pub(super) adapter: Adapter,
    pub(super) party: Party,
    /// There is no client, and the connection stays all the same.
    pub(super) absence: Option<Absence>,
    from_server: LineBuffer,
    /// Bytes for the server.
    up: Zeroizing<Vec<u8>>,
    /// Lines for the server whose time has not come.
    pub(super) queue: VecDeque<Upward>,
    /// Questions of ours that go when nothing else has to.
    pub(super) idle: VecDeque<(u64, IrcLine)>,
    bucket: TokenBucket,
    began: Instant,
    /// A client, or we, have said goodbye to the server.
    pub(super) goodbye: bool,
    /// There is no connection to the server any more.
    pub(super) server_gone: bool,
    pub(super) over: bool,
}

impl<'r> Pump<'r> {
    /// Nothing was said yet. `None` never happens.
    pub(super) fn new(room: &'r Room) -> Option<Self> {
        Some(Self {
            adapter: Adapter::new(room.habits.clone())?,
            party: Party::default(),
            absence: None,
            from_server: LineBuffer::new(),
            up: Zeroizing::default(),
            queue: VecDeque::new(),
            idle: VecDeque::new(),
            bucket: TokenBucket::new(room.pacing),
            began: Instant::now(),
            room,
            goodbye: false,
            server_gone: false,
            over: false,
        })
    }

    /// Whether the server has let the first client in.
    pub(super) fn is_ready(&self) -> bool {
        self.adapter.is_ready()
    }

    pub(super) fn count(&mut self) {
        self.adapter.guests = self.party.settled().count();
    }

    pub(super) fn server_sends(&mut self, bytes: &[u8]) {
        if let Some(absence) = &mut self.absence {
            absence.hear(Instant::now());
        }
        let room = self.room;
        for line in self.from_server.feed(bytes).into_iter().flatten() {
            if self.answers_for_clients()
                && let Some(pong) = pong(&line)
            {
                self.queue.push_back(unasked(pong));
                continue;
            }
            let steps = self.adapter.from_server(&mut room.resident(), &line, now());
            self.carry_out(steps, None);
        }
    }

    /// Whether the server's question whether we are there is ours to answer: one client answers for itself, as it would
    /// without us, unless the connection would outlive it.
    fn answers_for_clients(&self) -> bool {
        let stays = self.room.stay != Stay::Off;
        self.adapter.is_ready() && (stays || self.adapter.guests != 1)
    }

    /// The connection is gone.
    pub(super) fn lose(mut self) {
        let room = self.room;
        let unsent = std::mem::take(&mut self.queue).into();
        let steps = self.adapter.lost(&mut room.resident(), unsent, now());
        self.carry_out(steps, None);
        self.keep(self.party.unread_by_all());
    }

    fn keep(&self, lines: Vec<IrcLine>) {
        let words = lines.into_iter().map(|line| Zeroizing::new(line.to_wire()));
        self.room.resident().keep_unshown(words);
    }

    pub(super) fn carry_out(&mut self, steps: Vec<Step>, speaker: Option<u64>) {
        for step in steps {
            match step {
                Step::Up(upward) => self.queue.push_back(upward),
                Step::Down(line) if self.adapter.guests == 0 => {
                    self.keep(words_to_the_person(&line, Some(now())).into_iter().collect());
                }
                Step::Down(line) => self.party.show(&self.adapter, &line),
                Step::Answer(line) => self.party.answer(&self.adapter, speaker, &line),
                Step::For(number, line) => self.party.answer(&self.adapter, Some(number), &line),
                Step::Said(said) => self.party.retell(&self.adapter, &said),
                Step::Remember(memory) => {
                    if let Some(words) = self.room.remember(&memory) {
                        let room = self.room;
                        let steps = self.adapter.complain(&mut room.resident(), words);
                        self.carry_out(steps, None);
                    }
                }
                Step::Refuse(words) => {
                    self.say_goodbye();
                    self.refuse(&words);
                }
            }
        }
        let stuck = self.party.close_the_stuck();
        if stuck > 0 {
            self.count();
            let words = format!("*** {stuck} of your clients took nothing for a while, and was closed");
            let steps = self.adapter.complain(&mut self.room.resident(), words);
            self.carry_out(steps, None);
        }
    }

    fn refuse(&mut self, words: &str) {
        for at in 0..self.party.guests.len() {
            self.dismiss(at, words);
        }
        self.over = true;
    }

    /// Some clients may be gone. Whether there is any reason to go on.
    pub(super) fn sweep(&mut self) -> bool {
        let unread = self.party.sweep();
        self.keep(unread);
        self.count();
        let stands = self.adapter.is_ready() && !self.over && !self.goodbye && !self.server_gone;
        // One that is not let in yet is nobody.
        if stands && self.adapter.guests == 0 && self.absence.is_none() {
            self.be_absent();
        }
        !self.over && (self.absence.is_some() || !self.party.guests.is_empty())
    }

    /// Nobody is there any more. The connection may stay.
    fn be_absent(&mut self) {
        let away = self.adapter.attendance.is_away();
        self.absence = self.room.stay.begin(!away, Instant::now());
        if self.absence.as_ref().is_some_and(|absence| absence.announced)
            && let Ok(line) = IrcLine::command("AWAY").trailing("not here")
        {
            self.queue.push_back(unasked(line));
        }
    }

    pub(super) fn server_is_gone(&mut self) {
        self.server_gone = true;
        if self.absence.take().is_some() {
            let words = "*** the connection to the server broke while no client was there";
            self.room.resident().keep([words.to_owned()]);
        }
        for guest in &mut self.party.guests {
            guest.hanging_up = true;
        }
    }

    /// Another client wants to come in, and one of these may be gone without a word.
    pub(super) fn ask_whether_there(&mut self) {
        let until = Instant::now() + ANSWER;
        for guest in self.party.guests.iter_mut().filter(|guest| guest.asked.is_none()) {
            guest.asked = Some(until);
            if let Ok(line) = IrcLine::command("PING").trailing(NAME) {
                guest.tell(&line);
            }
        }
    }

    pub(super) fn run_errands(&mut self) {
        let room = self.room;
        let steps = self.adapter.run_errands(&mut room.resident());
        self.carry_out(steps, None);
    }

    /// Lets time pass. Whether the server has been silent for too long.
    pub(super) fn tick(&mut self) -> bool {
        for at in 0..self.party.guests.len() {
            let Some(guest) = self.party.guests.get_mut(at) else {
                continue;
            };
            let is_due = |until: &Instant| *until <= Instant::now();
            if guest.asked.as_ref().is_some_and(is_due) {
                guest.gone = true;
            }
            if guest.gate.as_ref().is_some_and(|(_, until)| is_due(until)) {
                guest.gate = None;
                self.shut(at, &refusal("no password came"));
            }
        }
        let room = self.room;
        let due = |deadline: otr::Timestamp| deadline <= now();
        if self.adapter.is_ready() && room.resident().engine.next_deadline().is_some_and(due) {
            let steps = self.adapter.tick(&mut room.resident(), now());
            self.carry_out(steps, None);
        }
        match self.absence.as_mut().map(|absence| absence.due(Instant::now())) {
            Some(Due::Leave) => {
                let words = "*** the network was left: no client has come back in time";
                room.resident().keep([words.to_owned()]);
                self.say_goodbye();
                self.refuse("the network is left just now; try again");
            }
            Some(Due::Ask) => {
                let asks = IrcLine::command("PING").trailing(STILL_THERE);
                if let Ok(line) = asks {
                    if let Ok(message) = line.parse() {
                        self.party.answers.expect(None, &message, Instant::now());
                    }
                    self.queue.push_back(unasked(line));
                }
            }
            Some(Due::Broken) => return true,
            _ => {}
        }
        false
    }

    /// The proxy ends: the other sides of private conversations learn that they are over.
    pub(super) fn end(&mut self) {
        let room = self.room;
        if self.adapter.is_ready() {
            let steps = self.adapter.end_all(&mut room.resident(), now());
            self.carry_out(steps, None);
        }
        self.say_goodbye();
        self.refuse("the proxy ends");
    }

    /// Leaves the server politely, unless that is done.
    pub(super) fn say_goodbye(&mut self) {
        if !std::mem::replace(&mut self.goodbye, true)
            && let Ok(line) = IrcLine::command("QUIT").build()
        {
            self.queue.push_back(unasked(line));
        }
    }

    /// Prepares what may go to the server. When to look again, at the latest.
    pub(super) fn refill(&mut self) -> Instant {
        self.room.resident().outside.queued = self.queue.len();
        if self.queue.is_empty() && !self.goodbye {
            self.ask_idly();
        }
        // What cannot go any more stays in the queue, and is given back.
        while !self.server_gone
            && self.up.len() < WRITE
            && let Some(next) = self.queue.front()
        {
            let spent = self.bucket.take(self.began.elapsed());
            match spent {
                // The client knows how fast it may speak; only its lines behind ours have to wait.
                Err(wait) if next.ours => return Instant::now() + wait,
                Ok(()) | Err(_) => {}
            }
            if let Some(next) = self.queue.pop_front() {
                self.up.extend_from_slice(&next.line.to_wire());
            }
        }
        let deadline = self.room.resident().engine.next_deadline();
        let wait = deadline.map_or(LONG, |deadline| deadline.since(now()));
        let next = Instant::now() + wait.clamp(SHORT, LONG);
        let guests = self.party.guests.iter();
        let deadlines = guests.flat_map(|guest| [guest.asked, guest.gate.as_ref().map(|(_, until)| *until)]);
        let deadlines = deadlines
            .flatten()
            .chain(self.absence.as_ref().map(Absence::next));
        deadlines.fold(next, Instant::min)
    }

    /// Asks one question for a client that has come later, if it is there still.
    fn ask_idly(&mut self) {
        while let Some((number, line)) = self.idle.pop_front() {
            if self.party.settled().any(|guest| guest.number == number)
                && let Ok(message) = line.parse()
            {
                self.party.answers.expect(Some(number), &message, Instant::now());
                let ours = true;
                self.queue.push_back(Upward {
                    ours,
                    ..unasked(line.clone())
                });
                return;
            }
        }
    }

    /// What is done with the clients while that is written.
    pub(super) fn sides(&mut self) -> (&mut Party, &[u8]) {
        (&mut self.party, &self.up)
    }

    /// So many bytes have gone to the server.
    pub(super) fn said(&mut self, count: usize) {
        let count = count.min(self.up.len());
        self.up.drain(..count);
    }

    /// Whether nothing waits for the server.
    pub(super) fn is_said(&self) -> bool {
        self.up.is_empty() && self.queue.is_empty()
    }

    /// Whether there is room for what clients may say next.
    pub(super) fn takes_from_clients(&self) -> bool {
        self.queue.len() < MOST_LINES
    }

    /// Whether there is room for what the server may say next.
    pub(super) fn takes_from_server(&self) -> bool {
        self.party.has_room() && self.queue.len() < 2 * MOST_LINES
    }

    /// Whether the connection cannot go on.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

/// A line for the server of which the engine knows nothing.
pub(super) fn unasked(line: IrcLine) -> Upward {
    Upward {
        line,
        ours: false,
        message: None,
    }
}

/// The answer to a server that asks whether we are there.
fn pong(line: &IrcLine) -> Option<IrcLine> {
    let message = line.parse().ok()?;
    let answer = message.is("PING").then(|| IrcLine::command("PONG"))?;
    answer.trailing(message.last()).ok()
}

/// So many bytes are prepared for one write.
const WRITE: usize = 16 * 1024;
/// With so many lines waiting for the server the clients have to wait.
const MOST_LINES: usize = 512;
/// How long a client may be silent that is asked whether it is still there.
const ANSWER: Duration = Duration::from_secs(4);
const STILL_THERE: &str = "still-there";
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);
