//! `context.h`: the list of contexts, a master for each correspondent and a child for each of their devices.

use core::cmp::Ordering;
use core::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use core::ptr;

use crate::boundary::{give, guarded, text};
use crate::choice::recent_instance;
use crate::fingerprints::{forget_fingerprints, root_of};
use crate::instag::otrl_instag_find;
use crate::layout::{
    AddAppData, ConnContext, DhKeypair, Fingerprint, InsTag, OtrlAuthInfo, OtrlUserState, instag, msgstate,
    offer,
};
use crate::list;
use crate::mem::{free, free_wiped, malloc_text};
use crate::mirror;
use crate::sm::new_sm_state;

/// More devices of one correspondent are not shown: whoever can write into the carrier can make them up.
pub const MAX_CHILDREN: usize = 64;

/// The context of a correspondent, by instance tag or by the name of a choice; made if it is missing and
/// `add_if_missing` is not zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_find(
    us: *mut OtrlUserState,
    user: *const c_char,
    accountname: *const c_char,
    protocol: *const c_char,
    their_instance: InsTag,
    add_if_missing: c_int,
    addedp: *mut c_int,
    add_app_data: AddAppData,
    data: *mut c_void,
) -> *mut ConnContext {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a user state, three C strings and a place for the answer. The strings may
        // be those of a context: they are read before anything is freed, and nothing is freed here.
        unsafe {
            give(addedp, 0);
            if us.is_null() || user.is_null() || accountname.is_null() || protocol.is_null() {
                return ptr::null_mut();
            }
            let names = Names {
                user: CStr::from_ptr(user),
                account: CStr::from_ptr(accountname),
                protocol: CStr::from_ptr(protocol),
            };
            let added = Added {
                place: addedp,
                add_app_data,
                data,
            };
            if their_instance > 0 && their_instance < instag::MIN_VALID {
                let master = find(us, names, instag::MASTER, add_if_missing != 0, &added);
                return recent_instance(master, their_instance);
            }
            find(us, names, their_instance, add_if_missing != 0, &added)
        }
    })
}

/// The names that say whose context it is.
#[derive(Clone, Copy)]
struct Names<'a> {
    user: &'a CStr,
    account: &'a CStr,
    protocol: &'a CStr,
}

/// Who is told of a new context.
struct Added {
    place: *mut c_int,
    add_app_data: AddAppData,
    data: *mut c_void,
}

/// # Safety
/// A live user state.
unsafe fn find(
    us: *mut OtrlUserState,
    names: Names<'_>,
    instance: InsTag,
    add: bool,
    added: &Added,
) -> *mut ConnContext {
    // SAFETY: the contexts of a live user state; places in the list are only kept while no C code runs.
    unsafe {
        let (place, found) = place_of(us, names, instance);
        if !found.is_null() || !add {
            return found;
        }
        if instance != instag::MASTER && children(us, names) >= MAX_CHILDREN {
            return ptr::null_mut();
        }
        let context = new_context(names, instance);
        list::insert(place, context);
        let tag = otrl_instag_find(us, (*context).accountname, (*context).protocol);
        if !tag.is_null() {
            (*context).our_instance = (*tag).instag;
        }
        give(added.place, 1);
        if let Some(add_app_data) = added.add_app_data {
            add_app_data(added.data, context);
        }
        if instance != instag::MASTER {
            // The callback may have changed the list: look again.
            let context = place_of(us, names, instance).1;
            if context.is_null() {
                return context;
            }
            let master = find(us, names, instag::MASTER, true, added);
            let context = place_of(us, names, instance).1;
            if !context.is_null() {
                (*context).m_context = master;
                if !master.is_null() && (*context).our_instance == 0 {
                    (*context).our_instance = (*master).our_instance;
                }
            }
            return context;
        }
        place_of(us, names, instance).1
    }
}

