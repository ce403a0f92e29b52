//! `otr.private_key`: the DSA keys of our accounts.
//!
//! ```text
//! (privkeys
//!  (account
//! (name "bob smith")
//! (protocol prpl-jabber)
//! (private-key
//!  (dsa
//!   (p #00F18D…#)
//!   (q #00BFB1…#)
//!   (g #00BEF3…#)
//!   (y #74A52A…#)
//!   (x #0A6142…#)
//!   )
//!  )
//!  )
//! )
//! ```
//!
//! Reading takes every form of an atom and any order inside an account. It refuses whatever it
//! does not know, as writing the file anew would lose it. Writing gives the bytes that libotr
//! would have written, down to the spaces behind two of the opening words.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::sexp::{self, Node, Position, SyntaxError, Value};
use super::sexp_writer::{longest, write_atom};
use crate::names::{AccountId, BadName};

/// A DSA key as five numbers, each unsigned, big-endian and without leading zeros. Nothing about
/// them has been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKeyParts {
    /// The modulus.
    pub p: Vec<u8>,
    /// The order of the subgroup.
    pub q: Vec<u8>,
    /// The generator of the subgroup.
    pub g: Vec<u8>,
    /// The public value, g^x.
    pub y: Vec<u8>,
    /// The secret exponent.
    pub x: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PrivateKeyParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKeyParts(..)")
    }
}

/// One account of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// Whose key it is.
    pub account: AccountId,
    /// The key.
    pub parts: PrivateKeyParts,
    /// Where the account stands in the file it was read from.
    pub at: Position,
}

/// Why a key file cannot be used. Nothing of a key appears in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not an S-expression.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// An S-expression with another content.
    #[error("{at}: {what}")]
    Shape {
        /// Where it stands.
        at: Position,
        /// What stands there, or should.
        what: &'static str,
    },
    /// An account that has a key already.
    #[error("{at}: a second key for {account}, whose first is at {first}")]
    Duplicate {
        /// The second account.
        at: Position,
        /// The first account.
        first: Position,
        /// Whose keys they are.
        account: Box<AccountId>,
    },
}

/// The longest key file that [`read`] takes, in bytes: about nine hundred accounts.
pub const MAX_FILE: usize = 1 << 20;

/// The longest name of an account or protocol in bytes.
pub const MAX_NAME: usize = sexp::MAX_ATOM;

/// Reads a whole key file; the accounts stay in their order.
///
/// # Errors
///
/// The first thing that is not as it should be, with its place.
pub fn read(file: &[u8]) -> Result<Vec<AccountKey>, KeyFileError> {
    let root = sexp::parse(file)?;
    let accounts = tagged(
        &root,
        b"privkeys",
        "the file is not a list of keys: it should start with (privkeys",
    )?;
    let mut keys: Vec<AccountKey> = Vec::new();
    let mut seen = HashSet::new();
    for node in accounts {
        let key = account(node)?;
        if !seen.insert(key.account.clone()) {
            let first = keys
                .iter()
                .find(|k| k.account == key.account)
                .map_or(key.at, |k| k.at);
            return Err(KeyFileError::Duplicate {
                at: key.at,
                first,
                account: Box::new(key.account),
            });
        }
        keys.push(key);
    }
    Ok(keys)
}

/// Writes a key file, in the given order. The buffer has its full size from the start, so that no
/// part of a key is left behind by growing.
pub fn write<'a, I>(keys: I) -> Zeroizing<Vec<u8>>
where
    I: IntoIterator<Item = (&'a AccountId, &'a PrivateKeyParts)> + Clone,
{
    let room: usize = keys
        .clone()
        .into_iter()
        .map(|(account, parts)| room(account, parts))
        .sum();
    let mut out = Zeroizing::new(Vec::with_capacity(room + LAYOUT));
    out.extend_from_slice(b"(privkeys\n");
    for (account, parts) in keys {
        out.extend_from_slice(b" (account\n(name ");
        write_atom(&mut out, account.name());
        out.extend_from_slice(b")\n(protocol ");
        write_atom(&mut out, account.protocol());
        out.extend_from_slice(b")\n(private-key \n (dsa \n");
        for (name, number) in numbers(parts) {
            out.extend_from_slice(b"  (");
            out.push(name);
            out.push(b' ');
            write_number(&mut out, number);
            out.extend_from_slice(b")\n");
        }
        out.extend_from_slice(b"  )\n )\n )\n");
    }
    out.extend_from_slice(b")\n");
    out
}

