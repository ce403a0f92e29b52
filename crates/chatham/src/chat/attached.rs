//! Conversations of a running proxy, reached through its control socket: the engine is there, and nothing is encrypted
//! here. Whoever leaves ends nothing.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use im::irc::{CaseMapping, Nick};
use otr::Fingerprint;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::chat::action::Action;
use crate::chat::conversations::{Conversations, Report};
use crate::chat::object;
use crate::chat::own::nobody_yet;
use crate::chat::remark::Remark;
use crate::chat::shown::Shown;
use crate::control::{Client, ControlError, MAPPINGS};
use crate::engine::notice::{Comparison, LineId, Notice, Obstacle, PersonSummary, Standing, What, Words};
use crate::present::from_json;
use crate::sanitize;
use crate::seat::Network;

/// A seat at the conversations of a proxy.
pub(crate) struct Attached {
    client: Client,
    profile: String,
    keys: Vec<Fingerprint>,
    mapping: CaseMapping,
    /// Under which name the proxy is on the network, and whether it is there now.
    me: Option<(Nick, bool)>,
    people: BTreeMap<Nick, (PersonSummary, Option<Comparison>)>,
    shown: Shown,
    /// What was asked and is not answered yet, by number.
    asked: BTreeMap<u64, Asked>,
    last: u64,
    over: bool,
}

/// Something that was asked.
#[derive(Default)]
struct Asked {
    /// With whom.
    to: Option<Nick>,
    /// A text to them, which the proxy has not taken yet.
    said: Option<Words>,
    /// Whether everybody was asked for.
    people: bool,
    /// Whether anything was told.
    told: bool,
}

impl Attached {
    /// Takes part in the conversations of a profile. What is told of that first comes back.
    ///
    /// # Errors
    /// What the proxy says.
    pub(crate) async fn begin(
        mut client: Client,
        profile: String,
    ) -> Result<(Self, Vec<Report>), ControlError> {
        let mut keys = Vec::new();
        let request = json!({ "do": "fingerprints", "profile": profile });
        let keep = |value: Value| {
            let key = value.get("fingerprint").and_then(Value::as_str);
            keys.extend(key.and_then(Fingerprint::from_hex));
            keys.truncate(MOST_KEYS);
            Ok(())
        };
        client.request(&request, None, keep).await?;
        let mut first = Vec::new();
        let request = json!({ "do": "converse", "profile": profile });
        let keep = |value| {
            first.push(value);
            first.truncate(MOST_PEOPLE);
            Ok(())
        };
        client.request(&request, None, keep).await?;
        let mut attached = Self {
            client,
            profile,
            keys,
            mapping: CaseMapping::default(),
            me: None,
            people: BTreeMap::new(),
            shown: Shown::default(),
            asked: BTreeMap::new(),
            last: 0,
            over: false,
        };
        let words = format!(
            "you talk through the running proxy (process {}, profile {}); leaving ends nothing",
            attached.client.pid, attached.profile
        );
        let fields = json!({ "process": attached.client.pid, "profile": attached.profile });
        let mut reports = vec![Report::Remark(Remark::new("attached", words).with(fields))];
        for value in first {
            reports.extend(attached.take(&value));
        }
        Ok((attached, reports))
    }

    /// Everybody with whom something is or was said, the private ones first.
    pub(crate) fn people(&self) -> Vec<Nick> {
        let mut people: Vec<&PersonSummary> = self.people.values().map(|(summary, _)| summary).collect();
        people.retain(|person| person.acquainted || person.waiting > 0);
        people.sort_by_key(|person| person.standing == Standing::NotPrivate);
        people.into_iter().map(|person| person.nick.clone()).collect()
    }

    /// Takes an object of the proxy.
    fn take(&mut self, value: &Value) -> Vec<Report> {
        let asked = value.get("id").and_then(Value::as_u64);
        if let Some(done) = value.get("done").and_then(Value::as_bool) {
            return self.finish(asked, done, value);
        }
        if let Some(asked) = asked.and_then(|id| self.asked.get_mut(&id)) {
            asked.told = true;
        }
        match value.get("event").and_then(Value::as_str).unwrap_or_default() {
            "network" => self.take_network(value),
            "standing" => match from_json::standing(value, self.mapping) {
                Some((summary, comparison)) => {
                    if self.people.len() < MOST_PEOPLE || self.people.contains_key(&summary.nick) {
                        self.people.insert(summary.nick.clone(), (summary, comparison));
                    }
                    Vec::new()
                }
                None => vec![not_understood(value)],
            },
            "left-out" => {
                // Somebody may have another name by now. How everybody stands is told after it.
                self.people.clear();
                vec![Report::Remark(left_out(value))]
            }
            "own-fingerprint" => vec![repeated("own-fingerprint", value)],
            "policy" => vec![repeated("policy", value)],
            "person" => vec![repeated("person", value)],
            _ => match from_json::notice(value, self.mapping) {
                Some(notice) => {
                    self.show(&notice);
                    vec![Report::Notice(notice)]
                }
                None => vec![not_understood(value)],
            },
        }
    }

