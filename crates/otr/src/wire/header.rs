//! What every encoded message starts with: protocol version, type, and from version 3 on the two instance tags.

use std::ops::BitOr;

use rand_core::CryptoRng;

use super::error::DecodeError;
use super::reader::Reader;
use super::writer::Writer;

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The first protocol of 2004: broken, kept for history.
    V1,
    /// Without instance tags.
    V2,
    /// With instance tags and the extra symmetric key.
    V3,
    /// With new primitives, messages in any order, and deniability against everybody.
    V4,
}

impl Version {
    /// Every version, lowest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];
    /// Versions 1 to 3, which are one family.
    pub const CLASSIC: [Self; 3] = [Self::V1, Self::V2, Self::V3];

    /// The number that stands in the first two bytes of a message.
    pub const fn number(self) -> u16 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// Whether messages and pieces carry the tags of sender and receiver.
    pub const fn has_instance_tags(self) -> bool {
        matches!(self, Self::V3 | Self::V4)
    }

    /// Whether the version defines messages with this type byte.
    const fn defines(self, kind: u8) -> bool {
        match self {
            Self::V1 => matches!(kind, TYPE_KEY_EXCHANGE | TYPE_DATA),
            Self::V2 | Self::V3 => {
                matches!(
                    kind,
                    TYPE_DH_COMMIT | TYPE_DATA | TYPE_DH_KEY | TYPE_REVEAL_SIGNATURE | TYPE_SIGNATURE
                )
            }
            Self::V4 => matches!(
                kind,
                TYPE_DATA | TYPE_NON_INTERACTIVE_AUTH | TYPE_IDENTITY | TYPE_AUTH_R | TYPE_AUTH_I
            ),
        }
    }
}

impl TryFrom<u16> for Version {
    type Error = DecodeError;

    fn try_from(number: u16) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|version| version.number() == number)
            .ok_or(DecodeError::UnknownVersion(number))
    }
}

/// Which of somebody's devices a message comes from or goes to ("Instance Tags"). May hold any number, also the
/// reserved ones below [`InstanceTag::MIN`], so that bad messages can be shown; decoding refuses those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceTag(u32);

impl InstanceTag {
    /// No device in particular: the receiver of a first message.
    pub const ZERO: Self = Self(0);
    /// The smallest tag a device may have.
    pub const MIN: u32 = 0x100;

    /// A device's tag; `None` below [`InstanceTag::MIN`].
    pub const fn new(raw: u32) -> Option<Self> {
        if raw < Self::MIN { None } else { Some(Self(raw)) }
    }

    /// Any number, legal or not.
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The number.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Whether it names no device.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A fresh tag for a device of ours.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        // One draw in 2²⁴ is reserved; moving it up costs nothing and cannot loop on a broken generator.
        let raw = rng.next_u32();
        Self(if raw < Self::MIN { raw | Self::MIN } else { raw })
    }

    /// Refuses a pair that no message may carry.
    pub(super) const fn check_pair(sender: Self, receiver: Self) -> Result<(), DecodeError> {
        if sender.0 < Self::MIN || (receiver.0 < Self::MIN && !receiver.is_zero()) {
            return Err(DecodeError::BadInstanceTag);
        }
        Ok(())
    }
}

/// Version and addresses of an encoded message:
///
/// ```text
/// SHORT version | BYTE type | versions 3 and 4: INT sender tag | INT receiver tag
/// ```
///
/// The type byte is not kept: it follows from the [`Message`](super::Message).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Protocol version.
    pub version: Version,
    /// Device that sent it; zero and not on the wire in versions 1 and 2.
    pub sender: InstanceTag,
    /// Device it is meant for; zero if any; zero and not on the wire in versions 1 and 2.
    pub receiver: InstanceTag,
}

impl Header {
    /// Appends the header of a message of type `kind`. Tags are written from version 3 on.
    pub fn encode(&self, kind: u8, w: &mut Writer) {
        w.u16(self.version.number());
        w.u8(kind);
        if self.version.has_instance_tags() {
            w.u32(self.sender.raw());
            w.u32(self.receiver.raw());
        }
    }

