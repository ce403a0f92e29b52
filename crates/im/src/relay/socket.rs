//! What the relay's sockets can be asked for: a certificate, and to break.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::capture::Direction;

/// A certificate and its key, as PEM files. A relay that has one speaks TLS only; its capture holds what is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The certificate, and those that vouch for it.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl ServerCertificate {
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
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
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// How many more bytes may pass a socket before it breaks.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    incoming: Option<usize>,
    outgoing: Option<usize>,
}

impl Allowance {
    pub(super) fn set(&mut self, direction: Direction, bytes: usize) {
        *self.of(direction) = Some(bytes);
    }

    /// How many of `wanted` bytes pass, and whether the socket breaks then.
    pub(super) fn take(&mut self, direction: Direction, wanted: usize) -> (usize, bool) {
        match self.of(direction) {
            None => (wanted, false),
            Some(left) if *left <= wanted => (std::mem::take(left), true),
            Some(left) => {
                *left -= wanted;
                (wanted, false)
            }
        }
    }

    fn of(&mut self, direction: Direction) -> &mut Option<usize> {
        match direction {
            Direction::In => &mut self.incoming,
            Direction::Out => &mut self.outgoing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_the_very_byte() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(Direction::In, 100), (100, false));
        allowance.set(Direction::In, 10);
        assert_eq!(allowance.take(Direction::Out, 100), (100, false));
        assert_eq!(allowance.take(Direction::In, 9), (9, false));
        assert_eq!(allowance.take(Direction::In, 9), (1, true));
        assert_eq!(allowance.take(Direction::In, 9), (0, true));
    }
}
