//! `proto.h`: cutting messages, and putting pieces together, bounded.

use core::ffi::{c_char, c_int, c_ushort};
use core::ptr;

use otr::wire::fragment::{Piece, parse};

use crate::boundary::{block, guarded, text};
use crate::errors::{ENOMEM, INV_VALUE, NO_ERROR};
use crate::layout::{ConnContext, ConnContextPriv, GcryError};
use crate::mem::{free, free_wiped, malloc_text};
use crate::proto::otr_start;

/// What became of a message that may be a piece.
pub enum Accumulated {
    /// It is none.
    Whole,
    /// More are needed.
    Incomplete,
    /// It was the last one.
    Complete(Vec<u8>),
}

/// OtrlFragmentResult: 0 no piece, 1 more are needed, 2 complete, the message from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_fragment_accumulate(
    whole: *mut *mut c_char,
    context: *mut ConnContext,
    message: *const c_char,
) -> c_int {
    guarded(1, || {
        // SAFETY: the caller gives a context with its private part, a C string and a place for the result.
        unsafe {
            let Some(message) = text(message) else { return 0 };
            if context.is_null() || (*context).context_priv.is_null() {
                return 0;
            }
            match accumulate((*context).context_priv, message) {
                Accumulated::Whole => 0,
                Accumulated::Incomplete => 1,
                Accumulated::Complete(message) => {
                    crate::boundary::give(whole, malloc_text(&message));
                    2
                }
            }
        }
    })
}

/// Cuts a message into `count` pieces of at most `mms` bytes; an array and its strings from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_fragment_create(
    mms: c_int,
    count: c_int,
    fragments: *mut *mut *mut c_char,
    context: *mut ConnContext,
    message: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a context, a C string and a place for the result; the array has `count` places.
        unsafe {
            let Some(message) = text(message) else {
                return INV_VALUE;
            };
            if context.is_null() || fragments.is_null() {
                return INV_VALUE;
            }
            let Some(pieces) =
                cut(mms, context, message).filter(|pieces| c_int::try_from(pieces.len()) == Ok(count))
            else {
                return INV_VALUE;
            };
            let array = libc::malloc(pieces.len() * size_of::<*mut c_char>()).cast::<*mut c_char>();
            if array.is_null() {
                return ENOMEM;
            }
            for (place, piece) in pieces.iter().enumerate() {
                array.add(place).write(malloc_text(piece));
            }
            fragments.write(array);
        }
        NO_ERROR
    })
}

/// Frees what [`otrl_proto_fragment_create`] gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_fragment_free(fragments: *mut *mut *mut c_char, count: c_ushort) {
    guarded((), || {
        // SAFETY: the caller gives up an array of that many strings.
        unsafe {
            if fragments.is_null() || (*fragments).is_null() {
                return;
            }
            for place in 0..usize::from(count) {
                free(*(*fragments).add(place));
            }
            free(*fragments);
        }
    });
}

/// The pieces of a message that is longer than `mms`; `None` if it cannot be cut so.
///
/// # Safety
/// A live context.
pub unsafe fn cut(mms: c_int, context: *mut ConnContext, message: &[u8]) -> Option<Vec<Vec<u8>>> {
    // SAFETY: the caller's promise.
    let (tagged, ours, theirs) = unsafe {
        // What is encoded says it itself; other messages go as the conversation does.
        let tagged = match crate::proto::message_version(message) {
            Some(version) => version.has_instance_tags(),
            None => (*context).protocol_version == 3,
        };
        (tagged, (*context).our_instance, (*context).their_instance)
    };
    let frame = if tagged { FRAME_V3 } else { FRAME };
    let body = usize::try_from(mms)
        .ok()?
        .checked_sub(frame)
        .filter(|body| *body > 0)?;
    let bodies: Vec<_> = message.chunks(body).collect();
    let total = u16::try_from(bodies.len()).ok()?;
    let numbered = (1..=total).zip(bodies);
    let piece = |(index, body): (u16, &[u8])| {
        let head = if tagged {
            format!("?OTR|{ours:08x}|{theirs:08x},{index:05},{total:05},")
        } else {
            format!("?OTR,{index:05},{total:05},")
        };
        [head.as_bytes(), body, b","].concat()
    };
    Some(numbered.map(piece).collect())
}

/// Adds a piece to the message in the making.
///
/// # Safety
/// A live private part.
pub unsafe fn accumulate(private: *mut ConnContextPriv, message: &[u8]) -> Accumulated {
    let Some(start) = otr_start(message).filter(|start| matches!(start.get(4), Some(b',' | b'|'))) else {
        return Accumulated::Whole;
    };
    // SAFETY: the caller's promise.
    unsafe {
        let Ok(Piece {
            identifier: None,
            index,
            total,
            body,
            ..
        }) = parse(start)
        else {
            forget(private);
            return Accumulated::Incomplete;
        };
        if index == 1 {
            forget(private);
        } else if total != (*private).fragment_n || Some(index) != (*private).fragment_k.checked_add(1) {
            forget(private);
            return Accumulated::Incomplete;
        }
        if (*private).fragment_len + body.len() > MAX_WHOLE {
            forget(private);
            return Accumulated::Incomplete;
        }
        if index == total {
            // Only now: a copy with each piece would take time with the square of their number.
            let together = [block((*private).fragment.cast(), (*private).fragment_len), body].concat();
            forget(private);
            return Accumulated::Complete(together);
        }
        append(private, body);
        (*private).fragment_n = total;
        (*private).fragment_k = index;
        Accumulated::Incomplete
    }
}

/// # Safety
/// A live private part.
unsafe fn append(private: *mut ConnContextPriv, body: &[u8]) {
    // SAFETY: the piece in the making comes from `malloc` and ends in a NUL; the copy stays inside its new size.
    unsafe {
        let held = (*private).fragment_len;
        let larger = libc::realloc((*private).fragment.cast(), held + body.len() + 1).cast::<u8>();
        if larger.is_null() {
            forget(private);
            return;
        }
        ptr::copy_nonoverlapping(body.as_ptr(), larger.add(held), body.len());
        larger.add(held + body.len()).write(0);
        (*private).fragment = larger.cast();
        (*private).fragment_len = held + body.len();
    }
}

/// # Safety
/// A live private part.
unsafe fn forget(private: *mut ConnContextPriv) {
    // SAFETY: the piece in the making comes from `malloc`.
    unsafe {
        free_wiped((*private).fragment);
        (*private).fragment = ptr::null_mut();
        (*private).fragment_len = 0;
        (*private).fragment_n = 0;
        (*private).fragment_k = 0;
    }
}

/// The frame of a piece, with its last comma and, as libotr counts, a NUL: `?OTR,%05hu,%05hu,` and the form with two
/// tags.
const FRAME: usize = 19;
const FRAME_V3: usize = 37;
/// A longer message is put together for nobody.
const MAX_WHOLE: usize = 4 << 20;