/// Whether a key file can hold these names.
///
/// # Errors
///
/// [`BadName::Nul`] and [`BadName::TooLong`].
pub fn check_names(account: &AccountId) -> Result<(), BadName> {
    for name in [account.name(), account.protocol()] {
        if name.contains(&0) {
            return Err(BadName::Nul);
        }
        if name.len() > MAX_NAME {
            return Err(BadName::TooLong { limit: MAX_NAME });
        }
    }
    Ok(())
}

fn account(node: &Node) -> Result<AccountKey, KeyFileError> {
    let fields = tagged(node, b"account", "only (account …) can stand here")?;
    let (mut name, mut protocol, mut key) = (None, None, None);
    for field in fields {
        let word = word_of(field)?;
        let (slot, what): (&mut Option<&Node>, _) = match word {
            b"name" => (&mut name, "the account has a second name"),
            b"protocol" => (&mut protocol, "the account has a second protocol"),
            b"private-key" => (&mut key, "the account has a second private key"),
            _ => {
                return Err(shape(
                    field,
                    "only name, protocol and private-key can stand in an account",
                ));
            }
        };
        if slot.replace(field).is_some() {
            return Err(shape(field, what));
        }
    }
    let name = text(name.ok_or_else(|| shape(node, "the account has no name"))?)?;
    let protocol = text(protocol.ok_or_else(|| shape(node, "the account has no protocol"))?)?;
    let key = key.ok_or_else(|| shape(node, "the account has no private key"))?;
    Ok(AccountKey {
        account: AccountId::new(name, protocol),
        parts: private_key(key)?,
        at: node.at,
    })
}

fn private_key(node: &Node) -> Result<PrivateKeyParts, KeyFileError> {
    let [dsa] = rest_of(node)? else {
        return Err(shape(node, "a private key holds exactly one (dsa …)"));
    };
    let numbers = tagged(
        dsa,
        b"dsa",
        "the key is of a kind other than DSA, which versions 1 to 3 do not know",
    )?;
    let mut found: [Option<&[u8]>; 5] = [None; 5];
    for node in numbers {
        let word = word_of(node)?;
        let slot = b"pqgyx"
            .iter()
            .zip(&mut found)
            .find(|(name, _)| word == [**name])
            .map(|(_, slot)| slot);
        let slot = slot.ok_or_else(|| shape(node, "only p, q, g, y and x can stand in a DSA key"))?;
        if slot.replace(number(node)?).is_some() {
            return Err(shape(node, "the number stands twice in the key"));
        }
    }
    let [Some(p), Some(q), Some(g), Some(y), Some(x)] = found else {
        return Err(shape(dsa, "one of p, q, g, y and x is missing from the key"));
    };
    let x = Zeroizing::new(x.to_vec());
    Ok(PrivateKeyParts {
        p: p.to_vec(),
        q: q.to_vec(),
        g: g.to_vec(),
        y: y.to_vec(),
        x,
    })
}

/// A name without a zero byte: libotr would cut it there.
fn text(node: &Node) -> Result<Vec<u8>, KeyFileError> {
    match single(node)? {
        name if name.contains(&0) => Err(shape(node, "a zero byte inside a name")),
        name => Ok(name.to_vec()),
    }
}

