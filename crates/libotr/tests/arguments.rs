//! NULL and rubbish for every function that defines an answer to it, and hostile messages.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

mod common;

use core::ptr::{null, null_mut};

use common::{App, carry, private_pair};

const INV_VALUE: u32 = 0x2000_0037;

#[test]
fn null_is_an_error_and_not_a_crash() {
    let app = App::new(c"alice", c"bob");
    let (us, name) = (app.us, c"alice".as_ptr());
    unsafe {
        assert!(
            otr5::otrl_context_find(us, null(), name, name, 0, 1, null_mut(), None, null_mut()).is_null()
        );
        assert!(otr5::otrl_context_find_fingerprint(null_mut(), null(), 1, null_mut()).is_null());
        assert!(otr5::otrl_context_find_recent_secure_instance(null_mut()).is_null());
        assert_eq!(otr5::otrl_context_is_fingerprint_trusted(null_mut()), 0);
        otr5::otrl_context_set_trust(null_mut(), null());
        otr5::otrl_context_force_plaintext(null_mut());
        otr5::otrl_context_force_finished(null_mut());
        otr5::otrl_context_forget_fingerprint(null_mut(), 1);
        otr5::otrl_context_update_recent_child(null_mut(), 1);
        otr5::otrl_tlv_free(null_mut());
        otr5::otrl_message_free(null_mut());
        otr5::otrl_sm_state_free(null_mut());
        otr5::otrl_userstate_free(null_mut());
        otr5::otrl_message_poll(us, null(), null_mut());
        assert!(otr5::otrl_privkey_find(us, null(), null()).is_null());
        assert_eq!(otr5::otrl_privkey_read(us, null()), INV_VALUE);
        assert_eq!(otr5::otrl_privkey_generate(us, null(), name, name), INV_VALUE);
        assert_eq!(otr5::otrl_privkey_generate_calculate(null_mut()), INV_VALUE);
        let mut out = null_mut();
        let ops = &raw const app.ops;
        let error = otr5::otrl_message_sending(
            us,
            ops,
            null_mut(),
            name,
            name,
            name,
            1,
            null(),
            null_mut(),
            &raw mut out,
            0,
            null_mut(),
            None,
            null_mut(),
        );
        assert_eq!((error, out.is_null()), (INV_VALUE, true));
        let shown = otr5::otrl_message_receiving(
            us,
            ops,
            null_mut(),
            name,
            null(),
            name,
            name,
            &raw mut out,
            null_mut(),
            null_mut(),
            None,
            null_mut(),
        );
        assert_eq!((shown, out.is_null()), (0, true));
        otr5::otrl_message_initiate_smp(us, ops, null_mut(), null_mut(), null(), 0);
        otr5::otrl_message_disconnect(us, ops, null_mut(), null(), name, name, 1);
        assert_eq!(
            otr5::otrl_message_symkey(us, ops, null_mut(), null_mut(), 0, null(), 0, null_mut()),
            INV_VALUE
        );
    }
}

#[test]
fn the_insides_of_libotr_are_a_documented_error() {
    const NOT_IMPLEMENTED: u32 = 0x2000_0045;
    assert_eq!(otr5::otrl_auth_start_v23(null_mut(), 3), NOT_IMPLEMENTED);
    assert_eq!(otr5::otrl_dh_gen_keypair(5, null_mut()), NOT_IMPLEMENTED);
    assert_eq!(otr5::otrl_sm_step5(null_mut(), null(), 0), NOT_IMPLEMENTED);
}

#[test]
fn cut_and_damaged_messages_never_end_the_process_or_the_conversation() {
    let (mut alice, mut bob) = private_pair(4);
    alice.say(c"the text that is cut and damaged");
    let message = alice.sent.remove(0);
    for end in 0..message.len() {
        let heard = bob.hear(&message[..end]);
        assert!(heard.text.is_none_or(|text| !text.contains("damaged")), "{end}");
    }
    for place in (5..message.len() - 1).step_by(7) {
        let mut damaged = message.clone();
        damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
        assert!(bob.hear(&damaged).text.is_none(), "{place}");
    }
    bob.sent.clear();
    assert_eq!(
        bob.hear(&message).text.as_deref(),
        Some("the text that is cut and damaged")
    );
}

#[test]
fn devices_that_somebody_makes_up_are_bounded() {
    let mut bob = App::new(c"bob", c"alice");
    for tag in 0x1000..0x1400 {
        bob.hear(format!("?OTR|{tag:08x}|00000000,1,2,half,").as_bytes());
    }
    let mut contexts = 0;
    unsafe {
        let mut context = (*bob.us).context_root;
        while !context.is_null() {
            contexts += 1;
            context = (*context).next;
        }
    }
    assert_eq!(contexts, 65, "a master and its children");
}

#[test]
fn a_message_in_too_many_pieces_is_given_up() {
    let mut bob = App::new(c"bob", c"alice");
    let body = "x".repeat(60_000);
    for index in 1..=200 {
        bob.hear(format!("?OTR,{index},200,{body},").as_bytes());
        let held = unsafe { (*(*bob.context(0)).context_priv).fragment_len };
        assert!(held <= 4 << 20, "{held}");
    }
    assert!(bob.hear(b"words").text.is_none());
}

#[test]
fn the_pieces_of_many_devices_have_one_bound() {
    let mut bob = App::new(c"bob", c"alice");
    let body = "x".repeat(1 << 20);
    for tag in 0x1000..0x1020 {
        for index in 1..=3 {
            bob.hear(format!("?OTR|{tag:08x}|00000000,{index},9,{body},").as_bytes());
        }
    }
    let mut held = 0;
    unsafe {
        let mut context = (*bob.us).context_root;
        while !context.is_null() {
            held += (*(*context).context_priv).fragment_len;
            context = (*context).next;
        }
    }
    assert!((4 << 20..=8 << 20).contains(&held), "{held}");
}

#[test]
fn plain_words_and_base64_helpers() {
    unsafe {
        let text = otr5::otrl_base64_otr_encode(b"abcd".as_ptr(), 4);
        assert_eq!(core::ffi::CStr::from_ptr(text), c"?OTR:YWJjZA==.");
        let (mut data, mut length) = (null_mut(), 0);
        assert_eq!(
            otr5::otrl_base64_otr_decode(text, &raw mut data, &raw mut length),
            0
        );
        assert_eq!(std::slice::from_raw_parts(data, length), b"abcd");
        assert_eq!(
            otr5::otrl_base64_otr_decode(c"?OTR:YWJj".as_ptr(), &raw mut data, &raw mut length),
            -2
        );
        libc::free(text.cast());
        libc::free(data.cast());
        assert_eq!(otr5::otrl_mem_differ(b"abc".as_ptr(), b"abd".as_ptr(), 3), 1);
        assert_eq!(otr5::otrl_mem_differ(b"abc".as_ptr(), b"abd".as_ptr(), 2), 0);
    }
    let (mut alice, mut bob) = (App::new(c"alice", c"bob"), App::new(c"bob", c"alice"));
    alice.say(c"plain");
    assert_eq!(carry(&mut alice, &mut bob)[0].1.text, None);
}
