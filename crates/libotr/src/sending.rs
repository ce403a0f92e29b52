//! A text on its way out.

use core::ffi::c_uint;

use otr::{Disposition, ErrorCode, Output, SendError, Standing, Tlv, disposition};
use zeroize::Zeroizing;

use crate::boundary::now;
use crate::errors::{ENOMEM, NO_ERROR};
use crate::fingerprints::bytes_of;
use crate::layout::{GcryError, InsTag, instag, msg_event, msgstate, offer, policy};
use crate::mirror::{self, Held, Why};
use crate::proto::{MessageType, TAG_BASE, default_query, message_type, versions_of};
use crate::replay::{Caller, FragmentPolicy};

/// What the application gets: the message in place of its own, if any, and an error that forbids to send.
pub type Sent = (Option<Vec<u8>>, GcryError);

/// Decides what becomes of a text. Whatever goes wrong, the text itself does not go out in the clear from a
/// conversation that is, or was just, private.
pub fn send(caller: &Caller, at: InsTag, text: &[u8], records: &[Tlv], how: FragmentPolicy) -> Sent {
    let bits = caller.policy(at);
    caller.refresh(at);
    let is_private = standing(caller, at) != Standing::Clear;
    if bits & policy::VERSION_MASK == 0 && !is_private {
        return (None, NO_ERROR);
    }
    let (message, error) = if message_type(text) == MessageType::Query {
        note_offer(caller, at);
        (Some(default_query(caller.account_name(), bits)), NO_ERROR)
    } else {
        compose(caller, at, bits, text, records)
    };
    match message {
        Some(message) if error == NO_ERROR && how != FragmentPolicy::Skip => {
            let kept = caller.fragment_and_send(at, &message, how);
            (Some(kept.unwrap_or(message)), error)
        }
        message => (message, error),
    }
}

/// Sends a text or records privately, now; the whole message, or `None` if it could not be encrypted.
pub fn seal(caller: &Caller, at: InsTag, bits: c_uint, text: &[u8], records: &[Tlv]) -> Option<Vec<u8>> {
    let sealed = caller.core(at, bits, |conversation, env| {
        let whom = otr::Recipient::Tag(otr::InstanceTag::from_raw(at));
        // `send` would let a text out in the clear where nothing is private.
        if conversation.standing(whom) != Ok(Standing::Private) {
            return Err(SendError::NotPrivate);
        }
        conversation.send(env, whom, text, records)
    });
    sealed?.ok()?.into_iter().find_map(|output| match output {
        Output::Send(message) => Some(message),
        Output::ReplyError(_) | Output::Event(_) => None,
    })
}

/// Sends a held text again, if its time is not over and the key is the one it may go to (S-21).
pub fn resend(caller: &Caller, at: InsTag, bits: c_uint) {
    let Some((text, why)) = take_held(caller, at) else {
        return;
    };
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    // SAFETY: the context was looked up just now.
    let proved = unsafe { bytes_of((*context).active_fingerprint) };
    let message = match why {
        Why::NotPrivate => text.to_vec(),
        Why::PossiblyLost(key) if proved == Some(key) => {
            [&caller.resent_prefix(at)[..], b" ", &text[..]].concat()
        }
        Why::PossiblyLost(_) | Why::Sent(_) => return,
    };
    let message = Zeroizing::new(message);
    if let Some(sealed) = seal(caller, at, bits, &message, &[]) {
        caller.fragment_and_send(at, &sealed, FragmentPolicy::All);
        caller.note_sent(at);
        if why != Why::NotPrivate {
            caller.message_event(at, msg_event::MSG_RESENT, None, NO_ERROR);
        }
    }
}

fn compose(caller: &Caller, at: InsTag, bits: c_uint, text: &[u8], records: &[Tlv]) -> Sent {
    let require = bits & policy::REQUIRE_ENCRYPTION != 0;
    let tag = bits & policy::SEND_WHITESPACE_TAG != 0 && offer_of(caller, at) != offer::REJECTED;
    match disposition(standing(caller, at), require, tag) {
        Disposition::Plain => (None, NO_ERROR),
        Disposition::Tagged => {
            note_offer(caller, at);
            let tag = otr::wire::discovery::tag(versions_of(bits));
            debug_assert!(tag.starts_with(&TAG_BASE));
            (Some([text, &tag].concat()), NO_ERROR)
        }
        Disposition::Seal => seal_text(caller, at, bits, text, records),
        Disposition::Refuse(SendError::PeerEnded) => {
            caller.message_event(at, msg_event::CONNECTION_ENDED, None, NO_ERROR);
            (Some(Vec::new()), NO_ERROR)
        }
        Disposition::Refuse(_) if standing(caller, at) == Standing::Clear => {
            caller.message_event(at, msg_event::ENCRYPTION_REQUIRED, None, NO_ERROR);
            hold(caller, at, text, Why::NotPrivate);
            note_offer(caller, at);
            (Some(default_query(caller.account_name(), bits)), NO_ERROR)
        }
        // Private with another device of theirs: in the clear, everybody on the way would read it.
        Disposition::Refuse(_) => {
            caller.message_event(at, msg_event::ENCRYPTION_REQUIRED, None, NO_ERROR);
            (Some(Vec::new()), NO_ERROR)
        }
    }
}