    /// This is shown now, and decided about from now on.
    fn show(&mut self, notice: &Notice) {
        self.shown.note(notice, self.facing(&notice.with));
        if let What::Renamed(to) = &notice.what
            && let Some((summary, comparison)) = self.people.remove(&notice.with)
        {
            let nick = to.clone();
            self.people
                .insert(to.clone(), (PersonSummary { nick, ..summary }, comparison));
        }
    }

    /// The key of the device to which texts to somebody go.
    fn facing(&self, nick: &Nick) -> Option<Fingerprint> {
        let (_, comparison) = self.people.get(nick)?;
        comparison.map(|comparison| comparison.their_key)
    }

    /// Whether a key of somebody waits for a decision.
    fn is_doubted(&self, nick: &Nick) -> bool {
        let standing = self.people.get(nick).map(|(person, _)| person.standing);
        matches!(standing, Some(Standing::KeyChanged | Standing::Distrusted))
    }

    /// A request has its end. What it was about is told if nothing has told it yet.
    fn finish(&mut self, asked: Option<u64>, done: bool, value: &Value) -> Vec<Report> {
        let mut asked = asked.and_then(|id| self.asked.remove(&id)).unwrap_or_default();
        if value.get("reason").and_then(Value::as_str) == Some("store") {
            // It was done all the same, and is told as such.
            (asked.said, asked.told) = (None, false);
        }
        if done {
            return match asked.people && !asked.told {
                true => vec![nobody_yet()],
                false => Vec::new(),
            };
        }
        if asked.told && asked.said.is_none() {
            return Vec::new();
        }
        let why = value.get("error").and_then(Value::as_str);
        let why = why.unwrap_or("the proxy did not do it, and says not why");
        vec![asked.refused(why)]
    }

    fn take_network(&mut self, value: &Value) -> Vec<Report> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let mapping = MAPPINGS
            .iter()
            .find(|(_, word)| text("case-mapping") == Some(word));
        let connected = value.get("connected").and_then(Value::as_bool);
        let (Some((mapping, _)), Some(connected), Some(nick)) = (mapping, connected, text("nick")) else {
            return vec![not_understood(value)];
        };
        if *mapping != self.mapping {
            self.mapping = *mapping;
            self.shown.refold(*mapping);
            let people = std::mem::take(&mut self.people).into_values();
            self.people = people
                .map(|(mut summary, comparison)| {
                    summary.nick = summary.nick.refold(*mapping);
                    (summary.nick.clone(), (summary, comparison))
                })
                .collect();
        }
        let nick = Nick::new(nick, self.mapping);
        let network = match self.me.replace((nick.clone(), connected)) {
            None if connected => Network::Registered(nick),
            Some((_, false)) if connected => Network::Reconnected { nick },
            Some((before, true)) if connected => {
                if before.as_bytes() == nick.as_bytes() {
                    return Vec::new();
                }
                Network::Renamed(nick)
            }
            _ => Network::Unattended(nick),
        };
        vec![Report::Network(network)]
    }

    /// The texts of which nobody will tell any more what became of them.
    fn unanswered(&mut self, why: &str) -> Vec<Report> {
        let asked = std::mem::take(&mut self.asked).into_values();
        let texts = asked.filter(|asked| asked.said.is_some());
        texts.map(|asked| asked.refused(why)).collect()
    }

    /// The proxy has gone, or says what nobody understands.
    fn break_off(&mut self, fault: &ControlError) -> Vec<Report> {
        self.over = true;
        let mut reports = self.unanswered("the proxy has gone before it said whether this was sent");
        let mut words = match fault {
            ControlError::Socket(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => {
                "the proxy has ended".to_owned()
            }
            fault => fault.to_string(),
        };
        let waited: usize = self.people.values().map(|(person, _)| person.waiting).sum();
        if waited > 0 {
            words.push_str(&format!("; texts that waited in it or may be lost: {waited}"));
        }
        reports.push(Report::Network(Network::Disconnected(Some(words))));
        reports
    }
}

impl Conversations for Attached {
    async fn next(&mut self) -> Option<Vec<Report>> {
        if self.over {
            return None;
        }
        match self.client.exchange().await {
            Ok(value) => Some(self.take(value.value())),
            Err(fault) => Some(self.break_off(&fault)),
        }
    }

