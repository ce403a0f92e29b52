//! The socialist millionaires' protocol as libotr tells it.

use core::ffi::c_uint;

use otr::wire::tlv;
use otr::{Event, Output, SmpAction, SmpEvent, Tlv};
use std::ffi::CString;

use crate::fingerprints::otrl_context_set_trust;
use crate::layout::{InsTag, smp_event, smp_expect, smp_progress};
use crate::mirror;
use crate::reading::is_private;
use crate::replay::{Caller, FragmentPolicy};

/// What the person does.
pub enum Action<'a> {
    /// Begin, with a question or without.
    Start {
        /// The secret.
        secret: &'a [u8],
        /// The question.
        question: Option<&'a [u8]>,
    },
    /// Answer.
    Answer {
        /// The secret.
        secret: &'a [u8],
    },
    /// Give up.
    Abort,
}

/// Takes an action of the person. Where nothing private stands, nothing happens, as in libotr.
pub fn act(caller: &Caller, at: InsTag, bits: c_uint, action: &Action<'_>) {
    caller.refresh(at);
    if !is_private(caller, at) {
        return;
    }
    let whom = otr::Recipient::Tag(otr::InstanceTag::from_raw(at));
    let (core_action, expected) = match *action {
        Action::Start { secret, question } => (SmpAction::Start { secret, question }, smp_expect::EXPECT2),
        Action::Answer { secret } => (SmpAction::Answer { secret }, smp_expect::EXPECT3),
        Action::Abort => (SmpAction::Abort, smp_expect::EXPECT1),
    };
    let outputs = caller.core(at, bits, |conversation, env| {
        conversation.smp(env, whom, core_action)
    });
    let Some(Ok(outputs)) = outputs else { return };
    if matches!(action, Action::Abort) {
        expect(caller, at, expected);
    } else {
        show(caller, at, expected);
    }
    if matches!(action, Action::Start { .. }) {
        set_question(caller, at, false);
    }
    for output in outputs {
        if let Output::Send(message) = output {
            caller.fragment_and_send(at, &message, FragmentPolicy::All);
            caller.note_sent(at);
        }
    }
}

/// Replays what the core did with the records of one message.
///
/// A message before an event belongs to it. Where the other side cheated or was out of turn, libotr leaves it to
/// the application to give up, by `otrl_message_abort_smp`: our message that says so is not sent, or the other
/// side would be told twice.
pub fn replay(caller: &Caller, at: InsTag, records: &[Tlv], outputs: Vec<Output>, ended: bool) {
    let aborts = records
        .iter()
        .filter(|record| record.kind() == tlv::SMP_ABORT)
        .count();
    let answered = records.iter().any(|record| record.kind() == tlv::SMP2);
    let mut told_aborts = 0;
    let mut message = None;
    for output in outputs {
        let Output::Event(Event::Smp { event, .. }) = output else {
            if let Some(reply) = message.replace(output) {
                reply_to_answer(caller, at, reply);
            }
            continue;
        };
        match event {
            SmpEvent::Asked { question } => asked(caller, at, question.as_deref()),
            SmpEvent::Succeeded | SmpEvent::Failed => {
                compared(caller, at, event == SmpEvent::Succeeded, message.take());
            }
            SmpEvent::Cheated => {
                drop(message.take());
                fail(caller, at, smp_event::CHEATED);
            }
            // The end of the conversation ends the run without a word.
            SmpEvent::Aborted { .. } if ended && message.is_none() => {}
            SmpEvent::Aborted { .. } if message.is_some() && !(answered && aborts > 0) => {
                drop(message.take());
                fail(caller, at, smp_event::ERROR);
            }
            SmpEvent::Aborted { .. } => {
                if let Some(reply) = message.take() {
                    reply_to_answer(caller, at, reply);
                }
                told_aborts += 1;
                fail(caller, at, smp_event::ABORT);
            }
        }
    }
    if let Some(reply) = message {
        reply_to_answer(caller, at, reply);
    }
    // An abort of what was not going on is news to libotr's applications all the same.
    for _ in told_aborts..aborts.min(1) {
        fail(caller, at, smp_event::ABORT);
    }
}

fn asked(caller: &Caller, at: InsTag, question: Option<&[u8]>) {
    show(caller, at, smp_expect::EXPECT1);
    set_question(caller, at, question.is_some());
    let event = match question {
        Some(_) => smp_event::ASK_FOR_ANSWER,
        None => smp_event::ASK_FOR_SECRET,
    };
    caller.smp_event(at, event, 25, question);
}

fn reply_to_answer(caller: &Caller, at: InsTag, reply: Output) {
    send(caller, at, Some(reply));
    caller.smp_event(at, smp_event::IN_PROGRESS, 60, None);
    expect(caller, at, smp_expect::EXPECT4);
}

/// Both secrets were compared. Whoever was asked a question keeps the trust they had: they proved something, and
/// were proved nothing.
fn compared(caller: &Caller, at: InsTag, same: bool, message: Option<Output>) {
    let context = caller.context(at);
    let mut was_asked = false;
    if !context.is_null() {
        // SAFETY: the context was looked up just now; its fingerprint is one of its master's or NULL.
        unsafe {
            let state = (*context).smstate;
            (*state).sm_prog_state = if same {
                smp_progress::SUCCEEDED
            } else {
                smp_progress::FAILED
            };
            was_asked = message.is_some() && (*state).received_question != 0;
            if !was_asked {
                let trust = CString::new(if same { "smp" } else { "" }).unwrap_or_default();
                otrl_context_set_trust((*context).active_fingerprint, trust.as_ptr());
            }
        }
    }
    if !was_asked {
        caller.write_fingerprints();
    }
    send(caller, at, message);
    let event = if same {
        smp_event::SUCCESS
    } else {
        smp_event::FAILURE
    };
    caller.smp_event(at, event, 100, None);
    expect(caller, at, smp_expect::EXPECT1);
}

fn fail(caller: &Caller, at: InsTag, event: i32) {
    if event != smp_event::ERROR {
        expect(caller, at, smp_expect::EXPECT1);
    }
    caller.smp_event(at, event, 0, None);
    expect(caller, at, smp_expect::EXPECT1);
}

fn send(caller: &Caller, at: InsTag, message: Option<Output>) {
    if let Some(Output::Send(message)) = message {
        caller.fragment_and_send(at, &message, FragmentPolicy::All);
        caller.note_sent(at);
    }
}

fn show(caller: &Caller, at: InsTag, expected: i32) {
    let context = caller.context(at);
    if !context.is_null() {
        // SAFETY: the context was looked up just now.
        unsafe { mirror::show_smp(context, expected) };
    }
}

fn expect(caller: &Caller, at: InsTag, expected: i32) {
    let context = caller.context(at);
    if !context.is_null() {
        // SAFETY: the context was looked up just now; the state of the comparison belongs to it.
        unsafe { (*(*context).smstate).next_expected = expected };
    }
}

fn set_question(caller: &Caller, at: InsTag, received: bool) {
    let context = caller.context(at);
    if !context.is_null() {
        // SAFETY: the context was looked up just now; the state of the comparison belongs to it.
        unsafe { (*(*context).smstate).received_question = i32::from(received) };
    }
}
