//! Where C and Rust meet: panics end here, and C's pointers become Rust's values.

use core::ffi::{CStr, c_char, c_uchar};
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::b64::position;
use crate::layout::Time;

/// Runs the body of an exported function. A panic, which would be a fault of ours, becomes `otherwise`: each
/// caller chooses the value with which no clear text goes out.
pub fn guarded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// The bytes of a C string, without the NUL; `None` for NULL.
///
/// # Safety
/// NULL, or a NUL-terminated string that lives and does not change for as long as the result is used.
pub unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the caller answers for the rest.
    Some(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// A copy of a C string that belongs to us: what C hands over may be freed by the next callback.
///
/// # Safety
/// As [`text`], for the time of this call.
pub unsafe fn owned(pointer: *const c_char) -> Option<CString> {
    // SAFETY: the caller's promise is the same.
    unsafe { text(pointer) }.map(c_string)
}

/// The bytes before the first NUL as a C string.
pub fn c_string(bytes: &[u8]) -> CString {
    let end = position(bytes, 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

/// A block of memory as bytes; empty for NULL.
///
/// # Safety
/// NULL, or `length` readable bytes that do not change for as long as the result is used.
pub unsafe fn block<'a>(pointer: *const c_uchar, length: usize) -> &'a [u8] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: not NULL, and the caller answers for the rest.
    unsafe { core::slice::from_raw_parts(pointer, length) }
}

/// Writes through an output parameter, unless the caller did not want it.
///
/// # Safety
/// NULL, or a place that may be written; nothing that is there is dropped.
pub unsafe fn give<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not NULL, and the caller answers for the rest.
        unsafe { place.write(value) };
    }
}

/// Seconds since 1970.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::try_from(since.as_secs()).unwrap_or(Time::MAX)
}

/// The moment for the core.
pub fn timestamp() -> otr::Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    otr::Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The system's generator, asked anew each time: nothing survives a `fork`. Should it fail, it panics, and
/// [`guarded`] turns that into a refusal.
pub fn rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}
