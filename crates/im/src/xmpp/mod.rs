//! XMPP: the way to a server and into an account, and what is said there.
//!
//! ```text
//! Login -> LoggedIn -> Link (Client, Event)
//! ```
//!
//! [`Login`] leads to a stream on which a server has let us in; [`FrameReader`] reads such a stream, in either direction,
//! into stanzas as they came, for whoever wants to pass them on. [`Link`] keeps a [`Client`] at it: people by their bare
//! addresses, texts and presence as [`crate::irc::Event`]s.

pub mod cipher;
mod client;
mod fault;
mod frame;
mod header;
mod iq;
mod link;
mod login;
mod management;
mod message;
mod ns;
mod places;
mod resolve;
mod resumption;
mod roster;
mod sasl;
mod scram;
mod stream;

pub use client::{Client, Output};
pub use fault::{LoginError, SaslFault, StreamFault};
pub use frame::{Frame, FrameFault, FrameReader, STREAMS, Stanza};
pub use header::Header;
pub use jid::{BareJid, Jid};
pub use link::Link;
pub use login::{LoggedIn, Login, Reached, Security};
pub use management::{Management, Miscounted, Outgoing};
pub use message::delay;
pub use minidom::Element;
pub use places::Places;
pub use resumption::{Resumption, Verdict};
pub use roster::ListWish;
pub use stream::{XmlStream, escape, set_attribute};

/// So many bytes of text go into one message. Written out, with everything that XML wants escaped, it stays below what
/// servers take.
pub const ROOM: usize = 10_000;
