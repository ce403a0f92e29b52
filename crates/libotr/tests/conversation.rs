//! The life of a conversation through the C interface, in each version.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

mod common;

use common::{App, carry, private_pair};

const V1: u32 = 1;
const V2: u32 = 2;
const V3: u32 = 4;
const REQUIRE_ENCRYPTION: u32 = 8;

#[test]
fn texts_are_read_and_the_end_is_told() {
    for policy in [V1, V2, V3] {
        let (mut alice, mut bob) = private_pair(policy);
        let (error, message) = alice.say(c"hällo");
        assert!(error == 0 && message.unwrap().starts_with("?OTR:"));
        let shown = carry(&mut alice, &mut bob);
        assert_eq!(shown[0].1.text.as_deref(), Some("hällo"), "{policy}");
        alice.end();
        let shown = carry(&mut alice, &mut bob);
        assert!(shown[0].1.internal && shown[0].1.tlvs == [1], "{shown:?}");
        assert_eq!((alice.state(), bob.state()), (0, 2));
        assert_eq!(bob.say(c"late"), (0, Some(String::new())));
        assert_eq!(bob.take_told(), ["event 10", "event 3"]);
    }
}

#[test]
fn secrets_are_compared_and_the_result_is_kept() {
    for (policy, secret, event, trust) in [(V2, "x", "smp 7 100", "smp"), (V3, "y", "smp 8 100", "")] {
        let (mut alice, mut bob) = private_pair(policy);
        alice.smp(None, b"x");
        carry(&mut alice, &mut bob);
        assert_eq!(bob.take_told(), ["smp 5 25", "event 10"]);
        bob.answer(secret.as_bytes());
        carry(&mut alice, &mut bob);
        assert_eq!(
            alice.take_told(),
            ["smp 6 60", "event 10", "write", event, "event 10"]
        );
        assert_eq!(bob.take_told(), ["write", event, "event 10"]);
        for app in [&alice, &bob] {
            let kept = unsafe {
                let fingerprint = (*app.context(1)).active_fingerprint;
                std::ffi::CStr::from_ptr((*fingerprint).trust)
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(kept, trust);
        }
    }
}

#[test]
fn who_was_asked_a_question_keeps_the_trust_they_had() {
    let (mut alice, mut bob) = private_pair(V3);
    alice.smp(Some(c"where?"), b"x");
    carry(&mut alice, &mut bob);
    assert_eq!(bob.take_told(), ["smp 4 25", "event 10"]);
    bob.answer(b"x");
    carry(&mut alice, &mut bob);
    assert_eq!(bob.take_told(), ["smp 7 100", "event 10"]);
    let fingerprint = unsafe { (*bob.context(1)).active_fingerprint };
    assert!(unsafe { (*fingerprint).trust.is_null() });
}

#[test]
fn the_extra_key_is_the_same_on_both_sides() {
    let (mut alice, mut bob) = private_pair(V3);
    let mut key = [0_u8; 32];
    let (context, data) = (alice.context(1), alice.data());
    let use_data = b"use";
    let error = unsafe {
        otr5::otrl_message_symkey(
            alice.us,
            &raw const alice.ops,
            data,
            context,
            7,
            use_data.as_ptr(),
            use_data.len(),
            key.as_mut_ptr(),
        )
    };
    assert_eq!(error, 0);
    carry(&mut alice, &mut bob);
    assert_eq!(
        bob.take_told(),
        [format!("symkey 7 3 {key:?}"), "event 10".into()]
    );
}

#[test]
fn a_text_held_for_privacy_goes_out_at_first_contact() {
    let mut alice = App::new(c"alice", c"bob");
    let mut bob = App::new(c"bob", c"alice");
    (alice.policy, bob.policy) = (V3 | REQUIRE_ENCRYPTION, V3 | REQUIRE_ENCRYPTION);
    let (error, query) = alice.say(c"held");
    assert!(error == 0 && query.unwrap().starts_with("?OTRv3?"));
    assert!(
        !alice
            .sent
            .iter()
            .any(|message| message.windows(4).any(|part| part == b"held"))
    );
    let shown = carry(&mut alice, &mut bob);
    assert!(
        shown
            .iter()
            .any(|(who, received)| *who == 'b' && received.text.as_deref() == Some("held"))
    );
}

#[test]
fn clear_text_in_a_private_conversation_is_told_and_not_shown() {
    let (_, mut bob) = private_pair(V3);
    let heard = bob.hear(b"words");
    assert!(heard.internal && heard.text.is_none());
    assert_eq!(bob.take_told(), ["event 13"]);
}

#[test]
fn nothing_goes_out_in_the_clear_past_a_private_device() {
    let (mut alice, _bob) = private_pair(V3);
    // The master, and a device nobody has heard of: neither is private itself.
    for instance in [0, 0x1234] {
        alice.sent.clear();
        let (error, message) = alice.say_to(instance, c"words");
        assert_eq!((error, message.as_deref()), (0, Some("")), "{instance}");
        assert!(alice.sent.iter().all(Vec::is_empty), "{:?}", alice.sent);
    }
}

#[test]
fn a_policy_that_was_switched_off_does_not_let_a_private_text_out() {
    let (mut alice, mut bob) = private_pair(V3);
    alice.policy = 0;
    assert!(alice.say(c"words").1.unwrap().starts_with("?OTR:"));
    assert_eq!(carry(&mut alice, &mut bob)[0].1.text.as_deref(), Some("words"));
}

#[test]
fn a_copy_is_ignored_and_the_conversation_goes_on() {
    let (mut alice, mut bob) = private_pair(V3);
    alice.say(c"once");
    let message = alice.sent[0].clone();
    carry(&mut alice, &mut bob);
    let heard = bob.hear(&message);
    assert!(heard.internal && heard.text.is_none() && bob.sent.is_empty());
    alice.say(c"more");
    assert_eq!(carry(&mut alice, &mut bob)[0].1.text.as_deref(), Some("more"));
}
