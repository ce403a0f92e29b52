//! `proto.h`: what kind of message it is, queries and tags, the version of the library.

use core::ffi::{c_char, c_int, c_uint};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use otr::wire::discovery;
use otr::{InstanceTag, Version, Versions};

use crate::b64::{find, otr_decode};
use crate::boundary::{give, guarded, text};
use crate::errors::{INV_VALUE, NO_ERROR};
use crate::gcrypt;
use crate::layout::{GcryError, InsTag, policy};
use crate::mem::malloc_text;

/// The smallest version that any part of the process asked for: `0x00040101` for 4.1.1.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name in the library")]
pub static otrl_api_version: AtomicU32 = AtomicU32::new(0);

/// OtrlMessageType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum MessageType {
    /// Words of a person.
    NotOtr,
    /// Words with a white-space tag.
    TaggedPlaintext,
    /// `?OTR?`, `?OTRv23?` and so on.
    Query,
    /// D-H Commit.
    DhCommit,
    /// D-H Key.
    DhKey,
    /// Reveal Signature.
    RevealSig,
    /// Signature.
    Signature,
    /// Version 1's Key Exchange.
    V1KeyExchange,
    /// A data message.
    Data,
    /// An error.
    Error,
    /// `?OTR` and something else.
    Unknown,
}

/// Prepares the library. As in Debian, every version is welcome; the smallest one is remembered.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_init(major: c_uint, minor: c_uint, sub: c_uint) -> GcryError {
    guarded(INV_VALUE, || {
        gcrypt::initialise();
        let asked = (major << 16) | (minor << 8) | sub;
        let smaller = |known: u32| (known == 0 || asked < known).then_some(asked);
        let _ = otrl_api_version.fetch_update(Ordering::Relaxed, Ordering::Relaxed, smaller);
        NO_ERROR
    })
}

/// The version of the interface that this library offers.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_version() -> *const c_char {
    c"4.1.1".as_ptr()
}

/// The query for a policy, with words for people whose program does not understand it; from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_default_query_msg(ourname: *const c_char, policy: c_uint) -> *mut c_char {
    guarded(ptr::null_mut(), || {
        // SAFETY: the caller gives a C string or NULL.
        malloc_text(&default_query(
            unsafe { text(ourname) }.unwrap_or_default(),
            policy,
        ))
    })
}

/// The best version that a query and a policy have in common; 0 for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_query_bestversion(query: *const c_char, policy: c_uint) -> c_uint {
    guarded(0, || {
        // SAFETY: the caller gives a C string or NULL.
        number(query_version(unsafe { text(query) }.unwrap_or_default(), policy))
    })
}

/// Where the first white-space tag of a text begins and ends, and the best version that it and a policy have in
/// common; 0 for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_whitespace_bestversion(
    message: *const c_char,
    starttagp: *mut *const c_char,
    endtagp: *mut *const c_char,
    policy: c_uint,
) -> c_uint {
    guarded(0, || {
        // SAFETY: the caller gives a C string or NULL, and places for the results, which point into it.
        unsafe {
            give(starttagp, ptr::null());
            give(endtagp, ptr::null());
            let Some(tag) = text(message).and_then(first_tag) else {
                return 0;
            };
            give(starttagp, message.add(tag.start));
            give(endtagp, message.add(tag.end));
            number(tag.versions.intersect(versions_of(policy)).best())
        }
    })
}

/// OtrlMessageType of a message, judged by its beginning alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_message_type(message: *const c_char) -> c_int {
    guarded(MessageType::NotOtr as c_int, || {
        // SAFETY: the caller gives a C string or NULL.
        message_type(unsafe { text(message) }.unwrap_or_default()) as c_int
    })
}

/// The protocol version of an encoded message; 0 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_message_version(message: *const c_char) -> c_int {
    guarded(0, || {
        // SAFETY: the caller gives a C string or NULL.
        let version = message_version(unsafe { text(message) }.unwrap_or_default());
        version.map_or(0, |version| c_int::from(version.number()))
    })
}

/// The instance tags of a version-3 message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_proto_instance(
    message: *const c_char,
    instance_from: *mut c_uint,
    instance_to: *mut c_uint,
) -> GcryError {
    guarded(INV_VALUE, || {
        // SAFETY: the caller gives a C string or NULL, and places for the results.
        unsafe {
            let Some((from, to)) = text(message).and_then(instance_tags) else {
                return INV_VALUE;
            };
            give(instance_from, from);
            give(instance_to, to);
        }
        NO_ERROR
    })
}

/// The kind of a message, judged by its beginning alone. The first `?OTR` counts, wherever it stands.
pub fn message_type(message: &[u8]) -> MessageType {
    let Some(start) = otr_start(message) else {
        return match find(message, &TAG_BASE) {
            Some(_) => MessageType::TaggedPlaintext,
            None => MessageType::NotOtr,
        };
    };
    let rest = start.get(4..).unwrap_or_default();
    match rest {
        [b':', b'A', b'A', b'M' | b'I', kind, ..] => match kind {
            b'C' => MessageType::DhCommit,
            b'K' => MessageType::DhKey,
            b'R' => MessageType::RevealSig,
            b'S' => MessageType::Signature,
            b'D' => MessageType::Data,
            _ => MessageType::Unknown,
        },
        [b':', b'A', b'A', b'E', b'K', ..] => MessageType::V1KeyExchange,
        [b':', b'A', b'A', b'E', b'D', ..] => MessageType::Data,
        [b'?' | b'v', ..] => MessageType::Query,
        _ if rest.starts_with(b" Error:") => MessageType::Error,
        _ => MessageType::Unknown,
    }
}

