//! Client profiles and fingerprints of version 4: the recorded ones byte for byte, and everything that is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_vectors;

use chacha20::ChaCha20Rng;
use core::time::Duration;
use otr::crypto::ed448::{Point, SigningKey};
use otr::identity::client_profile::Draft;
use otr::identity::{BadProfile, ClientProfile, FingerprintV4, ForgingKey, V4Account, long_term_keys};
use otr::secret::Secret;
use otr::wire::client_profile::{ProfileField, ProfileFields, signed_bytes};
use otr::wire::raw_profile::RawProfile;
use otr::wire::v4::EncodedPoint;
use otr::wire::{DecodeError, Wire};
use otr::{InstanceTag, PrivateKey, Timestamp};
use rand_core::{Rng, SeedableRng};
use v4_vectors::{SeedRng, run};

/// Three days before the recorded profiles expire.
const NOW: Timestamp = Timestamp::from_millis((0x7fff_ffff - 3 * DAY) * 1000);
const DAY: u64 = 24 * 60 * 60;

fn recorded(name: &str) -> (SigningKey, ForgingKey, InstanceTag, SeedRng) {
    let mut rng = SeedRng::new(&format!("vector-{name}"));
    let long_term = SigningKey::generate(&mut rng);
    let forging = ForgingKey::generate_with_secret(&mut rng);
    let mut tag = [0; 4];
    rng.fill_bytes(&mut tag[1..]);
    let tag = InstanceTag::from_raw(0x100 + u32::from_be_bytes(tag));
    (long_term, forging, tag, rng)
}

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn dsa() -> PrivateKey {
    PrivateKey::generate(&mut rng(9))
}

#[test]
fn recorded_profiles_come_out_byte_for_byte() {
    for name in ["alice", "bob"] {
        let (long_term, forging, tag, mut rng) = recorded(name);
        assert_eq!(
            long_term.seed().expose().as_slice(),
            run(&format!("{name}.sym_h"))
        );
        assert_eq!(long_term.public().encode().as_slice(), run(&format!("{name}.H")));
        assert_eq!(forging.public().encode().as_slice(), run(&format!("{name}.F")));
        assert_eq!(tag.raw().to_be_bytes().as_slice(), run(&format!("{name}.tag")));
        let draft = Draft {
            owner: tag,
            forging: forging.public(),
            expires: Timestamp::from_millis(0x7fff_ffff * 1000),
            transitional: None,
        };
        let profile = ClientProfile::sign(&draft, &long_term, &mut rng);
        assert_eq!(profile.raw().as_bytes(), run(&format!("{name}.profile")));
        let fingerprint = profile.fingerprint();
        assert_eq!(
            fingerprint.as_bytes().as_slice(),
            run(&format!("{name}.fingerprint"))
        );

        let read = ClientProfile::validate(profile.raw(), tag, NOW).unwrap();
        assert_eq!(read.raw(), profile.raw());
        assert_eq!(read.owner(), tag);
        assert_eq!(read.fingerprint(), fingerprint);
        assert!(read.long_term_key().ct_eq(long_term.public()));
        assert!(read.forging_key().ct_eq(forging.public()));
        assert!(!read.speaks_v3());
        assert_eq!(read.claimed_classic_fingerprint(), None);
    }
}

#[test]
fn fingerprints_have_fourteen_groups() {
    let bytes = core::array::from_fn(|i| u8::try_from(i * 4).unwrap());
    let fingerprint = FingerprintV4::from_bytes(bytes);
    let shown = fingerprint.to_string();
    assert_eq!(shown.split(' ').count(), 14);
    assert!(shown.starts_with("0004080C 1014181C ") && shown.ends_with(" D0D4D8DC"));
    assert_eq!(FingerprintV4::from_hex(&shown), Some(fingerprint));
    assert_eq!(
        FingerprintV4::from_hex(&shown.to_lowercase().replace(' ', "")),
        Some(fingerprint)
    );
    for text in [
        "",
        &"0".repeat(40),
        &"0".repeat(111),
        &"0".repeat(113),
        &"x".repeat(112),
    ] {
        assert_eq!(FingerprintV4::from_hex(text), None);
    }
}

