//! `tlv.h`: chains of records.

use core::ffi::{c_uchar, c_ushort};
use core::ptr;

use otr::Tlv;

use crate::boundary::{block, guarded};
use crate::layout::OtrlTLV;
use crate::mem::{free, malloc_bytes};

/// One record with a copy of its value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_new(kind: c_ushort, len: c_ushort, data: *const c_uchar) -> *mut OtrlTLV {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives `len` readable bytes.
        record(kind, unsafe { block(data, usize::from(len)) })
    })
}

/// The chain that bytes stand for; it ends at the first record that is not there in full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_parse(serialized: *const c_uchar, length: usize) -> *mut OtrlTLV {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives `length` readable bytes.
        let mut rest = unsafe { block(serialized, length) };
        let mut records = Vec::new();
        while let [kind_high, kind_low, length_high, length_low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
            let Some((value, after)) = after.split_at_checked(length) else {
                break;
            };
            records.push((u16::from_be_bytes([*kind_high, *kind_low]), value));
            rest = after;
        }
        chain(records.into_iter())
    })
}

/// Frees a chain; NULL is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_free(tlv: *mut OtrlTLV) {
    guarded((), || {
        let mut tlv = tlv;
        while !tlv.is_null() {
            // SAFETY: a chain of ours, which the caller gives up; the next link is read before its owner is
            // freed.
            unsafe {
                let next = (*tlv).next;
                free((*tlv).data);
                free(tlv);
                tlv = next;
            }
        }
    });
}

/// How many bytes a chain takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_seriallen(tlv: *const OtrlTLV) -> usize {
    guarded(0, || {
        // SAFETY: the caller gives a chain.
        let links = unsafe { links(tlv) };
        links.iter().map(|(_, value)| 4 + value.len()).sum()
    })
}

/// Writes a chain; the caller has room for [`otrl_tlv_seriallen`] bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_serialize(buffer: *mut c_uchar, tlv: *const OtrlTLV) {
    guarded((), || {
        // SAFETY: the caller gives a chain, and room for all of it.
        unsafe {
            let mut place = buffer;
            for (kind, value) in links(tlv) {
                let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
                for part in [&kind.to_be_bytes()[..], &length.to_be_bytes(), value] {
                    ptr::copy_nonoverlapping(part.as_ptr(), place, part.len());
                    place = place.add(part.len());
                }
            }
        }
    });
}

/// The first record of a kind; NULL if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_tlv_find(tlvs: *mut OtrlTLV, kind: c_ushort) -> *mut OtrlTLV {
    guarded(ptr::null_mut(), || {
        let mut tlv = tlvs;
        // SAFETY: the caller gives a chain.
        unsafe {
            while !tlv.is_null() && (*tlv).kind != kind {
                tlv = (*tlv).next;
            }
        }
        tlv
    })
}

/// A chain as the core's records.
///
/// # Safety
/// NULL or a chain.
pub unsafe fn to_records(tlv: *const OtrlTLV) -> Vec<Tlv> {
    // SAFETY: the caller's promise is the same.
    let links = unsafe { links(tlv) };
    links
        .into_iter()
        .filter_map(|(kind, value)| Tlv::new(kind, value.to_vec()))
        .collect()
}

/// The core's records as a chain from `malloc`.
pub fn from_records(records: &[Tlv]) -> *mut OtrlTLV {
    chain(records.iter().map(|record| (record.kind(), record.value())))
}

/// # Safety
/// NULL or a chain, which lives and does not change for as long as the result is used.
unsafe fn links<'a>(tlv: *const OtrlTLV) -> Vec<(u16, &'a [u8])> {
    let mut links = Vec::new();
    let mut tlv = tlv;
    while !tlv.is_null() {
        // SAFETY: a link of the caller's chain, with as many bytes as it says.
        unsafe {
            links.push(((*tlv).kind, block((*tlv).data, usize::from((*tlv).len))));
            tlv = (*tlv).next;
        }
    }
    links
}

fn chain<'a>(records: impl DoubleEndedIterator<Item = (u16, &'a [u8])>) -> *mut OtrlTLV {
    records.rev().fold(ptr::null_mut(), |next, (kind, value)| {
        let tlv = record(kind, value);
        if tlv.is_null() {
            return next;
        }
        // SAFETY: just made, and nobody else knows of it.
        unsafe { (*tlv).next = next };
        tlv
    })
}

fn record(kind: u16, value: &[u8]) -> *mut OtrlTLV {
    let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
    // SAFETY: room for one record, checked before it is written.
    unsafe {
        let tlv = libc::malloc(size_of::<OtrlTLV>()).cast::<OtrlTLV>();
        if !tlv.is_null() {
            tlv.write(OtrlTLV {
                kind,
                len,
                data: malloc_bytes(value),
                next: ptr::null_mut(),
            });
        }
        tlv
    }
}
