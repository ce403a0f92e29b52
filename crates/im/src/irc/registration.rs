//! Who we want to be, and how the connection is opened: CAP, PASS, NICK, USER; another nick if ours is taken.
//!
//! A server that knows CAP lets nobody in before its end; see [`capabilities`](super::capabilities).

use std::fmt;

use super::build::is_middle;
use super::capabilities;
use super::line::{IrcLine, LineError, is_forbidden};
use super::sasl::Sasl;

/// What the client says about itself when it connects.
#[derive(Clone)]
pub struct Config {
    /// The nick to ask for.
    pub nick: Vec<u8>,
    /// The user name; servers that do not check it put a `~` before it.
    pub user: Vec<u8>,
    /// The words shown as the real name.
    pub real_name: Vec<u8>,
    /// The password of the connection, if it has one.
    pub password: Option<Vec<u8>>,
    /// How to prove to the network that an account is ours. Without the proof there is no connection then.
    pub sasl: Option<Sasl>,
    /// Whether the password of [`Sasl::Plain`] may go over a connection that others can read.
    pub sasl_in_clear: bool,
}

impl Config {
    /// A nick, which also serves as user and real name, no password and no account.
    #[must_use]
    pub fn new(nick: impl Into<Vec<u8>>) -> Self {
        let nick = nick.into();
        Self {
            user: nick.clone(),
            real_name: nick.clone(),
            nick,
            password: None,
            sasl: None,
            sasl_in_clear: false,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("nick", &String::from_utf8_lossy(&self.nick))
            .field("password", &self.password.as_ref().map(|_| ".."))
            .field("sasl", &self.sasl)
            .finish_non_exhaustive()
    }
}

/// Which part of a [`Config`] cannot be said in IRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// The nick is empty, or holds a byte that ends a nick.
    #[error("this cannot be a nick")]
    Nick,
    /// The user name is empty, or holds a byte that ends a user name.
    #[error("this cannot be a user name")]
    User,
    /// The real name holds a line end or a NUL.
    #[error("the real name holds a line end or a NUL")]
    RealName,
    /// The password is empty, or holds a line end or a NUL.
    #[error("the password is empty, or holds a line end or a NUL")]
    Password,
    /// The account or its password is empty, too long, or holds a NUL.
    #[error("the account or its password is empty, too long, or holds a NUL")]
    Sasl,
}

/// The opening of one connection.
#[derive(Debug)]
pub(super) struct Registration {
    config: Config,
    attempts: usize,
}

impl Registration {
    pub(super) fn new(config: Config) -> Result<Self, BadConfig> {
        if !is_nick(&config.nick) {
            return Err(BadConfig::Nick);
        }
        if !is_nick(&config.user) {
            return Err(BadConfig::User);
        }
        if config.real_name.iter().any(|&byte| is_forbidden(byte)) {
            return Err(BadConfig::RealName);
        }
        let unsayable =
            |password: &Vec<u8>| password.is_empty() || password.iter().any(|&byte| is_forbidden(byte));
        if config.password.as_ref().is_some_and(unsayable) {
            return Err(BadConfig::Password);
        }
        if config.sasl.as_ref().is_some_and(|sasl| !sasl.is_sayable()) {
            return Err(BadConfig::Sasl);
        }
        Ok(Self { config, attempts: 0 })
    }

    pub(super) fn wanted(&self) -> &[u8] {
        &self.config.nick
    }

    /// How the account is to be proven; to be asked for once.
    pub(super) fn take_sasl(&mut self) -> Option<Sasl> {
        self.config.sasl.take()
    }

    /// The lines that open the connection.
    pub(super) fn open(&self) -> Result<Vec<IrcLine>, LineError> {
        let mut lines: Vec<_> = capabilities::list().into_iter().collect();
        if let Some(password) = &self.config.password {
            lines.push(IrcLine::command("PASS").trailing(password)?);
        }
        lines.push(IrcLine::command("NICK").param(&self.config.nick).build()?);
        let user = IrcLine::command("USER")
            .param(&self.config.user)
            .param("0")
            .param("*");
        lines.push(user.trailing(&self.config.real_name)?);
        Ok(lines)
    }

    /// The next nick to try: underlines at the end, then, as servers may have cut those off, a figure in the place
    /// of the last letters. `None` when it is enough.
    pub(super) fn next_nick(&mut self) -> Option<Vec<u8>> {
        self.attempts += 1;
        let mut nick = self.config.nick.clone();
        match self.attempts {
            1..=3 => nick.extend(std::iter::repeat_n(b'_', self.attempts)),
            4..=6 => {
                nick.truncate(SHORTEST_NICK_LIMIT - 1);
                nick.extend_from_slice((self.attempts - 3).to_string().as_bytes());
            }
            _ => return None,
        }
        Some(nick)
    }
}

/// Whether a server could take these bytes as one nick. Each server is stricter in its own way.
pub(super) fn is_nick(bytes: &[u8]) -> bool {
    is_middle(bytes)
        && !bytes
            .iter()
            .any(|&byte| byte < b' ' || byte == 0x7f || b"!@,*?".contains(&byte))
        && !bytes.first().is_some_and(|&byte| b"#&$".contains(&byte))
}

/// The shortest limit on nicks in use, from RFC 1459.
const SHORTEST_NICK_LIMIT: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_become_a_command() {
        let with = |change: fn(&mut Config)| {
            let mut config = Config::new("alice");
            change(&mut config);
            Registration::new(config).err()
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|c| c.nick = b"a\rQUIT".to_vec()), Some(BadConfig::Nick));
        assert_eq!(with(|c| c.nick = b"a b".to_vec()), Some(BadConfig::Nick));
        assert_eq!(with(|c| c.nick = b"#a".to_vec()), Some(BadConfig::Nick));
        assert_eq!(with(|c| c.user = b"a@b".to_vec()), Some(BadConfig::User));
        assert_eq!(
            with(|c| c.real_name = b"a\nb".to_vec()),
            Some(BadConfig::RealName)
        );
        assert_eq!(
            with(|c| c.password = Some(b"a\0b".to_vec())),
            Some(BadConfig::Password)
        );
        assert_eq!(with(|c| c.password = Some(Vec::new())), Some(BadConfig::Password));
    }

    #[test]
    fn tries_other_nicks_but_not_for_ever() {
        let mut registration = Registration::new(Config::new("christopher")).unwrap();
        let tried: Vec<_> = std::iter::from_fn(|| registration.next_nick()).collect();
        let text: Vec<_> = tried.iter().map(|nick| String::from_utf8_lossy(nick)).collect();
        assert_eq!(
            text,
            [
                "christopher_",
                "christopher__",
                "christopher___",
                "christop1",
                "christop2",
                "christop3"
            ]
        );
    }

    #[test]
    fn password_stays_out_of_debug() {
        let mut config = Config::new("alice");
        config.password = Some(b"hunter2".to_vec());
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
