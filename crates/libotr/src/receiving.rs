//! A message from the carrier.

use core::ffi::c_uint;
use std::borrow::Cow;

use otr::{ErrorCode, Event, Output, Reject, Version};

use crate::boundary::now;
use crate::context::{family, otrl_context_update_recent_child};
use crate::errors::{INV_VALUE, NO_ERROR};
use crate::fragment::{Accumulated, accumulate};
use crate::layout::{ConnContext, InsTag, instag, msg_event, msgstate, offer, policy};
use crate::proto::{
    MessageType, default_query, first_tag, instance_tags, is_device, message_type, message_version,
    otr_start, query_version, versions_of,
};
use crate::reading;
use crate::replay::{Caller, FragmentPolicy};
use crate::secured;
use crate::sending::mark_possibly_lost;

/// What the application gets.
pub struct Received {
    /// Nothing of it is for the person.
    pub internal: bool,
    /// What to show in place of the message; `None` for the message itself.
    pub text: Option<Vec<u8>>,
    /// The records of a private message.
    pub records: Vec<otr::Tlv>,
}

impl Received {
    /// The message itself is for the person.
    pub fn untouched() -> Self {
        Self {
            internal: false,
            text: None,
            records: Vec::new(),
        }
    }

    /// Nothing is for the person.
    pub fn internal() -> Self {
        Self {
            internal: true,
            ..Self::untouched()
        }
    }
}

/// Which device a message is from, or why it goes no further.
pub enum Sender {
    /// This one: the master for messages without tags.
    Device(InsTag),
    /// It is not for us, or from nobody; the application was told.
    Nobody,
}

fn is_fragment(message: &[u8]) -> bool {
    otr_start(message).is_some_and(|start| matches!(start.get(4), Some(b'|' | b',')))
}

/// Whether a message is a piece of one with tags.
pub fn is_piece(message: &[u8]) -> bool {
    otr_start(message).is_some_and(|start| start.starts_with(b"?OTR|"))
}

/// Decides by the tags of a version-3 message who sent it.
pub fn sender(caller: &Caller, message: &[u8]) -> Sender {
    let Some(start) = otr_start(message) else {
        return Sender::Device(instag::MASTER);
    };
    let kind = message_type(message);
    let is_piece = is_piece(start);
    if !is_piece && message_version(message) != Some(Version::V3) {
        return Sender::Device(instag::MASTER);
    }
    let master = caller.context(instag::MASTER);
    if master.is_null() {
        return Sender::Nobody;
    }
    // SAFETY: the context was looked up just now.
    let ours = unsafe { (*master).our_instance };
    let event = match instance_tags(message) {
        _ if kind == MessageType::Unknown && !is_piece => msg_event::RCVDMSG_MALFORMED,
        None => msg_event::RCVDMSG_MALFORMED,
        Some((from, _)) if !is_device(from) => msg_event::RCVDMSG_MALFORMED,
        Some((_, to)) if to != 0 && !is_device(to) => msg_event::RCVDMSG_MALFORMED,
        Some((_, to)) if to != ours && (to != 0 || !(is_piece || kind == MessageType::DhCommit)) => {
            msg_event::RCVDMSG_FOR_OTHER_INSTANCE
        }
        Some((from, _)) if from == ours => msg_event::MSG_REFLECTED,
        Some((from, _)) => return Sender::Device(from),
    };
    caller.message_event(instag::MASTER, event, None, NO_ERROR);
    if event == msg_event::RCVDMSG_MALFORMED {
        reply_error(caller, instag::MASTER, ErrorCode::Malformed);
    }
    Sender::Nobody
}

