//! The commands of the line protocol.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use otr::{
    Account, Conversation, Env, Event, Fingerprint, Half, InstanceTag, Output, PrivateError, Recipient,
    SendError, Session, SessionState, SmpAction, SmpEvent, Start, Timestamp, V4Account, Version,
};
use rand_core::UnwrapErr;

use crate::arguments::Arguments;
use crate::tell::{self, bytes, hex};

/// One person on one device, in one conversation.
pub struct Driver {
    account: Account,
    conversation: Conversation,
    rng: UnwrapErr<SysRng>,
    now: u64,
    to: Recipient,
    /// Keys proved by a shared secret.
    verified: BTreeSet<Fingerprint>,
}

/// Why a command was not obeyed, as it stands in the answer.
enum Unable {
    Refused(String),
    Cannot(&'static str),
}

impl Driver {
    /// The driver that the command line asks for. Whoever talks here is an acquaintance: what strangers get is
    /// tested elsewhere.
    pub fn new(arguments: Arguments) -> Result<Self, String> {
        let mut rng = UnwrapErr(SysRng);
        let key = arguments.key(&mut rng)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now =
            u64::try_from(now.map_err(|why| why.to_string())?.as_millis()).map_err(|why| why.to_string())?;
        let mut account = Account::new(key, arguments.instance, &mut rng);
        if arguments.policy.versions.contains(Version::V4) {
            let tag = account.instance_tag();
            account = account.with_v4(V4Account::generate(tag, &mut rng, Timestamp::from_millis(now)));
        }
        let mut conversation = Conversation::new(arguments.policy);
        let [ours, theirs] = &arguments.names;
        conversation.set_names(ours.as_bytes(), theirs.as_bytes());
        conversation
            .set_carrier_limit(arguments.carrier_limit)
            .map_err(|why| why.to_string())?;
        conversation.acquaint();
        let to = Recipient::Best;
        Ok(Self {
            account,
            conversation,
            rng,
            now,
            to,
            verified: BTreeSet::new(),
        })
    }

    /// The answer lines of one command.
    pub fn obey(&mut self, line: &str) -> Vec<String> {
        self.now += 1;
        let words: Vec<&str> = line.split(' ').collect();
        let mut lines = Vec::new();
        match self.try_to_obey(&words, &mut lines) {
            Ok(()) => {}
            Err(Unable::Refused(why)) => lines.push(format!("refused {why}")),
            Err(Unable::Cannot(why)) => lines.push(format!("cannot {} {why}", words[0])),
        }
        lines
    }

    fn try_to_obey(&mut self, words: &[&str], lines: &mut Vec<String>) -> Result<(), Unable> {
        let to = self.to;
        let outputs = match words {
            ["caps"] => {
                lines.extend(CAPS.lines().map(str::to_owned));
                return Ok(());
            }
            ["state"] => {
                self.show_state(lines);
                return Ok(());
            }
            ["to", "best"] => {
                self.to = Recipient::Best;
                return Ok(());
            }
            ["to", digits] => {
                let tag = u32::from_str_radix(digits, 16).map_err(refused)?;
                self.to = Recipient::Tag(InstanceTag::from_raw(tag));
                return Ok(());
            }
            ["heartbeat", "due"] => {
                self.now += HOUR;
                return Ok(());
            }
            ["tick"] => {
                self.now += SECOND;
                self.act(|conversation, env| Ok(conversation.tick(env)))
            }
            ["start"] => self.act(|conversation, env| conversation.start(env, Start::Query).map_err(refused)),
            ["say", text] => {
                let text = payload(text)?;
                self.act(|conversation, env| conversation.send(env, to, &text, &[]).map_err(unsent))
            }
            ["recv", message] => {
                let message = payload(message)?;
                self.act(|conversation, env| Ok(conversation.receive(env, &message)))
            }
            ["smp", secret] => self.smp(SmpAction::Start {
                secret: &payload(secret)?,
                question: None,
            }),
            ["smp", secret, question] => self.smp(SmpAction::Start {
                secret: &payload(secret)?,
                question: Some(&payload(question)?),
            }),
            ["answer", secret] => self.smp(SmpAction::Answer {
                secret: &payload(secret)?,
            }),
            ["abort"] => self.smp(SmpAction::Abort),
            ["extrakey", usage, data] => {
                let usage = u32::from_str_radix(usage, 16).map_err(refused)?;
                let data = payload(data)?;
                self.act(|conversation, env| {
                    let (outputs, key) = conversation
                        .use_extra_key(env, to, usage, &data)
                        .map_err(unable)?;
                    lines.push(format!("extrakey {}", hex(key.expose())));
                    Ok(outputs)
                })
            }
            ["heartbeat"] => self.act(|conversation, env| conversation.heartbeat(env, to).map_err(unable)),
            ["end"] => self.act(|conversation, env| {
                Ok(match to {
                    Recipient::Best => conversation.end_all(env),
                    one => conversation.end(env, one),
                })
            }),
            _ => Err(Unable::Cannot("is no command of the protocol")),
        }?;
        for output in outputs {
            if let Output::Event(Event::Smp {
                fingerprint,
                event: SmpEvent::Succeeded,
                ..
            }) = &output
            {
                self.verified.insert(*fingerprint);
                self.conversation.set_trusted(*fingerprint, true);
            }
            tell::output(output, lines);
        }
        Ok(())
    }

