//! The password of the proxy: other users of the computer cannot use it.
//!
//! It is made once, is kept in a file that nobody else may read, and is said by the client as the password of the server.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the client has to say first. Its `Debug` does not show it.
pub struct Password(Zeroizing<String>);

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be read or written.
    #[error("the password of the proxy, {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others can read it.
    #[error("others can read the password of the proxy; to mend it: chmod 600 {}", .0.display())]
    LooseMode(PathBuf),
    /// Something else stands there.
    #[error("{} holds no password of the proxy; delete it, and a new one is made", .0.display())]
    Damaged(PathBuf),
}

impl Password {
    /// Where it is kept, in the folder of the store.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("proxy-password")
    }

    /// The one that is kept in this folder, if there is one.
    ///
    /// # Errors
    /// If it cannot be read, or others can.
    pub fn read(folder: &Path) -> Result<Option<Self>, PasswordError> {
        let path = Self::path(folder);
        let fault = |source| PasswordError::File {
            path: path.clone(),
            source,
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(error)),
        };
        let metadata = file.metadata().map_err(fault)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(PasswordError::LooseMode(path));
        }
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + 2));
        let read = file.take(LENGTH as u64 + 2).read_to_string(&mut text);
        read.map_err(fault)?;
        let word = text.trim_end();
        let good = word.len() == LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !good {
            return Err(PasswordError::Damaged(path));
        }
        Ok(Some(Self(Zeroizing::new(word.to_owned()))))
    }

    /// The one that is kept in this folder, made now if there is none.
    ///
    /// # Errors
    /// If it cannot be read or written, or others can read it.
    pub fn of(folder: &Path, rng: &mut dyn CryptoRng) -> Result<Self, PasswordError> {
        if let Some(password) = Self::read(folder)? {
            return Ok(password);
        }
        let path = Self::path(folder);
        let made = Self::make(rng);
        let written = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| {
                let mut options = OpenOptions::new();
                let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(made.0.as_bytes())?;
                file.write_all(b"\n")?;
                file.sync_all()
            });
        match written {
            Ok(()) => Ok(made),
            Err(source) => Err(PasswordError::File { path, source }),
        }
    }

    /// Whether the client has said it. What stands behind a colon is for the server: it is returned, and may be empty.
    pub fn opens<'a>(&self, said: &'a [u8]) -> Option<&'a [u8]> {
        let (word, rest) = said.split_at_checked(LENGTH)?;
        let same = bool::from(word.ct_eq(self.0.as_bytes()));
        let rest = match rest.split_first() {
            None => rest,
            Some((b':', rest)) => rest,
            Some(_) => return None,
        };
        same.then_some(rest)
    }

    /// The password, to be shown to the person who asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn make(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH / 2]);
        rng.fill_bytes(&mut *bytes);
        let mut word = Zeroizing::new(String::with_capacity(LENGTH));
        for byte in bytes.iter() {
            for half in [byte >> 4, byte & 15] {
                word.extend(char::from_digit(u32::from(half), 16));
            }
        }
        Self(word)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// 128 bits in hexadecimal digits, which every client can carry.
const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness;

    #[test]
    fn it_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        assert!(Password::read(&folder).unwrap().is_none());
        let made = Password::of(&folder, &mut *randomness()).unwrap();
        let again = Password::of(&folder, &mut *randomness()).unwrap();
        assert_eq!(made.reveal(), again.reveal());
        let mode = fs::metadata(Password::path(&folder))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{made:?}").contains(made.reveal()));
        fs::set_permissions(Password::path(&folder), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Password::read(&folder),
            Err(PasswordError::LooseMode(_))
        ));
        fs::remove_file(Password::path(&folder)).unwrap();
        let other = Password::of(&folder, &mut *randomness()).unwrap();
        assert_ne!(made.reveal(), other.reveal());
        fs::write(Password::path(&folder), "hunter2").unwrap();
        assert!(matches!(Password::read(&folder), Err(PasswordError::Damaged(_))));
    }

    #[test]
    fn only_the_whole_of_it_opens() {
        let password = Password::make(&mut *randomness());
        let word = password.reveal();
        assert_eq!(password.opens(word.as_bytes()), Some(&b""[..]));
        let more = format!("{word}:me/net:hunter2");
        assert_eq!(password.opens(more.as_bytes()), Some(&b"me/net:hunter2"[..]));
        for wrong in [
            "",
            &word[1..],
            &format!("{word}x"),
            &word.to_uppercase().replace(|c: char| c.is_ascii_digit(), "g"),
            &"0".repeat(32),
        ] {
            assert_eq!(password.opens(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
