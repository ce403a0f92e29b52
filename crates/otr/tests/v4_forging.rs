//! Deniability, shown by doing it: exchanges that never took place, and people who were not there, pass the very
//! checks that honest ones pass (S-79, S-80).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_exchange;
mod v4_vectors;

use chacha20::ChaCha20Rng;
use otr::crypto::ed448::{KeyPair, SigningKey};
use otr::identity::{ClientProfile, ForgingKey, V4Account};
use otr::reject::Reject;
use otr::secret::Secret;
use otr::v4::dake::{Names, Signer};
use otr::v4::ephemeral::{Ephemeral, EphemeralPublic};
use otr::v4::forge::{self, Forged, Puppet};
use otr::v4::transcript::Party;
use otr::v4::{Channel, Proven, auth};
use otr::wire::v4::Message;
use rand_core::SeedableRng;
use v4_exchange::{Letter, NOW, Person, identity_of, meet};

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// A person who kept the secret of the forging key.
fn keeper(name: &'static str, peer: &'static str, tag: u32) -> (Person, KeyPair) {
    let mut person = Person::new(name, peer, tag, u8::try_from(tag >> 8).unwrap());
    let forging = ForgingKey::generate_with_secret(&mut rng(u8::try_from(name.len()).unwrap()));
    let pair = KeyPair::from_seed(&copy(forging.seed().unwrap()));
    let long_term = SigningKey::generate(&mut *person.rng);
    let owner = person.tag();
    person.account = V4Account::new(long_term, forging, owner, None, &mut *person.rng, NOW);
    (person, pair)
}

fn copy(seed: &Secret<57>) -> Secret<57> {
    Secret::fill_with(|bytes| *bytes = *seed.expose())
}

/// What a third person can check of a transcript.
fn verifies(forged: &Forged, bob: &Person, alice: &Person) -> Result<(), Reject> {
    let party = |person: &Person, raw, keys: Result<EphemeralPublic, Reject>| Party {
        profile: ClientProfile::validate(raw, person.tag(), NOW).unwrap(),
        name: person.name.as_bytes().to_vec(),
        keys: keys.unwrap(),
    };
    let (first, second) = (&forged.identity, &forged.auth_r);
    let bob = party(
        bob,
        &first.profile,
        EphemeralPublic::check(&first.y, &first.b, &first.first_ecdh, &first.first_dh),
    );
    let alice = party(
        alice,
        &second.profile,
        EphemeralPublic::check(&second.x, &second.a, &second.first_ecdh, &second.first_dh),
    );
    auth::verify_auth_r(&bob, &alice, &second.sigma)?;
    auth::verify_auth_i(&bob, &alice, &forged.auth_i.sigma)
}

fn talk(bob: Proven, alice: Proven, people: [&Person; 2]) {
    let mut rng = rng(60);
    let [mut bob, mut alice] = [bob, alice].map(|proven| Channel::start(proven.established, NOW).unwrap());
    let header = people[0].header_to(people[1]);
    let (data, _) = bob
        .seal(&header, b"I never said this".to_vec(), 0, &mut rng, NOW)
        .unwrap();
    assert_eq!(
        alice.open(&header, data, NOW).unwrap().plaintext,
        b"I never said this"
    );
}

/// S-80: with two profiles, which are public, and no secret at all.
#[test]
fn s80_anybody_writes_an_exchange_from_two_profiles() {
    let [alice, bob] = meet();
    let puppet = |person: &Person| -> (ClientProfile, Vec<u8>) {
        (person.account.profile().clone(), person.name.as_bytes().to_vec())
    };
    let (of_alice, of_bob) = (puppet(&alice), puppet(&bob));
    let [bob_puppet, alice_puppet] = [&of_bob, &of_alice].map(|(profile, name)| Puppet {
        profile,
        name,
        key: None,
    });
    let forged = forge::exchange(&bob_puppet, &alice_puppet, &mut rng(77)).unwrap();
    assert_eq!(verifies(&forged, &bob, &alice), Ok(()));
    assert_eq!(forged.bob.established.peer, alice.account.fingerprint());
    assert_eq!(forged.alice.established.peer, bob.account.fingerprint());
    talk(forged.bob, forged.alice, [&bob, &alice]);
}

/// The rings of the text: which secrets open which.
#[test]
fn s79_one_secret_of_the_ring_is_enough() {
    let (alice, alice_forging) = keeper("alice", "bob", 0x1111);
    let (bob, bob_forging) = keeper("bob", "alice", 0x2222);
    let [alice_key, bob_key] = [&alice, &bob].map(|person| person.account.long_term_key().pair());
    let stranger = KeyPair::generate(&mut rng(50));
    let puppet = |person: &'static str, profile, key| Puppet {
        profile,
        name: person.as_bytes(),
        key,
    };
    // Who signs Auth-R, who signs Auth-I, whether that is possible.
    let table = [
        (Some(alice_key), Some(bob_key), true),
        (Some(&bob_forging), None, true),
        (None, Some(&alice_forging), true),
        (Some(&bob_forging), Some(&alice_forging), true),
        // Key compromise: Bob's own long-term key makes nobody Alice towards him.
        (Some(bob_key), None, false),
        (None, Some(alice_key), false),
        (Some(&alice_forging), None, false),
        (None, Some(&bob_forging), false),
        (Some(&stranger), None, false),
        (None, Some(&stranger), false),
    ];
    for (place, (auth_r_key, auth_i_key, possible)) in table.into_iter().enumerate() {
        let forged = forge::exchange(
            &puppet("bob", bob.account.profile(), auth_i_key),
            &puppet("alice", alice.account.profile(), auth_r_key),
            &mut rng(77),
        );
        match forged {
            Ok(forged) => assert_eq!(
                (possible, verifies(&forged, &bob, &alice)),
                (true, Ok(())),
                "row {place}"
            ),
            Err(reason) => assert_eq!((possible, reason), (false, Reject::Unexpected), "row {place}"),
        }
    }
}

