//! How OTR is offered: query messages and white-space tags (version 3, "Requesting an OTR conversation").

use std::borrow::Cow;

use crate::wire::header::{Version, Versions};

/// A query message: the marker, and words for people whose client does not know it.
pub fn query(versions: Versions, words: &[u8]) -> Vec<u8> {
    let mut message = b"?OTR".to_vec();
    if versions.contains(Version::V1) {
        message.push(b'?');
    }
    if versions.contains(Version::V2) || versions.contains(Version::V3) || !versions.contains(Version::V1) {
        message.push(b'v');
        if versions.contains(Version::V2) {
            message.push(b'2');
        }
        if versions.contains(Version::V3) {
            message.push(b'3');
        }
        message.push(b'?');
    }
    if !words.is_empty() {
        message.push(b' ');
        message.extend_from_slice(words);
    }
    message
}

/// Reads what follows `?OTR`: `?`, `v…?` or `?v…?`. `None` if it is none of them, and so no query.
///
/// A version string names each version by one byte; what we do not know is remembered as unknown. It ends
/// at the question mark, and nothing but letters and digits can stand in it.
pub(crate) fn parse_query(after_marker: &[u8]) -> Option<Versions> {
    let (mut versions, rest) = match after_marker {
        [b'?', rest @ ..] => (Versions::NONE.with(Version::V1), rest),
        rest => (Versions::NONE, rest),
    };
    let asked_v1 = versions.contains(Version::V1);
    let [b'v', names @ ..] = rest else {
        return asked_v1.then_some(versions);
    };
    let end = names
        .iter()
        .take(MAX_VERSION_STRING)
        .position(|byte| !byte.is_ascii_alphanumeric());
    let end = end.filter(|end| names.get(*end) == Some(&b'?'));
    let Some(names) = end.and_then(|end| names.get(..end)) else {
        // `?OTR?v…` without an end is a version-1 query followed by words.
        return asked_v1.then_some(versions);
    };
    for name in names {
        versions = match name {
            b'2' => versions.with(Version::V2),
            b'3' => versions.with(Version::V3),
            _ => versions.with_unknown(),
        };
    }
    Some(versions)
}

/// The white-space tag for these versions.
pub fn tag(versions: Versions) -> Vec<u8> {
    let mut tag = TAG_BASE.to_vec();
    for (version, group) in TAG_VERSIONS {
        if versions.contains(version) {
            tag.extend_from_slice(group);
        }
    }
    tag
}

/// Removes every white-space tag from a text. `None` beside the text if there was no tag; a tag may name
/// no version that we know.
pub(crate) fn strip_tags(text: &[u8]) -> (Cow<'_, [u8]>, Option<Versions>) {
    let Some(mut start) = find_base(text) else {
        return (Cow::Borrowed(text), None);
    };
    let mut versions = Versions::NONE;
    let mut stripped = Vec::with_capacity(text.len() - TAG_BASE.len());
    let mut rest = text;
    loop {
        stripped.extend_from_slice(rest.get(..start).unwrap_or_default());
        rest = rest.get(start + TAG_BASE.len()..).unwrap_or_default();
        while let Some((group, behind)) = rest.split_first_chunk::<8>() {
            if !group.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                break;
            }
            match TAG_VERSIONS.iter().find(|(_, known)| *known == group) {
                Some((version, _)) => versions = versions.with(*version),
                None if group == TAG_BASE.first_chunk::<8>().unwrap_or(&[0; 8]) => break,
                None => versions = versions.with_unknown(),
            }
            rest = behind;
        }
        match find_base(rest) {
            Some(next) => start = next,
            None => break,
        }
    }
    stripped.extend_from_slice(rest);
    (Cow::Owned(stripped), Some(versions))
}

fn find_base(text: &[u8]) -> Option<usize> {
    text.windows(TAG_BASE.len()).position(|window| window == TAG_BASE)
}

/// A version string longer than this is no version string.
const MAX_VERSION_STRING: usize = 64;
const TAG_BASE: &[u8; 16] = b" \t  \t\t\t\t \t \t \t  ";
/// In the order in which they are written: version 1 has to come first.
const TAG_VERSIONS: [(Version, &[u8; 8]); 3] = [
    (Version::V1, b" \t \t  \t "),
    (Version::V2, b"  \t\t  \t "),
    (Version::V3, b"  \t\t  \t\t"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u16]) -> Versions {
        let all = [Version::V1, Version::V2, Version::V3];
        all.into_iter()
            .filter(|v| numbers.contains(&v.number()))
            .fold(Versions::NONE, Versions::with)
    }

    #[test]
    fn queries_of_every_set_are_read_back() {
        for numbers in [&[1][..], &[2], &[3], &[1, 2], &[2, 3], &[1, 2, 3], &[]] {
            let message = query(set(numbers), b"words");
            assert_eq!(
                parse_query(&message[4..]),
                Some(set(numbers)),
                "{:?}",
                String::from_utf8(message)
            );
        }
        assert_eq!(query(set(&[1, 2]), b""), b"?OTR?v2?");
    }

    #[test]
    fn tags_of_every_set_are_found_and_removed() {
        for numbers in [&[1][..], &[2], &[3], &[1, 2], &[2, 3], &[1, 2, 3], &[]] {
            let mut message = b"hello".to_vec();
            message.extend(tag(set(numbers)));
            message.extend(b"world");
            let (text, versions) = strip_tags(&message);
            assert_eq!(
                (text.as_ref(), versions),
                (&b"helloworld"[..], Some(set(numbers)))
            );
        }
    }
}
