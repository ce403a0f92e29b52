//! `privkey.h`: key and fingerprint files, and making keys.

use core::ffi::{c_char, c_void};
use core::ptr;

use otr::PrivateKey;
use otr_store::AccountId;
use otr_store::libotr::fingerprints::Fingerprints;
use otr_store::libotr::private_keys::{self, KeyFileError, PrivateKeyParts};
use zeroize::Zeroizing;

use crate::boundary::{c_string, give, guarded, rng, text};
use crate::context::otrl_context_find;
use crate::errors::{EEXIST, INV_VALUE, NO_ERROR, SEXP, UNUSABLE_SECKEY};
use crate::fingerprints::{bytes_of, otrl_context_find_fingerprint, otrl_context_set_trust, root_of};
use crate::layout::{AddAppData, GcryError, OtrlPendingPrivKey, OtrlUserState, instag};
use crate::list;
use crate::mem::malloc_text;
use crate::privkey::{self, forget_pending, otrl_privkey_forget_all};
use crate::stdio;

/// A key in the making: `void *newkey` to C. It may go to another thread between the calls.
pub struct NewKey {
    name: AccountId,
    parts: Option<PrivateKeyParts>,
}

/// Forgets all keys and reads those in a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_read(us: *mut OtrlUserState, filename: *const c_char) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state and a C string; the stream is only used inside.
        unsafe { stdio::with_file(filename, c"rb", |file| otrl_privkey_read_FILEp(us, file)) }
    })
}

/// Forgets all keys and reads those in a stream.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_privkey_read_FILEp(us: *mut OtrlUserState, file: *mut libc::FILE) -> GcryError {
    guarded(INV_VALUE, || {
        if us.is_null() || file.is_null() {
            return NO_ERROR;
        }
        // SAFETY: the caller gives a user state and a stream open for reading.
        unsafe {
            otrl_privkey_forget_all(us);
            let bytes = match stdio::read_all(file) {
                Ok(bytes) => bytes,
                Err(error) => return error,
            };
            match private_keys::read(&bytes) {
                Ok(keys) => keys
                    .into_iter()
                    .find_map(|key| privkey::add(us, key).err())
                    .unwrap_or(NO_ERROR),
                Err(KeyFileError::Syntax(_)) => SEXP,
                Err(KeyFileError::Shape { .. } | KeyFileError::Duplicate { .. }) => UNUSABLE_SECKEY,
            }
        }
    })
}

/// Begins to make a key. `EEXIST` if one for this account is in the making.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_generate_start(
    us: *mut OtrlUserState,
    accountname: *const c_char,
    protocol: *const c_char,
    newkeyp: *mut *mut c_void,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, two C strings and a place for the result.
        unsafe {
            let (Some(account), Some(protocol)) = (text(accountname), text(protocol)) else {
                return INV_VALUE;
            };
            let name = AccountId::new(account, protocol);
            if us.is_null() || private_keys::check_names(&name).is_err() {
                return INV_VALUE;
            }
            if !pending(us, &name).is_null() {
                give(newkeyp, ptr::null_mut());
                return EEXIST;
            }
            let entry = Box::into_raw(Box::new(OtrlPendingPrivKey {
                next: ptr::null_mut(),
                tous: ptr::null_mut(),
                accountname: malloc_text(account),
                protocol: malloc_text(protocol),
            }));
            list::insert(&raw mut (*us).pending_root, entry);
            if !newkeyp.is_null() {
                let key = Box::new(NewKey { name, parts: None });
                newkeyp.write(Box::into_raw(key).cast());
            }
        }
        NO_ERROR
    })
}

/// Makes the key; may run on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_generate_calculate(newkey: *mut c_void) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a key in the making that no other thread uses now.
        let Some(newkey) = (unsafe { newkey.cast::<NewKey>().as_mut() }) else {
            return INV_VALUE;
        };
        let key = PrivateKey::generate(&mut rng());
        let [p, q, g, y] = key.public().parts();
        let zeros = key.x().iter().take_while(|byte| **byte == 0).count();
        newkey.parts = Some(PrivateKeyParts {
            p: p.to_vec(),
            q: q.to_vec(),
            g: g.to_vec(),
            y: y.to_vec(),
            x: Zeroizing::new(key.x()[zeros..].to_vec()),
        });
        NO_ERROR
    })
}

