//! The command line over the profile over the defaults: what the program will do, or why it will not.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use im::irc::{BadConfig, Client, Config, Pacing, Sasl};
use otr::Policy;
use zeroize::Zeroizing;

use crate::config::complaint::{Complaint, Origin};
use crate::config::place::Place;
use crate::config::profile::{Mechanism, Profile};
use crate::config::rules::Rules;
use crate::config::{Configuration, Setting, secret};
use crate::vault::{DEFAULT_PROFILE, default_directory};

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration to read instead of the usual one.
    pub config: Option<PathBuf>,
    /// The profile.
    pub profile: Option<String>,
    /// Where keys and trust are kept.
    pub data: Option<PathBuf>,
    /// Where the pass phrase of the store stands.
    pub passphrase_file: Option<PathBuf>,
    /// Settings of a profile, to be laid over the one in the file.
    pub settings: Profile,
    /// What the person is shown.
    pub form: Form,
    /// No colours, whatever the file says.
    pub no_color: bool,
}

/// Everything that is settled before a conversation begins, shared by the plain and the full-screen client. Nothing of
/// it can be refused later for what it says, only for what the world answers.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The profile, to which the key belongs.
    pub profile: String,
    /// Where to go, and which way.
    pub place: Place,
    /// What we say about ourselves to the server: nick, names, passwords.
    pub registration: Config,
    /// How fast lines go out.
    pub pacing: Pacing,
    /// What holds with everybody.
    pub policy: Policy,
    /// What holds with single people, by nick.
    pub people: Vec<(String, Policy)>,
    /// With whom to talk at first.
    pub peer: Option<String>,
    /// Where keys and trust are kept.
    pub data: PathBuf,
    /// Where the pass phrase of the store stands; see [`Self::passphrase`].
    pub passphrase_file: Option<Setting<PathBuf>>,
    /// The files with certificates and keys, and where they were named.
    pub named_files: Vec<Setting<PathBuf>>,
    /// What the person is shown.
    pub form: Form,
    /// Colours on the screen; `auto` is to be decided where the screen is.
    pub color: Color,
    /// The signs beside the lines.
    pub marks: Marks,
    /// What the person should know before it begins.
    pub warnings: Vec<Complaint>,
}

/// What the person is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The full screen.
    #[default]
    Screen,
    /// Lines.
    Plain,
    /// JSON objects, one a line.
    Json,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// If the terminal shows them, and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// The signs beside the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// Of Unicode.
    #[default]
    Unicode,
    /// Of ASCII, where the font has no others.
    Ascii,
}

