//! SCRAM-SHA-1 and SCRAM-SHA-256 with and without channel binding (RFC 5802, RFC 7677, RFC 9266): the client's half.
//!
//! Why not a library: `docs/decisions/0130-how-xmpp-is-spoken.md`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fault::SaslFault;

/// The hash of a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// SHA-1, which every server has.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What is said about the encryption below.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Binding {
    /// We cannot bind to it, or not in a way that the server knows.
    None,
    /// We could, but the server says that it cannot: if somebody took its offer away, it will notice.
    NotOffered,
    /// Bound to it by `tls-exporter`.
    Exporter(Zeroizing<Vec<u8>>),
}

/// One attempt.
pub(super) struct Scram {
    hash: Hash,
    binding: Binding,
    first_bare: String,
    nonce: String,
    password: Zeroizing<String>,
    /// What the server has to prove at the end.
    expected: Option<Zeroizing<Vec<u8>>>,
}

impl Scram {
    /// The nonce is as good as its randomness; it has no comma.
    pub(super) fn new(
        hash: Hash,
        binding: Binding,
        user: &str,
        password: Zeroizing<String>,
        nonce: String,
    ) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self {
            hash,
            binding,
            first_bare: format!("n={user},r={nonce}"),
            nonce,
            password,
            expected: None,
        }
    }

    /// The first message.
    pub(super) fn first(&self) -> Vec<u8> {
        format!("{}{}", self.header(), self.first_bare).into_bytes()
    }

    /// The answer to the server's first message. Takes up to a second of hashing, as many rounds as the server asks for.
    pub(super) fn answer(&mut self, server_first: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslFault> {
        let first = std::str::from_utf8(server_first).map_err(|_| SaslFault::Garbled)?;
        if self.expected.is_some() {
            return Err(SaslFault::Garbled);
        }
        // What must be understood and is not: `m=` comes first (RFC 5802, section 5.1).
        let mut parts = first.split(',');
        let nonce = parts.next().and_then(|part| part.strip_prefix("r="));
        let salt = parts.next().and_then(|part| part.strip_prefix("s="));
        let rounds = parts.next().and_then(|part| part.strip_prefix("i="));
        let nonce = nonce
            .filter(|nonce| nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce))
            .ok_or(SaslFault::Garbled)?;
        let salt = salt.and_then(|salt| BASE64.decode(salt).ok());
        let salt = salt.filter(|salt| !salt.is_empty()).ok_or(SaslFault::Garbled)?;
        let rounds = rounds
            .and_then(|rounds| rounds.parse::<u32>().ok())
            .ok_or(SaslFault::Garbled)?;
        if !(FEWEST_ROUNDS..=MOST_ROUNDS).contains(&rounds) {
            return Err(SaslFault::Rounds(rounds));
        }
        let mut bound = self.header().as_bytes().to_vec();
        if let Binding::Exporter(data) = &self.binding {
            bound.extend_from_slice(data);
        }
        let last_bare = format!("c={},r={nonce}", BASE64.encode(bound));
        let said = format!("{},{first},{last_bare}", self.first_bare);
        let salted = self.salted(&salt, rounds);
        let client_key = self.hmac(&salted, b"Client Key");
        let stored = self.digest(&client_key);
        let signature = self.hmac(&stored, said.as_bytes());
        let proof: Zeroizing<Vec<u8>> = client_key
            .iter()
            .zip(signature.iter())
            .map(|(a, b)| a ^ b)
            .collect::<Vec<_>>()
            .into();
        let server_key = self.hmac(&salted, b"Server Key");
        self.expected = Some(self.hmac(&server_key, said.as_bytes()));
        let answer = format!("{last_bare},p={}", BASE64.encode(&*proof));
        Ok(answer.into_bytes().into())
    }

    /// Whether the server has proved that it knows the password, or something made of it, as well.
    pub(super) fn verify(&self, server_last: &[u8]) -> Result<(), SaslFault> {
        let last = std::str::from_utf8(server_last).map_err(|_| SaslFault::Garbled)?;
        let proof = last.split(',').next().and_then(|part| part.strip_prefix("v="));
        let proof = proof
            .and_then(|proof| BASE64.decode(proof).ok())
            .ok_or(SaslFault::NoProof)?;
        let expected = self.expected.as_ref().ok_or(SaslFault::NoProof)?;
        if bool::from(proof.ct_eq(expected)) {
            Ok(())
        } else {
            Err(SaslFault::NoProof)
        }
    }

    fn header(&self) -> &'static str {
        match self.binding {
            Binding::None => "n,,",
            Binding::NotOffered => "y,,",
            Binding::Exporter(_) => "p=tls-exporter,,",
        }
    }

    fn salted(&self, salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>> {
        // Passwords that the preparation refuses are taken as they are: the server has taken them as well.
        let prepared = stringprep::saslprep(&self.password);
        let password = Zeroizing::new(prepared.map_or_else(|_| self.password.to_string(), Into::into));
        let mut salted = Zeroizing::new(vec![0; self.length()]);
        match self.hash {
            Hash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password.as_bytes(), salt, rounds, &mut salted),
            Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, rounds, &mut salted),
        }
        salted
    }

    fn hmac(&self, key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        fn with<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
            // HMAC takes keys of any length.
            let mac = <M as KeyInit>::new_from_slice(key).map(|mac| mac.chain_update(data));
            mac.map(|mac| mac.finalize().into_bytes().to_vec())
                .unwrap_or_default()
                .into()
        }
        match self.hash {
            Hash::Sha1 => with::<Hmac<Sha1>>(key, data),
            Hash::Sha256 => with::<Hmac<Sha256>>(key, data),
        }
    }

    fn digest(&self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        match self.hash {
            Hash::Sha1 => Sha1::digest(data).to_vec().into(),
            Hash::Sha256 => Sha256::digest(data).to_vec().into(),
        }
    }

    fn length(&self) -> usize {
        match self.hash {
            Hash::Sha1 => Sha1::output_size(),
            Hash::Sha256 => Sha256::output_size(),
        }
    }
}