/// Adds a piece to what is there of its device's message; the message itself if it is none.
pub fn whole<'a>(caller: &Caller, device: InsTag, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let context = caller.context(device);
    if context.is_null() {
        return None;
    }
    // SAFETY: the context was looked up just now.
    if is_fragment(message) && unsafe { held_in_pieces(context) } + message.len() > MAX_HELD {
        return None;
    }
    // SAFETY: the context was looked up just now.
    match unsafe { accumulate((*context).context_priv, message) } {
        Accumulated::Whole => Some(Cow::Borrowed(message)),
        Accumulated::Incomplete => None,
        Accumulated::Complete(whole) => Some(Cow::Owned(whole)),
    }
}

/// The bytes that all devices of a correspondent have in pieces.
///
/// # Safety
/// A live context.
unsafe fn held_in_pieces(context: *mut ConnContext) -> usize {
    // SAFETY: the family of a live context lives as long as its master.
    unsafe {
        let master = (*context).m_context.as_mut();
        family(master.map_or(context, |master| &raw mut *master))
            .iter()
            .map(|&member| (*(*member).context_priv).fragment_len)
            .sum()
    }
}

/// Whether a message's version is one that the policy allows, or that of a private conversation it belongs to.
pub fn version_allowed(caller: &Caller, bits: c_uint, message: &[u8]) -> bool {
    let Some(version) = message_version(message) else {
        return true;
    };
    let at = if version == Version::V3 {
        instag::BEST
    } else {
        instag::MASTER
    };
    let context = caller.context(at);
    let number = u32::from(version.number());
    // SAFETY: the context was looked up just now.
    let private = !context.is_null()
        && unsafe { (*context).msgstate == msgstate::ENCRYPTED && (*context).protocol_version == number };
    let goes_on = private && message_type(message) == MessageType::Data;
    goes_on || versions_of(bits).contains(version)
}

/// Takes a whole message from a device whose context is there.
pub fn receive(caller: &Caller, at: InsTag, bits: c_uint, message: &[u8]) -> Received {
    let context = caller.context(at);
    if context.is_null() {
        return Received::internal();
    }
    // SAFETY: the context was looked up just now.
    unsafe {
        (*(*context).context_priv).lastrecv = now();
        otrl_context_update_recent_child(context, 0);
    }
    let kind = message_type(message);
    note_offer(caller, bits, kind);
    let start = otr_start(message).unwrap_or(message);
    match kind {
        MessageType::Query => {
            if let Some(version) = query_version(message, bits) {
                begin(caller, instag::MASTER, bits, version);
            }
            Received::internal()
        }
        MessageType::DhCommit => {
            secured::handshake(caller, at, bits, kind, start);
            Received::internal()
        }
        MessageType::DhKey | MessageType::RevealSig | MessageType::Signature | MessageType::V1KeyExchange => {
            if kind == MessageType::Signature || caller.has_key() {
                secured::handshake(caller, at, bits, kind, start);
            }
            Received::internal()
        }
        MessageType::Data => reading::data(caller, at, bits, start),
        MessageType::Error => error(caller, at, bits, start),
        MessageType::TaggedPlaintext | MessageType::NotOtr => plaintext(caller, at, bits, message),
        MessageType::Unknown => {
            caller.message_event(at, msg_event::RCVDMSG_UNRECOGNIZED, None, NO_ERROR);
            Received::internal()
        }
    }
}

/// Sends the first message of a key exchange, at the core's discretion.
fn begin(caller: &Caller, at: InsTag, bits: c_uint, version: Version) {
    if version == Version::V1 && !caller.has_key() {
        return;
    }
    // The core judges queries: how often, and whether the version would fall.
    let query = otr::wire::discovery::query(otr::Versions::NONE.with(version), b"");
    let outputs = caller.core(at, bits, |conversation, env| conversation.receive(env, &query));
    for output in outputs.unwrap_or_default() {
        if let Output::Send(message) = output {
            caller.refresh(at);
            caller.fragment_and_send(at, &message, FragmentPolicy::All);
            secured::note_commitment(caller, at, version);
        }
    }
}

