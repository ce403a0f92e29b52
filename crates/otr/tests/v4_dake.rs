//! The interactive exchange of version 4: the recorded run byte for byte, both roles, everything that is refused, and
//! that nothing refused changes anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_exchange;
mod v4_vectors;

use core::time::Duration;

use otr::crypto::dh3072::DhSecret;
use otr::crypto::ed448::KeyPair;
use otr::identity::{ClientProfile, Half};
use otr::reject::Reject;
use otr::v4::Channel;
use otr::v4::ephemeral::EphemeralPublic;
use otr::v4::transcript::{Party, auth_i, auth_r};
use otr::wire::raw_profile::RawProfile;
use otr::wire::v4::{AuthI, AuthR, EncodedPoint, Identity, Message};
use otr::wire::{Mpi, Wire, armor, encode_message};
use otr::{InstanceTag, Timestamp};
use rand_core::Rng;
use v4_exchange::{DAY, Letter, NOW, Person, finished, identity_of, meet};
use v4_vectors::{run, run_text};

#[test]
fn the_recorded_run_comes_out_byte_for_byte() {
    let [mut alice, mut bob] = [Person::recorded("alice", "bob"), Person::recorded("bob", "alice")];
    let identity = bob.start();
    let text = armor::encode(&encode_message(&identity.header, &otr_message(&identity.message)));
    let hash: String = sha256(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, run_text("identity.sha256"));

    let reply = alice.receive(&identity).unwrap();
    let (Message::Identity(offered), Message::AuthR(answer)) = (&identity.message, &reply.message) else {
        panic!("an answer")
    };
    let [bobs, alices] = [bobs_party(&bob, offered), alices_party(&alice, answer)];
    assert_eq!(auth_r(&bobs, &alices), run("alice.t_r"));
    assert_eq!(auth_i(&bobs, &alices), run("bob.t_i"));
    assert_eq!(answer.sigma.as_slice(), run("alice.sigma_r"));

    let last = bob.receive(&reply).unwrap();
    let Message::AuthI(signature) = &last.message else {
        panic!("the end")
    };
    assert_eq!(signature.sigma.as_slice(), run("bob.sigma_i"));
    alice.receive_last(&last).unwrap();

    for (person, half) in [(&alice, Half::First), (&bob, Half::Second)] {
        let proven = person.proven.as_ref().unwrap();
        assert_eq!(proven.established.exchanged.expose().as_slice(), run("alice.K"));
        assert_eq!(proven.established.ssid.as_bytes(), run("alice.ssid"));
        assert_eq!(proven.established.ssid.half(), half);
    }
    assert_eq!(
        alice
            .proven
            .as_ref()
            .unwrap()
            .established
            .peer
            .as_bytes()
            .as_slice(),
        run("bob.fingerprint")
    );
    assert_eq!(
        bob.proven
            .as_ref()
            .unwrap()
            .established
            .peer
            .as_bytes()
            .as_slice(),
        run("alice.fingerprint")
    );

    // On to the first message of the channel.
    let mut channels = [&mut alice, &mut bob].map(|person| {
        let established = person.proven.take().unwrap().established;
        Channel::start(established, NOW).unwrap()
    });
    let header = alice.header_to(&bob);
    let (data, _) = channels[0]
        .seal(&header, b"hello".to_vec(), 0, &mut *alice.rng, NOW)
        .unwrap();
    let text = armor::encode(&encode_message(
        &header,
        &otr_message(&Message::Data(data.clone())),
    ));
    assert_eq!(String::from_utf8(text).unwrap(), run_text("alice.data0"));
    assert_eq!(channels[1].open(&header, data, NOW).unwrap().plaintext, b"hello");
}

#[test]
fn both_sides_agree_on_everything() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    finished(&mut alice, &mut bob, identity);
    let [a, b] = [&alice, &bob].map(|person| person.proven.as_ref().unwrap());
    assert_eq!(a.established.exchanged.expose(), b.established.exchanged.expose());
    assert_eq!(a.established.ssid.as_bytes(), b.established.ssid.as_bytes());
    assert_ne!(a.established.ssid.half(), b.established.ssid.half());
    assert!(a.established.theirs.ecdh.ct_eq(b.established.ours.ecdh.public()));
    assert!(b.established.theirs.ecdh.ct_eq(a.established.ours.ecdh.public()));
    assert_eq!(a.established.theirs.dh, *b.established.ours.dh.public());
    assert_eq!(b.established.theirs.dh, *a.established.ours.dh.public());
    assert_eq!(a.profile.raw(), bob.account.profile().raw());
    assert_eq!(b.profile.raw(), alice.account.profile().raw());
    assert_eq!(a.established.peer, bob.account.fingerprint());
    assert!(alice.is_idle() && bob.is_idle());
}

