//! The fields of a client profile, and whether they are any good is judged above ("Client Profile Data Type").
//!
//! ```text
//! INT number of fields | fields, each SHORT type and its value | EdDSA signature (114 bytes)
//!
//! 1 owner instance tag   INT                        5 expiration             8 bytes, signed seconds since 1970
//! 2 identity key         10 00 | POINT              6 DSA public key         00 00 | MPI p q g y
//! 3 forging key          12 00 | POINT              7 transitional signature 40 bytes
//! 4 versions             DATA, ASCII digits
//! ```
//!
//! The types of the two points are the only little-endian integers of the protocol outside the curve.

use super::Wire;
use super::classic::PublicKey;
use super::error::DecodeError;
use super::header::InstanceTag;
use super::raw_profile::RawProfile;
use super::reader::Reader;
use super::v4::EncodedPoint;
use super::writer::Writer;

/// One field of a client profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileField {
    /// The device that the profile belongs to.
    OwnerTag(InstanceTag),
    /// H, the long-term key.
    IdentityKey(EncodedPoint),
    /// F, the forging key.
    ForgingKey(EncodedPoint),
    /// The versions that the owner speaks, as digits.
    Versions(Vec<u8>),
    /// The second from which on the profile counts no more.
    Expiration(i64),
    /// The owner's key of versions 1 to 3.
    DsaKey(PublicKey),
    /// A signature with that key.
    TransitionalSignature([u8; TRANSITIONAL_SIZE]),
}

impl ProfileField {
    /// The number that stands in front of the value.
    pub const fn kind(&self) -> u16 {
        match self {
            Self::OwnerTag(_) => 1,
            Self::IdentityKey(_) => 2,
            Self::ForgingKey(_) => 3,
            Self::Versions(_) => 4,
            Self::Expiration(_) => 5,
            Self::DsaKey(_) => 6,
            Self::TransitionalSignature(_) => 7,
        }
    }
}

impl Wire for ProfileField {
    fn encode(&self, w: &mut Writer) {
        w.u16(self.kind());
        match self {
            Self::OwnerTag(tag) => w.u32(tag.raw()),
            Self::IdentityKey(point) => {
                w.bytes(&IDENTITY_KEY);
                point.encode(w);
            }
            Self::ForgingKey(point) => {
                w.bytes(&FORGING_KEY);
                point.encode(w);
            }
            Self::Versions(digits) => w.data(digits),
            Self::Expiration(seconds) => w.bytes(&seconds.to_be_bytes()),
            Self::DsaKey(key) => key.encode(w),
            Self::TransitionalSignature(signature) => w.bytes(signature),
        }
    }

    /// A field or a key of another type is [`DecodeError::UnknownType`] of its low byte (0xff if that does not fit).
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match r.u16()? {
            1 => Self::OwnerTag(InstanceTag::from_raw(r.u32()?)),
            2 => Self::IdentityKey(typed_point(IDENTITY_KEY, r)?),
            3 => Self::ForgingKey(typed_point(FORGING_KEY, r)?),
            4 => Self::Versions(r.data()?.to_vec()),
            5 => Self::Expiration(i64::from_be_bytes(r.array()?)),
            6 => Self::DsaKey(PublicKey::decode(r)?),
            7 => Self::TransitionalSignature(r.array()?),
            other => return Err(DecodeError::UnknownType(u8::try_from(other).unwrap_or(u8::MAX))),
        })
    }
}

/// A client profile taken apart, in the order in which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFields {
    /// The fields.
    pub fields: Vec<ProfileField>,
    /// The EdDSA signature over [`signed_bytes`].
    pub signature: [u8; EDDSA_SIZE],
}

impl ProfileFields {
    /// The bytes as they are sent.
    #[must_use]
    pub fn to_raw(&self) -> RawProfile {
        RawProfile(self.to_bytes())
    }
}

impl Wire for ProfileFields {
    fn encode(&self, w: &mut Writer) {
        w.u32(u32::try_from(self.fields.len()).unwrap_or(u32::MAX));
        w.bytes(&signed_bytes(&self.fields));
        w.bytes(&self.signature);
    }

    /// More fields than there are types are [`DecodeError::BadLength`]; a type that comes twice is not looked for here.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = r.u32()?;
        if count > FIELD_TYPES {
            return Err(DecodeError::BadLength);
        }
        Ok(Self {
            fields: (0..count)
                .map(|_| ProfileField::decode(r))
                .collect::<Result<_, _>>()?,
            signature: r.array()?,
        })
    }
}

/// The bytes that the signatures cover: the fields with their types, without their number (decision 0081). The
/// transitional signature covers those before it, the EdDSA signature all of them.
pub fn signed_bytes(fields: &[ProfileField]) -> Vec<u8> {
    let mut w = Writer::new();
    fields.iter().for_each(|field| field.encode(&mut w));
    w.into_bytes()
}

fn typed_point(kind: [u8; 2], r: &mut Reader<'_>) -> Result<EncodedPoint, DecodeError> {
    let found = r.array::<2>()?;
    if found != kind {
        return Err(DecodeError::UnknownType(if found[1] == 0 {
            found[0]
        } else {
            u8::MAX
        }));
    }
    EncodedPoint::decode(r)
}

/// Bytes of an EdDSA signature.
pub const EDDSA_SIZE: usize = 114;
/// Bytes of a DSA signature.
pub const TRANSITIONAL_SIZE: usize = 40;

const IDENTITY_KEY: [u8; 2] = [0x10, 0x00];
const FORGING_KEY: [u8; 2] = [0x12, 0x00];
/// None may come twice.
const FIELD_TYPES: u32 = 7;
