//! What the server says it supports (`RPL_ISUPPORT`, 005).

use super::casemap::CaseMapping;
use super::line::MESSAGE_LIMIT;

/// The part of a server's announcements that we act on, with what holds before it said anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isupport {
    /// How names are folded.
    pub case_mapping: CaseMapping,
    /// The characters that begin a channel's name.
    pub channel_types: Vec<u8>,
    /// The characters that, before a channel's name, address a part of its members.
    pub status_prefixes: Vec<u8>,
    /// The longest message with CR and LF, in bytes.
    pub line_limit: usize,
    /// The longest nick, in bytes, if the server said so.
    pub nick_limit: Option<usize>,
    /// The network's name, if the server said so.
    pub network: Option<Vec<u8>>,
}

impl Default for Isupport {
    fn default() -> Self {
        Self {
            case_mapping: CaseMapping::Rfc1459,
            channel_types: b"#&".to_vec(),
            status_prefixes: Vec::new(),
            line_limit: MESSAGE_LIMIT,
            nick_limit: None,
            network: None,
        }
    }
}

impl Isupport {
    /// Takes one token: `NAME`, `NAME=value`, or `-NAME`, which takes it back. Unknown and senseless ones change
    /// nothing.
    pub fn learn(&mut self, token: &[u8]) {
        let (name, value) = match token.iter().position(|&byte| byte == b'=') {
            Some(place) => (token.split_at(place).0, token.split_at(place + 1).1),
            None => (token, &b""[..]),
        };
        let (name, gone) = match name.strip_prefix(b"-") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let initial = Self::default();
        match name {
            b"CASEMAPPING" if gone => self.case_mapping = initial.case_mapping,
            b"CASEMAPPING" => self.case_mapping = CaseMapping::from_token(value),
            b"CHANTYPES" if gone => self.channel_types = initial.channel_types,
            b"CHANTYPES" => self.channel_types = value.to_vec(),
            b"STATUSMSG" => self.status_prefixes = value.to_vec(),
            b"LINELEN" if gone => self.line_limit = initial.line_limit,
            b"LINELEN" => self.line_limit = number(value).filter(|&n| is_sane(n)).unwrap_or(self.line_limit),
            b"NICKLEN" if gone => self.nick_limit = None,
            b"NICKLEN" => self.nick_limit = number(value).or(self.nick_limit),
            b"NETWORK" => self.network = (!value.is_empty()).then(|| value.to_vec()),
            _ => {}
        }
    }

    /// Whether `target` names a channel or a part of one.
    #[must_use]
    pub fn is_channel(&self, target: &[u8]) -> bool {
        let start = target
            .iter()
            .position(|byte| !self.status_prefixes.contains(byte))
            .unwrap_or(target.len());
        // A channel type may also be a status prefix (`&`, `+`): then the first byte alone decides.
        let begins = |at: usize| {
            target
                .get(at)
                .is_some_and(|byte| self.channel_types.contains(byte))
        };
        begins(0) || begins(start)
    }
}

fn number(value: &[u8]) -> Option<usize> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_sane(line_limit: usize) -> bool {
    (128..=8192).contains(&line_limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_and_unlearns() {
        let mut isupport = Isupport::default();
        for token in [
            "CASEMAPPING=ascii",
            "CHANTYPES=#",
            "LINELEN=2048",
            "NICKLEN=16",
            "NETWORK=Net",
            "ELSE=1",
        ] {
            isupport.learn(token.as_bytes());
        }
        assert_eq!(isupport.case_mapping, CaseMapping::Ascii);
        assert_eq!((isupport.line_limit, isupport.nick_limit), (2048, Some(16)));
        assert_eq!(isupport.network.as_deref(), Some(&b"Net"[..]));
        for token in ["-CASEMAPPING", "-CHANTYPES", "-LINELEN", "-NICKLEN", "-NETWORK"] {
            isupport.learn(token.as_bytes());
        }
        assert_eq!(isupport, Isupport::default());
    }

    #[test]
    fn senseless_limits_change_nothing() {
        let mut isupport = Isupport::default();
        for token in [
            "LINELEN=0",
            "LINELEN=",
            "LINELEN=x",
            "LINELEN=99999999999999999999",
            "LINELEN=100000",
        ] {
            isupport.learn(token.as_bytes());
        }
        assert_eq!(isupport, Isupport::default());
    }

    #[test]
    fn knows_channels() {
        let mut isupport = Isupport::default();
        isupport.learn(b"STATUSMSG=@+");
        for channel in ["#a", "&a", "@#a", "@+#a", "#"] {
            assert!(isupport.is_channel(channel.as_bytes()), "{channel}");
        }
        for other in ["a", "", "@", "@a", "a#", "$$*"] {
            assert!(!isupport.is_channel(other.as_bytes()), "{other}");
        }
    }
}
