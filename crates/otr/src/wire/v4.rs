//! The messages of version 4. Points, scalars and numbers are kept as they were sent. What any of it is worth is judged
//! by the floors above.

use std::fmt;

use super::Wire;
use super::error::DecodeError;
use super::header::{Header, TYPE_AUTH_I, TYPE_AUTH_R, TYPE_DATA, TYPE_IDENTITY, TYPE_NON_INTERACTIVE_AUTH};
use super::mpi::Mpi;
use super::raw_profile::RawProfile;
use super::reader::Reader;
use super::writer::{Writer, announced_length};

/// A POINT: what should encode a point of the curve, 57 bytes, unchecked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncodedPoint(pub [u8; POINT_SIZE]);

impl EncodedPoint {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; POINT_SIZE] {
        &self.0
    }
}

impl Wire for EncodedPoint {
    fn encode(&self, w: &mut Writer) {
        w.bytes(&self.0);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }
}

impl fmt::Debug for EncodedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedPoint(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// "Identity message": the first of the interactive exchange.
///
/// ```text
/// client profile | POINT Y | MPI B | POINT first ECDH key | MPI first DH key
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The sender's client profile.
    pub profile: RawProfile,
    /// `Y`, which authenticates.
    pub y: EncodedPoint,
    /// `B`, which authenticates.
    pub b: Mpi,
    /// The sender's first ECDH key of the ratchet.
    pub first_ecdh: EncodedPoint,
    /// The sender's first DH key of the ratchet.
    pub first_dh: Mpi,
}

impl Wire for Identity {
    fn encode(&self, w: &mut Writer) {
        self.profile.encode(w);
        self.y.encode(w);
        w.mpi(&self.b);
        self.first_ecdh.encode(w);
        w.mpi(&self.first_dh);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            profile: RawProfile::decode(r)?,
            y: EncodedPoint::decode(r)?,
            b: r.mpi()?,
            first_ecdh: EncodedPoint::decode(r)?,
            first_dh: r.mpi()?,
        })
    }
}

/// "Auth-R message": the answer to an Identity message.
///
/// ```text
/// client profile | POINT X | MPI A | sigma (342 bytes) | POINT first ECDH key | MPI first DH key
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthR {
    /// The sender's client profile.
    pub profile: RawProfile,
    /// `X`, which authenticates.
    pub x: EncodedPoint,
    /// `A`, which authenticates.
    pub a: Mpi,
    /// The ring signature: six SCALARs, unchecked.
    pub sigma: [u8; SIGMA_SIZE],
    /// The sender's first ECDH key of the ratchet.
    pub first_ecdh: EncodedPoint,
    /// The sender's first DH key of the ratchet.
    pub first_dh: Mpi,
}

impl Wire for AuthR {
    fn encode(&self, w: &mut Writer) {
        self.profile.encode(w);
        self.x.encode(w);
        w.mpi(&self.a);
        w.bytes(&self.sigma);
        self.first_ecdh.encode(w);
        w.mpi(&self.first_dh);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            profile: RawProfile::decode(r)?,
            x: EncodedPoint::decode(r)?,
            a: r.mpi()?,
            sigma: r.array()?,
            first_ecdh: EncodedPoint::decode(r)?,
            first_dh: r.mpi()?,
        })
    }
}

/// "Auth-I message": the last of the interactive exchange.
///
/// ```text
/// sigma (342 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthI {
    /// The ring signature: six SCALARs, unchecked.
    pub sigma: [u8; SIGMA_SIZE],
}

impl Wire for AuthI {
    fn encode(&self, w: &mut Writer) {
        w.bytes(&self.sigma);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { sigma: r.array()? })
    }
}

