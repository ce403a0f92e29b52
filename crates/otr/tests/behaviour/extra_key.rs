//! The extra symmetric key of version 3.

use otr::{Event, PrivateError, Recipient};

use crate::common::{deliver, private_pair};

#[test]
fn both_sides_hold_the_same_key() {
    let (mut alice, mut bob) = private_pair(&[3]);
    for round in 0..4u32 {
        let mut ours = None;
        alice.act(|conversation, env| {
            let (outputs, key) = conversation
                .use_extra_key(env, Recipient::Best, 0xfeed_0000 + round, b"file.txt")
                .unwrap();
            ours = Some(key);
            outputs
        });
        deliver(&mut alice, &mut bob);
        let told = bob.take_events();
        let [Event::ExtraKey { usage, data, key, .. }] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!((*usage, &data[..]), (0xfeed_0000 + round, &b"file.txt"[..]));
        assert_eq!(Some(key), ours.as_ref());
        bob.say("rotate");
        deliver(&mut alice, &mut bob);
        alice.take_events();
    }
}

#[test]
fn version_two_has_none_and_a_short_record_is_ignored() {
    let (mut alice, mut bob) = private_pair(&[2]);
    alice.act(|conversation, env| {
        let refused = conversation
            .use_extra_key(env, Recipient::Best, 1, b"")
            .unwrap_err();
        assert_eq!(refused, PrivateError::NotInThisVersion);
        Vec::new()
    });
    deliver(&mut alice, &mut bob);
    let (mut alice, mut bob) = private_pair(&[3]);
    let short = otr::Tlv::new(otr::wire::tlv::EXTRA_KEY, vec![1, 2, 3]).unwrap();
    alice.act(|conversation, env| conversation.send(env, Recipient::Best, b"x", &[short]).unwrap());
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["x"]);
    assert_eq!(bob.take_events(), []);
}
