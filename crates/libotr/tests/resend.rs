//! S-21: a text that may be lost is sent again to the key it went to, and to no other.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

mod common;

use common::{App, carry, private_pair};

const V2: u32 = 2;

fn lost_text() -> (Box<App>, Box<App>) {
    let (mut alice, mut bob) = private_pair(V2);
    alice.say(c"secret");
    carry(&mut alice, &mut bob);
    alice.hear(b"?OTR Error: lost");
    (alice, bob)
}

#[test]
fn s21_the_same_key_gets_it_again() {
    let (mut alice, mut bob) = lost_text();
    alice.say(c"?OTR?");
    let shown = carry(&mut alice, &mut bob);
    assert!(
        shown
            .iter()
            .any(|(_, received)| received.text.as_deref() == Some("[resent] secret"))
    );
}

#[test]
fn s21_another_key_does_not() {
    let (mut alice, _) = lost_text();
    let mut mallory = App::new(c"bob", c"alice");
    mallory.policy = V2;
    let new_key = tempfile::NamedTempFile::new().unwrap();
    let path = std::ffi::CString::new(new_key.path().to_str().unwrap()).unwrap();
    unsafe {
        otr5::otrl_privkey_forget_all(mallory.us);
        assert_eq!(
            otr5::otrl_privkey_generate(
                mallory.us,
                path.as_ptr(),
                c"bob".as_ptr(),
                common::PROTOCOL.as_ptr()
            ),
            0
        );
    }
    alice.say(c"?OTR?");
    let shown = carry(&mut alice, &mut mallory);
    assert_eq!(mallory.state(), 1);
    assert!(
        shown.iter().all(|(_, received)| received.text.is_none()),
        "{shown:?}"
    );
    assert!(!alice.told.contains(&"event 6".to_owned()));
}