    /// Takes a header and the type byte inside it.
    ///
    /// # Errors
    /// [`DecodeError::UnknownVersion`], [`DecodeError::UnknownType`] if the version has no such type,
    /// [`DecodeError::BadInstanceTag`] for a sender below 0x100 or a receiver in 1..=0xff,
    /// [`DecodeError::UnexpectedEnd`].
    pub fn decode(r: &mut Reader<'_>) -> Result<(Self, u8), DecodeError> {
        let version = Version::try_from(r.u16()?)?;
        let kind = r.u8()?;
        if !version.defines(kind) {
            return Err(DecodeError::UnknownType(kind));
        }
        let (mut sender, mut receiver) = (InstanceTag::ZERO, InstanceTag::ZERO);
        if version.has_instance_tags() {
            sender = InstanceTag(r.u32()?);
            receiver = InstanceTag(r.u32()?);
            InstanceTag::check_pair(sender, receiver)?;
        }
        Ok((
            Self {
                version,
                sender,
                receiver,
            },
            kind,
        ))
    }
}

/// A set of protocol versions, as a query or tag offers it or a policy allows it.
///
/// Versions that this crate does not know leave only a flag, [`Versions::claims_other`]; it counts in equality and
/// nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions(u8);

impl Versions {
    /// No version.
    pub const NONE: Self = Self(0);
    /// Version 1 alone.
    pub const V1: Self = Self(1);
    /// Version 2 alone.
    pub const V2: Self = Self(2);
    /// Version 3 alone.
    pub const V3: Self = Self(4);
    /// Version 4 alone.
    pub const V4: Self = Self(8);
    /// No known version, but somebody named an unknown one.
    pub const OTHER: Self = Self(0x80);

    /// The set with these bits: 1 for version 1, 2 for version 2, 4 for version 3, 8 for version 4. Other bits are
    /// dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & (Self::V1.0 | Self::V2.0 | Self::V3.0 | Self::V4.0))
    }

    /// This set and `version`.
    #[must_use]
    pub const fn with(self, version: Version) -> Self {
        Self(self.0 | Self::only(version).0)
    }

    /// This set less `version`.
    #[must_use]
    pub const fn without(self, version: Version) -> Self {
        Self(self.0 & !Self::only(version).0)
    }

    /// Whether `version` is in the set.
    pub const fn contains(self, version: Version) -> bool {
        self.0 & Self::only(version).0 != 0
    }

    /// Whether no known version is in the set.
    pub const fn is_empty(self) -> bool {
        Self::from_bits(self.0).0 == 0
    }

    /// The known versions, best first.
    pub fn iter(self) -> impl Iterator<Item = Version> {
        Version::ALL
            .into_iter()
            .rev()
            .filter(move |&version| self.contains(version))
    }

    /// What both sets have.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either set has.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The highest known version.
    pub fn best(self) -> Option<Version> {
        self.iter().next()
    }

    /// Whether a version unknown to this crate was named too.
    pub const fn claims_other(self) -> bool {
        self.0 & Self::OTHER.0 != 0
    }

    const fn only(version: Version) -> Self {
        match version {
            Version::V1 => Self::V1,
            Version::V2 => Self::V2,
            Version::V3 => Self::V3,
            Version::V4 => Self::V4,
        }
    }
}

impl BitOr for Versions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl From<Version> for Versions {
    fn from(version: Version) -> Self {
        Self::only(version)
    }
}

