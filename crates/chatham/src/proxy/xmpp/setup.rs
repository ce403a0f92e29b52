//! How a client for XMPP is set up: the exact steps.

use std::net::SocketAddr;
use std::path::Path;

use im::dial::ProxySpeech;

use crate::proxy::setup::Client;
use crate::proxy::xmpp::Fingerprints;

/// What the client has to know.
#[derive(Clone, Copy, Debug)]
pub struct Lodge<'d> {
    /// The name of the profile: what the account is called in clients that give it a name.
    pub name: &'d str,
    /// The address of the account.
    pub jid: &'d str,
    /// Its domain.
    pub domain: &'d str,
    /// Where the door is.
    pub address: SocketAddr,
    /// How the client says where it wants to go, and the proxy's password; `None` if the door leads to one account.
    pub asks: Option<(ProxySpeech, &'d str)>,
    /// Whether the client may do without encryption on this computer.
    pub plain: bool,
    /// The certificate that it sees.
    pub fingerprints: &'d Fingerprints,
    /// Where that certificate lies, with its key.
    pub certificate: &'d Path,
}

/// The steps, one line each, for a client that speaks XMPP.
pub fn steps(client: Client, lodge: &Lodge<'_>) -> Vec<String> {
    match client {
        Client::Profanity => profanity(lodge),
        Client::Mcabber => mcabber(lodge),
        Client::Gajim => gajim(lodge),
        Client::Dino => dino(lodge),
        Client::Psi => psi(lodge),
        Client::Irssi | Client::Weechat | Client::Hexchat => Vec::new(),
    }
}

fn profanity(lodge: &Lodge<'_>) -> Vec<String> {
    let Lodge { name, jid, plain, .. } = lodge;
    let (host, port) = (lodge.address.ip(), lodge.address.port());
    if lodge.asks.is_some() {
        return vec!["Profanity has no setting for a proxy: take the door of [proxy.xmpp.NAME].".to_owned()];
    }
    let tls = if *plain { "disable" } else { "force" };
    let mut steps = vec![
        format!("/account add {name}"),
        format!("/account set {name} jid {jid}"),
        format!("/account set {name} server {host}"),
        format!("/account set {name} port {port}"),
        format!("/account set {name} tls {tls}"),
        format!("/account set {name} otr manual"),
        "/omemo policy manual".to_owned(),
        format!("/connect {name}"),
    ];
    if !plain {
        steps.push(format!(
            "It shows a certificate. If its fingerprint is {}, /tls always",
            bare(&lodge.fingerprints.sha1)
        ));
    }
    steps
}

fn mcabber(lodge: &Lodge<'_>) -> Vec<String> {
    let Lodge { jid, plain, .. } = lodge;
    let (host, port) = (lodge.address.ip(), lodge.address.port());
    let mut steps = vec![
        "In ~/.mcabber/mcabberrc, instead of the lines of the same names:".to_owned(),
        format!("set jid = {jid}"),
    ];
    match lodge.asks {
        None => steps.extend([format!("set server = {host}"), format!("set port = {port}")]),
        Some((ProxySpeech::Socks5, _)) => {
            return vec![
                "mcabber does not speak SOCKS5: take the door for HTTP CONNECT, or that of [proxy.xmpp.NAME]."
                    .to_owned(),
            ];
        }
        Some((ProxySpeech::HttpConnect, password)) => steps.extend([
            format!("set server = {}", lodge.domain),
            "set port = 5222".to_owned(),
            format!("set proxy_host = {host}"),
            format!("set proxy_port = {port}"),
            format!("set proxy_user = {}", lodge.name),
            format!("set proxy_pass = {password}"),
        ]),
    }
    if *plain {
        steps.push("set tls = 0".to_owned());
    } else {
        steps.extend([
            "set tls = 1".to_owned(),
            format!(
                "set ssl_fingerprint = SHA256:{}",
                bare(&lodge.fingerprints.sha256).to_lowercase()
            ),
            // The fingerprint is looked at all the same; without it nothing of a certificate of our own would please.
            "set ssl_ignore_checks = 1".to_owned(),
        ]);
    }
    steps.push("set otr = 0".to_owned());
    steps
}

