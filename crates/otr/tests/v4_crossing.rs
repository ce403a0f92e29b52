//! Both start at once, several devices answer, and strangers push in between: exchanges end well, and nobody who has
//! proved nothing can stop one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_exchange;
mod v4_vectors;

use otr::identity::V4Account;
use otr::reject::Reject;
use otr::v4::dake::MAX_ANSWERS;
use otr::wire::v4::Message;
use otr::{InstanceTag, Ssid};
use v4_exchange::{Letter, Person, finished, identity_of, meet};

/// Two people with letters under way to each other, and what became of it.
struct Post {
    people: [Person; 2],
    /// To each of the two.
    under_way: [Vec<Letter>; 2],
    /// The session that each of the two is in at the end.
    sessions: [Option<Ssid>; 2],
}

impl Post {
    fn crossing(may_be_lost: bool) -> Self {
        let mut people = meet();
        people
            .iter_mut()
            .for_each(|person| person.may_be_lost = may_be_lost);
        let [a, b] = [people[0].start(), people[1].start()];
        Self {
            people,
            under_way: [vec![b], vec![a]],
            sessions: [None, None],
        }
    }

    fn deliver(&mut self, to: usize, letter: &Letter) {
        let Ok(progress) = self.people[to].receive_any(letter) else {
            return;
        };
        if let Some(proven) = progress.proven {
            self.sessions[to] = Some(proven.established.ssid);
        }
        if let Some(message) = progress.reply {
            let header = self.people[to].header_to(&self.people[1 - to]);
            self.under_way[1 - to].push(Letter { header, message });
        }
    }

    /// Delivers as the choices say, and says from how many letters each was chosen.
    fn run(choices: &[usize], twice: bool, may_be_lost: bool) -> (Self, Vec<usize>) {
        let mut post = Self::crossing(may_be_lost);
        let mut counts = Vec::new();
        let mut step = 0;
        loop {
            let all: Vec<(usize, usize)> = [0, 1]
                .into_iter()
                .flat_map(|to| (0..post.under_way[to].len()).map(move |place| (to, place)))
                .collect();
            if all.is_empty() {
                return (post, counts);
            }
            assert!(step < 40, "it comes to an end");
            counts.push(all.len());
            let (to, place) = all[choices.get(step).copied().unwrap_or(0).min(all.len() - 1)];
            let letter = post.under_way[to].remove(place);
            post.deliver(to, &letter);
            if twice {
                post.deliver(to, &letter);
            }
            step += 1;
        }
    }

    fn ends_well(&self, choices: &[usize]) {
        let [a, b] = self.sessions.map(|session| session.expect("both are private"));
        assert_eq!(a.as_bytes(), b.as_bytes(), "one session, {choices:?}");
        assert_ne!(a.half(), b.half(), "{choices:?}");
    }
}

/// Every order in which the letters can arrive, also overtaking each other.
#[test]
fn both_start_at_once_in_every_order() {
    assert!(every_order(true) > 20);
    // Without a repetition there are fewer letters.
    assert!(every_order(false) > 5);
}

fn every_order(may_be_lost: bool) -> usize {
    let mut choices: Vec<usize> = Vec::new();
    let mut orders = 0;
    loop {
        let (post, counts) = Post::run(&choices, false, may_be_lost);
        post.ends_well(&choices);
        orders += 1;
        choices.resize(counts.len(), 0);
        // The next sequence of choices, the last one first.
        loop {
            match choices.pop() {
                None => return orders,
                Some(choice) if choice + 1 < counts[choices.len()] => {
                    choices.push(choice + 1);
                    break;
                }
                Some(_) => {}
            }
        }
    }
}

