//! A client that has said where it wants to go, and waits for an answer.

use im::dial::{Cause, Stream};

use crate::proxy::{connect_door, socks_door};

/// What a client asks for. It is somebody who may.
pub(super) struct Asked {
    /// The name or address of a server, as the client wrote it.
    pub(super) host: String,
    pub(super) port: u16,
    /// As whom the client has come: the name of a profile, if there is one of this name.
    pub(super) user: Option<String>,
    pub(super) waiting: Waiting,
}

/// The client, in the protocol by which it asked.
pub(super) enum Waiting {
    /// It asked in SOCKS5.
    Socks5(socks_door::Waiting),
    /// It asked in HTTP, and may have said more already.
    Connect(Box<dyn Stream>, Vec<u8>),
}

/// Why a client is not led anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) cause: Cause,
    /// What a person may do about it, where there is a place for words.
    pub(super) words: String,
}

impl Waiting {
    /// The way stands. What the client has said already comes back with it.
    pub(super) async fn accept(self) -> Option<(Box<dyn Stream>, Vec<u8>)> {
        match self {
            Self::Socks5(waiting) => Some((socks_door::accept(waiting).await?, Vec::new())),
            Self::Connect(stream, early) => Some((connect_door::accept(stream).await?, early)),
        }
    }

    /// There is no way.
    pub(super) async fn refuse(self, refusal: &Refusal) {
        match self {
            Self::Socks5(waiting) => socks_door::refuse(waiting, refusal.cause).await,
            Self::Connect(stream, _) => connect_door::refuse(stream, refusal).await,
        }
    }
}
