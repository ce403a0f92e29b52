//! S-32: our own messages, sent back to us.

use otr::hazmat::state;
use otr::{Event, Start, Version};

use crate::common::{Person, private_pair};

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
