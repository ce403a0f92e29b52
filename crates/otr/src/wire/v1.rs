//! The Key Exchange message of version 1.

use crate::wire::header::{Header, InstanceTag, TYPE_DH_KEY, Version};
use crate::wire::{DecodeError, Mpi, Reader, Wire, Writer};

/// Key Exchange.
///
/// ```text
/// reply        (BYTE)   1 if it answers a Key Exchange
/// p, q, g, e   (MPI each)   the DSA public key
/// key id       (INT)
/// D-H y        (MPI)
/// signature    (40 bytes)   DSA over the SHA-1 of everything before, from the header on
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExchange {
    /// Whether it answers one.
    pub reply: bool,
    /// Modulus of the DSA key.
    pub p: Mpi,
    /// Order of its subgroup.
    pub q: Mpi,
    /// Its generator.
    pub g: Mpi,
    /// Its public value.
    pub e: Mpi,
    /// Serial number of the D-H key.
    pub key_id: u32,
    /// The D-H key, unchecked.
    pub dh_y: Mpi,
    /// r and s of 20 bytes each.
    pub signature: [u8; 40],
}

impl KeyExchange {
    /// The signed bytes: all before the signature, from the protocol version on.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let header = Header {
            version: Version::V1,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        };
        let mut writer = Writer::with_capacity(768);
        header.encode(TYPE_DH_KEY, &mut writer);
        self.encode_signed(&mut writer);
        writer.into_bytes()
    }

    fn encode_signed(&self, writer: &mut Writer) {
        writer.u8(u8::from(self.reply));
        for number in [&self.p, &self.q, &self.g, &self.e] {
            writer.mpi(number);
        }
        writer.u32(self.key_id);
        writer.mpi(&self.dh_y);
    }
}

impl Wire for KeyExchange {
    fn encode(&self, writer: &mut Writer) {
        self.encode_signed(writer);
        writer.bytes(&self.signature);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let reply = match reader.u8()? {
            0 => false,
            1 => true,
            // Signed as it stands, so another value could not be verified any more.
            _ => return Err(DecodeError::BadLength),
        };
        Ok(Self {
            reply,
            p: reader.mpi()?,
            q: reader.mpi()?,
            g: reader.mpi()?,
            e: reader.mpi()?,
            key_id: reader.u32()?,
            dh_y: reader.mpi()?,
            signature: reader.array()?,
        })
    }
}
