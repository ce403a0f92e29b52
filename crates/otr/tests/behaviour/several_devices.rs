//! Several devices of one person, side by side; which of them gets a text (S-44).

use otr::{Event, Recipient, SendError, SessionState};

use crate::common::{Person, open_policy};

/// Alice, and Bob's laptop and phone, which share Bob's key or do not. Every message of Alice reaches both.
struct Group {
    alice: Person,
    laptop: Person,
    phone: Person,
}

impl Group {
    fn new(phone_key: usize) -> Self {
        Self {
            alice: Person::alice(&[3]),
            laptop: Person::new("laptop", 1, 0x1a, open_policy(&[3])),
            phone: Person::new("phone", phone_key, 0x1b, open_policy(&[3])),
        }
    }

    fn settle(&mut self) {
        for _ in 0..200 {
            let from_alice = self.alice.outgoing.pop_front();
            if let Some(bytes) = &from_alice {
                self.laptop.receive(bytes);
                self.phone.receive(bytes);
            }
            let from_laptop = self.laptop.outgoing.pop_front();
            let from_phone = self.phone.outgoing.pop_front();
            for bytes in from_laptop.iter().chain(&from_phone) {
                self.alice.pass(1).receive(bytes);
            }
            if from_alice.is_none() && from_laptop.is_none() && from_phone.is_none() {
                return;
            }
        }
        panic!("they never fall silent");
    }

    fn tag(&self, person: &Person) -> Recipient {
        Recipient::Tag(person.account.instance_tag())
    }
}

#[test]
fn a_query_reaches_both_devices_and_each_gets_a_conversation() {
    let mut group = Group::new(1);
    group.alice.start();
    group.settle();
    assert!(group.alice.is_private() && group.laptop.is_private() && group.phone.is_private());
    assert_eq!(
        group
            .alice
            .conversation
            .sessions()
            .filter(|session| session.is_private())
            .count(),
        2
    );
    let (laptop, phone) = (group.tag(&group.laptop), group.tag(&group.phone));
    group.alice.try_send(laptop, b"to the laptop").unwrap();
    group.alice.try_send(phone, b"to the phone").unwrap();
    group.settle();
    assert_eq!(group.laptop.read(), ["to the laptop"]);
    assert_eq!(group.phone.read(), ["to the phone"]);
    assert!(group.phone.take_events().contains(&Event::ForOtherDevice));
}

#[test]
fn one_commit_is_answered_by_two_devices() {
    let mut group = Group::new(1);
    // One of them asks, Alice commits to nobody in particular, and both hear it.
    group.laptop.start();
    group.settle();
    let private = group
        .alice
        .conversation
        .sessions()
        .filter(|session| session.is_private())
        .count();
    assert_eq!(private, 2, "both devices answer the offer");
    for (person, text) in [("laptop", "a"), ("phone", "b")] {
        let speaker = if person == "laptop" {
            &mut group.laptop
        } else {
            &mut group.phone
        };
        speaker.say(text);
        group.settle();
        assert_eq!(group.alice.read(), [text]);
    }
}

#[test]
fn s44_a_new_unverified_device_never_gets_the_text() {
    let mut group = Group::new(2); // the "phone" has another key
    group.alice.start();
    // Only the laptop hears the first query.
    let query = group.alice.only_message();
    group.laptop.receive(&query);
    group.settle();
    let verified = group.laptop.account.fingerprint();
    group.alice.conversation.set_trusted(verified, true);
    // A new device begins a conversation, and talks.
    group.phone.act(|conversation, env| {
        conversation
            .start(env, otr::Start::Interactive(otr::Version::V3))
            .unwrap()
    });
    group.settle();
    group.phone.say("hello, it is me");
    group.settle();
    assert_eq!(group.alice.read(), ["hello, it is me"]);
    group.alice.say("only for the verified one");
    group.settle();
    assert_eq!(group.laptop.read(), ["only for the verified one"]);
    assert_eq!(group.phone.read(), Vec::<String>::new());
    // The verified one ends: the text is refused, and does not silently go to the other.
    group.laptop.act(|conversation, env| conversation.end_all(env));
    group.settle();
    assert_eq!(group.alice.try_say("and now?"), Err(SendError::PeerEnded));
    let phone = group.tag(&group.phone);
    assert_eq!(
        group.alice.conversation.session(phone).unwrap().state(),
        SessionState::Encrypted(otr::Version::V3)
    );
    group.alice.try_send(phone, b"knowingly").unwrap();
    group.settle();
    assert_eq!(group.phone.read(), ["knowingly"]);
}

/// Alice is private with the laptop; then somebody with another key begins a conversation, and talks. Nobody
/// trusts anything.
fn joined_by_another_key() -> Group {
    let mut group = Group::new(2);
    group.alice.start();
    let query = group.alice.only_message();
    group.laptop.receive(&query);
    group.settle();
    group.phone.act(|conversation, env| {
        conversation
            .start(env, otr::Start::Interactive(otr::Version::V3))
            .unwrap()
    });
    group.settle();
    group.phone.say("hello, it is me");
    group.settle();
    assert_eq!(group.alice.read(), ["hello, it is me"]);
    group
}

#[test]
fn between_keys_that_nobody_trusts_text_stays_with_the_key_in_use() {
    let mut group = joined_by_another_key();
    group.alice.say("for the one I was talking to");
    group.settle();
    assert_eq!(group.laptop.read(), ["for the one I was talking to"]);
    assert_eq!(group.phone.read(), Vec::<String>::new());
}

#[test]
fn another_key_than_the_one_in_use_is_told_and_the_person_may_prefer_it() {
    let mut group = joined_by_another_key();
    let (laptop, phone) = (
        group.laptop.account.fingerprint(),
        group.phone.account.fingerprint(),
    );
    assert!(group.alice.take_events().contains(&Event::AnotherKey {
        session: group.phone.account.instance_tag(),
        fingerprint: phone,
        in_use: laptop,
    }));
    group.alice.conversation.prefer(phone);
    group.alice.say("knowingly");
    group.settle();
    assert_eq!(group.phone.read(), ["knowingly"]);
    // Trust outweighs it.
    group.alice.conversation.set_trusted(laptop, true);
    group.alice.say("to the trusted one");
    group.settle();
    assert_eq!(group.laptop.read(), ["to the trusted one"]);
}

#[test]
fn the_key_in_use_is_left_only_when_the_person_has_ended_its_conversation() {
    let mut group = joined_by_another_key();
    group.laptop.act(|conversation, env| conversation.end_all(env));
    group.settle();
    assert_eq!(group.alice.try_say("and now?"), Err(SendError::PeerEnded));
    let laptop = group.tag(&group.laptop);
    group.alice.act(|conversation, env| conversation.end(env, laptop));
    group.alice.say("knowingly");
    group.settle();
    assert_eq!(group.phone.read(), ["knowingly"]);
}

#[test]
fn a_new_device_with_the_key_in_use_gets_the_text() {
    // Bob's program was killed and has another tag now: what it had before answers nobody.
    let mut group = Group::new(1);
    group.alice.start();
    let query = group.alice.only_message();
    group.laptop.receive(&query);
    group.settle();
    group.phone.act(|conversation, env| {
        conversation
            .start(env, otr::Start::Interactive(otr::Version::V3))
            .unwrap()
    });
    group.settle();
    assert!(
        !group
            .alice
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::AnotherKey { .. }))
    );
    group.alice.say("where are you?");
    group.settle();
    assert_eq!(group.phone.read(), ["where are you?"]);
}
