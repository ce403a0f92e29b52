//! What the person wants: one TOML file, profiles in it, and the command line above both.
//!
//! ```text
//! config.toml -> Configuration ┐
//! command line -> Request      ┴-> resolve -> Resolved -> chat (and the full-screen client)
//!                                        └─> Complaint: where, what, what to do
//! ```
//!
//! The command line wins over the profile, the profile over what holds for everybody, and that over the defaults.
//! Everything is looked at before the first byte goes out, and every fault is told at once.

pub mod attachment;
pub mod check;
pub mod complaint;
pub mod listen;
pub mod place;
pub mod profile;
pub mod proxy;
pub mod proxy_check;
pub mod resolve;
mod rival_doors;
pub mod rules;
mod secret;
mod table;
mod xmpp;
pub mod xmpp_door;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

pub use attachment::Attachment;
pub use complaint::{Complaint, Origin};
pub use place::Place;
pub use profile::Profile;
pub use proxy::ProxyTable;
pub use resolve::{Color, Form, Marks, Request, Resolved};
pub use rules::{Mode, Rules};

use crate::config::complaint::Source;
use crate::config::table::{Reader, Table};

/// A value that somebody asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was asked for.
    pub origin: Origin,
}

/// What stands in the file.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The profile that is used if none is named.
    pub profile: Option<Setting<String>>,
    /// Where keys and trust are kept.
    pub data: Option<Setting<PathBuf>>,
    /// Where the pass phrase of the store stands.
    pub passphrase_file: Option<Setting<PathBuf>>,
    /// Colours on the screen.
    pub color: Option<Setting<Color>>,
    /// The signs beside the lines.
    pub marks: Option<Setting<Marks>>,
    /// The rules for everybody.
    pub rules: Rules,
    /// What the proxy does.
    pub proxy: ProxyTable,
    /// The profiles by name.
    pub profiles: BTreeMap<String, Profile>,
}

impl<T> Setting<T> {
    /// A value that an option of the command line asks for.
    pub fn option(value: T, name: &'static str) -> Self {
        Self {
            value,
            origin: Origin::Option(name),
        }
    }
}

impl Configuration {
    /// Reads a file. One that is not there is empty, unless somebody has named it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(named: Option<&Path>) -> Result<Self, Vec<Complaint>> {
        let Some(path) = named.map(Path::to_owned).or_else(default_path) else {
            return Ok(Self::default());
        };
        match text_of(&path) {
            Ok(text) => Self::parse(path, text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) => {
                let what = format!("the configuration {} cannot be read: {error}", path.display());
                let origin = named.map_or(Origin::Default, |_| Origin::Option("--config"));
                let remedy = "`chatham config init` writes a commented one";
                Err(vec![Complaint::new(origin, what).remedy(remedy)])
            }
        }
    }

    /// Reads what stands in a file of this name.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(path: impl Into<PathBuf>, text: impl Into<String>) -> Result<Self, Vec<Complaint>> {
        let source = Arc::new(Source {
            path: path.into(),
            text: text.into(),
        });
        let mut reader = Reader::new(Arc::clone(&source));
        let (table, faults) = DeTable::parse_recoverable(&source.text);
        for fault in faults {
            let bytes = fault.span().unwrap_or(0..0);
            let what = fault.message().trim().replace('\n', "; ");
            let complaint = Complaint::new(reader.origin(bytes), format!("this is no TOML: {what}"));
            reader
                .complaints
                .push(complaint.remedy("a line is `name = value`, with texts in \"quotes\", or a [table]"));
        }
        // What was guessed behind a fault of the grammar would be complained about for no reason.
        if !reader.complaints.is_empty() {
            return Err(reader.complaints);
        }
        let configuration = Self::read(Table::new("", table.into_inner()), &mut reader);
        if reader.complaints.is_empty() {
            Ok(configuration)
        } else {
            Err(in_order(reader.complaints))
        }
    }

    fn read(mut file: Table<'_>, reader: &mut Reader) -> Self {
        let mut configuration = Self {
            profile: file.text("default-profile", reader),
            data: file.path("data", reader),
            passphrase_file: file.path("passphrase-file", reader),
            rules: Rules::read(file.table("policy", reader), reader),
            ..Self::default()
        };
        let mut ui = file.table("ui", reader);
        configuration.color = ui.choice("color", &Color::WORDS, reader);
        configuration.marks = ui.choice("marks", &Marks::WORDS, reader);
        ui.finish(reader);
        configuration.proxy = ProxyTable::read(file.table("proxy", reader), reader);
        for (name, table) in file.table("profile", reader).tables(reader) {
            let profile = Profile::read(table, reader);
            let twin = configuration
                .profiles
                .keys()
                .any(|known| is_same(known, &name.value));
            if twin || !is_name(&name.value) {
                let what = if twin {
                    format!("there is a profile `{}` already, in other letters", name.value)
                } else {
                    format!("a profile cannot be called {:?}", name.value)
                };
                let remedy = "a name is one short word; keys belong to it, whatever its letter case";
                reader
                    .complaints
                    .push(Complaint::new(name.origin, what).remedy(remedy));
            } else {
                configuration.profiles.insert(name.value, profile);
            }
        }
        file.finish(reader);
        configuration
    }
}

/// Where the configuration is, if nobody says otherwise: `$CHATHAM_CONFIG`, else
/// `$XDG_CONFIG_HOME/chatham/config.toml`, else `~/.config/chatham/config.toml`. `None` if there is no home.
pub fn default_path() -> Option<PathBuf> {
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| home().map(|home| home.join(".config")));
    absolute("CHATHAM_CONFIG").or_else(|| folder.map(|folder| folder.join("chatham/config.toml")))
}

/// Writes the commented example, readable by nobody else, where nothing is yet.
///
/// # Errors
/// If something is there, or it cannot be written.
pub fn write_example(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(EXAMPLE.as_bytes())
}

/// Whether this can be the name of a profile: it stands in the files of the store and on the screen.
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=40).contains(&name.chars().count()) && name.chars().all(plain)
}

/// Whether two names are one, as the store sees it.
fn is_same(one: &str, other: &str) -> bool {
    crate::vault::account_id(one) == crate::vault::account_id(other)
}

/// The person's home.
fn home() -> Option<PathBuf> {
    absolute("HOME")
}

fn absolute(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    if file.take(LIMIT + 1).read_to_string(&mut text)? as u64 > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long"));
    }
    Ok(text)
}

/// As a person reads the file.
fn in_order(mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    complaints.sort_by_key(|complaint| match &complaint.origin {
        Origin::File(_, bytes) => bytes.start,
        _ => usize::MAX,
    });
    complaints
}

/// The commented example: every setting, and what holds without it.
pub const EXAMPLE: &str = include_str!("example.toml");

/// So long can a configuration be.
const LIMIT: u64 = 1024 * 1024;
