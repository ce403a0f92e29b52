//! The files of a store: each by itself, three of them as libotr keeps them, or all in one under a pass phrase.
//!
//! The one file and the others are never both in force. A switch writes the new form first and then
//! removes the old one. If it is interrupted, both are there and say the same: then the sealed file
//! counts, and the others are removed when it is next opened. Plain files that say something else
//! than the sealed one were put there by somebody, and are never touched.

use std::fs;
use std::io::ErrorKind;

use zeroize::Zeroizing;

use crate::atomic_file::{Directory, Stamp};
use crate::file_error::FileError;
use crate::libotr::{fingerprints, instance_tags, private_keys};
use crate::peers;
use crate::sealed::{Contents, Cost, FILES, Passphrase, Seal};
use crate::store_error::StoreError;
use crate::v4;

/// One of the files. The order is that in the sealed file, which grows at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Fingerprints,
    InstanceTags,
    Peers,
    KeysV4,
    ProfilesV4,
    FingerprintsV4,
}

impl Part {
    pub(crate) const ALL: [Self; FILES] = [
        Self::Keys,
        Self::Fingerprints,
        Self::InstanceTags,
        Self::Peers,
        Self::KeysV4,
        Self::ProfilesV4,
        Self::FingerprintsV4,
    ];

    /// The file's name, where it stands by itself.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Keys => "otr.private_key",
            Self::Fingerprints => "otr.fingerprints",
            Self::InstanceTags => "otr.instance_tags",
            Self::Peers => "chatham.peers",
            Self::KeysV4 => "chatham.keys.v4",
            Self::ProfilesV4 => "chatham.profiles.v4",
            Self::FingerprintsV4 => "chatham.fingerprints.v4",
        }
    }

    const fn limit(self) -> usize {
        match self {
            Self::Keys => private_keys::MAX_FILE,
            Self::Fingerprints => fingerprints::MAX_FILE,
            Self::InstanceTags => instance_tags::MAX_FILE,
            Self::Peers => peers::MAX_FILE,
            Self::KeysV4 => v4::keys::MAX_FILE,
            Self::ProfilesV4 => v4::profiles::MAX_FILE,
            Self::FingerprintsV4 => fingerprints::MAX_FILE,
        }
    }
}

/// Where the files are, and in which form.
#[derive(Debug)]
pub(crate) struct FileSet {
    directory: Directory,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// As they were last read or written.
    Plain(Box<[Option<Stamp>; FILES]>),
    Sealed(Box<Sealed>),
}

struct Sealed {
    seal: Seal,
    stamp: Stamp,
    contents: Contents,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl FileSet {
    /// Reads the files of a directory whose lock we have.
    pub(crate) fn open(
        directory: Directory,
        passphrase: Option<&Passphrase>,
    ) -> Result<(Self, Contents), StoreError> {
        let path = || directory.path().join(SEALED);
        let form = match (directory.read(SEALED, MAX_SEALED)?, passphrase) {
            (None, None) => return Self::open_plain(directory),
            (None, Some(_)) => {
                return Err(StoreError::NotSealed {
                    path: directory.path().into(),
                });
            }
            (Some(_), None) => return Err(StoreError::PassphraseNeeded { path: path() }),
            (Some(found), Some(passphrase)) => {
                let (seal, contents) = Seal::open(passphrase, &found.bytes)
                    .map_err(|fault| StoreError::Sealed { path: path(), fault })?;
                Sealed {
                    seal,
                    stamp: found.stamp,
                    contents,
                }
            }
        };
        remove_plain(&directory, &form.contents)?;
        let contents = form.contents.clone();
        let this = Self {
            directory,
            form: Form::Sealed(Box::new(form)),
        };
        Ok((this, contents))
    }

    fn open_plain(directory: Directory) -> Result<(Self, Contents), StoreError> {
        let (contents, stamps) = read_plain(&directory)?;
        let form = Form::Plain(Box::new(stamps));
        Ok((Self { directory, form }, contents))
    }

    pub(crate) const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Whether a pass phrase is needed to read the files.
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self.form, Form::Sealed(_))
    }

    /// Replaces one file; on an error everything is as it was. What would be too long to be read again is
    /// not written.
    pub(crate) fn save(&mut self, part: Part, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() > part.limit() {
            return Err(FileError::TooLarge {
                path: self.directory.path().join(part.name()),
                limit: part.limit(),
            }
            .into());
        }
        match &mut self.form {
            Form::Plain(stamps) => {
                let Some(stamp) = stamps.get_mut(part as usize) else {
                    return Ok(());
                };
                *stamp = Some(self.directory.replace(part.name(), bytes, stamp.as_ref())?);
            }
            Form::Sealed(sealed) => {
                let mut contents = sealed.contents.clone();
                if let Some(file) = contents.get_mut(part as usize) {
                    *file = Some(Zeroizing::new(bytes.to_vec()));
                }
                let file = close(&self.directory, &sealed.seal, &contents)?;
                sealed.stamp = self.directory.replace(SEALED, &file, Some(&sealed.stamp))?;
                sealed.contents = contents;
            }
        }
        Ok(())
    }

    /// Puts the files under a pass phrase, or under another one.
    pub(crate) fn seal(&mut self, passphrase: &Passphrase, cost: Cost) -> Result<(), StoreError> {
        let seal = Seal::new(passphrase, cost).map_err(|fault| StoreError::Sealed {
            path: self.directory.path().join(SEALED),
            fault,
        })?;
        let (contents, expected) = match &self.form {
            Form::Plain(stamps) => (self.unchanged(stamps)?, None),
            Form::Sealed(sealed) => (sealed.contents.clone(), Some(sealed.stamp.clone())),
        };
        let file = close(&self.directory, &seal, &contents)?;
        let stamp = self.directory.replace(SEALED, &file, expected.as_ref())?;
        let removed = remove_plain(&self.directory, &contents);
        self.form = Form::Sealed(Box::new(Sealed {
            seal,
            stamp,
            contents,
        }));
        removed
    }

    /// Puts the files back as libotr keeps them, for everybody to read who can open them.
    pub(crate) fn unseal(&mut self) -> Result<(), StoreError> {
        let Form::Sealed(sealed) = &self.form else {
            return Err(StoreError::NotSealed {
                path: self.directory.path().into(),
            });
        };
        remove_plain(&self.directory, &sealed.contents)?;
        let mut stamps = [const { None }; FILES];
        for ((part, file), stamp) in Part::ALL.into_iter().zip(&sealed.contents).zip(&mut stamps) {
            if let Some(file) = file {
                *stamp = Some(self.directory.replace(part.name(), file, None)?);
            }
        }
        self.directory.remove(SEALED, &sealed.stamp)?;
        self.form = Form::Plain(Box::new(stamps));
        Ok(())
    }

    /// What stands in the plain files, which must be what was read or written last.
    fn unchanged(&self, stamps: &[Option<Stamp>; FILES]) -> Result<Contents, StoreError> {
        let (contents, found) = read_plain(&self.directory)?;
        let changed = Part::ALL
            .into_iter()
            .zip(stamps.iter().zip(&found))
            .find(|(_, (ours, theirs))| ours != theirs);
        match changed {
            None => Ok(contents),
            Some((part, _)) => Err(FileError::Changed {
                path: self.directory.path().join(part.name()),
            }
            .into()),
        }
    }
}