fn gajim(lodge: &Lodge<'_>) -> Vec<String> {
    let Lodge { jid, plain, .. } = lodge;
    let (host, port) = (lodge.address.ip(), lodge.address.port());
    let kind = if *plain { "PLAIN" } else { "START TLS" };
    let mut steps = vec![
        format!("Accounts, Add Account (at the first start its window is there): {jid} and its password,"),
        "tick Advanced Settings, and Log In.".to_owned(),
    ];
    match lodge.asks {
        None => steps.extend([format!("Hostname {host}, Port {port}, Type {kind}, and Log In.")]),
        Some((speech, password)) => {
            let kind = match speech {
                ProxySpeech::Socks5 => "SOCKS5",
                ProxySpeech::HttpConnect => "HTTP",
            };
            steps.extend([
                "Beside Proxy, the tools, and there, below the list, a new one:".to_owned(),
                format!("  Type {kind}, Host {host}, Port {port}, Use proxy authentication,"),
                format!("  Username {}, Password {password}", lodge.name),
                "Choose it under Proxy, leave the rest empty, and Log In.".to_owned(),
            ]);
        }
    }
    if !plain {
        steps.extend(certificate(lodge, "Show Certificate, for it is of this computer"));
        steps.push(
            "Then tick \"Add this certificate to the list of trusted certificates\", and Connect.".to_owned(),
        );
    }
    steps
        .push("In a conversation the lock beside the field for text stays open: it is for OMEMO.".to_owned());
    steps
}

fn dino(lodge: &Lodge<'_>) -> Vec<String> {
    let Lodge { jid, domain, .. } = lodge;
    let (host, port) = (lodge.address.ip(), lodge.address.port());
    let Some((ProxySpeech::Socks5, password)) = lodge.asks else {
        return vec![
            "Dino 0.4 cannot be told a server or a port: take the door for SOCKS5, [proxy.socks5]."
                .to_owned(),
        ];
    };
    vec![
        "Dino refuses a certificate that the computer does not trust, without asking. Let it trust this one, once, as root:"
            .to_owned(),
        format!(
            "openssl x509 -in {} -out /usr/local/share/ca-certificates/chatham-{}.crt && update-ca-certificates",
            lodge.certificate.display(),
            lodge.name
        ),
        format!("(Whoever can read that file could then be {domain} to programs of this computer; nobody but you can.)"),
        "Start it with the proxy in its environment:".to_owned(),
        format!("http_proxy=socks5://{}:{password}@{host}:{port} dino-im", lodge.name),
        format!("Then add the account {jid} as usual. It asks the network itself where {domain} is."),
    ]
}

fn psi(lodge: &Lodge<'_>) -> Vec<String> {
    let Lodge { jid, plain, .. } = lodge;
    let (host, port) = (lodge.address.ip(), lodge.address.port());
    let mut steps = vec![format!(
        "Use existing account (or: General, Account Setup, Add): {jid} and its password. Under Connection:"
    )];
    match lodge.asks {
        None => steps.push(format!(
            "  Manually Specify Server Host/Port: Host {host}, Port {port}"
        )),
        Some((speech, password)) => {
            let kind = match speech {
                ProxySpeech::Socks5 => "SOCKS Version 5",
                ProxySpeech::HttpConnect => "HTTP \"Connect\"",
            };
            steps.extend([
                format!("  Connection proxy, Edit, New: Type {kind}, Host {host}, Port {port},"),
                format!(
                    "  Use authentication, Username {}, Password {password}; choose it as the Connection proxy",
                    lodge.name
                ),
            ]);
        }
    }
    if *plain {
        steps.push("  Encrypt connection: Never; Allow plaintext authentication: Always".to_owned());
    } else {
        steps.push(
            "  Encrypt connection: Always; Allow plaintext authentication: Over encrypted connection"
                .to_owned(),
        );
        steps.extend(certificate(
            lodge,
            "Details in the window that warns of the certificate",
        ));
        steps.push("Then Trust this certificate.".to_owned());
    }
    steps.push("Its plugins for OTR and OMEMO have to be off for this account.".to_owned());
    steps
}

fn certificate(lodge: &Lodge<'_>, place: &str) -> [String; 3] {
    let Fingerprints { sha1, sha256 } = lodge.fingerprints;
    [
        format!("Compare the certificate in {place}:"),
        format!("  SHA-1   {sha1}"),
        format!("  SHA-256 {sha256}"),
    ]
}

/// Without colons.
fn bare(fingerprint: &str) -> String {
    fingerprint.replace(':', "")
}

/// What holds for every client.
pub const AFTERWARDS: [&str; 4] = [
    "Address and password in the client stay those of your account; the proxy does not store the password. The client's own",
    "OTR, OMEMO and OpenPGP have to be off. The connection to the server is encrypted as [profile.NAME.xmpp] says.",
    "Then write to somebody: \"!otr start\" asks for a private conversation, \"!otr help\" tells the rest. The proxy is the",
    "contact *chatham.",
];
