//! `chatham proxy setup`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use im::dial::ProxySpeech;
use serde_json::json;

use super::chat::complain;
use super::proxy::Serve;
use crate::config::Place;
use crate::config::proxy::{Door, Plan};
use crate::config::xmpp_door::XmppDoor;
use crate::proxy::Password;
use crate::proxy::setup::{self, Client};
use crate::proxy::xmpp::Certificate;
use crate::proxy::xmpp::setup as xmpp_setup;
use crate::{randomness, sanitize};

/// What can be typed behind `chatham proxy setup`.
#[derive(Debug, Args)]
pub(super) struct Setup {
    /// The client
    client: Client,
    /// Print the proxy's password in its place, for whoever looks at your screen to see
    #[arg(long)]
    show_password: bool,
    #[command(flatten)]
    serve: Serve,
}

/// One way of one client into one account or to one server.
struct Way {
    profile: String,
    listen: SocketAddr,
    by: Option<ProxySpeech>,
    steps: Vec<String>,
}

impl Setup {
    pub(super) fn run(self) -> ExitCode {
        let (client, show, as_json) = (self.client, self.show_password, self.serve.json);
        let plan = match self.serve.request().resolve() {
            Ok(plan) => plan,
            Err(complaints) => return complain(&complaints),
        };
        let told = ways(&plan, client, show).and_then(|ways| {
            if ways.is_empty() {
                return Err(io::Error::other(if client.speaks_xmpp() {
                    "no door leads to an account of XMPP: write [proxy.xmpp.NAME] into the configuration"
                } else {
                    "no door leads to a server of IRC: --upstream HOST, or [proxy.irc.NAME] in the configuration"
                }));
            }
            if as_json {
                tell_json(client, &ways)
            } else {
                tell(client, &ways, &plan, show)
            }
        });
        match told {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::complain(error),
        }
    }
}

fn ways(plan: &Plan, client: Client, show: bool) -> io::Result<Vec<Way>> {
    let password = Password::of(&plan.data, &mut *randomness()).map_err(io::Error::other)?;
    let password = if show { password.reveal() } else { PLACEHOLDER };
    let mut ways = Vec::new();
    if client.speaks_xmpp() {
        for door in &plan.xmpp {
            ways.extend(into_account(plan, door, client, password)?);
        }
    } else {
        let doors = plan.doors.iter();
        ways.extend(doors.flat_map(|door| to_server(plan, door, client, password)));
    }
    Ok(ways)
}

fn to_server(plan: &Plan, door: &Door, client: Client, password: &str) -> Vec<Way> {
    let resolved = &door.resolved;
    let direct = door.listen.iter().map(|listen| (listen.address, None));
    let asked = plan.entries.iter().filter_map(|entry| match &resolved.place {
        Place::Server(dial) => {
            let asks = (entry.speech, dial.host.as_str(), dial.port);
            Some((entry.listen.address, Some(asks)))
        }
        Place::Local(_) | Place::Xmpp(_) => None,
    });
    let way = |(address, asks): (SocketAddr, Option<(ProxySpeech, &str, u16)>)| {
        let door = setup::Door {
            name: &resolved.profile,
            address,
            password,
            asks,
        };
        Way {
            profile: resolved.profile.clone(),
            listen: address,
            by: asks.map(|(speech, ..)| speech),
            steps: setup::steps(client, &door),
        }
    };
    direct.chain(asked).map(way).collect()
}

fn into_account(plan: &Plan, door: &XmppDoor, client: Client, password: &str) -> io::Result<Vec<Way>> {
    let profile = door.resolved.profile.as_str();
    let domain = door.account.domain().as_str();
    // The client can be set up before the proxy has run.
    let fingerprints = Certificate::of(&plan.data, profile, domain)?.fingerprints();
    let certificate = Certificate::path(&plan.data, profile);
    let direct = (door.listen.address, None);
    let entries = plan.entries.iter();
    let asked = entries.map(|entry| (entry.listen.address, Some((entry.speech, password))));
    let way = |(address, asks): (SocketAddr, Option<(ProxySpeech, &str)>)| {
        let lodge = xmpp_setup::Lodge {
            name: profile,
            jid: door.account.as_str(),
            domain,
            address,
            asks,
            plain: door.plain,
            fingerprints: &fingerprints,
            certificate: &certificate,
        };
        Way {
            profile: profile.to_owned(),
            listen: address,
            by: asks.map(|(speech, _)| speech),
            steps: xmpp_setup::steps(client, &lodge),
        }
    };
    Ok(std::iter::once(direct).chain(asked).map(way).collect())
}

fn tell(client: Client, ways: &[Way], plan: &Plan, show: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for way in ways {
        writeln!(out, "{}", setup::heading(client, &way.profile, way.by))?;
        for step in &way.steps {
            writeln!(out, "  {step}")?;
        }
        writeln!(out)?;
    }
    let says_password = ways.iter().flat_map(|way| &way.steps);
    if !show && says_password.into_iter().any(|step| step.contains(PLACEHOLDER)) {
        let path = Password::path(&plan.data);
        let path = sanitize::one_line(path.to_string_lossy().as_bytes());
        writeln!(
            out,
            "{PLACEHOLDER} is the one line in {path}; --show-password writes it above."
        )?;
    }
    let afterwards: &[&str] = if client.speaks_xmpp() {
        &xmpp_setup::AFTERWARDS
    } else {
        &setup::AFTERWARDS
    };
    afterwards.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// One object a line for each way.
fn tell_json(client: Client, ways: &[Way]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for way in ways {
        let by = match way.by {
            None => "direct",
            Some(ProxySpeech::Socks5) => "socks5",
            Some(ProxySpeech::HttpConnect) => "http",
        };
        let value = json!({
            "event": "steps", "client": client.name(), "profile": way.profile, "listen": way.listen.to_string(),
            "by": by, "steps": way.steps,
        });
        writeln!(out, "{}", sanitize::json(&value.to_string()))?;
    }
    Ok(())
}

/// What stands for the proxy's password.
const PLACEHOLDER: &str = "PASSWORD";
