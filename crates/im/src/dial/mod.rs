//! How to reach a server: directly or through a proxy, in the clear or inside TLS.
//!
//! ```text
//! (host, port) -> [SOCKS5 | HTTP CONNECT] -> [TLS] -> Link
//! ```
//!
//! TLS begins with the first byte, so there is no STARTTLS that somebody could strip and no text before it (security
//! history S-68). With a proxy the target's name is looked up by nobody but the proxy, and if the proxy fails there
//! is no connection (S-71).

mod connect;
mod fault;
mod socks;
mod tls;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

pub use fault::{Cause, DialError, TlsFault};

use crate::irc::{Config, Pacing, Sasl};
use crate::link::{Link, LinkError};

/// Which server, and which way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The server's name or address.
    pub host: String,
    /// Its port; 6697 is usual for TLS, 6667 without.
    pub port: u16,
    /// Encryption of the connection; without it everybody on the way reads along.
    pub tls: Option<Tls>,
    /// The proxy through which to go.
    pub proxy: Option<Proxy>,
}

/// How the connection is encrypted, and how the server has to prove who it is. There is no way to do without the
/// proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Who may vouch for servers.
    pub roots: Roots,
    /// What we show the server about ourselves, for SASL EXTERNAL.
    pub certificate: Option<ClientCertificate>,
    /// The name that the server's certificate has to carry, if not that of the host.
    pub server_name: Option<String>,
}

/// Where the certificates are that may vouch for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the operating system.
    #[default]
    Platform,
    /// Those in this PEM file, and no others.
    File(PathBuf),
}

/// A certificate of our own and its key, as PEM files; they may be one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those that vouch for it.
    pub chain: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
}

/// A proxy. The name of the target goes to it as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub speech: ProxySpeech,
    /// The proxy's name or address; a name is looked up here.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User and password. Tor takes any, and keeps streams with different ones apart.
    pub user: Option<(String, Zeroizing<String>)>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxySpeech {
    /// SOCKS version 5 (RFC 1928, RFC 1929).
    Socks5,
    /// The method CONNECT of HTTP (RFC 9110), with Basic authentication.
    HttpConnect,
}

impl Dial {
    /// A server reached directly and in the clear.
    #[must_use]
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: None,
            proxy: None,
        }
    }

    /// Connects, and begins to register. Needs a running runtime.
    ///
    /// # Errors
    /// [`LinkError::Dial`] says what failed, where, and what may help; [`LinkError::Config`] if the configuration is
    /// impossible.
    pub async fn connect(&self, config: Config, pacing: Pacing) -> Result<Link, LinkError> {
        self.refuse(&config)?;
        Link::over(self.open().await?, config, pacing)
    }

    /// Connects, and leaves it to the caller what is said: a stream of bytes to the server, encrypted if it was to be.
    /// Needs a running runtime.
    ///
    /// # Errors
    /// What failed, where, and what may help.
    pub async fn open(&self) -> Result<Box<dyn Stream>, DialError> {
        // Files are read before anybody hears of us.
        let tls = self.prepare()?;
        let socket = self.way().await?;
        match tls {
            Some(tls) => Ok(Box::new(self.encrypt(tls, socket).await?)),
            None => Ok(socket),
        }
    }

    /// The first half of [`open`](Self::open), for what is said before encryption.
    pub(crate) async fn way(&self) -> Result<Box<dyn Stream>, DialError> {
        let patience = self.patience();
        let silent = |_| DialError::Silent {
            host: self.host.clone(),
            port: self.port,
            seconds: patience.as_secs(),
        };
        timeout(patience, self.reach()).await.map_err(silent)?
    }

    /// The second half.
    pub(crate) async fn encrypt(
        &self,
        tls: tls::Connector,
        socket: Box<dyn Stream>,
    ) -> Result<TlsStream<Box<dyn Stream>>, DialError> {
        // The way stands: an answer is a matter of moments, unless the other side waits for something else.
        let patience = self.patience() / 2;
        let silent = |_| self.tls_fault(TlsFault::Silent(patience.as_secs()));
        timeout(patience, tls.connect(socket)).await.map_err(silent)?
    }

    fn patience(&self) -> Duration {
        if self.proxy.is_some() {
            PATIENCE_WITH_PROXY
        } else {
            PATIENCE
        }
    }

    /// Whether everything that a connection needs is here, files included, as far as one can know without one.
    ///
    /// # Errors
    /// The same that [`connect`](Self::connect) would say.
    pub fn check(&self, config: &Config) -> Result<(), DialError> {
        self.prepare()?;
        self.refuse(config)
    }

    /// Whether what is said to the server can be read on the way: neither encrypted by us, nor inside this computer,
    /// nor to a hidden service, whose way is encrypted by the network of the proxy.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let hidden = self.proxy.is_some() && is_onion(&self.host);
        let here = self.proxy.is_none() && is_loopback(&self.host);
        self.tls.is_none() && !hidden && !here
    }

    pub(crate) fn prepare(&self) -> Result<Option<tls::Connector>, DialError> {
        let host = || self.host.clone();
        if !is_host(&self.host) {
            return Err(DialError::Host(host()));
        }
        if self.proxy.is_none() && is_onion(&self.host) {
            return Err(DialError::OnionWithoutProxy(host()));
        }
        self.tls
            .as_ref()
            .map(|tls| tls::Connector::new(self, tls))
            .transpose()
    }

    /// What must not be said there.
    fn refuse(&self, config: &Config) -> Result<(), DialError> {
        let host = || self.host.clone();
        match &config.sasl {
            Some(Sasl::Plain { .. }) if self.is_exposed() && !config.sasl_in_clear => {
                Err(DialError::PasswordInClear(host()))
            }
            Some(Sasl::External) if self.tls.as_ref().is_none_or(|tls| tls.certificate.is_none()) => {
                Err(DialError::NothingToShow(host()))
            }
            _ => Ok(()),
        }
    }

    /// A byte stream to the server. Which way, is decided here and nowhere else: no way leads from a proxy to the
    /// direct one.
    async fn reach(&self) -> Result<Box<dyn Stream>, DialError> {
        let socket = match &self.proxy {
            Some(proxy) => {
                let reached = socket(&proxy.host, proxy.port).await;
                let way = reached.map_err(|fault| DialError::ProxyUnreached(Box::new(fault)))?;
                let asked = match proxy.speech {
                    ProxySpeech::Socks5 => socks::ask(way, proxy, &self.host, self.port).await,
                    ProxySpeech::HttpConnect => connect::ask(way, proxy, &self.host, self.port).await,
                };
                asked.map_err(|(fault, cause)| DialError::ProxyRefused {
                    proxy: format!("{}:{}", proxy.host, proxy.port),
                    target: format!("{}:{}", self.host, self.port),
                    fault,
                    cause,
                })?
            }
            None => socket(&self.host, self.port).await?,
        };
        Ok(Box::new(socket))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("speech", &self.speech)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user.as_ref().map(|_| ".."))
            .finish()
    }
}

