//! `message.h`: what a person does inside a private conversation: comparing secrets, the extra symmetric key.

use core::ffi::{c_char, c_uchar, c_uint, c_void};
use core::ptr;

use otr::Output;

use crate::boundary::{block, guarded, owned, text};
use crate::errors::{INV_VALUE, NO_ERROR};
use crate::layout::{ConnContext, GcryError, InsTag, OtrlMessageAppOps, OtrlUserState, msgstate, policy};
use crate::mirror;
use crate::replay::{Caller, FragmentPolicy};
use crate::smp::{self, Action};

/// Begins to compare secrets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_initiate_smp(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
    secret: *const c_uchar,
    secretlen: usize,
) {
    // SAFETY: the caller gives a user state, a context and a readable block.
    unsafe { otrl_message_initiate_smp_q(us, ops, opdata, context, ptr::null(), secret, secretlen) };
}

/// Begins to compare secrets, with a question for the other side; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_initiate_smp_q(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
    question: *const c_char,
    secret: *const c_uchar,
    secretlen: usize,
) {
    guarded((), || {
        // SAFETY: the caller gives a user state, a context, a readable block and a C string or NULL.
        unsafe {
            let action = Action::Start {
                secret: block(secret, secretlen),
                question: text(question),
            };
            act(us, ops, opdata, context, &action);
        }
    });
}

/// Answers the other side, who has asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_respond_smp(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
    secret: *const c_uchar,
    secretlen: usize,
) {
    guarded((), || {
        // SAFETY: the caller gives a user state, a context and a readable block.
        unsafe {
            let action = Action::Answer {
                secret: block(secret, secretlen),
            };
            act(us, ops, opdata, context, &action);
        }
    });
}

/// Gives up comparing secrets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_abort_smp(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
) {
    // SAFETY: the caller gives a user state and a context.
    guarded((), || unsafe { act(us, ops, opdata, context, &Action::Abort) });
}

/// Announces a use of the extra symmetric key, and gives the key: 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_symkey(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
    usage: c_uint,
    usedata: *const c_uchar,
    usedatalen: usize,
    symkey: *mut c_uchar,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, a context, a readable block and room for the key.
        unsafe {
            let Some((caller, at)) = of_context(us, ops, opdata, context) else {
                return INV_VALUE;
            };
            if (usedata.is_null() && usedatalen > 0)
                || symkey.is_null()
                || (*context).msgstate != msgstate::ENCRYPTED
            {
                return INV_VALUE;
            }
            let whom = mirror::recipient(context);
            let data = block(usedata, usedatalen);
            let used = caller.core(at, policy::DEFAULT, |conversation, env| {
                conversation.use_extra_key(env, whom, usage, data)
            });
            let Some(Ok((outputs, key))) = used else {
                return INV_VALUE;
            };
            // There is no version 4 here, whose keys are longer.
            let Ok(key) = <[u8; 32]>::try_from(key.expose()) else {
                return INV_VALUE;
            };
            symkey.cast::<[u8; 32]>().write(key);
            for output in outputs {
                if let Output::Send(message) = output {
                    caller.fragment_and_send(at, &message, FragmentPolicy::All);
                    caller.note_sent(at);
                }
            }
            NO_ERROR
        }
    })
}

/// # Safety
/// A user state, a context and a table of callbacks or NULL.
unsafe fn act(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
    action: &Action<'_>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some((caller, at)) = of_context(us, ops, opdata, context) {
            smp::act(&caller, at, policy::DEFAULT, action);
        }
    }
}

/// # Safety
/// A user state, a context and a table of callbacks or NULL.
unsafe fn of_context(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    context: *mut ConnContext,
) -> Option<(Caller, InsTag)> {
    // SAFETY: the caller's promise.
    unsafe {
        let context = context.as_ref()?;
        let caller = caller(
            us,
            ops,
            opdata,
            [context.username, context.accountname, context.protocol],
        )?;
        Some((caller, context.their_instance))
    }
}

/// The caller of a function that names a correspondent.
///
/// # Safety
/// A user state, C strings and a table of callbacks or NULL.
pub unsafe fn caller(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    names: [*const c_char; 3],
) -> Option<Caller> {
    // SAFETY: the caller's promise.
    unsafe {
        let [Some(user), Some(account), Some(protocol)] = names.map(|name| owned(name)) else {
            return None;
        };
        (!us.is_null()).then(|| Caller::new(us, ops, opdata, [user, account, protocol]))
    }
}
