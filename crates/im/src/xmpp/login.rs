//! From a domain, a name and a password to a stream on which the server has let us in.
//!
//! ```text
//! domain -> [SRV] -> [proxy] -> TCP -> TLS, or <starttls/> and TLS -> SASL -> stream with its features
//! ```
//!
//! Nothing is said before encryption but what asks for it, and nothing that came before counts afterwards (security
//! history S-68). The certificate has to be for the domain of the address, whatever host the name system leads to. With a
//! proxy no name is looked up here (S-71).

use std::time::Duration;

use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::fault::{LoginError, StreamFault};
use super::frame::Stanza;
use super::header::Header;
use super::ns;
use super::resolve::{self, Target};
use super::sasl::{Offer, Unproved};
use super::stream::{XmlStream, unexpected};
use crate::dial::{Dial, DialError, Proxy, Roots, Stream, Tls, is_onion};

/// Which server, and which way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The domain of the address: what stands after the `@`.
    pub domain: String,
    /// The host and port to go to, instead of those that the domain names.
    pub server: Option<(String, Option<u16>)>,
    /// How the connection is encrypted.
    pub security: Security,
    /// Who may vouch for the server.
    pub roots: Roots,
    /// The proxy through which to go.
    pub proxy: Option<Proxy>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// As the domain says; STARTTLS if it says nothing.
    #[default]
    Best,
    /// TLS from the first byte (XEP-0368).
    Direct,
    /// TLS after a greeting in the clear.
    StartTls,
    /// Not at all: only inside this computer, or to a hidden service through its network.
    None,
}

/// A server that has proved who it is, and now wants to know who we are.
#[derive(Debug)]
pub struct Reached {
    stream: XmlStream,
    header: Header,
    features: Stanza,
    exporter: Option<Zeroizing<Vec<u8>>>,
    domain: String,
    target: Target,
    private: bool,
}

/// A server that has let us in. Stanzas follow, beginning with the choice of a resource.
#[derive(Debug)]
pub struct LoggedIn {
    /// The stream, just after its features.
    pub stream: XmlStream,
    /// The header of the server's stream.
    pub header: Header,
    /// `<stream:features/>`, as it came.
    pub features: Stanza,
}

impl Login {
    /// A domain, reached in the best way that it names.
    #[must_use]
    pub fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            server: None,
            security: Security::default(),
            roots: Roots::default(),
            proxy: None,
        }
    }

    /// Connects and proves the account. Needs a running runtime.
    ///
    /// # Errors
    /// [`LoginError`] says what failed, and what may help.
    pub async fn log_in(&self, user: &str, password: &Zeroizing<String>) -> Result<LoggedIn, LoginError> {
        self.connect().await?.log_in(user, password).await
    }

    /// Connects, up to where the server wants to know who we are.
    ///
    /// # Errors
    /// [`LoginError`], of the last host of the domain that was tried.
    pub async fn connect(&self) -> Result<Reached, LoginError> {
        let domain = ascii(&self.domain)?;
        let mut fault = LoginError::NoService(self.domain.clone());
        for target in self.targets(&domain).await? {
            match self.reach(&domain, target).await {
                Ok(reached) => return Ok(reached),
                Err(here) => fault = here,
            }
        }
        Err(fault)
    }

    /// Whether the files that a connection needs are here, and its parts fit.
    ///
    /// # Errors
    /// What [`connect`](Self::connect) would say.
    pub fn check(&self) -> Result<(), LoginError> {
        let domain = ascii(&self.domain)?;
        let host = self.server.as_ref().map_or(&domain, |(host, _)| host);
        let dial = self.dial(&domain, &resolve::usual(host, self.security));
        self.refuse(&dial)?;
        dial.prepare().map(|_| ()).map_err(LoginError::Dial)
    }

    async fn targets(&self, domain: &str) -> Result<Vec<Target>, LoginError> {
        match &self.server {
            Some((host, port)) => {
                let usual = resolve::usual(host, self.security);
                let port = port.unwrap_or(usual.port);
                Ok(vec![Target { port, ..usual }])
            }
            // Whom we want to reach is the proxy's to know, and nobody else's.
            None if self.proxy.is_some() || has_no_services(domain) => {
                Ok(vec![resolve::usual(domain, self.security)])
            }
            None => resolve::services(domain, self.security).await,
        }
    }

    fn dial(&self, domain: &str, target: &Target) -> Dial {
        let tls = (self.security != Security::None).then(|| Tls {
            roots: self.roots.clone(),
            certificate: None,
            server_name: Some(domain.to_owned()),
        });
        Dial {
            host: target.host.clone(),
            port: target.port,
            tls,
            proxy: self.proxy.clone(),
        }
    }

    fn refuse(&self, dial: &Dial) -> Result<(), LoginError> {
        if self.security == Security::None && dial.is_exposed() {
            return Err(LoginError::Dial(DialError::PasswordInClear(dial.host.clone())));
        }
        Ok(())
    }

    async fn reach(&self, domain: &str, target: Target) -> Result<Reached, LoginError> {
        let dial = self.dial(domain, &target);
        self.refuse(&dial)?;
        // Files are read before anybody hears of us.
        let connector = dial.prepare().map_err(LoginError::Dial)?;
        let socket = dial.way().await.map_err(LoginError::Dial)?;
        let negotiation = async {
            let broken = broken_at(&target);
            let mut exporter = None;
            let socket: Box<dyn Stream> = match connector {
                None => socket,
                Some(connector) => {
                    let (socket, connector) = if target.direct {
                        (socket, connector.with_protocol(PROTOCOL))
                    } else {
                        (self.ask_for_tls(socket, domain, &target).await?, connector)
                    };
                    let stream = dial.encrypt(connector, socket).await.map_err(LoginError::Dial)?;
                    exporter = export(&stream);
                    Box::new(stream)
                }
            };
            let mut stream = XmlStream::new(socket);
            let (header, features) = stream.open(domain).await.map_err(broken)?;
            Ok((stream, header, features, exporter))
        };
        let (stream, header, features, exporter) = patiently(&self.domain, negotiation).await?;
        Ok(Reached {
            stream,
            header,
            features,
            exporter,
            domain: self.domain.clone(),
            target,
            private: !dial.is_exposed(),
        })
    }

    /// STARTTLS, up to where TLS begins (RFC 6120, section 5).
    async fn ask_for_tls(
        &self,
        socket: Box<dyn Stream>,
        domain: &str,
        target: &Target,
    ) -> Result<Box<dyn Stream>, LoginError> {
        let broken = broken_at(target);
        let mut stream = XmlStream::new(socket);
        let (header, features) = stream.open(domain).await.map_err(broken)?;
        let offered = header.read(&features);
        if offered.is_none_or(|features| !features.has_child("starttls", ns::STARTTLS)) {
            return Err(LoginError::NoStartTls(self.domain.clone()));
        }
        let ask = format!("<starttls xmlns='{}'/>", ns::STARTTLS);
        stream.write(ask.as_bytes()).await.map_err(broken)?;
        let answer = stream.element().await.map_err(broken)?;
        if answer.is("failure", ns::STARTTLS) {
            return Err(LoginError::NoStartTls(self.domain.clone()));
        }
        if !answer.is("proceed", ns::STARTTLS) {
            return Err(broken(unexpected(&answer)));
        }
        stream.into_socket().map_err(broken)
    }
}

