//! Why a server was not reached: what, where, and what may help.

use std::io;
use std::path::PathBuf;

/// Why there is no connection. Nothing was sent to the server that it could have misused, and no other way was tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The host has bytes that no host has.
    #[error("{0:?} is no name or address of a server")]
    Host(String),
    /// There is no such name.
    #[error(
        "cannot connect to {host}: the name was not found ({fault}); is it spelled right, and is this computer on the network?"
    )]
    NotFound {
        /// The name.
        host: String,
        /// The system's words.
        fault: String,
    },
    /// Nobody listens there.
    #[error(
        "cannot connect to {host}, port {port}: nothing listens there; is the port right? (6697 is usual with TLS, 6667 without)"
    )]
    NobodyThere {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Something else between us and the host.
    #[error("cannot connect to {host}, port {port}: {fault}")]
    Unreached {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The system's words.
        fault: String,
        /// The same for a program.
        cause: Cause,
    },
    /// No answer.
    #[error(
        "cannot connect to {host}, port {port}: no answer for {seconds} seconds; try again later, or another server"
    )]
    Silent {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How long we waited.
        seconds: u64,
    },
    /// A name of the Tor network, and no way into it.
    #[error("{0} can be reached through Tor only: name its proxy, as in socks5://127.0.0.1:9050")]
    OnionWithoutProxy(String),
    /// The proxy itself is not to be had.
    #[error("the proxy is not to be had: {0}; no other way was tried")]
    ProxyUnreached(Box<Self>),
    /// The proxy is there, and does not do it.
    #[error("the proxy {proxy} does not connect to {target}: {fault}; no other way was tried")]
    ProxyRefused {
        /// The proxy, with its port.
        proxy: String,
        /// What was asked for.
        target: String,
        /// Its answer.
        fault: String,
        /// The same for a program.
        cause: Cause,
    },
    /// A file of certificates or a key cannot be used.
    #[error("{path}: {fault}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The system has no certificates that vouch for others.
    #[error(
        "this system has no root certificates ({0}); install them (package ca-certificates), or name a PEM file"
    )]
    NoRoots(String),
    /// The name that the certificate should carry is none.
    #[error("{0:?} cannot be the name of a server in a certificate")]
    ServerName(String),
    /// The encryption of the connection did not come about.
    #[error("no encrypted connection to {host}, port {port}: {fault}")]
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        fault: TlsFault,
    },
    /// SASL PLAIN over a line that others can read.
    #[error("the password is not sent to {0} over a connection that is not encrypted; use TLS")]
    PasswordInClear(String),
    /// SASL EXTERNAL without a certificate.
    #[error("SASL EXTERNAL to {0} needs TLS and a certificate of your own with its key")]
    NothingToShow(String),
}

/// What kind of fault it was, for a program that has to tell another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Somebody's rules forbid it.
    Forbidden,
    /// There is no way to that network.
    NoNetwork,
    /// There is no such host, or no way to it.
    NoHost,
    /// Nothing listens there.
    NobodyThere,
    /// It took too long.
    TooLate,
    /// Anything else.
    Other,
}

/// Why there is no encryption.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The certificate is somebody else's.
    #[error("its certificate is for {presented}, not for {expected}; is this the server you meant?")]
    WrongName {
        /// The name asked for.
        expected: String,
        /// The names in the certificate.
        presented: String,
    },
    /// The certificate's time is over.
    #[error("its certificate has expired; is this computer's clock right? if so, the server has to renew it")]
    Expired,
    /// The certificate's time has not begun.
    #[error("its certificate is not valid yet; is this computer's clock right?")]
    NotYetValid,
    /// Nobody we trust vouches for the certificate.
    #[error(
        "nobody this computer trusts vouches for its certificate; if the network uses a root certificate of its own, \
         name its PEM file"
    )]
    UnknownIssuer,
    /// The certificate was taken back.
    #[error("its certificate has been revoked")]
    Revoked,
    /// The certificate is wrong in another way.
    #[error("its certificate is not accepted: {0}")]
    Certificate(String),
    /// The other side does not speak TLS.
    #[error("the server does not speak TLS on this port; the port for TLS is usually 6697")]
    NotTls,
    /// The other side does not answer in TLS, nor in anything else.
    #[error(
        "no answer for {0} seconds; the server probably does not speak TLS on this port (6697 is usual with TLS)"
    )]
    Silent(u64),
    /// The other side does not like our certificate, or that we have none.
    #[error("the server does not accept our certificate: {0}")]
    OurCertificate(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl DialError {
    pub(super) fn unreached(host: &str, port: u16, fault: &io::Error) -> Self {
        let host = host.to_owned();
        match fault.kind() {
            io::ErrorKind::ConnectionRefused => Self::NobodyThere { host, port },
            // What the system says when a look-up fails has no kind of its own; a socket's fault has a number.
            _ if fault.raw_os_error().is_none() => Self::NotFound {
                host,
                fault: fault.to_string(),
            },
            kind => Self::Unreached {
                host,
                port,
                fault: fault.to_string(),
                cause: match kind {
                    io::ErrorKind::NetworkUnreachable => Cause::NoNetwork,
                    io::ErrorKind::HostUnreachable => Cause::NoHost,
                    io::ErrorKind::TimedOut => Cause::TooLate,
                    io::ErrorKind::PermissionDenied => Cause::Forbidden,
                    _ => Cause::Other,
                },
            },
        }
    }

    /// What kind of fault it is.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Unreached { cause, .. } | Self::ProxyRefused { cause, .. } => *cause,
            Self::Host(_) | Self::NotFound { .. } => Cause::NoHost,
            Self::NobodyThere { .. } => Cause::NobodyThere,
            Self::Silent { .. } => Cause::TooLate,
            Self::OnionWithoutProxy(_) => Cause::Forbidden,
            _ => Cause::Other,
        }
    }
}