/// D-20: a copy of the last message of either side meets no state that it could be checked with.
#[test]
fn s83_a_finished_exchange_is_not_finished_again() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
    alice.refuses(&last, Reject::Unexpected);
    bob.refuses(&reply, Reject::Unexpected);
    // A new exchange is under way: the old messages belong to no part of it.
    let again = bob.start();
    alice.receive(&again).unwrap();
    alice.refuses(&last, Reject::BadSignature);
    bob.refuses(&reply, Reject::BadSignature);
}

#[test]
fn messages_that_nothing_waits_for_are_refused() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.clone_of(&identity).receive(&identity).unwrap();
    let last = Letter {
        header: identity.header,
        message: Message::AuthI(AuthI { sigma: [1; 342] }),
    };
    for person in [&mut alice, &mut bob] {
        let mut to_them = last.clone();
        to_them.header.receiver = person.tag();
        to_them.header.sender = InstanceTag::from_raw(0x7777);
        person.refuses(&to_them, Reject::Unexpected);
    }
    alice.refuses(&reply, Reject::Unexpected);
}

/// S-76: single fields that are wrong, message by message: a reason, no change, and the true message still counts.
#[test]
fn s76_a_refused_identity_message_changes_nothing() {
    let [mut alice, mut bob] = meet();
    let mut mallory = Person::new("mallory", "alice", 0x5555, 3);
    let identity = bob.start();
    let true_one = identity_of(&identity).clone();
    let foreign = identity_of(&mallory.start()).clone();
    for (reason, message) in bad_identities(&true_one, &foreign) {
        let letter = Letter {
            header: identity.header,
            message: Message::Identity(message),
        };
        alice.refuses(&letter, reason);
    }
    for (reason, header) in alice.bad_headers(identity.header, true) {
        let letter = Letter {
            header,
            ..identity.clone()
        };
        alice.refuses(&letter, reason);
    }
    finished(&mut alice, &mut bob, identity);
}

#[test]
fn s76_a_refused_auth_r_message_changes_nothing() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let Message::AuthR(true_one) = &reply.message else {
        panic!("an answer")
    };
    let as_identity = Identity {
        profile: true_one.profile.clone(),
        y: true_one.x,
        b: true_one.a.clone(),
        first_ecdh: true_one.first_ecdh,
        first_dh: true_one.first_dh.clone(),
    };
    let foreign = identity_of(&Person::new("mallory", "bob", 0x5555, 3).start()).clone();
    let mut bad: Vec<(Reject, AuthR)> = bad_identities(&as_identity, &foreign)
        .into_iter()
        .map(|(reason, message)| {
            let message = AuthR {
                profile: message.profile,
                x: message.y,
                a: message.b,
                sigma: true_one.sigma,
                first_ecdh: message.first_ecdh,
                first_dh: message.first_dh,
            };
            (reason, message)
        })
        .collect();
    // What is good in itself is not what was signed.
    bad.extend(signed_fields(true_one, &foreign).map(|message| (Reject::BadSignature, message)));
    // Keys of our own, sent back.
    let ours = identity_of(&identity);
    for message in [
        AuthR {
            x: ours.y,
            ..true_one.clone()
        },
        AuthR {
            x: ours.first_ecdh,
            ..true_one.clone()
        },
        AuthR {
            a: ours.b.clone(),
            ..true_one.clone()
        },
        AuthR {
            first_dh: ours.first_dh.clone(),
            ..true_one.clone()
        },
    ] {
        bad.push((Reject::Reflected, message));
    }
    for (reason, message) in bad {
        let letter = Letter {
            header: reply.header,
            message: Message::AuthR(message),
        };
        bob.refuses(&letter, reason);
    }
    for (reason, header) in bob.bad_headers(reply.header, false) {
        bob.refuses(
            &Letter {
                header,
                ..reply.clone()
            },
            reason,
        );
    }
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
}

