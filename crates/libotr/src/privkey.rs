//! `privkey.h`: our keys in memory, their fingerprints, signing.

use core::ffi::{c_char, c_uchar, c_ushort};
use core::ptr;
use std::sync::Arc;

use otr::{Account, InstanceTag, PrivateKey, PublicKey};
use otr_store::AccountId;
use otr_store::libotr::private_keys::{AccountKey, PrivateKeyParts};
use otr_store::libotr::sexp;

use crate::boundary::{block, give, guarded, rng, text};
use crate::context::FingerprintBytes;
use crate::errors::{BAD_SIGNATURE, INV_VALUE, NO_ERROR, UNUSABLE_SECKEY};
use crate::gcrypt;
use crate::layout::{GcryError, GcryptHandle, InsTag, OtrlPendingPrivKey, OtrlPrivKey, OtrlUserState};
use crate::list;
use crate::mem::{free, malloc_bytes, malloc_text};

/// What C sees of a key, and behind it what only Rust sees.
#[repr(C)]
struct Block {
    public: OtrlPrivKey,
    name: AccountId,
    parts: PrivateKeyParts,
    account: Option<(InsTag, Arc<Account>)>,
}

/// A fingerprint in five groups of eight upper-case digits; `human` has room for 45 characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_hash_to_human(human: *mut c_char, hash: *const c_uchar) {
    guarded((), || {
        // SAFETY: the caller gives twenty bytes, and room for the text and its NUL.
        unsafe {
            if let Ok(bytes) = FingerprintBytes::try_from(block(hash, 20)) {
                write_human(human, bytes);
            }
        }
    });
}

/// The fingerprint of an account's key as people compare it; NULL if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_fingerprint(
    us: *mut OtrlUserState,
    fingerprint: *mut c_char,
    accountname: *const c_char,
    protocol: *const c_char,
) -> *mut c_char {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a user state, two C strings and room for the text and its NUL.
        unsafe {
            match fingerprint_of(otrl_privkey_find(us, accountname, protocol)) {
                Some(bytes) if !fingerprint.is_null() => {
                    write_human(fingerprint, bytes);
                    fingerprint
                }
                _ => ptr::null_mut(),
            }
        }
    })
}

/// The fingerprint of an account's key as twenty bytes; NULL if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_fingerprint_raw(
    us: *mut OtrlUserState,
    hash: *mut c_uchar,
    accountname: *const c_char,
    protocol: *const c_char,
) -> *mut c_uchar {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a user state, two C strings and room for twenty bytes.
        unsafe {
            match fingerprint_of(otrl_privkey_find(us, accountname, protocol)) {
                Some(bytes) if !hash.is_null() => {
                    hash.cast::<FingerprintBytes>().write(bytes);
                    hash
                }
                _ => ptr::null_mut(),
            }
        }
    })
}

/// The key of an account; NULL if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_find(
    us: *mut OtrlUserState,
    accountname: *const c_char,
    protocol: *const c_char,
) -> *mut OtrlPrivKey {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a user state and two C strings.
        unsafe {
            let (Some(account), Some(protocol)) = (text(accountname), text(protocol)) else {
                return ptr::null_mut();
            };
            if us.is_null() {
                return ptr::null_mut();
            }
            let keys = list::entries((*us).privkey_root);
            let found = keys.into_iter().find(|&key| {
                text((*key).accountname) == Some(account) && text((*key).protocol) == Some(protocol)
            });
            found.unwrap_or(ptr::null_mut())
        }
    })
}

/// Forgets one key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_forget(key: *mut OtrlPrivKey) {
    guarded((), || {
        if key.is_null() {
            return;
        }
        // SAFETY: the caller gives up a key of ours, which is always a `Block`.
        unsafe {
            list::remove(key);
            free((*key).accountname);
            free((*key).protocol);
            free((*key).pubkey_data);
            gcrypt::release((*key).privkey);
            drop(Box::from_raw(key.cast::<Block>()));
        }
    });
}

