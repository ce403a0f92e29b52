//! What a client profile signs is held against what was offered: whoever takes version 4 out of queries and tags is found
//! out when one exchange of that version comes through, before or after (S-11).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Person, deliver, open_policy, private_pair, versions};
use otr::{Event, Start, Version};

fn told(person: &mut Person) -> Vec<Event> {
    let mut events = person.take_events();
    events.retain(|event| matches!(event, Event::LowerOffer { .. }));
    events
}

fn query_with(person: &mut Person, taken_out: &str) -> Vec<u8> {
    person.act(|conversation, env| conversation.start(env, Start::Query).unwrap());
    let query = String::from_utf8(person.only_message()).unwrap();
    assert!(query.starts_with("?OTRv34?"), "{query}");
    query.replacen(taken_out, "", 1).into_bytes()
}

fn lower(offered: &[u16]) -> Event {
    Event::LowerOffer {
        offered: versions(offered),
        proved: versions(&[4]),
    }
}

#[test]
fn an_offer_as_it_was_written_is_no_matter() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    for _ in 0..2 {
        let query = query_with(&mut bob, "");
        alice.receive(&query);
        deliver(&mut alice, &mut bob);
        assert!(told(&mut alice).is_empty() && told(&mut bob).is_empty());
    }
}

#[test]
fn an_offer_that_lacks_version_4_after_a_profile_was_proved() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    let query = query_with(&mut bob, "4");
    alice.receive(&query);
    assert_eq!(told(&mut alice), [lower(&[3])]);
    assert_eq!(
        alice.conversation.sessions().count(),
        1,
        "and nothing else changes"
    );
    alice.say("still in version 4");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["still in version 4"]);
}

#[test]
fn a_tag_that_lacks_version_4_after_a_profile_was_proved() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    for person in [&mut alice, &mut bob] {
        person.act(|conversation, env| conversation.end_all(env));
        person.take_outgoing();
    }
    let mut tagged = b"hello".to_vec();
    tagged.extend(otr::wire::discovery::tag(versions(&[3])));
    alice.receive(&tagged);
    assert_eq!(told(&mut alice), [lower(&[3])]);
}

#[test]
fn an_offer_that_lacked_version_4_before_a_profile_was_proved() {
    let (mut alice, mut bob) = (Person::alice(&[3, 4]), Person::bob(&[3, 4]));
    // What stands first, by the hand of somebody on the way, is version 3.
    let query = query_with(&mut bob, "4");
    alice.receive(&query);
    deliver(&mut alice, &mut bob);
    assert!(alice.is_private());
    assert!(told(&mut alice).is_empty(), "nothing is known about Bob yet");
    // Then one exchange comes through.
    alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
    deliver(&mut alice, &mut bob);
    assert_eq!(told(&mut alice), [lower(&[3])], "told once");
    bob.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V4)).unwrap());
    deliver(&mut alice, &mut bob);
    assert!(told(&mut alice).is_empty());
}

#[test]
fn what_we_do_not_speak_ourselves_is_not_missed() {
    let (mut alice, mut bob) = private_pair(&[3, 4]);
    alice.conversation.set_policy(open_policy(&[3]));
    let query = query_with(&mut bob, "4");
    alice.receive(&query);
    assert!(told(&mut alice).is_empty());
}