impl Reached {
    /// Proves the account, and begins the stream anew.
    ///
    /// # Errors
    /// [`LoginError::Sasl`] if the account was not proved, or the server has not proved that it knows the password.
    pub async fn log_in(self, user: &str, password: &Zeroizing<String>) -> Result<LoggedIn, LoginError> {
        let Self {
            mut stream,
            header,
            features,
            exporter,
            domain,
            target,
            private,
        } = self;
        let broken = broken_at(&target);
        let negotiation = async {
            let offered = header.read(&features);
            let offered = offered.ok_or_else(|| broken(unexpected(&features)))?;
            let offer = Offer::of(&offered, exporter, private);
            let proved = offer.prove(&mut stream, &header, user, password).await;
            proved.map_err(|fault| match fault {
                Unproved::Sasl(fault) => LoginError::Sasl {
                    domain: domain.clone(),
                    fault,
                },
                Unproved::Stream(fault) => broken(fault),
            })?;
            let mut stream = XmlStream::new(stream.into_socket().map_err(broken)?);
            let (header, features) = stream.open(&ascii(&domain)?).await.map_err(broken)?;
            Ok(LoggedIn {
                stream,
                header,
                features,
            })
        };
        patiently(&domain, negotiation).await
    }
}

/// A fault of the stream with this host.
fn broken_at(target: &Target) -> impl Fn(StreamFault) -> LoginError + Copy {
    |fault| LoginError::Stream {
        host: target.host.clone(),
        port: target.port,
        fault,
    }
}

async fn patiently<T>(
    domain: &str,
    negotiation: impl Future<Output = Result<T, LoginError>>,
) -> Result<T, LoginError> {
    let silent = |_| LoginError::Silent {
        domain: domain.to_owned(),
        seconds: PATIENCE.as_secs(),
    };
    timeout(PATIENCE, negotiation).await.map_err(silent)?
}

/// What binds to this connection (RFC 9266). Only TLS 1.3 has it for sure.
fn export(stream: &TlsStream<Box<dyn Stream>>) -> Option<Zeroizing<Vec<u8>>> {
    let (_, connection) = stream.get_ref();
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    let exported = Zeroizing::new(vec![0; 32]);
    connection
        .export_keying_material(exported, b"EXPORTER-Channel-Binding", None)
        .ok()
}

/// A domain as the name system and certificates spell it.
fn ascii(domain: &str) -> Result<String, LoginError> {
    let spelled = idna::domain_to_ascii(domain.trim_end_matches('.'));
    spelled
        .ok()
        .filter(|domain| !domain.is_empty())
        .ok_or_else(|| LoginError::Domain(domain.to_owned()))
}

/// Whether it is a name that no name system has services for, or must not hear of: that of a hidden service (RFC 7686).
fn has_no_services(domain: &str) -> bool {
    domain == "localhost" || domain.parse::<std::net::IpAddr>().is_ok() || is_onion(domain)
}

/// What XEP-0368 has TLS ask for.
const PROTOCOL: &[u8] = b"xmpp-client";
/// So long each of the two halves may take, once the server is reached.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s71_the_name_system_does_not_hear_of_hidden_services() {
        for domain in ["abc.onion", "chat.ABC.Onion", "localhost", "127.0.0.1", "::1"] {
            assert!(has_no_services(domain), "{domain}");
        }
        assert!(!has_no_services("onion.example"));
    }
}
