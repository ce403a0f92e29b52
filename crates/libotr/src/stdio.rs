//! C's streams: the interface takes `FILE *`, whoever opened it.

use core::ffi::{CStr, c_char};

use zeroize::Zeroizing;

use crate::errors::{ENOMEM, INV_VALUE, NO_ERROR, last_os_error};
use crate::layout::GcryError;

/// Opens a file, runs `body` and closes it; what could not be written is an error too.
///
/// # Safety
/// A C string or NULL.
pub unsafe fn with_file(
    filename: *const c_char,
    mode: &CStr,
    body: impl FnOnce(*mut libc::FILE) -> GcryError,
) -> GcryError {
    if filename.is_null() {
        return INV_VALUE;
    }
    // SAFETY: two C strings; the stream is closed once, and not used after.
    unsafe {
        let file = libc::fopen(filename, mode.as_ptr());
        if file.is_null() {
            return last_os_error();
        }
        let error = body(file);
        if libc::fclose(file) != 0 && error == NO_ERROR {
            return last_os_error();
        }
        error
    }
}

/// As [`with_file`], for secrets: a new file is for its owner alone.
///
/// # Safety
/// As [`with_file`].
pub unsafe fn with_private_file(
    filename: *const c_char,
    mode: &CStr,
    body: impl FnOnce(*mut libc::FILE) -> GcryError,
) -> GcryError {
    // SAFETY: any mask may be set, and the old one is put back.
    let mask = unsafe { libc::umask(0o077) };
    // SAFETY: the caller's promise is the same.
    let error = unsafe { with_file(filename, mode, body) };
    // SAFETY: as above.
    unsafe { libc::umask(mask) };
    error
}

/// All that a stream still has, up to [`MAX_FILE`] bytes.
///
/// # Errors
/// What the C library failed with.
///
/// # Safety
/// A stream open for reading.
pub unsafe fn read_all(file: *mut libc::FILE) -> Result<Zeroizing<Vec<u8>>, GcryError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(CHUNK));
    let mut chunk = Zeroizing::new([0_u8; CHUNK]);
    loop {
        // SAFETY: the buffer has that many bytes.
        let read = unsafe { libc::fread(chunk.as_mut_ptr().cast(), 1, CHUNK, file) };
        if bytes.len() + read > MAX_FILE {
            return Err(ENOMEM);
        }
        if bytes.capacity() < bytes.len() + read {
            // Growing would leave a copy of what may be a key behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * (bytes.len() + read)));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&chunk[..read]);
        if read < CHUNK {
            // SAFETY: the caller's stream.
            return if unsafe { libc::ferror(file) } == 0 {
                Ok(bytes)
            } else {
                Err(last_os_error())
            };
        }
    }
}

/// Writes bytes to a stream.
///
/// # Safety
/// A stream open for writing.
pub unsafe fn write_all(file: *mut libc::FILE, bytes: &[u8]) -> GcryError {
    // SAFETY: the buffer has that many bytes.
    let written = unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) };
    // SAFETY: the caller's stream.
    if written < bytes.len() || unsafe { libc::fflush(file) } != 0 {
        return last_os_error();
    }
    NO_ERROR
}

/// A larger file is none of ours.
const MAX_FILE: usize = 16 << 20;
const CHUNK: usize = 4096;