/// Where a context stands, or would stand, and the context itself, or NULL.
///
/// # Safety
/// A live user state.
unsafe fn place_of(
    us: *mut OtrlUserState,
    names: Names<'_>,
    instance: InsTag,
) -> (*mut *mut ConnContext, *mut ConnContext) {
    // SAFETY: every entry of the list is live and has its three names.
    unsafe {
        let mut place = &raw mut (*us).context_root;
        while !(*place).is_null() {
            let context = *place;
            let order = compare((*context).username, names.user)
                .then_with(|| compare((*context).accountname, names.account))
                .then_with(|| compare((*context).protocol, names.protocol))
                .then_with(|| (*context).their_instance.cmp(&instance));
            match order {
                Ordering::Less => place = &raw mut (*context).next,
                Ordering::Equal => return (place, context),
                Ordering::Greater => break,
            }
        }
        (place, ptr::null_mut())
    }
}

/// The order of two names. Every call looks contexts up a dozen times: neither is measured first.
///
/// # Safety
/// A C string.
unsafe fn compare(name: *const c_char, wanted: &CStr) -> Ordering {
    // SAFETY: two C strings.
    unsafe { libc::strcmp(name, wanted.as_ptr()) }.cmp(&0)
}

/// # Safety
/// A live user state.
unsafe fn children(us: *mut OtrlUserState, names: Names<'_>) -> usize {
    // SAFETY: every entry of the list is live and has its three names.
    unsafe {
        let contexts = list::entries((*us).context_root);
        let ours = |&&context: &&*mut ConnContext| {
            CStr::from_ptr((*context).username) == names.user
                && CStr::from_ptr((*context).accountname) == names.account
                && CStr::from_ptr((*context).protocol) == names.protocol
        };
        contexts.iter().filter(ours).count().saturating_sub(1)
    }
}

fn new_context(names: Names<'_>, instance: InsTag) -> *mut ConnContext {
    let context = Box::into_raw(Box::new(ConnContext {
        next: ptr::null_mut(),
        tous: ptr::null_mut(),
        context_priv: mirror::new_private(),
        username: malloc_text(names.user.to_bytes()),
        accountname: malloc_text(names.account.to_bytes()),
        protocol: malloc_text(names.protocol.to_bytes()),
        m_context: ptr::null_mut(),
        recent_rcvd_child: ptr::null_mut(),
        recent_sent_child: ptr::null_mut(),
        recent_child: ptr::null_mut(),
        our_instance: 0,
        their_instance: instance,
        msgstate: msgstate::PLAINTEXT,
        auth: new_auth(),
        fingerprint_root: Fingerprint {
            next: ptr::null_mut(),
            tous: ptr::null_mut(),
            fingerprint: ptr::null_mut(),
            context: ptr::null_mut(),
            trust: ptr::null_mut(),
        },
        active_fingerprint: ptr::null_mut(),
        sessionid: [0; 20],
        sessionid_len: 0,
        sessionid_half: 0,
        protocol_version: 0,
        otr_offer: offer::NOT,
        app_data: ptr::null_mut(),
        app_data_free: None,
        smstate: new_sm_state(),
    }));
    // SAFETY: just made, and nobody else knows of it.
    unsafe {
        (*context).auth.context = context;
        (*context).fingerprint_root.context = context;
        if instance == instag::MASTER {
            (*context).m_context = context;
            (*context).recent_rcvd_child = context;
            (*context).recent_sent_child = context;
            (*context).recent_child = context;
        }
    }
    context
}

/// The state of an exchange in which nothing has happened.
pub fn new_auth() -> OtrlAuthInfo {
    OtrlAuthInfo {
        authstate: 0,
        context: ptr::null_mut(),
        our_dh: DhKeypair {
            groupid: 0,
            private: ptr::null_mut(),
            public: ptr::null_mut(),
        },
        our_keyid: 0,
        encgx: ptr::null_mut(),
        encgx_len: 0,
        r: [0; 16],
        hashgx: [0; 32],
        their_pub: ptr::null_mut(),
        their_keyid: 0,
        enc_c: ptr::null_mut(),
        enc_cp: ptr::null_mut(),
        mac_m1: ptr::null_mut(),
        mac_m1p: ptr::null_mut(),
        mac_m2: ptr::null_mut(),
        mac_m2p: ptr::null_mut(),
        their_fingerprint: [0; 20],
        initiated: 0,
        protocol_version: 0,
        secure_session_id: [0; 20],
        secure_session_id_len: 0,
        session_id_half: 0,
        lastauthmsg: ptr::null_mut(),
        commit_sent_time: 0,
    }
}