fn close(directory: &Directory, seal: &Seal, contents: &Contents) -> Result<Vec<u8>, StoreError> {
    seal.close(contents).map_err(|fault| StoreError::Sealed {
        path: directory.path().join(SEALED),
        fault,
    })
}

/// Reads the plain files. Loose modes are collected, so that one command mends them all.
fn read_plain(directory: &Directory) -> Result<(Contents, [Option<Stamp>; FILES]), FileError> {
    let mut loose = Vec::new();
    let mut contents = Contents::default();
    let mut stamps = [const { None }; FILES];
    for ((part, file), stamp) in Part::ALL.into_iter().zip(&mut contents).zip(&mut stamps) {
        match directory.read(part.name(), part.limit()) {
            Err(FileError::LooseMode { paths, .. }) => loose.extend(paths),
            Err(error) => return Err(error),
            Ok(found) => {
                if let Some(found) = found {
                    (*file, *stamp) = (Some(found.bytes), Some(found.stamp));
                }
            }
        }
    }
    if loose.is_empty() {
        Ok((contents, stamps))
    } else {
        Err(FileError::LooseMode {
            paths: loose,
            to: "600",
        })
    }
}

/// Removes the plain files beside a sealed one that says the same.
fn remove_plain(directory: &Directory, sealed: &Contents) -> Result<(), StoreError> {
    let (plain, stamps) = read_plain(directory)?;
    for ((part, plain), sealed) in Part::ALL.into_iter().zip(&plain).zip(sealed) {
        if plain.is_some() && plain != sealed {
            return Err(StoreError::BesideSealed {
                path: directory.path().join(part.name()),
            });
        }
    }
    for (part, stamp) in Part::ALL.into_iter().zip(&stamps) {
        if let Some(stamp) = stamp {
            directory.remove(part.name(), stamp)?;
        }
    }
    Ok(())
}

impl Directory {
    /// Removes a file that is still what it was.
    fn remove(&self, name: &str, expected: &Stamp) -> Result<(), FileError> {
        self.check_unchanged(&self.path().join(name), Some(expected))?;
        let path = self.path().join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::io("remove", &path)(error)),
            _ => self.sync(),
        }
    }
}

/// The name of the one file.
const SEALED: &str = "chatham.sealed";

/// All files at their longest, and more than what stands around them.
const MAX_SEALED: usize = private_keys::MAX_FILE
    + 2 * fingerprints::MAX_FILE
    + instance_tags::MAX_FILE
    + peers::MAX_FILE
    + v4::keys::MAX_FILE
    + v4::profiles::MAX_FILE
    + 1024;
