//! S-43: tags at their limits, and messages for somebody else.

use otr::hazmat::state;
use otr::wire::header::InstanceTag;
use otr::{Event, Reject};

use crate::common::forge::{change, open};
use crate::common::{Person, private_pair};

#[test]
fn tags_below_the_smallest_are_malformed() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.say("x");
    let message = alice.only_message();
    let before = state(&bob.conversation);
    for tag in [0, 1, 0xff] {
        bob.receive(&change(&message, |header, _| {
            header.sender = InstanceTag::from_raw(tag)
        }));
        assert_eq!(
            bob.take_events(),
            [Event::Unreadable {
                reason: Reject::Malformed
            }],
            "{tag:#x}"
        );
    }
    for tag in [1, 0xff] {
        bob.receive(&change(&message, |header, _| {
            header.receiver = InstanceTag::from_raw(tag)
        }));
        assert_eq!(
            bob.take_events(),
            [Event::Unreadable {
                reason: Reject::Malformed
            }],
            "{tag:#x}"
        );
    }
    assert_eq!(state(&bob.conversation), before);
}

#[test]
fn messages_for_another_device_are_not_ours_and_get_no_answer() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.say("x");
    let message = alice.only_message();
    let ours = open(&message).0.receiver.raw();
    for tag in [0, 0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, ours ^ 1] {
        bob.receive(&change(&message, |header, _| {
            header.receiver = InstanceTag::from_raw(tag)
        }));
        assert_eq!(bob.take_events(), [Event::ForOtherDevice], "{tag:#x}");
        assert!(bob.outgoing.is_empty());
    }
    let piece = format!("?OTR|100|{:x},1,1,x,", ours ^ 1);
    bob.receive(piece.as_bytes());
    assert_eq!(bob.take_events(), [Event::ForOtherDevice]);
    bob.receive(&message);
    assert_eq!(bob.read(), ["x"]);
}

#[test]
fn every_legal_tag_works() {
    for tag in [0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let mut alice = Person::alice(&[3]);
        let mut bob = Person::bob(&[3]);
        let key = crate::common::key(1);
        bob.account = otr::Account::new(key, InstanceTag::new(tag).unwrap(), &mut bob.rng);
        alice.start();
        crate::common::deliver(&mut alice, &mut bob);
        assert!(alice.is_private() && bob.is_private(), "{tag:#x}");
    }
}
