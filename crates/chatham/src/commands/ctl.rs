//! `chatham ctl`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::chat::complain;
use crate::config::{Configuration, Mode};
use crate::control::ControlError;
use crate::control::errand::{COMPARED, Errand, STARTED};
use crate::sanitize;
use crate::vault::default_directory;

/// What can be typed behind `chatham ctl`.
#[derive(Debug, Args)]
#[command(after_help = "`chatham ctl --help` has examples and exit codes.", after_long_help = EXAMPLES)]
pub struct Ctl {
    #[command(subcommand)]
    action: Action,
    /// Which of the proxy's profiles, if it has several
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    /// One JSON object a line, as it came from the proxy
    #[arg(long, global = true)]
    json: bool,
    /// The proxy that keeps its keys here [default: $CHATHAM_DATA, $XDG_DATA_HOME/chatham or ~/.local/share/chatham]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The configuration, which may name that folder [default: $CHATHAM_CONFIG, $XDG_CONFIG_HOME/chatham/config.toml or
    /// ~/.config/chatham/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show their devices and keys, how the next text would go, what waits; without a nick, how the proxy stands
    Status {
        /// With whom
        nick: Option<String>,
    },
    /// The same: their devices and keys
    Devices(Nick),
    /// List with whom you talk, and how private it is
    People,
    /// Ask for a private conversation, or for new keys in one
    Start {
        #[command(flatten)]
        whom: Nick,
        #[command(flatten)]
        wait: Wait,
    },
    /// End the private conversation: from then on texts are clear
    End(Nick),
    /// Find out whether it is really them: show words to compare, or compare a secret
    Verify {
        #[command(flatten)]
        whom: Nick,
        /// How: `words` to read to each other, a `secret` that both know, or the same with a `question`
        #[arg(default_value = "words")]
        how: How,
        /// The question, for `question`
        #[arg(value_name = "QUESTION")]
        question: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Say that the words or fingerprints that `verify` has shown are the same on the other side
    Confirm(Nick),
    /// Answer when they compare a secret
    Answer {
        #[command(flatten)]
        whom: Nick,
        #[command(flatten)]
        wait: Wait,
    },
    /// Give up comparing a secret
    Abort(Nick),
    /// Say that a key is theirs: you have compared the fingerprint
    Trust(Key),
    /// Take that back
    Distrust(Key),
    /// Accept a stranger's wish, or a changed key
    Accept(Key),
    /// Show your own keys, and theirs if a nick is named
    Fingerprints {
        /// With whom
        nick: Option<String>,
    },
    /// Show the texts that wait or may be lost
    Held(Nick),
    /// Drop the texts that wait, or one of them
    Drop {
        #[command(flatten)]
        whom: Nick,
        /// The text's number, as `held` shows it
        number: Option<u64>,
    },
    /// Send a text again that may be lost
    SendAgain {
        #[command(flatten)]
        whom: Nick,
        /// The text's number, as `held` shows it
        number: u64,
    },
    /// Show what is willing to happen with them; another mode until the proxy ends
    Policy {
        #[command(flatten)]
        whom: Nick,
        /// never, manual, opportunistic, always, standalone or interactive-only
        #[arg(value_parser = mode)]
        mode: Option<String>,
    },
    /// Tell what happens until you end it: never what is said
    Watch,
}

#[derive(Debug, Args)]
struct Nick {
    /// With whom
    nick: String,
}

#[derive(Debug, Args)]
struct Key {
    /// With whom
    nick: String,
    /// Which key; the one that was shown last if it is not named
    fingerprint: Option<String>,
}

#[derive(Debug, Args)]
struct Wait {
    /// Wait until it is settled, so many seconds at most
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86400))]
    wait: Option<u32>,
}

