//! One profile: who one is, on which network, and how to get there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use im::xmpp::Security;

use crate::config::complaint::{Complaint, Origin};
use crate::config::rules::Rules;
use crate::config::table::{Reader, Table};
use crate::config::{Configuration, Setting};

/// The settings of a profile, as far as they were made. The command line makes one, too, and is laid over it.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Our nick.
    pub nick: Option<Setting<String>>,
    /// Our user name, which servers show with the host.
    pub user_name: Option<Setting<String>>,
    /// Our real name, which anybody may read.
    pub real_name: Option<Setting<String>>,
    /// With whom to talk at first.
    pub peer: Option<Setting<String>>,
    /// The server.
    pub server: Server,
    /// How to prove that an account is ours.
    pub sasl: Sasl,
    /// The XMPP account, instead of a server.
    pub xmpp: Xmpp,
    /// The proxy through which everything goes.
    pub proxy: Proxy,
    /// So many lines may go at once.
    pub burst: Option<Setting<u32>>,
    /// And after them one every so many milliseconds.
    pub interval: Option<Setting<u32>>,
    /// The rules for everybody here.
    pub rules: Rules,
    /// The rules for single people, by nick.
    pub people: BTreeMap<String, Rules>,
}

/// Which server, and whether the connection is encrypted.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// The relay of this computer, on this port, instead of a host.
    pub local: Option<Setting<u16>>,
    /// Its name or address.
    pub host: Option<Setting<String>>,
    /// Its port.
    pub port: Option<Setting<u16>>,
    /// Whether the connection is encrypted.
    pub tls: Option<Setting<bool>>,
    /// Certificates that may vouch for the server, instead of the system's.
    pub roots: Option<Setting<PathBuf>>,
    /// The name in the server's certificate, if it is not the host.
    pub name: Option<Setting<String>>,
    /// Our own certificate.
    pub certificate: Option<Setting<PathBuf>>,
    /// Its private key.
    pub key: Option<Setting<PathBuf>>,
    /// Where the server's password stands.
    pub password_file: Option<Setting<PathBuf>>,
}

/// Which XMPP account, and the way there.
#[derive(Clone, Debug, Default)]
pub struct Xmpp {
    /// Its address.
    pub jid: Option<Setting<String>>,
    /// The host to go to, instead of the one that the address leads to.
    pub host: Option<Setting<String>>,
    /// The port there.
    pub port: Option<Setting<u16>>,
    /// How the connection is encrypted.
    pub security: Option<Setting<Security>>,
    /// Certificates that may vouch for the server, instead of the system's.
    pub roots: Option<Setting<PathBuf>>,
    /// What the server should call this client.
    pub resource: Option<Setting<String>>,
    /// Where the account's password stands.
    pub password_file: Option<Setting<PathBuf>>,
}

/// How to prove that an account is ours.
#[derive(Clone, Debug, Default)]
pub struct Sasl {
    /// The mechanism.
    pub mechanism: Option<Setting<Mechanism>>,
    /// The account, if it is not the nick.
    pub account: Option<Setting<String>>,
    /// Where its password stands.
    pub password_file: Option<Setting<PathBuf>>,
}

/// The two ways to prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// A password.
    Plain,
    /// The certificate.
    External,
}

/// A proxy.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// Its host and port, if it speaks SOCKS5.
    pub socks5: Option<Setting<String>>,
    /// Its host and port, if it speaks HTTP CONNECT.
    pub http: Option<Setting<String>>,
    /// The user there.
    pub user: Option<Setting<String>>,
    /// Where the user's password stands.
    pub password_file: Option<Setting<PathBuf>>,
    /// The password itself, which only the command line can give.
    pub password: Option<zeroize::Zeroizing<String>>,
}

