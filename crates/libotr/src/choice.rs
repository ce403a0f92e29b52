//! Which device a meta instance tag stands for (`context.h`).

use core::ptr;

use crate::boundary::guarded;
use crate::context::{family, otrl_context_is_fingerprint_trusted};
use crate::layout::{ConnContext, InsTag, instag, msgstate};

/// The device that a meta tag stands for; NULL for other tags.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_find_recent_instance(
    context: *mut ConnContext,
    recent_instag: InsTag,
) -> *mut ConnContext {
    // SAFETY: the caller gives a context or NULL.
    guarded(ptr::null_mut(), || unsafe {
        recent_instance(context, recent_instag)
    })
}

/// The safest device, and among equals the one heard from last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_find_recent_secure_instance(
    context: *mut ConnContext,
) -> *mut ConnContext {
    // SAFETY: the caller gives a context or NULL.
    guarded(ptr::null_mut(), || unsafe {
        recent_instance(context, instag::BEST)
    })
}

/// The device that a meta tag stands for; NULL for other tags.
///
/// # Safety
/// A live context, or NULL.
pub unsafe fn recent_instance(context: *mut ConnContext, tag: InsTag) -> *mut ConnContext {
    // SAFETY: a live context's master and its children are live.
    unsafe {
        if context.is_null() || (*context).m_context.is_null() {
            return ptr::null_mut();
        }
        let master = (*context).m_context;
        match tag {
            instag::MASTER => master,
            instag::BEST => best(master),
            instag::RECENT => (*master).recent_child,
            instag::RECENT_RECEIVED => (*master).recent_rcvd_child,
            instag::RECENT_SENT => (*master).recent_sent_child,
            _ => ptr::null_mut(),
        }
    }
}

/// # Safety
/// A live master.
unsafe fn best(master: *mut ConnContext) -> *mut ConnContext {
    let mut best = master;
    // SAFETY: the members of a live family are live.
    unsafe {
        for member in family(master).into_iter().skip(1) {
            if rank(member) >= rank(best) {
                best = member;
            }
        }
    }
    best
}

/// Message state, then trust, then when it was heard from.
///
/// # Safety
/// A live context.
unsafe fn rank(context: *mut ConnContext) -> (u8, i32, i64) {
    // SAFETY: a live context; its active fingerprint is one of its master's or NULL.
    unsafe {
        let standing = match (*context).msgstate {
            msgstate::ENCRYPTED => 2,
            msgstate::FINISHED => 1,
            _ => 0,
        };
        let trusted = otrl_context_is_fingerprint_trusted((*context).active_fingerprint);
        let heard = (*context)
            .context_priv
            .as_ref()
            .map_or(0, |private| private.lastrecv);
        (standing, trusted, heard)
    }
}