/// RFC 7677 asks for at least 4096; fewer would give the password away to whoever plays the server.
const FEWEST_ROUNDS: u32 = 4096;
/// A second of our time, roughly.
const MOST_ROUNDS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 5802, section 5, and RFC 7677, section 3.
    const RUNS: [(Hash, &str, &str, &str, &str); 2] = [
        (
            Hash::Sha1,
            "fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            Hash::Sha256,
            "rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ];

    fn scram(hash: Hash, nonce: &str) -> Scram {
        let password = Zeroizing::new("pencil".to_owned());
        Scram::new(hash, Binding::None, "user", password, nonce.to_owned())
    }

    #[test]
    fn says_what_the_specifications_say() {
        for (hash, nonce, server_first, client_last, server_last) in RUNS {
            let mut scram = scram(hash, nonce);
            assert_eq!(scram.first(), format!("n,,n=user,r={nonce}").into_bytes());
            assert_eq!(
                &*scram.answer(server_first.as_bytes()).unwrap(),
                client_last.as_bytes()
            );
            assert_eq!(scram.verify(server_last.as_bytes()), Ok(()));
            assert_eq!(
                scram.verify(b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                Err(SaslFault::NoProof)
            );
            assert_eq!(scram.verify(b""), Err(SaslFault::NoProof));
        }
    }

    #[test]
    fn refuses_what_a_server_must_not_say() {
        for (first, fault) in [
            ("r=other3rfc,s=QSXCR+Q6sek8bf92,i=4096", SaslFault::Garbled),
            ("r=abc,s=QSXCR+Q6sek8bf92,i=4096", SaslFault::Garbled),
            ("m=x,r=abcd,s=QSXCR+Q6sek8bf92,i=4096", SaslFault::Garbled),
            ("r=abcd,s=!,i=4096", SaslFault::Garbled),
            ("r=abcd,s=,i=4096", SaslFault::Garbled),
            ("r=abcd,s=QSXCR+Q6sek8bf92", SaslFault::Garbled),
            ("r=abcd,s=QSXCR+Q6sek8bf92,i=1", SaslFault::Rounds(1)),
            (
                "r=abcd,s=QSXCR+Q6sek8bf92,i=4294967295",
                SaslFault::Rounds(u32::MAX),
            ),
            ("", SaslFault::Garbled),
        ] {
            let mut scram = scram(Hash::Sha1, "abc");
            assert_eq!(scram.answer(first.as_bytes()).map(|_| ()), Err(fault), "{first}");
            assert_eq!(scram.verify(b"v=AAAA"), Err(SaslFault::NoProof));
        }
    }

    #[test]
    fn names_and_bindings_are_written_as_they_have_to_be() {
        let password = Zeroizing::new(String::new());
        let binding = Binding::Exporter(vec![1; 32].into());
        let scram = Scram::new(Hash::Sha256, binding, "a=b,c", password, "n".into());
        assert_eq!(scram.first(), b"p=tls-exporter,,n=a=3Db=2Cc,r=n");
    }
}
