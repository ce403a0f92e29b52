//! TLS as a server: for a relay, and for whoever listens beyond this computer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate and its key, as PEM files. Whoever has one speaks TLS only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The certificate, and those that vouch for it.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Encrypts connections that come in.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

impl ServerCertificate {
    /// Reads the files.
    ///
    /// # Errors
    /// If they cannot be read, or are no certificate and its key.
    pub fn acceptor(&self) -> io::Result<Acceptor> {
        let read =
            CertificateDer::pem_file_iter(&self.chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = read.map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }
}

impl Acceptor {
    /// Agrees on TLS with a client.
    ///
    /// # Errors
    /// If it does not speak TLS, or goes.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.accept(stream).await
    }
}
