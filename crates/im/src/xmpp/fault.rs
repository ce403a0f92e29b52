//! Why nobody was let in: what, where, and what may help.

use super::frame::FrameFault;
use crate::dial::{DialError, TlsFault};

/// Why there is no stream. The password was given to nobody who has not proved to be the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// No server of the domain was reached, or it has not proved who it is.
    #[error("{}", dial_words(.0))]
    Dial(DialError),
    /// The domain says that nobody can log in there.
    #[error("{0} says that it has no XMPP service for clients; is the address right?")]
    NoService(String),
    /// The domain cannot be that of a server.
    #[error("{0:?} cannot be the domain of a server")]
    Domain(String),
    /// The server wants to talk without encryption.
    #[error(
        "{0} offers no encryption (STARTTLS), or somebody on the way took the offer away; nothing was said to it. Does it \
         have direct TLS, on port 5223?"
    )]
    NoStartTls(String),
    /// Something other than XML stanzas.
    #[error("{host}, port {port}: {fault}; is this the port of an XMPP server for clients?")]
    Stream {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What came.
        fault: StreamFault,
    },
    /// The account was not proved.
    #[error("{domain}: {fault}")]
    Sasl {
        /// The domain.
        domain: String,
        /// Why.
        fault: SaslFault,
    },
    /// No answer.
    #[error("{domain} has not let us in for {seconds} seconds; try again later")]
    Silent {
        /// The domain.
        domain: String,
        /// How long we waited.
        seconds: u64,
    },
}

/// Why a stream ended, or has to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamFault {
    /// What came cannot be read.
    #[error(transparent)]
    Frame(#[from] FrameFault),
    /// The other side has closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
    /// The server says that something is wrong with the stream.
    #[error("the server ends the stream: {}", condition_words(.condition, .text))]
    Condition {
        /// The name of the condition in RFC 6120, section 4.9.3.
        condition: String,
        /// Its words.
        text: Option<String>,
    },
    /// Something else than the next step of the negotiation.
    #[error("the server says {0:?} when it should not")]
    Unexpected(String),
    /// Something before it was its turn, which would count as encrypted or as said by somebody who was let in.
    #[error("the server, or somebody on the way, speaks before its turn")]
    Early,
}

/// Why the account was not proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslFault {
    /// There is no such account, or it has another password.
    #[error("the server does not accept name and password; check both")]
    NotAuthorized,
    /// The server refuses for another reason.
    #[error("the server does not let us in: {}", condition_words(.condition, .text))]
    Refused {
        /// The name of the condition in RFC 6120, section 6.5.
        condition: String,
        /// Its words.
        text: Option<String>,
    },
    /// Nothing that we can do.
    #[error("the server offers no way to log in that we know ({0}); we know SCRAM, and PLAIN inside TLS")]
    NoMechanism(String),
    /// The server has not proved that it knows the password.
    #[error(
        "the server does not prove that it knows the password: it may not be the server; nothing more was said to it"
    )]
    NoProof,
    /// Too few rounds of hashing, or so many that they would only keep us busy.
    #[error("the server asks for {0} rounds of hashing the password, which is no sound number")]
    Rounds(u32),
    /// A message that makes no sense.
    #[error("what the server answers makes no sense")]
    Garbled,
    /// No randomness.
    #[error("this system gives no randomness")]
    NoRandomness,
}

fn condition_words(condition: &str, text: &Option<String>) -> String {
    let words = match condition {
        "account-disabled" => "the account is disabled",
        "conflict" => "somebody else came with the same name of a device",
        "connection-timeout" => "it has not heard us for too long",
        "credentials-expired" => "the password has expired",
        "host-unknown" => "it does not serve this domain; is the address right?",
        "policy-violation" => "its rules forbid what we did",
        "resource-constraint" => "it has too much to do; try again later",
        "see-other-host" => "it wants us to go elsewhere, which we do not",
        "system-shutdown" => "it is being shut down",
        "temporary-auth-failure" => "it cannot look at passwords at the moment; try again later",
        other => other,
    };
    match text {
        Some(text) => format!("{words} ({})", text.escape_debug()),
        None => words.to_owned(),
    }
}

/// The words of a fault of the way, where those made for IRC would mislead.
fn dial_words(fault: &DialError) -> String {
    match fault {
        DialError::NobodyThere { host, port } => format!(
            "cannot connect to {host}, port {port}: nothing listens there; is the address right? (5222 is usual, 5223 with \
             direct TLS)"
        ),
        DialError::Tls { host, port, fault } => {
            let words = match fault {
                TlsFault::NotTls => {
                    "the server does not speak TLS on this port; is it one for STARTTLS (5222)?".to_owned()
                }
                TlsFault::Silent(seconds) => format!("no answer for {seconds} seconds"),
                TlsFault::UnknownIssuer => {
                    "nobody this computer trusts vouches for its certificate; if the server uses a root certificate \
                     of its own, name its PEM file"
                        .to_owned()
                }
                other => other.to_string(),
            };
            format!("no encrypted connection to {host}, port {port}: {words}")
        }
        other => other.to_string(),
    }
}
