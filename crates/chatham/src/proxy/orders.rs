//! What a person orders the proxy to do: the same on every network.

use im::irc::Nick;
use otr::Timestamp;

use crate::chat::action::{Action, Command};
use crate::chat::plain::policy_remark;
use crate::config::Rules;
use crate::engine::Effect;
use crate::present::words::standing_words;
use crate::proxy::resident::Resident;
use crate::proxy::talk;
use crate::sanitize;

/// What a network knows of people.
pub(super) struct People<'n> {
    /// Who is meant by a name; `None` if it is nobody whom one can talk with privately.
    pub(super) named: &'n dyn Fn(&[u8]) -> Option<Nick>,
    /// What has to be told to the engine of somebody before it may say something to them.
    pub(super) prepare: &'n dyn Fn(&mut Resident, &Nick),
}

/// What came of an order.
#[derive(Default)]
pub(super) struct Answer {
    /// What is said to the person, first.
    pub(super) lines: Vec<String>,
    /// What the engine wants to be done, then.
    pub(super) effects: Vec<Effect>,
}

impl Answer {
    fn of(line: impl Into<String>) -> Self {
        Self {
            lines: vec![line.into()],
            effects: Vec::new(),
        }
    }
}

/// Does what a person has typed to the proxy, or to `peer`.
pub(super) fn obey(
    resident: &mut Resident,
    prefix: &str,
    command: Result<Command, String>,
    peer: Option<&Nick>,
    people: &People<'_>,
    now: Timestamp,
) -> Answer {
    let command = match command {
        Ok(command) => command,
        Err(words) => return Answer::of(words),
    };
    let mut answer = Answer::default();
    match command.action {
        Action::Help => answer.lines = talk::help(prefix),
        Action::People => answer.lines = everybody(resident),
        Action::Fingerprints => answer.lines.push(format!("your own key: {}", resident.own_key())),
        _ => {}
    }
    let about_nobody = command.to.is_none() && peer.is_none();
    match command.action {
        Action::Help | Action::People => return answer,
        Action::Fingerprints if about_nobody => return answer,
        _ => {}
    }
    let named = command.to.as_deref().map(people.named);
    let peer = match (&named, peer) {
        (Some(Some(nick)), _) | (None, Some(nick)) => nick,
        (Some(None), _) => return Answer::of("that is no person: nothing was done"),
        (None, None) => {
            return Answer::of("with whom? The name stands behind the command: status bob");
        }
    };
    (people.prepare)(resident, peer);
    if let Action::Policy(mode) = command.action {
        if let Some(mode) = mode {
            let policy = Rules::with_mode(resident.engine.policy(peer).clone(), mode);
            resident.engine.set_policy(peer, policy);
        }
        return Answer::of(policy_remark(peer, resident.engine.policy(peer)).to_string());
    }
    answer.effects = command.action.carry_out(&mut resident.engine, peer, now);
    answer
}

fn everybody(resident: &Resident) -> Vec<String> {
    let known = resident
        .engine
        .people()
        .filter(|person| person.acquainted || person.waiting > 0);
    let mut lines: Vec<String> = known
        .take(MOST_LISTED)
        .map(|person| {
            let name = sanitize::nick(person.nick.as_bytes());
            format!("{name}: {}", standing_words(person.standing))
        })
        .collect();
    if lines.is_empty() {
        lines.push("nobody yet".to_owned());
    }
    lines
}

const MOST_LISTED: usize = 200;
