//! The messages of versions 2 and 3, and the Data message that version 1 shares with them. Numbers are kept as they
//! were sent: whether they lie in a group, or a key id is zero, is judged by the floors above.

use super::Wire;
use super::error::DecodeError;
use super::header::{Header, TYPE_DATA, Version};
use super::mpi::Mpi;
use super::reader::Reader;
use super::writer::{Writer, announced_length};

/// "D-H Commit Message": the first of the key exchange; a hidden choice of `g^x`.
///
/// ```text
/// DATA encrypted g^x | DATA hashed g^x (32 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhCommit {
    /// The MPI of `g^x`, encrypted under the key that is revealed later.
    pub encrypted_gx: Vec<u8>,
    /// SHA-256 of the MPI of `g^x`.
    pub hashed_gx: [u8; 32],
}

impl Wire for DhCommit {
    fn encode(&self, w: &mut Writer) {
        w.data(&self.encrypted_gx);
        w.data(&self.hashed_gx);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            encrypted_gx: r.data()?.to_vec(),
            hashed_gx: exact(r.data()?)?,
        })
    }
}

/// "D-H Key Message": the answer to a D-H Commit.
///
/// ```text
/// MPI g^y
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhKey {
    /// The answerer's Diffie-Hellman value, unchecked.
    pub gy: Mpi,
}

impl Wire for DhKey {
    fn encode(&self, w: &mut Writer) {
        w.mpi(&self.gy);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { gy: r.mpi()? })
    }
}

/// "Reveal Signature Message": opens the commitment and proves who made it.
///
/// ```text
/// DATA revealed key (16 bytes) | DATA encrypted signature | MAC (20 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealSignature {
    /// The key under which `g^x` was hidden.
    pub revealed_key: [u8; 16],
    /// A [`SignedIdentity`], encrypted under `c`.
    pub encrypted_signature: Vec<u8>,
    /// First 160 bits of HMAC-SHA-256 under `m2` over the encrypted signature with its length.
    pub mac: [u8; 20],
}

impl Wire for RevealSignature {
    fn encode(&self, w: &mut Writer) {
        w.data(&self.revealed_key);
        w.data(&self.encrypted_signature);
        w.bytes(&self.mac);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            revealed_key: exact(r.data()?)?,
            encrypted_signature: r.data()?.to_vec(),
            mac: r.array()?,
        })
    }
}

/// "Signature Message": the last of the key exchange.
///
/// ```text
/// DATA encrypted signature | MAC (20 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// A [`SignedIdentity`], encrypted under `c'`.
    pub encrypted_signature: Vec<u8>,
    /// First 160 bits of HMAC-SHA-256 under `m2'` over the encrypted signature with its length.
    pub mac: [u8; 20],
}

impl Wire for Signature {
    fn encode(&self, w: &mut Writer) {
        w.data(&self.encrypted_signature);
        w.bytes(&self.mac);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            encrypted_signature: r.data()?.to_vec(),
            mac: r.array()?,
        })
    }
}

/// "Data Message": one encrypted text of any version.
///
/// ```text
/// versions 2 and 3: BYTE flags
/// INT sender key id | INT recipient key id | MPI next g^x | CTR (8 bytes) | DATA ciphertext
/// MAC (20 bytes) | DATA old MAC keys
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// [`IGNORE_UNREADABLE`] or unknown bits. Zero and not on the wire in version 1.
    pub flags: u8,
    /// Serial number of the sender's key that this message uses; legal ones start at 1.
    pub sender_key_id: u32,
    /// Serial number of the recipient's key that this message uses; legal ones start at 1.
    pub recipient_key_id: u32,
    /// The sender's next public key, `sender_key_id` + 1, unchecked.
    pub next_dh: Mpi,
    /// Top half of the initial counter.
    pub counter: [u8; 8],
    /// The encrypted [`Plaintext`](super::Plaintext).
    pub ciphertext: Vec<u8>,
    /// HMAC-SHA-1 over [`Data::authenticated_prefix`] and the ciphertext.
    pub mac: [u8; 20],
    /// MAC keys that will never be used again, 20 bytes each; not covered by the MAC, so any length may come in.
    pub revealed_mac_keys: Vec<u8>,
}

