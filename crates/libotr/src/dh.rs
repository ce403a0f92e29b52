//! `dh.h`: Diffie-Hellman with libgcrypt's numbers, which the core does with its own. No packaged program calls
//! these; the two on counters and the ones that clear are there in full.

use core::ffi::{c_int, c_uchar, c_uint};
use core::ptr;

use crate::boundary::{block, guarded};
use crate::errors::NOT_IMPLEMENTED;
use crate::layout::{DhKeypair, DhSesskeys, GcryError, GcryptHandle};

/// Nothing to prepare.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_dh_init() {}

/// An empty pair.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_keypair_init(pair: *mut DhKeypair) {
    guarded((), || {
        if !pair.is_null() {
            let empty = DhKeypair {
                groupid: 0,
                private: ptr::null_mut(),
                public: ptr::null_mut(),
            };
            // SAFETY: the caller gives room for a pair.
            unsafe { pair.write(empty) };
        }
    });
}

/// Copies nothing, since no pair ever holds a number: the copy is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_keypair_copy(copy: *mut DhKeypair, _pair: *const DhKeypair) {
    // SAFETY: the caller gives room for a pair.
    unsafe { otrl_dh_keypair_init(copy) };
}

/// Empties a pair.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_keypair_free(pair: *mut DhKeypair) {
    // SAFETY: the caller gives a pair, which never holds a number of ours.
    unsafe { otrl_dh_keypair_init(pair) };
}

/// Empties session keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_session_free(keys: *mut DhSesskeys) {
    // SAFETY: the caller gives session keys, which never hold a handle of ours.
    unsafe { otrl_dh_session_blank(keys) };
}

/// Empties session keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_session_blank(keys: *mut DhSesskeys) {
    guarded((), || {
        if !keys.is_null() {
            // SAFETY: the caller gives room for session keys, for which zero is a value of every field.
            unsafe { keys.write_bytes(0, 1) };
        }
    });
}

/// Adds one to the upper half of a counter block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_incctr(counter: *mut c_uchar) {
    guarded((), || {
        if counter.is_null() {
            return;
        }
        // SAFETY: the caller gives a counter, whose upper half is its first eight bytes.
        unsafe {
            let half = counter.cast::<[u8; 8]>();
            half.write(u64::from_be_bytes(half.read()).wrapping_add(1).to_be_bytes());
        }
    });
}

/// Compares the upper halves of two counters: below, at or above zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_dh_cmpctr(left: *const c_uchar, right: *const c_uchar) -> c_int {
    // SAFETY: the caller gives two counters.
    guarded(0, || unsafe { block(left, 8).cmp(block(right, 8)) } as c_int)
}

macro_rules! not_offered {
    ($($name:ident($($type:ty),*);)*) => {$(
        /// Not offered: the core has its own arithmetic. Always an error, nothing is written.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($(_: $type),*) -> GcryError {
            NOT_IMPLEMENTED
        }
    )*};
}

type Bytes = *mut c_uchar;
type Handles = *mut GcryptHandle;

not_offered! {
    otrl_dh_gen_keypair(c_uint, *mut DhKeypair);
    otrl_dh_session(*mut DhSesskeys, *const DhKeypair, GcryptHandle);
    otrl_dh_compute_v2_auth_keys(*const DhKeypair, GcryptHandle, Bytes, *mut usize, Handles, Handles, Handles,
        Handles, Handles, Handles);
    otrl_dh_compute_v1_session_id(*const DhKeypair, GcryptHandle, Bytes, *mut usize, *mut c_int);
}