/// The same with one of the two who starts again in between, at every point. The carrier keeps the order of what one
/// person sends: otherwise the end of the first exchange could arrive behind that of the second.
#[test]
fn starting_again_in_the_middle_ends_well() {
    for (who, at) in [0, 1].into_iter().flat_map(|who| (0..7).map(move |at| (who, at))) {
        for schedule in 0..16usize {
            let mut post = Post::crossing(true);
            for step in 0.. {
                assert!(step < 40, "it comes to an end");
                if step == at {
                    let letter = post.people[who].start();
                    post.under_way[1 - who].push(letter);
                }
                let to = schedule >> (step % 4) & 1;
                let Some(to) = [to, 1 - to]
                    .into_iter()
                    .find(|&to| !post.under_way[to].is_empty())
                else {
                    if step > at { break } else { continue }
                };
                let letter = post.under_way[to].remove(0);
                post.deliver(to, &letter);
            }
            post.ends_well(&[who, at, schedule]);
        }
    }
}

/// A copy of an Identity message gets a copy of the answer, not one more answer that pushes out the others.
#[test]
fn every_letter_may_come_twice() {
    for choices in [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 1, 1, 0],
        [1, 1, 2, 0],
        [1, 2, 3, 4],
    ] {
        let (post, _) = Post::run(&choices, true, true);
        post.ends_well(&choices);
    }
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    let before = alice.state();
    let (Message::AuthR(first), Message::AuthR(again)) =
        (&reply.message, &alice.receive(&identity).unwrap().message)
    else {
        panic!("two answers")
    };
    assert_eq!(first, again);
    assert_eq!(alice.state(), before);
    // Under another tag it is no copy.
    let mut retagged = identity.clone();
    retagged.header.sender = InstanceTag::from_raw(0x9999);
    alice.refuses(&retagged, Reject::WrongInstance);
    // For another device it is nothing to us.
    let mut elsewhere = identity.clone();
    elsewhere.header.receiver = InstanceTag::from_raw(0x9999);
    alice.refuses(&elsewhere, Reject::WrongInstance);
    // Another message of the same person gets an answer of its own.
    let Message::AuthR(other) = &alice.receive(&bob.start()).unwrap().message else {
        panic!("an answer")
    };
    assert!(other.x != first.x && other.a != first.a && other.sigma != first.sigma);
}

/// Who has the higher hash sends the same Identity message again if it may be lost, and is as before.
#[test]
fn the_higher_hash_goes_on() {
    let mut people = meet();
    let offers = [people[0].start(), people[1].start()];
    let before = [people[0].state(), people[1].state()];
    // SHAKE-256 of B as an MPI, 32 bytes, without the name of the protocol in front.
    let hashes = offers.each_ref().map(|offer| {
        let b = identity_of(offer).b.as_bytes();
        let mut hash = [0; 32];
        otr::crypto::kdf::shake256(&[&u32::try_from(b.len()).unwrap().to_be_bytes(), b], &mut hash);
        hash
    });
    let mut yielded = 0;
    for (me, person) in people.iter_mut().enumerate() {
        let reply = person.receive(&offers[1 - me]).unwrap();
        match (&reply.message, &offers[me].message) {
            (Message::Identity(again), Message::Identity(first)) => {
                assert_eq!(again, first);
                assert_eq!(person.state(), before[me]);
                assert!(hashes[me] > hashes[1 - me]);
            }
            (Message::AuthR(_), _) => {
                assert!(hashes[me] < hashes[1 - me]);
                yielded += 1;
            }
            _ => panic!("another message"),
        }
    }
    assert_eq!(yielded, 1);
}

/// An Identity message in another person's name, which anybody can write: with a public profile and fresh keys.
fn forged(owner: &Person, seed: u8) -> Letter {
    let mut forger = Person::new("forger", "anybody", 0x5555, seed);
    let mut letter = forger.start();
    let Message::Identity(message) = &mut letter.message else {
        panic!("an offer")
    };
    message.profile = owner.account.profile().raw().clone();
    letter.header.sender = owner.tag();
    letter
}

#[test]
fn s76_a_forged_identity_message_does_not_end_our_own_offer() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    let reply = alice.receive(&identity).unwrap();
    // One that wins: Bob gives way, and keeps his offer.
    let gave_way = (10..60).any(|seed| {
        let answer = bob.receive(&forged(&alice, seed)).unwrap();
        matches!(answer.message, Message::AuthR(_))
    });
    assert!(gave_way);
    assert!(bob.dake.answered().is_some());
    let last = bob.receive(&reply).unwrap();
    alice.receive_last(&last).unwrap();
    assert!(bob.is_idle());
}