impl Data {
    /// Appends the message without its header.
    pub fn encode(&self, version: Version, w: &mut Writer) {
        self.encode_until_ciphertext(version, w);
        w.data(&self.ciphertext);
        w.bytes(&self.mac);
        w.data(&self.revealed_mac_keys);
    }

    /// Takes what follows the header.
    ///
    /// # Errors
    /// Those of [`Reader::mpi`] and [`Reader::data`].
    pub fn decode(version: Version, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (data, ciphertext) = Self::decode_around(version, r)?;
        Ok(Self {
            ciphertext: ciphertext.to_vec(),
            ..data
        })
    }

    /// The same, with the ciphertext left where it is and not in the message.
    pub(super) fn decode_around<'a>(
        version: Version,
        r: &mut Reader<'a>,
    ) -> Result<(Self, &'a [u8]), DecodeError> {
        let before = Self {
            flags: if has_flags(version) { r.u8()? } else { 0 },
            sender_key_id: r.u32()?,
            recipient_key_id: r.u32()?,
            next_dh: r.mpi()?,
            counter: r.array()?,
            ciphertext: Vec::new(),
            mac: [0; 20],
            revealed_mac_keys: Vec::new(),
        };
        let ciphertext = r.data()?;
        let data = Self {
            mac: r.array()?,
            revealed_mac_keys: r.data()?.to_vec(),
            ..before
        };
        Ok((data, ciphertext))
    }

    /// Every byte from the protocol version to the length of the ciphertext, inclusive. The MAC covers this followed
    /// by the ciphertext; for a decoded message these are exactly the bytes that were received.
    pub fn authenticated_prefix(&self, header: &Header) -> Vec<u8> {
        let mut w = Writer::with_capacity(40 + self.next_dh.as_bytes().len());
        header.encode(TYPE_DATA, &mut w);
        self.encode_until_ciphertext(header.version, &mut w);
        w.u32(announced_length(&self.ciphertext));
        w.into_bytes()
    }

    /// Bytes on the wire, without the header.
    pub(super) fn encoded_len(&self) -> usize {
        let fixed = 1 + 4 + 4 + 4 + 8 + 4 + 20 + 4;
        fixed + self.next_dh.as_bytes().len() + self.ciphertext.len() + self.revealed_mac_keys.len()
    }

    fn encode_until_ciphertext(&self, version: Version, w: &mut Writer) {
        if has_flags(version) {
            w.u8(self.flags);
        }
        w.u32(self.sender_key_id);
        w.u32(self.recipient_key_id);
        w.mpi(&self.next_dh);
        w.bytes(&self.counter);
    }
}

/// "OTR public authentication DSA key", unchecked.
///
/// ```text
/// SHORT 0 | MPI p | MPI q | MPI g | MPI y
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Prime modulus.
    pub p: Mpi,
    /// Prime order of the subgroup.
    pub q: Mpi,
    /// Generator of the subgroup.
    pub g: Mpi,
    /// The public value `g^x`.
    pub y: Mpi,
}

impl Wire for PublicKey {
    fn encode(&self, w: &mut Writer) {
        w.u16(KEY_TYPE_DSA);
        [&self.p, &self.q, &self.g, &self.y]
            .into_iter()
            .for_each(|number| w.mpi(number));
    }

    /// A key of another type is [`DecodeError::UnknownType`] of its low byte (0xff if that does not fit).
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = r.u16()?;
        if kind != KEY_TYPE_DSA {
            return Err(DecodeError::UnknownType(u8::try_from(kind).unwrap_or(u8::MAX)));
        }
        Ok(Self {
            p: r.mpi()?,
            q: r.mpi()?,
            g: r.mpi()?,
            y: r.mpi()?,
        })
    }
}

