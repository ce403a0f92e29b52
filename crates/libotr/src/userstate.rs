//! `userstate.h`, and what Rust keeps for a user state.

use core::ptr;
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;

use otr::{Account, InstanceTag};

use crate::boundary::{guarded, rng};
use crate::context::otrl_context_forget_all;
use crate::instag::otrl_instag_forget_all;
use crate::layout::{InsTag, OtrlUserState};
use crate::privkey::{otrl_privkey_forget_all, otrl_privkey_pending_forget_all};

/// What C sees of a user state, and behind it what only Rust sees.
#[repr(C)]
pub struct Block {
    public: OtrlUserState,
    private: Private,
}

/// What only Rust keeps for a user state.
#[derive(Default)]
pub struct Private {
    /// Stands in for accounts that have no key yet, in the steps that need none. Nothing is ever signed with
    /// it, and it is never shown.
    keyless: Option<Keyless>,
    /// Instance tags of accounts whose program keeps none; they last as long as the user state.
    made_up: HashMap<(CString, CString), InsTag>,
}

struct Keyless {
    account: Arc<Account>,
    tag: InsTag,
}

/// A user state with nothing in it.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_userstate_create() -> *mut OtrlUserState {
    guarded(ptr::null_mut(), || {
        let block = Box::new(Block {
            public: OtrlUserState {
                context_root: ptr::null_mut(),
                privkey_root: ptr::null_mut(),
                instag_root: ptr::null_mut(),
                pending_root: ptr::null_mut(),
                timer_running: 0,
            },
            private: Private::default(),
        });
        Box::into_raw(block).cast()
    })
}

/// Frees a user state and all that is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_userstate_free(us: *mut OtrlUserState) {
    guarded((), || {
        if us.is_null() {
            return;
        }
        // SAFETY: the caller gives up a user state of ours, which is always a `Block`.
        unsafe {
            otrl_context_forget_all(us);
            otrl_privkey_forget_all(us);
            otrl_privkey_pending_forget_all(us);
            otrl_instag_forget_all(us);
            drop(Box::from_raw(us.cast::<Block>()));
        }
    });
}

/// An account without a key, for the steps of a handshake that need none.
///
/// # Safety
/// A live user state.
pub unsafe fn keyless_account(us: *mut OtrlUserState, tag: InsTag) -> Arc<Account> {
    // SAFETY: every user state is a `Block`, and no reference into its private part lives longer than a
    // function of this file.
    let private = unsafe { &mut (*us.cast::<Block>()).private };
    match &private.keyless {
        Some(keyless) if keyless.tag == tag => Arc::clone(&keyless.account),
        _ => {
            let key = otr::PrivateKey::generate(&mut rng());
            let account = Arc::new(Account::new(key, InstanceTag::from_raw(tag), &mut rng()));
            private.keyless = Some(Keyless {
                account: Arc::clone(&account),
                tag,
            });
            account
        }
    }
}

/// The instance tag that was made up for an account, or is made up now.
///
/// # Safety
/// A live user state.
pub unsafe fn made_up_tag(us: *mut OtrlUserState, account: CString, protocol: CString) -> InsTag {
    // SAFETY: as in `keyless_account`.
    let private = unsafe { &mut (*us.cast::<Block>()).private };
    *private
        .made_up
        .entry((account, protocol))
        .or_insert_with(|| InstanceTag::random(&mut rng()).raw())
}
