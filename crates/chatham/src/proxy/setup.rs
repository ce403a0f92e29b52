//! How a client is set up: the exact steps.

use std::net::SocketAddr;

/// A client whose steps are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Client {
    /// irssi.
    Irssi,
    /// WeeChat.
    Weechat,
    /// HexChat.
    Hexchat,
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
}

/// The steps, one line each.
pub fn steps(client: Client, door: &Door<'_>) -> Vec<String> {
    let Door {
        name,
        address,
        password,
    } = door;
    let (host, port) = (address.ip(), address.port());
    let mut lines = vec![match client {
        Client::Irssi => format!("In irssi, for {name}:"),
        Client::Weechat => format!("In WeeChat, for {name}:"),
        Client::Hexchat => format!("In HexChat, for {name}, in the list of networks (Ctrl+S):"),
    }];
    lines.extend(match client {
        Client::Irssi => vec![
            format!("  /network add {name}"),
            format!("  /server add -auto -notls -network {name} {host} {port} {password}"),
            "  /unload otr".to_owned(),
            "  /save".to_owned(),
            format!("  /connect {name}"),
        ],
        Client::Weechat => vec![
            format!("  /server add {name} {host}/{port} -password={password} -autoconnect"),
            format!("  /set irc.server.{name}.tls off"),
            "  /script unload otr.py".to_owned(),
            format!("  /connect {name}"),
        ],
        Client::Hexchat => vec![
            format!("  Add a network called {name}, and edit it."),
            format!("  Its only server is {host}/{port}."),
            "  \"Use SSL for all the servers on this network\" is off: it stays on this computer.".to_owned(),
            "  \"Connect to selected server only\" is on.".to_owned(),
            "  The login method is \"Server password (/PASS password)\".".to_owned(),
            format!("  The password is {password}"),
            "  Then /unload otr.so, and connect.".to_owned(),
        ],
    });
    lines
}

/// What holds for every client.
pub const AFTERWARDS: [&str; 5] = [
    "The rest of the old network in your client stays as it is: nick, SASL, channels. Its own connection to the server has to",
    "be closed, for two cannot have one nick. The client's own OTR has to be off.",
    "The connection to the proxy is not encrypted, and does not leave this computer; the one to the server is.",
    "If the server wants a password, too, write it behind the proxy's with a colon between: PASSWORD:SERVER-PASSWORD",
    "Then write to somebody: \"!otr start\" asks for a private conversation, \"!otr help\" tells the rest.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_learns_address_and_password() {
        let door = Door {
            name: "work",
            address: SocketAddr::from(([127, 0, 0, 1], 16697)),
            password: "PASSWORD",
        };
        for client in [Client::Irssi, Client::Weechat, Client::Hexchat] {
            let text = steps(client, &door).join("\n");
            for part in ["work", "127.0.0.1", "16697", "PASSWORD"] {
                assert!(text.contains(part), "{client:?}: {part}");
            }
        }
    }
}
