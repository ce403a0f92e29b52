//! `chatham keys`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use otr_store::foreign::Format;
use otr_store::lock::LockError;
use otr_store::{KeyName, StoreError};
use serde_json::{Value, json};

use crate::control::{Client, place};
use crate::keys::passphrase::UnlockError;
use crate::keys::{Keys as Store, KeysError, Order, Report, Wish, passphrase};
use crate::sanitize;
use crate::vault::{DEFAULT_PROFILE, default_directory};

/// What can be typed behind `chatham keys`.
#[derive(Debug, Args)]
#[command(
    after_help = "`trust`, `forget` and `passphrase remove` ask first. A script says --yes; without it and \
                        without a terminal nothing is done, and the exit code is 1. `import` and `export` overwrite \
                        nothing, and `distrust` only makes things stricter: they do not ask."
)]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
    /// Where keys and trust are kept [default: $CHATHAM_DATA, $XDG_DATA_HOME/chatham or ~/.local/share/chatham]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// One JSON object instead of words
    #[arg(long, global = true)]
    json: bool,
    /// The store's pass phrase is the first line of this file; asked for at the terminal otherwise
    #[arg(long, value_name = "FILE", global = true)]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make the keys of a profile, for versions 1 to 3 and for version 4
    Generate {
        /// The profile
        #[arg(value_name = "PROFILE", default_value = DEFAULT_PROFILE)]
        nick: String,
    },
    /// Show your keys, and those that others have shown you
    List,
    /// Show the fingerprints of your keys, to be compared on another way: the long one is that of version 4
    Fingerprint {
        /// Which of your profiles [default: default, or the only one]
        #[arg(value_name = "PROFILE")]
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
    /// Take back that a key is theirs: nothing you have compared vouches for it any more
    Distrust {
        #[command(flatten)]
        key: TheirKey,
    },
    /// Take over keys and trust from another program; nothing that is here is ever overwritten
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The other program's directory, the directory with its key files, or one of the files
        path: PathBuf,
        /// Whose files they are, if their names do not tell
        #[arg(long, value_name = "PROGRAM", value_parser = format)]
        from: Option<Format>,
        /// The profile that gets the key [default: default]
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        /// Only this account of the other program, and whom it knows; may be repeated
        #[arg(long, value_name = "NAME")]
        account: Vec<String>,
        /// Leave the key where it is, and take over only whom you trust
        #[arg(long)]
        trust_only: bool,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a key and trust as another program keeps them
    #[command(after_help = EXPORT_HELP)]
    Export {
        /// A directory without such files; it is made if it is missing
        directory: PathBuf,
        /// For which program
        #[arg(long, value_name = "PROGRAM", value_parser = format)]
        to: Format,
        /// Your account's name in that program
        #[arg(long, value_name = "NAME")]
        account: String,
        /// That program's word for the network, if it is not the usual one
        #[arg(long, value_name = "WORD")]
        protocol: Option<String>,
        /// The name of the files, for programs that name them after something other than the account
        #[arg(long, value_name = "NAME")]
        stem: Option<String>,
        /// Which of your profiles [default: default, or the only one]
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        /// Leave the key here, and write only whom you trust
        #[arg(long)]
        trust_only: bool,
    },
    /// Put keys, fingerprints and trust under a pass phrase, or take them out again
    #[command(subcommand)]
    Passphrase(PassphraseAction),
    /// Forget keys of somebody, or destroy those of a profile of yours
    Forget {
        /// Their nick; with --own, your profile
        nick: String,
        /// Which key; all of theirs if it is not named
        #[arg(value_parser = fingerprint, conflicts_with = "own")]
        fingerprint: Option<KeyName>,
        /// Destroy your own keys, of both kinds: nobody will recognise you any more
        #[arg(long)]
        own: bool,
        /// Which of your profiles knows them [default: default, or the only one]
        #[arg(long, value_name = "PROFILE", conflicts_with = "own")]
        account: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What can be typed behind `chatham keys passphrase`.
#[derive(Clone, Debug, Subcommand)]
enum PassphraseAction {
    /// Encrypt the store; from then on every use asks for the pass phrase
    Set {
        /// The new one is the first line of this file; typed twice at the terminal otherwise
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Replace the pass phrase by another one
    Change {
        /// The new one is the first line of this file; typed twice at the terminal otherwise
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Decrypt the store: libotr's files are there again, in clear
    Remove {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct TheirKey {
    /// Their nick
    nick: String,
    /// Their fingerprint: forty hexadecimal digits, or 112 in version 4, as they were compared
    #[arg(value_parser = fingerprint)]
    fingerprint: KeyName,
    /// Which of your profiles knows them [default: default, or the only one]
    #[arg(long, value_name = "PROFILE")]
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
        let store = passphrase::open(&data, self.passphrase_file.as_deref());
        if let Err(UnlockError::Store(StoreError::Lock(LockError::Taken { .. }))) = &store
            && place::socket(&data).exists()
        {
            return self.action.through_the_proxy(&data, self.json);
        }
        let done = store
            .map_err(KeysError::from)
            .and_then(|store| self.action.follow(&mut Store::new(store)));
        match done {
            Ok(report) => print(&report, self.json),
            Err(error) => super::complain(error),
        }
    }
}

impl Action {
    /// The proxy has the store: it looks, and changes whom we trust. Nothing else is done behind its back.
    fn through_the_proxy(&self, data: &Path, json: bool) -> ExitCode {
        let request = match self {
            Self::List => json!({ "do": "keys", "what": "list" }),
            Self::Fingerprint { nick } => json!({ "do": "keys", "what": "fingerprint", "account": nick }),
            Self::Trust { key, .. } => key.request("trust"),
            Self::Distrust { key } => key.request("distrust"),
            Self::Generate { .. }
            | Self::Import { .. }
            | Self::Export { .. }
            | Self::Passphrase(_)
            | Self::Forget { .. } => {
                return super::complain(
                    "a proxy runs and has the store. While it does, `chatham keys` can list, fingerprint, trust and \
                     distrust; for this, end the proxy first (Ctrl+C where it runs), and start it again afterwards. \
                     Nothing was done",
                );
            }
        };
        let asked = async {
            let mut client = Client::connect(data).await?;
            let mut report = None;
            let told = |value| {
                report = Some(value);
                Ok(())
            };
            client.request(&request, None, told).await.map(|()| report)
        };
        super::in_runtime(async { Ok(asked.await) }, |answer| match answer {
            Ok(report) => {
                let report = report.unwrap_or_default();
                let lines = report.get("lines").and_then(Value::as_array);
                let lines = lines.into_iter().flatten().filter_map(Value::as_str);
                let report = Report {
                    lines: lines.map(|line| sanitize::one_line(line.as_bytes())).collect(),
                    value: report.get("report").cloned().unwrap_or_default(),
                };
                print(&report, json)
            }
            Err(error) => super::complain(error),
        })
    }
}

impl TheirKey {
    fn request(&self, what: &str) -> Value {
        json!({
            "do": "keys", "what": what, "account": self.account, "to": self.nick,
            "fingerprint": self.fingerprint.to_string().split_whitespace().collect::<String>(),
        })
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
            Self::Passphrase(PassphraseAction::Remove { yes: false }) => {
                Some("Decrypt the store, so that whoever can read its files can take your keys?".to_owned())
            }
            Self::Forget {
                nick,
                own: true,
                yes: false,
                ..
            } => Some(format!(
                "Destroy your own keys of {}? Nobody will recognise you any more, and it cannot be undone.",
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
            Self::Import {
                path,
                from,
                profile,
                account,
                trust_only,
                dry_run,
            } => {
                let wish = Wish {
                    profile: profile.clone(),
                    accounts: account.clone(),
                    trust_only: *trust_only,
                    dry_run: *dry_run,
                };
                store.import(path, *from, &wish)
            }
            Self::Export {
                directory,
                to,
                account,
                protocol,
                stem,
                profile,
                trust_only,
            } => {
                let order = Order {
                    format: *to,
                    profile: profile.clone(),
                    account: account.clone(),
                    protocol: protocol.clone(),
                    stem: stem.clone(),
                    trust_only: *trust_only,
                };
                store.export(directory, &order)
            }
            Self::Passphrase(action) => action.follow(store),
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

impl PassphraseAction {
    fn follow(&self, store: &mut Store) -> Result<Report, KeysError> {
        match (self, store.is_sealed()) {
            (Self::Set { .. }, true) => Err(KeysError::Passphrase(
                "the store is under a pass phrase already; `chatham keys passphrase change` replaces it",
            )),
            (Self::Change { .. } | Self::Remove { .. }, false) => Err(KeysError::Passphrase(
                "the store has no pass phrase; `chatham keys passphrase set` gives it one",
            )),
            (
                Self::Set {
                    new_passphrase_file: file,
                }
                | Self::Change {
                    new_passphrase_file: file,
                },
                _,
            ) => {
                let passphrase = passphrase::new(file.as_deref())?;
                store.set_passphrase(&passphrase)
            }
            (Self::Remove { .. }, true) => store.remove_passphrase(),
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

fn fingerprint(text: &str) -> Result<KeyName, String> {
    KeyName::from_hex(text)
        .ok_or_else(|| "a fingerprint has forty hexadecimal digits, or 112 in version 4".to_owned())
}

fn format(text: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|format| format.word() == text);
    known.ok_or_else(|| {
        let words = Format::ALL.map(Format::word).join(", ");
        format!("the programs are: {words}")
    })
}

const IMPORT_HELP: &str = "\
PROGRAM is pidgin, irssi, hexchat, profanity, mcabber, bitlbee, weechat, gajim or adium. Where they keep the files:
  pidgin     ~/.purple
  irssi      ~/.irssi/otr
  hexchat    ~/.config/hexchat/otr
  profanity  ~/.local/share/profanity/otr/ACCOUNT
  mcabber    ~/.mcabber/otr
  bitlbee    /var/lib/bitlbee
  weechat    ~/.local/share/weechat/otr or ~/.weechat/otr
  gajim      ~/.local/share/gajim (unverified: there was no such program to hold it against)
  adium      ~/Library/Application Support/Adium 2.0/Users/Default (unverified)

A profile has one key. If the program has several accounts with keys of their own, name one with --account. What is \
known about people already stays as it is; the report says what differs. Instance tags and settings stay there.";

const EXPORT_HELP: &str = "\
PROGRAM is pidgin, irssi, hexchat, profanity, mcabber, bitlbee, weechat, gajim or adium. The account has to be named as \
the program names it: on IRC, NICK@SERVER for pidgin and weechat, the network's name for irssi and hexchat; on XMPP the \
address. Afterwards, with the program ended, the files go where it keeps its own, if there are none yet.";