/// A ring with one key twice is refused whoever has signed: in it somebody would be less hidden.
#[test]
fn s79_the_three_keys_of_a_ring_differ() {
    let (alice, alice_forging) = keeper("alice", "bob", 0x1111);
    let (bob, bob_forging) = keeper("bob", "alice", 0x2222);
    let alice_key = alice.account.long_term_key().pair();
    let twin = |person: &Person, forging: &KeyPair| {
        let long_term = SigningKey::from_seed(copy(person.account.long_term_key().seed()));
        let forging = ForgingKey::from_public(&forging.public().encode()).unwrap();
        V4Account::new(long_term, forging, person.tag(), None, &mut rng(8), NOW)
            .profile()
            .clone()
    };
    let party = |profile: &ClientProfile, keys: &Ephemeral, own: Option<&KeyPair>| {
        let mut keys = keys.public();
        if let Some(own) = own {
            keys.ecdh = own.public().clone();
        }
        Party {
            profile: profile.clone(),
            name: Vec::new(),
            keys,
        }
    };
    let (bob_keys, alice_keys) = (
        Ephemeral::generate(&mut rng(9)),
        Ephemeral::generate(&mut rng(10)),
    );
    let (of_bob, of_alice) = (bob.account.profile(), alice.account.profile());
    // Bob's forging key is Alice's long-term key; Y is Bob's forging key; Y is Alice's long-term key.
    let with_alice = twin(&bob, alice_key);
    let rings = [
        (party(&with_alice, &bob_keys, None), &bob_keys.ecdh),
        (party(of_bob, &bob_keys, Some(&bob_forging)), alice_key),
        (party(of_bob, &bob_keys, Some(alice_key)), &bob_forging),
    ];
    let alices = party(of_alice, &alice_keys, None);
    for (bobs, signer) in rings {
        let sigma = auth::sign_auth_r(signer, &bobs, &alices, &mut rng(11)).unwrap();
        assert_eq!(
            auth::verify_auth_r(&bobs, &alices, &sigma),
            Err(Reject::BadGroupElement)
        );
    }
    // The same for X in Auth-I.
    let bobs = party(of_bob, &bob_keys, None);
    let alices = party(of_alice, &alice_keys, Some(&alice_forging));
    let sigma = auth::sign_auth_i(bob.account.long_term_key().pair(), &bobs, &alices, &mut rng(11)).unwrap();
    assert_eq!(
        auth::verify_auth_i(&bobs, &alices, &sigma),
        Err(Reject::BadGroupElement)
    );
}

/// Bob kept his forging secret: with it he, or whoever takes it from him, is anybody towards him.
#[test]
fn s79_with_bobs_forging_key_somebody_answers_as_alice() {
    let (mut bob, forging) = keeper("bob", "alice", 0x2222);
    let alice = Person::new("alice", "bob", 0x1111, 1);
    let identity = bob.start();
    let names = Names {
        ours: b"alice",
        theirs: b"bob",
    };
    let mut signer = Signer {
        profile: alice.account.profile(),
        key: &forging,
        names,
    };
    let state = forge::impersonate_responder(
        &identity.header,
        identity_of(&identity),
        &signer,
        &mut rng(77),
        NOW,
    )
    .unwrap();
    let letter = Letter {
        header: alice.header_to(&bob),
        message: Message::AuthR(state.reply().clone()),
    };
    let last = bob.receive(&letter).unwrap();
    let Message::AuthI(message) = &last.message else {
        panic!("the end")
    };
    let hers = state.on_auth_i(&last.header, message).unwrap();
    let his = bob.proven.take().unwrap();
    assert_eq!(his.established.peer, alice.account.fingerprint());
    talk(his, hers, [&bob, &alice]);

    let stranger = KeyPair::generate(&mut rng(50));
    signer.key = &stranger;
    let refused = forge::impersonate_responder(
        &identity.header,
        identity_of(&identity),
        &signer,
        &mut rng(77),
        NOW,
    );
    assert_eq!(refused.map(drop), Err(Reject::Unexpected));
}

#[test]
fn s79_with_alices_forging_key_somebody_starts_as_bob() {
    let (mut alice, forging) = keeper("alice", "bob", 0x1111);
    let bob = Person::new("bob", "alice", 0x2222, 2);
    let names = Names {
        ours: b"bob",
        theirs: b"alice",
    };
    let (state, identity) = forge::impersonate_initiator(bob.account.profile(), &mut rng(77));
    let reply = alice
        .receive(&Letter {
            header: bob.header_to(&alice),
            message: Message::Identity(identity),
        })
        .unwrap();
    let Message::AuthR(message) = &reply.message else {
        panic!("an answer")
    };
    let (his, auth_i) = state
        .on_auth_r(&reply.header, message, &forging, names, &mut rng(77), NOW)
        .unwrap();
    alice
        .receive_last(&Letter {
            header: bob.header_to(&alice),
            message: Message::AuthI(auth_i),
        })
        .unwrap();
    let hers = alice.proven.take().unwrap();
    assert_eq!(hers.established.peer, bob.account.fingerprint());
    talk(his, hers, [&bob, &alice]);
    let stranger = KeyPair::generate(&mut rng(50));
    let refused = state.on_auth_r(&reply.header, message, &stranger, names, &mut rng(77), NOW);
    assert_eq!(refused.map(drop), Err(Reject::Unexpected));
}