/// A number without its leading zeros.
fn number(node: &Node) -> Result<&[u8], KeyFileError> {
    let digits = single(node)?;
    let zeros = digits.iter().take_while(|byte| **byte == 0).count();
    match digits.get(zeros..) {
        Some(number) if !number.is_empty() => Ok(number),
        _ => Err(shape(node, "a number of the key is zero")),
    }
}

fn single(node: &Node) -> Result<&[u8], KeyFileError> {
    match rest_of(node)? {
        [
            Node {
                value: Value::Atom(atom),
                ..
            },
        ] => Ok(atom),
        _ => Err(shape(
            node,
            "exactly one value should follow the word in this list",
        )),
    }
}

/// What follows the first word of a list that must start with `word`.
fn tagged<'a>(node: &'a Node, word: &[u8], otherwise: &'static str) -> Result<&'a [Node], KeyFileError> {
    match word_of(node) {
        Ok(found) if found == word => rest_of(node),
        _ => Err(shape(node, otherwise)),
    }
}

fn word_of(node: &Node) -> Result<&[u8], KeyFileError> {
    match &node.value {
        Value::List(nodes) => match nodes.as_slice() {
            [
                Node {
                    value: Value::Atom(word),
                    ..
                },
                ..,
            ] => Ok(word),
            _ => Err(shape(node, "the list does not start with a word")),
        },
        Value::Atom(_) => Err(shape(node, "a list in parentheses should stand here")),
    }
}

fn rest_of(node: &Node) -> Result<&[Node], KeyFileError> {
    word_of(node)?;
    match &node.value {
        Value::List(nodes) => Ok(nodes.get(1..).unwrap_or_default()),
        Value::Atom(_) => Ok(&[]),
    }
}

const fn shape(node: &Node, what: &'static str) -> KeyFileError {
    KeyFileError::Shape { at: node.at, what }
}

fn numbers(parts: &PrivateKeyParts) -> [(u8, &[u8]); 5] {
    [
        (b'p', &parts.p),
        (b'q', &parts.q),
        (b'g', &parts.g),
        (b'y', &parts.y),
        (b'x', parts.x.as_slice()),
    ]
}

/// At least the bytes that an account takes.
fn room(account: &AccountId, parts: &PrivateKeyParts) -> usize {
    let names = longest(account.name().len()) + longest(account.protocol().len());
    let numbers: usize = numbers(parts)
        .iter()
        .map(|(_, number)| longest(number.len() + 1))
        .sum();
    names + numbers + LAYOUT
}

/// A number that has its top bit set gets a zero in front: libgcrypt's numbers are signed.
fn write_number(out: &mut Vec<u8>, number: &[u8]) {
    let zero = usize::from(number.first().is_some_and(|first| *first >= 0x80));
    let mut signed = Zeroizing::new(vec![0; zero + number.len()]);
    if let Some(space) = signed.get_mut(zero..) {
        space.copy_from_slice(number);
    }
    write_atom(out, &signed);
}

/// More than the bytes of one account that are neither names nor numbers.
const LAYOUT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_never_outgrows_its_room() {
        // The worst of all atoms: every byte takes two in a string, four if zero.
        for byte in [0, b'"', b'a', 0xff] {
            let name = vec![byte; 100];
            let account = AccountId::new(name.clone(), name.clone());
            let number = [&b"x"[..], &name].concat();
            let parts = PrivateKeyParts {
                p: number.clone(),
                q: number.clone(),
                g: number.clone(),
                y: number.clone(),
                x: Zeroizing::new(number),
            };
            let written = write([(&account, &parts)]);
            assert!(written.len() <= room(&account, &parts) + LAYOUT, "{byte:02x}");
        }
    }

    #[test]
    fn no_secret_in_debug() {
        let keys = read(include_bytes!("../../tests/golden/otr.private_key")).unwrap();
        let text = format!("{keys:?}");
        assert!(text.contains("alice@example.org"));
        for secret in ["short-one", "115, 104, 111, 114, 116", "printable"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}
