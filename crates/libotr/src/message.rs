//! `message.h`: what programs call for each text and each message.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr;

use otr::Output;

use crate::boundary::{give, guarded, owned, text};
use crate::context::otrl_context_find;
use crate::errors::INV_VALUE;
use crate::layout::{
    AddAppData, ConnContext, GcryError, InsTag, OtrlMessageAppOps, OtrlTLV, OtrlUserState, instag, msgstate,
    policy,
};
use crate::mem::{free, malloc_text};
use crate::private_actions::caller;
use crate::receiving::{self, Received, Sender};
use crate::replay::{Caller, FragmentPolicy};
use crate::secured::POLL_INTERVAL;
use crate::tlv::{from_records, to_records};
use crate::{mirror, sending};

/// Frees a message that this library gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_free(message: *mut c_char) {
    // SAFETY: the caller gives up memory from `malloc`, or NULL.
    guarded((), || unsafe { free(message) });
}

/// Takes a text of the person's. `*messagep` NULL: send the text itself; empty: send nothing. An error forbids to
/// send anything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_sending(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    accountname: *const c_char,
    protocol: *const c_char,
    recipient: *const c_char,
    instance: InsTag,
    original_msg: *const c_char,
    tlvs: *mut OtrlTLV,
    messagep: *mut *mut c_char,
    frag_policy: c_int,
    contextp: *mut *mut ConnContext,
    add_appdata: AddAppData,
    data: *mut c_void,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, C strings, a chain of records, and places for the results. Names and
        // text are copied before the first callback.
        unsafe {
            give(messagep, ptr::null_mut());
            give(contextp, ptr::null_mut());
            let names = [owned(recipient), owned(accountname), owned(protocol)];
            let [Some(user), Some(account), Some(protocol)] = names else {
                return INV_VALUE;
            };
            let Some(words) = text(original_msg).map(|words| zeroize::Zeroizing::new(words.to_vec())) else {
                return INV_VALUE;
            };
            if us.is_null() || messagep.is_null() {
                return INV_VALUE;
            }
            let records = to_records(tlvs);
            let caller = Caller::new(us, ops, opdata, [user, account, protocol]);
            let Some(at) = place(&caller, instance, contextp, add_appdata, data) else {
                return INV_VALUE;
            };
            caller.settle_our_tag(at);
            let how = FragmentPolicy::from_c(frag_policy);
            let (message, error) = sending::send(&caller, at, &words, &records, how);
            caller.refresh(at);
            // A callback may have forgotten it.
            give(contextp, caller.context(at));
            if let Some(message) = message {
                messagep.write(malloc_text(&message));
            }
            error
        }
    })
}

/// Takes a message from the carrier. 1: nothing of it is for the person. 0 and `*newmessagep` NULL: show the message
/// itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_receiving(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    accountname: *const c_char,
    protocol: *const c_char,
    sender: *const c_char,
    message: *const c_char,
    newmessagep: *mut *mut c_char,
    tlvsp: *mut *mut OtrlTLV,
    contextp: *mut *mut ConnContext,
    add_appdata: AddAppData,
    data: *mut c_void,
) -> c_int {
    guarded(1, || {
        // SAFETY: the caller gives a user state, C strings and places for the results. Names and message are copied
        // before the first callback.
        unsafe {
            give(newmessagep, ptr::null_mut());
            give(tlvsp, ptr::null_mut());
            give(contextp, ptr::null_mut());
            let names = [owned(sender), owned(accountname), owned(protocol)];
            let [Some(user), Some(account), Some(protocol)] = names else {
                return 0;
            };
            let Some(bytes) = text(message).map(<[u8]>::to_vec) else {
                return 0;
            };
            if us.is_null() || newmessagep.is_null() {
                return 0;
            }
            let caller = Caller::new(us, ops, opdata, [user, account, protocol]);
            let received = receive(&caller, &bytes, contextp, add_appdata, data);
            if let Some(text) = &received.text {
                newmessagep.write(malloc_text(text));
            }
            if !received.records.is_empty() && !tlvsp.is_null() {
                tlvsp.write(from_records(&received.records));
            }
            c_int::from(received.internal)
        }
    })
}

/// Ends the private conversation with one device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_disconnect(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    accountname: *const c_char,
    protocol: *const c_char,
    username: *const c_char,
    instance: InsTag,
) {
    guarded((), || {
        // SAFETY: the caller gives a user state and C strings, which are copied before the first callback.
        unsafe {
            if let Some(caller) = caller(us, ops, opdata, [username, accountname, protocol]) {
                let context = caller.context(instance);
                if !context.is_null() {
                    disconnect(&caller, (*context).their_instance);
                }
            }
        }
    });
}

/// Ends the private conversations with all devices of a correspondent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_disconnect_all_instances(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    accountname: *const c_char,
    protocol: *const c_char,
    username: *const c_char,
) {
    guarded((), || {
        // SAFETY: the caller gives a user state and C strings, which are copied before the first callback. Devices are
        // named by their tags: callbacks may free contexts.
        unsafe {
            if let Some(caller) = caller(us, ops, opdata, [username, accountname, protocol]) {
                let master = caller.context(instag::MASTER);
                if master.is_null() {
                    return;
                }
                let members = crate::context::family(master);
                let tags: Vec<InsTag> = members.iter().map(|&member| (*member).their_instance).collect();
                for at in tags {
                    disconnect(&caller, at);
                }
            }
        }
    });
}

