//! The proxy's part of the configuration: its doors, and how it talks.
//!
//! A door leads where a profile says: its server, its SOCKS5 proxy, its rules, its key.

use std::path::PathBuf;

use im::dial::{self, ProxySpeech};

use crate::config::complaint::{Complaint, Origin};
use crate::config::listen::{Listen, ListenTable, OFF};
use crate::config::place;
use crate::config::resolve::user_name;
use crate::config::rival_doors::{crowded, is_twin, shared_profile};
use crate::config::table::{Reader, Table};
use crate::config::xmpp_door::{XmppDoor, XmppTable};
use crate::config::{Configuration, Profile, Request, Resolved, Setting, profile, secret};
use crate::proxy::{Habits, Stay};

/// What stands in `[proxy]`.
#[derive(Clone, Debug, Default)]
pub struct ProxyTable {
    /// What a command to the proxy begins with, besides `/otr`.
    pub prefix: Option<Setting<String>>,
    /// Whether its words come as NOTICE.
    pub notices: Option<Setting<bool>>,
    /// The doors to IRC servers, by name.
    pub irc: Vec<DoorTable>,
    /// The doors to accounts of XMPP.
    pub xmpp: Vec<XmppTable>,
    /// The door to all of them for clients that speak SOCKS5.
    pub socks5: ListenTable,
    /// The door to all of them for clients that speak HTTP CONNECT.
    pub http: ListenTable,
    /// Whether connections to other servers pass there.
    pub pass_others: Option<Setting<bool>>,
    /// Through which proxy they pass.
    pub way_of_others: profile::Proxy,
}

/// What stands in `[proxy.irc.NAME]`.
#[derive(Clone, Debug)]
pub struct DoorTable {
    /// Its name, which is that of the profile if none is named.
    pub name: Setting<String>,
    /// Where clients find it.
    pub listen: ListenTable,
    /// Where it leads.
    pub profile: Option<Setting<String>>,
    /// How long its connection stays when the last client has gone.
    pub stay: Option<Setting<Stay>>,
}

/// What the command line asks of the proxy.
#[derive(Clone, Debug, Default)]
pub struct ProxyRequest {
    /// The configuration, the profile, the store, and the server if one is named.
    pub common: Request,
    /// Where clients find the only door.
    pub listen: Option<Setting<String>>,
    /// Where clients that speak SOCKS5 find it, too.
    pub socks5: Option<Setting<String>>,
    /// Where clients that speak HTTP CONNECT find it, too.
    pub http: Option<Setting<String>>,
}

/// Everything that is settled before the first door is opened.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The doors, each to one server.
    pub doors: Vec<Door>,
    /// The doors to accounts of XMPP.
    pub xmpp: Vec<XmppDoor>,
    /// The doors through which a client names the server.
    pub entries: Vec<Entry>,
    /// What becomes of connections there that lead to none of these servers.
    pub others: Others,
    /// How the proxy talks.
    pub habits: Habits,
    /// Where keys, trust and the proxy's password are kept.
    pub data: PathBuf,
    /// What the person should know before it begins.
    pub warnings: Vec<Complaint>,
}

/// One door.
#[derive(Clone, Debug)]
pub struct Door {
    /// Its name.
    pub name: String,
    /// Where clients find it; `None` if only by an entry.
    pub listen: Option<Listen>,
    /// Where it leads, and by which rules.
    pub resolved: Resolved,
    /// How long its connection stays when the last client has gone.
    pub stay: Stay,
}

/// A door through which a client says where it wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How it says so.
    pub speech: ProxySpeech,
    /// Where clients find it.
    pub listen: Listen,
}

/// What becomes of a connection to a server of which the proxy knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// It is refused.
    #[default]
    Refuse,
    /// It passes as it is, through this proxy if there is one.
    Pass(Option<dial::Proxy>),
}

/// A door as it was asked for.
struct Wish {
    name: String,
    listen: ListenTable,
    profile: Option<String>,
    stay: Stay,
    settings: Profile,
    origin: Origin,
}