fn seal_text(caller: &Caller, at: InsTag, bits: c_uint, text: &[u8], records: &[Tlv]) -> Sent {
    let converted = caller.converted(at, SENDING, text).map(Zeroizing::new);
    let sealed = seal(
        caller,
        at,
        bits,
        converted.as_deref().map_or(text, Vec::as_slice),
        records,
    );
    if let Some(message) = sealed {
        caller.note_sent(at);
        let context = caller.context(at);
        if !context.is_null() {
            // SAFETY: the context was looked up just now.
            let key = unsafe { bytes_of((*context).active_fingerprint) };
            if let Some(key) = key {
                hold(caller, at, text, Why::Sent(key));
            }
        }
        return (Some(message), NO_ERROR);
    }
    caller.message_event(at, msg_event::ENCRYPTION_ERROR, None, NO_ERROR);
    let told = caller.with_error_words(at, ErrorCode::EncryptionError, |words| {
        [b"?OTR Error: ", words].concat()
    });
    match told {
        Some(message) => (Some(message), NO_ERROR),
        None => (Some(Vec::new()), ENOMEM),
    }
}

/// Where the conversation stands: the core's word, and the application's where it forced an end.
fn standing(caller: &Caller, at: InsTag) -> Standing {
    let context = caller.context(at);
    // SAFETY: the context was looked up just now.
    if !context.is_null() && unsafe { (*context).msgstate } == msgstate::FINISHED {
        return Standing::Ended;
    }
    let whom = otr::Recipient::Tag(otr::InstanceTag::from_raw(at));
    let asked = caller.core(at, policy::DEFAULT, |conversation, _| {
        match conversation.standing(whom) {
            // A device that the core has not heard of stands where the others leave it.
            Err(_) => conversation.standing(otr::Recipient::Tag(otr::InstanceTag::ZERO)),
            known => known,
        }
    });
    match asked {
        Some(Ok(standing)) => standing,
        _ => Standing::Clear,
    }
}

fn note_offer(caller: &Caller, at: InsTag) {
    let context = caller.context(at);
    if !context.is_null() {
        // SAFETY: the context was looked up just now.
        unsafe { (*context).otr_offer = offer::SENT };
    }
}

fn offer_of(caller: &Caller, at: InsTag) -> i32 {
    let context = caller.context(at);
    if context.is_null() {
        return offer::NOT;
    }
    // SAFETY: the context was looked up just now.
    unsafe { (*context).otr_offer }
}

fn hold(caller: &Caller, at: InsTag, text: &[u8], why: Why) {
    let context = caller.context(at);
    if context.is_null() || text.is_empty() {
        return;
    }
    let held = Held {
        text: Zeroizing::new(text.to_vec()),
        at: now(),
        why,
    };
    // SAFETY: the context was looked up just now; the reference ends here.
    unsafe {
        mirror::hidden(context).held = Some(held);
        (*(*context).context_priv).lastsent = now();
    }
}

/// Takes the text that a device, or the correspondent before there was a device, has to get once more.
fn take_held(caller: &Caller, at: InsTag) -> Option<(Zeroizing<Vec<u8>>, Why)> {
    for place in [at, instag::MASTER] {
        let context = caller.context(place);
        if context.is_null() {
            continue;
        }
        // SAFETY: the context was looked up just now; the reference ends with this turn.
        let held = unsafe { &mut mirror::hidden(context).held };
        let due = held
            .as_ref()
            .is_some_and(|held| !matches!(held.why, Why::Sent(_)));
        if due && let Some(held) = held.take() {
            // What waits for privacy waits until it is there: nobody else tells the person that it did not go out.
            let in_time = held.why == Why::NotPrivate || now() - held.at <= RESEND_INTERVAL;
            return in_time.then_some((held.text, held.why));
        }
    }
    None
}

/// Marks the last private text as possibly lost: the other side has reported an error.
pub fn mark_possibly_lost(caller: &Caller, at: InsTag) {
    let context = caller.context(at);
    if context.is_null() {
        return;
    }
    // SAFETY: the context was looked up just now; the reference ends here.
    if let Some(held) = unsafe { &mut mirror::hidden(context).held }
        && let Why::Sent(key) = held.why
    {
        held.why = Why::PossiblyLost(key);
    }
}

/// OTRL_CONVERT_SENDING.
const SENDING: i32 = 0;
/// A text that went out longer ago than this, in seconds, is not sent again.
const RESEND_INTERVAL: i64 = 60;