impl Color {
    pub(super) const WORDS: [(&'static str, Self); 3] = [
        ("auto", Self::Auto),
        ("always", Self::Always),
        ("never", Self::Never),
    ];
}

impl Marks {
    pub(super) const WORDS: [(&'static str, Self); 2] = [("unicode", Self::Unicode), ("ascii", Self::Ascii)];
}

impl Request {
    /// A picture of our fingerprint needs neither a server nor a nick: whatever nobody names does not matter then.
    pub fn for_a_picture(mut self, only: bool) -> Self {
        let configured =
            Configuration::load(self.config.as_deref()).is_ok_and(|file| !file.profiles.is_empty());
        if only && !configured && self.profile.is_none() {
            let server = &mut self.settings.server;
            if server.host.is_none() && server.local.is_none() {
                server.local = Some(Setting::option(crate::local::PORT, "--local"));
            }
            let nick = || Setting::option("nobody".to_owned(), "--nick");
            self.settings.nick.get_or_insert_with(nick);
        }
        self
    }

    /// Reads the configuration, and settles everything.
    ///
    /// # Errors
    /// Everything that is wrong, in the file and with the combination.
    pub fn resolve(self) -> Result<Resolved, Vec<Complaint>> {
        let configuration = Configuration::load(self.config.as_deref())?;
        let path = self.config.clone().or_else(super::default_path);
        let open = path.as_deref().and_then(secret::open_to_writers);
        match (self.over(&configuration), open) {
            (Ok(resolved), None) => Ok(resolved),
            (Ok(_), Some(complaint)) => Err(vec![complaint]),
            (Err(complaints), open) => Err(complaints.into_iter().chain(open).collect()),
        }
    }

    /// Settles everything over a configuration that was read.
    ///
    /// # Errors
    /// Everything that is wrong with the combination.
    pub fn over(self, configuration: &Configuration) -> Result<Resolved, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let (name, below) = self.profile(configuration, &mut complaints);
        let profile = self.settings.over(below);
        let place = Place::of(&profile, &mut complaints);
        let registration = registration(&profile, place.as_ref());
        let registration = registration.map_err(|complaint| complaints.push(complaint)).ok();
        let data = self
            .data
            .or_else(|| configuration.data.as_ref().map(|data| data.value.clone()));
        let data = data.or_else(default_directory);
        if data.is_none() {
            let complaint = Complaint::new(Origin::Default, "there is no home directory to keep keys in");
            complaints.push(complaint.remedy("name a folder with --data, or `data` in the configuration"));
        }
        let passphrase_file = self
            .passphrase_file
            .map(|file| Setting::option(file, "--passphrase-file"));
        let general = &configuration.rules;
        let person = |(nick, rules): (&String, &Rules)| {
            (nick.clone(), Rules::policy(&[general, &profile.rules, rules]))
        };
        let people = profile.people.iter().map(person).collect();
        let (Some(place), Some(registration), Some(data)) = (place, registration, data) else {
            return Err(worst_first(complaints));
        };
        if complaints.iter().any(|complaint| !complaint.warning) {
            return Err(worst_first(complaints));
        }
        let color = configuration
            .color
            .as_ref()
            .map_or(Color::Auto, |color| color.value);
        Ok(Resolved {
            profile: name,
            pacing: pacing(&profile, &place),
            place,
            registration,
            policy: Rules::policy(&[general, &profile.rules]),
            people,
            named_files: profile
                .server
                .files()
                .into_iter()
                .chain(profile.xmpp.roots)
                .collect(),
            peer: profile.peer.map(|peer| peer.value),
            data,
            passphrase_file: passphrase_file.or_else(|| configuration.passphrase_file.clone()),
            form: self.form,
            color: if self.no_color { Color::Never } else { color },
            marks: configuration
                .marks
                .as_ref()
                .map_or(Marks::Unicode, |marks| marks.value),
            warnings: complaints,
        })
    }

    /// The profile's name, and what the file says about it.
    fn profile(&self, configuration: &Configuration, complaints: &mut Vec<Complaint>) -> (String, Profile) {
        let asked = self
            .profile
            .clone()
            .map(|name| Setting::option(name, "--profile"));
        let Some(name) = asked.or_else(|| configuration.profile.clone()) else {
            let found = Profile::find(configuration, DEFAULT_PROFILE).cloned();
            return (DEFAULT_PROFILE.to_owned(), found.unwrap_or_default());
        };
        let found = Profile::find(configuration, &name.value).cloned();
        if !super::is_name(&name.value) {
            let what = format!("a profile cannot be called {:?}", name.value);
            complaints.push(Complaint::new(name.origin, what).remedy("a name is one short word"));
        } else if found.is_none() && !configuration.profiles.is_empty() {
            let known: Vec<&str> = configuration.profiles.keys().map(String::as_str).collect();
            let what = format!("the configuration has no profile `{}`", name.value);
            let complaint = Complaint::new(name.origin, what);
            complaints.push(complaint.remedy(format!("there are: {}", known.join(", "))));
        }
        (name.value, found.unwrap_or_default())
    }
}

impl Resolved {
    /// Our nick, as we ask for it.
    pub fn nick(&self) -> String {
        String::from_utf8_lossy(&self.registration.nick).into_owned()
    }