impl ProxyTable {
    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let words = [("message", false), ("notice", true)];
        let mut read = Self {
            prefix: table.text("command", reader),
            notices: table.choice("words", &words, reader),
            ..Self::default()
        };
        if let Some(prefix) = &read.prefix
            && (prefix.value.contains(char::is_whitespace) || prefix.value.contains(char::is_control))
        {
            let complaint = Complaint::new(prefix.origin.clone(), "a command begins with one word");
            reader
                .complaints
                .push(complaint.remedy("as \"!otr\"; \"\" is for none but /otr"));
        }
        for (name, mut table) in table.table("irc", reader).tables(reader) {
            let listen = ListenTable::read(&mut table, reader);
            let profile = table.text("profile", reader);
            let stay = stay(&mut table, reader);
            table.finish(reader);
            read.irc.push(DoorTable {
                name,
                listen,
                profile,
                stay,
            });
        }
        for (name, table) in table.table("xmpp", reader).tables(reader) {
            read.xmpp.push(XmppTable::read(name, table, reader));
        }
        for (name, listen) in [("socks5", &mut read.socks5), ("http", &mut read.http)] {
            let mut table = table.table(name, reader);
            *listen = ListenTable::read(&mut table, reader);
            table.finish(reader);
        }
        let mut others = table.table("others", reader);
        read.pass_others = others.choice("connections", &[("refuse", false), ("pass", true)], reader);
        read.way_of_others = profile::Proxy::read(others.table("proxy", reader), reader);
        others.finish(reader);
        table.finish(reader);
        read
    }

    fn others(&self, complaints: &mut Vec<Complaint>) -> Others {
        let way = place::proxy(&self.way_of_others).unwrap_or_else(|complaint| {
            complaints.push(complaint);
            None
        });
        match &self.pass_others {
            Some(pass) if pass.value => Others::Pass(way),
            _ => Others::Refuse,
        }
    }

    fn habits(&self) -> Habits {
        let usual = Habits::default();
        Habits {
            prefix: self
                .prefix
                .as_ref()
                .map_or(usual.prefix, |prefix| match prefix.value.as_str() {
                    "" => "/otr".to_owned(),
                    prefix => prefix.to_owned(),
                }),
            notices: self
                .notices
                .as_ref()
                .map_or(usual.notices, |notices| notices.value),
        }
    }
}

impl ProxyRequest {
    /// Reads the configuration, and settles everything.
    ///
    /// # Errors
    /// Everything that is wrong, in the file and with the combination.
    pub fn resolve(self) -> Result<Plan, Vec<Complaint>> {
        let configuration = Configuration::load(self.common.config.as_deref())?;
        let path = self.common.config.clone().or_else(super::default_path);
        let open = path.as_deref().and_then(secret::open_to_writers);
        match (self.over(&configuration), open) {
            (Ok(plan), None) => Ok(plan),
            (Ok(_), Some(complaint)) => Err(vec![complaint]),
            (Err(complaints), open) => Err(complaints.into_iter().chain(open).collect()),
        }
    }

    /// Settles everything over a configuration that was read.
    ///
    /// # Errors
    /// Everything that is wrong with the combination.
    pub fn over(&self, configuration: &Configuration) -> Result<Plan, Vec<Complaint>> {
        let (mut doors, mut complaints): (Vec<Door>, Vec<Complaint>) = (Vec::new(), Vec::new());
        let wishes = self.wishes(configuration);
        let xmpp = self.xmpp(configuration, &mut complaints);
        if wishes.is_empty() && configuration.proxy.xmpp.is_empty() {
            let complaint =
                Complaint::new(Origin::Default, "no server is named that the proxy would lead to");
            complaints.push(complaint.remedy(
                "--upstream HOST, or a line [proxy.irc.NAME] with `listen` and `profile` in the configuration, or \
                 [proxy.xmpp.NAME] with `account`",
            ));
        }
        for wish in wishes {
            let origin = wish.origin.clone();
            match self.door(wish, configuration, &mut complaints) {
                Some(door) if is_twin(&doors, &door, &origin, &mut complaints) => {}
                Some(door) => doors.push(door),
                None => {}
            }
        }
        let entries = self.entries(configuration, &mut complaints);
        let others = configuration.proxy.others(&mut complaints);
        let closed = doors.iter().all(|door| door.listen.is_none()) && entries.is_empty() && xmpp.is_empty();
        if closed && complaints.is_empty() {
            let complaint = Complaint::new(Origin::Default, "every door is switched off");
            complaints.push(complaint.remedy(
                "say `listen` in one of [proxy.irc.NAME], [proxy.xmpp.NAME], [proxy.socks5], [proxy.http]",
            ));
        }
        let listens = doors.iter().filter_map(|door| door.listen.as_ref());
        let listens = listens.chain(xmpp.iter().map(|door| &door.listen));
        let listens: Vec<_> = listens.chain(entries.iter().map(|entry| &entry.listen)).collect();
        complaints.extend(crowded(&listens));
        complaints.extend(shared_profile(&doors, &xmpp));
        let (warnings, faults): (Vec<_>, Vec<_>) =
            complaints.into_iter().partition(|complaint| complaint.warning);
        let mut all = doors.iter().map(|door| &door.resolved);
        let data = all.next().or_else(|| xmpp.first().map(|door| &door.resolved));
        let data = data.map(|resolved| resolved.data.clone());
        match data {
            Some(data) if faults.is_empty() => Ok(Plan {
                doors,
                xmpp,
                entries,
                others,
                habits: configuration.proxy.habits(),
                data,
                warnings,
            }),
            _ => Err(faults.into_iter().chain(warnings).collect()),
        }
    }

