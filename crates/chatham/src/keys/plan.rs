//! What an import would do, worked out before anything is touched.

use std::collections::{BTreeMap, BTreeSet};

use im::irc::{CaseMapping, Nick};
use otr_store::foreign::{Found, FoundKey, Left, Network};
use otr_store::{AccountId, Correspondent, KeyName, KnownKey, Store, Trust};

use super::{KeysError, fingerprint_of, name};
use crate::sanitize;
use crate::vault::{DEFAULT_PROFILE, account_id};

/// What the person asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The profile that is to get the key.
    pub profile: Option<String>,
    /// Only these accounts of the other program.
    pub accounts: Vec<String>,
    /// Leave the key where it is.
    pub trust_only: bool,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// The whole plan.
pub(super) struct Plan {
    /// The profile in our store.
    pub(super) profile: AccountId,
    /// Keys of ours, with what becomes of each.
    pub(super) keys: Vec<(FoundKey, KeyFate)>,
    /// People's keys, with what becomes of each.
    pub(super) people: Vec<Person>,
    /// What is left behind for other reasons.
    pub(super) left: Vec<Left>,
}

/// What becomes of a key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFate {
    /// It becomes the key of the profile.
    Taken,
    /// The profile has it already.
    Present,
    /// Only trust was asked for.
    TrustOnly,
    /// Another account of the other program has the same key, which is taken for that one.
    Same,
}

/// A key that somebody has shown.
pub(super) struct Person {
    /// Who, by the other program's names.
    pub(super) seen_as: Correspondent,
    /// The name here: folded, without device or server.
    pub(super) nick: Vec<u8>,
    /// The key.
    pub(super) fingerprint: KeyName,
    /// What the other program's user decided.
    pub(super) trust: Trust,
    /// What becomes of it.
    pub(super) fate: PersonFate,
}

/// What becomes of a key that somebody has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PersonFate {
    /// It is new here and taken with its trust.
    Taken,
    /// It was known here without a decision, and gets the one from there.
    Trusted,
    /// It is known here with the same decision.
    Present,
    /// It is known here with another decision, which stays.
    Conflict(Trust),
    /// People of different networks would share the name; neither is taken.
    Ambiguous,
    /// The same person and key stand in another line, which counts.
    Repeated,
}

/// Works out what an import would do.
///
/// # Errors
/// If it is not clear whose key is meant, or the profile has another one.
pub(super) fn plan(found: Found, wish: &Wish, store: &Store) -> Result<Plan, KeysError> {
    let Found {
        mut keys,
        mut known,
        left,
        ..
    } = found;
    if !wish.accounts.is_empty() {
        check_accounts(&keys, &known, wish)?;
        keys.retain(|key| wish.names(&key.account));
        known.retain(|key| wish.names(key.correspondent.account()));
    }
    let profile = account_id(wish.profile.as_deref().unwrap_or(DEFAULT_PROFILE));
    let keys = if wish.trust_only {
        let left = |key| (key, KeyFate::TrustOnly);
        keys.into_iter().map(left).collect()
    } else {
        fates(keys, &profile, wish, store)?
    };
    Ok(Plan {
        people: people(known, &profile, store),
        profile,
        keys,
        left,
    })
}

impl Wish {
    /// Whether an account is one of those that were named: by its name, or as it is shown.
    fn names(&self, account: &AccountId) -> bool {
        let bare = String::from_utf8_lossy(account.name());
        self.accounts
            .iter()
            .any(|wanted| *wanted == bare || *wanted == shown(account))
    }
}

/// An account of the other program as it is shown, and can be named.
pub(super) fn shown(account: &AccountId) -> String {
    let protocol = sanitize::nick(account.protocol());
    format!("{} ({protocol})", name(account))
}

fn check_accounts(keys: &[FoundKey], known: &[KnownKey], wish: &Wish) -> Result<(), KeysError> {
    let there: BTreeSet<_> = keys
        .iter()
        .map(|key| &key.account)
        .chain(known.iter().map(|key| key.correspondent.account()))
        .collect();
    for wanted in &wish.accounts {
        let one = Wish {
            accounts: vec![wanted.clone()],
            ..Wish::default()
        };
        if !there.iter().any(|account| one.names(account)) {
            return Err(KeysError::NoSuchAccount {
                wanted: sanitize::nick(wanted.as_bytes()),
                there: list(there.iter().copied()),
            });
        }
    }
    Ok(())
}