    /// The pass phrase of the store, if it stands in a file.
    ///
    /// # Errors
    /// If it cannot be read, or others can.
    pub fn passphrase(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Complaint> {
        self.passphrase_file.as_ref().map(secret::first_line).transpose()
    }

    /// Asks for the password of an XMPP account at the terminal, if it stands in no file.
    ///
    /// # Errors
    /// If nobody is there to type it.
    pub fn ask_password(&mut self) -> io::Result<()> {
        let Place::Xmpp(account) = &mut self.place else {
            return Ok(());
        };
        if account.password.is_some() {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            let words = format!(
                "the password of {} is needed, and there is no terminal to ask at; name a file with --password-file",
                account.jid
            );
            return Err(io::Error::other(words));
        }
        let typed = rpassword::prompt_password(format!("Password of {}: ", account.jid))?;
        account.password = Some(Zeroizing::new(typed));
        Ok(())
    }

    /// The folder of the store.
    pub fn data(&self) -> &Path {
        &self.data
    }
}

/// What we say to the server about ourselves.
fn registration(profile: &Profile, place: Option<&Place>) -> Result<Config, Complaint> {
    if let Some(Place::Xmpp(account)) = place {
        // There is nothing to register: the name is the address.
        return Ok(Config::new(account.jid.as_str().as_bytes()));
    }
    let nick = profile.nick.clone().or_else(user_name).ok_or_else(|| {
        Complaint::new(Origin::Default, "you have no nick").remedy("--nick NICK, or `nick` in [profile.NAME]")
    })?;
    let (user, real) = (profile.user_name.as_ref(), profile.real_name.as_ref());
    let name = |name: Option<&Setting<String>>| name.unwrap_or(&nick).value.clone().into_bytes();
    let mut config = Config::new(nick.value.as_bytes());
    (config.user, config.real_name) = (name(user), name(real));
    config.password = server_password(profile, place)?;
    config.sasl = sasl(profile, place, &nick)?;
    let Err(fault) = Client::new(config.clone()) else {
        return Ok(config);
    };
    let origin = |setting: Option<&Setting<String>>| setting.map(|setting| setting.origin.clone());
    let file = profile.server.password_file.as_ref();
    let (origin, remedy) = match fault {
        BadConfig::Nick => (
            Some(nick.origin.clone()),
            "a nick is one short word that begins with a letter; --nick names another",
        ),
        BadConfig::User => (
            origin(user).or_else(|| Some(nick.origin.clone())),
            "a user name is one word without @; `user-name` names another",
        ),
        BadConfig::RealName => (origin(real), "write it on one line"),
        BadConfig::Password => (file.map(|file| file.origin.clone()), "look at the file"),
        BadConfig::Sasl => (
            profile.sasl.origin(),
            "look at the account and at the file with its password",
        ),
    };
    Err(Complaint::new(origin.unwrap_or(Origin::Default), fault.to_string()).remedy(remedy))
}

fn server_password(profile: &Profile, place: Option<&Place>) -> Result<Option<Vec<u8>>, Complaint> {
    let Some(file) = &profile.server.password_file else {
        return Ok(None);
    };
    if place.is_some_and(Place::is_exposed) {
        let what = "the password of the server would go over a connection that everybody on the way can read";
        let complaint = Complaint::new(file.origin.clone(), what);
        return Err(complaint.remedy("--tls, or `tls = true` in [profile.NAME.server]"));
    }
    Ok(Some(secret::first_line(file)?.to_vec()))
}

/// How we prove that an account is ours, if we do.
fn sasl(profile: &Profile, place: Option<&Place>, nick: &Setting<String>) -> Result<Option<Sasl>, Complaint> {
    let sasl = &profile.sasl;
    let Some(origin) = sasl.origin() else {
        return Ok(None);
    };
    let complain = |what: &str, remedy: &str| Err(Complaint::new(origin.clone(), what).remedy(remedy));
    if matches!(place, Some(Place::Local(_))) {
        return complain(
            "the relay of this computer knows no accounts",
            "leave SASL out with --local",
        );
    }
    let tls = match place {
        Some(Place::Server(dial)) => dial.tls.as_ref(),
        _ => None,
    };
    match sasl
        .mechanism
        .as_ref()
        .map_or(Mechanism::Plain, |mechanism| mechanism.value)
    {
        Mechanism::External if place.is_some() && tls.is_none_or(|tls| tls.certificate.is_none()) => {
            complain(
                "\"external\" shows your certificate, and there is none to show",
                "--tls --tls-cert FILE --tls-key FILE, or `certificate` and `key` in [profile.NAME.server]",
            )
        }
        Mechanism::External => Ok(Some(Sasl::External)),
        Mechanism::Plain if place.is_some_and(Place::is_exposed) => complain(
            "the password of your account would go over a connection that everybody on the way can read",
            "--tls, or `tls = true` in [profile.NAME.server]",
        ),
        Mechanism::Plain => {
            let Some(file) = &sasl.password_file else {
                return complain(
                    "\"plain\" needs the password of your account",
                    "--sasl-password-file FILE, or `password-file` in [profile.NAME.sasl]",
                );
            };
            let account = sasl.account.as_ref().unwrap_or(nick).value.clone().into_bytes();
            let password = secret::first_line(file)?;
            Ok(Some(Sasl::Plain { account, password }))
        }
    }
}

fn pacing(profile: &Profile, place: &Place) -> Pacing {
    let usual = match place {
        Place::Local(_) | Place::Xmpp(_) => Pacing::unlimited(),
        Place::Server(_) => Pacing::default(),
    };
    let interval = profile.interval.as_ref();
    Pacing {
        burst: profile.burst.as_ref().map_or(usual.burst, |burst| burst.value),
        interval: interval.map_or(usual.interval, |interval| {
            std::time::Duration::from_millis(u64::from(interval.value))
        }),
    }
}

fn worst_first(mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    complaints.sort_by_key(|complaint| complaint.warning);
    complaints
}

/// The name of the person's account on this computer.
pub(super) fn user_name() -> Option<Setting<String>> {
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        let origin = Origin::Environment(name);
        Some(Setting { value, origin })
    })
}