/// Notes on the master which device was heard from or written to last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_update_recent_child(context: *mut ConnContext, sent_msg: c_uint) {
    guarded((), || {
        // SAFETY: the caller gives a context; its master lives as long as it does.
        unsafe {
            if context.is_null() || (*context).m_context.is_null() {
                return;
            }
            let master = (*context).m_context;
            if sent_msg != 0 {
                (*master).recent_sent_child = context;
            } else {
                (*master).recent_rcvd_child = context;
            }
            (*master).recent_child = context;
        }
    });
}

/// The context that is as if the other side had ended the private conversation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_force_finished(context: *mut ConnContext) {
    // SAFETY: the caller gives a context.
    guarded((), || unsafe { mirror::force(context, msgstate::FINISHED) });
}

/// The context that is as if nothing private had been. Nobody is told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_force_plaintext(context: *mut ConnContext) {
    // SAFETY: the caller gives a context.
    guarded((), || unsafe { mirror::force(context, msgstate::PLAINTEXT) });
}

/// Forgets a context and, with a master, its children. Returns 1, and does nothing, if any is not plaintext.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_forget(context: *mut ConnContext) -> c_int {
    guarded(1, || {
        // SAFETY: the caller gives up a context.
        unsafe {
            if context.is_null() {
                return 0;
            }
            if family(context)
                .iter()
                .any(|&member| (*member).msgstate != msgstate::PLAINTEXT)
            {
                return 1;
            }
            forget(context);
        }
        0
    })
}

/// Forgets every context, whatever its state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_forget_all(us: *mut OtrlUserState) {
    guarded((), || {
        // SAFETY: the caller gives a user state; the root is read anew after each context.
        unsafe {
            while !us.is_null() && !(*us).context_root.is_null() {
                forget((*us).context_root);
            }
        }
    });
}

/// Whether a fingerprint has a trust that is not empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_is_fingerprint_trusted(fingerprint: *mut Fingerprint) -> c_int {
    guarded(0, || {
        // SAFETY: the caller gives a fingerprint or NULL; its trust is a C string or NULL.
        unsafe {
            let trust = fingerprint
                .as_ref()
                .and_then(|fingerprint| text(fingerprint.trust));
            c_int::from(trust.is_some_and(|trust| !trust.is_empty()))
        }
    })
}

/// A context, and behind a master its children.
///
/// # Safety
/// A live context.
pub unsafe fn family(context: *mut ConnContext) -> Vec<*mut ConnContext> {
    let mut members = vec![context];
    // SAFETY: the list behind a live context is live, and a master's children come directly behind it.
    unsafe {
        if (*context).m_context == context {
            let mut next = (*context).next;
            while !next.is_null() && (*next).m_context == context {
                members.push(next);
                next = (*next).next;
            }
        }
    }
    members
}

/// # Safety
/// A context that the caller gives up, with its children.
unsafe fn forget(context: *mut ConnContext) {
    // SAFETY: children go first; each leaves the list before its memory goes, and its master forgets it.
    unsafe {
        for child in family(context).into_iter().skip(1).rev() {
            forget(child);
        }
        let master = (*context).m_context;
        if !master.is_null() && master != context {
            for place in [
                &raw mut (*master).recent_rcvd_child,
                &raw mut (*master).recent_sent_child,
                &raw mut (*master).recent_child,
            ] {
                if *place == context {
                    *place = master;
                }
            }
        }
        list::remove(context);
        forget_fingerprints(root_of(context));
        mirror::free_private((*context).context_priv);
        free_wiped((*context).auth.lastauthmsg);
        free((*context).username);
        free((*context).accountname);
        free((*context).protocol);
        drop(Box::from_raw((*context).smstate));
        let (app_data, app_data_free) = ((*context).app_data, (*context).app_data_free);
        drop(Box::from_raw(context));
        if let Some(app_data_free) = app_data_free
            && !app_data.is_null()
        {
            app_data_free(app_data);
        }
    }
}

/// The fingerprint's bytes.
pub type FingerprintBytes = [c_uchar; 20];
