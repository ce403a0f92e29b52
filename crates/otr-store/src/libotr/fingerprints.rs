//! `otr.fingerprints`: the keys that our correspondents have shown, and what the user thinks of
//! them.
//!
//! ```text
//! user TAB account TAB protocol TAB forty hex digits TAB trust LF
//! ```
//!
//! There is no quoting, so a name cannot hold a tab or a line break. Reading is as lenient as
//! libotr: hex of either case, CR before LF, the last column missing. Where libotr guesses (other
//! characters taken for zeros, a long line cut in two) the line is kept and reported instead.

use super::lines::{LineFault, LineNotice, Lines, check_columns, unhex, write_hex};
use crate::key_name::KeyName;
use crate::names::{AccountId, BadName, Correspondent};
use crate::trust::Trust;

/// One line: a key that a correspondent has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Who showed it.
    pub correspondent: Correspondent,
    /// Which key it was.
    pub fingerprint: KeyName,
    /// What the user decided about it.
    pub trust: Trust,
}

/// The whole file, in its order.
pub type Fingerprints = KeyLines<20>;

/// A file of such lines in its order, with fingerprints of `N` bytes: 20 here, 56 in that of version 4.
#[derive(Clone, Debug)]
pub struct KeyLines<const N: usize> {
    lines: Lines<KnownKey>,
}

impl<const N: usize> Default for KeyLines<N> {
    fn default() -> Self {
        Self {
            lines: Lines::default(),
        }
    }
}

/// The longest fingerprint file that the store reads, in bytes.
pub const MAX_FILE: usize = 16 << 20;

impl<const N: usize> KeyLines<N>
where
    KeyName: From<[u8; N]>,
{
    /// Reads a whole file. Every byte sequence is some file: what cannot be used is kept and
    /// reported by [`Self::notices`].
    pub fn read(file: &[u8]) -> Self {
        let about = |key: &KnownKey| (key.correspondent.clone(), key.fingerprint);
        Self {
            lines: Lines::read(file, parse::<N>, about),
        }
    }

    /// The file with every line, used or only kept.
    pub fn write(&self) -> Vec<u8> {
        self.lines.write(|out, key| {
            let account = key.correspondent.account();
            for name in [key.correspondent.user(), account.name(), account.protocol()] {
                out.extend_from_slice(name);
                out.push(b'\t');
            }
            write_hex(out, key.fingerprint.as_bytes());
            out.push(b'\t');
            out.extend_from_slice(key.trust.as_bytes());
        })
    }

    /// What was odd about the file when it was read.
    pub fn notices(&self) -> &[LineNotice] {
        self.lines.notices()
    }

    /// All keys in the order of the file. A key may stand twice; then the later counts.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &KnownKey> {
        self.lines.iter()
    }

    /// What the user decided about this key of this correspondent; `None` if they never showed it.
    pub fn trust(&self, correspondent: &Correspondent, fingerprint: &[u8; N]) -> Option<&Trust> {
        let name = KeyName::from(*fingerprint);
        self.iter()
            .rfind(|key| is_about(key, correspondent, &name))
            .map(|key| &key.trust)
    }

    /// Adds a key without trust; `false` if it was there, which changes nothing.
    ///
    /// # Errors
    ///
    /// Names that a line cannot hold.
    pub fn remember(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: &[u8; N],
    ) -> Result<bool, BadName> {
        if self.trust(correspondent, fingerprint).is_some() {
            return Ok(false);
        }
        check_line::<N>(correspondent, &Trust::Undecided)?;
        let (correspondent, trust) = (correspondent.clone(), Trust::Undecided);
        self.lines.push(KnownKey {
            correspondent,
            fingerprint: KeyName::from(*fingerprint),
            trust,
        });
        Ok(true)
    }

    /// Sets the trust in a key that is there; `false` if it is not, which changes nothing.
    ///
    /// # Errors
    ///
    /// A foreign word that makes the line too long.
    pub fn set_trust(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: &[u8; N],
        trust: &Trust,
    ) -> Result<bool, BadName> {
        if self.trust(correspondent, fingerprint).is_none() {
            return Ok(false);
        }
        check_line::<N>(correspondent, trust)?;
        let name = KeyName::from(*fingerprint);
        for key in self
            .lines
            .iter_mut()
            .filter(|key| is_about(key, correspondent, &name))
        {
            key.trust = trust.clone();
        }
        Ok(true)
    }

    /// Forgets a key; `false` if it was not there.
    pub fn forget(&mut self, correspondent: &Correspondent, fingerprint: &[u8; N]) -> bool {
        let name = KeyName::from(*fingerprint);
        self.lines.remove(|key| is_about(key, correspondent, &name)) > 0
    }
}

fn parse<const N: usize>(body: &[u8]) -> Result<KnownKey, LineFault>
where
    KeyName: From<[u8; N]>,
{
    let mut columns = body.splitn(5, |byte| *byte == b'\t');
    let (Some(user), Some(account), Some(protocol), Some(hex)) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(LineFault::Columns);
    };
    let fingerprint = unhex::<N>(hex).ok_or(LineFault::Fingerprint { digits: 2 * N })?;
    let trust = Trust::from_bytes(columns.next().unwrap_or_default()).ok_or(LineFault::BadByte)?;
    let correspondent = Correspondent::new(user, AccountId::new(account, protocol));
    Ok(KnownKey {
        correspondent,
        fingerprint: KeyName::from(fingerprint),
        trust,
    })
}

fn is_about(key: &KnownKey, correspondent: &Correspondent, name: &KeyName) -> bool {
    key.fingerprint == *name && key.correspondent == *correspondent
}

fn check_line<const N: usize>(correspondent: &Correspondent, trust: &Trust) -> Result<(), BadName> {
    let account = correspondent.account();
    let names = [correspondent.user(), account.name(), account.protocol()];
    // Four tabs, the digits and the trust.
    check_columns(&names, 4 + 2 * N + trust.as_bytes().len())
}