/// The first answer and the latest seven stay: so many false messages, before the true one or after it, end nothing.
#[test]
fn s76_forged_identity_messages_do_not_end_our_answer() {
    for (before, after) in [(0, 1), (0, 20), (20, 0), (20, MAX_ANSWERS - 2)] {
        let [mut alice, mut bob] = meet();
        let identity = bob.start();
        let mut seeds = 10..;
        let mut forge = |alice: &mut Person, count: usize| {
            for seed in seeds.by_ref().take(count) {
                alice.receive(&forged(&bob, seed)).unwrap();
                assert!(alice.dake.answered().unwrap().answers() <= MAX_ANSWERS);
            }
        };
        forge(&mut alice, before);
        let reply = alice.receive(&identity).unwrap();
        forge(&mut alice, after);
        let last = bob.receive(&reply).unwrap();
        alice.receive_last(&last).unwrap();
        assert!(alice.is_idle());
    }
}

/// An Identity message for any device is answered by two of them, each with an exchange of its own.
#[test]
fn one_offer_is_answered_by_two_devices() {
    let [mut alice, mut bob] = meet();
    let mut laptop = Person::new("alice", "bob", 0x3333, 7);
    let identity = bob.start();
    let answers = [&mut alice, &mut laptop].map(|person| person.receive(&identity).unwrap());
    let offer = bob.dake.begun().expect("an offer");
    let forks = [offer.fork(), offer.fork()];
    let mut sessions = Vec::new();
    for ((fork, answer), device) in forks.into_iter().zip(&answers).zip([&mut alice, &mut laptop]) {
        bob.dake.begin(fork);
        let last = bob.receive(answer).unwrap();
        device.receive_last(&last).unwrap();
        let proven = device.proven.as_ref().unwrap();
        assert_eq!(
            proven.established.ssid.as_bytes(),
            bob.proven.as_ref().unwrap().established.ssid.as_bytes()
        );
        sessions.push(proven.established.ssid.as_bytes().to_vec());
    }
    assert_ne!(sessions[0], sessions[1]);
}

#[test]
fn our_own_messages_are_known_again() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    bob.refuses(&identity, Reject::Reflected);
    // Our keys under somebody else's profile.
    let mut mallory = Person::new("mallory", "bob", 0x5555, 9);
    let mut hers = mallory.start();
    let (Message::Identity(ours), Message::Identity(message)) = (&identity.message, &mut hers.message) else {
        panic!("two offers")
    };
    message.y = ours.y;
    bob.refuses(&hers, Reject::Reflected);
    // And our message under another tag.
    let mut retagged = identity.clone();
    retagged.header.sender = InstanceTag::from_raw(0x9999);
    bob.refuses(&retagged, Reject::WrongInstance);
    finished(&mut alice, &mut bob, identity);
}

/// A Y that is a long-term key of the other side would let its owner stand in the ring twice.
#[test]
fn keys_of_a_profile_are_no_keys_of_an_exchange() {
    let [mut alice, mut bob] = meet();
    let identity = bob.start();
    for account in [&bob.account] {
        for point in points(account) {
            let mut changed = identity.clone();
            let Message::Identity(message) = &mut changed.message else {
                panic!("an offer")
            };
            message.y = point;
            alice.refuses(&changed, Reject::BadGroupElement);
        }
    }
    // Alice's own long-term key as Y: she would find herself twice in the ring, and does not sign.
    let mut changed = identity.clone();
    let Message::Identity(message) = &mut changed.message else {
        panic!("an offer")
    };
    message.y = points(&alice.account)[0];
    alice.refuses(&changed, Reject::Unexpected);
    finished(&mut alice, &mut bob, identity);
}

fn points(account: &V4Account) -> [otr::wire::v4::EncodedPoint; 2] {
    let profile = account.profile();
    [profile.long_term_key(), profile.forging_key()].map(|point| otr::wire::v4::EncodedPoint(point.encode()))
}