impl Wait {
    fn time(&self) -> Option<Duration> {
        self.wait.map(|seconds| Duration::from_secs(u64::from(seconds)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    Words,
    Secret,
    Question,
}

impl Ctl {
    /// Does it.
    pub fn run(self) -> ExitCode {
        let data = match self.data() {
            Ok(Some(data)) => data,
            Ok(None) => return super::complain("there is no home directory; name the proxy's with --data"),
            Err(code) => return code,
        };
        let (json, profile) = (self.json, self.profile);
        let mut errand = match self.action.errand() {
            Ok(errand) => errand,
            Err(words) => {
                eprintln!("chatham: {words}");
                return ExitCode::from(USAGE);
            }
        };
        if let Some(profile) = profile {
            errand = errand.with_profile(&profile);
        }
        let work = async move { Ok(errand.run(&data, json).await) };
        super::in_runtime(work, |done| match done {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(UNSETTLED),
            Err(ControlError::Socket(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::FAILURE
            }
            Err(error) => {
                let code = match &error {
                    ControlError::Nobody(_) => ExitCode::from(NOBODY),
                    _ => ExitCode::FAILURE,
                };
                let reason = match &error {
                    ControlError::Refused { reason, .. } => reason,
                    ControlError::Nobody(_) => "no-proxy",
                    ControlError::TooLong => "bad-request",
                    ControlError::Socket(_) | ControlError::Version(_) => "no-answer",
                };
                if json {
                    let value = json!({ "event": "failed", "reason": reason, "words": error.to_string() });
                    println!("{}", sanitize::json(&value.to_string()));
                }
                super::complain(error);
                code
            }
        })
    }

    fn data(&self) -> Result<Option<PathBuf>, ExitCode> {
        if let Some(data) = &self.data {
            return Ok(Some(data.clone()));
        }
        let configuration =
            Configuration::load(self.config.as_deref()).map_err(|faults| complain(&faults))?;
        Ok(configuration
            .data
            .map(|data| data.value)
            .or_else(default_directory))
    }
}

impl Action {
    fn errand(self) -> Result<Errand, String> {
        let to = |verb: &str, nick: String| Errand::new(json!({ "do": verb, "to": nick }));
        let key = |verb: &str, key: Key| {
            Errand::new(json!({ "do": verb, "to": key.nick, "fingerprint": key.fingerprint.map(spaceless) }))
        };
        Ok(match self {
            Self::Status { nick: Some(nick) } => to("status", nick),
            Self::Status { nick: None } => Errand::new(json!({ "do": "proxy" })),
            Self::Devices(whom) => to("devices", whom.nick),
            Self::People => Errand::new(json!({ "do": "people" })),
            Self::Start { whom, wait } => to("start", whom.nick).until(wait.time(), STARTED),
            Self::End(whom) => to("end", whom.nick),
            Self::Verify {
                how: How::Words,
                question: Some(_),
                ..
            } => return Err("`words` takes nothing behind it".to_owned()),
            Self::Verify {
                how: How::Secret,
                question: Some(_),
                ..
            } => return Err(NOT_HERE.to_owned()),
            Self::Verify {
                how: How::Question,
                question: None,
                ..
            } => return Err("the question stands behind `question`, in quotes".to_owned()),
            Self::Verify {
                whom,
                how: How::Words,
                ..
            } => to("compare", whom.nick),
            Self::Verify {
                whom, question, wait, ..
            } => {
                let prompt = format!(
                    "The secret that {} has to know: ",
                    sanitize::nick(whom.nick.as_bytes())
                );
                Errand::new(json!({ "do": "verify", "to": whom.nick, "question": question }))
                    .until(wait.time(), COMPARED)
                    .asking(prompt)
            }
            Self::Confirm(whom) => to("confirm", whom.nick),
            Self::Answer { whom, wait } => {
                let prompt = format!("Your answer to {}: ", sanitize::nick(whom.nick.as_bytes()));
                to("answer", whom.nick)
                    .until(wait.time(), COMPARED)
                    .asking(prompt)
            }
            Self::Abort(whom) => to("abort", whom.nick),
            Self::Trust(whose) => key("trust", whose),
            Self::Distrust(whose) => key("distrust", whose),
            Self::Accept(whose) => key("accept", whose),
            Self::Fingerprints { nick } => Errand::new(json!({ "do": "fingerprints", "to": nick })),
            Self::Held(whom) => to("held", whom.nick),
            Self::Drop { whom, number } => {
                Errand::new(json!({ "do": "drop", "to": whom.nick, "line": number }))
            }
            Self::SendAgain { whom, number } => {
                Errand::new(json!({ "do": "send-again", "to": whom.nick, "line": number }))
            }
            Self::Policy { whom, mode } => {
                Errand::new(json!({ "do": "policy", "to": whom.nick, "mode": mode }))
            }
            Self::Watch => Errand::new(json!({ "do": "watch" })),
        })
    }
}

/// Fingerprints are shown in groups.
fn spaceless(key: String) -> String {
    key.split_whitespace().collect()
}

fn mode(word: &str) -> Result<String, String> {
    let known = Mode::named(word).map(|_| word.to_owned());
    known.ok_or_else(|| {
        "the modes are never, manual, opportunistic, always, standalone and interactive-only".to_owned()
    })
}

const NOT_HERE: &str = "a secret on the command line can be read by others on this computer, and stays in the history of \
                        the shell: leave it out, and it is asked for (or give it on the standard input)";

const USAGE: u8 = 2;
const NOBODY: u8 = 3;
const UNSETTLED: u8 = 4;

// Paragraphs are one line each: the terminal decides where they break.
const EXAMPLES: &str = "\
Examples:
  chatham ctl people
      with whom you talk, and how private it is
  chatham ctl start bob --wait 30
      ask bob, and wait for his answer
  chatham ctl verify bob
      words and fingerprints to compare by voice; then `chatham ctl confirm bob`
  chatham ctl verify bob question \"where did we meet?\" --wait 300
      the secret is asked for, or is the first line of the standard input
  chatham ctl watch --json
      what happens, one object a line

A running `chatham proxy` is asked, over a socket that is yours alone, beside its keys. Secrets are never taken from the \
command line. `chatham ctl watch` tells that something was said, and not what.

Exit code 0: done. 1: refused, nothing was done. 2: the command line cannot be followed. 3: no proxy runs. 4: it was waited \
for, and came to nothing: the secrets differ, it was given up, or nobody answered in time.";
