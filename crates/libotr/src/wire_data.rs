//! `proto.h`: data messages on their own, outside of `otrl_message_sending` and `otrl_message_receiving`.

use core::ffi::{c_char, c_uchar};

use otr::wire::{Message, decode_message};

use crate::b64::otr_decode;
use crate::boundary::{give, guarded, text};
use crate::errors::{CONFLICT, INV_VALUE, NO_ERROR, NOT_IMPLEMENTED};
use crate::layout::{ConnContext, GcryError, OtrlTLV, msgstate};

/// Not offered: private text leaves through `otrl_message_sending` alone. Always an error, nothing is written:
/// `CONFLICT` where nothing private stands, as in libotr.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_create_data(
    _message: *mut *mut c_char,
    context: *mut ConnContext,
    _text: *const c_char,
    _tlvs: *const OtrlTLV,
    _flags: c_uchar,
    _extrakey: *mut c_uchar,
) -> GcryError {
    guarded(NOT_IMPLEMENTED, || {
        // SAFETY: the caller gives a context with its private part, or NULL.
        let private = unsafe {
            context.as_ref().is_some_and(|context| {
                let keys = context
                    .context_priv
                    .as_ref()
                    .map_or(0, |private| private.their_keyid);
                context.msgstate == msgstate::ENCRYPTED && keys > 0
            })
        };
        if private { NOT_IMPLEMENTED } else { CONFLICT }
    })
}

/// Not offered: private text comes in through `otrl_message_receiving` alone. Always an error, nothing is written.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_proto_accept_data(
    _text: *mut *mut c_char,
    _tlvs: *mut *mut OtrlTLV,
    _context: *mut ConnContext,
    _message: *const c_char,
    _flags: *mut c_uchar,
    _extrakey: *mut c_uchar,
) -> GcryError {
    NOT_IMPLEMENTED
}

/// The flags of a data message that cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_data_read_flags(
    message: *const c_char,
    flags: *mut c_uchar,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a C string and a place for the result.
        unsafe {
            give(flags, 0);
            let decoded = text(message)
                .and_then(otr_decode)
                .map(|bytes| decode_message(&bytes));
            match decoded {
                Some(Ok((_, Message::Data(data)))) => {
                    give(flags, data.flags);
                    NO_ERROR
                }
                _ => INV_VALUE,
            }
        }
    })
}
