//! What is known about the people of a store: their keys, the trust in them, and memories.

use otr::Timestamp;

use super::Store;
use crate::file_set::Part;
use crate::key_name::KeyName;
use crate::known_keys::KnownKeys;
use crate::libotr::fingerprints::KnownKey;
use crate::names::Correspondent;
use crate::peers::{Peer, Peers};
use crate::store_error::StoreError;
use crate::trust::Trust;

impl Store {
    /// All keys that correspondents have shown, of both kinds, in the order of the files, libotr's first.
    pub fn known_keys(&self) -> impl Iterator<Item = &KnownKey> {
        self.known.iter()
    }

    /// What the user decided about this key of this correspondent; `None` if they never showed it.
    ///
    /// The two kinds of keys are trusted each by itself: neither vouches for the other.
    pub fn trust(&self, correspondent: &Correspondent, fingerprint: impl Into<KeyName>) -> Option<&Trust> {
        self.known.trust(correspondent, &fingerprint.into())
    }

    /// Notes that a correspondent has shown a key; `false` if it was known, which changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Name`], [`StoreError::File`].
    pub fn remember(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: impl Into<KeyName>,
    ) -> Result<bool, StoreError> {
        let (mut changed, name) = (self.known.clone(), fingerprint.into());
        let new = changed.remember(correspondent, &name)?;
        if new {
            self.save_known(KnownKeys::part(&name), changed)?;
        }
        Ok(new)
    }

    /// Stores the user's decision about exactly this key: the one that was shown to the user or
    /// that the comparison was started with, whatever the correspondent uses by now (S-33).
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownFingerprint`] if the correspondent never showed it,
    /// [`StoreError::Name`], [`StoreError::File`].
    pub fn set_trust(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: impl Into<KeyName>,
        trust: &Trust,
    ) -> Result<(), StoreError> {
        let (mut changed, name) = (self.known.clone(), fingerprint.into());
        if !changed.set_trust(correspondent, &name, trust)? {
            return Err(StoreError::UnknownFingerprint(Box::new(correspondent.clone())));
        }
        self.save_known(KnownKeys::part(&name), changed)
    }

    /// Notes many keys at once, each with its trust. A key that is known already gets the trust that it
    /// comes with. Of keys of one kind it is all or none; those of versions 1 to 3 come first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Name`], with which nothing was changed; [`StoreError::File`].
    pub fn adopt(&mut self, known: &[KnownKey]) -> Result<(), StoreError> {
        let mut changed = self.known.clone();
        for key in known {
            changed.remember(&key.correspondent, &key.fingerprint)?;
            changed.set_trust(&key.correspondent, &key.fingerprint, &key.trust)?;
        }
        for part in [Part::Fingerprints, Part::FingerprintsV4] {
            if known.iter().any(|key| KnownKeys::part(&key.fingerprint) == part) {
                self.save_known(part, changed.clone())?;
            }
        }
        Ok(())
    }

    /// Forgets that a correspondent has shown a key, and the trust in it; `false` if it was not
    /// known.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget(
        &mut self,
        correspondent: &Correspondent,
        fingerprint: impl Into<KeyName>,
    ) -> Result<bool, StoreError> {
        let (mut changed, name) = (self.known.clone(), fingerprint.into());
        let found = changed.forget(correspondent, &name);
        if found {
            self.save_known(KnownKeys::part(&name), changed)?;
        }
        Ok(found)
    }

    /// What is remembered about a correspondent beyond keys.
    pub fn peer(&self, correspondent: &Correspondent) -> Peer {
        self.peers.peer(correspondent)
    }

    /// Everybody that something is remembered about.
    pub fn peers(&self) -> impl Iterator<Item = (&Correspondent, &Peer)> {
        self.peers.iter()
    }

    /// Remembers that a correspondent speaks `version`: from now on nothing lower is accepted from
    /// them. Never lowers what is remembered; for that, the user's word goes to [`Self::set_peer`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn raise_minimum_version(
        &mut self,
        correspondent: &Correspondent,
        version: u16,
    ) -> Result<(), StoreError> {
        let known = self.peer(correspondent);
        if known.minimum_version.is_some_and(|minimum| minimum >= version) {
            return Ok(());
        }
        self.set_peer(
            correspondent,
            Peer {
                minimum_version: Some(version),
                ..known
            },
        )
    }

    /// Notes that a comparison with a correspondent failed (a wrong secret, words that differ), so that
    /// guesses can be counted over restarts. Only the latest [`MAX_FAILURES`](crate::peers::MAX_FAILURES) are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn record_failed_comparison(
        &mut self,
        correspondent: &Correspondent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        changed.add_failure(correspondent, at)?;
        self.save_peers(changed)
    }

    /// When comparisons with a correspondent failed, in the order of time.
    pub fn failed_comparisons(&self, correspondent: &Correspondent) -> &[Timestamp] {
        self.peers.failures(correspondent)
    }

    /// Forgets the failed comparisons with a correspondent.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn forget_failed_comparisons(&mut self, correspondent: &Correspondent) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        if changed.clear_failures(correspondent) {
            self.save_peers(changed)?;
        }
        Ok(())
    }

    /// Replaces version and policy of a correspondent; [`Peer::default`] forgets them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Peer`], [`StoreError::File`].
    pub fn set_peer(&mut self, correspondent: &Correspondent, peer: Peer) -> Result<(), StoreError> {
        let mut changed = self.peers.clone();
        changed.set(correspondent, peer)?;
        self.save_peers(changed)
    }

    /// Writes one of the two files of keys; the other stays as it was.
    fn save_known(&mut self, part: Part, changed: KnownKeys) -> Result<(), StoreError> {
        if part == Part::FingerprintsV4 {
            self.files.save(part, &changed.v4.write())?;
            self.known.v4 = changed.v4;
        } else {
            self.files.save(part, &changed.classic.write())?;
            self.known.classic = changed.classic;
        }
        Ok(())
    }

    fn save_peers(&mut self, changed: Peers) -> Result<(), StoreError> {
        self.files.save(Part::Peers, &changed.write())?;
        self.peers = changed;
        Ok(())
    }
}
