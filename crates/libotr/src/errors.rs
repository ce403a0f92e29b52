//! Error values in libgpg-error's numbering, made without libgpg-error.

use core::ffi::c_int;

use crate::gcrypt;
use crate::layout::GcryError;

/// No error.
pub const NO_ERROR: GcryError = 0;
/// A missing or impossible argument.
pub const INV_VALUE: GcryError = OURS | 55;
/// An account or protocol that has no usable key.
pub const UNUSABLE_SECKEY: GcryError = OURS | 54;
/// Something that does not go with the state of the conversation.
pub const CONFLICT: GcryError = OURS | 70;
/// A function that passes the insides of libgcrypt and is not offered.
pub const NOT_IMPLEMENTED: GcryError = OURS | 69;
/// A signature that does not match.
pub const BAD_SIGNATURE: GcryError = OURS | 8;
/// A second attempt at something that is under way.
pub const EEXIST: GcryError = OURS | SYSTEM | 35;
/// No memory, or something that would not fit a bound.
pub const ENOMEM: GcryError = OURS | SYSTEM | 86;
/// A file that is no S-expression.
pub const SEXP: GcryError = FROM_LIBGCRYPT | 203;

/// The sources: `GPG_ERR_SOURCE_USER_1` and `GPG_ERR_SOURCE_GCRYPT`.
const OURS: GcryError = 32 << 24;
const FROM_LIBGCRYPT: GcryError = 1 << 24;
/// The mark of values that stand for an `errno`.
const SYSTEM: GcryError = 1 << 15;

/// What the last call of the C library failed with.
pub fn last_os_error() -> GcryError {
    from_errno(
        std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO),
    )
}

/// An `errno` as libgcrypt's `gcry_error_from_errno` gives it; clients compare all 32 bits.
pub fn from_errno(errno: c_int) -> GcryError {
    if let Some(error) = gcrypt::error_from_errno(errno) {
        return error;
    }
    let place = ERRNO_PLACES.iter().find(|(known, _)| *known == errno);
    match place {
        Some((_, place)) => FROM_LIBGCRYPT | SYSTEM | place,
        // GPG_ERR_UNKNOWN_ERRNO.
        None => FROM_LIBGCRYPT | 16382,
    }
}

/// libgpg-error numbers the `errno` names by their place in its own list.
const ERRNO_PLACES: [(c_int, GcryError); 14] = [
    (libc::EACCES, 1),
    (libc::EBADF, 11),
    (libc::EEXIST, 35),
    (libc::EINTR, 47),
    (libc::EINVAL, 48),
    (libc::EIO, 49),
    (libc::EISDIR, 51),
    (libc::EMFILE, 65),
    (libc::ENOENT, 81),
    (libc::ENOMEM, 86),
    (libc::ENOSPC, 91),
    (libc::ENOTDIR, 97),
    (libc::EPERM, 107),
    (libc::EROFS, 122),
];