#[test]
fn s76_a_refused_auth_i_message_changes_nothing() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let last = bob.receive(&reply).unwrap();
    let (Message::AuthR(auth_r), Message::AuthI(true_one)) = (&reply.message, &last.message) else {
        panic!("an exchange")
    };
    // D-22: all zero; zero scalars; the signature of the other message (roles are not swappable, S-83).
    let mut signatures = vec![[0; 342], [0xff; 342], auth_r.sigma];
    for scalar in 0..6 {
        let mut sigma = true_one.sigma;
        sigma[57 * scalar..][..57].fill(0);
        signatures.push(sigma);
    }
    for sigma in signatures {
        let letter = Letter {
            message: Message::AuthI(AuthI { sigma }),
            ..last.clone()
        };
        alice.refuses(&letter, Reject::BadSignature);
    }
    for (reason, header) in alice.bad_headers(last.header, false) {
        alice.refuses(
            &Letter {
                header,
                ..last.clone()
            },
            reason,
        );
    }
    let mut from_other = last.clone();
    from_other.header.sender = InstanceTag::from_raw(0x4321);
    alice.refuses(&from_other, Reject::WrongInstance);
    alice.receive_last(&last).unwrap();
}

/// Bits of the two messages that are signed: each changed one is either no message, or refused.
#[test]
fn any_changed_bit_is_refused() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let last = bob.clone_of(&reply).receive(&reply).unwrap();
    for (person, letter, step) in [(&mut bob, &reply, 23), (&mut alice, &last, 5)] {
        let mut body = otr::wire::Writer::new();
        letter.message.encode(&mut body);
        let body = body.into_bytes();
        let before = person.state();
        for bit in (0..body.len() * 8).step_by(step) {
            let mut changed = body.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut reader = otr::wire::Reader::new(&changed);
            let Ok(message) = Message::decode(letter.message.kind(), &mut reader) else {
                continue;
            };
            if reader.finish().is_err() {
                continue;
            }
            let changed = Letter {
                header: letter.header,
                message,
            };
            assert!(person.receive_any(&changed).is_err(), "bit {bit}");
            assert_eq!(person.state(), before, "bit {bit}");
        }
        for length in 0..body.len() {
            let mut reader = otr::wire::Reader::new(&body[..length]);
            assert!(Message::decode(letter.message.kind(), &mut reader).is_err());
        }
    }
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
}

/// Law `no_panic_on_any_bytes`: true messages with bytes changed, cut out, doubled and put in; nothing but the true ones
/// gets through, and nothing else changes anything.
#[test]
fn s76_havoc_with_the_bytes_of_every_message() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let last = bob.clone_of(&reply).receive(&reply).unwrap();
    let mut fresh = Person::new("alice", "bob", 0x1111, 1);
    let mut random = v4_vectors::SeedRng::new("havoc");
    let mut reached = 0;
    for (person, letter, rounds) in [
        (&mut fresh, &identity, 1500),
        (&mut bob, &reply, 1500),
        (&mut alice, &last, 300),
    ] {
        let mut body = otr::wire::Writer::new();
        letter.message.encode(&mut body);
        let body = body.into_bytes();
        for _ in 0..rounds {
            let changed = havoc(&body, &mut random);
            let mut reader = otr::wire::Reader::new(&changed);
            let message = Message::decode(letter.message.kind(), &mut reader);
            let Ok(message) = message.and_then(|message| reader.finish().map(|()| message)) else {
                continue;
            };
            reached += 1;
            if changed == body {
                continue;
            }
            let before = person.state();
            let changed = Letter {
                header: letter.header,
                message,
            };
            let result = person.receive_any(&changed);
            // An Identity message proves nothing: with other good keys it is another good message. The profile is signed.
            if let (Ok(_), Message::Identity(accepted)) = (&result, &changed.message) {
                assert_eq!(accepted.profile, identity_of(&identity).profile);
                person
                    .dake
                    .expire_answers(Timestamp::from_millis(u64::MAX), Duration::ZERO);
            } else {
                assert!(result.is_err());
            }
            assert_eq!(person.state(), before);
        }
    }
    assert!(reached > 500, "{reached} were messages");
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
}

fn havoc(bytes: &[u8], random: &mut v4_vectors::SeedRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut draw = |below: usize| random.next_u32() as usize % below.max(1);
    for _ in 0..=draw(2) {
        let place = draw(bytes.len());
        let length = draw(8).min(bytes.len() - place);
        match draw(8) {
            0..=3 => bytes[place] ^= 1 << draw(8),
            4 => bytes[place..place + length].fill([0, 0xff][draw(2)]),
            5 => {
                let from = draw(bytes.len() - length);
                bytes.copy_within(from..from + length, place);
            }
            6 => drop(bytes.drain(place..place + length)),
            _ => {
                let piece = bytes[place..place + length].to_vec();
                bytes.splice(place..place, piece);
            }
        }
    }
    bytes
}

