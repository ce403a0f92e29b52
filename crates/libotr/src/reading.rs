//! A data message: what it holds, and what libotr tells of it in which order.

use core::ffi::c_uint;

use otr::{ErrorCode, Event, Output, Reject, Tlv};
use zeroize::Zeroizing;

use crate::boundary::now;
use crate::errors::NO_ERROR;
use crate::layout::{InsTag, instag, msg_event, msgstate};
use crate::receiving::{Received, reply_error};
use crate::replay::{Caller, FragmentPolicy};
use crate::smp;

/// A data message that was read, sorted.
#[derive(Default)]
struct Read {
    text: Zeroizing<Vec<u8>>,
    records: Vec<Tlv>,
    extra_key: Option<(u32, Vec<u8>, otr::ExtraKey)>,
    /// Messages and events of the socialist millionaires' protocol, in order.
    comparison: Vec<Output>,
    ended: bool,
}

/// Takes a data message.
pub fn data(caller: &Caller, at: InsTag, bits: c_uint, message: &[u8]) -> Received {
    caller.refresh(at);
    if at == instag::MASTER && !is_private(caller, at) && is_private(caller, instag::BEST) {
        // Without tags, and the private conversation has some: it is for another device of ours.
        let event = msg_event::RCVDMSG_FOR_OTHER_INSTANCE;
        caller.message_event(at, event, None, NO_ERROR);
        return Received::internal();
    }
    let outputs = caller.core(at, bits, |conversation, env| conversation.receive(env, message));
    match sort(caller, at, outputs.unwrap_or_default()) {
        Some(read) => show(caller, at, bits, read),
        None => Received::internal(),
    }
}

/// Sorts what the core gave; `None` if nothing was read, and the application was told why.
fn sort(caller: &Caller, at: InsTag, outputs: Vec<Output>) -> Option<Read> {
    let mut read = None;
    for output in outputs {
        match output {
            Output::Event(Event::Unreadable { reason } | Event::Refused { reason }) => {
                tell_unreadable(caller, at, reason);
            }
            // libotr has words for this error too, and never sends them.
            Output::ReplyError(ErrorCode::NotInPrivate) => {}
            Output::ReplyError(code) => reply_error(caller, at, code),
            Output::Event(event) => take(event, read.get_or_insert_with(Read::default)),
            Output::Send(message) => {
                let read = read.get_or_insert_with(Read::default);
                read.comparison.push(Output::Send(message));
            }
        }
    }
    read
}

fn take(event: Event, read: &mut Read) {
    match event {
        Event::Records { records, .. } => read.records = records,
        Event::ExtraKey { usage, data, key, .. } => read.extra_key = Some((usage, data.into_bytes(), key)),
        Event::PeerEnded { .. } => read.ended = true,
        event @ Event::Smp { .. } => read.comparison.push(Output::Event(event)),
        event => {
            if let Some(text) = text_of(event) {
                read.text = Zeroizing::new(text);
            }
        }
    }
}

/// The text that an event carries: the one place where it leaves the core's type.
fn text_of(event: Event) -> Option<Vec<u8>> {
    match event {
        Event::Text { text, .. } => Some(text.into_bytes()),
        _ => None,
    }
}

fn show(caller: &Caller, at: InsTag, bits: c_uint, read: Read) -> Received {
    if read.ended {
        caller.refresh(at);
    }
    if let Some((usage, data, key)) = &read.extra_key
        && let Ok(key) = key.expose().try_into()
    {
        caller.received_symkey(at, *usage, data, key);
    }
    smp::replay(caller, at, &read.records, read.comparison, read.ended);
    let mut received = Received {
        internal: true,
        text: None,
        records: read.records,
    };
    if read.text.is_empty() {
        caller.message_event(at, msg_event::LOG_HEARTBEAT_RCVD, None, NO_ERROR);
        return received;
    }
    if is_private(caller, at) && silent_for_long(caller, at) {
        heartbeat(caller, at, bits);
    }
    let converted = caller.converted(at, RECEIVING, &read.text);
    received.internal = false;
    received.text = Some(converted.unwrap_or_else(|| read.text.to_vec()));
    received
}

fn heartbeat(caller: &Caller, at: InsTag, bits: c_uint) {
    let whom = otr::Recipient::Tag(otr::InstanceTag::from_raw(at));
    let outputs = caller.core(at, bits, |conversation, env| conversation.heartbeat(env, whom));
    let Some(Ok(outputs)) = outputs else { return };
    for output in outputs {
        if let Output::Send(message) = output {
            caller.fragment_and_send(at, &message, FragmentPolicy::All);
        }
    }
    caller.note_sent(at);
    caller.message_event(at, msg_event::LOG_HEARTBEAT_SENT, None, NO_ERROR);
}

fn tell_unreadable(caller: &Caller, at: InsTag, reason: Reject) {
    let event = match reason {
        Reject::NotPrivate => msg_event::RCVDMSG_NOT_IN_PRIVATE,
        Reject::Malformed => msg_event::RCVDMSG_MALFORMED,
        // Not for the application: a copy, or more than anybody sends.
        Reject::Replayed | Reject::LimitReached | Reject::VersionRefused => return,
        _ => msg_event::RCVDMSG_UNREADABLE,
    };
    caller.message_event(at, event, None, NO_ERROR);
}

fn silent_for_long(caller: &Caller, at: InsTag) -> bool {
    let context = caller.context(at);
    // SAFETY: the context was looked up just now.
    !context.is_null() && unsafe { (*(*context).context_priv).lastsent } < now() - HEARTBEAT_INTERVAL
}

/// Whether a device is shown as private.
pub fn is_private(caller: &Caller, at: InsTag) -> bool {
    state(caller, at) == Some(msgstate::ENCRYPTED)
}

fn state(caller: &Caller, at: InsTag) -> Option<i32> {
    let context = caller.context(at);
    // SAFETY: the context was looked up just now.
    (!context.is_null()).then(|| unsafe { (*context).msgstate })
}

/// OTRL_CONVERT_RECEIVING.
const RECEIVING: i32 = 1;
/// After this silence, in seconds, a text is answered by an empty message.
const HEARTBEAT_INTERVAL: i64 = 60;
