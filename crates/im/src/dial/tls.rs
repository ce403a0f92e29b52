//! TLS as a client: whose word counts, what we show, and why it did not come about.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ConfigBuilder, Error, InvalidMessage, RootCertStore,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ClientCertificate, Dial, DialError, Roots, Tls, TlsFault};

/// Everything that is needed before the first byte.
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    host: String,
    port: u16,
}

impl Connector {
    /// Reads the roots and our own certificate.
    pub(super) fn new(dial: &Dial, tls: &Tls) -> Result<Self, DialError> {
        let name = tls.server_name.as_ref().unwrap_or(&dial.host);
        let known = ServerName::try_from(name.clone()).map_err(|_| DialError::ServerName(name.clone()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|fault| dial.tls_fault(TlsFault::Other(fault.to_string())))?
            .with_root_certificates(roots(&tls.roots)?);
        let config = match &tls.certificate {
            Some(own) => show(builder, own)?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self {
            config: Arc::new(config),
            name: known,
            host: dial.host.clone(),
            port: dial.port,
        })
    }

    /// Names the protocol that is spoken inside (ALPN).
    pub(crate) fn with_protocol(mut self, protocol: &[u8]) -> Self {
        Arc::make_mut(&mut self.config).alpn_protocols = vec![protocol.to_vec()];
        self
    }

    /// Speaks TLS over a stream, and returns when the server has proved who it is.
    pub(super) async fn connect<S>(self, stream: S) -> Result<TlsStream<S>, DialError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connected = TlsConnector::from(self.config)
            .connect(self.name.clone(), stream)
            .await;
        connected.map_err(|fault| {
            let fault = reason(&fault, &self.name);
            DialError::Tls {
                host: self.host,
                port: self.port,
                fault,
            }
        })
    }
}

impl Dial {
    pub(super) fn tls_fault(&self, fault: TlsFault) -> DialError {
        DialError::Tls {
            host: self.host.clone(),
            port: self.port,
            fault,
        }
    }
}

fn roots(roots: &Roots) -> Result<RootCertStore, DialError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Platform => {
            let found = rustls_native_certs::load_native_certs();
            let (taken, _not_understood) = store.add_parsable_certificates(found.certs);
            if taken == 0 {
                let why = found
                    .errors
                    .first()
                    .map_or_else(|| "none were found".to_owned(), ToString::to_string);
                return Err(DialError::NoRoots(why));
            }
        }
        Roots::File(path) => {
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|fault| unusable(path, fault))?;
            }
        }
    }
    Ok(store)
}

fn show(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    own: &ClientCertificate,
) -> Result<ClientConfig, DialError> {
    let chain = certificates(&own.chain)?;
    let key = PrivateKeyDer::from_pem_file(&own.key)
        .map_err(|fault| unusable(&own.key, format!("no private key is read from it ({fault})")))?;
    builder.with_client_auth_cert(chain, key).map_err(|fault| {
        unusable(
            &own.key,
            format!("this key does not go with the certificate ({fault})"),
        )
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable(path, "there is no certificate in it (PEM)"))
        }
        Ok(certificates) => Ok(certificates),
        Err(fault) => Err(unusable(
            path,
            format!("no certificate is read from it ({fault})"),
        )),
    }
}

fn unusable(path: &Path, fault: impl ToString) -> DialError {
    DialError::File {
        path: path.to_owned(),
        fault: fault.to_string(),
    }
}

/// Sorts what the library says by what a person can do about it.
fn reason(fault: &io::Error, name: &ServerName<'_>) -> TlsFault {
    let Some(inner) = fault.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match fault.kind() {
            // A server that waits for IRC lines closes when it is greeted in TLS.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => TlsFault::NotTls,
            _ => TlsFault::Other(fault.to_string()),
        };
    };
    match inner {
        Error::InvalidCertificate(fault) => certificate_fault(fault, name),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => TlsFault::NotTls,
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA),
        ) => TlsFault::OurCertificate(format!("{alert:?}")),
        other => TlsFault::Other(other.to_string()),
    }
}

fn certificate_fault(fault: &CertificateError, name: &ServerName<'_>) -> TlsFault {
    match fault {
        CertificateError::NotValidForName => TlsFault::WrongName {
            expected: name.to_str().into_owned(),
            presented: "another name".to_owned(),
        },
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().take(MOST_NAMES).map(|name| bare(name)).collect();
            let presented = if names.is_empty() {
                "no name at all".to_owned()
            } else {
                names.join(", ")
            };
            TlsFault::WrongName {
                expected: name.to_str().into_owned(),
                presented,
            }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::UnknownIssuer,
        CertificateError::Revoked => TlsFault::Revoked,
        other => TlsFault::Certificate(other.to_string()),
    }
}

/// `irc.example` of `DnsName("irc.example")`, as the library shows the names in a certificate; what was not harmless
/// in them is escaped already.
fn bare(shown: &str) -> &str {
    let inside = shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(shown).trim_matches('"')
}

/// So many names of somebody else's certificate are shown.
const MOST_NAMES: usize = 5;