/// How often to poll without `timer_control`, in seconds.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_message_poll_get_default_interval(_us: *mut OtrlUserState) -> c_uint {
    POLL_INTERVAL
}

/// Forgets commitments that nobody answered for a minute; stops the timer when none is left. The callbacks may be
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_message_poll(
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
) {
    guarded((), || {
        if us.is_null() {
            return;
        }
        // SAFETY: the caller gives a user state; nothing is held over the one callback at the end.
        unsafe {
            let mut waiting = false;
            for context in crate::list::entries((*us).context_root) {
                if (*context).auth.commit_sent_time == 0 {
                    continue;
                }
                if (*context).auth.commit_sent_time < crate::boundary::now() - MAX_COMMIT_AGE {
                    // The core has an age of its own for it, and answers nobody with it any more.
                    (*context).auth.commit_sent_time = 0;
                    mirror::refresh(context);
                } else {
                    waiting = true;
                }
            }
            if !waiting {
                (*us).timer_running = 0;
                if let Some(control) = ops.as_ref().and_then(|ops| ops.timer_control) {
                    control(opdata, 0);
                }
            }
        }
    });
}

/// Finds the context of a text or message, and tells of a new one.
///
/// # Safety
/// As the two callers.
unsafe fn place(
    caller: &Caller,
    instance: InsTag,
    contextp: *mut *mut ConnContext,
    add_appdata: AddAppData,
    data: *mut c_void,
) -> Option<InsTag> {
    // SAFETY: the caller's promise; the context is looked up again after the callbacks.
    unsafe {
        let mut added = 0;
        let [user, account, protocol] = caller.names();
        let us = caller.user_state();
        let place = &raw mut added;
        let context = otrl_context_find(us, user, account, protocol, instance, 1, place, add_appdata, data);
        let at = context.as_ref()?.their_instance;
        if added != 0 {
            caller.update_context_list();
        }
        let context = caller.context(at);
        give(contextp, context);
        (!context.is_null()).then_some(at)
    }
}

/// # Safety
/// As [`otrl_message_receiving`].
unsafe fn receive(
    caller: &Caller,
    message: &[u8],
    contextp: *mut *mut ConnContext,
    add_appdata: AddAppData,
    data: *mut c_void,
) -> Received {
    // SAFETY: the caller's promise.
    unsafe {
        let unseen = ptr::null_mut::<*mut ConnContext>();
        if place(caller, instag::MASTER, unseen, add_appdata, data).is_none() {
            return Received::internal();
        }
        caller.settle_our_tag(instag::MASTER);
        let bits = caller.policy(instag::MASTER);
        let best = caller.context(instag::BEST);
        let open = !best.is_null() && (*best).msgstate != msgstate::PLAINTEXT;
        if bits & policy::VERSION_MASK == 0 && !open {
            return Received::untouched();
        }
        let Sender::Device(device) = receiving::sender(caller, message) else {
            return Received::internal();
        };
        let waits_at = if receiving::is_piece(message) {
            device
        } else {
            instag::MASTER
        };
        // libotr makes the context of a device without a word when a piece is the first of it.
        let [user, account, protocol] = caller.names();
        let us = caller.user_state();
        otrl_context_find(
            us,
            user,
            account,
            protocol,
            waits_at,
            1,
            unseen.cast(),
            add_appdata,
            data,
        );
        let Some(message) = receiving::whole(caller, waits_at, message) else {
            return Received::internal();
        };
        if !receiving::version_allowed(caller, bits, &message) {
            return Received::internal();
        }
        let device = match receiving::sender(caller, &message) {
            Sender::Nobody => return Received::internal(),
            // A whole message without tags belongs to the device whose pieces it came in.
            Sender::Device(instag::MASTER) => device,
            Sender::Device(device) => device,
        };
        let Some(at) = place(caller, device, contextp, add_appdata, data) else {
            return Received::internal();
        };
        caller.settle_our_tag(at);
        let received = receiving::receive(caller, at, bits, &message);
        caller.refresh(at);
        // A callback may have forgotten it.
        give(contextp, caller.context(at));
        received
    }
}

fn disconnect(caller: &Caller, at: InsTag) {
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    caller.refresh(at);
    let whom = otr::Recipient::Tag(otr::InstanceTag::from_raw(at));
    // SAFETY: the context was looked up just now.
    let was_private = unsafe { (*context).msgstate } == msgstate::ENCRYPTED;
    let tell = was_private && caller.is_logged_in();
    let outputs = caller.core(at, policy::DEFAULT, |conversation, env| {
        mirror::end(conversation, env, whom)
    });
    if tell {
        for output in outputs.unwrap_or_default() {
            if let Output::Send(message) = output {
                caller.fragment_and_send(at, &message, FragmentPolicy::All);
            }
        }
    }
    let context = caller.context(at);
    if !context.is_null() {
        // SAFETY: the context was looked up just now.
        unsafe { mirror::force(context, msgstate::PLAINTEXT) };
    }
    caller.update_context_list();
}

/// A commitment older than this, in seconds, is forgotten by the poll.
const MAX_COMMIT_AGE: i64 = 60;
