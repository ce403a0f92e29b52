//! `chatham keys`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use otr::Fingerprint;

use crate::keys::{Keys as Store, KeysError, Report};
use crate::sanitize;
use crate::vault::default_directory;

/// What can be typed behind `chatham keys`.
#[derive(Debug, Args)]
#[command(
    after_help = "Whatever gives or destroys trust or keys asks first. A script says --yes; without it and \
                        without a terminal nothing is done, and the exit code is 1."
)]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
    /// Where keys and trust are kept [default: $XDG_DATA_HOME/chatham or ~/.local/share/chatham]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// One JSON object instead of words
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key for one of your nicks
    Generate {
        /// Your nick
        nick: String,
    },
    /// Show your keys, and those that others have shown you
    List,
    /// Show the fingerprint of your key, to be compared on another way
    Fingerprint {
        /// Your nick, if you have several keys
        nick: Option<String>,
    },
    /// Say that a key is theirs: you have compared the fingerprint with them
    Trust {
        #[command(flatten)]
        key: TheirKey,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take that back
    Distrust {
        #[command(flatten)]
        key: TheirKey,
    },
    /// Forget keys of somebody, or destroy one of your own
    Forget {
        /// Their nick; with --own, yours
        nick: String,
        /// Which key; all of theirs if it is not named
        #[arg(value_parser = fingerprint, conflicts_with = "own")]
        fingerprint: Option<Fingerprint>,
        /// Destroy your own key: nobody will recognise you any more
        #[arg(long)]
        own: bool,
        /// Which of your nicks knows them, if there are several
        #[arg(long, value_name = "NICK", conflicts_with = "own")]
        account: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct TheirKey {
    /// Their nick
    nick: String,
    /// Their fingerprint: forty hexadecimal digits, as they were compared
    #[arg(value_parser = fingerprint)]
    fingerprint: Fingerprint,
    /// Which of your nicks knows them, if there are several
    #[arg(long, value_name = "NICK")]
    account: Option<String>,
}

impl Keys {
    /// Does it.
    pub fn run(self) -> ExitCode {
        let Some(data) = self.data.or_else(default_directory) else {
            return super::complain("there is no home directory to keep keys in; name one with --data");
        };
        if let Some(question) = self.action.question()
            && !confirmed(&question)
        {
            return super::complain("nothing was done: it was not confirmed (a script says --yes)");
        }
        match Store::open(&data).and_then(|mut store| self.action.follow(&mut store)) {
            Ok(report) => print(&report, self.json),
            Err(error) => super::complain(error),
        }
    }
}

impl Action {
    /// What has to be confirmed, if anything has and was not.
    fn question(&self) -> Option<String> {
        match self {
            Self::Trust { key, yes: false } => Some(format!(
                "Have you compared the fingerprint\n  {}\nwith {} on another way (telephone, in person)?",
                key.fingerprint,
                sanitize::nick(key.nick.as_bytes())
            )),
            Self::Forget {
                nick,
                own: true,
                yes: false,
                ..
            } => Some(format!(
                "Destroy your own key of {}? Nobody will recognise you any more, and it cannot be undone.",
                sanitize::nick(nick.as_bytes())
            )),
            Self::Forget {
                nick,
                fingerprint,
                yes: false,
                ..
            } => {
                let which = fingerprint.map_or_else(|| "all keys".to_owned(), |key| format!("the key {key}"));
                Some(format!(
                    "Forget {which} of {}, with the trust in it?",
                    sanitize::nick(nick.as_bytes())
                ))
            }
            _ => None,
        }
    }

    fn follow(&self, store: &mut Store) -> Result<Report, KeysError> {
        match self {
            Self::Generate { nick } => store.generate(nick),
            Self::List => Ok(store.list()),
            Self::Fingerprint { nick } => store.fingerprint(nick.as_deref()),
            Self::Trust { key, .. } => {
                store.set_trust(key.account.as_deref(), &key.nick, key.fingerprint, true)
            }
            Self::Distrust { key } => {
                store.set_trust(key.account.as_deref(), &key.nick, key.fingerprint, false)
            }
            Self::Forget { nick, own: true, .. } => store.forget_own(nick),
            Self::Forget {
                nick,
                fingerprint,
                account,
                ..
            } => store.forget(account.as_deref(), nick, *fingerprint),
        }
    }
}

/// Asks at the terminal; without one nobody can say yes.
fn confirmed(question: &str) -> bool {
    if !io::stdin().is_terminal() {
        return false;
    }
    eprint!("{question}\nType yes: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

fn print(report: &Report, json: bool) -> ExitCode {
    let mut out = io::stdout().lock();
    let written = match json {
        true => writeln!(out, "{}", sanitize::json(&report.value.to_string())),
        false => report.lines.iter().try_for_each(|line| writeln!(out, "{line}")),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::complain(error),
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::from_hex(text).ok_or_else(|| "a fingerprint has forty hexadecimal digits".to_owned())
}
