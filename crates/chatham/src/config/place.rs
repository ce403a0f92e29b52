//! Where to go and how: the part of the settings that can give a person away.

use im::dial::{self, ClientCertificate, Dial, ProxySpeech, Roots, Tls};
use zeroize::Zeroizing;

use crate::config::complaint::{Complaint, Origin};
use crate::config::profile::{Profile, Proxy, Server};
use crate::config::{Setting, secret};
use crate::network::XmppAccount;
use crate::{local, randomness};

/// Which server to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The relay of this computer on this port, started if it is not there.
    Local(u16),
    /// This one.
    Server(Box<Dial>),
    /// Into this XMPP account.
    Xmpp(Box<XmppAccount>),
}

impl Place {
    /// Whether somebody on the way can read what is said to the server.
    pub fn is_exposed(&self) -> bool {
        match self {
            // Nobody is let in without encryption there, but on this computer.
            Self::Local(_) | Self::Xmpp(_) => false,
            Self::Server(dial) => dial.is_exposed(),
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Local(port) => format!("the relay of this computer, port {port}"),
            Self::Server(dial) => {
                let tls = if dial.tls.is_some() {
                    "encrypted"
                } else {
                    "NOT ENCRYPTED"
                };
                let proxy = dial.proxy.as_ref();
                let proxy = proxy.map_or_else(String::new, |proxy| {
                    format!(", through {}:{}", proxy.host, proxy.port)
                });
                format!("{}, port {}, {tls}{proxy}", dial.host, dial.port)
            }
            Self::Xmpp(account) => super::xmpp::words(account),
        }
    }

    /// What the settings say; complaints are added.
    pub(super) fn of(profile: &Profile, complaints: &mut Vec<Complaint>) -> Option<Self> {
        if let Some(jid) = &profile.xmpp.jid {
            let account = super::xmpp::account(jid, profile);
            return match account {
                Ok(account) => Some(Self::Xmpp(Box::new(account))),
                Err(complaint) => {
                    complaints.push(complaint);
                    None
                }
            };
        }
        match (&profile.server.host, &profile.server.local) {
            (Some(host), Some(_)) => {
                let complaint =
                    Complaint::new(host.origin.clone(), "both a host and the relay of this computer");
                complaints.push(complaint.remedy("take `host` or `local` out"));
                None
            }
            (None, Some(port)) => {
                complaints.extend(Self::without_effect_here(&profile.server));
                Some(Self::Local(port.value))
            }
            (None, None) => {
                let complaint = Complaint::new(Origin::Default, "no server is named");
                complaints.push(complaint.remedy(
                    "--server HOST, or `host` in [profile.NAME.server]; --xmpp ADDRESS, or `jid` in [profile.NAME.xmpp]; --local \
                     tries things out on this computer",
                ));
                None
            }
            (Some(host), None) => to(host, profile, complaints).map(|dial| Self::Server(Box::new(dial))),
        }
    }

    /// Somebody who asks for encryption has to learn that there is none.
    fn without_effect_here(server: &Server) -> Option<Complaint> {
        let tls = server.tls.as_ref().filter(|tls| tls.value)?;
        let complaint = Complaint::new(tls.origin.clone(), "the relay of this computer speaks no TLS");
        Some(complaint.remedy("take it out: nothing leaves this computer there"))
    }
}

