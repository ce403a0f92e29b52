//! Nothing is lost silently: a gap in the counter says that messages did not arrive.

use otr::Event;

use crate::common::private_pair;

#[test]
fn a_lost_message_is_reported_with_the_next_one() {
    for numbers in [&[1][..], &[2], &[3]] {
        let (mut alice, mut bob) = private_pair(numbers);
        alice.say("one").say("two").say("three").say("four");
        let messages = alice.take_outgoing();
        bob.receive(&messages[0]).receive(&messages[3]);
        let told = bob.take_events();
        assert!(matches!(told[0], Event::Text { .. }));
        assert!(matches!(told[1], Event::Missed { messages: 2, .. }), "{told:?}");
        assert!(matches!(told[2], Event::Text { .. }));
        // What comes late cannot be read any more, and is no second loss.
        bob.receive(&messages[1]);
        assert_eq!(bob.take_events(), []);
    }
}