/// "Non-Interactive-Auth message": the only one of the exchange with somebody who is not there.
///
/// ```text
/// client profile | POINT X | MPI A | sigma (342 bytes) | INT prekey message id | MAC (64 bytes)
/// POINT first ECDH key | MPI first DH key
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonInteractiveAuth {
    /// The sender's client profile.
    pub profile: RawProfile,
    /// `X`, which authenticates.
    pub x: EncodedPoint,
    /// `A`, which authenticates.
    pub a: Mpi,
    /// The ring signature: six SCALARs, unchecked.
    pub sigma: [u8; SIGMA_SIZE],
    /// Which of the receiver's prekey messages this answers.
    pub prekey_id: u32,
    /// The authenticator `Auth MAC`.
    pub mac: [u8; MAC_SIZE],
    /// The sender's first ECDH key of the ratchet.
    pub first_ecdh: EncodedPoint,
    /// The sender's first DH key of the ratchet.
    pub first_dh: Mpi,
}

impl Wire for NonInteractiveAuth {
    fn encode(&self, w: &mut Writer) {
        self.profile.encode(w);
        self.x.encode(w);
        w.mpi(&self.a);
        w.bytes(&self.sigma);
        w.u32(self.prekey_id);
        w.bytes(&self.mac);
        self.first_ecdh.encode(w);
        w.mpi(&self.first_dh);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            profile: RawProfile::decode(r)?,
            x: EncodedPoint::decode(r)?,
            a: r.mpi()?,
            sigma: r.array()?,
            prekey_id: r.u32()?,
            mac: r.array()?,
            first_ecdh: EncodedPoint::decode(r)?,
            first_dh: r.mpi()?,
        })
    }
}

/// "Data message": one encrypted text.
///
/// ```text
/// BYTE flags | INT previous chain message number | INT ratchet id | INT message id
/// POINT ECDH key | MPI DH key or nothing | DATA ciphertext
/// MAC (64 bytes) | DATA old MAC keys
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// [`IGNORE_UNREADABLE`](super::classic::IGNORE_UNREADABLE) or unknown bits.
    pub flags: u8,
    /// `pn`: how many messages the sender's chain before this one had.
    pub previous_sent: u32,
    /// `i`: which ratchet.
    pub ratchet_id: u32,
    /// `j`: which message of the ratchet, from 0.
    pub message_id: u32,
    /// The sender's ECDH key of the ratchet.
    pub ecdh: EncodedPoint,
    /// The sender's DH key, if the ratchet has a new one; else zero, which is the empty MPI.
    pub dh: Mpi,
    /// The encrypted [`Plaintext`](super::Plaintext).
    pub ciphertext: Vec<u8>,
    /// The authenticator over [`Data::authenticated_prefix`] and the ciphertext.
    pub mac: [u8; MAC_SIZE],
    /// MAC keys that will never be used again, 64 bytes each; not covered by the MAC, so any length may come in.
    pub revealed_mac_keys: Vec<u8>,
}

impl Data {
    /// Every byte from the protocol version to the length of the ciphertext, inclusive. The MAC covers this followed
    /// by the ciphertext; for a decoded message these are exactly the bytes that were received.
    pub fn authenticated_prefix(&self, header: &Header) -> Vec<u8> {
        let mut w = Writer::with_capacity(PREFIX_ROOM.saturating_add(self.dh.as_bytes().len()));
        header.encode(TYPE_DATA, &mut w);
        self.encode_until_ciphertext(&mut w);
        w.u32(announced_length(&self.ciphertext));
        w.into_bytes()
    }

