//! The keys that correspondents have shown, of both kinds, each in the file of its kind.

use crate::file_set::Part;
use crate::key_name::KeyName;
use crate::libotr::fingerprints::{Fingerprints, KnownKey};
use crate::names::{BadName, Correspondent};
use crate::trust::Trust;
use crate::v4::fingerprints::FingerprintsV4;

/// Both files.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownKeys {
    pub(crate) classic: Fingerprints,
    pub(crate) v4: FingerprintsV4,
}

impl KnownKeys {
    pub(crate) fn read(classic: Option<&[u8]>, v4: Option<&[u8]>) -> Self {
        Self {
            classic: classic.map(Fingerprints::read).unwrap_or_default(),
            v4: v4.map(FingerprintsV4::read).unwrap_or_default(),
        }
    }

    /// The file that keys of this kind stand in.
    pub(crate) const fn part(name: &KeyName) -> Part {
        match name {
            KeyName::Classic(_) => Part::Fingerprints,
            KeyName::V4(_) => Part::FingerprintsV4,
        }
    }

    /// libotr's first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &KnownKey> {
        self.classic.iter().chain(self.v4.iter())
    }

    pub(crate) fn trust(&self, correspondent: &Correspondent, name: &KeyName) -> Option<&Trust> {
        match name {
            KeyName::Classic(bytes) => self.classic.trust(correspondent, bytes),
            KeyName::V4(bytes) => self.v4.trust(correspondent, bytes),
        }
    }

    pub(crate) fn remember(
        &mut self,
        correspondent: &Correspondent,
        name: &KeyName,
    ) -> Result<bool, BadName> {
        match name {
            KeyName::Classic(bytes) => self.classic.remember(correspondent, bytes),
            KeyName::V4(bytes) => self.v4.remember(correspondent, bytes),
        }
    }

    pub(crate) fn set_trust(
        &mut self,
        correspondent: &Correspondent,
        name: &KeyName,
        trust: &Trust,
    ) -> Result<bool, BadName> {
        match name {
            KeyName::Classic(bytes) => self.classic.set_trust(correspondent, bytes, trust),
            KeyName::V4(bytes) => self.v4.set_trust(correspondent, bytes, trust),
        }
    }

    pub(crate) fn forget(&mut self, correspondent: &Correspondent, name: &KeyName) -> bool {
        match name {
            KeyName::Classic(bytes) => self.classic.forget(correspondent, bytes),
            KeyName::V4(bytes) => self.v4.forget(correspondent, bytes),
        }
    }
}
