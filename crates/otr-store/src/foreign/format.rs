//! The programs, and how each names networks, accounts and people.

use crate::names::AccountId;

/// Whose layout of files, and whose way to name things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Pidgin, and any other program on libpurple.
    Pidgin,
    /// irssi with its otr module.
    Irssi,
    /// HexChat with hexchat-otr.
    Hexchat,
    /// Profanity.
    Profanity,
    /// mcabber.
    Mcabber,
    /// BitlBee.
    Bitlbee,
    /// WeeChat with its otr script.
    Weechat,
    /// Gajim with its former otr plugin.
    Gajim,
    /// Adium.
    Adium,
}

/// Which network an account is on, whatever a program calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// IRC.
    Irc,
    /// XMPP, also called Jabber.
    Xmpp,
    /// Any other.
    Other,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pidgin,
        Self::Irssi,
        Self::Hexchat,
        Self::Profanity,
        Self::Mcabber,
        Self::Bitlbee,
        Self::Weechat,
        Self::Gajim,
        Self::Adium,
    ];

    /// The word for it on a command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pidgin => "pidgin",
            Self::Irssi => "irssi",
            Self::Hexchat => "hexchat",
            Self::Profanity => "profanity",
            Self::Mcabber => "mcabber",
            Self::Bitlbee => "bitlbee",
            Self::Weechat => "weechat",
            Self::Gajim => "gajim",
            Self::Adium => "adium",
        }
    }

    /// The program's name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pidgin => "Pidgin",
            Self::Irssi => "irssi",
            Self::Hexchat => "HexChat",
            Self::Profanity => "Profanity",
            Self::Mcabber => "mcabber",
            Self::Bitlbee => "BitlBee",
            Self::Weechat => "WeeChat",
            Self::Gajim => "Gajim",
            Self::Adium => "Adium",
        }
    }

    /// The program's own word for the network that its users mean most often.
    pub const fn usual_protocol(self) -> &'static str {
        match self {
            Self::Pidgin => "prpl-irc",
            Self::Irssi | Self::Hexchat => "IRC",
            Self::Profanity | Self::Gajim => "xmpp",
            Self::Mcabber | Self::Bitlbee => "jabber",
            Self::Weechat => "irc",
            Self::Adium => "libpurple-Jabber",
        }
    }

    /// Whether the reading and writing were held against files of the program itself, or of the
    /// library that writes them for it. For the others there was no program to be had.
    pub const fn is_verified(self) -> bool {
        !matches!(self, Self::Gajim | Self::Adium)
    }

    /// How the program would name somebody whom we know by a plain nick.
    pub fn person(self, nick: &[u8], account: &AccountId) -> Vec<u8> {
        match (self, account.name().iter().position(|byte| *byte == b'@')) {
            // The script names people as it names accounts, by nick and server.
            (Self::Weechat, Some(at)) if !nick.contains(&b'@') => {
                let server = account.name().get(at..).unwrap_or_default();
                [nick, server].concat()
            }
            _ => nick.to_vec(),
        }
    }
}

impl Network {
    /// The network behind a program's word: `prpl-jabber`, `xmpp`, `libpurple-Jabber` are one.
    pub fn of(protocol: &[u8]) -> Self {
        let word = protocol.to_ascii_lowercase();
        let word = [&b"prpl-"[..], b"libpurple-"]
            .iter()
            .find_map(|prefix| word.strip_prefix(*prefix))
            .unwrap_or(&word);
        match word {
            b"irc" => Self::Irc,
            b"jabber" | b"xmpp" => Self::Xmpp,
            _ => Self::Other,
        }
    }

    /// The name of a person without what does not belong to the person: the device (resource) on
    /// XMPP, the server on IRC, where no nick holds an `@`.
    pub fn bare_name(self, user: &[u8]) -> &[u8] {
        let end = match self {
            Self::Irc => b'@',
            Self::Xmpp => b'/',
            Self::Other => return user,
        };
        match user.iter().position(|byte| *byte == end) {
            Some(0) | None => user,
            Some(position) => user.get(..position).unwrap_or(user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_have_many_names() {
        for (word, network) in [
            ("prpl-jabber", Network::Xmpp),
            ("xmpp", Network::Xmpp),
            ("XMPP", Network::Xmpp),
            ("jabber", Network::Xmpp),
            ("libpurple-Jabber", Network::Xmpp),
            ("prpl-irc", Network::Irc),
            ("IRC", Network::Irc),
            ("irc", Network::Irc),
            ("prpl-icq", Network::Other),
            ("prpl-prpl-irc", Network::Other),
            ("", Network::Other),
        ] {
            assert_eq!(Network::of(word.as_bytes()), network, "{word}");
        }
    }

    #[test]
    fn names_lose_device_and_server() {
        for (network, user, bare) in [
            (Network::Xmpp, "bob@example.org/Home/x", "bob@example.org"),
            (Network::Xmpp, "bob@example.org", "bob@example.org"),
            (Network::Xmpp, "/odd", "/odd"),
            (Network::Irc, "bob@oftc", "bob"),
            (Network::Irc, "@bob", "@bob"),
            (Network::Other, "12345/6@7", "12345/6@7"),
        ] {
            assert_eq!(network.bare_name(user.as_bytes()), bare.as_bytes());
        }
    }
}
