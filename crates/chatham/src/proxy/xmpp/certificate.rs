//! The certificate of the loopback: made once, kept beside the keys for its owner alone, shown by its fingerprint so that
//! a client can pin it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use im::accept::{Acceptor, ServerCertificate};
use rcgen::{CertificateParams, DnType, KeyPair};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What clients show of a certificate, as pairs of digits with colons between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// What older clients show, and nothing else.
    pub sha1: String,
    /// What all others show.
    pub sha256: String,
}

/// A certificate for one account, whose key lies beside it in one file.
pub struct Certificate {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Certificate {
    /// Where it is kept, in the folder of the store.
    pub fn path(folder: &Path, profile: &str) -> PathBuf {
        folder.join(format!("proxy-xmpp-{profile}.pem"))
    }

    /// The one that is kept in this folder for this domain, if there is one.
    ///
    /// # Errors
    /// If it cannot be read, or others can.
    pub fn read(folder: &Path, profile: &str) -> io::Result<Option<Self>> {
        let path = Self::path(folder, profile);
        let said = |fault: io::Error| {
            io::Error::new(
                fault.kind(),
                format!("the proxy's certificate, {}: {fault}", path.display()),
            )
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(said(fault)),
        };
        if file.metadata().map_err(said)?.permissions().mode() & 0o077 != 0 {
            let words = format!("others can read it; to mend it: chmod 600 {}", path.display());
            return Err(said(io::Error::other(words)));
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(LONGEST).read_to_end(&mut text).map_err(said)?;
        let damaged = || {
            said(io::Error::other(
                "it is damaged; delete it, and a new one is made",
            ))
        };
        let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
        let body = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let body: String = body.map_or_else(String::new, |(body, _)| body.split_whitespace().collect());
        match BASE64.decode(&body) {
            Ok(bytes) if !bytes.is_empty() => Ok(Some(Self { path, bytes })),
            _ => Err(damaged()),
        }
    }

    /// The one that is kept in this folder, made now if there is none. `domain` is what clients ask it for.
    ///
    /// # Errors
    /// If it cannot be made, read or written, or others can read it.
    pub fn of(folder: &Path, profile: &str, domain: &str) -> io::Result<Self> {
        if let Some(certificate) = Self::read(folder, profile)? {
            return Ok(certificate);
        }
        let path = Self::path(folder, profile);
        let names = vec![domain.to_owned(), "localhost".to_owned()];
        let mut wanted = CertificateParams::new(names).map_err(io::Error::other)?;
        // A person sees it when the client asks.
        wanted.distinguished_name.push(DnType::CommonName, ISSUER);
        let pair = KeyPair::generate().map_err(io::Error::other)?;
        let made = wanted.self_signed(&pair).map_err(io::Error::other)?;
        let key = Zeroizing::new(pair.serialize_pem());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(made.pem().as_bytes())?;
        file.write_all(key.as_bytes())?;
        file.sync_all()?;
        Self::read(folder, profile)?.ok_or_else(|| io::Error::other("the proxy's certificate is gone"))
    }

    /// Its SHA-256 as clients show it.
    pub fn fingerprint(&self) -> String {
        shown(&Sha256::digest(&self.bytes))
    }

    /// Both that clients show.
    pub fn fingerprints(&self) -> Fingerprints {
        Fingerprints {
            sha1: shown(&Sha1::digest(&self.bytes)),
            sha256: self.fingerprint(),
        }
    }

    /// What speaks TLS with it.
    pub(super) fn acceptor(&self) -> io::Result<Acceptor> {
        let files = ServerCertificate {
            chain: self.path.clone(),
            key: self.path.clone(),
        };
        files.acceptor()
    }
}

fn shown(digest: &[u8]) -> String {
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

const ISSUER: &str = "chatham proxy on this computer";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const LONGEST: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert!(Certificate::read(&data, "home").unwrap().is_none());
        let made = Certificate::of(&data, "home", "example.org").unwrap();
        let path = Certificate::path(&data, "home");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Certificate::of(&data, "home", "example.org").unwrap();
        assert_eq!(made.fingerprint(), again.fingerprint());
        assert_eq!(made.fingerprint().len(), 95);
        assert_eq!(made.fingerprints().sha1.len(), 59);
        made.acceptor().unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let fault = Certificate::of(&data, "home", "example.org").err().unwrap();
        assert!(fault.to_string().contains("chmod 600"), "{fault}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "x").unwrap();
        let fault = Certificate::of(&data, "home", "example.org").err().unwrap();
        assert!(fault.to_string().contains("damaged"), "{fault}");
    }
}
