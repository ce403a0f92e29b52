//! The key exchange of version 1 (`OTR Key Exchange` in its text), kept for history and for proof. Its Data message is
//! [`Data`](super::classic::Data) without flags.

use super::Wire;
use super::error::DecodeError;
use super::header::{Header, InstanceTag, TYPE_KEY_EXCHANGE, Version};
use super::mpi::Mpi;
use super::reader::Reader;
use super::writer::Writer;

/// The only message of the version 1 key exchange; each side sends one.
///
/// ```text
/// BYTE reply | MPI p | MPI q | MPI g | MPI e | INT key id | MPI y | SIG (20 bytes r, 20 bytes s)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExchange {
    /// Whether this answers a Key Exchange message just received.
    pub reply: bool,
    /// DSA modulus.
    pub p: Mpi,
    /// DSA subgroup order.
    pub q: Mpi,
    /// DSA generator.
    pub g: Mpi,
    /// DSA public value; the text calls it `e` because `y` is taken.
    pub e: Mpi,
    /// Serial number of the Diffie-Hellman key; legal ones start at 1.
    pub key_id: u32,
    /// The Diffie-Hellman public key, `y` in the text, unchecked.
    pub dh_y: Mpi,
    /// DSA signature over the SHA-1 of [`KeyExchange::signed_bytes`], `r` then `s`.
    pub signature: [u8; 40],
}

impl KeyExchange {
    /// What the signature is about: every byte before it, from the protocol version on. For a decoded message these
    /// are exactly the bytes that were received.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        let header = Header {
            version: Version::V1,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        };
        header.encode(TYPE_KEY_EXCHANGE, &mut w);
        self.encode_unsigned(&mut w);
        w.into_bytes()
    }

    fn encode_unsigned(&self, w: &mut Writer) {
        w.u8(self.reply.into());
        [&self.p, &self.q, &self.g, &self.e]
            .into_iter()
            .for_each(|number| w.mpi(number));
        w.u32(self.key_id);
        w.mpi(&self.dh_y);
    }
}

impl Wire for KeyExchange {
    fn encode(&self, w: &mut Writer) {
        self.encode_unsigned(w);
        w.bytes(&self.signature);
    }

    /// A reply byte other than 0 and 1 is [`DecodeError::UnknownType`].
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let reply = match r.u8()? {
            0 => false,
            1 => true,
            other => return Err(DecodeError::UnknownType(other)),
        };
        Ok(Self {
            reply,
            p: r.mpi()?,
            q: r.mpi()?,
            g: r.mpi()?,
            e: r.mpi()?,
            key_id: r.u32()?,
            dh_y: r.mpi()?,
            signature: r.array()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Message, encode_message};

    fn key_exchange() -> KeyExchange {
        let number = |byte| Mpi::from_be_bytes(&[byte]);
        KeyExchange {
            reply: true,
            p: number(1),
            q: number(2),
            g: number(3),
            e: number(4),
            key_id: 5,
            dh_y: number(6),
            signature: [7; 40],
        }
    }

    #[test]
    fn the_signature_covers_everything_before_it() {
        let header = Header {
            version: Version::V1,
            sender: InstanceTag::ZERO,
            receiver: InstanceTag::ZERO,
        };
        let whole = encode_message(&header, &Message::KeyExchange(key_exchange()));
        let signed = key_exchange().signed_bytes();
        assert_eq!(whole, [&signed[..], &[7; 40]].concat());
        assert_eq!(signed[..9], [0, 1, 0x0a, 1, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn the_reply_byte_is_a_flag() {
        let mut bytes = key_exchange().to_bytes();
        for byte in 0..=u8::MAX {
            bytes[0] = byte;
            let got = KeyExchange::from_bytes(&bytes).map(|message| message.reply);
            let expected = match byte {
                0 => Ok(false),
                1 => Ok(true),
                other => Err(DecodeError::UnknownType(other)),
            };
            assert_eq!(got, expected);
        }
    }
}
