//! Two people in one process, with messages passed in memory. Every text is compared on arrival.

use getrandom::SysRng;
use otr::{
    Account, Conversation, Env, Event, InstanceTag, Output, Policy, PrivateKey, Recipient, SmpAction,
    SmpEvent, Start, Strangers, Timestamp, V4Account, Version, Versions,
};
use rand_core::UnwrapErr;

use crate::Failure;

/// One end: the conversation with the other one.
pub struct End {
    pub conversation: Conversation,
}

/// What both ends have in common, and what either of them keeps for all its conversations.
pub struct World {
    accounts: [Account; 2],
    policy: Policy,
}

/// Two ends that talk to each other.
pub struct Pair<'a> {
    world: &'a World,
    ends: [End; 2],
}

impl World {
    pub fn new(version: Version) -> Self {
        let policy = Policy {
            versions: Versions::NONE.with(version),
            require_encryption: true,
            error_starts: true,
            strangers: Strangers::Answer,
            padding_bucket: 0,
            ..Policy::manual()
        };
        Self {
            accounts: [account(), account()],
            policy,
        }
    }

    /// The same people, who pad their texts.
    pub fn padded(self, bucket: u16) -> Self {
        Self {
            policy: Policy {
                padding_bucket: bucket,
                ..self.policy
            },
            ..self
        }
    }

    /// Two ends that have not met.
    pub fn strangers(&self) -> Pair<'_> {
        let end = |ours: &[u8], theirs: &[u8]| {
            let mut conversation = Conversation::new(self.policy.clone());
            conversation.set_names(ours, theirs);
            End { conversation }
        };
        Pair {
            world: self,
            ends: [end(NAMES[ALICE], NAMES[BOB]), end(NAMES[BOB], NAMES[ALICE])],
        }
    }

    /// Two ends in a private conversation.
    pub fn private(&self) -> Result<Pair<'_>, Failure> {
        let mut pair = self.strangers();
        pair.meet()?;
        Ok(pair)
    }
}

impl Pair<'_> {
    /// From the query to a private conversation at both ends.
    pub fn meet(&mut self) -> Result<(), Failure> {
        let query = self.act(ALICE, |conversation, env| {
            Ok(conversation.start(env, Start::Query)?)
        })?;
        self.carry(ALICE, query)?;
        if self.ends.iter().all(|end| end.conversation.is_private()) {
            Ok(())
        } else {
            Err("not private after the key exchange".into())
        }
    }

    /// A message that is sealed and waits to be delivered, or is lost.
    pub fn seal(&mut self, from: usize, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let outputs = self.act(from, |conversation, env| {
            Ok(conversation.send(env, Recipient::Best, text, &[])?)
        })?;
        match outputs.as_slice() {
            [Output::Send(bytes)] => Ok(bytes.clone()),
            other => Err(format!("not one message: {other:?}").into()),
        }
    }

    /// Such a message, at the other end.
    pub fn deliver(&mut self, from: usize, message: &[u8], text: &[u8]) -> Result<(), Failure> {
        let to = 1 - from;
        let outputs = self.act(to, |conversation, env| Ok(conversation.receive(env, message)))?;
        let arrived = |output: &Output| matches!(output, Output::Event(Event::Text { text: arrived, .. }) if arrived[..] == *text);
        match outputs.iter().any(arrived) {
            true => Ok(()),
            false => Err(format!("the text did not arrive: {outputs:?}").into()),
        }
    }

    /// One text from one end to the other.
    pub fn say(&mut self, from: usize, text: &[u8]) -> Result<(), Failure> {
        let outputs = self.act(from, |conversation, env| {
            Ok(conversation.send(env, Recipient::Best, text, &[])?)
        })?;
        let events = self.carry(from, outputs)?;
        match events.as_slice() {
            [(_, Event::Text { text: arrived, .. })] if arrived[..] == *text => Ok(()),
            _ => Err(format!("the text did not arrive: {events:?}").into()),
        }
    }

    /// The socialist millionaires' protocol from beginning to end, with equal secrets.
    pub fn compare_secrets(&mut self, secret: &[u8]) -> Result<(), Failure> {
        let start = SmpAction::Start {
            secret,
            question: None,
        };
        let outputs = self.act(ALICE, |conversation, env| {
            Ok(conversation.smp(env, Recipient::Best, start)?)
        })?;
        self.carry(ALICE, outputs)?;
        let answer = SmpAction::Answer { secret };
        let outputs = self.act(BOB, |conversation, env| {
            Ok(conversation.smp(env, Recipient::Best, answer)?)
        })?;
        let events = self.carry(BOB, outputs)?;
        let succeeded = |event: &Event| {
            matches!(
                event,
                Event::Smp {
                    event: SmpEvent::Succeeded,
                    ..
                }
            )
        };
        match events.iter().filter(|(_, event)| succeeded(event)).count() {
            2 => Ok(()),
            _ => Err(format!("the secrets were not found equal: {events:?}").into()),
        }
    }

    /// Limits what the carrier takes, in bytes.
    pub fn limit(&mut self, bytes: usize) -> Result<(), Failure> {
        for end in &mut self.ends {
            end.conversation.set_carrier_limit(Some(bytes))?;
        }
        Ok(())
    }

    /// Into how many pieces a text is cut.
    pub fn pieces(&mut self, text: &[u8]) -> Result<usize, Failure> {
        let send = |conversation: &mut Conversation, env: &mut Env<'_>| {
            Ok(conversation.send(env, Recipient::Best, text, &[])?)
        };
        let outputs = self.act(ALICE, send)?;
        let pieces = outputs.len();
        self.carry(ALICE, outputs)?;
        Ok(pieces)
    }

    /// Delivers what one end has to send, and all answers, until nobody has anything to say.
    fn carry(&mut self, from: usize, outputs: Vec<Output>) -> Result<Vec<(usize, Event)>, Failure> {
        let mut events = Vec::new();
        let mut queue =
            std::collections::VecDeque::from_iter(outputs.into_iter().map(|output| (from, output)));
        while let Some((from, output)) = queue.pop_front() {
            match output {
                Output::Event(event) => events.push((from, event)),
                Output::ReplyError(code) => return Err(format!("an error reply: {code:?}").into()),
                Output::Send(bytes) => {
                    let to = 1 - from;
                    let answers = self.act(to, |conversation, env| Ok(conversation.receive(env, &bytes)))?;
                    queue.extend(answers.into_iter().map(|output| (to, output)));
                }
            }
        }
        Ok(events)
    }

    fn act<T>(
        &mut self,
        who: usize,
        call: impl FnOnce(&mut Conversation, &mut Env<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut rng = UnwrapErr(SysRng);
        let mut env = Env {
            account: &self.world.accounts[who],
            rng: &mut rng,
            now: NOW,
        };
        call(&mut self.ends[who].conversation, &mut env)
    }
}

fn account() -> Account {
    let mut rng = UnwrapErr(SysRng);
    let tag = InstanceTag::random(&mut rng);
    let v4 = V4Account::generate(tag, &mut rng, NOW);
    Account::new(PrivateKey::generate(&mut rng), tag, &mut rng).with_v4(v4)
}

/// The time at which everything happens.
const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// Their accounts, as both ends name them.
const NAMES: [&[u8]; 2] = [b"alice", b"bob"];

/// The one who begins.
pub const ALICE: usize = 0;
/// The one who answers.
pub const BOB: usize = 1;
