//! Who a key belongs to: our accounts and the people we talk to, by the names the files use.
//!
//! Names are bytes. libotr's files are C strings in whatever encoding the chat program used, and
//! two names are the same only if every byte is.

use std::fmt;

/// One of our accounts, as libotr's files name it.
///
/// The protocol is the chat program's own word (`prpl-jabber`, `xmpp`, `IRC`, …), so the same
/// account may stand under several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    name: Vec<u8>,
    protocol: Vec<u8>,
}

impl AccountId {
    /// An account from its name and protocol, any bytes. A name that one of the files cannot hold
    /// is refused when it is stored, see [`BadName`].
    pub fn new(name: impl Into<Vec<u8>>, protocol: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            protocol: protocol.into(),
        }
    }

    /// The account's name: an address, a nickname, sometimes a number.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The chat program's word for the network.
    pub fn protocol(&self) -> &[u8] {
        &self.protocol
    }
}

impl fmt::Display for AccountId {
    /// Safe to print: whatever a terminal would obey is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", printable(&self.name), printable(&self.protocol))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// A person as one of our accounts knows them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Correspondent {
    user: Vec<u8>,
    account: AccountId,
}

impl Correspondent {
    /// The person `user`, seen from `account`.
    pub fn new(user: impl Into<Vec<u8>>, account: AccountId) -> Self {
        Self {
            user: user.into(),
            account,
        }
    }

    /// The other person's name on the network.
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// Which of our accounts talks to them.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }
}

impl fmt::Display for Correspondent {
    /// Safe to print: whatever a terminal would obey is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", printable(&self.user), self.account)
    }
}

impl fmt::Debug for Correspondent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correspondent({self})")
    }
}

/// A name that a file cannot hold, because the format has no way to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A zero byte: libotr's names end there.
    #[error("the name holds a zero byte, which libotr's files cannot hold")]
    Nul,
    /// A tab or line break, which separates columns and lines.
    #[error("the name holds a tab or a line break, which separate columns and lines in libotr's files")]
    Separator,
    /// The whole line would be longer than libotr reads.
    #[error("the names are too long together: libotr reads lines of at most {limit} bytes")]
    LineTooLong {
        /// The longest line in bytes, without its end.
        limit: usize,
    },
    /// A name longer than the key file's reader takes.
    #[error("the name is longer than {limit} bytes")]
    TooLong {
        /// The longest name in bytes.
        limit: usize,
    },
}

/// Bytes as text that is safe on a terminal: controls, invisible characters and broken UTF-8 escaped.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '"' => text.push(c),
                _ => text.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s58_names_print_without_terminal_controls() {
        let id = AccountId::new(b"J\xc3\xb6rg\x1b[2J\xff\xe2\x80\xae".to_vec(), "IRC");
        assert_eq!(id.to_string(), "Jörg\\u{1b}[2J\\xff\\u{202e} (IRC)");
    }
}
