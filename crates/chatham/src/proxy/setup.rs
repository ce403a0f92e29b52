//! How a client is set up: the exact steps.

use std::net::SocketAddr;

use im::dial::ProxySpeech;

/// A client whose steps are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Client {
    /// irssi.
    Irssi,
    /// WeeChat.
    Weechat,
    /// HexChat.
    Hexchat,
    /// Profanity, for XMPP.
    Profanity,
    /// mcabber, for XMPP.
    Mcabber,
    /// Gajim, for XMPP.
    Gajim,
    /// Dino, for XMPP.
    Dino,
    /// Psi, for XMPP.
    Psi,
}

impl Client {
    /// As it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Irssi => "irssi",
            Self::Weechat => "WeeChat",
            Self::Hexchat => "HexChat",
            Self::Profanity => "Profanity",
            Self::Mcabber => "mcabber",
            Self::Gajim => "Gajim",
            Self::Dino => "Dino",
            Self::Psi => "Psi",
        }
    }

    /// Whether it is for XMPP, and not for IRC.
    pub fn speaks_xmpp(self) -> bool {
        match self {
            Self::Irssi | Self::Weechat | Self::Hexchat => false,
            Self::Profanity | Self::Mcabber | Self::Gajim | Self::Dino | Self::Psi => true,
        }
    }
}

/// What the client has to know.
#[derive(Clone, Copy, Debug)]
pub struct Door<'d> {
    /// What the network is to be called in the client: one short word.
    pub name: &'d str,
    /// Where the door is.
    pub address: SocketAddr,
    /// The password, or what stands in its place.
    pub password: &'d str,
    /// How the client says where it wants to go, and what it says; `None` if the door leads to one server.
    pub asks: Option<(ProxySpeech, &'d str, u16)>,
}

/// What the steps that follow are for.
pub fn heading(client: Client, name: &str, by: Option<ProxySpeech>) -> String {
    let by = match by {
        None => "",
        Some(ProxySpeech::Socks5) => ", by SOCKS5",
        Some(ProxySpeech::HttpConnect) => ", by HTTP CONNECT",
    };
    format!("In {}, for {name}{by}:", client.name())
}

/// The steps, one line each, for a client that speaks IRC.
pub fn steps(client: Client, door: &Door<'_>) -> Vec<String> {
    match client {
        Client::Irssi => irssi(door),
        Client::Weechat => weechat(door),
        Client::Hexchat => hexchat(door),
        Client::Profanity | Client::Mcabber | Client::Gajim | Client::Dino | Client::Psi => Vec::new(),
    }
}

fn irssi(door: &Door<'_>) -> Vec<String> {
    let Door {
        name,
        address,
        password,
        asks,
    } = door;
    let (host, port) = (address.ip(), address.port());
    let mut steps = match asks {
        None => vec![
            format!("/network add {name}"),
            format!("/server add -auto -notls -network {name} {host} {port} {password}"),
        ],
        Some((ProxySpeech::Socks5, ..)) => {
            return vec![
                "irssi does not speak SOCKS5: take the door for HTTP CONNECT, or the direct one.".to_owned(),
            ];
        }
        Some((ProxySpeech::HttpConnect, server, to)) => vec![
            format!("/set proxy_address {host}"),
            format!("/set proxy_port {port}"),
            // `eval` makes line ends of the signs for them.
            "/eval set proxy_string CONNECT %s:%d HTTP/1.0\\n\\n".to_owned(),
            "/set use_proxy on".to_owned(),
            format!("/network add {name}"),
            format!("/server add -auto -notls -network {name} {server} {to}"),
        ],
    };
    steps.extend([
        "/unload otr".to_owned(),
        "/save".to_owned(),
        format!("/connect {name}"),
    ]);
    steps
}