/// S-79: who has another forging key has another fingerprint, and nobody is told apart from himself otherwise.
#[test]
fn s79_the_forging_key_is_part_of_the_fingerprint() {
    let (long_term, forging, ..) = recorded("alice");
    let (_, other, ..) = recorded("bob");
    let fingerprint = FingerprintV4::of(long_term.public(), forging.public());
    assert_ne!(fingerprint, FingerprintV4::of(long_term.public(), other.public()));
    assert_ne!(
        fingerprint,
        FingerprintV4::of(forging.public(), long_term.public())
    );
}

/// S-79: by default there is no secret of the forging key that anybody could be made to give away.
#[test]
fn s79_a_forging_key_has_no_secret_unless_it_is_kept() {
    let key = ForgingKey::generate(&mut rng(1));
    assert!(key.seed().is_none());
    assert!(Point::decode(&key.public().encode()).is_ok());
    assert!(!key.public().ct_eq(ForgingKey::generate(&mut rng(2)).public()));
    let mut kept = ForgingKey::generate_with_secret(&mut rng(1));
    let seed = Secret::fill_with(|bytes| *bytes = *kept.seed().unwrap().expose());
    assert!(ForgingKey::from_seed(seed).public().ct_eq(kept.public()));
    let public = kept.public().encode();
    kept.forget_secret();
    assert!(kept.seed().is_none());
    assert!(
        ForgingKey::from_public(&public)
            .unwrap()
            .public()
            .ct_eq(kept.public())
    );
    assert!(ForgingKey::from_public(&[0; 57]).is_err());
}

/// A profile of Alice's as fields, to be changed and signed again.
struct Workshop {
    key: SigningKey,
    tag: InstanceTag,
    fields: Vec<ProfileField>,
}

impl Workshop {
    fn new() -> Self {
        let (key, _, tag, _) = recorded("alice");
        let profile = ProfileFields::from_bytes(&run("alice.profile")).unwrap();
        Self {
            key,
            tag,
            fields: profile.fields,
        }
    }

    fn with_dsa() -> Self {
        let mut shop = Self::new();
        let dsa = dsa();
        shop.fields[3] = ProfileField::Versions(b"34".to_vec());
        shop.fields
            .push(ProfileField::DsaKey(long_term_keys::to_wire(dsa.public())));
        let signature = dsa.sign(&signed_bytes(&shop.fields), &mut rng(3));
        shop.fields.push(ProfileField::TransitionalSignature(signature));
        shop
    }

    fn signed(&self) -> RawProfile {
        ProfileFields {
            fields: self.fields.clone(),
            signature: self.key.sign(&signed_bytes(&self.fields)),
        }
        .to_raw()
    }

    fn judge(&self) -> Result<ClientProfile, BadProfile> {
        ClientProfile::validate(&self.signed(), self.tag, NOW)
    }
}

/// What a changed profile of Alice's is refused for. It is signed again, so that the change alone is at fault.
fn refused(change: impl FnOnce(&mut Vec<ProfileField>)) -> BadProfile {
    let mut shop = Workshop::new();
    change(&mut shop.fields);
    shop.judge().expect_err("the profile is refused")
}

/// S-81: fields that are missing, come twice, or stand in another order.
#[test]
fn s81_every_field_comes_once_and_in_order() {
    assert!(Workshop::new().judge().is_ok());
    for place in 0..5 {
        assert_eq!(
            refused(|fields| drop(fields.remove(place))),
            BadProfile::Incomplete
        );
        let twice = refused(|fields| fields.insert(place, fields[place].clone()));
        assert_eq!(twice, BadProfile::Order);
    }
    for place in 0..4 {
        assert_eq!(refused(|fields| fields.swap(place, place + 1)), BadProfile::Order);
    }
    assert_eq!(refused(Vec::clear), BadProfile::Incomplete);
}

