//! `chatham.profiles.v4`: the current client profile of each of our accounts.
//!
//! ```text
//! # chatham v4 profiles 1
//! account TAB protocol TAB base64 of the profile as it travels LF
//! ```
//!
//! A profile is made from the keys in no time, and anew every week. So nothing in this file is worth an
//! error: a line that is not understood is reported, left out, and gone when a profile is next written.
//! Whether what is read is a good profile of these keys, and still current, is for the core to say.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::libotr::lines::{LineFault, LineNotice, check_columns, lines};
use crate::names::{AccountId, BadName};

/// All profiles, by account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles {
    all: BTreeMap<AccountId, Vec<u8>>,
    notices: Vec<LineNotice>,
}

/// The longest profile file that is read, in bytes.
pub const MAX_FILE: usize = 16 << 20;

/// The longest profile that is stored, in bytes. One of ours has four hundred, or nine hundred with a key
/// of versions 1 to 3.
pub const MAX_PROFILE: usize = 4096;

impl Profiles {
    /// Reads a whole file. Every byte sequence is some file: what is not understood is left out, and
    /// reported by [`Self::notices`]. An account may stand twice; then the later line counts.
    pub fn read(file: &[u8]) -> Self {
        let mut this = Self::default();
        let mut known_form = false;
        for raw in lines(file) {
            let understood = if raw.number == 1 {
                known_form = raw.body == HEADER.as_bytes();
                known_form
            } else {
                let found = parse(raw.body).filter(|_| known_form && raw.terminated);
                let good = found.is_some();
                this.all.extend(found);
                good
            };
            if !understood {
                this.notices.push(LineNotice {
                    line: raw.number,
                    fault: LineFault::Profile,
                });
                if !known_form {
                    break;
                }
            }
        }
        this
    }

    /// The whole file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = format!("{HEADER}\n").into_bytes();
        for (account, profile) in &self.all {
            for name in [account.name(), account.protocol()] {
                out.extend_from_slice(name);
                out.push(b'\t');
            }
            out.extend_from_slice(STANDARD.encode(profile).as_bytes());
            out.push(b'\n');
        }
        out
    }

    /// What was odd about the file when it was read.
    pub fn notices(&self) -> &[LineNotice] {
        &self.notices
    }

    /// The profile of an account, as it travels.
    pub fn profile(&self, account: &AccountId) -> Option<&[u8]> {
        self.all.get(account).map(Vec::as_slice)
    }

    /// Sets the profile of an account, in place of any it had.
    ///
    /// # Errors
    ///
    /// Names that a line cannot hold, or more than [`MAX_PROFILE`] bytes.
    pub fn set(&mut self, account: &AccountId, profile: &[u8]) -> Result<(), BadStoredProfile> {
        if profile.len() > MAX_PROFILE {
            return Err(BadStoredProfile::TooLong(profile.len()));
        }
        // The same names as in the file of the keys, so that no account has one and not the other.
        super::keys::check_names(account)?;
        self.all.insert(account.clone(), profile.to_vec());
        Ok(())
    }

    /// Forgets the profile of an account; `false` if it had none.
    pub fn forget(&mut self, account: &AccountId) -> bool {
        self.all.remove(account).is_some()
    }
}

/// Why a profile cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStoredProfile {
    /// There are no such profiles.
    #[error("a client profile of {0} bytes is longer than any ({MAX_PROFILE})")]
    TooLong(usize),
    /// The line cannot be written.
    #[error(transparent)]
    Name(#[from] BadName),
}

fn parse(body: &[u8]) -> Option<(AccountId, Vec<u8>)> {
    let columns: Vec<_> = body.split(|byte| *byte == b'\t').take(4).collect();
    let [name, protocol, digits] = columns.as_slice() else {
        return None;
    };
    check_columns(&[name, protocol], 0).ok()?;
    if digits.len() > MAX_PROFILE.div_ceil(3) * 4 {
        return None;
    }
    let profile = STANDARD.decode(digits).ok()?;
    (profile.len() <= MAX_PROFILE).then(|| (AccountId::new(*name, *protocol), profile))
}

const HEADER: &str = "# chatham v4 profiles 1";
