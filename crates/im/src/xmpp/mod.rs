//! XMPP: the way to a server and into an account, and what is said there.
//!
//! [`Login`] leads to a stream on which a server has let us in, for whoever wants to pass stanzas on as they are;
//! [`FrameReader`] reads such a stream, in either direction, into stanzas as they came.

mod fault;
mod frame;
mod login;
mod resolve;
mod sasl;
mod scram;
mod stream;

pub use fault::{LoginError, SaslFault, StreamFault};
pub use frame::{Frame, FrameFault, FrameReader, Header, LONGEST_STANZA, STREAMS, Stanza};
pub use login::{LoggedIn, Login, Reached, Security};
pub use stream::{XmlStream, escape};
pub use xmpp_parsers::jid::{BareJid, FullJid, Jid};
pub use xmpp_parsers::minidom::Element;
