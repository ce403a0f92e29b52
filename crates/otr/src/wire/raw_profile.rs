//! A client profile of version 4 as the bytes that it came in: those are signed and hashed. Its fields are read in
//! [`client_profile`](super::client_profile).

use super::Wire;
use super::error::DecodeError;
use super::reader::Reader;
use super::v4::POINT_SIZE;
use super::writer::Writer;

/// A client profile exactly as it was sent, with its beginning and end found and nothing else known of it.
///
/// ```text
/// INT number of fields | fields, each SHORT type and a value of the type's own form | EdDSA signature (114 bytes)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawProfile(pub(super) Vec<u8>);

impl RawProfile {
    /// The bytes, from the number of fields to the end of the signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Wire for RawProfile {
    fn encode(&self, w: &mut Writer) {
        w.bytes(&self.0);
    }

    /// A field of unknown type has an unknown length, so nothing behind it can be read: [`DecodeError::UnknownType`] of
    /// its low byte (0xff if that does not fit). More fields than there are types are [`DecodeError::BadLength`].
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.rest();
        let fields = r.u32()?;
        if fields > PROFILE_FIELDS {
            return Err(DecodeError::BadLength);
        }
        for _ in 0..fields {
            skip_field(r)?;
        }
        r.bytes(EDDSA_SIZE)?;
        let length = start.len() - r.remaining();
        Ok(Self(start.get(..length).unwrap_or_default().to_vec()))
    }
}

/// Steps over one field of a client profile.
fn skip_field(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let kind = r.u16()?;
    match kind {
        1 => r.bytes(4)?,
        2 | 3 => r.bytes(2 + POINT_SIZE)?,
        4 => r.data()?,
        5 => r.bytes(8)?,
        6 => {
            r.u16()?;
            for _ in 0..4 {
                r.mpi()?;
            }
            &[]
        }
        7 => r.bytes(TRANSITIONAL_SIZE)?,
        other => return Err(DecodeError::UnknownType(u8::try_from(other).unwrap_or(u8::MAX))),
    };
    Ok(())
}

/// Bytes of an EdDSA signature.
const EDDSA_SIZE: usize = 114;
/// Bytes of a DSA signature.
const TRANSITIONAL_SIZE: usize = 40;
/// How many types of fields a client profile can have; none may stand in it twice.
const PROFILE_FIELDS: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(fields: &[(u16, &[u8])]) -> Vec<u8> {
        let mut w = Writer::new();
        w.u32(u32::try_from(fields.len()).unwrap());
        for (kind, value) in fields {
            w.u16(*kind);
            w.bytes(value);
        }
        w.bytes(&[9; EDDSA_SIZE]);
        w.into_bytes()
    }

    #[test]
    fn a_profile_ends_where_its_fields_say() {
        let dsa = [&[0, 0][..], &[0, 0, 0, 1, 5].repeat(4)].concat();
        let all = profile(&[
            (1, &[1; 4]),
            (2, &[2; 59]),
            (3, &[3; 59]),
            (4, b"\0\0\0\x0234"),
            (5, &[5; 8]),
            (6, &dsa),
            (7, &[7; 40]),
        ]);
        let mut r = Reader::new(&all);
        assert_eq!(RawProfile::decode(&mut r).unwrap().as_bytes(), all);
        assert_eq!(r.remaining(), 0);
        for end in 0..all.len() {
            let cut = RawProfile::from_bytes(&all[..end]);
            assert_eq!(cut, Err(DecodeError::UnexpectedEnd), "{end}");
        }
        let longer = [&all[..], &[1, 2]].concat();
        let mut r = Reader::new(&longer);
        assert_eq!(RawProfile::decode(&mut r).unwrap().as_bytes(), all);
        assert_eq!(r.rest(), [1, 2]);
    }

    #[test]
    fn a_profile_that_cannot_be_delimited_is_refused() {
        for kind in [0, 8, 0xff] {
            let fault = DecodeError::UnknownType(u8::try_from(kind).unwrap());
            assert_eq!(RawProfile::from_bytes(&profile(&[(kind, &[0; 4])])), Err(fault));
        }
        let far = profile(&[(0x0100, &[0; 4])]);
        assert_eq!(RawProfile::from_bytes(&far), Err(DecodeError::UnknownType(0xff)));
        for count in [8_u32, 9, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut many = profile(&[(1, &[1; 4])]);
            many[..4].copy_from_slice(&count.to_be_bytes());
            assert_eq!(RawProfile::from_bytes(&many), Err(DecodeError::BadLength));
        }
    }
}
