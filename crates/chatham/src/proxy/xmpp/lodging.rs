//! Behind one door to an XMPP server: the account, the way to its server, and the person.

use std::io;
use std::sync::Arc;

use im::accept::Acceptor;
use im::xmpp::{BareJid, Login};

use crate::proxy::room::Room;

/// What every connection through one door shares.
pub(in crate::proxy) struct Lodging {
    /// Whose account it is.
    pub(super) account: BareJid,
    /// The way into it.
    pub(in crate::proxy) login: Login,
    /// What speaks TLS with the client.
    pub(super) acceptor: Acceptor,
    /// Whether the client may do without.
    pub(super) plain: bool,
    /// The person and the store.
    pub(in crate::proxy) room: Arc<Room>,
}

impl Lodging {
    pub(in crate::proxy) fn new(
        (account, login): (BareJid, Login),
        (certificate, plain): (&super::Certificate, bool),
        room: Arc<Room>,
    ) -> io::Result<Self> {
        Ok(Self {
            account,
            login,
            acceptor: certificate.acceptor()?,
            plain,
            room,
        })
    }
}