fn fates(
    keys: Vec<FoundKey>,
    profile: &AccountId,
    wish: &Wish,
    store: &Store,
) -> Result<Vec<(FoundKey, KeyFate)>, KeysError> {
    let prints: BTreeSet<_> = keys.iter().map(|found| fingerprint_of(&found.key)).collect();
    if prints.len() > 1 {
        return Err(KeysError::SeveralKeys(list(keys.iter().map(|key| &key.account))));
    }
    let present = store.key(profile).map(fingerprint_of);
    if let (Some(present), Some(found)) = (present, prints.first())
        && present != *found
    {
        let profile = name(profile);
        return Err(match wish.profile {
            Some(_) => KeysError::ProfileHasKey { profile },
            None => KeysError::DefaultHasKey { profile },
        });
    }
    let mut first = Some(if present.is_some() {
        KeyFate::Present
    } else {
        KeyFate::Taken
    });
    let fate = |key| (key, first.take().unwrap_or(KeyFate::Same));
    Ok(keys.into_iter().map(fate).collect())
}

fn list<'a>(accounts: impl Iterator<Item = &'a AccountId>) -> String {
    let names: Vec<_> = accounts.map(shown).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

fn people(known: Vec<KnownKey>, profile: &AccountId, store: &Store) -> Vec<Person> {
    let mut people: Vec<_> = known.into_iter().map(person).collect();
    repeat(&mut people);
    let ambiguous = ambiguous(&people);
    let spellings = spellings(profile, store);
    for person in &mut people {
        if person.fate == PersonFate::Repeated {
            continue;
        }
        person.fate = if ambiguous.contains(&person.nick) {
            PersonFate::Ambiguous
        } else {
            // As the store spells the name already, if it does.
            if let Some(spelling) = spellings.get(&person.nick) {
                person.nick.clone_from(spelling);
            }
            let here = Correspondent::new(person.nick.clone(), profile.clone());
            match store.trust(&here, person.fingerprint) {
                None => PersonFate::Taken,
                Some(trust) if *trust == person.trust => PersonFate::Present,
                Some(Trust::Undecided) => PersonFate::Trusted,
                Some(_) if person.trust == Trust::Undecided => PersonFate::Present,
                Some(trust) => PersonFate::Conflict(trust.clone()),
            }
        };
    }
    people
}

fn person(known: KnownKey) -> Person {
    let network = Network::of(known.correspondent.account().protocol());
    let bare = network.bare_name(known.correspondent.user());
    Person {
        nick: CaseMapping::Rfc1459.fold(bare),
        fingerprint: known.fingerprint,
        trust: known.trust,
        seen_as: known.correspondent,
        fate: PersonFate::Taken,
    }
}

/// Of lines about the same key of the same person (two devices, two spellings), one counts: the
/// last that trusts the key, else the last.
fn repeat(people: &mut [Person]) {
    let mut best: BTreeMap<(Vec<u8>, AccountId, KeyName), usize> = BTreeMap::new();
    for index in 0..people.len() {
        let Some(person) = people.get(index) else { continue };
        let about = (
            person.nick.clone(),
            person.seen_as.account().clone(),
            person.fingerprint,
        );
        let trusted = person.trust.is_trusted();
        let loser = match best.get(&about).copied() {
            Some(earlier) if !trusted && people.get(earlier).is_some_and(|p| p.trust.is_trusted()) => index,
            earlier => {
                best.insert(about, index);
                let Some(earlier) = earlier else { continue };
                earlier
            }
        };
        if let Some(person) = people.get_mut(loser) {
            person.fate = PersonFate::Repeated;
        }
    }
}

/// Names that several accounts know with different keys: they may be different people.
fn ambiguous(people: &[Person]) -> BTreeSet<Vec<u8>> {
    let mut keys: BTreeMap<&[u8], BTreeMap<&AccountId, BTreeSet<KeyName>>> = BTreeMap::new();
    for person in people {
        keys.entry(&person.nick)
            .or_default()
            .entry(person.seen_as.account())
            .or_default()
            .insert(person.fingerprint);
    }
    let differ = |accounts: &BTreeMap<_, BTreeSet<_>>| {
        let mut all = accounts.values();
        let first = all.next();
        all.any(|other| Some(other) != first)
    };
    keys.into_iter()
        .filter(|(_, accounts)| differ(accounts))
        .map(|(nick, _)| nick.to_vec())
        .collect()
}

/// The names that the store has, by their folded form.
fn spellings(profile: &AccountId, store: &Store) -> BTreeMap<Vec<u8>, Vec<u8>> {
    store
        .known_keys()
        .filter(|known| known.correspondent.account() == profile)
        .map(|known| {
            let user = known.correspondent.user();
            let folded = Nick::new(user, CaseMapping::Rfc1459).folded().to_vec();
            (folded, user.to_vec())
        })
        .collect()
}