/// Forgets all keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_forget_all(us: *mut OtrlUserState) {
    guarded((), || {
        // SAFETY: the caller gives a user state; the root is read anew after each key.
        unsafe {
            while !us.is_null() && !(*us).privkey_root.is_null() {
                otrl_privkey_forget((*us).privkey_root);
            }
        }
    });
}

/// Forgets which keys are in the making.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_pending_forget_all(us: *mut OtrlUserState) {
    guarded((), || {
        // SAFETY: the caller gives a user state; the root is read anew after each entry.
        unsafe {
            while !us.is_null() && !(*us).pending_root.is_null() {
                forget_pending((*us).pending_root);
            }
        }
    });
}

/// Signs a block with a key: forty bytes from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_sign(
    sigp: *mut *mut c_uchar,
    siglenp: *mut usize,
    key: *mut OtrlPrivKey,
    data: *const c_uchar,
    length: usize,
) -> GcryError {
    guarded(INV_VALUE, || {
        if key.is_null() {
            return INV_VALUE;
        }
        // SAFETY: the caller gives a key of ours, readable bytes and two places for the result.
        unsafe {
            if (*key).pubkey_type != DSA {
                return INV_VALUE;
            }
            let Some(account) = account_of(key, 0) else {
                return UNUSABLE_SECKEY;
            };
            let signature = account.key().sign(block(data, length), &mut rng());
            give(sigp, malloc_bytes(&signature));
            give(siglenp, signature.len());
        }
        NO_ERROR
    })
}

/// Verifies a signature with a public key that libgcrypt holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_privkey_verify(
    signature: *const c_uchar,
    siglen: usize,
    pubkey_type: c_ushort,
    public: GcryptHandle,
    data: *const c_uchar,
    length: usize,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives readable bytes and an S-expression of libgcrypt's.
        unsafe {
            let Ok(signature) = <[u8; 40]>::try_from(block(signature, siglen)) else {
                return INV_VALUE;
            };
            let key = gcrypt::s_expression_text(public).and_then(|text| public_key(&text));
            match key {
                Some(key) if pubkey_type == DSA => match key.verify(block(data, length), &signature) {
                    Ok(()) => NO_ERROR,
                    Err(_) => BAD_SIGNATURE,
                },
                _ => INV_VALUE,
            }
        }
    })
}

/// Adds a key from a file in front of the list.
///
/// # Errors
/// [`UNUSABLE_SECKEY`] for numbers that are no key of the protocol.
///
/// # Safety
/// A live user state.
pub unsafe fn add(us: *mut OtrlUserState, key: AccountKey) -> Result<(), GcryError> {
    let parts = &key.parts;
    let usable = PrivateKey::from_parts(&parts.p, &parts.q, &parts.g, &parts.y, &parts.x);
    if usable.is_err() {
        return Err(UNUSABLE_SECKEY);
    }
    let data = [&parts.p, &parts.q, &parts.g, &parts.y]
        .map(|number| mpi(number))
        .concat();
    let block = Box::into_raw(Box::new(Block {
        public: OtrlPrivKey {
            next: ptr::null_mut(),
            tous: ptr::null_mut(),
            accountname: malloc_text(key.account.name()),
            protocol: malloc_text(key.account.protocol()),
            pubkey_type: DSA,
            privkey: gcrypt::s_expression(&expression(parts)),
            pubkey_data: malloc_bytes(&data),
            pubkey_datalen: data.len(),
        },
        name: key.account,
        parts: key.parts,
        account: None,
    }));
    // SAFETY: the list of a live user state, and an entry that is in none.
    unsafe { list::insert(&raw mut (*us).privkey_root, block.cast::<OtrlPrivKey>()) };
    Ok(())
}

/// Every key with its names, in the order of the list.
///
/// # Safety
/// A live user state.
pub unsafe fn all(us: *mut OtrlUserState) -> Vec<(AccountId, PrivateKeyParts)> {
    // SAFETY: every key is a `Block`; the references end here.
    unsafe {
        let keys = list::entries((*us).privkey_root);
        let copy = |key: *mut OtrlPrivKey| {
            let block = &*key.cast::<Block>();
            (block.name.clone(), block.parts.clone())
        };
        keys.into_iter().map(copy).collect()
    }
}

