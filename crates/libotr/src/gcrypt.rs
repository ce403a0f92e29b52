//! The few functions of libgcrypt that the interface cannot do without, found at run time.
//!
//! A private key in the interface is libgcrypt's S-expression, which applications print and compare. Programs
//! that look at one have libgcrypt loaded; on a machine without it everything else works and that field is
//! NULL. Errors need it only for `errno` values outside a short table.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use std::sync::OnceLock;

use crate::layout::{GcryError, GcryptHandle};

type Handler = unsafe extern "C" fn(usize) -> *mut c_void;
type IsSecure = unsafe extern "C" fn(*const c_void) -> c_int;
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);

struct Functions {
    check_version: unsafe extern "C" fn(*const c_char) -> *const c_char,
    error_from_errno: unsafe extern "C" fn(c_int) -> GcryError,
    sexp_new: unsafe extern "C" fn(*mut GcryptHandle, *const c_void, usize, c_int) -> GcryError,
    sexp_release: unsafe extern "C" fn(GcryptHandle),
    sexp_sprint: unsafe extern "C" fn(GcryptHandle, c_int, *mut c_void, usize) -> usize,
    set_allocation_handler: unsafe extern "C" fn(Handler, Handler, IsSecure, Realloc, Free),
}

/// What stands behind a `gcry_error_from_errno`; `None` without libgcrypt.
pub fn error_from_errno(errno: c_int) -> Option<GcryError> {
    let functions = functions()?;
    // SAFETY: libgcrypt's own signature, which takes any number.
    Some(unsafe { (functions.error_from_errno)(errno) })
}

/// An S-expression of libgcrypt's from its text; NULL without libgcrypt.
pub fn s_expression(text: &[u8]) -> GcryptHandle {
    let mut handle = ptr::null_mut();
    if let Some(functions) = functions() {
        // SAFETY: the text is readable for its length, `handle` can be written, and autodetection (1) takes
        // any bytes; on an error libgcrypt leaves NULL.
        unsafe { (functions.sexp_new)(&raw mut handle, text.as_ptr().cast(), text.len(), 1) };
    }
    handle
}

/// The text of an S-expression in canonical form, which holds secrets if it does.
///
/// # Safety
/// NULL, or a live S-expression of libgcrypt's.
pub unsafe fn s_expression_text(handle: GcryptHandle) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let functions = functions()?;
    if handle.is_null() {
        return None;
    }
    // SAFETY: a live S-expression, and no buffer asks for the length alone.
    let length = unsafe { (functions.sexp_sprint)(handle, CANONICAL, ptr::null_mut(), 0) };
    let mut text = zeroize::Zeroizing::new(vec![0; length]);
    // SAFETY: as above, and the buffer is as long as libgcrypt asked for.
    let written = unsafe { (functions.sexp_sprint)(handle, CANONICAL, text.as_mut_ptr().cast(), length) };
    text.truncate(written);
    Some(text)
}

/// Frees an S-expression.
///
/// # Safety
/// NULL, or an S-expression from [`s_expression`] that nobody uses any more.
pub unsafe fn release(handle: GcryptHandle) {
    if let Some(functions) = functions()
        && !handle.is_null()
    {
        // SAFETY: the caller gives up a live S-expression of libgcrypt's.
        unsafe { (functions.sexp_release)(handle) };
    }
}

/// What libotr does to the process when it starts: libgcrypt is initialised, and all its memory is wiped when
/// it is freed. Programs rely on the second: with these handlers libgcrypt's "secure" memory has no small
/// fixed pool that runs out.
pub fn initialise() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        if let Some(functions) = functions() {
            // SAFETY: the handlers below keep libgcrypt's rules; as with libotr, this happens before the
            // program uses libgcrypt for anything else. NULL asks for no particular version.
            unsafe {
                (functions.set_allocation_handler)(allocate, allocate, is_secure, reallocate, release_wiped);
                (functions.check_version)(ptr::null());
            }
        }
    });
}

fn functions() -> Option<&'static Functions> {
    static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
    FUNCTIONS.get_or_init(load).as_ref()
}

fn load() -> Option<Functions> {
    // SAFETY: libgcrypt's initialisers have no requirements, and it is never unloaded again. The types are the
    // signatures of libgcrypt 1.x for these names.
    unsafe {
        let library = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        if library.is_null() {
            return None;
        }
        Some(Functions {
            check_version: symbol(library, c"gcry_check_version")?,
            error_from_errno: symbol(library, c"gcry_error_from_errno")?,
            sexp_new: symbol(library, c"gcry_sexp_new")?,
            sexp_release: symbol(library, c"gcry_sexp_release")?,
            sexp_sprint: symbol(library, c"gcry_sexp_sprint")?,
            set_allocation_handler: symbol(library, c"gcry_set_allocation_handler")?,
        })
    }
}

/// # Safety
/// A library that is open, and for `T` the type of the function of that name.
unsafe fn symbol<T: Copy>(library: *mut c_void, name: &CStr) -> Option<T> {
    const { assert!(size_of::<T>() == size_of::<*mut c_void>()) };
    // SAFETY: the caller's promise; a function pointer and a data pointer have one size and form here.
    unsafe {
        let address = libc::dlsym(library, name.as_ptr());
        (!address.is_null()).then(|| core::mem::transmute_copy(&address))
    }
}

unsafe extern "C" fn allocate(size: usize) -> *mut c_void {
    // SAFETY: any size is allowed.
    unsafe { libc::malloc(size.max(1)) }
}

unsafe extern "C" fn is_secure(_memory: *const c_void) -> c_int {
    1
}

unsafe extern "C" fn reallocate(memory: *mut c_void, size: usize) -> *mut c_void {
    if memory.is_null() {
        // SAFETY: any size is allowed.
        return unsafe { allocate(size) };
    }
    // SAFETY: `memory` comes from `allocate`, as libgcrypt promises; the copy stays inside both blocks.
    unsafe {
        let fresh = allocate(size);
        if !fresh.is_null() {
            let kept = libc::malloc_usable_size(memory).min(size);
            ptr::copy_nonoverlapping(memory.cast::<u8>(), fresh.cast::<u8>(), kept);
            release_wiped(memory);
        }
        fresh
    }
}

unsafe extern "C" fn release_wiped(memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    // SAFETY: `memory` comes from `allocate` and is given up; all of its usable size may be written.
    unsafe {
        let length = libc::malloc_usable_size(memory);
        zeroize::Zeroize::zeroize(core::slice::from_raw_parts_mut(memory.cast::<u8>(), length));
        libc::free(memory);
    }
}

const LIBRARY: &CStr = c"libgcrypt.so.20";
/// GCRYSEXP_FMT_CANON.
const CANONICAL: c_int = 1;