/// A stream of bytes both ways, whatever it goes through.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A TCP connection, with the system's look-up of the name.
async fn socket(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let connected = TcpStream::connect((host, port)).await;
    let stream = connected.map_err(|fault| DialError::unreached(host, port, &fault))?;
    // Only slower without it.
    let _ignored = stream.set_nodelay(true);
    Ok(stream)
}

/// Whether a host can be asked for at all: no byte in it that a proxy or a resolver could read as something else
/// (security history S-72).
fn is_host(host: &str) -> bool {
    let graphic = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte));
    (1..=HOST_LIMIT).contains(&host.len()) && graphic
}

/// Whether the name means something inside the Tor network only.
pub(crate) fn is_onion(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host.ends_with(".onion")
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The longest name that SOCKS5 and the name system can carry.
const HOST_LIMIT: usize = 253;
/// How long the way to a server may take; agreeing on TLS, half of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Networks behind proxies build their ways when asked.
const PATIENCE_WITH_PROXY: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_read_on_the_way() {
        let proxy = Some(Proxy {
            speech: ProxySpeech::Socks5,
            host: "127.0.0.1".into(),
            port: 9050,
            user: None,
        });
        let dial = |host: &str| Dial::plain(host, 6667);
        assert!(dial("irc.example").is_exposed());
        assert!(dial("192.168.0.1").is_exposed());
        assert!(dial("127.0.0.1.example").is_exposed());
        for near in ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LocalHost"] {
            assert!(!dial(near).is_exposed(), "{near}");
            let away = Dial {
                proxy: proxy.clone(),
                ..dial(near)
            };
            assert!(away.is_exposed(), "the proxy's own {near}");
        }
        assert!(
            !Dial {
                proxy,
                ..dial("abc.ONION.")
            }
            .is_exposed()
        );
        assert!(
            !Dial {
                tls: Some(Tls::default()),
                ..dial("irc.example")
            }
            .is_exposed()
        );
    }

    #[test]
    fn s72_hosts_cannot_smuggle() {
        for host in [
            "",
            "a b",
            "a\r\nb",
            "a\0",
            "é.example",
            "user@host",
            "a/b",
            "a,b",
            &"a".repeat(254),
        ] {
            assert!(!is_host(host), "{host:?}");
        }
        for host in [
            "a",
            "irc.example",
            "127.0.0.1",
            "fe80::1%eth0",
            "a_b.example",
            "abc.onion",
        ] {
            assert!(is_host(host), "{host:?}");
        }
    }

    #[test]
    fn a_proxys_password_stays_out_of_debug() {
        let user = Some(("me".to_owned(), Zeroizing::new("hunter2".to_owned())));
        let shown = format!(
            "{:?}",
            Proxy {
                speech: ProxySpeech::HttpConnect,
                host: "h".into(),
                port: 1,
                user
            }
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