fn error(caller: &Caller, at: InsTag, bits: c_uint, start: &[u8]) -> Received {
    mark_possibly_lost(caller, at);
    if bits & policy::ERROR_START_AKE != 0 {
        // The core is asked only whether another answer may go out.
        let query = b"?OTRv?";
        let allowed = caller.core(at, bits, |conversation, env| {
            let outputs = conversation.receive(env, query);
            !outputs.iter().any(|output| {
                let limit = Reject::LimitReached;
                matches!(output, Output::Event(Event::Refused { reason }) if *reason == limit)
            })
        });
        if allowed == Some(true) {
            caller.inject(&default_query(caller.account_name(), bits));
        }
    }
    let Some(words) = start.strip_prefix(b"?OTR Error: ") else {
        return Received::untouched();
    };
    caller.message_event(at, msg_event::RCVDMSG_GENERAL_ERR, Some(words), NO_ERROR);
    Received::internal()
}

fn plaintext(caller: &Caller, at: InsTag, bits: c_uint, message: &[u8]) -> Received {
    let mut received = Received::untouched();
    let state_of = |at| {
        let context = caller.context(at);
        if context.is_null() {
            return msgstate::PLAINTEXT;
        }
        // SAFETY: the context was looked up just now.
        unsafe { (*context).msgstate }
    };
    if let Some(tag) = first_tag(message) {
        let (before, after) = (&message[..tag.start], &message[tag.end..]);
        received.text = Some([before, after].concat());
        let common = tag.versions.intersect(versions_of(bits));
        if bits & policy::WHITESPACE_START_AKE != 0
            && let Some(version) = common.best()
        {
            begin(caller, at, bits, version);
        }
    }
    let private = state_of(instag::BEST) != msgstate::PLAINTEXT;
    if (private || bits & policy::REQUIRE_ENCRYPTION != 0) && caller.hears_message_events() {
        let words = received.text.take();
        let shown = words.as_deref().unwrap_or(message);
        let event = msg_event::RCVDMSG_UNENCRYPTED;
        caller.message_event(instag::MASTER, event, Some(shown), NO_ERROR);
        return Received::internal();
    }
    received
}

fn note_offer(caller: &Caller, bits: c_uint, kind: MessageType) {
    let context = caller.context(instag::MASTER);
    if bits & policy::SEND_WHITESPACE_TAG == 0 || context.is_null() {
        return;
    }
    // SAFETY: the context was looked up just now.
    unsafe {
        if kind != MessageType::NotOtr {
            (*context).otr_offer = offer::ACCEPTED;
        } else if (*context).otr_offer == offer::SENT {
            (*context).otr_offer = offer::REJECTED;
        }
    }
}

/// Sends the application's words for an error, if it has any.
pub fn reply_error(caller: &Caller, at: InsTag, code: ErrorCode) {
    caller.with_error_words(at, code, |words| {
        caller.inject(&[b"?OTR Error: ", words].concat())
    });
}

/// Tells why a message of the key exchange was not accepted, where libotr would.
pub fn tell_refusal(caller: &Caller, at: InsTag, reason: Reject) {
    match reason {
        Reject::Reflected => caller.message_event(at, msg_event::MSG_REFLECTED, None, NO_ERROR),
        Reject::Malformed
        | Reject::BadAuthenticator
        | Reject::BadSignature
        | Reject::BadPublicKey
        | Reject::BadGroupElement
        | Reject::KeyChanged => caller.message_event(at, msg_event::SETUP_ERROR, None, INV_VALUE),
        Reject::Unexpected
        | Reject::NotPrivate
        | Reject::VersionRefused
        | Reject::UnknownKey
        | Reject::Replayed
        | Reject::LimitReached
        // Of version 4, which this library does not speak.
        | Reject::BadProfile
        | Reject::Expired
        | Reject::WrongInstance => {}
    }
}

/// Bytes that the pieces of one correspondent may take, over all devices.
const MAX_HELD: usize = 8 << 20;
