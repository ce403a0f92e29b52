//! `sm.h`: the state of the socialist millionaires' protocol as applications see it.
//!
//! The protocol runs in the core. Programs look at three things here: whether `secret` is NULL, `nextExpected`,
//! and `received_question`; and they free the state to have a run forgotten. The step functions pass numbers
//! of libgcrypt's and are not offered.

use core::ffi::{c_int, c_uchar, c_void};
use core::ptr;

use crate::boundary::guarded;
use crate::errors::NOT_IMPLEMENTED;
use crate::layout::{GcryError, GcryptHandle, OtrlSMState, smp_expect, smp_progress};

/// A state in which nothing has happened.
pub fn new_sm_state() -> *mut OtrlSMState {
    Box::into_raw(Box::new(nothing()))
}

/// What stands for a number that applications only compare with NULL.
pub fn shown() -> GcryptHandle {
    static SHOWN: u64 = 0;
    (&raw const SHOWN).cast_mut().cast()
}

/// Nothing to prepare.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_init() {}

/// Sets a state to its beginning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_sm_state_new(state: *mut OtrlSMState) {
    guarded((), || {
        if !state.is_null() {
            // SAFETY: the caller gives room for a state; nothing in one has to be freed.
            unsafe { state.write(nothing()) };
        }
    });
}

/// Prepares a state for a run: its numbers are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_sm_state_init(state: *mut OtrlSMState) {
    guarded((), || {
        if !state.is_null() {
            // SAFETY: the caller gives a state.
            unsafe {
                state.write(nothing());
                (*state).secret = shown();
            }
        }
    });
}

/// Forgets a run. The state itself is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_sm_state_free(state: *mut OtrlSMState) {
    guarded((), || {
        if !state.is_null() {
            // SAFETY: the caller gives a state; nothing in one has to be freed.
            unsafe { state.write(nothing()) };
        }
    });
}

fn nothing() -> OtrlSMState {
    OtrlSMState {
        secret: ptr::null_mut(),
        unused: [ptr::null_mut(); 10],
        next_expected: smp_expect::EXPECT1,
        received_question: 0,
        sm_prog_state: smp_progress::OK,
    }
}

/// Not offered: it makes a structure of libgcrypt's numbers.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_msg1_init(message: *mut *mut GcryptHandle) {
    no_message(message);
}

/// Not offered: it makes a structure of libgcrypt's numbers.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_msg2_init(message: *mut *mut GcryptHandle) {
    no_message(message);
}

/// Not offered: it makes a structure of libgcrypt's numbers.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_msg3_init(message: *mut *mut GcryptHandle) {
    no_message(message);
}

/// Not offered: it makes a structure of libgcrypt's numbers.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_msg4_init(message: *mut *mut GcryptHandle) {
    no_message(message);
}

/// Nothing was made that would have to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_sm_msg_free(_message: *mut *mut GcryptHandle, _length: c_int) {}

fn no_message(message: *mut *mut GcryptHandle) {
    if !message.is_null() {
        // SAFETY: the caller gives a place for a pointer.
        unsafe { message.write(ptr::null_mut()) };
    }
}

macro_rules! not_offered {
    ($($name:ident($($type:ty),*);)*) => {$(
        /// Not offered: the protocol runs in the core. Always an error, nothing is written.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($(_: $type),*) -> GcryError {
            NOT_IMPLEMENTED
        }
    )*};
}

not_offered! {
    otrl_sm_step1(*mut c_void, *const c_uchar, c_int, *mut *mut c_uchar, *mut c_int);
    otrl_sm_step2a(*mut c_void, *const c_uchar, c_int, c_int);
    otrl_sm_step2b(*mut c_void, *const c_uchar, c_int, *mut *mut c_uchar, *mut c_int);
    otrl_sm_step3(*mut c_void, *const c_uchar, c_int, *mut *mut c_uchar, *mut c_int);
    otrl_sm_step4(*mut c_void, *const c_uchar, c_int, *mut *mut c_uchar, *mut c_int);
    otrl_sm_step5(*mut c_void, *const c_uchar, c_int);
}
