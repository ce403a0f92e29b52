//! Where a client is led that has said where it wants to go.

use std::sync::Arc;

use im::dial::{Cause, Dial};
use tokio::sync::watch;

use crate::config::proxy::Others;
use crate::proxy::asked::{Asked, Refusal};
use crate::proxy::passage::ended;
use crate::proxy::password::Password;
use crate::proxy::room::Room;
use crate::proxy::session;
use crate::proxy::tunnel;

/// Everything that the doors lead to by which a client says where it wants to go.
pub(super) struct Destinations {
    known: Vec<Known>,
    others: Others,
}

/// A server of a profile.
pub(super) struct Known {
    pub(super) profile: String,
    pub(super) room: Arc<Room>,
}

/// What becomes of a wish.
enum Destination {
    /// It is a server whose conversations are ours.
    Room(Arc<Room>),
    /// It passes as it is.
    Elsewhere(Dial),
    Refused(String),
}

impl Destinations {
    pub(super) fn new(known: Vec<Known>, others: Others) -> Self {
        Self { known, others }
    }

    /// Leads a client to where it wants to go, until one of the three is gone: the client, the server, the proxy.
    pub(super) async fn lead(&self, asked: Asked, password: &Password, mut stop: watch::Receiver<bool>) {
        let Asked {
            host,
            port,
            user,
            waiting,
        } = asked;
        match self.find(user.as_deref(), &host, port) {
            Destination::Room(room) => session::serve_known(waiting, &room, password, stop).await,
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

    /// The server of a profile is known by its name, and by its port or one of the two that are usual: a client that is
    /// to speak in the clear with us may have been told the port for that. If two profiles have one server, the client
    /// says which by its user.
    fn find(&self, user: Option<&str>, host: &str, port: u16) -> Destination {
        let host = host.strip_suffix('.').unwrap_or(host);
        let leads_there = |known: &&Known| {
            let dial = &known.room.dial;
            let there = dial.host.strip_suffix('.').unwrap_or(&dial.host);
            there.eq_ignore_ascii_case(host) && (port == dial.port || USUAL.contains(&port))
        };
        let mut there = self.known.iter().filter(leads_there);
        let named = |known: &&Known| Some(known.profile.as_str()) == user;
        let found = there.clone().find(named);
        match (found, there.next(), there.next()) {
            (Some(known), ..) | (None, Some(known), None) => Destination::Room(Arc::clone(&known.room)),
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

/// The ports of IRC without and with encryption.
const USUAL: [u16; 2] = [6667, 6697];