    fn obey(&mut self, to: Option<&Nick>, action: Action) -> Vec<Report> {
        let words = match action {
            Action::Reconnect => "the connection is the proxy's: it is made when your client comes",
            Action::List(_) => "the list of people is your client's, which is connected to the proxy",
            _ => "",
        };
        if !words.is_empty() {
            return vec![Report::Remark(Remark::mistake(words))];
        }
        let named = match to {
            Some(to) => self.shown.name(to, self.is_doubted(to), action),
            None => Ok(action),
        };
        let action = match named {
            Ok(action) => action,
            Err(words) => return vec![Report::Remark(Remark::mistake(words))],
        };
        let (mut request, private) = object::written(&action);
        self.last += 1;
        request["id"] = json!(self.last);
        request["profile"] = json!(self.profile);
        if let Some(to) = to.filter(|_| action != Action::People) {
            request["to"] = json!(to.to_string());
        }
        let private = private.map(|(name, bytes)| std::str::from_utf8(bytes).map(|text| (name, text)));
        let left = match private.transpose() {
            Err(_) => Err("it is no UTF-8".to_owned()),
            Ok(_) if self.over || self.asked.len() >= MOST_ASKED => {
                Err("the proxy does not answer".to_owned())
            }
            Ok(private) => self
                .client
                .leave(&request, private)
                .map_err(|fault| fault.to_string()),
        };
        let asked = Asked {
            to: to.cloned(),
            people: action == Action::People,
            said: match action {
                Action::Say(words) => Some(words),
                _ => None,
            },
            told: false,
        };
        match left {
            Ok(()) => {
                self.asked.insert(self.last, asked);
                Vec::new()
            }
            Err(why) => vec![asked.refused(&why)],
        }
    }

    fn mapping(&mut self) -> CaseMapping {
        self.mapping
    }

    fn own_keys(&mut self) -> Vec<Fingerprint> {
        self.keys.clone()
    }

    fn known(&mut self, nick: &Nick) -> Option<(PersonSummary, Option<Comparison>)> {
        self.people.get(nick).cloned()
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn outlives_us(&self) -> bool {
        true
    }

    fn lost_by_leaving(&mut self) -> usize {
        0
    }

    /// What was said last has to have come to the proxy; then nothing keeps us.
    async fn leave(mut self) -> Vec<Report> {
        let until = Instant::now() + PATIENCE;
        let mut reports = Vec::new();
        while !self.asked.is_empty() {
            match timeout_at(until, self.next()).await {
                Ok(Some(told)) => reports.extend(told),
                Ok(None) | Err(_) => break,
            }
        }
        let why = "the proxy did not say in time whether this was sent";
        reports.extend(self.unanswered(why));
        reports
    }
}

impl Asked {
    /// It was not done, and why. A text is not lost without a word.
    fn refused(self, why: &str) -> Report {
        match (self.to, self.said) {
            (Some(with), Some(words)) => {
                let why = sanitize::one_line(why.as_bytes());
                let why = Obstacle::Text(format!("not sent: {why}"));
                let what = What::NotSent {
                    line: LineId(0),
                    words,
                    why,
                    held: false,
                };
                Report::Notice(Notice { with, what })
            }
            _ => Report::Remark(Remark::mistake(why)),
        }
    }
}

/// A remark that the proxy has made.
fn repeated(event: &'static str, value: &Value) -> Report {
    let Value::Object(mut fields) = value.clone() else {
        return not_understood(value);
    };
    let words = fields.remove("words");
    let words = words.as_ref().and_then(Value::as_str).unwrap_or_default();
    let remark = Remark::new(event, words);
    for name in ["event", "id", "profile", "lines"] {
        fields.remove(name);
    }
    Report::Remark(remark.with(Value::Object(fields)))
}

fn left_out(value: &Value) -> Remark {
    let count = value.get("count").and_then(Value::as_u64).unwrap_or_default();
    let words = format!("{count} events are not shown: they were read too slowly");
    Remark::new("left-out", words).with(json!({ "count": count }))
}

fn not_understood(value: &Value) -> Report {
    let event = value.get("event").and_then(Value::as_str).unwrap_or("nothing");
    let event: String = event.chars().take(40).collect();
    let words = format!("the proxy tells something that this program does not understand: {event}");
    Report::Remark(Remark::mistake(words))
}

/// Of an account for all versions there are two.
const MOST_KEYS: usize = 2;
/// More than the proxy tells of.
const MOST_PEOPLE: usize = 2000;
/// So much is asked before anything is answered.
const MOST_ASKED: usize = 1024;
/// How long the proxy may take for the last answers.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