/// The way to one host.
fn to(host: &Setting<String>, profile: &Profile, complaints: &mut Vec<Complaint>) -> Option<Dial> {
    let server = &profile.server;
    let before = complaints.len();
    let proxy = match proxy(&profile.proxy) {
        Ok(proxy) => proxy,
        Err(complaint) => {
            complaints.push(complaint);
            None
        }
    };
    if proxy.is_none() && before == complaints.len() && is_onion(&host.value) {
        let what = format!("{} can be reached through Tor only", host.value);
        let complaint = Complaint::new(host.origin.clone(), what);
        complaints.push(
            complaint.remedy("name Tor's proxy: --proxy socks5://127.0.0.1:9050, or [profile.NAME.proxy]"),
        );
    }
    let direct = Dial {
        host: host.value.clone(),
        port: 0,
        tls: None,
        proxy,
    };
    let exposed = direct.is_exposed();
    let encrypted = match is_encrypted(server, exposed) {
        Ok(encrypted) => encrypted,
        Err(complaint) => {
            complaints.push(complaint);
            return None;
        }
    };
    if exposed && !encrypted && before == complaints.len() {
        let origin = server
            .tls
            .as_ref()
            .map_or(Origin::Default, |tls| tls.origin.clone());
        let what = format!("the connection to {} is not encrypted", host.value);
        let remedy =
            "private conversations stay private, but everybody on the way sees with whom you have them";
        complaints.push(Complaint::new(origin, what).remedy(remedy).as_warning());
    }
    let tls = tls(server, encrypted)
        .map_err(|complaint| complaints.push(complaint))
        .ok()?;
    let usual = if encrypted { IRC_TLS } else { IRC };
    Some(Dial {
        port: server.port.as_ref().map_or(usual, |port| port.value),
        tls,
        ..direct
    })
}

/// How the connection is encrypted, if it is.
fn tls(server: &Server, encrypted: bool) -> Result<Option<Tls>, Complaint> {
    if !encrypted {
        return needless(server).map_or(Ok(None), Err);
    }
    let roots = server
        .roots
        .as_ref()
        .map(|roots| Roots::File(roots.value.clone()));
    Ok(Some(Tls {
        roots: roots.unwrap_or_default(),
        certificate: certificate(server)?,
        server_name: server.name.as_ref().map(|name| name.value.clone()),
    }))
}

/// Encrypted, unless somebody has said otherwise or nothing leaves this computer.
fn is_encrypted(server: &Server, exposed: bool) -> Result<bool, Complaint> {
    let port = server.port.as_ref();
    let wanted = server.roots.is_some() || server.name.is_some() || server.certificate.is_some();
    match (&server.tls, port) {
        (Some(tls), _) => Ok(tls.value),
        (None, Some(port)) if port.value == IRC && exposed && !wanted => {
            let complaint = Complaint::new(port.origin.clone(), "port 6667 is the one without encryption");
            Err(complaint.remedy(
                "leave it out (6697 is taken then), or say --no-tls (`tls = false`) if it has to be, or --tls",
            ))
        }
        (None, port) => Ok(exposed || wanted || port.is_some_and(|port| port.value == IRC_TLS)),
    }
}

/// Our own certificate.
fn certificate(server: &Server) -> Result<Option<ClientCertificate>, Complaint> {
    match (&server.certificate, &server.key) {
        (None, None) => Ok(None),
        // Both may stand in one file.
        (Some(chain), key) => Ok(Some(ClientCertificate {
            chain: chain.value.clone(),
            key: key.as_ref().unwrap_or(chain).value.clone(),
        })),
        (None, Some(key)) => {
            let complaint = Complaint::new(key.origin.clone(), "a private key without its certificate");
            Err(complaint.remedy("name the certificate, too: --tls-cert FILE, or `certificate`"))
        }
    }
}

/// A setting for an encryption that was switched off.
fn needless(server: &Server) -> Option<Complaint> {
    let files = [&server.roots, &server.certificate, &server.key];
    let file = files.into_iter().flatten().map(|file| &file.origin);
    let origin = file.chain(server.name.iter().map(|name| &name.origin)).next()?;
    let complaint = Complaint::new(
        origin.clone(),
        "this has a meaning with TLS only, and there is none",
    );
    Some(complaint.remedy("take it out, or say --tls (`tls = true`)"))
}

