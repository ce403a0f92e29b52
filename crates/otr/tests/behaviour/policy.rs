//! What a policy changes, and what it does not.

use otr::{Event, Policy};

use crate::common::{Person, deliver, private_pair};

#[test]
fn a_private_conversation_goes_on_when_the_policy_changes() {
    for policy in [
        Policy::never(),
        Policy {
            versions: crate::common::versions(&[2]),
            ..Policy::manual()
        },
    ] {
        let (mut alice, mut bob) = private_pair(&[3]);
        bob.conversation.set_policy(policy.clone());
        bob.conversation.acquaint();
        alice.say("still here?");
        deliver(&mut alice, &mut bob);
        assert_eq!(bob.read(), ["still here?"], "{policy:?}");
        bob.say("still here");
        deliver(&mut alice, &mut bob);
        assert_eq!(alice.read(), ["still here"]);
    }
}

#[test]
fn switched_off_everything_passes_untouched() {
    let mut alice = Person::alice(&[3]);
    alice.conversation.set_policy(Policy::never());
    for text in ["?OTRv3?", "?OTR:AAMD.", "hi \t  \t\t\t\t \t \t \t    \t\t  \t\t"] {
        alice.receive(text.as_bytes());
        let clear = Event::ClearText {
            text: text.into(),
            expected: true,
        };
        assert_eq!(alice.take_events(), [clear]);
        alice.say(text);
        assert_eq!(alice.only_message(), text.as_bytes());
    }
}

#[test]
fn nobody_in_a_private_conversation_is_a_stranger() {
    let (mut alice, mut bob) = private_pair(&[3]);
    // Bob answered Alice without being acquainted, and becomes shy afterwards.
    bob.conversation.set_policy(Policy::manual());
    alice.say("still here?");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["still here?"]);
}

#[test]
fn any_carrier_limit_can_be_lived_with() {
    let (mut alice, mut bob) = private_pair(&[3]);
    for limit in [64, usize::MAX / 65_535, usize::MAX / 4, usize::MAX] {
        alice.conversation.set_carrier_limit(Some(limit)).unwrap();
        alice.say("short");
        deliver(&mut alice, &mut bob);
        assert_eq!(bob.read(), ["short"]);
    }
}
