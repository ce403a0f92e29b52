//! What the program says about itself and its connection, in words and as values.

use im::irc::Nick;
use otr::Fingerprint;
use serde_json::{Value, json};

use crate::present::json::fingerprint;
use crate::sanitize;
use crate::seat::Network;

/// A sentence for people, an event for programs.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The event's name.
    pub event: &'static str,
    /// The sentence. It may hold what others wrote: it passes [`sanitize`] before it reaches a screen.
    pub words: String,
    /// The values, an object.
    pub fields: Value,
}

impl Remark {
    /// A sentence with an event's name.
    pub fn new(event: &'static str, words: impl Into<String>) -> Self {
        Self {
            event,
            words: words.into(),
            fields: json!({}),
        }
    }

    /// The same, with values.
    #[must_use]
    pub fn with(mut self, fields: Value) -> Self {
        self.fields = fields;
        self
    }

    /// What was asked for cannot be done.
    pub fn mistake(words: impl Into<String>) -> Self {
        Self::new("mistake", words)
    }

    /// As one JSON object.
    pub fn value(&self) -> Value {
        let mut value = self.fields.clone();
        value["event"] = json!(self.event);
        value["words"] = json!(self.words);
        value
    }

    /// We are on the network.
    pub fn connected(nick: &Nick, key: Fingerprint) -> Self {
        let fields = json!({ "nick": nick.to_string(), "fingerprint": fingerprint(key) });
        Self::new("connected", format!("you are {nick}; your key is {key}")).with(fields)
    }

    /// What happens to the connection; `None` for what has no meaning for a person. [`Network::Registered`] needs our
    /// key, and has [`Self::connected`].
    pub fn of(network: &Network) -> Option<Self> {
        Some(match network {
            Network::Registered(_) | Network::Numeric(_) | Network::Present(_) | Network::Absent(_) => {
                return None;
            }
            Network::Renamed(nick) => Self::new("renamed-self", format!("you are {nick} now"))
                .with(json!({ "nick": nick.to_string() })),
            Network::AsksToSee(nick) => {
                let words =
                    format!("{nick} wants to see when you are there: /allow {nick}, or /refuse {nick}");
                Self::new("asks-to-see", words).with(json!({ "with": nick.to_string() }))
            }
            Network::LetsSee { nick, allowed } => {
                let may = if *allowed {
                    "lets you see"
                } else {
                    "does not let you see"
                };
                let words = format!("{nick} {may} when they are there");
                Self::new("lets-see", words).with(json!({ "with": nick.to_string(), "allowed": allowed }))
            }
            Network::NickRefused { wanted, next } => {
                let (wanted, next) = (text(wanted), next.as_deref().map(text));
                let words = match &next {
                    Some(next) => format!("{wanted} is taken; trying {next}"),
                    None => format!("{wanted} is taken"),
                };
                Self::new("nick-refused", words).with(json!({ "nick": wanted, "next": next }))
            }
            Network::ServerError(words) => {
                Self::new("server-error", format!("the server says: {}", text(words)))
            }
            Network::LoggedIn(account) => {
                let account = text(account);
                let words = format!("the network knows you by the account {account}");
                Self::new("logged-in", words).with(json!({ "account": account }))
            }
            Network::SaslFailed(fault) => {
                let words = format!("the network does not know you by your account: {fault}");
                Self::new("sasl-failed", words)
            }
            Network::Kicked { channel, by, reason } => {
                let (channel, reason) = (text(channel), text(reason));
                let words = format!("{by} threw you out of {channel}: {reason}");
                let fields = json!({ "by": by.to_string(), "channel": channel, "reason": reason });
                Self::new("kicked", words).with(fields)
            }
            Network::Killed { by, reason } => {
                let reason = text(reason);
                let words = format!("{by} threw you off the network: {reason}");
                Self::new("killed", words).with(json!({ "by": by.to_string(), "reason": reason }))
            }
            Network::Unattended(nick) => {
                let words = format!(
                    "no client of {nick} is connected through the proxy: what you say waits there until one is"
                );
                Self::new("unattended", words).with(json!({ "nick": nick.to_string() }))
            }
            Network::Disconnected(reason) => {
                let reason = reason.as_deref().unwrap_or("the server closed it");
                let words = format!("the connection is gone: {reason}");
                Self::new("disconnected", words).with(json!({ "reason": reason }))
            }
            Network::Unreachable(fault) => Self::new("unreachable", fault.clone()),
            Network::Reconnecting { after } => {
                let words = format!(
                    "trying to connect again in {} s; /reconnect does it now",
                    after.as_secs()
                );
                let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                Self::new("reconnecting", words).with(json!({ "milliseconds": milliseconds }))
            }
            Network::Reconnected { nick } => {
                let words = format!("connected again; you are {nick}");
                Self::new("reconnected", words).with(json!({ "nick": nick.to_string() }))
            }
        })
    }
}

impl std::fmt::Display for Remark {
    /// The sentence, made harmless.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&sanitize::one_line(self.words.as_bytes()))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
