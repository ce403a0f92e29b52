//! The way through a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::borrow::Cow;
use std::net::IpAddr;

use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error, TargetAddr};

use super::{Cause, Proxy};

/// Asks the proxy for a connection. The host goes to it as it was written: an address as an address, anything else
/// as a name, which is looked up nowhere here. If it refuses: why, for a person and for a program.
pub(super) async fn ask(
    way: TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<TcpStream, (String, Cause)> {
    let target = match host.parse::<IpAddr>() {
        Ok(address) => TargetAddr::Ip((address, port).into()),
        Err(_) => TargetAddr::Domain(Cow::Borrowed(host), port),
    };
    let asked = match &proxy.user {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(way, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(way, target).await,
    };
    asked
        .map(Socks5Stream::into_inner)
        .map_err(|fault| (words(&fault), cause(&fault)))
}

/// The answer of the proxy in the words of a person who has to mend something.
fn words(fault: &Error) -> String {
    let words = match fault {
        Error::Io(fault) => return format!("it ended the conversation ({fault})"),
        Error::GeneralSocksServerFailure => "it failed, and does not say why",
        Error::ConnectionNotAllowedByRuleset => "its rules forbid it",
        Error::NetworkUnreachable => "it cannot reach that network",
        Error::HostUnreachable => "it cannot reach that host; is the name right?",
        Error::ConnectionRefused => "nothing listens on that port",
        Error::TtlExpired => "the way is too long or took too long",
        Error::CommandNotSupported | Error::AddressTypeNotSupported => "it cannot do what is asked",
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired => "it wants a user and a password",
        Error::PasswordAuthFailure(_) => "it does not accept user and password",
        Error::InvalidAuthValues(_) => "user and password have to be 1 to 255 bytes long",
        _ => "it does not speak SOCKS5",
    };
    words.to_owned()
}

/// The same for a program.
fn cause(fault: &Error) -> Cause {
    match fault {
        Error::ConnectionNotAllowedByRuleset => Cause::Forbidden,
        Error::NetworkUnreachable => Cause::NoNetwork,
        Error::HostUnreachable => Cause::NoHost,
        Error::ConnectionRefused => Cause::NobodyThere,
        Error::TtlExpired => Cause::TooLate,
        _ => Cause::Other,
    }
}
