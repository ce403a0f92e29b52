//! Why a private file cannot be read or replaced, and what would mend it.

use std::io;
use std::path::{Path, PathBuf};

use crate::names::printable;

/// Why a file cannot be read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}", shown(.path))]
    Io {
        /// What was tried, as in "cannot … PATH".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A symbolic link, behind which anything could be.
    #[error("{} is a symbolic link, which could lead anywhere; put the file itself there", shown(.path))]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, device, socket or directory.
    #[error("{} is a {kind}, not a regular file; move it away", shown(.path))]
    NotAFile {
        /// What stands there.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// Something other than a directory where the store's directory should be.
    #[error("{} is not a directory; name the directory that holds the files", shown(.path))]
    NotADirectory {
        /// What stands there.
        path: PathBuf,
    },
    /// Others may read or change the files.
    #[error("others can open {}; to mend it: chmod {} {}", list(.paths), .to, shell_words(.paths))]
    LooseMode {
        /// All files with the fault that were looked at together.
        paths: Vec<PathBuf>,
        /// The mode they should have.
        to: &'static str,
    },
    /// Somebody else owns the file and could change it at any time.
    #[error(
        "{} belongs to user number {owner}, and what this program writes to number {us}; \
         to mend it, make a copy of your own in its place", shown(.path))]
    ForeignOwner {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it should be.
        us: u32,
    },
    /// Longer than any genuine file of its kind, or it would be after a change.
    #[error("{} is longer than {limit} bytes, which no such file should be", shown(.path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: usize,
    },
    /// Another program has written the file since it was read.
    #[error(
        "{} was changed by another program in the meantime, and nothing was overwritten; \
         end that program and start again", shown(.path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// For `map_err`: what was tried on which path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing,
            path: path.into(),
            source,
        }
    }
}

/// A path for a message, without what a terminal would obey.
pub(crate) fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes())
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| shown(path))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// Paths as a shell would read them.
fn shell_words(paths: &[PathBuf]) -> String {
    let word = |path: &PathBuf| {
        let text = path.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%".contains(c);
        if text.chars().all(plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    paths.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_survive_odd_paths() {
        let hint = |path: &str| shell_words(&[path.into()]);
        assert_eq!(hint("/home/a/otr.private_key"), "/home/a/otr.private_key");
        assert_eq!(hint("/home/it's me/x"), "'/home/it'\\''s me/x'");
    }
}