    /// The message, with the ciphertext left where it is and not in it.
    pub(super) fn decode_around<'a>(r: &mut Reader<'a>) -> Result<(Self, &'a [u8]), DecodeError> {
        let before = Self {
            flags: r.u8()?,
            previous_sent: r.u32()?,
            ratchet_id: r.u32()?,
            message_id: r.u32()?,
            ecdh: EncodedPoint::decode(r)?,
            dh: r.mpi()?,
            ciphertext: Vec::new(),
            mac: [0; MAC_SIZE],
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

    fn encode_until_ciphertext(&self, w: &mut Writer) {
        w.u8(self.flags);
        w.u32(self.previous_sent);
        w.u32(self.ratchet_id);
        w.u32(self.message_id);
        self.ecdh.encode(w);
        w.mpi(&self.dh);
    }
}

impl Wire for Data {
    fn encode(&self, w: &mut Writer) {
        self.encode_until_ciphertext(w);
        w.data(&self.ciphertext);
        w.bytes(&self.mac);
        w.data(&self.revealed_mac_keys);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (data, ciphertext) = Self::decode_around(r)?;
        Ok(Self {
            ciphertext: ciphertext.to_vec(),
            ..data
        })
    }
}

/// Every encoded message of version 4.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the message of its name")]
pub enum Message {
    Identity(Identity),
    AuthR(AuthR),
    AuthI(AuthI),
    NonInteractiveAuth(NonInteractiveAuth),
    Data(Data),
}

impl Message {
    /// The type byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Identity(_) => TYPE_IDENTITY,
            Self::AuthR(_) => TYPE_AUTH_R,
            Self::AuthI(_) => TYPE_AUTH_I,
            Self::NonInteractiveAuth(_) => TYPE_NON_INTERACTIVE_AUTH,
            Self::Data(_) => TYPE_DATA,
        }
    }

    /// Appends the message without its header.
    pub fn encode(&self, w: &mut Writer) {
        match self {
            Self::Identity(body) => body.encode(w),
            Self::AuthR(body) => body.encode(w),
            Self::AuthI(body) => body.encode(w),
            Self::NonInteractiveAuth(body) => body.encode(w),
            Self::Data(body) => body.encode(w),
        }
    }

    /// Takes the message of type `kind` that follows a header.
    ///
    /// # Errors
    /// The first fault found; [`DecodeError::UnknownType`] if version 4 has no such type.
    pub fn decode(kind: u8, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            TYPE_IDENTITY => Self::Identity(Identity::decode(r)?),
            TYPE_AUTH_R => Self::AuthR(AuthR::decode(r)?),
            TYPE_AUTH_I => Self::AuthI(AuthI::decode(r)?),
            TYPE_NON_INTERACTIVE_AUTH => Self::NonInteractiveAuth(NonInteractiveAuth::decode(r)?),
            TYPE_DATA => Self::Data(Data::decode(r)?),
            other => return Err(DecodeError::UnknownType(other)),
        })
    }

    /// Bytes on the wire of a data message, without the header; of the others, which are short, nothing.
    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Data(data) => PREFIX_ROOM
                .saturating_add(MAC_SIZE + 4)
                .saturating_add(data.dh.as_bytes().len())
                .saturating_add(data.ciphertext.len())
                .saturating_add(data.revealed_mac_keys.len()),
            _ => 0,
        }
    }
}

/// Bytes of a POINT.
pub const POINT_SIZE: usize = 57;
/// Bytes of a MAC, and of a revealed MAC key.
pub const MAC_SIZE: usize = 64;
/// Bytes of a ring signature: six SCALARs.
pub const SIGMA_SIZE: usize = 342;

/// Header, flags, numbers, a point and two lengths.
const PREFIX_ROOM: usize = 11 + 1 + 3 * 4 + POINT_SIZE + 4 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_reaches_to_the_length_of_the_ciphertext() {
        let data = Data {
            flags: 1,
            previous_sent: 2,
            ratchet_id: 3,
            message_id: 4,
            ecdh: EncodedPoint([5; 57]),
            dh: Mpi::from_be_bytes(&[6, 7]),
            ciphertext: vec![8, 9, 10],
            mac: [11; 64],
            revealed_mac_keys: vec![12; 64],
        };
        let header = Header {
            version: super::super::header::Version::V4,
            sender: super::super::header::InstanceTag::from_raw(0x100),
            receiver: super::super::header::InstanceTag::from_raw(0x200),
        };
        let head = [
            0, 4, 3, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4,
        ];
        let tail = [0, 0, 0, 2, 6, 7, 0, 0, 0, 3];
        let expected = [&head[..], &[5; 57], &tail].concat();
        assert_eq!(data.authenticated_prefix(&header), expected);
        assert_eq!(expected.len(), PREFIX_ROOM + 2);
    }
}