/// The proxy that is named, if one is.
pub(super) fn proxy(proxy: &Proxy) -> Result<Option<dial::Proxy>, Complaint> {
    let stray = proxy.user.as_ref().map(|user| &user.origin);
    let stray = stray.or_else(|| proxy.password_file.as_ref().map(|file| &file.origin));
    let (address, speech) = match (&proxy.socks5, &proxy.http, stray) {
        (Some(address), None, _) => (address, ProxySpeech::Socks5),
        (None, Some(address), _) => (address, ProxySpeech::HttpConnect),
        (Some(_), Some(http), _) => {
            let complaint = Complaint::new(http.origin.clone(), "two proxies, and one way");
            return Err(complaint.remedy("take `socks5` or `http` out"));
        }
        (None, None, None) => return Ok(None),
        (None, None, Some(origin)) => {
            let complaint = Complaint::new(origin.clone(), "no proxy is named");
            return Err(complaint.remedy("say which: socks5 = \"HOST:PORT\", or http = \"HOST:PORT\""));
        }
    };
    let (schemes, name, usual): (&[&str], _, _) = match speech {
        ProxySpeech::Socks5 => (&["socks5h://", "socks5://"], "SOCKS5 proxy", "127.0.0.1:9050"),
        ProxySpeech::HttpConnect => (&["http://"], "proxy for HTTP CONNECT", "127.0.0.1:3128"),
    };
    let mut text = address.value.as_str();
    for scheme in schemes {
        text = text.strip_prefix(scheme).unwrap_or(text);
    }
    let Ok((host, Some(port))) = host_and_port(text.strip_suffix('/').unwrap_or(text)) else {
        let what = format!("\"{}\" is no {name}", address.value);
        return Err(
            Complaint::new(address.origin.clone(), what).remedy(format!("the form is HOST:PORT, as {usual}"))
        );
    };
    let password = match (&proxy.password, &proxy.password_file) {
        (Some(password), _) => Some(password.clone()),
        (None, Some(file)) => {
            let line = secret::first_line(file)?;
            let text = std::str::from_utf8(&line).map_err(|_| {
                Complaint::new(
                    file.origin.clone(),
                    "the password of the proxy is no text in UTF-8",
                )
            })?;
            Some(Zeroizing::new(text.to_owned()))
        }
        (None, None) => None,
    };
    let user = match (&proxy.user, password) {
        (None, None) => Some(apart()),
        (Some(user), Some(password)) => Some((user.value.clone(), password)),
        _ => {
            let complaint = Complaint::new(
                address.origin.clone(),
                "a proxy takes both a user and a password, or none",
            );
            return Err(complaint.remedy("--proxy-password-file FILE, or `user` and `password-file`"));
        }
    };
    Ok(Some(dial::Proxy {
        speech,
        host,
        port,
        user,
    }))
}

/// A user and a password that nobody else has, for a proxy that was named without: Tor keeps what comes under different
/// ones apart, so that two accounts do not share their way. Whoever asks for none does not look at it.
fn apart() -> (String, Zeroizing<String>) {
    let mut bytes = [0; 16];
    randomness().fill_bytes(&mut bytes);
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    (digits.clone(), Zeroizing::new(digits))
}

/// `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`.
///
/// # Errors
/// A sentence.
pub fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let form = || "the form is HOST or HOST:PORT".to_owned();
    let (host, port) = match text.strip_prefix('[') {
        Some(inside) => {
            let (host, rest) = inside.split_once(']').ok_or_else(form)?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(form()),
            }
        }
        // Several colons make a bare address of version 6.
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    if host.is_empty() {
        return Err(form());
    }
    let port = port.map(|port| match port.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!("{port:?} is no port")),
    });
    Ok((host.to_owned(), port.transpose()?))
}

fn is_onion(host: &str) -> bool {
    host.trim_end_matches('.')
        .to_ascii_lowercase()
        .ends_with(".onion")
}

/// The port of [`Place::Local`] where none is named.
pub const LOCAL: u16 = local::PORT;
const IRC: u16 = 6667;
const IRC_TLS: u16 = 6697;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_servers() {
        for (text, host, port) in [
            ("irc.example", "irc.example", None),
            ("irc.example:7000", "irc.example", Some(7000)),
            ("[::1]:7000", "::1", Some(7000)),
            ("[::1]", "::1", None),
            ("::1", "::1", None),
        ] {
            assert_eq!(host_and_port(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            ":6667",
            "host:",
            "host:x",
            "host:70000",
            "host:0",
            "[::1]x",
            "[]:1",
            "[::1",
        ] {
            assert!(host_and_port(text).is_err(), "{text}");
        }
    }
}
