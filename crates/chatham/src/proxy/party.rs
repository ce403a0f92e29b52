//! The clients on one connection: who is shown what, and what becomes of it when they take it slowly or not at all.

use std::task::{Context, Poll};

use im::irc::{IrcLine, LineBuffer, Message};
use tokio::time::Instant;

use crate::proxy::answers::{Answers, Audience};
use crate::proxy::capabilities::Wants;
use crate::proxy::guest::{Guest, Newcomer, Sign};
use crate::proxy::irc_adapter::Adapter;
use crate::proxy::line;
use crate::proxy::passage::FAREWELL;
use crate::proxy::retold::{Said, is_a_programs_question, words_to_the_person};

/// The clients, in the order in which they came.
#[derive(Default)]
pub(super) struct Party {
    pub(super) guests: Vec<Guest>,
    pub(super) answers: Answers,
    /// Where to look first for what has happened, so that nobody is overheard.
    turn: usize,
}

impl Party {
    /// Takes a client in. It makes the connection if it is the `first`.
    pub(super) fn seat(&mut self, newcomer: Newcomer, number: u64, first: bool) -> usize {
        let Newcomer {
            stream,
            buffer,
            place,
            ..
        } = newcomer;
        self.guests
            .push(Guest::new(number, (stream, buffer), place, first));
        self.guests.len() - 1
    }

    pub(super) fn settled(&self) -> impl Iterator<Item = &Guest> {
        self.guests.iter().filter(|guest| guest.is_settled())
    }

    /// Whether there is a client beside this one that stays.
    pub(super) fn has_others(&self, at: usize) -> bool {
        let others = self.guests.iter().enumerate().filter(|(other, _)| *other != at);
        others.into_iter().any(|(_, guest)| !guest.closing && !guest.gone)
    }

    /// Whether the clients take what the server says. One that does not is not waited for by the others.
    pub(super) fn has_room(&self) -> bool {
        self.settled().next().is_none() || self.settled().any(Guest::has_room)
    }

    /// Shows a line of the server, or of the proxy, on every client that it is for, as each understands it.
    pub(super) fn show(&mut self, adapter: &Adapter, line: &IrcLine) {
        let Ok(message) = line.parse() else { return };
        let heard = self.answers.hear(&message, Instant::now());
        // A program that asks is content with one answer.
        let mut once = is_a_programs_question(&message);
        for guest in self.guests.iter_mut().filter(|guest| guest.is_settled()) {
            if matches!(heard.to, Audience::Only(asker) if asker != Some(guest.number)) {
                continue;
            }
            match &heard.label {
                None => guest.show(adapter, line, &message),
                Some((asker, written)) if *asker == guest.number => {
                    // In a batch it is the batch that has the label.
                    let label = Some(written.as_slice()).filter(|written| !written.is_empty());
                    match label.and_then(|label| line::relabelled(line, &message, Some(label))) {
                        Some(line) => guest.show_again(adapter, &line),
                        None => guest.show(adapter, line, &message),
                    }
                }
                Some(_) => {
                    let others = |name: &[u8]| name != b"label" && name != b"batch";
                    if let Some(line) = line::with_tags(message.tags, others, line) {
                        guest.show_again(adapter, &line);
                    }
                }
            }
            if std::mem::take(&mut once) {
                break;
            }
        }
    }

    /// Shows a line on the client that has asked for it.
    pub(super) fn answer(&mut self, adapter: &Adapter, speaker: Option<u64>, line: &IrcLine) {
        let Some(speaker) = speaker else {
            return self.show(adapter, line);
        };
        let Ok(message) = line.parse() else { return };
        let label = self.answers.hear(&message, Instant::now()).label;
        let own = label.and_then(|(_, written)| line::relabelled(line, &message, Some(&written)));
        let line = own.as_ref().unwrap_or(line);
        if let Some(guest) = self.guests.iter_mut().find(|guest| guest.number == speaker) {
            guest.show_again(adapter, line);
        }
    }

