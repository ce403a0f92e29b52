//! Client profiles ("Client Profile"): who somebody is on one device, which versions they speak there, and until when
//! this may be believed.
//!
//! A [`ClientProfile`] is one that was validated, or one of ours. Its bytes are kept as they came, because they are
//! hashed into what the exchange signs.

use core::fmt;
use core::time::Duration;

use rand_core::CryptoRng;

use crate::crypto::dsa;
use crate::crypto::ed448::{self, Point, SigningKey};
use crate::identity::{Fingerprint, FingerprintV4, long_term_keys};
use crate::time::Timestamp;
use crate::wire::Wire;
use crate::wire::client_profile::{ProfileField, ProfileFields, signed_bytes};
use crate::wire::header::{InstanceTag, Versions};
use crate::wire::raw_profile::RawProfile;
use crate::wire::v4::EncodedPoint;

/// A profile that is good: complete, signed, and current when it was looked at.
#[derive(Clone)]
pub struct ClientProfile {
    raw: RawProfile,
    contents: Contents,
}

#[derive(Clone)]
struct Contents {
    owner: InstanceTag,
    long_term: Point,
    forging: Point,
    versions: Vec<u8>,
    expires: i64,
    claimed: Option<Fingerprint>,
}

/// What goes into a new profile of ours.
pub struct Draft<'a> {
    /// This device.
    pub owner: InstanceTag,
    /// The forging key.
    pub forging: &'a Point,
    /// When it ends.
    pub expires: Timestamp,
    /// A key of versions 1 to 3 that is to be named, and to sign: then the profile says that we speak version 3 too.
    /// It ties both identities together for everybody to see, so it is nobody's default (decision 0083).
    pub transitional: Option<&'a dsa::PrivateKey>,
}

impl ClientProfile {
    /// Makes and signs a profile.
    #[must_use]
    pub fn sign(draft: &Draft<'_>, key: &SigningKey, rng: &mut dyn CryptoRng) -> Self {
        let versions: &[u8] = if draft.transitional.is_some() { b"34" } else { b"4" };
        let expires = seconds(draft.expires);
        let mut fields = vec![
            ProfileField::OwnerTag(draft.owner),
            ProfileField::IdentityKey(EncodedPoint(key.public().encode())),
            ProfileField::ForgingKey(EncodedPoint(draft.forging.encode())),
            ProfileField::Versions(versions.to_vec()),
            ProfileField::Expiration(expires),
        ];
        if let Some(dsa) = draft.transitional {
            fields.push(ProfileField::DsaKey(long_term_keys::to_wire(dsa.public())));
            let signature = dsa.sign(&signed_bytes(&fields), rng);
            fields.push(ProfileField::TransitionalSignature(signature));
        }
        let signature = key.sign(&signed_bytes(&fields));
        let raw = ProfileFields { fields, signature }.to_raw();
        Self {
            raw,
            contents: Contents {
                owner: draft.owner,
                long_term: key.public().clone(),
                forging: draft.forging.clone(),
                versions: versions.to_vec(),
                expires,
                claimed: draft
                    .transitional
                    .map(|key| long_term_keys::fingerprint(key.public())),
            },
        }
    }

    /// "Validating a Client Profile": all of the text's checks, the cheap ones first. `sender` is the tag in the header
    /// of the message that carried it.
    ///
    /// # Errors
    /// [`BadProfile`] names the first check that failed.
    pub fn validate(raw: &RawProfile, sender: InstanceTag, now: Timestamp) -> Result<Self, BadProfile> {
        let profile = ProfileFields::from_bytes(raw.as_bytes()).map_err(|_| BadProfile::Malformed)?;
        // Each type once, in the one order that both living implementations sign.
        if !profile
            .fields
            .is_sorted_by(|left, right| left.kind() < right.kind())
        {
            return Err(BadProfile::Order);
        }
        let [
            ProfileField::OwnerTag(owner),
            ProfileField::IdentityKey(long_term),
            ProfileField::ForgingKey(forging),
            ProfileField::Versions(versions),
            ProfileField::Expiration(expires),
            transitional @ ..,
        ] = profile.fields.as_slice()
        else {
            return Err(BadProfile::Incomplete);
        };
        if *owner != sender || InstanceTag::new(owner.raw()).is_none() {
            return Err(BadProfile::OtherInstance);
        }
        check_versions(versions)?;
        check_expiration(*expires, now)?;
        let [long_term, forging] =
            [long_term, forging].map(|point| Point::decode(point.as_bytes()).map_err(|_| BadProfile::Key));
        let (long_term, forging) = (long_term?, forging?);
        if long_term.ct_eq(&forging) {
            return Err(BadProfile::EqualKeys);
        }
        ed448::verify(&long_term, &signed_bytes(&profile.fields), &profile.signature)
            .map_err(|_| BadProfile::Signature)?;
        let claimed = check_transitional(&profile.fields, transitional)?;
        Ok(Self {
            raw: raw.clone(),
            contents: Contents {
                owner: *owner,
                long_term,
                forging,
                versions: versions.clone(),
                expires: *expires,
                claimed,
            },
        })
    }

    /// The bytes as they travel.
    pub fn raw(&self) -> &RawProfile {
        &self.raw
    }

