//! What clients say on one connection, from the first line of each to its last.

use im::irc::{IrcLine, LineError, Message};
use tokio::time::Instant;

use crate::proxy::absence::Stay;
use crate::proxy::capabilities::Wants;
use crate::proxy::entrance::{Verdict, closing};
use crate::proxy::guest::{Arrival, Newcomer};
use crate::proxy::observer::NAME;
use crate::proxy::password::Password;
use crate::proxy::pump::{Pump, unasked};
use crate::seat::now;

impl Pump<'_> {
    /// A client has come.
    pub(super) fn board(&mut self, mut newcomer: Newcomer) {
        let first = !self.adapter.is_ready() && self.party.guests.is_empty();
        let none = Arrival::Judged {
            password: None,
            lines: Vec::new(),
        };
        let arrival = std::mem::replace(&mut newcomer.arrival, none);
        let at = self.party.seat(newcomer, self.room.next_number(), first);
        match arrival {
            Arrival::Judged { password, lines } => {
                self.open(at, password.or_else(|| self.room.server_password.clone()));
                lines.into_iter().for_each(|line| self.client_says(at, line));
            }
            Arrival::Curious(mut entrance, until) => {
                let curious = entrance.take_curiosity();
                curious
                    .into_iter()
                    .for_each(|line| self.client_says(at, Ok(line)));
                if let Some(guest) = self.party.guests.get_mut(at) {
                    guest.gate = Some((entrance, until));
                }
            }
            Arrival::Known(password, early) => {
                match self.room.server_password.clone() {
                    Some(line) => self.open(at, Some(line)),
                    None => {
                        if let Some(guest) = self.party.guests.get_mut(at) {
                            guest.known = Some(password);
                        }
                    }
                }
                self.client_sends(at, &early);
            }
        }
        self.count();
    }

    /// The password of the server goes first, if this client makes the connection.
    fn open(&mut self, at: usize, password: Option<IrcLine>) {
        let first = self
            .party
            .guests
            .get(at)
            .is_some_and(|guest| guest.reception.is_none());
        self.queue.extend(password.filter(|_| first).map(unasked));
    }

    /// A client has said so many bytes.
    pub(super) fn client_said(&mut self, at: usize, count: usize) {
        let bytes = self.party.guests.get(at).map(|guest| guest.said(count));
        self.client_sends(at, &bytes.unwrap_or_default());
    }

    pub(super) fn client_is_gone(&mut self, at: usize) {
        if let Some(guest) = self.party.guests.get_mut(at) {
            guest.gone = true;
        }
    }

    fn client_sends(&mut self, at: usize, bytes: &[u8]) {
        let Some(guest) = self.party.guests.get_mut(at) else {
            return;
        };
        guest.asked = None;
        // It was told to encrypt, and the server is our concern: nothing of what it says could be read here.
        if guest.from_client.is_empty() && bytes.first() == Some(&TLS_HANDSHAKE) {
            let words = "a client wanted to encrypt its connection to the proxy: switch TLS (SSL) off in it, for the proxy \
                         encrypts the connection to the server";
            self.party.close(at, &[]);
            self.room.resident().keep([words.to_owned()]);
            return self.leave_with_the_last(at);
        }
        let lines = guest.from_client.feed(bytes);
        lines.into_iter().for_each(|line| self.client_says(at, line));
    }

    fn client_says(&mut self, at: usize, line: Result<IrcLine, LineError>) {
        let Some(guest) = self.party.guests.get_mut(at).filter(|guest| !guest.closing) else {
            return;
        };
        if let Some((mut entrance, until)) = guest.gate.take() {
            let verdict = line.map_or_else(|_| Verdict::Out(Vec::new()), |line| entrance.take(line));
            match verdict {
                Verdict::Wait => {
                    let curious = entrance.take_curiosity();
                    curious
                        .into_iter()
                        .for_each(|line| self.client_says(at, Ok(line)));
                    if let Some(guest) = self.party.guests.get_mut(at) {
                        guest.gate = Some((entrance, until));
                    }
                }
                Verdict::In { kept, password } => {
                    self.open(at, password.or_else(|| self.room.server_password.clone()));
                    kept.into_iter().for_each(|line| self.client_says(at, Ok(line)));
                }
                Verdict::Out(lines) => self.shut(at, &lines),
            }
            return;
        }
        let Ok(line) = line else {
            let fault = line.err().map(|fault| fault.to_string()).unwrap_or_default();
            let words = format!("a line of your client was dropped: {fault}");
            let steps = self.adapter.complain(&mut self.room.resident(), words);
            return self.carry_out(steps, None);
        };
        let Ok(message) = line.parse() else { return };
        if message.is("PASS") {
            // It was looked at when the client came in, or is now, and is nobody else's.
            let password = guest
                .known
                .take()
                .and_then(|known| server_password(&known, &line));
            return self.open(at, password);
        }
        if is_our_pong(&message) {
            return;
        }
        let is_settled = guest.reception.is_none();
        if message.is("QUIT") && (!is_settled || self.goes_alone(at)) {
            return self.dismiss(at, "you have left; the connection to the server stays");
        }
        match is_settled {
            true => self.settled_client_says(at, &line, &message),
            false => self.receive(at, &message),
        }
    }

    /// Whether the connection stays when this client goes.
    fn goes_alone(&self, at: usize) -> bool {
        let stays = self.room.stay != Stay::Off && self.adapter.is_ready();
        !self.server_gone && !self.over && (stays || self.party.has_others(at))
    }

    fn settled_client_says(&mut self, at: usize, line: &IrcLine, message: &Message<'_>) {
        let alone = !self.party.has_others(at);
        let Some(guest) = self.party.guests.get_mut(at) else {
            return;
        };
        let number = guest.number;
        // One that has come later, or has company, does not speak with the server of what holds for all.
        if message.is("CAP") && !(alone && matches!(guest.wants, Wants::Everything)) {
            let server = self.adapter.observer.server();
            let nick = self.adapter.observer.nick();
            let answer = guest.wants.answer(&self.adapter.held, message, (server, &nick));
            return answer.into_iter().for_each(|line| guest.tell(&line));
        }
        self.goodbye |= message.is("QUIT");
        let sent = self.party.answers.ask(number, line, Instant::now());
        let room = self.room;
        let said = (number, sent.as_ref().unwrap_or(line));
        let steps = self.adapter.from_client(&mut room.resident(), said, now());
        self.carry_out(steps, Some(number));
    }

    /// What a client says that has come to a connection which stands.
    fn receive(&mut self, at: usize, message: &Message<'_>) {
        let Some(guest) = self.party.guests.get_mut(at) else {
            return;
        };
        let Some(reception) = &mut guest.reception else {
            return;
        };
        let capabilities = (&mut guest.wants, &self.adapter.held);
        let answer = reception.take(message, capabilities, self.adapter.observer.server());
        let is_over = reception.is_over();
        answer.into_iter().for_each(|line| guest.tell(&line));
        if is_over {
            self.settle(at);
        }
    }

    /// Tells a client where we are, and what nobody was there for.
    fn settle(&mut self, at: usize) {
        if let Some(absence) = self.absence.take()
            && absence.announced
            && let Ok(line) = IrcLine::command("AWAY").build()
        {
            self.adapter.attendance.come_back();
            self.queue.push_back(unasked(line));
        }
        let debts = self.party.unread_by_all();
        let Some(guest) = self.party.guests.get_mut(at) else {
            return;
        };
        guest.reception = None;
        let resident = &mut self.room.resident();
        let lines = self.adapter.retell_everything(&guest.wants).into_iter();
        let greeting = self.adapter.greet(resident, &guest.wants);
        let debts = self.adapter.missed(debts, &guest.wants);
        lines
            .chain(greeting)
            .chain(debts)
            .for_each(|line| guest.tell(&line));
        let number = guest.number;
        // Clients that come and go leave no questions behind.
        let guests = &self.party.guests;
        self.idle
            .retain(|(asker, _)| guests.iter().any(|guest| guest.number == *asker));
        for channel in self.adapter.attendance.channels() {
            let line = IrcLine::command("NAMES").param(channel).build();
            self.idle.extend(line.ok().map(|line| (number, line)));
        }
        self.count();
    }

    /// The client may not come in.
    pub(super) fn shut(&mut self, at: usize, lines: &[IrcLine]) {
        self.party.close(at, lines);
        self.leave_with_the_last(at);
    }

    /// Ends a client's connection with us, and nothing else.
    pub(super) fn dismiss(&mut self, at: usize, words: &str) {
        let line: Vec<IrcLine> = closing(words).into_iter().collect();
        self.party.close(at, &line);
        self.count();
    }

    /// Where no client is left that could speak for us, the server is left.
    fn leave_with_the_last(&mut self, at: usize) {
        if !self.goes_alone(at) {
            self.say_goodbye();
            self.over = true;
        }
        self.count();
    }
}

/// What a client has said in the place of our password, or behind it, is for the server.
fn server_password(password: &Password, line: &IrcLine) -> Option<IrcLine> {
    let message = line.parse().ok()?;
    match password.opens(message.param(0)) {
        Some(b"") => None,
        Some(rest) => IrcLine::command("PASS").trailing(rest).ok(),
        None => Some(line.clone()),
    }
}

/// Whether the client answers us, and not the server.
fn is_our_pong(message: &Message<'_>) -> bool {
    message.is("PONG") && message.params.last() == Some(&NAME.as_bytes())
}

/// The first byte of a client that speaks TLS, and of no line.
const TLS_HANDSHAKE: u8 = 0x16;
