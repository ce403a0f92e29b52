//! One owner at a time.
//!
//! The lock is the system's advisory lock on a file of its own, so it ends with its process
//! however that ends. libotr's other users do not know it; against those, every write checks that
//! the file is still the one that was read.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use crate::atomic_file::Directory;
use crate::file_error::{FileError, shown};

/// The lock on a directory, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("{} is in use by {}; end it first, or ask it", shown(.directory), holder(.pid))]
    Taken {
        /// The directory.
        directory: PathBuf,
        /// The process that has it, if it could be found out.
        pid: Option<u32>,
    },
    /// The lock's file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Lock {
    /// Takes the lock on `directory` at once or not at all.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn take(directory: &Directory) -> Result<Self, LockError> {
        let (path, mut file) = directory.open_in_place(LOCK_FILE)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Taken {
                    directory: directory.path().into(),
                    pid: pid(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(FileError::io("lock", &path)(source).into());
            }
        }
        let note = format!("{}\n", std::process::id());
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()));
        noted.map_err(FileError::io("write", &path))?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody should be told our number when we are gone.
        let _ = self.file.set_len(0);
        // Closing alone would leave the lock to a process that is just being started from here
        // and still has a copy of the handle.
        let _ = self.file.unlock();
    }
}

/// The number that the holder has written; the holder may just be about to.
fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

fn holder(pid: &Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

const LOCK_FILE: &str = "chatham.lock";