/// The core's account for a key and an instance tag.
///
/// # Safety
/// A live key of ours.
pub unsafe fn account_of(key: *mut OtrlPrivKey, tag: InsTag) -> Option<Arc<Account>> {
    // SAFETY: every key is a `Block`; the reference ends here.
    let block = unsafe { &mut *key.cast::<Block>() };
    if let Some((cached, account)) = &block.account
        && *cached == tag
    {
        return Some(Arc::clone(account));
    }
    let PrivateKeyParts { p, q, g, y, x } = &block.parts;
    let key = PrivateKey::from_parts(p, q, g, y, x).ok()?;
    let account = Arc::new(Account::new(key, InstanceTag::from_raw(tag), &mut rng()));
    block.account = Some((tag, Arc::clone(&account)));
    Some(account)
}

/// Takes an entry out of the list of keys in the making.
///
/// # Safety
/// A live entry, or NULL.
pub unsafe fn forget_pending(pending: *mut OtrlPendingPrivKey) {
    if pending.is_null() {
        return;
    }
    // SAFETY: the caller gives up an entry of ours; its strings belong to it alone.
    unsafe {
        list::remove(pending);
        free((*pending).accountname);
        free((*pending).protocol);
        drop(Box::from_raw(pending));
    }
}

/// The SHA-1 of what the struct shows as the public key, whoever wrote it.
///
/// # Safety
/// A live key of ours, or NULL.
unsafe fn fingerprint_of(key: *mut OtrlPrivKey) -> Option<FingerprintBytes> {
    // SAFETY: the public key is a readable block of its length.
    let data = unsafe {
        let key = key.as_ref()?;
        block(key.pubkey_data, key.pubkey_datalen)
    };
    Some(otr::crypto::legacy::sha1(&[data]))
}

/// # Safety
/// Room for 45 characters.
unsafe fn write_human(human: *mut c_char, bytes: FingerprintBytes) {
    let shown = otr::Fingerprint::from_bytes(bytes).to_string();
    // SAFETY: 44 characters and a NUL.
    unsafe {
        ptr::copy_nonoverlapping(shown.as_ptr(), human.cast::<u8>(), shown.len());
        human.add(shown.len()).write(0);
    }
}

/// A number with its length, in its shortest form.
fn mpi(number: &[u8]) -> Vec<u8> {
    let length = u32::try_from(number.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], number].concat()
}

/// The S-expression of a private key, as libgcrypt reads it.
fn expression(parts: &PrivateKeyParts) -> zeroize::Zeroizing<Vec<u8>> {
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(4096));
    text.extend_from_slice(b"(private-key (dsa");
    let numbers = [&parts.p, &parts.q, &parts.g, &parts.y, &*parts.x];
    for (name, number) in b"pqgyx".iter().zip(numbers) {
        text.extend_from_slice(&[b' ', b'(', *name, b' ', b'#']);
        if number.first().is_some_and(|first| *first >= 0x80) {
            text.extend_from_slice(b"00");
        }
        for byte in number {
            text.extend([byte >> 4, byte & 15].map(|digit| b"0123456789ABCDEF"[usize::from(digit)]));
        }
        text.extend_from_slice(b"#)");
    }
    text.extend_from_slice(b"))");
    text
}

/// The numbers of a DSA key, public or private, in an S-expression.
fn public_key(text: &[u8]) -> Option<PublicKey> {
    let root = sexp::parse(text).ok()?;
    let [p, q, g, y] = [b"p", b"q", b"g", b"y"].map(|name| number(&root, name));
    PublicKey::from_parts(p?, q?, g?, y?).ok()
}

fn number<'a>(node: &'a sexp::Node, name: &[u8]) -> Option<&'a [u8]> {
    let sexp::Value::List(nodes) = &node.value else {
        return None;
    };
    if let [word, value] = nodes.as_slice()
        && let (sexp::Value::Atom(word), sexp::Value::Atom(value)) = (&word.value, &value.value)
        && word.as_slice() == name
    {
        return Some(value);
    }
    nodes.iter().find_map(|node| number(node, name))
}

/// OTRL_PUBKEY_TYPE_DSA.
const DSA: c_ushort = 0;
