//! `chatham.keys.v4`: our accounts' keys of version 4.
//!
//! ```text
//! # chatham v4 keys 1
//! account TAB protocol TAB fingerprint TAB seed TAB forging key TAB forging seed or - LF
//! ```
//!
//! All in hex: the fingerprint's 56 bytes, then three times 57. The seed is the secret of the long-term
//! key. Of the forging key the public point stands there, and its seed only if somebody wanted to keep
//! it. Any 57 bytes are some seed, so without the fingerprint a changed digit would be another identity
//! that nobody notices.
//!
//! Whoever cannot read their key should hear of it before they make another one: a file with anything
//! that is not understood is refused as a whole, and stays.

use std::collections::BTreeSet;
use std::fmt;

use otr::crypto::ed448::{SIZE, SigningKey};
use otr::identity::{FingerprintV4, ForgingKey};
use otr::secret::Secret;
use zeroize::Zeroizing;

use crate::key_name::KeyName;
use crate::libotr::lines::{check_columns, lines, write_hex};
use crate::names::{AccountId, BadName};

/// The keys of one account: the long-term key, and the forging key with its secret if that was kept.
/// Wiped when dropped.
pub struct V4Keys {
    long_term: SigningKey,
    forging: ForgingKey,
}

impl V4Keys {
    /// These keys. `None` if both are the same, which no profile may name.
    pub fn new(long_term: SigningKey, forging: ForgingKey) -> Option<Self> {
        let differ = !long_term.public().ct_eq(forging.public());
        differ.then_some(Self { long_term, forging })
    }

    /// The long-term key.
    pub const fn long_term(&self) -> &SigningKey {
        &self.long_term
    }

    /// The forging key.
    pub const fn forging(&self) -> &ForgingKey {
        &self.forging
    }

    /// Both by themselves.
    pub fn into_parts(self) -> (SigningKey, ForgingKey) {
        (self.long_term, self.forging)
    }

    /// What the other person should see.
    pub fn fingerprint(&self) -> KeyName {
        let both = FingerprintV4::of(self.long_term.public(), self.forging.public());
        KeyName::V4(*both.as_bytes())
    }

    /// The same keys once more, for whoever is to have them as long as the store has. A copy of a
    /// secret is spelled out.
    pub fn copy(&self) -> Option<Self> {
        let forging = match self.forging.seed() {
            Some(seed) => ForgingKey::from_seed(copied(seed)),
            None => ForgingKey::from_public(&self.forging.public().encode()).ok()?,
        };
        Self::new(SigningKey::from_seed(copied(self.long_term.seed())), forging)
    }
}

impl fmt::Debug for V4Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("V4Keys(..)")
    }
}

/// One line of the file.
#[derive(Debug)]
pub struct AccountV4Keys {
    /// Whose keys they are.
    pub account: AccountId,
    /// The keys.
    pub keys: V4Keys,
}

/// A line of the file that is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct V4KeyFileError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: V4KeyFault,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum V4KeyFault {
    /// The first line is another one.
    #[error("the file should start with \"{HEADER}\"; another version of this program may have written it")]
    Header,
    /// Too few columns, or too many.
    #[error("there should be six columns, separated by single tabs")]
    Columns,
    /// The third column.
    #[error("the third column should be a fingerprint of 112 hex digits")]
    Fingerprint,
    /// The fourth column.
    #[error("the fourth column should be the 114 hex digits of a seed")]
    Seed,
    /// The fifth column.
    #[error("the fifth column should be the 114 hex digits of a forging key")]
    ForgingKey,
    /// The sixth column.
    #[error("the sixth column should be the 114 hex digits of a seed, or -")]
    ForgingSeed,
    /// The seed makes another forging key.
    #[error("the forging key and its seed do not belong together")]
    OtherForgingKey,
    /// The keys have another fingerprint.
    #[error("the keys are not those that the fingerprint names; the line is damaged")]
    OtherFingerprint,
    /// One key in both places.
    #[error("the long-term key and the forging key are the same")]
    EqualKeys,
    /// Two lines about one account.
    #[error("the account stands in an earlier line already")]
    Duplicate,
    /// No line break at the end.
    #[error("the file ends in the middle of a line; it may have been cut short")]
    Unterminated,
    /// A byte that no line holds.
    #[error("a zero byte or a line longer than any that is written")]
    BadLine,
}