/// The accounts in the network are signed: whoever carries the messages cannot claim other ones.
#[test]
fn names_have_to_be_the_same_on_both_sides() {
    for (who, wrong) in [("alice", "carol"), ("bob", "carol")] {
        let [mut alice, mut bob] = meet();
        if who == "alice" {
            bob.peer = wrong;
        } else {
            alice.peer = wrong;
        }
        let identity = bob.start();
        let reply = alice.receive(&identity).unwrap();
        bob.refuses(&reply, Reject::BadSignature);
    }
    // Neither does a letter of one name count for the other.
    let [mut alice, mut bob] = meet();
    (alice.name, alice.peer, bob.name, bob.peer) = ("ab", "c", "c", "ab");
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    (bob.name, bob.peer) = ("bc", "a");
    bob.refuses(&reply, Reject::BadSignature);
    (bob.name, bob.peer) = ("c", "ab");
    bob.receive(&reply).unwrap();
}

/// S-81, S-82: a profile that was good when the exchange began and is not when it is shown.
#[test]
fn s81_expired_profiles_are_refused_when_they_are_shown() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    alice.now = NOW.plus(Duration::from_secs(7 * DAY));
    alice.refuses(&identity, Reject::Expired);
    // S-82: a clock that was set back to the year 1970 finds every profile too far ahead.
    alice.now = Timestamp::from_millis(0);
    alice.refuses(&identity, Reject::Expired);
    alice.now = NOW.plus(Duration::from_secs(7 * DAY - 1));
    let reply = alice.receive(&identity).unwrap();
    bob.now = NOW.plus(Duration::from_secs(8 * DAY));
    bob.refuses(&reply, Reject::Expired);
    bob.now = NOW;
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
}

/// A profile that is renewed while an exchange is under way: the exchange goes on with the one that it began with.
#[test]
fn a_renewed_profile_does_not_disturb_an_exchange() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let later = NOW.plus(Duration::from_secs(6 * DAY + 1));
    for person in [&mut alice, &mut bob] {
        person.now = later;
    }
    let reply = alice.receive(&identity).unwrap();
    for person in [&mut alice, &mut bob] {
        assert!(person.account.renew(None, &mut *person.rng, later));
    }
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
    assert_eq!(alice.proven.unwrap().established.peer, bob.account.fingerprint());
}

/// Somebody with other keys shows another person's profile: it is public, and gets them nowhere.
#[test]
fn another_persons_profile_proves_nothing() {
    let [mut alice, mut bob] = meet();
    let mut mallory = Person::new("bob", "alice", 0x5555, 3);
    // As Bob: she has everything but his key.
    let mut identity = mallory.start();
    let Message::Identity(message) = &mut identity.message else {
        panic!("an offer")
    };
    message.profile = bob.account.profile().raw().clone();
    identity.header.sender = bob.tag();
    let reply = alice.receive(&identity).unwrap();
    let mut hers = reply.clone();
    hers.header.receiver = mallory.tag();
    // Her own machine signs with her own key, over her own profile: another ring, other words.
    assert!(mallory.receive_any(&hers).is_err());
    // As Alice: the same from the other side.
    let offer = bob.start();
    let mut forged = mallory.clone_of(&offer).receive(&offer).unwrap();
    let Message::AuthR(message) = &mut forged.message else {
        panic!("an answer")
    };
    message.profile = alice.account.profile().raw().clone();
    forged.header.sender = alice.tag();
    bob.refuses(&forged, Reject::BadSignature);
}

/// Whoever decides about trust is asked when everything is verified and nothing has changed.
#[test]
fn a_person_who_is_not_admitted_changes_nothing() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    bob.refuses_to_admit(&reply);
    let last = bob.receive(&reply).unwrap();
    alice.refuses_to_admit(&last);
    alice.receive_last(&last).unwrap();
}

fn otr_message(message: &Message) -> otr::wire::Message {
    otr::wire::Message::V4(Box::new(message.clone()))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    otr::crypto::legacy::sha256(&[bytes])
}

fn party(person: &Person, keys: EphemeralPublic) -> Party {
    let profile = person.account.profile();
    Party {
        profile: ClientProfile::validate(profile.raw(), profile.owner(), NOW).unwrap(),
        name: person.name.as_bytes().to_vec(),
        keys,
    }
}

fn bobs_party(bob: &Person, message: &Identity) -> Party {
    let keys = EphemeralPublic::check(&message.y, &message.b, &message.first_ecdh, &message.first_dh);
    party(bob, keys.unwrap())
}