/// What hides inside an encrypted signature (`X_A`, `X_B`): a key, and its signature over the exchange.
///
/// ```text
/// PUBKEY | INT key id | SIG (20 bytes r, 20 bytes s)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The signer's long-term key, unchecked.
    pub public_key: PublicKey,
    /// Serial number of the Diffie-Hellman key of this exchange; legal ones start at 1.
    pub key_id: u32,
    /// DSA signature, `r` then `s`.
    pub signature: [u8; 40],
}

impl Wire for SignedIdentity {
    fn encode(&self, w: &mut Writer) {
        self.public_key.encode(w);
        w.u32(self.key_id);
        w.bytes(&self.signature);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            public_key: PublicKey::decode(r)?,
            key_id: r.u32()?,
            signature: r.array()?,
        })
    }
}

const fn has_flags(version: Version) -> bool {
    !matches!(version, Version::V1)
}

/// A DATA that has one legal length.
fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::BadLength)
}

/// Flag of a data message that should be dropped in silence if it cannot be read.
pub const IGNORE_UNREADABLE: u8 = 1;

/// The one type of public key that the specification defines.
const KEY_TYPE_DSA: u16 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::InstanceTag;

    fn data() -> Data {
        Data {
            flags: IGNORE_UNREADABLE,
            sender_key_id: 2,
            recipient_key_id: 3,
            next_dh: Mpi::from_be_bytes(&[4, 5]),
            counter: [0, 0, 0, 0, 0, 0, 0, 6],
            ciphertext: vec![7, 8, 9],
            mac: [10; 20],
            revealed_mac_keys: vec![11; 20],
        }
    }

    #[test]
    fn the_prefix_reaches_to_the_length_of_the_ciphertext() {
        let tail = [
            0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 4, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 3,
        ];
        let table: [(Version, &[u8]); 3] = [
            (Version::V1, &[0, 1, 3]),
            (Version::V2, &[0, 2, 3, 1]),
            (Version::V3, &[0, 3, 3, 0, 0, 1, 0, 0, 0, 2, 0, 1]),
        ];
        for (version, head) in table {
            let header = Header {
                version,
                sender: InstanceTag::from_raw(0x100),
                receiver: InstanceTag::from_raw(0x200),
            };
            assert_eq!(data().authenticated_prefix(&header), [head, &tail].concat());
        }
    }

    #[test]
    fn version_1_has_no_flags() {
        for version in Version::CLASSIC {
            let mut w = Writer::new();
            data().encode(version, &mut w);
            let expected = Data {
                flags: if version == Version::V1 {
                    0
                } else {
                    IGNORE_UNREADABLE
                },
                ..data()
            };
            assert_eq!(
                Data::decode(version, &mut Reader::new(w.as_slice())),
                Ok(expected)
            );
            assert_eq!(
                w.as_slice().len() + usize::from(version == Version::V1),
                data().encoded_len()
            );
        }
    }

    #[test]
    fn fields_with_one_legal_length() {
        for length in [0, 1, 15, 17, 31, 33, 64] {
            let mut w = Writer::new();
            w.data(&[1]);
            w.data(&vec![0; length]);
            assert_eq!(DhCommit::from_bytes(w.as_slice()), Err(DecodeError::BadLength));
            let mut w = Writer::new();
            w.data(&vec![0; length]);
            w.data(&[1]);
            w.bytes(&[0; 20]);
            assert_eq!(
                RevealSignature::from_bytes(w.as_slice()),
                Err(DecodeError::BadLength)
            );
        }
    }

    #[test]
    fn only_dsa_keys_are_read() {
        let one = Mpi::from_be_bytes(&[1]);
        let key = PublicKey {
            p: one.clone(),
            q: one.clone(),
            g: one.clone(),
            y: one,
        };
        let mut bytes = key.to_bytes();
        assert_eq!(PublicKey::from_bytes(&bytes), Ok(key));
        bytes[1] = 1;
        assert_eq!(PublicKey::from_bytes(&bytes), Err(DecodeError::UnknownType(1)));
        bytes[0] = 1;
        assert_eq!(PublicKey::from_bytes(&bytes), Err(DecodeError::UnknownType(0xff)));
    }
}