/// The longest key file that is read, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// Reads a whole file.
///
/// # Errors
///
/// The first line that is not understood.
pub fn read(file: &[u8]) -> Result<Vec<AccountV4Keys>, V4KeyFileError> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut known_form = false;
    for raw in lines(file) {
        let error = |fault| V4KeyFileError {
            line: raw.number,
            fault,
        };
        if raw.number == 1 {
            known_form = raw.terminated && raw.body == HEADER.as_bytes();
            if !known_form {
                break;
            }
            continue;
        }
        if !raw.terminated {
            return Err(error(V4KeyFault::Unterminated));
        }
        if raw.common_fault().is_some() {
            return Err(error(V4KeyFault::BadLine));
        }
        let columns: Vec<_> = raw.body.split(|byte| *byte == b'\t').take(7).collect();
        let [name, protocol, keys @ ..] = columns.as_slice() else {
            return Err(error(V4KeyFault::Columns));
        };
        let account = AccountId::new(*name, *protocol);
        // Before the arithmetic, so that a repeated line costs none.
        if !seen.insert(account.clone()) {
            return Err(error(V4KeyFault::Duplicate));
        }
        let keys = parse(keys).map_err(error)?;
        all.push(AccountV4Keys { account, keys });
    }
    if known_form {
        return Ok(all);
    }
    Err(V4KeyFileError {
        line: 1,
        fault: V4KeyFault::Header,
    })
}

/// The whole file, in one buffer that never moves.
pub fn write<'a>(all: impl Iterator<Item = (&'a AccountId, &'a V4Keys)>) -> Zeroizing<Vec<u8>> {
    let all: Vec<_> = all.collect();
    let names = |id: &AccountId| id.name().len() + id.protocol().len();
    let room: usize = all.iter().map(|(id, _)| names(id) + OTHERS + 1).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(HEADER.len() + 1 + room));
    out.extend_from_slice(HEADER.as_bytes());
    out.push(b'\n');
    for (account, keys) in all {
        for name in [account.name(), account.protocol()] {
            out.extend_from_slice(name);
            out.push(b'\t');
        }
        write_hex(&mut out, keys.fingerprint().as_bytes());
        out.push(b'\t');
        write_secret(&mut out, keys.long_term.seed());
        out.push(b'\t');
        write_hex(&mut out, &keys.forging.public().encode());
        out.push(b'\t');
        match keys.forging.seed() {
            Some(seed) => write_secret(&mut out, seed),
            None => out.push(b'-'),
        }
        out.push(b'\n');
    }
    out
}

/// Whether a line can hold these names.
///
/// # Errors
///
/// [`BadName`].
pub fn check_names(account: &AccountId) -> Result<(), BadName> {
    check_columns(&[account.name(), account.protocol()], OTHERS)
}

fn parse(columns: &[&[u8]]) -> Result<V4Keys, V4KeyFault> {
    let [fingerprint, seed, point, forging_seed] = columns else {
        return Err(V4KeyFault::Columns);
    };
    let mut named = [0; 56];
    unhex_into(fingerprint, &mut named).ok_or(V4KeyFault::Fingerprint)?;
    let seed = read_secret(seed).ok_or(V4KeyFault::Seed)?;
    let mut encoded = [0; SIZE];
    unhex_into(point, &mut encoded).ok_or(V4KeyFault::ForgingKey)?;
    let forging = ForgingKey::from_public(&encoded).map_err(|_| V4KeyFault::ForgingKey)?;
    let forging = match *forging_seed {
        b"-" => forging,
        digits => {
            let kept = ForgingKey::from_seed(read_secret(digits).ok_or(V4KeyFault::ForgingSeed)?);
            if !kept.public().ct_eq(forging.public()) {
                return Err(V4KeyFault::OtherForgingKey);
            }
            kept
        }
    };
    let keys = V4Keys::new(SigningKey::from_seed(seed), forging).ok_or(V4KeyFault::EqualKeys)?;
    if keys.fingerprint() == KeyName::V4(named) {
        Ok(keys)
    } else {
        Err(V4KeyFault::OtherFingerprint)
    }
}

fn copied(seed: &Secret<SIZE>) -> Secret<SIZE> {
    Secret::fill_with(|bytes| bytes.copy_from_slice(seed.expose()))
}

fn read_secret(digits: &[u8]) -> Option<Secret<SIZE>> {
    let mut good = None;
    let secret = Secret::fill_with(|bytes| good = unhex_into(digits, bytes));
    good.map(|()| secret)
}

/// Reads exactly as many digits as fill `bytes`, without a copy of them anywhere else.
fn unhex_into(digits: &[u8], bytes: &mut [u8]) -> Option<()> {
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(())
}

/// Appends lower-case hex, digit by digit: no text with the secret is made on the way.
fn write_secret(out: &mut Vec<u8>, secret: &Secret<SIZE>) {
    for byte in secret.expose() {
        for digit in [byte >> 4, byte & 0xf] {
            out.push(if digit < 10 {
                b'0' + digit
            } else {
                b'a' - 10 + digit
            });
        }
    }
}

const HEADER: &str = "# chatham v4 keys 1";

/// What a line holds besides the names: five tabs, the fingerprint, three times 57 bytes.
const OTHERS: usize = 5 + 2 * 56 + 3 * 2 * SIZE;
