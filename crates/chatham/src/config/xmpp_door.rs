//! Doors of the proxy to accounts of XMPP.

use std::path::PathBuf;

use im::xmpp::{BareJid, Login, Security};

use crate::config::complaint::{Complaint, Origin};
use crate::config::listen::{Listen, ListenTable};
use crate::config::place::{Place, host_and_port};
use crate::config::table::{Reader, Table};
use crate::config::{Configuration, Profile, Request, Resolved, Setting};

/// What stands in `[proxy.xmpp.NAME]`.
#[derive(Clone, Debug)]
pub struct XmppTable {
    /// Its name, which is that of the profile if none is named.
    name: Setting<String>,
    /// Where clients find it.
    listen: Option<Setting<String>>,
    /// Whose key it is, and by which rules.
    profile: Option<Setting<String>>,
    /// The account, if it is not the profile's.
    account: Option<Setting<String>>,
    /// The host to go to, instead of those that the account's domain names.
    server: Option<Setting<String>>,
    /// How the connection to the server is encrypted.
    security: Option<Setting<Security>>,
    /// Certificates that may vouch for the server, instead of the system's.
    roots: Option<Setting<PathBuf>>,
    /// Whether the client may talk to the proxy without encryption.
    plain: Option<Setting<bool>>,
}

/// One door to an account.
#[derive(Clone, Debug)]
pub struct XmppDoor {
    /// Its name.
    pub name: String,
    /// Where clients find it.
    pub listen: Listen,
    /// The account.
    pub account: BareJid,
    /// The way into it.
    pub login: Login,
    /// Whether the client may talk to the proxy without encryption.
    pub plain: bool,
    /// Whose key it is, and by which rules.
    pub resolved: Resolved,
}

impl XmppDoor {
    /// Where it leads, in words.
    pub fn place(&self) -> String {
        let server = self
            .login
            .server
            .as_ref()
            .map_or_else(String::new, |(host, port)| {
                let port = port.map_or_else(String::new, |port| format!(", port {port}"));
                format!(" at {host}{port}")
            });
        let security = match self.login.security {
            Security::None => ", NOT ENCRYPTED",
            Security::Best | Security::Direct | Security::StartTls => ", encrypted",
        };
        format!("{}{server}{security}", self.account)
    }
}

impl XmppTable {
    pub(super) fn read(name: Setting<String>, mut table: Table<'_>, reader: &mut Reader) -> Self {
        let securities = [
            ("best", Security::Best),
            ("direct", Security::Direct),
            ("starttls", Security::StartTls),
            ("none", Security::None),
        ];
        let read = Self {
            name,
            listen: table.text("listen", reader),
            profile: table.text("profile", reader),
            account: table.text("account", reader),
            server: table.text("server", reader),
            security: table.choice("encryption", &securities, reader),
            roots: table.path("tls-roots", reader),
            plain: table.choice("loopback", &[("starttls", false), ("plain", true)], reader),
        };
        table.finish(reader);
        read
    }

    /// The door, or what is wrong with it, which is added to the complaints. `None` if it is switched off.
    pub(super) fn settle(
        &self,
        common: &Request,
        configuration: &Configuration,
        complaints: &mut Vec<Complaint>,
    ) -> Option<XmppDoor> {
        let before = complaints.len();
        let listen = ListenTable {
            listen: self.listen.clone(),
            ..ListenTable::default()
        };
        let listen = listen.settle(LISTEN, complaints);
        let server = self.server(complaints);
        let mut request = Request {
            profile: Some(self.profile.as_ref().unwrap_or(&self.name).value.clone()),
            ..common.clone()
        };
        let origin = self.name.origin.clone();
        let here = &mut request.settings.xmpp;
        here.jid = self.account.clone();
        here.security = self.security.clone();
        here.roots = self.roots.clone();
        if let (Some((host, port)), Some(said)) = (server, &self.server) {
            let setting = |value| Setting {
                value,
                origin: said.origin.clone(),
            };
            here.host = Some(setting(host));
            here.port = port.map(|value| Setting {
                value,
                origin: said.origin.clone(),
            });
        }
        let mut configuration = configuration.clone();
        let profile = self.profile.as_ref().unwrap_or(&self.name);
        let profile = Profile::find(&configuration, &profile.value);
        if self.account.is_none() && profile.is_none_or(|profile| profile.xmpp.jid.is_none()) {
            complaints.push(self.no_account());
            return None;
        }
        if self.profile.is_none() && profile.is_none() {
            configuration
                .profiles
                .insert(self.name.value.clone(), Profile::default());
        }
        let mut resolved = match request.over(&configuration) {
            Ok(resolved) => resolved,
            Err(faults) => {
                complaints.extend(faults.into_iter().map(|fault| match fault.origin {
                    Origin::Option("--profile") | Origin::Default => Complaint {
                        origin: origin.clone(),
                        ..fault
                    },
                    _ => fault,
                }));
                return None;
            }
        };
        complaints.append(&mut resolved.warnings);
        let Place::Xmpp(account) = &resolved.place else {
            complaints.push(self.no_account());
            return None;
        };
        let (account, login) = (account.jid.clone(), account.login.clone());
        if crate::proxy::xmpp::is_reserved(account.as_str()) {
            let complaint = Complaint::new(origin, format!("{account} is the name of the proxy itself"));
            complaints.push(complaint.remedy("name the address of your account"));
            return None;
        }
        if let Err(fault) = login.check() {
            let at = self.security.as_ref().map(|security| security.origin.clone());
            let origin = at
                .or_else(|| self.roots.as_ref().map(|roots| roots.origin.clone()))
                .or_else(|| self.account.as_ref().map(|account| account.origin.clone()))
                .unwrap_or(origin);
            let complaint = Complaint::new(origin, fault.to_string());
            complaints.push(complaint.remedy("look at `account`, `server`, `encryption` and `tls-roots`"));
        }
        let listen = listen?;
        (complaints.len() == before || complaints.iter().skip(before).all(|one| one.warning)).then_some(
            XmppDoor {
                name: self.name.value.clone(),
                listen,
                account,
                login,
                plain: self.plain.as_ref().is_some_and(|plain| plain.value),
                resolved,
            },
        )
    }

    fn no_account(&self) -> Complaint {
        let complaint = Complaint::new(self.name.origin.clone(), "this door has no account");
        complaint.remedy("account = \"you@example.org\" here, or a profile with [profile.NAME.xmpp]")
    }

    fn server(&self, complaints: &mut Vec<Complaint>) -> Option<(String, Option<u16>)> {
        let server = self.server.as_ref()?;
        host_and_port(&server.value)
            .map_err(|what| {
                let complaint = Complaint::new(server.origin.clone(), what);
                complaints.push(complaint.remedy("write HOST or HOST:PORT, or take it out"));
            })
            .ok()
    }
}

/// Where the door is if nobody says otherwise.
const LISTEN: &str = "127.0.0.1:15222";
