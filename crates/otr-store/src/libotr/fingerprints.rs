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

use super::lines::{Line, LineFault, LineNotice, check_columns, lines, unhex, write_hex};
use crate::names::{AccountId, BadName, Correspondent};
use crate::trust::Trust;

/// The SHA-1 of a public key, which names it.
pub type Fingerprint = [u8; 20];

/// One line: a key that a correspondent has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Who showed it.
    pub correspondent: Correspondent,
    /// Which key it was.
    pub fingerprint: Fingerprint,
    /// What the user decided about it.
    pub trust: Trust,
}

/// The whole file, in its order.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints {
    lines: Vec<Line<KnownKey>>,
    notices: Vec<LineNotice>,
}

/// The longest fingerprint file that the store reads, in bytes.
pub const MAX_FILE: usize = 16 << 20;

impl Fingerprints {
    /// Reads a whole file. Every byte sequence is some file: what cannot be used is kept and
    /// reported by [`Self::notices`].
    pub fn read(file: &[u8]) -> Self {
        let mut this = Self::default();
        for raw in lines(file) {
            let parsed = match raw.common_fault() {
                Some(fault) => Err(fault),
                None => parse(raw.body),
            };
            let line = raw.number;
            match parsed {
                Ok(key) => {
                    this.lines.push(Line::Entry(key));
                    if !raw.terminated {
                        this.notices.push(LineNotice {
                            line,
                            fault: LineFault::Unterminated,
                        });
                    }
                }
                Err(fault) => {
                    this.lines.push(Line::Kept(raw.whole.to_vec()));
                    if !raw.body.is_empty() {
                        this.notices.push(LineNotice { line, fault });
                    }
                }
            }
        }
        this
    }

    /// The file with every line, used or only kept.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.lines {
            match line {
                Line::Kept(whole) => out.extend_from_slice(whole),
                Line::Entry(key) => {
                    let account = key.correspondent.account();
                    for name in [key.correspondent.user(), account.name(), account.protocol()] {
                        out.extend_from_slice(name);
                        out.push(b'\t');
                    }
                    write_hex(&mut out, &key.fingerprint);
                    out.push(b'\t');
                    out.extend_from_slice(key.trust.as_bytes());
                }
            }
            out.push(b'\n');
        }
        out
    }

    /// What was odd about the file when it was read.
    pub fn notices(&self) -> &[LineNotice] {
        &self.notices
    }

    /// All keys in the order of the file. A key may stand twice; then the later counts.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &KnownKey> {
        self.lines.iter().filter_map(|line| match line {
            Line::Entry(key) => Some(key),
            Line::Kept(_) => None,
        })
    }

    /// What the user decided about this key of this correspondent; `None` if they never showed it.
    pub fn trust(&self, correspondent: &Correspondent, fingerprint: &Fingerprint) -> Option<&Trust> {
        self.iter()
            .rfind(|key| is_about(key, correspondent, fingerprint))
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
        fingerprint: &Fingerprint,
    ) -> Result<bool, BadName> {
        if self.trust(correspondent, fingerprint).is_some() {
            return Ok(false);
        }
        check_line(correspondent, &Trust::Undecided)?;
        let key = KnownKey {
            correspondent: correspondent.clone(),
            fingerprint: *fingerprint,
            trust: Trust::Undecided,
        };
        self.lines.push(Line::Entry(key));
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
        fingerprint: &Fingerprint,
        trust: &Trust,
    ) -> Result<bool, BadName> {
        check_line(correspondent, trust)?;
        let mut found = false;
        for line in &mut self.lines {
            if let Line::Entry(key) = line
                && is_about(key, correspondent, fingerprint)
            {
                key.trust = trust.clone();
                found = true;
            }
        }
        Ok(found)
    }

    /// Forgets a key; `false` if it was not there.
    pub fn forget(&mut self, correspondent: &Correspondent, fingerprint: &Fingerprint) -> bool {
        let before = self.lines.len();
        self.lines
            .retain(|line| !matches!(line, Line::Entry(key) if is_about(key, correspondent, fingerprint)));
        self.lines.len() < before
    }
}

fn parse(body: &[u8]) -> Result<KnownKey, LineFault> {
    let mut columns = body.splitn(5, |byte| *byte == b'\t');
    let (Some(user), Some(account), Some(protocol), Some(hex)) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(LineFault::Columns);
    };
    let fingerprint = unhex(hex).ok_or(LineFault::Fingerprint)?;
    let trust = Trust::from_bytes(columns.next().unwrap_or_default()).ok_or(LineFault::BadByte)?;
    let correspondent = Correspondent::new(user, AccountId::new(account, protocol));
    Ok(KnownKey {
        correspondent,
        fingerprint,
        trust,
    })
}

fn is_about(key: &KnownKey, correspondent: &Correspondent, fingerprint: &Fingerprint) -> bool {
    key.fingerprint == *fingerprint && key.correspondent == *correspondent
}

fn check_line(correspondent: &Correspondent, trust: &Trust) -> Result<(), BadName> {
    let account = correspondent.account();
    let names = [correspondent.user(), account.name(), account.protocol()];
    // Four tabs, the digits and the trust.
    check_columns(&names, 4 + 40 + trust.as_bytes().len())
}
