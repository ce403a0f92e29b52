//! `instag.h`: our own instance tags, one for each account.

use core::ffi::c_char;
use core::ptr;

use otr::InstanceTag;
use otr_store::AccountId;
use otr_store::libotr::instance_tags::InstanceTags;

use crate::boundary::{guarded, rng, text};
use crate::errors::{INV_VALUE, NO_ERROR};
use crate::layout::{GcryError, InsTag, OtrlInsTag, OtrlUserState, instag};
use crate::list;
use crate::mem::{free, malloc_text};
use crate::stdio;

/// Forgets one tag.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_forget(tag: *mut OtrlInsTag) {
    guarded((), || {
        if tag.is_null() {
            return;
        }
        // SAFETY: the caller gives up an entry of ours; its strings belong to it alone.
        unsafe {
            list::remove(tag);
            free((*tag).accountname);
            free((*tag).protocol);
            drop(Box::from_raw(tag));
        }
    });
}

/// Forgets all tags.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_forget_all(us: *mut OtrlUserState) {
    guarded((), || {
        // SAFETY: the caller gives a user state; the root is read anew after each entry.
        unsafe {
            while !us.is_null() && !(*us).instag_root.is_null() {
                otrl_instag_forget((*us).instag_root);
            }
        }
    });
}

/// The tag of an account; NULL if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_find(
    us: *mut OtrlUserState,
    accountname: *const c_char,
    protocol: *const c_char,
) -> *mut OtrlInsTag {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a user state and two C strings.
        unsafe {
            let (Some(account), Some(protocol)) = (text(accountname), text(protocol)) else {
                return ptr::null_mut();
            };
            if us.is_null() {
                return ptr::null_mut();
            }
            let tags = list::entries((*us).instag_root);
            let found = tags.into_iter().find(|&tag| {
                text((*tag).accountname) == Some(account) && text((*tag).protocol) == Some(protocol)
            });
            found.unwrap_or(ptr::null_mut())
        }
    })
}

/// Reads the tags in a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_read(us: *mut OtrlUserState, filename: *const c_char) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a C string; the stream is only used inside.
        unsafe { stdio::with_file(filename, c"rb", |file| otrl_instag_read_FILEp(us, file)) }
    })
}

/// Reads the tags in a stream.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_instag_read_FILEp(us: *mut OtrlUserState, file: *mut libc::FILE) -> GcryError {
    guarded(INV_VALUE, || {
        if us.is_null() || file.is_null() {
            return NO_ERROR;
        }
        // SAFETY: the caller gives a stream open for reading, and a user state.
        unsafe {
            let bytes = match stdio::read_all(file) {
                Ok(bytes) => bytes,
                Err(error) => return error,
            };
            for entry in InstanceTags::read(&bytes).iter() {
                add(us, entry.account.name(), entry.account.protocol(), entry.tag);
            }
        }
        NO_ERROR
    })
}

/// A new tag, at random.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_instag_get_new() -> InsTag {
    // A panic would be the generator's; a tag that no program accepts is better than a fixed one.
    guarded(0, || InstanceTag::random(&mut rng()).raw())
}

/// Makes a tag for an account and writes all tags to a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_generate(
    us: *mut OtrlUserState,
    filename: *const c_char,
    accountname: *const c_char,
    protocol: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives C strings; the stream is only used inside.
        unsafe {
            stdio::with_file(filename, c"wb", |file| {
                otrl_instag_generate_FILEp(us, file, accountname, protocol)
            })
        }
    })
}

/// Makes a tag for an account and writes all tags to a stream.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_instag_generate_FILEp(
    us: *mut OtrlUserState,
    file: *mut libc::FILE,
    accountname: *const c_char,
    protocol: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, a stream open for writing and two C strings.
        unsafe {
            let (Some(account), Some(protocol)) = (text(accountname), text(protocol)) else {
                return INV_VALUE;
            };
            if us.is_null() || file.is_null() {
                return INV_VALUE;
            }
            add(us, account, protocol, InstanceTag::random(&mut rng()).raw());
            otrl_instag_write_FILEp(us, file)
        }
    })
}

/// Writes all tags to a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_instag_write(us: *mut OtrlUserState, filename: *const c_char) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a C string; the stream is only used inside.
        unsafe { stdio::with_file(filename, c"wb", |file| otrl_instag_write_FILEp(us, file)) }
    })
}

/// Writes all tags to a stream.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_instag_write_FILEp(us: *mut OtrlUserState, file: *mut libc::FILE) -> GcryError {
    guarded(INV_VALUE, || {
        if us.is_null() || file.is_null() {
            return NO_ERROR;
        }
        let mut tags = InstanceTags::new();
        // SAFETY: the caller gives a user state and a stream open for writing.
        unsafe {
            for tag in list::entries((*us).instag_root) {
                let name = AccountId::new(
                    text((*tag).accountname).unwrap_or_default(),
                    text((*tag).protocol).unwrap_or_default(),
                );
                // A name that no line can hold would damage the file for everybody else.
                let _ = tags.set(&name, (*tag).instag);
            }
            stdio::write_all(file, &tags.write())
        }
    })
}

/// # Safety
/// A live user state.
unsafe fn add(us: *mut OtrlUserState, account: &[u8], protocol: &[u8], tag: InsTag) {
    if tag < instag::MIN_VALID {
        return;
    }
    let entry = Box::into_raw(Box::new(OtrlInsTag {
        next: ptr::null_mut(),
        tous: ptr::null_mut(),
        accountname: malloc_text(account),
        protocol: malloc_text(protocol),
        instag: tag,
    }));
    // SAFETY: the list of a live user state, and an entry that is in none.
    unsafe { list::insert(&raw mut (*us).instag_root, entry) };
}