impl Mechanism {
    /// Its words in the file.
    pub(super) const WORDS: [(&'static str, Self); 2] =
        [("plain", Self::Plain), ("external", Self::External)];
}

impl Profile {
    /// The settings of this profile, with those below where it has none. If it names another place, nothing that
    /// belongs to the place below is taken: no password ever goes to a server that it was not meant for. The way
    /// there stays, for a proxy that is quietly left out would give the person away.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let elsewhere = self.server.local.is_some() || self.server.host.is_some() || self.xmpp.jid.is_some();
        let (server, sasl, xmpp) = if elsewhere {
            (self.server, self.sasl, self.xmpp)
        } else {
            (
                self.server.over(below.server),
                self.sasl.over(below.sasl),
                self.xmpp.over(below.xmpp),
            )
        };
        let proxy = if self.proxy.is_named() {
            self.proxy
        } else {
            below.proxy
        };
        Self {
            nick: self.nick.or(below.nick),
            user_name: self.user_name.or(below.user_name),
            real_name: self.real_name.or(below.real_name),
            peer: self.peer.or(below.peer),
            server,
            sasl,
            xmpp,
            proxy,
            burst: self.burst.or(below.burst),
            interval: self.interval.or(below.interval),
            rules: below.rules,
            people: below.people,
        }
    }

    /// The profile of this name, if it is there.
    pub(super) fn find<'c>(configuration: &'c Configuration, name: &str) -> Option<&'c Self> {
        let mut profiles = configuration.profiles.iter();
        let (_, profile) = profiles.find(|(known, _)| super::is_same(known, name))?;
        Some(profile)
    }

    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let mut profile = Self {
            nick: table.text("nick", reader),
            user_name: table.text("user-name", reader),
            real_name: table.text("real-name", reader),
            peer: table.text("peer", reader),
            server: Server::read(table.table("server", reader), reader),
            sasl: Sasl::read(table.table("sasl", reader), reader),
            xmpp: Xmpp::read(table.table("xmpp", reader), reader),
            proxy: Proxy::read(table.table("proxy", reader), reader),
            rules: Rules::read(table.table("policy", reader), reader),
            ..Self::default()
        };
        let mut pacing = table.table("pacing", reader);
        profile.burst = pacing.number("burst", 1..=1000, reader);
        profile.interval = pacing.number("interval-ms", 0..=60_000, reader);
        pacing.finish(reader);
        for (nick, table) in table.table("person", reader).tables(reader) {
            if nick.value.is_empty() || nick.value.contains(char::is_whitespace) {
                let complaint = Complaint::new(nick.origin.clone(), "this is no nick");
                reader
                    .complaints
                    .push(complaint.remedy("a person is named as [profile.NAME.person.\"their-nick\"]"));
            }
            profile.people.insert(nick.value, Rules::read(table, reader));
        }
        table.finish(reader);
        profile
    }
}

impl Server {
    /// The files with certificates and keys.
    pub(super) fn files(&self) -> Vec<Setting<PathBuf>> {
        let files = [&self.roots, &self.certificate, &self.key];
        files.into_iter().flatten().cloned().collect()
    }

    fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let server = Self {
            local: table.port("local", reader),
            host: table.text("host", reader),
            port: table.port("port", reader),
            tls: table.flag("tls", reader),
            roots: table.path("tls-roots", reader),
            name: table.text("tls-name", reader),
            certificate: table.path("certificate", reader),
            key: table.path("key", reader),
            password_file: table.path("password-file", reader),
        };
        table.finish(reader);
        server
    }

    fn over(self, below: Self) -> Self {
        Self {
            local: below.local,
            host: below.host,
            port: self.port.or(below.port),
            tls: self.tls.or(below.tls),
            roots: self.roots.or(below.roots),
            name: self.name.or(below.name),
            certificate: self.certificate.or(below.certificate),
            key: self.key.or(below.key),
            password_file: self.password_file.or(below.password_file),
        }
    }
}

impl Xmpp {
    /// The words for [`Security`] in the file.
    const WORDS: [(&'static str, Security); 4] = [
        ("best", Security::Best),
        ("direct", Security::Direct),
        ("starttls", Security::StartTls),
        ("none", Security::None),
    ];

    fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let xmpp = Self {
            jid: table.text("jid", reader),
            host: table.text("host", reader),
            port: table.port("port", reader),
            security: table.choice("tls", &Self::WORDS, reader),
            roots: table.path("tls-roots", reader),
            resource: table.text("resource", reader),
            password_file: table.path("password-file", reader),
        };
        table.finish(reader);
        xmpp
    }

    fn over(self, below: Self) -> Self {
        Self {
            jid: below.jid,
            host: self.host.or(below.host),
            port: self.port.or(below.port),
            security: self.security.or(below.security),
            roots: self.roots.or(below.roots),
            resource: self.resource.or(below.resource),
            password_file: self.password_file.or(below.password_file),
        }
    }
}

impl Sasl {
    fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let sasl = Self {
            mechanism: table.choice("mechanism", &Mechanism::WORDS, reader),
            account: table.text("account", reader),
            password_file: table.path("password-file", reader),
        };
        table.finish(reader);
        sasl
    }

    fn over(self, below: Self) -> Self {
        Self {
            mechanism: self.mechanism.or(below.mechanism),
            account: self.account.or(below.account),
            password_file: self.password_file.or(below.password_file),
        }
    }

    /// Where somebody asked for it, by whichever setting.
    pub(super) fn origin(&self) -> Option<Origin> {
        let account = self.account.as_ref().map(|account| &account.origin);
        let file = self.password_file.as_ref().map(|file| &file.origin);
        let mechanism = self.mechanism.as_ref().map(|mechanism| &mechanism.origin);
        mechanism.or(account).or(file).cloned()
    }
}

impl Proxy {
    /// Whether it says which.
    pub fn is_named(&self) -> bool {
        self.socks5.is_some() || self.http.is_some()
    }

    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let proxy = Self {
            socks5: table.text("socks5", reader),
            http: table.text("http", reader),
            user: table.text("user", reader),
            password_file: table.path("password-file", reader),
            password: None,
        };
        table.finish(reader);
        proxy
    }
}
