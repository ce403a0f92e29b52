//! Where a door of the proxy listens: on this computer, unless somebody says otherwise and has a certificate (S-70).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use im::accept::ServerCertificate;

use crate::config::Setting;
use crate::config::complaint::{Complaint, Origin};
use crate::config::table::{Reader, Table};

/// What the file says of it.
#[derive(Clone, Debug, Default)]
pub struct ListenTable {
    /// Address and port, a port alone, or `off`.
    pub listen: Option<Setting<String>>,
    /// Whether it may be found from other computers.
    pub everywhere: Option<Setting<bool>>,
    /// The certificate that is shown to clients; with one the door speaks TLS only.
    pub certificate: Option<Setting<PathBuf>>,
    /// The private key of the certificate.
    pub key: Option<Setting<PathBuf>>,
}

/// Where a door listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Its address and port.
    pub address: SocketAddr,
    /// What it shows to clients, if it speaks TLS.
    pub certificate: Option<ServerCertificate>,
    /// Where that was asked for.
    pub origin: Origin,
}

impl ListenTable {
    pub(super) fn read(table: &mut Table<'_>, reader: &mut Reader) -> Self {
        Self {
            listen: table.text("listen", reader),
            everywhere: table.flag("everywhere", reader),
            certificate: table.path("certificate", reader),
            key: table.path("key", reader),
        }
    }

    /// Where that is; `None` if it is nowhere, or if something is wrong, which is added to the complaints.
    pub(super) fn settle(&self, usual: &str, complaints: &mut Vec<Complaint>) -> Option<Listen> {
        let (text, origin) = match &self.listen {
            Some(listen) => (listen.value.as_str(), listen.origin.clone()),
            None => (usual, Origin::Default),
        };
        if text == OFF {
            return None;
        }
        let mut wrong = |what: String, origin: Origin, remedy: String| {
            complaints.push(Complaint::new(origin, what).remedy(remedy));
            None
        };
        let address = match address(text) {
            Ok(address) => address,
            Err(what) => return wrong(what, origin, another(usual)),
        };
        let everywhere = self
            .everywhere
            .as_ref()
            .is_some_and(|everywhere| everywhere.value);
        if !address.ip().is_loopback() && !everywhere {
            let remedy = format!(
                "{}; for clients on other computers `everywhere = true` in the door, with `certificate` and `key`",
                another(usual)
            );
            return wrong(format!("{text}: {NOT_LOOPBACK}"), origin, remedy);
        }
        let certificate = match (&self.certificate, &self.key) {
            (Some(chain), key) => Some(ServerCertificate {
                chain: chain.value.clone(),
                key: key.as_ref().unwrap_or(chain).value.clone(),
            }),
            (None, Some(key)) => {
                let what = "a private key without its certificate".to_owned();
                return wrong(
                    what,
                    key.origin.clone(),
                    "name the certificate, too: `certificate`".to_owned(),
                );
            }
            (None, None) => None,
        };
        if !address.ip().is_loopback() && certificate.is_none() {
            let what =
                format!("{text}: what clients say to it could be read on the way, the password with it");
            return wrong(
                what,
                origin,
                "name `certificate` and `key`, PEM files, in the door".to_owned(),
            );
        }
        if let (Some(certificate), Some(chain)) = (&certificate, &self.certificate)
            && let Err(fault) = certificate.acceptor()
        {
            let what = format!("{}: {fault}", chain.value.display());
            return wrong(
                what,
                chain.origin.clone(),
                "a certificate and its private key, both in PEM".to_owned(),
            );
        }
        Some(Listen {
            address,
            certificate,
            origin,
        })
    }
}

fn another(usual: &str) -> String {
    if usual == OFF {
        "write an address of this computer and a port, as \"127.0.0.1:16697\"".to_owned()
    } else {
        format!("write \"{usual}\", or another port")
    }
}

/// Reads `PORT`, `HOST:PORT` or `[V6]:PORT`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let here = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Ok(port) = text.parse::<u16>() {
        return Ok(here(port));
    }
    match text.strip_prefix("localhost:").map(str::parse::<u16>) {
        Some(Ok(port)) => Ok(here(port)),
        _ => text
            .parse()
            .map_err(|_| format!("\"{text}\" is no address and port, as 127.0.0.1:16697 is")),
    }
}

/// In the place of an address: there is no such door.
pub(super) const OFF: &str = "off";
const NOT_LOOPBACK: &str = "the proxy listens on this computer only (127.0.0.1 or ::1)";

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(text: &str, everywhere: bool) -> Result<Option<Listen>, String> {
        let table = ListenTable {
            listen: Some(Setting::option(text.to_owned(), "--listen")),
            everywhere: Some(Setting::option(everywhere, "--listen")),
            ..ListenTable::default()
        };
        let mut complaints = Vec::new();
        let listen = table.settle("127.0.0.1:16697", &mut complaints);
        match complaints.first() {
            None => Ok(listen),
            Some(complaint) => Err(complaint.to_string()),
        }
    }

    #[test]
    fn s70_only_loopback_is_listened_on() {
        for (text, address) in [
            ("16697", "127.0.0.1:16697"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.8.0.1:1", "127.8.0.1:1"),
            ("[::1]:16697", "[::1]:16697"),
            ("localhost:7", "127.0.0.1:7"),
        ] {
            assert_eq!(settle(text, false).unwrap().unwrap().address.to_string(), address);
        }
        assert_eq!(settle("off", false), Ok(None));
        for text in [
            "0.0.0.0:16697",
            "[::]:16697",
            "192.168.0.1:1",
            "[::ffff:10.0.0.1]:1",
        ] {
            let said = settle(text, false).unwrap_err();
            assert!(said.contains("this computer only"), "{text}: {said}");
            let said = settle(text, true).unwrap_err();
            assert!(said.contains("could be read on the way"), "{text}: {said}");
        }
        for text in ["", "x", "127.0.0.1", "example.org:1", "99999", "127.0.0.1:99999"] {
            assert!(settle(text, true).is_err(), "{text}");
        }
    }
}
