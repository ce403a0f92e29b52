//! Applications that call back, free and edit while they are being told something.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

mod common;

use core::ptr;
use std::ffi::CStr;

use common::{App, carry, private_pair};
use otr5::layout::ConnContext;

const V2: u32 = 2;
const V3: u32 = 4;

#[test]
fn the_state_of_a_comparison_is_freed_inside_its_own_event() {
    let (mut alice, mut bob) = private_pair(V3);
    let free: fn(&mut App, *mut ConnContext, i32) = |_, context, event| {
        if event != 4 && event != 5 && event != 6 {
            unsafe { otr5::otrl_sm_state_free((*context).smstate) };
        }
    };
    (alice.on_smp, bob.on_smp) = (Some(free), Some(free));
    for _ in 0..2 {
        alice.smp(None, b"x");
        carry(&mut alice, &mut bob);
        assert!(unsafe { !(*(*bob.context(1)).smstate).secret.is_null() });
        bob.answer(b"x");
        carry(&mut alice, &mut bob);
        assert!(alice.take_told().contains(&"smp 7 100".into()));
        assert!(unsafe { (*(*alice.context(1)).smstate).secret.is_null() });
    }
}

#[test]
fn a_freed_question_is_forgotten() {
    let (mut alice, mut bob) = private_pair(V3);
    alice.smp(None, b"x");
    carry(&mut alice, &mut bob);
    unsafe { otr5::otrl_sm_state_free((*bob.context(1)).smstate) };
    bob.answer(b"x");
    assert!(bob.sent.is_empty(), "nobody asks any more");
}

#[test]
fn a_text_is_said_while_the_conversation_is_being_told() {
    let mut alice = App::new(c"alice", c"bob");
    let mut bob = App::new(c"bob", c"alice");
    bob.on_secure = Some(|app, _| {
        app.say(c"at once");
    });
    alice.say(c"?OTR?");
    let shown = carry(&mut alice, &mut bob);
    assert!(
        shown
            .iter()
            .any(|(_, received)| received.text.as_deref() == Some("at once")),
        "{shown:?}"
    );
}

#[test]
fn the_conversation_ends_while_it_is_being_told() {
    let mut alice = App::new(c"alice", c"bob");
    let mut bob = App::new(c"bob", c"alice");
    bob.on_secure = Some(|app, _| app.end());
    alice.say(c"?OTR?");
    carry(&mut alice, &mut bob);
    assert_eq!(bob.state(), 0);
}

#[test]
fn every_context_is_forgotten_while_one_is_being_told() {
    for policy in [V2, V3] {
        let mut alice = App::new(c"alice", c"bob");
        let mut bob = App::new(c"bob", c"alice");
        (alice.policy, bob.policy) = (policy, policy);
        bob.on_secure = Some(|app, _| unsafe { otr5::otrl_context_forget_all(app.us) });
        alice.say(c"?OTR?");
        carry(&mut alice, &mut bob);
        assert!(unsafe { (*bob.us).context_root.is_null() });
        assert_eq!(bob.hear(b"words").text, None);
    }
}

#[test]
fn keys_are_read_anew_while_a_conversation_is_private() {
    let (mut alice, mut bob) = private_pair(V3);
    unsafe { otr5::otrl_privkey_forget_all(alice.us) };
    alice.say(c"words");
    assert_eq!(carry(&mut alice, &mut bob)[0].1.text.as_deref(), Some("words"));
}

#[test]
fn trust_is_replaced_with_free_and_strdup() {
    let (mut alice, mut bob) = private_pair(V3);
    unsafe {
        let fingerprint = (*alice.context(1)).active_fingerprint;
        libc::free((*fingerprint).trust.cast());
        (*fingerprint).trust = libc::strdup(c"verified".as_ptr());
        assert_eq!(otr5::otrl_context_is_fingerprint_trusted(fingerprint), 1);
        alice.say(c"words");
        carry(&mut alice, &mut bob);
        libc::free((*fingerprint).trust.cast());
        (*fingerprint).trust = ptr::null_mut();
        assert_eq!(otr5::otrl_context_is_fingerprint_trusted(fingerprint), 0);
    }
}

#[test]
fn a_contexts_own_strings_are_arguments() {
    let (alice, mut bob) = private_pair(V3);
    let context = bob.context(1);
    let data = bob.data();
    unsafe {
        let names = ((*context).accountname, (*context).protocol, (*context).username);
        let ops = &raw const bob.ops;
        otr5::otrl_message_disconnect_all_instances(bob.us, ops, data, names.0, names.1, names.2);
        assert_eq!(CStr::from_ptr((*context).username), c"alice");
        let fingerprint = (*(*context).m_context).fingerprint_root.next;
        otr5::otrl_context_set_trust(fingerprint, c"word".as_ptr());
        otr5::otrl_context_set_trust(fingerprint, (*fingerprint).trust);
        assert_eq!(CStr::from_ptr((*fingerprint).trust), c"word");
    }
    drop(alice);
}

#[test]
fn user_states_on_different_threads_do_not_touch_each_other() {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| {
                let (mut alice, mut bob) = private_pair(V3);
                alice.say(c"words");
                carry(&mut alice, &mut bob)[0].1.text.clone()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap().as_deref(), Some("words"));
    }
}
