//! Doors of the proxy to accounts of XMPP.

use im::xmpp::{BareJid, Login};

use crate::config::complaint::{Complaint, Origin};
use crate::config::listen::{Listen, ListenTable};
use crate::config::place::Place;
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
    /// The account, if it is not the profile's, and nothing has to be said of the way there.
    account: Option<Setting<String>>,
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

impl XmppTable {
    pub(super) fn read(name: Setting<String>, mut table: Table<'_>, reader: &mut Reader) -> Self {
        let read = Self {
            name,
            listen: table.text("listen", reader),
            profile: table.text("profile", reader),
            account: table.text("account", reader),
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
        let mut request = Request {
            profile: Some(self.profile.as_ref().unwrap_or(&self.name).value.clone()),
            ..common.clone()
        };
        let origin = self.name.origin.clone();
        request.settings.xmpp.jid = self.account.clone();
        let mut configuration = configuration.clone();
        let profile = self.profile.as_ref().unwrap_or(&self.name);
        let profile = Profile::find(&configuration, &profile.value);
        if self.account.is_none() && profile.is_none_or(|profile| profile.xmpp.jid.is_none()) {
            complaints.push(self.no_account());
            return None;
        }
        if let (Some(named), None) = (&self.profile, profile) {
            // A mistyped name would be somebody new, with a new key.
            let what = format!("the configuration has no profile `{}`", named.value);
            let complaint = Complaint::new(named.origin.clone(), what);
            complaints.push(
                complaint.remedy("a table [profile.NAME] makes one; without `profile` it is the door's"),
            );
            return None;
        }
        if profile.is_none() {
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
            let origin = self
                .account
                .as_ref()
                .map_or(origin, |account| account.origin.clone());
            let complaint = Complaint::new(origin, fault.to_string());
            complaints.push(complaint.remedy("look at [profile.NAME.xmpp]"));
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
}

/// Where the door is if nobody says otherwise.
const LISTEN: &str = "127.0.0.1:15222";