/// S-81: version 4 has to be there, 1 and 2 must not, and unknown characters say nothing.
#[test]
fn s81_versions_are_read_strictly() {
    let with = |versions: &[u8]| {
        let mut shop = Workshop::new();
        shop.fields[3] = ProfileField::Versions(versions.to_vec());
        shop.judge().map(|profile| profile.speaks_v3())
    };
    for (versions, speaks_v3) in [
        (&b"4"[..], false),
        (b"34", true),
        (b"43", true),
        (b"45", false),
        (b"4\xff", false),
    ] {
        assert_eq!(with(versions).unwrap(), speaks_v3, "{versions:?}");
    }
    for versions in [&b""[..], b"3", b"5", b"14", b"42", b"44", b"344", b"4554"] {
        assert_eq!(with(versions).unwrap_err(), BadProfile::Versions, "{versions:?}");
    }
}

/// S-81, S-73: expired and future profiles; dates are signed 64-bit numbers.
#[test]
fn s81_dates_at_their_edges() {
    let now = i64::try_from(NOW.as_millis() / 1000).unwrap();
    let year = i64::try_from(366 * DAY).unwrap();
    let with = |expires: i64| {
        let mut shop = Workshop::new();
        shop.fields[4] = ProfileField::Expiration(expires);
        shop.judge().map(drop)
    };
    for expires in [i64::MIN, -1, 0, now - 1, now] {
        assert_eq!(with(expires), Err(BadProfile::Expired), "{expires}");
    }
    for expires in [now + 1, now + year] {
        assert_eq!(with(expires), Ok(()), "{expires}");
    }
    for expires in [now + year + 1, i64::MAX] {
        assert_eq!(with(expires), Err(BadProfile::TooLong), "{expires}");
    }
    let raw = Workshop::new().signed();
    let (_, _, tag, _) = recorded("alice");
    for (clock, expected) in [(0, BadProfile::TooLong), (u64::MAX, BadProfile::Expired)] {
        let judged = ClientProfile::validate(&raw, tag, Timestamp::from_millis(clock));
        assert_eq!(judged.unwrap_err(), expected);
    }
}

#[test]
fn a_profile_belongs_to_one_device() {
    let shop = Workshop::new();
    for tag in [shop.tag.raw() ^ 1, 0x100, 0] {
        let judged = ClientProfile::validate(&shop.signed(), InstanceTag::from_raw(tag), NOW);
        assert_eq!(judged.unwrap_err(), BadProfile::OtherInstance);
    }
    // A tag of the reserved range, even if the message carries it too.
    let mut shop = Workshop::new();
    shop.tag = InstanceTag::from_raw(0xff);
    shop.fields[0] = ProfileField::OwnerTag(shop.tag);
    assert_eq!(shop.judge().unwrap_err(), BadProfile::OtherInstance);
}

#[test]
fn s79_keys_of_a_profile_are_points_and_differ() {
    let mut torsion = [0; 57];
    torsion[..56].copy_from_slice(&[0xff; 56]);
    torsion[0] = 0xfe;
    torsion[28] = 0xfe;
    let mut neutral = [0; 57];
    neutral[0] = 1;
    for bytes in [[0; 57], [0xff; 57], neutral, torsion] {
        let point = EncodedPoint(bytes);
        assert_eq!(
            refused(|fields| fields[2] = ProfileField::ForgingKey(point)),
            BadProfile::Key
        );
        assert_eq!(
            refused(|fields| fields[1] = ProfileField::IdentityKey(point)),
            BadProfile::Key
        );
    }
    let same = refused(|fields| {
        let ProfileField::IdentityKey(point) = fields[1] else {
            panic!("the long-term key")
        };
        fields[2] = ProfileField::ForgingKey(point);
    });
    assert_eq!(same, BadProfile::EqualKeys);
}

