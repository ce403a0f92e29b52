//! `mem.h`, and memory that C will free: everything a program sees comes from `malloc`.

use core::ffi::{c_char, c_int, c_uchar};
use core::ptr;

use zeroize::Zeroize;

use crate::b64::position;
use crate::boundary::{block, guarded};
use crate::gcrypt;

/// A copy from `malloc`, with a NUL behind it.
pub fn malloc_bytes(bytes: &[u8]) -> *mut c_uchar {
    // SAFETY: any size may be asked for; the result is checked, and written inside its size only.
    unsafe {
        let memory = libc::malloc(bytes.len() + 1).cast::<c_uchar>();
        if !memory.is_null() {
            ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
            memory.add(bytes.len()).write(0);
        }
        memory
    }
}

/// A C string from `malloc`: the bytes before their first NUL.
pub fn malloc_text(bytes: &[u8]) -> *mut c_char {
    let end = position(bytes, 0).unwrap_or(bytes.len());
    malloc_bytes(&bytes[..end]).cast()
}

/// Frees memory from `malloc`; NULL is nothing.
///
/// # Safety
/// NULL, or memory from `malloc` that nobody uses any more.
pub unsafe fn free<T>(memory: *mut T) {
    // SAFETY: the caller gives it up.
    unsafe { libc::free(memory.cast()) };
}

/// Wipes and frees a C string from `malloc`; NULL is nothing.
///
/// # Safety
/// NULL, or a C string from `malloc` that nobody uses any more.
pub unsafe fn free_wiped(memory: *mut c_char) {
    if memory.is_null() {
        return;
    }
    // SAFETY: the string may be written up to its NUL, and the caller gives it up.
    unsafe {
        let length = libc::strlen(memory);
        core::slice::from_raw_parts_mut(memory.cast::<u8>(), length).zeroize();
        libc::free(memory.cast());
    }
}

/// Prepares libgcrypt's memory.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_mem_init() {
    guarded((), gcrypt::initialise);
}

/// Whether two blocks differ, in time that depends on their length alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_mem_differ(
    left: *const c_uchar,
    right: *const c_uchar,
    length: usize,
) -> c_int {
    guarded(1, || {
        // SAFETY: the caller gives two blocks of that length.
        let (left, right) = unsafe { (block(left, length), block(right, length)) };
        let differences = left.iter().zip(right).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
        c_int::from(core::hint::black_box(differences) != 0 || left.len() != right.len())
    })
}