fn alices_party(alice: &Person, message: &AuthR) -> Party {
    let keys = EphemeralPublic::check(&message.x, &message.a, &message.first_ecdh, &message.first_dh);
    party(alice, keys.unwrap())
}

/// Points that are none, or of no use.
fn bad_points() -> Vec<EncodedPoint> {
    let mut neutral = [0; 57];
    neutral[0] = 1;
    let mut order_two = [0xff; 57];
    (order_two[0], order_two[28], order_two[56]) = (0xfe, 0xfe, 0);
    let mut off_curve = [0; 57];
    off_curve[0] = 2;
    // The zeros are a point of order four.
    [neutral, order_two, off_curve, [0; 57], [0xff; 57]]
        .map(EncodedPoint)
        .to_vec()
}

/// Numbers outside the group: 0, 1, p - 1, p - 2, p, and far above.
fn bad_numbers() -> Vec<Mpi> {
    let p = otr_prime();
    let less = |n: u8| {
        let mut bytes = p.clone();
        *bytes.last_mut().unwrap() -= n;
        bytes
    };
    [
        vec![],
        vec![1],
        less(1),
        less(2),
        less(0),
        vec![0xff; 385],
        vec![0x7f; 1000],
    ]
    .map(|bytes| Mpi::from_be_bytes(&bytes))
    .to_vec()
}

fn otr_prime() -> Vec<u8> {
    // The reference has checked the number; here it only has to be the same.
    let limbs = *otr_arith::group_3072().modulus().value();
    limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

/// Messages that differ from a true one in one field, with the reason for which they are refused. `foreign` is a good
/// message of somebody else.
fn bad_identities(good: &Identity, foreign: &Identity) -> Vec<(Reject, Identity)> {
    let mut bad = Vec::new();
    for point in bad_points() {
        bad.push(Identity {
            y: point,
            ..good.clone()
        });
        bad.push(Identity {
            first_ecdh: point,
            ..good.clone()
        });
    }
    for number in bad_numbers() {
        bad.push(Identity {
            b: number.clone(),
            ..good.clone()
        });
        bad.push(Identity {
            first_dh: number,
            ..good.clone()
        });
    }
    // S-78: first keys are not those that authenticate.
    bad.push(Identity {
        first_ecdh: good.y,
        ..good.clone()
    });
    bad.push(Identity {
        first_dh: good.b.clone(),
        ..good.clone()
    });
    let mut bad: Vec<_> = bad
        .into_iter()
        .map(|message| (Reject::BadGroupElement, message))
        .collect();
    // Another person's profile belongs to another device.
    let other = Identity {
        profile: foreign.profile.clone(),
        ..good.clone()
    };
    bad.push((Reject::WrongInstance, other));
    let mut bytes = good.profile.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let unsigned = RawProfile::from_bytes(&bytes).unwrap();
    bad.push((
        Reject::BadSignature,
        Identity {
            profile: unsigned,
            ..good.clone()
        },
    ));
    let mut bytes = good.profile.as_bytes().to_vec();
    let digits = bytes
        .windows(7)
        .position(|window| window == b"\0\x04\0\0\0\x014")
        .unwrap();
    bytes[digits + 6] = b'3';
    let without_four = RawProfile::from_bytes(&bytes).unwrap();
    bad.push((
        Reject::BadProfile,
        Identity {
            profile: without_four,
            ..good.clone()
        },
    ));
    bad
}

/// A true answer with one good field of another message in it.
fn signed_fields(good: &AuthR, foreign: &Identity) -> impl Iterator<Item = AuthR> {
    let mut mixed = vec![
        AuthR {
            x: foreign.y,
            ..good.clone()
        },
        AuthR {
            a: foreign.b.clone(),
            ..good.clone()
        },
        AuthR {
            first_ecdh: foreign.first_ecdh,
            ..good.clone()
        },
        AuthR {
            first_dh: foreign.first_dh.clone(),
            ..good.clone()
        },
        AuthR {
            sigma: [0; 342],
            ..good.clone()
        },
        AuthR {
            sigma: [0xff; 342],
            ..good.clone()
        },
    ];
    let mut rng = v4_vectors::SeedRng::new("other keys");
    let point = EncodedPoint(KeyPair::generate(&mut rng).public().encode());
    let number = Mpi::from_be_bytes(&DhSecret::generate(&mut rng).public().to_be_bytes());
    mixed.push(AuthR {
        x: point,
        a: number,
        ..good.clone()
    });
    mixed.into_iter()
}