#[test]
fn any_changed_bit_spoils_a_profile() {
    let raw = run("alice.profile");
    let (_, _, tag, _) = recorded("alice");
    for bit in 0..raw.len() * 8 {
        // Each costs up to a quarter of a millisecond: every third will do.
        if bit % 3 != 0 {
            continue;
        }
        let mut changed = raw.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let judged = RawProfile::from_bytes(&changed)
            .ok()
            .and_then(|raw| ClientProfile::validate(&raw, tag, NOW).ok());
        assert!(judged.is_none(), "bit {bit}");
    }
    for length in 0..raw.len() {
        assert!(RawProfile::from_bytes(&raw[..length]).is_err(), "{length} bytes");
        assert!(
            ProfileFields::from_bytes(&raw[..length]).is_err(),
            "{length} bytes"
        );
    }
    // Another person's signature over the same fields.
    let (other, ..) = recorded("bob");
    let mut shop = Workshop::new();
    shop.key = other;
    assert_eq!(shop.judge().unwrap_err(), BadProfile::Signature);
}

/// D-22: a count is never a reason to reserve memory.
#[test]
fn announced_counts_reserve_nothing() {
    let raw = run("alice.profile");
    for count in [0u32, 4, 6, 7, 8, 255, u32::MAX] {
        let mut changed = raw.clone();
        changed[..4].copy_from_slice(&count.to_be_bytes());
        assert!(RawProfile::from_bytes(&changed).is_err(), "{count} fields");
        assert!(ProfileFields::from_bytes(&changed).is_err(), "{count} fields");
    }
    let mut many = 8u32.to_be_bytes().to_vec();
    many.resize(600, 0);
    assert_eq!(ProfileFields::from_bytes(&many), Err(DecodeError::BadLength));
    // A length of the versions that goes far beyond the end.
    let mut changed = raw.clone();
    let place = raw
        .windows(6)
        .position(|window| window == [0, 4, 0, 0, 0, 1])
        .unwrap();
    changed[place + 2..place + 6].fill(0xff);
    assert!(ProfileFields::from_bytes(&changed).is_err());
    assert!(ProfileFields::from_bytes(&[0xff; 4]).is_err());
}

#[test]
fn raw_fields_are_written_as_they_were_read() {
    for shop in [Workshop::new(), Workshop::with_dsa()] {
        let raw = shop.signed();
        let read = ProfileFields::from_bytes(raw.as_bytes()).unwrap();
        assert_eq!(read.to_bytes(), raw.as_bytes());
        assert_eq!(RawProfile::from_bytes(raw.as_bytes()).unwrap(), raw);
    }
    // Types of keys are little-endian, and no others are taken.
    let raw = run("alice.profile");
    for (kind, wrong) in [([0x10, 0], [0, 0x10]), ([0x12, 0], [0x10, 0])] {
        let place = raw.windows(2).position(|window| window == kind).unwrap();
        let mut changed = raw.clone();
        changed[place..place + 2].copy_from_slice(&wrong);
        assert!(ProfileFields::from_bytes(&changed).is_err());
    }
}

