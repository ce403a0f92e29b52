//! `otr.instance_tags`: the number that tells our device from the same account's others.
//!
//! ```text
//! # any comment
//! account TAB protocol TAB eight hex digits LF
//! ```
//!
//! Every device must have its own, so the file is never to be copied to another.

use super::lines::{Line, LineFault, LineNotice, check_columns, lines, unhex, write_hex};
use crate::names::{AccountId, BadName};

/// The smallest instance tag that a device can have; those below have other meanings.
pub const MIN_INSTANCE_TAG: u32 = 0x100;

/// The longest instance-tag file that the store reads, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// One line: the tag of one of our accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTag {
    /// Whose tag it is.
    pub account: AccountId,
    /// The tag, at least [`MIN_INSTANCE_TAG`].
    pub tag: u32,
}

/// The whole file, in its order.
#[derive(Clone, Debug, Default)]
pub struct InstanceTags {
    lines: Vec<Line<AccountTag>>,
    notices: Vec<LineNotice>,
}

impl InstanceTags {
    /// A file with nothing but a comment for whoever opens it.
    pub fn new() -> Self {
        Self {
            lines: COMMENT.lines().map(|line| Line::Kept(line.into())).collect(),
            notices: Vec::new(),
        }
    }

    /// Reads a whole file. Every byte sequence is some file: comments are kept, and what else
    /// cannot be used is kept and reported by [`Self::notices`].
    pub fn read(file: &[u8]) -> Self {
        let mut this = Self::default();
        for raw in lines(file) {
            let parsed = match raw.common_fault() {
                Some(fault) => Err(fault),
                None => parse(raw.body),
            };
            let line = raw.number;
            match parsed {
                Ok(entry) => {
                    this.lines.push(Line::Entry(entry));
                    if !raw.terminated {
                        this.notices.push(LineNotice {
                            line,
                            fault: LineFault::Unterminated,
                        });
                    }
                }
                Err(fault) => {
                    this.lines.push(Line::Kept(raw.whole.to_vec()));
                    // An account may be called `#channel`, so a line is a comment only if it is nothing else.
                    if !raw.body.is_empty() && !raw.body.starts_with(b"#") {
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
                Line::Entry(entry) => {
                    for name in [entry.account.name(), entry.account.protocol()] {
                        out.extend_from_slice(name);
                        out.push(b'\t');
                    }
                    write_hex(&mut out, &entry.tag.to_be_bytes());
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

    /// All tags in the order of the file. An account may stand twice; then the later counts, as it
    /// does for libotr.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &AccountTag> {
        self.lines.iter().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Kept(_) => None,
        })
    }

    /// The tag of an account.
    pub fn tag(&self, account: &AccountId) -> Option<u32> {
        self.iter()
            .rfind(|entry| entry.account == *account)
            .map(|entry| entry.tag)
    }

    /// Sets the tag of an account, in place of any it had.
    ///
    /// # Errors
    ///
    /// Names that a line cannot hold, or a tag below [`MIN_INSTANCE_TAG`].
    pub fn set(&mut self, account: &AccountId, tag: u32) -> Result<(), BadTag> {
        if tag < MIN_INSTANCE_TAG {
            return Err(BadTag::Reserved(tag));
        }
        // Two tabs and the digits.
        check_columns(&[account.name(), account.protocol()], 2 + 8)?;
        let mut found = false;
        for line in &mut self.lines {
            if let Line::Entry(entry) = line
                && entry.account == *account
            {
                entry.tag = tag;
                found = true;
            }
        }
        if !found {
            self.lines.push(Line::Entry(AccountTag {
                account: account.clone(),
                tag,
            }));
        }
        Ok(())
    }
}

/// Why a tag cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTag {
    /// The number means something else.
    #[error("instance tags below 00000100 are reserved, and {0:08x} is one")]
    Reserved(u32),
    /// The line cannot be written.
    #[error(transparent)]
    Name(#[from] BadName),
}

fn parse(body: &[u8]) -> Result<AccountTag, LineFault> {
    let columns: Vec<_> = body.split(|byte| *byte == b'\t').take(4).collect();
    let [name, protocol, hex] = columns.as_slice() else {
        return Err(LineFault::Columns);
    };
    let tag = u32::from_be_bytes(unhex(hex).ok_or(LineFault::InstanceTag)?);
    if tag < MIN_INSTANCE_TAG {
        return Err(LineFault::ReservedInstanceTag);
    }
    Ok(AccountTag {
        account: AccountId::new(*name, *protocol),
        tag,
    })
}

const COMMENT: &str = "# Each device has its own tags: do not copy this file to another one.";
