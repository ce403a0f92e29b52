//! The messages of versions 2 and 3; the data message of version 1 too, which has no flags.

use crate::wire::header::{Header, TYPE_DATA};
use crate::wire::{DecodeError, Mpi, Reader, Wire, Writer};

/// D-H Commit.
///
/// ```text
/// encrypted g^x (DATA)   AES-128-CTR under r of the MPI of g^x
/// hashed g^x    (DATA)   32 bytes: SHA-256 of that MPI
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhCommit {
    /// AES-CTR(r, MPI of g^x).
    pub encrypted_gx: Vec<u8>,
    /// SHA-256(MPI of g^x).
    pub hashed_gx: [u8; 32],
}

/// D-H Key: `g^y (MPI)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhKey {
    /// The answerer's D-H key, unchecked.
    pub gy: Mpi,
}

/// Reveal Signature.
///
/// ```text
/// revealed key        (DATA)   16 bytes: r
/// encrypted signature (DATA)
/// MAC                 (20 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealSignature {
    /// The key that opens the commitment.
    pub revealed_key: [u8; 16],
    /// The starter's signed identity, encrypted.
    pub encrypted_signature: Vec<u8>,
    /// HMAC-SHA-256-160 over the encrypted signature with its length.
    pub mac: [u8; 20],
}

/// Signature: `encrypted signature (DATA) ‖ MAC (20 bytes)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The answerer's signed identity, encrypted.
    pub encrypted_signature: Vec<u8>,
    /// HMAC-SHA-256-160 over the encrypted signature with its length.
    pub mac: [u8; 20],
}

/// Data.
///
/// ```text
/// flags            (BYTE)   not in version 1
/// sender key id    (INT)
/// recipient key id (INT)
/// next D-H key     (MPI)
/// counter          (8 bytes)
/// ciphertext       (DATA)   ── everything up to here is authenticated, from the header on
/// MAC              (20 bytes)
/// revealed keys    (DATA)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// [`IGNORE_UNREADABLE`] or 0.
    pub flags: u8,
    /// Serial number of the sender's D-H key in use.
    pub sender_key_id: u32,
    /// Serial number of the receiver's D-H key in use.
    pub recipient_key_id: u32,
    /// The sender's next D-H key, unchecked.
    pub next_dh: Mpi,
    /// Top half of the counter.
    pub counter: [u8; 8],
    /// The encrypted plaintext.
    pub ciphertext: Vec<u8>,
    /// HMAC-SHA-1.
    pub mac: [u8; 20],
    /// Old MAC keys, 20 bytes each, by agreement: the field is not authenticated.
    pub revealed_mac_keys: Vec<u8>,
}

/// PUBKEY: `type (SHORT, 0 for DSA) ‖ p ‖ q ‖ g ‖ y (MPI each)`, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Modulus.
    pub p: Mpi,
    /// Order of the subgroup.
    pub q: Mpi,
    /// Generator.
    pub g: Mpi,
    /// Public value.
    pub y: Mpi,
}

/// The encrypted block of the key exchange: `PUBKEY ‖ key id (INT) ‖ signature (40 bytes)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIdentity {
    /// Whose.
    pub public_key: PublicKey,
    /// Serial number of the signer's D-H key.
    pub key_id: u32,
    /// r and s of 20 bytes each.
    pub signature: [u8; 40],
}

impl Wire for DhCommit {
    fn encode(&self, writer: &mut Writer) {
        writer.data(&self.encrypted_gx);
        writer.data(&self.hashed_gx);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let encrypted_gx = reader.data()?.to_vec();
        let hashed_gx = reader.data()?.try_into().map_err(|_| DecodeError::BadLength)?;
        Ok(Self {
            encrypted_gx,
            hashed_gx,
        })
    }
}

impl Wire for DhKey {
    fn encode(&self, writer: &mut Writer) {
        writer.mpi(&self.gy);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { gy: reader.mpi()? })
    }
}

impl Wire for RevealSignature {
    fn encode(&self, writer: &mut Writer) {
        writer.data(&self.revealed_key);
        writer.data(&self.encrypted_signature);
        writer.bytes(&self.mac);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let revealed_key = reader.data()?.try_into().map_err(|_| DecodeError::BadLength)?;
        let encrypted_signature = reader.data()?.to_vec();
        Ok(Self {
            revealed_key,
            encrypted_signature,
            mac: reader.array()?,
        })
    }
}

impl Wire for Signature {
    fn encode(&self, writer: &mut Writer) {
        writer.data(&self.encrypted_signature);
        writer.bytes(&self.mac);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            encrypted_signature: reader.data()?.to_vec(),
            mac: reader.array()?,
        })
    }
}

impl Data {
    /// The authenticated bytes before the ciphertext itself: header, fields, and the ciphertext's length.
    /// Since only minimal numbers decode, these are the very bytes that were received.
    pub fn authenticated_prefix(&self, header: &Header) -> Vec<u8> {
        let mut writer = Writer::with_capacity(64 + self.next_dh.as_bytes().len());
        header.encode(TYPE_DATA, &mut writer);
        self.encode_prefix(header, &mut writer);
        writer.into_bytes()
    }

    /// Writes the message after its header.
    pub(crate) fn encode(&self, header: &Header, writer: &mut Writer) {
        self.encode_prefix(header, writer);
        writer.bytes(&self.ciphertext);
        writer.bytes(&self.mac);
        writer.data(&self.revealed_mac_keys);
    }

    /// Reads the message after its header.
    pub(crate) fn decode(header: &Header, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: if header.version.has_flags() {
                reader.u8()?
            } else {
                0
            },
            sender_key_id: reader.u32()?,
            recipient_key_id: reader.u32()?,
            next_dh: reader.mpi()?,
            counter: reader.array()?,
            ciphertext: reader.data()?.to_vec(),
            mac: reader.array()?,
            revealed_mac_keys: reader.data()?.to_vec(),
        })
    }

    fn encode_prefix(&self, header: &Header, writer: &mut Writer) {
        if header.version.has_flags() {
            writer.u8(self.flags);
        }
        writer.u32(self.sender_key_id);
        writer.u32(self.recipient_key_id);
        writer.mpi(&self.next_dh);
        writer.bytes(&self.counter);
        writer.length(self.ciphertext.len());
    }
}

impl Wire for PublicKey {
    fn encode(&self, writer: &mut Writer) {
        writer.u16(DSA_KEY);
        for number in [&self.p, &self.q, &self.g, &self.y] {
            writer.mpi(number);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u16()? {
            DSA_KEY => {}
            other => return Err(DecodeError::UnknownType(other.to_be_bytes()[1])),
        }
        Ok(Self {
            p: reader.mpi()?,
            q: reader.mpi()?,
            g: reader.mpi()?,
            y: reader.mpi()?,
        })
    }
}

impl Wire for SignedIdentity {
    fn encode(&self, writer: &mut Writer) {
        self.public_key.encode(writer);
        writer.u32(self.key_id);
        writer.bytes(&self.signature);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            public_key: PublicKey::decode(reader)?,
            key_id: reader.u32()?,
            signature: reader.array()?,
        })
    }
}

/// Flag: whoever cannot read the message is to ignore it quietly.
pub const IGNORE_UNREADABLE: u8 = 0x01;
const DSA_KEY: u16 = 0;