/// S-81: the transitional signature is read, has to be right if it is there, and ties nothing to anything.
#[test]
fn s81_the_transitional_signature_is_a_claim() {
    let dsa = dsa();
    let shop = Workshop::with_dsa();
    let profile = shop.judge().unwrap();
    let fingerprint = long_term_keys::fingerprint(dsa.public());
    assert_eq!(profile.claimed_classic_fingerprint(), Some(fingerprint));
    assert!(profile.speaks_v3());
    // It stands beside the fingerprint, not in it.
    assert_eq!(
        profile.fingerprint(),
        Workshop::new().judge().unwrap().fingerprint()
    );

    let mut broken = Workshop::with_dsa();
    let Some(ProfileField::TransitionalSignature(signature)) = broken.fields.last_mut() else {
        panic!("a signature")
    };
    signature[39] ^= 1;
    assert_eq!(broken.judge().unwrap_err(), BadProfile::Signature);
    // Half of it claims nothing (D-06b).
    for place in [5, 6] {
        let mut half = Workshop::with_dsa();
        half.fields.remove(place);
        assert_eq!(half.judge().unwrap().claimed_classic_fingerprint(), None);
    }
    let mut bad_key = Workshop::with_dsa();
    let ProfileField::DsaKey(key) = &mut bad_key.fields[5] else {
        panic!("a key")
    };
    key.y = key.p.clone();
    assert_eq!(bad_key.judge().unwrap_err(), BadProfile::Key);

    let (long_term, forging, tag, mut rng) = recorded("alice");
    let account = V4Account::new(long_term, forging, tag, Some(&dsa), &mut rng, NOW);
    let read = ClientProfile::validate(account.profile().raw(), tag, NOW).unwrap();
    assert_eq!(read.claimed_classic_fingerprint(), Some(fingerprint));
}

/// DSA without a hash signs a number modulo q, and q can be added to a message as often as somebody likes. On bytes that
/// are to be a profile this takes a search, but no secret: so the signature is never a reason to trust (D-06).
#[test]
fn s81_a_transitional_signature_fits_other_bytes() {
    let dsa = dsa();
    let shop = Workshop::with_dsa();
    let covered = signed_bytes(&shop.fields[..6]);
    let Some(ProfileField::TransitionalSignature(signature)) = shop.fields.last() else {
        panic!("a signature")
    };
    let [_, q, ..] = dsa.public().parts();
    let other =
        num_bigint::BigUint::from_bytes_be(&covered) + num_bigint::BigUint::from_bytes_be(q) * 1000u32;
    let mut other = other.to_bytes_be();
    // The leading zeros count for nothing either.
    other.insert(0, 0);
    assert_ne!(other, covered);
    assert_eq!(dsa.public().verify(&other, signature), Ok(()));
}

#[test]
fn an_account_renews_its_profile_a_day_before_it_ends() {
    let tag = InstanceTag::from_raw(0x1234);
    let mut account = V4Account::generate(tag, &mut rng(5), NOW);
    let first = account.profile().raw().clone();
    let fingerprint = account.fingerprint();
    let after = |days: u64, seconds: u64| NOW.plus(Duration::from_secs(days * DAY + seconds));
    assert!(ClientProfile::validate(&first, tag, NOW).is_ok());
    assert!(!account.renew(None, &mut rng(6), after(5, DAY - 1)));
    assert_eq!(account.profile().raw(), &first);
    assert!(account.profile().is_current(after(6, DAY - 1)));
    assert!(!account.profile().is_current(after(7, 0)));

    assert!(account.renew(None, &mut rng(6), after(6, 0)));
    assert_ne!(account.profile().raw(), &first);
    assert_eq!(account.fingerprint(), fingerprint);
    assert!(ClientProfile::validate(account.profile().raw(), tag, after(12, 0)).is_ok());
    assert!(ClientProfile::validate(&first, tag, after(6, DAY - 1)).is_ok());

    // A stored profile goes with its own keys only.
    let (long_term, forging, tag, mut rng) = recorded("alice");
    let profile = V4Account::new(long_term, forging, tag, None, &mut rng, NOW)
        .profile()
        .clone();
    let (long_term, forging, ..) = recorded("alice");
    assert!(V4Account::with_profile(long_term, forging, profile.clone()).is_some());
    let (long_term, _, _, _) = recorded("alice");
    let (_, forging, ..) = recorded("bob");
    assert!(V4Account::with_profile(long_term, forging, profile).is_none());
}