/// Writes the new key and all others to a file, and reads the file again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_generate_finish(
    us: *mut OtrlUserState,
    newkey: *mut c_void,
    filename: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, a C string and gives up the key.
        unsafe {
            stdio::with_private_file(filename, c"w+b", |file| {
                otrl_privkey_generate_finish_FILEp(us, newkey, file)
            })
        }
    })
}

/// Writes the new key and all others to a stream, and reads the stream again.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_privkey_generate_finish_FILEp(
    us: *mut OtrlUserState,
    newkey: *mut c_void,
    file: *mut libc::FILE,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state, a stream open for both, and gives up the key.
        unsafe {
            if us.is_null() || newkey.is_null() || file.is_null() {
                return INV_VALUE;
            }
            let newkey = Box::from_raw(newkey.cast::<NewKey>());
            forget_pending(pending(us, &newkey.name));
            let Some(parts) = newkey.parts else {
                return INV_VALUE;
            };
            let mut keys = privkey::all(us);
            keys.retain(|(name, _)| *name != newkey.name);
            keys.push((newkey.name, parts));
            let bytes = private_keys::write(keys.iter().map(|(name, parts)| (name, parts)));
            let error = stdio::write_all(file, &bytes);
            if error != NO_ERROR {
                return error;
            }
            libc::rewind(file);
            otrl_privkey_read_FILEp(us, file)
        }
    })
}

/// Gives up a key in the making.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_generate_cancelled(us: *mut OtrlUserState, newkey: *mut c_void) {
    guarded((), || {
        // SAFETY: the caller gives a user state, and gives up the key.
        unsafe {
            if newkey.is_null() {
                return;
            }
            let newkey = Box::from_raw(newkey.cast::<NewKey>());
            if !us.is_null() {
                forget_pending(pending(us, &newkey.name));
            }
        }
    });
}

/// Makes a key for an account, writes it and all others to a file, and reads the file again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_generate(
    us: *mut OtrlUserState,
    filename: *const c_char,
    accountname: *const c_char,
    protocol: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state and C strings; the stream is only used inside.
        unsafe {
            stdio::with_private_file(filename, c"w+b", |file| {
                otrl_privkey_generate_FILEp(us, file, accountname, protocol)
            })
        }
    })
}

/// Makes a key for an account, writes it and all others to a stream, and reads the stream again.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_privkey_generate_FILEp(
    us: *mut OtrlUserState,
    file: *mut libc::FILE,
    accountname: *const c_char,
    protocol: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        let mut newkey = ptr::null_mut();
        // SAFETY: the caller gives a user state, a stream open for both and two C strings; the key is given up
        // once.
        unsafe {
            let error = otrl_privkey_generate_start(us, accountname, protocol, &raw mut newkey);
            if error != NO_ERROR {
                return error;
            }
            let error = otrl_privkey_generate_calculate(newkey);
            if error != NO_ERROR {
                otrl_privkey_generate_cancelled(us, newkey);
                return error;
            }
            otrl_privkey_generate_finish_FILEp(us, newkey, file)
        }
    })
}

/// Reads the fingerprints in a file; contexts are made as needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_read_fingerprints(
    us: *mut OtrlUserState,
    filename: *const c_char,
    add_app_data: AddAppData,
    data: *mut c_void,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state and a C string; the stream is only used inside.
        unsafe {
            stdio::with_file(filename, c"rb", |file| {
                otrl_privkey_read_fingerprints_FILEp(us, file, add_app_data, data)
            })
        }
    })
}