fn weechat(door: &Door<'_>) -> Vec<String> {
    let Door {
        name,
        address,
        password,
        asks,
    } = door;
    let (host, port) = (address.ip(), address.port());
    let mut steps = match asks {
        None => vec![format!(
            "/server add {name} {host}/{port} -password={password} -autoconnect"
        )],
        Some((speech, server, to)) => {
            let kind = match speech {
                ProxySpeech::Socks5 => "socks5",
                ProxySpeech::HttpConnect => "http",
            };
            vec![
                format!("/proxy add chatham {kind} {host} {port} {name} {password}"),
                format!("/server add {name} {server}/{to} -autoconnect"),
                format!("/set irc.server.{name}.proxy chatham"),
            ]
        }
    };
    steps.extend([
        format!("/set irc.server.{name}.tls off"),
        // Its older name; one of the two is not there, which WeeChat says.
        format!("/set irc.server.{name}.ssl off"),
        "/script unload otr.py".to_owned(),
        format!("/connect {name}"),
    ]);
    steps
}

fn hexchat(door: &Door<'_>) -> Vec<String> {
    let Door {
        name,
        address,
        password,
        asks,
    } = door;
    let (host, port) = (address.ip(), address.port());
    let mut steps = match asks {
        None => vec![
            format!("In the list of networks (Ctrl+S), add one called {name}, and edit it."),
            format!("Its only server is {host}/{port}."),
            "The login method is \"Server password (/PASS password)\".".to_owned(),
            format!("The password is {password}"),
            "(There is one password for a network. If this one wants SASL, take the door for SOCKS5.)"
                .to_owned(),
        ],
        Some((speech, server, to)) => {
            let kind = match speech {
                ProxySpeech::Socks5 => "SOCKS5",
                ProxySpeech::HttpConnect => "HTTP",
            };
            vec![
                "In Settings, Preferences, Network setup, under Proxy Server:".to_owned(),
                format!("  Hostname {host}, Port {port}, Type {kind}, Use proxy for: All connections,"),
                format!("  Use authentication: on, Username {name}, Password {password}"),
                format!("In the list of networks (Ctrl+S), add one called {name}, and edit it."),
                format!("Its only server is {server}/{to}."),
            ]
        }
    };
    steps.extend([
        "\"Use SSL for all the servers on this network\" is off: it stays on this computer.".to_owned(),
        "\"Connect to selected server only\" is on.".to_owned(),
        "Then /unload otr.so, and connect.".to_owned(),
    ]);
    steps
}

/// A unit by which systemd runs the proxy for its user.
pub fn unit(program: &str) -> String {
    // What systemd would take for one of its own signs.
    let program = program
        .replace('%', "%%")
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    UNIT.replace("@PROGRAM@", &format!("\"{program}\""))
}

const UNIT: &str = include_str!("chatham-proxy.service");

/// What holds for every client.
pub const AFTERWARDS: [&str; 6] = [
    "The rest of the old network in your client stays as it is: nick, SASL, channels. Its own connection to the server has to",
    "be closed, for two cannot have one nick. The client's own OTR has to be off.",
    "The connection to the proxy is not encrypted, and does not leave this computer; the one to the server is.",
    "If the server wants a password, too, write it behind the proxy's with a colon between: PASSWORD:SERVER-PASSWORD. By",
    "SOCKS5 and HTTP CONNECT it is the password of the server in the client, as it would be without the proxy.",
    "Then write to somebody: \"!otr start\" asks for a private conversation, \"!otr help\" tells the rest.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_learns_address_and_password() {
        let entries = [ProxySpeech::Socks5, ProxySpeech::HttpConnect];
        let asks = entries.map(|speech| Some((speech, "irc.example", 6667)));
        for asks in [None].into_iter().chain(asks) {
            let door = Door {
                name: "work",
                address: SocketAddr::from(([127, 0, 0, 1], 16697)),
                password: "PASSWORD",
                asks,
            };
            for client in [Client::Irssi, Client::Weechat, Client::Hexchat] {
                let text = steps(client, &door).join("\n");
                assert!(!client.speaks_xmpp());
                let mut parts = vec![];
                match (client, asks) {
                    (Client::Irssi, Some((ProxySpeech::Socks5, ..))) => parts.push("the direct one"),
                    // The kernel tells who it is.
                    (Client::Irssi, Some(_)) => parts.extend(["127.0.0.1", "16697", "irc.example 6667"]),
                    (_, Some(_)) => parts.extend(["127.0.0.1", "16697", "PASSWORD", "irc.example/6667"]),
                    (_, None) => parts.extend(["127.0.0.1", "16697", "PASSWORD"]),
                }
                for part in parts {
                    assert!(text.contains(part), "{client:?}: {part}: {text}");
                }
            }
        }
    }
}
