//! The key exchange, and what a finished one shows.

use core::ffi::c_uint;
use core::ptr;

use otr::{Event, Output, Version};

use crate::boundary::now;
use crate::fingerprints::otrl_context_find_fingerprint;
use crate::layout::{InsTag, instag};
use crate::proto::{MessageType, message_version};
use crate::receiving::tell_refusal;
use crate::replay::{Caller, FragmentPolicy};
use crate::sending::resend;
use crate::sm::otrl_sm_state_free;

/// What a finished exchange proved.
struct Proved {
    fingerprint: [u8; 20],
    renewed: bool,
}

/// Takes one message of the key exchange. libotr tells of a finished one before it sends its last message.
pub fn handshake(caller: &Caller, at: InsTag, bits: c_uint, kind: MessageType, message: &[u8]) {
    let version = message_version(message);
    let outputs = caller.core(at, bits, |conversation, env| conversation.receive(env, message));
    let outputs = outputs.unwrap_or_default();
    let proved = outputs.iter().find_map(|output| match output {
        Output::Event(Event::Established { fingerprint, .. }) => Some((*fingerprint, false)),
        Output::Event(Event::Renewed { fingerprint, .. }) => Some((*fingerprint, true)),
        _ => None,
    });
    // The C structs hold fingerprints of versions 1 to 3, and no policy of theirs has another.
    let proved = proved.and_then(|(fingerprint, renewed)| {
        let fingerprint = *fingerprint.classic()?;
        Some(Proved { fingerprint, renewed })
    });
    match &proved {
        Some(proved) => go_private(caller, at, proved, kind == MessageType::Signature),
        None => caller.refresh(at),
    }
    for output in outputs {
        match output {
            Output::Send(message) => {
                caller.fragment_and_send(at, &message, FragmentPolicy::All);
                if let Some(version) = version {
                    note_commitment(caller, at, version);
                }
            }
            Output::Event(Event::Refused { reason } | Event::Unreadable { reason }) => {
                tell_refusal(caller, at, reason);
            }
            Output::Event(Event::Reflected) => tell_refusal(caller, at, otr::Reject::Reflected),
            Output::Event(_) | Output::ReplyError(_) => {}
        }
    }
    if proved.is_some() {
        resend(caller, at, bits);
    }
}

/// Notes what libotr notes when a message of the key exchange went out: a version-3 commitment to no device in
/// particular is forgotten after a minute, for which the application's timer runs.
pub fn note_commitment(caller: &Caller, at: InsTag, version: Version) {
    if at != instag::MASTER || version != Version::V3 {
        caller.note_sent(at);
        return;
    }
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    // SAFETY: the context was looked up just now, and so is the user state, which lives as long as the call.
    unsafe {
        (*context).auth.commit_sent_time = now();
        (*context).auth.protocol_version = 3;
        caller.refresh(at);
        if (*caller.user_state()).timer_running == 0 && caller.timer_control(POLL_INTERVAL) {
            (*caller.user_state()).timer_running = 1;
        }
    }
}

fn go_private(caller: &Caller, at: InsTag, proved: &Proved, initiated: bool) {
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    let mut added = 0;
    // SAFETY: the context was looked up just now.
    unsafe { otrl_context_find_fingerprint(context, proved.fingerprint.as_ptr(), 1, &raw mut added) };
    if added != 0 {
        caller.new_fingerprint(proved.fingerprint);
        caller.write_fingerprints();
    }
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    // SAFETY: the context was looked up just now; the state of the comparison belongs to it.
    unsafe {
        (*(*context).context_priv).generation = (*(*context).context_priv).generation.wrapping_add(1);
        (*context).auth.initiated = i32::from(initiated);
        otrl_sm_state_free((*context).smstate);
        ptr::copy_nonoverlapping(
            proved.fingerprint.as_ptr(),
            (&raw mut (*context).auth.their_fingerprint).cast(),
            20,
        );
    }
    caller.refresh(at);
    caller.update_context_list();
    if proved.renewed {
        caller.still_secure(at, initiated);
    } else {
        caller.gone_secure(at);
    }
}

/// What the timer is asked for, in seconds, and how old a commitment may get.
pub const POLL_INTERVAL: u32 = 70;
