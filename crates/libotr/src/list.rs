//! libotr's lists: each entry knows the next one, and the place that points at it (`tous`, "to us").

use core::ptr;

use crate::layout::{ConnContext, Fingerprint, OtrlInsTag, OtrlPendingPrivKey, OtrlPrivKey};

/// An entry of one of libotr's lists.
pub trait Entry: Sized {
    /// Where the pointer to the next entry is kept.
    ///
    /// # Safety
    /// A live entry.
    unsafe fn next(this: *mut Self) -> *mut *mut Self;
    /// Where the address of the pointer to this entry is kept.
    ///
    /// # Safety
    /// A live entry.
    unsafe fn tous(this: *mut Self) -> *mut *mut *mut Self;
}

macro_rules! entries {
    ($($entry:ty),*) => {$(
        impl Entry for $entry {
            unsafe fn next(this: *mut Self) -> *mut *mut Self {
                // SAFETY: only the address of a field of a live entry.
                unsafe { &raw mut (*this).next }
            }
            unsafe fn tous(this: *mut Self) -> *mut *mut *mut Self {
                // SAFETY: only the address of a field of a live entry.
                unsafe { &raw mut (*this).tous }
            }
        }
    )*};
}

entries!(
    ConnContext,
    Fingerprint,
    OtrlInsTag,
    OtrlPendingPrivKey,
    OtrlPrivKey
);

/// Puts an entry at a place: in front of whatever that place points at.
///
/// # Safety
/// The root or `next` of a live list, and an entry that is in none.
pub unsafe fn insert<T: Entry>(place: *mut *mut T, entry: *mut T) {
    // SAFETY: both are live, and so is what the place points at, if anything.
    unsafe {
        let after = *place;
        T::next(entry).write(after);
        T::tous(entry).write(place);
        place.write(entry);
        if !after.is_null() {
            T::tous(after).write(T::next(entry));
        }
    }
}

/// Takes an entry out of its list.
///
/// # Safety
/// An entry of a live list; one that is in none is left alone.
pub unsafe fn remove<T: Entry>(entry: *mut T) {
    // SAFETY: the entry is live, and so are its neighbours.
    unsafe {
        let place = *T::tous(entry);
        let after = *T::next(entry);
        if !place.is_null() {
            place.write(after);
        }
        if !after.is_null() {
            T::tous(after).write(place);
        }
        T::tous(entry).write(ptr::null_mut());
        T::next(entry).write(ptr::null_mut());
    }
}

/// The entries of a list, as they are now.
///
/// # Safety
/// The first entry of a live list, or NULL.
pub unsafe fn entries<T: Entry>(first: *mut T) -> Vec<*mut T> {
    let mut found = Vec::new();
    let mut entry = first;
    while !entry.is_null() {
        found.push(entry);
        // SAFETY: an entry of the caller's list.
        entry = unsafe { *T::next(entry) };
    }
    found
}
