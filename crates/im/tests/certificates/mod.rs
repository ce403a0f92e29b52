//! Certificates made for one test.

use std::path::{Path, PathBuf};

use im::accept::ServerCertificate;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// Somebody who vouches for servers.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = tempfile::tempdir().unwrap();
        let root = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("root.pem"), root.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            folder,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Writes a certificate that this authority vouches for.
    pub(crate) fn vouch(&self, name: &str, params: CertificateParams) -> ServerCertificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(name, &certificate.pem(), &key)
    }

    /// Writes a certificate that only itself vouches for.
    pub(crate) fn vouch_for_itself(&self, name: &str, params: CertificateParams) -> ServerCertificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.write(name, &certificate.pem(), &key)
    }

    fn write(&self, name: &str, certificate: &str, key: &KeyPair) -> ServerCertificate {
        let file = |what: &str| self.folder.path().join(format!("{name}.{what}.pem"));
        std::fs::write(file("chain"), certificate).unwrap();
        std::fs::write(file("key"), key.serialize_pem()).unwrap();
        ServerCertificate {
            chain: file("chain"),
            key: file("key"),
        }
    }
}

/// A certificate for these names or addresses.
pub(crate) fn leaf(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
}
