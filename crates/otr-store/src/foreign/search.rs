//! Which files of which program stand in a place: by their names alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{ForeignError, Format};
use crate::file_error::FileError;

/// A file that may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) role: Role,
    layout: Layout,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Keys in libotr's form.
    Keys,
    /// One key in potr's form, of the account that the file is named after.
    PotrKey,
    /// Fingerprints, in libotr's form everywhere.
    Trust,
    /// Instance tags.
    Tags,
    /// Adium's list of accounts.
    Accounts,
}

/// Programs whose files have the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Purple,
    IrcModule,
    Profanity,
    Mcabber,
    Bitlbee,
    Potr,
    /// `.fpr` belongs to mcabber beside `.key`, and to potr beside `.key3`.
    McabberOrPotr,
    /// What only tells that the rest is Adium's.
    Adium,
}

/// The files of one program in `path`, a file or a directory, and whose they are.
pub(super) fn search(path: &Path, wanted: Option<Format>) -> Result<(Format, Vec<Candidate>), ForeignError> {
    let nothing = || ForeignError::Nothing {
        path: path.into(),
        format: wanted,
    };
    let found = path.symlink_metadata().map_err(FileError::io("look at", path))?;
    let mut candidates = if path.is_dir() {
        in_directory(path)?
    } else {
        // Also a link: reading it will say what is wrong with it.
        let named = candidate(path.to_owned());
        named
            .into_iter()
            .filter(|_| found.is_file() || found.is_symlink())
            .collect()
    };
    if let Some(format) = wanted {
        candidates.retain(|candidate| candidate.layout.may_be(format));
    }
    let format = format_of(path, &candidates, wanted)?.ok_or_else(nothing)?;
    candidates.retain(|candidate| candidate.layout.may_be(format));
    if candidates
        .iter()
        .all(|candidate| candidate.role == Role::Accounts)
    {
        return Err(nothing());
    }
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((format, candidates))
}

/// In the directory, else in its `otr`, else one level below either, where Profanity has a
/// directory for each account.
fn in_directory(path: &Path) -> Result<Vec<Candidate>, ForeignError> {
    let inside = path.join("otr");
    let mut places = vec![vec![path.to_owned()]];
    if inside.is_dir() {
        places.push(vec![inside.clone()]);
        places.push(folders(&inside)?);
    }
    places.push(folders(path)?);
    for place in places {
        let mut found = Vec::new();
        for folder in place {
            let entries = entries(&folder)?;
            found.extend(entries.into_iter().filter_map(candidate));
        }
        if found.iter().any(|candidate| candidate.role != Role::Accounts) {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, ForeignError> {
    let mut folders = entries(path)?;
    folders.retain(|entry| entry.symlink_metadata().is_ok_and(|found| found.is_dir()));
    folders.truncate(MAX_FOLDERS);
    Ok(folders)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, ForeignError> {
    let list = fs::read_dir(path).map_err(FileError::io("list", path))?;
    let entries: Result<Vec<_>, _> = list
        .take(MAX_ENTRIES)
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    Ok(entries.map_err(FileError::io("list", path))?)
}

fn candidate(path: PathBuf) -> Option<Candidate> {
    let name = path.file_name()?;
    let (layout, role) = match name.to_str() {
        Some("otr.private_key") => (Layout::Purple, Role::Keys),
        Some("otr.fingerprints") => (Layout::Purple, Role::Trust),
        Some("otr.instance_tags") => (Layout::Purple, Role::Tags),
        Some("Accounts.plist") => (Layout::Adium, Role::Accounts),
        Some("otr.key") => (Layout::IrcModule, Role::Keys),
        Some("otr.fp") => (Layout::IrcModule, Role::Trust),
        Some("otr.instag") => (Layout::IrcModule, Role::Tags),
        Some("keys.txt") => (Layout::Profanity, Role::Keys),
        Some("fingerprints.txt") => (Layout::Profanity, Role::Trust),
        _ => match Path::new(name).extension().and_then(OsStr::to_str)? {
            "otr_keys" => (Layout::Bitlbee, Role::Keys),
            "otr_fprints" => (Layout::Bitlbee, Role::Trust),
            "otr_instags" => (Layout::Bitlbee, Role::Tags),
            "key3" => (Layout::Potr, Role::PotrKey),
            "fpr" => (Layout::McabberOrPotr, Role::Trust),
            "key" => (Layout::Mcabber, Role::Keys),
            "tag" => (Layout::Mcabber, Role::Tags),
            _ => return None,
        },
    };
    Some(Candidate { path, role, layout })
}

impl Layout {
    fn may_be(self, format: Format) -> bool {
        match self {
            Self::Purple => matches!(format, Format::Pidgin | Format::Adium),
            Self::IrcModule => matches!(format, Format::Irssi | Format::Hexchat),
            Self::Profanity => format == Format::Profanity,
            Self::Mcabber => format == Format::Mcabber,
            Self::Bitlbee => format == Format::Bitlbee,
            Self::Potr => matches!(format, Format::Weechat | Format::Gajim),
            Self::McabberOrPotr => matches!(format, Format::Mcabber | Format::Weechat | Format::Gajim),
            Self::Adium => format == Format::Adium,
        }
    }
}

/// Whose files these are; `None` if there are none.
fn format_of(
    path: &Path,
    candidates: &[Candidate],
    wanted: Option<Format>,
) -> Result<Option<Format>, ForeignError> {
    let first = candidates
        .iter()
        .find(|candidate| candidate.role != Role::Accounts);
    let Some(first) = first else { return Ok(None) };
    if wanted.is_some() {
        return Ok(wanted);
    }
    let has = |layout| candidates.iter().any(|candidate| candidate.layout == layout);
    let format = match first.layout {
        Layout::Purple if has(Layout::Adium) => Format::Adium,
        Layout::Purple | Layout::Adium => Format::Pidgin,
        Layout::IrcModule if in_hexchat(&first.path) => Format::Hexchat,
        Layout::IrcModule => Format::Irssi,
        Layout::Profanity => Format::Profanity,
        Layout::Bitlbee => Format::Bitlbee,
        Layout::Mcabber => Format::Mcabber,
        Layout::Potr | Layout::McabberOrPotr if has(Layout::Mcabber) => Format::Mcabber,
        Layout::Potr | Layout::McabberOrPotr if in_gajim(&first.path) => Format::Gajim,
        Layout::Potr | Layout::McabberOrPotr => Format::Weechat,
    };
    let other = candidates
        .iter()
        .find(|other| !other.layout.may_be(format) && other.role != Role::Accounts);
    match other {
        None => Ok(Some(format)),
        Some(other) => Err(ForeignError::Several {
            path: path.into(),
            first: format.title(),
            second: Format::ALL
                .into_iter()
                .find(|format| other.layout.may_be(*format))
                .map_or("another program", Format::title),
        }),
    }
}

/// irssi and HexChat have the same files; only the way there tells.
fn in_hexchat(path: &Path) -> bool {
    path.canonicalize()
        .is_ok_and(|path| path.iter().any(|part| part.to_string_lossy().contains("hexchat")))
}

/// So have WeeChat and Gajim.
fn in_gajim(path: &Path) -> bool {
    path.canonicalize()
        .is_ok_and(|path| path.iter().any(|part| part.to_string_lossy().contains("gajim")))
}

/// Entries of one directory that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Directories below the named one that are looked into.
const MAX_FOLDERS: usize = 100;
