//! Versions, message types and instance tags.

use rand_core::CryptoRng;

use crate::wire::{DecodeError, Reader, Writer};

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2004; off in every preset.
    V1,
    /// 2005.
    V2,
    /// 2012.
    V3,
}

impl Version {
    /// The number in the header.
    pub fn number(self) -> u16 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }

    /// Whether headers and pieces carry instance tags.
    pub fn has_instance_tags(self) -> bool {
        self >= Self::V3
    }

    /// Whether data messages have a flags byte.
    pub fn has_flags(self) -> bool {
        self >= Self::V2
    }

    fn from_number(number: u16) -> Result<Self, DecodeError> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            other => Err(DecodeError::UnknownVersion(other)),
        }
    }
}

/// A set of versions, as a query or tag offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    known: u8,
    other: bool,
}

impl Versions {
    /// No version.
    pub const NONE: Self = Self {
        known: 0,
        other: false,
    };

    /// The set with one version more.
    #[must_use]
    pub fn with(self, version: Version) -> Self {
        Self {
            known: self.known | 1 << version.number(),
            ..self
        }
    }

    /// The set, remembering that a version we do not know was named as well.
    #[must_use]
    pub fn with_unknown(self) -> Self {
        Self { other: true, ..self }
    }

    /// Whether it contains a version.
    pub fn contains(self, version: Version) -> bool {
        self.known & (1 << version.number()) != 0
    }

    /// Whether it contains no version that we know.
    pub fn is_empty(self) -> bool {
        self.known == 0
    }

    /// Whether versions that we do not know were named.
    pub fn claims_other(self) -> bool {
        self.other
    }

    /// The versions in both sets.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        Self {
            known: self.known & other.known,
            other: false,
        }
    }

    /// The versions, highest first.
    pub fn iter(self) -> impl Iterator<Item = Version> {
        [Version::V3, Version::V2, Version::V1]
            .into_iter()
            .filter(move |version| self.contains(*version))
    }

    /// The highest version.
    pub fn best(self) -> Option<Version> {
        self.iter().next()
    }
}

/// The 32-bit name of one device of one account (version 3, "Instance Tags").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceTag(u32);

impl InstanceTag {
    /// No device in particular; also the tag of everybody in versions 1 and 2.
    pub const ZERO: Self = Self(0);
    /// The smallest tag a device may have.
    pub const MIN: u32 = 0x100;

    /// The tag of a device; `None` below [`Self::MIN`].
    pub fn new(tag: u32) -> Option<Self> {
        (tag >= Self::MIN).then_some(Self(tag))
    }

    /// Any number, as the wire has it.
    pub fn from_raw(tag: u32) -> Self {
        Self(tag)
    }

    /// The number.
    pub fn raw(self) -> u32 {
        self.0
    }

    /// Whether it names no device.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A random tag for a new device.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let mut bytes = [0; 4];
            rng.fill_bytes(&mut bytes);
            if let Some(tag) = Self::new(u32::from_be_bytes(bytes)) {
                return tag;
            }
        }
    }
}

/// What every encoded message begins with, beside its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The version.
    pub version: Version,
    /// The sender's device; zero, and not on the wire, below version 3.
    pub sender: InstanceTag,
    /// The device it is for; zero, and not on the wire, below version 3.
    pub receiver: InstanceTag,
}

impl Header {
    /// Writes version, type and tags.
    pub(crate) fn encode(&self, kind: u8, writer: &mut Writer) {
        writer.u16(self.version.number());
        writer.u8(kind);
        if self.version.has_instance_tags() {
            writer.u32(self.sender.raw());
            writer.u32(self.receiver.raw());
        }
    }

    /// Reads version, type and tags, and checks the tags' range.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<(Self, u8), DecodeError> {
        let version = Version::from_number(reader.u16()?)?;
        let kind = reader.u8()?;
        let (mut sender, mut receiver) = (InstanceTag::ZERO, InstanceTag::ZERO);
        if version.has_instance_tags() {
            sender = InstanceTag::new(reader.u32()?).ok_or(DecodeError::BadInstanceTag)?;
            receiver = match reader.u32()? {
                0 => InstanceTag::ZERO,
                tag => InstanceTag::new(tag).ok_or(DecodeError::BadInstanceTag)?,
            };
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

/// D-H Commit.
pub const TYPE_DH_COMMIT: u8 = 0x02;
/// Data.
pub const TYPE_DATA: u8 = 0x03;
/// D-H Key; in version 1, Key Exchange.
pub const TYPE_DH_KEY: u8 = 0x0a;
/// Reveal Signature.
pub const TYPE_REVEAL_SIGNATURE: u8 = 0x11;
/// Signature.
pub const TYPE_SIGNATURE: u8 = 0x12;
