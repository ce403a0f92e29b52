//! Key, fingerprint and instance-tag files through the C interface, and the error values that programs compare.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

mod common;

use core::ptr;
use std::ffi::{CStr, CString};
use std::path::Path;

use common::PROTOCOL;
use otr5::layout::OtrlUserState;

struct State(*mut OtrlUserState);

impl State {
    fn new() -> Self {
        otr5::otrl_init(4, 1, 1);
        Self(otr5::otrl_userstate_create())
    }

    fn fingerprint(&self, account: &CStr) -> Option<String> {
        let mut human = [0; 45];
        let shown = unsafe {
            otr5::otrl_privkey_fingerprint(self.0, human.as_mut_ptr(), account.as_ptr(), PROTOCOL.as_ptr())
        };
        (!shown.is_null()).then(|| unsafe { CStr::from_ptr(shown) }.to_string_lossy().into_owned())
    }
}

impl Drop for State {
    fn drop(&mut self) {
        unsafe { otr5::otrl_userstate_free(self.0) };
    }
}

fn path(folder: &Path, name: &str) -> CString {
    CString::new(folder.join(name).as_os_str().as_encoded_bytes()).unwrap_or_default()
}

#[test]
fn keys_are_written_with_all_others_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "keys");
    let (one, two) = (State::new(), State::new());
    unsafe {
        assert_eq!(
            otr5::otrl_privkey_generate(one.0, file.as_ptr(), c"a b".as_ptr(), PROTOCOL.as_ptr()),
            0
        );
        assert_eq!(
            otr5::otrl_privkey_generate(one.0, file.as_ptr(), c"c".as_ptr(), PROTOCOL.as_ptr()),
            0
        );
        assert_eq!(otr5::otrl_privkey_read(two.0, file.as_ptr()), 0);
    }
    for account in [c"a b", c"c"] {
        assert!(one.fingerprint(account).is_some());
        assert_eq!(one.fingerprint(account), two.fingerprint(account));
    }
    assert_ne!(one.fingerprint(c"c"), one.fingerprint(c"a b"));
    assert_eq!(one.fingerprint(c"nobody"), None);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.path().join("keys")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_key_is_made_in_three_steps_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "keys");
    let state = State::new();
    let (mut new, mut again) = (ptr::null_mut(), ptr::dangling_mut());
    let start = |place: *mut *mut core::ffi::c_void| unsafe {
        otr5::otrl_privkey_generate_start(state.0, c"a".as_ptr(), PROTOCOL.as_ptr(), place)
    };
    assert_eq!(start(&raw mut new), 0);
    assert_eq!(start(&raw mut again), 0x2000_8023);
    assert!(again.is_null());
    unsafe {
        assert_eq!(otr5::otrl_privkey_generate_calculate(new), 0);
        assert_eq!(otr5::otrl_privkey_generate_finish(state.0, new, file.as_ptr()), 0);
        assert!((*state.0).pending_root.is_null());
    }
    assert!(state.fingerprint(c"a").is_some());
    assert_eq!(start(&raw mut new), 0);
    unsafe { otr5::otrl_privkey_generate_cancelled(state.0, new) };
    assert_eq!(start(&raw mut new), 0, "the way is free again");
    unsafe { otr5::otrl_privkey_generate_cancelled(state.0, new) };
}

#[test]
fn a_signature_is_forty_bytes() {
    let app = common::App::new(c"alice", c"bob");
    let (mut signature, mut length) = (ptr::null_mut(), 0);
    unsafe {
        let key = otr5::otrl_privkey_find(app.us, c"alice".as_ptr(), PROTOCOL.as_ptr());
        let data = [7_u8; 32];
        let error = otr5::otrl_privkey_sign(
            &raw mut signature,
            &raw mut length,
            key,
            data.as_ptr(),
            data.len(),
        );
        assert_eq!((error, length), (0, 40));
        libc::free(signature.cast());
    }
}

#[test]
fn fingerprints_keep_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (path(folder.path(), "in"), path(folder.path(), "out"));
    let lines = "bob\talice\tprpl\t00112233445566778899aabbccddeeff00112233\tsmp\n\
                 bob\talice\tprpl\tFF112233445566778899aabbccddeeff00112233\n\
                 rubbish\n\
                 carol\talice\tprpl\t01112233445566778899aabbccddeeff00112233\town word\n";
    std::fs::write(folder.path().join("in"), lines).unwrap();
    let state = State::new();
    unsafe {
        let none = ptr::null_mut();
        assert_eq!(
            otr5::otrl_privkey_read_fingerprints(state.0, file.as_ptr(), None, none),
            0
        );
        assert_eq!(otr5::otrl_privkey_write_fingerprints(state.0, copy.as_ptr()), 0);
    }
    // Newest first within one person, as libotr writes them.
    let expected = "bob\talice\tprpl\tff112233445566778899aabbccddeeff00112233\t\n\
                    bob\talice\tprpl\t00112233445566778899aabbccddeeff00112233\tsmp\n\
                    carol\talice\tprpl\t01112233445566778899aabbccddeeff00112233\town word\n";
    assert_eq!(
        std::fs::read_to_string(folder.path().join("out")).unwrap(),
        expected
    );
}

#[test]
fn instance_tags_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "tags");
    let (one, two) = (State::new(), State::new());
    unsafe {
        assert_eq!(
            otr5::otrl_instag_generate(one.0, file.as_ptr(), c"a".as_ptr(), PROTOCOL.as_ptr()),
            0
        );
        assert_eq!(otr5::otrl_instag_read(two.0, file.as_ptr()), 0);
        let [made, read] =
            [&one, &two].map(|s| otr5::otrl_instag_find(s.0, c"a".as_ptr(), PROTOCOL.as_ptr()));
        assert!((*made).instag >= 0x100);
        assert_eq!((*made).instag, (*read).instag);
    }
}

#[test]
fn errors_have_the_values_that_programs_compare() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::new();
    let missing = path(folder.path(), "missing");
    let read = |name: &CStr| unsafe { otr5::otrl_privkey_read(state.0, name.as_ptr()) };
    assert_eq!(read(&missing), 0x0100_8051, "ENOENT from libgcrypt");
    unsafe {
        assert_eq!(otr5::otrl_instag_read(state.0, missing.as_ptr()), 0x0100_8051);
        let none = ptr::null_mut();
        assert_eq!(
            otr5::otrl_privkey_read_fingerprints(state.0, missing.as_ptr(), None, none),
            0x0100_8051
        );
    }
    std::fs::write(folder.path().join("torn"), "(privkeys (account (name").unwrap();
    assert_eq!(read(&path(folder.path(), "torn")), 0x0100_00cb);
    std::fs::write(folder.path().join("empty"), "").unwrap();
    assert_ne!(read(&path(folder.path(), "empty")), 0);
    std::fs::write(folder.path().join("other"), "(something else)").unwrap();
    assert_eq!(read(&path(folder.path(), "other")), 0x2000_0036);
}

#[test]
fn reading_forgets_the_keys_before() {
    let app = common::App::new(c"alice", c"bob");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("none"), "(privkeys)").unwrap();
    unsafe {
        assert_eq!(
            otr5::otrl_privkey_read(app.us, path(folder.path(), "none").as_ptr()),
            0
        );
        assert!(otr5::otrl_privkey_find(app.us, c"alice".as_ptr(), PROTOCOL.as_ptr()).is_null());
    }
}
