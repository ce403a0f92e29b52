//! Private files in one directory: read whole if nobody else can touch them, replaced whole or
//! not at all.
//!
//! A file is replaced by writing its successor beside it, forcing that to the disk and renaming
//! it, so a crash at any moment leaves the old content or the new, never a mixture. Whatever is
//! not a regular file of ours that only we can open is refused, with the command that mends it.
//! (S-56)
//!
//! Between looking at a path and renaming over it another program *of the same user* could still
//! slip in; that user's programs are trusted not to race us on purpose, and the check for changed
//! files catches those that do so by accident.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use zeroize::Zeroizing;

use crate::file_error::FileError;

/// Which content of a file was read or written: tells whether it is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

/// A file as it was read. The bytes are wiped when dropped.
pub struct Contents {
    /// Everything in it.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What [`Directory::replace`] wants to see again.
    pub stamp: Stamp,
}

/// A directory that nobody else can change.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    us: u32,
}

impl Directory {
    /// Opens a directory, and makes it (mode 0700) if there is none. The path itself may lead
    /// through links; what it leads to must be ours and not writable by others, and nobody may be able to put another in
    /// its place.
    ///
    /// # Errors
    ///
    /// [`FileError`], if it is not such a directory or no file can be made in it.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => FileError::NotADirectory { path: path.into() },
                _ => FileError::io("make the directory", path)(error),
            })?;
        // From here on, a change of links on the way cannot lead elsewhere.
        let path = path.canonicalize().map_err(FileError::io("find", path))?;
        let mut this = Self { path, us: 0 };
        this.us = this.owner_of_new_files()?;
        let found = this
            .path
            .metadata()
            .map_err(FileError::io("look at", &this.path))?;
        if found.uid() != this.us {
            return Err(FileError::ForeignOwner {
                path: this.path,
                owner: found.uid(),
                us: this.us,
            });
        }
        if found.mode() & 0o022 != 0 {
            return Err(FileError::LooseMode {
                paths: vec![this.path],
                to: "700",
            });
        }
        // Whoever may rename a folder on the way can put another one in its place; the sticky bit keeps them from it.
        for above in this.path.ancestors().skip(1) {
            let found = above.metadata().map_err(FileError::io("look at", above))?;
            if found.mode() & 0o1002 == 0o002 {
                return Err(FileError::LooseMode {
                    paths: vec![above.to_owned()],
                    to: "755",
                });
            }
        }
        Ok(this)
    }

    /// Where it is, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose files these are, for [`read_file`].
    pub(crate) const fn owner(&self) -> u32 {
        self.us
    }

    /// Reads a file of at most `limit` bytes; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`FileError`], if it is not a regular file of ours with mode 0600 or stricter.
    pub fn read(&self, name: &str, limit: usize) -> Result<Option<Contents>, FileError> {
        read_file(&self.path.join(name), limit, self.us, PRIVATE)
    }

    /// Replaces a file by `bytes`, or makes it; afterwards the new content is on the disk.
    ///
    /// `expected` is the content that the caller has seen last, `None` for no file.
    ///
    /// # Errors
    ///
    /// [`FileError`]; the old file is whole then. (Only if forcing the *directory* to the disk
    /// fails may the new content stand there already.)
    pub fn replace(&self, name: &str, bytes: &[u8], expected: Option<&Stamp>) -> Result<Stamp, FileError> {
        self.replace_until(Step::Done, name, bytes, expected)
    }

    /// Removes what a crash in the middle of [`Self::replace`] may have left, a secret perhaps.
    /// Only for the one who owns the directory's lock.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`].
    pub fn remove_leftovers(&self) -> Result<(), FileError> {
        for entry in fs::read_dir(&self.path).map_err(FileError::io("list", &self.path))? {
            let entry = entry.map_err(FileError::io("list", &self.path))?;
            let name = entry.file_name();
            let ours = |name: &str| name.starts_with(BESIDE_PREFIX) && name.ends_with(BESIDE_SUFFIX);
            if name.to_str().is_some_and(ours) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(FileError::io("remove", &entry.path())(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Opens or makes a file for reading and writing in place; for the lock.
    pub(crate) fn open_in_place(&self, name: &str) -> Result<(PathBuf, File), FileError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(&path).map_err(|error| self.explain(&path, error))?;
        let found = file.metadata().map_err(FileError::io("look at", &path))?;
        self.check(&path, &found)?;
        Ok((path, file))
    }

    /// The steps of [`Self::replace`] up to `last`, after which a test may look at what a crash
    /// would have left.
    fn replace_until(
        &self,
        last: Step,
        name: &str,
        bytes: &[u8],
        expected: Option<&Stamp>,
    ) -> Result<Stamp, FileError> {
        let path = self.path.join(name);
        self.check_unchanged(&path, expected)?;
        let (beside, mut file) = self.make_beside()?;
        let mut steps = || {
            write_private(&mut file, bytes, last).map_err(FileError::io("write", &beside))?;
            if last <= Step::FileSynced {
                return Ok(());
            }
            // Again, as writing takes its time.
            self.check_unchanged(&path, expected)?;
            fs::rename(&beside, &path).map_err(FileError::io("rename", &beside))
        };
        if let Err(error) = steps() {
            // Best effort: the next owner of the lock tries again.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        self.sync()?;
        Ok(Stamp::of(
            &file.metadata().map_err(FileError::io("look at", &path))?,
        ))
    }

    pub(crate) fn check_unchanged(&self, path: &Path, expected: Option<&Stamp>) -> Result<(), FileError> {
        let found = match path.symlink_metadata() {
            Ok(found) => {
                self.check(path, &found)?;
                Some(Stamp::of(&found))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(FileError::io("look at", path)(error)),
        };
        if found.as_ref() == expected {
            Ok(())
        } else {
            Err(FileError::Changed { path: path.into() })
        }
    }

    fn check(&self, path: &Path, found: &Metadata) -> Result<(), FileError> {
        check(path, found, self.us, PRIVATE)
    }

    fn explain(&self, path: &Path, error: io::Error) -> FileError {
        explain(path, error, self.us, PRIVATE)
    }

    /// A new empty file under a name of its own.
    fn make_beside(&self) -> Result<(PathBuf, File), FileError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW);
        let mut tries = 64;
        loop {
            let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = self
                .path
                .join(format!("{BESIDE_PREFIX}{pid}-{count}{BESIDE_SUFFIX}"));
            match options.open(&path) {
                Ok(file) => return Ok((path, file)),
                // Left by an earlier process of the same number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && tries > 0 => tries -= 1,
                Err(error) => return Err(FileError::io("make", &path)(error)),
            }
        }
    }

    /// Our user number, learnt from a file: asking the system needs a foreign function.
    fn owner_of_new_files(&self) -> Result<u32, FileError> {
        let (path, file) = self.make_beside()?;
        let found = file.metadata();
        fs::remove_file(&path).map_err(FileError::io("remove", &path))?;
        Ok(found.map_err(FileError::io("look at", &path))?.uid())
    }

    /// Forces the names in the directory to the disk; some file systems know no such thing.
    pub(crate) fn sync(&self) -> Result<(), FileError> {
        match File::open(&self.path).and_then(|directory| directory.sync_all()) {
            Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                Err(FileError::io("save the directory", &self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a file of at most `limit` bytes; `None` if there is none. Nothing is changed, neither it nor its directory.
///
/// # Errors
///
/// [`FileError`], if it is not a regular file of the user number `us`, or has any mode bit of `loose`.
pub(crate) fn read_file(
    path: &Path,
    limit: usize,
    us: u32,
    loose: u32,
) -> Result<Option<Contents>, FileError> {
    let mut options = OpenOptions::new();
    // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
    options
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(explain(path, error, us, loose)),
    };
    let found = file.metadata().map_err(FileError::io("look at", path))?;
    check(path, &found, us, loose)?;
    let length = usize::try_from(found.len())
        .ok()
        .filter(|length| *length <= limit);
    let Some(length) = length else {
        return Err(FileError::TooLarge {
            path: path.into(),
            limit,
        });
    };
    // One byte of room more than there should be shows a file that grows, and the buffer
    // never moves: no copy of a key stays behind.
    let mut bytes = Zeroizing::new(vec![0; length + 1]);
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(FileError::io("read", path)(error)),
        }
    }
    if filled != length {
        return Err(FileError::Changed { path: path.into() });
    }
    bytes.truncate(filled);
    Ok(Some(Contents {
        bytes,
        stamp: Stamp::of(&found),
    }))
}

fn check(path: &Path, found: &Metadata, us: u32, loose: u32) -> Result<(), FileError> {
    let kind = found.file_type();
    if kind.is_symlink() {
        return Err(FileError::Link { path: path.into() });
    }
    if !kind.is_file() {
        let kind = match () {
            () if kind.is_fifo() => "named pipe",
            () if kind.is_dir() => "directory",
            () if kind.is_socket() => "socket",
            () => "device",
        };
        return Err(FileError::NotAFile {
            path: path.into(),
            kind,
        });
    }
    if found.uid() != us {
        return Err(FileError::ForeignOwner {
            path: path.into(),
            owner: found.uid(),
            us,
        });
    }
    if found.mode() & loose != 0 {
        return Err(FileError::LooseMode {
            paths: vec![path.into()],
            to: "600",
        });
    }
    Ok(())
}

/// What the system says about a link opened with `O_NOFOLLOW`, or a socket, says little.
fn explain(path: &Path, error: io::Error, us: u32, loose: u32) -> FileError {
    match path
        .symlink_metadata()
        .map(|found| check(path, &found, us, loose))
    {
        Ok(Err(clearer)) => clearer,
        _ => FileError::io("open", path)(error),
    }
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }
}

/// How far a replacement gets: always to the end, except where a test simulates a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    HalfWritten,
    FileSynced,
    Done,
}

fn write_private(file: &mut File, bytes: &[u8], last: Step) -> io::Result<()> {
    // A umask may have taken bits away that we need.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    if last > Step::HalfWritten {
        file.write_all(second)?;
    }
    if last >= Step::FileSynced {
        file.sync_all()?;
    }
    Ok(())
}

/// The mode bits that a file with a secret must not have: nobody else may touch it.
pub(crate) const PRIVATE: u32 = 0o077;

const BESIDE_PREFIX: &str = ".chatham-";
const BESIDE_SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Directory) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn s56_a_crash_in_the_middle_keeps_the_old_file() {
        for step in [Step::HalfWritten, Step::FileSynced] {
            let folder = tempfile::tempdir().unwrap();
            let directory = Directory::open(folder.path()).unwrap();
            let stamp = directory.replace("keys", b"old", None).unwrap();
            directory
                .replace_until(step, "keys", b"newer", Some(&stamp))
                .unwrap();
            // What the next start finds.
            assert_eq!(names(&directory).len(), 2);
            let found = directory.read("keys", 100).unwrap().unwrap();
            assert_eq!((&found.bytes[..], found.stamp), (&b"old"[..], stamp.clone()));
            directory.remove_leftovers().unwrap();
            assert_eq!(names(&directory), ["keys"]);
            directory.replace("keys", b"newer", Some(&stamp)).unwrap();
            assert_eq!(*directory.read("keys", 100).unwrap().unwrap().bytes, b"newer");
        }
    }

    #[test]
    fn s56_files_of_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut directory = Directory::open(folder.path()).unwrap();
        directory.replace("keys", b"old", None).unwrap();
        // Giving a file away takes a right that tests may lack; being somebody else does not.
        directory.us += 1;
        let error = directory.read("keys", 100).err().unwrap();
        assert!(
            matches!(error, FileError::ForeignOwner { owner, us, .. } if owner + 1 == us),
            "{error}"
        );
        assert!(
            error.to_string().contains("keys belongs to user number"),
            "{error}"
        );
        assert!(directory.replace("keys", b"new", None).is_err());
    }
}
