//! The keys that a correspondent has shown (`context.h`): a list on the master, newest first.

use core::ffi::{c_char, c_int, c_uchar};
use core::ptr;

use crate::boundary::{block, give, guarded, text};
use crate::context::{FingerprintBytes, family, otrl_context_forget};
use crate::layout::{ConnContext, Fingerprint, msgstate};
use crate::list;
use crate::mem::{free, malloc_bytes, malloc_text};

/// A fingerprint of a context's correspondent; made if it is missing and `add_if_missing` is not zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_find_fingerprint(
    context: *mut ConnContext,
    fingerprint: *const c_uchar,
    add_if_missing: c_int,
    addedp: *mut c_int,
) -> *mut Fingerprint {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a context, twenty bytes and a place for the answer.
        unsafe {
            give(addedp, 0);
            if context.is_null() || fingerprint.is_null() || (*context).m_context.is_null() {
                return ptr::null_mut();
            }
            let master = (*context).m_context;
            let bytes = block(fingerprint, 20);
            let root = root_of(master);
            let known = list::entries((*root).next);
            let found = known
                .into_iter()
                .find(|&known| block((*known).fingerprint, 20) == bytes);
            if let Some(found) = found {
                return found;
            }
            if add_if_missing == 0 {
                return ptr::null_mut();
            }
            let made = Box::into_raw(Box::new(Fingerprint {
                next: ptr::null_mut(),
                tous: ptr::null_mut(),
                fingerprint: malloc_bytes(bytes),
                context: master,
                trust: ptr::null_mut(),
            }));
            list::insert(&raw mut (*root).next, made);
            give(addedp, 1);
            made
        }
    })
}

/// Sets the trust in a fingerprint; NULL takes it away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_set_trust(fingerprint: *mut Fingerprint, trust: *const c_char) {
    guarded((), || {
        if fingerprint.is_null() {
            return;
        }
        // SAFETY: the caller gives a fingerprint and a C string or NULL, which may be the present trust: it
        // is copied before that is freed. Applications free and replace the trust themselves, with malloc.
        unsafe {
            let copy = text(trust).map_or(ptr::null_mut(), malloc_text);
            free((*fingerprint).trust);
            (*fingerprint).trust = copy;
        }
    });
}

/// Forgets a fingerprint that no device proves just now; and the context, if wanted, when that was its last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_forget_fingerprint(
    fingerprint: *mut Fingerprint,
    and_maybe_context: c_int,
) {
    guarded((), || {
        if fingerprint.is_null() {
            return;
        }
        // SAFETY: the caller gives up a fingerprint, or gives the root of a context's list.
        unsafe {
            let context = (*fingerprint).context;
            if context.is_null() {
                return;
            }
            if fingerprint == root_of(context) {
                if and_maybe_context != 0 {
                    otrl_context_forget(context);
                }
                return;
            }
            let in_use = |&&member: &&*mut ConnContext| (*member).active_fingerprint == fingerprint;
            if family(context).iter().any(|member| in_use(&member)) {
                return;
            }
            list::remove(fingerprint);
            release(fingerprint);
            let plaintext = (*context).msgstate == msgstate::PLAINTEXT;
            if plaintext && and_maybe_context != 0 && (*root_of(context)).next.is_null() {
                otrl_context_forget(context);
            }
        }
    });
}

/// The root of a context's list, which is no fingerprint.
///
/// # Safety
/// A live context.
pub unsafe fn root_of(context: *mut ConnContext) -> *mut Fingerprint {
    // SAFETY: only the address of a field of a live context.
    unsafe { &raw mut (*context).fingerprint_root }
}

/// Forgets all that stand behind a root.
///
/// # Safety
/// The root of a list that nobody uses any more.
pub unsafe fn forget_fingerprints(root: *mut Fingerprint) {
    // SAFETY: each entry leaves the list before its memory goes.
    unsafe {
        for fingerprint in list::entries((*root).next) {
            list::remove(fingerprint);
            release(fingerprint);
        }
    }
}

/// The twenty bytes of a fingerprint.
///
/// # Safety
/// A live fingerprint, or NULL.
pub unsafe fn bytes_of(fingerprint: *mut Fingerprint) -> Option<FingerprintBytes> {
    // SAFETY: a live fingerprint has twenty bytes or NULL.
    unsafe {
        let fingerprint = fingerprint.as_ref()?;
        block(fingerprint.fingerprint, 20).try_into().ok()
    }
}

/// # Safety
/// A fingerprint that is in no list, and that the caller gives up.
unsafe fn release(fingerprint: *mut Fingerprint) {
    // SAFETY: its memory is its own.
    unsafe {
        free((*fingerprint).fingerprint);
        free((*fingerprint).trust);
        drop(Box::from_raw(fingerprint));
    }
}