    /// The device.
    pub fn owner(&self) -> InstanceTag {
        self.contents.owner
    }

    /// H, the long-term key.
    pub fn long_term_key(&self) -> &Point {
        &self.contents.long_term
    }

    /// F, the forging key.
    pub fn forging_key(&self) -> &Point {
        &self.contents.forging
    }

    /// Whether it says that its owner speaks version 3, on this device.
    pub fn speaks_v3(&self) -> bool {
        self.contents.versions.contains(&b'3')
    }

    /// The versions that it says its owner speaks, on this device: every good profile names version 4.
    pub fn versions(&self) -> Versions {
        if self.speaks_v3() {
            Versions::V3.union(Versions::V4)
        } else {
            Versions::V4
        }
    }

    /// What people compare.
    #[must_use]
    pub fn fingerprint(&self) -> FingerprintV4 {
        FingerprintV4::of(&self.contents.long_term, &self.contents.forging)
    }

    /// The key of versions 1 to 3 that the profile claims for its owner.
    ///
    /// **No reason to trust.** Its signature covers the profile as a number modulo q, without a hash: somebody who once saw
    /// such a signature can search for another profile that it fits. It may be shown as a claim, and the person asked to
    /// compare fingerprints again (decision 0083).
    pub fn claimed_classic_fingerprint(&self) -> Option<Fingerprint> {
        self.contents.claimed
    }

    /// Whether it has not expired.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        seconds(now) < self.contents.expires
    }

    /// Whether it is time to publish a successor.
    #[must_use]
    pub fn is_to_be_renewed(&self, now: Timestamp) -> bool {
        !self.is_current(now.plus(RENEWAL))
    }
}

impl fmt::Debug for ClientProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientProfile")
            .field("owner", &self.owner())
            .field("fingerprint", &self.fingerprint())
            .field("expires", &self.contents.expires)
            .finish_non_exhaustive()
    }
}

/// Digits of versions that may be spoken beside 4; other characters say nothing to us, and none may come twice, as one
/// implementation drops what it does not know before it looks at the signature.
fn check_versions(versions: &[u8]) -> Result<(), BadProfile> {
    let repeated = (1..versions.len()).any(|end| versions[..end].contains(&versions[end]));
    if repeated || versions.iter().any(|version| b"12".contains(version)) {
        return Err(BadProfile::Versions);
    }
    if versions.contains(&b'4') {
        Ok(())
    } else {
        Err(BadProfile::Versions)
    }
}

fn check_expiration(expires: i64, now: Timestamp) -> Result<(), BadProfile> {
    if expires <= seconds(now) {
        Err(BadProfile::Expired)
    } else if expires > seconds(now.plus(LONGEST)) {
        Err(BadProfile::TooLong)
    } else {
        Ok(())
    }
}

/// The key of versions 1 to 3 that a valid transitional signature claims. A key without a signature, or a signature
/// without a key, claims nothing.
fn check_transitional(
    fields: &[ProfileField],
    transitional: &[ProfileField],
) -> Result<Option<Fingerprint>, BadProfile> {
    let [
        ProfileField::DsaKey(key),
        ProfileField::TransitionalSignature(signature),
    ] = transitional
    else {
        return Ok(None);
    };
    let key = long_term_keys::from_wire(key).map_err(|_| BadProfile::Key)?;
    let covered = fields.len().saturating_sub(1);
    key.verify(&signed_bytes(&fields[..covered]), signature)
        .map_err(|_| BadProfile::Signature)?;
    Ok(Some(long_term_keys::fingerprint(&key)))
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis() / 1000).unwrap_or(i64::MAX)
}

/// Why a client profile is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadProfile {
    /// The bytes are no fields.
    Malformed,
    /// A field comes twice, or out of order.
    Order,
    /// A field is missing that every profile has.
    Incomplete,
    /// It belongs to another device than the message came from.
    OtherInstance,
    /// It does not name version 4, names one that is not spoken beside it, or names one twice.
    Versions,
    /// It has expired.
    Expired,
    /// It is to last longer than any profile may.
    TooLong,
    /// A public key is not one.
    Key,
    /// The long-term key and the forging key are the same.
    EqualKeys,
    /// A signature does not match.
    Signature,
}

impl fmt::Display for BadProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the profile is malformed",
            Self::Order => "the profile has a field twice or out of order",
            Self::Incomplete => "the profile lacks a field",
            Self::OtherInstance => "the profile belongs to another device",
            Self::Versions => "the versions of the profile are not acceptable",
            Self::Expired => "the profile has expired",
            Self::TooLong => "the profile is to last too long",
            Self::Key => "a key of the profile is not valid",
            Self::EqualKeys => "the two keys of the profile are the same",
            Self::Signature => "a signature of the profile does not match",
        })
    }
}

impl core::error::Error for BadProfile {}

/// How long a profile of ours lasts: the text's week.
pub const LIFETIME: Duration = Duration::from_secs(7 * DAY);
/// How long before its end a profile gets a successor.
const RENEWAL: Duration = Duration::from_secs(DAY);
/// The longest time that anybody's profile may still last. The text has no such limit; living implementations take one
/// and two weeks (decision 0082).
const LONGEST: Duration = Duration::from_secs(366 * DAY);
const DAY: u64 = 24 * 60 * 60;