impl FromIterator<Version> for Versions {
    fn from_iter<I: IntoIterator<Item = Version>>(versions: I) -> Self {
        versions.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Type of a D-H Commit message (versions 2 and 3).
pub const TYPE_DH_COMMIT: u8 = 0x02;
/// Type of a Data message (all versions).
pub const TYPE_DATA: u8 = 0x03;
/// Type of a D-H Key message (versions 2 and 3).
pub const TYPE_DH_KEY: u8 = 0x0a;
/// Type of a Key Exchange message (version 1).
pub const TYPE_KEY_EXCHANGE: u8 = 0x0a;
/// Type of a Reveal Signature message (versions 2 and 3).
pub const TYPE_REVEAL_SIGNATURE: u8 = 0x11;
/// Type of a Signature message (versions 2 and 3).
pub const TYPE_SIGNATURE: u8 = 0x12;
/// Type of a Non-Interactive-Auth message (version 4).
pub const TYPE_NON_INTERACTIVE_AUTH: u8 = 0x0d;
/// Type of an Identity message (version 4).
pub const TYPE_IDENTITY: u8 = 0x35;
/// Type of an Auth-R message (version 4).
pub const TYPE_AUTH_R: u8 = 0x36;
/// Type of an Auth-I message (version 4).
pub const TYPE_AUTH_I: u8 = 0x37;

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(Header, u8), DecodeError> {
        Header::decode(&mut Reader::new(bytes))
    }

    #[test]
    fn types_depend_on_the_version() {
        for version in Version::ALL {
            for kind in 0..=u8::MAX {
                let header = Header {
                    version,
                    sender: if version.has_instance_tags() {
                        InstanceTag(0x100)
                    } else {
                        InstanceTag::ZERO
                    },
                    receiver: InstanceTag::ZERO,
                };
                let mut writer = Writer::new();
                header.encode(kind, &mut writer);
                let legal: &[u8] = match version {
                    Version::V1 => &[0x03, 0x0a],
                    Version::V2 | Version::V3 => &[0x02, 0x03, 0x0a, 0x11, 0x12],
                    Version::V4 => &[0x03, 0x0d, 0x35, 0x36, 0x37],
                };
                let expected = if legal.contains(&kind) {
                    Ok((header, kind))
                } else {
                    Err(DecodeError::UnknownType(kind))
                };
                assert_eq!(decode(writer.as_slice()), expected);
            }
        }
        assert_eq!(decode(&[0, 5, 3]), Err(DecodeError::UnknownVersion(5)));
        assert_eq!(decode(&[0, 0, 3]), Err(DecodeError::UnknownVersion(0)));
        assert_eq!(decode(&[3, 0, 3]), Err(DecodeError::UnknownVersion(0x300)));
    }

    #[test]
    fn s43_tags_in_the_reserved_range_are_refused() {
        let edges = [
            0,
            1,
            0xff,
            0x100,
            0x1111_1111,
            0x1111_1112,
            0x7fff_ffff,
            0x8000_0000,
            u32::MAX,
        ];
        for sender in edges {
            for receiver in edges {
                let (from, to) = (InstanceTag::from_raw(sender), InstanceTag::from_raw(receiver));
                let version = if sender > receiver {
                    Version::V4
                } else {
                    Version::V3
                };
                let header = Header {
                    version,
                    sender: from,
                    receiver: to,
                };
                let mut writer = Writer::new();
                header.encode(TYPE_DATA, &mut writer);
                let legal = sender >= 0x100 && (receiver == 0 || receiver >= 0x100);
                let expected = if legal {
                    Ok((header, TYPE_DATA))
                } else {
                    Err(DecodeError::BadInstanceTag)
                };
                assert_eq!(decode(writer.as_slice()), expected);
            }
            assert_eq!(InstanceTag::new(sender).is_some(), sender >= 0x100);
        }
    }

    #[test]
    fn random_tags_are_legal() {
        struct Constant(u32);
        impl rand_core::TryRng for Constant {
            type Error = core::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(self.0)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(self.0.into())
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                bytes.fill(0);
                Ok(())
            }
        }
        impl rand_core::TryCryptoRng for Constant {}
        for raw in [0, 1, 0xff, 0x100, u32::MAX] {
            let tag = InstanceTag::random(&mut Constant(raw));
            assert_eq!(InstanceTag::new(tag.raw()), Some(tag));
            assert!(raw < 0x100 || tag.raw() == raw);
        }
    }

    #[test]
    fn sets_of_versions() {
        let all = Versions::V1 | Versions::V2 | Versions::V3 | Versions::V4;
        assert_eq!(all, Versions::from_bits(15));
        assert_eq!(Versions::from_bits(0xff), all);
        assert_eq!(
            all.iter().collect::<Vec<_>>(),
            [Version::V4, Version::V3, Version::V2, Version::V1]
        );
        assert_eq!(all.without(Version::V4).best(), Some(Version::V3));
        assert_eq!(Versions::V1.intersect(Versions::V2), Versions::NONE);
        assert_eq!(
            [Version::V2, Version::V1].into_iter().collect::<Versions>(),
            Versions::from_bits(3)
        );
        assert!(Versions::OTHER.is_empty() && Versions::OTHER.claims_other());
        assert!(!all.claims_other() && !all.is_empty() && Versions::NONE.is_empty());
        assert_eq!(Versions::OTHER.best(), None);
    }
}
