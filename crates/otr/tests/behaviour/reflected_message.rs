//! S-32: our own messages, sent back to us.

use otr::hazmat::state;
use otr::wire::Message;
use otr::wire::header::InstanceTag;
use otr::{Event, Start, Version};

use crate::common::forge::{change, open};
use crate::common::{Person, deliver, open_policy, private_pair};

#[test]
fn nothing_of_ours_is_taken_from_the_other_side() {
    for version in [Version::V1, Version::V2, Version::V3] {
        let mut alice = Person::alice(&[version.number()]);
        alice.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        let first = alice.only_message();
        let before = state(&alice.conversation);
        alice.receive(&first);
        assert_eq!(alice.take_events(), [Event::Reflected], "{version:?}");
        assert!(alice.outgoing.is_empty());
        assert_eq!(state(&alice.conversation), before);
    }
}

#[test]
fn a_reflected_text_is_not_read() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, _) = private_pair(numbers);
        alice.say("to Bob");
        let message = alice.only_message();
        alice.receive(&message);
        assert_eq!(alice.read(), Vec::<String>::new(), "{numbers:?}");
    }
}

const ONE: InstanceTag = InstanceTag::from_raw(0x1001);
const OTHER: InstanceTag = InstanceTag::from_raw(0x1002);

/// Our own message, as if the device with this tag had sent it to us.
fn echo(alice: &mut Person, message: &[u8], tag: InstanceTag) {
    let ours = alice.account.instance_tag();
    let echoed = change(message, |header, _| {
        (header.sender, header.receiver) = (tag, ours)
    });
    alice.receive(&echoed);
}

#[test]
fn s32_nobody_is_made_to_talk_to_themselves_under_two_tags() {
    let mut refused = 0;
    for seed in 0..8 {
        let mut alice = Person::alice(&[3]);
        alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
        let commit = alice.only_message();
        // Somebody's commitment gives one device an exchange of its own, which outlives the offer.
        let mut mallory = Person::new("mallory", 2, seed, open_policy(&[3]));
        mallory.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
        alice.pass(50_000);
        echo(&mut alice, &mallory.only_message(), ONE);
        if !matches!(open(&alice.only_message()).1, Message::DhCommit(_)) {
            continue;
        }
        alice.pass(11_000);
        // From here on everything is our own.
        let mut message = commit;
        for tag in [OTHER, ONE, OTHER, ONE] {
            echo(&mut alice, &message, tag);
            let Some(next) = alice.take_outgoing().pop() else {
                break;
            };
            message = next;
        }
        assert!(!alice.is_private(), "{:?}", alice.events);
        assert!(alice.take_events().contains(&Event::Reflected));
        refused += 1;
    }
    assert!(refused > 0, "both results of the tie are met");
}

#[test]
fn our_own_first_message_of_version_one_is_refused_when_it_is_forgotten() {
    let mut alice = Person::alice(&[1]);
    alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V1)).unwrap());
    let first = alice.only_message();
    alice.pass(61_000).receive(&first);
    assert!(!alice.is_private());
    assert_eq!(alice.take_events(), [Event::Reflected]);
    assert!(alice.outgoing.is_empty());
}

#[test]
fn two_devices_of_one_account_may_talk() {
    for version in [Version::V2, Version::V3] {
        let mut laptop = Person::new("laptop", 0, 0x1a, open_policy(&[version.number()]));
        let mut phone = Person::new("phone", 0, 0x1b, open_policy(&[version.number()]));
        laptop.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        deliver(&mut laptop, &mut phone);
        assert!(laptop.is_private() && phone.is_private());
        laptop.say("a note");
        deliver(&mut laptop, &mut phone);
        assert_eq!(phone.read(), ["a note"]);
    }
}