    /// The doors that are asked for: one by the command line, or those of the configuration.
    fn wishes(&self, configuration: &Configuration) -> Vec<Wish> {
        let server = &self.common.settings.server;
        let named = server.host.is_some() || server.local.is_some();
        if self.is_settled_here() {
            return vec![Wish {
                name: "command line".to_owned(),
                listen: ListenTable {
                    listen: self.listen.clone(),
                    ..ListenTable::default()
                },
                profile: self.common.profile.clone(),
                stay: Stay::Off,
                settings: self.common.settings.clone(),
                origin: Origin::Option(if named { "--upstream" } else { "--listen" }),
            }];
        }
        let wish = |door: &DoorTable| Wish {
            name: door.name.value.clone(),
            listen: door.listen.clone(),
            profile: Some(door.profile.as_ref().unwrap_or(&door.name).value.clone()),
            stay: door.stay.as_ref().map_or(Stay::Off, |stay| stay.value),
            settings: self.common.settings.clone(),
            origin: door.name.origin.clone(),
        };
        configuration.proxy.irc.iter().map(wish).collect()
    }

    /// The doors to accounts of XMPP, which only the configuration can name. No two of all doors have one profile.
    fn xmpp(&self, configuration: &Configuration, complaints: &mut Vec<Complaint>) -> Vec<XmppDoor> {
        if self.is_settled_here() {
            return Vec::new();
        }
        let tables = configuration.proxy.xmpp.iter();
        tables
            .filter_map(|table| table.settle(&self.common, configuration, complaints))
            .collect()
    }

    /// Whether the command line says what there is, and not the configuration.
    pub fn is_settled_here(&self) -> bool {
        let server = &self.common.settings.server;
        let named = server.host.is_some() || server.local.is_some();
        named || self.listen.is_some() || self.common.profile.is_some()
    }

    /// The doors through which a client names the server: those of the command line, else those of the configuration.
    fn entries(&self, configuration: &Configuration, complaints: &mut Vec<Complaint>) -> Vec<Entry> {
        let table = &configuration.proxy;
        let wishes = [
            (ProxySpeech::Socks5, &self.socks5, &table.socks5),
            (ProxySpeech::HttpConnect, &self.http, &table.http),
        ];
        let mut entries = Vec::new();
        for (speech, typed, written) in wishes {
            let wish = match typed {
                Some(listen) => &ListenTable {
                    listen: Some(listen.clone()),
                    ..written.clone()
                },
                None if self.is_settled_here() => continue,
                None => written,
            };
            let listen = wish.settle(OFF, complaints);
            entries.extend(listen.map(|listen| Entry { speech, listen }));
        }
        entries
    }

    fn door(
        &self,
        wish: Wish,
        configuration: &Configuration,
        complaints: &mut Vec<Complaint>,
    ) -> Option<Door> {
        let before = complaints.len();
        let mut listen = wish.listen.clone();
        listen.listen.get_or_insert_with(|| Setting {
            value: LISTEN.to_owned(),
            origin: wish.origin.clone(),
        });
        let listen = listen.settle(LISTEN, complaints);
        let good = complaints.len() == before;
        let mut request = Request {
            profile: wish.profile,
            settings: wish.settings,
            ..self.common.clone()
        };
        let found = request.profile.as_deref();
        let found = found.and_then(|name| Profile::find(configuration, name));
        if found.is_none_or(|profile| profile.nick.is_none()) && user_name().is_none() {
            // The client has a nick of its own; here it only helps to find an older key.
            request.settings.nick = Some(Setting::option("nobody".to_owned(), "--nick"));
        }
        match request.over(configuration) {
            Ok(mut resolved) => {
                complaints.append(&mut resolved.warnings);
                if let Some(complaint) = without_effect(found) {
                    complaints.push(complaint);
                }
                good.then_some(Door {
                    name: wish.name,
                    listen,
                    resolved,
                    stay: wish.stay,
                })
            }
            Err(faults) => {
                // A profile that a door of the file names is named there, not on the command line.
                let moved = faults.into_iter().map(|fault| match fault.origin {
                    Origin::Option("--profile") | Origin::Default => Complaint {
                        origin: wish.origin.clone(),
                        ..fault
                    },
                    _ => fault,
                });
                complaints.extend(moved);
                None
            }
        }
    }
}

/// How long a connection stays without a client.
fn stay(table: &mut Table<'_>, reader: &mut Reader) -> Option<Setting<Stay>> {
    let text = table.text("stay", reader)?;
    let Some(value) = Stay::read(&text.value) else {
        let complaint = Complaint::new(text.origin, format!("`stay` cannot be \"{}\"", text.value));
        let remedy =
            "\"off\", \"always\", or a time of seconds, minutes, hours or days: \"30m\", \"12h\", \"7d\"";
        reader.complaints.push(complaint.remedy(remedy));
        return None;
    };
    Some(Setting {
        value,
        origin: text.origin,
    })
}

/// What an entry speaks, in words.
pub fn speech_words(speech: ProxySpeech) -> &'static str {
    match speech {
        ProxySpeech::Socks5 => "SOCKS5",
        ProxySpeech::HttpConnect => "HTTP CONNECT",
    }
}

/// What a profile says and the proxy leaves to the client.
fn without_effect(profile: Option<&Profile>) -> Option<Complaint> {
    let origin = profile?.sasl.origin()?;
    let complaint = Complaint::new(
        origin,
        "the proxy does not use this: the client proves its account by itself",
    );
    Some(complaint.remedy("set SASL up in the client").as_warning())
}

/// Where the door is if nobody says otherwise.
pub const LISTEN: &str = "127.0.0.1:16697";
