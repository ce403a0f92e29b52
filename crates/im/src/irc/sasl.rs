//! Proving who we are to the network before it lets us in: SASL PLAIN and EXTERNAL.
//!
//! ```text
//! AUTHENTICATE PLAIN
//!                         AUTHENTICATE +
//! AUTHENTICATE <base64 of account NUL account NUL password, in pieces of 400 bytes>
//!                         903
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::line::{IrcLine, LineError};

/// How to prove who we are.
#[derive(Clone, PartialEq, Eq)]
pub enum Sasl {
    /// By an account's name and password. The password goes to the server as it is, so it goes over encrypted
    /// connections only; see [`Config::sasl_in_clear`](super::Config::sasl_in_clear).
    Plain {
        /// The account's name.
        account: Vec<u8>,
        /// Its password.
        password: Zeroizing<Vec<u8>>,
    },
    /// By the certificate that we showed when the connection was encrypted.
    External,
}

impl Sasl {
    /// The mechanism's name.
    #[must_use]
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::External => "EXTERNAL",
        }
    }

    /// Whether it can be said: account and password are not empty and hold no NUL, which separates them.
    pub(super) fn is_sayable(&self) -> bool {
        match self {
            Self::Plain { account, password } => {
                let sayable = |part: &[u8]| !part.is_empty() && part.len() <= LONGEST && !part.contains(&0);
                sayable(account) && sayable(password)
            }
            Self::External => true,
        }
    }

    /// The answer to the server's empty challenge, as lines.
    pub(super) fn answer(&self) -> Result<Vec<IrcLine>, LineError> {
        let plain = match self {
            Self::Plain { account, password } => {
                // Its full length from the start: a vector that grows leaves copies behind.
                let mut plain = Zeroizing::new(Vec::with_capacity(2 * account.len() + password.len() + 2));
                plain.extend_from_slice(account);
                plain.push(0);
                plain.extend_from_slice(account);
                plain.push(0);
                plain.extend_from_slice(password);
                plain
            }
            Self::External => Zeroizing::new(Vec::new()),
        };
        let encoded = Zeroizing::new(STANDARD.encode(&*plain));
        let mut lines = Vec::new();
        for piece in encoded.as_bytes().chunks(PIECE) {
            lines.push(authenticate(piece)?);
        }
        // A last piece of full length has to be followed by an empty one.
        if encoded.len() % PIECE == 0 {
            lines.push(authenticate(b"+")?);
        }
        Ok(lines)
    }
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { account, .. } => write!(f, "Plain({:?}, ..)", String::from_utf8_lossy(account)),
            Self::External => f.write_str("External"),
        }
    }
}

/// Why the network does not know us. The connection is ended then: nobody goes on without the account they asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslFault {
    /// The server does not offer SASL, or has taken the offer back.
    #[error("the server does not offer SASL")]
    NotOffered,
    /// The server offers other mechanisms.
    #[error("the server does not offer this SASL mechanism, only {}", String::from_utf8_lossy(.offered))]
    MechanismNotOffered {
        /// Those that it offers, with commas between.
        offered: Vec<u8>,
    },
    /// The server says no.
    #[error("the server refuses: {} ({code})", String::from_utf8_lossy(.words))]
    Refused {
        /// The number of its reply: 902, 904, 905, 906 or 907.
        code: u16,
        /// Its words.
        words: Vec<u8>,
    },
    /// The server asks something that the mechanism does not know.
    #[error("the server asks something that does not belong to this SASL mechanism")]
    Challenge,
}

/// `AUTHENTICATE word`.
pub(super) fn authenticate(word: &[u8]) -> Result<IrcLine, LineError> {
    IrcLine::command("AUTHENTICATE").param(word).build()
}

/// How many characters of base64 one line carries (SASL specification of IRCv3).
const PIECE: usize = 400;
/// The longest account or password, in bytes.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(account: &str, password: &str) -> Vec<String> {
        let sasl = Sasl::Plain {
            account: account.into(),
            password: Zeroizing::new(password.into()),
        };
        let text = |line: &IrcLine| String::from_utf8(line.as_bytes().to_vec()).unwrap();
        sasl.answer().unwrap().iter().map(text).collect()
    }

    #[test]
    fn plain_is_account_account_password() {
        // The example of the IRCv3 text, whose account is jilles and whose password is sesame.
        assert_eq!(
            answer("jilles", "sesame"),
            ["AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU="]
        );
        assert_eq!(Sasl::External.answer().unwrap()[0].as_bytes(), b"AUTHENTICATE +");
    }

    #[test]
    fn pieces_have_four_hundred_characters() {
        // 300 bytes are 400 characters; one byte more begins a second piece.
        let exact = answer("a", &"p".repeat(296));
        assert_eq!(exact.len(), 2);
        assert_eq!(exact[0].len(), "AUTHENTICATE ".len() + 400);
        assert_eq!(exact[1], "AUTHENTICATE +");
        let more = answer("a", &"p".repeat(297));
        assert_eq!((more.len(), more[1].len()), (2, "AUTHENTICATE ".len() + 4));
        assert_eq!(answer("a", &"p".repeat(293)).len(), 1);
    }

    #[test]
    fn secrets_stay_out_of_debug() {
        let sasl = Sasl::Plain {
            account: b"al".to_vec(),
            password: Zeroizing::new(b"hunter2".to_vec()),
        };
        assert_eq!(format!("{sasl:?}"), "Plain(\"al\", ..)");
        assert!(sasl.is_sayable());
        for (account, password) in [
            (&b""[..], &b"x"[..]),
            (b"x", b""),
            (b"a\0b", b"x"),
            (b"x", b"a\0b"),
        ] {
            let sasl = Sasl::Plain {
                account: account.to_vec(),
                password: Zeroizing::new(password.to_vec()),
            };
            assert!(!sasl.is_sayable());
        }
    }
}
