//! The namespaces of what we say and read.

/// Stanzas between a client and its server.
pub(super) const JABBER_CLIENT: &str = "jabber:client";
/// The conditions in errors (RFC 6120, section 8.3.3).
pub(super) const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// Encryption that begins in the clear (RFC 6120, section 5).
pub(super) const STARTTLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// Proving an account (RFC 6120, section 6).
pub(super) const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// The kinds of channel binding that a server knows (XEP-0440).
pub(super) const CHANNEL_BINDING: &str = "urn:xmpp:sasl-cb:0";
/// Choosing a resource (RFC 6120, section 7).
pub(super) const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// What RFC 3921 wanted after that.
pub(super) const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// The list of people (RFC 6121, section 2).
pub(super) const ROSTER: &str = "jabber:iq:roster";
/// Stream management (XEP-0198).
pub(super) const SM: &str = "urn:xmpp:sm:3";
/// Signs of life (XEP-0199).
pub(super) const PING: &str = "urn:xmpp:ping";
/// When something was said that waited (XEP-0203).
pub(super) const DELAY: &str = "urn:xmpp:delay";
/// Copies for our other clients (XEP-0280).
pub(super) const CARBONS: &str = "urn:xmpp:carbons:2";
/// What is inside them (XEP-0297).
pub(super) const FORWARD: &str = "urn:xmpp:forward:0";
/// What servers shall not do with a message (XEP-0334).
pub(super) const HINTS: &str = "urn:xmpp:hints";
/// How a message is encrypted (XEP-0380).
pub(super) const ENCRYPTION: &str = "urn:xmpp:eme:0";
/// Our way to encrypt, by the name of XEP-0380.
pub(super) const OTR: &str = "urn:xmpp:otr:0";
/// People of rooms (XEP-0045).
pub(super) const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