/// Reads the fingerprints in a stream; contexts are made as needed.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_privkey_read_fingerprints_FILEp(
    us: *mut OtrlUserState,
    file: *mut libc::FILE,
    add_app_data: AddAppData,
    data: *mut c_void,
) -> GcryError {
    guarded(INV_VALUE, || {
        if us.is_null() || file.is_null() {
            return NO_ERROR;
        }
        // SAFETY: the caller gives a user state and a stream open for reading. Making a context calls back into
        // the application: nothing is held over it but what was read.
        unsafe {
            let bytes = match stdio::read_all(file) {
                Ok(bytes) => bytes,
                Err(error) => return error,
            };
            for known in Fingerprints::read(&bytes).iter() {
                // The file holds no others.
                let Some(bytes) = known.fingerprint.classic() else {
                    continue;
                };
                let correspondent = &known.correspondent;
                let names = [
                    correspondent.user(),
                    correspondent.account().name(),
                    correspondent.account().protocol(),
                ];
                let [user, account, protocol] = names.map(c_string);
                let context = otrl_context_find(
                    us,
                    user.as_ptr(),
                    account.as_ptr(),
                    protocol.as_ptr(),
                    instag::MASTER,
                    1,
                    ptr::null_mut(),
                    add_app_data,
                    data,
                );
                let fingerprint = otrl_context_find_fingerprint(context, bytes.as_ptr(), 1, ptr::null_mut());
                let trust = c_string(known.trust.as_bytes());
                otrl_context_set_trust(fingerprint, trust.as_ptr());
            }
        }
        NO_ERROR
    })
}

/// Writes all fingerprints to a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_write_fingerprints(
    us: *mut OtrlUserState,
    filename: *const c_char,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a user state and a C string; the stream is only used inside.
        unsafe {
            stdio::with_file(filename, c"wb", |file| {
                otrl_privkey_write_fingerprints_FILEp(us, file)
            })
        }
    })
}

/// Writes all fingerprints to a stream.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name in the header")]
pub unsafe extern "C" fn otrl_privkey_write_fingerprints_FILEp(
    us: *mut OtrlUserState,
    file: *mut libc::FILE,
) -> GcryError {
    guarded(INV_VALUE, || {
        if us.is_null() || file.is_null() {
            return NO_ERROR;
        }
        // SAFETY: the caller gives a user state and a stream open for writing.
        unsafe { stdio::write_all(file, &fingerprint_lines(us)) }
    })
}

/// # Safety
/// A live user state.
unsafe fn fingerprint_lines(us: *mut OtrlUserState) -> Vec<u8> {
    let mut lines = Vec::new();
    // SAFETY: every context of the list is live, and so are its names and fingerprints.
    unsafe {
        for context in list::entries((*us).context_root) {
            if (*context).their_instance != instag::MASTER {
                continue;
            }
            let names = [(*context).username, (*context).accountname, (*context).protocol];
            for fingerprint in list::entries((*root_of(context)).next) {
                let Some(bytes) = bytes_of(fingerprint) else {
                    continue;
                };
                let trust = text((*fingerprint).trust).unwrap_or_default();
                let columns = names.map(|name| text(name).unwrap_or_default());
                // What no line can hold would be read as something else.
                if columns
                    .iter()
                    .chain([&trust])
                    .any(|column| column.iter().any(is_separator))
                {
                    continue;
                }
                for column in columns {
                    lines.extend_from_slice(column);
                    lines.push(b'\t');
                }
                for byte in bytes {
                    lines.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
                lines.push(b'\t');
                lines.extend_from_slice(trust);
                lines.push(b'\n');
            }
        }
    }
    lines
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r')
}

/// # Safety
/// A live user state.
unsafe fn pending(us: *mut OtrlUserState, name: &AccountId) -> *mut OtrlPendingPrivKey {
    // SAFETY: every entry of the list is live, and so are its names.
    unsafe {
        let entries = list::entries((*us).pending_root);
        let found = entries.into_iter().find(|&entry| {
            text((*entry).accountname) == Some(name.name())
                && text((*entry).protocol) == Some(name.protocol())
        });
        found.unwrap_or(ptr::null_mut())
    }
}