/// The protocol version of an encoded message.
pub fn message_version(message: &[u8]) -> Option<Version> {
    let rest = otr_start(message)?.get(4..)?;
    match rest {
        [b':', b'A', b'A', b'M', ..] => Some(Version::V3),
        [b':', b'A', b'A', b'I', ..] => Some(Version::V2),
        [b':', b'A', b'A', b'E', ..] => Some(Version::V1),
        _ => None,
    }
}

/// Sender and receiver of a version-3 message or of a piece of one.
pub fn instance_tags(message: &[u8]) -> Option<(InsTag, InsTag)> {
    let start = otr_start(message)?;
    if let Some(rest) = start.strip_prefix(b"?OTR|") {
        let mut fields = rest.split(|&byte| byte == b'|' || byte == b',');
        let from = hexadecimal(fields.next()?)?;
        return Some((from, hexadecimal(fields.next()?)?));
    }
    // Version, kind and tags are eleven bytes: sixteen characters hold them.
    let head = start.get(..5 + 16)?;
    let bytes = otr_decode(&[head, b"."].concat())?;
    let (Some([0, 3, _]), Some(tags)) = (bytes.first_chunk::<3>(), bytes.get(3..11)) else {
        return None;
    };
    let (from, to) = tags.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*from), u32::from_be_bytes(to.try_into().ok()?)))
}

/// The query for a policy, with words and a name.
pub fn default_query(name: &[u8], policy: c_uint) -> Vec<u8> {
    let mut query = discovery::query(versions_of(policy), b"");
    query.extend_from_slice(b"\n<b>");
    for &byte in name {
        match byte {
            b'<' => query.extend_from_slice(b"&lt;"),
            b'>' => query.extend_from_slice(b"&gt;"),
            b'&' => query.extend_from_slice(b"&amp;"),
            byte => query.push(byte),
        }
    }
    query.extend_from_slice(QUERY_WORDS.as_bytes());
    query
}

/// The best version that a query and a policy have in common.
pub fn query_version(message: &[u8], policy: c_uint) -> Option<Version> {
    let rest = otr_start(message)?.get(4..)?;
    let (first, rest) = match rest.strip_prefix(b"?") {
        Some(rest) => (Versions::V1, rest),
        None => (Versions::NONE, rest),
    };
    // The list counts without its final question mark too, as in libotr.
    let list = rest.strip_prefix(b"v").unwrap_or_default();
    let list = list.split(|&byte| byte == b'?').next().unwrap_or_default();
    let known = Version::ALL.into_iter().filter(|version| *version != Version::V1);
    let named = known.filter(|version| list.contains(&(b'0' + (version.number() & 0xf) as u8)));
    let offered = named.fold(first, Versions::with);
    offered.intersect(versions_of(policy)).best()
}

/// A white-space tag in a text.
pub struct Tag {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it offers.
    pub versions: Versions,
}

/// The first white-space tag of a text.
pub fn first_tag(message: &[u8]) -> Option<Tag> {
    let start = find(message, &TAG_BASE)?;
    let mut end = start + TAG_BASE.len();
    while let Some(group) = message.get(end..end + 8)
        && group.iter().all(|byte| matches!(byte, b' ' | b'\t'))
    {
        end += 8;
    }
    let (_, versions) = discovery::strip_tags(&message[start..end]);
    Some(Tag {
        start,
        end,
        versions: versions.unwrap_or(Versions::NONE),
    })
}

/// The message from its first `?OTR` on.
pub fn otr_start(message: &[u8]) -> Option<&[u8]> {
    message.get(find(message, b"?OTR")?..)
}

/// The versions a policy allows.
pub fn versions_of(policy: c_uint) -> Versions {
    let bits = [
        (policy::ALLOW_V1, Version::V1),
        (policy::ALLOW_V2, Version::V2),
        (policy::ALLOW_V3, Version::V3),
    ];
    let allowed = bits.into_iter().filter(|(bit, _)| policy & bit != 0);
    allowed.fold(Versions::NONE, |versions, (_, version)| versions.with(version))
}

/// Eight hexadecimal digits at most.
fn hexadecimal(digits: &[u8]) -> Option<InsTag> {
    let digits = core::str::from_utf8(digits).ok()?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_digits
        .then(|| InsTag::from_str_radix(digits, 16).ok())
        .flatten()
}

fn number(version: Option<Version>) -> c_uint {
    version.map_or(0, |version| c_uint::from(version.number()))
}

/// Whether a tag is one that a device can have.
pub fn is_device(tag: InsTag) -> bool {
    tag >= InstanceTag::MIN
}

/// The sixteen blanks that every tag begins with.
pub const TAG_BASE: [u8; 16] = *b" \t  \t\t\t\t \t \t \t  ";

const QUERY_WORDS: &str = "</b> would like an <a href=\"https://otr.cypherpunks.ca/\">Off-the-Record private \
    conversation</a>, for which your program seems to lack the support. See \
    https://otr.cypherpunks.ca/ for programs that have it; on Debian, Pidgin finds it in the package pidgin-otr.";