    /// Shows what the person has said on one client on the others.
    pub(super) fn retell(&mut self, adapter: &Adapter, said: &Said) {
        for guest in self.guests.iter_mut().filter(|guest| guest.is_settled()) {
            if Some(guest.number) != said.by && !said.comes_back_to(&guest.wants, &adapter.held) {
                let lines = adapter.retold(said, &guest.wants);
                lines.iter().for_each(|line| guest.tell(line));
            }
        }
    }

    /// Words to the person that no client has taken: who said them believes that they were read.
    pub(super) fn unread_by_all(&self) -> Vec<IrcLine> {
        let shown = self
            .guests
            .iter()
            .filter(|guest| guest.reception.is_none() && !guest.gone);
        let unread = shown.filter(|guest| !guest.excused).map(unread);
        unread.min_by_key(Vec::len).unwrap_or_default()
    }

    /// Says the last lines to a client.
    pub(super) fn close(&mut self, at: usize, lines: &[IrcLine]) {
        let Some(guest) = self.guests.get_mut(at) else {
            return;
        };
        lines.iter().for_each(|line| guest.tell(line));
        guest.closing = true;
        // So long it may take the rest.
        guest.asked = Some(Instant::now() + FAREWELL);
        // What it has not read others have, or will.
        let others_read = self.settled().next().is_some();
        if let Some(guest) = self.guests.get_mut(at) {
            guest.excused = others_read;
        }
    }

    /// Closes clients that have taken nothing for far too long, while others have. How many.
    pub(super) fn close_the_stuck(&mut self) -> usize {
        if !self.settled().any(Guest::has_room) {
            return 0;
        }
        let stuck = self
            .guests
            .iter_mut()
            .filter(|guest| guest.is_stuck() && !guest.gone);
        stuck.map(|guest| guest.gone = true).count()
    }

    /// Takes out those that are gone; what the last one of those that were shown everything had not read.
    pub(super) fn sweep(&mut self) -> Vec<IrcLine> {
        let gone = |guest: &Guest| guest.gone;
        if !self.guests.iter().any(gone) {
            return Vec::new();
        }
        let somebody_reads = self.settled().next().is_some();
        let left = self
            .guests
            .iter()
            .filter(|guest| guest.gone && guest.reception.is_none());
        let unread = left
            .filter(|guest| !guest.excused)
            .map(unread)
            .min_by_key(Vec::len)
            .unwrap_or_default();
        self.guests.retain(|guest| !guest.gone);
        match somebody_reads {
            true => Vec::new(),
            false => unread,
        }
    }

    /// Looks whether something has happened between a client and us.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, may_speak: bool) -> Poll<(usize, Sign)> {
        let count = self.guests.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            let Some(guest) = self.guests.get_mut(at) else {
                continue;
            };
            let may_speak = may_speak && (guest.has_room() || guest.hanging_up);
            if let Poll::Ready(sign) = guest.poll(context, may_speak) {
                self.turn = at + 1;
                return Poll::Ready((at, sign));
            }
        }
        Poll::Pending
    }
}

impl Guest {
    fn show(&mut self, adapter: &Adapter, line: &IrcLine, message: &Message<'_>) {
        if matches!(self.wants, Wants::Everything) {
            return self.tell(line);
        }
        let client = adapter.observer.client();
        let is_us = |name: &[u8]| client.fold(name) == client.nick();
        let own = message.source.is_some_and(|source| is_us(source.name));
        let ours = is_us(message.param(0));
        if let Some(line) = self.wants.dress(line, message, &adapter.held, (own, ours)) {
            self.tell(&line);
        }
    }

    fn show_again(&mut self, adapter: &Adapter, line: &IrcLine) {
        if let Ok(message) = line.parse() {
            self.show(adapter, line, &message);
        }
    }
}

/// Words to the person that a client has not taken as a whole.
fn unread(guest: &Guest) -> Vec<IrcLine> {
    let lines = guest
        .down
        .unread_words()
        .flat_map(|line| LineBuffer::new().feed(line));
    lines
        .flatten()
        .filter_map(|line| words_to_the_person(&line, None))
        .collect()
}
