//! One request of a person at a shell: the secret that it needs, what the proxy answers, and what it is waited for.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::control::{Client, ControlError};
use crate::sanitize;

/// A request, and how it is carried through.
pub struct Errand {
    request: Map<String, Value>,
    /// Whether a secret is asked for, and with which words.
    secret: Option<String>,
    wait: Option<Duration>,
    settles: &'static [(&'static str, bool)],
}

impl Errand {
    /// This object, as docs/control.md has it.
    pub fn new(request: Value) -> Self {
        let request = match request {
            Value::Object(request) => request,
            _ => Map::new(),
        };
        Self {
            request,
            secret: None,
            wait: None,
            settles: &[],
        }
    }

    /// About one of the proxy's profiles.
    #[must_use]
    pub fn with_profile(mut self, profile: &str) -> Self {
        self.request.insert("profile".to_owned(), json!(profile));
        self
    }

    /// Waits so long until one of these events settles it, for good or not.
    #[must_use]
    pub fn until(mut self, wait: Option<Duration>, settles: &'static [(&'static str, bool)]) -> Self {
        self.wait = wait;
        self.settles = settles;
        self
    }

    /// Asks for a secret first, with these words.
    #[must_use]
    pub fn asking(mut self, prompt: String) -> Self {
        self.secret = Some(prompt);
        self
    }

    /// `false` if it was waited for and came to nothing.
    ///
    /// # Errors
    /// If no proxy runs, or it refuses.
    pub async fn run(self, data: &Path, json: bool) -> Result<bool, ControlError> {
        let mut client = Client::connect(data).await?;
        let watches = self.request.get("do") == Some(&json!("watch"));
        let secret = self.secret.as_deref().map(ask).transpose()?;
        if self.wait.is_some() && !watches {
            // First, so that nothing happens unseen.
            let mut watch = json!({ "do": "watch" });
            if let Some(profile) = self.request.get("profile") {
                watch["profile"] = profile.clone();
            }
            client.request(&watch, None, |_| Ok(())).await?;
        }
        let request = Value::Object(self.request);
        let with = request.get("to").and_then(Value::as_str).unwrap_or_default();
        let mut said = 0;
        let secret = secret.as_ref().map(|secret| secret.as_str());
        client
            .request(&request, secret, |value| {
                said += 1;
                print(&value, json)
            })
            .await?;
        if watches {
            loop {
                let value = client.hear().await?;
                print(&value, json)?;
            }
        }
        let Some(wait) = self.wait else {
            if said == 0 && !json {
                writeln!(io::stdout(), "nobody yet")?;
            }
            return Ok(true);
        };
        let until = Instant::now() + wait;
        loop {
            let Ok(value) = timeout_at(until, client.hear()).await else {
                eprintln!("chatham: nothing was settled within {} s", wait.as_secs());
                return Ok(false);
            };
            let value = value?;
            let about = value.get("with").and_then(Value::as_str).unwrap_or_default();
            if !about.eq_ignore_ascii_case(with) {
                continue;
            }
            let event = value.get("event").and_then(Value::as_str).unwrap_or_default();
            let settled = self.settles.iter().find(|(name, _)| *name == event);
            if let Some((_, good)) = settled {
                print(&value, json)?;
                return Ok(*good);
            }
        }
    }
}

/// The secret: from the terminal without showing it, or the first line of the standard input.
fn ask(prompt: &str) -> io::Result<Zeroizing<String>> {
    let secret = if io::stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password(prompt)?)
    } else {
        let mut line = Zeroizing::new(String::with_capacity(LONGEST_SECRET + 2));
        io::stdin()
            .lock()
            .take(LONGEST_SECRET as u64 + 2)
            .read_line(&mut line)?;
        while line.ends_with(['\n', '\r']) {
            line.pop();
        }
        line
    };
    match secret.len() {
        0 => Err(io::Error::other("no secret was given: nothing was done")),
        length if length > LONGEST_SECRET => {
            Err(io::Error::other("that secret is too long: nothing was done"))
        }
        _ => Ok(secret),
    }
}

fn print(value: &Value, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let mut value = value.clone();
        if let Value::Object(fields) = &mut value {
            fields.remove("lines");
        }
        writeln!(out, "{}", sanitize::json(&value.to_string()))?;
    } else {
        let lines = value.get("lines").and_then(Value::as_array);
        for line in lines.into_iter().flatten().filter_map(Value::as_str) {
            writeln!(out, "{}", sanitize::one_line(line.as_bytes()))?;
        }
    }
    out.flush()
}

/// What settles a start, and whether it is good.
pub const STARTED: &[(&str, bool)] = &[
    ("private", true),
    ("renewed", true),
    ("absent", false),
    ("gone", false),
    ("refused", false),
    ("peer-reports-error", false),
];
/// What settles a comparison.
pub const COMPARED: &[(&str, bool)] = &[
    ("same-secret", true),
    ("different-secret", false),
    ("comparison-ended", false),
    ("cheated", false),
    ("peer-ended", false),
    ("ended", false),
];

const LONGEST_SECRET: usize = 1024;