    fn act(
        &mut self,
        call: impl FnOnce(&mut Conversation, &mut Env<'_>) -> Result<Vec<Output>, Unable>,
    ) -> Result<Vec<Output>, Unable> {
        let now = Timestamp::from_millis(self.now);
        let mut env = Env {
            account: &self.account,
            rng: &mut self.rng,
            now,
        };
        call(&mut self.conversation, &mut env)
    }

    fn smp(&mut self, action: SmpAction<'_>) -> Result<Vec<Output>, Unable> {
        let to = self.to;
        self.act(|conversation, env| conversation.smp(env, to, action).map_err(unable))
    }

    fn show_state(&self, lines: &mut Vec<String>) {
        let session = self.conversation.session(self.to);
        let (state, version) = session.map_or(("plaintext", 0), state_and_version);
        let ssid = session.and_then(Session::ssid);
        let shown = ssid.map_or_else(|| "-".to_owned(), |ssid| hex(ssid.as_bytes()));
        let half = match ssid.map(|ssid| ssid.half()) {
            None => "-",
            Some(Half::First) => "first",
            Some(Half::Second) => "second",
        };
        let theirs = session.and_then(Session::fingerprint);
        let trust = if theirs.is_some_and(|key| self.verified.contains(&key)) {
            "smp"
        } else {
            "-"
        };
        let theirs = theirs.map_or_else(|| "-".to_owned(), |key| hex(key.as_bytes()));
        let ours = match session.map(Session::state) {
            Some(SessionState::Encrypted(version)) => self.account.fingerprint_in(version),
            _ => None,
        };
        let ours = ours.unwrap_or_else(|| self.account.fingerprint());
        let ours = hex(ours.as_bytes());
        let awaits = session.map_or("none", auth);
        lines.push(format!(
            "state {state} version={version} ssid={shown} half={half} ours={ours} theirs={theirs} \
             trust={trust} auth={awaits}"
        ));
        for session in self.conversation.sessions() {
            let (state, version) = state_and_version(session);
            lines.push(format!(
                "instance ours={:08x} theirs={:08x} {state} auth={} version={version}",
                self.account.instance_tag().raw(),
                session.tag().raw(),
                auth(session)
            ));
        }
    }
}

fn state_and_version(session: &Session) -> (&'static str, u16) {
    match session.state() {
        SessionState::Plaintext => ("plaintext", 0),
        SessionState::Encrypted(version) => ("encrypted", version.number()),
        SessionState::Finished => ("finished", 0),
    }
}

fn auth(session: &Session) -> &'static str {
    if session.is_negotiating() { "-" } else { "none" }
}

fn payload(digits: &str) -> Result<Vec<u8>, Unable> {
    bytes(digits).ok_or_else(|| refused("bad-hex"))
}

fn refused(why: impl ToString) -> Unable {
    Unable::Refused(why.to_string())
}

fn unsent(why: SendError) -> Unable {
    match why {
        SendError::PeerEnded => refused("finished"),
        SendError::NotPrivate => refused("encryption-required"),
        SendError::ContainsNul => refused("nul"),
        other => refused(other),
    }
}

fn unable(why: PrivateError) -> Unable {
    match why {
        PrivateError::NotPrivate => refused("not-private"),
        PrivateError::NotInThisVersion => Unable::Cannot("is not in the text of this version"),
        other => refused(other),
    }
}

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const CAPS: &str =
    "caps v1 v2 v3 v4 query tag simultaneous smp question abort extrakey heartbeat heartbeat-now \
heartbeat-due fragment end refresh instances to keyfile state-ssid
cannot smp-v1 the text of version 1 has no socialist millionaires' protocol
cannot extrakey-v2 only the texts of versions 3 and 4 have the extra symmetric key
cannot nul a NUL byte ends the text of a private message";
