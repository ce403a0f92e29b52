//! `auth.h`: the key exchange, step by step, which the core does. No packaged program calls these.

use core::ffi::{c_char, c_int, c_uint, c_void};

use crate::boundary::guarded;
use crate::context::new_auth;
use crate::errors::NOT_IMPLEMENTED;
use crate::layout::{ConnContext, DhKeypair, GcryError, OtrlAuthInfo, OtrlPrivKey};
use crate::mem::free_wiped;

/// Sets a context's exchange to its beginning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_auth_new(context: *mut ConnContext) {
    guarded((), || {
        if !context.is_null() {
            // SAFETY: the caller gives a context, whose exchange holds nothing that has to be freed yet.
            unsafe {
                (*context).auth = new_auth();
                (*context).auth.context = context;
            }
        }
    });
}

/// Forgets an exchange.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_auth_clear(auth: *mut OtrlAuthInfo) {
    guarded((), || {
        if !auth.is_null() {
            // SAFETY: the caller gives an exchange; the message is its only memory.
            unsafe {
                let context = (*auth).context;
                free_wiped((*auth).lastauthmsg);
                auth.write(new_auth());
                (*auth).context = context;
            }
        }
    });
}

/// Does nothing: the core copies an open offer to the device that answers it.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_auth_copy_on_key(_master: *mut OtrlAuthInfo, _auth: *mut OtrlAuthInfo) {}

type Auth = *mut OtrlAuthInfo;
type Succeeded = Option<unsafe extern "C" fn(*const OtrlAuthInfo, *mut c_void) -> GcryError>;

macro_rules! not_offered {
    ($($name:ident($($type:ty),*);)*) => {$(
        /// Not offered: the core does the key exchange. Always an error, nothing is written.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($(_: $type),*) -> GcryError {
            NOT_IMPLEMENTED
        }
    )*};
}

not_offered! {
    otrl_auth_start_v23(Auth, c_int);
    otrl_auth_handle_commit(Auth, *const c_char, c_int);
    otrl_auth_handle_key(Auth, *const c_char, *mut c_int, *mut OtrlPrivKey);
    otrl_auth_handle_revealsig(Auth, *const c_char, *mut c_int, *mut OtrlPrivKey, Succeeded, *mut c_void);
    otrl_auth_handle_signature(Auth, *const c_char, *mut c_int, Succeeded, *mut c_void);
    otrl_auth_start_v1(Auth, *mut DhKeypair, c_uint, *mut OtrlPrivKey);
    otrl_auth_handle_v1_key_exchange(Auth, *const c_char, *mut c_int, *mut OtrlPrivKey, *mut DhKeypair, c_uint,
        Succeeded, *mut c_void);
}
