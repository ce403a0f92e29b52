//! How many bytes of text fit one message.
//!
//! A server sends our words on as `:nick!user@host PRIVMSG target :text` CR LF and cuts whatever is over the limit
//! of that *whole* line, so the room depends on how the server shows us, not on what we send (user needs N9).

use super::message::Source;

/// How the server shows us to others, as far as we know. What is unknown counts as its longest.
#[derive(Clone, Debug)]
pub struct OwnPrefix {
    nick: Vec<u8>,
    user: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    host_from: Origin,
}

/// Where our knowledge of the host comes from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// The server told us what it calls us, which need not be what it shows.
    Told,
    /// Another host was put in the place of ours, and we do not know which: what we are told is worthless.
    Cloaked,
    /// A line of our own came back.
    Seen,
    /// The server announced what it shows.
    Announced,
}

impl OwnPrefix {
    /// Nothing is known but the nick.
    #[must_use]
    pub fn new(nick: &[u8]) -> Self {
        Self {
            nick: nick.to_vec(),
            user: None,
            host: None,
            host_from: Origin::Told,
        }
    }

    /// The nick.
    #[must_use]
    pub fn nick(&self) -> &[u8] {
        &self.nick
    }

    /// We have another nick.
    pub fn renamed(&mut self, nick: &[u8]) {
        self.nick = nick.to_vec();
    }

    /// The server calls us by this user name and host (001, 302). Some servers tell us our real host there and
    /// show others a longer one, so this replaces nothing that is known better.
    pub fn told(&mut self, user: &[u8], host: &[u8]) {
        self.learn(Origin::Told, Some(user), host);
    }

    /// A line of our own came back to us: this is what everybody sees.
    pub fn seen(&mut self, source: &Source<'_>) {
        if let (Some(user), Some(host)) = (source.user, source.host) {
            self.host_from = self.host_from.min(Origin::Seen);
            self.learn(Origin::Seen, Some(user), host);
        }
    }

    /// The server announces which user name and host it shows (311, 352, 396).
    pub fn announced(&mut self, user: Option<&[u8]>, host: &[u8]) {
        self.learn(Origin::Announced, user, host);
    }

    /// A user mode hid our host or laid it open. What was not announced no longer holds.
    pub fn host_changed(&mut self) {
        if self.host_from < Origin::Announced {
            self.host = None;
            self.host_from = Origin::Cloaked;
        }
    }

    fn learn(&mut self, origin: Origin, user: Option<&[u8]>, host: &[u8]) {
        if origin < self.host_from {
            return;
        }
        if let Some(user) = user {
            self.user = Some(user.to_vec());
        }
        self.host = Some(host.to_vec());
        self.host_from = origin;
    }

    /// The length of `:nick!user@host` and the space after it, in bytes; the worst case for what is unknown.
    #[must_use]
    pub fn length(&self) -> usize {
        let user = self.user.as_ref().map_or(WORST_USER, Vec::len);
        let host = self.host.as_ref().map_or(WORST_HOST, Vec::len);
        ":!@ ".len() + self.nick.len() + user + host
    }

    /// How many bytes of text fit `command target :text`, sent as one line of at most `line_limit` bytes with its
    /// CR and LF. 0 if nothing fits.
    #[must_use]
    pub fn room(&self, command: &str, target: &[u8], line_limit: usize) -> usize {
        let around = self.length() + command.len() + " ".len() + target.len() + " :".len() + "\r\n".len();
        line_limit.saturating_sub(around)
    }
}

/// The longest host that servers show, in bytes.
pub const WORST_HOST: usize = 63;

/// The longest user name, with the `~` of an unchecked one.
pub const WORST_USER: usize = 10 + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_line_as_the_server_sends_it() {
        let mut prefix = OwnPrefix::new(b"alice");
        assert_eq!(prefix.length(), ":alice!~1234567890@ ".len() + 63);
        prefix.told(b"~al", b"host.example");
        let whole = b":alice!~al@host.example PRIVMSG bob :\r\n";
        assert_eq!(prefix.room("PRIVMSG", b"bob", 512), 512 - whole.len());
        assert_eq!(prefix.room("PRIVMSG", &[b'x'; 600], 512), 0);
    }

    #[test]
    fn what_others_see_outranks_what_we_are_told() {
        let mut prefix = OwnPrefix::new(b"a");
        prefix.told(b"u", b"real");
        prefix.seen(&Source::parse(b"a!u@a.longer.cloak"));
        prefix.told(b"u", b"real");
        assert_eq!(prefix.length(), ":a!u@a.longer.cloak ".len());
        prefix.seen(&Source::parse(b"a"));
        assert_eq!(prefix.length(), ":a!u@a.longer.cloak ".len());
    }

    #[test]
    fn a_cloak_makes_what_we_are_told_worthless() {
        let mut prefix = OwnPrefix::new(b"a");
        prefix.told(b"u", b"real");
        prefix.host_changed();
        assert_eq!(prefix.length(), ":a!u@ ".len() + WORST_HOST);
        prefix.told(b"u", b"real");
        assert_eq!(prefix.length(), ":a!u@ ".len() + WORST_HOST);
        prefix.announced(None, b"cloak");
        assert_eq!(prefix.length(), ":a!u@cloak ".len());
        prefix.host_changed();
        assert_eq!(
            prefix.length(),
            ":a!u@cloak ".len(),
            "servers that announce do so before or after the mode"
        );
    }
}
