//! Writing keys and trust as another program keeps them.

use std::path::{Path, PathBuf};

use otr::crypto::dsa::PrivateKey;
use zeroize::Zeroizing;

use super::{ForeignError, Format, potr};
use crate::atomic_file::Directory;
use crate::libotr::fingerprints::{Fingerprints, KnownKey};
use crate::libotr::private_keys;
use crate::names::{AccountId, Correspondent, printable};
use crate::store::key_parts;

/// What another program is to get.
#[derive(Debug)]
pub struct Export<'a> {
    /// For which program.
    pub format: Format,
    /// The account, by that program's names.
    pub account: AccountId,
    /// The name of the files, where the program names them after something.
    pub stem: String,
    /// Our key, unless only trust moves.
    pub key: Option<&'a PrivateKey>,
    /// The keys of others, of which those of version 4 stay here; their accounts do not count, they become
    /// those of `account`.
    pub known: Vec<&'a KnownKey>,
}

/// Writes the files into a directory, which is made if it is missing; tells which they are.
///
/// # Errors
///
/// [`ForeignError`]. Nothing is overwritten: if one file exists, none is written.
pub fn write(directory: &Path, export: &Export<'_>) -> Result<Vec<PathBuf>, ForeignError> {
    let files = files(export)?;
    let directory = Directory::open(directory)?;
    for (name, _) in &files {
        let path = directory.path().join(name);
        if path.symlink_metadata().is_ok() {
            return Err(ForeignError::Exists { path });
        }
    }
    let mut written = Vec::new();
    for (name, bytes) in &files {
        directory.replace(name, bytes, None)?;
        written.push(directory.path().join(name));
    }
    Ok(written)
}

type NamedFile = (String, Zeroizing<Vec<u8>>);

fn files(export: &Export<'_>) -> Result<Vec<NamedFile>, ForeignError> {
    let (keys, trust) = names(export)?;
    let mut files = Vec::new();
    if let Some(key) = export.key {
        let bytes = match export.format {
            Format::Weechat | Format::Gajim => potr::write(key),
            _ => {
                private_keys::check_names(&export.account).map_err(|fault| ForeignError::Name {
                    name: export.account.to_string(),
                    fault,
                })?;
                private_keys::write([(&export.account, &key_parts(key))])
            }
        };
        files.push((keys, bytes));
    }
    if export.known.iter().any(|known| !known.fingerprint.is_v4()) {
        files.push((trust, fingerprints(export)?));
    }
    Ok(files)
}

fn fingerprints(export: &Export<'_>) -> Result<Zeroizing<Vec<u8>>, ForeignError> {
    let mut file = Fingerprints::default();
    for known in &export.known {
        let user = export.format.person(known.correspondent.user(), &export.account);
        let correspondent = Correspondent::new(user, export.account.clone());
        // No program but ours has a place for the others.
        let Some(fingerprint) = known.fingerprint.classic() else {
            continue;
        };
        file.remember(&correspondent, fingerprint)
            .and_then(|_| file.set_trust(&correspondent, fingerprint, &known.trust))
            .map_err(|fault| ForeignError::Name {
                name: correspondent.to_string(),
                fault,
            })?;
    }
    Ok(Zeroizing::new(file.write()))
}

/// What the program calls its files with keys and with fingerprints.
fn names(export: &Export<'_>) -> Result<(String, String), ForeignError> {
    let fixed = |keys: &str, trust: &str| Ok((keys.to_owned(), trust.to_owned()));
    let (keys, trust) = match export.format {
        Format::Pidgin | Format::Adium => return fixed("otr.private_key", "otr.fingerprints"),
        Format::Irssi | Format::Hexchat => return fixed("otr.key", "otr.fp"),
        Format::Profanity => return fixed("keys.txt", "fingerprints.txt"),
        Format::Mcabber => ("key", "fpr"),
        Format::Bitlbee => ("otr_keys", "otr_fprints"),
        Format::Weechat | Format::Gajim => ("key3", "fpr"),
    };
    let stem = export.stem.as_str();
    let fits = !stem.is_empty() && stem.len() <= 200 && !stem.starts_with('.');
    if !fits || stem.contains(['/', '\0', '\n']) {
        return Err(ForeignError::Stem(printable(stem.as_bytes())));
    }
    Ok((format!("{stem}.{keys}"), format!("{stem}.{trust}")))
}
