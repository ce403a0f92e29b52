//! Being let in: the capabilities, and the proof of who we are.

use super::capabilities::Step;
use super::client::{Client, Output};
use super::event::Event;
use super::message::Message;
use super::sasl::SaslFault;

impl Client {
    /// `CAP nick word …`.
    pub(super) fn receive_cap(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let steps = self
            .negotiation
            .receive(message.params.get(1..).unwrap_or_default());
        self.follow(steps, out);
    }

    pub(super) fn receive_challenge(&mut self, message: &Message<'_>, out: &mut Vec<Output>) {
        let steps = self.negotiation.challenge(message.param(0));
        self.follow(steps, out);
    }

    /// 902 to 907: whether our proof was accepted. 907, that there was one already, is none of ours.
    pub(super) fn receive_verdict(&mut self, code: u16, message: &Message<'_>, out: &mut Vec<Output>) {
        let steps = match code {
            903 => self.negotiation.accepted(),
            code => self.negotiation.rejected(code, message.last()),
        };
        self.follow(steps, out);
    }

    /// We do not go on without the account that was asked for.
    pub(super) fn give_up(&mut self, fault: SaslFault, out: &mut Vec<Output>) {
        self.over = true;
        self.registered = false;
        out.push(Output::Event(Event::SaslFailed(fault)));
        out.push(Output::Close);
    }

    fn follow(&mut self, steps: Vec<Step>, out: &mut Vec<Output>) {
        for step in steps {
            match step {
                Step::Send(line) => out.push(Output::Send(line)),
                Step::Fail(fault) => self.give_up(fault, out),
            }
        }
    }
}
