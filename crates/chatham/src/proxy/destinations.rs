//! Where a client is led that has said where it wants to go.

use std::io::Cursor;
use std::sync::Arc;

use im::dial::{Cause, Dial, Stream};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use crate::config::proxy::Others;
use crate::proxy::asked::{Asked, Refusal};
use crate::proxy::passage::ended;
use crate::proxy::password::Password;
use crate::proxy::room::Room;
use crate::proxy::session;
use crate::proxy::tunnel;
use crate::proxy::xmpp::{self, Lodging};

/// Everything that the doors lead to by which a client says where it wants to go.
pub(super) struct Destinations {
    known: Vec<Known>,
    others: Others,
}

/// A server of a profile.
pub(super) struct Known {
    pub(super) profile: String,
    pub(super) home: Home,
}

/// What a profile leads to.
#[derive(Clone)]
pub(super) enum Home {
    /// A server of IRC.
    Room(Arc<Room>),
    /// An account of XMPP.
    Lodging(Arc<Lodging>),
}

/// What becomes of a wish.
enum Destination {
    /// It is a server whose conversations are ours.
    Known(Home),
    /// It passes as it is.
    Elsewhere(Dial),
    Refused(String),
}

impl Destinations {
    pub(super) fn new(known: Vec<Known>, others: Others) -> Self {
        Self { known, others }
    }

    /// Leads a client to where it wants to go, until one of the three is gone: the client, the server, the proxy.
    pub(super) async fn lead(&self, asked: Asked, password: &Arc<Password>, mut stop: watch::Receiver<bool>) {
        let Asked {
            host,
            port,
            user,
            waiting,
        } = asked;
        match self.find(user.as_deref(), &host, port) {
            Destination::Known(Home::Room(room)) => {
                session::serve_known(waiting, &room, password, stop).await;
            }
            Destination::Known(Home::Lodging(lodging)) => {
                // The server is reached when the client has said its password.
                if let Some((client, early)) = waiting.accept().await {
                    xmpp::serve_known(again(client, early), &lodging, stop).await;
                }
            }
            Destination::Elsewhere(dial) => {
                let opened = tokio::select! {
                    opened = dial.open() => opened,
                    () = ended(&mut stop) => return,
                };
                match opened {
                    Ok(server) => {
                        if let Some((client, early)) = waiting.accept().await {
                            tunnel::pass(client, server, early, stop).await;
                        }
                    }
                    Err(fault) => {
                        let (cause, words) = (fault.cause(), fault.to_string());
                        waiting.refuse(&Refusal { cause, words }).await;
                    }
                }
            }
            Destination::Refused(words) => {
                let cause = Cause::Forbidden;
                waiting.refuse(&Refusal { cause, words }).await;
            }
        }
    }

    /// The server of a profile is known by its name, and by its port or one of those that are usual: a client that is to
    /// speak in the clear with us may have been told the port for that. If two profiles have one server, the client says
    /// which by its user. A client for XMPP has asked the network for its server's name, which may be any: its user names
    /// the account, or it is the one of that domain.
    fn find(&self, user: Option<&str>, host: &str, port: u16) -> Destination {
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_named = |known: &&Known| Some(known.profile.as_str()) == user;
        let mut there = self.known.iter().filter(|known| known.home.is_at(host, port));
        let found = there.clone().find(is_named);
        let found = found.or_else(|| {
            self.known
                .iter()
                .find(|known| is_named(known) && known.home.may_be_at(port))
        });
        match (found, there.next(), there.next()) {
            (Some(known), ..) | (None, Some(known), None) => Destination::Known(known.home.clone()),
            (None, Some(_), Some(_)) => Destination::Refused(format!(
                "several profiles lead to {host}: the client says which by its user"
            )),
            (None, None, _) => match &self.others {
                Others::Refuse => Destination::Refused(format!(
                    "{host}, port {port}, is the server of no profile; `connections = \"pass\"` in [proxy.others] lets \
                     others pass, without off-the-record conversations"
                )),
                Others::Pass(proxy) => Destination::Elsewhere(Dial {
                    proxy: proxy.clone(),
                    ..Dial::plain(host, port)
                }),
            },
        }
    }
}

impl Home {
    fn is_at(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Room(room) => {
                is_same(&room.dial.host, host) && (port == room.dial.port || OF_IRC.contains(&port))
            }
            Self::Lodging(lodging) => {
                let login = &lodging.login;
                let server = login.server.as_ref();
                let named = server
                    .is_some_and(|(name, at)| is_same(name, host) && (*at == Some(port) || of_xmpp(port)));
                named || is_same(&login.domain, host) && of_xmpp(port)
            }
        }
    }

    /// Whether the network may have named any other host for it.
    fn may_be_at(&self, port: u16) -> bool {
        matches!(self, Self::Lodging(_)) && (of_xmpp(port) || port == OF_THE_WEB)
    }
}

fn is_same(there: &str, host: &str) -> bool {
    there
        .strip_suffix('.')
        .unwrap_or(there)
        .eq_ignore_ascii_case(host)
}

fn of_xmpp(port: u16) -> bool {
    OF_XMPP.contains(&port)
}

/// The client, with what it has said already.
fn again(client: Box<dyn Stream>, early: Vec<u8>) -> Box<dyn Stream> {
    let (reads, writes) = tokio::io::split(client);
    Box::new(tokio::io::join(Cursor::new(early).chain(reads), writes))
}

/// The ports of IRC without and with encryption.
const OF_IRC: [u16; 2] = [6667, 6697];
/// Those of XMPP: for STARTTLS, and for TLS at once.
const OF_XMPP: [u16; 2] = [5222, 5223];
/// XMPP is there, too, but who goes there without naming an account may mean the web.
const OF_THE_WEB: u16 = 443;
