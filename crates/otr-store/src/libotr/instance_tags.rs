//! `otr.instance_tags`: the number that tells our device from the same account's others.
//!
//! ```text
//! # any comment
//! account TAB protocol TAB eight hex digits LF
//! ```
//!
//! Every device must have its own, so the file is never to be copied to another.

use super::lines::{LineFault, LineNotice, Lines, check_columns, unhex, write_hex};
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
    lines: Lines<AccountTag>,
}

impl InstanceTags {
    /// A file with nothing but a comment for whoever opens it.
    pub fn new() -> Self {
        let mut this = Self::default();
        this.lines.push_comment(COMMENT);
        this
    }

    /// Reads a whole file. Every byte sequence is some file: comments are kept, and what else
    /// cannot be used is kept and reported by [`Self::notices`].
    pub fn read(file: &[u8]) -> Self {
        Self {
            lines: Lines::read(file, parse, |entry| entry.account.clone()),
        }
    }

    /// The file with every line, used or only kept.
    pub fn write(&self) -> Vec<u8> {
        self.lines.write(|out, entry| {
            for name in [entry.account.name(), entry.account.protocol()] {
                out.extend_from_slice(name);
                out.push(b'\t');
            }
            write_hex(out, &entry.tag.to_be_bytes());
        })
    }

    /// What was odd about the file when it was read.
    pub fn notices(&self) -> &[LineNotice] {
        self.lines.notices()
    }

    /// All tags in the order of the file. An account may stand twice; then the later counts, as it
    /// does for libotr.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &AccountTag> {
        self.lines.iter()
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
        for entry in self.lines.iter_mut().filter(|entry| entry.account == *account) {
            entry.tag = tag;
            found = true;
        }
        if !found {
            self.lines.push(AccountTag {
                account: account.clone(),
                tag,
            });
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
